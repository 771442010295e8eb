"""Pooling and resizing in NumPy and float64, one loop over the taps of the window.

A pooling is sums or maxima of strided views of the padded input; resizing is a product with one small matrix per axis,
so that its gradient is the product with their transposes.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_dx",
    "avg_pool1d",
    "avg_pool1d_dx",
    "avg_pool2d",
    "avg_pool2d_dx",
    "global_avg_pool1d",
    "global_avg_pool1d_dx",
    "global_avg_pool2d",
    "global_avg_pool2d_dx",
    "global_max_pool1d",
    "global_max_pool1d_dx",
    "global_max_pool2d",
    "global_max_pool2d_dx",
    "max_pool1d",
    "max_pool1d_dx",
    "max_pool2d",
    "max_pool2d_dx",
    "resize2d",
    "resize2d_dx",
    "upsample2d",
    "upsample2d_dx",
]

Array = np.ndarray[Any, Any]
Pair = int | tuple[int, int]
Padding = str | int | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]]


def _f64(x: ArrayLike) -> Array:
    return np.asarray(x, dtype=np.float64)


def _pair(value: Any) -> tuple[int, int]:
    return (value[0], value[1]) if isinstance(value, tuple | list) else (value, value)


class _Axis:
    """The windows along one axis: where they start, how many there are, how far the padded axis reaches."""

    def __init__(self, size: int, pool: int, stride: int, padding: Any, dilation: int, ceil_mode: bool) -> None:
        span = (pool - 1) * dilation + 1
        if padding == "same":
            need = max((-(-size // stride) - 1) * stride + span - size, 0)
            padding, ceil_mode = (need // 2, need - need // 2), False
        before, after = (0, 0) if padding == "valid" else padding
        self.after: int = after
        rest = size + before + after - span
        self.out = rest // stride + 1
        if ceil_mode and rest % stride and self.out * stride < size + before:
            self.out += 1
        self.size, self.pool, self.stride, self.dilation, self.before = size, pool, stride, dilation, before

    def places(self, tap: int) -> Array:
        """Where tap number ``tap`` of each window lies in the input; outside it where that is padding."""
        return np.arange(self.out) * self.stride - self.before + tap * self.dilation

    def inside(self, tap: int) -> Array:
        return (self.places(tap) >= 0) & (self.places(tap) < self.size)

    def counts(self, include_pad: bool) -> Array:
        """How many cells each window counts."""
        limit = self.size + self.after
        if include_pad:
            return np.sum([self.places(t) < limit for t in range(self.pool)], axis=0)
        return np.sum([self.inside(t) for t in range(self.pool)], axis=0)

    def padded(self) -> int:
        """Cells of the axis with everything that a window touches."""
        return max((self.out - 1) * self.stride + (self.pool - 1) * self.dilation + 1, self.before + self.size)


class _Windows:
    """The windows of a two-dimensional pooling over x: views of the padded input, one per tap."""

    def __init__(
        self, shape: tuple[int, ...], pool_size: Any, strides: Any, padding: Any, dilation: Any, ceil_mode: bool
    ) -> None:
        size, apart = _pair(pool_size), _pair(dilation)
        step = size if strides is None else _pair(strides)
        if isinstance(padding, str):
            around: Any = (padding, padding)
        else:
            around = tuple(_pair(p) for p in _pair(padding))
        self.shape = shape
        self.h, self.w = (_Axis(shape[1 + i], size[i], step[i], around[i], apart[i], ceil_mode) for i in range(2))

    def taps(self) -> Iterator[tuple[int, int]]:
        return ((i, j) for i in range(self.h.pool) for j in range(self.w.pool))

    def pad(self, x: Array, value: float) -> Array:
        big = np.full((x.shape[0], self.h.padded(), self.w.padded(), x.shape[3]), value)
        self.image(big)[...] = x
        return big

    def image(self, big: Array) -> Array:
        """The part of a padded array that is the input."""
        return big[:, self.h.before : self.h.before + self.h.size, self.w.before : self.w.before + self.w.size]

    def view(self, big: Array, i: int, j: int) -> Array:
        """Tap (i, j) of every window: (n, oh, ow, c)."""
        top, left = i * self.h.dilation, j * self.w.dilation
        rows = slice(top, top + (self.h.out - 1) * self.h.stride + 1, self.h.stride)
        return big[:, rows, left : left + (self.w.out - 1) * self.w.stride + 1 : self.w.stride]

    def inside(self, i: int, j: int) -> Array:
        return (self.h.inside(i)[:, None] & self.w.inside(j))[:, :, None]

    def counts(self, include_pad: bool) -> Array:
        counts = self.h.counts(include_pad)[:, None] * self.w.counts(include_pad)
        return np.maximum(counts, 1)[:, :, None]


def max_pool2d(
    x: ArrayLike,
    pool_size: Pair,
    strides: Pair | None = None,
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The maximum of each window; the first of equals, and the first NaN, wins."""
    x = _f64(x)
    windows = _Windows(x.shape, pool_size, strides, padding, dilation, ceil_mode)
    big = windows.pad(x, -np.inf)
    best = np.full((x.shape[0], windows.h.out, windows.w.out, x.shape[3]), -np.inf)
    indices = np.zeros(best.shape, np.int64)
    seen = np.zeros(best.shape, bool)
    for i, j in windows.taps():
        tap = windows.view(big, i, j)
        better = windows.inside(i, j) & (~seen | (tap > best) | (np.isnan(tap) & ~np.isnan(best)))
        best = np.where(better, tap, best)
        indices[better] = i * windows.w.pool + j
        seen |= windows.inside(i, j)
    return (best, indices) if return_indices else best


