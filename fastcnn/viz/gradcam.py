"""Grad-CAM: where in an image a network saw what made it decide for a class."""

from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.autograd import GradientTape
from fastcnn.layers.activation import Activation, Softmax
from fastcnn.layers.conv import Convolution
from fastcnn.layers.core import Dense
from fastcnn.layers.pooling import AdaptiveAveragePooling2D, Pooling
from fastcnn.layers.regularization import _Random
from fastcnn.seam import Node, Primitive
from fastcnn.viz.arguments import class_labels, one_image, shown
from fastcnn.viz.figures import finish, new_figure
from fastcnn.viz.grids import put_picture, wrapped
from fastcnn.viz.layer_values import calls_of, find_layer, input_of, run

__all__ = ["grad_cam", "show_grad_cam"]

Array = np.ndarray[Any, Any]
_SQUASHING = ("softmax", "sigmoid")
_COARSER = (Pooling, AdaptiveAveragePooling2D, _Random)  # there is more to be seen before these


def grad_cam(model: Any, image: Any, class_index: int | None = None, layer: Any = None) -> Array:
    """The heat map of a class: which places of the image speak for it.

    The channels of a layer are added up, each weighted with the mean gradient of the class's score with respect to it;
    what is below zero speaks for other classes and is left out (Selvaraju et al., 2017). The score is taken before
    softmax or sigmoid, whose gradient vanishes where the network is sure.

    Args:
        model: a functional or Sequential classifier; its layers may be in a model inside it.
        image: (h, w, c), preprocessed as the model takes it.
        class_index: the class; the one that the model predicts unless given. With one sigmoid output there are
            classes 0 and 1.
        layer: by name, index or as itself; the last one with width and height that is no pooling unless given.

    Returns:
        float32 (h, w) from 0 to 1; all 0 where nothing speaks for the class.

    Example:
        >>> from fastcnn import layers, models
        >>> model = models.Sequential([
        ...     layers.Input((4, 4, 1)), layers.Conv2D(1, 1, kernel_initializer="ones"), layers.GlobalMaxPooling2D(),
        ...     layers.Dense(2, kernel_initializer="ones"),
        ... ])
        >>> image = np.zeros((4, 4, 1))
        >>> image[1, 2] = 5
        >>> heat = grad_cam(model, image, class_index=0)
        >>> [int(i) for i in np.argwhere(heat == 1)[0]]
        [1, 2]
    """
    return _explain(model, one_image(image), class_index, layer)[0]


def _explain(model: Any, image: Array, class_index: int | None, layer: Any) -> tuple[Array, int, float | None]:
    """The heat map, the class, and its probability if the model gives probabilities."""
    x = input_of(model, image)
    target = _target(model, layer)
    final = calls_of(model)[-1]
    seen: dict[str, Any] = {}

    with GradientTape(watch_accessed_variables=False) as tape:

        def visit(node: Node, given: list[Any], made: Any) -> None:
            if node is target:
                tape.watch(made)
                seen["maps"] = made
            if node is final:
                seen["scores"] = _before_squashing(node, given, made)

        output = run(model, [x], visit)
        if isinstance(output, (list, tuple, dict)) or len(output.shape) != 2:
            raise ValueError(f"model must be a classifier with one output (n, classes); {model.name!r} is not")
        chosen = _chosen(output.numpy()[0], class_index)
        score = seen["scores"][0, 0] * (1.0 if chosen else -1.0) if output.shape[1] == 1 else seen["scores"][0, chosen]
    gradient = tape.gradient(score, seen["maps"], unconnected_gradients="zero")
    maps, slopes = seen["maps"].numpy()[0], gradient.numpy()[0]
    heat = np.maximum(maps @ slopes.mean((0, 1)), 0.0).astype(np.float32)
    if not np.isfinite(heat).all():
        raise ValueError("the heat map would hold NaN or infinity: image or the weights of the model do")
    heat = kernels.image_resize(np.ascontiguousarray(heat), *image.shape[:2])
    peak = float(heat.max())
    return (heat / peak if peak > 0 else heat), chosen, _probability(output.numpy()[0], chosen)


