"""Brightness, contrast and gamma."""

from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.augment import arguments
from fastcnn.augment.arguments import Range
from fastcnn.augment.base import ImageOnlyTransform
from fastcnn.augment.draws import Draws

__all__ = ["CLAHE", "RandomBrightnessContrast", "RandomGamma"]


def white(image: Any) -> float:
    """The largest value: 255 for bytes, 1 for floats; floats that cannot be meant so are refused."""
    if image.dtype == np.uint8:
        return 255.0
    low, high = float(image.min()), float(image.max())
    if high > 8:
        raise ValueError(
            f"image must be from 0 to 1 where it is float32, got values up to {high:.4g}: "
            "image.astype(np.uint8) or image / 255 makes it so"
        )
    if low < -0.5:
        raise ValueError(
            f"image must be from 0 to 1 where it is float32, got values from {low:.4g} to {high:.4g}: "
            "augment first, then normalise"
        )
    return 1.0


class RandomBrightnessContrast(ImageOnlyTransform):
    """``contrast * image + brightness``, both evenly distributed between their limits, independent of each other.

    Args:
        brightness_limit: what is added, as a fraction of white; a number ``a`` means (-a, a).
        contrast_limit: the factor less 1; a number ``a`` means (-a, a).
        brightness_by_max: whether ``brightness_limit`` is a fraction of white, or of the image's mean.
        ensure_safe_range: whether both are lowered until nothing is cut off at white.
        p: the probability.

    Example:
        >>> import numpy as np
        >>> aug = RandomBrightnessContrast(brightness_limit=(0.2, 0.2), contrast_limit=0, p=1.0)
        >>> aug(image=np.array([[0, 100, 250]], np.uint8))["image"].tolist()
        [[51, 151, 255]]
    """

    def __init__(
        self,
        brightness_limit: float | Range = (-0.2, 0.2),
        contrast_limit: float | Range = (-0.2, 0.2),
        brightness_by_max: bool = True,
        ensure_safe_range: bool = False,
        p: float = 0.5,
    ):
        super().__init__(p)
        self.brightness_limit = arguments.symmetric("brightness_limit", brightness_limit)
        self.contrast_limit = arguments.symmetric("contrast_limit", contrast_limit)
        self.brightness_by_max = arguments.flag("brightness_by_max", brightness_by_max)
        self.ensure_safe_range = arguments.flag("ensure_safe_range", ensure_safe_range)

    def parameters(self, draws: Draws, image: Any) -> dict[str, Any]:
        """Factor and summand."""
        most = white(image)
        alpha = 1 + draws.uniform(*self.contrast_limit)
        beta = draws.uniform(*self.brightness_limit) * (most if self.brightness_by_max else float(image.mean()))
        if self.ensure_safe_range:
            beta = min(max(beta, 0.0), most) if alpha > 0 else min(beta, most)
            alpha = min(alpha, (most - beta) / most) if alpha > 0 else max(alpha, -beta / most)
        return {"alpha": alpha, "beta": beta}

    def apply(self, image: Any, alpha: float, beta: float) -> Any:
        """``alpha * image + beta``, cut off at black and white."""
        return kernels.image_scale(image, alpha, beta, 255.0 if image.dtype == np.uint8 else 1.0)


class RandomGamma(ImageOnlyTransform):
    """Every value, from 0 to 1, to a power evenly distributed between the limits.

    Args:
        gamma_limit: the power in percent; a number ``a`` means (1, a).
        p: the probability.

    Example:
        >>> import numpy as np
        >>> RandomGamma(gamma_limit=(200, 200), p=1.0)(image=np.array([[0, 51, 255]], np.uint8))["image"].tolist()
        [[0, 10, 255]]
    """

    def __init__(self, gamma_limit: float | Range = (80, 120), p: float = 0.5):
        super().__init__(p)
        self.gamma_limit = arguments.upward("gamma_limit", gamma_limit, 1)

    def parameters(self, draws: Draws, image: Any) -> dict[str, Any]:
        """The power."""
        white(image)
        return {"gamma": draws.uniform(*self.gamma_limit) / 100}

    def apply(self, image: Any, gamma: float) -> Any:
        """The values to this power; bytes by a table."""
        if image.dtype == np.float32:
            return np.power(np.maximum(image, 0), np.float32(gamma))
        table = np.rint((np.arange(256) / 255) ** gamma * 255).astype(np.uint8)
        return kernels.image_lookup(image, table)


class CLAHE(ImageOnlyTransform):
    """Contrast-limited adaptive equalisation: lightness made even within tiles, which blend into each other.

    Colours are equalised in their lightness (Lab); float32 images as bytes.

    Args:
        clip_limit: how far contrast may rise; evenly distributed between limits; a number ``a`` means (1, a).
        tile_grid_size: how many tiles, (across, down), as OpenCV counts them.
        p: the probability.

    Example:
        >>> import numpy as np
        >>> flat = np.tile(np.arange(100, 132, dtype=np.uint8), (32, 1))
        >>> bool(np.ptp(CLAHE(p=1.0)(image=flat)["image"]) > np.ptp(flat))
        True
    """

    def __init__(self, clip_limit: float | Range = 4.0, tile_grid_size: tuple[int, int] = (8, 8), p: float = 0.5):
        super().__init__(p)
        self.clip_limit = arguments.upward("clip_limit", clip_limit, 1)
        self.tile_grid_size = arguments.size("tile_grid_size", tile_grid_size)

    def parameters(self, draws: Draws, image: Any) -> dict[str, Any]:
        """The limit."""
        needs_colours(image, "CLAHE")
        return {"clip_limit": draws.uniform(*self.clip_limit)}

    def apply(self, image: Any, clip_limit: float) -> Any:
        """Equalised."""
        across, down = self.tile_grid_size
        tiles = min(down, image.shape[0]), min(across, image.shape[1])
        if image.dtype == np.uint8:
            return kernels.image_clahe(image, clip_limit, tiles)
        return as_floats(kernels.image_clahe(as_bytes(image), clip_limit, tiles))


def needs_colours(image: Any, name: str) -> None:
    """Only grey and RGB images, of values that are known, have what ``name`` changes."""
    white(image)
    if image.shape[2] not in (1, 3):
        raise ValueError(f"{name} needs 1 or 3 channels, got an image of shape {image.shape}")


def as_bytes(image: Any) -> Any:
    """A float image as uint8."""
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)


def as_floats(image: Any) -> Any:
    """A uint8 image as float32 from 0 to 1."""
    return image.astype(np.float32) / np.float32(255)
