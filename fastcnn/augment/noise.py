"""Noise."""

from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.augment import arguments
from fastcnn.augment.arguments import Range
from fastcnn.augment.base import ImageOnlyTransform
from fastcnn.augment.draws import Draws
from fastcnn.augment.tone import white

__all__ = ["GaussNoise"]


class GaussNoise(ImageOnlyTransform):
    """Adds normally distributed noise, whose deviation and mean are evenly distributed between limits.

    Args:
        std_range: limits of the standard deviation, as a fraction of white.
        mean_range: limits of the mean, as a fraction of white, from -1 to 1.
        per_channel: whether each channel has noise of its own.
        noise_scale_factor: noise is made for an image smaller by this factor, and resized: below 1 it has grains.
        p: the probability.

    Example:
        >>> import numpy as np
        >>> y = GaussNoise(std_range=(0.1, 0.1), p=1.0)(image=np.full((64, 64, 3), 128, np.uint8))["image"]
        >>> bool(abs(y.std() / 255 - 0.1) < 0.01)
        True
    """

    def __init__(
        self,
        std_range: Range = (0.2, 0.44),
        mean_range: Range = (0.0, 0.0),
        per_channel: bool = True,
        noise_scale_factor: float = 1,
        p: float = 0.5,
    ):
        super().__init__(p)
        self.std_range = arguments.interval("std_range", std_range, 0, 1)
        self.mean_range = arguments.interval("mean_range", mean_range, -1, 1)
        self.per_channel = arguments.flag("per_channel", per_channel)
        self.noise_scale_factor = arguments.number("noise_scale_factor", noise_scale_factor, 0, 1)
        if noise_scale_factor == 0:
            raise ValueError("noise_scale_factor must be above 0, got 0")

    def parameters(self, draws: Draws, image: Any) -> dict[str, Any]:
        """Deviation, mean, and the key of the noise."""
        most = white(image)
        std, mean = draws.uniform(*self.std_range) * most, draws.uniform(*self.mean_range) * most
        return {"std": std, "mean": mean, "key": draws.key()}

    def apply(self, image: Any, std: float, mean: float, key: tuple[int, int]) -> Any:
        """The image and the noise, cut off at black and white."""
        if self.noise_scale_factor == 1:
            y = kernels.image_noise(image, key, mean, std, self.per_channel)
            return y if y.dtype == np.uint8 else np.clip(y, 0, 1, out=y)
        height, width = (max(1, int(n * self.noise_scale_factor)) for n in image.shape[:2])
        size = (height, width, image.shape[2] if self.per_channel else 1)
        grains = kernels.image_noise(np.zeros(size, np.float32), key, mean, std)
        y = image + kernels.image_resize(grains, *image.shape[:2])
        return np.rint(y).clip(0, 255).astype(np.uint8) if image.dtype == np.uint8 else np.clip(y, 0, 1)