def max_pool2d_dx(
    dy: ArrayLike,
    x: ArrayLike,
    pool_size: Pair,
    strides: Pair | None = None,
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
    ceil_mode: bool = False,
    indices: ArrayLike | None = None,
) -> Array:
    """Each window's gradient goes to its maximum."""
    shape = x if isinstance(x, tuple) else np.shape(x)
    if indices is None:
        indices = max_pool2d(x, pool_size, strides, padding, dilation, ceil_mode, return_indices=True)[1]
    windows = _Windows(shape, pool_size, strides, padding, dilation, ceil_mode)
    big = windows.pad(np.zeros(shape), 0.0)
    for i, j in windows.taps():
        windows.view(big, i, j)[...] += np.where(np.asarray(indices) == i * windows.w.pool + j, _f64(dy), 0.0)
    return windows.image(big).copy()


def avg_pool2d(
    x: ArrayLike,
    pool_size: Pair,
    strides: Pair | None = None,
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
    ceil_mode: bool = False,
    count_include_pad: bool = False,
) -> Array:
    """The mean of each window."""
    x = _f64(x)
    windows = _Windows(x.shape, pool_size, strides, padding, dilation, ceil_mode)
    big = windows.pad(x, 0.0)
    total: Array = np.zeros((x.shape[0], windows.h.out, windows.w.out, x.shape[3]))
    for i, j in windows.taps():
        total += windows.view(big, i, j)
    return total / windows.counts(count_include_pad)


def avg_pool2d_dx(
    dy: ArrayLike,
    x_shape: tuple[int, ...],
    pool_size: Pair,
    strides: Pair | None = None,
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
    ceil_mode: bool = False,
    count_include_pad: bool = False,
) -> Array:
    """Each window's gradient is shared out evenly."""
    windows = _Windows(x_shape, pool_size, strides, padding, dilation, ceil_mode)
    big = windows.pad(np.zeros(x_shape), 0.0)
    share = _f64(dy) / windows.counts(count_include_pad)
    for i, j in windows.taps():
        windows.view(big, i, j)[...] += share
    return windows.image(big).copy()


def _lift(value: Any, neutral: int) -> Any:
    """An argument of a one-dimensional pooling as that of a two-dimensional one over a single row."""
    return None if value is None else (neutral, value)


def _lift_padding(padding: Any) -> Any:
    if isinstance(padding, str):
        return padding
    return ((0, 0), _pair(padding))


def _signal(x: ArrayLike) -> Array:
    return np.asarray(x)[:, None]


