"""Networks published in several widths, for several sizes of images: which of them is meant."""

import warnings
from typing import Any

from fastcnn._arrays import NUMBER

__all__ = ["published_size", "rows_of"]


def published_size(
    network: str,
    weights: Any,
    alpha: Any,
    alphas: tuple[float, ...],
    sizes: tuple[int, ...],
    input_shape: Any,
    input_tensor: Any,
) -> int:
    """The size of the images that the published weights in question were trained on.

    Args:
        network: its name, for messages.
        weights: as given to the network.
        alpha: as given to the network: the part of the published number of filters.
        alphas, sizes: what is published.
        input_shape, input_tensor: as given to the network.

    Returns:
        The height of the images where weights for it are published, else 224, with a warning where they are asked for.
    """
    if isinstance(alpha, bool) or not isinstance(alpha, NUMBER) or not alpha > 0:
        raise ValueError(f"alpha must be a number above 0, got {alpha!r}")
    asked = isinstance(weights, str) and weights == "imagenet"
    if asked and alpha not in alphas:
        raise ValueError(f"weights='imagenet' of {network} has alpha one of {list(alphas)}, got {alpha!r}")
    shape = input_shape if input_tensor is None else getattr(input_tensor, "shape", (None,) * 4)[1:]
    if shape is None:
        return 224
    rows = shape[0] if isinstance(shape, (tuple, list)) and len(shape) == 3 else None
    if rows in sizes and rows == shape[1]:
        return int(rows)
    if asked and rows is not None:
        warnings.warn(
            f"there are weights of {network} for images of {', '.join(map(str, sizes))}, "
            f"not of input_shape={tuple(shape)}; those for 224 are loaded",
            stacklevel=3,
        )
    return 224


def rows_of(input_shape: Any, input_tensor: Any, size: int, include_top: bool, weights: Any) -> int | None:
    """The height that Keras puts into the name of the model."""
    if weights == "imagenet":
        return size
    shape = input_shape if input_tensor is None else getattr(input_tensor, "shape", (None,) * 4)[1:]
    if shape is None:
        return size if include_top else None
    return shape[0] if isinstance(shape, (tuple, list)) and shape else None
