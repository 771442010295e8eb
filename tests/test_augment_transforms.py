"""Every transform against plain NumPy in float64, with parameters drawn or fixed: bytes, floats, grey and RGB."""

import colorsys
import math

import numpy as np
import pytest

import fastcnn.augment as A
from fastcnn import reference

KINDS = ["rgb", "rgb_floats", "grey", "flat_grey_floats"]
KEY = (3, 1, 4)


def picture(kind, height=23, width=31):
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / 5 + c) * np.cos(y / 4 - c) + 0.5 * np.sin((x + y) / (3 + c)) for c in range(3)]
    image = np.stack(waves, axis=-1) + np.random.default_rng(1).uniform(-0.3, 0.3, (height, width, 3))
    image = (image - image.min()) / np.ptp(image)
    if "grey" in kind:
        image = image[:, :, 0] if "flat" in kind else image[:, :, :1]
    return image.astype(np.float32) if "floats" in kind else np.rint(image * 255).astype(np.uint8)


@pytest.fixture(params=KINDS)
def image(request):
    return picture(request.param)


def parameters(transform, image, key=KEY):
    """What the transform draws for this key; nothing is drawn before where p is 1."""
    return transform.parameters(A.Draws(key), image if image.ndim == 3 else image[:, :, None])


def result(transform, image, key=KEY, **others):
    return A.apply(transform, image, key, **others)


def close(ours, expected, image, levels=1.0):
    """Equal to one grey level, or in floats to rounding."""
    white = 255 if image.dtype == np.uint8 else 1
    assert ours.dtype == image.dtype
    assert ours.shape == expected.shape
    limit = levels if white == 255 else 2e-5
    assert np.abs(ours.astype(np.float64) - np.clip(expected, 0, white)).max() <= limit


def bilinear(image, matrix, size, fill=0.0, border="constant"):
    """What lies at the places that ``matrix`` moves onto the canvas: sums of four neighbours, one by one."""
    pixels = image.astype(np.float64).reshape(*image.shape[:2], -1)
    inverse = np.linalg.inv(matrix)
    out = np.zeros((*size, pixels.shape[2]))
    for v in range(size[0]):
        for u in range(size[1]):
            x, y, _ = inverse @ (u, v, 1)
            for i in (math.floor(y), math.floor(y) + 1):
                for j in (math.floor(x), math.floor(x) + 1):
                    weight = (1 - abs(y - i)) * (1 - abs(x - j))
                    inside = 0 <= i < pixels.shape[0] and 0 <= j < pixels.shape[1]
                    nearest = pixels[min(max(i, 0), pixels.shape[0] - 1), min(max(j, 0), pixels.shape[1] - 1)]
                    out[v, u] += weight * (nearest if inside or border == "replicate" else fill)
    return out.reshape(*size, *image.shape[2:])


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        (A.VerticalFlip(p=1), lambda x: x[::-1]),
        (A.HorizontalFlip(p=1), lambda x: x[:, ::-1]),
        (A.Transpose(p=1), lambda x: x.swapaxes(0, 1)),
        (A.NoOp(p=1), lambda x: x),
        (A.CenterCrop(10, 12), lambda x: x[6:16, 9:21]),
        (A.PadIfNeeded(26, 20, fill=1), lambda x: np.pad(x, ((1, 2), (0, 0), (0, 0))[: x.ndim], constant_values=1)),
        (A.PadIfNeeded(None, None, 8, 8, "bottom_right", "reflect_101"), lambda x: np.pad(x, ((1, 0), (1, 0), (0, 0))[: x.ndim], "reflect")),
        (A.CenterCrop(30, 10, pad_if_needed=True, border_mode="replicate"), lambda x: np.pad(x[:, 10:20], ((3, 4), (0, 0), (0, 0))[: x.ndim], "edge")),
        (A.Resize(46, 62, interpolation="nearest"), lambda x: x.repeat(2, axis=0).repeat(2, axis=1)),
        (A.Resize(23, 31), lambda x: x),
        (A.Lambda(image=lambda x: x[::-1].copy()), lambda x: x[::-1]),
    ],
)  # fmt: skip
def test_moved_exactly(transform, expected, image):
    np.testing.assert_array_equal(result(transform, image), expected(image))


