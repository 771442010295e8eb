"""Drawn shapes, for programs that must run without any file: circles, squares, triangles and crosses."""

from typing import Any

import numpy as np

__all__ = ["CLASSES", "load_data"]

Array = np.ndarray[Any, Any]
CLASSES = ("circle", "square", "triangle", "cross")


def load_data(
    num_train: int = 1000, num_test: int = 200, size: int = 32, channels: int = 1, noise: float = 0.05, seed: int = 0
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Images of one shape each, of any place, size, angle and brightness, with a little noise.

    Args:
        num_train: how many images to train with.
        num_test: how many to test with.
        size: height and width, at least 8.
        channels: 1 is grey, 3 is colour.
        noise: the greatest deviation of a pixel, as a part of the range.
        seed: the same seed draws the same images.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: uint8 images (n, size, size, channels) from 0 to 255, and uint8
        labels, which ``CLASSES`` names; the classes are equally many.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_data(40, 8, size=16)
        >>> x_train.shape, [CLASSES[y] for y in y_test[:2]]
        ((40, 16, 16, 1), ['circle', 'square'])
    """
    for name, value, least in (("num_train", num_train, 0), ("num_test", num_test, 0), ("size", size, 8)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}")
    if channels not in (1, 3):
        raise ValueError(f"channels must be 1 or 3, got {channels!r}")
    if not 0 <= noise <= 1:
        raise ValueError(f"noise must be in [0, 1], got {noise!r}")
    random = np.random.Generator(np.random.PCG64(seed))
    train = _draw(num_train, size, channels, noise, random)
    return train, _draw(num_test, size, channels, noise, random)


def _draw(n: int, size: int, channels: int, noise: float, random: Any) -> tuple[Array, Array]:
    labels = np.arange(n) % len(CLASSES)
    radius = size * (0.2 + 0.15 * random.random((n, 1, 1)))
    centre = size / 2 + (size / 2 - radius[..., None] * 1.2) * (2 * random.random((n, 2, 1, 1)) - 1).transpose(
        0, 2, 3, 1
    )
    angle = 2 * np.pi * random.random((n, 1, 1))
    dark, light = 0.35 * random.random((n, 1, 1, channels)), 0.65 + 0.35 * random.random((n, 1, 1, channels))
    at = np.arange(size) + 0.5
    down, right = at[None, :, None] - centre[..., 0], at[None, None, :] - centre[..., 1]
    x = np.cos(angle) * right + np.sin(angle) * down  # in the shape's own axes
    y = np.cos(angle) * down - np.sin(angle) * right
    # An edge is as wide as a pixel: the part of it that the shape covers.
    cover = np.clip(0.5 - _distance(labels, x, y, radius), 0, 1)[..., None]
    images = dark + (light - dark) * cover + noise * (2 * random.random((n, size, size, channels)) - 1)
    return np.clip(np.rint(images * 255), 0, 255).astype(np.uint8), labels.astype(np.uint8)


def _distance(labels: Array, x: Array, y: Array, radius: Array) -> Array:
    """How far each pixel is outside of the shape; below 0 inside."""
    square = np.maximum(abs(x), abs(y)) - radius * 0.85
    # Three half-planes whose normals are 120 degrees apart.
    triangle = np.maximum(-y, np.maximum(np.sqrt(0.75) * x + y / 2, -np.sqrt(0.75) * x + y / 2)) - radius * 0.6
    bars = np.minimum(np.maximum(abs(x), 3 * abs(y)), np.maximum(abs(y), 3 * abs(x))) - radius
    shapes = np.stack([np.hypot(x, y) - radius, square, triangle, bars])
    return np.take_along_axis(shapes, labels[None, :, None, None], 0)[0]
