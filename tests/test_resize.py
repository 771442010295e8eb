"""Resizing and upsampling, forward and gradient, against one matrix per axis."""

import numpy as np
import pytest
from checks import assert_same, assert_same_bits_everywhere, dot, integers, normal, relative_l2

from fastcnn import kernels, reference

METHODS = ("nearest", "bilinear")


def sizes(rng: np.random.Generator) -> tuple[tuple[int, int, int, int], tuple[int, int]]:
    n, h, w, c, oh, ow = (int(d) for d in rng.integers([1, 1, 1, 1, 1, 1], [4, 14, 14, 41, 30, 30]))
    return (n, h, w, c), (oh, ow)


def test_nearest_is_exact(isa: str, rng: np.random.Generator) -> None:
    for _ in range(100):
        shape, size = sizes(rng)
        x = integers(rng, shape, 1, 99)
        y = kernels.resize2d(x, size, "nearest")
        assert_same(y, reference.resize2d(x, size, "nearest"))
        dy = integers(rng, y.shape, 1, 9)
        assert_same(kernels.resize2d_dx(dy, shape, "nearest"), reference.resize2d_dx(dy, shape, "nearest"), trust=False)


def test_bilinear(isa: str, rng: np.random.Generator) -> None:
    for _ in range(100):
        shape, size = sizes(rng)
        x = normal(rng, shape)
        y = kernels.resize2d(x, size)
        assert relative_l2(y, reference.resize2d(x, size)) <= 3e-7
        dy = normal(rng, y.shape)
        dx = kernels.resize2d_dx(dy, shape)
        assert relative_l2(dx, reference.resize2d_dx(dy, shape)) <= 3e-7
        assert dot(y, dy) == pytest.approx(dot(x, dx), abs=1e-5 * float(np.abs(y * dy).sum()) + 1e-6)


def test_bilinear_is_exact_where_weights_are(isa: str, rng: np.random.Generator) -> None:
    """Factors of two have weights of quarters and eighths."""
    for c in (1, 3, 16, 19, 32, 40):
        x = integers(rng, (2, 6, 5, c), -64, 64)
        for size in ((2, 2), (4, 2), (1, 4)):
            y = kernels.upsample2d(x, size, "bilinear")
            assert_same(y, reference.upsample2d(x, size, "bilinear"))
            dy = integers(rng, y.shape, -64, 64)
            assert_same(kernels.upsample2d_dx(dy, size, "bilinear"), reference.upsample2d_dx(dy, size, "bilinear"))


def test_upsample_repeats(isa: str, rng: np.random.Generator) -> None:
    for c in (1, 7, 16, 40):
        for size in (1, 2, (3, 2), (1, 5), (9, 10)):
            x = integers(rng, (2, 5, 4, c), 1, 99)
            y = kernels.upsample2d(x, size)
            assert_same(y, reference.upsample2d(x, size))
            dy = integers(rng, y.shape, 1, 9)
            assert_same(kernels.upsample2d_dx(dy, size), reference.upsample2d_dx(dy, size))


def test_the_same_size_is_the_same_image(isa: str, rng: np.random.Generator) -> None:
    x = normal(rng, (2, 7, 9, 18))
    x[0, 1, 1, :4] = np.nan, np.inf, -np.inf, -0.0
    for method in METHODS:
        y = kernels.resize2d(x, (7, 9), method)
        assert y.tobytes() == x.tobytes()


def test_infinity_and_nan(isa: str) -> None:
    """They reach the pixels that they have a weight in, and no others."""
    x = np.zeros((1, 1, 4, 20), np.float32)
    x[0, 0, 1] = np.inf
    x[0, 0, 3, 19] = np.nan
    y = kernels.resize2d(x, (1, 8))[0, 0]
    assert np.isinf(y[1:5, 0]).tolist() == [True, True, True, True]
    assert y[[0, 5, 6, 7], 0].tolist() == [0, 0, 0, 0]
    assert np.isnan(y[:, 19]).tolist() == [False] * 5 + [True] * 3


def test_same_bits(rng: np.random.Generator) -> None:
    x, dy = normal(rng, (2, 33, 41, 19)), normal(rng, (2, 60, 70, 19))
    for method in METHODS:
        assert_same_bits_everywhere(lambda m=method: kernels.resize2d(x, (60, 70), m))
        assert_same_bits_everywhere(lambda m=method: kernels.resize2d_dx(dy, x.shape, m))
        assert_same_bits_everywhere(lambda m=method: kernels.resize2d(x, (17, 9), m))


def test_large_images_on_all_threads(isa: str, rng: np.random.Generator) -> None:
    x = integers(rng, (2, 64, 50, 33))
    assert_same(kernels.upsample2d(x), reference.upsample2d(x))
    dy = integers(rng, (2, 128, 100, 33))
    assert_same(kernels.upsample2d_dx(dy), reference.upsample2d_dx(dy))
    assert_same(kernels.upsample2d_dx(dy, 2, "bilinear"), reference.upsample2d_dx(dy, 2, "bilinear"))


def test_empty_batches_and_out() -> None:
    assert kernels.resize2d(np.zeros((0, 3, 3, 2)), 5).shape == (0, 5, 5, 2)
    assert kernels.upsample2d_dx(np.zeros((0, 4, 4, 2))).shape == (0, 2, 2, 2)
    out = np.empty((1, 2, 4, 1), np.float32)
    assert kernels.upsample2d([[[[1.0], [2.0]]]], out=out) is out
    assert out.ravel().tolist() == [1, 1, 2, 2, 1, 1, 2, 2]
    with pytest.raises(ValueError, match="out must not share memory with x"):
        kernels.resize2d(out, (2, 4), out=out)


def test_nonsense_is_refused() -> None:
    x = np.zeros((1, 4, 6, 2), np.float32)
    with pytest.raises(ValueError, match="interpolation must be one of 'nearest', 'bilinear', got 'bicubic'"):
        kernels.resize2d(x, 3, "bicubic")
    with pytest.raises(ValueError, match=r"size must be at least 1, got \(0, 3\)"):
        kernels.resize2d(x, (0, 3))
    with pytest.raises(ValueError, match=r"size must be factors between 1 and 2147483647, got \(0, 2\)"):
        kernels.upsample2d(x, (0, 2))
    with pytest.raises(ValueError, match=r"dy must have a height and width divisible by size \(3, 2\)"):
        kernels.upsample2d_dx(x, (3, 2))
    with pytest.raises(ValueError, match=r"dy must have shape \(2, oh, ow, 2\), got \(1, 4, 6, 2\)"):
        kernels.resize2d_dx(x, (2, 4, 6, 2))
    with pytest.raises(ValueError, match=r"x_shape must be the shape \(n, h, w, c\) of x"):
        kernels.resize2d_dx(x, (2, 4, 6))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"x must have 4 dimensions \(n, h, w, c\), got shape \(4, 6, 2\)"):
        kernels.upsample2d(x[0])
    with pytest.raises(ValueError, match="h must be at least 1, got 0"):
        kernels.resize2d(x[:, :0], 3)
    with pytest.raises((ValueError, MemoryError), match=r"too large|no memory"):
        kernels.resize2d(x, (2**40, 2**40))


def test_the_reference_refuses_what_the_kernel_refuses():
    for package in (kernels, reference):
        with pytest.raises(ValueError, match="interpolation must be .*'nearest'.*'bilinear', got 'cubic'"):
            package.resize2d(np.ones((1, 2, 2, 1)), 3, "cubic")
