"""Layer: weights, a ``build`` that makes them, a ``call`` that uses them. Everything with weights is one, models too."""

import inspect
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from fastcnn import constraints, initializers, ops, regularizers
from fastcnn.layers.registry import automatic_name
from fastcnn.random import SeedGenerator
from fastcnn.seam import Node, float_dtype, state
from fastcnn.tensor import Operators, SymbolicTensor, Tensor, Variable, convert_to_tensor

__all__ = ["Layer"]

_SIMPLE = (bool, int, float, str, type(None), list, tuple, dict)


class _Changes:
    """Counts what may alter which weights there are, so that lists of weights need not be gathered for every step."""

    count = 0


class Layer:
    """The base of all layers.

    Subclasses make their weights in ``build(input_shape)`` (or their sublayers in ``__init__``) and use them in ``call``.

    Args:
        activity_regularizer: a function of the output, added to the loss.
        trainable: whether training changes the weights.
        dtype: "float32".
        autocast: floating-point inputs become float32; always so here.
        name: made from the class's name unless given.

    Example:
        >>> import fastcnn
        >>> class Scale(fastcnn.layers.Layer):
        ...     def build(self, input_shape):
        ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones")
        ...     def call(self, x):
        ...         return x * self.factor
        >>> Scale()([[1.0, 2.0]]).numpy()
        array([[1., 2.]], dtype=float32)
    """

    name: str

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        layer = super().__new__(cls)
        object.__setattr__(layer, "_arguments", (args, kwargs))
        return layer

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ):
        self._tracked: dict[str, Any] = {}  # whatever holds weights, by the attribute's name
        self._own: list[Variable] = []
        self._losses: list[Any] = []
        self._lossy: list[Layer] = []
        self._calls: list[Node] = []
        self._lists: dict[str, tuple[int, list[Any]]] = {}
        self.input_shape_argument = _legacy_shape(type(self).__name__, kwargs)
        if kwargs:
            word = next(iter(kwargs))
            raise ValueError(f"{type(self).__name__} got an unknown argument {word!r}")
        if name is not None and (not isinstance(name, str) or not name or "/" in name):
            raise ValueError(f"name must be a string without '/', got {name!r}")
        self._name = name or automatic_name(type(self).__name__)
        self._path = self._name
        self._dtype = _dtype_name(dtype)
        self._trainable = bool(trainable)
        self.autocast = autocast
        self.built = False
        self.supports_masking = False
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._build_shape: Any = None
        parameters = inspect.signature(self.call).parameters
        self._takes_training = "training" in parameters
        default = parameters["training"].default if self._takes_training else False
        self._training_default = False if default in (None, inspect.Parameter.empty) else default
        self._first_argument = next(iter(parameters), None)

    # ---- what it holds

    def __setattr__(self, key: str, value: Any) -> None:
        tracked = self.__dict__.get("_tracked")
        if tracked is None:
            if isinstance(value, (Layer, Variable)):
                raise RuntimeError(f"{type(self).__name__}.__init__ must call super().__init__() before it sets {key!r}")
        elif isinstance(value, (Layer, Variable, SeedGenerator, list, dict, tuple)) and not key.startswith("_"):
            if isinstance(value, (Layer, Variable, SeedGenerator)) or _holds_layers(value) or isinstance(value, list):
                tracked[key] = value
                _Changes.count += 1
                for child in _contents(value):
                    if isinstance(child, Layer):
                        child._set_path(f"{self._path}/{child.name}")
        elif tracked.pop(key, None) is not None:
            _Changes.count += 1
        object.__setattr__(self, key, value)

    def __delattr__(self, key: str) -> None:
        if self._tracked.pop(key, None) is not None:
            _Changes.count += 1
        object.__delattr__(self, key)

    def _track(self, key: str, value: Any) -> None:
        """Tracks what a private attribute holds."""
        self._tracked[key] = value
        _Changes.count += 1

    def _children(self) -> list["Layer"]:
        """The sublayers, one level down, in the order in which they were set."""
        found: dict[int, Layer] = {}
        for value in self._tracked.values():
            for child in _contents(value):
                if isinstance(child, Layer):
                    found.setdefault(id(child), child)
        return list(found.values())

    def _flatten_layers(self, include_self: bool = True) -> Iterator["Layer"]:
        """The layer and all below it, each once."""
        seen: set[int] = set()
        stack: list[Layer] = [self]
        while stack:
            layer = stack.pop()
            if id(layer) in seen:
                continue
            seen.add(id(layer))
            if layer is not self or include_self:
                yield layer
            stack.extend(reversed(layer._children()))

    def _own_variables(self) -> list[Variable]:
        own = list(self._own)
        for value in self._tracked.values():
            own.extend(v for v in _contents(value) if isinstance(v, Variable) and not any(v is o for o in own))
        return own

    def _seeds(self) -> list[SeedGenerator]:
        return [s for value in self._tracked.values() for s in _contents(value) if isinstance(s, SeedGenerator)]

    def _gather(self, what: str) -> list[Variable]:
        kept = self._lists.get(what)
        if kept is not None and kept[0] == _Changes.count:
            return list(kept[1])
        own = self._own_variables()
        if what == "trainable":
            mine = [v for v in own if v._trainable] if self._trainable else []
        elif what == "frozen":
            mine = [v for v in own if not v._trainable or not self._trainable]
        else:
            mine = [v for v in own if v._trainable] + [v for v in own if not v._trainable]
            if what == "variables":
                mine += [seed.state for seed in self._seeds()]
        for child in self._children():
            if what == "trainable" and not self._trainable:
                break
            mine += child._gather("weights" if what == "frozen" and not self._trainable else what)
        mine = list({id(v): v for v in mine}.values())
        self._lists[what] = (_Changes.count, mine)
        return list(mine)

    @property
    def weights(self) -> list[Variable]:
        """All weights, of sublayers too: the layer's own trainable ones first, as in Keras."""
        return self._gather("weights")

    @property
    def variables(self) -> list[Variable]:
        """The weights, and the states of random generators."""
        return self._gather("variables")

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that training changes."""
        return self._gather("trainable")

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that training does not change: frozen ones, moving statistics."""
        return self._gather("frozen")

    @property
    def trainable_variables(self) -> list[Variable]:
        """The same as ``trainable_weights``."""
        return self._gather("trainable")

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """``non_trainable_weights`` and the states of random generators."""
        trained = {id(v) for v in self._gather("trainable")}
        return [v for v in self._gather("variables") if id(v) not in trained]

    @property
    def name(self) -> str:  # type: ignore[no-redef]
        """How the layer is called in ``summary()``, ``get_layer`` and files."""
        return self._name

    @property
    def path(self) -> str:
        """The names from the outermost layer down to this one, with slashes."""
        return self._path

    def _set_path(self, path: str) -> None:
        self._path = path
        for v in self._own_variables():
            v.path = f"{path}/{v.name}"
        for child in self._children():
            child._set_path(f"{path}/{child.name}")

    @property
    def dtype(self) -> str:
        """Of the weights."""
        return float_dtype().name if state.precise else self._dtype

    compute_dtype = variable_dtype = dtype

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights. Setting it reaches all sublayers, and takes effect at once."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        value = bool(value)
        for layer in self._flatten_layers():
            object.__setattr__(layer, "_trainable", value)
            for v in layer._own_variables():
                v._layer_trainable = value
        _Changes.count += 1

    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: str | None = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Makes a weight.

        Args:
            shape: an int or a tuple; () for a number.
            initializer: a name, an object or an array; Glorot-uniform unless given, zeros for integers and bools.
            dtype: that of the layer unless given.
            trainable: whether training changes it.
            regularizer: a function of the weight that is added to the loss.
            constraint: a function applied to the weight after each update.
            name: as it appears in files.

        Returns:
            A Variable.
        """
        if overwrite_with_gradient:
            raise NotImplementedError("overwrite_with_gradient is not supported by fastcnn")
        size = () if shape is None else (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
        if any(n is None or int(n) < 0 for n in size):
            raise ValueError(f"{self.name}: a weight needs a shape of known sizes, got {size}")
        kind = dtype or self.dtype
        if state.admit is not None:
            state.admit(math.prod(int(n) for n in size) * np.dtype(kind).itemsize, f"weight {self._path}/{name}")
        if initializer is None:
            initializer = "glorot_uniform" if np.dtype(kind).kind == "f" else "zeros"
        if isinstance(initializer, (str, dict, type)):
            initializer = initializers.get(initializer)
        variable = Variable(
            initializer, tuple(int(n) for n in size), kind, trainable,
            name or f"variable{f'_{len(self._own)}' if self._own else ''}",
            regularizers.get(regularizer), constraints.get(constraint),
        )  # fmt: skip
        variable.path = f"{self._path}/{variable.name}"
        variable._layer_trainable = self._trainable
        self._own.append(variable)
        _Changes.count += 1
        return variable

    # ---- losses

    @property
    def losses(self) -> list[Any]:
        """What ``add_loss``, activity regularizers and weight regularizers add to the loss."""
        found = [loss for layer in self._flatten_layers() for loss in layer._losses]
        return found + [v.regularizer(v) for v in self._regularized()]

    def _regularized(self) -> list[Variable]:
        kept = self._lists.get("regularized")
        if kept is None or kept[0] != _Changes.count:
            kept = self._lists["regularized"] = (
                _Changes.count, [v for v in self._gather("trainable") if v.regularizer is not None]
            )  # fmt: skip
        return kept[1]

    def add_loss(self, loss: Any) -> None:
        """Adds a scalar, or several, to the loss of this call; to be called from ``call``."""
        for one in loss if isinstance(loss, (list, tuple)) else [loss]:
            self._losses.append(one)
        root = state.root
        if root is not None and not any(layer is self for layer in root._lossy):
            root._lossy.append(self)

    # ---- building and calling

    def build(self, input_shape: Any) -> None:
        """Makes the weights; called once, with the shape of the first input (a list of shapes for several)."""

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """What the layer computes; to be written by subclasses."""
        raise NotImplementedError(f"{type(self).__name__} has no call method")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not args:
            first = self._first_argument
            if first is None or first not in kwargs:
                raise ValueError(f"{self.name} must be called with its input")
            args = (kwargs.pop(first),)
        x = args[0]
        if x.__class__ is not Tensor or len(args) > 1:
            args = tuple([_tensors(a) for a in args])
            x = args[0]
        training = kwargs.pop("training", None)
        if training is None:
            training = state.training
            if training is None:
                training = self._training_default
        if self._takes_training:
            kwargs["training"] = training
        if (x.__class__ is not Tensor or kwargs) and state.steps is None and _any_symbolic(args, kwargs):
            return self._call_symbolic(args, kwargs)
        if not self.built:
            self._build_for(x)
        before, outermost = state.training, state.root is None
        if outermost:
            state.root = self
            if self._lossy:
                for layer in self._lossy:
                    layer._losses.clear()
                self._lossy.clear()
        state.training = training
        try:
            y = self.call(*args, **kwargs)
            if self.activity_regularizer is not None:
                self.add_loss(ops.divide(self.activity_regularizer(y), float(y.shape[0] or 1)))
        except Exception as error:
            _explain(error, self, x)
            raise
        finally:
            state.training = before
            if outermost:
                state.root = None
        self.built = True
        return y

    def _build_for(self, x: Any) -> None:
        self._build_with(_map(x, lambda t: t.shape))

    def _build_with(self, shape: Any) -> None:
        self._build_shape = shape
        overridden = type(self).build is not Layer.build
        try:
            self.build(shape)
        except Exception as error:
            if hasattr(error, "add_note"):
                error.add_note(f"while building layer {self.name!r} ({type(self).__name__}) for input shape {shape}")
            raise
        if overridden or not self._children():
            self.built = True

    def _call_symbolic(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Shapes only: the call becomes a node of a functional model."""
        if not self.built:
            self._build_for(args[0])
        outputs = self.compute_output_spec(*args, **kwargs)
        self.built = True
        node = Node(self, args, {k: v for k, v in kwargs.items() if k != "training"})
        flat: list[Any] = []

        def own(t: Any) -> Any:
            new = SymbolicTensor(t.shape, t.dtype, name=f"{self.name}_{len(flat)}" if flat else self.name, node=node, index=len(flat))
            flat.append(new)
            return new

        result = _map(outputs, own)
        node.outputs = tuple(flat)
        self._calls.append(node)
        return result

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Symbolic tensors of the shapes and types that ``call`` returns."""
        if type(self).compute_output_shape is not Layer.compute_output_shape and not kwargs.get("training"):
            shapes = self.compute_output_shape(_map(args[0], lambda t: t.shape))
            return _map_shapes(shapes, lambda s: SymbolicTensor(s, float_dtype().name))
        fresh = _map(list(args), lambda t: SymbolicTensor(t.shape, t.dtype) if t.__class__ is SymbolicTensor else t)
        tapes, state.tapes = state.tapes, ()
        before, state.training = state.training, kwargs.get("training", state.training)
        root = state.root
        state.root = root or self
        try:
            return self.call(*fresh, **kwargs)
        except Exception as error:
            _explain(error, self, args[0])
            raise
        finally:
            state.tapes, state.training, state.root = tapes, before, root
            self._losses.clear()

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for inputs of a shape, with None for sizes that may vary."""
        x = _map_shapes(input_shape, lambda s: SymbolicTensor(s, float_dtype().name))
        if not self.built:
            self._build_for(x)
        return _map(Layer.compute_output_spec(self, x), lambda t: t.shape)

    @property
    def input(self) -> Any:
        """The symbolic tensor that the layer was called with."""
        return self._only_call("input").inputs[0]

    @property
    def output(self) -> Any:
        """The symbolic tensor that the layer gave."""
        outputs = self._only_call("output").outputs
        return outputs[0] if len(outputs) == 1 else list(outputs)

    def _only_call(self, what: str) -> Node:
        if not self._calls:
            raise AttributeError(f"layer {self.name!r} has no {what} yet: it was never called on a symbolic tensor")
        if len({id(node) for node in self._calls}) > 1 and len({n.outputs[0].shape for n in self._calls}) > 1:
            raise AttributeError(f"layer {self.name!r} was called {len(self._calls)} times, so it has several {what}s")
        return self._calls[0]

    # ---- weights as arrays, configs

    def count_params(self) -> int:
        """How many numbers the weights hold."""
        if not self.built:
            raise ValueError(f"layer {self.name!r} has no weights yet; build it or call it first")
        return sum(v.size for v in self.weights)

    def get_weights(self) -> list[np.ndarray[Any, Any]]:
        """Copies of all weights, in the order of ``weights``."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: list[Any]) -> None:
        """Sets all weights, from arrays in the order of ``weights``."""
        own = self.weights
        if len(own) != len(weights):
            raise ValueError(f"{self.name}: set_weights expected {len(own)} arrays, got {len(weights)}")
        arrays = [np.asarray(w) for w in weights]
        for v, a in zip(own, arrays, strict=True):
            if v.shape != a.shape:
                raise ValueError(f"{v.path}: set_weights expected shape {v.shape}, got {a.shape}")
        for v, a in zip(own, arrays, strict=True):
            v.assign(a)

    def save_own_variables(self, store: Any) -> None:
        """Writes the layer's own weights, not those of sublayers, into a dict of arrays."""
        for i, v in enumerate(self._ordered_own()):
            store[str(i)] = v.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Takes the layer's own weights from a dict of arrays."""
        own = self._ordered_own()
        if len(store.keys()) != len(own):
            raise ValueError(f"layer {self.name!r} has {len(own)} weights, the file has {len(store.keys())} for it")
        for i, v in enumerate(own):
            v.assign(np.asarray(store[str(i)]))

    def _ordered_own(self) -> list[Variable]:
        own = self._own_variables()
        return [v for v in own if v._trainable] + [v for v in own if not v._trainable]

    def get_config(self) -> dict[str, Any]:
        """What the constructor needs to make the same layer again, without the weights."""
        config: dict[str, Any] = {"name": self.name, "trainable": self._trainable, "dtype": self._dtype}
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        if type(self).get_config is Layer.get_config and type(self).__init__ is not Layer.__init__:
            config |= _constructor_arguments(self)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer that ``get_config`` described."""
        return cls(**config)

    def get_build_config(self) -> dict[str, Any] | None:
        """The input shape that the weights were made for."""
        return None if self._build_shape is None else {"input_shape": self._build_shape}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Makes the weights for the input shape that ``get_build_config`` told."""
        if not self.built and config and config.get("input_shape") is not None:
            self._build_with(_map_shapes(config["input_shape"], tuple))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _legacy_shape(kind: str, kwargs: dict[str, Any]) -> tuple[int | None, ...] | None:
    """The batch shape from Keras's old arguments input_shape, input_dim, batch_input_shape, batch_size."""
    size = kwargs.pop("batch_size", None)
    if "batch_input_shape" in kwargs:
        return tuple(kwargs.pop("batch_input_shape"))
    if "batch_shape" in kwargs:
        return tuple(kwargs.pop("batch_shape"))
    shape = kwargs.pop("input_shape", None)
    if "input_dim" in kwargs:
        shape = (kwargs.pop("input_dim"),)
    if shape is None:
        return None
    return (size, shape) if isinstance(shape, int) else (size, *shape)


