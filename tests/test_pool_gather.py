"""Gradients of windows that overlap or leave gaps, and of resizing: rows longer than a block of cells, cells that more
pixels reach than are combined at a time, any number of channels."""

from typing import Any

import numpy as np
import pytest
from checks import assert_same, assert_same_bits_everywhere, integers, normal, relative_l2

from fastcnn import kernels, reference

CHANNELS = (1, 3, 16, 40, 64, 100, 144)
WINDOWS: list[dict[str, Any]] = [
    {"pool_size": 3, "strides": 1, "padding": "same"},
    {"pool_size": 3, "strides": 2, "padding": "same"},
    {"pool_size": (2, 11), "strides": 1},  # eleven windows of a row reach a cell
    {"pool_size": (11, 2), "strides": 1},
    {"pool_size": (10, 9), "strides": 1, "padding": "same"},
    {"pool_size": 3, "strides": 1, "dilation": 2},
    {"pool_size": 2, "strides": 3},  # gaps
]


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_max_pool_dx(isa: str, rng: np.random.Generator, window: dict[str, Any]) -> None:
    for c in CHANNELS:
        x = integers(rng, (2, 13, 11, c), -99, 99)
        y, indices = kernels.max_pool2d(x, **window, return_indices=True)
        dy = integers(rng, y.shape)
        dx = kernels.max_pool2d_dx(dy, x, **window)
        assert_same(dx, reference.max_pool2d_dx(dy, x, **window), trust=False)  # large windows: few winners
        assert_same(kernels.max_pool2d_dx(dy, x.shape, **window, indices=indices), dx, trust=False)


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_avg_pool_dx(isa: str, rng: np.random.Generator, window: dict[str, Any]) -> None:
    window = {name: value for name, value in window.items() if name != "dilation"}
    for c in CHANNELS:
        shape = (2, 13, 11, c)
        dy = normal(rng, kernels.avg_pool2d(np.zeros(shape, np.float32), **window).shape)
        dx = kernels.avg_pool2d_dx(dy, shape, **window)
        assert relative_l2(dx, reference.avg_pool2d_dx(dy, shape, **window)) <= 3e-7


@pytest.mark.parametrize(("h", "w"), [(3, 300), (21, 129), (300, 2), (9, 128)])
@pytest.mark.parametrize("c", [2, 16, 48, 80])
def test_long_rows_and_columns(isa: str, rng: np.random.Generator, h: int, w: int, c: int) -> None:
    shape = (2, h, w, c)
    for pool in (3, (2, 9)):
        x = integers(rng, shape, -99, 99)
        dy = integers(rng, kernels.max_pool2d(x, pool, 1, "same").shape)
        dx = kernels.max_pool2d_dx(dy, x, pool, 1, "same")
        assert_same(dx, reference.max_pool2d_dx(dy, x, pool, 1, "same"), trust=False)
    dy = integers(rng, (2, 2 * h, 2 * w, c))
    assert_same(kernels.upsample2d_dx(dy, 2), reference.upsample2d_dx(dy, 2))
    assert_same(kernels.upsample2d_dx(dy, 2, "bilinear"), reference.upsample2d_dx(dy, 2, "bilinear"))


@pytest.mark.parametrize("c", [64, 60])
def test_large_results_are_those_of_one_image(rng: np.random.Generator, c: int) -> None:
    """8 MB and more are stored past the caches, and asked for ahead."""
    dy = normal(rng, (8, 72, 64, c))
    for run in (
        lambda g: kernels.avg_pool2d_dx(g, g.shape, 3, 1, "same"),
        lambda g: kernels.upsample2d_dx(g, 2, "bilinear"),
        lambda g: kernels.adaptive_avg_pool2d_dx(g, (len(g), 150, 100, c)),
    ):
        together = run(dy)
        for i in range(8):
            assert_same(together[i : i + 1], run(dy[i : i + 1]))


def test_infinities_stay_where_they_belong(isa: str, rng: np.random.Generator) -> None:
    """A cell takes from those pixels alone that reach it, and a weight of zero takes nothing."""
    for c in (3, 64, 70):
        dy = normal(rng, (1, 12, 12, c))
        dy[0, 6, 6] = np.inf
        assert np.isinf(kernels.avg_pool2d_dx(dy, dy.shape, 3, 1, "same")[0, 5:8, 5:8]).all()
        assert np.isinf(kernels.avg_pool2d_dx(dy, dy.shape, 3, 1, "same")).sum() == 9 * c
        assert np.isinf(kernels.upsample2d_dx(dy, 2, "bilinear")).sum() == 4 * c
        assert np.isinf(kernels.resize2d_dx(dy, dy.shape)).sum() == c


def test_same_bits(rng: np.random.Generator) -> None:
    dy = normal(rng, (3, 33, 150, 20))
    x = normal(rng, dy.shape)
    assert_same_bits_everywhere(lambda: kernels.max_pool2d_dx(dy, x, 3, 1, "same"))
    assert_same_bits_everywhere(lambda: kernels.avg_pool2d_dx(dy, x.shape, (3, 9), 1, "same"))
    assert_same_bits_everywhere(lambda: kernels.resize2d_dx(dy, (3, 16, 140, 20)))
    assert_same_bits_everywhere(lambda: kernels.adaptive_avg_pool2d_dx(dy, (3, 50, 170, 20)))
