"""Operations that move numbers about and compute nothing: reshaping, joining, cutting, padding, repeating."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastcnn import kernels, reference
from fastcnn.seam import Primitive, Shape, apply, differentiable_nowhere, float_dtype, gradient_of
from fastcnn.tensor import Operators, Variable, convert_to_tensor

from . import arithmetic, creation, indexing, reductions

__all__ = [
    "broadcast_shapes",
    "broadcast_to",
    "concatenate",
    "expand_dims",
    "flatten",
    "flip",
    "moveaxis",
    "one_hot",
    "pad",
    "ravel",
    "repeat",
    "reshape",
    "split",
    "squeeze",
    "stack",
    "swapaxes",
    "tile",
    "to_channels_first",
    "to_channels_last",
    "transpose",
    "unstack",
]


def _tensor(x: Any) -> Any:
    return x if isinstance(x, Operators) else convert_to_tensor(x)


def _unchanging(x: Any) -> Any:
    """Not a variable: what shares its memory would change when the variable does."""
    return arithmetic.identity_primitive(x) if isinstance(x, Variable) else _tensor(x)


def _own_dtype(x: str, *others: str) -> str:
    return x


def _moving(name: str, kernel: Any, in_numpy: Callable[..., Any], shape: Callable[..., Any]) -> Primitive:
    """The kernels move float32; whatever else there is, NumPy moves."""

    def run(x: Any, *others: Any, **attrs: Any) -> Any:
        return (kernel if x.dtype == np.float32 else in_numpy)(x, *others, **attrs)

    return Primitive(name, run, in_numpy, shape, _own_dtype)


def broadcast_shapes(*shapes: Shape) -> Shape:
    """The shape that all of these broadcast to; None stands for a size that is not known yet.

    Example:
        >>> broadcast_shapes((None, 1, 3), (5, 1))
        (None, 5, 3)
    """
    ndim = max(len(shape) for shape in shapes)
    result: list[int | None] = []
    for sizes in zip(*[(1,) * (ndim - len(shape)) + tuple(shape) for shape in shapes], strict=True):
        large = {size for size in sizes if size != 1}
        known = large - {None}
        if len(known) > 1:
            raise ValueError(f"shapes {', '.join(map(str, shapes))} do not broadcast: sizes {sorted(known)} meet")
        result.append(known.pop() if known else None if large else 1)
    return tuple(result)


def reshape(x: Any, newshape: Any) -> Any:
    """The same elements in order, in another shape.

    Args:
        x: any tensor.
        newshape: an int or sizes; one may be -1. Where x is symbolic, None keeps the size at that place.

    Example:
        >>> reshape([1.0, 2.0, 3.0, 4.0], (2, -1)).numpy()
        array([[1., 2.],
               [3., 4.]], dtype=float32)
    """
    x = _unchanging(x)
    target = (newshape,) if isinstance(newshape, (int, np.integer)) else tuple(newshape)
    target = tuple(None if size is None else int(size) for size in target)
    if sum(size in (None, -1) for size in target) == 1:
        target = tuple(-1 if size is None else size for size in target)
    return apply(RESHAPE, (x,), {"shape": target})


def _reshape(x: Any, shape: Shape) -> Any:
    return np.reshape(x, [x.shape[i] if size is None else size for i, size in enumerate(shape)])


def _reshape_shape(x: Shape, shape: Shape) -> Shape:
    if shape.count(-1) > 1:
        raise ValueError(f"newshape may hold one -1, got {shape}")
    kept = [i for i, size in enumerate(shape) if size is None]
    if any(i >= len(x) for i in kept):
        raise ValueError(f"newshape {shape}: None keeps the size at its place, but x has {len(x)} dimensions: {x}")
    target = [x[i] if size is None else size for i, size in enumerate(shape)]
    free = [size for i, size in enumerate(x) if i not in kept]
    wanted = math.prod([size for size in shape if size not in (None, -1)])
    if None in free:
        return tuple(None if size == -1 else size for size in target)
    have = math.prod(free)  # type: ignore[arg-type]
    if have != wanted if -1 not in shape else wanted == 0 or have % wanted:
        raise ValueError(f"cannot reshape {x} to {shape}: {have} elements do not fit")
    return tuple(have // wanted if size == -1 else size for size in target)


RESHAPE = Primitive("reshape", _reshape, _reshape, _reshape_shape, _own_dtype)
RESHAPE_LIKE = Primitive(
    "reshape_like",
    lambda x, like: x.reshape(like.shape),
    lambda x, like: x.reshape(like.shape),
    lambda x, like: like,
    _own_dtype,
)


@gradient_of(RESHAPE)
def _reshape_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(RESHAPE_LIKE, (dy, inputs[0]), {}),)


@gradient_of(RESHAPE_LIKE)
def _reshape_like_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, None]:
    return apply(RESHAPE_LIKE, (dy, inputs[0]), {}) if needs[0] else None, None


def ravel(x: Any) -> Any:
    """All elements in one row.

    Example:
        >>> ravel([[1.0], [2.0]]).numpy()
        array([1., 2.], dtype=float32)
    """
    return reshape(x, (-1,))


flatten = ravel


def squeeze(x: Any, axis: Any = None) -> Any:
    """Without the axes of size 1.

    Args:
        x: any tensor.
        axis: one axis or several; None: all whose size is 1.

    Example:
        >>> squeeze([[1.0], [2.0]]).numpy()
        array([1., 2.], dtype=float32)
    """
    x = _unchanging(x)
    if axis is None:
        axes = tuple(i for i, size in enumerate(x.shape) if size == 1)
    else:
        axes = reductions.normalized_axes(axis, len(x.shape))
    for a in axes:
        if x.shape[a] not in (1, None):
            raise ValueError(f"squeeze: axis {a} of shape {x.shape} has size {x.shape[a]}, expected 1")
    return apply(SQUEEZE, (x,), {"axis": axes})


def _squeeze_shape(x: Shape, axis: tuple[int, ...]) -> Shape:
    return tuple(size for i, size in enumerate(x) if i not in axis)


def expand_dims(x: Any, axis: Any) -> Any:
    """With new axes of size 1.

    Args:
        x: any tensor.
        axis: where they stand in the result; one or several.

    Example:
        >>> expand_dims([1.0, 2.0], -1).shape
        (2, 1)
    """
    x = _unchanging(x)
    count = 1 if isinstance(axis, (int, np.integer)) else len(axis)
    return apply(EXPAND_DIMS, (x,), {"axis": reductions.normalized_axes(axis, len(x.shape) + count)})


def _expand_shape(x: Shape, axis: tuple[int, ...]) -> Shape:
    sizes = iter(x)
    return tuple(1 if i in axis else next(sizes) for i in range(len(x) + len(axis)))


SQUEEZE = Primitive("squeeze", np.squeeze, np.squeeze, _squeeze_shape, _own_dtype)
EXPAND_DIMS = Primitive("expand_dims", np.expand_dims, np.expand_dims, _expand_shape, _own_dtype)


@gradient_of(SQUEEZE)
def _squeeze_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(EXPAND_DIMS, (dy,), attrs),)


@gradient_of(EXPAND_DIMS)
def _expand_dims_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(SQUEEZE, (dy,), attrs),)


def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """The axes in another order.

    Args:
        x: any tensor.
        axes: axis i of the result is axis ``axes[i]`` of x; None reverses them.

    Example:
        >>> transpose([[1.0, 2.0]]).shape
        (2, 1)
    """
    x = _tensor(x)
    ndim = len(x.shape)
    order = tuple(range(ndim))[::-1] if axes is None else tuple(a % ndim if -ndim <= a < ndim else a for a in axes)
    if sorted(order) != list(range(ndim)):
        raise ValueError(f"axes must name each of the {ndim} axes of shape {x.shape} once, got {axes}")
    return apply(TRANSPOSE, (x,), {"axes": order})


TRANSPOSE = _moving(
    "transpose",
    kernels.transpose,
    lambda x, axes: np.ascontiguousarray(np.transpose(x, axes)),
    lambda x, axes: tuple(x[a] for a in axes),
)


@gradient_of(TRANSPOSE)
def _transpose_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(TRANSPOSE, (dy,), {"axes": tuple(np.argsort(attrs["axes"]).tolist())}),)


def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """Axes moved to other places; the rest keep their order.

    Example:
        >>> from fastcnn.ops import ones
        >>> moveaxis(ones((1, 2, 3)), 0, -1).shape
        (2, 3, 1)
    """
    x = _tensor(x)
    ndim = len(x.shape)
    sources, destinations = [
        [a % ndim for a in ([given] if isinstance(given, int) else given)] for given in (source, destination)
    ]
    order = [a for a in range(ndim) if a not in sources]
    for to, a in sorted(zip(destinations, sources, strict=True)):
        order.insert(to, a)
    return transpose(x, order)


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged.

    Example:
        >>> from fastcnn.ops import ones
        >>> swapaxes(ones((1, 2, 3)), 0, 2).shape
        (3, 2, 1)
    """
    x = _tensor(x)
    order = list(range(len(x.shape)))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return transpose(x, order)


