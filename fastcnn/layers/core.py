"""Dense, and the layer that does nothing."""

import math
from typing import Any

from fastcnn import ops
from fastcnn.layers.arguments import integers
from fastcnn.layers.layer import Layer
from fastcnn.layers.registry import registry
from fastcnn.layers.weighted import Weighted
from fastcnn.seam import Shape
from fastcnn.tensor import Variable

__all__ = ["Dense", "Identity"]


@registry.register()
class Dense(Weighted):
    """``activation(x @ kernel + bias)``, along the last axis.

    Args:
        units: numbers that come out.
        activation: a name, a function or None; "relu" and "relu6" cost nothing.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: what the weights begin as.
        kernel_regularizer, bias_regularizer: functions of the weights, added to the loss.
        activity_regularizer: a function of the output, added to the loss.
        kernel_constraint, bias_constraint: functions applied to the weights after each update.
        lora_rank, lora_alpha, quantization_config: not supported.

    Shapes: (n, ..., c) to (n, ..., units). Weights: kernel (c, units), bias (units,).

    Example:
        >>> layer = Dense(2, kernel_initializer="ones")
        >>> layer([[1.0, 2.0, 3.0]]).numpy()
        array([[6., 6.]], dtype=float32)
        >>> [w.shape for w in layer.weights]
        [(3, 2), (2,)]
    """

    kernel: Variable

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: Any = None,
        lora_alpha: Any = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ):
        unsupported = {"lora_rank": lora_rank, "lora_alpha": lora_alpha, "quantization_config": quantization_config}
        for name, value in unsupported.items():
            if value is not None:
                raise NotImplementedError(f"Dense: {name} is not supported, got {value!r}; leave it out")
        rules = {
            "kernel_initializer": kernel_initializer,
            "bias_initializer": bias_initializer,
            "kernel_regularizer": kernel_regularizer,
            "bias_regularizer": bias_regularizer,
            "kernel_constraint": kernel_constraint,
            "bias_constraint": bias_constraint,
        }
        super().__init__(activation, use_bias, rules, activity_regularizer, **kwargs)
        self.units = integers(units, 1, "units")[0]

    def build(self, input_shape: Any) -> None:
        """Makes the kernel (c, units) and the bias (units,)."""
        self.compute_output_shape(input_shape)
        if input_shape[-1] is None:
            raise ValueError(
                f"Dense {self.name!r}: the last axis of the input must have a known size, got {input_shape}"
            )
        self.kernel = self._weight("kernel", (input_shape[-1], self.units))
        self._make_bias(self.units, self.kernel)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """(n, ..., c) to (n, ..., units)."""
        shape, kernel = inputs.shape, self.kernel
        if len(shape) < 2 or shape[-1] != kernel.shape[0]:
            self.compute_output_shape(shape)
        outputs = ops.dense(inputs, kernel, self.bias, self._fused)
        return outputs if self._after is None else self._after(outputs)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """(n, ..., units)."""
        if len(input_shape) < 2:
            raise ValueError(
                f"Dense {self.name!r}: expected at least 2 dimensions (batch, ..., features), got {input_shape}"
            )
        size = self.kernel.shape[0] if self.built else input_shape[-1]
        if input_shape[-1] is not None and input_shape[-1] != size:
            hint = "; put Flatten() or GlobalAveragePooling2D() before it" if len(input_shape) > 2 else ""
            raise ValueError(f"Dense {self.name!r}: expected {size} input features, got {input_shape[-1]}{hint}")
        return (*input_shape[:-1], self.units)

    def count_flops(self, input_shape: Any, output_shape: Any) -> int | None:
        """Of one sample; a multiply-add counts as two."""
        return None if None in output_shape[1:] else 2 * self.kernel.shape[0] * math.prod(output_shape[1:])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"units": self.units}


@registry.register()
class Identity(Layer):
    """What comes in goes out.

    Example:
        >>> Identity()([1.0, 2.0]).numpy()
        array([1., 2.], dtype=float32)
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The input itself."""
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Name, type and whether it is trained."""
        return super().get_config()