@pytest.mark.parametrize("key", range(9))
def test_quarters(key, image):
    factor = parameters(A.RandomRotate90(), image, key)["factor"]
    np.testing.assert_array_equal(result(A.RandomRotate90(), image, key), np.rot90(image, factor))
    p = parameters(A.D4(), image, key)
    expected = np.rot90(image.swapaxes(0, 1) if p["transposed"] else image, p["factor"])
    np.testing.assert_array_equal(result(A.D4(), image, key), expected)


def matrix_by_hand(shape, scale, angle, shear, translate):
    h, w = shape[:2]
    turn, sx, sy = math.radians(angle), math.radians(shear[0]), math.radians(shear[1])
    to_middle = np.array([[1, 0, -(w - 1) / 2], [0, 1, -(h - 1) / 2], [0, 0, 1]])
    turned = np.array([[math.cos(turn), math.sin(turn), 0], [-math.sin(turn), math.cos(turn), 0], [0, 0, 1]])
    sheared = np.array([[1, -math.tan(sx), 0], [-math.tan(sy), 1, 0], [0, 0, 1]])
    moved = np.array([[1, 0, translate[0]], [0, 1, translate[1]], [0, 0, 1]])
    return np.linalg.inv(to_middle) @ moved @ sheared @ turned @ np.diag([*scale, 1]) @ to_middle


def test_shift_scale_rotate(image):
    transform = A.ShiftScaleRotate(0.2, 0.3, 60, fill=0.25, p=1)
    p = parameters(transform, image)
    matrix = matrix_by_hand(image.shape, p["scale"], p["angle"], (0, 0), p["translate"])
    np.testing.assert_allclose(p["matrix"], matrix, atol=1e-12)
    close(result(transform, image), bilinear(image, matrix, image.shape[:2], 0.25), image)
    assert abs(p["translate"][0]) <= 0.2 * 31
    assert p["scale"][0] != p["scale"][1]  # as in albumentations, one for each axis


def test_rotate(image):
    transform = A.Rotate((25, 25), border_mode=A.BORDER_REPLICATE, p=1)
    matrix = matrix_by_hand(image.shape, (1, 1), 25, (0, 0), (0, 0))
    close(result(transform, image), bilinear(image, matrix, image.shape[:2], border="replicate"), image)
    turned = result(A.Rotate((90, 90), p=1), image[:23, :23])
    np.testing.assert_allclose(turned, np.rot90(image[:23, :23]), atol=1e-6)


@pytest.mark.parametrize("angle", [0, 10, 45, 60, 90, -130])
def test_crop_border_leaves_nothing_from_outside(angle):
    white = np.full((40, 60, 3), 255, np.uint8)
    y = result(A.Rotate((angle, angle), crop_border=True, p=1), white)
    assert y[1:-1, 1:-1].min() >= 250
    assert y.shape[0] * y.shape[1] >= 0.35 * 40 * min(60, 40)


def test_affine(image):
    transform = A.Affine(
        scale={"x": (0.7, 0.9), "y": 1.2}, rotate=(-30, 30), shear={"x": 12, "y": -6}, translate_px={"x": 3, "y": (-4, -4)},
        border_mode="replicate", p=1,
    )  # fmt: skip
    p = parameters(transform, image)
    assert 0.7 <= p["scale"][0] <= 0.9
    assert p["scale"][1] == 1.2
    assert p["translate"] == (3, -4)
    matrix = matrix_by_hand(image.shape, p["scale"], p["angle"], (12, -6), (3, -4))
    close(result(transform, image), bilinear(image, matrix, image.shape[:2], border="replicate"), image)


def test_affine_with_all_of_the_image():
    image = np.full((20, 30), 200, np.uint8)
    y = result(A.Affine(rotate=30, fit_output=True, p=1), image)
    assert y.shape == (34, 38)
    assert y.mean() * 34 * 38 == pytest.approx(200 * 20 * 30, rel=0.005)
    assert parameters(A.Affine(scale=(0.5, 2), keep_ratio=True), image)["scale"][0] == parameters(
        A.Affine(scale=(0.5, 2), keep_ratio=True), image
    )["scale"][1]  # fmt: skip


