"""Convolution, transposed and depthwise convolution, in one and two dimensions.

One dimension is two of height 1: the primitives take both ranks, and arguments in their two-dimensional form.
"""

from collections.abc import Callable
from typing import Any

from fastcnn import _core, kernels, ops, reference
from fastcnn.seam import Primitive, Shape, apply, gradient_of
from fastcnn.tensor import Operators, convert_to_tensor

from .activations import activation_gradient

__all__ = ["conv", "conv_transpose", "depthwise_conv", "separable_conv"]

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
    x, w, bias = _tensors(inputs, kernel, bias, activation)
    first = data_format is not None and _channels_first(data_format)
    if first:
        x = to_channels_last(x)
    if len(w.shape) == 3:
        strides, padding, dilation_rate = _flat(w.shape[0], strides, padding, dilation_rate)
    c, part = x.shape[-1], w.shape[-2]
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


def _tensors(inputs: Any, kernel: Any, bias: Any, activation: Any) -> tuple[Any, Any, Any]:
    x = inputs if isinstance(inputs, Operators) else convert_to_tensor(inputs, "float")
    w = kernel if isinstance(kernel, Operators) else convert_to_tensor(kernel, "float")
    if bias is not None and not isinstance(bias, Operators):
        bias = convert_to_tensor(bias, "float")
    if activation not in FUSED:
        raise ValueError(f"activation must be None, 'relu' or 'relu6', got {activation!r}; apply others to the result")
    rank = len(x.shape)
    if rank != len(w.shape) or rank not in (3, 4):
        raise ValueError(
            f"inputs must be (n, h, w, c) with a kernel of 4 dimensions or (n, length, c) with one of 3, "
            f"got shapes {tuple(x.shape)} and {tuple(w.shape)}"
        )
    return x, w, bias


def _channels_first(data_format: str | None) -> bool:
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


def _flat(length: int, strides: Any, padding: Any, dilation: Any) -> tuple[Any, Any, Any]:
    """Arguments along one axis as those of a convolution of height 1."""
    stride, spread = _single(strides, "strides"), _single(dilation, "dilation_rate")
    if padding == "causal":
        padding = ((0, 0), ((length - 1) * spread, 0))
    elif not isinstance(padding, str):
        sides = padding[0] if isinstance(padding, (tuple, list)) and len(padding) == 1 else padding
        padding = ((0, 0), (sides, sides) if isinstance(sides, int) else tuple(sides))
    return (1, stride), padding, (1, spread)


def _single(value: Any, name: str) -> Any:
    if isinstance(value, (tuple, list)):
        if len(value) != 1:
            raise ValueError(f"{name} must be one int in one dimension, got {value!r}")
        return value[0]
    return value


def _lifted(function: Callable[..., Any], arrays: int = 2) -> Callable[..., Any]:
    """The function with its first arrays, and its result, of 3 dimensions as well as of 4."""

    def either(x: Any, w: Any, *rest: Any, **attrs: Any) -> Any:
        if x.ndim == 4:
            return function(x, w, *rest, **attrs)
        return function(x[:, None], w[None], *rest, **attrs)[:, 0]

    return either


def _dx(function: Callable[..., Any]) -> Callable[..., Any]:
    """The input gradient: the shape of x is an attribute, whose batch size the gradient knows better."""

    def either(dy: Any, w: Any, *, x_shape: Any, **attrs: Any) -> Any:
        if dy.ndim == 4:
            return function(dy, w, (dy.shape[0], *x_shape[1:]), **attrs)
        return function(dy[:, None], w[None], (dy.shape[0], 1, *x_shape[1:]), **attrs)[:, 0]

    return either


def _dw(function: Callable[..., Any]) -> Callable[..., Any]:
    def either(x: Any, dy: Any, *, w_shape: Any, **attrs: Any) -> Any:
        if x.ndim == 4:
            return function(x, dy, w_shape, **attrs)
        return function(x[:, None], dy[:, None], (1, *w_shape), **attrs)[0]

    return either


def _activated(function: Callable[..., Any]) -> Callable[..., Any]:
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


def _spatial(x: Shape, w: Shape, strides: Any, padding: Any, dilation: Any) -> Shape:
    steps, spread = _core.pair(strides, "strides"), _core.pair(dilation, "dilation")
    axes = (0, 1) if len(x) == 4 else (1,)
    skip = 4 - len(x)
    sizes = [output_size(x[1 + a - skip], w[a - skip], steps[a], padding, spread[a], a) for a in axes]
    return (x[0], *sizes)


