"""Batches of pictures that are in memory."""

from typing import Any

import numpy as np

from fastcnn import backend
from fastcnn.preprocessing.image.iterator import Iterator, split_bounds, warn_of_channels

__all__ = ["NumpyArrayIterator"]

Array = np.ndarray[Any, Any]


class NumpyArrayIterator(Iterator):
    """Batches of pictures that are in memory: what ``ImageDataGenerator.flow`` returns, with the same arguments.

    Args:
        x: (n, h, w, c); or ``(x, others)``, where the others are arrays of n rows that go along unchanged.
        y: n labels, or None.
        image_data_generator: an ``ImageDataGenerator``.
        batch_size: pictures in a batch.
        shuffle: whether their order changes with each epoch.
        sample_weight: n numbers.
        seed: of the order and the changes.
        data_format: "channels_last" or "channels_first".
        save_to_dir: a folder where the pictures of the batches are stored.
        save_prefix: begins their names.
        save_format: of their files.
        subset: "training" or "validation".
        ignore_class_split: whether to accept that the two have different classes.
        dtype: of the batches.
        workers: how many threads prepare batches while a network trains.

    Example:
        >>> import numpy as np
        >>> from fastcnn.preprocessing.image import ImageDataGenerator
        >>> batches = NumpyArrayIterator(np.zeros((5, 4, 4, 3)), np.arange(5), ImageDataGenerator(), batch_size=2)
        >>> [y.tolist() for x, y in (batches[0], batches[2])]
        [[0, 1], [4]]
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        image_data_generator: Any,
        batch_size: int = 32,
        shuffle: bool = False,
        sample_weight: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        ignore_class_split: bool = False,
        dtype: Any = None,
        workers: int | None = None,
    ):
        others: list[Array] = []
        if isinstance(x, (tuple, list)) and len(x) == 2 and np.ndim(x[0]) == 4:
            others = [np.asarray(other) for other in (x[1] if isinstance(x[1], list) else [x[1]])]
            x = x[0]
        x = np.asarray(x)
        data_format = data_format or backend.image_data_format()
        if x.ndim != 4:
            raise ValueError(f"x must be pictures (n, h, w, c), got shape {x.shape}")
        warn_of_channels(x.shape, 3 if data_format == "channels_last" else 1, data_format)
        for name, rows in (("y", y), ("sample_weight", sample_weight), *(("x[1]", other) for other in others)):
            if rows is not None and len(rows) != len(x):
                raise ValueError(f"x and {name} must have as many rows, got {len(x)} and {len(rows)}")
        part = getattr(image_data_generator, "validation_split", 0)
        first, last = split_bounds(part, subset, len(x))
        y = None if y is None else np.asarray(y)
        if subset is not None and y is not None and not ignore_class_split:
            _check_classes(y, int(part * len(x)))
        self.x, self.x_misc = x[first:last], [other[first:last] for other in others]
        self.y = None if y is None else y[first:last]
        self.sample_weight = None if sample_weight is None else np.asarray(sample_weight)[first:last]
        self.dtype = np.dtype(dtype or backend.floatx())
        super().__init__(
            len(self.x),
            batch_size,
            shuffle,
            seed,
            image_data_generator,
            data_format,
            save_to_dir,
            save_prefix,
            save_format,
            workers,
        )

    def _make(self, epoch: int, indices: Array) -> Any:
        pictures = self._pictures(
            epoch, indices, self.x.shape[1:], self.dtype, lambda index: self.x[index].astype(self.dtype)
        )
        x = [pictures, *(other[indices] for other in self.x_misc)] if self.x_misc else pictures
        if self.y is None:
            return x
        if self.sample_weight is None:
            return x, self.y[indices]
        return x, self.y[indices], self.sample_weight[indices]


def _check_classes(y: Array, cut: int) -> None:
    if not np.array_equal(np.unique(y[:cut]), np.unique(y[cut:])):
        raise ValueError(
            "training and validation would have different classes, for the first rows are for validation: "
            "shuffle x and y, or pass ignore_class_split=True"
        )
