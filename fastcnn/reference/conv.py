"""Convolution and its gradients in float64: one matrix product per tap of the filter."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn.reference.normalization import batch_norm_apply

__all__ = ["conv2d", "conv2d_dw", "conv2d_dx", "conv2d_padding"]

Array = np.ndarray[Any, Any]
Pair = int | tuple[int, int]
Padding = str | int | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]]
MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pair(value: Pair) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def conv2d_padding(
    size: tuple[int, int], kernel: tuple[int, int], strides: Pair, padding: Padding, dilation: Pair
) -> tuple[tuple[int, int], tuple[int, int]]:
    """((top, bottom), (left, right)) of any form of padding; "same" as TensorFlow has it.

    Args:
        size: height and width of the images.
        kernel: height and width of the window.
        strides: one number or two.
        padding: "valid", "same", one number, two, or a pair for each axis.
        dilation: one number or two.

    Example:
        >>> conv2d_padding((5, 5), (3, 2), 1, "same", 1)
        ((1, 1), (0, 1))
    """
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        sides = []
        for n, k, s, d in zip(size, kernel, pair(strides), pair(dilation), strict=True):
            need = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
            sides.append((need // 2, need - need // 2))
        return sides[0], sides[1]
    sides_given: Any = (padding, padding) if isinstance(padding, int) else padding
    h, w = sides_given
    return (h, h) if isinstance(h, int) else tuple(h), (w, w) if isinstance(w, int) else tuple(w)


def _taps(w_shape: tuple[int, ...], oh: int, ow: int, strides: Pair, dilation: Pair) -> Iterator[tuple[int, int, Any]]:
    """(r, s, index): under tap (r, s), output (i, j) sees padded[index][i, j]."""
    (sh, sw), (dh, dw) = pair(strides), pair(dilation)
    for r in range(w_shape[0]):
        for s in range(w_shape[1]):
            rows = slice(r * dh, r * dh + (oh - 1) * sh + 1, sh)
            columns = slice(s * dw, s * dw + (ow - 1) * sw + 1, sw)
            yield r, s, np.s_[:, rows, columns]


def _output(padded: Array, w_shape: tuple[int, ...], strides: Pair, dilation: Pair) -> tuple[int, int]:
    (sh, sw), (dh, dw) = pair(strides), pair(dilation)
    oh = (padded.shape[1] - (w_shape[0] - 1) * dh - 1) // sh + 1
    ow = (padded.shape[2] - (w_shape[1] - 1) * dw - 1) // sw + 1
    return oh, ow


def _grouped(x: Array, groups: int) -> Array:
    return x.reshape(*x.shape[:-1], groups, x.shape[-1] // groups)


def _read(x: ArrayLike, prologue: tuple[ArrayLike, str | None] | None) -> Array:
    """x as a convolution sees it."""
    if prologue is None:
        return np.asarray(x, np.float64)
    return batch_norm_apply(x, prologue[0], activation=prologue[1])


def conv2d(
    x: ArrayLike,
    w: ArrayLike,
    bias: ArrayLike | None = None,
    strides: Pair = (1, 1),
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
    groups: int = 1,
    padding_mode: str = "constant",
    padding_value: float = 0.0,
    prologue: tuple[ArrayLike, str | None] | None = None,
) -> Array:
    """y[n, i, j] = sum over taps of padded[n, i * stride + tap] @ w[tap] + bias."""
    x, w = _read(x, prologue), np.asarray(w, np.float64)
    sides = conv2d_padding(x.shape[1:3], w.shape[:2], strides, padding, dilation)
    fill = {"constant_values": padding_value} if padding_mode == "constant" else {}
    padded = np.pad(x, ((0, 0), *sides, (0, 0)), MODES[padding_mode], **fill)  # type: ignore[call-overload]
    oh, ow = _output(padded, w.shape, strides, dilation)
    filters = w.reshape(*w.shape[:3], groups, -1)  # (kh, kw, c / groups, groups, k / groups)
    y = np.zeros((x.shape[0], oh, ow, groups, filters.shape[-1]))
    for r, s, seen in _taps(w.shape, oh, ow, strides, dilation):
        for g in range(groups):
            y[..., g, :] += _grouped(padded[seen], groups)[..., g, :] @ filters[r, s, :, g]
    y = y.reshape(y.shape[0], oh, ow, -1)
    return y if bias is None else y + np.asarray(bias, np.float64)


def conv2d_dx(
    dy: ArrayLike,
    w: ArrayLike,
    x_shape: tuple[int, int, int, int],
    strides: Pair = (1, 1),
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
    groups: int = 1,
    padding_mode: str = "constant",
    residual: ArrayLike | None = None,
    gate: ArrayLike | None = None,
) -> Array:
    """Every dy is spread back over the window it came from."""
    dy, w = np.asarray(dy, np.float64), np.asarray(w, np.float64)
    (top, bottom), (left, right) = conv2d_padding(x_shape[1:3], w.shape[:2], strides, padding, dilation)
    n, h, width, c = x_shape
    padded = np.zeros((n, h + top + bottom, width + left + right, c))
    filters = w.reshape(*w.shape[:3], groups, -1)
    for r, s, seen in _taps(w.shape, dy.shape[1], dy.shape[2], strides, dilation):
        for g in range(groups):
            _grouped(padded, groups)[seen][..., g, :] += _grouped(dy, groups)[..., g, :] @ filters[r, s, :, g].T
    if padding_mode != "constant":
        return _folded(_folded(padded, 1, h, (top, bottom), padding_mode), 2, width, (left, right), padding_mode)
    dx = padded[:, top : top + h, left : left + width]
    if residual is not None:
        dx = dx + np.asarray(residual, np.float64)
    if gate is None:
        return dx
    gate = np.asarray(gate, np.float64)
    return np.where(np.isnan(gate), gate, np.where(gate > 0, dx, 0))


def _folded(padded: Array, axis: int, size: int, sides: tuple[int, int], padding_mode: str) -> Array:
    """What fell on the padding, added to the cells that the padding repeats."""
    cells = np.pad(np.arange(size), sides, MODES[padding_mode])  # type: ignore[call-overload]
    rest = np.moveaxis(padded, axis, 0)
    folded = np.zeros((size, *rest.shape[1:]))
    np.add.at(folded, cells, rest)
    return np.moveaxis(folded, 0, axis)


def conv2d_dw(
    x: ArrayLike,
    dy: ArrayLike,
    w_shape: tuple[int, int, int, int],
    strides: Pair = (1, 1),
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
    groups: int = 1,
    padding_mode: str = "constant",
    padding_value: float = 0.0,
    prologue: tuple[ArrayLike, str | None] | None = None,
    return_db: bool = False,
) -> Any:
    """dw[tap] = the windows' pixels under the tap, transposed, times dy; db the sum of dy over its pixels."""
    x, dy = _read(x, prologue), np.asarray(dy, np.float64)
    sides = conv2d_padding(x.shape[1:3], w_shape[:2], strides, padding, dilation)
    fill = {"constant_values": padding_value} if padding_mode == "constant" else {}
    padded = np.pad(x, ((0, 0), *sides, (0, 0)), MODES[padding_mode], **fill)  # type: ignore[call-overload]
    dw = np.zeros((*w_shape[:3], groups, w_shape[3] // groups))
    for r, s, seen in _taps(w_shape, dy.shape[1], dy.shape[2], strides, dilation):
        for g in range(groups):
            windows = _grouped(padded[seen], groups)[..., g, :].reshape(-1, w_shape[2])
            dw[r, s, :, g] = windows.T @ _grouped(dy, groups)[..., g, :].reshape(len(windows), -1)
    return (dw.reshape(w_shape), dy.sum((0, 1, 2))) if return_db else dw.reshape(w_shape)
