"""Transposed convolutions: what the gradient of a convolution computes, as layers."""

import math
from typing import Any

from fastcnn import ops
from fastcnn.layers.arguments import choice, data_layout, integers
from fastcnn.layers.registry import registry
from fastcnn.layers.spatial import Spatial
from fastcnn.layers.weighted import Weighted
from fastcnn.seam import Shape
from fastcnn.tensor import Variable

__all__ = ["Conv1DTranspose", "Conv2DTranspose", "Convolution1DTranspose", "Convolution2DTranspose"]


class TransposedConvolution(Weighted, Spatial):
    """The transposed convolution over ``rank`` axes."""

    kernel: Variable

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ):
        rules = {
            "kernel_initializer": kernel_initializer,
            "bias_initializer": bias_initializer,
            "kernel_regularizer": kernel_regularizer,
            "bias_regularizer": bias_regularizer,
            "kernel_constraint": kernel_constraint,
            "bias_constraint": bias_constraint,
        }
        super().__init__(activation, use_bias, rules, activity_regularizer, **kwargs)
        self.filters = integers(filters, 1, "filters")[0]
        self.kernel_size = integers(kernel_size, self.rank, "kernel_size")
        self.strides = integers(strides, self.rank, "strides")
        self.dilation_rate = integers(dilation_rate, self.rank, "dilation_rate")
        self.padding = choice(padding, ("valid", "same"), "padding")
        self.output_padding = (
            None if output_padding is None else integers(output_padding, self.rank, "output_padding", 0)
        )
        self.data_format = data_layout(data_format)
        if self.output_padding and any(p >= s for p, s in zip(self.output_padding, self.strides, strict=True)):
            raise ValueError(
                f"output_padding must be smaller than strides, got {self.output_padding} and {self.strides}"
            )

    def build(self, input_shape: Any) -> None:
        """Makes the kernel (*kernel_size, filters, c) and the bias (filters,)."""
        channels = self._known_channels(input_shape)
        self.compute_output_shape(input_shape)
        self.kernel = self._weight("kernel", (*self.kernel_size, self.filters, channels))
        self._make_bias(self.filters, self.kernel)
        self._channels = channels
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Each input spread over a window of the output, the bias, the activation."""
        shape = inputs.shape
        if len(shape) != self.rank + 2 or shape[-1 if self.data_format == "channels_last" else 1] != self._channels:
            self._check_channels(shape)
        outputs = ops.conv_transpose(
            inputs,
            self.kernel,
            self.strides,
            self.padding,
            self.output_padding,
            self.data_format,
            self.dilation_rate,
            bias=self.bias,
            activation=self._fused,
        )
        return outputs if self._after is None else self._after(outputs)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """Batch, the sizes that a convolution would have made the input's from, filters."""
        batch, sizes, _ = self._split(input_shape)
        if self.built:
            self._check_channels(input_shape)
        extra = self.output_padding or (None,) * self.rank
        reaches = [(k - 1) * d + 1 for k, d in zip(self.kernel_size, self.dilation_rate, strict=True)]
        spread = [
            None if size is None else self._spread(size, reach, stride, more)
            for size, reach, stride, more in zip(sizes, reaches, self.strides, extra, strict=True)
        ]
        return self._join(batch, spread, self.filters)

    def _spread(self, size: int, reach: int, stride: int, extra: int | None) -> int:
        """A strided convolution maps several sizes to one; these are Keras's choices."""
        if extra is None:
            return size * stride if self.padding == "same" else size * stride + max(reach - stride, 0)
        if self.padding == "same":
            return (size - 1) * stride + reach % 2 + extra
        return (size - 1) * stride + reach + extra

    def count_flops(self, input_shape: Any, output_shape: Any) -> int | None:
        """Of one sample; a multiply-add counts as two."""
        places = self._split(input_shape)[1]
        return None if None in places else 2 * math.prod(self.kernel.shape) * math.prod(n or 0 for n in places)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "output_padding": self.output_padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
        }


@registry.register("Convolution1DTranspose")
class Conv1DTranspose(TransposedConvolution):
    """Transposed convolution along a sequence: a longer one comes out.

    Args:
        filters: channels that come out.
        kernel_size: length of the window.
        strides: by how much the sequence grows.
        padding: "valid" or "same" (steps * strides come out).
        output_padding: cells added at the end, fewer than ``strides``; None chooses Keras's size.
        data_format: "channels_last" (n, steps, c) or "channels_first" (n, c, steps).
        dilation_rate: distance between the cells of the window.
        activation, use_bias: as in Conv1D, like all the rest.

    Shapes: (n, steps, c) to (n, longer, filters). Weights: kernel (kernel_size, filters, c), bias (filters,).

    Example:
        >>> Conv1DTranspose(1, 2, strides=2, kernel_initializer="ones")([[[1.0], [2.0]]]).numpy().ravel()
        array([1., 1., 2., 2.], dtype=float32)
    """

    rank = 1


@registry.register("Convolution2DTranspose")
class Conv2DTranspose(TransposedConvolution):
    """Transposed convolution over images: larger ones come out.

    Args:
        filters: channels that come out.
        kernel_size: int or (height, width) of the window.
        strides: int or (height, width), by how much the image grows.
        padding: "valid" or "same" (height * strides come out).
        output_padding: int or (height, width), rows and columns added at the end, fewer than ``strides``; None chooses
            Keras's size.
        data_format: "channels_last" (n, h, w, c) or "channels_first" (n, c, h, w).
        dilation_rate: int or (height, width), the distance between the cells of the window.
        activation, use_bias: as in Conv2D, like all the rest.

    Shapes: (n, h, w, c) to (n, oh, ow, filters). Weights: kernel (kh, kw, filters, c), bias (filters,).

    Example:
        >>> import numpy as np
        >>> Conv2DTranspose(3, 4, strides=2, padding="same")(np.ones((1, 8, 8, 5))).shape
        (1, 16, 16, 3)
    """

    rank = 2

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = (1, 1),
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ):
        super().__init__(
            filters, kernel_size, strides, padding, output_padding, data_format, dilation_rate, activation, use_bias,
            kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
            kernel_constraint, bias_constraint, **kwargs,
        )  # fmt: skip


Convolution1DTranspose, Convolution2DTranspose = Conv1DTranspose, Conv2DTranspose
