"""Parts of images."""

import math
from typing import Any

from fastcnn.augment import arguments
from fastcnn.augment.arguments import Range
from fastcnn.augment.draws import Draws
from fastcnn.augment.padding import Padding, before
from fastcnn.augment.resizing import Resizing, area_choice

__all__ = ["CenterCrop", "RandomCrop", "RandomResizedCrop"]


class _Crop(Padding):
    """A window of given height and width; smaller images are padded first, or refused."""

    _corner: Any  # (draws, rows, columns): where it is, of so many places

    def __init__(
        self,
        height: int,
        width: int,
        pad_if_needed: bool = False,
        pad_position: str = "center",
        border_mode: int | str = "constant",
        fill: Any = 0.0,
        fill_mask: Any = 0.0,
        p: float = 1.0,
    ):
        super().__init__(p)
        self.height, self.width = arguments.integer("height", height), arguments.integer("width", width)
        self.pad_if_needed = arguments.flag("pad_if_needed", pad_if_needed)
        self.pad_position = self._set_padding(pad_position, border_mode, fill, fill_mask)

    def parameters(self, draws: Draws, image: Any) -> dict[str, Any]:
        """Where the window is."""
        height, width = image.shape[:2]
        missing = max(0, self.height - height), max(0, self.width - width)
        if any(missing) and not self.pad_if_needed:
            raise ValueError(
                f"{type(self).__name__} cannot cut {self.height} x {self.width} out of an image of {height} x {width} "
                "(height x width): pad_if_needed=True pads it, or resize before"
            )
        above, beside = before(draws, missing, self.pad_position) if any(missing) else (0, 0)
        top, left = self._corner(draws, height + missing[0] - self.height, width + missing[1] - self.width)
        return {"top": top - above, "left": left - beside, "height": self.height, "width": self.width}


class RandomCrop(_Crop):
    """A window of the image, each place as likely as the others. Masks follow.

    Args:
        height: of the window.
        width: of the window.
        pad_if_needed: whether images smaller than the window are padded; else they are errors.
        pad_position: where they then lie: "center", "top_left", "top_right", "bottom_left", "bottom_right", "random".
        border_mode: what is around: "constant", "replicate", "reflect", "wrap", "reflect_101", or OpenCV's number.
        fill: a number, or one per channel, where ``border_mode`` is "constant".
        fill_mask: as ``fill``, for masks.
        p: the probability.

    Example:
        >>> import numpy as np
        >>> RandomCrop(2, 3)(image=np.zeros((5, 5, 3), np.uint8))["image"].shape
        (2, 3, 3)
    """

    def _corner(self, draws: Draws, rows: int, columns: int) -> tuple[int, int]:
        return draws.integer(0, rows), draws.integer(0, columns)


class CenterCrop(_Crop):
    """The window in the middle of the image. Masks follow. Arguments as in ``RandomCrop``.

    Example:
        >>> import numpy as np
        >>> CenterCrop(1, 2)(image=np.arange(12, dtype=np.uint8).reshape(3, 4))["image"].tolist()
        [[5, 6]]
    """

    def _corner(self, draws: Draws, rows: int, columns: int) -> tuple[int, int]:
        return rows // 2, columns // 2


class RandomResizedCrop(Resizing):
    """A random part of the image, resized: how networks for photographs are trained. Masks follow.

    The part's area is evenly distributed, the logarithm of its width by its height, too; of up to ten draws the first
    one that fits in is taken, anywhere with the same likelihood. If none fits: the middle, as large as ratios allow.

    Args:
        size: (height, width) of the result.
        scale: limits of the part's area, as a fraction of the image's.
        ratio: limits of the part's width by its height.
        interpolation: "nearest", "linear", "cubic", "area", or OpenCV's number.
        mask_interpolation: as ``interpolation``, for masks.
        area_for_downscale: "image": images that shrink are read by "area"; "image_mask": masks, too; None: neither.
        p: the probability.

    Example:
        >>> import numpy as np
        >>> RandomResizedCrop((4, 4), scale=(0.5, 1.0))(image=np.zeros((9, 7, 3), np.uint8))["image"].shape
        (4, 4, 3)
    """

    def __init__(
        self,
        size: tuple[int, int],
        scale: Range = (0.08, 1.0),
        ratio: Range = (0.75, 1.3333333333333333),
        interpolation: int | str = "linear",
        mask_interpolation: int | str = "nearest",
        area_for_downscale: str | None = None,
        p: float = 1.0,
    ):
        super().__init__(p)
        self.size = arguments.size("size", size)
        self.scale = arguments.interval("scale", scale, 0, 1)
        self.ratio = arguments.interval("ratio", ratio, 0)
        if self.scale[1] == 0 or self.ratio[0] == 0:
            raise ValueError(f"scale and ratio must be above 0, got {scale!r} and {ratio!r}")
        self._set_reading(interpolation, mask_interpolation)
        self.area_for_downscale = area_choice(area_for_downscale)

    def parameters(self, draws: Draws, image: Any) -> dict[str, Any]:
        """The part."""
        height, width = image.shape[:2]
        part = self._part(draws, height, width)
        if part is None:
            rows, columns = self._largest(height, width)
            part = (height - rows) // 2, (width - columns) // 2, rows, columns
        return {"part": part, "size": self.size}

    def _part(self, draws: Draws, height: int, width: int) -> tuple[int, int, int, int] | None:
        for _ in range(10):
            area = draws.uniform(*self.scale) * height * width
            ratio = math.exp(draws.uniform(math.log(self.ratio[0]), math.log(self.ratio[1])))
            rows, columns = round(math.sqrt(area / ratio)), round(math.sqrt(area * ratio))
            if 0 < rows <= height and 0 < columns <= width:
                return draws.integer(0, height - rows), draws.integer(0, width - columns), rows, columns
        return None

    def _largest(self, height: int, width: int) -> tuple[int, int]:
        low, high = self.ratio
        if width / height < low:
            return max(1, round(width / low)), width
        return height, max(1, round(height * high)) if width / height > high else width
