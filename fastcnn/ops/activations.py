"""Activation functions: one primitive for those that work element by element, and softmax, PReLU and maxout."""

import math
import warnings
from collections.abc import Callable
from typing import Any

from fastcnn import kernels, ops, reference
from fastcnn._arrays import INT
from fastcnn.seam import Primitive, Shape, apply, gradient_of
from fastcnn.tensor import Operators, convert_to_tensor

from .operands import normalized_axes

__all__ = [
    "elu",
    "gelu",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "leaky_relu",
    "log_softmax",
    "maxout",
    "mish",
    "prelu",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "step",
    "swish",
    "tanh",
]


def _activate_shape(x: Shape, activation: str, alpha: float | None = None) -> Shape:
    return x


def _activate_dx_shape(dy: Shape, x: Shape, activation: str, alpha: float | None = None) -> Shape:
    return x


ACTIVATE = Primitive("activate", kernels.activate, reference.activate, _activate_shape)
ACTIVATE_DX = Primitive("activate_dx", kernels.activate_dx, reference.activate_dx, _activate_dx_shape)
_ATTRS: dict[str, dict[str, Any]] = {
    name: {"activation": name}
    for name in (
        *("step", "relu", "relu6", "selu", "sigmoid", "hard_sigmoid", "tanh", "softplus", "softsign"),
        *("silu", "hard_silu", "gelu", "gelu_tanh", "mish", "exp"),
    )
}


@gradient_of(ACTIVATE)
def _activate_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(ACTIVATE_DX, (dy, inputs[0]), attrs),)


