"""Matrix products, and dense layers, which are matrix products with a bias and an activation."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn import _core

__all__ = ["dense", "dense_dw", "dense_dx", "matmul"]

Array = np.ndarray[Any, np.dtype[np.float32]]


def matmul(
    a: ArrayLike, b: ArrayLike, transpose_a: bool = False, transpose_b: bool = False, out: Array | None = None
) -> Array:
    """``op(a) @ op(b)``, where ``op`` transposes the last two axes if asked.

    Args:
        a: ``(..., m, k)``, or ``(..., k, m)`` with ``transpose_a``.
        b: ``(..., k, n)``, or ``(..., n, k)`` with ``transpose_b``. Leading axes are those of ``a``, or none.
        transpose_a, transpose_b: whether the operand is stored transposed.
        out: where to put the result.

    Returns:
        float32 ``(..., m, n)``. A row of it does not depend on the other rows of ``a``, not even in its last bit.

    Example:
        >>> matmul([[1, 2], [3, 4]], [[1, 0], [1, 1]])
        array([[3., 2.],
               [7., 4.]], dtype=float32)
    """
    return _core.matmul(a, b, transpose_a, transpose_b, out)


def dense(
    x: ArrayLike,
    w: ArrayLike,
    bias: ArrayLike | None = None,
    activation: str | None = None,
    out: Array | None = None,
    *,
    residual: ArrayLike | None = None,
    alpha: float = 0.01,
) -> Array:
    """A dense layer: ``activation(x @ w + bias + residual)`` in one pass.

    Args:
        x: ``(n, inputs)``.
        w: ``(inputs, units)``.
        bias: ``(units,)`` or None.
        activation: a name such as ``"relu"``, or None.
        out: where to put the result.
        residual: ``(n, units)``, added before the activation.
        alpha: the slope or scale of ``"leaky_relu"`` and ``"elu"``.

    Returns:
        float32 ``(n, units)``.

    Example:
        >>> dense([[1, -2]], [[1, 0], [0, 1]], bias=[1, 1], activation="relu")
        array([[2., 0.]], dtype=float32)
    """
    return _core.dense(x, w, bias, activation, alpha, residual, None, out)


def dense_dx(dy: ArrayLike, w: ArrayLike, out: Array | None = None, *, gate: ArrayLike | None = None) -> Array:
    """The gradient of ``dense`` with respect to its input, ``dy @ w.T``.

    Args:
        dy: ``(n, units)``.
        w: ``(inputs, units)``.
        out: where to put the result.
        gate: ``(n, inputs)``: where it is not above 0, the result is 0, so that the inputs' ReLU is gone through as
            well; or None.

    Returns:
        float32 ``(n, inputs)``.

    Example:
        >>> dense_dx([[1, 2]], [[1, 0], [0, 1], [1, 1]])
        array([[1., 2., 3.]], dtype=float32)
    """
    return _core.dense_dx(dy, w, gate, out)


def dense_dw(x: ArrayLike, dy: ArrayLike, out: Array | None = None) -> Array:
    """The gradient of ``dense`` with respect to its weights, ``x.T @ dy``.

    Args:
        x: ``(n, inputs)``.
        dy: ``(n, units)``.
        out: where to put the result.

    Returns:
        float32 ``(inputs, units)``.

    Example:
        >>> dense_dw([[1, 2]], [[1, 10]])
        array([[ 1., 10.],
               [ 2., 20.]], dtype=float32)
    """
    return _core.dense_dw(x, dy, out)