def _dtype_name(dtype: Any) -> str:
    if isinstance(dtype, dict):
        dtype = dtype.get("config", {}).get("name")
    name = getattr(dtype, "name", dtype) or float_dtype().name
    if name not in ("float32", "float64", "int32", "int64", "uint8", "bool"):
        raise NotImplementedError(f"dtype must be 'float32', got {name!r}: fastcnn computes in float32")
    return str(name)


def _holds_layers(value: Any) -> bool:
    return any(isinstance(v, (Layer, Variable, SeedGenerator)) for v in _contents(value))


def _contents(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return [c for v in value for c in _contents(v)]
    if isinstance(value, dict):
        return [c for v in value.values() for c in _contents(v)]
    return [value]


def _map(value: Any, f: Any) -> Any:
    """``f`` applied to every tensor of a nest of lists, tuples and dicts; all else stays."""
    if isinstance(value, Operators):
        return f(value)
    if isinstance(value, (list, tuple)):
        return type(value)([_map(v, f) for v in value])
    if isinstance(value, dict):
        return {k: _map(v, f) for k, v in value.items()}
    return value


def _map_shapes(shapes: Any, f: Any) -> Any:
    """``f`` applied to every shape: a tuple or list of sizes."""
    if isinstance(shapes, dict):
        return {k: _map_shapes(v, f) for k, v in shapes.items()}
    if all(n is None or isinstance(n, (int, np.integer)) for n in shapes):
        return f(tuple(shapes))
    return [_map_shapes(s, f) for s in shapes]


def _tensors(value: Any) -> Any:
    """Arrays, numbers and lists of numbers as tensors; nests of tensors stay nests."""
    if isinstance(value, Operators) or value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, dict):
        return {k: _tensors(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)) and any(not isinstance(v, (int, float, list, tuple)) for v in value):
        return [_tensors(v) for v in value]
    return convert_to_tensor(value)


def _any_symbolic(args: Any, kwargs: dict[str, Any]) -> bool:
    return any(v.__class__ is SymbolicTensor for v in _contents([args, kwargs]))


def _explain(error: Exception, layer: Layer, x: Any) -> None:
    if not getattr(error, "__notes__", None):
        shape = _map(x, lambda t: tuple(t.shape))
        error.add_note(f"in layer {layer.name!r} ({type(layer).__name__}), called on shape {shape}")


def _constructor_arguments(layer: Layer) -> dict[str, Any]:
    """The arguments of a subclass that did not write get_config, where they are plain values."""
    args, kwargs = layer._arguments  # type: ignore[attr-defined]
    bound = inspect.signature(type(layer).__init__).bind(layer, *args, **kwargs).arguments
    values = {k: v for k, v in bound.items() if k not in ("self", "args", "kwargs")} | bound.get("kwargs", {})
    for name in ("name", "trainable", "dtype"):
        values.pop(name, None)
    for key, value in values.items():
        if not isinstance(value, _SIMPLE) or _holds_layers(value):
            raise NotImplementedError(
                f"{type(layer).__name__} must define get_config: its argument {key!r} is no plain value"
            )
    return values
