"""Functional models as configs, in Keras 3's form: layers, and which call of which layer feeds which."""

import functools
import inspect
from typing import Any

from fastcnn.layers.layer import Layer
from fastcnn.layers.nests import contents
from fastcnn.layers.registry import registry
from fastcnn.models.graph import Graph
from fastcnn.models.keras_operations import keras_form, operation_of_keras, run_operation
from fastcnn.seam import Node, Primitive, apply
from fastcnn.tensor import SymbolicTensor, Tensor, Variable

__all__ = ["read", "write"]

_TENSOR = "__keras_tensor__"
_WANTED = "training_wanted"  # beside a call: its ``training`` was given; Keras passes over the word


def write(model: Layer, graph: Graph) -> dict[str, Any]:
    """The config of a functional model."""
    names = _operation_names(graph)
    places: dict[int, list[Any]] = {}
    counts: dict[int, int] = {}
    for node in graph.nodes:
        key = id(node) if isinstance(node.operation, Primitive) else id(node.operation)
        for t in node.outputs:
            places[id(t)] = [names[key], counts.get(key, 0), t.index]
        counts[key] = counts.get(key, 0) + 1
    layers = []
    seen: set[int] = set()
    for node in graph.nodes:
        if isinstance(node.operation, Primitive):
            layers.append(_primitive_config(node, names[id(node)], places))
        elif id(node.operation) not in seen:
            seen.add(id(node.operation))
            config = registry.serialize(node.operation)
            config["name"] = names[id(node.operation)]
            calls = [n for n in graph.calls_of(node.operation) if n.inputs]
            config["inbound_nodes"] = [_call_config(n, places) for n in calls]
            layers.append(config)
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": layers,
        "input_layers": _places(graph.inputs, places),
        "output_layers": _places(graph.outputs, places),
    }


def _operation_names(graph: Graph) -> dict[int, str]:
    taken = {layer.name for layer in graph.layers}
    names = {id(layer): layer.name for layer in graph.layers}
    for node in graph.nodes:
        if isinstance(node.operation, Primitive):
            name, number = node.operation.name, 0
            while name in taken:
                number += 1
                name = f"{node.operation.name}_{number}"
            taken.add(name)
            names[id(node)] = name
    return names


def _places(value: Any, places: dict[int, list[Any]]) -> Any:
    if isinstance(value, SymbolicTensor):
        return places[id(value)]
    if isinstance(value, dict):
        return {k: _places(v, places) for k, v in value.items()}
    return [_places(v, places) for v in value]


def _argument(value: Any, places: dict[int, list[Any]]) -> Any:
    if isinstance(value, SymbolicTensor):
        history = {"shape": list(value.shape), "dtype": value.dtype, "keras_history": places[id(value)]}
        return {"class_name": _TENSOR, "config": history}
    if isinstance(value, Variable):
        raise NotImplementedError(
            f"an operation on the variable {value.path} between layers cannot be saved; use a Layer"
        )
    if isinstance(value, Tensor):
        return {"class_name": "__numpy__", "config": {"dtype": value.dtype, "value": value.array.tolist()}}
    if isinstance(value, slice):
        return {"class_name": "__slice__", "config": {"start": value.start, "stop": value.stop, "step": value.step}}
    if value is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(value, dict):
        return {k: _argument(v, places) for k, v in value.items()}
    if isinstance(value, tuple):
        return {"class_name": "__tuple__", "items": [_argument(v, places) for v in value]}
    if isinstance(value, list):
        return [_argument(v, places) for v in value]
    return value.item() if hasattr(value, "item") else value


def _call_config(node: Node, places: dict[int, list[Any]]) -> dict[str, Any]:
    call = {"args": [_argument(v, places) for v in node.inputs], "kwargs": _argument(node.attrs, places)}
    return {**call, _WANTED: True} if "training" in node.attrs else call


def _primitive_config(node: Node, name: str, places: dict[int, list[Any]]) -> dict[str, Any]:
    known = keras_form(node)
    if known is not None:
        module, kind, args, settings = known
        call = {"args": [_argument(v, places) for v in args], "kwargs": {}}
        return {
            "module": f"keras.src.ops.{module}",
            "class_name": kind,
            "config": {"name": name, **settings},
            "registered_name": kind,
            "name": name,
            "inbound_nodes": [call],
        }
    return {
        "module": "fastcnn.ops",
        "class_name": "Primitive",
        "config": {"primitive": node.operation.name},
        "registered_name": None,
        "name": name,
        "inbound_nodes": [_call_config(node, places)],
    }


def read(config: dict[str, Any], cls: type) -> Any:
    """The functional model that a config describes."""
    makers = _makers(config["layers"])
    results = _results(config["layers"], makers)
    inputs, outputs = _find(config["input_layers"], results), _find(config["output_layers"], results)
    return cls(inputs=inputs, outputs=outputs, name=config.get("name"), trainable=config.get("trainable", True))


