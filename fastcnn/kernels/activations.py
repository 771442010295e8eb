"""Activation functions of one number, and their gradients.

All work on float32 arrays of any shape. NaN stays NaN, and an infinite input gives the limit, as in ``silu(-inf) = 0``.
A gradient function takes the input of the forward call.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn import _core

__all__ = [
    "activate",
    "activate_dx",
    "elu",
    "gelu",
    "hard_sigmoid",
    "hard_silu",
    "leaky_relu",
    "mish",
    "prelu",
    "prelu_backward",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softplus",
    "softsign",
    "step",
    "tanh",
]

Array = np.ndarray[Any, np.dtype[np.float32]]
# What alpha means where it is not given: the slope of leaky_relu, the scale of elu.
_ALPHA = {"leaky_relu": 0.01, "elu": 1.0}


def activate(x: ArrayLike, activation: str | None, alpha: float | None = None, out: Array | None = None) -> Array:
    """The activation function of that name.

    Args:
        x: any array-like.
        activation: "linear" (or None), "step", "relu", "relu6", "leaky_relu", "elu", "selu", "sigmoid",
            "hard_sigmoid", "tanh", "softplus", "softsign", "silu", "hard_silu", "gelu", "gelu_tanh", "mish" or "exp".
        alpha: the slope of "leaky_relu" (0.01 unless given) or the scale of "elu" (1).
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> activate([-2.0, 2.0], "leaky_relu", alpha=0.5)
        array([-1.,  2.], dtype=float32)
    """
    if alpha is None:
        alpha = _ALPHA.get(activation, 0.0) if isinstance(activation, str) else 0.0
    return _core.activate(x, activation, alpha, out)


def activate_dx(
    dy: ArrayLike, x: ArrayLike, activation: str | None, alpha: float | None = None, out: Array | None = None
) -> Array:
    """The gradient of ``activate``: ``dy * f'(x)``. At a kink the slope is that of its left side.

    Args:
        dy: the gradient with respect to the result, the shape of ``x``.
        x: the input of the forward call.
        activation: as in ``activate``.
        alpha: as in ``activate``.
        out: where to put the result; may be ``dy`` or ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> activate_dx([3.0, 3.0], [-1.0, 2.0], "relu")
        array([0., 3.], dtype=float32)
    """
    if alpha is None:
        alpha = _ALPHA.get(activation, 0.0) if isinstance(activation, str) else 0.0
    return _core.activate_dx(dy, x, activation, alpha, out)


def step(x: ArrayLike, out: Array | None = None) -> Array:
    """1 where ``x > 0``, else 0.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> step([-1.0, 2.0])
        array([0., 1.], dtype=float32)
    """
    return _core.activate(x, "step", 0.0, out)


def relu(x: ArrayLike, out: Array | None = None) -> Array:
    """Rectified linear unit, ``max(x, 0)``.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> relu([-1.0, 2.0])
        array([0., 2.], dtype=float32)
    """
    return _core.activate(x, "relu", 0.0, out)


def relu6(x: ArrayLike, out: Array | None = None) -> Array:
    """``min(max(x, 0), 6)``.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> relu6([-1.0, 2.0, 8.0])
        array([0., 2., 6.], dtype=float32)
    """
    return _core.activate(x, "relu6", 0.0, out)


def selu(x: ArrayLike, out: Array | None = None) -> Array:
    """Scaled exponential linear unit: ``1.0507 * elu(x, 1.67326)``.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> selu([0.0, 1.0])
        array([0.      , 1.050701], dtype=float32)
    """
    return _core.activate(x, "selu", 0.0, out)


def sigmoid(x: ArrayLike, out: Array | None = None) -> Array:
    """``1 / (1 + exp(-x))``.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> sigmoid([0.0, 100.0])
        array([0.5, 1. ], dtype=float32)
    """
    return _core.activate(x, "sigmoid", 0.0, out)


def hard_sigmoid(x: ArrayLike, out: Array | None = None) -> Array:
    """``relu6(x + 3) / 6``.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> hard_sigmoid([-4.0, 0.0, 3.0])
        array([0. , 0.5, 1. ], dtype=float32)
    """
    return _core.activate(x, "hard_sigmoid", 0.0, out)


def tanh(x: ArrayLike, out: Array | None = None) -> Array:
    """Hyperbolic tangent.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> tanh([0.0, 20.0])
        array([0., 1.], dtype=float32)
    """
    return _core.activate(x, "tanh", 0.0, out)


def softplus(x: ArrayLike, out: Array | None = None) -> Array:
    """``log(1 + exp(x))``, for large ``x`` too.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> softplus([-200.0, 50.0])
        array([ 0., 50.], dtype=float32)
    """
    return _core.activate(x, "softplus", 0.0, out)


def softsign(x: ArrayLike, out: Array | None = None) -> Array:
    """``x / (1 + |x|)``.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> softsign([-1.0, 3.0])
        array([-0.5 ,  0.75], dtype=float32)
    """
    return _core.activate(x, "softsign", 0.0, out)


def silu(x: ArrayLike, out: Array | None = None) -> Array:
    """``x * sigmoid(x)``, also called swish.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> silu([0.0, 50.0])
        array([ 0., 50.], dtype=float32)
    """
    return _core.activate(x, "silu", 0.0, out)


def hard_silu(x: ArrayLike, out: Array | None = None) -> Array:
    """``x * relu6(x + 3) / 6``, also called hard swish.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> hard_silu([-4.0, 3.0])
        array([-0.,  3.], dtype=float32)
    """
    return _core.activate(x, "hard_silu", 0.0, out)


def mish(x: ArrayLike, out: Array | None = None) -> Array:
    """``x * tanh(softplus(x))``.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> mish([0.0, 50.0])
        array([ 0., 50.], dtype=float32)
    """
    return _core.activate(x, "mish", 0.0, out)


def leaky_relu(x: ArrayLike, negative_slope: float = 0.01, out: Array | None = None) -> Array:
    """``x`` where positive, else ``negative_slope * x``.

    Args:
        x: any array-like.
        negative_slope: the slope left of 0.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> leaky_relu([-2.0, 2.0], 0.5)
        array([-1.,  2.], dtype=float32)
    """
    return _core.activate(x, "leaky_relu", negative_slope, out)


def elu(x: ArrayLike, alpha: float = 1.0, out: Array | None = None) -> Array:
    """Exponential linear unit: ``x`` where positive, else ``alpha * (exp(x) - 1)``.

    Args:
        x: any array-like.
        alpha: the scale of the negative part.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> elu([-200.0, 2.0])
        array([-1.,  2.], dtype=float32)
    """
    return _core.activate(x, "elu", alpha, out)


def gelu(x: ArrayLike, approximate: bool = False, out: Array | None = None) -> Array:
    """Gaussian error linear unit, ``x * Phi(x)`` with the normal distribution's ``Phi``.

    Args:
        x: any array-like.
        approximate: ``x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2`` instead.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> gelu([0.0, 50.0])
        array([ 0., 50.], dtype=float32)
    """
    return _core.activate(x, "gelu_tanh" if approximate else "gelu", 0.0, out)


def prelu(x: ArrayLike, alpha: ArrayLike, out: Array | None = None) -> Array:
    """``x`` where positive, else ``alpha * x`` with one slope a channel.

    Args:
        x: (..., c).
        alpha: (c,).
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> prelu([[-2.0, -2.0]], [0.5, 2.0])
        array([[-1., -4.]], dtype=float32)
    """
    return _core.prelu(x, alpha, out)


def prelu_backward(dy: ArrayLike, x: ArrayLike, alpha: ArrayLike) -> tuple[Array, Array]:
    """The gradients of ``prelu``.

    Args:
        dy: the gradient with respect to the result, the shape of ``x``.
        x: (..., c), the input of the forward call.
        alpha: (c,).

    Returns:
        ``(dx, dalpha)``, float32, of the shapes of ``x`` and ``alpha``.

    Example:
        >>> prelu_backward([[1.0, 1.0]], [[-2.0, 2.0]], [0.5, 0.5])
        (array([[0.5, 1. ]], dtype=float32), array([-2.,  0.], dtype=float32))
    """
    result: tuple[Array, Array] = _core.prelu_backward(dy, x, alpha)
    return result