def to_channels_last(x: Any) -> Any:
    """The channels moved from axis 1 to the end.

    Example:
        >>> from fastcnn.ops import ones
        >>> to_channels_last(ones((1, 3, 5, 4))).shape
        (1, 5, 4, 3)
    """
    return moveaxis(x, 1, -1)


def to_channels_first(x: Any) -> Any:
    """The channels moved from the end to axis 1.

    Example:
        >>> from fastcnn.ops import ones
        >>> to_channels_first(ones((1, 5, 4, 3))).shape
        (1, 3, 5, 4)
    """
    return moveaxis(x, -1, 1)


def concatenate(xs: Sequence[Any], axis: int = 0) -> Any:
    """Tensors joined along an axis.

    Args:
        xs: one or more, of one shape but for the axis.
        axis: the axis to join.

    Example:
        >>> concatenate([[1.0], [2.0, 3.0]]).numpy()
        array([1., 2., 3.], dtype=float32)
    """
    tensors = tuple(_tensor(x) for x in xs)
    if not tensors:
        raise ValueError("concatenate needs at least one tensor, got none")
    return apply(CONCATENATE, tensors, {"axis": reductions.normalized_axes(axis, len(tensors[0].shape))[0]})


def _joined(*arrays: Any, axis: int) -> Any:
    return np.concatenate(arrays, axis)


