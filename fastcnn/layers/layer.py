"""Layer: weights, a ``build`` that makes them, a ``call`` that uses them. All that has weights is one, models too."""

import functools
import inspect
from typing import Any

import numpy as np

from fastcnn import ops, regularizers
from fastcnn.layers.construction import accepts, constructor_arguments, dtype_name, legacy_shape, near_argument
from fastcnn.layers.nests import any_symbolic, common_spec, contents, map_shapes, map_tensors, tensors_of, unlinked
from fastcnn.layers.tracking import Tracking
from fastcnn.naming import automatic_name
from fastcnn.seam import Node, float_dtype, state
from fastcnn.tensor import Changes, Operators, SymbolicTensor, Tensor, Variable, convert_to_tensor, is_tensor

__all__ = ["Layer"]


class Layer(Tracking):
    """The base of all layers.

    Subclasses make weights in ``build(input_shape)``, or sublayers in ``__init__``, and use them in ``call``.

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

    _least_axes: int | None = None  # of the one tensor that the layer takes; None where it may take nests of them

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if "call" in cls.__dict__ and not cls.__module__.startswith("fastcnn."):
            cls._least_axes = None  # whoever writes a call knows what it takes
        build = cls.__dict__.get("build")
        if build is not None and not hasattr(build, "_is_of_a_model"):
            cls.build = _once(build)  # type: ignore[method-assign]

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
        self.input_shape_argument = legacy_shape(kwargs)
        if kwargs:
            word = next(iter(kwargs))
            raise ValueError(
                f"{type(self).__name__} got an unknown argument {word!r}.{near_argument(type(self), word)}"
            )
        if name is not None and (not isinstance(name, str) or not name or "/" in name):
            raise ValueError(f"name must be a string without '/', got {name!r}")
        if trainable not in (True, False):
            raise ValueError(f"trainable must be True or False, got {trainable!r}")
        self._name = name or automatic_name(type(self).__name__)
        self._path = self._name
        self._dtype = dtype_name(dtype)
        self._trainable = bool(trainable)
        self.autocast = autocast
        self.built = False
        self.supports_masking = False
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._build_shape: Any = None
        parameters = inspect.signature(self.call).parameters
        self._parameters = tuple(parameters)
        self._takes_training = "training" in parameters
        self._takes_mask = "mask" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        default = parameters["training"].default if self._takes_training else False
        self._training_default = False if default in (None, inspect.Parameter.empty) else default
        self._training_place = self._parameters.index("training") if self._takes_training else 1000
        shapes = tuple(inspect.signature(self.build).parameters)
        self._build_names = shapes if len(shapes) > 1 else None

    # ---- losses

    @property
    def losses(self) -> list[Any]:
        """What ``add_loss``, activity regularizers and weight regularizers add to the loss."""
        found = [loss for layer in self._flatten_layers() for loss in layer._losses]
        return found + [v.regularizer(v) for v in self._regularized()]

    def _regularized(self) -> list[Variable]:
        kept = self._lists.get("regularized")
        if kept is None or kept[0] != Changes.count:
            found = [v for v in self._gather("trainable") if v.regularizer is not None]
            kept = self._lists["regularized"] = (Changes.count, found)
        return kept[1]

    def add_loss(self, loss: Any) -> None:
        """Adds a scalar, or several, to the loss of this call; to be called from ``call``."""
        given = loss if isinstance(loss, (list, tuple)) else [loss]
        for one in given:
            if not is_tensor(one) and not isinstance(one, (int, float, np.number)):
                raise ValueError(f"{self.name}: add_loss takes a number computed in call, got {one!r}")
            if is_tensor(one) and one.shape != ():
                raise ValueError(
                    f"{self.name}: add_loss takes a scalar, got shape {one.shape}; use ops.mean or ops.sum"
                )
        root = state.root
        if root is not None and not any(layer is self for layer in root._lossy):
            self._losses.clear()  # those of an earlier call
            root._lossy.append(self)
        self._losses.extend(given)

    # ---- building and calling

    def build(self, input_shape: Any) -> None:
        """Makes the weights; called once, with the shape of the first input (a list of shapes for several).

        Where ``call`` takes several tensors, ``build`` may take the shape of each: ``build(self, a_shape, b_shape)``.
        """
        if not self.built and not self.__dict__.get("_building"):
            self._build_shape = input_shape
            if self._children():
                self.compute_output_shape(input_shape)
            self.built = True

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """What the layer computes; to be written by subclasses."""
        raise NotImplementedError(f"{type(self).__name__} has no call method")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not args:
            first = self._parameters[0] if self._parameters else None
            if first is None or first not in kwargs:
                raise ValueError(f"{self.name} must be called with its input")
            args = (kwargs.pop(first),)
        x = args[0]
        if x.__class__ is not Tensor or len(args) > 1 or not x.shape:
            args = tuple([tensors_of(a) for a in args])
            x = args[0]
            if self._least_axes is not None:
                self._check_one_tensor(x)
            if len(args) > self._training_place:
                kwargs.update(zip(self._parameters[self._training_place :], args[self._training_place :], strict=False))
                args = args[: self._training_place]
        training = explicit = None
        if kwargs:
            training = explicit = kwargs.pop("training", None)
            kwargs = self._checked_keywords(kwargs)
        if training is None:
            training = state.training
            if training is None:
                training = self._training_default
        if self._takes_training:
            kwargs["training"] = training
        call = self.call
        if x.__class__ is not Tensor or kwargs:
            if state.steps is not None:
                call = self._call_captured
            elif any_symbolic(args, kwargs):
                return self._call_symbolic(args, kwargs, explicit)
        if not self.built:
            self._build_for(x, args, kwargs)
        before, outermost = state.training, state.root is None
        if outermost:
            state.root = self
            if self._lossy or self._losses:
                self._forget_losses()
        state.training = training
        try:
            y = call(*args, **kwargs)
            if self.activity_regularizer is not None:
                self._regularize_activity(y)
        except Exception as error:
            _explain(error, self, x)
            raise
        finally:
            state.training = before
            if outermost:
                state.root = None
        if not self.built:
            self.built = True
        return y

    def _check_one_tensor(self, x: Any) -> None:
        label = f"{type(self).__name__} {self.name!r}"
        if not isinstance(x, Operators):
            nest = (
                f"a {type(x).__name__} of {len(x)}; layers.Concatenate joins" if isinstance(x, (list, dict)) else None
            )
            raise TypeError(f"{label} takes an array or a tensor, got {nest or repr(x)}")
        if len(x.shape) < (self._least_axes or 0):
            raise ValueError(f"{label}: expected at least {self._least_axes} dimension, got shape {tuple(x.shape)}")

    def _call_captured(self, *args: Any, **kwargs: Any) -> Any:
        """``call``, while a program is being captured: its steps are the layer's, not those of the model around it."""
        outer = state.layer
        if state.root is not self:
            state.layer = self.name if outer is None else f"{outer}/{self.name}"
        try:
            return self.call(*args, **kwargs)
        finally:
            state.layer = outer

    def _checked_keywords(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        if not self._takes_mask and kwargs.pop("mask", None) is not None:
            raise NotImplementedError(f"{self.name}: mask is not supported by fastcnn; its call takes none")
        return {k: convert_to_tensor(v) if isinstance(v, np.ndarray) else v for k, v in kwargs.items()}

    def _forget_losses(self) -> None:
        for layer in self._lossy:
            layer._losses.clear()
        self._lossy.clear()
        self._losses.clear()

    def _regularize_activity(self, outputs: Any) -> None:
        for y in contents(outputs):
            self.add_loss(ops.divide(self.activity_regularizer(y), float(y.shape[0] or 1)))

    def _build_for(self, x: Any, args: Any = (), kwargs: Any = None) -> None:
        """Builds the layer for the tensors that it is called with."""
        if x is None or isinstance(x, str):
            raise TypeError(f"{type(self).__name__} {self.name!r} takes an array or a tensor, got {x!r}")
        if self._build_names is None:
            self._build_with(map_tensors(x, lambda t: t.shape))
            return
        given = dict(zip(self._parameters, args, strict=False)) | (kwargs or {})
        shapes = {f"{k}_shape": map_tensors(v, lambda t: t.shape) for k, v in given.items() if is_tensor(v)}
        unknown = [name for name in self._build_names if name not in shapes]
        if unknown:
            raise ValueError(
                f"{type(self).__name__}.build takes {unknown[0]!r}, but call has no such tensor; "
                f"it may take {list(shapes)}"
            )
        self._build_with({name: shapes[name] for name in self._build_names})

    def _build_with(self, shape: Any) -> None:
        self._build_shape = shape
        if type(self).build is Layer.build:
            self._adopt(list(self._tracked.values()))
            self.built = not self._children()
        elif self._build_names is not None and isinstance(shape, dict):
            self.build(**shape)
        else:
            self.build(shape)

    def _call_symbolic(self, args: tuple[Any, ...], kwargs: dict[str, Any], training: Any) -> Any:
        """Shapes only: the call becomes a node of a functional model, unless another layer's call makes it."""
        if not self.built:
            self._build_for(args[0], args, kwargs)
        outputs = self.compute_output_spec(*args, **kwargs)
        self.built = True
        if state.root is not None:
            return outputs
        attrs = {k: v for k, v in kwargs.items() if k != "training"}
        node = Node(
            self, args, attrs if training is None or not self._takes_training else {**attrs, "training": training}
        )
        flat: list[Any] = []

        def own(t: Any) -> Any:
            name = f"{self.name}_{len(flat)}" if flat else self.name
            new = SymbolicTensor(t.shape, t.dtype, name=name, node=node, index=len(flat))
            flat.append(new)
            return new

        result = map_tensors(outputs, own)
        if not flat:
            raise ValueError(f"{self.name}: call returned no tensor, but {result!r}")
        node.outputs = tuple(flat)
        self._calls.append(node)
        return result

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Symbolic tensors of the shapes and types that ``call`` returns."""
        if type(self).compute_output_shape is not Layer.compute_output_shape and not kwargs.get("training"):
            shapes = self.compute_output_shape(map_tensors(args[0], lambda t: t.shape))
            return map_shapes(shapes, lambda s: SymbolicTensor(s, float_dtype().name))
        return self._spec_by_call(args, kwargs)

    def _spec_by_call(self, args: Any, kwargs: dict[str, Any]) -> Any:
        try:
            return self._spec_for((args, kwargs), None)
        except Exception as error:
            if not any(t.__class__ is SymbolicTensor and None in t.shape for t in contents([args, kwargs])):
                raise
            try:  # a call that computes with its sizes gets numbers; what differs for two of them stays open
                return common_spec(*[self._spec_for((args, kwargs), size) for size in (64, 96)])
            except Exception:
                raise error from None

    def _spec_for(self, given: Any, size: int | None) -> Any:
        args, kwargs = map_tensors(given, lambda t: unlinked(t, size) if t.__class__ is SymbolicTensor else t)
        tapes, state.tapes = state.tapes, ()
        before, state.training = state.training, kwargs.get("training", state.training)
        root = state.root
        state.root = root or self
        try:
            return self.call(*args, **kwargs)
        except Exception as error:
            _explain(error, self, given[0][0])
            raise
        finally:
            state.tapes, state.training, state.root = tapes, before, root
            if root is None:
                self._forget_losses()

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for inputs of a shape, with None for sizes that may vary."""
        x = map_shapes(input_shape, lambda s: SymbolicTensor(s, float_dtype().name))
        if not self.built:
            self._build_for(x)
        return map_tensors(self._spec_by_call((x,), {}), lambda t: t.shape)

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
        if not isinstance(weights, (list, tuple, np.ndarray)):
            raise TypeError(f"{self.name}: set_weights takes a list of {len(own)} arrays, got {weights!r}")
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
        if self._describes_itself() and type(self).__init__ is not Layer.__init__:
            config |= constructor_arguments(self)
        return config

    def _describes_itself(self) -> bool:
        """Whether the config is made of the constructor's arguments, for the class has no ``get_config`` of its own."""
        return type(self).get_config is Layer.get_config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer that ``get_config`` described."""
        given = dict(config)
        common = {
            word: given.pop(word) for word in ("name", "trainable", "dtype") if word in given and not accepts(cls, word)
        }
        try:
            layer = cls(**given)
        except (TypeError, ValueError) as error:
            error.add_note(
                f"while making a {cls.__name__} of the config {config}: its __init__ and get_config must agree"
            )
            raise
        if common.get("name"):
            layer._name = layer._path = common["name"]
        if common.get("trainable") is False:
            layer.trainable = False
        return layer

    def get_build_config(self) -> dict[str, Any] | None:
        """The input shape that the weights were made for."""
        return None if self._build_shape is None else {"input_shape": self._build_shape}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Makes the weights for the input shape that ``get_build_config`` told."""
        if not self.built and config and config.get("input_shape") is not None:
            shape = config["input_shape"]
            if isinstance(shape, dict) and self._build_names is not None:
                self._build_with({name: map_shapes(one, tuple) for name, one in shape.items()})
            else:
                self._build_with(map_shapes(shape, tuple))

    def __getstate__(self) -> dict[str, Any]:
        # A copy stands alone: it belongs to no functional model, and waits for a call of its own.
        return {**self.__dict__, "_calls": [], "_lists": {}, "_losses": [], "_lossy": []}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _once(build: Any) -> Any:
    """A ``build`` that does nothing where the layer is built already, and marks it as built."""

    @functools.wraps(build)
    def building(self: Any, *args: Any, **kwargs: Any) -> None:
        if self.__dict__.get("_building"):
            build(self, *args, **kwargs)  # super().build(...)
            return
        if self.built:
            return
        root, state.root = state.root, None  # models that are made here are models, not calls within the caller's
        self._building = True
        if len(args) == 1 and not kwargs:
            self._build_shape = args[0]
        try:
            build(self, *args, **kwargs)
        except Exception as error:
            error.add_note(
                f"while building layer {self.name!r} ({type(self).__name__}) for input shape {self._build_shape}"
            )
            raise
        finally:
            self._building = False
            state.root = root
        self.built = True
        self._adopt(list(self._tracked.values()))

    return building


def _explain(error: Exception, layer: Layer, x: Any) -> None:
    if not getattr(error, "__notes__", None):
        shape = map_tensors(x, lambda t: tuple(t.shape))
        error.add_note(f"in layer {layer.name!r} ({type(layer).__name__}), called on shape {shape}")
