"""Layers that hold a function or another layer: Lambda, Wrapper, TimeDistributed."""

import inspect
from collections.abc import Callable
from typing import Any

from fastcnn import activations, ops
from fastcnn.layers.layer import Layer
from fastcnn.layers.nests import map_shapes
from fastcnn.layers.normalization import BatchNormalization
from fastcnn.layers.registry import deserialize, registry, serialize
from fastcnn.seam import Shape

__all__ = ["Lambda", "TimeDistributed", "Wrapper"]


@registry.register()
class Lambda(Layer):
    """A function as a layer. Files hold the name of a registered function, never a lambda's code.

    Args:
        function: of a tensor, or a list of them; it may have an argument ``training``. To be saved it needs a name, and
            ``@fastcnn.saving.register_keras_serializable()`` or ``custom_objects`` of ``load_model`` to be found again.
        output_shape: of a sample, or a function of the input's shape; found by calling the function unless given.
        mask: not supported.
        arguments: more arguments of the function, by name.

    Input and output shape: any.

    Example:
        >>> Lambda(lambda x: x * 2)([1.0, 2.0]).numpy()
        array([2., 4.], dtype=float32)
        >>> Lambda(lambda x, by: x * by, arguments={"by": 3.0})([1.0, 2.0]).numpy()
        array([3., 6.], dtype=float32)
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if not callable(function):
            raise TypeError(f"Lambda: function must be a function of a tensor, got {function!r}")
        if mask is not None:
            raise NotImplementedError(f"Lambda: mask is not supported, got {mask!r}; leave it out")
        self.function = function
        self.arguments = dict(arguments or {})
        self._output_shape = output_shape
        try:
            self._training_wanted = "training" in inspect.signature(function).parameters
        except ValueError:  # some that are written in C do not tell
            self._training_wanted = False

    def call(self, inputs: Any, training: Any = None) -> Any:
        """The function's result."""
        given = {"training": training} if self._training_wanted else {}
        return self.function(inputs, **self.arguments, **given)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """As given, or as the function makes it."""
        if self._output_shape is None:
            return super().compute_output_shape(input_shape)
        if callable(self._output_shape):
            return self._output_shape(input_shape)
        batch: list[Any] = []
        map_shapes(input_shape, lambda shape: batch.append(shape[0]))
        return map_shapes(self._output_shape, lambda shape: (batch[0], *shape))

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Symbolic tensors of the shape that is given, or of what the function returns."""
        if self._output_shape is None:
            return self._spec_by_call(args, kwargs)
        return super().compute_output_spec(*args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The function's name; a lambda as it is, which can be cloned but not saved."""
        return {
            **super().get_config(),
            "function": _described(self.function),
            "output_shape": _described(self._output_shape),
            "arguments": self.arguments,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Lambda":
        """The layer with the registered function of that name."""
        words = ("function", "output_shape")
        found: Lambda = super().from_config({**config, **{word: _found(config.get(word)) for word in words}})
        return found


def _described(value: Any) -> Any:
    """A function's name in Keras's form; a lambda and whatever is no function as they are."""
    name = getattr(value, "__name__", "<lambda>")
    if not callable(value) or name == "<lambda>":
        return value
    registered = getattr(value, "_registered_name", None)
    module = "keras.activations" if getattr(value, "__module__", None) == activations.__name__ else "builtins"
    name = registered or name
    return {
        "module": None if registered else module,
        "class_name": "function",
        "config": name,
        "registered_name": name,
    }


def _found(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    name = value.get("config")
    try:
        return activations.deserialize(value)
    except ValueError:
        raise ValueError(
            f"Lambda: the config names {name!r}, which fastcnn does not know. If it is yours, pass custom_objects="
            f"{{{name!r}: {name}}} or decorate it with @fastcnn.saving.register_keras_serializable()"
        ) from None


class Wrapper(Layer):
    """What layers inherit that hold another layer, as ``self.layer``.

    Args:
        layer: the other layer.

    Example:
        >>> class Twice(Wrapper):
        ...     def call(self, inputs):
        ...         return self.layer(self.layer(inputs))
        >>> from fastcnn import layers
        >>> Twice(layers.Rescaling(3.0))([1.0]).numpy()
        array([9.], dtype=float32)
    """

    def __init__(self, layer: Layer, **kwargs: Any):
        if not isinstance(layer, Layer):
            raise TypeError(f"{type(self).__name__}: layer must be a layer, got {layer!r}")
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        """Builds the other layer."""
        if not self.layer.built:
            self.layer._build_with(input_shape)
            self.layer.built = True
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """The other layer's config."""
        return {**super().get_config(), "layer": serialize(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Makes the other layer first."""
        return super().from_config({**config, "layer": deserialize(config["layer"])})


@registry.register()
class TimeDistributed(Wrapper):
    """A layer applied to each step of a sequence, such as each picture of a film, with the same weights.

    All steps go through the layer at once; where it holds a batch normalisation, one after the other, as in Keras.

    Args:
        layer: the layer.

    Shapes: (n, steps, ...) to (n, steps, ...); what follows is the layer's input and output.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layers.TimeDistributed(layers.Conv2D(4, 3))(np.ones((2, 5, 8, 8, 3))).shape
        (2, 5, 6, 6, 4)
    """

    def build(self, input_shape: Any = None) -> None:
        """Builds the layer for one step."""
        super().build(self._step(input_shape))

    def _step(self, input_shape: Any) -> Shape:
        if len(input_shape) < 3:
            raise ValueError(f"{self.name}: expected an input (n, steps, ...), got shape {tuple(input_shape)}")
        if input_shape[1] is None:
            raise ValueError(f"{self.name}: the number of steps must be known, got shape {tuple(input_shape)}")
        return (input_shape[0], *input_shape[2:])

    def call(self, inputs: Any, training: Any = None) -> Any:
        """(n, steps, ...) to (n, steps, ...)."""
        shape = inputs.shape
        self._step(shape)
        given = {"training": training} if self.layer._takes_training else {}
        if any(isinstance(layer, BatchNormalization) for layer in self.layer._flatten_layers()):
            return ops.stack([self.layer(inputs[:, i], **given) for i in range(shape[1])], axis=1)
        outputs = self.layer(ops.reshape(inputs, (-1, *shape[2:])), **given)
        return ops.reshape(outputs, (-1, shape[1], *outputs.shape[1:]))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The layer's, with the steps behind the batch."""
        batch, *rest = self.layer.compute_output_shape(self._step(input_shape))
        return (batch, input_shape[1], *rest)