def test_random_crop(image):
    transform = A.RandomCrop(7, 9)
    p = parameters(transform, image)
    top, left = p["top"], p["left"]
    np.testing.assert_array_equal(result(transform, image), image[top : top + 7, left : left + 9])
    corners = {tuple(parameters(transform, image, i)[k] for k in ("top", "left")) for i in range(4000)}
    assert {c[0] for c in corners} == set(range(17))
    assert {c[1] for c in corners} == set(range(23))
    padded = result(A.RandomCrop(30, 40, pad_if_needed=True, pad_position="random", fill=0), image)
    assert padded.shape[:2] == (30, 40)
    assert padded.astype(np.float64).sum() == pytest.approx(image.astype(np.float64).sum())


def area_weights(size, out):
    """Bilinear, centres of pixels at halves: a row for each pixel of the result."""
    weights = np.zeros((out, size))
    for i in range(out):
        at = min(max((i + 0.5) * size / out - 0.5, 0), size - 1)
        low = min(int(at), size - 1)
        weights[i, low] += 1 - (at - low)
        weights[i, min(low + 1, size - 1)] += at - low
    return weights


def test_resize(image):
    rows, columns = area_weights(23, 40), area_weights(31, 11)
    expected = np.tensordot(columns, np.tensordot(rows, image.astype(np.float64), (1, 0)), (1, 1)).swapaxes(0, 1)
    close(result(A.Resize(40, 11), image), expected, image)
    expected = image[:22, :30].astype(np.float64).reshape(11, 2, 15, 2, *image.shape[2:]).mean((1, 3))
    close(result(A.Resize(11, 15, "area"), np.ascontiguousarray(image[:22, :30])), expected, image)
    shrunk = result(A.Resize(11, 15, area_for_downscale="image"), np.ascontiguousarray(image[:22, :30]))
    close(shrunk, expected, image)


def test_random_resized_crop(image):
    transform = A.RandomResizedCrop((12, 10), scale=(0.3, 0.6))
    top, left, height, width = parameters(transform, image)["part"]
    part = image[top : top + height, left : left + width].astype(np.float64)
    assert 0.25 < height * width / (23 * 31) < 0.65
    rows, columns = area_weights(height, 12), area_weights(width, 10)
    expected = np.tensordot(columns, np.tensordot(rows, part, (1, 0)), (1, 1)).swapaxes(0, 1)
    close(result(transform, image), expected, image)


@pytest.mark.parametrize(
    ("shape", "part"), [((4, 60, 1), (0, 27, 4, 5)), ((60, 4, 1), (27, 0, 5, 4)), ((9, 9, 1), (0, 0, 9, 9))]
)
def test_random_resized_crop_that_cannot_fit(shape, part):
    """Ten draws larger than the image: the middle, as large as ratios allow."""
    transform = A.RandomResizedCrop((4, 4), scale=(1, 1))
    transform._part = lambda *_: None
    assert transform.parameters(A.Draws(0), np.zeros(shape, np.uint8))["part"] == part


@pytest.mark.parametrize(
    ("transform", "size"),
    [
        (A.SmallestMaxSize(46), (46, 62)),
        (A.LongestMaxSize(62), (46, 62)),
        (A.LongestMaxSize(max_size_hw=(46, 1000)), (46, 62)),
        (A.LongestMaxSize(max_size_hw=(None, 62)), (46, 62)),
        (A.SmallestMaxSize(max_size_hw=(46, 3)), (46, 62)),
        (A.SmallestMaxSize([46, 46]), (46, 62)),
        (A.LongestMaxSize(1), (1, 1)),
    ],
)
def test_sides(transform, size, image):
    assert result(transform, image).shape == (*size, *image.shape[2:])


