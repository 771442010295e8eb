"""Random numbers of one call: all of them follow from a key, whatever ran before and on whichever thread."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

from fastcnn import kernels

__all__ = ["Draws"]

_MASK = 2**64 - 1
_BLOCKS = 8  # of four words: what most pipelines need, in one call
_PIECE = 512


class Draws:
    """A stream of random numbers: Philox under a key made of integers.

    Args:
        key: an integer, or a sequence of them such as (seed, epoch, index). Keys that differ anywhere give
            unrelated streams.

    Example:
        >>> Draws((1, 0, 5)).random() == Draws((1, 0, 5)).random()
        True
        >>> Draws((1, 0, 5)).random() == Draws((1, 0, 6)).random()
        False
    """

    __slots__ = ("_first", "_seed", "_stream", "_words")

    def __init__(self, key: int | Sequence[int]):
        # Keys are of any length; a digest of them is 128 bits: Philox's key and the upper half of its counter.
        digest = blake2b(_spelled(key), digest_size=16).digest()
        self._seed = int.from_bytes(digest[:8], "little")
        self._stream = int.from_bytes(digest[8:], "little")
        self._first = 0
        self._words: list[int] = []

    def _word(self) -> int:
        if not self._words:
            self._words = kernels.philox(_BLOCKS, self._seed, self._stream, self._first).ravel().tolist()
            self._words.reverse()
            self._first += _BLOCKS
        return self._words.pop()

    def random(self) -> float:
        """Evenly distributed from 0 to below 1, in steps of 2**-53."""
        return ((self._word() >> 5) * 67108864 + (self._word() >> 6)) / 9007199254740992

    def uniform(self, low: float, high: float) -> float:
        """Evenly distributed from ``low`` to ``high``."""
        return low + (high - low) * self.random()

    def integer(self, low: int, high: int) -> int:
        """One of ``low``, ..., ``high``, each as likely as the others."""
        return low + int((high - low + 1) * self.random())

    def weighted(self, weights: Sequence[float]) -> int:
        """An index, as likely as its weight says."""
        at = self.random() * sum(weights)
        for index, weight in enumerate(weights):
            at -= weight
            if at < 0:
                return index
        return max(index for index, weight in enumerate(weights) if weight > 0)

    def subset(self, size: int, of: int) -> list[int]:
        """``size`` different numbers out of 0, ..., ``of`` - 1, in random order."""
        rest = list(range(of))
        return [rest.pop(self.integer(0, len(rest) - 1)) for _ in range(size)]

    def key(self) -> tuple[int, int]:
        """A new key (seed, stream), for kernels that draw many numbers."""
        words = [self._word() for _ in range(4)]
        return (words[0] << 32 | words[1]) & _MASK >> 1, (words[2] << 32 | words[3]) & _MASK >> 1

    def words(self, count: int) -> Any:
        """An array of ``count`` random uint32, all values equally likely."""
        seed, stream = self.key()
        # In pieces so small that the kernel stays on this thread: data are loaded on several.
        pieces = [kernels.philox(_PIECE, seed, stream, first) for first in range(0, -(-count // 4), _PIECE)]
        return np.concatenate(pieces).ravel()[:count]


def _spelled(key: Any) -> bytes:
    numbers = (key,) if isinstance(key, int) or not hasattr(key, "__iter__") else tuple(key)
    try:
        return ",".join([str(int(number.__index__())) for number in numbers]).encode()
    except AttributeError:
        raise TypeError(
            f"key must be an integer or a sequence of integers such as (seed, epoch, index), got {key!r}"
        ) from None
