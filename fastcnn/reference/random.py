"""Random numbers in plain NumPy: the same words, turned into numbers in float64."""

from collections.abc import Sequence
from math import erf, sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "bernoulli",
    "dropout",
    "dropout_dx",
    "integers",
    "normal",
    "permutation",
    "philox",
    "truncated_normal",
    "uniform",
]

Array = np.ndarray[Any, Any]
Shape = int | Sequence[int]

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def _rounds(words: Array, seed: int) -> Array:
    """Ten rounds on blocks (blocks, 4) of 32-bit words held in uint64."""
    c0, c1, c2, c3 = words.T
    key0, key1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        p0, p1 = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
        c0, c1 = (p1 >> _HALF) ^ c1 ^ np.uint64(key0), p1 & _LOW
        c2, c3 = (p0 >> _HALF) ^ c3 ^ np.uint64(key1), p0 & _LOW
        key0, key1 = (key0 + 0x9E3779B9) & 0xFFFFFFFF, (key1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], axis=1)


def _blocks(blocks: int, seed: int, stream: int, first: int) -> Array:
    counter = np.arange(blocks, dtype=np.uint64) + np.uint64(first)
    high = np.full_like(counter, stream)
    return _rounds(np.stack([counter & _LOW, counter >> _HALF, high & _LOW, high >> _HALF], axis=1), seed)


def philox(blocks: int, seed: int, stream: int = 0, first: int = 0) -> Array:
    """Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011)."""
    return _blocks(blocks, seed, stream, first).astype(np.uint32)


def _groups(shape: Shape, seed: int, stream: int, offset: int) -> tuple[Array, int, int]:
    """The words of the groups that hold these elements, (groups, 4, 16); where they begin; how many there are."""
    size = int(np.prod(shape))
    first, last = offset // 64, -(-(offset + size) // 64)
    words = philox((last - first) * 16, seed, stream, first * 16)
    return words.reshape(-1, 16, 4).transpose(0, 2, 1), offset - first * 64, size


def _words(shape: Shape, seed: int, stream: int, offset: int) -> Array:
    words, begin, size = _groups(shape, seed, stream, offset)
    return words.ravel()[begin : begin + size].reshape(shape)


def uniform(shape: Shape, low: float = 0.0, high: float = 1.0, *, seed: int, stream: int = 0, offset: int = 0) -> Array:
    """low + (high - low) * u, u the upper 24 bits of the word."""
    return low + (high - low) * ((_words(shape, seed, stream, offset) >> 8) * 2.0**-24)


def normal(
    shape: Shape, mean: float = 0.0, stddev: float = 1.0, *, seed: int, stream: int = 0, offset: int = 0
) -> Array:
    """Box and Muller: words 0 and 1 of a block make two numbers, words 2 and 3 two more."""
    words, begin, size = _groups(shape, seed, stream, offset)
    radius = np.sqrt(-2 * np.log((words[:, 0::2].astype(np.float64) + 0.5) * 2.0**-32))
    angle = 2 * np.pi * words[:, 1::2].astype(np.float64) * 2.0**-32
    z = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=2)
    return mean + stddev * z.ravel()[begin : begin + size].reshape(shape)


def truncated_normal(
    shape: Shape, mean: float = 0.0, stddev: float = 1.0, *, seed: int, stream: int = 0, offset: int = 0
) -> Array:
    """The inverse of the normal distribution function, by Newton's method on erf(z / sqrt 2) = x."""
    words = _words(shape, seed, stream, offset).astype(np.uint32).view(np.int32)
    x = erf(sqrt(2)) * (words.astype(np.float64) + 0.5) * 2.0**-31
    z = np.zeros_like(x)
    for _ in range(50):
        z -= (np.array([erf(v / sqrt(2)) for v in z.flat]).reshape(z.shape) - x) * sqrt(np.pi / 2) * np.exp(z * z / 2)
    shifted: Array = mean + stddev * z
    return shifted


def bernoulli(shape: Shape, p: float = 0.5, *, seed: int, stream: int = 0, offset: int = 0) -> Array:
    """1 where the word is below p * 2**32."""
    hit: Array = _words(shape, seed, stream, offset) < np.floor(p * 2.0**32 + 0.5)
    return hit.astype(np.float64)


def _below(limit: int, words: Array, seed: int) -> int:
    """A number below limit: x * limit / 2**64, unless x is one of the 2**64 % limit that would tip the balance."""
    while True:
        for x in (int(words[0]) | int(words[1]) << 32, int(words[2]) | int(words[3]) << 32):
            if x * limit % 2**64 >= 2**64 % limit:
                return x * limit >> 64
        words = _rounds(words[None], seed)[0]


def integers(shape: Shape, low: int, high: int, *, seed: int, stream: int = 0, offset: int = 0) -> Array:
    """Element i from block i."""
    blocks = _blocks(int(np.prod(shape)), seed, stream, offset)
    return np.array([low + _below(high - low, block, seed) for block in blocks], np.int64).reshape(shape)


def permutation(n: int, seed: int, stream: int = 0) -> Array:
    """Fisher and Yates: place i swaps with one of i .. n-1, drawn from block i."""
    order = np.arange(n)
    for i, block in enumerate(_blocks(n, seed, stream, 0)):
        j = i + _below(n - i, block, seed)
        order[i], order[j] = order[j], order[i]
    return order


def dropout(
    x: ArrayLike,
    rate: float,
    seed: int,
    stream: int = 0,
    offset: int = 0,
    noise_shape: Sequence[int | None] | None = None,
) -> Array:
    """x / (1 - rate) where the word is at least rate * 2**32, else 0."""
    x = np.asarray(x, np.float64)
    shape = x.shape if noise_shape is None else [x.shape[i] if d is None else d for i, d in enumerate(noise_shape)]
    dropped = np.broadcast_to(bernoulli(shape, rate, seed=seed, stream=stream, offset=offset), x.shape) == 1
    return np.where(dropped, 0.0, x / ((1 - rate) or 1.0))


def dropout_dx(
    dy: ArrayLike,
    rate: float,
    seed: int,
    stream: int = 0,
    offset: int = 0,
    noise_shape: Sequence[int | None] | None = None,
) -> Array:
    """The same function of dy."""
    return dropout(dy, rate, seed, stream, offset, noise_shape)
