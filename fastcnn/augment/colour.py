"""Hue, saturation, and grey images."""

from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.augment import arguments
from fastcnn.augment.arguments import Range
from fastcnn.augment.base import ImageOnlyTransform
from fastcnn.augment.draws import Draws
from fastcnn.augment.tone import as_bytes, as_floats, needs_colours

__all__ = ["ColorJitter", "HueSaturationValue", "ToGray"]

_NOT_HERE = ("from_lab", "pca")
# 30 / n and 255 / n in 4096ths.
_SIXTH = np.rint(30 * 4096 / np.maximum(np.arange(256), 1)).astype(np.int32) * (np.arange(256) > 0)
_WHOLE = np.rint(255 * 4096 / np.maximum(np.arange(256), 1)).astype(np.int32) * (np.arange(256) > 0)


class ColorJitter(ImageOnlyTransform):
    """Brightness, contrast, saturation and hue, each evenly distributed between its limits, in random order.

    Brightness is a factor; contrast blends with the mean grey, saturation with the pixel's grey; hue turns the circle
    of colours, 1 being once around. Grey images keep saturation and hue.

    Args:
        brightness: limits of the factor; a number ``a`` means (1 - a, 1 + a), none below 0.
        contrast: as ``brightness``.
        saturation: as ``brightness``.
        hue: from -0.5 to 0.5; a number ``a`` means (-a, a).
        p: the probability.

    Example:
        >>> import numpy as np
        >>> aug = ColorJitter(brightness=(0.5, 0.5), contrast=0, saturation=0, hue=0, p=1.0)
        >>> aug(image=np.full((2, 2, 3), 100, np.uint8))["image"].max()
        np.uint8(50)
    """

    def __init__(
        self,
        brightness: float | Range = (0.8, 1.2),
        contrast: float | Range = (0.8, 1.2),
        saturation: float | Range = (0.8, 1.2),
        hue: float | Range = (-0.5, 0.5),
        p: float = 0.5,
    ):
        super().__init__(p)
        self.brightness = arguments.around_one("brightness", brightness)
        self.contrast = arguments.around_one("contrast", contrast)
        self.saturation = arguments.around_one("saturation", saturation)
        self.hue = arguments.symmetric("hue", hue, -0.5, 0.5)

    def parameters(self, draws: Draws, image: Any) -> dict[str, Any]:
        """Four numbers and their order."""
        needs_colours(image, "ColorJitter")
        limits = {name: getattr(self, name) for name in ("brightness", "contrast", "saturation", "hue")}
        drawn: dict[str, Any] = {name: draws.uniform(*pair) for name, pair in limits.items()}
        return drawn | {"order": tuple(draws.subset(4, 4))}

    def apply(
        self, image: Any, brightness: float, contrast: float, saturation: float, hue: float, order: tuple[int, ...]
    ) -> Any:
        """The four changes in this order: 0 brightness, 1 contrast, 2 saturation, 3 hue."""
        return kernels.image_color(image, brightness, contrast, saturation, hue, order)


class HueSaturationValue(ImageOnlyTransform):
    """Hue, saturation and value moved by three independent numbers, each evenly distributed between its limits.

    Computed on bytes, float32 images, too: hue in steps of 2 degrees. Grey images change in value alone.

    Args:
        hue_shift_limit: in units of 2 degrees, of which the circle has 180; a number ``a`` means (-a, a).
        sat_shift_limit: of 255; a number ``a`` means (-a, a). Grey pixels stay grey.
        val_shift_limit: of 255; a number ``a`` means (-a, a).
        p: the probability.

    Example:
        >>> import numpy as np
        >>> aug = HueSaturationValue((60, 60), (0, 0), (0, 0), p=1.0)
        >>> aug(image=np.array([[[200, 10, 10]]], np.uint8))["image"].ravel().tolist()
        [10, 200, 10]
    """

    def __init__(
        self,
        hue_shift_limit: float | Range = (-20, 20),
        sat_shift_limit: float | Range = (-30, 30),
        val_shift_limit: float | Range = (-20, 20),
        p: float = 0.5,
    ):
        super().__init__(p)
        self.hue_shift_limit = arguments.symmetric("hue_shift_limit", hue_shift_limit)
        self.sat_shift_limit = arguments.symmetric("sat_shift_limit", sat_shift_limit)
        self.val_shift_limit = arguments.symmetric("val_shift_limit", val_shift_limit)

    def parameters(self, draws: Draws, image: Any) -> dict[str, Any]:
        """Three numbers."""
        needs_colours(image, "HueSaturationValue")
        limits = {"hue": self.hue_shift_limit, "saturation": self.sat_shift_limit, "value": self.val_shift_limit}
        return {name: draws.uniform(*pair) for name, pair in limits.items()}

    def apply(self, image: Any, hue: float, saturation: float, value: float) -> Any:
        """Moved by these."""
        pixels = image if image.dtype == np.uint8 else as_bytes(image)
        if image.shape[2] == 1:
            moved = np.rint(np.clip(pixels + np.float32(value), 0, 255)).astype(np.uint8)
        else:
            moved = _moved(pixels, hue, saturation, value)
        return moved if image.dtype == np.uint8 else as_floats(moved)


