"""Where a network's base ends and its head begins: the classifier, the bottleneck before it, the layers of both."""

from dataclasses import dataclass
from typing import Any

from fastcnn.layers.conv import Convolution
from fastcnn.layers.core import Dense
from fastcnn.layers.layer import Layer
from fastcnn.layers.nests import contents, map_tensors
from fastcnn.layers.regularization import _Random
from fastcnn.models.graph import Graph
from fastcnn.models.model import Model
from fastcnn.models.sequential import Sequential
from fastcnn.seam import Node, Primitive, apply
from fastcnn.tensor import SymbolicTensor

__all__ = ["Parts", "graph_of", "leaves", "parts", "replay"]


@dataclass
class Parts:
    """What ``parts`` found.

    Attributes:
        classifier: the call of the last ``Dense`` layer, or of the last 1x1 convolution before a global pooling; None
            where the network has no head.
        bottleneck: the output of the last convolutional block.
        features: what the head's first layer with weights (or with chance in it) gets: the bottleneck, or it pooled
            or flat.
        body: the layers up to the bottleneck, models in the model taken apart.
        head: the layers after it.
    """

    classifier: Node | None
    bottleneck: SymbolicTensor
    features: SymbolicTensor
    body: list[Layer]
    head: list[Layer]


def graph_of(model: Any) -> Graph:
    """The graph of a functional or Sequential model with one output."""
    graph = getattr(model, "_graph", None)
    if graph is None:
        why = "has a call of its own, so that nobody knows where its head begins"
        if isinstance(model, Sequential):
            why = "is not built yet: call build(input_shape), or begin it with an Input"
        raise ValueError(f"model must be functional or Sequential, and built; {getattr(model, 'name', model)!r} {why}")
    if len(graph.flat_outputs) != 1:
        raise ValueError(
            f"model must have one output, but {model.name!r} has {len(graph.flat_outputs)}: make a model of the one "
            "you mean, Model(model.inputs, model.outputs[0])"
        )
    return graph


def leaves(model: Any) -> list[Layer]:
    """The layers in the order of ``model.layers``, with models inside it replaced by their layers."""
    found: dict[int, Layer] = {}
    for layer in model.layers:
        for one in leaves(layer) if isinstance(layer, Model) else [layer]:
            found.setdefault(id(one), one)
    return list(found.values())


def sources(node: Node) -> list[SymbolicTensor]:
    """The symbolic tensors that a call takes."""
    return [t for t in contents([list(node.inputs), node.attrs]) if t.__class__ is SymbolicTensor]


def weightless(operation: Any) -> bool:
    """Whether it has nothing to learn."""
    return isinstance(operation, Primitive) or not operation.weights


def _spatial(t: SymbolicTensor) -> bool:
    return len(t.shape) > 2 and any(n != 1 for n in t.shape[1:-1])


def _find_classifier(graph: Graph) -> Node | None:
    t, collapsed = graph.flat_outputs[0], False
    while True:
        node, given = t.node, sources(t.node) if t.node is not None else []
        if node is None or len(given) != 1:
            return None
        operation = node.operation
        if isinstance(operation, Dense):
            return node
        if isinstance(operation, Convolution) and all(n == 1 for n in operation.kernel_size):
            return node if collapsed or not _spatial(t) else None
        if not weightless(operation):
            return None
        collapsed = collapsed or (_spatial(given[0]) and not _spatial(t))
        t = given[0]


def _without_chance(t: SymbolicTensor) -> SymbolicTensor:
    """What comes before layers that are identities outside training."""
    while t.node is not None and isinstance(t.node.operation, _Random):
        t = sources(t.node)[0]
    return t


def _find_bottleneck(graph: Graph, classifier: Node | None) -> SymbolicTensor:
    start = sources(classifier)[0] if classifier is not None else graph.flat_outputs[0]
    t = start = _without_chance(start) if classifier is not None else start
    while not _spatial(t):
        node = t.node
        given = sources(node) if node is not None else []
        if node is None or not given:
            return start  # no place had width and height: fully connected from the input on
        light = weightless(node.operation)
        if len(given) > 1 or (isinstance(node.operation, Model) and not light) or (not light and classifier is None):
            return t
        if _spatial(given[0]):
            return given[0] if light else t
        t = given[0]
    return t


def _ancestors(t: SymbolicTensor) -> list[Node]:
    found: dict[int, Node] = {}
    stack = [t.node]
    while stack:
        node = stack.pop()
        if node is not None and id(node) not in found:
            found[id(node)] = node
            stack += [s.node for s in sources(node)]
    return list(found.values())


def _features(graph: Graph, bottleneck: SymbolicTensor) -> SymbolicTensor:
    t = bottleneck
    while t is not graph.flat_outputs[0]:
        after = [n for n in graph.nodes if any(s is t for s in sources(n))]
        if len(after) != 1 or not weightless(after[0].operation) or isinstance(after[0].operation, _Random):
            break
        if len(sources(after[0])) != 1 or len(after[0].outputs) != 1:
            break
        t = after[0].outputs[0]
    return t


def parts(model: Any, head: str | None = None) -> Parts:
    """Finds the base and the head of a functional or Sequential model.

    Args:
        model: with one output.
        head: the name of the head's first layer; found out unless given: what comes after the last place that has
            width and height, or the 1x1 convolution that gives the classes.

    Returns:
        A ``Parts``.

    Example:
        >>> from fastcnn import layers, models
        >>> model = models.Sequential([
        ...     layers.Input((8, 8, 3)), layers.Conv2D(4, 3, name="conv"), layers.Flatten(name="flat"),
        ...     layers.Dense(6, name="hidden"), layers.Dense(2, name="classes"),
        ... ])
        >>> [layer.name for layer in parts(model).head]
        ['flat', 'hidden', 'classes']
    """
    graph = graph_of(model)
    classifier = _find_classifier(graph)
    if head is None:
        bottleneck = _find_bottleneck(graph, classifier)
    else:
        bottleneck = sources(graph.calls_of(model.get_layer(head))[0])[0]
    below = {id(node.operation) for node in _ancestors(bottleneck)}
    flat: dict[bool, dict[int, Layer]] = {True: {}, False: {}}
    for layer in model.layers:
        for leaf in leaves(layer) if isinstance(layer, Model) else [layer]:
            flat[id(layer) in below].setdefault(id(leaf), leaf)
    top = [layer for key, layer in flat[False].items() if key not in flat[True]]
    return Parts(classifier, bottleneck, _features(graph, bottleneck), list(flat[True].values()), top)


def replay(graph: Graph, known: dict[int, Any]) -> dict[int, Any]:
    """Calls the layers of a graph again, on other tensors.

    Args:
        graph: whose calls are repeated, in order; the layers stay the same objects.
        known: what some of its tensors are to be replaced by, by their ids. What depends on none of them is left out.

    Returns:
        ``known`` with the new tensors.
    """
    values = dict(known)

    def fill(t: Any) -> Any:
        return values[id(t)] if t.__class__ is SymbolicTensor else t

    for node in graph.nodes:
        given = sources(node)
        if id(node.outputs[0]) in values or not given or any(id(t) not in values for t in given):
            continue
        if isinstance(node.operation, Primitive):
            made = apply(node.operation, tuple(map(fill, node.inputs)), node.attrs)
        else:
            made = node.operation(*map_tensors(list(node.inputs), fill), **map_tensors(node.attrs, fill))
        for t, value in zip(node.outputs, contents(made), strict=True):
            values[id(t)] = value
    return values
