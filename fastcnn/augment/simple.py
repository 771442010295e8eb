"""Nothing, and functions of one's own."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn.augment.base import DualTransform

__all__ = ["Lambda", "NoOp"]


class NoOp(DualTransform):
    """Does nothing: a choice in ``OneOf``.

    Args:
        p: the probability, of nothing.

    Example:
        >>> import numpy as np
        >>> NoOp()(image=np.array([[3]], np.uint8))["image"].tolist()
        [[3]]
    """

    def apply(self, image: Any, **parameters: Any) -> Any:
        """The same image."""
        return image


class Lambda(DualTransform):
    """Functions as a transform. It is not reproducible by key if they draw random numbers, and has no config.

    Args:
        image: from an image, (h, w, c), to an image.
        mask: from a mask to a mask; masks stay as they are unless given.
        keypoints: None; keypoints are not available.
        bboxes: None; bounding boxes are not available.
        name: shown by ``repr``.
        p: the probability.

    Example:
        >>> import numpy as np
        >>> Lambda(image=lambda x: 255 - x, name="negative")(image=np.array([[3]], np.uint8))["image"].tolist()
        [[252]]
    """

    def __init__(
        self,
        image: Callable[[Any], Any] | None = None,
        mask: Callable[[Any], Any] | None = None,
        keypoints: Any = None,
        bboxes: Any = None,
        name: str | None = None,
        p: float = 1.0,
    ):
        super().__init__(p)
        for what, value in (("keypoints", keypoints), ("bboxes", bboxes)):
            if value is not None:
                raise NotImplementedError(f"{what}: fastcnn.augment has neither keypoints nor bounding boxes")
        for what, value in (("image", image), ("mask", mask)):
            if value is not None and not callable(value):
                raise TypeError(f"{what} must be a function or None, got {value!r}")
        self.image, self.mask, self.name = image, mask, name
        self.keypoints = self.bboxes = None

    def apply(self, image: Any, **parameters: Any) -> Any:
        """What the function makes of it."""
        return image if self.image is None else _with_channels(self.image(image), "image")

    def apply_to_mask(self, mask: Any, **parameters: Any) -> Any:
        """What the function for masks makes of it."""
        return mask if self.mask is None else _with_channels(self.mask(mask), "mask")

    def to_dict(self) -> dict[str, Any]:
        """Functions cannot be described."""
        raise NotImplementedError(f"{self!r} holds functions, which cannot be written to a dict: make a class of them")


def _with_channels(result: Any, name: str) -> Any:
    if not isinstance(result, np.ndarray) or result.ndim not in (2, 3):
        what = f"shape {result.shape}" if isinstance(result, np.ndarray) else type(result).__name__
        raise ValueError(f"{name}: the function must return an array (h, w) or (h, w, c), got {what}")
    return result if result.ndim == 3 else result[:, :, None]
