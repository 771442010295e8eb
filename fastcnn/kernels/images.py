"""Images (h, w, c), uint8 or float32: moved, resized, cut, blurred. For loaders: each call stays on its own thread.

Images without channels, (h, w), are taken too, and stay so. uint8 results are rounded and cut off at 0 and 255.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn import _core

__all__ = [
    "image_blur",
    "image_crop_pad",
    "image_fill",
    "image_flip",
    "image_gaussian_blur",
    "image_resize",
    "image_warp",
    "images_resize",
    "images_warp",
]

Array = np.ndarray[Any, np.dtype[Any]]
Fill = float | Sequence[float]
Size = tuple[int, int]


def image_warp(
    image: ArrayLike,
    matrix: ArrayLike,
    size: Size | None = None,
    interpolation: str = "linear",
    border: str = "constant",
    fill: Fill = 0.0,
    out: Array | None = None,
) -> Array:
    """Shifts, turns, zooms, shears: every pixel of the result is looked up where the matrix says.

    Args:
        image: (h, w, c) or (h, w), uint8 or float32.
        matrix: (2, 3), or (3, 3) for perspective: what takes (x, y, 1) of the result to (x, y) of the image. Centres of
            pixels have whole numbers.
        size: height and width of the result; the image's unless given.
        interpolation: "nearest", "linear" or "cubic".
        border: what lies beyond the edge: "constant" (``fill``), "replicate" (the edge), "reflect" (cba|abc),
            "reflect_101" (cb|abc) or "wrap" (abc|abc).
        fill: a number or one for each channel.
        out: where to put the result.

    Returns:
        The dtype of ``image``, of this size.

    Example:
        >>> image = np.array([[10, 20, 30]], np.uint8)
        >>> image_warp(image, [[1, 0, 0.5], [0, 1, 0]], border="replicate")
        array([[15, 25, 30]], dtype=uint8)
    """
    return _core.image_warp(image, matrix, size, interpolation, border, fill, out)


def images_warp(
    images: ArrayLike,
    matrices: ArrayLike,
    size: Size | None = None,
    interpolation: str = "linear",
    border: str = "constant",
    fill: Fill = 0.0,
    out: Array | None = None,
) -> Array:
    """``image_warp`` of a batch, each image by its own matrix, on all threads.

    Args:
        images: (n, h, w, c), float32.
        matrices: (n, 2, 3), as in ``image_warp``.
        size: height and width of the result; the images' unless given.
        interpolation: as in ``image_warp``.
        border: as in ``image_warp``.
        fill: as in ``image_warp``.
        out: where to put the result.

    Returns:
        float32 (n, height, width, c).

    Example:
        >>> images_warp(np.ones((1, 1, 2, 1)), [[[1, 0, 1], [0, 1, 0]]]).ravel()
        array([1., 0.], dtype=float32)
    """
    return _core.images_warp(images, matrices, size, interpolation, border, fill, out)


def image_resize(
    image: ArrayLike,
    height: int,
    width: int,
    interpolation: str = "linear",
    antialias: bool = False,
    out: Array | None = None,
) -> Array:
    """Another size; corners of pixels lie on corners.

    Args:
        image: (h, w, c) or (h, w), uint8 or float32.
        height: of the result.
        width: of the result.
        interpolation: "nearest", "linear", "cubic", or "area": the mean of what a pixel covers when it shrinks, linear
            when it grows.
        antialias: whether "linear" and "cubic" widen when they shrink, so that every pixel counts.
        out: where to put the result.

    Returns:
        The dtype of ``image``, of this size.

    Example:
        >>> image_resize(np.array([[0, 10, 20, 30]], np.uint8), 1, 2, "area")
        array([[ 5, 25]], dtype=uint8)
    """
    return _core.image_resize(image, height, width, interpolation, antialias, out)


def images_resize(
    images: ArrayLike, size: Size, interpolation: str = "linear", antialias: bool = False, out: Array | None = None
) -> Array:
    """``image_resize`` of a batch.

    Args:
        images: (n, h, w, c), float32.
        size: height and width of the result.
        interpolation: as in ``image_resize``.
        antialias: as in ``image_resize``.
        out: where to put the result.

    Returns:
        float32 (n, height, width, c).

    Example:
        >>> images_resize([[[[0.0], [1.0], [2.0], [3.0]]]], (1, 2), "area").ravel()
        array([0.5, 2.5], dtype=float32)
    """
    return _core.images_resize(images, size, interpolation, antialias, out)


def image_flip(image: ArrayLike, horizontal: bool = False, vertical: bool = False, out: Array | None = None) -> Array:
    """Mirrors an image.

    Args:
        image: (h, w, c) or (h, w), uint8 or float32.
        horizontal: left becomes right.
        vertical: top becomes bottom.
        out: where to put the result.

    Returns:
        An image of the same dtype and shape.

    Example:
        >>> image_flip(np.array([[1, 2, 3]], np.uint8), horizontal=True)
        array([[3, 2, 1]], dtype=uint8)
    """
    return _core.image_flip(image, horizontal, vertical, out)


def image_crop_pad(
    image: ArrayLike,
    top: int,
    left: int,
    height: int,
    width: int,
    border: str = "constant",
    fill: Fill = 0.0,
    out: Array | None = None,
) -> Array:
    """A window of an image; where it reaches beyond the image it is padded.

    Args:
        image: (h, w, c) or (h, w), uint8 or float32.
        top: the window's first row; negative above the image.
        left: the window's first column; negative beside the image.
        height: of the window.
        width: of the window.
        border: as in ``image_warp``.
        fill: as in ``image_warp``.
        out: where to put the result.

    Returns:
        The window, of the image's dtype.

    Example:
        >>> image_crop_pad(np.array([[1, 2, 3]], np.uint8), 0, 1, 1, 3, fill=9)
        array([[2, 3, 9]], dtype=uint8)
    """
    return _core.image_crop_pad(image, top, left, height, width, border, fill, out)


def image_blur(image: ArrayLike, height: int, width: int, out: Array | None = None) -> Array:
    """The mean over a window around each pixel; beyond the edge the image is mirrored.

    Args:
        image: (h, w, c) or (h, w), uint8 or float32.
        height: of the window.
        width: of the window.
        out: where to put the result.

    Returns:
        An image of the same dtype and shape.

    Example:
        >>> image_blur(np.array([[0, 30, 60, 90]], np.uint8), 1, 3)
        array([[20, 30, 60, 70]], dtype=uint8)
    """
    return _core.image_blur(image, height, width, out)


def image_gaussian_blur(
    image: ArrayLike,
    sigma_y: float,
    sigma_x: float,
    kernel_size: int | Size | None = None,
    out: Array | None = None,
) -> Array:
    """The mean over a window around each pixel, weighted by a bell; beyond the edge the image is mirrored.

    Args:
        image: (h, w, c) or (h, w), uint8 or float32.
        sigma_y: the bell's standard deviation from row to row; 0 leaves columns alone.
        sigma_x: the bell's standard deviation along rows.
        kernel_size: the window's size, odd, or (height, width); as large as the bell needs unless given.
        out: where to put the result.

    Returns:
        An image of the same dtype and shape.

    Example:
        >>> image_gaussian_blur(np.array([[0, 0, 100, 0, 0]], np.uint8), 0, 1, 3)
        array([[ 0, 27, 45, 27,  0]], dtype=uint8)
    """
    return _core.image_gaussian_blur(image, sigma_y, sigma_x, kernel_size, out)


def image_fill(image: ArrayLike, boxes: ArrayLike, fill: Fill = 0.0, out: Array | None = None) -> Array:
    """A copy of the image with boxes painted over.

    Args:
        image: (h, w, c) or (h, w), uint8 or float32.
        boxes: (k, 4) integers: top, left, bottom, right, the last two exclusive; what lies outside is cut off.
        fill: a number or one for each channel.
        out: where to put the result.

    Returns:
        An image of the same dtype and shape.

    Example:
        >>> image_fill(np.ones((1, 4), np.uint8), [[0, 1, 1, 3]], 7)
        array([[1, 7, 7, 1]], dtype=uint8)
    """
    return _core.image_fill(image, boxes, fill, out)
