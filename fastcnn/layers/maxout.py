"""Maxout: a dense layer whose activation is the largest of several linear pieces. Keras has none."""

from typing import Any

from fastcnn import constraints, initializers, ops, regularizers
from fastcnn._arrays import INT
from fastcnn.layers.input_spec import InputSpec
from fastcnn.layers.layer import Layer
from fastcnn.layers.registry import registry

__all__ = ["Maxout"]


@registry.register()
class Maxout(Layer):
    """A dense layer of which each unit gives the largest of ``num_pieces`` linear functions of its input.

    ``y[u] = max over p of (x @ kernel + bias)[u * num_pieces + p]``

    Args:
        units: how many outputs.
        num_pieces: how many linear functions each has.
        use_bias: whether there is a ``bias``.
        kernel_initializer, bias_initializer: where the weights start.
        kernel_regularizer, bias_regularizer, activity_regularizer: added to the loss.
        kernel_constraint, bias_constraint: applied after each update.

    Shapes: (n, ..., size) to (n, ..., units). Weights: kernel (size, units * num_pieces), bias (units * num_pieces,).

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layer = layers.Maxout(1, num_pieces=2)
        >>> layer.build((None, 1))
        >>> layer.set_weights([np.array([[1.0, -1.0]]), np.zeros(2)])  # max(x, -x) is the absolute value
        >>> layer(np.array([[-3.0], [2.0]], "float32")).numpy().ravel().tolist()
        [3.0, 2.0]
    """

    _least_axes = 1

    def __init__(
        self,
        units: int,
        num_pieces: int = 2,
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
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        for argument, value in (("units", units), ("num_pieces", num_pieces)):
            if not isinstance(value, INT) or value < 1:
                raise ValueError(f"{argument} must be a positive int, got {value!r}")
        self.units, self.num_pieces, self.use_bias = units, num_pieces, use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.bias: Any = None
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape: Any) -> None:
        self.input_spec.check(self.name, input_shape)
        size = input_shape[-1]
        if size is None:
            raise ValueError(f"{self.name}: the size of the last axis must be known, got inputs of shape {input_shape}")
        self.kernel = self.add_weight(
            shape=(size, self.units * self.num_pieces),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(self.units * self.num_pieces,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: size})
        self.built = True

    def call(self, inputs: Any) -> Any:
        self.input_spec.check(self.name, inputs.shape)
        return ops.maxout(ops.dense(inputs, self.kernel, self.bias), self.units, -1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        self.input_spec.check(self.name, input_shape)
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "num_pieces": self.num_pieces,
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
        }