@gradient_of(ACTIVATE_DX)
def _activate_dx_gradient(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    dy, x = inputs
    curve = _CURVATURE.get(attrs["activation"])
    by_dy = apply(ACTIVATE_DX, (g, x), attrs) if needs[0] else None
    return by_dy, curve(g * dy, x, attrs) if curve is not None and needs[1] else None


def activation_gradient(dy: Any, y: Any, activation: str) -> Any:
    """The gradient before a fused activation, from what came after it: "relu" and "relu6" let through where y moved."""
    return apply(ACTIVATE_DX, (dy, y), _ATTRS[activation])


def _slope(t: Any, x: Any, activation: str) -> Any:
    """t * f'(x)."""
    return apply(ACTIVATE_DX, (t, x), _ATTRS[activation])


def _curve_elu(t: Any, x: Any, attrs: Any) -> Any:
    """The slope again, but for the straight half."""
    straight = reference.activations.SELU_SCALE if attrs["activation"] == "selu" else 1.0
    return apply(ACTIVATE_DX, (t, x), attrs) - straight * _slope(t, x, "relu")


def _curve_softsign(t: Any, x: Any, attrs: Any) -> Any:
    return -2.0 * _slope(t, x, "softsign") * (ops.sign(x) - softsign(x))


def _curve_gelu(t: Any, x: Any, attrs: Any) -> Any:
    square = x * x
    bell = apply(ACTIVATE, (-0.5 * square,), _ATTRS["exp"])
    return t * bell * (2.0 - square) * (1.0 / math.sqrt(2.0 * math.pi))


def _curve_gelu_tanh(t: Any, x: Any, attrs: Any) -> Any:
    """x * sigmoid(u(x)), differentiated twice."""
    slope, cubic = 2.0 * reference.activations.GELU_SLOPE, reference.activations.GELU_CUBIC
    square = x * x
    gate = sigmoid(slope * x * (1.0 + cubic * square))
    du = slope * (1.0 + 3.0 * cubic * square)
    inner = 2.0 * du + x * ((1.0 - 2.0 * gate) * du * du + 6.0 * slope * cubic * x)
    return t * gate * (1.0 - gate) * inner


def _curve_mish(t: Any, x: Any, attrs: Any) -> Any:
    """x * tanh(softplus(x)), differentiated twice."""
    s, h = sigmoid(x), tanh(softplus(x))
    return t * (1.0 - h * h) * s * (2.0 + x * (1.0 - s - 2.0 * h * s))


# t * f''(x) of those that are not straight in pieces.
_CURVATURE: dict[str, Callable[[Any, Any, Any], Any]] = {
    "elu": _curve_elu,
    "selu": _curve_elu,
    "exp": lambda t, x, attrs: _slope(t, x, "exp"),
    "sigmoid": lambda t, x, attrs: _slope(t, x, "sigmoid") * (1.0 - 2.0 * sigmoid(x)),
    "tanh": lambda t, x, attrs: -2.0 * _slope(t, x, "tanh") * tanh(x),
    "softplus": lambda t, x, attrs: _slope(t, x, "sigmoid"),
    "softsign": _curve_softsign,
    "silu": lambda t, x, attrs: _slope(t, x, "sigmoid") * (2.0 + x * (1.0 - 2.0 * sigmoid(x))),
    "hard_silu": lambda t, x, attrs: 2.0 * _slope(t, x, "hard_sigmoid"),
    "gelu": _curve_gelu,
    "gelu_tanh": _curve_gelu_tanh,
    "mish": _curve_mish,
}


def relu(x: Any) -> Any:
    """``max(x, 0)``.

    Example:
        >>> relu([-1.0, 2.0]).numpy()
        array([0., 2.], dtype=float32)
    """
    return apply(ACTIVATE, (x if isinstance(x, Operators) else convert_to_tensor(x),), _ATTRS["relu"])


def relu6(x: Any) -> Any:
    """``min(max(x, 0), 6)``.

    Example:
        >>> relu6([-1.0, 2.0, 8.0]).numpy()
        array([0., 2., 6.], dtype=float32)
    """
    return apply(ACTIVATE, (x if isinstance(x, Operators) else convert_to_tensor(x),), _ATTRS["relu6"])


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """``x`` where positive, else ``negative_slope * x``.

    Example:
        >>> leaky_relu([-2.0, 2.0], 0.5).numpy()
        array([-1.,  2.], dtype=float32)
    """
    attrs = {"activation": "leaky_relu", "alpha": negative_slope}
    return apply(ACTIVATE, (x if isinstance(x, Operators) else convert_to_tensor(x),), attrs)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """``x`` where positive, else ``alpha * (exp(x) - 1)``.

    Example:
        >>> elu([-200.0, 2.0]).numpy()
        array([-1.,  2.], dtype=float32)
    """
    attrs = {"activation": "elu", "alpha": alpha}
    return apply(ACTIVATE, (x if isinstance(x, Operators) else convert_to_tensor(x),), attrs)


def selu(x: Any) -> Any:
    """``1.0507 * elu(x, 1.67326)``: keeps mean 0 and variance 1 through many layers.

    Example:
        >>> selu([0.0, 1.0]).numpy()
        array([0.      , 1.050701], dtype=float32)
    """
    return apply(ACTIVATE, (x if isinstance(x, Operators) else convert_to_tensor(x),), _ATTRS["selu"])


def sigmoid(x: Any) -> Any:
    """``1 / (1 + exp(-x))``.

    Example:
        >>> sigmoid([0.0, 100.0]).numpy()
        array([0.5, 1. ], dtype=float32)
    """
    x = x if isinstance(x, Operators) else convert_to_tensor(x)
    y = apply(ACTIVATE, (x,), _ATTRS["sigmoid"])
    y.logits = "sigmoid", x
    return y


def hard_sigmoid(x: Any) -> Any:
    """``relu6(x + 3) / 6``.

    Example:
        >>> hard_sigmoid([-4.0, 0.0, 3.0]).numpy()
        array([0. , 0.5, 1. ], dtype=float32)
    """
    return apply(ACTIVATE, (x if isinstance(x, Operators) else convert_to_tensor(x),), _ATTRS["hard_sigmoid"])


def tanh(x: Any) -> Any:
    """Hyperbolic tangent.

    Args:
        x: any tensor.

    Example:
        >>> tanh([0.0, 20.0]).numpy()
        array([0., 1.], dtype=float32)
    """
    return apply(ACTIVATE, (x if isinstance(x, Operators) else convert_to_tensor(x),), _ATTRS["tanh"])


def softplus(x: Any) -> Any:
    """``log(1 + exp(x))``.

    Example:
        >>> softplus([-200.0, 50.0]).numpy()
        array([ 0., 50.], dtype=float32)
    """
    return apply(ACTIVATE, (x if isinstance(x, Operators) else convert_to_tensor(x),), _ATTRS["softplus"])


def softsign(x: Any) -> Any:
    """``x / (1 + |x|)``.

    Example:
        >>> softsign([-1.0, 3.0]).numpy()
        array([-0.5 ,  0.75], dtype=float32)
    """
    return apply(ACTIVATE, (x if isinstance(x, Operators) else convert_to_tensor(x),), _ATTRS["softsign"])


def silu(x: Any) -> Any:
    """``x * sigmoid(x)``.

    Example:
        >>> silu([0.0, 50.0]).numpy()
        array([ 0., 50.], dtype=float32)
    """
    return apply(ACTIVATE, (x if isinstance(x, Operators) else convert_to_tensor(x),), _ATTRS["silu"])


def hard_silu(x: Any) -> Any:
    """``x * relu6(x + 3) / 6``.

    Example:
        >>> hard_silu([1.0, 3.0]).numpy()
        array([0.6666667, 3.       ], dtype=float32)
    """
    return apply(ACTIVATE, (x if isinstance(x, Operators) else convert_to_tensor(x),), _ATTRS["hard_silu"])


swish, hard_swish = silu, hard_silu


def gelu(x: Any, approximate: bool = True) -> Any:
    """``x * Phi(x)`` with the normal distribution's ``Phi``.

    Args:
        x: a tensor of any shape.
        approximate: ``x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2`` instead.

    Example:
        >>> gelu([0.0, 50.0]).numpy()
        array([ 0., 50.], dtype=float32)
    """
    attrs = _ATTRS["gelu_tanh" if approximate else "gelu"]
    return apply(ACTIVATE, (x if isinstance(x, Operators) else convert_to_tensor(x),), attrs)


def mish(x: Any) -> Any:
    """``x * tanh(softplus(x))``.

    Example:
        >>> mish([0.0, 50.0]).numpy()
        array([ 0., 50.], dtype=float32)
    """
    return apply(ACTIVATE, (x if isinstance(x, Operators) else convert_to_tensor(x),), _ATTRS["mish"])


def step(x: Any) -> Any:
    """1 where ``x > 0``, else 0: the perceptron's activation. Its gradient is 0 everywhere.

    Example:
        >>> step([-1.0, 2.0]).numpy()
        array([0., 1.], dtype=float32)
    """
    return apply(ACTIVATE, (x if isinstance(x, Operators) else convert_to_tensor(x),), _ATTRS["step"])


SOFTMAX = Primitive("softmax", kernels.softmax, reference.softmax, lambda x, axis: x)
SOFTMAX_DX = Primitive("softmax_dx", kernels.softmax_dx, reference.softmax_dx, lambda dy, y, axis: y)
LOG_SOFTMAX = Primitive("log_softmax", kernels.log_softmax, reference.log_softmax, lambda x, axis: x)
LOG_SOFTMAX_DX = Primitive("log_softmax_dx", kernels.log_softmax_dx, reference.log_softmax_dx, lambda dy, y, axis: y)


def softmax(x: Any, axis: Any = -1) -> Any:
    """``exp(x) / sum(exp(x))`` along an axis.

    Example:
        >>> softmax([1000.0, 1000.0]).numpy()
        array([0.5, 0.5], dtype=float32)
    """
    x = x if isinstance(x, Operators) else convert_to_tensor(x)
    if axis.__class__ is not int:
        axis = _axes(axis, x, "softmax")
        if axis.__class__ is tuple:
            powers = ops.exp(ops.subtract(x, ops.max(x, axis, keepdims=True)))
            return ops.divide(powers, ops.sum(powers, axis, keepdims=True))
    axis = _one_axis(axis, x, "softmax")
    if x.shape[axis] == 1:
        warnings.warn(
            f"softmax over axis {axis} of a tensor of shape {tuple(x.shape)} is 1 everywhere; did you mean sigmoid?",
            stacklevel=2,
        )
    y = apply(SOFTMAX, (x,), {"axis": axis})
    if axis in (-1, len(x.shape) - 1):
        y.logits = "softmax", x
    return y


def log_softmax(x: Any, axis: Any = -1) -> Any:
    """The logarithm of ``softmax``, without its underflow.

    Args:
        x: any tensor.
        axis: along which the exponentials sum to 1; several, or None for all, too.

    Example:
        >>> log_softmax([0.0, 200.0]).numpy()
        array([-200.,    0.], dtype=float32)
    """
    x = x if isinstance(x, Operators) else convert_to_tensor(x)
    if axis.__class__ is not int:
        axis = _axes(axis, x, "log_softmax")
        if axis.__class__ is tuple:
            return ops.subtract(x, ops.logsumexp(x, axis, keepdims=True))
    return apply(LOG_SOFTMAX, (x,), {"axis": _one_axis(axis, x, "log_softmax")})


def _axes(axis: Any, x: Any, name: str) -> Any:
    """One axis as an int, several, or None, as a tuple."""
    several = isinstance(axis, (tuple, list))
    if axis is not None and not all(
        isinstance(a, INT) and a.__class__ is not bool for a in (axis if several else [axis])
    ):
        raise TypeError(f"{name}: axis must be an int, several ints or None, got {axis!r}")
    axes = normalized_axes(axis, len(x.shape))
    return axes[0] if len(axes) == 1 else axes


def _one_axis(axis: int, x: Any, name: str) -> int:
    rank = len(x.shape)
    if not -rank <= axis < rank:
        raise ValueError(f"{name}: axis must be from {-rank} to {rank - 1} for x of shape {x.shape}, got {axis}")
    return axis


@gradient_of(SOFTMAX)
def _softmax_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(SOFTMAX_DX, (dy, outputs), attrs),)


