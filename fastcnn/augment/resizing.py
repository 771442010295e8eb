"""Images of another size."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.augment import arguments
from fastcnn.augment.base import DualTransform
from fastcnn.augment.draws import Draws

__all__ = ["LongestMaxSize", "Resize", "SmallestMaxSize"]

Part = tuple[int, int, int, int] | None
_NAMES = {"linear_exact": "linear", "nearest_exact": "nearest"}


def area_choice(value: Any) -> Any:
    """What ``area_for_downscale`` may be."""
    return arguments.choice("area_for_downscale", value, (None, "image", "image_mask"))


def resized(image: Any, size: tuple[int, int], interpolation: str) -> Any:
    """An image in another size; "nearest" takes the pixel whose corner is nearest, as OpenCV does."""
    if image.shape[:2] == size:
        return image
    if interpolation == "nearest":
        rows = np.arange(size[0]) * image.shape[0] // size[0]
        columns = np.arange(size[1]) * image.shape[1] // size[1]
        return image.take(rows, axis=0).take(columns, axis=1)
    return kernels.image_resize(image, *size, interpolation=_NAMES.get(interpolation, interpolation))


class Resizing(DualTransform):
    """What all transforms with a new size share: how they read pixels."""

    interpolation: str
    mask_interpolation: str
    area_for_downscale: str | None

    def _set_reading(self, interpolation: Any, mask_interpolation: Any) -> None:
        self.interpolation = arguments.interpolation(interpolation)
        self.mask_interpolation = arguments.interpolation(mask_interpolation, "mask_interpolation")

    def _way(self, old: Sequence[int], new: Sequence[int], of_mask: bool) -> str:
        shrinks = new[0] < old[0] or new[1] < old[1]
        if shrinks and self.area_for_downscale in (("image_mask",) if of_mask else ("image", "image_mask")):
            return "area"
        return self.mask_interpolation if of_mask else self.interpolation

    def apply(self, image: Any, size: tuple[int, int], part: Part = None) -> Any:
        """The image, or a part of it (top, left, height, width), in the new size."""
        image = _cut(image, part)
        return resized(image, size, self._way(image.shape, size, of_mask=False))

    def apply_to_mask(self, mask: Any, size: tuple[int, int], part: Part = None) -> Any:
        """As for images, with ``mask_interpolation``."""
        mask = _cut(mask, part)
        return resized(mask, size, self._way(mask.shape, size, of_mask=True))


def _cut(image: Any, part: Part) -> Any:
    if part is None:
        return image
    top, left, height, width = part
    return np.ascontiguousarray(image[top : top + height, left : left + width])


class Resize(Resizing):
    """Resized to a height and width. Masks follow.

    Args:
        height: of the result.
        width: of the result.
        interpolation: "nearest", "linear", "cubic", "area", or OpenCV's number.
        mask_interpolation: as ``interpolation``, for masks.
        area_for_downscale: "image": images that shrink are read by "area"; "image_mask": masks, too; None: neither.
        p: the probability.

    Example:
        >>> import numpy as np
        >>> Resize(1, 2, interpolation="area")(image=np.array([[0, 10, 20, 30]], np.uint8))["image"].tolist()
        [[5, 25]]
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: int | str = "linear",
        mask_interpolation: int | str = "nearest",
        area_for_downscale: str | None = None,
        p: float = 1.0,
    ):
        super().__init__(p)
        self.height, self.width = arguments.integer("height", height), arguments.integer("width", width)
        self._set_reading(interpolation, mask_interpolation)
        self.area_for_downscale = area_choice(area_for_downscale)

    def parameters(self, draws: Draws, image: Any) -> dict[str, Any]:
        """The size."""
        return {"size": (self.height, self.width)}


class _MaxSize(Resizing):
    """Resized by one factor that follows from the sides."""

    _of_factors: Any

    def __init__(
        self,
        max_size: int | Sequence[int] | None = None,
        max_size_hw: tuple[int | None, int | None] | None = None,
        interpolation: int | str = "linear",
        mask_interpolation: int | str = "nearest",
        area_for_downscale: str | None = None,
        p: float = 1.0,
    ):
        super().__init__(p)
        if (max_size is None) == (max_size_hw is None):
            raise ValueError(f"give max_size or max_size_hw, got {max_size!r} and {max_size_hw!r}")
        self.max_size, self.max_size_hw = _side(max_size), None
        if max_size_hw is not None:
            if len(max_size_hw) != 2 or max_size_hw[0] is max_size_hw[1] is None:
                raise ValueError(f"max_size_hw must be (height, width), one of which may be None, got {max_size_hw!r}")
            self.max_size_hw = tuple(None if n is None else arguments.integer("max_size_hw", n) for n in max_size_hw)
        self._set_reading(interpolation, mask_interpolation)
        self.area_for_downscale = area_choice(area_for_downscale)

    def parameters(self, draws: Draws, image: Any) -> dict[str, Any]:
        """The size, of a random one of several ``max_size``."""
        height, width = image.shape[:2]
        if self.max_size_hw is not None:
            sides = zip(self.max_size_hw, (height, width), strict=True)
            scale = self._of_factors([new / old for new, old in sides if new is not None])
        else:
            new = self.max_size
            if isinstance(new, tuple):
                new = new[draws.integer(0, len(new) - 1)]
            scale = self._of_factors([(new or 0) / height, (new or 0) / width])
        return {"size": (max(1, round(height * scale)), max(1, round(width * scale)))}


def _side(value: Any) -> Any:
    if value is None or not isinstance(value, Sequence) or isinstance(value, str):
        return None if value is None else arguments.integer("max_size", value)
    if not value:
        raise ValueError("max_size is empty")
    return tuple(arguments.integer("max_size", n) for n in value)


class SmallestMaxSize(_MaxSize):
    """Resized so that the shorter side gets a length; height by width stays. Masks follow.

    Args:
        max_size: the length; of several, a random one.
        max_size_hw: in its place: lengths that height and width reach at least; one of them may be None.
        interpolation: "nearest", "linear", "cubic", "area", or OpenCV's number.
        mask_interpolation: as ``interpolation``, for masks.
        area_for_downscale: "image": images that shrink are read by "area"; "image_mask": masks, too; None: neither.
        p: the probability.

    Example:
        >>> import numpy as np
        >>> SmallestMaxSize(10)(image=np.zeros((20, 30, 3), np.uint8))["image"].shape
        (10, 15, 3)
    """

    _of_factors = staticmethod(max)


class LongestMaxSize(_MaxSize):
    """Resized so that the longer side gets a length; height by width stays. Masks follow.

    Args:
        max_size: the length; of several, a random one.
        max_size_hw: in its place: lengths that neither height nor width passes; one of them may be None.
        interpolation: "nearest", "linear", "cubic", "area", or OpenCV's number.
        mask_interpolation: as ``interpolation``, for masks.
        area_for_downscale: "image": images that shrink are read by "area"; "image_mask": masks, too; None: neither.
        p: the probability.

    Example:
        >>> import numpy as np
        >>> LongestMaxSize(15)(image=np.zeros((20, 30, 3), np.uint8))["image"].shape
        (10, 15, 3)
    """

    _of_factors = staticmethod(min)
