"""The images of a folder of class folders, in two datasets."""

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Pictures", "pictures", "split"]


@dataclass(frozen=True)
class Pictures:
    """What is learned from: ``validation`` is None where nothing is held back."""

    class_names: list[str]
    training: Any
    validation: Any


def pictures(options: Any, size: tuple[int, int], color_mode: str) -> Pictures:
    """Both datasets, as the options of ``fastcnn train`` want them.

    Args:
        options: ``folder``, ``on_error``, ``validation_split``, ``seed``, ``batch_size``, ``augment``, ``cache``.
        size: height and width of the images.
        color_mode: "rgb" or "grayscale".
    """
    from fastcnn.data import ImageDataset
    from fastcnn.data.checking import readable
    from fastcnn.data.folders import list_folder

    paths, labels, names = list_folder(options.folder)
    if options.on_error == "skip":
        paths, labels = readable(paths, labels, None, True)
    counts = np.bincount(labels, minlength=len(names))
    _check_classes(options.folder, names, counts)
    train, held = split(labels, options.validation_split, options.seed)

    def dataset(chosen: Any, cache: Any, **more: Any) -> Any:
        return ImageDataset(
            [paths[i] for i in chosen], labels[chosen], class_names=names, color_mode=color_mode, image_size=size,
            batch_size=options.batch_size, seed=options.seed, cache=cache, **more,
        )  # fmt: skip

    training = dataset(train, options.cache, shuffle=True, augment=_transform(options.augment))
    return Pictures(names, training, dataset(held, _beside(options.cache)) if len(held) else None)


def split(labels: Any, part: float, seed: int) -> tuple[Any, Any]:
    """Which images are for training and which for validation: of each class the same part, one at least.

    Example:
        >>> train, held = split(np.array([0, 0, 0, 0, 1, 1]), 0.25, seed=0)
        >>> len(train), sorted(np.array([0, 0, 0, 0, 1, 1])[held].tolist())
        (4, [0, 1])
    """
    rng = np.random.default_rng(seed)
    train, held = [], []
    for label in np.unique(labels):
        own = rng.permutation(np.flatnonzero(labels == label))
        wanted = min(max(round(part * len(own)), 1), len(own) - 1) if part else 0
        held.append(own[:wanted])
        train.append(own[wanted:])
    return np.sort(np.concatenate(train)), np.sort(np.concatenate(held))


def _check_classes(folder: str, names: list[str], counts: Any) -> None:
    if len(names) == 1:
        raise ValueError(
            f"{folder} has one class folder, {names[0]!r}: there is nothing to tell apart. Make a folder for each class"
        )
    empty = [name for name, n in zip(names, counts, strict=True) if not n]
    if empty:
        raise ValueError(f"{folder}: the class folders {empty} have no images: fill them or remove them")


def _transform(name: str) -> Any:
    if name == "none":
        return None
    from fastcnn.augment.presets import preset

    return preset(name)


def _beside(cache: str | None) -> str | None:
    """Where the validation images are cached."""
    return cache if cache in (None, "memory") else f"{str(cache).removesuffix('.npy')}-validation.npy"
