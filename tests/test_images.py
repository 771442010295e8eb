"""Images against their references: exactly where nothing is rounded, to one grey level where something is."""

from typing import Any

import numpy as np
import pytest
from checks import Array, digest

from fastcnn import _core, kernels, reference

BORDERS = ("constant", "replicate", "reflect", "reflect_101", "wrap")
SHAPES = [(17, 23, 3), (16, 40, 1), (33, 19, 4), (9, 11, 2), (21, 35), (5, 6, 7), (1, 1, 3), (1, 3, 1), (2, 1, 1)]
TURN = np.array([[0.83137, -0.41719, 3.30331], [0.37291, 0.92173, -2.60719]])


def picture(rng: np.random.Generator, shape: tuple[int, ...], dtype: str = "uint8") -> Array:
    return rng.integers(0, 256, shape).astype(np.uint8) if dtype == "uint8" else rng.random(shape).astype(np.float32)


def assert_close(got: Array, expected: Array, levels: int = 1) -> None:
    """The type, the shape, and the numbers: bytes to a level, floats to 2e-5."""
    assert (got.shape, got.dtype) == (expected.shape, expected.dtype)
    difference = np.abs(got.astype(np.float64) - expected)
    assert difference.max(initial=0) <= (levels if got.dtype == np.uint8 else 2e-5)
    if got.dtype == np.uint8 and got.size > 500:
        assert np.mean(difference) < 0.02, "rounding differs in too many places"


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("interpolation", ["nearest", "linear", "cubic"])
def test_warp(isa: str, rng: np.random.Generator, interpolation: str, border: str, dtype: str) -> None:
    for shape in SHAPES:
        x = picture(rng, shape, dtype)
        for matrix in (
            TURN,
            [[0.31271, 0, -3.20173], [0, 0.27919, 1.10373]],
            [[-2.70519, 0.3, 40.2], [0.1, 3.1, -17.31297]],
        ):
            for size in (None, (13, 37)):
                got = kernels.image_warp(x, matrix, size, interpolation, border, 0.3)
                assert_close(got, reference.image_warp(x, matrix, size, interpolation, border, 0.3))


def test_warp_by_whole_pixels_is_exact(isa: str, rng: np.random.Generator) -> None:
    for shape in SHAPES:
        for dtype in ("uint8", "float32"):
            x = picture(rng, shape, dtype)
            h, w = shape[:2]
            for interpolation in ("nearest", "linear", "cubic"):
                same = kernels.image_warp(x, np.eye(2, 3), interpolation=interpolation)
                assert np.array_equal(same, x)
                mirrored = kernels.image_warp(x, [[-1, 0, w - 1], [0, -1, h - 1]], interpolation=interpolation)
                assert np.array_equal(mirrored, x[::-1, ::-1])
                turned = kernels.image_warp(x, [[0, 1, 0], [1, 0, 0]], (w, h), interpolation)
                assert np.array_equal(turned, np.swapaxes(x, 0, 1))


def test_warp_perspective(isa: str, rng: np.random.Generator) -> None:
    matrix = [[0.9, 0.1, 1.3], [-0.1, 1.1, 2.2], [0.003, -0.002, 1.0]]
    for dtype in ("uint8", "float32"):
        x = kernels.image_blur(picture(rng, (40, 50, 3), dtype), 5, 5)
        got, expected = (f.image_warp(x, matrix) for f in (kernels, reference))
        assert np.abs(got.astype(float) - expected).max() <= (1 if dtype == "uint8" else 1e-4)


def test_warp_far_away(isa: str, rng: np.random.Generator) -> None:
    x = picture(rng, (8, 9, 3))
    for far in (1e5, 1e9, 1e30, 1e300, -1e300):
        for scale in (1.0, 1e300, -1e38):
            y = kernels.image_warp(x, [[scale, 0, far], [0, scale, far]], fill=7)
            if scale == 1.0:
                assert (y == 7).all()
            for border in BORDERS[1:]:
                kernels.image_warp(x, [[scale, far, far], [far, scale, far], [far, 0, 0]], border=border)


def test_warp_of_channels_has_a_fill_for_each(isa: str, rng: np.random.Generator) -> None:
    for c in (1, 2, 3, 4, 5):
        fill = list(range(10, 10 + c))
        y = kernels.image_warp(picture(rng, (20, 30, c)), [[1, 0, 100], [0, 1, 0]], fill=fill)
        assert (y == np.array(fill)).all()


