"""Winograd's weight gradient of a few tiles, whose sums stay in registers: its error, and the bits of the usual way."""

import numpy as np
import pytest
from checks import assert_same, assert_same_bits_everywhere, normal, relative_l2

from fastcnn import _core, kernels, reference

# One tile to four, whole and partial, of one image or several; strips, pairs and vectors of channels that are not full.
SHAPES = [
    ((1, 7, 7, 33), 70, "same"),
    ((1, 3, 3, 1), 1, "same"),
    ((4, 4, 4, 47), 96, "same"),
    ((1, 5, 15, 64), 17, "valid"),
    ((2, 6, 9, 16), 200, "valid"),
    ((1, 6, 5, 130), 37, ((1, 2), (0, 1))),
]


def with_others(a: np.ndarray) -> np.ndarray:
    """Images behind them that add nothing, but their tiles."""
    return np.concatenate([a, np.zeros((4, *a.shape[1:]), np.float32)])


@pytest.mark.parametrize(("x_shape", "k", "padding"), SHAPES)
def test_error_and_bits(isa: str, x_shape: tuple[int, ...], k: int, padding, rng: np.random.Generator) -> None:  # type: ignore[no-untyped-def]
    x, w, affine = normal(rng, x_shape), (3, 3, x_shape[3], k), normal(rng, (3, x_shape[3]))
    dy = normal(rng, kernels.conv2d_output_shape(x.shape, w, padding=padding))
    for prologue in (None, (affine, "relu")):
        options = {"padding": padding, "algorithm": "winograd", "prologue": prologue, "return_db": True}
        dw, db = kernels.conv2d_dw(x, dy, w, **options)
        read = kernels.batch_norm_apply(x, affine, activation="relu") if prologue else x
        expected = reference.conv2d_dw(read, dy, w, padding=padding, return_db=True)
        assert relative_l2(dw, expected[0]) <= 3e-6
        assert relative_l2(db, expected[1]) <= 3e-6
        for got, usual in zip((dw, db), kernels.conv2d_dw(with_others(x), with_others(dy), w, **options), strict=True):
            assert_same(got, usual)
        assert_same_bits_everywhere(lambda options=options: kernels.conv2d_dw(x, dy, w, **options))


def test_from_the_gradient_of_maxima(isa: str, rng: np.random.Generator) -> None:
    x, w = normal(rng, (1, 7, 7, 33)), normal(rng, (3, 3, 33, 48))
    dy, indices = normal(rng, (1, 3, 3, 48)), rng.integers(0, 5, (1, 3, 3, 48), dtype=np.uint8)
    found = _core.conv2d_max_pool_dw(x, dy, indices, w.shape, 1, "same", 1, 1, None, True)
    more = with_others(x), with_others(dy), with_others(indices).astype(np.uint8)
    for got, usual in zip(found, _core.conv2d_max_pool_dw(*more, w.shape, 1, "same", 1, 1, None, True), strict=True):
        assert_same(got, usual)


def test_past_the_caches(isa: str, rng: np.random.Generator) -> None:
    """Stored there where vectors are aligned."""
    x, dy = normal(rng, (1, 7, 7, 480)), normal(rng, (1, 7, 7, 496))
    expected = kernels.conv2d_dw(with_others(x), with_others(dy), (3, 3, 480, 496), padding="same")
    memory = np.empty(expected.size + 32, np.float32)
    for offset in (0, 1):  # floats from an aligned address
        start = -memory.ctypes.data // 4 % 16 + offset
        out = memory[start : start + expected.size].reshape(expected.shape)
        out[...] = np.nan
        assert_same(kernels.conv2d_dw(x, dy, expected.shape, padding="same", out=out), expected)
