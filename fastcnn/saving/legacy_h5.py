"""Keras 2's ``.h5``, read: weights in groups that are called after layers, and with a whole model its config."""

import warnings
from typing import Any

import numpy as np

from fastcnn.saving.blueprint import model_from
from fastcnn.saving.gate import parse_json
from fastcnn.saving.h5read import H5File
from fastcnn.saving.legacy_config import compile_arguments, translate
from fastcnn.saving.variables import assign_all, match

__all__ = ["is_legacy", "load_legacy", "load_legacy_weights"]

Array = np.ndarray[Any, Any]
_MODEL = "model_weights"
_TOP = "top_level_model_weights"


def is_legacy(h5: H5File) -> bool:
    """Whether the weights lie in Keras 2's layout."""
    group = _MODEL if _MODEL in h5.groups else ""
    return bool(h5.texts(group, "layer_names")) or group == _MODEL


def load_legacy(path: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True) -> Any:
    """The model of an ``.h5`` file of Keras 2. The optimizer starts anew: its slots had other names and orders."""
    with H5File(path) as h5:
        text = h5.attribute("", "model_config")
        if not isinstance(text, str):
            raise h5.source.refuse(
                "there is no model_config in it: it holds weights only; build the model and load them"
            )
        try:
            config = translate(parse_json(text, h5.source, "model_config"))
        except (KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
            raise h5.source.refuse(
                f"model_config does not describe a model ({type(error).__name__}: {error})"
            ) from None
        model = model_from(config, custom_objects, h5.source)
        load_legacy_weights(model, h5)
        if compile:
            _compile(model, h5, custom_objects)
        return model


def _compile(model: Any, h5: H5File, custom_objects: dict[str, Any] | None) -> None:
    from fastcnn.registry import custom_object_scope
    from fastcnn.saving.serialization import normalize

    text = h5.attribute("", "training_config")
    if not isinstance(text, str):
        return
    arguments = compile_arguments(parse_json(text, h5.source, "training_config"))
    try:
        with custom_object_scope(custom_objects or {}):
            model.compile(**normalize(arguments))
    except (ValueError, TypeError, NotImplementedError) as error:
        warnings.warn(f"{h5.source.name}: the model was loaded but not compiled: {error}", stacklevel=4)


def load_legacy_weights(model: Any, h5: H5File, skip_mismatch: bool = False, by_name: bool = False) -> None:
    """Gives a model the weights of a file of Keras 2: layers one after another, or by their names."""
    root = _MODEL if _MODEL in h5.groups else ""
    stored = {name: _stored(h5, root, name) for name in h5.texts(root, "layer_names")}
    stored = {name: paths for name, paths in stored.items() if paths}
    layers = [layer for layer in model.layers if layer.weights]
    if by_name:
        pairs = [(layer, layer.name) for layer in layers if layer.name in stored]
        if not pairs:
            raise ValueError(
                f"{h5.source.name}: no layer of the model is called like one of the file; it has {list(stored)[:5]}"
            )
    elif len(layers) != len(stored):
        raise ValueError(
            f"{h5.source.name}: the model has {len(layers)} layers with weights, the file {len(stored)}; nothing was "
            f"loaded. The model begins with {[m.name for m in layers[:5]]}, the file with {list(stored)[:5]}"
        )
    else:
        pairs = list(zip(layers, stored, strict=True))
    found: list[tuple[Any, Array]] = []
    for layer, name in pairs:
        found += _match_layer(layer, name, stored[name], h5, skip_mismatch)
    top = _stored(h5, root, _TOP)
    if top and not by_name:
        own = model._ordered_own()
        found += match(_numbered(h5, top), {str(i): v for i, v in enumerate(own)}, h5.source.name, skip_mismatch)
    assign_all(found)


def _stored(h5: H5File, root: str, name: str) -> list[str]:
    group = f"{root}/{name}" if root else name
    if group not in h5.groups:
        return []
    return [f"{group}/{weight}" for weight in h5.texts(group, "weight_names")]


def _numbered(h5: H5File, paths: list[str]) -> dict[str, Array]:
    return {str(i): h5.read(path) for i, path in enumerate(paths)}


def _match_layer(layer: Any, name: str, paths: list[str], h5: H5File, skip_mismatch: bool) -> list[tuple[Any, Array]]:
    """Trainable weights come first in these files, if they were trainable then; the weights' names tell which order."""
    arrays = [h5.read(path) for path in paths]
    kinds = [path.rpartition("/")[2].partition(":")[0] for path in paths]
    every = layer.weights
    orders = [[v for v in every if v._trainable] + [v for v in every if not v._trainable], every]
    best = next((o for o in orders if [v.name for v in o] == kinds), orders[0])
    labels = [f"{layer.name}/{v.name} ({i})" for i, v in enumerate(best)]
    given = [*labels, *(f"{name}: {path}" for path in paths[len(labels) :])][: len(paths)]
    own = dict(zip(labels, best, strict=True))
    return match(dict(zip(given, arrays, strict=True)), own, h5.source.name, skip_mismatch)
