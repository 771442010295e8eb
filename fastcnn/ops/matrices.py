"""Matrices and grids: made of sizes, their diagonals and triangles."""

from typing import Any

import numpy as np

from fastcnn.tensor import Operators, Tensor

from . import arithmetic, comparison, conversion, creation, reductions, repeating, shaping
from .indexing import getitem
from .operands import as_tensor

__all__ = [
    "diag",
    "eye",
    "identity",
    "linspace",
    "meshgrid",
    "trace",
    "tril",
    "triu",
]


def _made(values: Any, dtype: Any) -> Any:
    return conversion.convert_to_tensor(values, dtype or "float")


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """A matrix with ones on a diagonal.

    Args:
        N: rows.
        M: columns; as many as rows unless given.
        k: which diagonal; those above the main one count from 1.
        dtype: ``floatx()`` unless given.

    Example:
        >>> eye(2).numpy()
        array([[1., 0.],
               [0., 1.]], dtype=float32)
    """
    return _made(np.eye(N, M, k), dtype)


def identity(n: int, dtype: Any = None) -> Any:
    """``eye(n, dtype=dtype)``.

    Example:
        >>> identity(3).shape
        (3, 3)
    """
    return eye(n, dtype=dtype)


def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0
) -> Any:
    """Numbers at equal distances.

    Args:
        start: the first.
        stop: the last.
        num: how many.
        endpoint: whether the last is one of them.
        retstep: also return the distance.
        dtype: ``floatx()`` unless given.
        axis: where they stand, where start and stop are arrays.

    Example:
        >>> linspace(0.0, 1.0, 3).numpy()
        array([0. , 0.5, 1. ], dtype=float32)
    """
    if isinstance(start, Operators) or isinstance(stop, Operators):
        return _between(as_tensor(start), as_tensor(stop), num, endpoint, retstep, dtype, axis)
    ends = [as_tensor(end).numpy() for end in (start, stop)]
    values, step = np.linspace(ends[0], ends[1], num, endpoint, retstep=True, axis=axis)
    return (_made(values, dtype), _made(step, dtype)) if retstep else _made(values, dtype)


def _between(start: Any, stop: Any, num: int, endpoint: bool, retstep: bool, dtype: Any, axis: int) -> Any:
    """The same of tensors, which may have gradients, or no numbers yet."""
    rank = max(len(start.shape), len(stop.shape)) + 1
    parts = max(1, num - 1 if endpoint else num)
    shares = (np.arange(num) / parts).reshape([-1 if a == axis % rank else 1 for a in range(rank)])
    start, stop = [shaping.expand_dims(end, axis) if end.shape else end for end in (start, stop)]
    values = arithmetic.add(arithmetic.multiply(start, 1.0 - shares), arithmetic.multiply(stop, shares))
    if not retstep:
        return conversion.cast(values, dtype or "float")
    step = arithmetic.divide(arithmetic.subtract(stop, start), float(parts))
    step = shaping.squeeze(step, axis) if step.shape else step
    return conversion.cast(values, dtype or "float"), conversion.cast(step, dtype or "float")


def meshgrid(*x: Any, indexing: str = "xy") -> list[Any]:
    """Coordinates of a grid, a tensor for each axis.

    Args:
        x: vectors.
        indexing: "xy": the first runs along columns; "ij": along rows.

    Example:
        >>> [g.numpy().tolist() for g in meshgrid([1, 2], [3, 4])]
        [[[1, 2], [1, 2]], [[3, 3], [4, 4]]]
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"indexing must be 'xy' or 'ij', got {indexing!r}")
    vectors = [shaping.ravel(v) for v in x]
    order = list(range(len(vectors)))
    if indexing == "xy":
        order[:2] = order[:2][::-1]
    shape = tuple(vectors[i].shape[0] for i in order)
    ones = [tuple(-1 if i == axis else 1 for i in order) for axis in range(len(vectors))]
    return [repeating.broadcast_to(shaping.reshape(v, one), shape) for v, one in zip(vectors, ones, strict=True)]


def _half(x: Any, k: int, function: Any) -> Any:
    x = as_tensor(x)
    kept = Tensor(function(np.ones(x.shape[-2:], bool), k))
    return comparison.where(kept, x, creation.zeros_like(x))


def tril(x: Any, k: int = 0) -> Any:
    """``x`` on and below diagonal ``k`` of its last two axes, zeros above.

    Example:
        >>> tril([[1.0, 2.0], [3.0, 4.0]]).numpy()
        array([[1., 0.],
               [3., 4.]], dtype=float32)
    """
    return _half(x, k, np.tril)


def triu(x: Any, k: int = 0) -> Any:
    """``x`` on and above diagonal ``k`` of its last two axes, zeros below.

    Example:
        >>> triu([[1.0, 2.0], [3.0, 4.0]]).numpy()
        array([[1., 2.],
               [0., 4.]], dtype=float32)
    """
    return _half(x, k, np.triu)


def diag(x: Any, k: int = 0) -> Any:
    """A matrix with a vector on its diagonal, or the diagonal of a matrix.

    Args:
        x: (n,) or (n, m).
        k: which diagonal; those above the main one count from 1.

    Example:
        >>> diag([[1.0, 2.0], [3.0, 4.0]]).numpy()
        array([1., 4.], dtype=float32)
        >>> diag([1.0, 2.0]).numpy()
        array([[1., 0.],
               [0., 2.]], dtype=float32)
    """
    x = as_tensor(x)
    if len(x.shape) == 2:
        rows, columns = np.nonzero(np.eye(x.shape[0], x.shape[1], k))
        return getitem(x, (rows, columns))
    if len(x.shape) != 1:
        raise ValueError(f"diag: x must be a vector or a matrix, got shape {x.shape}")
    n = int(x.shape[0]) + max(k, -k)
    places = np.diag(np.arange(int(x.shape[0])), k)
    return arithmetic.multiply(getitem(x, (places,)), eye(n, k=k, dtype=x.dtype))


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of a diagonal.

    Args:
        x: at least two axes.
        offset: which diagonal; those above the main one count from 1.
        axis1, axis2: the axes of the matrices.

    Example:
        >>> float(trace([[1.0, 2.0], [3.0, 4.0]]))
        5.0
    """
    x = shaping.moveaxis(as_tensor(x), (axis1, axis2), (-2, -1))
    rows, columns = np.nonzero(np.eye(x.shape[-2], x.shape[-1], offset))
    return reductions.sum(getitem(x, (..., rows, columns)), -1)
