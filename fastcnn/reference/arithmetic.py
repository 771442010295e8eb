"""Arithmetic of two arrays in NumPy and float64."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .arguments import f64

__all__ = [
    "add",
    "add_scaled",
    "clip",
    "divide",
    "maximum",
    "minimum",
    "multiply",
    "power",
    "squared_difference",
    "subtract",
]

Array = np.ndarray[Any, Any]


def add(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 + x2."""
    return np.add(f64(x1), f64(x2))


def subtract(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 - x2."""
    return np.subtract(f64(x1), f64(x2))


def multiply(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 * x2."""
    return np.multiply(f64(x1), f64(x2))


def divide(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 / x2."""
    return np.divide(f64(x1), f64(x2))


def maximum(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The larger one."""
    return np.maximum(f64(x1), f64(x2))


def minimum(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The smaller one."""
    return np.minimum(f64(x1), f64(x2))


def squared_difference(x1: ArrayLike, x2: ArrayLike) -> Array:
    """(x1 - x2) ** 2."""
    return np.square(subtract(x1, x2))


def power(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 ** x2."""
    return np.power(f64(x1), f64(x2))


def add_scaled(x1: ArrayLike, x2: ArrayLike, scale: float) -> Array:
    """x1 + scale * x2."""
    return f64(x1) + scale * f64(x2)


def clip(x: ArrayLike, x_min: float | None, x_max: float | None) -> Array:
    """Limited to [x_min, x_max]."""
    return np.minimum(np.maximum(f64(x), -np.inf if x_min is None else x_min), np.inf if x_max is None else x_max)
