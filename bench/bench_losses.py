"""Losses with their gradients, fused: logits read, gradient written. 8,192 rows of 1,000 classes."""

import numpy as np

from bench.measure import Case, benchmarks, normal, uniform

ROWS, CLASSES = 8192, 1000
SIZE = 4.0 * ROWS * CLASSES


def labels() -> object:
    return np.random.default_rng(0).integers(0, CLASSES, ROWS)


def one_hot() -> object:
    return np.eye(CLASSES, dtype=np.float32)[labels()]


CASES = [
    Case(
        "sparse_categorical_crossentropy_dx",
        "sparse_categorical_crossentropy_dx",
        lambda: (labels(), normal(ROWS, CLASSES)),
        {"from_logits": True},
        bytes=2 * SIZE,
    ),
    Case(
        "sparse_categorical_crossentropy",
        "sparse_categorical_crossentropy",
        lambda: (labels(), normal(ROWS, CLASSES)),
        {"from_logits": True},
        bytes=SIZE,
    ),
    Case(
        "categorical_crossentropy_dx",
        "categorical_crossentropy_dx",
        lambda: (one_hot(), normal(ROWS, CLASSES)),
        {"from_logits": True},
        bytes=3 * SIZE,
    ),
    Case(
        "binary_crossentropy_dx",
        "binary_crossentropy_dx",
        lambda: (np.round(uniform(ROWS, CLASSES)), normal(ROWS, CLASSES)),
        {"from_logits": True},
        bytes=3 * SIZE,
    ),
]
CASES += [
    Case(name, name, lambda: (normal(ROWS, CLASSES), uniform(ROWS, CLASSES)), bytes=3 * SIZE)
    for name in ("mean_squared_error_dx", "mean_absolute_error_dx", "huber_dx")
]
test_losses = benchmarks(CASES)
