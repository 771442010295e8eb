"""Activations as layers, for where one wants to see them in the model, or where they have parameters."""

from typing import Any

from fastcnn import activations, constraints, initializers, ops, regularizers
from fastcnn._arrays import INT
from fastcnn.layers.input_spec import InputSpec, SameShape, as_float
from fastcnn.layers.registry import registry

__all__ = ["ELU", "Activation", "LeakyReLU", "PReLU", "ReLU", "Softmax"]


def _not_negative(argument: str, value: Any) -> float:
    if value is None or not value >= 0:
        raise ValueError(f"{argument} must be a number not below 0, got {value!r}")
    return value


@registry.register()
class Activation(SameShape):
    """Applies an activation function.

    Args:
        activation: a name of ``fastcnn.activations``, or a function of a tensor.

    Input and output shape: any, the same.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layers.Activation("relu")(np.array([-1.0, 2.0], "float32")).numpy().tolist()
        [0.0, 2.0]
    """

    def __init__(self, activation: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


@registry.register()
class ReLU(SameShape):
    """``x`` where it is above the threshold, ``negative_slope * (x - threshold)`` elsewhere, at most ``max_value``.

    Args:
        max_value: the largest output; None is no limit.
        negative_slope: of the part below the threshold.
        threshold: where the unit switches on.

    Input and output shape: any, the same.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layers.ReLU(max_value=6)(np.array([-1.0, 2.0, 7.0], "float32")).numpy().tolist()
        [0.0, 2.0, 6.0]
    """

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else _not_negative("max_value", max_value)
        self.negative_slope = _not_negative("negative_slope", negative_slope)
        self.threshold = _not_negative("threshold", threshold)

    def call(self, inputs: Any) -> Any:
        if self.max_value is None and not self.threshold and not self.negative_slope:
            return ops.relu(inputs)
        return activations.relu(
            inputs, negative_slope=self.negative_slope, max_value=self.max_value, threshold=self.threshold
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }


@registry.register()
class LeakyReLU(SameShape):
    """``x`` where positive, else ``negative_slope * x``.

    Args:
        negative_slope: 0.3 unless given, as in Keras; ``alpha`` is its former name.

    Input and output shape: any, the same.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layers.LeakyReLU(0.5)(np.array([-1.0, 2.0], "float32")).numpy().tolist()
        [-0.5, 2.0]
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any):
        negative_slope = kwargs.pop("alpha", negative_slope)
        super().__init__(**kwargs)
        self.negative_slope = _not_negative("negative_slope", negative_slope)

    def call(self, inputs: Any) -> Any:
        return ops.leaky_relu(inputs, self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "negative_slope": self.negative_slope}


@registry.register()
class ELU(SameShape):
    """``x`` where positive, else ``alpha * (exp(x) - 1)``.

    Args:
        alpha: the limit far below zero, negated.

    Input and output shape: any, the same.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layers.ELU()(np.array([-1.0, 2.0], "float32")).numpy().round(5).tolist()
        [-0.6321200132369995, 2.0]
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs: Any) -> Any:
        return ops.elu(inputs, self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


@registry.register()
class PReLU(SameShape):
    """``x`` where positive, else ``alpha * x``, where ``alpha`` is learned.

    Args:
        alpha_initializer: where the slopes start.
        alpha_regularizer, alpha_constraint: as for any weight.
        shared_axes: axes (the samples' is 0) along which one slope serves all: ``[1, 2]`` after a Conv2D.

    Input and output shape: any of two axes or more, the same.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layer = layers.PReLU("ones", shared_axes=[1, 2])
        >>> layer(np.full((1, 4, 4, 3), -2.0, "float32")).numpy().max()
        np.float32(-2.0)
        >>> layer.alpha.shape
        (1, 1, 3)
    """

    _least_axes = 1

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        if shared_axes is not None:
            shared_axes = list(shared_axes) if isinstance(shared_axes, (list, tuple)) else [shared_axes]
            if not all(isinstance(axis, INT) and not isinstance(axis, bool) for axis in shared_axes):
                raise TypeError(f"shared_axes must be None, an int or a list of ints, got {shared_axes!r}")
        self.shared_axes = shared_axes

    def build(self, input_shape: Any) -> None:
        rank = len(input_shape)
        shared = set()
        for axis in self.shared_axes or ():
            if not 1 <= axis % rank < rank or not -rank < axis < rank:
                raise ValueError(f"{self.name}: shared_axes must lie in 1 to {rank - 1}, got {self.shared_axes}")
            shared.add(axis % rank)
        own = {i: input_shape[i] for i in range(1, rank) if i not in shared}
        if None in own.values():
            raise ValueError(
                f"{self.name}: sizes of axes that are not shared must be known, got shape {tuple(input_shape)}; "
                "add the others to shared_axes"
            )
        self.alpha = self.add_weight(
            shape=tuple(own.get(i, 1) for i in range(1, rank)),
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
            name="alpha",
        )
        self.input_spec = InputSpec(ndim=rank, axes=own)
        self.built = True

    def call(self, inputs: Any) -> Any:
        self._check(inputs)
        alpha = self.alpha
        # The kernel takes one slope a channel: a row of them.
        return ops.prelu(as_float(inputs), ops.reshape(alpha, (-1,)) if alpha.size == alpha.shape[-1] else alpha)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "alpha_initializer": initializers.serialize(self.alpha_initializer),
            "alpha_regularizer": regularizers.serialize(self.alpha_regularizer),
            "alpha_constraint": constraints.serialize(self.alpha_constraint),
            "shared_axes": self.shared_axes,
        }


@registry.register()
class Softmax(SameShape):
    """``exp(x) / sum(exp(x))``: numbers that sum to one.

    Args:
        axis: the axes, an int or several, along which they sum to one.

    Call arguments:
        inputs: any shape.
        mask: bool, broadcastable to the inputs; where False the output is zero.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layers.Softmax()(np.array([[0.0, 0.0]], "float32")).numpy().tolist()
        [[0.5, 0.5]]
    """

    _least_axes = 1

    def __init__(self, axis: Any = -1, **kwargs: Any):
        super().__init__(**kwargs)
        if not isinstance(axis, INT) and not (
            isinstance(axis, (list, tuple)) and all(isinstance(a, INT) for a in axis)
        ):
            raise TypeError(f"axis must be an int or a list of ints, got {axis!r}")
        self.axis = int(axis) if isinstance(axis, INT) else axis

    def call(self, inputs: Any, mask: Any = None) -> Any:
        inputs = as_float(inputs)
        if mask is not None:
            keep = ops.cast(mask, "bool")
            inputs = ops.where(keep, inputs, -1e9)
        outputs = ops.softmax(inputs, axis=self.axis)
        return outputs if mask is None else ops.where(keep, outputs, 0.0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