def _join(*arrays: Any, axis: int) -> Any:
    return kernels.concat(arrays, axis) if all(a.dtype == np.float32 for a in arrays) else _joined(*arrays, axis=axis)


def _joined_shape(*shapes: Shape, axis: int) -> Shape:
    result = list(shapes[0])
    for shape in shapes[1:]:
        if len(shape) != len(result):
            raise ValueError(f"concatenate: shapes {', '.join(map(str, shapes))} differ in their number of axes")
        for i, size in enumerate(shape):
            if i == axis:
                before = result[i]
                result[i] = None if size is None or before is None else before + size
            elif result[i] is None:
                result[i] = size
            elif size is not None and size != result[i]:
                raise ValueError(f"concatenate: shapes {', '.join(map(str, shapes))} differ beside axis {axis}")
    return tuple(result)


def _common_dtype(*dtypes: str) -> str:
    return "float" if any(d.startswith("float") for d in dtypes) else np.result_type(*dtypes).name


CONCATENATE = Primitive("concatenate", _join, _joined, _joined_shape, _common_dtype)
# Cuts as concatenate has joined: needs the inputs for their sizes only, which a symbolic batch does not tell earlier.
SPLIT_LIKE = Primitive(
    "split_like",
    lambda dy, *likes, axis: tuple(_pieces(dy, [like.shape[axis] for like in likes], axis)),
    lambda dy, *likes, axis: tuple(_pieces(dy, [like.shape[axis] for like in likes], axis)),
    lambda dy, *likes, axis: [tuple(like) for like in likes],
    _own_dtype,
)


def _pieces(x: Any, sizes: list[int], axis: int) -> list[Any]:
    return [np.ascontiguousarray(piece) for piece in np.split(x, np.cumsum(sizes)[:-1].tolist(), axis)]


@gradient_of(CONCATENATE)
def _concatenate_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, ...]:
    return apply(SPLIT_LIKE, (dy, *inputs), attrs)


def _filled(dys: Any, outputs: Any) -> tuple[Any, ...]:
    return tuple(creation.zeros_like(y) if dy is None else dy for dy, y in zip(dys, outputs, strict=True))


@gradient_of(SPLIT_LIKE)
def _split_like_gradient(dys: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, ...]:
    return (apply(CONCATENATE, _filled(dys, outputs), attrs), *[None] * (len(inputs) - 1))