def max_pool1d(
    x: ArrayLike,
    pool_size: int,
    strides: int | None = None,
    padding: str | int | tuple[int, int] = "valid",
    dilation: int = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The maximum of each window of a signal."""
    result = max_pool2d(
        _signal(x),
        _lift(pool_size, 1),
        _lift(strides, 1),
        _lift_padding(padding),
        _lift(dilation, 1),
        ceil_mode,
        return_indices,
    )
    return (result[0][:, 0], result[1][:, 0]) if return_indices else result[:, 0]


def max_pool1d_dx(
    dy: ArrayLike,
    x: ArrayLike,
    pool_size: int,
    strides: int | None = None,
    padding: str | int | tuple[int, int] = "valid",
    dilation: int = 1,
    ceil_mode: bool = False,
    indices: ArrayLike | None = None,
) -> Array:
    """Each window's gradient goes to its maximum."""
    lifted = (_lift(pool_size, 1), _lift(strides, 1), _lift_padding(padding), _lift(dilation, 1), ceil_mode)
    image: Any = (x[0], 1, *x[1:]) if isinstance(x, tuple) else _signal(x)
    return max_pool2d_dx(_signal(dy), image, *lifted, indices=None if indices is None else _signal(indices))[:, 0]


def avg_pool1d(
    x: ArrayLike,
    pool_size: int,
    strides: int | None = None,
    padding: str | int | tuple[int, int] = "valid",
    dilation: int = 1,
    ceil_mode: bool = False,
    count_include_pad: bool = False,
) -> Array:
    """The mean of each window of a signal."""
    lifted = (_lift(pool_size, 1), _lift(strides, 1), _lift_padding(padding), _lift(dilation, 1), ceil_mode)
    return avg_pool2d(_signal(x), *lifted, count_include_pad)[:, 0]


def avg_pool1d_dx(
    dy: ArrayLike,
    x_shape: tuple[int, ...],
    pool_size: int,
    strides: int | None = None,
    padding: str | int | tuple[int, int] = "valid",
    dilation: int = 1,
    ceil_mode: bool = False,
    count_include_pad: bool = False,
) -> Array:
    """Each window's gradient is shared out evenly."""
    lifted = (_lift(pool_size, 1), _lift(strides, 1), _lift_padding(padding), _lift(dilation, 1), ceil_mode)
    return avg_pool2d_dx(_signal(dy), (x_shape[0], 1, *x_shape[1:]), *lifted, count_include_pad)[:, 0]


def global_avg_pool2d(x: ArrayLike, keepdims: bool = False) -> Array:
    """The mean over all pixels."""
    return np.asarray(np.mean(_f64(x), axis=(1, 2), keepdims=keepdims))


def global_avg_pool2d_dx(dy: ArrayLike, x_shape: tuple[int, ...]) -> Array:
    """dy / pixels, everywhere."""
    n, h, w, c = x_shape
    return np.broadcast_to(_f64(dy).reshape(n, 1, 1, c) / (h * w), x_shape).copy()


def global_max_pool2d(x: ArrayLike, keepdims: bool = False) -> Array:
    """The maximum over all pixels."""
    return np.asarray(np.max(_f64(x), axis=(1, 2), keepdims=keepdims))


def global_max_pool2d_dx(dy: ArrayLike, x: ArrayLike) -> Array:
    """dy at the first maximum, or the first NaN."""
    n, h, w, c = np.shape(x)
    first = np.argmax(_f64(x).reshape(n, h * w, c), axis=1)[:, None]
    dx: Array = np.zeros((n, h * w, c))
    np.put_along_axis(dx, first, _f64(dy).reshape(n, 1, c), axis=1)
    return dx.reshape(n, h, w, c)


def global_avg_pool1d(x: ArrayLike, keepdims: bool = False) -> Array:
    """The mean over all steps."""
    return np.asarray(np.mean(_f64(x), axis=1, keepdims=keepdims))


def global_avg_pool1d_dx(dy: ArrayLike, x_shape: tuple[int, ...]) -> Array:
    """dy / steps, everywhere."""
    return global_avg_pool2d_dx(dy, (x_shape[0], 1, *x_shape[1:]))[:, 0]


def global_max_pool1d(x: ArrayLike, keepdims: bool = False) -> Array:
    """The maximum over all steps."""
    return np.asarray(np.max(_f64(x), axis=1, keepdims=keepdims))


def global_max_pool1d_dx(dy: ArrayLike, x: ArrayLike) -> Array:
    """dy at the first maximum, or the first NaN."""
    return global_max_pool2d_dx(dy, _signal(x))[:, 0]


def _along_axes(x: ArrayLike, rows: Array, columns: Array) -> Array:
    """rows: (oh, h), columns: (ow, w); x (n, h, w, c) -> (n, oh, ow, c)."""
    by_rows = np.tensordot(rows, _f64(x), axes=(1, 1))  # (oh, n, w, c)
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
    (_, h, w, _), (oh, ow) = np.shape(x), _pair(output_size)
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
    (_, h, w, _), (oh, ow) = np.shape(x), _pair(size)
    return _along_axes(x, _sampling(h, oh, interpolation), _sampling(w, ow, interpolation))


def resize2d_dx(dy: ArrayLike, x_shape: tuple[int, int, int, int], interpolation: str = "bilinear") -> Array:
    """The transposed matrices."""
    _, oh, ow, _ = np.shape(dy)
    rows, columns = _sampling(x_shape[1], oh, interpolation), _sampling(x_shape[2], ow, interpolation)
    return _along_axes(dy, rows.T, columns.T)


def upsample2d(x: ArrayLike, size: Pair = (2, 2), interpolation: str = "nearest") -> Array:
    """Images enlarged by whole factors."""
    (_, h, w, _), (fh, fw) = np.shape(x), _pair(size)
    if interpolation == "nearest":
        return np.repeat(np.repeat(_f64(x), fh, axis=1), fw, axis=2)
    return resize2d(x, (h * fh, w * fw), interpolation)


def upsample2d_dx(dy: ArrayLike, size: Pair = (2, 2), interpolation: str = "nearest") -> Array:
    """Sums over the copies of each pixel."""
    (n, oh, ow, c), (fh, fw) = np.shape(dy), _pair(size)
    if interpolation == "nearest":
        return np.asarray(_f64(dy).reshape(n, oh // fh, fh, ow // fw, fw, c).sum(axis=(2, 4)))
    return resize2d_dx(dy, (n, oh // fh, ow // fw, c), interpolation)
