"""Products of rows that lie one after the other: 1x1 convolutions without stride, of more than a few pixels."""

import numpy as np
import pytest
from checks import assert_same, assert_same_bits_everywhere, integers, normal
from guard import Guard

from fastcnn import kernels, reference

# Channels in and out: every width of a tile and its tail, short and long sums, several panels of columns, a filter that
# fills most of a core's cache.
CHANNELS = [
    (32, 16),
    (96, 24),
    (16, 96),
    (33, 5),
    (24, 144),
    (7, 47),
    (64, 64),
    (130, 33),
    (600, 20),
    (1100, 70),
    (700, 420),
]


@pytest.mark.parametrize(("c", "k"), CHANNELS)
def test_exact_with_all_that_may_join(isa: str, c: int, k: int, rng: np.random.Generator) -> None:
    """Rows that are no multiple of a tile's, forward and in the input gradient."""
    x, w, bias = integers(rng, (3, 13, 15, c)), integers(rng, (1, 1, c, k)), integers(rng, (k,))
    y = reference.conv2d(x, w)
    residual, gate = integers(rng, y.shape), integers(rng, y.shape)
    assert_same(kernels.conv2d(x, w), y)
    joined = y + bias + residual
    for activation, expected in (("relu6", np.clip(joined, 0, 6)), ("leaky_relu", np.maximum(joined, joined / 4))):
        found = kernels.conv2d(x, w, bias, residual=residual, activation=activation, alpha=0.25)
        assert_same(found, expected)
    turned = np.ascontiguousarray(w.swapaxes(2, 3))
    for extra in ({}, {"residual": residual}, {"gate": gate}, {"residual": residual, "gate": gate}):
        found = kernels.conv2d_dx(x, turned, y.shape, **extra)
        assert_same(found, reference.conv2d_dx(x, turned, y.shape, **extra))


@pytest.mark.parametrize(("c", "k"), CHANNELS)
def test_through_a_prologue(isa: str, c: int, k: int, rng: np.random.Generator) -> None:
    x, w, affine = integers(rng, (3, 13, 15, c)), integers(rng, (1, 1, c, k)), integers(rng, (3, c))
    read = kernels.batch_norm_apply(x, affine, activation="relu")
    assert_same(kernels.conv2d(x, w, prologue=(affine, "relu")), kernels.conv2d(read, w))
    assert_same(kernels.conv2d(x, w, prologue=(affine, "relu")), reference.conv2d(read, w))


@pytest.mark.parametrize(("c", "k"), CHANNELS)
def test_one_set_of_bits(c: int, k: int, rng: np.random.Generator) -> None:
    """On every instruction set and number of threads; and those of one image, whose pixels are few."""
    x, w = normal(rng, (3, 19, 21, c)), normal(rng, (1, 1, c, k))
    assert_same_bits_everywhere(lambda: (kernels.conv2d(x, w), kernels.conv2d_dx(x, w.swapaxes(2, 3), (3, 19, 21, k))))
    assert np.array_equal(kernels.conv2d(x, w)[1:2], kernels.conv2d(x[1:2], w))


@pytest.mark.parametrize(("c", "k"), CHANNELS[:6])
def test_nothing_outside_is_touched(isa: str, c: int, k: int, rng: np.random.Generator) -> None:
    """Every array between pages that may not be touched, at their end and at their beginning."""
    x, w, affine = integers(rng, (1, 21, 23, c)), integers(rng, (1, 1, c, k)), integers(rng, (3, c))
    residual = integers(rng, (1, 21, 23, k))
    for at_end in (True, False):
        guard = Guard(at_end)
        given = [guard.array(array) for array in (x, w, residual, affine, np.zeros_like(residual))]
        for prologue in (None, (given[3], "relu")):
            found = kernels.conv2d(given[0], given[1], residual=given[2], prologue=prologue, out=given[4])
            assert_same(found, reference.conv2d(x, w, prologue=prologue) + residual)
        del found, prologue, given
        guard.close()


@pytest.mark.parametrize(("c", "k"), [(16, 96), (24, 144), (32, 64)])
def test_past_the_caches(isa: str, c: int, k: int, rng: np.random.Generator) -> None:
    """Results of 8 MB and more, aligned or not."""
    pixels = (1, 197, 183)
    x, w = integers(rng, (*pixels, c)), integers(rng, (1, 1, c, k))
    bias = integers(rng, (k,))
    expected = np.maximum(reference.conv2d(x, w, bias), 0)
    memory = np.empty(expected.size + 32, np.float32)
    for offset in (0, 1):  # floats from an aligned address
        start = -memory.ctypes.data // 4 % 16 + offset
        out = memory[start : start + expected.size].reshape(expected.shape)
        out[...] = np.nan
        assert_same(kernels.conv2d(x, w, bias, activation="relu", out=out), expected)


# Channels in and out: one block of the sum, blocks and their end, more columns than one thread's part.
FEW = [(48, 256), (64, 700), (160, 1100), (32, 2675), (48, 255)]


@pytest.mark.parametrize(("c", "k"), FEW)
def test_input_gradients_of_49_pixels(isa: str, c: int, k: int, rng: np.random.Generator) -> None:
    """Sums are turned in place of the filter."""
    for shape, strides in (((1, 7, 7, c), 1), ((1, 14, 13, c), 2), ((7, 5, 20, c), (5, 3))):
        outputs = kernels.conv2d(np.zeros(shape), np.zeros((1, 1, c, k)), strides=strides).shape
        dy, w, gate = integers(rng, outputs), integers(rng, (1, 1, c, k)), integers(rng, shape)
        expected = reference.conv2d_dx(dy, w, shape, strides)
        assert_same(kernels.conv2d_dx(dy, w, shape, strides), expected)
        joined = kernels.conv2d_dx(dy, w, shape, strides, residual=gate, gate=gate)
        assert_same(joined, np.where(gate > 0, expected + gate, 0))
        dy, w = normal(rng, dy.shape), normal(rng, w.shape)
        assert_same_bits_everywhere(lambda: kernels.conv2d_dx(dy, w, shape, strides))  # noqa: B023
    dy = normal(rng, (3, 7, 7, k))  # of one image as of three
    assert_same(kernels.conv2d_dx(dy[1:2], w, (1, 7, 7, c)), kernels.conv2d_dx(dy, w, (3, 7, 7, c))[1:2])