def test_brightness_and_contrast(image):
    white = 255 if image.dtype == np.uint8 else 1
    transform = A.RandomBrightnessContrast(0.4, 0.5, p=1)
    p = parameters(transform, image)
    assert 0.5 <= p["alpha"] <= 1.5
    assert abs(p["beta"]) <= 0.4 * white
    close(result(transform, image), image.astype(np.float64) * p["alpha"] + p["beta"], image)
    by_mean = A.RandomBrightnessContrast((0.2, 0.2), 0, brightness_by_max=False, p=1)
    close(result(by_mean, image), image + 0.2 * image.astype(np.float64).mean(), image)
    safe = A.RandomBrightnessContrast((0.2, 0.2), (0.5, 0.5), ensure_safe_range=True, p=1)
    p = parameters(safe, image)
    assert p["alpha"] * white + p["beta"] <= white * 1.000001


def test_gamma(image):
    white = 255 if image.dtype == np.uint8 else 1
    close(result(A.RandomGamma((60, 60), p=1), image), (image.astype(np.float64) / white) ** 0.6 * white, image)


GREY = np.array([0.299, 0.587, 0.114])


def jittered(image, brightness, contrast, saturation, hue, order):
    white = 255 if image.dtype == np.uint8 else 1
    y, colours = image.astype(np.float64) / white, image.ndim == 3 and image.shape[2] == 3
    for step in order:
        grey = y @ GREY if colours else y
        if step == 0:
            y = y * brightness
        elif step == 1:
            y = contrast * y + (1 - contrast) * grey.mean()
        elif step == 2 and colours:
            y = saturation * y + (1 - saturation) * grey[:, :, None]
        elif step == 3 and colours:
            hsv = [colorsys.rgb_to_hsv(*pixel) for pixel in y.reshape(-1, 3)]
            y = np.reshape([colorsys.hsv_to_rgb((h + hue) % 1, s, v) for h, s, v in hsv], y.shape)
        y = y.clip(0, 1)
    return y * white


@pytest.mark.parametrize("key", range(5))
def test_color_jitter(image, key):
    transform = A.ColorJitter(0.4, 0.4, 0.4, 0.3, p=1)
    p = parameters(transform, image, key)
    assert sorted(p["order"]) == [0, 1, 2, 3]
    # Four roundings one after the other, the first of which later steps enlarge by up to 1.4.
    close(result(transform, image, key), jittered(image, **p), image, levels=3)


@pytest.mark.parametrize("step", ["brightness", "contrast", "saturation", "hue"])
def test_one_step_of_color_jitter(image, step):
    nothing = {"brightness": (1, 1), "contrast": (1, 1), "saturation": (1, 1), "hue": (0, 0)}
    transform = A.ColorJitter(**nothing | {step: (0.3, 0.3)}, p=1)
    close(result(transform, image), jittered(image, **parameters(transform, image)), image)


def test_hue_saturation_value():
    image = picture("rgb")
    shifts = {"hue": 21.0, "saturation": -25.0, "value": 12.0}
    y = result(A.HueSaturationValue((21, 21), (-25, -25), (12, 12), p=1), image)
    expected = np.empty(image.shape)
    for at in np.ndindex(image.shape[:2]):
        h, s, v = colorsys.rgb_to_hsv(*(image[at] / 255))
        h = math.floor(round(h * 180) + shifts["hue"]) % 180 / 180
        s = min(max(round(s * 255) + shifts["saturation"], 0), 255) / 255 if s > 0 else 0
        v = min(max(v * 255 + shifts["value"], 0), 255) / 255
        expected[at] = np.multiply(colorsys.hsv_to_rgb(h, s, v), 255)
    # A hue of 2 degrees this way or that where their halves are exactly in the middle.
    difference = np.abs(y - expected).max(axis=2)
    assert (difference > 1).mean() < 0.02
    assert difference.max() < 9
    floats = result(A.HueSaturationValue((21, 21), (-25, -25), (12, 12), p=1), image.astype(np.float32) / 255)
    np.testing.assert_allclose(floats * 255, y, atol=1e-3)
    grey = picture("grey")
    close(result(A.HueSaturationValue((9, 9), (9, 9), (12, 12), p=1), grey), grey + 12.0, grey)


def test_clahe(image):
    y = result(A.CLAHE((3, 3), (4, 2), p=1), image)
    pixels = np.rint(image * 255).astype(np.uint8) if image.dtype == np.float32 else image
    expected = reference.image_clahe(pixels, 3, (2, 4)).astype(np.float64)
    assert y.dtype == image.dtype
    assert np.abs(y.astype(np.float64) * (255 if image.dtype == np.float32 else 1) - expected).max() <= 1.001
    assert y.std() > image.std() * 0.9