def _conv_shape(
    x: Shape, w: Shape, bias: Shape | None, strides: Any, padding: Any, dilation: Any, groups: int, **rest: Any
) -> Shape:
    return (*_spatial(x, w, strides, padding, dilation), w[-1])


CONV = Primitive("conv2d", _lifted(kernels.conv2d), _activated(_lifted(reference.conv2d)), _conv_shape)
CONV_DX = Primitive(
    "conv2d_dx",
    _dx(kernels.conv2d_dx),
    _dx(reference.conv2d_dx),
    lambda dy, w, x_shape, **attrs: (dy[0], *x_shape[1:]),
)
CONV_DW = Primitive(
    "conv2d_dw", _dw(kernels.conv2d_dw), _dw(reference.conv2d_dw), lambda x, dy, w_shape, **attrs: w_shape
)
CONV_DB = Primitive("conv2d_db", kernels.conv2d_db, reference.depthwise_conv2d_db, lambda dy: (dy[-1],))


@gradient_of(CONV_DB)
def _conv_db_gradient(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (ops.zeros_like(inputs[0]) + g,)


def _without(attrs: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in attrs.items() if name not in names}


def _conv_dx(dy: Any, w: Any, x: Any, attrs: dict[str, Any]) -> Any:
    attrs = _without(attrs, "padding_value", "activation", "w_shape")
    return apply(CONV_DX, (dy, w), {**attrs, "x_shape": x.shape})


def _conv_dw(x: Any, dy: Any, w: Any, attrs: dict[str, Any]) -> Any:
    return apply(CONV_DW, (x, dy), {**_without(attrs, "activation", "x_shape"), "w_shape": w.shape})


@gradient_of(CONV)
def _conv_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any, Any]:
    x, w, _ = inputs
    if attrs["activation"] is not None:
        dy = activation_gradient(dy, outputs, attrs["activation"])
    dx = _conv_dx(dy, w, x, attrs) if needs[0] else None
    dw = _conv_dw(x, dy, w, attrs) if needs[1] else None
    return dx, dw, apply(CONV_DB, (dy,), {}) if needs[2] else None


