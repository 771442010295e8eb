"""Random numbers that are a function of (seed, stream, element), and dropout, which stores no mask because of it.

The generator is Philox4x32-10. ``seed`` is the run's, ``stream`` says whose numbers these are (a layer, a step): two
uses of one stream see the same numbers. ``offset`` is the element to begin at, so parts of an array join to the whole.
Results have the same bits for any number of threads.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn import _core

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

Array = np.ndarray[Any, np.dtype[np.float32]]
Shape = int | Sequence[int]


def uniform(
    shape: Shape,
    low: float = 0.0,
    high: float = 1.0,
    *,
    seed: int,
    stream: int = 0,
    offset: int = 0,
    out: Array | None = None,
) -> Array:
    """Uniform numbers in ``[low, high)``, in steps of ``(high - low) / 2**24``.

    Args:
        shape: an int or a tuple.
        low: the least value.
        high: never reached, unless it equals ``low``.
        seed: 0 to 2**64 - 1.
        stream: 0 to 2**64 - 1.
        offset: the stream's element that comes first.
        out: where to put the result.

    Returns:
        float32 of this shape.

    Example:
        >>> whole = uniform(100, seed=1)
        >>> bool((uniform(60, seed=1, offset=40) == whole[40:]).all())
        True
    """
    return _core.uniform(shape, low, high, seed, stream, offset, out)


def normal(
    shape: Shape,
    mean: float = 0.0,
    stddev: float = 1.0,
    *,
    seed: int,
    stream: int = 0,
    offset: int = 0,
    out: Array | None = None,
) -> Array:
    """Normal numbers, by Box and Muller's method; the furthest lie 6.7 standard deviations out.

    Args:
        shape: an int or a tuple.
        mean: the centre.
        stddev: the standard deviation, at least 0.
        seed: 0 to 2**64 - 1.
        stream: 0 to 2**64 - 1.
        offset: the stream's element that comes first.
        out: where to put the result.

    Returns:
        float32 of this shape.

    Example:
        >>> abs(float(normal(100_000, mean=3.0, seed=1).mean()) - 3.0) < 0.01
        True
    """
    return _core.normal(shape, mean, stddev, seed, stream, offset, out)


def truncated_normal(
    shape: Shape,
    mean: float = 0.0,
    stddev: float = 1.0,
    *,
    seed: int,
    stream: int = 0,
    offset: int = 0,
    out: Array | None = None,
) -> Array:
    """Normal numbers, given that they lie within two ``stddev`` of the mean.

    ``stddev`` is the distribution's before it is truncated, as in Keras; the result's own is 0.8796 times that.

    Args:
        shape: an int or a tuple.
        mean: the centre.
        stddev: the standard deviation before truncation, at least 0.
        seed: 0 to 2**64 - 1.
        stream: 0 to 2**64 - 1.
        offset: the stream's element that comes first.
        out: where to put the result.

    Returns:
        float32 of this shape.

    Example:
        >>> float(abs(truncated_normal(1000, seed=1)).max()) <= 2.0
        True
    """
    return _core.truncated_normal(shape, mean, stddev, seed, stream, offset, out)


def bernoulli(
    shape: Shape, p: float = 0.5, *, seed: int, stream: int = 0, offset: int = 0, out: Array | None = None
) -> Array:
    """Ones with probability ``p``, else zeros; ``1 - bernoulli(shape, rate)`` is the mask of ``dropout(x, rate)``.

    Args:
        shape: an int or a tuple.
        p: 0 to 1, rounded to a multiple of 2**-32.
        seed: 0 to 2**64 - 1.
        stream: 0 to 2**64 - 1.
        offset: the stream's element that comes first.
        out: where to put the result.

    Returns:
        float32 of this shape.

    Example:
        >>> bernoulli(3, 1.0, seed=1)
        array([1., 1., 1.], dtype=float32)
    """
    return _core.bernoulli(shape, p, seed, stream, offset, out)


def integers(
    shape: Shape, low: int, high: int, *, seed: int, stream: int = 0, offset: int = 0
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Integers in ``[low, high)``, each equally likely.

    Args:
        shape: an int or a tuple.
        low: the least value.
        high: one more than the greatest.
        seed: 0 to 2**64 - 1.
        stream: 0 to 2**64 - 1.
        offset: the stream's element that comes first.

    Returns:
        int64 of this shape.

    Example:
        >>> sorted(set(integers(100, 1, 7, seed=1).tolist()))
        [1, 2, 3, 4, 5, 6]
    """
    return _core.integers(shape, low, high, seed, stream, offset)