@pytest.mark.parametrize("side", [3, 5, 7])
def test_blur(image, side):
    r = side // 2
    padded = np.pad(image.astype(np.float64), ((r, r), (r, r), (0, 0))[: image.ndim], "reflect")
    expected = sum(padded[i : i + 23, j : j + 31] for i in range(side) for j in range(side)) / side**2
    close(result(A.Blur((side, side), p=1), image), expected, image)


@pytest.mark.parametrize(("limit", "side"), [((5, 5), 5), ((4, 4), 5), (0, 9)])
def test_gaussian_blur(image, limit, side):
    transform = A.GaussianBlur(limit, (1.3, 1.3), p=1)
    r = side // 2
    bell = np.exp(-0.5 * (np.arange(-r, r + 1) / 1.3) ** 2)
    bell /= bell.sum()
    padded = np.pad(image.astype(np.float64), ((r, r), (r, r), (0, 0))[: image.ndim], "reflect")
    expected = sum(
        bell[i] * bell[j] * padded[i : i + 23, j : j + 31] for i in range(side) for j in range(side)
    )  # fmt: skip
    close(result(transform, image), expected, image)
    np.testing.assert_array_equal(result(A.GaussianBlur(limit, (0, 0), p=1), image), image)


@pytest.mark.parametrize("factor", [1, 0.5])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_noise(dtype, factor):
    white = 255 if dtype == np.uint8 else 1
    image = np.full((100, 120, 3), 128 if dtype == np.uint8 else 0.5, dtype)
    transform = A.GaussNoise((0.1, 0.1), (0.05, 0.05), noise_scale_factor=factor, p=1)
    y = result(transform, image).astype(np.float64) / white - image / white
    assert y.mean() == pytest.approx(0.05, abs=0.003)
    assert y.std() == pytest.approx(0.1 if factor == 1 else 0.0625, rel=0.05)
    assert abs(np.corrcoef(y[:, :, 0].ravel(), y[:, :, 1].ravel())[0, 1]) < 0.05
    assert not np.array_equal(result(transform, image), result(transform, image, key=9))
    shared = result(A.GaussNoise(per_channel=False, noise_scale_factor=factor, p=1), image)
    np.testing.assert_array_equal(shared[:, :, 0], shared[:, :, 2])


def test_holes(image):
    transform = A.CoarseDropout((3, 3), (0.2, 0.4), (5, 9), fill=0.5, p=1)
    p = parameters(transform, image)
    expected = image.astype(np.float64)
    assert len(p["holes"]) == 3
    for top, left, bottom, right in p["holes"]:
        assert 4 <= bottom - top <= 9
        assert 5 <= right - left <= 9
        assert min(top, left) >= 0
        expected[top:bottom, left:right] = 0.5
    close(result(transform, image), expected, image)


@pytest.mark.parametrize("fill", ["random", "random_uniform"])
def test_holes_of_noise(image, fill):
    transform = A.CoarseDropout((1, 1), (0.5, 0.5), (0.5, 0.5), fill=fill, p=1)
    ((top, left, bottom, right),) = parameters(transform, image)["holes"]
    y = result(transform, image)
    hole = y[top:bottom, left:right].reshape(bottom - top, right - left, -1)
    assert len(np.unique(hole)) == hole.shape[2] if fill == "random_uniform" else len(np.unique(hole)) > 50
    outside = np.ones(image.shape[:2], bool)
    outside[top:bottom, left:right] = False
    np.testing.assert_array_equal(y[outside], image[outside])
    np.testing.assert_array_equal(result(transform, image), y)


