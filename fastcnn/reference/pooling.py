"""Pooling of windows in NumPy and float64: a loop over the taps, sums or maxima of views of the padded input."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .arguments import f64, pair

__all__ = [
    "avg_pool1d",
    "avg_pool1d_dx",
    "avg_pool2d",
    "avg_pool2d_dx",
    "max_pool1d",
    "max_pool1d_dx",
    "max_pool2d",
    "max_pool2d_dx",
]

Array = np.ndarray[Any, Any]
Pair = int | tuple[int, int]
Padding = str | int | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]]


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
        size, apart = pair(pool_size), pair(dilation)
        step = size if strides is None else pair(strides)
        if isinstance(padding, str):
            around: Any = (padding, padding)
        else:
            around = tuple(pair(p) for p in pair(padding))
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
    x = f64(x)
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
        windows.view(big, i, j)[...] += np.where(np.asarray(indices) == i * windows.w.pool + j, f64(dy), 0.0)
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
    x = f64(x)
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
    share = f64(dy) / windows.counts(count_include_pad)
    for i, j in windows.taps():
        windows.view(big, i, j)[...] += share
    return windows.image(big).copy()


def _lift(value: Any, neutral: int) -> Any:
    """An argument of a one-dimensional pooling as that of a two-dimensional one over a single row."""
    return None if value is None else (neutral, value)


def _lift_padding(padding: Any) -> Any:
    if isinstance(padding, str):
        return padding
    return ((0, 0), pair(padding))


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
