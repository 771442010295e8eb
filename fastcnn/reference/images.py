"""Images (h, w, c), or (h, w): moved, resized, cut, blurred; in NumPy and float64, uint8 rounded at the end."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

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

Array = np.ndarray[Any, Any]
Fill = float | Sequence[float]
Size = tuple[int, int]


def finished(y: Array, dtype: Any) -> Array:
    """Real numbers as pixels of this dtype: uint8 rounded and cut off at 0 and 255."""
    return np.clip(np.rint(y), 0, 255).astype(np.uint8) if dtype == np.uint8 else y.astype(dtype)


def border_index(index: Array, size: int, border: str) -> Array:
    """Where positions beyond the edge read; "constant" has the mask of ``outside`` besides."""
    if border == "wrap":
        return index % size
    if border in ("constant", "replicate"):
        return np.clip(index, 0, size - 1)
    period = 2 * size if border == "reflect" else max(2 * size - 2, 1)
    index = index % period
    return np.minimum(index, period - (border == "reflect") - index)


def outside(index: Array, size: int) -> Array:
    """The positions that no pixel is at."""
    return (index < 0) | (index >= size)


def cubic(t: Array, a: float) -> Array:
    """Keys's kernel."""
    t = np.abs(t)
    near, far = ((a + 2) * t - (a + 3)) * t * t + 1, a * (((t - 5) * t + 8) * t - 4)
    return np.where(t <= 1, near, np.where(t < 2, far, 0.0))


def _taps(position: Array, interpolation: str) -> list[tuple[Array, Array]]:
    """(index, weight) of the neighbours of each position, along one axis."""
    if interpolation == "nearest":
        return [(np.floor(position + 0.5).astype(np.int64), np.ones_like(position))]
    at = np.floor(position)
    part = position - at
    index = at.astype(np.int64)
    if interpolation == "linear":
        return [(index, 1 - part), (index + 1, part)]
    return [(index + i, cubic(part - i, -0.75)) for i in (-1, 0, 1, 2)]


def image_warp(
    image: ArrayLike,
    matrix: ArrayLike,
    size: Size | None = None,
    interpolation: str = "linear",
    border: str = "constant",
    fill: Fill = 0.0,
) -> Array:
    """Every output pixel from the place of the input that the matrix sends it to."""
    x, m = np.asarray(image), np.asarray(matrix, np.float64)
    height, width = size or x.shape[:2]
    v, u = np.mgrid[:height, :width].astype(np.float64)
    along, down = m[0, 0] * u + m[0, 1] * v + m[0, 2], m[1, 0] * u + m[1, 1] * v + m[1, 2]
    if len(m) == 3:
        depth = m[2, 0] * u + m[2, 1] * v + m[2, 2]
        along, down = along / depth, down / depth
    pixels = x.reshape(*x.shape[:2], -1).astype(np.float64)
    h, w, c = pixels.shape
    colour = np.broadcast_to(np.asarray(fill, np.float64), (c,))
    y = np.zeros((height, width, c))
    for rows, wy in _taps(down, interpolation):
        for columns, wx in _taps(along, interpolation):
            tap = pixels[border_index(rows, h, border), border_index(columns, w, border)]
            if border == "constant":
                tap = np.where((outside(rows, h) | outside(columns, w))[..., None], colour, tap)
            y += tap * (wy * wx)[..., None]
    return finished(y, x.dtype).reshape(height, width, *x.shape[2:])


def images_warp(
    images: ArrayLike,
    matrices: ArrayLike,
    size: Size | None = None,
    interpolation: str = "linear",
    border: str = "constant",
    fill: Fill = 0.0,
) -> Array:
    """``image_warp``, each image by its own matrix."""
    x = np.asarray(images)
    height, width = size or x.shape[1:3]
    y = np.empty((len(x), height, width, x.shape[3]), x.dtype)
    for i, matrix in enumerate(np.asarray(matrices)):
        y[i] = image_warp(x[i], matrix, (height, width), interpolation, border, fill)
    return y


