"""Images resized, padded, cropped, made grey: (n, h, w, c), or one (h, w, c)."""

import operator
from typing import Any

import numpy as np

from . import arithmetic, contraction, conversion, elementary, repeating, resizing, shaping
from .indexing import getitem
from .operands import as_tensor

__all__ = ["crop_images", "pad_images", "resize", "rgb_to_grayscale"]

_KERNELS = {"bicubic": "cubic", "bilinear": "linear", "nearest": "nearest", "area": "area"}
INTERPOLATIONS = tuple(_KERNELS)


def resize(
    images: Any,
    size: Any,
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Any:
    """Images of another size. "bilinear" and "nearest" without ``antialias`` have gradients.

    Args:
        images: (n, h, w, c) or (h, w, c).
        size: height and width of the result.
        interpolation: "bilinear", "nearest", "bicubic" (a = -0.75 as in PyTorch; -0.5 where it antialiases) or "area".
        antialias: whether every pixel counts when an image shrinks.
        crop_to_aspect_ratio: whether to cut off what does not have the result's proportions first.
        pad_to_aspect_ratio: whether to add what is missing to them instead.
        fill_mode: what to add: "constant" is all there is.
        fill_value: a number.
        data_format: "channels_last" (unless given) or "channels_first".

    Returns:
        Images of the new size; integers are rounded.

    Example:
        >>> resize([[[0.0], [4.0]]], (1, 4)).numpy().ravel()
        array([0., 1., 3., 4.], dtype=float32)
    """
    from .warping import resize_images

    if interpolation in ("lanczos3", "lanczos5"):
        raise NotImplementedError(f"interpolation={interpolation!r} is not supported by fastcnn; use 'bicubic'")
    if interpolation not in _KERNELS:
        raise ValueError(f"interpolation must be one of {', '.join(map(repr, _KERNELS))}, got {interpolation!r}")
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError("give one of crop_to_aspect_ratio and pad_to_aspect_ratio, not both")
    if fill_mode != "constant":
        raise ValueError(f"fill_mode must be 'constant', got {fill_mode!r}")
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        raise ValueError(f"size must be (height, width), got {size!r}")
    height, width = (operator.index(n) for n in size)
    images, single, first = _batch(images, data_format)
    h, w = images.shape[1:3]
    if crop_to_aspect_ratio:
        high, wide = max(1, min(h, int(w * height / width))), max(1, min(w, int(h * width / height)))
        top, left = int((h - high) / 2), int((w - wide) / 2)
        images = getitem(images, (slice(None), slice(top, top + high), slice(left, left + wide)))
    elif pad_to_aspect_ratio:
        top, left = (max(0, int(w * height / width) - h)) // 2, (max(0, int(h * width / height) - w)) // 2
        if top or left:  # where one is odd, resizing makes up for it, as in Keras
            images = repeating.pad(images, ((0, 0), (top, top), (left, left), (0, 0)), constant_values=fill_value)
    if interpolation in ("nearest", "bilinear") and not antialias:
        y = resizing.resize(images, (height, width), interpolation)
    else:
        y = resize_images(images, (height, width), _KERNELS[interpolation], antialias)
    if images.dtype[0] in "iu":
        bounds = np.iinfo(images.dtype)
        y = conversion.cast(arithmetic.clip(elementary.round(y), int(bounds.min), int(bounds.max)), images.dtype)
    return _unbatched(y, single, first)


def pad_images(
    images: Any,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Any:
    """Zeros around images: along each axis two of (before, after, size of the result) are given.

    Args:
        images: (n, h, w, c) or (h, w, c).
        top_padding, bottom_padding: rows to add.
        left_padding, right_padding: columns to add.
        target_height, target_width: the size of the result.
        data_format: "channels_last" (unless given) or "channels_first".

    Example:
        >>> pad_images([[[1.0], [2.0]]], 0, 1, target_height=1, target_width=4).numpy().ravel()
        array([0., 1., 2., 0.], dtype=float32)
    """
    images, single, first = _batch(images, data_format)
    h, w = images.shape[1:3]
    rows = _sides("top_padding", top_padding, "bottom_padding", bottom_padding, "target_height", target_height, h, 1)
    columns = _sides("left_padding", left_padding, "right_padding", right_padding, "target_width", target_width, w, 1)
    return _unbatched(repeating.pad(images, ((0, 0), rows, columns, (0, 0))), single, first)


def crop_images(
    images: Any,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Any:
    """What is left of images without their borders: along each axis two of (before, after, size) are given.

    Args:
        images: (n, h, w, c) or (h, w, c).
        top_cropping, bottom_cropping: rows to cut off.
        left_cropping, right_cropping: columns to cut off.
        target_height, target_width: the size of the result.
        data_format: "channels_last" (unless given) or "channels_first".

    Example:
        >>> crop_images([[[1.0], [2.0], [3.0]]], 0, 1, 0, target_width=1).numpy().ravel()
        array([2.], dtype=float32)
    """
    images, single, first = _batch(images, data_format)
    h, w = images.shape[1:3]
    top, bottom = _sides(
        "top_cropping", top_cropping, "bottom_cropping", bottom_cropping, "target_height", target_height, h, -1
    )
    left, right = _sides(
        "left_cropping", left_cropping, "right_cropping", right_cropping, "target_width", target_width, w, -1
    )
    y = getitem(images, (slice(None), slice(top, h - bottom), slice(left, w - right)))
    return _unbatched(y, single, first)


def rgb_to_grayscale(images: Any, data_format: str | None = None) -> Any:
    """One channel, 0.2989 red + 0.587 green + 0.114 blue, of the dtype of ``images``; grey ones stay.

    Args:
        images: (n, h, w, 3) or (h, w, 3); or one channel.
        data_format: "channels_last" (unless given) or "channels_first".

    Example:
        >>> rgb_to_grayscale([[[100.0, 0.0, 10.0]]]).numpy().ravel()
        array([31.03], dtype=float32)
    """
    images, single, first = _batch(images, data_format)
    if images.shape[-1] not in (1, 3):
        raise ValueError(f"images must have 3 channels, or 1, got {images.shape[-1]}")
    if images.shape[-1] == 3:
        grey = contraction.dot(conversion.cast(images, "float"), [[0.2989], [0.587], [0.114]])
        images = grey if images.dtype.startswith("float") else conversion.cast(grey, images.dtype)
    return _unbatched(images, single, first)


def _batch(images: Any, data_format: str | None) -> tuple[Any, bool, bool]:
    """Channels last, with an axis for the batch; whether there was none, and whether the channels were first."""
    if data_format not in (None, "channels_last", "channels_first"):
        raise ValueError(f"data_format must be 'channels_last' or 'channels_first', got {data_format!r}")
    images = as_tensor(images)
    if len(images.shape) not in (3, 4):
        raise ValueError(f"images must be (n, h, w, c) or (h, w, c), got shape {images.shape}")
    single, first = len(images.shape) == 3, data_format == "channels_first"
    images = shaping.expand_dims(images, 0) if single else images
    images = shaping.moveaxis(images, 1, -1) if first else images
    if None in images.shape[1:3]:
        raise ValueError(f"images must have a known height and width, got shape {images.shape}")
    return images, single, first


def _unbatched(y: Any, single: bool, first: bool) -> Any:
    y = shaping.moveaxis(y, -1, 1) if first else y
    return shaping.squeeze(y, 0) if single else y


def _sides(
    before: str, first: int | None, after: str, last: int | None, target: str, wanted: int | None, size: int, sign: int
) -> tuple[int, int]:
    """How much to add (sign 1) or cut off (-1) on both sides, from two of three numbers."""
    given = [n is not None for n in (first, last, wanted)]
    if sum(given) != 2:
        raise ValueError(f"give exactly two of {before}, {after} and {target}, got {first}, {last} and {wanted}")
    change = 0 if wanted is None else (wanted - size) * sign
    begin = operator.index(change - last if first is None else first)  # type: ignore[operator]
    end = operator.index(change - begin if last is None else last)
    for name, n in ((before, begin), (after, end)):
        if n < 0:
            raise ValueError(f"{name} must not be negative, got {n} for {target}={wanted} of {size}")
    if sign < 0 and begin + end > size:
        raise ValueError(f"{before} and {after} must not exceed the size {size}, got {begin} and {end}")
    return begin, end
