"""Winograd's tiles at the edges of a map, which leave products out: their error, and the bits of every way to make them."""

import numpy as np
import pytest
from checks import assert_same, assert_same_bits_everywhere, normal, relative_l2

from fastcnn import kernels, reference

# One to three rows or columns left over, or none; maps smaller than a tile.
SIZES = [(14, 14), (13, 15), (7, 7), (6, 12), (12, 5), (26, 9), (3, 2), (1, 17), (16, 16)]


@pytest.mark.parametrize("padding", ["same", "valid", ((2, 1), (0, 2))])
@pytest.mark.parametrize("size", SIZES)
def test_edges(isa: str, size: tuple[int, int], padding, rng: np.random.Generator) -> None:  # type: ignore[no-untyped-def]
    if padding == "valid":
        size = size[0] + 2, size[1] + 2
    x, w, bias = normal(rng, (19, *size, 48)), normal(rng, (3, 3, 48, 80)), normal(rng, (80,))
    options = {"padding": padding, "algorithm": "winograd"}
    y = kernels.conv2d(x, w, bias, **options)
    dy = normal(rng, y.shape)
    dx = kernels.conv2d_dx(dy, w, x.shape, **options)
    dw = kernels.conv2d_dw(x, dy, w.shape, **options)
    assert relative_l2(dw, reference.conv2d_dw(x, dy, w.shape, padding=padding)) <= 3e-6
    assert relative_l2(y, reference.conv2d(x, w, bias, padding=padding)) <= 3e-6
    assert relative_l2(dx, reference.conv2d_dx(dy, w, x.shape, padding=padding)) <= 3e-6
    for first, last in ((0, 1), (1, 3), (3, 10), (10, 19)):  # streamed, and by tiles
        assert_same(kernels.conv2d(x[first:last], w, bias, **options), y[first:last])
        part = (last - first, *x.shape[1:])
        assert_same(kernels.conv2d_dx(dy[first:last], w, part, **options), dx[first:last])
    assert_same_bits_everywhere(lambda: kernels.conv2d(x, w, bias, **options))
    assert_same_bits_everywhere(lambda: kernels.conv2d_dx(dy, w, x.shape, **options))
    assert_same_bits_everywhere(lambda: kernels.conv2d_dw(x, dy, w.shape, **options))


def test_edges_with_filters_past_the_caches(isa: str, rng: np.random.Generator) -> None:
    """By panels, a third of the points at a time, in pieces of the channels."""
    x, w = normal(rng, (5, 14, 13, 520)), normal(rng, (3, 3, 520, 530))
    y = kernels.conv2d(x, w, padding="same")
    assert relative_l2(y, reference.conv2d(x, w, padding="same")) <= 3e-6
    for i in range(5):
        assert_same(kernels.conv2d(x[i : i + 1], w, padding="same"), y[i : i + 1])


# Sums of a block of channels in a core's cache; batches of whole images; parts of the channels.
WEIGHTS = [
    (3, 8, 8, 80, 96),
    (5, 14, 13, 136, 72),
    (40, 14, 14, 72, 72),
    (8, 7, 7, 130, 150),
    (10, 2, 9, 96, 96),
    (20, 13, 14, 520, 530),
]


@pytest.mark.parametrize("shape", WEIGHTS)
def test_weight_gradients(isa: str, shape: tuple[int, int, int, int, int], rng: np.random.Generator) -> None:
    n, h, w, c, k = shape
    x, dy = normal(rng, (n, h, w, c)), normal(rng, (n, h, w, k))
    options = {"padding": "same", "algorithm": "winograd"}
    dw, db = kernels.conv2d_dw(x, dy, (3, 3, c, k), return_db=True, **options)
    assert relative_l2(dw, reference.conv2d_dw(x, dy, (3, 3, c, k), padding="same")) <= 3e-6
    assert relative_l2(db, dy.sum((0, 1, 2), dtype=np.float64)) <= 1e-6
    assert_same_bits_everywhere(lambda: kernels.conv2d_dw(x, dy, (3, 3, c, k), **options))
