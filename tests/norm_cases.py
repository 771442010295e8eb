"""Shapes and numbers that the tests of normalisation share."""

from typing import Any

import numpy as np
from checks import integers

Array = np.ndarray[Any, Any]
ACTIVATIONS = (None, "linear", "relu", "relu6")
# (rows, c): every tail of the vectors, folds that leave rows over, one row, many chunks, channels beyond a strip.
BATCHES = [(rows, c) for c in range(1, 41) for rows in (2, 64 + c)] + [
    (1, 1),
    (1, 17),
    (6, 1000),
    (131, 513),
    (2, 4097),
    (70001, 1),
    (20000, 3),
    (9002, 17),
    (4096, 64),
    (1568, 300),
]


def two_valued(rng: np.random.Generator, rows: int, c: int) -> tuple[Array, Array, Array]:
    """x (rows, c) whose columns are m + s and m - s equally often, m an integer and s a power of two; rows is even."""
    sign = rng.permuted(np.repeat([[1.0], [-1.0]], rows // 2, axis=0) * np.ones(c), axis=0)
    mean, scale = integers(rng, (c,)), (2.0 ** rng.integers(-2, 3, c)).astype(np.float32)
    return (mean + scale * sign).astype(np.float32), mean, scale


def random_shape(rng: np.random.Generator, rows: int, c: int) -> tuple[int, ...]:
    """(rows, c) with the rows spread over two axes where they divide."""
    for d in (2, 3, 5):
        if rows % d == 0 and rng.integers(2):
            return (d, rows // d, c)
    return (rows, c)


def optional(rng: np.random.Generator, value: Array) -> Array | None:
    return value if rng.integers(4) else None
