"""Depthwise and separable convolution in one and two dimensions."""

from typing import Any

from fastcnn import kernels, reference
from fastcnn.seam import Primitive, Shape, apply, gradient_of

from .activations import activation_gradient
from .conv import (
    CONV_DB,
    activated,
    conv,
    conv_tensors,
    flat_arguments,
    input_gradient,
    is_channels_first,
    kernel_gradient,
    lifted,
    spatial_sizes,
    to_channels_first,
    to_channels_last,
    without,
)

__all__ = ["depthwise_conv", "separable_conv"]


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
    x, w, bias = conv_tensors(inputs, kernel, bias, activation)
    first = is_channels_first(data_format)
    if first:
        x = to_channels_last(x)
    if len(w.shape) == 3:
        strides, padding, dilation_rate = flat_arguments(w.shape[0], strides, padding, dilation_rate)
    if x.shape[-1] != w.shape[-2]:
        raise ValueError(f"depthwise_conv: a kernel of shape {w.shape} needs {w.shape[-2]} channels, got {x.shape}")
    attrs = {"strides": strides, "padding": padding, "dilation": dilation_rate, "activation": activation}
    y = apply(DEPTHWISE, (x, w, bias), attrs)
    return to_channels_first(y) if first else y


def _depthwise_shape(x: Shape, w: Any, bias: Any, strides: Any, padding: Any, dilation: Any, **_: Any) -> Shape:
    return (*spatial_sizes(x, w, strides, padding, dilation), w[-2] * w[-1])


DEPTHWISE = Primitive(
    "depthwise_conv2d",
    lifted(kernels.depthwise_conv2d),
    activated(lifted(reference.depthwise_conv2d)),
    _depthwise_shape,
)
DEPTHWISE_DX = Primitive(
    "depthwise_conv2d_dx",
    input_gradient(kernels.depthwise_conv2d_dx),
    input_gradient(reference.depthwise_conv2d_dx),
    lambda dy, w, x_shape, **attrs: (dy[0], *x_shape[1:]),
)
DEPTHWISE_DW = Primitive(
    "depthwise_conv2d_dw",
    kernel_gradient(kernels.depthwise_conv2d_dw),
    kernel_gradient(reference.depthwise_conv2d_dw),
    lambda x, dy, w_shape, **attrs: w_shape,
)


@gradient_of(DEPTHWISE)
def _depthwise_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any, Any]:
    x, w, _ = inputs
    if attrs["activation"] is not None:
        dy = activation_gradient(dy, outputs, attrs["activation"])
    plain = without(attrs, "activation")
    dx = apply(DEPTHWISE_DX, (dy, w), {**plain, "x_shape": x.shape}) if needs[0] else None
    dw = apply(DEPTHWISE_DW, (x, dy), {**plain, "w_shape": w.shape}) if needs[1] else None
    return dx, dw, apply(CONV_DB, (dy,), {}) if needs[2] else None


@gradient_of(DEPTHWISE_DX)
def _depthwise_dx_gradient(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    dy, w = inputs
    plain = without(attrs, "x_shape")
    by_dy = apply(DEPTHWISE, (g, w, None), {**plain, "activation": None}) if needs[0] else None
    return by_dy, apply(DEPTHWISE_DW, (g, dy), {**plain, "w_shape": w.shape}) if needs[1] else None


@gradient_of(DEPTHWISE_DW)
def _depthwise_dw_gradient(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    x, dy = inputs
    plain = without(attrs, "w_shape")
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
