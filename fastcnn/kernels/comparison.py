"""Comparisons, and the choice between two arrays."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn import _core

__all__ = [
    "equal",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "not_equal",
    "where",
]

Array = np.ndarray[Any, np.dtype[np.float32]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]


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
