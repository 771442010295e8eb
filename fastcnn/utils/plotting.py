"""plot_model: the graph of a model as a picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastcnn.layers.nests import contents
from fastcnn.tensor import SymbolicTensor

__all__ = ["plot_model"]


def plot_model(
    model: Any,
    to_file: Any = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Any:
    """Draws the layers of a model and what feeds what; needs matplotlib, and neither Graphviz nor pydot.

    Args:
        model: a Sequential or functional model; of a subclassed one there is a single box.
        to_file: the file to write, whose suffix decides: ``.png``, ``.svg``, ``.pdf``...; None for none.
        show_shapes: whether boxes tell the shapes of inputs and outputs.
        show_dtype: whether they tell the type of the outputs' numbers.
        show_layer_names: whether titles have the layers' names, too.
        rankdir: where arrows go: "TB" (from the top to the bottom), "BT", "LR" or "RL".
        expand_nested: whether the layers of models in the model are drawn in their place, called ``model/layer``.
        dpi: dots an inch.
        show_layer_activations: whether boxes tell the activations.
        show_trainable: whether they tell if the weights are trained.
        splines: a word of Graphviz's, and no other than this: lines go from level to level as they do.

    Returns:
        The ``matplotlib.figure.Figure``, which notebooks show.

    Example:
        >>> from fastcnn import layers, models
        >>> model = models.Sequential([layers.Input((8,)), layers.Dense(3, activation="softmax")])
        >>> figure = plot_model(model, None, show_shapes=True, show_layer_activations=True)
        >>> [text.get_text() for text in figure.axes[0].texts[-4:]]
        ['Dense', 'activation softmax', 'in (None, 8)', 'out (None, 3)']
    """
    from fastcnn.models import Model
    from fastcnn.viz.diagrams import DIRECTIONS, draw_boxes, picture_dpi
    from fastcnn.viz.figures import finish

    if kwargs:
        raise TypeError(f"plot_model got an unknown argument {next(iter(kwargs))!r}")
    if splines != "ortho":
        raise NotImplementedError(
            f"splines={splines!r} is not supported by fastcnn: Graphviz bends lines so; leave it out"
        )
    if not isinstance(model, Model):
        raise TypeError(f"model must be a model, got {type(model).__name__}")
    if rankdir not in DIRECTIONS:
        raise ValueError(f"rankdir must be one of {', '.join(DIRECTIONS)}, got {rankdir!r}")
    if not isinstance(dpi, (int, float)) or not 1 <= dpi <= 2400:
        raise ValueError(f"dpi must be a number between 1 and 2400, got {dpi!r}")
    told = {"name": show_layer_names, "activation": show_layer_activations, "shape": show_shapes}
    told |= {"dtype": show_dtype, "trainable": show_trainable}
    boxes, sources = _boxes(model, told, expand_nested)
    figure = draw_boxes(boxes, sources, rankdir)
    figure.set_dpi(picture_dpi(figure, dpi))
    return finish(figure, str(to_file) if isinstance(to_file, Path) else to_file, dpi="figure")


def _boxes(model: Any, told: dict[str, bool], expand: bool) -> tuple[list[list[str]], list[list[int]]]:
    """The lines of each box, and which boxes feed it."""
    if model._graph is None:
        if not model.built:
            raise ValueError(
                f"{model.name} is not built, so that its layers have no shapes yet: begin it with an Input, call "
                "model.build(input_shape), or call it on a batch"
            )
        return [[_title(model, told["name"], "")]], [[]]
    boxes: list[list[str]] = []
    sources: list[list[int]] = []

    def visit(graph: Any, made: dict[int, int], prefix: str) -> None:
        """``made``: which box a tensor comes from."""
        for node in graph.nodes:
            if all(id(t) in made for t in node.outputs):
                continue
            given = [t for t in contents([list(node.inputs), node.attrs]) if t.__class__ is SymbolicTensor]
            inner = getattr(node.operation, "_graph", None)
            if expand and inner is not None:
                within = {id(t): made[id(s)] for t, s in zip(inner.flat_inputs, given, strict=True)}
                visit(inner, within, f"{prefix}{node.operation.name}/")
                made |= {id(t): within[id(s)] for t, s in zip(node.outputs, inner.flat_outputs, strict=True)}
                continue
            made |= {id(t): len(boxes) for t in node.outputs}
            boxes.append(_lines(node, given, told, prefix))
            sources.append(sorted({made[id(t)] for t in given}))

    visit(model._graph, {}, "")
    return boxes, sources


def _title(operation: Any, named: bool, prefix: str) -> str:
    kind = type(operation).__name__ if hasattr(operation, "trainable") else operation.name
    return f"{prefix}{operation.name} ({kind})" if named and kind != operation.name else prefix + kind


def _lines(node: Any, given: Sequence[Any], told: dict[str, bool], prefix: str) -> list[str]:
    operation = node.operation
    lines = [_title(operation, told["name"], prefix)]
    activation = getattr(operation, "activation", None)
    if told["activation"] and activation is not None:
        lines.append(f"activation {getattr(activation, '__name__', None) or getattr(activation, 'name', activation)}")
    if told["shape"]:
        lines += [f"in {', '.join(str(t.shape) for t in given)}"] if given else []
        lines.append(f"out {', '.join(str(t.shape) for t in node.outputs)}")
    if told["dtype"]:
        lines.append(", ".join(dict.fromkeys(t.dtype for t in node.outputs)))
    if told["trainable"] and getattr(operation, "weights", None):
        lines.append("trainable" if operation.trainable and operation.trainable_weights else "not trainable")
    return lines
