"""Depthwise convolution and its gradients in float64."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .arguments import pair

__all__ = [
    "depthwise_conv1d",
    "depthwise_conv1d_dw",
    "depthwise_conv1d_dx",
    "depthwise_conv2d",
    "depthwise_conv2d_db",
    "depthwise_conv2d_dw",
    "depthwise_conv2d_dx",
    "separable_conv2d",
]

Array = np.ndarray[Any, Any]
Pair = int | tuple[int, int]
Padding = str | int | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]]
Ends = tuple[int, int]

_ACTIVATIONS: dict[str | None, Callable[[Array], Array]] = {
    None: lambda y: y,
    "linear": lambda y: y,
    "relu": lambda y: np.maximum(y, 0),
    "relu6": lambda y: np.clip(y, 0, 6),
}


def _ends(padding: Padding, axis: int, size: int, kernel: int, stride: int, dilation: int) -> Ends:
    """Cells of zeros before and after an axis."""
    if padding == "valid":
        return 0, 0
    if padding == "same":
        need = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
        return need // 2, need - need // 2
    assert not isinstance(padding, str)
    both = (padding, padding) if isinstance(padding, int) else padding
    ends = both[axis]
    return (ends, ends) if isinstance(ends, int) else ends


class _Taps:
    """Where the filter's taps read in the padded x."""

    def __init__(
        self, x_shape: tuple[int, ...], w_shape: tuple[int, ...], strides: Pair, padding: Padding, dilation: Pair
    ) -> None:
        self.kernel, self.strides, self.dilation = w_shape[:2], pair(strides), pair(dilation)
        size = x_shape[1:3]
        self.ends = [_ends(padding, a, size[a], self.kernel[a], self.strides[a], self.dilation[a]) for a in range(2)]
        self.padded = [size[a] + sum(self.ends[a]) for a in range(2)]
        reach = [(self.kernel[a] - 1) * self.dilation[a] + 1 for a in range(2)]
        self.result = [(self.padded[a] - reach[a]) // self.strides[a] + 1 for a in range(2)]

    def pad(self, x: Array) -> Array:
        return np.pad(x, ((0, 0), *self.ends, (0, 0)))

    def crop(self, x: Array) -> Array:
        (top, bottom), (left, right) = self.ends
        return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right]

    def __iter__(self) -> Iterator[tuple[int, int, tuple[slice, slice, slice]]]:
        for i in range(self.kernel[0]):
            for j in range(self.kernel[1]):
                rows, columns = (
                    slice(k * d, k * d + (o - 1) * s + 1, s)
                    for k, d, o, s in zip((i, j), self.dilation, self.result, self.strides, strict=True)
                )
                yield i, j, (slice(None), rows, columns)


def depthwise_conv2d(
    x: ArrayLike,
    w: ArrayLike,
    bias: ArrayLike | None = None,
    strides: Pair = (1, 1),
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
    activation: str | None = None,
) -> Array:
    """Convolves every input channel with m filters of its own."""
    x, w = np.asarray(x, np.float64), np.asarray(w, np.float64)
    taps = _Taps(x.shape, w.shape, strides, padding, dilation)
    n, c, m = x.shape[0], x.shape[3], w.shape[3]
    y = np.zeros((n, *taps.result, c, m))
    padded = taps.pad(x)[..., None]
    for i, j, window in taps:
        y += padded[window] * w[i, j]
    y = y.reshape(n, *taps.result, c * m)
    if bias is not None:
        y += np.asarray(bias, np.float64)
    return _ACTIVATIONS[activation](y)


def depthwise_conv2d_dx(
    dy: ArrayLike,
    w: ArrayLike,
    x_shape: tuple[int, ...],
    strides: Pair = (1, 1),
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
) -> Array:
    """Every tap's share of dy goes back to where the tap read."""
    dy, w = np.asarray(dy, np.float64), np.asarray(w, np.float64)
    taps = _Taps(x_shape, w.shape, strides, padding, dilation)
    dy = dy.reshape(*dy.shape[:3], *w.shape[2:])
    padded = np.zeros((x_shape[0], *taps.padded, x_shape[3]))
    for i, j, window in taps:
        padded[window] += (dy * w[i, j]).sum(-1)
    return taps.crop(padded)


def depthwise_conv2d_dw(
    x: ArrayLike,
    dy: ArrayLike,
    w_shape: tuple[int, ...],
    strides: Pair = (1, 1),
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
) -> Array:
    """Every tap meets what it read with dy."""
    x, dy = np.asarray(x, np.float64), np.asarray(dy, np.float64)
    taps = _Taps(x.shape, w_shape, strides, padding, dilation)
    dy = dy.reshape(*dy.shape[:3], *w_shape[2:])
    dw = np.zeros(w_shape)
    padded = taps.pad(x)[..., None]
    for i, j, window in taps:
        dw[i, j] = (padded[window] * dy).sum((0, 1, 2))
    return dw


def depthwise_conv2d_db(dy: ArrayLike) -> Array:
    """The sums over everything but the channels."""
    dy = np.asarray(dy, np.float64)
    return np.asarray(dy.sum(tuple(range(dy.ndim - 1))))


def _row_padding(padding: str | int | Ends) -> Padding:
    if isinstance(padding, str):
        return padding
    return (0, 0), ((padding, padding) if isinstance(padding, int) else padding)


def depthwise_conv1d(
    x: ArrayLike,
    w: ArrayLike,
    bias: ArrayLike | None = None,
    strides: int = 1,
    padding: str | int | Ends = "valid",
    dilation: int = 1,
    activation: str | None = None,
) -> Array:
    """An image of one row."""
    x, w, pad = np.asarray(x)[:, None], np.asarray(w)[None], _row_padding(padding)
    return depthwise_conv2d(x, w, bias, (1, strides), pad, (1, dilation), activation)[:, 0]


def depthwise_conv1d_dx(
    dy: ArrayLike,
    w: ArrayLike,
    x_shape: tuple[int, ...],
    strides: int = 1,
    padding: str | int | Ends = "valid",
    dilation: int = 1,
) -> Array:
    """An image of one row."""
    dy, w, shape = np.asarray(dy)[:, None], np.asarray(w)[None], (x_shape[0], 1, *x_shape[1:])
    return depthwise_conv2d_dx(dy, w, shape, (1, strides), _row_padding(padding), (1, dilation))[:, 0]


def depthwise_conv1d_dw(
    x: ArrayLike,
    dy: ArrayLike,
    w_shape: tuple[int, ...],
    strides: int = 1,
    padding: str | int | Ends = "valid",
    dilation: int = 1,
) -> Array:
    """An image of one row."""
    x, dy, shape = np.asarray(x)[:, None], np.asarray(dy)[:, None], (1, *w_shape)
    return depthwise_conv2d_dw(x, dy, shape, (1, strides), _row_padding(padding), (1, dilation)).reshape(w_shape)


def separable_conv2d(
    x: ArrayLike,
    depthwise_kernel: ArrayLike,
    pointwise_kernel: ArrayLike,
    bias: ArrayLike | None = None,
    strides: Pair = (1, 1),
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
    activation: str | None = None,
) -> Array:
    """A depthwise convolution, then a matrix product over the channels."""
    middle = depthwise_conv2d(x, depthwise_kernel, None, strides, padding, dilation)
    y = middle @ np.asarray(pointwise_kernel, np.float64)[0, 0]
    if bias is not None:
        y = y + np.asarray(bias, np.float64)
    return _ACTIVATIONS[activation](y)
