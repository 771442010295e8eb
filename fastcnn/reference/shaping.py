"""Shapes, in NumPy."""

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "concat",
    "flip",
    "from_uint8",
    "nchw_to_nhwc",
    "nhwc_to_nchw",
    "one_hot",
    "pad",
    "pad_dx",
    "repeat",
    "slice",
    "slice_dx",
    "split",
    "stack",
    "take",
    "tile",
    "transpose",
]

Array = np.ndarray[Any, Any]
Bounds = Sequence[int | None] | None
Paddings = int | Sequence[int | Sequence[int]]


def concat(arrays: Sequence[ArrayLike], axis: int = 0) -> Array:
    """Arrays one after the other."""
    return np.concatenate([np.asarray(a) for a in arrays], axis=axis)


def stack(arrays: Sequence[ArrayLike], axis: int = 0) -> Array:
    """Arrays along a new axis."""
    return np.stack([np.asarray(a) for a in arrays], axis=axis)


def split(x: ArrayLike, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Array]:
    """The pieces of an array."""
    return [np.array(piece, order="C") for piece in np.split(np.asarray(x), indices_or_sections, axis=axis)]


def _slices(begin: Bounds, end: Bounds, strides: Bounds) -> tuple[builtins.slice, ...]:
    parts = [list(p or []) for p in (begin, end, strides)]
    longest = max(len(p) for p in parts)
    return tuple(
        builtins.slice(*bounds) for bounds in zip(*(p + [None] * (longest - len(p)) for p in parts), strict=True)
    )


def slice(x: ArrayLike, begin: Bounds, end: Bounds, strides: Bounds = None) -> Array:
    """x[begin:end:strides]."""
    return np.array(np.asarray(x)[_slices(begin, end, strides)], order="C")


def slice_dx(dy: ArrayLike, x_shape: Sequence[int], begin: Bounds, end: Bounds, strides: Bounds = None) -> Array:
    """Dy put into zeros."""
    dx = np.zeros(tuple(x_shape))
    dx[_slices(begin, end, strides)] = dy
    return dx


def _pairs(paddings: Paddings, ndim: int) -> list[tuple[int, int]]:
    each = [paddings] * ndim if isinstance(paddings, int) else paddings
    return [(p, p) if isinstance(p, int) else (p[0], p[1]) for p in each]


def pad(x: ArrayLike, paddings: Paddings, mode: str = "constant", constant_values: float = 0.0) -> Array:
    """np.pad."""
    x = np.asarray(x)
    if mode == "constant":
        return np.pad(x, _pairs(paddings, x.ndim), constant_values=constant_values)
    return np.pad(x, _pairs(paddings, x.ndim), mode=mode)  # type: ignore[call-overload]


def pad_dx(dy: ArrayLike, paddings: Paddings, mode: str = "constant") -> Array:
    """Dy added up, axis by axis, where np.pad took it from."""
    dx = np.asarray(dy, dtype=np.float64)
    for axis, (before, after) in enumerate(_pairs(paddings, dx.ndim)):
        n = dx.shape[axis] - before - after
        index = np.arange(n)
        source = (
            np.pad(index, (before, after), constant_values=n)
            if mode == "constant"
            else pad(index, [(before, after)], mode)
        )
        moved = np.moveaxis(dx, axis, 0)
        folded = np.zeros((n + 1, *moved.shape[1:]))
        np.add.at(folded, source, moved)
        dx = np.moveaxis(folded[:n], 0, axis)
    return np.array(dx, order="C")


def transpose(x: ArrayLike, axes: Sequence[int] | None = None) -> Array:
    """A contiguous copy with permuted axes."""
    return np.array(np.transpose(np.asarray(x), axes), order="C")


def nchw_to_nhwc(x: ArrayLike) -> Array:
    """Channels last."""
    return transpose(x, (0, 2, 3, 1))


def nhwc_to_nchw(x: ArrayLike) -> Array:
    """Channels first."""
    return transpose(x, (0, 3, 1, 2))


def flip(x: ArrayLike, axis: int | Sequence[int] | None = None) -> Array:
    """Reversed along some axes."""
    return np.array(np.flip(np.asarray(x), axis if axis is None or isinstance(axis, int) else tuple(axis)), order="C")


def tile(x: ArrayLike, repeats: int | Sequence[int]) -> Array:
    """np.tile."""
    return np.tile(np.asarray(x), repeats)


def repeat(x: ArrayLike, repeats: int, axis: int = 0) -> Array:
    """np.repeat."""
    return np.repeat(np.asarray(x), repeats, axis=axis)


def take(x: ArrayLike, indices: ArrayLike) -> Array:
    """x[indices]."""
    return np.asarray(x)[np.asarray(indices)]


def one_hot(x: ArrayLike, num_classes: int) -> Array:
    """Rows of the unit matrix."""
    return np.eye(num_classes)[np.asarray(x)]


def from_uint8(x: ArrayLike, scale: float = 1.0, offset: float = 0.0) -> Array:
    """x * scale + offset."""
    return np.asarray(x).astype(np.float64) * scale + offset
