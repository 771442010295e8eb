"""What batches from folders and from tables have in common: files are read when their batch is asked for."""

from pathlib import Path
from typing import Any

import numpy as np

from fastcnn import backend
from fastcnn.data.reading import standard_size
from fastcnn.layers.arguments import choice
from fastcnn.preprocessing.image.iterator import Iterator

__all__ = ["FileIterator", "absolute", "check_class_mode", "known_picture"]

Array = np.ndarray[Any, Any]
SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff")
_CHANNELS = {"rgb": 3, "rgba": 4, "grayscale": 1}


class FileIterator(Iterator):
    """Batches of pictures in files.

    Args:
        filepaths: the files.
        generator: an ``ImageDataGenerator``, or None.
        targets: the labels, in the form that ``class_mode`` needs; None where it needs none.
        class_mode: "categorical", "binary", "sparse", "input", "raw", "multi_output" or None.
        num_classes: how many classes there are.
        sample_weight: numbers, or None.
        target_size: (height, width).
        color_mode: "rgb", "rgba" or "grayscale".
        interpolation: of the change to ``target_size``.
        keep_aspect_ratio: whether to cut the middle out rather than to distort.
        data_format: "channels_last" or "channels_first".
        dtype: of the batches.
        **options: the other arguments of ``Iterator``.
    """

    def __init__(
        self,
        filepaths: list[str],
        generator: Any,
        targets: Any,
        class_mode: str | None,
        num_classes: int,
        sample_weight: Array | None,
        target_size: Any,
        color_mode: str,
        interpolation: str,
        keep_aspect_ratio: bool,
        data_format: str | None,
        dtype: Any,
        **options: Any,
    ):
        self.filepaths, self.labels, self.class_mode = filepaths, targets, class_mode
        self.num_classes, self.sample_weight = num_classes, sample_weight
        self.samples = len(filepaths)
        self.target_size = standard_size(target_size, "target_size")
        self.color_mode = choice(color_mode, tuple(_CHANNELS), "color_mode")
        self.interpolation, self.keep_aspect_ratio = interpolation, keep_aspect_ratio
        self.dtype = np.dtype(dtype or backend.floatx())
        data_format = data_format or backend.image_data_format()
        channels = _CHANNELS[self.color_mode]
        self.image_shape = (
            (*self.target_size, channels) if data_format == "channels_last" else (channels, *self.target_size)
        )
        super().__init__(self.samples, generator=generator, data_format=data_format, **options)

    def _read(self, index: int) -> Array:
        from fastcnn.data import read_image

        picture = read_image(
            self.filepaths[index], self.color_mode, self.target_size, self.interpolation, self.keep_aspect_ratio
        )
        picture = picture if self.data_format == "channels_last" else picture.transpose(2, 0, 1)
        return picture.astype(self.dtype)

    def _make(self, epoch: int, indices: Array) -> Any:
        x = self._pictures(epoch, indices, self.image_shape, self.dtype, self._read)
        if self.class_mode is None:
            return x
        y = self._targets(indices, x)
        return (x, y) if self.sample_weight is None else (x, y, self.sample_weight[indices])

    def _targets(self, indices: Array, x: Array) -> Any:
        if self.class_mode == "input":
            return x.copy()
        if self.class_mode == "multi_output":
            return [output[indices] for output in self.labels]
        if self.class_mode == "raw":
            return self.labels[indices]
        if self.class_mode in ("binary", "sparse"):
            return np.array([self.labels[index] for index in indices], self.dtype)
        y = np.zeros((len(indices), self.num_classes), self.dtype)
        for place, index in enumerate(indices):
            y[place, self.labels[index]] = 1
        return y


def absolute(directory: Any, names: list[str]) -> list[str]:
    """The paths of files in a folder."""
    return list(names) if directory is None else [str(Path(directory) / name) for name in names]


def known_picture(path: str) -> bool:
    """Whether it is a file, and a picture by its name."""
    return path.lower().endswith(SUFFIXES) and Path(path).is_file()


def check_class_mode(class_mode: Any, known: tuple[str, ...]) -> None:
    """An error where a batch can have no such labels."""
    if class_mode is not None and class_mode not in known:
        raise ValueError(f"class_mode must be {', '.join(map(repr, known))} or None, got {class_mode!r}")
