"""Separable convolutions: a depthwise convolution, then a mixture of the channels."""

from typing import Any

from fastcnn import ops
from fastcnn.layers.arguments import integers
from fastcnn.layers.depthwise import ByChannel
from fastcnn.layers.registry import registry
from fastcnn.tensor import Variable

__all__ = ["SeparableConv1D", "SeparableConv2D", "SeparableConvolution1D", "SeparableConvolution2D"]


class SeparableConvolution(ByChannel):
    """The separable convolution over ``rank`` axes."""

    depthwise_kernel: Variable
    pointwise_kernel: Variable

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ):
        rules = {
            "depthwise_initializer": depthwise_initializer,
            "pointwise_initializer": pointwise_initializer,
            "bias_initializer": bias_initializer,
            "depthwise_regularizer": depthwise_regularizer,
            "pointwise_regularizer": pointwise_regularizer,
            "bias_regularizer": bias_regularizer,
            "depthwise_constraint": depthwise_constraint,
            "pointwise_constraint": pointwise_constraint,
            "bias_constraint": bias_constraint,
        }
        super().__init__(activation, use_bias, rules, activity_regularizer, **kwargs)
        self.filters = integers(filters, 1, "filters")[0]
        self._take_windows(kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate)

    def build(self, input_shape: Any) -> None:
        """Makes (*kernel_size, c, depth_multiplier) and (1, ..., c * depth_multiplier, filters), and the bias."""
        channels = self._known_channels(input_shape)
        self.compute_output_shape(input_shape)
        between = channels * self.depth_multiplier
        self.depthwise_kernel = self._weight(
            "depthwise_kernel", (*self.kernel_size, channels, self.depth_multiplier), "depthwise"
        )
        self.pointwise_kernel = self._weight(
            "pointwise_kernel", (*(1,) * self.rank, between, self.filters), "pointwise"
        )
        self._make_bias(self.filters, self.pointwise_kernel)
        self._channels = channels
        self.built = True

    def call(self, inputs: Any) -> Any:
        """A depthwise convolution, a mixture of its channels, the bias, the activation."""
        self._check(inputs.shape)
        outputs = ops.separable_conv(
            inputs,
            self.depthwise_kernel,
            self.pointwise_kernel,
            self.strides,
            self.padding,
            self.data_format,
            self.dilation_rate,
            bias=self.bias,
            activation=self._fused,
        )
        return outputs if self._after is None else self._after(outputs)

    def _channels_out(self, channels: int | None) -> int | None:
        return self.filters

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"filters": self.filters}


@registry.register("SeparableConvolution1D")
class SeparableConv1D(SeparableConvolution):
    """A depthwise convolution along a sequence, then a mixture of the channels.

    Args:
        filters: channels that come out.
        kernel_size: length of the window.
        strides: step of the window.
        padding: "valid", "same", an int or (before, after).
        data_format: "channels_last" (n, steps, c) or "channels_first" (n, c, steps).
        dilation_rate: distance between the cells of the window.
        depth_multiplier: channels between the two steps, for each that comes in.
        activation, use_bias: as in Conv1D, like the rest; ``depthwise_`` and ``pointwise_`` name the kernels.

    Shapes: (n, steps, c) to (n, places, filters). Weights: depthwise_kernel (kernel_size, c, depth_multiplier),
    pointwise_kernel (1, c * depth_multiplier, filters), bias (filters,).

    Example:
        >>> layer = SeparableConv1D(1, 2, depthwise_initializer="ones", pointwise_initializer="ones")
        >>> layer([[[1.0, 5.0], [2.0, 6.0]]]).numpy()
        array([[[14.]]], dtype=float32)
    """

    rank = 1


@registry.register("SeparableConvolution2D")
class SeparableConv2D(SeparableConvolution):
    """A depthwise convolution over images, then a mixture of the channels: far fewer products than Conv2D.

    Args:
        filters: channels that come out.
        kernel_size: int or (height, width) of the window.
        strides: int or (height, width), the step of the window.
        padding: "valid", "same", or numbers as in Conv2D.
        data_format: "channels_last" (n, h, w, c) or "channels_first" (n, c, h, w).
        dilation_rate: int or (height, width), the distance between the cells of the window.
        depth_multiplier: channels between the two steps, for each that comes in.
        activation, use_bias: as in Conv2D, like the rest; ``depthwise_`` and ``pointwise_`` name the kernels.

    Shapes: (n, h, w, c) to (n, oh, ow, filters). Weights: depthwise_kernel (kh, kw, c, depth_multiplier),
    pointwise_kernel (1, 1, c * depth_multiplier, filters), bias (filters,).

    Example:
        >>> import numpy as np
        >>> layer = SeparableConv2D(16, 3, padding="same")
        >>> layer(np.ones((1, 8, 8, 4))).shape, [w.shape for w in layer.weights]
        ((1, 8, 8, 16), [(3, 3, 4, 1), (1, 1, 4, 16), (16,)])
    """

    rank = 2

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: Any = "valid",
        data_format: str | None = None,
        dilation_rate: Any = (1, 1),
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ):
        super().__init__(
            filters, kernel_size, strides, padding, data_format, dilation_rate, depth_multiplier, activation, use_bias,
            depthwise_initializer, pointwise_initializer, bias_initializer, depthwise_regularizer,
            pointwise_regularizer, bias_regularizer, activity_regularizer, depthwise_constraint, pointwise_constraint,
            bias_constraint, **kwargs,
        )  # fmt: skip


SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