@gradient_of(CONV_DX)
def _conv_dx_gradient(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    dy, w = inputs
    attrs = {**_without(attrs, "x_shape"), "activation": None}
    by_dy = apply(CONV, (g, w, None), attrs) if needs[0] else None
    return by_dy, _conv_dw(g, dy, w, attrs) if needs[1] else None


@gradient_of(CONV_DW)
def _conv_dw_gradient(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    x, dy = inputs
    attrs = {**_without(attrs, "w_shape"), "activation": None}
    by_x = _conv_dx(dy, g, x, attrs) if needs[0] else None
    return by_x, apply(CONV, (x, g, None), attrs) if needs[1] else None


def conv_transpose(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    output_padding: Any = None,
    data_format: str | None = None,
    dilation_rate: Any = 1,
    *,
    bias: Any = None,
    activation: str | None = None,
) -> Any:
    """Transposed convolution in one or two dimensions: the gradient of a convolution, as an operation of its own.

    Args:
        inputs: (n, h, w, k) or (n, length, k).
        kernel: (kh, kw, c, k) or (length, c, k): ``c`` channels come out.
        strides: an int, or one an axis.
        padding: "valid", "same", an int, one an axis, or pairs (before, after).
        output_padding: cells to add at the end, less than the stride; None gives ``size * stride`` cells for "same",
            and for "valid" the smallest result, but at least that many.
        data_format: "channels_last" (unless given) or "channels_first".
        dilation_rate: an int, or one an axis.
        bias: (c,) or None.
        activation: None, "relu" or "relu6".

    Returns:
        (n, oh, ow, c) or (n, out length, c).

    Example:
        >>> import numpy as np
        >>> conv_transpose(np.ones((1, 2, 2, 1)), np.ones((2, 2, 1, 1)), strides=2).shape
        (1, 4, 4, 1)
    """
    x, w, bias = _tensors(inputs, kernel, bias, activation)
    first = _channels_first(data_format)
    if first:
        x = to_channels_last(x)
    if len(w.shape) == 3:
        strides, padding, dilation_rate = _flat(w.shape[0], strides, padding, dilation_rate)
        if output_padding is not None:
            output_padding = (0, _single(output_padding, "output_padding"))
    if x.shape[-1] is not None and x.shape[-1] != w.shape[-1]:
        raise ValueError(
            f"conv_transpose: a kernel of shape {w.shape} needs inputs with {w.shape[-1]} channels, got {x.shape}"
        )
    steps, spread = _core.pair(strides, "strides"), _core.pair(dilation_rate, "dilation_rate")
    given = (None, None) if output_padding is None else _core.pair(output_padding, "output_padding")
    if any(extra is not None and extra >= step and extra for extra, step in zip(given, steps, strict=True)):
        raise ValueError(f"output_padding must be less than strides {steps}, got {output_padding!r}")
    taps = w.shape[:2] if len(w.shape) == 4 else (1, w.shape[0])
    axes = [_crop(taps[a], steps[a], padding, given[a], spread[a], a) for a in range(2)]
    attrs = {
        "strides": steps,
        "padding": tuple((before, after) for before, after, _ in axes),
        "dilation": spread,
        "extra": tuple(extra for _, _, extra in axes),
        "activation": activation,
    }
    y = apply(CONV_TRANSPOSE, (x, w, bias), attrs)
    return to_channels_first(y) if first else y


def _crop(taps: int, stride: int, padding: Any, extra: int | None, dilation: int, axis: int) -> tuple[int, int, int]:
    """What to cut off the full result before and after, and what to add to it: Keras's rule."""
    reach = (taps - 1) * dilation + 1
    sides = _core.padding(padding)
    if padding == "same":
        total = stride + reach - 2 if extra is None else reach + reach % 2 - 2 + extra
        left = min(total // 2 + total % 2, reach - 1)
        before, after = reach - 1 - left, reach - 1 - (total - left)
    else:
        before, after = sides[axis]
        lacking = max(stride - reach, 0) if padding == "valid" else 0
        after -= lacking if extra is None else extra
    return before, max(after, 0), max(-after, 0)


def _transposed_size(size: int | None, taps: int, attrs: dict[str, Any], axis: int) -> int | None:
    if size is None:
        return None
    reach = (taps - 1) * attrs["dilation"][axis] + 1
    size = (size - 1) * attrs["strides"][axis] + reach - sum(attrs["padding"][axis]) + attrs["extra"][axis]
    if size < 0:
        raise ValueError(f"padding {attrs['padding'][axis]} is more than the result has along axis {axis + 1}")
    return size


def _transposed_shape(x: Shape, w: Shape, bias: Shape | None, **attrs: Any) -> Shape:
    if len(x) == 3:
        return (x[0], _transposed_size(x[1], w[0] or 0, attrs, 1), w[1])
    return (x[0], *(_transposed_size(x[1 + a], w[a] or 0, attrs, a) for a in range(2)), w[2])


def _transposed_kernel(x: Any, w: Any, bias: Any, *, extra: Any, activation: str | None, **attrs: Any) -> Any:
    size = _transposed_shape(x.shape, w.shape, None, extra=extra, **attrs)[1:3]
    return kernels.conv2d_transpose(x, w, bias, activation=activation, output_size=size, **attrs)


def _transposed_reference(x: Any, w: Any, bias: Any, *, extra: Any, **attrs: Any) -> Any:
    y = reference.conv2d_dx(x, w, _transposed_shape(x.shape, w.shape, None, extra=extra, **attrs), **attrs)
    return y if bias is None else y + bias


CONV_TRANSPOSE = Primitive(
    "conv2d_transpose", _lifted(_transposed_kernel), _activated(_lifted(_transposed_reference)), _transposed_shape
)


@gradient_of(CONV_TRANSPOSE)
def _conv_transpose_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any, Any]:
    x, w, _ = inputs
    if attrs["activation"] is not None:
        dy = activation_gradient(dy, outputs, attrs["activation"])
    plain = {**_without(attrs, "extra", "activation"), "groups": 1}
    dx = apply(CONV, (dy, w, None), {**plain, "activation": None}) if needs[0] else None
    dw = _conv_dw(dy, x, w, plain) if needs[1] else None
    return dx, dw, apply(CONV_DB, (dy,), {}) if needs[2] else None


def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
    *,
    bias: Any = None,
    activation: str | None = None,
) -> Any:
    """Every channel under ``m`` filters of its own, in one or two dimensions.

    Args:
        inputs: (n, h, w, c) or (n, length, c).
        kernel: (kh, kw, c, m) or (length, c, m).
        strides, padding, data_format, dilation_rate: as in ``conv``.
        bias: (c * m,) or None.
        activation: None, "relu" or "relu6".

    Returns:
        (n, oh, ow, c * m) or (n, out length, c * m).

    Example:
        >>> import numpy as np
        >>> depthwise_conv(np.ones((1, 3, 3, 2)), np.ones((3, 3, 2, 1))).numpy()
        array([[[[9., 9.]]]], dtype=float32)
    """
    x, w, bias = _tensors(inputs, kernel, bias, activation)
    first = _channels_first(data_format)
    if first:
        x = to_channels_last(x)
    if len(w.shape) == 3:
        strides, padding, dilation_rate = _flat(w.shape[0], strides, padding, dilation_rate)
    if x.shape[-1] != w.shape[-2]:
        raise ValueError(f"depthwise_conv: a kernel of shape {w.shape} needs {w.shape[-2]} channels, got {x.shape}")
    attrs = {"strides": strides, "padding": padding, "dilation": dilation_rate, "activation": activation}
    y = apply(DEPTHWISE, (x, w, bias), attrs)
    return to_channels_first(y) if first else y


def _depthwise_shape(
    x: Shape, w: Shape, bias: Shape | None, strides: Any, padding: Any, dilation: Any, **_: Any
) -> Shape:
    return (*_spatial(x, w, strides, padding, dilation), (w[-2] or 0) * (w[-1] or 0))


DEPTHWISE = Primitive(
    "depthwise_conv2d",
    _lifted(kernels.depthwise_conv2d),
    _activated(_lifted(reference.depthwise_conv2d)),
    _depthwise_shape,
)
DEPTHWISE_DX = Primitive(
    "depthwise_conv2d_dx",
    _dx(kernels.depthwise_conv2d_dx),
    _dx(reference.depthwise_conv2d_dx),
    lambda dy, w, x_shape, **attrs: (dy[0], *x_shape[1:]),
)
DEPTHWISE_DW = Primitive(
    "depthwise_conv2d_dw",
    _dw(kernels.depthwise_conv2d_dw),
    _dw(reference.depthwise_conv2d_dw),
    lambda x, dy, w_shape, **attrs: w_shape,
)


@gradient_of(DEPTHWISE)
def _depthwise_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any, Any]:
    x, w, _ = inputs
    if attrs["activation"] is not None:
        dy = activation_gradient(dy, outputs, attrs["activation"])
    plain = _without(attrs, "activation")
    dx = apply(DEPTHWISE_DX, (dy, w), {**plain, "x_shape": x.shape}) if needs[0] else None
    dw = apply(DEPTHWISE_DW, (x, dy), {**plain, "w_shape": w.shape}) if needs[1] else None
    return dx, dw, apply(CONV_DB, (dy,), {}) if needs[2] else None


