"""Activation functions by name, with Keras's names, arguments and defaults."""

from collections.abc import Callable
from typing import Any

from fastcnn import ops
from fastcnn.absent import explain_absent
from fastcnn.registry import Registry
from fastcnn.tensor import convert_to_tensor

__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "squareplus",
    "step",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]
explain_absent(__name__)

REGISTRY = Registry("activation function", "keras.activations", functions=True)


@REGISTRY.register()
def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """``max(x, 0)``, and its variants.

    Args:
        x: a tensor.
        negative_slope: of ``x - threshold`` below the threshold.
        max_value: what the result does not pass, or None.
        threshold: below it, the unit is off.

    Example:
        >>> relu([-2.0, 1.0, 9.0], negative_slope=0.5, max_value=6.0).numpy()
        array([-1.,  1.,  6.], dtype=float32)
    """
    if max_value is not None and max_value < 0:
        raise ValueError(f"max_value must not be negative, got {max_value}")
    if negative_slope and max_value is None and threshold == 0:
        return ops.leaky_relu(x, negative_slope)
    if threshold == 0 and not negative_slope and max_value in (None, 6):
        return ops.relu(x) if max_value is None else ops.relu6(x)
    x = convert_to_tensor(x)
    above = x * ops.cast(ops.greater(x, threshold), x.dtype) if threshold else ops.relu(x)
    if max_value is not None:
        above = ops.minimum(ops.maximum(above, 0.0), max_value)
    return above - negative_slope * ops.relu(threshold - x) if negative_slope else above


@REGISTRY.register()
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """``x`` where positive, else ``negative_slope * x``.

    Example:
        >>> leaky_relu([-2.0, 2.0]).numpy()
        array([-0.4,  2. ], dtype=float32)
    """
    return ops.leaky_relu(x, negative_slope)


@REGISTRY.register()
def elu(x: Any, alpha: float = 1.0) -> Any:
    """``x`` where positive, else ``alpha * (exp(x) - 1)``.

    Example:
        >>> elu([-200.0, 2.0]).numpy()
        array([-1.,  2.], dtype=float32)
    """
    return ops.elu(x, alpha)


@REGISTRY.register()
def gelu(x: Any, approximate: bool = False) -> Any:
    """``x * Phi(x)`` with the normal distribution's ``Phi``, or its approximation by a tanh.

    Args:
        x: any tensor.
        approximate: whether by a tanh.

    Example:
        >>> gelu([0.0, 50.0]).numpy()
        array([ 0., 50.], dtype=float32)
    """
    return ops.gelu(x, approximate)


@REGISTRY.register()
def softmax(x: Any, axis: Any = -1) -> Any:
    """``exp(x) / sum(exp(x))`` along an axis, or several.

    Example:
        >>> softmax([[1.0, 1.0]]).numpy()
        array([[0.5, 0.5]], dtype=float32)
    """
    return ops.softmax(x, axis)


@REGISTRY.register()
def log_softmax(x: Any, axis: Any = -1) -> Any:
    """The logarithm of ``softmax``, without its underflow.

    Args:
        x: any tensor.
        axis: along which the exponentials sum to 1; several, or None for all, too.

    Example:
        >>> log_softmax([0.0, 200.0]).numpy()
        array([-200.,    0.], dtype=float32)
    """
    return ops.log_softmax(x, axis)


@REGISTRY.register()
def celu(x: Any, alpha: float = 1.0) -> Any:
    """``x`` where positive, else ``alpha * (exp(x / alpha) - 1)``.

    Example:
        >>> celu([-200.0, 2.0]).numpy()
        array([-1.,  2.], dtype=float32)
    """
    return alpha * ops.elu(convert_to_tensor(x) / alpha)


@REGISTRY.register()
def log_sigmoid(x: Any) -> Any:
    """``log(sigmoid(x))``, without its underflow.

    Example:
        >>> log_sigmoid([-200.0]).numpy()
        array([-200.], dtype=float32)
    """
    return -ops.softplus(-convert_to_tensor(x))


