"""MNIST and the sets made in its form: 28 x 28 bytes an image, ten classes, idx or npz files."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn.datasets import files, formats

__all__ = ["load"]

Array = np.ndarray[Any, Any]
Split = tuple[tuple[Array, Array], tuple[Array, Array]]
_PARTS = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")


def load(
    name: str,
    path: str | os.PathLike[str] | None,
    download: bool,
    keras_folder: str,
    source: files.Download | None,
) -> Split:
    """The set from its four idx files, packed or not, or from Keras's npz file."""
    names = (f"{name}.npz", f"{name.replace('_', '-')}.npz")

    def read(place: Path) -> Split | None:
        if place.is_dir():
            found = files.first_file(place, names)
            return _from_npz(found) if found else _from_idx(place)
        return _from_npz(place) if place.suffix == ".npz" else _from_idx(place.parent)

    wanted = f"{name}.npz or the four files {', '.join(f'{part}-ubyte.gz' for part in _PARTS)}"
    found: Split = files.find(
        name, path, read, keras_folder=keras_folder, wanted=wanted, download=download, source=source
    )
    return found


def _from_idx(folder: Path) -> Split | None:
    found = []
    for part in _PARTS:
        dotted = part.replace("-idx", ".idx")
        file = files.first_file(folder, [f"{stem}-ubyte{end}" for stem in (part, dotted) for end in (".gz", "")])
        if file is None:
            return None
        found.append(file)
    x_train, y_train, x_test, y_test = (formats.read_idx(file) for file in found)
    return _checked(folder, x_train, y_train, x_test, y_test)


def _from_npz(path: Path) -> Split:
    x_train, y_train, x_test, y_test = formats.read_npz(path, ("x_train", "y_train", "x_test", "y_test"))
    return _checked(path, x_train, y_train, x_test, y_test)


def _checked(path: Path, x_train: Array, y_train: Array, x_test: Array, y_test: Array) -> Split:
    for part, x, y in (("training", x_train, y_train), ("test", x_test, y_test)):
        if x.ndim != 3 or x.shape[1:] != (28, 28) or x.dtype != np.uint8 or y.shape != x.shape[:1] or not len(x):
            raise ValueError(
                f"{path}: the {part} part must be uint8 images (n, 28, 28) and n labels, "
                f"got {x.dtype} {x.shape} and {y.shape}"
            )
        if y.min() < 0 or y.max() > 9:
            raise ValueError(f"{path}: the {part} labels must be from 0 to 9, got {y.min()} to {y.max()}")
    return (x_train, y_train), (x_test, y_test)
