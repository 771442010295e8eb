"""What layers learn from data before training: batches of any kind, means and variances found in one pass."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from fastcnn.tensor import Valued

__all__ = ["arrays_of", "moments", "plain"]

Array = np.ndarray[Any, Any]


def arrays_of(data: Any) -> tuple[Array, Iterator[Array]]:
    """The batches of what ``adapt`` was given, as arrays.

    Args:
        data: an array, or batches: a list or generator of arrays, or of tuples that begin with one.

    Returns:
        The first one, for its shape, and an iterator over all of them.

    Example:
        >>> first, arrays = arrays_of([(np.zeros((4, 2)), "labels"), (np.ones((3, 2)), "labels")])
        >>> first.shape, [a.shape for a in arrays]
        ((4, 2), [(4, 2), (3, 2)])
    """
    if isinstance(data, (np.ndarray, Valued)):
        batches: Iterable[Any] = [data]
    elif hasattr(data, "__getitem__") and hasattr(data, "__len__"):
        batches = (data[i] for i in range(len(data)))  # first: some of these never end when asked for an iterator
    elif hasattr(data, "__iter__"):
        batches = data
    else:
        raise TypeError(f"adapt takes an array or batches of arrays, got {type(data).__name__}")
    arrays = map(_array_of, batches)
    first = next(arrays, None)
    if first is None:
        raise ValueError("adapt was given no batch; it needs one at least")
    return first, itertools.chain([first], arrays)


def _array_of(batch: Any) -> Array:
    if isinstance(batch, tuple):
        batch = batch[0]
    if not hasattr(batch, "shape"):
        raise TypeError(f"adapt takes batches that are arrays, got a {type(batch).__name__}: is the data batched?")
    return batch.array if isinstance(batch, Valued) else np.asarray(batch)


def moments(arrays: Iterable[Array], keep: tuple[int, ...], shape: tuple[int, Any], name: str) -> tuple[Any, Any]:
    """Mean and variance over all axes but some, exactly, in float64.

    Args:
        arrays: batches.
        keep: the axes that have a mean for each index.
        shape: how many axes there are, and the sizes of the kept ones.
        name: of the layer, for messages.

    Example:
        >>> mean, variance = moments([np.array([[1.0, 10.0]]), np.array([[3.0, 30.0]])], (1,), (2, (2,)), "layer")
        >>> mean.tolist(), variance.tolist()
        ([2.0, 20.0], [1.0, 100.0])
    """
    rank, sizes = shape
    count, mean, squares = 0, np.zeros(sizes), np.zeros(sizes)
    over = tuple(a for a in range(rank) if a not in keep)
    for x in arrays:
        if x.ndim != rank or tuple(x.shape[a] for a in keep) != tuple(sizes):
            raise ValueError(
                f"{name} was built for {tuple(sizes)} along axis {keep} of {rank} axes, got data of shape {x.shape}"
            )
        n = int(np.prod([x.shape[a] for a in over]))
        if n == 0:
            continue
        own = x.mean(axis=over, dtype=np.float64)
        # Sums of squares about the batch's mean, moved to the common mean: nothing cancels.
        count += n
        step = own - mean
        squares = squares + x.var(axis=over, dtype=np.float64) * n + step * step * (n * (count - n) / count)
        mean = mean + step * (n / count)
    if count == 0:
        raise ValueError("adapt was given no samples; it needs one at least")
    return mean, squares / count


def plain(value: Any) -> Any:
    """Numbers and lists of numbers, for a config."""
    return value if value is None or isinstance(value, (int, float)) else np.asarray(value).tolist()
