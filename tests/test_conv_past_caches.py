"""Large gradients and copies of convolutions, which are stored past the caches: the same as small ones."""

import numpy as np
import pytest
from checks import assert_same, integers

from fastcnn import kernels, reference


@pytest.mark.parametrize("strides", [1, 2, (3, 1), (1, 3)])
def test_joined_gradients_past_the_caches_are_the_same(
    isa: str, strides: int | tuple[int, int], rng: np.random.Generator
) -> None:
    """So are those of pixels that no window sees, whole rows of them or some of each row."""
    x, w = (1, 183, 185, 64), integers(rng, (1, 1, 64, 24))
    dy = integers(rng, kernels.conv2d(np.zeros(x, np.float32), w, strides=strides).shape)
    extra = {"residual": integers(rng, x), "gate": integers(rng, x)}
    expected = reference.conv2d_dx(dy, w, x, strides=strides, **extra)
    memory = np.empty(expected.size + 32, np.float32)
    for offset in (0, 1):  # floats from an aligned address
        start = -memory.ctypes.data // 4 % 16 + offset
        out = memory[start : start + expected.size].reshape(x)
        out[...] = np.nan
        assert_same(kernels.conv2d_dx(dy, w, x, strides=strides, out=out, **extra), expected)


@pytest.mark.parametrize("channels", [60, 64])
def test_windows_through_a_prologue_past_the_caches(isa: str, channels: int, rng: np.random.Generator) -> None:
    """The copy that went through is stored past them, and windows ask for what the next ones read."""
    x, w = integers(rng, (2, 183, 185, channels)), integers(rng, (3, 3, channels, 20))
    affine = integers(rng, (3, channels))
    read = kernels.batch_norm_apply(x, affine, activation="relu")
    y = kernels.conv2d(x, w, strides=2, padding=1, prologue=(affine, "relu"))
    assert_same(y, kernels.conv2d(read, w, strides=2, padding=1))
    assert_same(y[:1, :9], reference.conv2d(read[:1, :18], w, strides=2, padding=1))
