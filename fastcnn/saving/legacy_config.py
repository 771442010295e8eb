"""Configs as Keras 2 wrote them, in Keras 3's form."""

from typing import Any

from fastcnn.saving.gate import FileFormatError

__all__ = ["compile_arguments", "translate"]

_TENSOR = "__keras_tensor__"
_ACTIVATIONS = {"softmax_v2": "softmax"}
_DROPPED = ("batch_size", "implementation")


def translate(config: Any) -> Any:
    """The ``model_config`` of a file of Keras 2, or a part of it, in Keras 3's form.

    Example:
        >>> old = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 4], "name": "x"}}
        >>> translate(old)["config"]["batch_shape"]
        [None, 4]
    """
    if isinstance(config, list):
        return [translate(c) for c in config]
    if not isinstance(config, dict):
        return config
    kind, inner = config.get("class_name"), config.get("config")
    if kind is None or inner is None:
        return {key: translate(value) for key, value in config.items()}
    if kind == "Sequential":
        return _sequential(config, inner)
    if kind in ("Model", "Functional"):
        return _functional(config, inner)
    new = {"class_name": kind, "config": _arguments(kind, inner)}
    return {**{k: v for k, v in config.items() if k in ("name", "registered_name", "module")}, **new}


def _arguments(kind: str, inner: Any) -> Any:
    if not isinstance(inner, dict):
        return inner
    found = {key: translate(value) for key, value in inner.items() if key not in _DROPPED}
    if kind == "InputLayer" and "batch_input_shape" in found:
        found["batch_shape"] = found.pop("batch_input_shape")
    if kind == "BatchNormalization" and isinstance(found.get("axis"), list) and len(found["axis"]) == 1:
        found["axis"] = found["axis"][0]
    if found.get("activation") in _ACTIVATIONS:
        found["activation"] = _ACTIVATIONS[found["activation"]]
    if "name" not in found:  # an initializer, a regularizer: they have no type any more
        found.pop("dtype", None)
    return found


def _sequential(config: dict[str, Any], inner: Any) -> dict[str, Any]:
    layers = inner if isinstance(inner, list) else inner.get("layers", [])
    new: dict[str, Any] = {"layers": [translate(layer) for layer in layers]}
    if isinstance(inner, dict):
        new["name"] = inner.get("name")
        if inner.get("build_input_shape"):
            new["build_input_shape"] = inner["build_input_shape"]
    named = {"name": config["name"]} if "name" in config else {}
    return {"module": "keras", "class_name": "Sequential", "config": new, "registered_name": None, **named}


def _functional(config: dict[str, Any], inner: dict[str, Any]) -> dict[str, Any]:
    layers = []
    for layer in inner["layers"]:
        new = translate(layer)
        if "module" not in new and new["config"].keys() == {"name"}:  # Keras 3 writes `x + 3` so; layers have more
            new["module"] = "keras.src.ops.numpy"
        new["inbound_nodes"] = [_call(node) for node in layer.get("inbound_nodes", [])]
        layers.append(new)
    new = {"name": inner.get("name"), "trainable": inner.get("trainable", True), "layers": layers}
    for key in ("input_layers", "output_layers"):
        new[key] = _one_or_more(inner[key])
    named = {"name": config["name"]} if "name" in config else {}
    module = "keras.src.models.functional"
    return {"module": module, "class_name": "Functional", "config": new, "registered_name": None, **named}


def _one_or_more(places: Any) -> Any:
    if isinstance(places, list) and len(places) == 1 and isinstance(places[0], list):
        return places[0]
    return places


def _call(node: Any) -> dict[str, Any]:
    """``[[layer, call, tensor, arguments], ...]`` with one entry for each input."""
    if isinstance(node, list) and node and isinstance(node[0], str):
        node = [node]
    if isinstance(node, dict):
        return node
    tensors, kwargs = [], {}
    for entry in node:
        if not isinstance(entry, list) or not 3 <= len(entry) <= 4:
            raise FileFormatError(f"the config has a call that is none: {str(entry)[:80]}")
        tensors.append({"class_name": _TENSOR, "config": {"keras_history": entry[:3]}})
        kwargs.update(entry[3] if len(entry) == 4 and isinstance(entry[3], dict) else {})
    return {"args": [tensors if len(tensors) > 1 else tensors[0]], "kwargs": kwargs}


def compile_arguments(training: dict[str, Any]) -> dict[str, Any]:
    """What ``compile`` was called with, from the ``training_config`` of a file of Keras 2."""
    optimizer = translate(training.get("optimizer_config"))
    if isinstance(optimizer, dict):
        settings = {k: v for k, v in optimizer["config"].items() if not (k == "decay" and not v)}
        optimizer = {**optimizer, "module": "keras.optimizers", "config": settings}
    metrics = [_metric(m) for m in _flat(training.get("metrics"))]
    return {"optimizer": optimizer, "loss": translate(training.get("loss")), "metrics": metrics or None}


def _flat(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return [m for v in value for m in _flat(v)]
    return [] if value is None else [value]


def _metric(config: Any) -> Any:
    """Wrapped functions go by their names."""
    if isinstance(config, dict) and config.get("class_name") == "MeanMetricWrapper":
        inner = config["config"]
        return inner["name"] if inner.get("name") in ("accuracy", "acc") else inner.get("fn", inner.get("name"))
    return translate(config)
