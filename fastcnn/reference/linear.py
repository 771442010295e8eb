"""Matrix products in float64."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["dense", "dense_dw", "dense_dx", "matmul"]

Array = np.ndarray[Any, Any]


def matmul(a: ArrayLike, b: ArrayLike, transpose_a: bool = False, transpose_b: bool = False) -> Array:
    """op(a) @ op(b)."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return (np.swapaxes(a, -1, -2) if transpose_a else a) @ (np.swapaxes(b, -1, -2) if transpose_b else b)


def dense(x: ArrayLike, w: ArrayLike, bias: ArrayLike | None = None) -> Array:
    """x @ w + bias."""
    y = matmul(x, w)
    return y if bias is None else y + np.asarray(bias, np.float64)


def dense_dx(dy: ArrayLike, w: ArrayLike, gate: ArrayLike | None = None) -> Array:
    """dy @ w.T, through a ReLU's gate."""
    dx = matmul(dy, w, transpose_b=True)
    if gate is None:
        return dx
    gate = np.asarray(gate, np.float64)
    return np.where(np.isnan(gate), gate, np.where(gate > 0, dx, 0))


def dense_dw(x: ArrayLike, dy: ArrayLike) -> Array:
    """x.T @ dy."""
    return matmul(x, dy, transpose_a=True)