def _target(model: Any, layer: Any) -> Node:
    """The call whose result is looked at."""
    nodes = calls_of(model)
    if layer is not None:
        found = find_layer(model, layer)
        node = [n for n in nodes if n.operation is found][-1]
        if len(node.outputs) != 1 or len(node.outputs[0].shape) != 4:
            raise ValueError(f"layer must give (n, h, w, c), but {found.name!r} gives shape {node.outputs[0].shape}")
        return node
    for node in reversed(nodes):
        shape = node.outputs[0].shape
        if len(shape) == 4 and shape[1:3] != (1, 1) and not isinstance(node.operation, _COARSER):
            return node
    raise ValueError(f"model {model.name!r} has no layer whose output has width and height, so there is no heat map")


def _before_squashing(node: Node, given: list[Any], made: Any) -> Any:
    """The scores that the last call makes probabilities of, or its result where it does no such thing."""
    operation = node.operation
    if isinstance(operation, Primitive):
        return given[0] if operation.name in _SQUASHING else made
    activation = operation.get_config().get("activation")
    if isinstance(operation, Softmax) or (isinstance(operation, Activation) and activation in _SQUASHING):
        return given[0]
    if isinstance(operation, (Dense, Convolution)) and activation in _SQUASHING:
        linear = type(operation).from_config({**operation.get_config(), "activation": None})
        linear.build(given[0].shape)
        linear.set_weights(operation.get_weights())
        return linear(given[0])
    return made


def _chosen(output: Array, class_index: int | None) -> int:
    count = max(len(output), 2)
    if class_index is None:
        return int(output.argmax()) if len(output) > 1 else int(output[0] > 0.5)
    if isinstance(class_index, bool) or not isinstance(class_index, (int, np.integer)) or not 0 <= class_index < count:
        raise ValueError(f"class_index must be an int from 0 to {count - 1}, got {class_index!r}")
    return int(class_index)


def _probability(output: Array, chosen: int) -> float | None:
    if len(output) == 1:
        output = np.array([1 - output[0], output[0]])
    return float(output[chosen]) if output.min() >= 0 and abs(output.sum() - 1) < 1e-3 else None


def show_grad_cam(
    model: Any,
    image: Any,
    class_index: int | None = None,
    layer: Any = None,
    *,
    picture: Any = None,
    class_names: Any = None,
    alpha: float = 0.5,
    cmap: str = "turbo",
    figsize: Any = None,
    path: Any = None,
) -> Any:
    """The image, and the image under its heat map.

    Args:
        model, image, class_index, layer: as of ``grad_cam``.
        picture: what is shown under the heat, such as the image before preprocessing; of any size.
        class_names: for the title.
        alpha: how much the hottest places cover the picture, from 0 to 1; cool ones are left clear.
        cmap: the colours, a name that matplotlib knows.
        figsize: (width, height) in inches.
        path: a file to write.

    Returns:
        The ``Figure``.

    Example:
        >>> from fastcnn import layers, models
        >>> model = models.Sequential([
        ...     layers.Input((4, 4, 1)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(3, activation="softmax"),
        ... ])
        >>> figure = show_grad_cam(model, np.ones((4, 4, 1)), class_index=2, class_names=["a", "b", "c"])
        >>> figure.axes[1].get_title().split()[0]
        'c'
    """
    if isinstance(alpha, bool) or not isinstance(alpha, (int, float)) or not 0 <= alpha <= 1:
        raise ValueError(f"alpha must be a number from 0 to 1, got {alpha!r}")
    pixels = one_image(image)
    under = shown(pixels if picture is None else one_image(picture, "picture"))
    heat, chosen, probability = _explain(model, pixels, class_index, layer)
    heat = kernels.image_resize(heat, *under.shape[:2])
    figure = new_figure(7.4, 0.7 + 3.2 * min(under.shape[0] / under.shape[1], 2.0), figsize)
    name = class_labels(class_names, chosen + 1)[chosen] if class_names is not None else f"class {chosen}"
    left, right = figure.add_subplot(1, 2, 1), figure.add_subplot(1, 2, 2)
    put_picture(left, under, "image")
    title = wrapped(name, 30) + ("" if probability is None else f"  {probability:.1%}")
    put_picture(right, under, title if heat.any() else f"{title}, but nothing here speaks for it")
    # The picture shows through where it is cool, so that one sees what is there.
    over = right.imshow(heat, cmap=cmap, vmin=0, vmax=1, alpha=alpha * np.sqrt(heat), interpolation="bilinear")
    bar = figure.colorbar(over, ax=right, shrink=0.9, ticks=[0, 0.5, 1])
    bar.solids.set_alpha(1)
    bar.ax.tick_params(labelsize=8)
    bar.set_label("speaks for the class", fontsize=8)
    return finish(figure, path)
