"""Windows that lie side by side: their input gradient is one product for all pixels of a filter's row."""

import numpy as np
import pytest
from checks import assert_same, assert_same_bits_everywhere, integers, normal

from fastcnn import kernels, reference

# Filter and its stride, height and width in windows, columns that no window sees, channels.
PATCHES = [
    ((16, 16), (3, 5), 0, 3, 40),
    ((16, 16), (3, 5), 2, 3, 40),
    ((2, 2), (7, 9), 0, 33, 600),
    ((1, 5), (6, 4), 0, 7, 20),
    ((3, 2), (20, 21), 1, 16, 65),
]


@pytest.mark.parametrize("size, windows, more, c, k", PATCHES)
def test_patches(  # type: ignore[no-untyped-def]
    isa: str, size, windows, more, c: int, k: int, rng: np.random.Generator
) -> None:
    shape = 2, windows[0] * size[0], windows[1] * size[1] + more, c
    dy, w = integers(rng, (2, *windows, k)), integers(rng, (*size, c, k))
    expected = reference.conv2d_dx(dy, w, shape, size)
    assert_same(kernels.conv2d_dx(dy, w, shape, size), expected)
    residual, bias = integers(rng, shape), integers(rng, (c,))
    assert_same(kernels.conv2d_dx(dy, w, shape, size, residual=residual), expected + residual)
    y = kernels.conv2d_transpose(dy, w, bias, size, activation="relu", output_size=shape[1:3])
    assert_same(y, np.maximum(expected + bias, 0))
    real = normal(rng, dy.shape), normal(rng, w.shape)
    assert_same(
        kernels.conv2d_dx(real[0][1:], real[1], (1, *shape[1:]), size), kernels.conv2d_dx(*real, shape, size)[1:]
    )
    assert_same_bits_everywhere(lambda: kernels.conv2d_dx(*real, shape, size))
