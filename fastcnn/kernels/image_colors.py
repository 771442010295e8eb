"""The numbers of an image's pixels: tables, contrast, hue, grey, equalisation, noise. For loaders, as ``images``."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn import _core

__all__ = [
    "image_clahe",
    "image_color",
    "image_gray",
    "image_lookup",
    "image_noise",
    "image_normalize",
    "image_scale",
]

Array = np.ndarray[Any, np.dtype[Any]]
Numbers = float | Sequence[float]


def image_lookup(image: ArrayLike, table: ArrayLike, out: Array | None = None) -> Array:
    """Every byte replaced by what a table has in its place.

    Args:
        image: (h, w, c) or (h, w), uint8.
        table: (256,), or (c, 256): one for each channel; uint8.
        out: where to put the result.

    Returns:
        uint8, the shape of ``image``.

    Example:
        >>> image_lookup(np.array([[0, 1, 255]], np.uint8), np.arange(255, -1, -1, np.uint8))
        array([[255, 254,   0]], dtype=uint8)
    """
    return _core.image_lookup(image, table, out)


def image_scale(
    image: ArrayLike,
    alpha: Numbers = 1.0,
    beta: Numbers = 0.0,
    max_value: float | None = None,
    out: Array | None = None,
) -> Array:
    """alpha * image + beta: contrast and brightness.

    Args:
        image: (h, w, c) or (h, w), uint8 or float32.
        alpha: a number or one for each channel.
        beta: a number or one for each channel.
        max_value: cuts off at 0 and there; bytes are cut off at 0 and 255 in any case, floats nowhere unless told.
        out: where to put the result.

    Returns:
        An image of the same dtype and shape.

    Example:
        >>> image_scale(np.array([[10, 100, 200]], np.uint8), 1.5, -30)
        array([[  0, 120, 255]], dtype=uint8)
    """
    return _core.image_scale(image, alpha, beta, max_value, out)


def image_normalize(
    image: ArrayLike, mean: Numbers, std: Numbers, max_pixel_value: float = 255.0, out: Array | None = None
) -> Array:
    """(image / max_pixel_value - mean) / std: what networks are fed with.

    Args:
        image: (h, w, c) or (h, w), uint8 or float32.
        mean: a number or one for each channel.
        std: a number or one for each channel; not 0.
        max_pixel_value: what is white: 255 for bytes, 1 for floats from 0 to 1.
        out: where to put the result.

    Returns:
        float32, the shape of ``image``.

    Example:
        >>> image_normalize(np.array([[0, 255]], np.uint8), mean=0.5, std=0.5)
        array([[-1.,  1.]], dtype=float32)
    """
    return _core.image_normalize(image, mean, std, max_pixel_value, out)


def image_color(
    image: ArrayLike,
    brightness: float = 1.0,
    contrast: float = 1.0,
    saturation: float = 1.0,
    hue: float = 0.0,
    order: Sequence[int] = (0, 1, 2, 3),
    out: Array | None = None,
) -> Array:
    """Brightness, contrast, saturation and hue, one after the other; bytes rounded after each.

    Args:
        image: (h, w, 3); or (h, w, 1), (h, w), which saturation and hue leave alone. uint8, or float32 from 0 to 1.
        brightness: the factor of all values.
        contrast: the factor of the distance from the mean grey.
        saturation: the factor of the distance from the pixel's own grey.
        hue: by which part of the circle of colours to turn; -0.5 to 0.5.
        order: in which order: a permutation of brightness 0, contrast 1, saturation 2, hue 3, or a part of one.
        out: where to put the result.

    Returns:
        An image of the same dtype and shape, cut off at 0 and 255, or 0 and 1.

    Example:
        >>> image_color(np.array([[[200, 100, 0]]], np.uint8), hue=0.5)
        array([[[  0, 100, 200]]], dtype=uint8)
    """
    return _core.image_color(image, brightness, contrast, saturation, hue, order, out)


def image_gray(image: ArrayLike, channels: int = 3, out: Array | None = None) -> Array:
    """Grey: 0.299 red + 0.587 green + 0.114 blue.

    Args:
        image: (h, w, 3); or (h, w, 1), (h, w), which is grey already. uint8 or float32.
        channels: how many equal channels the result has.
        out: where to put the result.

    Returns:
        (h, w, channels), the dtype of ``image``.

    Example:
        >>> image_gray(np.array([[[255, 0, 0]]], np.uint8), 1)
        array([[[76]]], dtype=uint8)
    """
    return _core.image_gray(image, channels, out)


def image_clahe(
    image: ArrayLike, clip_limit: float = 4.0, tiles: tuple[int, int] = (8, 8), out: Array | None = None
) -> Array:
    """Contrast-limited adaptive histogram equalisation: every region uses all levels.

    Args:
        image: (h, w, 3), of which the lightness is equalised; or (h, w, 1), (h, w). uint8.
        clip_limit: how often a level may occur, as a multiple of the mean; what is above goes to all levels.
        tiles: how many regions there are, (down, across); between their tables it interpolates.
        out: where to put the result.

    Returns:
        uint8, the shape of ``image``.

    Example:
        >>> image = np.tile(np.array([100, 101, 102, 103], np.uint8), (16, 4))
        >>> int(np.ptp(image_clahe(image, 40.0, (1, 1)))) > 100
        True
    """
    return _core.image_clahe(image, clip_limit, tiles, out)


def image_noise(
    image: ArrayLike,
    key: Sequence[int],
    mean: float = 0.0,
    std: float = 1.0,
    per_channel: bool = True,
    out: Array | None = None,
) -> Array:
    """Adds normal noise, a function of the key alone.

    Args:
        image: (h, w, c) or (h, w), uint8 or float32.
        key: (seed, stream), as in ``normal``.
        mean: of the noise.
        std: its standard deviation, at least 0.
        per_channel: whether the channels of a pixel get numbers of their own.
        out: where to put the result.

    Returns:
        An image of the same dtype and shape.

    Example:
        >>> image = np.full((32, 32, 3), 128, np.uint8)
        >>> abs(float(image_noise(image, (1, 0), std=10.0).std()) - 10.0) < 1.0
        True
    """
    return _core.image_noise(image, key, mean, std, per_channel, out)