def split(x: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Any]:
    """Cut into pieces along an axis.

    Args:
        x: any tensor.
        indices_or_sections: how many equal pieces, or where to cut.
        axis: the axis to cut.

    Returns:
        A list of tensors.

    Example:
        >>> [piece.shape for piece in split([1.0, 2.0, 3.0], [1])]
        [(1,), (2,)]
    """
    x = _tensor(x)
    axis = reductions.normalized_axes(axis, len(x.shape))[0]
    size = x.shape[axis]
    if size is None:
        raise ValueError(f"split: axis {axis} of shape {x.shape} is not known yet; it cannot be cut")
    if isinstance(indices_or_sections, (int, np.integer)):
        if indices_or_sections < 1 or size % indices_or_sections:
            raise ValueError(f"split: {size} elements cannot be cut into {indices_or_sections} equal pieces")
        step = size // int(indices_or_sections)
        cuts = (
            tuple(range(step, step * int(indices_or_sections), step)) if step else (0,) * (int(indices_or_sections) - 1)
        )
    else:
        cuts = tuple(int(cut) for cut in indices_or_sections)
    return list(apply(SPLIT, (x,), {"cuts": cuts, "axis": axis}))


def _split(x: Any, cuts: tuple[int, ...], axis: int) -> tuple[Any, ...]:
    return tuple(np.array(piece, order="C") for piece in np.split(x, list(cuts), axis))


def _split_shapes(x: Shape, cuts: tuple[int, ...], axis: int) -> list[Shape]:
    size = x[axis]
    assert size is not None
    ends = [range(size)[slice(a, b)] for a, b in zip((0, *cuts), (*cuts, None), strict=True)]
    return [(*x[:axis], len(piece), *x[axis + 1 :]) for piece in ends]


SPLIT = Primitive("split", _split, _split, _split_shapes, _own_dtype)


@gradient_of(SPLIT)
def _split_gradient(dys: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(CONCATENATE, _filled(dys, outputs), {"axis": attrs["axis"]}),)


def stack(x: Sequence[Any], axis: int = 0) -> Any:
    """Tensors of one shape side by side along a new axis.

    Example:
        >>> stack([[1.0, 2.0], [3.0, 4.0]], axis=1).numpy()
        array([[1., 3.],
               [2., 4.]], dtype=float32)
    """
    return concatenate([expand_dims(t, axis) for t in x], axis)


def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Any]:
    """The slices along an axis, without that axis.

    Args:
        x: any tensor.
        num: how many there are; needed only where the size is not known yet.
        axis: the axis that goes.

    Example:
        >>> [float(t) for t in unstack([1.0, 2.0])]
        [1.0, 2.0]
    """
    x = _tensor(x)
    size = x.shape[axis]
    if num is not None and size is not None and num != size:
        raise ValueError(f"num must be the size of axis {axis}, {size}, got {num}")
    if size is None:
        raise ValueError(f"unstack: axis {axis} of shape {x.shape} is not known yet")
    return [squeeze(piece, axis) for piece in split(x, size, axis)] if size else []


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
    x = _tensor(x)
    if mode not in ("constant", "reflect", "symmetric", "edge"):
        raise ValueError(f"mode must be 'constant', 'reflect', 'symmetric' or 'edge', got {mode!r}")
    if constant_values is not None and mode != "constant":
        raise ValueError(f"constant_values belongs to mode='constant', got mode={mode!r}")
    pairs = np.broadcast_to(np.asarray(pad_width, np.int64), (len(x.shape), 2)).tolist()
    attrs = {"paddings": tuple(map(tuple, pairs)), "mode": mode, "constant_values": float(constant_values or 0.0)}
    return apply(PAD, (x,), attrs)


def _numpy_pad(x: Any, paddings: Any, mode: str, constant_values: float) -> Any:
    options: dict[str, Any] = {"constant_values": x.dtype.type(constant_values)} if mode == "constant" else {}
    return np.pad(x, paddings, mode, **options)  # type: ignore[call-overload]


def _pad_shape(x: Shape, paddings: Any, mode: str, constant_values: float = 0.0) -> Shape:
    return tuple(None if size is None else size + a + b for size, (a, b) in zip(x, paddings, strict=True))


