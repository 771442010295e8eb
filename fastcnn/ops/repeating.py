"""Tensors made larger: padded, tiled, repeated, broadcast."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn import kernels, reference
from fastcnn.seam import Primitive, Shape, apply, gradient_of

from . import indexing, reductions, shaping
from .operands import as_tensor, broadcast_shapes, moving, normalized_axes, own_dtype

__all__ = [
    "broadcast_to",
    "pad",
    "repeat",
    "tile",
]


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: float | None = None) -> Any:
    """More elements at the ends of axes.

    Args:
        x: any tensor.
        pad_width: a number for all, (before, after) for all, or one such pair an axis.
        mode: "constant", "reflect", "symmetric" or "edge".
        constant_values: what a constant padding consists of; 0 unless given.

    Example:
        >>> pad([1.0, 2.0], (1, 0)).numpy()
        array([0., 1., 2.], dtype=float32)
    """
    x = as_tensor(x)
    if mode not in ("constant", "reflect", "symmetric", "edge"):
        raise ValueError(f"mode must be 'constant', 'reflect', 'symmetric' or 'edge', got {mode!r}")
    if constant_values is not None and mode != "constant":
        raise ValueError(f"constant_values belongs to mode='constant', got mode={mode!r}")
    widths = np.asarray(pad_width, np.int64)
    if widths.shape not in ((), (1,), (2,), (1, 2), (len(x.shape), 2)):
        raise ValueError(f"pad_width must be a number, a pair or {len(x.shape)} pairs, got {pad_width}")
    if widths.min(initial=0) < 0:
        raise ValueError(f"pad_width must not be negative, got {pad_width}")
    pairs = np.broadcast_to(widths, (len(x.shape), 2)).tolist()
    attrs = {"paddings": tuple(map(tuple, pairs)), "mode": mode, "constant_values": float(constant_values or 0.0)}
    return apply(PAD, (x,), attrs)


def _numpy_pad(x: Any, paddings: Any, mode: str, constant_values: float) -> Any:
    options: dict[str, Any] = {"constant_values": x.dtype.type(constant_values)} if mode == "constant" else {}
    return np.pad(x, paddings, mode, **options)  # type: ignore[call-overload]


def _pad_shape(x: Shape, paddings: Any, mode: str, constant_values: float = 0.0) -> Shape:
    return tuple(None if size is None else size + a + b for size, (a, b) in zip(x, paddings, strict=True))


PAD = moving("pad", kernels.pad, _numpy_pad, _pad_shape)
PAD_DX = Primitive(
    "pad_dx",
    kernels.pad_dx,
    reference.pad_dx,
    lambda dy, paddings, mode: tuple(
        None if size is None else size - a - b for size, (a, b) in zip(dy, paddings, strict=True)
    ),
)


@gradient_of(PAD)
def _pad_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(PAD_DX, (dy,), {"paddings": attrs["paddings"], "mode": attrs["mode"]}),)


@gradient_of(PAD_DX)
def _pad_dx_gradient(g: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(PAD, (g,), {**attrs, "constant_values": 0.0}),)


def tile(x: Any, repeats: Any) -> Any:
    """The tensor as a whole, repeated along each axis.

    Args:
        x: any tensor.
        repeats: how often; one number an axis, of the last axes where there are fewer.

    Example:
        >>> tile([1.0, 2.0], 2).numpy()
        array([1., 2., 1., 2.], dtype=float32)
    """
    x = as_tensor(x)
    counts = (int(repeats),) if isinstance(repeats, (int, np.integer)) else tuple(int(r) for r in repeats)
    if min(counts, default=0) < 0:
        raise ValueError(f"repeats must not be negative, got {repeats}")
    missing = len(counts) - len(x.shape)
    if missing > 0:
        x = shaping.expand_dims(x, tuple(range(missing)))
    return apply(TILE, (x,), {"repeats": (1,) * -missing + counts})


def _times(size: int | None, count: int) -> int | None:
    return None if size is None else size * count


TILE = moving(
    "tile",
    kernels.tile,
    lambda x, repeats: np.tile(x, repeats),
    lambda x, repeats: tuple(_times(s, r) for s, r in zip(x, repeats, strict=True)),
)


def _tile_dx(dy: Any, x: Any, repeats: tuple[int, ...]) -> Any:
    pairs = [n for pair in zip(repeats, x.shape, strict=True) for n in pair]
    return np.asarray(dy.reshape(pairs).sum(tuple(range(0, len(pairs), 2))), dy.dtype)


TILE_DX = Primitive("tile_dx", _tile_dx, _tile_dx, lambda dy, x, repeats: x)


@gradient_of(TILE)
def _tile_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(TILE_DX, (dy, inputs[0]), attrs),)


@gradient_of(TILE_DX)
def _tile_dx_gradient(g: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, None]:
    return apply(TILE, (g,), attrs), None


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Every element repeated.

    Args:
        x: any tensor.
        repeats: how often; one number, or one an element of the axis.
        axis: the axis; None repeats the elements of the flattened tensor.

    Example:
        >>> repeat([1.0, 2.0], 2).numpy()
        array([1., 1., 2., 2.], dtype=float32)
    """
    x = as_tensor(x)
    if axis is None:
        x, axis = shaping.ravel(x), 0
    axis = normalized_axes(axis, len(x.shape))[0]
    counts = np.asarray(repeats)
    if counts.min(initial=0) < 0:
        raise ValueError(f"repeats must not be negative, got {repeats}")
    if counts.size not in (1, x.shape[axis]):
        raise ValueError(
            f"repeats must be one number or {x.shape[axis]}, one an element of axis {axis}, got {counts.size}"
        )
    if counts.size != 1:
        return indexing.take(x, np.repeat(np.arange(counts.size), counts), axis)
    return apply(REPEAT, (x,), {"repeats": int(counts.item()), "axis": axis})


