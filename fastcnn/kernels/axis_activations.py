"""Activations that compare the numbers along an axis: softmax, its logarithm, maxout.

NaN stays NaN. The gradient of softmax takes its output, that of maxout its input.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn import _core

__all__ = [
    "log_softmax",
    "log_softmax_dx",
    "maxout",
    "maxout_dx",
    "softmax",
    "softmax_dx",
]

Array = np.ndarray[Any, np.dtype[np.float32]]


def softmax(x: ArrayLike, axis: int = -1, out: Array | None = None) -> Array:
    """``exp(x) / sum(exp(x))`` along an axis, safe for large ``x``.

    Args:
        x: any array-like of at least one dimension.
        axis: the axis that sums to 1.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> softmax([1000.0, 1000.0])
        array([0.5, 0.5], dtype=float32)
    """
    return _core.softmax(x, axis, False, out)


def softmax_dx(dy: ArrayLike, y: ArrayLike, axis: int = -1, out: Array | None = None) -> Array:
    """The gradient of ``softmax``: ``y * (dy - sum(dy * y))``.

    Args:
        dy: the gradient with respect to ``y``, of its shape.
        y: the result of the forward call.
        axis: the axis that sums to 1.
        out: where to put the result; may be ``dy`` itself.

    Returns:
        float32, the shape of ``y``.

    Example:
        >>> softmax_dx([1.0, 0.0], [0.5, 0.5])
        array([ 0.25, -0.25], dtype=float32)
    """
    return _core.softmax_dx(dy, y, axis, False, out)


def log_softmax(x: ArrayLike, axis: int = -1, out: Array | None = None) -> Array:
    """The logarithm of ``softmax``, without its underflow.

    Args:
        x: any array-like of at least one dimension.
        axis: the axis whose exponentials sum to 1.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> log_softmax([0.0, 200.0])
        array([-200.,    0.], dtype=float32)
    """
    return _core.softmax(x, axis, True, out)


def log_softmax_dx(dy: ArrayLike, y: ArrayLike, axis: int = -1, out: Array | None = None) -> Array:
    """The gradient of ``log_softmax``: ``dy - exp(y) * sum(dy)``.

    Args:
        dy: the gradient with respect to ``y``, of its shape.
        y: the result of the forward call.
        axis: the axis whose exponentials sum to 1.
        out: where to put the result; may be ``dy`` itself.

    Returns:
        float32, the shape of ``y``.

    Example:
        >>> log_softmax_dx([1.0, 1.0], [0.0, -200.0])
        array([-1.,  1.], dtype=float32)
    """
    return _core.softmax_dx(dy, y, axis, True, out)


def maxout(x: ArrayLike, num_units: int, axis: int = -1) -> Array:
    """The largest of every ``size // num_units`` neighbours along an axis; NaN counts as the largest.

    Args:
        x: any array-like of at least one dimension.
        num_units: how many values the axis keeps; must divide its size.
        axis: the axis to shrink.

    Returns:
        float32, the shape of ``x`` with ``num_units`` at ``axis``.

    Example:
        >>> maxout([1.0, 5.0, 3.0, 2.0], 2)
        array([5., 3.], dtype=float32)
    """
    return _core.maxout(x, num_units, axis)


def maxout_dx(dy: ArrayLike, x: ArrayLike, num_units: int, axis: int = -1) -> Array:
    """The gradient of ``maxout``: ``dy`` goes to the first of the largest neighbours.

    Args:
        dy: the gradient with respect to the result, of its shape.
        x: the input of the forward call.
        num_units: as in ``maxout``.
        axis: as in ``maxout``.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> maxout_dx([1.0, 1.0], [1.0, 5.0, 3.0, 2.0], 2)
        array([0., 1., 1., 0.], dtype=float32)
    """
    return _core.maxout_dx(dy, x, num_units, axis)
