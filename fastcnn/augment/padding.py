"""Borders around images that are too small."""

from typing import Any

from fastcnn import kernels
from fastcnn.augment import arguments
from fastcnn.augment.base import DualTransform
from fastcnn.augment.draws import Draws

__all__ = ["PadIfNeeded"]

POSITIONS = ("center", "top_left", "top_right", "bottom_left", "bottom_right", "random")


class Padding(DualTransform):
    """What crops and ``PadIfNeeded`` share: where the image lies in a larger one, and what is around it."""

    border_mode: str
    fill: Any
    fill_mask: Any

    def _set_padding(self, position: Any, border_mode: Any, fill: Any, fill_mask: Any) -> str:
        self.border_mode = arguments.border(border_mode)
        self.fill, self.fill_mask = arguments.fill(fill), arguments.fill(fill_mask, "fill_mask")
        return arguments.choice("pad_position" if hasattr(self, "pad_if_needed") else "position", position, POSITIONS)

    def _window(self, image: Any, top: int, left: int, height: int, width: int, fill: Any) -> Any:
        fill = arguments.fill_for(fill, image)
        return kernels.image_crop_pad(image, top, left, height, width, border=self.border_mode, fill=fill)

    def apply(self, image: Any, top: int, left: int, height: int, width: int, **others: Any) -> Any:
        """The window of this size whose corner is at (top, left), which may be outside."""
        return self._window(image, top, left, height, width, self.fill)

    def apply_to_mask(self, mask: Any, top: int, left: int, height: int, width: int, **others: Any) -> Any:
        """As for images, with ``fill_mask``."""
        return self._window(mask, top, left, height, width, self.fill_mask)


def before(draws: Draws, missing: tuple[int, int], position: str) -> tuple[int, int]:
    """How many of the ``missing`` rows go above the image, and how many of the columns to its left."""
    rows, columns = missing
    if position == "random":
        return draws.integer(0, rows), draws.integer(0, columns)
    if position == "center":
        return rows // 2, columns // 2
    return rows if "bottom" in position else 0, columns if "right" in position else 0


class PadIfNeeded(Padding):
    """Pads an image to at least a size, or to multiples of one. Masks follow.

    Args:
        min_height: of the result; None where ``pad_height_divisor`` is given.
        min_width: of the result; None where ``pad_width_divisor`` is given.
        pad_height_divisor: what the height is to be a multiple of.
        pad_width_divisor: what the width is to be a multiple of.
        position: where the image lies: "center", "top_left", "top_right", "bottom_left", "bottom_right"; or "random",
            each place as likely as the others.
        border_mode: what is around: "constant", "replicate", "reflect", "wrap", "reflect_101", or OpenCV's number.
        fill: a number, or one per channel, where ``border_mode`` is "constant".
        fill_mask: as ``fill``, for masks.
        p: the probability.

    Example:
        >>> import numpy as np
        >>> PadIfNeeded(3, 4)(image=np.ones((2, 2), np.uint8))["image"].tolist()
        [[0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    """

    def __init__(
        self,
        min_height: int | None = 1024,
        min_width: int | None = 1024,
        pad_height_divisor: int | None = None,
        pad_width_divisor: int | None = None,
        position: str = "center",
        border_mode: int | str = "constant",
        fill: Any = 0,
        fill_mask: Any = 0,
        p: float = 1.0,
    ):
        super().__init__(p)
        self.min_height, self.pad_height_divisor = _target("height", min_height, pad_height_divisor)
        self.min_width, self.pad_width_divisor = _target("width", min_width, pad_width_divisor)
        self.position = self._set_padding(position, border_mode, fill, fill_mask)

    def parameters(self, draws: Draws, image: Any) -> dict[str, Any]:
        """Where the image lies."""
        height = _padded(image.shape[0], self.min_height, self.pad_height_divisor)
        width = _padded(image.shape[1], self.min_width, self.pad_width_divisor)
        top, left = before(draws, (height - image.shape[0], width - image.shape[1]), self.position)
        return {"top": -top, "left": -left, "height": height, "width": width}


def _target(name: str, least: Any, divisor: Any) -> tuple[int | None, int | None]:
    if (least is None) == (divisor is None):
        raise ValueError(
            f"give min_{name} or pad_{name}_divisor and set the other to None, got {least!r} and {divisor!r}"
        )
    if divisor is not None:
        return None, arguments.integer(f"pad_{name}_divisor", divisor)
    return arguments.integer(f"min_{name}", least), None


def _padded(size: int, least: int | None, divisor: int | None) -> int:
    return max(size, least) if least is not None else -(-size // divisor) * divisor if divisor else size
