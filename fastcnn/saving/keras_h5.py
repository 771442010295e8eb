"""Keras 3's ``.weights.h5``: each layer's weights in a group that is called after the layer's place in the model."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from fastcnn.layers.layer import Layer
from fastcnn.naming import snake_case
from fastcnn.saving.atomic import atomic_write
from fastcnn.saving.h5read import H5File, import_h5py
from fastcnn.saving.optimizers import load_optimizer, optimizer_arrays
from fastcnn.saving.variables import assign_all, match

__all__ = ["load_weights_h5", "places", "save_weights_h5"]

Array = np.ndarray[Any, Any]


def places(model: Any) -> list[tuple[str, Any]]:
    """The model, its layers and theirs, each with the group that Keras keeps its weights in.

    Groups are called after attributes, layers in lists and dicts after their classes: ``layers/conv2d``,
    ``layers/conv2d_1``, ``blocks/dense``; names of layers play no part, for they count up from model to model.
    """
    found: list[tuple[str, Any]] = []
    seen: set[int] = set()

    def visit(thing: Any, path: str) -> None:
        if isinstance(thing, Layer):
            if id(thing) in seen:
                return
            seen.add(id(thing))
            found.append((path, thing))
            for name, value in _attributes(thing):
                visit(value, f"{path}/{name}" if path else name)
        elif isinstance(thing, (list, tuple, dict)):
            for name, value in _members(thing):
                visit(value, f"{path}/{name}")

    visit(model, "")
    return found


def _attributes(layer: Any) -> Iterator[tuple[str, Any]]:
    attributes = {name: value for name, value in layer._tracked.items() if not name.startswith("_")}
    if getattr(layer, "_graph", None) is not None or hasattr(layer, "_stack"):
        yield "layers", layer.layers
    elif hasattr(type(layer), "layers"):
        attributes["layers"] = layer.layers
    yield from sorted(attributes.items())


def _members(container: Any) -> Iterator[tuple[str, Any]]:
    used: dict[str, int] = {}
    for value in container.values() if isinstance(container, dict) else container:
        if isinstance(value, Layer):
            name = snake_case((getattr(value, "serialized_as", None) or (None, type(value).__name__))[1])
        elif isinstance(value, (list, tuple, dict)):
            name = "container"
        else:
            continue
        used[name] = used.get(name, -1) + 1
        yield (f"{name}_{used[name]}" if used[name] else name), value


def save_weights_h5(model: Any, path: Any, include_optimizer: bool = True) -> None:
    """Writes the weights to a ``.weights.h5`` file that Keras 3 reads, at once or not at all."""
    import_h5py()
    with atomic_write(path) as file:
        write_h5(model, file, include_optimizer)


def write_h5(model: Any, file: BinaryIO, include_optimizer: bool = True) -> None:
    """The same into an open file."""
    with import_h5py().File(file, "w") as h5:
        for path, layer in places(model):
            store: dict[str, Any] = {}
            layer.save_own_variables(store)
            _write(h5, path, layer.name, store)
        state = optimizer_arrays(model) if include_optimizer else {}
        if state:
            _write(h5, "optimizer", model.optimizer.name, state)


def _write(h5: Any, path: str, name: str, store: dict[str, Any]) -> None:
    group = h5.create_group(f"{path}/vars" if path else "vars")
    group.attrs["name"] = name
    for key, value in store.items():
        group[key] = value.numpy() if hasattr(value, "numpy") else np.asarray(value)


def load_weights_h5(model: Any, h5: H5File, skip_mismatch: bool = False) -> None:
    """Gives a model the weights of a file in Keras 3's layout, or raises and changes nothing.

    Args:
        model: built.
        h5: the file.
        skip_mismatch: leave weights alone that the file lacks or has in another shape.
    """
    arrays: dict[str, Array] = {}
    variables: dict[str, Any] = {}
    custom: list[tuple[Any, dict[str, Array]]] = []
    used: set[str] = set()
    for path, layer in places(model):
        group = f"{path}/vars" if path else "vars"
        stored = {key: f"{group}/{key}" for key in _keys(h5, group)}
        used.update(stored.values())
        if type(layer).load_own_variables is not Layer.load_own_variables:
            custom.append((layer, {key: h5.read(place) for key, place in stored.items()}))
            continue
        for i, v in enumerate(layer._ordered_own()):
            label = f"{layer.name}/{v.name} ({group}/{i})"
            variables[label] = v
            if str(i) in stored:
                arrays[label] = h5.read(stored.pop(str(i)))
        arrays |= {f"{layer.name}: {place}": h5.read(place) for place in stored.values()}
    state = {place.rpartition("/")[2]: place for place in h5.datasets if place.startswith("optimizer/vars/")}
    used.update(state.values())
    arrays |= {place: h5.read(place) for place in h5.datasets if place not in used}
    pairs = match(arrays, variables, h5.source.name, skip_mismatch)
    slots = {key: h5.read(place) for key, place in state.items()}
    _assign(pairs, custom)
    load_optimizer(model, slots, h5.source.name)


def _keys(h5: H5File, group: str) -> list[str]:
    return [name for name in h5.groups[group] if f"{group}/{name}" in h5.datasets] if group in h5.groups else []


def _assign(pairs: list[tuple[Any, Array]], custom: list[tuple[Any, dict[str, Array]]]) -> None:
    """Layers that load their weights themselves may fail half way, so theirs are taken back then."""
    before = [(v, v.numpy()) for layer, _ in custom for v in layer.variables]
    try:
        for layer, store in custom:
            layer.load_own_variables(store)
    except Exception:
        for v, array in before:
            v.assign(array)
        raise
    assign_all(pairs)
