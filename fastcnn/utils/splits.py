"""One set of samples into two."""

from typing import Any

import numpy as np

__all__ = ["split_dataset"]


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Any, Any]:
    """Splits arrays into a left part, from the beginning, and a right part, from the end.

    Where Keras returns data sets, this returns arrays, in the structure that was given: ``fit`` takes both.

    Args:
        dataset: an array; or a tuple, list or dict of arrays with one number of samples, which are split alike.
        left_size: a float is a fraction, an int a number of samples; None is what the right leaves.
        right_size: likewise; None is what the left leaves. One of the two must be given.
        shuffle: whether to shuffle before, in an order that follows from the seed.
        seed: drawn from the global seed where it is None.
        preferred_backend: must be None.

    Returns:
        The left part and the right part.

    Example:
        >>> left, right = split_dataset((np.arange(10), np.arange(10) % 2), left_size=0.8)
        >>> left[0].tolist(), right[1].tolist()
        ([0, 1, 2, 3, 4, 5, 6, 7], [0, 1])
    """
    if preferred_backend is not None:
        raise NotImplementedError(f"preferred_backend is not supported and must be None, got {preferred_backend!r}")
    counts = {len(a) for a in _leaves(dataset)}
    if len(counts) != 1:
        raise ValueError(f"dataset must hold arrays with one number of samples, got {sorted(counts)}")
    total = counts.pop()
    left, right = _sizes(left_size, right_size, total)
    order = np.arange(total)
    if shuffle:
        order = _shuffled(total, seed)
    return _take(dataset, order[:left]), _take(dataset, order[total - right :])


def _leaves(dataset: Any) -> list[Any]:
    if isinstance(dataset, dict):
        dataset = list(dataset.values())
    if isinstance(dataset, (tuple, list)) and any(np.ndim(part) for part in dataset):
        return [leaf for part in dataset for leaf in _leaves(part)]
    array = np.asarray(dataset)
    if array.ndim == 0 or array.dtype.kind == "O":
        raise TypeError(
            f"dataset must be an array, or a tuple, list or dict of arrays, got {type(dataset).__name__}; "
            "a generator or a PyDataset cannot be split"
        )
    return [array]


def _take(dataset: Any, indices: Any) -> Any:
    if isinstance(dataset, dict):
        return {name: _take(part, indices) for name, part in dataset.items()}
    if isinstance(dataset, (tuple, list)) and any(np.ndim(part) for part in dataset):
        return type(dataset)(_take(part, indices) for part in dataset)
    return np.asarray(dataset)[indices]


def _sizes(left: float | None, right: float | None, total: int) -> tuple[int, int]:
    if left is None and right is None:
        raise ValueError("at least one of left_size and right_size must be given, got None for both")
    numbers = [_size(name, size, total) for name, size in (("left_size", left), ("right_size", right))]
    first, second = numbers
    first = total - (second or 0) if first is None else first
    second = total - first if second is None else second
    # Two fractions may round up both: 0.5 and 0.5 of 5 are not 6.
    if isinstance(left, float) and isinstance(right, float) and left + right <= 1:
        second = min(second, total - first)
    if first + second > total:
        raise ValueError(f"left_size and right_size must be at most {total} samples together, got {left} and {right}")
    if not first or not second:
        raise ValueError(
            f"left_size and right_size must leave samples on both sides of {total}, got {first} and {second}"
        )
    return first, second


def _size(name: str, size: float | None, total: int) -> int | None:
    if size is None:
        return None
    if isinstance(size, bool) or not isinstance(size, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name} must be an int, a float or None, got {size!r}")
    if isinstance(size, (float, np.floating)):
        if not 0 < size < 1:
            raise ValueError(f"{name} must be above 0 and below 1 where it is a float, got {size!r}")
        return round(float(size) * total)
    if not 0 < size < total:
        raise ValueError(f"{name} must be above 0 and below the {total} samples where it is an int, got {size!r}")
    return int(size)


def _shuffled(total: int, seed: int | None) -> Any:
    from fastcnn.kernels import permutation

    if seed is None:
        from fastcnn.random import draw_seed

        seed = draw_seed()
    return permutation(total, seed)
