"""PyDataset: data that users load a batch at a time."""

from collections.abc import Iterator
from typing import Any

from fastcnn.checked import Checked

__all__ = ["PyDataset"]


class PyDataset(Checked):
    """The base of datasets that know their number of batches and can give each of them. Keras 2 called it Sequence.

    Subclasses define ``__len__``, the number of batches in an epoch, and ``__getitem__(index)``, which returns ``x``,
    ``(x, y)`` or ``(x, y, sample_weight)``; and ``on_epoch_end`` where something is to happen between epochs.

    Args:
        workers: with more than one, so many threads fetch batches ahead; ``__getitem__`` must then be safe to call from
            several threads.
        use_multiprocessing: not supported.
        max_queue_size: how many batches are fetched ahead at most.

    Example:
        >>> import numpy as np
        >>> class Squares(PyDataset):
        ...     def __len__(self):
        ...         return 3
        ...     def __getitem__(self, index):
        ...         x = np.full((4, 1), index, "float32")
        ...         return x, x**2
        >>> float(Squares()[2][1].sum())
        16.0
    """

    # Of the class too, for data whose __init__ does not call this one.
    workers: int = 1
    use_multiprocessing: bool = False
    max_queue_size: int = 10

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10):
        if use_multiprocessing:
            raise NotImplementedError(
                "use_multiprocessing is not supported: processes would share the cores with the kernels; use workers"
            )
        if workers < 0:
            raise ValueError(f"workers must be 0 or more, got {workers}")
        if max_queue_size < 1:
            raise ValueError(f"max_queue_size must be 1 or more, got {max_queue_size}")
        self.workers, self.use_multiprocessing, self.max_queue_size = workers, use_multiprocessing, max_queue_size

    @property
    def num_batches(self) -> int | None:
        """How many batches an epoch has."""
        if type(self).__len__ is PyDataset.__len__:
            return None
        return len(self)

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} must define __len__, the number of batches")

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __getitem__(index), which returns a batch")

    def __iter__(self) -> Iterator[Any]:
        index = 0
        while self.num_batches is None or index < self.num_batches:
            yield self[index]
            index += 1

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called after each epoch: the place to shuffle."""
