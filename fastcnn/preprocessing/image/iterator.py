"""Batches by number or one after the other; the order, and what is drawn for a picture, follow from three numbers."""

import operator
import os
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn import kernels, random
from fastcnn.preprocessing.image.transforming import drawn
from fastcnn.training.pydataset import PyDataset

__all__ = ["Iterator", "numbers_for", "split_bounds", "warn_of_channels"]

Array = np.ndarray[Any, Any]
_moving_on = threading.Lock()


def numbers_for(seed: int, epoch: int, index: int) -> np.random.RandomState:
    """The random numbers of one picture in one epoch.

    Example:
        >>> numbers_for(1, 0, 5).randint(1000) == numbers_for(1, 0, 5).randint(1000)
        True
    """
    return np.random.RandomState(np.random.MT19937(np.random.SeedSequence((seed, epoch, index))))


def split_bounds(part: float, subset: str | None, n: int) -> tuple[int, int]:
    """The first and the last of n pictures, the latter not included, that a subset has; validation comes first.

    Example:
        >>> split_bounds(0.2, "training", 10)
        (2, 10)
    """
    if subset is None:
        return 0, n
    if subset not in ("training", "validation"):
        raise ValueError(f"subset must be 'training', 'validation' or None, got {subset!r}")
    if not part:
        raise ValueError(f"subset={subset!r} needs a generator with validation_split, such as 0.2")
    cut = int(part * n)
    return (cut, n) if subset == "training" else (0, cut)


def warn_of_channels(shape: Any, axis: int, data_format: str) -> None:
    """Warns of pictures that have neither 1, 3 nor 4 channels."""
    if shape[axis] not in (1, 3, 4):
        warnings.warn(
            f"pictures have 1, 3 or 4 channels; data_format={data_format!r} finds {shape[axis]} along axis {axis} "
            f"of shape {tuple(shape)}",
            UserWarning,
            stacklevel=4,
        )


class Iterator(PyDataset):
    """The base of what ``ImageDataGenerator.flow``, ``flow_from_directory`` and ``flow_from_dataframe`` return.

    ``it[i]`` is batch i of the epoch ``it.epoch``; ``next(it)`` the next one, without end; ``fit``, ``evaluate`` and
    ``predict`` take it as it is.

    Args:
        n: how many pictures there are.
        batch_size: pictures in a batch.
        shuffle: whether their order changes with each epoch.
        seed: of the order and the changes; from the global seed unless given.
        generator: the ``ImageDataGenerator`` that changes pictures; None changes none.
        data_format: of the pictures.
        save_to_dir: a folder where the pictures of the batches are stored.
        save_prefix: begins their names.
        save_format: of their files.
        workers: how many threads prepare batches while a network trains; by default one where the generator has a
            ``preprocessing_function``, for that may not be made for several, else at most four.

    Example:
        >>> from fastcnn.preprocessing.image import ImageDataGenerator
        >>> batches = ImageDataGenerator().flow(np.zeros((5, 4, 4, 3)), np.arange(5), batch_size=2, shuffle=False)
        >>> [next(batches)[1].tolist() for _ in range(4)], batches.epoch
        ([[0, 1], [2, 3], [4], [0, 1]], 1)
    """

    def __init__(
        self,
        n: int,
        batch_size: int,
        shuffle: bool,
        seed: int | None,
        generator: Any = None,
        data_format: str = "channels_last",
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        workers: int | None = None,
    ):
        careful = getattr(generator, "preprocessing_function", None) is not None
        super().__init__(workers=workers or (1 if careful else min(4, os.cpu_count() or 1)))
        if isinstance(batch_size, bool) or not hasattr(batch_size, "__index__") or operator.index(batch_size) < 1:
            raise ValueError(f"batch_size must be a positive integer, got {batch_size!r}")
        if save_to_dir is not None and not Path(save_to_dir).is_dir():
            raise FileNotFoundError(f"save_to_dir must be a folder that exists, got {str(save_to_dir)!r}")
        self.n, self.batch_size, self.shuffle = n, operator.index(batch_size), bool(shuffle)
        self.seed = random.draw_seed() if seed is None else operator.index(seed)
        self.image_data_generator, self.data_format = generator, data_format
        self.save_to_dir, self.save_prefix, self.save_format = save_to_dir, save_prefix, save_format
        self.epoch = self.batch_index = 0
        self._order: tuple[int, Any] = (-1, None)

    def __len__(self) -> int:
        return -(-self.n // self.batch_size)

    @property
    def index_array(self) -> Array:
        """The numbers of the pictures, in the order of this epoch."""
        return self.order(self.epoch)

    def order(self, epoch: int) -> Array:
        """The numbers of the pictures, in the order of an epoch."""
        known, order = self._order
        if known != epoch:
            order = kernels.permutation(self.n, self.seed, stream=epoch) if self.shuffle else np.arange(self.n)
            self._order = (epoch, order)
        return np.asarray(order)

    def __getitem__(self, index: int) -> Any:
        return self.batch_at(self.epoch, index)

    def batch_at(self, epoch: int, index: int) -> Any:
        """Batch ``index`` of an epoch; several threads may call it at a time."""
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} was asked for, but there are {len(self)}, from 0 on")
        return self._make(epoch, self.order(epoch)[index * self.batch_size : (index + 1) * self.batch_size])

    def finish(self, batch: Any) -> Any:
        """What ``fit`` does to batches in their order, by one thread: nothing."""
        return batch

    def on_epoch_end(self) -> None:
        """The next epoch begins."""
        self.epoch += 1
        self.batch_index = 0

    def reset(self) -> None:
        """``next`` will begin with the first batch of an epoch."""
        if self.batch_index:
            self.on_epoch_end()

    def __iter__(self) -> "Iterator":
        return self

    def __next__(self) -> Any:
        if not self.n:
            raise ValueError("there are no pictures to make a batch of")
        with _moving_on:
            epoch, index = self.epoch, self.batch_index
            self.batch_index += 1
            if self.batch_index == len(self):
                self.on_epoch_end()
        return self.batch_at(epoch, index)

    def next(self) -> Any:
        """The next batch; after the last one of an epoch comes the first of the next."""
        return self.__next__()

    def _make(self, epoch: int, indices: Array) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define _make(epoch, indices), which returns a batch")

    def _pictures(self, epoch: int, indices: Array, shape: Any, dtype: Any, get: Callable[[int], Array]) -> Array:
        """The changed pictures of these numbers, in one array; stored, too, where that is wanted."""
        batch = np.empty((len(indices), *shape), dtype)
        generator = self.image_data_generator
        for place, index in enumerate(map(int, indices)):
            picture = get(index)
            if generator is not None:
                changes = drawn(generator, picture.shape, numbers_for(self.seed, epoch, index))
                picture = np.asarray(generator.standardize(generator.apply_transform(picture, changes)))
                if picture.shape != batch.shape[1:]:
                    raise ValueError(
                        f"preprocessing_function must return a picture of the shape it was given, {batch.shape[1:]}, "
                        f"got {picture.shape}"
                    )
            batch[place] = picture
        if self.save_to_dir is not None:
            self._store(epoch, indices, batch)
        return batch

    def _store(self, epoch: int, indices: Array, batch: Array) -> None:
        from fastcnn.utils import array_to_img

        for index, picture in zip(map(int, indices), batch, strict=True):
            name = f"{self.save_prefix}_{index}_{epoch}.{self.save_format}"
            array_to_img(picture, self.data_format, scale=True).save(Path(self.save_to_dir) / name)