def resize_weights(size: int, out: int, interpolation: str, antialias: bool) -> Array:
    """(out, size): how much of each input pixel is in each output pixel."""
    scale = size / out
    centre = (np.arange(out) + 0.5) * scale - 0.5
    rows = np.arange(out)
    if interpolation == "nearest":
        weights = np.zeros((out, size))
        weights[rows, (2 * rows + 1) * size // (2 * out)] = 1
        return weights
    cell = np.arange(size)
    if interpolation == "area" and scale > 1:
        begin, end = rows[:, None] * scale, (rows[:, None] + 1) * scale
        return np.clip(np.minimum(end, cell + 1) - np.maximum(begin, cell), 0, None) / scale
    if antialias and scale > 1:
        t = (cell - centre[:, None]) / scale
        weights = cubic(t, -0.5) if interpolation == "cubic" else np.maximum(1 - np.abs(t), 0)
        return weights / weights.sum(axis=1, keepdims=True)
    weights = np.zeros((out, size))
    a = -0.5 if antialias else -0.75
    at = np.floor(centre).astype(np.int64)
    for i in (-1, 0, 1, 2):
        t = centre - at - i
        part = cubic(t, a) if interpolation == "cubic" else np.maximum(1 - np.abs(t), 0)
        np.add.at(weights, (rows, np.clip(at + i, 0, size - 1)), part)
    return weights


def image_resize(
    image: ArrayLike, height: int, width: int, interpolation: str = "linear", antialias: bool = False
) -> Array:
    """One matrix for each axis."""
    x = np.asarray(image)
    rows = resize_weights(x.shape[0], height, interpolation, antialias)
    columns = resize_weights(x.shape[1], width, interpolation, antialias)
    pixels = x.reshape(*x.shape[:2], -1).astype(np.float64)
    y = np.einsum("vh,hwc,uw->vuc", rows, pixels, columns, optimize=True)
    return finished(y, x.dtype).reshape(height, width, *x.shape[2:])


def images_resize(images: ArrayLike, size: Size, interpolation: str = "linear", antialias: bool = False) -> Array:
    """``image_resize`` of each."""
    x = np.asarray(images)
    y = np.empty((len(x), *size, x.shape[3]), x.dtype)
    for i, image in enumerate(x):
        y[i] = image_resize(image, *size, interpolation, antialias)
    return y


def image_flip(image: ArrayLike, horizontal: bool = False, vertical: bool = False) -> Array:
    """Columns, rows or both in reverse."""
    return np.array(np.asarray(image)[:: -1 if vertical else 1, :: -1 if horizontal else 1], order="C")


def image_crop_pad(
    image: ArrayLike, top: int, left: int, height: int, width: int, border: str = "constant", fill: Fill = 0.0
) -> Array:
    """A window of the image, which may reach beyond it."""
    x = np.asarray(image)
    rows, columns = np.arange(top, top + height), np.arange(left, left + width)
    y = x[border_index(rows, x.shape[0], border)][:, border_index(columns, x.shape[1], border)]
    if border == "constant":
        beyond = outside(rows, x.shape[0])[:, None] | outside(columns, x.shape[1])
        y[beyond] = finished(np.asarray(fill, np.float64), x.dtype)
    return y


def _along(x: Array, weights: Array, axis: int) -> Array:
    """Correlation along one axis, the edge mirrored and not repeated; even kernels reach further back."""
    index = np.arange(x.shape[axis])
    y = np.zeros_like(x)
    for i, weight in enumerate(weights):
        y += weight * np.take(x, border_index(index + i - len(weights) // 2, len(index), "reflect_101"), axis)
    return y


def image_blur(image: ArrayLike, height: int, width: int) -> Array:
    """The mean over a window."""
    x = np.asarray(image)
    y = _along(_along(x.astype(np.float64), np.ones(height), 0), np.ones(width), 1)
    return finished(y / (height * width), x.dtype)


def gaussian_weights(sigma: float, size: int) -> Array:
    """A bell that sums to 1; sigma 0 leaves the pixel alone."""
    t = np.arange(size) - size // 2
    weights = np.exp(-0.5 * (t / sigma) ** 2) if sigma > 0 else (t == 0) * 1.0
    return np.asarray(weights / weights.sum())


def gaussian_size(sigma: float, dtype: Any) -> int:
    """How far the bell must reach: three sigmas for bytes, four for floats."""
    return int(np.rint(2 * (3 if dtype == np.uint8 else 4) * sigma + 1)) | 1


def image_gaussian_blur(
    image: ArrayLike, sigma_y: float, sigma_x: float, kernel_size: int | Size | None = None
) -> Array:
    """The mean over a window, weighted by a bell."""
    x = np.asarray(image)
    if kernel_size is None:
        kernel_size = gaussian_size(sigma_y, x.dtype), gaussian_size(sigma_x, x.dtype)
    rows, columns = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
    y = _along(x.astype(np.float64), gaussian_weights(sigma_y, rows), 0)
    return finished(_along(y, gaussian_weights(sigma_x, columns), 1), x.dtype)


def image_fill(image: ArrayLike, boxes: ArrayLike, fill: Fill = 0.0) -> Array:
    """A copy with boxes painted over, one after the other; what lies outside of the image is cut off."""
    y = np.array(image, order="C")
    for top, left, bottom, right in np.asarray(boxes, np.int64).reshape(-1, 4).clip(0):
        y[top:bottom, left:right] = finished(np.asarray(fill, np.float64), y.dtype)
    return y
