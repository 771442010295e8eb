"""Pooling over all positions, in NumPy and float64."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .arguments import f64

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

Array = np.ndarray[Any, Any]


def global_avg_pool2d(x: ArrayLike, keepdims: bool = False) -> Array:
    """The mean over all pixels."""
    return np.asarray(np.mean(f64(x), axis=(1, 2), keepdims=keepdims))


def global_avg_pool2d_dx(dy: ArrayLike, x_shape: tuple[int, ...]) -> Array:
    """dy / pixels, everywhere."""
    n, h, w, c = x_shape
    return np.broadcast_to(f64(dy).reshape(n, 1, 1, c) / (h * w), x_shape).copy()


def global_max_pool2d(x: ArrayLike, keepdims: bool = False) -> Array:
    """The maximum over all pixels."""
    return np.asarray(np.max(f64(x), axis=(1, 2), keepdims=keepdims))


def global_max_pool2d_dx(dy: ArrayLike, x: ArrayLike) -> Array:
    """dy at the first maximum, or the first NaN."""
    n, h, w, c = np.shape(x)
    first = np.argmax(f64(x).reshape(n, h * w, c), axis=1)[:, None]
    dx: Array = np.zeros((n, h * w, c))
    np.put_along_axis(dx, first, f64(dy).reshape(n, 1, c), axis=1)
    return dx.reshape(n, h, w, c)


def global_avg_pool1d(x: ArrayLike, keepdims: bool = False) -> Array:
    """The mean over all steps."""
    return np.asarray(np.mean(f64(x), axis=1, keepdims=keepdims))


def global_avg_pool1d_dx(dy: ArrayLike, x_shape: tuple[int, ...]) -> Array:
    """dy / steps, everywhere."""
    return global_avg_pool2d_dx(dy, (x_shape[0], 1, *x_shape[1:]))[:, 0]


def global_max_pool1d(x: ArrayLike, keepdims: bool = False) -> Array:
    """The maximum over all steps."""
    return np.asarray(np.max(f64(x), axis=1, keepdims=keepdims))


def global_max_pool1d_dx(dy: ArrayLike, x: ArrayLike) -> Array:
    """dy at the first maximum, or the first NaN."""
    return global_max_pool2d_dx(dy, np.asarray(x)[:, None])[:, 0]
