"""Model: layers put together, with training and files."""

import math
from typing import Any

from fastcnn import ops
from fastcnn._arrays import keys_of, plain
from fastcnn.layers.layer import Layer
from fastcnn.layers.nests import contents, map_shapes, map_tensors
from fastcnn.layers.registry import registry
from fastcnn.models import functional_config
from fastcnn.models.graph import Graph
from fastcnn.naming import automatic_name
from fastcnn.plan import answering
from fastcnn.registry import custom_object_scope, suggestion
from fastcnn.seam import state
from fastcnn.tensor import Changes, SymbolicTensor, Tensor, is_tensor
from fastcnn.training.compilation import Compilation
from fastcnn.training.trainer import Trainer

__all__ = ["Model"]


def _of_a_model(build: Any) -> Any:
    """Marks a ``build`` that finds out by itself whether the model is built."""
    build._is_of_a_model = True
    return build


class Model(Trainer, Layer):
    """Layers put together: a functional model from inputs and outputs, or the base of a class with its own ``call``.

    Args:
        inputs: what ``Input`` gave, or a list or dict of such tensors.
        outputs: what layers made of them; one tensor, a list or a dict.
        name: made from the class's name unless given.

    Example:
        >>> from fastcnn import layers
        >>> x = layers.Input((8, 8, 3))
        >>> y = layers.Dense(2)(layers.Flatten()(x))
        >>> model = Model(inputs=x, outputs=y)
        >>> model.output_shape
        (None, 2)
    """

    def __init__(self, *args: Any, **kwargs: Any):
        names = ("inputs", "outputs", "name")
        if len(args) > len(names):
            raise TypeError(f"Model takes inputs, outputs and name, got {len(args)} positional arguments")
        for name, value in zip(names, args, strict=False):
            if name in kwargs:
                raise TypeError(f"Model got two values for {name!r}")
            kwargs[name] = value
        for name in ("input", "output"):
            if name in kwargs and type(self) is Model:
                raise ValueError(f"Model got an unknown argument {name!r}. Did you mean {name + 's'!r}?")
        inputs, outputs = kwargs.pop("inputs", None), kwargs.pop("outputs", None)
        if (inputs is None) != (outputs is None):
            raise ValueError(f"Model needs inputs and outputs, got no {'inputs' if inputs is None else 'outputs'}")
        if inputs is not None and type(self) is Model and kwargs.get("name") is None:
            kwargs["name"] = automatic_name("functional")
        Layer.__init__(self, **kwargs)
        Trainer.__init__(self)
        self._graph: Graph | None = None
        if inputs is not None:
            self._set_graph(Graph(inputs, outputs))

    def _set_graph(self, graph: Graph) -> None:
        self._graph = graph
        self._tracked["_layers"] = graph.layers  # their paths do not begin with the model's name, as in Keras
        Changes.count += 1
        self.built = True

    # ---- its parts

    @property
    def layers(self) -> list[Layer]:
        """The layers one level down."""
        return list(self._graph.layers) if self._graph is not None else self._children()

    @layers.setter
    def layers(self, value: Any) -> None:
        raise AttributeError("the layers of a model cannot be set; build another model, or use Sequential.add and pop")

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by its name or its index in ``layers``."""
        if (name is None) == (index is None):
            raise ValueError(f"get_layer takes a name or an index, got name={name!r} and index={index!r}")
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ValueError(f"index must be below {len(self.layers)}, the number of layers, got {index}")
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        known = [layer.name for layer in self.layers]
        raise ValueError(f"there is no layer {name!r}.{suggestion(str(name), known)} The layers are {known}")

    def _built_graph(self, what: str) -> Graph:
        if self._graph is None:
            raise AttributeError(
                f"model {self.name!r} has no {what}: it was not built from Input; call it, or use the functional form"
            )
        return self._graph

    @property
    def inputs(self) -> list[SymbolicTensor]:
        """The symbolic tensors that the model begins with."""
        return list(self._built_graph("inputs").flat_inputs)

    @property
    def outputs(self) -> list[SymbolicTensor]:
        """The symbolic tensors that the model ends with."""
        return list(self._built_graph("outputs").flat_outputs)

    @property
    def input(self) -> Any:
        """As given to ``Model(inputs=...)``."""
        return self._built_graph("input").inputs

    @property
    def output(self) -> Any:
        """As given to ``Model(outputs=...)``: what new layers are called on, to build upon this model."""
        return self._built_graph("output").outputs

    @property
    def input_shape(self) -> Any:
        """The shape of the input, or a list of shapes."""
        shapes = [t.shape for t in self._built_graph("input_shape").flat_inputs]
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def output_shape(self) -> Any:
        """The shape of the output, or a list of shapes."""
        shapes = [t.shape for t in self._built_graph("output_shape").flat_outputs]
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs: the keys of dicts of arrays."""
        return [str(t.name) for t in self._built_graph("input_names").flat_inputs]

    @property
    def output_names(self) -> list[str] | None:
        """The names of the outputs: the keys of dicts of losses; None for a model with a ``call`` of its own."""
        if self._graph is None:
            return None
        if isinstance(self._graph.outputs, dict):
            return keys_of(self._graph.outputs)
        names: list[str] = []
        for t in self._graph.flat_outputs:
            name = t.node.operation.name if t.node is not None else str(t.name)
            names.append(name if name not in names else f"{name}_{sum(n.split('_')[0] == name for n in names)}")
        return names

    # ---- running

    @_of_a_model
    def build(self, input_shape: Any) -> None:
        """Makes the weights for an input shape, without data."""
        if self._graph is not None or input_shape is None or self.built:
            return
        self._build_shape = input_shape
        if type(self).call is Model.call:
            raise NotImplementedError(f"{type(self).__name__} needs a call method, or inputs and outputs, to be built")
        self._adopt(list(self._tracked.values()))
        Layer.compute_output_spec(self, map_shapes(input_shape, lambda s: SymbolicTensor(s)))
        self.built = True

    def _build_for(self, x: Any, args: Any = (), kwargs: Any = None) -> None:
        """A model with a ``call`` of its own builds its layers by running."""
        if type(self).build is not Model.build:
            Layer._build_for(self, x, args, kwargs)
            return
        self._build_shape = map_tensors(x, lambda t: t.shape)
        self._adopt(list(self._tracked.values()))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The outputs for a batch; symbolic where it is.

        For prediction (no tape records, ``training`` is not True) the network's program runs, as in ``predict``, with
        the same bits. Models with layers of one's own run their ``call`` each time.
        """
        if (
            len(args) == 1
            and state.root is None
            and not state.tapes
            and state.steps is None
            and not state.training
            and (not kwargs or _predicts(**kwargs))
            and not isinstance(args[0], SymbolicTensor)
        ):
            self._build_ahead(args[0])
            y = answering.called(self, args[0])
            if y is not None:
                if self._lossy or self._losses:
                    self._forget_losses()
                return y
        return Layer.__call__(self, *args, **kwargs)

    def _build_ahead(self, x: Any) -> None:
        """Builds the model for data, where that takes no call."""

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Runs the layers."""
        if self._graph is None:
            raise NotImplementedError(f"{type(self).__name__} needs a call method, or inputs and outputs")
        y = self._graph.run(self._match(inputs))
        if isinstance(y, (list, tuple)) and len(y) == 1:
            graph_is_drawn = state.root is self and state.steps is None and contents(y)[0].__class__ is SymbolicTensor
            return y if graph_is_drawn else y[0]  # Keras's way: one result is no list of one, but for other models
        return y

    def _match(self, inputs: Any) -> list[Any]:
        """The values in the order of the model's inputs, with their shapes checked."""
        assert self._graph is not None
        wanted = self._graph.flat_inputs
        if inputs.__class__ is Tensor:
            given = [inputs]
        elif isinstance(inputs, dict):
            by_key = isinstance(self._graph.inputs, dict)
            keys = keys_of(self._graph.inputs) if by_key else [str(t.name) for t in wanted]
            missing = [k for k in keys if k not in inputs]
            if missing:
                raise ValueError(f"{self.name}: the dict of inputs lacks {missing}; it has {list(inputs)}")
            given = [inputs[k] for k in keys]
        else:
            given = contents(inputs)
        if len(given) != len(wanted):
            raise ValueError(f"{self.name}: expected {len(wanted)} inputs, got {len(given)}")
        return [_fit(self, t, want) for t, want in zip(given, wanted, strict=True)]

    # ---- configs and copies

    @property
    def serialized_as(self) -> tuple[str, str] | None:
        """What Keras calls the class in its files."""
        return ("keras.src.models.functional", "Functional") if type(self) is Model else None

    def get_config(self) -> dict[str, Any]:
        """What is needed to build the same model again, without the weights."""
        if self._graph is not None and type(self).__init__ is Model.__init__:
            return functional_config.write(self, self._graph)
        return Layer.get_config(self)

    def _describes_itself(self) -> bool:
        return type(self).get_config is Model.get_config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """The model that ``get_config`` described."""
        with custom_object_scope(custom_objects or {}):
            if "layers" in config and "output_layers" in config:
                return functional_config.read(config, Model if cls.__name__ == "Functional" else cls)
            return Layer.from_config.__func__(cls, config)  # type: ignore[attr-defined]

    def to_json(self, **kwargs: Any) -> str:
        """The architecture as JSON, for ``model_from_json``; the arguments are those of ``json.dumps``."""
        import json

        return json.dumps(registry.serialize(self), **{"default": plain, **kwargs})

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Any = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Prints the layers with their output shapes, weights and FLOPs.

        Args:
            line_length: of the table; as wide as it needs to be unless given.
            positions: where the columns end, as fractions of the line.
            print_fn: called with each line instead of ``print``.
            expand_nested: whether the layers of models inside the model are listed.
            show_trainable: adds a column that tells which layers training changes.
            layer_range: the names of the first and last layer to show.
        """
        from fastcnn.models.summary import summarize

        summarize(self, line_length, positions, print_fn or print, expand_nested, show_trainable, layer_range)

    def save(self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
        """Writes the whole model: architecture, weights, optimizer. The suffix decides: ``.fastcnn`` or ``.keras``."""
        from fastcnn.saving import api

        api.save_model(self, filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True, max_shard_size: Any = None) -> None:
        """Writes the weights: ``.weights.h5``, ``.safetensors``, ``.npz`` or ``.fastcnn``."""
        from fastcnn.saving import api

        if max_shard_size is not None:
            raise NotImplementedError("max_shard_size is not supported by fastcnn: weights are written to one file")
        api.save_weights(self, filepath, overwrite=overwrite)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Reads weights from a file that ``save_weights``, ``save`` or Keras has written."""
        from fastcnn.saving import api

        api.load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)

    def __repr__(self) -> str:
        kind = "Functional" if type(self) is Model else type(self).__name__
        shapes = "" if self._graph is None else f", {self.input_shape} -> {self.output_shape}"
        count = f", {sum(v.size for v in self.weights):,} parameters" if self.built else ", not built"
        return f"<{kind} {self.name!r}: {len(self.layers)} layers{shapes}{count}>"

    def _repr_html_(self) -> str:
        from fastcnn.models.summary import to_html

        return to_html(self)

    def __reduce__(self) -> Any:
        if self._graph is None:
            return super().__reduce__()
        classes = {type(layer).__name__: type(layer) for layer in self._flatten_layers()}
        saved = {
            "variables": [v.numpy() for v in self.variables],
            "trainable": [layer._trainable for layer in self._flatten_layers()],
            "frozen": [i for i, v in enumerate(self.variables) if v._trainable is not v._made_trainable],
            "compiled": self._compiled_state(),
        }
        return _rebuild, (registry.serialize(self), classes, saved)

    def __getstate__(self) -> dict[str, Any]:
        # A model of one's own class: its attributes, and what it takes to compile the copy like it.
        left = {name for name in vars(Compilation) if not name.startswith("__")} | {"_plans"}
        kept = {key: value for key, value in Layer.__getstate__(self).items() if key not in left}
        return {**kept, "_compiled_as": self._compiled_state()}

    def __setstate__(self, saved: dict[str, Any]) -> None:
        compiled = saved.pop("_compiled_as")
        self.__dict__.update(saved)
        self._restore_compiled_state(compiled)


