"""The ways in which published networks want their pixels."""

from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.layers.arguments import choice, data_layout
from fastcnn.tensor import Operators

__all__ = ["MODES", "preprocess_input"]

MODES = ("tf", "torch", "caffe", "unit", "none")

_TORCH_MEAN, _TORCH_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_CAFFE_MEAN = (103.939, 116.779, 123.68)  # blue, green, red


def preprocess_input(x: Any, mode: str = "tf", data_format: str | None = None) -> Any:
    """Brings RGB pixels from 0..255 to the numbers that a network was trained on.

    - ``"tf"``: x / 127.5 - 1, so -1..1.
    - ``"torch"``: x / 255, then (x - mean) / std of ImageNet's red, green and blue.
    - ``"caffe"``: red and blue change places, then ImageNet's mean of each channel is subtracted; no scaling.
    - ``"unit"``: x / 255, so 0..1.
    - ``"none"``: x as it is; the network does the rest.

    What is given never changes, also where Keras would write into it (arrays of floats); so doing it twice to the same
    array does no harm.

    Args:
        x: (h, w, 3) or (n, h, w, 3); an array or tensor. "tf", "unit" and "none" take any number of channels.
        mode: "tf", "torch", "caffe", "unit" or "none".
        data_format: "channels_last" (unless given) or "channels_first", (3, h, w) or (n, 3, h, w).

    Returns:
        The same shape: float32, or the type of ``x`` where that is of floats.

    Example:
        >>> import numpy as np
        >>> black = np.zeros((1, 1, 3), "uint8")
        >>> preprocess_input(black, "caffe").ravel()
        array([-103.939, -116.779, -123.68 ], dtype=float32)
        >>> preprocess_input(black + 255, "tf").ravel()
        array([1., 1., 1.], dtype=float32)
    """
    mode = choice(mode, MODES, "mode")
    layout = data_layout(data_format)
    x = x if isinstance(x, Operators) else np.asarray(x)
    if not isinstance(x, Operators):
        if x.dtype.kind not in "biuf":
            raise ValueError(f"x must hold numbers from 0 to 255, got an array of {x.dtype}")
        x = x if x.dtype.kind == "f" else x.astype(np.float32)
    elif not str(x.dtype).startswith("float"):
        x = ops.cast(x, "float32")
    if mode == "none":
        return x
    if mode == "tf":
        return x / 127.5 - 1.0
    if mode == "unit":
        return x / 255.0
    axis = _channel_axis(x.shape, layout, mode)
    shape = (3,) if axis == -1 else (3, 1, 1)
    if mode == "torch":
        mean, std = (np.array(v, str(x.dtype)).reshape(shape) for v in (_TORCH_MEAN, _TORCH_STD))
        return (x / 255.0 - mean) / std
    swapped = ops.flip(x, axis) if isinstance(x, Operators) else np.flip(x, axis)
    return swapped - np.array(_CAFFE_MEAN, str(x.dtype)).reshape(shape)


def _channel_axis(shape: tuple[Any, ...], layout: str, mode: str) -> int:
    axis = -1 if layout == "channels_last" else -3
    if len(shape) not in (3, 4) or shape[axis] not in (3, None):
        wanted = "(h, w, 3) or (n, h, w, 3)" if axis == -1 else "(3, h, w) or (n, 3, h, w)"
        raise ValueError(f"mode {mode!r} is for images of three channels, {wanted}; got x of shape {tuple(shape)}")
    return axis
