"""What layers compute on the way through a model, also those of models inside it."""

from collections.abc import Callable
from typing import Any

from fastcnn.layers.nests import contents, map_tensors
from fastcnn.models.model import Model
from fastcnn.models.sequential import Sequential
from fastcnn.seam import Node, Primitive, apply
from fastcnn.tensor import SymbolicTensor, Tensor, convert_to_tensor

__all__ = ["calls_of", "find_layer", "input_of", "run"]

Visit = Callable[[Node, list[Any], Any], None]


def _graph(model: Any) -> Any:
    graph = getattr(model, "_graph", None)
    if graph is not None:
        return graph
    if not isinstance(model, Model):
        raise TypeError(f"model must be a model of fastcnn, got {type(model).__name__}")
    why = "has a call of its own, which nobody can look into"
    if isinstance(model, Sequential):
        why = "is not built yet: call build(input_shape), or begin it with an Input"
    raise ValueError(f"model must be functional or Sequential, and built; {model.name!r} {why}")


def calls_of(model: Any) -> list[Node]:
    """The calls of layers and operations in the order of execution, models in the model taken apart.

    Example:
        >>> from fastcnn import layers, models
        >>> inner = models.Sequential([layers.Input((4, 4, 1)), layers.Conv2D(2, 3, name="conv")])
        >>> outer = models.Sequential([inner, layers.Flatten(name="flat")])
        >>> [node.operation.name for node in calls_of(outer)]
        ['conv', 'flat']
    """
    graph = _graph(model)
    given = {id(t) for t in graph.flat_inputs}
    found: list[Node] = []
    for node in graph.nodes:
        if any(id(t) in given for t in node.outputs):
            continue
        if isinstance(node.operation, Model) and node.operation._graph is not None:
            found += calls_of(node.operation)
        else:
            found.append(node)
    return found


def find_layer(model: Any, layer: Any) -> Any:
    """A layer by name, index or as itself, at any depth.

    Args:
        model: functional or Sequential.
        layer: the name (``"block5_conv3"``, ``"resnet/conv1"`` where two models have one of that name), the index in
            ``model.layers``, or the layer.
    """
    nodes = calls_of(model)
    known = {id(node.operation): node.operation for node in nodes if not isinstance(node.operation, Primitive)}
    if isinstance(layer, int) and not isinstance(layer, bool):
        layer = model.get_layer(index=layer)
    if isinstance(layer, str):
        found = [op for op in known.values() if layer in (op.name, op.path)]
        inner = [m for m in _models(model) if m.name == layer]
        if not found and not inner:
            from fastcnn.registry import suggestion

            names = [op.name for op in known.values()]
            raise ValueError(f"layer: there is no {layer!r} in {model.name!r}.{suggestion(layer, names)}")
        layer = (found or inner)[0]
    if isinstance(layer, Model) and layer._graph is not None:  # what it gives is what its last layer gives
        return calls_of(layer)[-1].operation
    if id(layer) not in known:
        raise ValueError(f"layer must be a layer of {model.name!r}, by name, by index or as itself, got {layer!r}")
    return known[id(layer)]


def _models(model: Any) -> list[Any]:
    inner = [layer for layer in model.layers if isinstance(layer, Model)]
    return inner + [found for one in inner for found in _models(one)]


def input_of(model: Any, image: Any) -> Tensor:
    """A batch of one image, after checking that the model takes one input, with channels last."""
    graph = _graph(model)
    if len(graph.flat_inputs) != 1:
        raise ValueError(f"model must have one input, but {model.name!r} has {len(graph.flat_inputs)}")
    for node in calls_of(model):
        if getattr(node.operation, "data_format", None) == "channels_first":
            raise NotImplementedError(
                f"data_format='channels_first' is not supported by fastcnn.viz, and {node.operation.name!r} has it"
            )
    want = graph.flat_inputs[0].shape
    if len(want) != 4 or any(n not in (None, m) for n, m in zip(want[1:], image.shape, strict=True)):
        raise ValueError(f"image must be as the model takes it, {want[1:]}, got shape {image.shape}")
    return convert_to_tensor(image[None], "float")


def run(model: Any, inputs: list[Any], visit: Visit) -> Any:
    """Runs a model call by call.

    Args:
        model: functional or Sequential.
        inputs: tensors, in the order of its inputs.
        visit: called as ``visit(node, given, made)`` after each call, those inside inner models included.

    Returns:
        The outputs.
    """
    graph = _graph(model)
    values = {id(t): value for t, value in zip(graph.flat_inputs, inputs, strict=True)}

    def fill(t: Any) -> Any:
        return values[id(t)] if t.__class__ is SymbolicTensor else t

    for node in graph.nodes:
        if all(id(t) in values for t in node.outputs):
            continue
        operation, given = node.operation, map_tensors(list(node.inputs), fill)
        attrs = map_tensors(node.attrs, fill)
        if isinstance(operation, Primitive):
            made = apply(operation, tuple(given), attrs)
        elif isinstance(operation, Model) and operation._graph is not None:
            made = run(operation, operation._match(given[0]), visit)
        else:
            made = operation(*given, **attrs)
        if not (isinstance(operation, Model) and operation._graph is not None):
            visit(node, given, made)
        values |= {id(t): value for t, value in zip(node.outputs, contents(made), strict=True)}
    return map_tensors(graph.outputs, fill) if graph.outputs.__class__ is not SymbolicTensor else fill(graph.outputs)
