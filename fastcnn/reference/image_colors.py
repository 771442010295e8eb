"""The numbers of pixels, in NumPy and float64: tables, contrast, hue, grey, equalisation, noise."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn.reference.images import border_index, finished
from fastcnn.reference.random import normal

__all__ = [
    "image_clahe",
    "image_color",
    "image_gray",
    "image_lookup",
    "image_noise",
    "image_normalize",
    "image_scale",
]

Array = np.ndarray[Any, Any]
Numbers = float | Sequence[float] | Array

GREY = np.array([0.299, 0.587, 0.114])
TO_XYZ = np.array(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
) / np.array([[0.950456], [1.0], [1.088754]])


def image_lookup(image: ArrayLike, table: ArrayLike) -> Array:
    """table[image], or the table of each channel."""
    x, t = np.asarray(image), np.asarray(table, np.uint8)
    if t.ndim == 1:
        return t[x]
    return np.stack([t[i][x.reshape(*x.shape[:2], -1)[..., i]] for i in range(len(t))], axis=-1).reshape(x.shape)


def image_scale(image: ArrayLike, alpha: Numbers = 1.0, beta: Numbers = 0.0, max_value: float | None = None) -> Array:
    """alpha * image + beta; bytes, and floats with a maximum, are cut off at the ends."""
    x = np.asarray(image)
    y = x * np.asarray(alpha, np.float64) + np.asarray(beta, np.float64)
    return finished(y if max_value is None else np.clip(y, 0, max_value), x.dtype)


def image_normalize(image: ArrayLike, mean: Numbers, std: Numbers, max_pixel_value: float = 255.0) -> Array:
    """(image / max_pixel_value - mean) / std."""
    x = np.asarray(image)
    y = (x / np.float64(max_pixel_value) - np.asarray(mean, np.float64)) / np.asarray(std, np.float64)
    return y.astype(np.float64 if x.dtype == np.float64 else np.float32)


def grey(x: Array) -> Array:
    """The luma of ITU-R 601."""
    return x.astype(np.float64) @ GREY


def image_gray(image: ArrayLike, channels: int = 3) -> Array:
    """Grey in each of the channels."""
    x = np.asarray(image)
    value = x.reshape(*x.shape[:2], -1).astype(np.float64)
    value = grey(value)[..., None] if value.shape[2] == 3 else value
    return finished(np.repeat(value, channels, axis=2), x.dtype)


def _hue_turned(x: Array, turn: float) -> Array:
    """RGB to hue and back, the hue turned by a part of the circle."""
    most, least = x.max(axis=-1), x.min(axis=-1)
    r, g, b = np.moveaxis(x, -1, 0)
    span = most - least
    safe = np.where(span == 0, 1, span)
    hue = np.where(most == r, (g - b) / safe, np.where(most == g, 2 + (b - r) / safe, 4 + (r - g) / safe))
    channels = []
    for start in (5, 3, 1):
        k = (start + hue + 6 * turn) % 6
        channels.append(most - span * np.clip(np.minimum(k, 4 - k), 0, 1))
    return np.stack(channels, axis=-1)


def image_color(
    image: ArrayLike,
    brightness: float = 1.0,
    contrast: float = 1.0,
    saturation: float = 1.0,
    hue: float = 0.0,
    order: Sequence[int] = (0, 1, 2, 3),
) -> Array:
    """Brightness, contrast, saturation and hue one after the other, rounded and cut off after each."""
    x = np.asarray(image)
    top = 255.0 if x.dtype == np.uint8 else 1.0
    colour = x.ndim == 3 and x.shape[2] == 3
    y = x.astype(np.float64)
    for step in order:
        luma = grey(y) if colour else y
        if step == 0 and brightness != 1:
            y = y * brightness
        elif step == 1 and contrast != 1:
            mean = luma.mean()
            y = y * contrast + (np.floor(mean + 0.5) if top == 255 else mean) * (1 - contrast)
        elif step == 2 and saturation != 1 and colour:
            y = y * saturation + luma[..., None] * (1 - saturation)
        elif step == 3 and hue != 0 and colour:
            y = _hue_turned(y, hue)
        else:
            continue
        y = np.clip(y, 0, top)
        y = np.rint(y) if top == 255 else y
    return finished(y, x.dtype)


def _equalised(x: Array, clip_limit: float, tiles: tuple[int, int]) -> Array:
    """One channel of bytes: equalised by tiles, what is above the limit spread over all levels."""
    down, across = tiles
    pad_y, pad_x = (0, 0) if x.shape[0] % down == 0 and x.shape[1] % across == 0 else (
        down - x.shape[0] % down, across - x.shape[1] % across
    )  # fmt: skip
    rows = border_index(np.arange(x.shape[0] + pad_y), x.shape[0], "reflect_101")
    columns = border_index(np.arange(x.shape[1] + pad_x), x.shape[1], "reflect_101")
    padded = x[rows][:, columns]
    th, tw = padded.shape[0] // down, padded.shape[1] // across
    limit = max(int(clip_limit * (th * tw) / 256), 1) if clip_limit > 0 else th * tw
    tables = np.empty((down, across, 256))
    for i in range(down):
        for j in range(across):
            counts = np.bincount(padded[i * th : (i + 1) * th, j * tw : (j + 1) * tw].ravel(), minlength=256)
            excess = int(np.maximum(counts - limit, 0).sum())
            counts = np.minimum(counts, limit) + excess // 256
            left = excess % 256
            if left:
                step = max(256 // left, 1)
                counts[: left * step : step] += 1
            tables[i, j] = np.clip(np.rint(np.cumsum(counts) * np.float32(255 / (th * tw))), 0, 255)
    v, u = (np.arange(n) / np.float64(t) - 0.5 for n, t in zip(x.shape, (th, tw), strict=True))
    y = np.zeros(x.shape)
    for i, wy in ((0, 1 - (v - np.floor(v))), (1, v - np.floor(v))):
        for j, wx in ((0, 1 - (u - np.floor(u))), (1, u - np.floor(u))):
            row = np.clip(np.floor(v).astype(int) + i, 0, down - 1)[:, None]
            column = np.clip(np.floor(u).astype(int) + j, 0, across - 1)
            y += tables[row, column, x] * (wy[:, None] * wx)
    return np.clip(np.rint(y), 0, 255)


def image_clahe(image: ArrayLike, clip_limit: float = 4.0, tiles: tuple[int, int] = (8, 8)) -> Array:
    """Grey is equalised itself, RGB by its lightness, a and b of Lab unchanged."""
    x = np.asarray(image)
    if x.ndim == 2 or x.shape[2] == 1:
        return _equalised(x.reshape(x.shape[:2]), clip_limit, tiles).astype(np.uint8).reshape(x.shape)
    part = x / 255.0
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    xyz = linear @ TO_XYZ.T
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), xyz * (841 / 108) + 4 / 29)
    level = np.rint((116 * f[..., 1] - 16) * 2.55)
    change = _equalised(level.clip(0, 255).astype(np.uint8), clip_limit, tiles) - level
    f = f + (change / (2.55 * 116))[..., None]
    xyz = np.where(f > 6 / 29, f**3, (f - 4 / 29) * (108 / 841))
    linear = np.clip(xyz @ np.linalg.inv(TO_XYZ).T, 0, 1)
    part = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return finished(part * 255, np.uint8)


def image_noise(
    image: ArrayLike, key: Sequence[int], mean: float = 0.0, std: float = 1.0, per_channel: bool = True
) -> Array:
    """Image + normal numbers, a function of the key; one for each pixel or for each of its channels."""
    x = np.asarray(image)
    shape = x.shape if per_channel else (*x.shape[:2], *(1 for _ in x.shape[2:]))
    return finished(x + normal(shape, mean, std, seed=key[0], stream=key[1]), x.dtype)