@gradient_of(SOFTMAX_DX)
def _softmax_dx_gradient(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    dy, y = inputs
    axis = attrs["axis"]
    by_y = None
    if needs[1]:
        by_y = g * (dy - ops.sum(dy * y, axis=axis, keepdims=True))
        by_y = by_y - dy * ops.sum(g * y, axis=axis, keepdims=True)
    return apply(SOFTMAX_DX, (g, y), attrs) if needs[0] else None, by_y


@gradient_of(LOG_SOFTMAX)
def _log_softmax_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(LOG_SOFTMAX_DX, (dy, outputs), attrs),)


@gradient_of(LOG_SOFTMAX_DX)
def _log_softmax_dx_gradient(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    dy, y = inputs
    weighted = g * apply(ACTIVATE, (y,), _ATTRS["exp"])
    by_dy = g - ops.sum(weighted, axis=attrs["axis"], keepdims=True) if needs[0] else None
    by_y = -(weighted * ops.sum(dy, axis=attrs["axis"], keepdims=True)) if needs[1] else None
    return by_dy, by_y


PRELU = Primitive("prelu", kernels.prelu, reference.prelu, lambda x, alpha: x)
PRELU_BACKWARD = Primitive(
    "prelu_backward", kernels.prelu_backward, reference.prelu_backward, lambda dy, x, alpha: [x, alpha]
)


def prelu(x: Any, alpha: Any) -> Any:
    """``x`` where positive, else ``alpha * x`` with slopes that are learnt.

    Args:
        x: (..., c).
        alpha: (c,), or any shape that broadcasts with x.

    Example:
        >>> prelu([[-2.0, -2.0]], [0.5, 2.0]).numpy()
        array([[-1., -4.]], dtype=float32)
    """
    x = x if isinstance(x, Operators) else convert_to_tensor(x)
    alpha = alpha if isinstance(alpha, Operators) else convert_to_tensor(alpha)
    if len(alpha.shape) == 1 and alpha.shape[0] == x.shape[-1]:
        return apply(PRELU, (x, alpha), {})
    return relu(x) - alpha * relu(-x)


@gradient_of(PRELU)
def _prelu_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> Any:
    return apply(PRELU_BACKWARD, (dy, *inputs), attrs)


@gradient_of(PRELU_BACKWARD)
def _prelu_backward_gradient(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any, Any]:
    (dy, x, alpha), (by_dx, by_alpha) = inputs, g
    ddy = dx = dalpha = None
    if by_dx is not None:
        both = by_dx * dy
        ddy = apply(PRELU_BACKWARD, (by_dx, x, alpha), {})[0]
        dalpha = ops.sum(both - _slope(both, x, "relu"), axis=tuple(range(len(x.shape) - 1)))
    if by_alpha is not None:
        part = by_alpha * (x - relu(x))
        ddy = part if ddy is None else ddy + part
        both = by_alpha * dy
        dx = both - _slope(both, x, "relu")
    return ddy, dx, dalpha


def maxout(x: Any, num_units: int, axis: int = -1) -> Any:
    """The largest of every ``size // num_units`` neighbours along an axis.

    Args:
        x: a tensor of at least one dimension.
        num_units: how many values the axis keeps; divides its size.
        axis: the axis to shrink.

    Example:
        >>> maxout([1.0, 5.0, 3.0, 2.0], 2).numpy()
        array([5., 3.], dtype=float32)
    """
    x = x if isinstance(x, Operators) else convert_to_tensor(x)
    return apply(MAXOUT, (x,), {"num_units": num_units, "axis": _one_axis(axis, x, "maxout")})


def _maxout_shape(x: Shape, num_units: int, axis: int) -> Shape:
    size = x[axis]
    if num_units < 1 or (size is not None and size % num_units):
        raise ValueError(f"num_units must divide the size of axis {axis}, {size}, got {num_units}")
    axis %= len(x)
    return (*x[:axis], num_units, *x[axis + 1 :])


MAXOUT = Primitive("maxout", kernels.maxout, reference.maxout, _maxout_shape)
MAXOUT_DX = Primitive("maxout_dx", kernels.maxout_dx, reference.maxout_dx, lambda dy, x, num_units, axis: x)


@gradient_of(MAXOUT)
def _maxout_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(MAXOUT_DX, (dy, inputs[0]), attrs),)


@gradient_of(MAXOUT_DX)
def _maxout_dx_gradient(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, None]:
    """What each piece's winner holds: g where the forward pass chose, summed over the piece."""
    dy, x = inputs
    axis, units = attrs["axis"] % len(x.shape), attrs["num_units"]
    chosen = g * apply(MAXOUT_DX, (ops.ones_like(dy), x), attrs)
    shape = [-1 if n is None else n for n in x.shape]
    pieces = ops.reshape(chosen, (*shape[:axis], units, shape[axis] // units, *shape[axis + 1 :]))
    return ops.sum(pieces, axis=axis + 1), None