def test_batches_warp_as_images_do(isa: str, rng: np.random.Generator) -> None:
    x = picture(rng, (5, 20, 24, 3), "float32")
    matrices = np.stack([TURN + 0.1 * i for i in range(5)])
    for border in BORDERS:
        y = kernels.images_warp(x, matrices, (18, 21), border=border, fill=0.25)
        for i in range(5):
            assert np.array_equal(y[i], kernels.image_warp(x[i], matrices[i], (18, 21), border=border, fill=0.25))
    assert kernels.images_warp(x[:0], matrices[:0]).shape == (0, 20, 24, 3)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("interpolation", ["nearest", "linear", "cubic", "area"])
def test_resize(isa: str, rng: np.random.Generator, interpolation: str, antialias: bool, dtype: str) -> None:
    for shape in SHAPES:
        x = picture(rng, shape, dtype)
        for size in ((7, 9), (30, 41), (shape[0], shape[1]), (1, 1), (50, 3)):
            got = kernels.image_resize(x, *size, interpolation, antialias)
            expected = reference.image_resize(x, *size, interpolation, antialias)
            assert_close(got, expected)
            if interpolation == "nearest" or size == shape[:2]:
                assert np.array_equal(got, expected)


def test_flip(isa: str, rng: np.random.Generator) -> None:
    for shape in [*SHAPES, (3, 37, 5), (2, 50, 16), (2, 9, 17), (4, 64, 3), (3, 224, 3)]:
        for dtype in ("uint8", "float32"):
            x = picture(rng, shape, dtype)
            for horizontal in (False, True):
                for vertical in (False, True):
                    expected = reference.image_flip(x, horizontal, vertical)
                    assert np.array_equal(kernels.image_flip(x, horizontal, vertical), expected)


@pytest.mark.parametrize("border", BORDERS)
def test_crop_pad(rng: np.random.Generator, border: str) -> None:
    for shape in SHAPES:
        for dtype in ("uint8", "float32"):
            x = picture(rng, shape, dtype)
            for window in ((1, 2, 3, 4), (-3, -4, 30, 40), (0, -50, 5, 20), (90, 2, 3, 60), (-1, 0, 1, 1)):
                assert np.array_equal(
                    kernels.image_crop_pad(x, *window, border, 0.5), reference.image_crop_pad(x, *window, border, 0.5)
                )


def test_fill(rng: np.random.Generator) -> None:
    boxes = [[1, 2, 4, 5], [-3, -3, 2, 2], [10, 10, 99, 99], [5, 5, 5, 9], [7, 7, 3, 3]]
    for shape in SHAPES:
        c = shape[2] if len(shape) == 3 else 1
        for dtype in ("uint8", "float32"):
            x = picture(rng, shape, dtype)
            fill = 0.75 if c == 1 else (np.arange(c) * 1.25).tolist()
            assert np.array_equal(kernels.image_fill(x, boxes, fill), reference.image_fill(x, boxes, fill))
            y = x.copy()
            assert kernels.image_fill(y, boxes, fill, out=y) is y
            assert np.array_equal(y, reference.image_fill(x, boxes, fill))


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_blur(isa: str, rng: np.random.Generator, dtype: str) -> None:
    for shape in SHAPES:
        x = picture(rng, shape, dtype)
        for window in ((1, 1), (3, 3), (5, 2), (4, 7), (1, 30)):
            got, expected = (f.image_blur(x, *window) for f in (kernels, reference))
            assert_close(got, expected)
            if dtype == "uint8" and window[0] % 2 and window[1] % 2:
                assert np.array_equal(got, expected)
        for sigmas in ((0, 0), (1.0, 0.5), (0, 3.0)):
            for size in (None, 5, (1, 7)):
                got, expected = (f.image_gaussian_blur(x, *sigmas, size) for f in (kernels, reference))
                assert_close(got, expected)


