"""The kernels of a convolution as pictures."""

from typing import Any

import numpy as np

from fastcnn.layers.conv import Convolution
from fastcnn.layers.depthwise import DepthwiseConvolution
from fastcnn.models.model import Model
from fastcnn.viz.arguments import check_choice, whole
from fastcnn.viz.figures import axes_of, finish
from fastcnn.viz.grids import grid_shape, montage, put_picture
from fastcnn.viz.layer_values import calls_of, find_layer

__all__ = ["show_filters"]

Array = np.ndarray[Any, Any]


def show_filters(
    source: Any,
    layer: Any = None,
    *,
    n: int = 64,
    channels: int = 16,
    columns: int | None = None,
    scale: str = "filter",
    ax: Any = None,
    figsize: Any = None,
    path: Any = None,
) -> Any:
    """The filters of a convolution; those of the first one, which see colours, as colour pictures.

    A weight of zero is the grey in the middle. Filters of deeper layers have as many channels as the layer before them,
    which are no colours: each filter is a row of grey pictures, a channel each.

    Args:
        source: a convolution, or a model.
        layer: which layer of the model, by name, index or as itself; its first convolution unless given.
        n: how many filters at most.
        channels: of each filter, how many at most, where they are no colours.
        columns: how many pictures in a row, where each filter is one picture.
        scale: "filter" stretches each filter to full contrast, "layer" all by the same factor.
        ax: axes to draw on.
        figsize: (width, height) in inches.
        path: a file to write.

    Returns:
        The ``Figure``.

    Example:
        >>> from fastcnn import layers
        >>> layer = layers.Conv2D(8, 5, name="conv")
        >>> layer.build((None, 32, 32, 3))
        >>> figure = show_filters(layer)
        >>> figure.axes[0].get_title(), figure.axes[0].images[0].get_array().shape
        ('conv: 8 filters of 5 x 5 x 3', (11, 23, 3))
    """
    check_choice(scale, "scale", ["filter", "layer"])
    whole(n, "n"), whole(channels, "channels")
    if columns is not None:
        whole(columns, "columns")
    found = _convolution(source, layer)
    kernel = found.get_weights()[0]
    title = f"{found.name}: {{}} filters of {' x '.join(str(v) for v in kernel.shape[:3])}"
    if isinstance(found, DepthwiseConvolution):
        kernel = kernel.reshape(*kernel.shape[:2], 1, -1)
        title = f"{found.name}: {{}} filters of {kernel.shape[0]} x {kernel.shape[1]}, each for a channel"
    filters = kernel.transpose(3, 0, 1, 2)
    title = title.format(len(filters)) + (f", the first {n}" if n < len(filters) else "")
    filters = filters[:n]
    span = np.abs(filters).max(axis=(1, 2, 3) if scale == "filter" else None, keepdims=True)
    tiles = (filters / np.maximum(span, 1e-12) * 0.5 + 0.5).astype(np.float32)
    if tiles.shape[-1] not in (1, 3):
        title += ", a row each" + (f", {channels} of its channels" if channels < tiles.shape[-1] else "")
        tiles = tiles[..., :channels]
        columns = tiles.shape[-1]
        tiles = tiles.transpose(0, 3, 1, 2).reshape(-1, *tiles.shape[1:3], 1)
    sheet = montage(_enlarged(tiles), columns, paper=1.0)
    across = grid_shape(len(tiles), columns)[1]
    width = float(np.clip(0.55 * across, 4.5, 11))
    figure, axes = axes_of(ax, width, width * sheet.shape[0] / sheet.shape[1] + 0.5, figsize)
    put_picture(axes, sheet[..., 0] if sheet.shape[-1] == 1 else sheet, title, interpolation="nearest")
    return finish(figure, path)


def _enlarged(tiles: Array) -> Array:
    """Tiles of which a pixel of gap is a small part."""
    times = -(-4 // min(tiles.shape[1:3])) if min(tiles.shape[1:3]) < 4 else 1
    return tiles.repeat(times, 1).repeat(times, 2)


def _convolution(source: Any, layer: Any) -> Any:
    """The layer whose filters are meant."""
    if isinstance(source, Model):
        if layer is not None:
            found = find_layer(source, layer)
        else:
            operations = [node.operation for node in calls_of(source)]
            found = next((op for op in operations if _has_filters(op)), None)
            if found is None:
                raise ValueError(f"source: model {source.name!r} has no two-dimensional convolution")
    elif layer is not None:
        raise ValueError("layer goes with a model; source is a layer already")
    else:
        found = source
    if not isinstance(found, (Convolution, DepthwiseConvolution)):
        raise TypeError(
            f"source must be a convolution or a model, got {getattr(found, 'name', type(found).__name__)!r}"
        )
    if not found.built:
        raise ValueError(f"source: layer {found.name!r} has no weights yet; build it or call it first")
    if not _has_filters(found):
        raise ValueError(f"source must be a two-dimensional convolution, got {type(found).__name__}")
    return found


def _has_filters(operation: Any) -> bool:
    return (
        isinstance(operation, (Convolution, DepthwiseConvolution))
        and operation.built
        and len(operation.weights[0].shape) == 4
    )
