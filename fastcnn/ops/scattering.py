"""Putting numbers at places: scatter, updates of elements and boxes; where numbers belong in a sorted row."""

from typing import Any

import numpy as np

from fastcnn.seam import Primitive, apply, differentiable_nowhere
from fastcnn.tensor import Valued

from . import arithmetic, comparison, conversion, creation, indexing, reductions, repeating, shaping
from .indexing import _whole
from .operands import as_tensor

__all__ = ["scatter", "scatter_update", "searchsorted", "slice_update"]


def scatter(indices: Any, values: Any, shape: Any) -> Any:
    """Zeros, with ``values`` added at the places that ``indices`` name.

    Args:
        indices: integers (..., k): the first k axes' numbers of each place; not negative.
        values: (..., *shape[k:]).
        shape: of the result.

    Example:
        >>> scatter([[0], [2], [2]], [1.0, 2.0, 3.0], (4,)).numpy()
        array([1., 0., 5., 0.], dtype=float32)
    """
    values, shape = as_tensor(values), tuple(int(n) for n in shape)
    rows, inner = _rows("scatter", indices, shape, "values", values)
    zeros = creation.zeros((int(np.prod(shape[: len(shape) - len(inner)])), *inner), values.dtype)
    return shaping.reshape(indexing.scatter_add(zeros, rows, shaping.reshape(values, (-1, *inner))), shape)


def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Any:
    """``inputs`` with ``updates`` at the places that ``indices`` name; the last one where they name a place twice.

    Args:
        inputs: any tensor.
        indices: integers (..., k): the first k axes' numbers of each place; not negative.
        updates: (..., *inputs.shape[k:]).
        reduction: None replaces what is there; "add" adds to it.

    Example:
        >>> scatter_update([1.0, 2.0, 3.0], [[0], [2]], [9.0, 8.0]).numpy()
        array([9., 2., 8.], dtype=float32)
    """
    if reduction not in (None, "add"):
        supported = reduction in ("max", "min", "mul")
        raise (NotImplementedError if supported else ValueError)(f"reduction must be None or 'add', got {reduction!r}")
    inputs, updates = as_tensor(inputs), as_tensor(updates)
    if None in inputs.shape:
        raise ValueError(f"scatter_update needs inputs of known shape, got {inputs.shape}")
    rows, inner = _rows("scatter_update", indices, inputs.shape, "updates", updates)
    table = shaping.reshape(inputs, (-1, *inner) if 0 not in inputs.shape else (0, *inner))
    updates = shaping.reshape(conversion.cast(updates, inputs.dtype), (-1, *inner))
    if reduction == "add":
        return shaping.reshape(indexing.scatter_add(table, rows, updates), inputs.shape)
    if updates.shape[0] == 0 or 0 in inputs.shape:
        return inputs
    last = apply(LAST_PLACES, (rows,), {"size": table.shape[0]})
    found = shaping.reshape(comparison.greater_equal(last, 0), (-1,) + (1,) * len(inner))
    chosen = indexing.take(updates, arithmetic.maximum(last, 0), 0)
    return shaping.reshape(comparison.where(found, chosen, table), inputs.shape)


def _rows(name: str, indices: Any, shape: tuple[int, ...], what: str, values: Any) -> tuple[Any, tuple[int, ...]]:
    """The places as numbers of rows, and a row's shape."""
    indices = _whole(indices)
    depth = indices.shape[-1] if indices.shape else 0
    if not depth or depth > len(shape):
        raise ValueError(f"{name}: indices must be (..., k) with k from 1 to {len(shape)}, got {indices.shape}")
    inner, outer = shape[depth:], shape[:depth]
    expected = (*indices.shape[:-1], *inner)
    if len(expected) != len(values.shape) or any(
        None not in (a, b) and a != b for a, b in zip(expected, values.shape, strict=True)
    ):
        raise ValueError(f"{name}: expected {what} of shape {expected}, got {values.shape}")
    if isinstance(indices, Valued) and indices.size:
        lowest, highest = indices.array.reshape(-1, depth).min(0), indices.array.reshape(-1, depth).max(0)
        if (lowest < 0).any() or (highest >= outer).any():
            raise IndexError(f"{name}: indices must be within {outer}, got {lowest.tolist()} to {highest.tolist()}")
    steps = np.cumprod((1, *outer[:0:-1]))[::-1].astype(np.int64)
    return shaping.reshape(reductions.sum(arithmetic.multiply(indices, steps), -1), (-1,)), inner


def _last_places(rows: Any, size: int) -> Any:
    last = np.full(size, -1, np.int32)
    last[rows] = np.arange(len(rows))
    return last


# Of each row the number of the last update that names it, -1 where none does.
LAST_PLACES = Primitive("last_places", _last_places, _last_places, lambda rows, size: (size,), "int32")
LAST_PLACES.gradient = differentiable_nowhere


def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    """``inputs`` with a box of it replaced.

    Args:
        inputs: any tensor.
        start_indices: where the box begins, one number an axis.
        updates: the box, with as many axes as ``inputs``.

    Example:
        >>> slice_update([1.0, 2.0, 3.0], [1], [9.0]).numpy()
        array([1., 9., 3.], dtype=float32)
    """
    inputs, updates = as_tensor(inputs), as_tensor(updates)
    starts = [int(s) for s in start_indices]
    if not len(starts) == len(updates.shape) == len(inputs.shape):
        counts = f"{len(starts)} and {len(updates.shape)}"
        raise ValueError(f"start_indices and updates must name each of the {len(inputs.shape)} axes, got {counts}")
    sides, inside = [], np.ones([1] * len(starts), bool)
    for axis, (start, count, size) in enumerate(zip(starts, updates.shape, inputs.shape, strict=True)):
        if start == 0 and count == size:
            sides.append((0, 0))
            continue
        if None in (count, size) or start < 0 or start + count > size:
            raise ValueError(
                f"slice_update: updates {updates.shape} at {starts} are not within axis {axis} of shape {inputs.shape}"
            )
        sides.append((start, size - start - count))
        along = (np.arange(size) >= start) & (np.arange(size) < start + count)
        inside = inside & along.reshape([-1 if a == axis else 1 for a in range(len(starts))])
    return comparison.where(inside, repeating.pad(conversion.cast(updates, inputs.dtype), sides), inputs)


def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    """Where values would have to be put in for a sequence to stay sorted. It has no gradient.

    Args:
        sorted_sequence: a vector in rising order.
        values: of any shape.
        side: "left" of equal elements, or "right".

    Returns:
        int32, the shape of ``values``.

    Example:
        >>> searchsorted([1.0, 3.0, 5.0], [3.0, 4.0]).numpy()
        array([1, 2], dtype=int32)
    """
    sequence, values = as_tensor(sorted_sequence), as_tensor(values)
    if len(sequence.shape) != 1:
        raise ValueError(f"sorted_sequence must be a vector, got shape {sequence.shape}")
    if side not in ("left", "right"):
        raise ValueError(f"side must be 'left' or 'right', got {side!r}")
    return apply(SEARCHSORTED, (sequence, values), {"side": side})


def _searchsorted(sequence: Any, values: Any, side: Any) -> Any:
    return np.asarray(np.searchsorted(sequence, values, side), np.int32)


SEARCHSORTED = Primitive("searchsorted", _searchsorted, _searchsorted, lambda sequence, values, side: values, "int32")
SEARCHSORTED.gradient = differentiable_nowhere