@REGISTRY.register()
def hard_tanh(x: Any) -> Any:
    """x within [-1, 1], else the bound.

    Example:
        >>> hard_tanh([-2.0, 0.5]).numpy()
        array([-1. ,  0.5], dtype=float32)
    """
    return ops.clip(x, -1.0, 1.0)


@REGISTRY.register()
def tanh_shrink(x: Any) -> Any:
    """``x - tanh(x)``.

    Example:
        >>> tanh_shrink([0.0, 20.0]).numpy()
        array([ 0., 19.], dtype=float32)
    """
    x = convert_to_tensor(x)
    return x - ops.tanh(x)


@REGISTRY.register()
def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x moved towards 0 by the threshold, 0 within it.

    Example:
        >>> soft_shrink([-2.0, 0.25, 2.0]).numpy()
        array([-1.5,  0. ,  1.5], dtype=float32)
    """
    x = convert_to_tensor(x)
    return ops.relu(x - threshold) - ops.relu(-x - threshold)


@REGISTRY.register()
def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x beyond the threshold, 0 within it.

    Example:
        >>> hard_shrink([-2.0, 0.25, 2.0]).numpy()
        array([-2.,  0.,  2.], dtype=float32)
    """
    x = convert_to_tensor(x)
    return x * ops.cast(ops.greater(ops.abs(x), threshold), x.dtype)


@REGISTRY.register()
def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """x above the threshold, else the default.

    Args:
        x: any tensor.
        threshold: what x must be above to stay.
        default_value: what stands in its place elsewhere.

    Example:
        >>> threshold([-2.0, 2.0], 1.0, 9.0).numpy()
        array([9., 2.], dtype=float32)
    """
    x = convert_to_tensor(x)
    return ops.where(ops.greater(x, threshold), x, ops.full_like(x, default_value))


@REGISTRY.register()
def squareplus(x: Any, b: float = 4.0) -> Any:
    """``(x + sqrt(x * x + b)) / 2``.

    Example:
        >>> squareplus([0.0]).numpy()
        array([1.], dtype=float32)
    """
    x = convert_to_tensor(x)
    return (x + ops.sqrt(x * x + b)) * 0.5


@REGISTRY.register()
def linear(x: Any) -> Any:
    """x itself.

    Example:
        >>> linear(3.0)
        3.0
    """
    return x


@REGISTRY.register()
def exponential(x: Any) -> Any:
    """``e ** x``.

    Example:
        >>> exponential([0.0, 1.0]).numpy()
        array([1.       , 2.7182817], dtype=float32)
    """
    return ops.exp(x)


relu6, selu, sigmoid, hard_sigmoid, tanh = ops.relu6, ops.selu, ops.sigmoid, ops.hard_sigmoid, ops.tanh
softplus, softsign, silu, hard_silu, mish, step = (
    ops.softplus,
    ops.softsign,
    ops.silu,
    ops.hard_silu,
    ops.mish,
    ops.step,
)
swish, hard_swish = silu, hard_silu
_ALIASES = {"silu": ("swish",), "hard_silu": ("hard_swish",), "step": ("heaviside",)}
for _function in (relu6, selu, sigmoid, hard_sigmoid, tanh, softplus, softsign, silu, hard_silu, mish, step):
    REGISTRY.register(*_ALIASES.get(_function.__name__, ()))(_function)


def get(identifier: Any) -> Callable[..., Any]:
    """The function that a name, a config or a function stands for; None is ``linear``.

    Args:
        identifier: a name, a config, a function or None.

    Example:
        >>> get("relu") is relu
        True
    """
    return linear if identifier is None else REGISTRY.get(identifier)


def serialize(activation: Any) -> Any:
    """The name of an activation function.

    Example:
        >>> serialize(relu)
        'relu'
    """
    return REGISTRY.serialize(activation)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Callable[..., Any]:
    """The function that a name or config stands for.

    Args:
        config: a name, or a dict with the function's name.
        custom_objects: classes and functions by name that take part besides the registered ones.

    Example:
        >>> deserialize("relu") is relu
        True
    """
    return REGISTRY.deserialize(config, custom_objects)
