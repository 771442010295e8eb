"""Pooling over all positions, with its gradients. Layout (n, h, w, c)."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn import _core

__all__ = [
    "global_avg_pool1d",
    "global_avg_pool1d_dx",
    "global_avg_pool2d",
    "global_avg_pool2d_dx",
    "global_max_pool1d",
    "global_max_pool1d_dx",
    "global_max_pool2d",
    "global_max_pool2d_dx",
]

Array = np.ndarray[Any, np.dtype[np.float32]]


def global_avg_pool2d(x: ArrayLike, keepdims: bool = False, out: Array | None = None) -> Array:
    """The mean over all pixels.

    Args:
        x: (n, h, w, c).
        keepdims: keep the pooled axes, of length 1.
        out: where to put the result.

    Returns:
        y: (n, c), or (n, 1, 1, c).

    Example:
        >>> global_avg_pool2d([[[[1.0], [2.0]], [[4.0], [3.0]]]])
        array([[2.5]], dtype=float32)
    """
    return _core.global_avg_pool(x, 4, keepdims, out)


def global_avg_pool2d_dx(dy: ArrayLike, x_shape: tuple[int, ...], out: Array | None = None) -> Array:
    """The gradient of :func:`global_avg_pool2d`.

    Args:
        dy: (n, c) or (n, 1, 1, c).
        x_shape: the shape (n, h, w, c) of the forward's input.
        out: where to put the result.

    Returns:
        dx: (n, h, w, c).

    Example:
        >>> global_avg_pool2d_dx([[4.0]], (1, 1, 2, 1)).ravel()
        array([2., 2.], dtype=float32)
    """
    return _core.global_avg_pool_dx(dy, x_shape, 4, out)


def global_max_pool2d(x: ArrayLike, keepdims: bool = False, out: Array | None = None) -> Array:
    """The maximum over all pixels; NaN counts as the largest.

    Args:
        x: (n, h, w, c).
        keepdims: keep the pooled axes, of length 1.
        out: where to put the result.

    Returns:
        y: (n, c), or (n, 1, 1, c).

    Example:
        >>> global_max_pool2d([[[[1.0], [2.0]], [[4.0], [3.0]]]])
        array([[4.]], dtype=float32)
    """
    return _core.global_max_pool(x, 4, keepdims, out)


def global_max_pool2d_dx(dy: ArrayLike, x: ArrayLike, out: Array | None = None) -> Array:
    """The gradient of :func:`global_max_pool2d`: it goes to the first of equals.

    Args:
        dy: (n, c) or (n, 1, 1, c).
        x: (n, h, w, c), the forward's input.
        out: where to put the result.

    Returns:
        dx: (n, h, w, c).

    Example:
        >>> global_max_pool2d_dx([[5.0]], [[[[1.0], [2.0]], [[4.0], [3.0]]]]).ravel()
        array([0., 0., 5., 0.], dtype=float32)
    """
    return _core.global_max_pool_dx(dy, x, 4, out)


def global_avg_pool1d(x: ArrayLike, keepdims: bool = False, out: Array | None = None) -> Array:
    """The mean over all steps.

    Args:
        x: (n, w, c).
        keepdims: keep the pooled axes, of length 1.
        out: where to put the result.

    Returns:
        y: (n, c), or (n, 1, c).

    Example:
        >>> global_avg_pool1d([[[1.0], [4.0], [3.0], [2.0]]])
        array([[2.5]], dtype=float32)
    """
    return _core.global_avg_pool(x, 3, keepdims, out)


def global_avg_pool1d_dx(dy: ArrayLike, x_shape: tuple[int, ...], out: Array | None = None) -> Array:
    """The gradient of :func:`global_avg_pool1d`.

    Args:
        dy: (n, c) or (n, 1, c).
        x_shape: the shape (n, w, c) of the forward's input.
        out: where to put the result.

    Returns:
        dx: (n, w, c).

    Example:
        >>> global_avg_pool1d_dx([[4.0]], (1, 2, 1)).ravel()
        array([2., 2.], dtype=float32)
    """
    return _core.global_avg_pool_dx(dy, x_shape, 3, out)


def global_max_pool1d(x: ArrayLike, keepdims: bool = False, out: Array | None = None) -> Array:
    """The maximum over all steps; NaN counts as the largest.

    Args:
        x: (n, w, c).
        keepdims: keep the pooled axes, of length 1.
        out: where to put the result.

    Returns:
        y: (n, c), or (n, 1, c).

    Example:
        >>> global_max_pool1d([[[1.0], [4.0], [3.0], [2.0]]])
        array([[4.]], dtype=float32)
    """
    return _core.global_max_pool(x, 3, keepdims, out)


def global_max_pool1d_dx(dy: ArrayLike, x: ArrayLike, out: Array | None = None) -> Array:
    """The gradient of :func:`global_max_pool1d`: it goes to the first of equals.

    Args:
        dy: (n, c) or (n, 1, c).
        x: (n, w, c), the forward's input.
        out: where to put the result.

    Returns:
        dx: (n, w, c).

    Example:
        >>> global_max_pool1d_dx([[5.0]], [[[1.0], [4.0], [3.0], [2.0]]]).ravel()
        array([0., 5., 0., 0.], dtype=float32)
    """
    return _core.global_max_pool_dx(dy, x, 3, out)
