"""Where batches come from: arrays, datasets that can be indexed, generators. All are asked in the same way.

Batch ``step`` of epoch ``epoch`` depends on the data, the seed and these two numbers only, wherever the data can be
indexed; so training continues in mid-epoch without drawing what came before.
"""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.checked import is_number
from fastcnn.gathered import Gathered, may_gather
from fastcnn.training.arrays import as_arrays, check_lengths, map_leaves, pack, tensors, to_target, to_tensor
from fastcnn.training.streamed import Data, StreamedData

__all__ = ["ArrayData", "Data", "IndexedData", "StreamedData", "open_data", "split_validation"]


class IndexedData(Data):
    """A dataset that gives batch ``i`` when asked for it, such as ``PyDataset``.

    Datasets whose batches differ from pass to pass, by an order or by augmentation of their own, have another method,
    ``batch_at(pass, i)``, which several threads call at a time, and maybe ``finish(batch)``, which one thread calls in
    the order of the batches. Their attribute ``epoch`` counts the passes so far.

    Args:
        dataset: has ``__len__`` and ``__getitem__``.
        shuffle: whether the batches come in random order.
        seed: of that order.
        steps: in an epoch, where it is not a whole pass. An epoch then begins where the one before it ended.
    """

    def __init__(self, dataset: Any, shuffle: bool = False, seed: int = 0, steps: int | None = None):
        self.by_turn = hasattr(dataset, "batch_at")
        self.passes = dataset.epoch if self.by_turn else 0
        self.dataset, self.shuffle, self.seed = dataset, shuffle and not self.by_turn, seed
        self.batches = self._count()
        if self.batches < 1:
            raise ValueError("x is empty: it has no batches")
        self.steps = steps or self.batches
        self._order: tuple[int, Any] = (-1, None)
        self._peeked: tuple[int, Any] | None = None

    def _count(self) -> int:
        return len(self.dataset)

    def order(self, turn: int) -> Any:
        """In which order the things to be shuffled come in the pass numbered ``turn``."""
        if self._order[0] != turn:
            self._order = (turn, self._new_order(turn))
        return self._order[1]

    def _new_order(self, turn: int) -> Any:
        return kernels.permutation(self.batches, self.seed, stream=turn) if self.shuffle else range(self.batches)

    def batch(self, number: int) -> Any:
        """The batch of a number that counts on over all passes."""
        if self._peeked is not None and self._peeked[0] == number:
            found, self._peeked = self._peeked[1], None
            return found
        turn, place = divmod(number, self.batches)
        return self._finish(self._load(turn, place))

    def _load(self, turn: int, place: int) -> Any:
        return self._fetch((turn, int(self.order(turn)[place])))

    def _fetch(self, which: tuple[int, int]) -> Any:
        """A batch of a pass; called by several threads at a time."""
        turn, index = which
        if self.by_turn:
            return self.dataset.batch_at(self.passes + turn, index)
        return tensors(self.dataset[index])

    def _finish(self, batch: Any) -> Any:
        """What must be done in the order of the batches, by one thread."""
        if not self.by_turn:
            return batch
        return tensors(self.dataset.finish(batch) if hasattr(self.dataset, "finish") else batch)

    def first(self, epoch: int = 0, step: int = 0) -> Any:
        """The batch that will come next, without taking it away."""
        assert self.steps is not None
        number = epoch * self.steps + step
        self._peeked = (number, self.batch(number))
        return self._peeked[1]

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Any]:
        """The batches of an epoch from step ``first`` on."""
        assert self.steps is not None
        if hasattr(self.dataset, "on_epoch_begin"):
            self.dataset.on_epoch_begin()
        numbers = range(epoch * self.steps + first, (epoch + 1) * self.steps)
        workers = getattr(self.dataset, "workers", 1)
        if workers > 1 or (workers == 1 and self.by_turn):
            return self._ahead(numbers, workers, getattr(self.dataset, "max_queue_size", 10))
        return (self.batch(number) for number in numbers)

    def _ahead(self, numbers: range, workers: int, depth: int) -> Iterator[Any]:
        from fastcnn.data.loader import in_order

        if numbers and self._peeked is not None and self._peeked[0] == numbers[0]:
            yield self.batch(numbers[0])
            numbers = numbers[1:]
        loaded = in_order(self._fetch, map(self._which, numbers), workers, depth)
        with closing(loaded):  # type: ignore[type-var]  # a generator
            for batch in loaded:
                yield self._finish(batch)

    def _which(self, number: int) -> tuple[int, int]:
        turn, place = divmod(number, self.batches)
        return turn, int(self.order(turn)[place])

    def ended(self) -> None:
        """An epoch has ended."""
        if hasattr(self.dataset, "on_epoch_end"):
            self.dataset.on_epoch_end()


