"""Activations along an axis, softmax and maxout, in NumPy and float64."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .arguments import f64

__all__ = [
    "log_softmax",
    "log_softmax_dx",
    "maxout",
    "maxout_dx",
    "softmax",
    "softmax_dx",
]

Array = np.ndarray[Any, Any]


def softmax(x: ArrayLike, axis: int = -1) -> Array:
    """exp(x) / sum(exp(x)) along an axis."""
    x = f64(x)
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    result: Array = e / e.sum(axis=axis, keepdims=True)
    return result


def softmax_dx(dy: ArrayLike, y: ArrayLike, axis: int = -1) -> Array:
    """y * (dy - sum(dy * y))."""
    dy, y = f64(dy), f64(y)
    return np.asarray(y * (dy - (dy * y).sum(axis=axis, keepdims=True)))


def log_softmax(x: ArrayLike, axis: int = -1) -> Array:
    """log(softmax(x))."""
    x = f64(x)
    x = x - x.max(axis=axis, keepdims=True)
    return np.asarray(x - np.log(np.exp(x).sum(axis=axis, keepdims=True)))


def log_softmax_dx(dy: ArrayLike, y: ArrayLike, axis: int = -1) -> Array:
    """dy - exp(y) * sum(dy)."""
    dy, y = f64(dy), f64(y)
    return np.asarray(dy - np.exp(y) * dy.sum(axis=axis, keepdims=True))


def _pieces(x: Array, num_units: int, axis: int) -> tuple[Array, int]:
    axis %= x.ndim
    return x.reshape(*x.shape[:axis], num_units, x.shape[axis] // num_units, *x.shape[axis + 1 :]), axis + 1


def maxout(x: ArrayLike, num_units: int, axis: int = -1) -> Array:
    """The largest of every size // num_units neighbours along an axis."""
    pieces, at = _pieces(f64(x), num_units, axis)
    return np.asarray(pieces.max(axis=at))


def maxout_dx(dy: ArrayLike, x: ArrayLike, num_units: int, axis: int = -1) -> Array:
    """dy where the first of the largest neighbours lies, else 0."""
    x = f64(x)
    pieces, at = _pieces(x, num_units, axis)
    dx = np.zeros_like(pieces)
    np.put_along_axis(dx, np.expand_dims(pieces.argmax(axis=at), at), np.expand_dims(f64(dy), at), axis=at)
    return dx.reshape(x.shape)