registry.names["Model"] = registry.names["Functional"] = Model


def _rebuild(config: dict[str, Any], classes: dict[str, Any], saved: dict[str, Any]) -> Any:
    with custom_object_scope(classes):
        model = registry.deserialize(config)
    for v, array in zip(model.variables, saved["variables"], strict=True):
        v.assign(array)
    for i in saved["frozen"]:
        model.variables[i].trainable = not model.variables[i]._made_trainable
    for layer, trainable in zip(model._flatten_layers(), saved["trainable"], strict=True):
        object.__setattr__(layer, "_trainable", trainable)
        for v in layer._own_variables():
            v._layer_trainable = trainable
    model._restore_compiled_state(saved["compiled"])
    return model


def _predicts(training: Any = True, **others: Any) -> bool:
    """Whether a call with these keywords is one for prediction."""
    return not others and (training is None or training is False)


def _fit(model: Model, t: Any, want: SymbolicTensor) -> Any:
    """A value for one input: with the input's type, an axis of one channel added or dropped, its shape checked."""
    if not is_tensor(t):
        raise TypeError(f"{model.name}: input {want.name!r} must be an array or a tensor, got {t!r}")
    if t.dtype != want.dtype:
        if want.dtype[0] == "f" and t.dtype[0] in "iub":
            t = ops.cast(t, "float")
        elif want.dtype in ("bool", "int32", "int64"):  # fit and predict bring floats, which hold bytes as well
            t = ops.cast(t, want.dtype)
    rank, given = len(want.shape), tuple(t.shape)
    if len(t.shape) == rank - 1 and want.shape[-1] == 1:
        t = ops.expand_dims(t, -1)
    elif len(t.shape) == rank + 1 and t.shape[-1] == 1:
        t = ops.squeeze(t, -1)
    shape = t.shape
    if not _agree(shape, want.shape):
        hint = ""
        if _agree(given, want.shape[1:]):
            hint = ": one sample needs a batch axis too, as np.expand_dims(x, 0) makes it"
        elif _agree((*given, 1), want.shape[1:]):
            hint = ": one sample needs axes for the batch and the channel too, as np.expand_dims(x, (0, -1)) makes them"
        elif rank == 4 == len(shape) and _agree((shape[0], *shape[2:], shape[1]), want.shape):
            hint = ": the channels come first; np.moveaxis(x, 1, -1) puts them last"
        elif len(given) == 2 and None not in want.shape[1:] and given[1] == math.prod(want.shape[1:]):
            hint = f": x.reshape({(-1, *want.shape[1:])}) makes such samples of rows"
        elif rank == 4 and _agree((*given[:-1], want.shape[-1]), want.shape):
            hint = {
                (3, 1): ": these are in colour; color_mode='grayscale' reads them in grey",
                (1, 3): ": these are in grey; np.repeat(x, 3, axis=-1) makes three channels of one",
                (4, 3): ": the fourth channel is alpha; x[..., :3] leaves it out",
            }.get((given[-1], want.shape[-1]), "")
        raise ValueError(f"{model.name}: input {want.name!r} expected shape {want.shape}, got {given}{hint}")
    return t


def _agree(shape: Any, wanted: Any) -> bool:
    return len(shape) == len(wanted) and all(
        w is None or s is None or s == w for s, w in zip(shape, wanted, strict=True)
    )
