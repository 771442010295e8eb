"""What layers' arguments mean: sizes, paddings, layouts."""

import operator
from typing import Any

from fastcnn.registry import suggestion

__all__ = ["choice", "data_layout", "integers", "sides", "window_padding"]


def integers(value: Any, count: int, name: str, least: int = 1) -> tuple[int, ...]:
    """``count`` integers, from one or from a sequence.

    Args:
        value: an integer, or ``count`` of them.
        count: how many.
        name: of the argument, for messages.
        least: the smallest that is allowed.

    Example:
        >>> integers(3, 2, "kernel_size"), integers([3, 5], 2, "kernel_size")
        ((3, 3), (3, 5))
    """
    given = tuple(value) if isinstance(value, (tuple, list)) else (value,) * count
    try:
        found = tuple(operator.index(v) for v in given if not isinstance(v, bool))
    except TypeError:
        found = ()
    if len(given) != count or len(found) != count or min(found) < least:
        tuples = f" or a tuple of {count} of them" if count > 1 else ""
        raise ValueError(f"{name} must be an integer of at least {least}{tuples}, got {value!r}")
    return found


def choice(value: Any, allowed: tuple[str, ...], name: str) -> str:
    """One of a few words, in any case.

    Example:
        >>> choice("Same", ("valid", "same"), "padding")
        'same'
    """
    word = value.lower() if isinstance(value, str) else value
    if word not in allowed:
        words = " or ".join(filter(None, [", ".join(map(repr, allowed[:-1])), repr(allowed[-1])]))
        hint = suggestion(word, allowed) if isinstance(word, str) else ""
        raise ValueError(
            f"{name} must be {words}, got {value!r}.{hint}" if hint else f"{name} must be {words}, got {value!r}"
        )
    return str(word)


def data_layout(value: str | None) -> str:
    """Where the channels are: ``"channels_last"`` unless given.

    Example:
        >>> data_layout(None)
        'channels_last'
    """
    if value is None:
        return "channels_last"
    return choice(value, ("channels_last", "channels_first"), "data_format")


def sides(value: Any, name: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """How much at the top, bottom, left and right.

    Args:
        value: an int for all four, (height, width), or ((top, bottom), (left, right)).
        name: of the argument, for messages.

    Example:
        >>> sides(1, "padding"), sides((1, (0, 2)), "padding")
        (((1, 1), (1, 1)), ((1, 1), (0, 2)))
    """
    rows, columns = value if isinstance(value, (tuple, list)) and len(value) == 2 else (value, value)
    try:
        top, bottom = integers(rows, 2, name, 0)
        left, right = integers(columns, 2, name, 0)
    except ValueError:
        wanted = "an int, (height, width) or ((top, bottom), (left, right)), none negative"
        raise ValueError(f"{name} must be {wanted}, got {value!r}") from None
    return (top, bottom), (left, right)


def window_padding(value: Any, rank: int, causal: bool = False) -> Any:
    """The padding of a convolution: a word, or cells before and after for each axis.

    Args:
        value: "valid", "same" (and "causal" where allowed), or numbers.
        rank: 1: an int or (before, after); 2: an int, (height, width) or ((top, bottom), (left, right)).
        causal: whether "causal" is a word here.

    Example:
        >>> window_padding("SAME", 2), window_padding(2, 2), window_padding((1, 0), 1)
        ('same', ((2, 2), (2, 2)), (1, 0))
    """
    if isinstance(value, str):
        return choice(value, ("valid", "same", "causal") if causal else ("valid", "same"), "padding")
    if rank == 2:
        return sides(value, "padding")
    return integers(value, 2, "padding", 0)
