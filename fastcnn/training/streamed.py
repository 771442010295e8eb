"""Batches that come one after another: what all data have in common, and what can only be iterated over."""

import warnings
from collections.abc import Iterator
from typing import Any

from fastcnn.training.arrays import tensors

__all__ = ["Data", "StreamedData"]

OUT_OF_DATA = (
    "Your input ran out of data; interrupting training. Make sure that your dataset or generator can generate at least "
    "`steps_per_epoch * epochs` batches."
)


class Data:
    """What all have in common.

    ``steps``: batches in an epoch, None where only the end will tell. ``samples``: in the whole, or None. ``passes``:
    how often the dataset had been gone through before, where that makes a difference to it.
    """

    steps: int | None = None
    passes: int = 0
    samples: int | None = None

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Any]:
        """The batches of an epoch from step ``first`` on: tuples of tensors."""
        raise NotImplementedError

    def first(self, epoch: int = 0, step: int = 0) -> Any:
        """The batch that will come next, without taking it away."""
        raise NotImplementedError

    def ended(self) -> None:
        """An epoch has ended."""


class StreamedData(Data):
    """An iterable of batches: a generator, a list-like that only iterates, a loader of another library.

    Args:
        source: gives an iterator. A generator is one itself and ends once; others begin again each epoch.
        steps: in an epoch; the iterator then runs on from one epoch to the next.
    """

    def __init__(self, source: Any, steps: int | None = None):
        self.source, self.limit = source, steps
        self.once = iter(source) is source
        # A loader of another library knows its length, which then need not be found out for the progress bar.
        self.steps = steps or (len(source) if hasattr(source, "__len__") else None)
        self._iterator: Any = None
        self._peeked: list[Any] = []
        self._ended = False  # an epoch that goes on has no batches left

    def _next(self) -> Any:
        if self._peeked:
            return self._peeked.pop()
        if self._iterator is None:
            self._iterator = iter(self.source)
        return tensors(next(self._iterator))

    def first(self, epoch: int = 0, step: int = 0) -> Any:
        """The batch that will come next, without taking it away."""
        try:
            batch = None
            for _ in range(step + epoch * self.limit if self.limit else step):
                batch = self._next()
            batch = self._next()
        except StopIteration:
            if batch is None:
                raise ValueError("x is empty: it gave no batch") from None
            self._ended = self.limit is None
            return batch
        self._peeked.append(batch)
        return batch

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Any]:
        """The batches of an epoch. Where it starts in the middle, ``first()`` has dropped what came before."""
        if self._ended:
            self._ended, self._iterator = False, None
            return
        if self.limit is None and not self._peeked and not self.once:
            self._iterator = None
        step = first
        while self.limit is None or step < self.limit:
            try:
                batch = self._next()
            except StopIteration:
                self._iterator = None
                if self.limit is not None or step == 0:
                    warnings.warn(OUT_OF_DATA, stacklevel=3)
                return
            yield batch
            step += 1
