"""The order of elements: sort, argsort, the k largest. Their values have gradients, their places have none."""

from typing import Any

import numpy as np

from fastcnn.seam import Primitive, apply, differentiable_nowhere

from . import shaping
from .indexing import take_along_axis
from .operands import as_tensor, normalized_axes

__all__ = ["argsort", "in_top_k", "sort", "top_k"]


def sort(x: Any, axis: int | None = -1) -> Any:
    """In rising order along an axis; NaN last.

    Args:
        x: any tensor.
        axis: along which to sort; None for all elements, as a vector.

    Example:
        >>> sort([3.0, 1.0]).numpy()
        array([1., 3.], dtype=float32)
    """
    x, axis = _line(x, axis)
    return take_along_axis(x, argsort(x, axis), axis)


def argsort(x: Any, axis: int | None = -1) -> Any:
    """The order that sorts along an axis, int32; equal elements keep theirs. It has no gradient.

    Args:
        x: any tensor.
        axis: along which to sort; None for all elements, as a vector.

    Example:
        >>> argsort([3.0, 1.0]).numpy()
        array([1, 0], dtype=int32)
    """
    x, axis = _line(x, axis)
    return apply(ARGSORT, (x,), {"axis": normalized_axes(axis, len(x.shape))[0]})


def _line(x: Any, axis: int | None) -> tuple[Any, int]:
    x = as_tensor(x)
    return (shaping.reshape(x, (-1,)), 0) if axis is None else (x, axis)


def _argsort(x: Any, axis: int) -> Any:
    return np.argsort(x, axis, kind="stable").astype(np.int32)


ARGSORT = Primitive("argsort", _argsort, _argsort, lambda x, axis: x, "int32")


def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Any, Any]:
    """The k largest elements along the last axis, the largest first, and where they stand.

    Args:
        x: (..., n).
        k: how many, at most n.
        sorted: the result is always sorted.

    Returns:
        (values, indices), both (..., k).

    Example:
        >>> values, indices = top_k([1.0, 5.0, 3.0], 2)
        >>> values.numpy(), indices.numpy()
        (array([5., 3.], dtype=float32), array([1, 2], dtype=int32))
    """
    x = as_tensor(x)
    size = x.shape[-1]
    if k < 1 or (size is not None and k > size):
        raise ValueError(f"k must be from 1 to the size of the last axis, {size}, got {k}")
    indices = apply(TOP_K, (x,), {"k": int(k)})
    return take_along_axis(x, indices, -1), indices


def _top_k(x: Any, k: int) -> Any:
    # Sorted backwards and read from the end, so that of equal elements the first comes first.
    order = np.argsort(x[..., ::-1], -1, kind="stable")[..., ::-1]
    return np.ascontiguousarray(x.shape[-1] - 1 - order[..., :k]).astype(np.int32)


TOP_K = Primitive("top_k", _top_k, _top_k, lambda x, k: (*x[:-1], k), "int32")
TOP_K.gradient = ARGSORT.gradient = differentiable_nowhere


def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Whether the target's prediction is among the k largest; ties count as among them.

    Args:
        targets: integers (n,).
        predictions: (n, classes).
        k: how many.

    Example:
        >>> in_top_k([1, 0], [[0.1, 0.9], [0.2, 0.8]], 1).numpy()
        array([ True, False])
    """
    return apply(IN_TOP_K, (as_tensor(targets), as_tensor(predictions)), {"k": int(k)})


def _in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    classes = predictions.shape[-1]
    exists = (targets >= 0) & (targets < classes)
    own = np.take_along_axis(predictions, np.where(exists, targets, 0)[..., None], -1)
    return exists & np.isfinite(own[..., 0]) & ((predictions > own).sum(-1) < k)


IN_TOP_K = Primitive("in_top_k", _in_top_k, _in_top_k, lambda targets, predictions, k: targets, "bool")
IN_TOP_K.gradient = differentiable_nowhere