def _makers(listed: list[dict[str, Any]]) -> dict[str, Any]:
    """What is called, by name: layers, and operations without one."""
    makers: dict[str, Any] = {}
    for data in listed:
        if data.get("class_name") == "Primitive" and data.get("module") == "fastcnn.ops":
            name = data["config"]["primitive"]
            if name not in Primitive.registry:
                raise ValueError(f"there is no operation {name!r} in this version of fastcnn")
            makers[data["name"]] = Primitive.registry[name]
        elif str(data.get("module")).startswith("keras.src.ops."):
            makers[data["name"]] = operation_of_keras(data)
        else:
            layer = registry.deserialize({k: v for k, v in data.items() if k not in ("name", "inbound_nodes")})
            makers[layer.name] = layer
    return makers


def _results(listed: list[dict[str, Any]], makers: dict[str, Any]) -> dict[tuple[str, int, int], SymbolicTensor]:
    """Makes all calls; their results by name, number of the call, and place among its results."""
    results: dict[tuple[str, int, int], SymbolicTensor] = {}
    waiting = []
    for data in listed:
        name = data.get("name") or data["config"]["name"]
        if not data.get("inbound_nodes"):
            results[name, 0, 0] = makers[name]._calls[0].outputs[0]
        waiting += [(name, i, call) for i, call in enumerate(data.get("inbound_nodes", []))]
    while waiting:
        # A call is made when its arguments exist and the layer's earlier calls are done: indices count the calls.
        later: list[tuple[str, int, Any]] = []
        for name, i, call in waiting:
            earlier = any(other == name and j < i for other, j, _ in later)
            if earlier or not all(place in results for place in _needed(call)):
                later.append((name, i, call))
                continue
            for index, t in enumerate(contents(_call(makers[name], call, results))):
                results[name, i, index] = t
        if len(later) == len(waiting):
            raise ValueError(f"the config has calls whose inputs nothing makes: {sorted({n for n, _, _ in later})}")
        waiting = later
    return results


def _needed(value: Any) -> list[tuple[str, int, int]]:
    if isinstance(value, dict):
        if value.get("class_name") == _TENSOR:
            name, node, index = value["config"]["keras_history"]
            return [(name, node, index)]
        return [p for v in value.values() for p in _needed(v)]
    if isinstance(value, list):
        return [p for v in value for p in _needed(v)]
    return []


def _fill(value: Any, results: dict[tuple[str, int, int], SymbolicTensor]) -> Any:
    if isinstance(value, dict):
        kind, inner = value.get("class_name"), value.get("config", {})
        if kind == _TENSOR:
            return results[_needed(value)[0]]
        if kind in ("__numpy__", "__tensor__", "__constant__"):
            import numpy as np

            return Tensor(np.asarray(inner["value"], dtype=inner["dtype"]))
        if kind == "__slice__":
            return slice(inner["start"], inner["stop"], inner["step"]) if isinstance(inner, dict) else slice(*inner)
        if kind == "__ellipsis__":
            return Ellipsis
        if kind == "__tuple__":
            return tuple(_fill(v, results) for v in value["items"])
        return {k: _fill(v, results) for k, v in value.items()}
    if isinstance(value, list):
        return [_fill(v, results) for v in value]
    return value


def _call(maker: Any, call: dict[str, Any], results: dict[tuple[str, int, int], SymbolicTensor]) -> Any:
    args, kwargs = _fill(call["args"], results), _fill(call["kwargs"], results)
    if not _needed(call):
        raise ValueError("the config has a call on constants only, which no functional model has")
    if isinstance(maker, Primitive):
        return apply(maker, tuple(args), kwargs)
    if isinstance(maker, functools.partial):
        return run_operation(maker, args, kwargs)
    kwargs.pop("mask", None)
    if "training" in kwargs and _WANTED not in call and kwargs["training"] is _training_default(maker):
        del kwargs["training"]
    return maker(*args, **{k: v for k, v in kwargs.items() if v is not None})


def _training_default(layer: Layer) -> Any:
    """What Keras notes for a call whose ``training`` nobody gave; ``fit`` and ``predict`` give theirs."""
    parameter = inspect.signature(layer.call).parameters.get("training")
    return None if parameter is None else parameter.default


def _find(place: Any, results: dict[tuple[str, int, int], SymbolicTensor]) -> Any:
    if isinstance(place, dict):
        return {k: _find(v, results) for k, v in place.items()}
    if len(place) == 3 and isinstance(place[0], str):
        key = (place[0], place[1], place[2])
        if key not in results:
            raise ValueError(f"the config names the tensor {place}, which no layer makes")
        return results[key]
    return [_find(p, results) for p in place]
