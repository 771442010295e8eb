"""A residual may be where the result goes, though sums of several blocks are kept there until they are complete."""

import numpy as np
import pytest
from checks import assert_same, integers

from fastcnn import kernels, reference


@pytest.mark.parametrize(
    ("side", "c", "k", "kernel"), [(1, 2600, 75, 1), (7, 64, 64, 3), (28, 64, 64, 3), (5, 30, 9, 1)]
)
def test_of_convolutions(isa: str, side: int, c: int, k: int, kernel: int, rng: np.random.Generator) -> None:
    x, w = integers(rng, (1, side, side, c)), integers(rng, (kernel, kernel, c, k))
    residual = integers(rng, (1, side, side, k))
    expected = reference.conv2d(x, w, padding="same") + residual
    kernels.conv2d(x, w, padding="same", residual=residual, out=residual, algorithm="direct")
    assert_same(residual, expected)


@pytest.mark.parametrize(
    ("rows", "depth", "columns"), [(1, 30, 75), (1, 9000, 75), (5, 1300, 30), (20, 600, 75), (500, 600, 75)]
)
def test_of_dense_layers(isa: str, rows: int, depth: int, columns: int, rng: np.random.Generator) -> None:
    x, w, residual = integers(rng, (rows, depth)), integers(rng, (depth, columns)), integers(rng, (rows, columns))
    expected = reference.dense(x, w) + residual
    assert kernels.dense(x, w, residual=residual, out=residual) is residual
    assert_same(residual, expected)
