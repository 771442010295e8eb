"""Picking elements by their numbers: ``x[...]``, take, one-hot rows, and the gradients that put back."""

from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.seam import Primitive, Shape, apply, differentiable_nowhere, float_dtype, gradient_of, state
from fastcnn.tensor import SymbolicTensor, Valued, Variable

from . import arithmetic, conversion, shaping
from .operands import as_tensor, broadcast_shapes, normalized_axes, own_dtype

__all__ = [
    "getitem",
    "one_hot",
    "scatter_add",
    "slice",
    "take",
    "take_along_axis",
]

_slice = slice


def getitem(x: Any, key: Any) -> Any:
    """``x[key]``: integers, slices, ``...``, None, integer tensors and boolean masks, as in NumPy.

    The gradient adds up where an element was picked more than once.

    Example:
        >>> getitem([[1.0, 2.0], [3.0, 4.0]], (..., 1)).numpy()
        array([2., 4.], dtype=float32)
    """
    x = conversion.identity_primitive(x) if isinstance(x, Variable) else as_tensor(x)
    parts = key if isinstance(key, tuple) else (key,)
    for part in parts:
        if isinstance(part, SymbolicTensor):
            raise NotImplementedError("an index must not be a symbolic tensor; use fastcnn.ops.take")
    parts = tuple(_plain(part) for part in parts)
    if isinstance(x, SymbolicTensor):
        _check_symbolic(x.shape, parts)
    return apply(GETITEM, (x,), {"key": parts})


def _plain(part: Any) -> Any:
    if isinstance(part, Valued):
        part = part.array
    elif isinstance(part, list):
        part = np.asarray(part)
    if isinstance(part, np.ndarray) and part.dtype.kind not in "biu":
        raise TypeError(f"an index must be integers or booleans, got dtype {part.dtype}")
    return part.copy() if isinstance(part, np.ndarray) else part


def _check_symbolic(shape: Shape, parts: tuple[Any, ...]) -> None:
    for part in parts:
        if isinstance(part, np.ndarray) and part.dtype == bool:
            raise NotImplementedError(
                "a boolean mask on a symbolic tensor: its count is not known; use fastcnn.ops.where"
            )


def _getitem(x: Any, key: Any) -> Any:
    box = _box(key, x.shape) if state.recording and x.dtype == np.float32 else None
    if box is None:
        return np.asarray(x[key])
    return kernels.slice(x, *box).reshape(_getitem_shape(x.shape, key))


def _box(key: Any, shape: Shape) -> tuple[list[int], list[int], list[int]] | None:
    """(begin, end, strides) of a key that cuts out a box, for the kernel; None for all other keys."""
    parts = [part for part in key if part is not None]
    if not shape or not all(part is Ellipsis or isinstance(part, (int, np.integer, _slice)) for part in parts):
        return None
    if Ellipsis in parts:
        at = parts.index(Ellipsis)
        parts[at : at + 1] = [_slice(None)] * (len(shape) - len(parts) + 1)
    parts += [_slice(None)] * (len(shape) - len(parts))
    box: tuple[list[int], list[int], list[int]] = ([], [], [])
    for part, size in zip(parts, shape, strict=True):
        if isinstance(part, _slice):
            places = range(*part.indices(int(size or 0)))
            if not places or places.step < 0:
                return None
            found = (places.start, places[-1] + 1, places.step)
        else:
            found = (int(part) % int(size or 1), int(part) % int(size or 1) + 1, 1)
            if not -int(size or 0) <= int(part) < int(size or 0):
                return None
        for numbers, number in zip(box, found, strict=True):
            numbers.append(number)
    return box


# Two sizes for every open one: what comes out with both is known, what differs stays open.
def _getitem_shape(x: Shape, key: Any) -> Shape:
    if None not in x:
        return np.broadcast_to(np.empty((), np.int8), x)[key].shape  # type: ignore[arg-type]
    largest = 1 + max([abs(p) for p in _integers(key)], default=1)
    one, two = [
        np.broadcast_to(np.empty((), np.int8), [largest + extra if s is None else s for s in x])[key].shape
        for extra in (1009, 2003)
    ]
    return tuple(a if a == b else None for a, b in zip(one, two, strict=True))


def _integers(key: Any) -> Any:
    for part in key:
        if isinstance(part, (int, np.integer)):
            yield int(part)
        elif isinstance(part, _slice):
            yield from (v for v in (part.start, part.stop) if v is not None)
        elif isinstance(part, np.ndarray) and part.size:
            yield int(abs(part).max())