REPEAT = moving(
    "repeat",
    kernels.repeat,
    np.repeat,
    lambda x, repeats, axis: (*x[:axis], _times(x[axis], repeats), *x[axis + 1 :]),
)


def _repeat_dx(dy: Any, x: Any, repeats: int, axis: int) -> Any:
    grouped = dy.reshape(*x.shape[: axis + 1], repeats, *x.shape[axis + 1 :])
    return np.asarray(grouped.sum(axis + 1), dy.dtype)


REPEAT_DX = Primitive("repeat_dx", _repeat_dx, _repeat_dx, lambda dy, x, repeats, axis: x)


@gradient_of(REPEAT)
def _repeat_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(REPEAT_DX, (dy, inputs[0]), attrs),)


@gradient_of(REPEAT_DX)
def _repeat_dx_gradient(g: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, None]:
    return apply(REPEAT, (g,), attrs), None


def broadcast_to(x: Any, shape: Sequence[int | None]) -> Any:
    """Repeated along axes of size 1 and new ones in front, up to a shape.

    Args:
        x: any tensor.
        shape: the sizes; None keeps that of x.

    Example:
        >>> broadcast_to([1.0, 2.0], (2, 2)).numpy()
        array([[1., 2.],
               [1., 2.]], dtype=float32)
    """
    return apply(BROADCAST_TO, (as_tensor(x),), {"shape": tuple(shape)})


def _broadcast_to(x: Any, shape: Shape) -> Any:
    new = len(shape) - x.ndim
    return np.broadcast_to(x, [x.shape[i - new] if size is None else size for i, size in enumerate(shape)]).copy()


def _broadcast_to_shape(x: Shape, shape: Shape) -> Shape:
    result = broadcast_shapes(x, shape)
    if any(a is not None and a != b for a, b in zip(shape, result, strict=len(shape) == len(result))):
        raise ValueError(f"shape {x} cannot be broadcast to {shape}")
    return result


BROADCAST_TO = Primitive("broadcast_to", _broadcast_to, _broadcast_to, _broadcast_to_shape, own_dtype)


@gradient_of(BROADCAST_TO)
def _broadcast_to_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (reductions.unbroadcast(dy, inputs[0]),)
