"""Convolutions over sequences and images."""

import math
from typing import Any

from fastcnn import ops
from fastcnn.layers.arguments import choice, data_layout, integers, window_padding
from fastcnn.layers.registry import registry
from fastcnn.layers.spatial import Spatial
from fastcnn.layers.weighted import Weighted
from fastcnn.seam import Shape
from fastcnn.tensor import Variable

__all__ = ["Conv1D", "Conv2D", "Convolution1D", "Convolution2D"]

_MODES = ("constant", "reflect", "replicate", "circular")


class Convolution(Weighted, Spatial):
    """The convolution over ``rank`` axes; Conv1D and Conv2D differ in the rank alone."""

    kernel: Variable

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
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
        for name in ("lora_rank", "lora_alpha", "quantization_config"):
            if kwargs.pop(name, None) is not None:
                raise NotImplementedError(f"{type(self).__name__}: {name} is not supported; leave it out")
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
        self.groups = integers(groups, 1, "groups")[0]
        self.padding = window_padding(padding, self.rank, causal=self.rank == 1)
        self.data_format = data_layout(data_format)
        self.padding_mode, self.padding_value = "constant", 0.0
        if self.filters % self.groups:
            raise ValueError(
                f"filters must be divisible by groups, got {self.filters} filters and {self.groups} groups"
            )

    def build(self, input_shape: Any) -> None:
        """Makes the kernel (*kernel_size, c / groups, filters) and the bias (filters,)."""
        channels = self._known_channels(input_shape)
        if channels % self.groups:
            raise ValueError(f"{self._label()}: {channels} input channels cannot be divided into {self.groups} groups")
        self.compute_output_shape(input_shape)
        self.kernel = self._weight("kernel", (*self.kernel_size, channels // self.groups, self.filters))
        self._make_bias(self.filters, self.kernel)
        self._channels = channels
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The windows' sums of products, the bias, the activation."""
        shape = inputs.shape
        if len(shape) != self.rank + 2 or shape[-1 if self.data_format == "channels_last" else 1] != self._channels:
            self._check_channels(shape)
        outputs = ops.conv(
            inputs,
            self.kernel,
            self.strides,
            self._cells(),
            self.data_format,
            self.dilation_rate,
            bias=self.bias,
            activation=self._fused,
            padding_mode=self.padding_mode,
            padding_value=self.padding_value,
        )
        return outputs if self._after is None else self._after(outputs)

    def _cells(self) -> Any:
        """The padding as the operation wants it."""
        if self.padding == "causal":
            return ((self.kernel_size[0] - 1) * self.dilation_rate[0], 0)
        return self.padding

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """Batch, places of the window, filters."""
        batch, sizes, _ = self._split(input_shape)
        if self.built:
            self._check_channels(input_shape)
        cells = self._cells()
        cells = (cells,) if self.rank == 1 and not isinstance(cells, str) else cells
        counts = self._windows(sizes, self.kernel_size, self.strides, cells, self.dilation_rate)
        return self._join(batch, counts, self.filters)

    def count_flops(self, input_shape: Any, output_shape: Any) -> int | None:
        """Of one sample; a multiply-add counts as two."""
        places = self._split(output_shape)[1]
        return None if None in places else 2 * math.prod(self.kernel.shape) * math.prod(n or 0 for n in places)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; those that Keras does not know only where they differ from the default."""
        config = super().get_config() | {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "groups": self.groups,
        }
        if self.padding_mode != "constant":
            config["padding_mode"] = self.padding_mode
        if self.padding_value != 0:
            config["padding_value"] = self.padding_value
        return config


@registry.register("Convolution1D")
class Conv1D(Convolution):
    """Convolution along a sequence.

    Args:
        filters: channels that come out.
        kernel_size: length of the window.
        strides: step of the window.
        padding: "valid", "same", "causal" (no output sees a later input), an int or (before, after).
        data_format: "channels_last" (n, steps, c) or "channels_first" (n, c, steps).
        dilation_rate: distance between the cells of the window.
        groups: into how many the channels are divided, each with filters of its own.
        activation: a name, a function or None; "relu" and "relu6" cost nothing.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: what the weights begin as.
        kernel_regularizer, bias_regularizer: functions of the weights, added to the loss.
        activity_regularizer: a function of the output, added to the loss.
        kernel_constraint, bias_constraint: functions applied to the weights after each update.

    Shapes: (n, steps, c) to (n, places, filters). Weights: kernel (kernel_size, c / groups, filters), bias (filters,).

    Example:
        >>> Conv1D(1, 2, padding="causal", kernel_initializer="ones")([[[1.0], [2.0], [4.0]]]).numpy().ravel()
        array([1., 3., 6.], dtype=float32)
    """

    rank = 1


@registry.register("Convolution2D")
class Conv2D(Convolution):
    """Convolution over images.

    Args:
        filters: channels that come out.
        kernel_size: int or (height, width) of the window.
        strides: int or (height, width), the step of the window.
        padding: "valid", "same" (TensorFlow's rule: the odd cell at the end), an int, (height, width) or
            ((top, bottom), (left, right)). Keras has the words only.
        data_format: "channels_last" (n, h, w, c) or "channels_first" (n, c, h, w).
        dilation_rate: int or (height, width), the distance between the cells of the window.
        groups: into how many the channels are divided, each with filters of its own.
        activation: a name, a function or None; "relu" and "relu6" cost nothing.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: what the weights begin as.
        kernel_regularizer, bias_regularizer: functions of the weights, added to the loss.
        activity_regularizer: a function of the output, added to the loss.
        kernel_constraint, bias_constraint: functions applied to the weights after each update.
        padding_mode: what stands in the padding: "constant", "reflect", "replicate" or "circular". Not in Keras.
        padding_value: the number that stands there in mode "constant". Not in Keras.

    Shapes: (n, h, w, c) to (n, oh, ow, filters). Weights: kernel (kh, kw, c / groups, filters), bias (filters,).

    Example:
        >>> import numpy as np
        >>> layer = Conv2D(8, 3, strides=2, padding="same", activation="relu")
        >>> layer(np.ones((1, 28, 28, 1))).shape, layer.kernel.shape
        ((1, 14, 14, 8), (3, 3, 1, 8))
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
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        *,
        padding_mode: str = "constant",
        padding_value: float = 0.0,
        **kwargs: Any,
    ):
        super().__init__(
            filters, kernel_size, strides, padding, data_format, dilation_rate, groups, activation, use_bias,
            kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
            kernel_constraint, bias_constraint, **kwargs,
        )  # fmt: skip
        self.padding_mode = choice(padding_mode, _MODES, "padding_mode")
        self.padding_value = float(padding_value)
        if self.padding_value and self.padding_mode != "constant":
            raise ValueError(f"padding_value needs padding_mode='constant', got {self.padding_mode!r}")


Convolution1D, Convolution2D = Conv1D, Conv2D
