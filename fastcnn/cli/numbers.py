"""Numbers on the command line; what is none of the kind is a wrong option."""

from argparse import ArgumentTypeError

__all__ = ["count", "fraction", "positive", "size"]


def count(text: str) -> int:
    """A whole number from 1.

    Example:
        >>> count("10")
        10
    """
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise ArgumentTypeError(f"must be a whole number from 1, got {text!r}")
    return number


def positive(text: str) -> float:
    """A number above 0.

    Example:
        >>> positive("1e-3")
        0.001
    """
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise ArgumentTypeError(f"must be a number above 0, got {text!r}")
    return number


def fraction(text: str) -> float:
    """A number from 0, below 1.

    Example:
        >>> fraction("0.2")
        0.2
    """
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1:
        raise ArgumentTypeError(f"must be a number from 0, below 1, got {text!r}")
    return number


def size(text: str) -> tuple[int, int]:
    """Height and width: ``224``, or ``200x300``.

    Example:
        >>> size("224"), size("200x300")
        ((224, 224), (200, 300))
    """
    parts = text.lower().split("x")
    if len(parts) > 2 or not all(part.isdecimal() and int(part) for part in parts):
        raise ArgumentTypeError(
            f"must be a number of pixels such as 224, or height x width such as 200x300, got {text!r}"
        )
    return int(parts[0]), int(parts[-1])
