"""Batches of the pictures in a folder that has a folder for each class."""

import os
from typing import Any

import numpy as np

from fastcnn.preprocessing.image.files import FileIterator, check_class_mode
from fastcnn.preprocessing.image.iterator import split_bounds

__all__ = ["DirectoryIterator"]

_MODES = ("categorical", "binary", "sparse", "input")


class DirectoryIterator(FileIterator):
    """Batches of the pictures in class folders: what ``ImageDataGenerator.flow_from_directory`` returns.

    ``class_indices`` has the number of each class by name, ``classes`` the number of each picture's class, in the order
    of ``filenames`` (relative to the folder) and ``filepaths``.

    Args:
        directory: a folder that has a folder for each class; with ``class_mode=None`` it may have pictures only.
        image_data_generator: an ``ImageDataGenerator``.
        target_size: (height, width) that all pictures get.
        color_mode: "rgb", "rgba" or "grayscale".
        classes: names of the class folders to take; all, sorted, unless given.
        class_mode: "categorical", "binary", "sparse", "input" or None.
        batch_size: pictures in a batch.
        shuffle: whether their order changes with each epoch.
        seed: of the order and the changes.
        data_format: "channels_last" or "channels_first".
        save_to_dir: a folder where the pictures of the batches are stored.
        save_prefix: begins their names.
        save_format: of their files.
        follow_links: whether links to folders are followed.
        subset: "training" or "validation": the parts that ``validation_split`` makes of each class.
        interpolation: of the change to ``target_size``.
        keep_aspect_ratio: whether to cut the middle out rather than to distort.
        dtype: of the batches.
        workers: how many threads read and prepare batches while a network trains.

    Example:
        >>> from fastcnn.preprocessing.image import ImageDataGenerator
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     for name in ("cat/1.ppm", "dog/1.ppm", "dog/2.ppm"):
        ...         (Path(folder) / name).parent.mkdir(exist_ok=True)
        ...         _ = (Path(folder) / name).write_bytes(b"P6 1 1 255 " + bytes([10, 20, 30]))
        ...     batches = DirectoryIterator(folder, ImageDataGenerator(), target_size=(2, 2), shuffle=False)
        ...     x, y = batches[0]
        Found 3 images belonging to 2 classes.
        >>> x.shape, y.tolist(), batches.class_indices
        ((3, 2, 2, 3), [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]], {'cat': 0, 'dog': 1})
    """

    def __init__(
        self,
        directory: Any,
        image_data_generator: Any,
        target_size: Any = (256, 256),
        color_mode: str = "rgb",
        classes: Any = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = None,
        workers: int | None = None,
    ):
        check_class_mode(class_mode, _MODES)
        self.directory = directory
        paths, labels, names = _listed(directory, classes, class_mode, follow_links)
        part = getattr(image_data_generator, "validation_split", 0)
        numbers = np.asarray(labels, np.int32)
        chosen = np.concatenate([_part_of(numbers, number, part, subset) for number in range(len(names))])
        self.class_indices = {name: number for number, name in enumerate(names)}
        self.classes = numbers[chosen]
        filepaths = [str(paths[index]) for index in chosen]
        self.filenames = [os.path.relpath(path, directory) for path in filepaths]
        super().__init__(
            filepaths,
            image_data_generator,
            self.classes,
            class_mode,
            len(names),
            None,
            target_size,
            color_mode,
            interpolation,
            keep_aspect_ratio,
            data_format,
            dtype,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            workers=workers,
        )
        print(f"Found {self.samples} images belonging to {self.num_classes} classes.")


def _listed(directory: Any, classes: Any, class_mode: str | None, follow_links: bool) -> Any:
    from fastcnn.data.folders import existing, files_below, list_folder

    root = existing(directory)
    if class_mode is None and classes is None and not any(entry.is_dir() for entry in root.iterdir()):
        files = files_below(root)
        if not files:
            raise ValueError(f"{root} has no images")
        return files, np.zeros(len(files), np.int32), ["."]
    return list_folder(directory, classes, follow_links)


def _part_of(labels: Any, number: int, part: float, subset: str | None) -> Any:
    """Which pictures of a class a subset has."""
    places = np.flatnonzero(labels == number)
    first, last = split_bounds(part, subset, len(places))
    return places[first:last]
