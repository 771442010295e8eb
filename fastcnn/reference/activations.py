"""Activation functions and their gradients in float64."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .arguments import f64
from .elementary import exp

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

Array = np.ndarray[Any, Any]
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
GELU_SLOPE, GELU_CUBIC = math.sqrt(2 / math.pi), 0.044715
_erfc = np.frompyfunc(math.erfc, 1, 1)


def step(x: ArrayLike) -> Array:
    """1 where x > 0."""
    x = f64(x)
    return np.where(np.isnan(x), x, x > 0)


def relu(x: ArrayLike) -> Array:
    """max(x, 0)."""
    return np.maximum(f64(x), 0)


def relu6(x: ArrayLike) -> Array:
    """min(max(x, 0), 6)."""
    return np.clip(f64(x), 0, 6)


def leaky_relu(x: ArrayLike, negative_slope: float = 0.01) -> Array:
    """x where positive, else negative_slope * x."""
    x = f64(x)
    return np.where(x > 0, x, negative_slope * x)


def elu(x: ArrayLike, alpha: float = 1.0) -> Array:
    """x where positive, else alpha * (exp(x) - 1)."""
    x = f64(x)
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def selu(x: ArrayLike) -> Array:
    """SELU_SCALE * elu(x, SELU_ALPHA)."""
    return SELU_SCALE * elu(x, SELU_ALPHA)


def sigmoid(x: ArrayLike) -> Array:
    """1 / (1 + exp(-x))."""
    x = f64(x)
    z = np.exp(-np.abs(x))
    return np.asarray(np.where(x < 0, z, 1) / (1 + z))


def hard_sigmoid(x: ArrayLike) -> Array:
    """relu6(x + 3) / 6."""
    return relu6(f64(x) + 3) / 6


def tanh(x: ArrayLike) -> Array:
    """Hyperbolic tangent."""
    return np.tanh(f64(x))


def softplus(x: ArrayLike) -> Array:
    """log(1 + exp(x))."""
    x = f64(x)
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def softsign(x: ArrayLike) -> Array:
    """x / (1 + |x|)."""
    x = np.clip(f64(x), -1e300, 1e300)
    return np.asarray(x / (1 + np.abs(x)))


def silu(x: ArrayLike) -> Array:
    """x * sigmoid(x)."""
    z: Array = np.maximum(f64(x), -1e4)
    return z * sigmoid(z)


def hard_silu(x: ArrayLike) -> Array:
    """x * hard_sigmoid(x)."""
    z: Array = np.maximum(f64(x), -3)
    return z * hard_sigmoid(z)


def _normal(x: Array) -> Array:
    """The normal distribution function."""
    return 0.5 * np.asarray(_erfc(-x / math.sqrt(2)), np.float64)


def _gelu_gate(x: Array) -> Array:
    return 2 * GELU_SLOPE * (x + GELU_CUBIC * x**3)


def gelu(x: ArrayLike, approximate: bool = False) -> Array:
    """x * Phi(x), or its approximation by a tanh."""
    z: Array = np.maximum(f64(x), -1e4)
    return z * (sigmoid(_gelu_gate(z)) if approximate else _normal(z))


def mish(x: ArrayLike) -> Array:
    """x * tanh(softplus(x))."""
    z: Array = np.maximum(f64(x), -1e4)
    return z * np.tanh(softplus(z))


def activate(x: ArrayLike, activation: str | None, alpha: float | None = None) -> Array:
    """The activation function of that name."""
    if activation in (None, "linear"):
        return f64(x)
    if activation == "leaky_relu":
        return leaky_relu(x, 0.01 if alpha is None else alpha)
    if activation == "elu":
        return elu(x, 1.0 if alpha is None else alpha)
    if activation == "gelu_tanh":
        return gelu(x, approximate=True)
    function = {
        "step": step, "relu": relu, "relu6": relu6, "selu": selu, "sigmoid": sigmoid, "hard_sigmoid": hard_sigmoid,
        "tanh": tanh, "softplus": softplus, "softsign": softsign, "silu": silu, "hard_silu": hard_silu, "gelu": gelu,
        "mish": mish, "exp": exp,
    }[activation or ""]  # fmt: skip
    result: Array = function(x)
    return result


def _slope(x: Array, activation: str, alpha: float) -> Array:
    s = sigmoid(x)
    if activation == "gelu":
        return _normal(x) + x * np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    if activation == "gelu_tanh":
        g = sigmoid(_gelu_gate(x))
        return np.asarray(g + x * g * (1 - g) * 2 * GELU_SLOPE * (1 + 3 * GELU_CUBIC * x * x))
    if activation == "mish":
        t = np.tanh(softplus(x))
        return np.asarray(t + x * s * (1 - t * t))
    if activation in ("elu", "selu"):
        scale, alpha = (SELU_SCALE, SELU_ALPHA) if activation == "selu" else (1.0, alpha)
        return scale * np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0)))
    slopes: dict[str, Callable[[], Any]] = {
        "linear": lambda: np.ones_like(x),
        "step": lambda: np.zeros_like(x),
        "relu": lambda: x > 0,
        "relu6": lambda: (x > 0) & (x < 6),
        "leaky_relu": lambda: np.where(x > 0, 1, alpha),
        "sigmoid": lambda: s * sigmoid(-x),
        "hard_sigmoid": lambda: ((x > -3) & (x < 3)) / 6,
        "tanh": lambda: 4 * sigmoid(2 * x) * sigmoid(-2 * x),
        "softplus": lambda: s,
        "softsign": lambda: 1 / (1 + np.abs(x)) ** 2,
        "silu": lambda: s + x * s * (1 - s),
        "hard_silu": lambda: np.where(x >= 3, 1, np.where(x > -3, (2 * x + 3) / 6, 0)),
        "exp": lambda: np.exp(x),
    }
    return f64(slopes[activation]())


def activate_dx(dy: ArrayLike, x: ArrayLike, activation: str | None, alpha: float | None = None) -> Array:
    """dy * f'(x)."""
    if alpha is None:
        alpha = {"leaky_relu": 0.01, "elu": 1.0}.get(activation or "", 0.0)
    return f64(dy) * _slope(f64(x), activation or "linear", alpha)


def prelu(x: ArrayLike, alpha: ArrayLike) -> Array:
    """x where positive, else alpha * x; alpha: (c,)."""
    x = f64(x)
    return np.where(x > 0, x, f64(alpha) * x)


def prelu_backward(dy: ArrayLike, x: ArrayLike, alpha: ArrayLike) -> tuple[Array, Array]:
    """dx and dalpha."""
    dy, x = f64(dy), f64(x)
    leading = tuple(range(x.ndim - 1))
    return dy * np.where(x > 0, 1, f64(alpha)), np.where(x > 0, 0, dy * x).sum(axis=leading)