def _to_hsv(image: Any) -> tuple[Any, Any, Any]:
    """Hue from 0 to 179, saturation and value from 0 to 255, of bytes; OpenCV's arithmetic."""
    red, green, blue = (image[:, :, channel].astype(np.int32) for channel in range(3))
    value = np.maximum(np.maximum(red, green), blue)
    spread = value - np.minimum(np.minimum(red, green), blue)
    sixths = np.where(
        value == red, green - blue, np.where(value == green, blue - red + 2 * spread, red - green + 4 * spread)
    )
    hue = sixths * _SIXTH.take(spread) + 2048 >> 12
    saturation = spread * _WHOLE.take(value) + 2048 >> 12
    return np.where(hue < 0, hue + 180, hue), saturation, value


def _moved(image: Any, by_hue: float, by_saturation: float, by_value: float) -> Any:
    """RGB bytes with the three moved: tables of all hues, saturations and values, then one product for each channel."""
    hue, saturation, value = _to_hsv(image)
    levels = np.arange(256, dtype=np.float32)
    light = np.clip(levels + by_value, 0, 255).take(value)
    depth = light * (np.clip(levels + by_saturation, 0, 255) / 255 * (levels > 0)).take(saturation)
    sixths = np.floor((np.arange(180) + by_hue) % 180) / 30
    moved = np.empty(image.shape, np.uint8)
    for channel, start in enumerate((5, 3, 1)):
        at = (sixths + start) % 6
        missing = np.clip(np.minimum(at, 4 - at), 0, 1).astype(np.float32)
        moved[:, :, channel] = np.rint(light - depth * missing.take(hue))
    return moved


class ToGray(ImageOnlyTransform):
    """Without colours. Grey images stay as they are.

    Args:
        num_output_channels: the grey is repeated so often.
        method: "weighted_average" (0.299, 0.587 and 0.114 of red, green and blue), "average", "max", or "desaturation"
            (the mean of the largest and the smallest).
        p: the probability.

    Example:
        >>> import numpy as np
        >>> ToGray(p=1.0)(image=np.array([[[100, 0, 0]]], np.uint8))["image"].ravel().tolist()
        [30, 30, 30]
    """

    def __init__(self, num_output_channels: int = 3, method: str = "weighted_average", p: float = 0.5):
        super().__init__(p)
        self.num_output_channels = arguments.integer("num_output_channels", num_output_channels)
        if method in _NOT_HERE:
            raise NotImplementedError(f"method {method!r} is not available; 'weighted_average' is the usual one")
        self.method = arguments.choice("method", method, ("weighted_average", "desaturation", "average", "max"))

    def apply(self, image: Any, **parameters: Any) -> Any:
        """Grey."""
        if image.shape[2] == 1:
            return image
        if self.method == "weighted_average":
            if image.shape[2] != 3:
                raise ValueError(f"ToGray needs 3 channels for {self.method!r}, got an image of shape {image.shape}")
            return kernels.image_gray(image, self.num_output_channels)
        pixels = image.astype(np.float32)
        if self.method == "average":
            grey = pixels.mean(axis=2, keepdims=True)
        elif self.method == "max":
            grey = pixels.max(axis=2, keepdims=True)
        else:
            grey = (pixels.max(axis=2, keepdims=True) + pixels.min(axis=2, keepdims=True)) / 2
        grey = np.rint(grey).astype(np.uint8) if image.dtype == np.uint8 else grey
        return np.repeat(grey, self.num_output_channels, axis=2)
