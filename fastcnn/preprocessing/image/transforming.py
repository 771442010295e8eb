"""What a generator does to a picture: the numbers are drawn, then a transform does what they say."""

from typing import Any

import numpy as np

from fastcnn.preprocessing.image.affine import apply_affine_transform, flip_axis
from fastcnn.preprocessing.image.pixels import apply_channel_shift, brightened

__all__ = ["drawn", "transformed"]

Array = np.ndarray[Any, Any]


def drawn(generator: Any, img_shape: Any, numbers: np.random.RandomState) -> dict[str, Any]:
    """What is to be done to a picture of that shape, as the generator's settings say; drawn in Keras's order."""
    chosen: dict[str, Any] = dict.fromkeys(("theta", "tx", "ty", "shear"), 0) | {"zx": 1, "zy": 1}
    if generator.rotation_range:
        chosen["theta"] = numbers.uniform(-generator.rotation_range, generator.rotation_range)
    chosen["ty"] = _shift(generator.height_shift_range, img_shape[generator.row_axis - 1], numbers)
    chosen["tx"] = _shift(generator.width_shift_range, img_shape[generator.col_axis - 1], numbers)
    if generator.shear_range:
        chosen["shear"] = numbers.uniform(-generator.shear_range, generator.shear_range)
    if generator.zoom_range != [1, 1]:
        chosen["zx"], chosen["zy"] = numbers.uniform(generator.zoom_range[0], generator.zoom_range[1], 2)
    chosen["flip_horizontal"] = bool(numbers.random_sample() < 0.5) and bool(generator.horizontal_flip)
    chosen["flip_vertical"] = bool(numbers.random_sample() < 0.5) and bool(generator.vertical_flip)
    chosen["channel_shift_intensity"] = chosen["brightness"] = None
    if generator.channel_shift_range:
        chosen["channel_shift_intensity"] = numbers.uniform(
            -generator.channel_shift_range, generator.channel_shift_range
        )
    if generator.brightness_range is not None:
        chosen["brightness"] = numbers.uniform(*generator.brightness_range)
    return chosen


def _shift(limit: Any, size: int, numbers: np.random.RandomState) -> Any:
    """Pixels, drawn as ``width_shift_range`` says."""
    if not np.any(limit):
        return 0
    if np.ndim(limit) or isinstance(limit, (int, np.integer)):
        shift = numbers.choice(limit) * numbers.choice([-1, 1])
    else:
        shift = numbers.uniform(-limit, limit)
    return shift * size if np.max(limit) < 1 else shift


def transformed(generator: Any, x: Any, parameters: dict[str, Any]) -> Array:
    """Does to a picture what was drawn, or any part of it."""
    get: Any = parameters.get
    rows, columns, channels = generator.row_axis - 1, generator.col_axis - 1, generator.channel_axis - 1
    x = apply_affine_transform(
        x,
        get("theta", 0),
        get("tx", 0),
        get("ty", 0),
        get("shear", 0),
        get("zx", 1),
        get("zy", 1),
        row_axis=rows,
        col_axis=columns,
        channel_axis=channels,
        fill_mode=generator.fill_mode,
        cval=generator.cval,
        order=generator.interpolation_order,
    )
    if get("channel_shift_intensity") is not None:
        x = apply_channel_shift(x, get("channel_shift_intensity"), channels)
    if get("flip_horizontal"):
        x = flip_axis(x, columns)
    if get("flip_vertical"):
        x = flip_axis(x, rows)
    if get("brightness") is not None:
        x = brightened(x, get("brightness"), False, channels)
    return x
