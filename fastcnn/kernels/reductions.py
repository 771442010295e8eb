"""Reductions over any axes: sums, means, extremes and where they are, norms; and the gradient of broadcasting."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn import _core

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

Array = np.ndarray[Any, np.dtype[np.float32]]
Integers = np.ndarray[Any, np.dtype[np.int64]]
Axis = int | Sequence[int] | None


def unbroadcast(dy: ArrayLike, shape: Sequence[int], out: Array | None = None) -> Array:
    """The gradient of broadcasting: the sum of ``dy`` over the axes along which ``shape`` was repeated.

    Args:
        dy: any array-like.
        shape: what was broadcast to the shape of ``dy``.
        out: where to put the result.

    Returns:
        float32 of ``shape``.

    Example:
        >>> unbroadcast([[1.0, 2.0], [3.0, 4.0]], (2,))
        array([4., 6.], dtype=float32)
    """
    return _core.unbroadcast(dy, shape, out)


def sum(x: ArrayLike, axis: Axis = None, keepdims: bool = False, out: Array | None = None) -> Array:
    """The sum, over some axes.

    Args:
        x: any array-like.
        axis: one axis, several, or None for all.
        keepdims: keep the reduced axes with size 1.
        out: where to put the result.

    Returns:
        float32, the shape of ``x`` without the reduced axes (0-d where none is left).

    Example:
        >>> float(sum([1.0, 2.0]))
        3.0
    """
    return _core.reduce(0, x, axis, keepdims, out)


def mean(x: ArrayLike, axis: Axis = None, keepdims: bool = False, out: Array | None = None) -> Array:
    """The mean; NaN of nothing, over some axes.

    Args:
        x: any array-like.
        axis: one axis, several, or None for all.
        keepdims: keep the reduced axes with size 1.
        out: where to put the result.

    Returns:
        float32, the shape of ``x`` without the reduced axes (0-d where none is left).

    Example:
        >>> float(mean([1.0, 2.0]))
        1.5
    """
    return _core.reduce(1, x, axis, keepdims, out)


def max(x: ArrayLike, axis: Axis = None, keepdims: bool = False, out: Array | None = None) -> Array:
    """The largest element; NaN where there is one, over some axes.

    Args:
        x: any array-like.
        axis: one axis, several, or None for all.
        keepdims: keep the reduced axes with size 1.
        out: where to put the result.

    Returns:
        float32, the shape of ``x`` without the reduced axes (0-d where none is left).

    Example:
        >>> float(max([1.0, 2.0]))
        2.0
    """
    return _core.reduce(2, x, axis, keepdims, out)


def min(x: ArrayLike, axis: Axis = None, keepdims: bool = False, out: Array | None = None) -> Array:
    """The smallest element; NaN where there is one, over some axes.

    Args:
        x: any array-like.
        axis: one axis, several, or None for all.
        keepdims: keep the reduced axes with size 1.
        out: where to put the result.

    Returns:
        float32, the shape of ``x`` without the reduced axes (0-d where none is left).

    Example:
        >>> float(min([1.0, 2.0]))
        1.0
    """
    return _core.reduce(3, x, axis, keepdims, out)


def prod(x: ArrayLike, axis: Axis = None, keepdims: bool = False, out: Array | None = None) -> Array:
    """The product, over some axes.

    Args:
        x: any array-like.
        axis: one axis, several, or None for all.
        keepdims: keep the reduced axes with size 1.
        out: where to put the result.

    Returns:
        float32, the shape of ``x`` without the reduced axes (0-d where none is left).

    Example:
        >>> float(prod([1.0, 2.0]))
        2.0
    """
    return _core.reduce(4, x, axis, keepdims, out)


def sum_squares(x: ArrayLike, axis: Axis = None, keepdims: bool = False, out: Array | None = None) -> Array:
    """The sum of the squares, over some axes.

    Args:
        x: any array-like.
        axis: one axis, several, or None for all.
        keepdims: keep the reduced axes with size 1.
        out: where to put the result.

    Returns:
        float32, the shape of ``x`` without the reduced axes (0-d where none is left).

    Example:
        >>> float(sum_squares([1.0, 2.0]))
        5.0
    """
    return _core.reduce(5, x, axis, keepdims, out)


def norm(x: ArrayLike, axis: Axis = None, keepdims: bool = False, out: Array | None = None) -> Array:
    """The Euclidean norm, the root of the sum of the squares, over some axes.

    Args:
        x: any array-like.
        axis: one axis, several, or None for all.
        keepdims: keep the reduced axes with size 1.
        out: where to put the result.

    Returns:
        float32, the shape of ``x`` without the reduced axes (0-d where none is left).

    Example:
        >>> float(norm([3.0, 4.0]))
        5.0
    """
    return _core.reduce(6, x, axis, keepdims, out)


def var(x: ArrayLike, axis: Axis = None, keepdims: bool = False, out: Array | None = None) -> Array:
    """The variance of the population, in two passes: exact for large means, over some axes.

    Args:
        x: any array-like.
        axis: one axis, several, or None for all.
        keepdims: keep the reduced axes with size 1.
        out: where to put the result.

    Returns:
        float32, the shape of ``x`` without the reduced axes (0-d where none is left).

    Example:
        >>> float(var([1.0, 2.0]))
        0.25
    """
    return _core.reduce(7, x, axis, keepdims, out)


def std(x: ArrayLike, axis: Axis = None, keepdims: bool = False, out: Array | None = None) -> Array:
    """The standard deviation of the population, over some axes.

    Args:
        x: any array-like.
        axis: one axis, several, or None for all.
        keepdims: keep the reduced axes with size 1.
        out: where to put the result.

    Returns:
        float32, the shape of ``x`` without the reduced axes (0-d where none is left).

    Example:
        >>> float(std([1.0, 2.0]))
        0.5
    """
    return _core.reduce(8, x, axis, keepdims, out)


def argmax(x: ArrayLike, axis: int | None = None, keepdims: bool = False) -> Integers:
    """The index of the first largest element along an axis; of the first NaN where there is one.

    Args:
        x: any array-like.
        axis: the axis, or None for the flattened array.
        keepdims: keep the axis with size 1.

    Returns:
        int64, the shape of ``x`` without the axis.

    Example:
        >>> argmax([[1.0, 3.0, 2.0], [6.0, 5.0, 4.0]], axis=1)
        array([1, 0])
    """
    return _core.arg(True, x, axis, keepdims)


def argmin(x: ArrayLike, axis: int | None = None, keepdims: bool = False) -> Integers:
    """The index of the first smallest element along an axis; of the first NaN where there is one.

    Args:
        x: any array-like.
        axis: the axis, or None for the flattened array.
        keepdims: keep the axis with size 1.

    Returns:
        int64, the shape of ``x`` without the axis.

    Example:
        >>> argmin([[1.0, 3.0, 2.0], [6.0, 5.0, 4.0]], axis=1)
        array([0, 2])
    """
    return _core.arg(False, x, axis, keepdims)


def count_nonzero(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Integers:
    """How many elements are not 0 (NaN is not), over some axes.

    Args:
        x: any array-like.
        axis: one axis, several, or None for all.
        keepdims: keep the reduced axes with size 1.

    Returns:
        int64, the shape of ``x`` without the reduced axes.

    Example:
        >>> int(count_nonzero([0.0, 2.0, 3.0]))
        2
    """
    return _core.count(0, x, axis, keepdims)


def all_finite(x: ArrayLike) -> bool:
    """Whether no element is infinite or NaN.

    Args:
        x: any array-like.

    Returns:
        A bool.

    Example:
        >>> all_finite([1.0, float("nan")])
        False
    """
    return int(_core.count(1, x, None, False)) == 0
