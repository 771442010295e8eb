"""Data that comes batch by batch, by number: the base class of one's own."""

from collections.abc import Iterator
from typing import Any

__all__ = ["PyDataset", "Sequence"]


class PyDataset:
    """Batches by number: override ``__len__``, how many there are, and ``__getitem__``, the batch of a number.

    A batch is ``(x, y)`` or ``(x, y, sample_weight)``, as ``fit`` takes them. ``Sequence`` is the same class.

    Args:
        workers: how many threads may ask for batches at a time.
        use_multiprocessing: whether these should be processes.
        max_queue_size: how many batches may wait to be used.

    Example:
        >>> import numpy as np
        >>> class Squares(PyDataset):
        ...     def __len__(self):
        ...         return 3
        ...     def __getitem__(self, index):
        ...         x = np.arange(4.0) + 4 * index
        ...         return x, x**2
        >>> Squares().num_batches, Squares()[2][1].tolist()
        (3, [64.0, 81.0, 100.0, 121.0])
    """

    # Of the class too, for data whose __init__ does not call this one.
    workers: int = 1
    use_multiprocessing: bool = False
    max_queue_size: int = 10

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10):
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def __getitem__(self, index: int) -> Any:
        """The batch of this number."""
        raise NotImplementedError(f"{type(self).__name__} must override __getitem__(index)")

    def __iter__(self) -> Iterator[Any]:
        index = 0
        while self.num_batches is None or index < self.num_batches:
            yield self[index]
            index += 1

    @property
    def num_batches(self) -> int | None:
        """How many batches there are; None where ``__len__`` is not given."""
        count = getattr(self, "__len__", None)
        return None if count is None else int(count())

    def on_epoch_begin(self) -> None:
        """Called before an epoch."""

    def on_epoch_end(self) -> None:
        """Called after an epoch: the place to shuffle."""


Sequence = PyDataset
