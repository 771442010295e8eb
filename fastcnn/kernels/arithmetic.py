"""Elementwise arithmetic with broadcasting, and comparisons."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn import _core

__all__ = [
    "abs",
    "add",
    "add_scaled",
    "ceil",
    "clip",
    "divide",
    "equal",
    "floor",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "not_equal",
    "power",
    "reciprocal",
    "round",
    "rsqrt",
    "sign",
    "sqrt",
    "square",
    "squared_difference",
    "subtract",
    "where",
]

Array = np.ndarray[Any, np.dtype[np.float32]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]


def add(x1: ArrayLike, x2: ArrayLike, out: Array | None = None) -> Array:
    """Returns x1 + x2, broadcast as in NumPy.

    Args:
        x1: any array-like.
        x2: any array-like whose shape broadcasts with that of ``x1``.
        out: where to put the result; may be an operand of the result's shape.

    Returns:
        float32, the broadcast shape.

    Example:
        >>> add([1.0, 2.0], 10.0)
        array([11., 12.], dtype=float32)
    """
    return _core.binary(0, x1, x2, out)


def subtract(x1: ArrayLike, x2: ArrayLike, out: Array | None = None) -> Array:
    """Returns x1 - x2, broadcast as in NumPy.

    Args:
        x1: any array-like.
        x2: any array-like whose shape broadcasts with that of ``x1``.
        out: where to put the result; may be an operand of the result's shape.

    Returns:
        float32, the broadcast shape.

    Example:
        >>> subtract([1.0, 2.0], 10.0)
        array([-9., -8.], dtype=float32)
    """
    return _core.binary(1, x1, x2, out)


def multiply(x1: ArrayLike, x2: ArrayLike, out: Array | None = None) -> Array:
    """Returns x1 * x2, broadcast as in NumPy.

    Args:
        x1: any array-like.
        x2: any array-like whose shape broadcasts with that of ``x1``.
        out: where to put the result; may be an operand of the result's shape.

    Returns:
        float32, the broadcast shape.

    Example:
        >>> multiply([1.0, 2.0], 10.0)
        array([10., 20.], dtype=float32)
    """
    return _core.binary(2, x1, x2, out)


def divide(x1: ArrayLike, x2: ArrayLike, out: Array | None = None) -> Array:
    """Returns x1 / x2, broadcast as in NumPy.

    Args:
        x1: any array-like.
        x2: any array-like whose shape broadcasts with that of ``x1``.
        out: where to put the result; may be an operand of the result's shape.

    Returns:
        float32, the broadcast shape.

    Example:
        >>> divide([1.0, 2.0], 4.0)
        array([0.25, 0.5 ], dtype=float32)
    """
    return _core.binary(3, x1, x2, out)


def maximum(x1: ArrayLike, x2: ArrayLike, out: Array | None = None) -> Array:
    """Returns the larger of x1 and x2; NaN where either is NaN, broadcast as in NumPy.

    Args:
        x1: any array-like.
        x2: any array-like whose shape broadcasts with that of ``x1``.
        out: where to put the result; may be an operand of the result's shape.

    Returns:
        float32, the broadcast shape.

    Example:
        >>> maximum([1.0, 2.0], 1.5)
        array([1.5, 2. ], dtype=float32)
    """
    return _core.binary(4, x1, x2, out)


def minimum(x1: ArrayLike, x2: ArrayLike, out: Array | None = None) -> Array:
    """Returns the smaller of x1 and x2; NaN where either is NaN, broadcast as in NumPy.

    Args:
        x1: any array-like.
        x2: any array-like whose shape broadcasts with that of ``x1``.
        out: where to put the result; may be an operand of the result's shape.

    Returns:
        float32, the broadcast shape.

    Example:
        >>> minimum([1.0, 2.0], 1.5)
        array([1. , 1.5], dtype=float32)
    """
    return _core.binary(5, x1, x2, out)


def squared_difference(x1: ArrayLike, x2: ArrayLike, out: Array | None = None) -> Array:
    """Returns (x1 - x2) ** 2, broadcast as in NumPy.

    Args:
        x1: any array-like.
        x2: any array-like whose shape broadcasts with that of ``x1``.
        out: where to put the result; may be an operand of the result's shape.

    Returns:
        float32, the broadcast shape.

    Example:
        >>> squared_difference([1.0, 2.0], 4.0)
        array([9., 4.], dtype=float32)
    """
    return _core.binary(6, x1, x2, out)


def power(x1: ArrayLike, x2: ArrayLike, out: Array | None = None) -> Array:
    """Returns x1 ** x2, broadcast as in NumPy; rounded once from double precision, special cases as in C's ``pow``.

    Args:
        x1: any array-like.
        x2: any array-like whose shape broadcasts with that of ``x1``.
        out: where to put the result; may be an operand of the result's shape.

    Returns:
        float32, the broadcast shape.

    Example:
        >>> power([2.0, 3.0], 3.0)
        array([ 8., 27.], dtype=float32)
    """
    return _core.binary(7, x1, x2, out)


def add_scaled(x1: ArrayLike, x2: ArrayLike, scale: float, out: Array | None = None) -> Array:
    """Returns x1 + scale * x2, broadcast as in NumPy.

    Args:
        x1: any array-like.
        x2: any array-like whose shape broadcasts with that of ``x1``.
        scale: what ``x2`` is multiplied by.
        out: where to put the result; may be an operand of the result's shape.

    Returns:
        float32, the broadcast shape.

    Example:
        >>> add_scaled([1.0, 2.0], [4.0, 8.0], 0.5)
        array([3., 6.], dtype=float32)
    """
    return _core.add_scaled(x1, x2, scale, out)


def equal(x1: ArrayLike, x2: ArrayLike, out: Bools | None = None) -> Bools:
    """Returns where x1 == x2, broadcast as in NumPy.

    Args:
        x1: any array-like.
        x2: any array-like whose shape broadcasts with that of ``x1``.
        out: where to put the result.

    Returns:
        bool, the broadcast shape.

    Example:
        >>> equal([1.0, 2.0, 3.0], 2.0)
        array([False,  True, False])
    """
    return _core.compare(0, x1, x2, out)


def not_equal(x1: ArrayLike, x2: ArrayLike, out: Bools | None = None) -> Bools:
    """Returns where x1 != x2, broadcast as in NumPy.

    Args:
        x1: any array-like.
        x2: any array-like whose shape broadcasts with that of ``x1``.
        out: where to put the result.

    Returns:
        bool, the broadcast shape.

    Example:
        >>> not_equal([1.0, 2.0, 3.0], 2.0)
        array([ True, False,  True])
    """
    return _core.compare(1, x1, x2, out)


def less(x1: ArrayLike, x2: ArrayLike, out: Bools | None = None) -> Bools:
    """Returns where x1 < x2, broadcast as in NumPy.

    Args:
        x1: any array-like.
        x2: any array-like whose shape broadcasts with that of ``x1``.
        out: where to put the result.

    Returns:
        bool, the broadcast shape.

    Example:
        >>> less([1.0, 2.0, 3.0], 2.0)
        array([ True, False, False])
    """
    return _core.compare(2, x1, x2, out)


def less_equal(x1: ArrayLike, x2: ArrayLike, out: Bools | None = None) -> Bools:
    """Returns where x1 <= x2, broadcast as in NumPy.

    Args:
        x1: any array-like.
        x2: any array-like whose shape broadcasts with that of ``x1``.
        out: where to put the result.

    Returns:
        bool, the broadcast shape.

    Example:
        >>> less_equal([1.0, 2.0, 3.0], 2.0)
        array([ True,  True, False])
    """
    return _core.compare(3, x1, x2, out)


def greater(x1: ArrayLike, x2: ArrayLike, out: Bools | None = None) -> Bools:
    """Returns where x1 > x2, broadcast as in NumPy.

    Args:
        x1: any array-like.
        x2: any array-like whose shape broadcasts with that of ``x1``.
        out: where to put the result.

    Returns:
        bool, the broadcast shape.

    Example:
        >>> greater([1.0, 2.0, 3.0], 2.0)
        array([False, False,  True])
    """
    return _core.compare(4, x1, x2, out)


def greater_equal(x1: ArrayLike, x2: ArrayLike, out: Bools | None = None) -> Bools:
    """Returns where x1 >= x2, broadcast as in NumPy.

    Args:
        x1: any array-like.
        x2: any array-like whose shape broadcasts with that of ``x1``.
        out: where to put the result.

    Returns:
        bool, the broadcast shape.

    Example:
        >>> greater_equal([1.0, 2.0, 3.0], 2.0)
        array([False,  True,  True])
    """
    return _core.compare(5, x1, x2, out)


def where(condition: ArrayLike, x1: ArrayLike, x2: ArrayLike, out: Array | None = None) -> Array:
    """Returns x1 where the condition holds and x2 elsewhere, broadcast as in NumPy.

    Args:
        condition: booleans, or integers that count as true unless 0.
        x1: any array-like.
        x2: any array-like.
        out: where to put the result; may be ``x1`` or ``x2`` if that has the result's shape.

    Returns:
        float32, the broadcast shape of the three.

    Example:
        >>> where([True, False], [1.0, 2.0], 0.0)
        array([1., 0.], dtype=float32)
    """
    return _core.where(condition, x1, x2, out)


def negative(x: ArrayLike, out: Array | None = None) -> Array:
    """Returns -x.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> negative([1.0, -2.0])
        array([-1.,  2.], dtype=float32)
    """
    return _core.unary(0, x, out)


def abs(x: ArrayLike, out: Array | None = None) -> Array:
    """Returns the absolute values.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> abs([1.0, -2.0])
        array([1., 2.], dtype=float32)
    """
    return _core.unary(1, x, out)


def square(x: ArrayLike, out: Array | None = None) -> Array:
    """Returns x * x.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> square([1.0, -2.0])
        array([1., 4.], dtype=float32)
    """
    return _core.unary(2, x, out)


def sqrt(x: ArrayLike, out: Array | None = None) -> Array:
    """Returns the square roots; NaN below 0.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> sqrt([1.0, 4.0])
        array([1., 2.], dtype=float32)
    """
    return _core.unary(3, x, out)


def rsqrt(x: ArrayLike, out: Array | None = None) -> Array:
    """Returns 1 / sqrt(x).

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> rsqrt([1.0, 4.0])
        array([1. , 0.5], dtype=float32)
    """
    return _core.unary(4, x, out)


def reciprocal(x: ArrayLike, out: Array | None = None) -> Array:
    """Returns 1 / x.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> reciprocal([1.0, 4.0])
        array([1.  , 0.25], dtype=float32)
    """
    return _core.unary(5, x, out)


def sign(x: ArrayLike, out: Array | None = None) -> Array:
    """Returns -1, 0 or 1; NaN stays NaN.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> sign([3.0, -2.0])
        array([ 1., -1.], dtype=float32)
    """
    return _core.unary(6, x, out)


def floor(x: ArrayLike, out: Array | None = None) -> Array:
    """Returns the largest integers that are not above x.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> floor([1.5, -1.5])
        array([ 1., -2.], dtype=float32)
    """
    return _core.unary(7, x, out)


def ceil(x: ArrayLike, out: Array | None = None) -> Array:
    """Returns the smallest integers that are not below x.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> ceil([1.5, -1.5])
        array([ 2., -1.], dtype=float32)
    """
    return _core.unary(8, x, out)


def round(x: ArrayLike, out: Array | None = None) -> Array:
    """Returns the nearest integers, halves to the even one.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> round([1.5, 2.5])
        array([2., 2.], dtype=float32)
    """
    return _core.unary(9, x, out)


def clip(x: ArrayLike, x_min: float | None, x_max: float | None, out: Array | None = None) -> Array:
    """Limits every element to [x_min, x_max]; NaN stays NaN.

    Args:
        x: any array-like.
        x_min: the lower bound, None for none.
        x_max: the upper bound, None for none.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> clip([-1.0, 0.5, 3.0], 0.0, 1.0)
        array([0. , 0.5, 1. ], dtype=float32)
    """
    return _core.clip(x, -np.inf if x_min is None else x_min, np.inf if x_max is None else x_max, out)
