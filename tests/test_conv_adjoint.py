"""The input gradient from the forward pass's tiles: its error, its epilogue, and the same bits however work is cut."""

import numpy as np
import pytest
from checks import assert_same_bits_everywhere, normal, relative_l2

from fastcnn import _core, kernels, reference

# Whole and partial last tiles, margins that are uneven or have rows of their own, one tile, several panels and pieces.
SHAPES = [
    ((3, 26, 26, 32), 64, "valid"),
    ((2, 18, 17, 16), 300, "valid"),
    ((2, 10, 14, 33), 47, "same"),
    ((1, 3, 3, 5), 7, "valid"),
    ((2, 9, 13, 70), 40, ((0, 1), (2, 0))),
    ((2, 13, 30, 130), 33, "valid"),
]
Padding = str | tuple[tuple[int, int], tuple[int, int]]


def gradient(x: tuple[int, ...], k: int, padding: Padding, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A filter and a gradient of the outputs."""
    w = normal(rng, (3, 3, x[3], k))
    return normal(rng, kernels.conv2d_output_shape(x, w.shape, padding=padding)), w


@pytest.mark.parametrize(("x", "k", "padding"), SHAPES)
def test_error(isa: str, x: tuple[int, ...], k: int, padding: Padding, rng: np.random.Generator) -> None:
    dy, w = gradient(x, k, padding, rng)
    got = kernels.conv2d_dx(dy, w, x, padding=padding, algorithm="winograd")
    assert relative_l2(got, reference.conv2d_dx(dy, w, x, padding=padding)) <= 3e-6


@pytest.mark.parametrize(("x", "k", "padding"), SHAPES)
def test_bits(x: tuple[int, ...], k: int, padding: Padding, rng: np.random.Generator) -> None:
    """Of any number of threads, which cut single images into strips, and of each image alone."""
    dy, w = gradient(x, k, padding, rng)
    options = {"padding": padding, "algorithm": "winograd"}
    whole = kernels.conv2d_dx(dy, w, x, **options)
    assert_same_bits_everywhere(
        lambda: (kernels.conv2d_dx(dy, w, x, **options), kernels.conv2d_dx(dy[:1], w, (1, *x[1:]), **options))
    )
    for i in range(x[0]):
        assert np.array_equal(kernels.conv2d_dx(dy[i : i + 1], w, (1, *x[1:]), **options)[0], whole[i])


@pytest.mark.parametrize(("x", "k", "padding"), SHAPES)
def test_epilogue(isa: str, x: tuple[int, ...], k: int, padding: Padding, rng: np.random.Generator) -> None:
    """A residual and a gate are what they are as steps of their own; every pixel has its own."""
    dy, w = gradient(x, k, padding, rng)
    residual, gate = normal(rng, x), normal(rng, x)
    options = {"padding": padding, "algorithm": "winograd"}
    plain = kernels.conv2d_dx(dy, w, x, **options)
    assert np.array_equal(kernels.conv2d_dx(dy, w, x, residual=residual, **options), plain + residual)
    assert np.array_equal(kernels.conv2d_dx(dy, w, x, gate=gate, **options), np.where(gate > 0, plain, 0))
    both = kernels.conv2d_dx(dy, w, x, residual=residual, gate=gate, **options)
    assert np.array_equal(both, np.where(gate > 0, plain + residual, 0))


@pytest.mark.parametrize(("c", "k"), [(33, 140), (70, 300), (40, 530)])
def test_few_tiles_of_a_turned_filter_have_the_bits_of_many(isa: str, c: int, k: int, rng: np.random.Generator) -> None:
    """With a margin of two there are more outputs than pixels: the filter is turned round."""
    dy, w = gradient((13, 8, 8, c), k, ((2, 2), (2, 2)), rng)
    residual = normal(rng, (13, 8, 8, c))
    options = {"padding": 2, "algorithm": "winograd"}
    many = kernels.conv2d_dx(dy, w, (13, 8, 8, c), residual=residual, **options)
    for n, threads in ((1, 1), (1, 5), (3, 2), (12, 5)):
        _core.set_num_threads(threads)
        assert np.array_equal(kernels.conv2d_dx(dy[:n], w, (n, 8, 8, c), residual=residual[:n], **options), many[:n])
