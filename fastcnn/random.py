"""Random numbers that are a function of a seed and of how many draws came before."""

import math
import os
import threading
from typing import Any

import numpy as np

from fastcnn import kernels, ops
from fastcnn.seam import float_dtype
from fastcnn.tensor import Tensor, Variable, convert_to_tensor

__all__ = [
    "SeedGenerator",
    "draw_seed",
    "dropout",
    "normal",
    "randint",
    "set_global_seed",
    "shuffle",
    "truncated_normal",
    "uniform",
]

_LOCK = threading.Lock()
_global: list[int] = []  # the seed and the number of draws; empty until somebody needs them


def set_global_seed(seed: int) -> None:
    """Makes every random number after it a function of ``seed``.

    Example:
        >>> set_global_seed(1)
        >>> a = draw_seed()
        >>> set_global_seed(1)
        >>> draw_seed() == a
        True
    """
    with _LOCK:
        _global[:] = [_checked_seed(seed), 0]


def draw_seed() -> int:
    """A new seed, which follows from the global one and the number of draws since it was set."""
    with _LOCK:
        if not _global:
            _global[:] = [int.from_bytes(os.urandom(8), "little") >> 1, 0]
        seed, count = _global
        _global[1] += 1
    words = kernels.philox(1, seed, count)[0]
    return int(words[0]) << 31 | int(words[1]) >> 1


def _checked_seed(seed: Any) -> int:
    if isinstance(seed, (bool, float)) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**63:
        raise ValueError(f"seed must be an integer from 0 to 2**63 - 1, got {seed!r}")
    return int(seed)


class SeedGenerator:
    """A stream of keys: each draws other numbers, and all follow from the seed.

    Args:
        seed: an integer, or None for one that follows from the global seed.

    Example:
        >>> generator = SeedGenerator(7)
        >>> generator.next().numpy(), generator.next().numpy()
        (array([7, 0]), array([7, 1]))
    """

    def __init__(self, seed: int | None = None, name: str | None = None):
        self.initial_seed = draw_seed() if seed is None else _checked_seed(seed)
        self.name = "seed_generator" if name is None else name
        self.state = Variable([self.initial_seed, 0], dtype="int64", trainable=False, name="seed_generator_state")

    def next(self) -> Tensor:
        """The next key, int64 (2,): the seed and the number of keys before."""
        key = self.state.numpy()
        self.state.assign(key + np.array([0, 1]))
        return Tensor(key)

    def get_config(self) -> dict[str, Any]:
        """What makes the same generator again."""
        return {"seed": self.initial_seed}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "SeedGenerator":
        """The generator of a config."""
        return cls(**config)


def _key(seed: Any) -> tuple[int, int]:
    if seed is None:
        return draw_seed(), 0
    key = seed.next() if isinstance(seed, SeedGenerator) else seed
    if hasattr(key, "shape") and tuple(key.shape) == (2,):
        return int(key[0]) & (2**64 - 1), int(key[1]) & (2**64 - 1)
    return _checked_seed(key), 0


def _as(array: Any, dtype: str | None) -> Tensor:
    return Tensor(array.astype(float_dtype() if dtype in (None, "float") else np.dtype(dtype), copy=False))


def normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: str | None = None, seed: Any = None) -> Tensor:
    """Normally distributed numbers.

    Args:
        shape: of the result.
        mean: of the distribution.
        stddev: its standard deviation.
        dtype: ``floatx()`` unless given.
        seed: an integer (the same numbers each time), a SeedGenerator, a key, or None.

    Example:
        >>> normal((2, 3), seed=1).shape
        (2, 3)
    """
    seed, stream = _key(seed)
    return _as(kernels.normal(shape, mean, stddev, seed=seed, stream=stream), dtype)


def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: str | None = None, seed: Any = None
) -> Tensor:
    """Normally distributed numbers, none beyond two standard deviations from the mean. Arguments as in ``normal``.

    Example:
        >>> bool((abs(truncated_normal((100,), seed=1).numpy()) <= 2).all())
        True
    """
    seed, stream = _key(seed)
    return _as(kernels.truncated_normal(shape, mean, stddev, seed=seed, stream=stream), dtype)


def uniform(shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: str | None = None, seed: Any = None) -> Tensor:
    """Evenly distributed numbers from ``minval`` up to, not including, ``maxval``. Arguments else as in ``normal``.

    Example:
        >>> uniform((2, 3), seed=1).shape
        (2, 3)
    """
    if dtype is not None and np.dtype(dtype).kind in "iu":
        return randint(shape, math.ceil(minval), math.ceil(maxval), dtype, seed)
    seed, stream = _key(seed)
    return _as(kernels.uniform(shape, minval, maxval, seed=seed, stream=stream), dtype)


def randint(shape: Any, minval: int, maxval: int, dtype: str = "int32", seed: Any = None) -> Tensor:
    """Whole numbers from ``minval`` up to, not including, ``maxval``. Arguments else as in ``normal``.

    Example:
        >>> bool((randint((100,), 0, 3, seed=1).numpy() < 3).all())
        True
    """
    seed, stream = _key(seed)
    return _as(kernels.integers(shape, minval, maxval, seed=seed, stream=stream), dtype)


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """Zeros with probability ``rate``, the others divided by ``1 - rate``.

    Args:
        inputs: any tensor.
        rate: 0 to 1.
        noise_shape: the shape of the mask, that of ``inputs`` unless given.
        seed: as in ``normal``.

    Example:
        >>> dropout([1.0, 1.0], 0.0, seed=1).numpy()
        array([1., 1.], dtype=float32)
    """
    key = np.array(_key(seed), np.uint64).view(np.int64)
    return ops.dropout(inputs, rate, Tensor(key), noise_shape)


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Any:
    """The slices along an axis in random order, each order equally likely.

    Args:
        x: any tensor.
        axis: what is shuffled.
        seed: as in ``normal``.

    Example:
        >>> sorted(shuffle([3.0, 1.0, 2.0], seed=1).numpy().tolist())
        [1.0, 2.0, 3.0]
    """
    x = convert_to_tensor(x)
    seed, stream = _key(seed)
    return ops.take(x, kernels.permutation(x.shape[axis], seed, stream), axis)
