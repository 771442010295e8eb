"""New heads on trained networks: a classifier on a base without one, another classifier instead of the old one."""

from collections.abc import Callable
from typing import Any

from fastcnn._arrays import INT
from fastcnn.layers.activation import Activation
from fastcnn.layers.conv import Convolution
from fastcnn.layers.core import Dense
from fastcnn.layers.global_pooling import GlobalAveragePooling2D, GlobalMaxPooling2D
from fastcnn.layers.layer import Layer
from fastcnn.layers.nests import contents, map_tensors
from fastcnn.layers.regularization import Dropout, _Random
from fastcnn.layers.reshaping import Flatten, Reshape
from fastcnn.models.model import Model
from fastcnn.models.sequential import Sequential
from fastcnn.registry import suggestion
from fastcnn.seam import Node, Primitive, apply
from fastcnn.tensor import SymbolicTensor
from fastcnn.transfer.parts import _without_chance, graph_of, parts, sources, weightless

__all__ = ["build", "replace_head"]

POOLINGS = {"avg": GlobalAveragePooling2D, "max": GlobalMaxPooling2D, "flatten": Flatten}


def build(
    base: Any,
    classes: int | None,
    head: Any = None,
    *,
    pooling: str | None = None,
    dropout: float = 0.0,
    activation: str | None = None,
    freeze: bool = True,
    name: str | None = None,
) -> Any:
    """A classifier made of a trained base without a top: base, pooling, dropout, ``Dense``.

    Args:
        base: functional or Sequential, such as ``applications.VGG16(include_top=False)``. The new model has the very
            same layers: training it changes them.
        classes: how many there are; None where ``head`` gives the classes itself.
        head: layers between the base and the last ``Dense``: a list, or a function of a symbolic tensor.
        pooling: "avg", "max" or "flatten"; "avg" unless there is a ``head``, which is given the base's output as it is.
        dropout: which part of the features is dropped in training, before the last ``Dense``.
        activation: of the last layer; "softmax" unless given, "sigmoid" for a single class.
        freeze: whether the base is frozen; ``fine_tune``, ``apply`` and ``unfreeze`` open it again.
        name: of the model.

    Returns:
        A functional model: (n, h, w, c) to (n, classes).

    Example:
        >>> from fastcnn import layers, models
        >>> base = models.Sequential([layers.Input((8, 8, 3)), layers.Conv2D(4, 3, activation="relu")])
        >>> model = build(base, classes=5)
        >>> model.output_shape, len(model.trainable_weights)
        ((None, 5), 2)
    """
    graph = graph_of(base)
    output = graph.flat_outputs[0]
    _refuse_classifier(base, output)
    if pooling is not None and pooling not in POOLINGS:
        raise ValueError(f"pooling must be 'avg', 'max', 'flatten' or None, got {pooling!r}{_near(pooling)}")
    taken = {layer.name for layer in base.layers}
    x: Any = output
    if len(x.shape) > 2 and (pooling or head is None):
        x = POOLINGS[pooling or "avg"](name=_free("head_pooling", taken))(x)
    for layer in head if isinstance(head, (list, tuple)) else [] if head is None else [head]:
        x = layer(x)
    if dropout:
        x = Dropout(dropout, name=_free("head_dropout", taken))(x)
    if classes is not None:
        _check_classes(classes, activation)
        activation = activation or ("sigmoid" if classes == 1 else "softmax")
        if len(x.shape) != 2:
            raise ValueError(f"head must give (n, features), got shape {x.shape}: end it with Flatten() or pooling")
        x = Dense(classes, activation=activation, name=_free("head", taken))(x)
    elif head is None:
        raise ValueError("classes must be a number, or head must give the classes itself; got neither")
    if freeze:
        base.trainable = False
    return Model(graph.inputs, x, name=name)


