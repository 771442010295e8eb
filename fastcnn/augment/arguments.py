"""What arguments of transforms may be: limits, probabilities, OpenCV's constants and their names."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn.registry import suggestion

__all__ = [
    "BORDER_CONSTANT",
    "BORDER_REFLECT",
    "BORDER_REFLECT_101",
    "BORDER_REPLICATE",
    "BORDER_WRAP",
    "INTER_AREA",
    "INTER_CUBIC",
    "INTER_LINEAR",
    "INTER_NEAREST",
]

INTER_NEAREST, INTER_LINEAR, INTER_CUBIC, INTER_AREA = 0, 1, 2, 3
BORDER_CONSTANT, BORDER_REPLICATE, BORDER_REFLECT, BORDER_WRAP, BORDER_REFLECT_101 = 0, 1, 2, 3, 4

_INTERPOLATIONS = {0: "nearest", 1: "linear", 2: "cubic", 3: "area", 5: "linear_exact", 6: "nearest_exact"}
_BORDERS = {0: "constant", 1: "replicate", 2: "reflect", 3: "wrap", 4: "reflect_101"}
_LANCZOS = 4
_RANGE = "a number or a pair (low, high)"

Range = tuple[float, float]


def is_number(value: Any) -> bool:
    """Whether it is a real number; truth values are none."""
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def is_integer(value: Any) -> bool:
    """Whether it is a whole number, by type."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def number(name: str, value: Any, low: float = -np.inf, high: float = np.inf) -> float:
    """A number from ``low`` to ``high``."""
    if not is_number(value) or not low <= value <= high:
        raise ValueError(f"{name} must be a number{_within(low, high)}, got {value!r}")
    return _plain(value)


def integer(name: str, value: Any, low: int = 1) -> int:
    """A whole number, at least ``low``."""
    if not is_integer(value) or value < low:
        raise ValueError(f"{name} must be an integer of at least {low}, got {value!r}")
    return int(value)


def probability(value: Any, name: str = "p") -> float:
    """A number from 0 to 1."""
    return number(name, value, 0, 1)


def flag(name: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def _plain(value: Any) -> Any:
    """Python's number of NumPy's: configs become JSON."""
    return value.item() if isinstance(value, np.generic) else value


def _pair(name: str, value: Any, low: float, high: float, what: str = _RANGE) -> Range:
    if not isinstance(value, (Sequence, np.ndarray)) or isinstance(value, str) or len(value) != 2:
        raise ValueError(f"{name} must be {what}, got {value!r}")
    if not all(is_number(v) and low <= v <= high for v in value):
        raise ValueError(f"{name} must have limits{_within(low, high)}, got {value!r}")
    first, last = sorted(_plain(v) for v in value)
    return first, last


def _within(low: float, high: float) -> str:
    if low == -np.inf:
        return ""
    return f" from {low} to {high}" if high < np.inf else f" from {low} on"


def symmetric(name: str, value: Any, low: float = -np.inf, high: float = np.inf) -> Range:
    """A pair; a number ``a`` means (-a, a)."""
    return _pair(name, (0 - value, value) if is_number(value) else value, low, high)


def around_one(name: str, value: Any, low: float = 0, high: float = np.inf) -> Range:
    """A pair of factors; a number ``a`` means (1 - a, 1 + a), none below 0."""
    if is_number(value):
        value = (max(0, 1 - number(name, value, 0)), 1 + value)
    return _pair(name, value, low, high)


def upward(name: str, value: Any, low: float) -> Range:
    """A pair; a number ``a`` means (low, a)."""
    return _pair(name, (low, value) if is_number(value) else value, low, np.inf)


def exactly(name: str, value: Any, low: float = -np.inf, high: float = np.inf) -> Range:
    """A pair; a number ``a`` means (a, a)."""
    return _pair(name, (value, value) if is_number(value) else value, low, high)


def interval(name: str, value: Any, low: float = -np.inf, high: float = np.inf) -> Range:
    """A pair, nothing else."""
    return _pair(name, value, low, high, "a pair (low, high)")


def integers(name: str, value: Any, low: int = 1) -> tuple[int, int]:
    """A pair of whole numbers."""
    first, last = _pair(name, value, low, np.inf, "a pair of integers")
    if not (is_integer(first) and is_integer(last)):
        raise ValueError(f"{name} must be a pair of integers, got {value!r}")
    return int(first), int(last)


def size(name: str, value: Any) -> tuple[int, int]:
    """(height, width)."""
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
        raise ValueError(f"{name} must be a pair (height, width), got {value!r}")
    return integer(f"{name}[0]", value[0]), integer(f"{name}[1]", value[1])


def choice(name: str, value: Any, known: Sequence[Any]) -> Any:
    """One of the values known."""
    if value not in known:
        hint = suggestion(value, known) if isinstance(value, str) else ""
        raise ValueError(f"{name} must be one of {', '.join(map(repr, known))}, got {value!r}.{hint}".removesuffix("."))
    return value


def interpolation(value: Any, name: str = "interpolation") -> str:
    """The name of a way to read between pixels, of OpenCV's number or name."""
    if (is_integer(value) and value == _LANCZOS) or value == "lanczos4":
        raise NotImplementedError(f"{name}: Lanczos is not available; the nearest to it is 'cubic'")
    return _named(name, value, _INTERPOLATIONS)


def border(value: Any, name: str = "border_mode") -> str:
    """The name of what lies outside an image, of OpenCV's number or name."""
    return _named(name, value, _BORDERS)


def _named(name: str, value: Any, known: dict[int, str]) -> str:
    if is_integer(value) and int(value) in known:
        return known[int(value)]
    if isinstance(value, str):
        word = value.lower().removeprefix("inter_").removeprefix("border_").replace("reflect101", "reflect_101")
        if word in known.values():
            return word
        hint = suggestion(word, known.values())
    else:
        hint = ""
    listed = ", ".join(f"{word!r} ({code})" for code, word in known.items())
    raise ValueError(f"{name} must be one of {listed}, got {value!r}.{hint}".removesuffix("."))


def fill(value: Any, name: str = "fill") -> Any:
    """A number, or a number per channel."""
    if is_number(value):
        return _plain(value)
    if isinstance(value, (Sequence, np.ndarray)) and len(value) and all(is_number(v) for v in value):
        return tuple(_plain(v) for v in value)
    raise ValueError(f"{name} must be a number or a tuple with a number per channel, got {value!r}")


def fill_for(value: Any, image: Any, name: str = "fill") -> Any:
    """The fill, with as many numbers as the image has channels, or one."""
    if isinstance(value, tuple):
        if len(value) == 1:
            return value[0]
        if len(value) != image.shape[2]:
            raise ValueError(f"{name} has {len(value)} numbers, the image has {image.shape[2]} channels")
    return value
