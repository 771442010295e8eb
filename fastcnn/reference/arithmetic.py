"""Elementwise arithmetic, comparisons and reductions in float64."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "abs",
    "add",
    "add_scaled",
    "all_finite",
    "argmax",
    "argmin",
    "ceil",
    "clip",
    "count_nonzero",
    "divide",
    "equal",
    "floor",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "multiply",
    "negative",
    "norm",
    "not_equal",
    "power",
    "prod",
    "reciprocal",
    "round",
    "rsqrt",
    "sign",
    "sqrt",
    "square",
    "squared_difference",
    "std",
    "subtract",
    "sum",
    "sum_squares",
    "unbroadcast",
    "var",
    "where",
]

Array = np.ndarray[Any, Any]
Axis = int | Sequence[int] | None


def _f64(x: ArrayLike) -> Array:
    return np.asarray(x, dtype=np.float64)


def _axes(axis: Axis) -> int | tuple[int, ...] | None:
    return axis if axis is None or isinstance(axis, int) else tuple(axis)


def add(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 + x2."""
    return np.add(_f64(x1), _f64(x2))


def subtract(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 - x2."""
    return np.subtract(_f64(x1), _f64(x2))


def multiply(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 * x2."""
    return np.multiply(_f64(x1), _f64(x2))


def divide(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 / x2."""
    return np.divide(_f64(x1), _f64(x2))


def maximum(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The larger one."""
    return np.maximum(_f64(x1), _f64(x2))


def minimum(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The smaller one."""
    return np.minimum(_f64(x1), _f64(x2))


def squared_difference(x1: ArrayLike, x2: ArrayLike) -> Array:
    """(x1 - x2) ** 2."""
    return np.square(subtract(x1, x2))


def power(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 ** x2."""
    return np.power(_f64(x1), _f64(x2))


def add_scaled(x1: ArrayLike, x2: ArrayLike, scale: float) -> Array:
    """x1 + scale * x2."""
    return _f64(x1) + scale * _f64(x2)


def equal(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 == x2."""
    return np.equal(_f64(x1), _f64(x2))


def not_equal(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 != x2."""
    return np.not_equal(_f64(x1), _f64(x2))


def less(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 < x2."""
    return np.less(_f64(x1), _f64(x2))


def less_equal(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 <= x2."""
    return np.less_equal(_f64(x1), _f64(x2))


def greater(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 > x2."""
    return np.greater(_f64(x1), _f64(x2))


def greater_equal(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 >= x2."""
    return np.greater_equal(_f64(x1), _f64(x2))


def where(condition: ArrayLike, x1: ArrayLike, x2: ArrayLike) -> Array:
    """Condition ? x1 : x2."""
    return np.where(np.asarray(condition, dtype=bool), _f64(x1), _f64(x2))


def negative(x: ArrayLike) -> Array:
    """-x."""
    return np.negative(_f64(x))


def abs(x: ArrayLike) -> Array:
    """|x|."""
    return np.abs(_f64(x))


def square(x: ArrayLike) -> Array:
    """x * x."""
    return np.square(_f64(x))


def sqrt(x: ArrayLike) -> Array:
    """The root of x."""
    return np.sqrt(_f64(x))


def rsqrt(x: ArrayLike) -> Array:
    """1 / sqrt(x)."""
    return 1 / np.sqrt(_f64(x))


def reciprocal(x: ArrayLike) -> Array:
    """1 / x."""
    return 1 / _f64(x)


def sign(x: ArrayLike) -> Array:
    """-1, 0 or 1."""
    return np.sign(_f64(x))


def floor(x: ArrayLike) -> Array:
    """Rounded down."""
    return np.floor(_f64(x))


def ceil(x: ArrayLike) -> Array:
    """Rounded up."""
    return np.ceil(_f64(x))


def round(x: ArrayLike) -> Array:
    """The nearest integer, halves to the even one."""
    return np.rint(_f64(x))


def clip(x: ArrayLike, x_min: float | None, x_max: float | None) -> Array:
    """Limited to [x_min, x_max]."""
    return np.minimum(np.maximum(_f64(x), -np.inf if x_min is None else x_min), np.inf if x_max is None else x_max)


def unbroadcast(dy: ArrayLike, shape: Sequence[int]) -> Array:
    """Dy summed over the axes along which shape was repeated."""
    g = _f64(dy)
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    repeated = tuple(i for i, n in enumerate(shape) if n == 1)
    return np.asarray(g.sum(axis=repeated, keepdims=True))


def sum(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The sum over some axes."""
    return np.asarray(_f64(x).sum(axis=_axes(axis), keepdims=keepdims))


def mean(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The mean over some axes."""
    return np.asarray(_f64(x).mean(axis=_axes(axis), keepdims=keepdims))


def max(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The largest element."""
    return np.asarray(_f64(x).max(axis=_axes(axis), keepdims=keepdims))


def min(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The smallest element."""
    return np.asarray(_f64(x).min(axis=_axes(axis), keepdims=keepdims))


def prod(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The product."""
    return np.asarray(_f64(x).prod(axis=_axes(axis), keepdims=keepdims))


def sum_squares(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The sum of the squares."""
    return np.asarray(np.square(_f64(x)).sum(axis=_axes(axis), keepdims=keepdims))


def norm(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The root of the sum of the squares."""
    return np.sqrt(sum_squares(x, axis, keepdims))


def var(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The variance of the population."""
    return np.asarray(_f64(x).var(axis=_axes(axis), keepdims=keepdims))


def std(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The standard deviation of the population."""
    return np.asarray(_f64(x).std(axis=_axes(axis), keepdims=keepdims))


def argmax(x: ArrayLike, axis: int | None = None, keepdims: bool = False) -> Array:
    """The index of the first largest element."""
    return np.asarray(np.argmax(_f64(x), axis=axis, keepdims=keepdims))


def argmin(x: ArrayLike, axis: int | None = None, keepdims: bool = False) -> Array:
    """The index of the first smallest element."""
    return np.asarray(np.argmin(_f64(x), axis=axis, keepdims=keepdims))


def count_nonzero(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """How many elements are not 0."""
    return np.asarray(np.count_nonzero(_f64(x), axis=_axes(axis), keepdims=keepdims))


def all_finite(x: ArrayLike) -> bool:
    """Whether no element is infinite or NaN."""
    return bool(np.isfinite(_f64(x)).all())