def replace_head(
    model: Any, classes: int, activation: str | None = "softmax", *, dropout: float | None = None, name: str = "head"
) -> Any:
    """The model with another classifier in the place of its last one.

    The last ``Dense`` layer goes, or the last 1x1 convolution before the global pooling (SqueezeNet, MobileNet), and
    with it the activations after it. All other layers are those of the old model, with their weights; none is frozen.

    Args:
        model: functional or Sequential, with one output; stays as it is.
        classes: how many there are.
        activation: of the output; None for logits.
        dropout: before the new layer, instead of a dropout that is there already; None leaves that alone.
        name: of the new layer; a number is added where it is taken.

    Returns:
        A new model, Sequential where the old one is. It has to be compiled.

    Example:
        >>> from fastcnn import layers, models
        >>> old = models.Sequential([
        ...     layers.Input((4, 4, 3)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(9, activation="softmax"),
        ... ])
        >>> new = replace_head(old, classes=3)
        >>> new.output_shape, new.layers[0] is old.layers[0]
        ((None, 3), True)
    """
    _check_classes(classes, activation)
    graph = graph_of(model)
    classifier = parts(model).classifier
    if classifier is None:
        raise ValueError(
            f"model {model.name!r} has no classifier at its end, neither a Dense layer nor a 1x1 convolution before "
            "global pooling: use build(model, classes), or name the inner model, replace_head(model.get_layer(...))"
        )
    after = _after(graph.flat_outputs[0], classifier)
    taken = {layer.name for layer in model.layers}
    kept = [node for node in after if not _keeps_shape(node)]
    tail: list[Callable[[Any], Any]] = []
    if dropout is not None:
        tail.append(Dropout(dropout, name=_free(f"{name}_dropout", taken)))
    tail.append(_successor(classifier.operation, classes, None if kept else activation, _free(name, taken)))
    tail += [_repeated(node, classes, name, taken) for node in kept]
    if kept and activation is not None:
        tail.append(Activation(activation, name=_free(f"{name}_activation", taken)))
    if isinstance(model, Sequential):
        return type(model)(_stack_before(model, classifier.operation, dropout) + tail, name=model.name)
    x = sources(classifier)[0]
    x = _without_chance(x) if dropout is not None else x
    for step in tail:
        x = step(x)
    return Model(graph.inputs, x, name=model.name)


def _check_classes(classes: Any, activation: str | None) -> None:
    if isinstance(classes, bool) or not isinstance(classes, INT) or classes < 1:
        raise ValueError(f"classes must be a positive int, got {classes!r}")
    if classes == 1 and activation == "softmax":
        raise ValueError("softmax over one class is always 1: with classes=1 use activation='sigmoid'")


def _near(pooling: Any) -> str:
    return "." + suggestion(pooling, POOLINGS)


def _free(name: str, taken: set[str]) -> str:
    """The name, or the name and the first number with which no layer has it."""
    free, number = name, 0
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free)
    return free


def _refuse_classifier(base: Any, output: SymbolicTensor) -> None:
    node = output.node
    assert node is not None
    if isinstance(node.operation, Dense) and node.operation.get_config().get("activation") in ("softmax", "sigmoid"):
        raise ValueError(
            f"base {base.name!r} ends with the classifier {node.operation.name!r}: make it with include_top=False, or "
            "use replace_head(base, classes)"
        )


def _after(output: SymbolicTensor, classifier: Node) -> list[Node]:
    """The calls between the classifier and the output, in order."""
    found = []
    node = output.node
    while node is not None and node is not classifier:
        found.append(node)
        node = sources(node)[0].node
    return found[::-1]


def _keeps_shape(node: Node) -> bool:
    """An activation of the old classes: their shape stays, and there is neither weight nor chance in it."""
    operation = node.operation
    same = node.outputs[0].shape == sources(node)[0].shape
    return same and weightless(operation) and not isinstance(operation, _Random)


def _repeated(node: Node, classes: int, name: str, taken: set[str]) -> Any:
    """What does the same with other classes; a layer does it itself, unless it counts them."""
    if isinstance(node.operation, Reshape) or getattr(node.operation, "name", "") == "reshape":
        size = (*(int(n or -1) for n in node.outputs[0].shape[1:-1]), classes)
        return Reshape(size, name=_free(f"{name}_reshape", taken))
    if isinstance(node.operation, Layer):
        return node.operation

    def call(x: Any) -> Any:
        assert isinstance(node.operation, Primitive)
        inputs = map_tensors(tuple(node.inputs), lambda t: x if t.__class__ is SymbolicTensor else t)
        return contents(apply(node.operation, inputs, node.attrs))[0]

    return call


def _successor(old: Any, classes: int, activation: str | None, name: str) -> Layer:
    """A layer like the old classifier, for other classes, with fresh weights."""
    if isinstance(old, Convolution):
        config = {**old.get_config(), "name": name, "filters": classes, "activation": activation, "trainable": True}
        made: Layer = type(old).from_config(config)
        return made
    config = {**old.get_config(), "name": name, "units": classes, "activation": activation, "trainable": True}
    return Dense.from_config(config)


def _stack_before(model: Any, classifier: Any, dropout: float | None) -> list[Any]:
    stack = list(model._stack)
    before = stack[: next(i for i, layer in enumerate(stack) if layer is classifier)]
    while dropout is not None and before and isinstance(before[-1], _Random):
        before.pop()
    return before
