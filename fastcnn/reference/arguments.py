"""How arguments are read: numbers as float64, one size or a size for each of two axes."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["f64", "pair"]


def f64(x: ArrayLike) -> np.ndarray[Any, Any]:
    """The numbers in float64."""
    return np.asarray(x, dtype=np.float64)


def pair(value: Any) -> tuple[int, int]:
    """(h, w) from one number for both or from two."""
    return (value[0], value[1]) if isinstance(value, tuple | list) else (value, value)
