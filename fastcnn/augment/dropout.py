"""Holes in images."""

from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.augment import arguments
from fastcnn.augment.arguments import Range
from fastcnn.augment.base import DualTransform
from fastcnn.augment.draws import Draws

__all__ = ["CoarseDropout"]


class CoarseDropout(DualTransform):
    """Paints over rectangles, any place as likely as any other. Masks stay as they are unless ``fill_mask`` is given.

    The number of holes, their heights and their widths are evenly distributed between their limits.

    Args:
        num_holes_range: limits of their number.
        hole_height_range: limits of their height: pixels where the upper one is an integer of 1 or more, else
            fractions of the image's height.
        hole_width_range: the same for their width.
        fill: a number, one per channel, "random" (each pixel of its own), or "random_uniform" (each hole of its own).
        fill_mask: a number, or one per channel, for masks.
        p: the probability.

    Example:
        >>> import numpy as np
        >>> aug = CoarseDropout((1, 1), (0.5, 0.5), (0.5, 0.5), fill=9, p=1.0)
        >>> int((aug(image=np.zeros((8, 8), np.uint8))["image"] == 9).sum())
        16
    """

    def __init__(
        self,
        num_holes_range: tuple[int, int] = (1, 2),
        hole_height_range: Range | tuple[int, int] = (0.1, 0.2),
        hole_width_range: Range | tuple[int, int] = (0.1, 0.2),
        fill: Any = 0,
        fill_mask: Any = None,
        p: float = 0.5,
    ):
        super().__init__(p)
        self.num_holes_range = arguments.integers("num_holes_range", num_holes_range)
        self.hole_height_range = arguments.interval("hole_height_range", hole_height_range, 0)
        self.hole_width_range = arguments.interval("hole_width_range", hole_width_range, 0)
        if fill in ("inpaint_telea", "inpaint_ns"):
            raise NotImplementedError(f"fill {fill!r}: inpainting is not available; give a number or 'random'")
        if isinstance(fill, str):
            self.fill = arguments.choice("fill", fill, ("random", "random_uniform"))
        else:
            self.fill = arguments.fill(fill)
        self.fill_mask = None if fill_mask is None else arguments.fill(fill_mask, "fill_mask")

    def parameters(self, draws: Draws, image: Any) -> dict[str, Any]:
        """The holes: (top, left, bottom, right)."""
        height, width = image.shape[:2]
        holes = []
        for _ in range(draws.integer(*self.num_holes_range)):
            rows = _side(draws, self.hole_height_range, height)
            columns = _side(draws, self.hole_width_range, width)
            top, left = draws.integer(0, height - rows), draws.integer(0, width - columns)
            holes.append((top, left, top + rows, left + columns))
        return {"holes": holes, "key": draws.key() if isinstance(self.fill, str) else None}

    def apply(self, image: Any, holes: list[tuple[int, int, int, int]], key: Any) -> Any:
        """The image with holes."""
        if isinstance(self.fill, str):
            return self._random(image, holes, Draws(key))
        return kernels.image_fill(image, holes, arguments.fill_for(self.fill, image))

    def apply_to_mask(self, mask: Any, holes: list[tuple[int, int, int, int]], key: Any) -> Any:
        """With holes of ``fill_mask``, if any."""
        if self.fill_mask is None:
            return mask
        return kernels.image_fill(mask, holes, arguments.fill_for(self.fill_mask, mask, "fill_mask"))

    def _random(self, image: Any, holes: list[tuple[int, int, int, int]], draws: Draws) -> Any:
        y = image.copy()
        for top, left, bottom, right in holes:
            hole = (bottom - top, right - left) if self.fill == "random" else (1, 1)
            count = hole[0] * hole[1] * image.shape[2]
            if not count:
                continue
            if image.dtype == np.uint8:
                values = draws.words(-(-count // 4)).view(np.uint8)[:count]
            else:
                values = draws.words(count) * np.float32(2**-32)
            y[top:bottom, left:right] = values.reshape(*hole, image.shape[2])
        return y


def _side(draws: Draws, limits: Any, whole: int) -> int:
    low, high = limits
    if high >= 1:
        return draws.integer(min(int(low), whole), min(int(high), whole))
    return int(whole * draws.uniform(low, high))