GETITEM = Primitive("getitem", _getitem, _getitem, _getitem_shape, own_dtype)


def _put(dy: Any, x: Any, key: Any) -> Any:
    box = _box(key, x.shape) if state.recording and dy.dtype == np.float32 else None
    if box is not None:
        begin, end, strides = box
        sizes = [len(range(b, e, s)) for b, e, s in zip(begin, end, strides, strict=True)]
        return kernels.slice_dx(dy.reshape(sizes), x.shape, begin, end, strides)
    dx = np.zeros(x.shape, dy.dtype)
    if any(isinstance(part, np.ndarray) and part.dtype != bool for part in key):
        np.add.at(dx, key, dy)
    else:
        dx[key] = dy
    return dx


GETITEM_DX = Primitive("getitem_dx", _put, _put, lambda dy, x, key: x)


@gradient_of(GETITEM)
def _getitem_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(GETITEM_DX, (dy, inputs[0]), attrs),)


@gradient_of(GETITEM_DX)
def _getitem_dx_gradient(g: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, None]:
    return apply(GETITEM, (g,), attrs) if needs[0] else None, None


def slice(inputs: Any, start_indices: Any, shape: Any) -> Any:
    """A box cut out of a tensor.

    Args:
        inputs: any tensor.
        start_indices: where it begins, one number an axis.
        shape: its size.

    Example:
        >>> slice([1.0, 2.0, 3.0], [1], [2]).numpy()
        array([2., 3.], dtype=float32)
    """
    inputs = as_tensor(inputs)
    starts = [int(s) for s in start_indices]
    if not len(starts) == len(shape) == len(inputs.shape):
        counts = f"{len(starts)} and {len(shape)}"
        raise ValueError(f"start_indices and shape must name each of the {len(inputs.shape)} axes, got {counts}")
    for axis, (start, count, size) in enumerate(zip(starts, shape, inputs.shape, strict=True)):
        if start < 0 or count < 0 or (size is not None and start + count > size):
            raise ValueError(f"slice: {start} to {start + count} is not within axis {axis} of shape {inputs.shape}")
    return getitem(inputs, tuple(_slice(s, s + int(n)) for s, n in zip(starts, shape, strict=True)))


def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """Elements, or slices along an axis, by their numbers.

    Args:
        x: any tensor.
        indices: integers of any shape; negative ones count from the end.
        axis: None takes from the flattened tensor.

    Example:
        >>> take([[1.0, 2.0], [3.0, 4.0]], [1], axis=0).numpy()
        array([[3., 4.]], dtype=float32)
    """
    x, indices = as_tensor(x), _whole(indices)
    if axis is None:
        x, axis = shaping.ravel(x), 0
    return apply(TAKE, (x, indices), {"axis": normalized_axes(axis, len(x.shape))[0]})


def _whole(indices: Any) -> Any:
    indices = as_tensor(indices)
    if indices.dtype.startswith("float") or indices.dtype == "bool":
        raise TypeError(f"indices must be integers, got dtype {indices.dtype}")
    return indices


def _checked(indices: Any, size: int) -> Any:
    if indices.size and not (-size <= indices.min() and indices.max() < size):
        raise IndexError(f"indices must be from {-size} to {size - 1}, got {indices.min()} to {indices.max()}")
    return indices


def _take(x: Any, indices: Any, axis: int) -> Any:
    indices = _checked(indices, x.shape[axis])
    if axis == 0 and x.dtype == np.float32 and indices.size and indices.min() >= 0:
        return kernels.take(x, indices)
    return np.asarray(np.take(x, indices, axis))


def _take_precise(x: Any, indices: Any, axis: int) -> Any:
    return np.asarray(np.take(x, _checked(indices, x.shape[axis]), axis))


TAKE = Primitive(
    "take", _take, _take_precise, lambda x, indices, axis: (*x[:axis], *indices, *x[axis + 1 :]), own_dtype
)


def _take_dx(dy: Any, x: Any, indices: Any, axis: int) -> Any:
    dx = np.zeros(x.shape, dy.dtype)
    np.add.at(dx, (_slice(None),) * axis + (_checked(indices, x.shape[axis]),), dy)
    return dx


TAKE_DX = Primitive("take_dx", _take_dx, _take_dx, lambda dy, x, indices, axis: x)


@gradient_of(TAKE)
def _take_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, None]:
    return apply(TAKE_DX, (dy, *inputs), attrs) if needs[0] else None, None