# Sums of 16 bits, the last window that they hold, sums of 32 bits, the last one that floats hold exactly, floats.
@pytest.mark.parametrize("window", [(15, 15), (1, 257), (257, 1), (1, 259), (17, 17), (253, 259), (401, 401)])
def test_blur_of_large_windows(isa: str, rng: np.random.Generator, window: tuple[int, int]) -> None:
    for shape in ((17, 23, 3), (33, 41), (5, 3, 7), (1, 1, 1)):
        for x in (picture(rng, shape), np.full(shape, 255, np.uint8)):
            got = kernels.image_blur(x, *window)
            assert_close(got, reference.image_blur(x, *window))
            if x.min() == 255:
                assert (got == 255).all()


def test_lookup(rng: np.random.Generator) -> None:
    for shape in SHAPES:
        x = picture(rng, shape)
        table = picture(rng, (256,))
        assert np.array_equal(kernels.image_lookup(x, table), table[x])
        tables = picture(rng, (shape[2] if len(shape) == 3 else 1, 256))
        assert np.array_equal(kernels.image_lookup(x, tables), reference.image_lookup(x, tables))


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_scale_and_normalize(isa: str, rng: np.random.Generator, dtype: str) -> None:
    for shape in [*SHAPES, (6, 7, 18), (5, 5, 33)]:
        x = picture(rng, shape, dtype)
        c = shape[2] if len(shape) == 3 else 1
        each = np.linspace(0.5, 2, c).tolist() if len(shape) == 3 else 1.3
        for alpha, beta in ((1.7, -20.25), (-1, 255), (each, 3.0), (0.5, each)):
            assert_close(kernels.image_scale(x, alpha, beta), reference.image_scale(x, alpha, beta))
        assert_close(kernels.image_scale(x, 3.0, -0.5, 1.0), reference.image_scale(x, 3.0, -0.5, 1.0))
        got = kernels.image_normalize(x, each, 0.25, 255.0 if dtype == "uint8" else 1.0)
        expected = reference.image_normalize(x, each, 0.25, 255.0 if dtype == "uint8" else 1.0)
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, expected, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_color(isa: str, rng: np.random.Generator, dtype: str) -> None:
    for shape in ((17, 23, 3), (9, 11, 1), (9, 11), (1, 1, 3)):
        x = picture(rng, shape, dtype)
        for values in ((1.3, 1, 1, 0), (1, 0.6, 1, 0), (1, 1, 1.6, 0), (1, 1, 0, 0), (1, 1, 1, 0.3), (1, 1, 1, -0.5)):
            assert_close(kernels.image_color(x, *values), reference.image_color(x, *values))
        for order in ((0, 1, 2, 3), (3, 1, 0, 2), (2,), ()):
            got = kernels.image_color(x, 0.8, 1.4, 0.7, 0.1, order)
            assert_close(got, reference.image_color(x, 0.8, 1.4, 0.7, 0.1, order), levels=3)
        for channels in (1, 3, 4):
            assert_close(kernels.image_gray(x, channels), reference.image_gray(x, channels))
    grey = np.repeat(picture(rng, (8, 9, 1)), 3, axis=2)
    assert np.array_equal(kernels.image_color(grey, hue=0.25), grey)


def test_clahe(rng: np.random.Generator) -> None:
    ramp = np.add.outer(np.arange(60), np.arange(75)).astype(np.float64)
    for shape, tiles in (((60, 75, 3), (8, 8)), ((60, 75), (4, 5)), ((60, 75, 1), (1, 1)), ((61, 64, 3), (3, 8))):
        noise = rng.normal(0, 12, shape)
        base = np.resize(ramp, shape[:2])
        x = np.clip((base if len(shape) == 2 else base[..., None]) + noise, 0, 255).astype(np.uint8)
        for limit in (0.0, 1.0, 4.0, 40.0):
            got, expected = (f.image_clahe(x, limit, tiles) for f in (kernels, reference))
            # A lightness that lies between two levels may be rounded either way, and a table may be steep there.
            difference = np.abs(got.astype(int) - expected)
            assert np.mean(difference > 1) < 0.005 and np.mean(difference) < 0.05


def test_noise(isa: str, rng: np.random.Generator) -> None:
    for shape in [*SHAPES, (50, 60, 3)]:
        for dtype in ("uint8", "float32"):
            x = picture(rng, shape, dtype)
            for per_channel in (True, False):
                got = kernels.image_noise(x, (3, 5), 0.5, 9.0, per_channel)
                assert_close(got, reference.image_noise(x, (3, 5), 0.5, 9.0, per_channel))
    x = np.zeros((4, 5, 3), np.float32)
    same = kernels.image_noise(x, (1, 1), per_channel=False)
    assert np.ptp(same, axis=2).max() == 0 < np.ptp(same)
    assert not np.array_equal(kernels.image_noise(x, (1, 1)), kernels.image_noise(x, (1, 2)))