class ArrayData(IndexedData):
    """Arrays, cut into batches. Converted to float32 a batch at a time: memory stays flat.

    Args:
        x: arrays, as ``as_arrays`` gives them.
        y: likewise.
        sample_weight: likewise.
        batch_size: 32 unless given; "full" for all samples in one.
        shuffle: True for samples in random order; "batch" for batches in random order.
        seed: of that order.
        steps: in an epoch, where it is not a whole pass.

    Example:
        >>> data = ArrayData(np.zeros((1000, 3)), np.zeros(1000), batch_size=100)
        >>> data.steps
        10
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        batch_size: int | str | None = None,
        shuffle: bool | str = False,
        seed: int = 0,
        steps: int | None = None,
    ):
        if shuffle not in (True, False, "batch"):
            raise ValueError(f"shuffle must be True, False or 'batch', got {shuffle!r}")
        self.samples = n = check_lengths(x=x, y=y, sample_weight=sample_weight)
        self.parts = (x, y, sample_weight)
        self.batch_size = standard_batch_size(batch_size, n)
        super().__init__(None, bool(shuffle), seed, steps)
        self.by_batch = shuffle == "batch"

    def _count(self) -> int:
        assert self.samples is not None
        return -(-self.samples // self.batch_size)

    def _new_order(self, turn: int) -> Any:
        things = self.batches if self.by_batch else self.samples
        assert things is not None
        return kernels.permutation(things, self.seed, stream=turn)

    def _load(self, turn: int, place: int) -> Any:
        if self.shuffle and self.by_batch:
            place = int(self.order(turn)[place])
        rows: Any = slice(place * self.batch_size, (place + 1) * self.batch_size)
        if self.shuffle and not self.by_batch:
            rows = self.order(turn)[rows]
        x, y, sample_weight = self.parts
        return pack(
            map_leaves(lambda a: Gathered(a, rows) if may_gather(a, rows) else to_tensor(a[rows]), x),
            map_leaves(lambda a: to_target(a[rows]), y),
            map_leaves(lambda a: to_tensor(a[rows]), sample_weight),
        )


def standard_batch_size(batch_size: Any, samples: int, name: str = "batch_size") -> int:
    """The number that ``batch_size`` means."""
    if batch_size is None:
        return 32
    if isinstance(batch_size, np.ndarray):
        raise TypeError(f"{name} must be a positive int, got an array of shape {batch_size.shape}")
    if batch_size == "full":
        return samples
    if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise ValueError(f"{name} must be a positive int, 'full' or None, got {batch_size!r}")
    return int(batch_size)


def is_array_like(x: Any) -> bool:
    """Whether it holds all samples, rather than giving batches."""
    return isinstance(x, (list, tuple, dict, np.ndarray)) or hasattr(x, "__array__") or hasattr(x, "__dlpack__")


def open_data(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: Any = None,
    shuffle: Any = False,
    seed: int = 0,
    steps: int | None = None,
    argument: str = "steps_per_epoch",
) -> Data:
    """The data of one call: what kind ``x`` is decides."""
    if x is None:
        raise ValueError("x is missing: give arrays, a dataset or a generator")
    if steps is not None and (isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or steps < 1):
        raise ValueError(f"{argument} must be a positive int or None, got {steps!r}")
    if is_array_like(x):
        arrays = [as_arrays(x, "x"), as_arrays(y, "y"), as_arrays(sample_weight, "sample_weight")]
        return ArrayData(
            arrays[0], arrays[1], arrays[2], batch_size=batch_size, shuffle=shuffle, seed=seed, steps=steps
        )
    if isinstance(x, str):
        raise TypeError(f"x must be an array, got the str {x!r}; utils.load_img reads a picture's file")
    kind = type(x).__name__
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ValueError(f"{name} must not be given where x is a {kind}: its batches bring theirs along")
    if hasattr(x, "__getitem__") and hasattr(x, "__len__"):
        return IndexedData(x, bool(shuffle), seed, steps)  # whatever batch_size says, as in Keras
    if batch_size is not None:
        raise ValueError(f"batch_size must not be given where x is a {kind}: it gives batches of its own size")
    if hasattr(x, "__iter__"):
        return StreamedData(x, steps)
    if callable(x):
        raise TypeError(f"x is a function: call it, x={getattr(x, '__name__', kind)}(), to get its generator")
    raise TypeError(f"x must be arrays, a PyDataset, a generator or an iterable of batches, got {kind}")


def split_validation(x: Any, y: Any, sample_weight: Any, part: float) -> tuple[Any, Any]:
    """The last part of the samples, for validation, and all before it, to train on. No copies.

    Returns:
        ``(x, y, sample_weight)`` to train on, and the same for validation.
    """
    if not is_number(part) or not 0 < part < 1:
        raise ValueError(f"validation_split must be between 0 and 1, got {part!r}")
    if not is_array_like(x):
        raise ValueError(f"validation_split needs arrays, got {type(x).__name__}; use validation_data")
    whole = [as_arrays(x, "x"), as_arrays(y, "y"), as_arrays(sample_weight, "sample_weight")]
    n = check_lengths(x=whole[0], y=whole[1], sample_weight=whole[2])
    cut = int(n * (1 - part))
    if cut in (0, n):
        raise ValueError(f"validation_split={part} leaves one side of {n} samples empty; give more samples")
    train = tuple(map_leaves(lambda a: a[:cut], nest) for nest in whole)
    return train, tuple(map_leaves(lambda a: a[cut:], nest) for nest in whole)
