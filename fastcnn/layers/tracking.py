"""What a layer holds: weights, sublayers, random generators; found by attribute, list and dict, in Keras's order."""

import functools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from fastcnn import constraints, initializers, regularizers
from fastcnn.checked import Checked
from fastcnn.layers.nests import contents
from fastcnn.random import SeedGenerator
from fastcnn.seam import float_dtype, state
from fastcnn.tensor import Changes, Variable

__all__ = ["TrackedDict", "TrackedList", "Tracking"]


class Tracking(Checked):
    """The part of a layer that keeps its weights and sublayers."""

    _tracked: dict[str, Any]  # whatever holds weights, by the attribute's name
    _own: list[Variable]  # made by add_weight
    _lists: dict[str, tuple[int, list[Any]]]
    _name: str
    _path: str
    _dtype: str
    _trainable: bool
    built: bool

    def __setattr__(self, key: str, value: Any) -> None:
        tracked = self.__dict__.get("_tracked")
        if tracked is None:
            if isinstance(value, (Tracking, Variable)):
                raise RuntimeError(
                    f"{type(self).__name__}.__init__ must call super().__init__() before it sets {key!r}"
                )
        elif key[0] != "_" and isinstance(value, (Tracking, Variable, SeedGenerator, list, dict, tuple)):
            if value.__class__ is list:
                value = TrackedList(value)
            elif value.__class__ is dict:
                value = TrackedDict(value)
            if isinstance(value, (Tracking, Variable, SeedGenerator, TrackedList, TrackedDict)) or holds_state(value):
                self._track(key, value)
            elif tracked.pop(key, None) is not None:
                Changes.count += 1
        elif tracked.pop(key, None) is not None:
            Changes.count += 1
        object.__setattr__(self, key, value)
        if key[0] != "_" and "_edits" in self.__dict__:  # a program stands for what the layer computed until now
            self.__dict__["_edits"] += 1
            Changes.count += 1

    def __delattr__(self, key: str) -> None:
        gone = self._tracked.pop(key, None)
        if gone is not None:
            dropped = {id(v) for v in contents(gone)}
            self._own[:] = [v for v in self._own if id(v) not in dropped]
            Changes.count += 1
        object.__delattr__(self, key)

    def _track(self, key: str, value: Any) -> None:
        """Tracks what an attribute holds; of private ones, those that are tracked by this call."""
        self._tracked[key] = value
        self._adopt(value)

    def _adopt(self, value: Any) -> None:
        """Gives what the layer holds its place in the tree of names; what is built keeps its own, as in Keras."""
        Changes.count += 1
        for child in contents(value):
            if isinstance(child, Tracking) and not child.built:
                child._set_path(f"{self._path}/{child.name}")

    def _children(self) -> list[Any]:
        """The sublayers, one level down, in the order in which they were set."""
        found: dict[int, Any] = {}
        for value in self._tracked.values():
            for child in contents(value):
                if isinstance(child, Tracking):
                    found.setdefault(id(child), child)
        return list(found.values())

    def _flatten_layers(self, include_self: bool = True) -> Iterator[Any]:
        """The layer and all below it, each once."""
        seen: set[int] = set()
        stack: list[Any] = [self]
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
            own.extend(v for v in contents(value) if isinstance(v, Variable) and not any(v is o for o in own))
        return own

    def _seeds(self) -> list[SeedGenerator]:
        return [s for value in self._tracked.values() for s in contents(value) if isinstance(s, SeedGenerator)]

    def _gather(self, what: str) -> list[Variable]:
        kept = self._lists.get(what)
        if kept is not None and kept[0] == Changes.count:
            return list(kept[1])
        own = self._own_variables()
        if what == "trainable":
            mine = [v for v in _in_order(own) if v._trainable] if self._trainable else []
        elif what == "frozen":
            mine = [v for v in _in_order(own) if not v._trainable or not self._trainable]
        else:
            mine = _in_order(own)
            if what == "variables":
                mine += [seed.state for seed in self._seeds()]
        for child in self._children():
            if what == "trainable" and not self._trainable:
                break
            mine += child._gather("weights" if what == "frozen" and not self._trainable else what)
        mine = list({id(v): v for v in mine}.values())
        self._lists[what] = (Changes.count, mine)
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
    def name(self) -> str:
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
        if value not in (True, False, None):
            raise ValueError(f"trainable must be True or False, got {value!r}")
        value = bool(value)
        for layer in self._flatten_layers():
            object.__setattr__(layer, "_trainable", value)
            for v in layer._own_variables():
                v._layer_trainable = value
        Changes.count += 1

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
        if any(not isinstance(n, (int, np.integer)) or n < 0 for n in size):
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
            name=name or f"variable{f'_{len(self._own)}' if self._own else ''}",
            regularizer=regularizers.get(regularizer), constraint=constraints.get(constraint),
        )  # fmt: skip
        variable.path = f"{self._path}/{variable.name}"
        variable._layer_trainable = self._trainable
        self._own.append(variable)
        Changes.count += 1
        return variable


def _noticed(method: Any) -> Any:
    """The method of a list or dict, after which the lists of weights are gathered anew."""

    @functools.wraps(method)
    def changing(self: Any, *args: Any, **kwargs: Any) -> Any:
        Changes.count += 1
        return method(self, *args, **kwargs)

    return changing


class TrackedList(list[Any]):
    """A list as the attribute of a layer: layers may be appended later."""


class TrackedDict(dict[Any, Any]):
    """A dict as the attribute of a layer: layers may be added later."""


for _kind, _names in (
    (TrackedList, "append extend insert pop remove clear __setitem__ __delitem__ __iadd__"),
    (TrackedDict, "update setdefault pop popitem clear __setitem__ __delitem__ __ior__"),
):
    for _name in _names.split():
        setattr(_kind, _name, _noticed(getattr(_kind, _name)))


def holds_state(value: Any) -> bool:
    """Whether there are layers, weights or random generators in a nest."""
    return any(isinstance(v, (Tracking, Variable, SeedGenerator)) for v in contents(value))


def _in_order(own: list[Variable]) -> list[Variable]:
    """Those made trainable first, as Keras has them: freezing one later changes no order."""
    return [v for v in own if v._made_trainable] + [v for v in own if not v._made_trainable]
