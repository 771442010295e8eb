"""Arithmetic of two arrays with broadcasting; clipping."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn import _core

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

Array = np.ndarray[Any, np.dtype[np.float32]]


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
