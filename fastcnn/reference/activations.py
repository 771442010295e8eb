"""Activation functions and their gradients in float64."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "activate",
    "activate_dx",
    "elu",
    "exp",
    "expm1",
    "gelu",
    "hard_sigmoid",
    "hard_silu",
    "leaky_relu",
    "log",
    "log1p",
    "log_softmax",
    "log_softmax_dx",
    "maxout",
    "maxout_dx",
    "mish",
    "prelu",
    "prelu_backward",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softmax_dx",
    "softplus",
    "softsign",
    "step",
    "tanh",
]

Array = np.ndarray[Any, Any]

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
GELU_SLOPE, GELU_CUBIC = math.sqrt(2 / math.pi), 0.044715
_erfc = np.frompyfunc(math.erfc, 1, 1)


def _double(x: ArrayLike) -> Array:
    return np.asarray(x, np.float64)


def step(x: ArrayLike) -> Array:
    """1 where x > 0."""
    x = _double(x)
    return np.where(np.isnan(x), x, x > 0)


def relu(x: ArrayLike) -> Array:
    """max(x, 0)."""
    return np.maximum(_double(x), 0)


def relu6(x: ArrayLike) -> Array:
    """min(max(x, 0), 6)."""
    return np.clip(_double(x), 0, 6)


def leaky_relu(x: ArrayLike, negative_slope: float = 0.01) -> Array:
    """x where positive, else negative_slope * x."""
    x = _double(x)
    return np.where(x > 0, x, negative_slope * x)


def elu(x: ArrayLike, alpha: float = 1.0) -> Array:
    """x where positive, else alpha * (exp(x) - 1)."""
    x = _double(x)
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def selu(x: ArrayLike) -> Array:
    """SELU_SCALE * elu(x, SELU_ALPHA)."""
    return SELU_SCALE * elu(x, SELU_ALPHA)


def sigmoid(x: ArrayLike) -> Array:
    """1 / (1 + exp(-x))."""
    x = _double(x)
    z = np.exp(-np.abs(x))
    return np.asarray(np.where(x < 0, z, 1) / (1 + z))


def hard_sigmoid(x: ArrayLike) -> Array:
    """relu6(x + 3) / 6."""
    return relu6(_double(x) + 3) / 6


def tanh(x: ArrayLike) -> Array:
    """Hyperbolic tangent."""
    return np.tanh(_double(x))


def softplus(x: ArrayLike) -> Array:
    """log(1 + exp(x))."""
    x = _double(x)
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def softsign(x: ArrayLike) -> Array:
    """x / (1 + |x|)."""
    x = np.clip(_double(x), -1e300, 1e300)
    return np.asarray(x / (1 + np.abs(x)))


def silu(x: ArrayLike) -> Array:
    """x * sigmoid(x)."""
    x = np.maximum(_double(x), -1e4)
    return x * sigmoid(x)


def hard_silu(x: ArrayLike) -> Array:
    """x * hard_sigmoid(x)."""
    x = np.maximum(_double(x), -3)
    return x * hard_sigmoid(x)


def _normal(x: Array) -> Array:
    """The normal distribution function."""
    return 0.5 * np.asarray(_erfc(-x / math.sqrt(2)), np.float64)


def _gelu_gate(x: Array) -> Array:
    return 2 * GELU_SLOPE * (x + GELU_CUBIC * x**3)


def gelu(x: ArrayLike, approximate: bool = False) -> Array:
    """x * Phi(x), or its approximation by a tanh."""
    x = np.maximum(_double(x), -1e4)
    return x * (sigmoid(_gelu_gate(x)) if approximate else _normal(x))


def mish(x: ArrayLike) -> Array:
    """x * tanh(softplus(x))."""
    x = np.maximum(_double(x), -1e4)
    return x * np.tanh(softplus(x))


def exp(x: ArrayLike) -> Array:
    """e ** x."""
    with np.errstate(over="ignore"):
        return np.exp(_double(x))


def expm1(x: ArrayLike) -> Array:
    """e ** x - 1."""
    with np.errstate(over="ignore"):
        return np.expm1(_double(x))


def log(x: ArrayLike) -> Array:
    """The natural logarithm: -infinity of 0, NaN below."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(_double(x))


def log1p(x: ArrayLike) -> Array:
    """log(1 + x)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log1p(_double(x))


def activate(x: ArrayLike, activation: str | None, alpha: float | None = None) -> Array:
    """The activation function of that name."""
    if activation in (None, "linear"):
        return _double(x)
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
    return _double(slopes[activation]())


def activate_dx(dy: ArrayLike, x: ArrayLike, activation: str | None, alpha: float | None = None) -> Array:
    """dy * f'(x)."""
    if alpha is None:
        alpha = {"leaky_relu": 0.01, "elu": 1.0}.get(activation or "", 0.0)
    return _double(dy) * _slope(_double(x), activation or "linear", alpha)


def prelu(x: ArrayLike, alpha: ArrayLike) -> Array:
    """x where positive, else alpha * x; alpha: (c,)."""
    x = _double(x)
    return np.where(x > 0, x, _double(alpha) * x)


def prelu_backward(dy: ArrayLike, x: ArrayLike, alpha: ArrayLike) -> tuple[Array, Array]:
    """dx and dalpha."""
    dy, x = _double(dy), _double(x)
    leading = tuple(range(x.ndim - 1))
    return dy * np.where(x > 0, 1, _double(alpha)), np.where(x > 0, 0, dy * x).sum(axis=leading)


def softmax(x: ArrayLike, axis: int = -1) -> Array:
    """exp(x) / sum(exp(x)) along an axis."""
    x = _double(x)
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    result: Array = e / e.sum(axis=axis, keepdims=True)
    return result


def softmax_dx(dy: ArrayLike, y: ArrayLike, axis: int = -1) -> Array:
    """y * (dy - sum(dy * y))."""
    dy, y = _double(dy), _double(y)
    return np.asarray(y * (dy - (dy * y).sum(axis=axis, keepdims=True)))


def log_softmax(x: ArrayLike, axis: int = -1) -> Array:
    """log(softmax(x))."""
    x = _double(x)
    x = x - x.max(axis=axis, keepdims=True)
    return np.asarray(x - np.log(np.exp(x).sum(axis=axis, keepdims=True)))


def log_softmax_dx(dy: ArrayLike, y: ArrayLike, axis: int = -1) -> Array:
    """dy - exp(y) * sum(dy)."""
    dy, y = _double(dy), _double(y)
    return np.asarray(dy - np.exp(y) * dy.sum(axis=axis, keepdims=True))


def _pieces(x: Array, num_units: int, axis: int) -> tuple[Array, int]:
    axis %= x.ndim
    return x.reshape(*x.shape[:axis], num_units, x.shape[axis] // num_units, *x.shape[axis + 1 :]), axis + 1


def maxout(x: ArrayLike, num_units: int, axis: int = -1) -> Array:
    """The largest of every size // num_units neighbours along an axis."""
    pieces, at = _pieces(_double(x), num_units, axis)
    return np.asarray(pieces.max(axis=at))


def maxout_dx(dy: ArrayLike, x: ArrayLike, num_units: int, axis: int = -1) -> Array:
    """dy where the first of the largest neighbours lies, else 0."""
    x = _double(x)
    pieces, at = _pieces(x, num_units, axis)
    dx = np.zeros_like(pieces)
    np.put_along_axis(dx, np.expand_dims(pieces.argmax(axis=at), at), np.expand_dims(_double(dy), at), axis=at)
    return dx.reshape(x.shape)
