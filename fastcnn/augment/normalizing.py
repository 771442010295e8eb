"""Images as numbers for networks: the last step of a pipeline."""

from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.augment import arguments
from fastcnn.augment.base import ImageOnlyTransform
from fastcnn.augment.tone import white

__all__ = ["Normalize", "ToFloat"]

_KINDS = ("standard", "image", "image_per_channel", "min_max", "min_max_per_channel")
_SMALL = np.float32(1e-4)


class ToFloat(ImageOnlyTransform):
    """Divided by the largest value: float32 from 0 to 1.

    Args:
        max_value: the largest value; None: 255 for uint8, 1 for float32.
        p: the probability.

    Example:
        >>> import numpy as np
        >>> ToFloat()(image=np.array([[0, 51, 255]], np.uint8))["image"].tolist()
        [[0.0, 0.20000000298023224, 1.0]]
    """

    def __init__(self, max_value: float | None = None, p: float = 1.0):
        super().__init__(p)
        self.max_value = None if max_value is None else arguments.number("max_value", max_value)
        if max_value == 0:
            raise ValueError("max_value must not be 0")

    def apply(self, image: Any, **parameters: Any) -> Any:
        """Divided."""
        return image.astype(np.float32) / np.float32(self.max_value or white(image))


class Normalize(ImageOnlyTransform):
    """``(image - mean * max_pixel_value) / (std * max_pixel_value)``, as float32: ImageNet's numbers unless given.

    Args:
        mean: one number per channel, or one for all.
        std: one number per channel, or one for all.
        max_pixel_value: 255 for uint8 images, 1 for float32 images from 0 to 1.
        normalization: "standard" as above; "image": by mean and deviation of the image itself; "image_per_channel": of
            each channel; "min_max" and "min_max_per_channel": from 0 to 1.
        p: the probability.

    Example:
        >>> import numpy as np
        >>> Normalize(mean=0.5, std=0.5)(image=np.array([[0, 255]], np.uint8))["image"].tolist()
        [[-1.0, 1.0]]
    """

    def __init__(
        self,
        mean: Any = (0.485, 0.456, 0.406),
        std: Any = (0.229, 0.224, 0.225),
        max_pixel_value: float | None = 255.0,
        normalization: str = "standard",
        p: float = 1.0,
    ):
        super().__init__(p)
        self.normalization = arguments.choice("normalization", normalization, _KINDS)
        self.mean = None if mean is None else arguments.fill(mean, "mean")
        self.std = None if std is None else arguments.fill(std, "std")
        self.max_pixel_value: Any = max_pixel_value
        if self.normalization == "standard":
            if mean is None or std is None or max_pixel_value is None:
                raise ValueError("mean, std and max_pixel_value must be given where normalization is 'standard'")
            self.max_pixel_value = arguments.number("max_pixel_value", max_pixel_value)
            if max_pixel_value <= 0 or not np.all(np.asarray(self.std) > 0):
                raise ValueError(f"std and max_pixel_value must be above 0, got {std!r} and {max_pixel_value!r}")

    def apply(self, image: Any, **parameters: Any) -> Any:
        """Normalised."""
        if self.normalization == "standard":
            mean, std = self._for(image, "mean"), self._for(image, "std")
            return kernels.image_normalize(image, mean, std, self.max_pixel_value)
        pixels = image.astype(np.float32)
        axes = (0, 1) if self.normalization.endswith("per_channel") else None
        if self.normalization.startswith("image"):
            mean = pixels.mean(axis=axes, dtype=np.float64).astype(np.float32)
            std = pixels.std(axis=axes, dtype=np.float64).astype(np.float32)
            return ((pixels - mean) / (std + _SMALL)).clip(-20, 20)
        low, high = pixels.min(axis=axes), pixels.max(axis=axes)
        return (pixels - low) / (high - low + _SMALL)

    def _for(self, image: Any, name: str) -> Any:
        value = getattr(self, name)
        if isinstance(value, tuple) and len(value) not in (1, image.shape[2]):
            one = round(sum(value) / len(value), 3)
            raise ValueError(
                f"{name} has {len(value)} numbers, the image has {image.shape[2]} channels: "
                f"Normalize({name}={one}, ...) takes one for all"
            )
        return value
