"""Tensors joined, and cut into pieces."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.seam import Primitive, Shape, apply, gradient_of, state

from . import creation, shaping
from .operands import as_tensor, normalized_axes, own_dtype

__all__ = [
    "concatenate",
    "split",
    "stack",
    "unstack",
]


def concatenate(xs: Sequence[Any], axis: int = 0) -> Any:
    """Tensors joined along an axis.

    Args:
        xs: one or more, of one shape but for the axis.
        axis: the axis to join.

    Example:
        >>> concatenate([[1.0], [2.0, 3.0]]).numpy()
        array([1., 2., 3.], dtype=float32)
    """
    tensors = tuple(as_tensor(x) for x in xs)
    if not tensors:
        raise ValueError("concatenate needs at least one tensor, got none")
    return apply(CONCATENATE, tensors, {"axis": normalized_axes(axis, len(tensors[0].shape))[0]})


def _joined(*arrays: Any, axis: int) -> Any:
    return np.concatenate(arrays, axis)


def _join(*arrays: Any, axis: int) -> Any:
    if all(a.dtype == np.float32 for a in arrays):
        return kernels.concat(arrays, axis)
    y = _joined(*arrays, axis=axis)
    return y.astype(np.float32) if y.dtype.kind == "f" else y  # NumPy makes doubles of floats and integers


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
    own_dtype,
)


def _pieces(x: Any, sizes: list[int], axis: int) -> list[Any]:
    if state.recording and x.dtype == np.float32:
        pieces, at = [], 0
        for size in sizes:
            begin, end = [0] * x.ndim, list(x.shape)
            begin[axis], end[axis] = at, at + size
            pieces.append(kernels.slice(x, begin, end))
            at += size
        return pieces
    pieces, at, before = [], 0, (slice(None),) * axis
    for size in sizes:
        pieces.append(np.ascontiguousarray(x[(*before, slice(at, at + size))]))
        at += size
    return pieces


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
    x = as_tensor(x)
    axis = normalized_axes(axis, len(x.shape))[0]
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


SPLIT = Primitive("split", _split, _split, _split_shapes, own_dtype)


@gradient_of(SPLIT)
def _split_gradient(dys: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(CONCATENATE, _filled(dys, outputs), {"axis": attrs["axis"]}),)


def stack(x: Sequence[Any], axis: int = 0) -> Any:
    """Tensors of one shape side by side along a new axis.

    Args:
        x: the tensors.
        axis: where the new axis stands in the result.

    Example:
        >>> stack([[1.0, 2.0], [3.0, 4.0]], axis=1).numpy()
        array([[1., 3.],
               [2., 4.]], dtype=float32)
    """
    return concatenate([shaping.expand_dims(t, axis) for t in x], axis)


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
    x = as_tensor(x)
    axis = normalized_axes(axis, len(x.shape))[0]
    size = x.shape[axis]
    if num is not None and size is not None and num != size:
        raise ValueError(f"num must be the size of axis {axis}, {size}, got {num}")
    if size is None:
        raise ValueError(f"unstack: axis {axis} of shape {x.shape} is not known yet")
    return [shaping.squeeze(piece, axis) for piece in split(x, size, axis)] if size else []
