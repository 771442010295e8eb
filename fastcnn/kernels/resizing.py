"""Adaptive pooling, upsampling and resizing, with their gradients. Layout (n, h, w, c)."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn import _core

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_dx",
    "resize2d",
    "resize2d_dx",
    "upsample2d",
    "upsample2d_dx",
]

Array = np.ndarray[Any, np.dtype[np.float32]]
Pair = int | tuple[int, int]


def adaptive_avg_pool2d(x: ArrayLike, output_size: Pair, out: Array | None = None) -> Array:
    """The mean of each of ``output_size`` bins; bin i covers cells floor(i h / oh) to ceil((i + 1) h / oh) - 1.

    Args:
        x: (n, h, w, c).
        output_size: int or (oh, ow).
        out: where to put the result.

    Returns:
        y: (n, oh, ow, c).

    Example:
        >>> adaptive_avg_pool2d([[[[1.0], [2.0], [6.0]]]], (1, 2)).ravel()
        array([1.5, 4. ], dtype=float32)
    """
    return _core.adaptive_avg_pool2d(x, output_size, out)


def adaptive_avg_pool2d_dx(dy: ArrayLike, x_shape: tuple[int, int, int, int], out: Array | None = None) -> Array:
    """The gradient of :func:`adaptive_avg_pool2d`.

    Args:
        dy: (n, oh, ow, c).
        x_shape: the shape (n, h, w, c) of the forward's input.
        out: where to put the result.

    Returns:
        dx: (n, h, w, c).

    Example:
        >>> adaptive_avg_pool2d_dx([[[[2.0], [4.0]]]], (1, 1, 3, 1)).ravel()
        array([1., 3., 2.], dtype=float32)
    """
    return _core.adaptive_avg_pool2d_dx(dy, x_shape, out)


def resize2d(x: ArrayLike, size: Pair, interpolation: str = "bilinear", out: Array | None = None) -> Array:
    """Images of another size, sampled at y's pixel centres; edges repeat, and shrinking does not smooth first.

    Args:
        x: (n, h, w, c).
        size: int or (oh, ow), the new height and width.
        interpolation: "nearest" or "bilinear".
        out: where to put the result.

    Returns:
        y: (n, oh, ow, c).

    Example:
        >>> resize2d([[[[0.0], [4.0]]]], (1, 4)).ravel()
        array([0., 1., 3., 4.], dtype=float32)
    """
    return _core.resize2d(x, size, interpolation, out)


def resize2d_dx(
    dy: ArrayLike, x_shape: tuple[int, int, int, int], interpolation: str = "bilinear", out: Array | None = None
) -> Array:
    """The gradient of :func:`resize2d`.

    Args:
        dy: (n, oh, ow, c).
        x_shape: the shape (n, h, w, c) of the forward's input.
        interpolation: as in the forward.
        out: where to put the result.

    Returns:
        dx: (n, h, w, c).

    Example:
        >>> resize2d_dx([[[[1.0], [1.0], [1.0], [4.0]]]], (1, 1, 2, 1)).ravel()
        array([2., 5.], dtype=float32)
    """
    return _core.resize2d_dx(dy, x_shape, interpolation, out)


def upsample2d(x: ArrayLike, size: Pair = (2, 2), interpolation: str = "nearest", out: Array | None = None) -> Array:
    """Images enlarged by whole factors, as Keras' UpSampling2D.

    Args:
        x: (n, h, w, c).
        size: int or (h, w), the factors.
        interpolation: "nearest" repeats each pixel; "bilinear" as in :func:`resize2d`.
        out: where to put the result.

    Returns:
        y: (n, h * size[0], w * size[1], c).

    Example:
        >>> upsample2d([[[[1.0], [2.0]]]], (1, 2)).ravel()
        array([1., 1., 2., 2.], dtype=float32)
    """
    return _core.upsample2d(x, size, interpolation, out)


def upsample2d_dx(
    dy: ArrayLike, size: Pair = (2, 2), interpolation: str = "nearest", out: Array | None = None
) -> Array:
    """The gradient of :func:`upsample2d`.

    Args:
        dy: (n, h * size[0], w * size[1], c).
        size: as in the forward.
        interpolation: as in the forward.
        out: where to put the result.

    Returns:
        dx: (n, h, w, c).

    Example:
        >>> upsample2d_dx([[[[1.0], [2.0], [3.0], [4.0]]]], (1, 2)).ravel()
        array([3., 7.], dtype=float32)
    """
    return _core.upsample2d_dx(dy, size, interpolation, out)