@gradient_of(TAKE_DX)
def _take_dx_gradient(g: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, None, None]:
    return apply(TAKE, (g, inputs[2]), attrs) if needs[0] else None, None, None


def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Any:
    """One element for every index, along an axis; the other axes of both broadcast.

    Args:
        x: any tensor.
        indices: integers, of as many dimensions as x.
        axis: None takes from the flattened tensor.

    Example:
        >>> take_along_axis([[1.0, 2.0], [3.0, 4.0]], [[1], [0]], axis=1).numpy()
        array([[2.],
               [3.]], dtype=float32)
    """
    x, indices = as_tensor(x), _whole(indices)
    if axis is None:
        x, indices, axis = shaping.ravel(x), shaping.ravel(indices), 0
    if len(indices.shape) != len(x.shape):
        raise ValueError(
            f"take_along_axis: indices must have as many dimensions as x, {len(x.shape)}, got {len(indices.shape)}"
        )
    return apply(TAKE_ALONG_AXIS, (x, indices), {"axis": normalized_axes(axis, len(x.shape))[0]})


def _along(x: Any, indices: Any, axis: int) -> Any:
    return np.take_along_axis(x, _checked(indices, x.shape[axis]), axis)


def _along_shape(x: Shape, indices: Shape, axis: int) -> Shape:
    others = broadcast_shapes((*x[:axis], 1, *x[axis + 1 :]), (*indices[:axis], 1, *indices[axis + 1 :]))
    return (*others[:axis], indices[axis], *others[axis + 1 :])


TAKE_ALONG_AXIS = Primitive("take_along_axis", _along, _along, _along_shape, own_dtype)


def _along_dx(dy: Any, x: Any, indices: Any, axis: int) -> Any:
    dx = np.zeros(x.shape, dy.dtype)
    places: list[Any] = list(np.ix_(*[np.arange(1 if x.shape[i] == 1 else n) for i, n in enumerate(dy.shape)]))
    places[axis] = indices
    np.add.at(dx, tuple(places), dy)
    return dx


TAKE_ALONG_AXIS_DX = Primitive("take_along_axis_dx", _along_dx, _along_dx, lambda dy, x, indices, axis: x)


@gradient_of(TAKE_ALONG_AXIS)
def _along_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, None]:
    return apply(TAKE_ALONG_AXIS_DX, (dy, *inputs), attrs) if needs[0] else None, None


@gradient_of(TAKE_ALONG_AXIS_DX)
def _along_dx_gradient(g: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, None, None]:
    return apply(TAKE_ALONG_AXIS, (g, inputs[2]), attrs) if needs[0] else None, None, None


def scatter_add(x: Any, indices: Any, updates: Any) -> Any:
    """``x`` with ``updates`` added to the rows that ``indices`` name, in their order.

    Args:
        x: (rows, ...).
        indices: integers of any shape.
        updates: the shape of ``indices``, then that of a row.

    Example:
        >>> scatter_add([0.0, 0.0], [1, 1], [2.0, 3.0]).numpy()
        array([0., 5.], dtype=float32)
    """
    x, indices, updates = as_tensor(x), _whole(indices), as_tensor(updates)
    expected = (*indices.shape, *x.shape[1:])
    if len(expected) != len(updates.shape) or any(
        None not in (a, b) and a != b for a, b in zip(expected, updates.shape, strict=True)
    ):
        raise ValueError(f"scatter_add: expected updates of shape {expected}, got {updates.shape}")
    return arithmetic.add(x, apply(TAKE_DX, (updates, x, indices), {"axis": 0}))


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
    x = as_tensor(x)
    if x.dtype.startswith("float") or x.dtype == "bool":
        raise ValueError(f"one_hot: x must hold integers, got {x.dtype}")
    y = apply(ONE_HOT, (x,), {"num_classes": int(num_classes)})
    if axis not in (-1, len(x.shape)):
        y = shaping.moveaxis(y, -1, axis)
    return y if dtype is None else conversion.cast(y, dtype)


def _one_hot(x: Any, num_classes: int) -> Any:
    if x.size and x.min() >= 0 and x.max() < num_classes and float_dtype() == np.float32:
        return kernels.one_hot(x, num_classes)
    return (x[..., None] == np.arange(num_classes)).astype(float_dtype())


ONE_HOT = Primitive("one_hot", _one_hot, _one_hot, lambda x, num_classes: (*x, num_classes))
ONE_HOT.gradient = differentiable_nowhere
