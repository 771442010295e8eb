"""New models from old ones: copies with fresh weights, models from JSON."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from fastcnn.layers.input import InputLayer
from fastcnn.layers.layer import Layer
from fastcnn.layers.nests import contents, map_tensors
from fastcnn.layers.registry import registry
from fastcnn.models.graph import Graph
from fastcnn.models.model import Model
from fastcnn.models.sequential import Sequential
from fastcnn.registry import custom_object_scope
from fastcnn.seam import Primitive, apply
from fastcnn.tensor import SymbolicTensor

__all__ = ["clone_model", "model_from_json"]


def clone_model(
    model: Any,
    input_tensors: Any = None,
    clone_function: Callable[[Layer], Layer] | None = None,
    call_function: Any = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Any:
    """The same architecture with weights of its own, freshly initialised; compiled alike, if the model is compiled.

    Args:
        model: functional, Sequential, or of a class with ``get_config``.
        input_tensors: what the copy begins with instead of new inputs.
        clone_function: makes the copy of a layer; ``layer.from_config(layer.get_config())`` unless given.
        call_function: not supported.
        recursive: whether ``clone_function`` is also applied inside nested models.

    Example:
        >>> from fastcnn import layers
        >>> model = Sequential([layers.Input((4,)), layers.Dense(3)])
        >>> clone_model(model).output_shape
        (None, 3)
    """
    if call_function is not None:
        raise NotImplementedError("call_function is not supported by fastcnn")
    if kwargs:
        raise TypeError(f"clone_model got an unknown argument {next(iter(kwargs))!r}")
    if not isinstance(model, Model):
        raise TypeError(f"model must be a model, got {model!r}")
    made = _cloned(model, input_tensors, clone_function, recursive)
    compiled = model._compiled_state()
    if compiled is not None:  # an optimizer, metrics and losses of its own, without their state
        made._restore_compiled_state({**compiled, "arguments": deepcopy(compiled["arguments"]), "slots": None})
    return made


def _cloned(model: Any, input_tensors: Any, clone_function: Callable[[Layer], Layer] | None, recursive: bool) -> Any:
    def copy(layer: Layer) -> Layer:
        if recursive and isinstance(layer, Model) and layer._graph is not None:
            return clone_model(layer, clone_function=clone_function, recursive=True)
        if clone_function is not None:
            made = clone_function(layer)
            if not isinstance(made, Layer):
                raise TypeError(f"clone_function must return a layer, got {made!r} for {layer.name!r}")
            return made
        return _anew(layer)

    if isinstance(model, Sequential):
        layers = [_anew(m) if isinstance(m, InputLayer) else copy(m) for m in model._stack]
        if input_tensors is not None:
            layers = [input_tensors, *(layer for layer in layers if not isinstance(layer, InputLayer))]
        return type(model)(layers, name=model.name)
    if model._graph is None:
        if input_tensors is not None or clone_function is not None:
            raise ValueError(
                "a model with a call of its own has no graph; clone_model can only make it anew from its config"
            )
        return type(model).from_config(model.get_config())
    return _clone_graph(model, model._graph, input_tensors, copy)


def _anew(layer: Any) -> Any:
    made = type(layer).from_config(layer.get_config())  # the class is at hand: it need not be registered
    made.build_from_config(layer.get_build_config())
    return made


def _clone_graph(model: Any, graph: Graph, input_tensors: Any, copy: Callable[[Layer], Layer]) -> Any:
    twins: dict[int, Layer] = {}
    values: dict[int, Any] = {}
    given = None if input_tensors is None else contents(input_tensors)
    if given is not None and len(given) != len(graph.flat_inputs):
        raise ValueError(f"input_tensors must be {len(graph.flat_inputs)} tensors, got {len(given)}")
    for i, t in enumerate(graph.flat_inputs):
        if given is not None:
            values[id(t)] = given[i]
        else:
            values[id(t)] = _anew(t.node.operation)._calls[0].outputs[0]

    def fill(t: Any) -> Any:
        return values[id(t)] if t.__class__ is SymbolicTensor else t

    for node in graph.nodes:
        if all(id(t) in values for t in node.outputs):
            continue
        if isinstance(node.operation, Primitive):
            made = apply(node.operation, tuple(map(fill, node.inputs)), node.attrs)
        else:
            if id(node.operation) not in twins:
                twins[id(node.operation)] = copy(node.operation)
            made = twins[id(node.operation)](*map_tensors(list(node.inputs), fill), **map_tensors(node.attrs, fill))
        for t, value in zip(node.outputs, contents(made), strict=True):
            values[id(t)] = value
    cls = type(model) if type(model).__init__ is Model.__init__ else Model
    return cls(inputs=map_tensors(graph.inputs, fill), outputs=map_tensors(graph.outputs, fill), name=model.name)


def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """The model that ``to_json`` described, with fresh weights.

    Args:
        json_string: what ``to_json`` returned.
        custom_objects: classes and functions by name that take part besides the registered ones.

    Example:
        >>> from fastcnn import layers
        >>> model = Sequential([layers.Input((4,)), layers.Dense(3)])
        >>> model_from_json(model.to_json()).output_shape
        (None, 3)
    """
    import json

    from fastcnn.saving.serialization import normalize

    with custom_object_scope(custom_objects or {}):
        return registry.deserialize(normalize(json.loads(json_string)))
