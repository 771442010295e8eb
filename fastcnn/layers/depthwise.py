"""Depthwise convolutions: each channel by itself."""

import math
from typing import Any

from fastcnn import ops
from fastcnn.layers.arguments import data_layout, integers, window_padding
from fastcnn.layers.registry import registry
from fastcnn.layers.spatial import Spatial
from fastcnn.layers.weighted import Weighted
from fastcnn.seam import Shape
from fastcnn.tensor import Variable

__all__ = ["DepthwiseConv1D", "DepthwiseConv2D"]


class ByChannel(Weighted, Spatial):
    """A layer that begins with a convolution of each channel by itself."""

    def _take_windows(
        self, kernel_size: Any, strides: Any, padding: Any, multiplier: int, data_format: str | None, dilation: Any
    ) -> None:
        self.depth_multiplier = integers(multiplier, 1, "depth_multiplier")[0]
        self.kernel_size = integers(kernel_size, self.rank, "kernel_size")
        self.strides = integers(strides, self.rank, "strides")
        self.dilation_rate = integers(dilation, self.rank, "dilation_rate")
        self.padding = window_padding(padding, self.rank)
        self.data_format = data_layout(data_format)

    def _channels_out(self, channels: int | None) -> int | None:
        return None if channels is None else channels * self.depth_multiplier

    def _check(self, shape: Any) -> None:
        """Per call: raises where the input does not fit the weights."""
        if len(shape) != self.rank + 2 or shape[-1 if self.data_format == "channels_last" else 1] != self._channels:
            self._check_channels(shape)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """Batch, places of the window, channels."""
        batch, sizes, channels = self._split(input_shape)
        if self.built:
            self._check_channels(input_shape)
        cells = (self.padding,) if self.rank == 1 and not isinstance(self.padding, str) else self.padding
        counts = self._windows(sizes, self.kernel_size, self.strides, cells, self.dilation_rate)
        return self._join(batch, counts, self._channels_out(channels))

    def count_flops(self, input_shape: Any, output_shape: Any) -> int | None:
        """Of one sample; a multiply-add counts as two."""
        places = self._split(output_shape)[1]
        products = sum(math.prod(w.shape) for w in self.weights if w.name != "bias")
        return None if None in places else 2 * products * math.prod(n or 0 for n in places)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {
            "depth_multiplier": self.depth_multiplier,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
        }


class DepthwiseConvolution(ByChannel):
    """The depthwise convolution over ``rank`` axes."""

    kernel: Variable

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ):
        rules = {
            "depthwise_initializer": depthwise_initializer,
            "bias_initializer": bias_initializer,
            "depthwise_regularizer": depthwise_regularizer,
            "bias_regularizer": bias_regularizer,
            "depthwise_constraint": depthwise_constraint,
            "bias_constraint": bias_constraint,
        }
        super().__init__(activation, use_bias, rules, activity_regularizer, **kwargs)
        self._take_windows(kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate)

    def build(self, input_shape: Any) -> None:
        """Makes the kernel (*kernel_size, c, depth_multiplier) and the bias (c * depth_multiplier,)."""
        channels = self._known_channels(input_shape)
        self.compute_output_shape(input_shape)
        self.kernel = self._weight("kernel", (*self.kernel_size, channels, self.depth_multiplier), "depthwise")
        self._make_bias(channels * self.depth_multiplier, self.kernel)
        self._channels = channels
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The windows' sums of products within each channel, the bias, the activation."""
        self._check(inputs.shape)
        outputs = ops.depthwise_conv(
            inputs,
            self.kernel,
            self.strides,
            self.padding,
            self.data_format,
            self.dilation_rate,
            bias=self.bias,
            activation=self._fused,
        )
        return outputs if self._after is None else self._after(outputs)


@registry.register()
class DepthwiseConv1D(DepthwiseConvolution):
    """Convolution along a sequence, each channel by itself.

    Args:
        kernel_size: length of the window.
        strides: step of the window.
        padding: "valid", "same", an int or (before, after).
        depth_multiplier: how many channels come out for each that comes in.
        data_format: "channels_last" (n, steps, c) or "channels_first" (n, c, steps).
        dilation_rate: distance between the cells of the window.
        activation, use_bias: as in Conv1D, like the rest; ``depthwise_...`` speaks of the kernel.

    Shapes: (n, steps, c) to (n, places, c * depth_multiplier). Weights:
    kernel (kernel_size, c, depth_multiplier), bias (c * depth_multiplier,).

    Example:
        >>> DepthwiseConv1D(2, depthwise_initializer="ones")([[[1.0, 5.0], [2.0, 6.0]]]).numpy()
        array([[[ 3., 11.]]], dtype=float32)
    """

    rank = 1


@registry.register()
class DepthwiseConv2D(DepthwiseConvolution):
    """Convolution over images, each channel by itself.

    Args:
        kernel_size: int or (height, width) of the window.
        strides: int or (height, width), the step of the window.
        padding: "valid", "same", or numbers as in Conv2D.
        depth_multiplier: how many channels come out for each that comes in.
        data_format: "channels_last" (n, h, w, c) or "channels_first" (n, c, h, w).
        dilation_rate: int or (height, width), the distance between the cells of the window.
        activation, use_bias: as in Conv2D, like the rest; ``depthwise_...`` speaks of the kernel.

    Shapes: (n, h, w, c) to (n, oh, ow, c * depth_multiplier). Weights:
    kernel (kh, kw, c, depth_multiplier), bias (c * depth_multiplier,).

    Example:
        >>> import numpy as np
        >>> DepthwiseConv2D(3, depth_multiplier=2, padding="same")(np.ones((1, 8, 8, 5))).shape
        (1, 8, 8, 10)
    """

    rank = 2

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: Any = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = (1, 1),
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ):
        super().__init__(
            kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate, activation, use_bias,
            depthwise_initializer, bias_initializer, depthwise_regularizer, bias_regularizer, activity_regularizer,
            depthwise_constraint, bias_constraint, **kwargs,
        )  # fmt: skip
