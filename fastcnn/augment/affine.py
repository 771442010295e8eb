"""Shifted, scaled, turned and sheared images: one matrix, one pass over the pixels."""

from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.augment import arguments
from fastcnn.augment.arguments import Range
from fastcnn.augment.base import DualTransform
from fastcnn.augment.draws import Draws
from fastcnn.augment.matrices import affine_matrix, fitted, inner_box, inverse

__all__ = ["Affine", "Rotate", "ShiftScaleRotate"]

_METHODS = ("largest_box", "ellipse")
_WARPS = {"area": "linear", "linear_exact": "linear", "nearest_exact": "nearest"}


class _Warp(DualTransform):
    """Reads each pixel of the result at a place that a matrix gives."""

    interpolation: str
    mask_interpolation: str
    border_mode: str
    fill: Any
    fill_mask: Any

    def _set_reading(
        self, interpolation: Any, mask_interpolation: Any, border_mode: Any, fill: Any, fill_mask: Any, method: Any
    ) -> None:
        self.interpolation = arguments.interpolation(interpolation)
        self.mask_interpolation = arguments.interpolation(mask_interpolation, "mask_interpolation")
        self.border_mode = arguments.border(border_mode)
        self.fill, self.fill_mask = arguments.fill(fill), arguments.fill(fill_mask, "fill_mask")
        self.rotate_method = arguments.choice("rotate_method", method, _METHODS)

    def _warp(self, image: Any, matrix: Any, size: tuple[int, int], interpolation: str, fill: Any) -> Any:
        fill = arguments.fill_for(fill, image)
        interpolation = _WARPS.get(interpolation, interpolation)
        return kernels.image_warp(
            image, inverse(matrix), size, interpolation=interpolation, border=self.border_mode, fill=fill
        )

    def apply(self, image: Any, matrix: Any, size: tuple[int, int], **others: Any) -> Any:
        """The pixels where ``matrix`` takes them, on a canvas of ``size``."""
        return self._warp(image, matrix, size, self.interpolation, self.fill)

    def apply_to_mask(self, mask: Any, matrix: Any, size: tuple[int, int], **others: Any) -> Any:
        """As for images, with ``mask_interpolation`` and ``fill_mask``."""
        return self._warp(mask, matrix, size, self.mask_interpolation, self.fill_mask)


class ShiftScaleRotate(_Warp):
    """Shifted, scaled and turned. Masks follow.

    Shifts along x and y, factors along x and y and the angle are five independent numbers, each evenly distributed
    between its limits. Shifts are rounded towards 0 to whole pixels.

    Args:
        shift_limit: in widths and heights of the image, from -1 to 1; a number ``a`` means (-a, a).
        scale_limit: factors less 1: (-0.1, 0.1) is from 0.9 to 1.1; a number ``a`` means (-a, a).
        rotate_limit: degrees, against the clock; a number ``a`` means (-a, a).
        interpolation: "nearest", "linear", "cubic", or OpenCV's number.
        border_mode: what lies outside: "constant", "replicate", "reflect", "wrap", "reflect_101", or OpenCV's number.
        shift_limit_x: as ``shift_limit``, along x alone.
        shift_limit_y: as ``shift_limit``, along y alone.
        rotate_method: "largest_box" or "ellipse"; of meaning for bounding boxes only.
        mask_interpolation: as ``interpolation``, for masks.
        fill: a number, or one per channel: what lies outside where ``border_mode`` is "constant".
        fill_mask: as ``fill``, for masks.
        p: the probability.

    Example:
        >>> import numpy as np
        >>> aug = ShiftScaleRotate(shift_limit=0.1, scale_limit=0.2, rotate_limit=30, border_mode="reflect_101")
        >>> aug(image=np.full((9, 9, 3), 5, np.uint8))["image"].min()
        np.uint8(5)
    """

    def __init__(
        self,
        shift_limit: float | Range = (-0.0625, 0.0625),
        scale_limit: float | Range = (-0.1, 0.1),
        rotate_limit: float | Range = (-45, 45),
        interpolation: int | str = "linear",
        border_mode: int | str = "constant",
        shift_limit_x: float | Range | None = None,
        shift_limit_y: float | Range | None = None,
        rotate_method: str = "largest_box",
        mask_interpolation: int | str = "nearest",
        fill: Any = 0,
        fill_mask: Any = 0,
        p: float = 0.5,
    ):
        super().__init__(p)
        self.shift_limit = arguments.symmetric("shift_limit", shift_limit, -1, 1)
        self.shift_limit_x = self.shift_limit_y = None
        if shift_limit_x is not None:
            self.shift_limit_x = arguments.symmetric("shift_limit_x", shift_limit_x, -1, 1)
        if shift_limit_y is not None:
            self.shift_limit_y = arguments.symmetric("shift_limit_y", shift_limit_y, -1, 1)
        self.scale_limit = arguments.symmetric("scale_limit", scale_limit, -1)
        self.rotate_limit = arguments.symmetric("rotate_limit", rotate_limit)
        self._set_reading(interpolation, mask_interpolation, border_mode, fill, fill_mask, rotate_method)

    def parameters(self, draws: Draws, image: Any) -> dict[str, Any]:
        """The matrix of five random numbers."""
        height, width = image.shape[:2]
        translate = (
            int(draws.uniform(*(self.shift_limit_x or self.shift_limit)) * width),
            int(draws.uniform(*(self.shift_limit_y or self.shift_limit)) * height),
        )
        scale = (1 + draws.uniform(*self.scale_limit), 1 + draws.uniform(*self.scale_limit))
        angle = draws.uniform(*self.rotate_limit)
        matrix = affine_matrix(image.shape, scale, angle, translate=translate)
        return {"matrix": matrix, "size": (height, width), "scale": scale, "angle": angle, "translate": translate}


