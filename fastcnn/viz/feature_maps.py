"""What each layer makes of an image."""

from typing import Any

import numpy as np

from fastcnn.layers.conv import Convolution
from fastcnn.layers.depthwise import ByChannel
from fastcnn.layers.pooling import Pooling
from fastcnn.seam import Node, Primitive
from fastcnn.viz.arguments import check_choice, one_image, shown, whole
from fastcnn.viz.figures import finish, new_figure
from fastcnn.viz.grids import montage, put_picture
from fastcnn.viz.layer_values import calls_of, find_layer, input_of, run

__all__ = ["feature_maps"]

Array = np.ndarray[Any, Any]
_AT_MOST = 8  # layers where none are named: more could not be told apart


def feature_maps(
    model: Any,
    image: Any,
    layers: Any = None,
    *,
    channels: int = 16,
    columns: int = 8,
    scale: str = "channel",
    cmap: str = "viridis",
    picture: Any = None,
    figsize: Any = None,
    path: Any = None,
) -> Any:
    """The feature maps of an image layer by layer: a grid of channels for each layer, in the order of execution.

    Args:
        model: functional or Sequential; its layers may be in a model inside it.
        image: (h, w, c), preprocessed as the model takes it.
        layers: names, indices or layers; unless given, convolutions and pooling layers, 8 of them where there are more,
            evenly chosen. "all" is every layer whose output has width and height.
        channels: of each layer, the first so many.
        columns: how many channels in a row.
        scale: "channel" stretches each map to full contrast, "layer" all of a layer by the same factor.
        cmap: the colours, a name that matplotlib knows.
        picture: what is shown as the image, such as it was before preprocessing.
        figsize: (width, height) in inches.
        path: a file to write.

    Returns:
        The ``Figure``: the image, then axes for each layer.

    Example:
        >>> from fastcnn import layers, models
        >>> model = models.Sequential([
        ...     layers.Input((8, 8, 3)), layers.Conv2D(4, 3, name="conv"), layers.MaxPooling2D(name="pool"),
        ... ])
        >>> figure = feature_maps(model, np.ones((8, 8, 3)))
        >>> [ax.get_title() for ax in figure.axes[1:]]
        ['conv   6 x 6, 4 channels', 'pool   3 x 3, 4 channels']
    """
    whole(channels, "channels"), whole(columns, "columns")
    check_choice(scale, "scale", ["channel", "layer"])
    pixels = one_image(image)
    x = input_of(model, pixels)
    chosen = _chosen(model, layers)
    wanted = {id(op) for op in chosen}
    values: dict[int, Array] = {}

    def visit(node: Node, given: list[Any], made: Any) -> None:
        if id(node.operation) in wanted:
            values[id(node.operation)] = made.numpy()[0]

    run(model, [x], visit)
    sheets = [_sheet(values[id(op)], channels, columns, scale) for op in chosen]
    inches = [0.35 + 8.0 * sheet.shape[0] / sheet.shape[1] * _part(sheet, op, values, columns) for sheet, op in
              zip(sheets, chosen, strict=True)]  # fmt: skip
    first = 1.6
    figure = new_figure(8.4, first + sum(inches), figsize)
    grid = figure.add_gridspec(len(sheets) + 1, 1, height_ratios=[first, *inches])
    put_picture(
        figure.add_subplot(grid[0]), shown(pixels if picture is None else one_image(picture, "picture")), "image"
    )
    for i, (op, sheet) in enumerate(zip(chosen, sheets, strict=True)):
        ax = figure.add_subplot(grid[i + 1])
        h, w, c = values[id(op)].shape
        some = f", the first {channels}" if c > channels else ""
        title = f"{op.name}   {h} x {w}, {c} channel{'s' * (c != 1)}{some}"
        put_picture(ax, sheet, title, cmap=cmap, vmin=0, vmax=1, interpolation="nearest")
    return finish(figure, path)


def _part(sheet: Array, op: Any, values: dict[int, Array], columns: int) -> float:
    """Which part of the width a sheet takes: one of few channels is no higher than others."""
    return min(values[id(op)].shape[-1], columns) / columns


def _sheet(values: Array, channels: int, columns: int, scale: str) -> Array:
    """Maps (h, w, c) as one picture from 0 to 1, with gaps that are NaN."""
    maps = values.transpose(2, 0, 1)[:channels].astype(np.float32)
    axes = (1, 2) if scale == "channel" else None
    low, high = maps.min(axis=axes, keepdims=True), maps.max(axis=axes, keepdims=True)
    maps = (maps - low) / np.where(high > low, high - low, 1.0)
    gap = max(round(maps.shape[2] / 16), 1) if maps.shape[2] >= 8 else 1
    if maps.shape[2] < 8:
        maps = maps.repeat(8, 1).repeat(8, 2)  # so that a gap is narrower than a pixel of the map
        gap = max(maps.shape[2] // 16, 1)
    return montage(maps, min(columns, len(maps)), gap)


def _chosen(model: Any, layers: Any) -> list[Any]:
    """The layers to show, in the order of execution where none are named."""
    nodes = [n for n in calls_of(model) if not isinstance(n.operation, Primitive)]
    spatial = {id(n.operation): n.operation for n in nodes if _has_maps(n)}
    if layers is None or (isinstance(layers, str) and layers == "all"):
        found = list(spatial.values())
        if layers is None:
            found = [op for op in found if isinstance(op, (Convolution, ByChannel, Pooling))] or found
            if len(found) > _AT_MOST:
                found = [found[round(i)] for i in np.linspace(0, len(found) - 1, _AT_MOST)]
        if not found:
            raise ValueError(f"model {model.name!r} has no layer whose output has width and height")
        return found
    asked = list(layers) if isinstance(layers, (list, tuple)) else [layers]
    if not asked:
        raise ValueError("layers is empty: give names, or None for a choice")
    found = [find_layer(model, one) for one in asked]
    for op in found:
        if id(op) not in spatial:
            raise ValueError(f"layers: the output of {op.name!r} has no width and height")
    return found


def _has_maps(node: Node) -> bool:
    return len(node.outputs) == 1 and len(node.outputs[0].shape) == 4
