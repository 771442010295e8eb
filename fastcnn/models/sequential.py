"""Sequential: one layer after another."""

from collections.abc import Iterable
from typing import Any

from fastcnn.layers.input import InputLayer
from fastcnn.layers.layer import Layer
from fastcnn.layers.nests import tensors_of
from fastcnn.layers.registry import registry
from fastcnn.models.graph import Graph
from fastcnn.models.model import Model, _of_a_model
from fastcnn.registry import custom_object_scope
from fastcnn.seam import Node, state
from fastcnn.tensor import Changes, SymbolicTensor, is_tensor

__all__ = ["Sequential"]


@registry.register()
class Sequential(Model):
    """Layers one after another, each with one input and one output.

    The weights are made at once where the first layer is an ``Input`` (or has ``input_shape=``), else when data comes.

    Args:
        layers: a list of layers.
        trainable: whether training changes the weights.
        name: ``sequential`` unless given.

    Example:
        >>> from fastcnn import layers
        >>> model = Sequential([layers.Input((4,)), layers.Dense(3, activation="relu"), layers.Dense(2)])
        >>> model.output_shape
        (None, 2)
        >>> model.count_params()
        23
    """

    def __init__(self, layers: Any = None, trainable: Any = True, name: str | None = None):
        if isinstance(layers, (Layer, SymbolicTensor)) or not isinstance(layers, Iterable | None):
            raise TypeError(f"Sequential: layers must be a list of layers, got {layers!r}; write Sequential([a, b])")
        Model.__init__(self, trainable=trainable, name=name)
        self._stack: list[Layer] = []
        self._made: dict[int, Node] = {}  # the calls that the graph consists of
        self._track("_layers", self._stack)
        for layer in layers or []:
            self.add(layer, rebuild=False)
        self._rebuild()

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Appends a layer."""
        if isinstance(layer, SymbolicTensor) and layer.node and isinstance(layer.node.operation, InputLayer):
            layer = layer.node.operation
        self._check(layer)
        if not self._stack and not isinstance(layer, InputLayer):
            shape = layer.input_shape_argument
            if shape is None and isinstance(layer, Model) and layer._graph is not None:
                shape = layer.input_shape
            if isinstance(shape, tuple):
                self._stack.append(InputLayer(batch_shape=shape))
        self._stack.append(layer)
        if "/" not in layer.path:
            layer._set_path(f"{self._path}/{layer.name}")
        Changes.count += 1
        if rebuild:
            self._rebuild()

    def _check(self, layer: Any) -> None:
        if not isinstance(layer, Layer):
            if isinstance(layer, type) and issubclass(layer, Layer):
                raise TypeError(f"Sequential takes layers, got the class {layer.__name__}; write {layer.__name__}(...)")
            raise TypeError(f"Sequential takes layers, got {layer!r}; functions go into a Layer subclass")
        if isinstance(layer, InputLayer) and self._stack:
            raise ValueError(
                f"Sequential begins with one Input, but {layer.name!r} comes at position {len(self._stack)}"
            )
        for other in self._stack:
            if other is layer:
                raise ValueError(
                    f"Sequential has layer {layer.name!r} already, and cannot share it; "
                    "a functional model, Model(inputs, outputs), can call one layer several times"
                )
            if other.name == layer.name:
                raise ValueError(f"two layers are called {layer.name!r}; give one of them another name")

    def pop(self, rebuild: bool = True) -> Layer:
        """Takes the last layer away and returns it."""
        if not self.layers:
            raise ValueError("there is no layer to take away")
        layer = self._stack.pop()
        Changes.count += 1
        if rebuild:
            self._rebuild()
        return layer

    @property  # type: ignore[misc]
    def layers(self) -> list[Layer]:
        """The layers, without the Input."""
        return [layer for layer in self._stack if not isinstance(layer, InputLayer)]

    def _rebuild(self) -> None:
        """Makes the graph anew, as far as the input shape is known."""
        for layer in self._stack:
            layer._calls[:] = [node for node in layer._calls if id(node) not in self._made]
        self._made, self._graph, self.built = {}, None, False
        if self._stack and isinstance(self._stack[0], InputLayer):
            root, state.root = state.root, None  # also where another layer is being called that builds this model now
            try:
                self._connect(self._stack[0]._calls[0].outputs[0])
            finally:
                state.root = root

    def _connect(self, x: SymbolicTensor) -> None:
        y: Any = x
        for layer in self.layers:
            y = layer(y)
            self._made[id(layer._calls[-1])] = layer._calls[-1]
            if not isinstance(y, SymbolicTensor):
                raise ValueError(f"Sequential: layer {layer.name!r} has several outputs; use a functional model")
        self._graph, self.built = Graph(x, y), True
        self._build_shape = x.shape

    @_of_a_model
    def build(self, input_shape: Any = None) -> None:
        """Makes the weights for the shape of a batch, such as ``(None, 28, 28, 1)``."""
        if self._graph is None and input_shape is not None and self._stack:
            if not isinstance(input_shape, (list, tuple)):
                raise TypeError(f"input_shape must be the shape of a batch, such as (None, 4), got {input_shape!r}")
            self._stack.insert(0, InputLayer(batch_shape=tuple(input_shape)))
            try:
                self._rebuild()
            except Exception:
                self._stack.pop(0)
                raise
            Changes.count += 1

    def _build_for(self, x: Any, args: Any = (), kwargs: Any = None) -> None:
        if isinstance(x, (list, tuple, dict)):
            raise ValueError(
                f"Sequential {self.name!r} has one input, got {len(x)}; a functional model can have several"
            )
        if not self._stack:
            raise ValueError(f"Sequential {self.name!r} has no layers yet")
        self.build((None, *x.shape[1:]))

    def _build_ahead(self, x: Any) -> None:
        if self._graph is None and self._stack and is_tensor(x := tensors_of(x)):
            self._build_for(x)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Runs the layers."""
        if self._graph is None:
            raise ValueError(f"Sequential {self.name!r} has no layers yet")
        return self._graph.run(self._match(inputs))

    @property
    def serialized_as(self) -> tuple[str, str] | None:
        """What Keras calls the class in its files."""
        return ("keras", "Sequential") if type(self) is Sequential else None

    def get_config(self) -> dict[str, Any]:
        """The configs of the layers."""
        config: dict[str, Any] = {"name": self.name, "trainable": self._trainable, "dtype": self._dtype}
        config["layers"] = [registry.serialize(layer) for layer in self._stack]
        if self._graph is not None:
            config["build_input_shape"] = list(self._graph.flat_inputs[0].shape)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """The model that ``get_config`` described."""
        with custom_object_scope(custom_objects or {}):
            layers = [registry.deserialize(c) for c in config["layers"]]
        model = cls(layers, trainable=config.get("trainable", True), name=config.get("name"))
        if not model.built and config.get("build_input_shape"):
            model.build(tuple(config["build_input_shape"]))
        return model