class Rotate(_Warp):
    """Turned about its middle by an angle evenly distributed between the limits. Masks follow.

    Args:
        limit: degrees, against the clock; a number ``a`` means (-a, a).
        interpolation: "nearest", "linear", "cubic", or OpenCV's number.
        border_mode: what lies outside: "constant", "replicate", "reflect", "wrap", "reflect_101", or OpenCV's number.
        rotate_method: "largest_box" or "ellipse"; of meaning for bounding boxes only.
        crop_border: whether to cut out the largest upright rectangle in which nothing lies outside.
        mask_interpolation: as ``interpolation``, for masks.
        fill: a number, or one per channel: what lies outside where ``border_mode`` is "constant".
        fill_mask: as ``fill``, for masks.
        p: the probability.

    Example:
        >>> import numpy as np
        >>> Rotate(limit=(90, 90), p=1.0)(image=np.array([[1, 2], [3, 4]], np.uint8))["image"].tolist()
        [[2, 4], [1, 3]]
    """

    def __init__(
        self,
        limit: float | Range = (-90, 90),
        interpolation: int | str = "linear",
        border_mode: int | str = "constant",
        rotate_method: str = "largest_box",
        crop_border: bool = False,
        mask_interpolation: int | str = "nearest",
        fill: Any = 0,
        fill_mask: Any = 0,
        p: float = 0.5,
    ):
        super().__init__(p)
        self.limit = arguments.symmetric("limit", limit)
        self.crop_border = arguments.flag("crop_border", crop_border)
        self._set_reading(interpolation, mask_interpolation, border_mode, fill, fill_mask, rotate_method)

    def parameters(self, draws: Draws, image: Any) -> dict[str, Any]:
        """The angle, and what it leaves."""
        height, width = image.shape[:2]
        angle = draws.uniform(*self.limit)
        matrix, size = affine_matrix(image.shape, angle=angle), (height, width)
        if self.crop_border:
            top, left, bottom, right = inner_box(height, width, angle)
            matrix[0, 2] -= left
            matrix[1, 2] -= top
            size = (bottom - top, right - left)
        return {"matrix": matrix, "size": size, "angle": angle}