@pytest.mark.parametrize(
    ("method", "grey"),
    [
        ("weighted_average", lambda x: x @ GREY),
        ("average", lambda x: x.mean(axis=2)),
        ("max", lambda x: x.max(axis=2)),
        ("desaturation", lambda x: (x.max(axis=2) + x.min(axis=2)) / 2),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", ["rgb", "rgb_floats"])
def test_to_gray(method, grey, channels, kind):
    image = picture(kind)
    expected = np.repeat(grey(image.astype(np.float64))[:, :, None], channels, axis=2)
    close(result(A.ToGray(channels, method, p=1), image), expected, image)


def test_grey_images_have_no_colours_to_lose():
    image = picture("grey")
    np.testing.assert_array_equal(result(A.ToGray(p=1), image), image)


def test_normalize(image):
    white = 255 if image.dtype == np.uint8 else 1
    x, channels = image.astype(np.float64), (0, 1)
    mean, std = np.array([0.4, 0.5, 0.6]), np.array([0.2, 0.3, 0.1])
    if image.ndim == 2 or image.shape[2] == 1:
        mean, std = mean[:1], std[:1]
    y = result(A.Normalize(tuple(mean), tuple(std), white), image)
    expected = (x / white - mean) / std if image.ndim == 3 else (x / white - mean[0]) / std[0]
    np.testing.assert_allclose(y, expected, atol=1e-5)
    np.testing.assert_allclose(result(A.ToFloat(), image), x / white, atol=1e-6)
    np.testing.assert_allclose(result(A.ToFloat(100.0), image), x / 100, atol=1e-6)
    expected = {
        "image": (x - x.mean()) / (x.std() + 1e-4),
        "image_per_channel": (x - x.mean(channels)) / (x.std(channels) + 1e-4),
        "min_max": (x - x.min()) / (np.ptp(x) + 1e-4),
        "min_max_per_channel": (x - x.min(channels)) / (np.ptp(x, channels) + 1e-4),
    }
    for name, values in expected.items():
        y = result(A.Normalize(normalization=name), image)
        assert y.dtype == np.float32
        np.testing.assert_allclose(y, values, atol=1e-5)


def test_imagenet_numbers():
    y = result(A.Normalize(), np.zeros((1, 1, 3), np.uint8))
    np.testing.assert_allclose(y.ravel(), [-2.1179, -2.0357, -1.8044], atol=1e-4)


ALL = [
    A.VerticalFlip(), A.HorizontalFlip(), A.Transpose(), A.RandomRotate90(), A.D4(), A.ShiftScaleRotate(), A.Rotate(),
    A.Affine(scale=(0.8, 1.2), rotate=(-9, 9)), A.RandomCrop(9, 9), A.CenterCrop(9, 9), A.RandomResizedCrop((9, 9)), A.Resize(9, 9),
    A.SmallestMaxSize(9), A.LongestMaxSize(9), A.PadIfNeeded(40, 40), A.RandomBrightnessContrast(), A.ColorJitter(),
    A.HueSaturationValue(), A.RandomGamma(), A.CLAHE(), A.Blur(), A.GaussianBlur(), A.GaussNoise(), A.CoarseDropout(), A.ToGray(),
    A.ToFloat(), A.Normalize(0.5, 0.5), A.NoOp(),
]  # fmt: skip


@pytest.mark.parametrize("transform", ALL, ids=[type(t).__name__ for t in ALL])
def test_arrays_given_stay_as_they_are(transform, image):
    before = image.copy()
    mask = np.zeros(image.shape[:2], np.uint8)
    y = transform(image=image, mask=mask, force_apply=True)
    np.testing.assert_array_equal(image, before)
    assert not mask.any()
    assert y["image"].ndim == image.ndim
    assert y["image"].flags.c_contiguous
    assert y["image"].dtype == (np.float32 if isinstance(transform, A.Normalize | A.ToFloat) else image.dtype)
    if isinstance(transform, A.DualTransform):
        assert y["mask"].shape == y["image"].shape[:2]
    else:
        assert y["mask"].shape == mask.shape


@pytest.mark.parametrize("transform", ALL, ids=[type(t).__name__ for t in ALL])
def test_one_pixel(transform):
    if isinstance(transform, A.RandomCrop | A.CenterCrop):
        transform = type(transform)(9, 9, pad_if_needed=True)
    for channels in (1, 3):
        y = transform(image=np.full((1, 1, channels), 77, np.uint8), force_apply=True)["image"]
        assert np.isfinite(y).all()
        assert y.shape[2] == channels