@gradient_of(DEPTHWISE_DX)
def _depthwise_dx_gradient(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    dy, w = inputs
    plain = _without(attrs, "x_shape")
    by_dy = apply(DEPTHWISE, (g, w, None), {**plain, "activation": None}) if needs[0] else None
    return by_dy, apply(DEPTHWISE_DW, (g, dy), {**plain, "w_shape": w.shape}) if needs[1] else None


@gradient_of(DEPTHWISE_DW)
def _depthwise_dw_gradient(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    x, dy = inputs
    plain = _without(attrs, "w_shape")
    by_x = apply(DEPTHWISE_DX, (dy, g), {**plain, "x_shape": x.shape}) if needs[0] else None
    return by_x, apply(DEPTHWISE, (x, g, None), {**plain, "activation": None}) if needs[1] else None


def separable_conv(
    inputs: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
    *,
    bias: Any = None,
    activation: str | None = None,
) -> Any:
    """A depthwise convolution, then one of size 1 that mixes its channels.

    Args:
        inputs: (n, h, w, c) or (n, length, c).
        depthwise_kernel: (kh, kw, c, m) or (length, c, m).
        pointwise_kernel: (1, 1, c * m, k) or (1, c * m, k).
        strides, padding, data_format, dilation_rate: of the depthwise convolution, as in ``conv``.
        bias: (k,) or None.
        activation: None, "relu" or "relu6".

    Returns:
        (n, oh, ow, k) or (n, out length, k).

    Example:
        >>> import numpy as np
        >>> separable_conv(np.ones((1, 2, 2, 3)), np.ones((2, 2, 3, 1)), np.ones((1, 1, 3, 1))).numpy()
        array([[[[12.]]]], dtype=float32)
    """
    middle = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(middle, pointwise_kernel, data_format=data_format, bias=bias, activation=activation)
