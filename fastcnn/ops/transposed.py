"""Transposed convolution in one and two dimensions: the gradient of a convolution, as an operation of its own."""

from typing import Any

from fastcnn import _core, kernels, reference
from fastcnn.seam import Primitive, Shape, apply, gradient_of

from .activations import activation_gradient
from .conv import (
    CONV,
    CONV_DB,
    activated,
    conv_dw,
    conv_tensors,
    flat_arguments,
    is_channels_first,
    lifted,
    single,
    to_channels_first,
    to_channels_last,
    without,
)

__all__ = ["conv_transpose"]


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
    x, w, bias = conv_tensors(inputs, kernel, bias, activation)
    first = is_channels_first(data_format)
    if first:
        x = to_channels_last(x)
    if len(w.shape) == 3:
        strides, padding, dilation_rate = flat_arguments(w.shape[0], strides, padding, dilation_rate)
        if output_padding is not None:
            output_padding = (0, single(output_padding, "output_padding"))
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


def _transposed_shape(x: Shape, w: Any, bias: Any, **attrs: Any) -> Any:
    if len(x) == 3:
        return (x[0], _transposed_size(x[1], w[0], attrs, 1), w[1])
    return (x[0], *(_transposed_size(x[1 + a], w[a], attrs, a) for a in range(2)), w[2])


def _transposed_kernel(x: Any, w: Any, bias: Any, *, extra: Any, activation: str | None, **attrs: Any) -> Any:
    size = _transposed_shape(x.shape, w.shape, None, extra=extra, **attrs)[1:3]
    return kernels.conv2d_transpose(x, w, bias, activation=activation, output_size=size, **attrs)


def _transposed_reference(x: Any, w: Any, bias: Any, *, extra: Any, **attrs: Any) -> Any:
    y = reference.conv2d_dx(x, w, _transposed_shape(x.shape, w.shape, None, extra=extra, **attrs), **attrs)
    return y if bias is None else y + bias


CONV_TRANSPOSE = Primitive(
    "conv2d_transpose", lifted(_transposed_kernel), activated(lifted(_transposed_reference)), _transposed_shape
)


@gradient_of(CONV_TRANSPOSE)
def _conv_transpose_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any, Any]:
    x, w, _ = inputs
    if attrs["activation"] is not None:
        dy = activation_gradient(dy, outputs, attrs["activation"])
    plain = {**without(attrs, "extra", "activation"), "groups": 1}
    dx = apply(CONV, (dy, w, None), {**plain, "activation": None}) if needs[0] else None
    dw = conv_dw(dy, x, w, plain) if needs[1] else None
    return dx, dw, apply(CONV_DB, (dy,), {}) if needs[2] else None
