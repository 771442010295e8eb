"""Images at another size, as data sets of Keras resize them: in floats, pixels' centres at halves, no antialiasing.

Output pixel ``i`` of ``m`` lies at ``(i + 0.5) n / m - 0.5`` of ``n`` input pixels. Each method is a kernel around that
point, whose weights are divided by their sum over the pixels that exist; "area" is the mean of what the output pixel
covers. Rows first, then columns.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import kernels

__all__ = ["METHODS", "center_crop", "resize", "resize_with_padding"]

Array = np.ndarray[Any, Any]


def _cubic(x: Array, b: float, c: float) -> Array:
    """Mitchell and Netravali's family of cubics."""
    near = ((12 - 9 * b - 6 * c) * x**3 + (-18 + 12 * b + 6 * c) * x**2 + (6 - 2 * b)) / 6
    far = ((-b - 6 * c) * x**3 + (6 * b + 30 * c) * x**2 + (-12 * b - 48 * c) * x + (8 * b + 24 * c)) / 6
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _lanczos(radius: int) -> Callable[[Array], Array]:
    return lambda x: np.where(x < radius, np.sinc(x) * np.sinc(x / radius), 0.0)


# Of the distance: how far the kernel reaches, and its value.
_KERNELS: dict[str, tuple[float, Callable[[Array], Array]]] = {
    "bilinear": (1.0, lambda x: np.maximum(0.0, 1.0 - x)),
    "bicubic": (2.0, lambda x: _cubic(x, 0.0, 0.5)),
    "lanczos3": (3.0, _lanczos(3)),
    "lanczos5": (5.0, _lanczos(5)),
    "gaussian": (1.5, lambda x: np.where(x < 1.5, np.exp(-2.0 * x**2), 0.0)),
    "mitchellcubic": (2.0, lambda x: _cubic(x, 1 / 3, 1 / 3)),
}
_MANY = 16  # times the pixels of the result
METHODS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic")


def resize(
    image: Array, height: int, width: int, interpolation: str = "bilinear", whole_numbers: bool = False
) -> Array:
    """An image at another size.

    Args:
        image: (h, w, c), any numbers.
        height: of the result.
        width: of the result.
        interpolation: one of ``METHODS``.
        whole_numbers: whether the result is rounded to uint8.

    Returns:
        float32 or uint8 (height, width, c).

    Example:
        >>> resize(np.array([[[0], [4]]], np.uint8), 1, 4).ravel().tolist()
        [0.0, 1.0, 3.0, 4.0]
    """
    dtype = np.uint8 if whole_numbers else np.float32
    if image.dtype == np.uint8:
        if image.shape[:2] == (height, width):
            return image.astype(dtype, copy=False)
        if interpolation in ("nearest", "bilinear"):
            return _by_kernel(image, height, width, interpolation, dtype)
    found = _resized(image.astype(np.float32, copy=False), height, width, interpolation)
    return found.clip(0, 255).round().astype(np.uint8) if whole_numbers else found


def _by_kernel(image: Array, height: int, width: int, interpolation: str, dtype: Any) -> Array:
    if interpolation == "nearest" or dtype == np.uint8:
        kind = {"nearest": "nearest", "bilinear": "linear"}[interpolation]
        return kernels.image_resize(image, height, width, kind).astype(dtype, copy=False)
    if image.size > _MANY * height * width * image.shape[2]:
        # The same bits. Most pixels do not count, so it does not pay to make floats of them all, at four bytes each.
        return _resized(image, height, width, interpolation)
    return kernels.image_resize(image.astype(np.float32), height, width, "linear")


def _resized(image: Array, height: int, width: int, interpolation: str) -> Array:
    h, w = image.shape[:2]
    if (h, w) == (height, width):
        return image
    if interpolation == "nearest":
        return image[_nearest(h, height)][:, _nearest(w, width)]
    rows = _weighted(image, *_taps(h, height, interpolation), axis=0)
    return _weighted(rows, *_taps(w, width, interpolation), axis=1)


def _nearest(n: int, m: int) -> Array:
    return np.minimum(((2 * np.arange(m) + 1) * n) // (2 * m), n - 1)


def _taps(n: int, m: int, interpolation: str) -> tuple[Array, Array]:
    """Which of ``n`` pixels each of ``m`` is made of, (m, k), and their weights."""
    if interpolation == "area":
        start = np.arange(m) * n / m
        end = start + n / m
        first = np.floor(start + 1e-9).astype(np.int64)
        index = first[:, None] + np.arange(int(np.ceil(n / m)) + 1)
        weights = np.minimum(end[:, None], index + 1) - np.maximum(start[:, None], index)
        weights = np.where(weights > 1e-9, weights, 0.0)
    else:
        reach, kernel = _KERNELS[interpolation]
        center = (np.arange(m) + 0.5) * n / m - 0.5
        first = np.floor(center - reach).astype(np.int64) + 1
        index = first[:, None] + np.arange(int(2 * reach))
        weights = kernel(np.abs(index - center[:, None]))
    if interpolation != "bilinear":
        weights = np.where((index >= 0) & (index < n), weights, 0.0)
    weights = weights / weights.sum(1, keepdims=True)
    return index.clip(0, n - 1), weights.astype(np.float32)


def _weighted(image: Array, index: Array, weights: Array, axis: int) -> Array:
    shape = (-1, 1, 1) if axis == 0 else (1, -1, 1)
    total = np.take(image, index[:, 0], axis) * weights[:, 0].reshape(shape)
    for k in range(1, index.shape[1]):
        if weights[:, k].any():
            total += np.take(image, index[:, k], axis) * weights[:, k].reshape(shape)
    return total


def center_crop(image: Array, height: int, width: int) -> Array:
    """The largest part in the middle that has the shape of ``height`` to ``width``: a view."""
    h, w = image.shape[:2]
    part_h, part_w = max(min(h, w * height // width), 1), max(min(w, h * width // height), 1)
    top, left = (h - part_h) // 2, (w - part_w) // 2
    return image[top : top + part_h, left : left + part_w]


def resize_with_padding(
    image: Array, height: int, width: int, interpolation: str = "bilinear", whole_numbers: bool = False
) -> Array:
    """The whole image as large as it fits, in the middle, zeros around it; arguments as in ``resize``."""
    h, w = image.shape[:2]
    # Whole numbers: h / max(h / height, w / width) may come out a little below what it is.
    new_h, new_w = (height, w * height // h) if h * width >= w * height else (h * width // w, width)
    inner = resize(image, max(new_h, 1), max(new_w, 1), interpolation, whole_numbers)
    out = np.zeros((height, width, image.shape[2]), inner.dtype)
    top, left = (height - inner.shape[0]) // 2, (width - inner.shape[1]) // 2
    out[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return out
