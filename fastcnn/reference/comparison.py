"""Comparisons in NumPy and float64, and the choice between two arrays."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .arguments import f64

__all__ = [
    "equal",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "not_equal",
    "where",
]

Array = np.ndarray[Any, Any]


def equal(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 == x2."""
    return np.equal(f64(x1), f64(x2))


def not_equal(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 != x2."""
    return np.not_equal(f64(x1), f64(x2))


def less(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 < x2."""
    return np.less(f64(x1), f64(x2))


def less_equal(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 <= x2."""
    return np.less_equal(f64(x1), f64(x2))


def greater(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 > x2."""
    return np.greater(f64(x1), f64(x2))


def greater_equal(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 >= x2."""
    return np.greater_equal(f64(x1), f64(x2))


def where(condition: ArrayLike, x1: ArrayLike, x2: ArrayLike) -> Array:
    """Condition ? x1 : x2."""
    return np.where(np.asarray(condition, dtype=bool), f64(x1), f64(x2))
