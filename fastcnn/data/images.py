"""Image files by number, decoded and resized: the part of loading that is the same in every epoch."""

from pathlib import Path
from typing import Any

import numpy as np

from fastcnn.data.reading import COLOR_MODES, check_choice, read_image, standard_size
from fastcnn.data.resizing import METHODS, center_crop, resize, resize_with_padding

__all__ = ["ImageFiles"]

Array = np.ndarray[Any, Any]


class ImageFiles:
    """``files[i]`` is the image of file ``i``. Arguments as in ``ImageDataset``.

    Args:
        paths: of the files.
        color_mode: "rgb", "grayscale" or "rgba".
        image_size: of the result, or None.
        interpolation: how it is resized.
        crop_to_aspect_ratio: whether the centre is cut out first.
        pad_to_aspect_ratio: whether zeros are put around.
        whole_numbers: whether resized pixels are rounded to uint8, which augmentation works on, or stay float32.
    """

    def __init__(
        self,
        paths: list[str],
        color_mode: str = "rgb",
        image_size: Any = None,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        whole_numbers: bool = False,
    ):
        interpolation = str(interpolation).lower()
        check_choice("color_mode", color_mode, COLOR_MODES)
        check_choice("interpolation", interpolation, METHODS)
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ValueError("only one of crop_to_aspect_ratio and pad_to_aspect_ratio can be True, got both")
        self.paths, self.color_mode, self.interpolation = paths, color_mode, interpolation
        self.image_size = None if image_size is None else standard_size(image_size)
        self.crop, self.pad, self.whole_numbers = bool(crop_to_aspect_ratio), bool(pad_to_aspect_ratio), whole_numbers

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, h, w, c) of all of them."""
        assert self.image_size is not None
        return (len(self.paths), *self.image_size, {"grayscale": 1, "rgb": 3, "rgba": 4}[self.color_mode])

    @property
    def dtype(self) -> str:
        """That all of them fit in."""
        return "uint8" if self.whole_numbers else "float32"

    def __getitem__(self, index: int) -> Array:
        """uint8 where no resizing was needed or whole numbers are wanted, else float32."""
        image = read_image(self.paths[index], self.color_mode)
        if self.image_size is None or image.shape[:2] == self.image_size:
            return image
        height, width = self.image_size
        if self.pad:
            return resize_with_padding(image, height, width, self.interpolation, self.whole_numbers)
        part = center_crop(image, height, width) if self.crop else image
        return resize(part, height, width, self.interpolation, self.whole_numbers)

    def identity(self) -> list[Any]:
        """All that the images depend on, as plain data."""
        status = [Path(path).stat() for path in self.paths]
        files = [[path, s.st_size, s.st_mtime_ns] for path, s in zip(self.paths, status, strict=True)]
        return [files, self.color_mode, self.image_size, self.interpolation, self.crop, self.pad, self.whole_numbers]