def permutation(n: int, seed: int, stream: int = 0) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The numbers ``0 .. n-1`` in random order, each order equally likely.

    Args:
        n: how many.
        seed: 0 to 2**64 - 1.
        stream: 0 to 2**64 - 1; the epoch, say.

    Returns:
        int64 (n,).

    Example:
        >>> sorted(permutation(5, seed=1).tolist())
        [0, 1, 2, 3, 4]
    """
    return _core.permutation(n, seed, stream)


def philox(blocks: int, seed: int, stream: int = 0, first: int = 0) -> np.ndarray[Any, np.dtype[np.uint32]]:
    """The generator's own words: block ``i`` is Philox4x32-10 of the counter (first + i, stream) under key ``seed``.

    Args:
        blocks: how many.
        seed: the key, low word first.
        stream: the counter's upper two words.
        first: the counter's lower two words at the first block; wraps at 2**64.

    Returns:
        uint32 (blocks, 4).

    Example:
        >>> [hex(word) for word in philox(1, seed=0)[0]]
        ['0x6627e8d5', '0xe169c58d', '0xbc57ac4c', '0x9b00dbd8']
    """
    words: np.ndarray[Any, np.dtype[np.uint32]] = _core.philox(blocks, seed, stream, first).view(np.uint32)
    return words


def dropout(
    x: ArrayLike,
    rate: float,
    seed: int,
    stream: int = 0,
    offset: int = 0,
    noise_shape: Sequence[int | None] | None = None,
    out: Array | None = None,
) -> Array:
    """Zeros with probability ``rate``, the others divided by ``1 - rate``, so that the expectation stays.

    Args:
        x: any array-like.
        rate: 0 to 1, rounded to a multiple of 2**-32.
        seed: 0 to 2**64 - 1.
        stream: 0 to 2**64 - 1; one per layer and step.
        offset: the stream's element that comes first.
        noise_shape: the shape of the mask: that of ``x`` (also None), or ``(n, 1, ..., 1, c)``, which keeps or drops
            whole channels. An entry None stands for that of ``x``.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> sorted(set(dropout(np.ones(100), 0.75, seed=1).tolist()))
        [0.0, 4.0]
    """
    return _core.dropout(x, rate, seed, stream, offset, noise_shape, out, "x")


def dropout_dx(
    dy: ArrayLike,
    rate: float,
    seed: int,
    stream: int = 0,
    offset: int = 0,
    noise_shape: Sequence[int | None] | None = None,
    out: Array | None = None,
) -> Array:
    """The gradient of ``dropout`` with respect to ``x``: the same mask, drawn again from the same arguments.

    Args:
        dy: the gradient of the result.
        rate: as given to ``dropout``.
        seed: as given to ``dropout``.
        stream: as given to ``dropout``.
        offset: as given to ``dropout``.
        noise_shape: as given to ``dropout``.
        out: where to put the result; may be ``dy`` itself.

    Returns:
        float32, the shape of ``dy``.

    Example:
        >>> x, dy = np.ones(50), np.full(50, 3.0)
        >>> bool((dropout_dx(dy, 0.5, seed=1) == 3 * dropout(x, 0.5, seed=1)).all())
        True
    """
    return _core.dropout(dy, rate, seed, stream, offset, noise_shape, out, "dy")
