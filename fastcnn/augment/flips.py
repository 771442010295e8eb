"""Mirrored and turned images: no pixel changes, each goes elsewhere."""

from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.augment.base import DualTransform
from fastcnn.augment.draws import Draws

__all__ = ["D4", "HorizontalFlip", "RandomRotate90", "Transpose", "VerticalFlip"]


class VerticalFlip(DualTransform):
    """Upside down. Masks follow.

    Args:
        p: the probability.

    Example:
        >>> import numpy as np
        >>> VerticalFlip(p=1.0)(image=np.array([[1, 2], [3, 4]], np.uint8))["image"].tolist()
        [[3, 4], [1, 2]]
    """

    def apply(self, image: Any, **parameters: Any) -> Any:
        """The rows in the opposite order."""
        return kernels.image_flip(image, vertical=True)


class HorizontalFlip(DualTransform):
    """Left and right exchanged. Masks follow.

    Args:
        p: the probability.

    Example:
        >>> import numpy as np
        >>> HorizontalFlip(p=1.0)(image=np.array([[1, 2], [3, 4]], np.uint8))["image"].tolist()
        [[2, 1], [4, 3]]
    """

    def apply(self, image: Any, **parameters: Any) -> Any:
        """The columns in the opposite order."""
        return kernels.image_flip(image, horizontal=True)


class Transpose(DualTransform):
    """Rows become columns. Masks follow.

    Args:
        p: the probability.

    Example:
        >>> import numpy as np
        >>> Transpose(p=1.0)(image=np.array([[1, 2], [3, 4]], np.uint8))["image"].tolist()
        [[1, 3], [2, 4]]
    """

    def apply(self, image: Any, **parameters: Any) -> Any:
        """Rows and columns exchanged."""
        return np.ascontiguousarray(image.swapaxes(0, 1))


class RandomRotate90(DualTransform):
    """Turned against the clock by 0, 90, 180 or 270 degrees, each as likely as the others. Masks follow.

    Args:
        p: the probability.

    Example:
        >>> import numpy as np
        >>> RandomRotate90()(image=np.zeros((4, 4, 3), np.uint8))["image"].shape
        (4, 4, 3)
    """

    def __init__(self, p: float = 1.0):
        super().__init__(p)

    def parameters(self, draws: Draws, image: Any) -> dict[str, Any]:
        """How many quarters."""
        return {"factor": draws.integer(0, 3)}

    def apply(self, image: Any, factor: int) -> Any:
        """Turned by ``factor`` quarters."""
        return np.ascontiguousarray(np.rot90(image, factor))


class D4(DualTransform):
    """One of the eight ways to lay a square onto itself, each as likely as the others. Masks follow.

    Args:
        p: the probability.

    Example:
        >>> import numpy as np
        >>> D4()(image=np.zeros((4, 4, 3), np.uint8))["image"].shape
        (4, 4, 3)
    """

    def __init__(self, p: float = 1.0):
        super().__init__(p)

    def parameters(self, draws: Draws, image: Any) -> dict[str, Any]:
        """How many quarters, and whether rows and columns are exchanged before."""
        element = draws.integer(0, 7)
        return {"factor": element % 4, "transposed": element > 3}

    def apply(self, image: Any, factor: int, transposed: bool) -> Any:
        """Transposed or not, then turned by ``factor`` quarters."""
        return np.ascontiguousarray(np.rot90(image.swapaxes(0, 1) if transposed else image, factor))
