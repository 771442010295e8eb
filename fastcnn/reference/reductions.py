"""Sums, means, extremes and norms over axes, in NumPy and float64."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .arguments import f64

__all__ = [
    "all_finite",
    "argmax",
    "argmin",
    "count_nonzero",
    "max",
    "mean",
    "min",
    "norm",
    "prod",
    "std",
    "sum",
    "sum_squares",
    "unbroadcast",
    "var",
]

Array = np.ndarray[Any, Any]
Axis = int | Sequence[int] | None


def _axes(axis: Axis) -> int | tuple[int, ...] | None:
    return axis if axis is None or isinstance(axis, int) else tuple(axis)


def unbroadcast(dy: ArrayLike, shape: Sequence[int]) -> Array:
    """Dy summed over the axes along which shape was repeated."""
    g = f64(dy)
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    repeated = tuple(i for i, n in enumerate(shape) if n == 1)
    return np.asarray(g.sum(axis=repeated, keepdims=True))


def sum(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The sum over some axes."""
    return np.asarray(f64(x).sum(axis=_axes(axis), keepdims=keepdims))


def mean(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The mean over some axes."""
    return np.asarray(f64(x).mean(axis=_axes(axis), keepdims=keepdims))


def max(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The largest element."""
    return np.asarray(f64(x).max(axis=_axes(axis), keepdims=keepdims))


def min(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The smallest element."""
    return np.asarray(f64(x).min(axis=_axes(axis), keepdims=keepdims))


def prod(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The product."""
    return np.asarray(f64(x).prod(axis=_axes(axis), keepdims=keepdims))


def sum_squares(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The sum of the squares."""
    return np.asarray(np.square(f64(x)).sum(axis=_axes(axis), keepdims=keepdims))


def norm(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The root of the sum of the squares."""
    return np.sqrt(sum_squares(x, axis, keepdims))


def var(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The variance of the population."""
    return np.asarray(f64(x).var(axis=_axes(axis), keepdims=keepdims))


def std(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The standard deviation of the population."""
    return np.asarray(f64(x).std(axis=_axes(axis), keepdims=keepdims))


def argmax(x: ArrayLike, axis: int | None = None, keepdims: bool = False) -> Array:
    """The index of the first largest element."""
    return np.asarray(np.argmax(f64(x), axis=axis, keepdims=keepdims))


def argmin(x: ArrayLike, axis: int | None = None, keepdims: bool = False) -> Array:
    """The index of the first smallest element."""
    return np.asarray(np.argmin(f64(x), axis=axis, keepdims=keepdims))


def count_nonzero(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """How many elements are not 0."""
    return np.asarray(np.count_nonzero(f64(x), axis=_axes(axis), keepdims=keepdims))


def all_finite(x: ArrayLike) -> bool:
    """Whether no element is infinite or NaN."""
    return bool(np.isfinite(f64(x)).all())
