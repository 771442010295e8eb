"""Blurred images."""

from typing import Any

from fastcnn import kernels
from fastcnn.augment import arguments
from fastcnn.augment.arguments import Range
from fastcnn.augment.base import ImageOnlyTransform
from fastcnn.augment.draws import Draws

__all__ = ["Blur", "GaussianBlur"]


class Blur(ImageOnlyTransform):
    """The mean over a square window; its side is an odd number between the limits, each as likely as the others.

    Args:
        blur_limit: limits of the side, odd and at least 3; a number ``a`` means (3, a).
        p: the probability.

    Example:
        >>> import numpy as np
        >>> Blur(blur_limit=(3, 3), p=1.0)(image=np.array([[0, 0, 90, 0, 0]], np.uint8))["image"].tolist()
        [[0, 30, 30, 30, 0]]
    """

    def __init__(self, blur_limit: int | tuple[int, int] = (3, 7), p: float = 0.5):
        super().__init__(p)
        pair = (3, blur_limit) if arguments.is_integer(blur_limit) else blur_limit
        self.blur_limit = arguments.integers("blur_limit", pair, 3)
        if not all(side % 2 for side in self.blur_limit):
            raise ValueError(f"blur_limit must be odd, so that windows have a middle, got {blur_limit!r}")

    def parameters(self, draws: Draws, image: Any) -> dict[str, Any]:
        """The side."""
        low, high = self.blur_limit
        return {"kernel": low + 2 * draws.integer(0, (high - low) // 2)}

    def apply(self, image: Any, kernel: int) -> Any:
        """Blurred by a window of ``kernel`` times ``kernel``; beyond the edge the image is mirrored."""
        return kernels.image_blur(image, kernel, kernel)


class GaussianBlur(ImageOnlyTransform):
    """The mean over a window, weighted by a bell; its standard deviation is evenly distributed between the limits.

    Args:
        blur_limit: limits of the window's side; even ones become the next odd number; a number ``a`` means (0, a). For
            0 the side follows from the bell: ``2 * int(3.5 * sigma) + 1``.
        sigma_limit: limits of the standard deviation; a number ``a`` means (0, a).
        p: the probability.

    Example:
        >>> import numpy as np
        >>> aug = GaussianBlur(blur_limit=(3, 3), sigma_limit=(1, 1), p=1.0)
        >>> aug(image=np.array([[0, 0, 100, 0, 0]], np.uint8))["image"].tolist()
        [[0, 27, 45, 27, 0]]
    """

    def __init__(self, blur_limit: int | tuple[int, int] = 0, sigma_limit: float | Range = (0.5, 3.0), p: float = 0.5):
        super().__init__(p)
        pair = (0, blur_limit) if arguments.is_integer(blur_limit) else blur_limit
        self.blur_limit = arguments.integers("blur_limit", pair, 0)
        self.sigma_limit = arguments.upward("sigma_limit", sigma_limit, 0)

    def parameters(self, draws: Draws, image: Any) -> dict[str, Any]:
        """Deviation and side."""
        sigma, side = draws.uniform(*self.sigma_limit), draws.integer(*self.blur_limit)
        return {"sigma": sigma, "kernel": side | 1 if side else 2 * int(3.5 * sigma) + 1}

    def apply(self, image: Any, sigma: float, kernel: int) -> Any:
        """Blurred; beyond the edge the image is mirrored."""
        return kernels.image_gaussian_blur(image, sigma, sigma, kernel)
