"""Changes of pixels that stay where they are: channel shift and brightness, given or drawn at random."""

from typing import Any

import numpy as np

from fastcnn.preprocessing.image.affine import generator_from

__all__ = ["apply_brightness_shift", "apply_channel_shift", "brightened", "random_brightness", "random_channel_shift"]

Array = np.ndarray[Any, Any]


def apply_channel_shift(x: Any, intensity: float, channel_axis: int = 0) -> Array:
    """Adds a number to all channels, and keeps the result between the smallest and largest value of the picture.

    Args:
        x: a picture with three axes.
        intensity: the number.
        channel_axis: of no effect, for all channels get the same; Keras has it.

    Example:
        >>> import numpy as np
        >>> apply_channel_shift(np.array([[[0.0, 100.0, 250.0]]]), 20).tolist()
        [[[20.0, 120.0, 250.0]]]
    """
    x = np.asarray(x)
    low, high = x.min(), x.max()
    wide = x if x.dtype.kind == "f" else x.astype(np.float32)
    shifted = np.clip(wide + float(intensity), low, high)
    return shifted if x.dtype.kind == "f" else np.rint(shifted).astype(x.dtype)


def random_channel_shift(x: Any, intensity_range: float, channel_axis: int = 0, seed: int | None = None) -> Array:
    """Adds a number between ``-intensity_range`` and ``intensity_range`` to all channels.

    Args:
        x: a picture with three axes.
        intensity_range: the largest number.
        channel_axis: of no effect; Keras has it.
        seed: of the number; from the global seed unless given.

    Example:
        >>> import numpy as np
        >>> random_channel_shift(np.ones((3, 8, 8), "float32"), 10).max()
        np.float32(1.0)
    """
    return apply_channel_shift(x, generator_from(seed).uniform(-intensity_range, intensity_range), channel_axis)


def brightened(x: Array, factor: float, scale: bool, channel_axis: int) -> Array:
    """``apply_brightness_shift`` of a picture whose channels are anywhere; the fourth one, opacity, stays."""
    low, high = float(x.min()), float(x.max())
    beyond = low < 0 or high > 255
    wide = np.array(x, np.float32)
    if beyond or scale:
        wide -= low
        wide *= 255 / (high - low) if high > low else 0
    before = wide.copy() if x.shape[channel_axis] == 4 else None
    np.clip(wide * np.float32(factor), 0, 255, out=wide)
    if before is not None:
        opacity = tuple(slice(3, 4) if axis == channel_axis else slice(None) for axis in range(3))
        wide[opacity] = before[opacity]
    if beyond and not scale:
        wide *= (high - low) / 255
        wide += low
    return wide.astype(x.dtype) if x.dtype.kind == "f" else np.rint(wide).astype(x.dtype)


def apply_brightness_shift(x: Any, brightness: float, scale: bool = True) -> Array:
    """Multiplies the grey levels of a picture, and keeps them between 0 and 255.

    Args:
        x: (h, w, c), values from 0 to 255. Others are brought to 0..255 first, and back where ``scale`` is False.
        brightness: the factor: 0 is black, 1 changes nothing.
        scale: whether the darkest value is to become 0 and the brightest 255 first.

    Returns:
        The picture. Keras rounds it to whole grey levels on the way; here floats stay what they are, so that pictures
        with values from 0 to 1 do not turn black.

    Example:
        >>> import numpy as np
        >>> apply_brightness_shift(np.array([[[0.0, 10.0, 250.0]]]), 1.5, scale=False).tolist()
        [[[0.0, 15.0, 255.0]]]
    """
    x = np.asarray(x)
    if x.ndim != 3:
        raise ValueError(f"x must be one picture (h, w, c), got shape {x.shape}")
    return brightened(x, brightness, scale, 2)


def random_brightness(x: Any, brightness_range: Any, scale: bool = True, seed: int | None = None) -> Array:
    """Multiplies the grey levels of a picture by a factor drawn from a range.

    Args:
        x: (h, w, c), values from 0 to 255.
        brightness_range: the smallest and the largest factor.
        scale: whether the darkest value is to become 0 and the brightest 255 first.
        seed: of the factor; from the global seed unless given.

    Example:
        >>> import numpy as np
        >>> random_brightness(np.full((4, 4, 3), 100.0), (0.5, 0.5), scale=False)[0, 0].tolist()
        [50.0, 50.0, 50.0]
    """
    if np.shape(brightness_range) != (2,):
        raise ValueError(
            f"brightness_range must be two numbers, the smallest and the largest factor, got {brightness_range!r}"
        )
    return apply_brightness_shift(x, generator_from(seed).uniform(*brightness_range), scale)