CALLS: dict[str, Any] = {
    "warp": lambda x: kernels.image_warp(x, TURN, border="reflect_101"),
    "warp_back": lambda x: kernels.image_warp(x, TURN * 0.5, fill=3),
    "nearest": lambda x: kernels.image_warp(x, TURN, interpolation="nearest", border="wrap"),
    "cubic": lambda x: kernels.image_warp(x, TURN, interpolation="cubic"),
    "perspective": lambda x: kernels.image_warp(x, [*TURN.tolist(), [1e-3, 2e-3, 1]]),
    "resize": lambda x: kernels.image_resize(x, 31, 45, "cubic", True),
    "flip": lambda x: kernels.image_flip(x, True, True),
    "crop": lambda x: kernels.image_crop_pad(x, -3, 2, 60, 60, "reflect"),
    "blur": lambda x: kernels.image_blur(x, 3, 5),
    "gaussian": lambda x: kernels.image_gaussian_blur(x, 1.1, 0.8),
    "scale": lambda x: kernels.image_scale(x, 1.3, -7.5),
    "normalize": lambda x: kernels.image_normalize(x, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    "color": lambda x: kernels.image_color(x, 1.1, 0.9, 1.2, 0.07),
    "gray": lambda x: kernels.image_gray(x),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_same_bits_on_every_instruction_set(rng: np.random.Generator, name: str, dtype: str) -> None:
    """On base, too: no fused multiply-add in these kernels."""
    x = picture(rng, (53, 67, 3), dtype)
    before, hashes = _core.get_isa(), {}
    try:
        for isa in _core.available_isas():
            _core.set_isa(isa)
            hashes[isa] = digest(CALLS[name](x))
    finally:
        _core.set_isa(before)
    assert len(set(hashes.values())) == 1, hashes


@pytest.mark.parametrize(("name", "call"), {
    "clahe": lambda x: kernels.image_clahe(x, 3.0, (4, 4)),
    "box": lambda x: kernels.image_blur(x, 19, 21),
    "resize": lambda x: kernels.image_resize(x, 90, 31, "linear", False),
    "enlarge": lambda x: kernels.image_resize(x, 90, 131, "cubic", False),
}.items())  # fmt: skip
def test_same_bits_of_bytes_on_every_instruction_set(rng: np.random.Generator, name: str, call: Any) -> None:
    before, hashes = _core.get_isa(), {}
    try:
        for shape in ((53, 67, 3), (33, 16, 3), (40, 21, 1)):
            x = picture(rng, shape)
            for isa in _core.available_isas():
                _core.set_isa(isa)
                hashes[shape, isa] = digest(call(x))
    finally:
        _core.set_isa(before)
    assert len(set(hashes.values())) == 3, hashes


@pytest.mark.parametrize("name", CALLS)
def test_any_memory_layout(rng: np.random.Generator, name: str) -> None:
    whole = picture(rng, (60, 70, 6))
    strided = whole[::2, 3:, ::2]
    expected = CALLS[name](np.ascontiguousarray(strided))
    assert np.array_equal(CALLS[name](strided), expected)
    frozen = np.ascontiguousarray(strided)
    frozen.flags.writeable = False
    assert np.array_equal(CALLS[name](frozen), expected)
    memory = np.zeros(frozen.size + 3, np.uint8)
    for offset in (1, 3):
        shifted = memory[offset : offset + frozen.size].reshape(frozen.shape)
        shifted[...] = frozen
        assert np.array_equal(CALLS[name](shifted), expected)


def test_other_numbers_become_floats() -> None:
    assert kernels.image_flip([[1, 2, 3]], True).dtype == np.float32
    assert kernels.image_flip(np.ones((2, 2, 3)), True).dtype == np.float32
    assert kernels.image_scale(np.ones((2, 2), np.int16), 2.0).tolist() == [[2, 2], [2, 2]]


X = np.zeros((6, 5, 3), np.uint8)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        (
            "image_warp",
            ([1, 2], np.eye(2, 3)),
            r"image must have the dimensions \(h, w, c\) or \(h, w\), got shape \(2,\)",
        ),
        ("image_warp", (X, np.eye(2)), r"matrix must have shape \(2, 3\) or \(3, 3\), got \(2, 2\)"),
        ("image_warp", (X, np.full((2, 3), np.nan)), "matrix must be finite, got nan"),
        ("image_warp", (X, np.eye(2, 3), (0, 2)), r"size: height and width must be at least 1, got \(0, 2\)"),
        (
            "image_warp",
            (X, np.eye(2, 3), None, "area"),
            "interpolation must be one of 'nearest', 'linear', 'cubic', got",
        ),
        ("image_warp", (X, np.eye(2, 3), None, "linear", "edge"), "border must be one of 'constant', .* got 'edge'"),
        (
            "image_warp",
            (X, np.eye(2, 3), None, "linear", "constant", [1, 2]),
            "fill must be a number or one for each of 3",
        ),
        ("image_warp", (X[:0], np.eye(2, 3), (2, 2)), "image must have a height, width and channels of at least 1"),
        ("images_warp", (X[None], np.zeros((2, 2, 3))), "matrices must be one for each of 1 images, got 2"),
        ("images_warp", (X, np.zeros((2, 2, 3))), r"images must have 4 dimensions \(n, h, w, c\)"),
        ("image_resize", (X, 0, 4), r"height and width must be at least 1, got \(0, 4\)"),
        ("image_resize", (X, 2**23, 4), "height and width is too large: 8388608 x 4 x 3"),
        ("image_crop_pad", (X, 2**50, 0, 2, 2), "top must be between"),
        ("image_fill", (X, [[1, 2, 3]]), r"boxes must have shape \(k, 4\), got \(1, 3\)"),
        ("image_blur", (X, 0, 3), "height must be between 1 and 32768, got 0"),
        ("image_gaussian_blur", (X, -1, 3), "sigma_y must be between 0 and 2000, got -1"),
        ("image_gaussian_blur", (X, 1, 1, 4), "kernel_size must be odd, got 4 x 4"),
        ("image_lookup", (X, np.zeros(255, np.uint8)), r"table must have shape \(256,\) or \(3, 256\), got \(255,\)"),
        ("image_scale", (X, [1, 2]), "alpha must be a number or one for each of 3 channels"),
        ("image_scale", (X, np.inf), "alpha must be finite, got inf"),
        ("image_scale", (X, 1, 0, -1.0), "max_value must be at least 0, got -1"),
        ("image_normalize", (X, 0, [1, 0, 1]), "std must not be 0"),
        ("image_normalize", (X, 0, 1, 0), "max_pixel_value must not be 0"),
        ("image_color", (X[..., :2],), "image must have 1 or 3 channels, got 2"),
        ("image_color", (X, 1, 1, 1, 0.6), "hue must be between -0.5 and 0.5, got 0.6"),
        ("image_color", (X, 1, 1, 1, 0, (4,)), r"order must consist of the steps 0, 1, 2 and 3, got \(4,\)"),
        ("image_gray", (X, 0), "channels must be at least 1, got 0"),
        ("image_clahe", (X.astype(np.float32),), "image must be uint8, got float32"),
        ("image_clahe", (X, 1.0, (7, 1)), "tiles must be between 1 and 6, got 7"),
        ("image_noise", (X, (1, 2), 0, -1), "std must be at least 0, got -1"),
        ("image_noise", (X, (-1, 2)), "key must hold integers of at least 0, got -1"),
    ],
)
def test_nonsense_is_refused(name: str, arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        getattr(kernels, name)(*arguments)


def test_wrong_types_are_refused() -> None:
    with pytest.raises(TypeError, match="image must be uint8 to be looked up in a table"):
        kernels.image_lookup(np.zeros((2, 2)), np.zeros(256, np.uint8))
    with pytest.raises(TypeError, match="key must be a pair of integers"):
        kernels.image_noise(X, 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="order must be a sequence"):
        kernels.image_color(X, order=1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="out must not share memory with image"):
        kernels.image_warp(X, np.eye(2, 3), out=X)
    with pytest.raises(TypeError, match="out must have dtype uint8, got float32"):
        kernels.image_flip(X, out=np.zeros(X.shape, np.float32))