class Affine(_Warp):
    """Scaled, turned, sheared and shifted. Masks follow.

    Every number is evenly distributed between its limits, those of x and y independently; shifts are whole pixels.

    Args:
        scale: factors; a number is always taken; {"x": ..., "y": ...} are limits of their own.
        translate_percent: shifts in widths and heights of the image; forms as in ``scale``.
        translate_px: shifts in pixels; forms as in ``scale``. Only one of the two.
        rotate: degrees, against the clock; a number is always taken.
        shear: degrees; forms as in ``scale``. Along x, positive is to the right at the top.
        interpolation: "nearest", "linear", "cubic", or OpenCV's number.
        mask_interpolation: as ``interpolation``, for masks.
        fit_output: whether the result gets the size that takes the whole image.
        keep_ratio: whether the factor of y is that of x.
        rotate_method: "largest_box" or "ellipse"; of meaning for bounding boxes only.
        balanced_scale: whether shrinking and enlarging are equally likely, where limits of ``scale`` are below and
            above 1.
        border_mode: what lies outside: "constant", "replicate", "reflect", "wrap", "reflect_101", or OpenCV's number.
        fill: a number, or one per channel: what lies outside where ``border_mode`` is "constant".
        fill_mask: as ``fill``, for masks.
        p: the probability.

    Example:
        >>> import numpy as np
        >>> aug = Affine(translate_px={"x": 1}, p=1.0)
        >>> aug(image=np.array([[1, 2], [3, 4]], np.uint8))["image"].tolist()
        [[0, 1], [0, 3]]
    """

    def __init__(
        self,
        scale: Any = (1.0, 1.0),
        translate_percent: Any = None,
        translate_px: Any = None,
        rotate: float | Range = 0.0,
        shear: Any = (0.0, 0.0),
        interpolation: int | str = "linear",
        mask_interpolation: int | str = "nearest",
        fit_output: bool = False,
        keep_ratio: bool = False,
        rotate_method: str = "largest_box",
        balanced_scale: bool = False,
        border_mode: int | str = "constant",
        fill: Any = 0,
        fill_mask: Any = 0,
        p: float = 0.5,
    ):
        super().__init__(p)
        if translate_percent is not None and translate_px is not None:
            raise ValueError("give translate_percent or translate_px, not both")
        self.scale = _per_axis("scale", scale, 1.0, 0)
        self.translate_percent = None
        if translate_percent is not None:
            self.translate_percent = _per_axis("translate_percent", translate_percent, 0.0)
        self.translate_px = None
        if translate_px is not None:
            self.translate_px = _per_axis("translate_px", translate_px, 0)
            for axis, limits in self.translate_px.items():
                arguments.integers(f"translate_px[{axis!r}]", limits, -(2**31))
        self.rotate = arguments.exactly("rotate", rotate)
        self.shear = _per_axis("shear", shear, 0.0)
        self.fit_output = arguments.flag("fit_output", fit_output)
        self.keep_ratio = arguments.flag("keep_ratio", keep_ratio)
        self.balanced_scale = arguments.flag("balanced_scale", balanced_scale)
        self._set_reading(interpolation, mask_interpolation, border_mode, fill, fill_mask, rotate_method)

    def parameters(self, draws: Draws, image: Any) -> dict[str, Any]:
        """The matrix of up to seven random numbers."""
        height, width = image.shape[:2]
        translate = self._translate(draws, height, width)
        # The sign of shears is albumentations'.
        shear = (-draws.uniform(*self.shear["x"]), -draws.uniform(*self.shear["y"]))
        scale = [self._factor(draws, self.scale["x"]), self._factor(draws, self.scale["y"])]
        if self.keep_ratio:
            scale[1] = scale[0]
        angle = draws.uniform(*self.rotate)
        matrix, size = affine_matrix(image.shape, (scale[0], scale[1]), angle, shear, translate), (height, width)
        if self.fit_output:
            matrix, size = fitted(matrix, height, width)
        return {"matrix": matrix, "size": size, "scale": tuple(scale), "angle": angle, "translate": translate}

    def _translate(self, draws: Draws, height: int, width: int) -> tuple[int, int]:
        if self.translate_px is not None:
            x, y = self.translate_px["x"], self.translate_px["y"]
            return draws.integer(int(x[0]), int(x[1])), draws.integer(int(y[0]), int(y[1]))
        if self.translate_percent is not None:
            x, y = self.translate_percent["x"], self.translate_percent["y"]
            return int(draws.uniform(*x) * width), int(draws.uniform(*y) * height)
        return 0, 0

    def _factor(self, draws: Draws, limits: Range) -> float:
        low, high = limits
        if self.balanced_scale and low < 1 < high:
            return draws.uniform(low, 1) if draws.random() < 0.5 else draws.uniform(1, high)
        return draws.uniform(low, high)


def _per_axis(name: str, value: Any, missing: Any, low: float = -np.inf) -> dict[str, Range]:
    """Limits of x and y."""
    if not isinstance(value, dict):
        value = {"x": value, "y": value}
    unknown = [key for key in value if key not in ("x", "y")]
    if unknown or not value:
        raise ValueError(f"{name} must be a number, a pair or a dict with keys 'x' and 'y', got {value!r}")
    return {axis: arguments.exactly(f"{name}[{axis!r}]", value.get(axis, missing), low) for axis in ("x", "y")}
