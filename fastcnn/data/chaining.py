"""What programs written for ``tf.data`` call on a dataset: map, take, skip, cache, prefetch, shuffle, batch."""

import copy
from collections.abc import Callable, Iterator
from typing import Any, Self

import numpy as np

from fastcnn._arrays import INT

__all__ = ["AUTOTUNE", "Chaining"]

AUTOTUNE = -1


def _check_count(name: str, value: Any) -> None:
    if not isinstance(value, INT) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, got {value!r}")


class Chaining:
    """Each method returns a dataset that differs in one thing and shares files and cache with the one it came from."""

    workers: int
    batch_size: int | None
    shuffling: bool
    seed: int
    _maps: tuple[Any, ...]
    _window: tuple[int, int]
    _images: Any
    files: Any
    file_paths: list[str]
    _cached: Callable[[Any], Any]

    def _with(self, **changes: Any) -> Self:
        other = copy.copy(self)
        vars(other).update(changes)
        return other

    def map(self, map_func: Callable[..., Any], num_parallel_calls: Any = None, deterministic: Any = None) -> Self:
        """Each batch changed by a function, called with ``x, y`` or, where there are no labels, ``x``.

        It is called batch by batch, in order, by the thread that trains: layers with random numbers of their own may be
        used in it, and the result does not depend on workers.

        Args:
            map_func: returns ``x`` or ``(x, y)``.
            num_parallel_calls: taken and ignored.
            deterministic: likewise: it always is.
        """
        if not callable(map_func):
            raise TypeError(f"map_func must be a function, got {map_func!r}")
        return self._with(_maps=(*self._maps, map_func))

    def as_numpy_iterator(self) -> Iterator[Any]:
        """The batches as plain arrays."""
        for batch in self:  # type: ignore[attr-defined]
            yield tuple(map(np.asarray, batch)) if isinstance(batch, tuple) else np.asarray(batch)

    def cardinality(self) -> int:
        """How many batches there are: ``len``."""
        return len(self)  # type: ignore[arg-type]

    def take(self, count: int) -> Self:
        """The first ``count`` batches; -1 is all."""
        start, stop = self._window
        _check_count("count", count)
        return self._with(_window=(start, stop if count < 0 else min(stop, start + count)))

    def skip(self, count: int) -> Self:
        """All but the first ``count`` batches; -1 leaves none."""
        start, stop = self._window
        _check_count("count", count)
        return self._with(_window=(stop if count < 0 else min(stop, start + count), stop))

    def cache(self, filename: Any = "memory") -> Self:
        """Decoded images kept in memory or in a ``.npy`` file, as they are before augmentation."""
        return self._with(_images=self._cached(filename or "memory"))

    def prefetch(self, buffer_size: int = AUTOTUNE) -> Self:
        """So many batches loaded ahead; -1, ``AUTOTUNE``, leaves that to the dataset."""
        _check_count("buffer_size", buffer_size)
        if buffer_size < 0:
            return self._with()
        if buffer_size == 0:
            return self._with(workers=0)
        return self._with(max_queue_size=int(buffer_size))

    def shuffle(self, buffer_size: int | None = None, seed: int | None = None, **kwargs: Any) -> Self:
        """Another order each epoch, of all files whatever ``buffer_size`` says."""
        again = kwargs.pop("reshuffle_each_iteration", True)
        if kwargs:
            raise TypeError(f"shuffle got an unknown argument {next(iter(kwargs))!r}")
        if again not in (True, None):
            raise NotImplementedError("reshuffle_each_iteration=False is not supported: shuffle the list of files once")
        return self._with(shuffling=True, seed=self.seed if seed is None else int(seed), _order=(-1, None))

    def batch(self, batch_size: int, drop_remainder: bool = False) -> Self:
        """Batches of a dataset of single images, which ``batch_size=None`` makes."""
        if self.batch_size is not None:
            raise ValueError(f"the dataset has batches of {self.batch_size} already; make it with batch_size=None")
        if isinstance(batch_size, bool) or not isinstance(batch_size, INT) or batch_size < 1:
            raise ValueError(f"batch_size must be a positive int, got {batch_size!r}")
        if self._window != (0, len(self.file_paths)) or self._maps:
            raise NotImplementedError("batch after take, skip or map is not supported: call it first")
        count = len(self.file_paths)
        batches = count // batch_size if drop_remainder else -(-count // batch_size)
        return self._with(batch_size=batch_size, _window=(0, batches))
