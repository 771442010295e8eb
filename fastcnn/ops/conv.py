"""Convolution in one and two dimensions, and what its relatives share with it.

One dimension is two of height 1: the primitives take both ranks, and arguments in their two-dimensional form.
"""

from collections.abc import Callable
from typing import Any

from fastcnn import _core, kernels, ops, reference
from fastcnn.seam import Primitive, Shape, apply, gradient_of
from fastcnn.tensor import Operators, convert_to_tensor

from .activations import activation_gradient

__all__ = ["conv"]

FUSED = (None, "relu", "relu6")


def conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
    *,
    bias: Any = None,
    activation: str | None = None,
    padding_mode: str = "constant",
    padding_value: float = 0.0,
) -> Any:
    """Convolution in one or two dimensions: ``activation(conv(inputs, kernel) + bias)`` in one pass.

    Args:
        inputs: (n, h, w, c) or (n, length, c).
        kernel: (kh, kw, c / groups, k) or (length, c / groups, k); its shape says how many groups there are.
        strides: an int, or one an axis.
        padding: "valid", "same", an int, one an axis, or pairs (before, after); "causal" in one dimension.
        data_format: "channels_last" (unless given) or "channels_first", where inputs and result have c in second place.
        dilation_rate: an int, or one an axis.
        bias: (k,) or None.
        activation: None, "relu" or "relu6".
        padding_mode: "constant", "reflect", "replicate" or "circular".
        padding_value: the constant.

    Returns:
        (n, oh, ow, k) or (n, out length, k).

    Example:
        >>> import numpy as np
        >>> conv(np.ones((1, 3, 3, 1)), np.ones((2, 2, 1, 1)), padding="same").numpy()[0, :, :, 0]
        array([[4., 4., 2.],
               [4., 4., 2.],
               [2., 2., 1.]], dtype=float32)
    """
    x, w, bias = conv_tensors(inputs, kernel, bias, activation)
    first = data_format is not None and data_format != "channels_last" and is_channels_first(data_format)
    if first:
        x = to_channels_last(x)
    shape = w.shape
    if len(shape) == 3:
        strides, padding, dilation_rate = flat_arguments(shape[0], strides, padding, dilation_rate)
    c, part = x.shape[-1], shape[-2]
    if c != part and (c is None or c % part):
        raise ValueError(
            f"conv: kernel of shape {w.shape} needs inputs with {part} channels or a multiple, got {x.shape}"
        )
    attrs = {"strides": strides, "padding": padding, "dilation": dilation_rate, "groups": c // part}
    if padding_mode != "constant" or padding_value:
        attrs["padding_mode"], attrs["padding_value"] = padding_mode, padding_value
    attrs["activation"] = activation
    y = apply(CONV, (x, w, bias), attrs)
    return to_channels_first(y) if first else y


def conv_tensors(inputs: Any, kernel: Any, bias: Any, activation: Any) -> tuple[Any, Any, Any]:
    x = inputs if isinstance(inputs, Operators) else convert_to_tensor(inputs, "float")
    w = kernel if isinstance(kernel, Operators) else convert_to_tensor(kernel, "float")
    if bias is not None and not isinstance(bias, Operators):
        bias = convert_to_tensor(bias, "float")
    if activation not in FUSED:
        raise ValueError(f"activation must be None, 'relu' or 'relu6', got {activation!r}; apply others to the result")
    rank = len(x.shape)
    if rank not in (3, 4) or rank != len(w.shape):
        raise ValueError(
            f"inputs must be (n, h, w, c) with a kernel of 4 dimensions or (n, length, c) with one of 3, "
            f"got shapes {tuple(x.shape)} and {tuple(w.shape)}"
        )
    return x, w, bias


def is_channels_first(data_format: str | None) -> bool:
    if data_format in (None, "channels_last"):
        return False
    if data_format != "channels_first":
        raise ValueError(f"data_format must be 'channels_last' or 'channels_first', got {data_format!r}")
    return True


def to_channels_last(x: Any) -> Any:
    """(n, c, ...) as (n, ..., c)."""
    return ops.transpose(x, (0, *range(2, len(x.shape)), 1))


def to_channels_first(x: Any) -> Any:
    """(n, ..., c) as (n, c, ...)."""
    last = len(x.shape) - 1
    return ops.transpose(x, (0, last, *range(1, last)))


def flat_arguments(length: int, strides: Any, padding: Any, dilation: Any) -> tuple[Any, Any, Any]:
    """Arguments along one axis as those of a convolution of height 1."""
    stride, spread = single(strides, "strides"), single(dilation, "dilation_rate")
    if padding == "causal":
        padding = ((0, 0), ((length - 1) * spread, 0))
    elif not isinstance(padding, str):
        sides = padding[0] if isinstance(padding, (tuple, list)) and len(padding) == 1 else padding
        padding = ((0, 0), (sides, sides) if isinstance(sides, int) else tuple(sides))
    return (1, stride), padding, (1, spread)


def single(value: Any, name: str) -> Any:
    if isinstance(value, (tuple, list)):
        if len(value) != 1:
            raise ValueError(f"{name} must be one int in one dimension, got {value!r}")
        return value[0]
    return value


def lifted(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with its first arrays, and its result, of 3 dimensions as well as of 4."""

    def either(x: Any, w: Any, *rest: Any, **attrs: Any) -> Any:
        if x.ndim == 4:
            return function(x, w, *rest, **attrs)
        return function(x[:, None], w[None], *rest, **attrs)[:, 0]

    return either


def input_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    """The input gradient: the shape of x is an attribute, whose batch size the gradient knows better."""

    def either(dy: Any, w: Any, *, x_shape: Any, **attrs: Any) -> Any:
        if dy.ndim == 4:
            return function(dy, w, (dy.shape[0], *x_shape[1:]), **attrs)
        return function(dy[:, None], w[None], (dy.shape[0], 1, *x_shape[1:]), **attrs)[:, 0]

    return either


def kernel_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    def either(x: Any, dy: Any, *, w_shape: Any, **attrs: Any) -> Any:
        if x.ndim == 4:
            return function(x, dy, w_shape, **attrs)
        return function(x[:, None], dy[:, None], (1, *w_shape), **attrs)[0]

    return either


def activated(function: Callable[..., Any]) -> Callable[..., Any]:
    """A reference that knows no activation, followed by one."""

    def run(x: Any, w: Any, bias: Any, *, activation: str | None = None, **attrs: Any) -> Any:
        y = function(x, w, bias, **attrs)
        return y if activation is None else reference.activate(y, activation)

    return run


def output_size(size: int | None, taps: int, stride: int, padding: Any, dilation: int, axis: int) -> int | None:
    """The convolution's result along an axis; padding as the kernels take it."""
    if size is None:
        return None
    sides = _core.padding(padding)
    if sides is None:
        return -(-size // stride)
    reach = (taps - 1) * dilation + 1
    room = size + sum(sides[axis]) - reach
    if room < 0:
        raise ValueError(
            f"a window of {reach} does not fit into the {size} cells of axis {axis + 1} with padding {padding!r}; "
            "pad more, as 'same' does, or give larger inputs"
        )
    return room // stride + 1


def spatial_sizes(x: Shape, w: Any, strides: Any, padding: Any, dilation: Any) -> Shape:
    """The batch and the result's sizes, for either rank."""
    steps, spread = _core.pair(strides, "strides"), _core.pair(dilation, "dilation")
    axes = (0, 1) if len(x) == 4 else (1,)
    skip = 4 - len(x)
    sizes = [output_size(x[1 + a - skip], w[a - skip], steps[a], padding, spread[a], a) for a in axes]
    return (x[0], *sizes)


def _conv_shape(
    x: Shape, w: Shape, bias: Shape | None, strides: Any, padding: Any, dilation: Any, groups: int, **rest: Any
) -> Shape:
    return (*spatial_sizes(x, w, strides, padding, dilation), w[-1])


# The kernels as kernels/conv.py calls them, one Python call nearer: an eager convolution makes four.
def _conv(
    x: Any, w: Any, b: Any, strides: Any, padding: Any, dilation: Any, groups: int, activation: Any,
    padding_mode: str = "constant", padding_value: float = 0.0,
) -> Any:  # fmt: skip
    rest = (activation, 0.0, None, "auto", "high", padding_mode, padding_value, None, None)
    if x.ndim == 4:
        return _core.conv2d(x, w, b, strides, padding, dilation, groups, *rest)
    return _core.conv2d(x[:, None], w[None], b, strides, padding, dilation, groups, *rest)[:, 0]


def _conv_dx(
    dy: Any, w: Any, strides: Any, padding: Any, dilation: Any, groups: int, x_shape: Any,
    padding_mode: str = "constant",
) -> Any:  # fmt: skip
    rest = (strides, padding, dilation, groups, None, None, 0.0, "auto", "high", padding_mode, None, None, None)
    if dy.ndim == 4:
        return _core.conv2d_dx(dy, w, (dy.shape[0], *x_shape[1:]), *rest)
    return _core.conv2d_dx(dy[:, None], w[None], (dy.shape[0], 1, *x_shape[1:]), *rest)[:, 0]


def _conv_dw(
    x: Any, dy: Any, strides: Any, padding: Any, dilation: Any, groups: int, w_shape: Any,
    padding_mode: str = "constant", padding_value: float = 0.0,
) -> Any:  # fmt: skip
    rest = (strides, padding, dilation, groups, "auto", "high", padding_mode, padding_value, None, None, False)
    if x.ndim == 4:
        return _core.conv2d_dw(x, dy, w_shape, *rest)
    return _core.conv2d_dw(x[:, None], dy[:, None], (1, *w_shape), *rest)[0]


def _conv_dw_db(module: Any) -> Any:
    def run(x: Any, dy: Any, *, w_shape: Any, **attrs: Any) -> Any:
        if x.ndim == 4:
            return module.conv2d_dw(x, dy, w_shape, return_db=True, **attrs)
        dw, db = module.conv2d_dw(x[:, None], dy[:, None], (1, *w_shape), return_db=True, **attrs)
        return dw[0], db

    return run


CONV = Primitive("conv2d", _conv, activated(lifted(reference.conv2d)), _conv_shape)
CONV_DX = Primitive(
    "conv2d_dx",
    _conv_dx,
    input_gradient(reference.conv2d_dx),
    lambda dy, w, x_shape, **attrs: (dy[0], *x_shape[1:]),
)
CONV_DW = Primitive(
    "conv2d_dw",
    _conv_dw,
    kernel_gradient(reference.conv2d_dw),
    lambda x, dy, w_shape, **attrs: w_shape,
)
CONV_DW_DB = Primitive(
    "conv2d_dw_db",
    _conv_dw_db(kernels),
    _conv_dw_db(reference),
    lambda x, dy, w_shape, **attrs: [w_shape, dy[-1:]],
)
CONV_DB = Primitive("conv2d_db", kernels.conv2d_db, reference.depthwise_conv2d_db, lambda dy: (dy[-1],))


@gradient_of(CONV_DB)
def _conv_db_gradient(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (ops.zeros_like(inputs[0]) + g,)


def without(attrs: dict[str, Any], *names: str) -> dict[str, Any]:
    kept = attrs.copy()
    for name in names:
        kept.pop(name, None)
    return kept


def conv_dx(dy: Any, w: Any, x: Any, attrs: dict[str, Any]) -> Any:
    kept = {"strides": attrs["strides"], "padding": attrs["padding"], "dilation": attrs["dilation"]}
    kept["groups"], kept["x_shape"] = attrs["groups"], x.shape
    if "padding_mode" in attrs:
        kept["padding_mode"] = attrs["padding_mode"]
    return apply(CONV_DX, (dy, w), kept)


def conv_dw(x: Any, dy: Any, w: Any, attrs: dict[str, Any], operation: Primitive = CONV_DW) -> Any:
    kept = {"strides": attrs["strides"], "padding": attrs["padding"], "dilation": attrs["dilation"]}
    kept["groups"], kept["w_shape"] = attrs["groups"], w.shape
    if "padding_mode" in attrs:
        kept["padding_mode"], kept["padding_value"] = attrs["padding_mode"], attrs.get("padding_value", 0.0)
    return apply(operation, (x, dy), kept)


@gradient_of(CONV)
def _conv_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any, Any]:
    x, w, _ = inputs
    if attrs["activation"] is not None:
        dy = activation_gradient(dy, outputs, attrs["activation"])
    dx = conv_dx(dy, w, x, attrs) if needs[0] else None
    if needs[1] and needs[2]:
        return dx, *conv_dw(x, dy, w, attrs, CONV_DW_DB)
    dw = conv_dw(x, dy, w, attrs) if needs[1] else None
    return dx, dw, apply(CONV_DB, (dy,), {}) if needs[2] else None


@gradient_of(CONV_DX)
def _conv_dx_gradient(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    dy, w = inputs
    attrs = {**without(attrs, "x_shape"), "activation": None}
    by_dy = apply(CONV, (g, w, None), attrs) if needs[0] else None
    return by_dy, conv_dw(g, dy, w, attrs) if needs[1] else None


@gradient_of(CONV_DW_DB)
def _conv_dw_db_gradient(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    dy = inputs[1]
    by_x, by_dy = _conv_dw_gradient(g[0], inputs, outputs, attrs, needs) if g[0] is not None else (None, None)
    if not needs[1] or g[1] is None:
        return by_x, by_dy
    spread = ops.zeros_like(dy) + g[1]
    return by_x, spread if by_dy is None else by_dy + spread


@gradient_of(CONV_DW)
def _conv_dw_gradient(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    x, dy = inputs
    attrs = {**without(attrs, "w_shape"), "activation": None}
    by_x = conv_dx(dy, g, x, attrs) if needs[0] else None
    return by_x, apply(CONV, (x, g, None), attrs) if needs[1] else None
