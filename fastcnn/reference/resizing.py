"""Adaptive pooling and resizing in NumPy and float64.

Each is a product with one small matrix per axis, so that its gradient is the product with their transposes.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .arguments import f64, pair

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_dx",
    "resize2d",
    "resize2d_dx",
    "upsample2d",
    "upsample2d_dx",
]

Array = np.ndarray[Any, Any]
Pair = int | tuple[int, int]


def _along_axes(x: ArrayLike, rows: Array, columns: Array) -> Array:
    """rows: (oh, h), columns: (ow, w); x (n, h, w, c) -> (n, oh, ow, c)."""
    by_rows = np.tensordot(rows, f64(x), axes=(1, 1))  # (oh, n, w, c)
    return np.tensordot(columns, by_rows, axes=(1, 2)).transpose(2, 1, 0, 3)


def _bins(size: int, out: int) -> Array:
    """(out, size): row i is the mean over bin i."""
    matrix = np.zeros((out, size))
    for i in range(out):
        begin, end = i * size // out, -(-(i + 1) * size // out)
        matrix[i, begin:end] = 1 / (end - begin)
    return matrix


def adaptive_avg_pool2d(x: ArrayLike, output_size: Pair) -> Array:
    """The mean of each bin."""
    (_, h, w, _), (oh, ow) = np.shape(x), pair(output_size)
    return _along_axes(x, _bins(h, oh), _bins(w, ow))


def adaptive_avg_pool2d_dx(dy: ArrayLike, x_shape: tuple[int, int, int, int]) -> Array:
    """The transposed matrices."""
    _, oh, ow, _ = np.shape(dy)
    return _along_axes(dy, _bins(x_shape[1], oh).T, _bins(x_shape[2], ow).T)


def _sampling(size: int, out: int, interpolation: str) -> Array:
    """(out, size): row i samples the axis at (i + 1/2) size / out - 1/2."""
    matrix = np.zeros((out, size))
    i = np.arange(out)
    if interpolation == "nearest":
        matrix[i, (2 * i + 1) * size // (2 * out)] = 1
        return matrix
    if interpolation != "bilinear":
        raise ValueError(f"interpolation must be 'nearest' or 'bilinear', got {interpolation!r}")
    place = np.clip(((2 * i + 1) * size - out) / (2 * out), 0, size - 1)
    at = np.floor(place).astype(int)
    np.add.at(matrix, (i, at), 1 - (place - at))
    np.add.at(matrix, (i, np.minimum(at + 1, size - 1)), place - at)
    return matrix


def resize2d(x: ArrayLike, size: Pair, interpolation: str = "bilinear") -> Array:
    """Images of another size, sampled at the centres of pixels."""
    (_, h, w, _), (oh, ow) = np.shape(x), pair(size)
    return _along_axes(x, _sampling(h, oh, interpolation), _sampling(w, ow, interpolation))


def resize2d_dx(dy: ArrayLike, x_shape: tuple[int, int, int, int], interpolation: str = "bilinear") -> Array:
    """The transposed matrices."""
    _, oh, ow, _ = np.shape(dy)
    rows, columns = _sampling(x_shape[1], oh, interpolation), _sampling(x_shape[2], ow, interpolation)
    return _along_axes(dy, rows.T, columns.T)


def upsample2d(x: ArrayLike, size: Pair = (2, 2), interpolation: str = "nearest") -> Array:
    """Images enlarged by whole factors."""
    (_, h, w, _), (fh, fw) = np.shape(x), pair(size)
    if interpolation == "nearest":
        return np.repeat(np.repeat(f64(x), fh, axis=1), fw, axis=2)
    return resize2d(x, (h * fh, w * fw), interpolation)


def upsample2d_dx(dy: ArrayLike, size: Pair = (2, 2), interpolation: str = "nearest") -> Array:
    """Sums over the copies of each pixel."""
    (n, oh, ow, c), (fh, fw) = np.shape(dy), pair(size)
    if interpolation == "nearest":
        return np.asarray(f64(dy).reshape(n, oh // fh, fh, ow // fw, fw, c).sum(axis=(2, 4)))
    return resize2d_dx(dy, (n, oh // fh, ow // fw, c), interpolation)
