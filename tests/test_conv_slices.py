"""Convolutions that write a slice of the channels of a larger array."""

import numpy as np
import pytest
from checks import assert_same, integers, normal

from fastcnn import kernels

SLICED = [
    ((2, 9, 11, 3), (3, 3, 3, 5), {"padding": "same"}),  # a row of the filter at a time
    ((2, 9, 11, 20), (3, 3, 20, 70), {"padding": 1, "strides": 2}),
    ((2, 9, 11, 20), (1, 1, 20, 33), {}),
    ((1, 30, 30, 8), (1, 1, 8, 16), {}),  # enough pixels to share the packed filter
    ((2, 9, 11, 12), (3, 3, 4, 9), {"groups": 3, "dilation": 2}),
    ((1, 9, 11, 6), (5, 3, 6, 1), {"padding": 2, "padding_mode": "reflect"}),
    ((2, 13, 10, 8), (3, 3, 8, 19), {"padding": "same", "algorithm": "winograd"}),
]


@pytest.mark.parametrize("activation", [None, "relu6", "tanh"])
@pytest.mark.parametrize("case", SLICED)
def test_into_a_slice_of_channels(isa: str, case: tuple, activation: str | None, rng: np.random.Generator) -> None:
    shape, filters, options = case
    x, w, bias = integers(rng, shape), integers(rng, filters), integers(rng, filters[3:])
    expected = kernels.conv2d(x, w, bias, activation=activation, **options)
    k = filters[3]
    for before, after in ((0, 1), (3, 4), (16, 16)):
        larger = np.full((*expected.shape[:3], before + k + after), 9.5, np.float32)
        part = larger[..., before : before + k]
        kernels.conv2d(x, w, bias, activation=activation, out=part, **options)
        assert_same(part, expected, trust=False)
        assert (np.delete(larger, np.s_[before : before + k], -1) == 9.5).all()


def test_a_slice_past_the_caches(isa: str, rng: np.random.Generator) -> None:
    """8 MB and more are stored past the caches where each pixel's channels begin at an aligned address."""
    x = normal(rng, (1, 182, 182, 32))
    for algorithm, w in (("winograd", normal(rng, (3, 3, 32, 64))), ("direct", normal(rng, (1, 1, 32, 64)))):
        expected = kernels.conv2d(x, w, padding="same", algorithm=algorithm)
        memory = np.empty(expected.size // 64 * 96 + 16, np.float32)
        start = -memory.ctypes.data // 4 % 16
        for width in (80, 81):
            larger = memory[start : start + expected.size // 64 * width].reshape(1, 182, 182, width)
            larger[...] = 9
            kernels.conv2d(x, w, padding="same", algorithm=algorithm, out=larger[..., 16:80])
            assert np.array_equal(larger[..., 16:80], expected)
            assert (larger[..., :16] == 9).all() and (larger[..., 80:] == 9).all()


def test_slices_that_conv2d_refuses() -> None:
    x, w = np.zeros((1, 4, 4, 2), np.float32), np.zeros((1, 1, 2, 2), np.float32)
    larger = np.zeros((1, 4, 4, 6), np.float32)
    with pytest.raises(ValueError, match="y_pixel must be 0 or k = 2 here, got 6"):
        kernels.conv2d(x, w, residual=x, out=larger[..., :2])
    with pytest.raises(ValueError, match="out must be C-contiguous and aligned, or a slice of the channels"):
        kernels.conv2d(x, w, out=np.zeros((1, 4, 5, 2), np.float32)[:, :, :4])
    with pytest.raises(ValueError, match="out must be C-contiguous and aligned, or a slice of the channels"):
        kernels.conv2d(x, w, out=np.lib.stride_tricks.as_strided(larger, (1, 4, 4, 2), (96, 24, 0, 4)))
    with pytest.raises(ValueError, match="out must not share memory with x"):
        kernels.conv2d(np.ascontiguousarray(larger[..., :2]), w, out=larger[..., :2])  # of another array: fine
        kernels.conv2d(larger.reshape(-1)[30:62].reshape(1, 4, 4, 2), w, out=larger[..., :2])
    with pytest.raises(ValueError, match="out must be C-contiguous and aligned$"):
        kernels.conv2d_dx(x, w, x.shape, out=larger[..., :2])
