"""Functions of one number in NumPy and float64."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .arguments import f64

__all__ = [
    "abs",
    "ceil",
    "exp",
    "expm1",
    "floor",
    "log",
    "log1p",
    "negative",
    "reciprocal",
    "round",
    "rsqrt",
    "sign",
    "sqrt",
    "square",
]

Array = np.ndarray[Any, Any]


def negative(x: ArrayLike) -> Array:
    """-x."""
    return np.negative(f64(x))


def abs(x: ArrayLike) -> Array:
    """|x|."""
    return np.abs(f64(x))


def square(x: ArrayLike) -> Array:
    """x * x."""
    return np.square(f64(x))


def sqrt(x: ArrayLike) -> Array:
    """The root of x."""
    return np.sqrt(f64(x))


def rsqrt(x: ArrayLike) -> Array:
    """1 / sqrt(x)."""
    return 1 / np.sqrt(f64(x))


def reciprocal(x: ArrayLike) -> Array:
    """1 / x."""
    return 1 / f64(x)


def sign(x: ArrayLike) -> Array:
    """-1, 0 or 1."""
    return np.sign(f64(x))


def floor(x: ArrayLike) -> Array:
    """Rounded down."""
    return np.floor(f64(x))


def ceil(x: ArrayLike) -> Array:
    """Rounded up."""
    return np.ceil(f64(x))


def round(x: ArrayLike) -> Array:
    """The nearest integer, halves to the even one."""
    return np.rint(f64(x))


def exp(x: ArrayLike) -> Array:
    """e ** x."""
    with np.errstate(over="ignore"):
        return np.exp(f64(x))


def expm1(x: ArrayLike) -> Array:
    """e ** x - 1."""
    with np.errstate(over="ignore"):
        return np.expm1(f64(x))


def log(x: ArrayLike) -> Array:
    """The natural logarithm: -infinity of 0, NaN below."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(f64(x))


def log1p(x: ArrayLike) -> Array:
    """log(1 + x)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log1p(f64(x))