PAD = _moving("pad", kernels.pad, _numpy_pad, _pad_shape)
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


def flip(x: Any, axis: Any = None) -> Any:
    """The elements in reverse order along some axes; all of them for None.

    Example:
        >>> flip([1.0, 2.0]).numpy()
        array([2., 1.], dtype=float32)
    """
    x = _tensor(x)
    return apply(FLIP, (x,), {"axis": reductions.normalized_axes(axis, len(x.shape))})


FLIP = _moving("flip", kernels.flip, lambda x, axis: np.ascontiguousarray(np.flip(x, axis)), lambda x, axis: x)


@gradient_of(FLIP)
def _flip_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(FLIP, (dy,), attrs),)


def tile(x: Any, repeats: Any) -> Any:
    """The tensor as a whole, repeated along each axis.

    Args:
        x: any tensor.
        repeats: how often; one number an axis, of the last axes where there are fewer.

    Example:
        >>> tile([1.0, 2.0], 2).numpy()
        array([1., 2., 1., 2.], dtype=float32)
    """
    x = _tensor(x)
    counts = (int(repeats),) if isinstance(repeats, (int, np.integer)) else tuple(int(r) for r in repeats)
    missing = len(counts) - len(x.shape)
    if missing > 0:
        x = expand_dims(x, tuple(range(missing)))
    return apply(TILE, (x,), {"repeats": (1,) * -missing + counts})


def _times(size: int | None, count: int) -> int | None:
    return None if size is None else size * count


TILE = _moving(
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
    x = _tensor(x)
    if axis is None:
        x, axis = ravel(x), 0
    axis = reductions.normalized_axes(axis, len(x.shape))[0]
    counts = np.asarray(repeats)
    if counts.size != 1:
        return indexing.take(x, np.repeat(np.arange(counts.size), counts), axis)
    return apply(REPEAT, (x,), {"repeats": int(counts.item()), "axis": axis})


REPEAT = _moving(
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
    return apply(BROADCAST_TO, (_tensor(x),), {"shape": tuple(shape)})


def _broadcast_to(x: Any, shape: Shape) -> Any:
    new = len(shape) - x.ndim
    return np.broadcast_to(x, [x.shape[i - new] if size is None else size for i, size in enumerate(shape)]).copy()


def _broadcast_to_shape(x: Shape, shape: Shape) -> Shape:
    result = broadcast_shapes(x, shape)
    if any(a is not None and a != b for a, b in zip(shape, result, strict=len(shape) == len(result))):
        raise ValueError(f"shape {x} cannot be broadcast to {shape}")
    return result


BROADCAST_TO = Primitive("broadcast_to", _broadcast_to, _broadcast_to, _broadcast_to_shape, _own_dtype)


@gradient_of(BROADCAST_TO)
def _broadcast_to_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (reductions.unbroadcast(dy, inputs[0]),)


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: str | None = None, sparse: bool = False) -> Any:
    """A 1 at the class, 0 elsewhere; nothing but 0 where the class does not exist.

    Args:
        x: integers.
        num_classes: how many classes there are.
        axis: where the classes stand in the result.
        dtype: of the result; ``floatx()`` unless given.
        sparse: only False is supported.

    Example:
        >>> one_hot([1, 0], 2).numpy()
        array([[0., 1.],
               [1., 0.]], dtype=float32)
    """
    if sparse:
        raise NotImplementedError("sparse=True is not supported; leave it out")
    x = _tensor(x)
    if x.dtype.startswith("float") or x.dtype == "bool":
        raise ValueError(f"one_hot: x must hold integers, got {x.dtype}")
    y = apply(ONE_HOT, (x,), {"num_classes": int(num_classes)})
    if axis not in (-1, len(x.shape)):
        y = moveaxis(y, -1, axis)
    return y if dtype is None else arithmetic.cast(y, dtype)


def _one_hot(x: Any, num_classes: int) -> Any:
    if x.size and x.min() >= 0 and x.max() < num_classes and float_dtype() == np.float32:
        return kernels.one_hot(x, num_classes)
    return (x[..., None] == np.arange(num_classes)).astype(float_dtype())


ONE_HOT = Primitive("one_hot", _one_hot, _one_hot, lambda x, num_classes: (*x, num_classes))
ONE_HOT.gradient = differentiable_nowhere
