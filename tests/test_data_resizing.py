"""Resizing: against the formula in float64, the resizing kernel, PyTorch and Keras where they are installed."""

import numpy as np
import pytest

from fastcnn import kernels
from fastcnn.data.resizing import METHODS, _resized, center_crop, resize, resize_with_padding

SIZES = [
    ((7, 5), (7, 5)),
    ((8, 12), (4, 4)),
    ((5, 3), (11, 8)),
    ((9, 30), (10, 7)),
    ((1, 6), (3, 2)),
    ((40, 33), (6, 9)),
]


def picture(size, rng):
    return rng.integers(0, 256, (*size, 3), np.uint8)


def slow(row, m, method):
    """One axis, one output pixel at a time."""
    n = len(row)
    out = np.zeros((m, *row.shape[1:]))
    for i in range(m):
        if method == "area":
            w = np.array([max(0, min((i + 1) * n / m, j + 1) - max(i * n / m, j)) for j in range(n)])
        else:
            x = np.abs(np.arange(n) - ((i + 0.5) * n / m - 0.5))
            with np.errstate(invalid="ignore", divide="ignore"):
                w = {
                    "bilinear": np.maximum(0, 1 - x),
                    "bicubic": np.where(x <= 1, 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2) * (x < 2),
                    "lanczos3": np.sinc(x) * np.sinc(x / 3) * (x < 3),
                    "lanczos5": np.sinc(x) * np.sinc(x / 5) * (x < 5),
                    "gaussian": np.exp(-2 * x * x) * (x < 1.5),
                    "mitchellcubic": np.where(x <= 1, 7 * x**3 - 12 * x**2 + 16 / 3, -7 / 3 * x**3 + 12 * x**2 - 20 * x + 32 / 3) / 6 * (x < 2),
                }[method]  # fmt: skip
        out[i] = np.tensordot(w / w.sum(), row, 1)
    return out


@pytest.mark.parametrize("method", [m for m in METHODS if m != "nearest"])
@pytest.mark.parametrize(("size", "wanted"), SIZES)
def test_formula(method, size, wanted, rng):
    image = picture(size, rng)
    found = resize(image, *wanted, method)
    rows = slow(image.astype(float), wanted[0], method)
    columns = slow(rows.transpose(1, 0, 2), wanted[1], method).transpose(1, 0, 2)
    assert (found.dtype, found.shape) == (np.float32, (*wanted, 3))
    expected = image if size == wanted else columns
    np.testing.assert_allclose(found, expected, atol=2e-4)


@pytest.mark.parametrize("method", ["bilinear", "nearest"])
@pytest.mark.parametrize(("size", "wanted"), SIZES)
def test_as_layers_resize(method, size, wanted, rng):
    image = picture(size, rng)
    expected = kernels.resize2d(image[None].astype(np.float32), wanted, method)[0]
    np.testing.assert_allclose(resize(image, *wanted, method), expected, atol=1e-4)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("size", "wanted"), SIZES)
def test_whole_numbers(method, size, wanted, rng):
    image = picture(size, rng)
    found = resize(image, *wanted, method, whole_numbers=True)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, resize(image, *wanted, method).clip(0, 255).round())
    padded = resize_with_padding(image, *wanted, method, whole_numbers=True)
    np.testing.assert_array_equal(padded, resize_with_padding(image, *wanted, method).clip(0, 255).round())


@pytest.mark.parametrize("method", ["bilinear", "nearest"])
@pytest.mark.parametrize(("size", "wanted"), [*SIZES, ((200, 300), (40, 40)), ((37, 500), (11, 13))])
def test_every_way_gives_the_same_bits(method, size, wanted, rng, isa):
    """Few pixels go through the kernel, of large photographs only the rows that count: nobody can tell."""
    image = picture(size, rng)
    whole = _resized(image.astype(np.float32), *wanted, method)
    np.testing.assert_array_equal(resize(image, *wanted, method), whole)
    np.testing.assert_array_equal(resize(image.astype(np.float32), *wanted, method), whole)
    kind = {"bilinear": "linear"}.get(method, method)
    np.testing.assert_array_equal(kernels.image_resize(image.astype(np.float32), *wanted, kind), whole)


@pytest.mark.parametrize("method", METHODS)
def test_constants_and_types(method):
    for dtype in (np.uint8, np.float32, np.float64, np.int32):
        found = resize(np.full((7, 9, 1), 77, dtype), 5, 20, method)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, 77, rtol=1e-6)


@pytest.mark.parametrize("method", ["bilinear", "area", "nearest-exact"])
@pytest.mark.parametrize(("size", "wanted"), SIZES)
def test_torch(method, size, wanted, rng):
    torch = pytest.importorskip("torch")
    image = picture(size, rng)
    if method == "area" and any(n % m for n, m in zip(size, wanted, strict=True)):
        pytest.skip("PyTorch's area has bins of whole pixels")
    x = torch.tensor(image.transpose(2, 0, 1)[None].astype(np.float32))
    options = {"align_corners": False} if method == "bilinear" else {}
    expected = torch.nn.functional.interpolate(x, wanted, mode=method, **options).numpy()[0].transpose(1, 2, 0)
    found = resize(image, *wanted, method.removesuffix("-exact"))
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize(
    ("size", "wanted", "part"),
    [
        ((340, 500), (200, 200), (340, 340)),
        ((10, 10), (5, 10), (5, 10)),
        ((10, 4), (1, 1), (4, 4)),
        ((3, 3), (1, 100), (1, 3)),
    ],
)
def test_center_crop(size, wanted, part):
    image = np.arange(np.prod(size)).reshape(*size, 1)
    found = center_crop(image, *wanted)
    assert found.shape[:2] == part
    top, left = (size[0] - part[0]) // 2, (size[1] - part[1]) // 2
    assert found[0, 0, 0] == image[top, left, 0]
    assert found.base is not None


def test_padding():
    image = np.full((10, 20, 1), 9, np.uint8)
    found = resize_with_padding(image, 8, 8)[:, :, 0]
    assert (found[:2] == 0).all()
    assert (found[6:] == 0).all()
    assert (found[2:6] == 9).all()
    tall = resize_with_padding(image.transpose(1, 0, 2), 8, 9)[:, :, 0]
    assert tall.any(0).tolist() == [False] * 2 + [True] * 4 + [False] * 3
    assert (resize_with_padding(image, 5, 10) == 9).all()
    assert resize_with_padding(np.ones((1, 1000, 3)), 10, 10).any((1, 2)).sum() == 1
