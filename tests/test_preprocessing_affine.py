"""Rotation, shift, shear, zoom, channel shift and brightness against plain Python, and their functions at random."""

import affine_reference
import numpy as np
import pytest

from fastcnn import utils
from fastcnn.preprocessing import image

LAST = {"row_axis": 0, "col_axis": 1, "channel_axis": 2}


def picture(h=9, w=12, c=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (h, w, c)).astype(np.float32)


@pytest.mark.parametrize("fill_mode", ["nearest", "reflect", "constant", "wrap"])
@pytest.mark.parametrize(
    "what",
    [
        {"theta": 33},
        {"tx": 2.25, "ty": -1.5},
        {"shear": 20},
        {"zx": 0.7, "zy": 1.3},
        {"theta": -70, "tx": 1, "ty": 20, "shear": 10, "zx": 1.5, "zy": 0.8},
    ],
)
def test_affine_equals_the_reference(what, fill_mode):
    x = picture()
    y = image.apply_affine_transform(x, **what, **LAST, fill_mode=fill_mode, cval=7.0)
    assert y.dtype == np.float32
    expected = affine_reference.affine(x, **what, fill_mode=fill_mode, cval=7.0)
    np.testing.assert_allclose(y, expected, atol=2e-2)


def test_nearest_pixel():
    x = picture()
    what = {"theta": 21, "tx": 0.3, "zx": 0.77, "zy": 1.1}
    y = image.apply_affine_transform(x, **what, **LAST, order=0)
    np.testing.assert_array_equal(y, affine_reference.affine(x, **what, order=0))


def test_cubic_goes_through_the_pixels_and_keeps_ramps():
    x = np.tile(np.arange(12, dtype=np.float32)[:, None], (9, 1, 1))
    y = image.apply_affine_transform(x, tx=2.5, **LAST, order=3)
    np.testing.assert_allclose(y[2:-2, 2:-5], x[2:-2, 2:-5] + 2.5, atol=1e-4)
    np.testing.assert_allclose(image.apply_affine_transform(picture(), ty=2, **LAST, order=3)[:6], picture()[2:8])


def test_quarter_turn_is_exact():
    x = picture(8, 8)
    y = image.apply_affine_transform(x, theta=90, **LAST)
    np.testing.assert_allclose(y, np.rot90(x), atol=1e-3)


def test_layouts_and_types():
    x = picture()
    what = {"theta": 25, "tx": 1.5, "zy": 0.9}
    last = image.apply_affine_transform(x, **what, **LAST)
    first = image.apply_affine_transform(x.transpose(2, 0, 1), **what)
    np.testing.assert_array_equal(first.transpose(1, 2, 0), last)
    swapped = image.apply_affine_transform(x.transpose(1, 0, 2), **what, row_axis=1, col_axis=0, channel_axis=2)
    np.testing.assert_array_equal(swapped.transpose(1, 0, 2), last)
    for dtype in ("uint8", "int32", "float64"):
        y = image.apply_affine_transform(x.astype(dtype), **what, **LAST)
        assert y.dtype == dtype
        assert np.abs(y - last).max() <= (0.51 if dtype != "float64" else 1e-3)


def test_nothing_to_do_changes_nothing():
    x = picture()
    np.testing.assert_array_equal(image.apply_affine_transform(x, **LAST), x)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"row_axis": 0, "col_axis": 0, "channel_axis": 2}, ValueError, "in some order, got 0, 0 and 2"),
        ({"row_axis": 0, "col_axis": 2, "channel_axis": 1}, ValueError, "channel_axis must be 0 or 2, got 1"),
        ({**LAST, "fill_mode": "nearst"}, ValueError, "Did you mean 'nearest'"),
        ({**LAST, "order": 2}, NotImplementedError, "order=2 is not supported"),
        ({**LAST, "order": 7}, ValueError, r"order must be 0 \(nearest\)"),
    ],
)
def test_wrong_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        image.apply_affine_transform(picture(), theta=1, **arguments)


def test_one_picture_only():
    with pytest.raises(ValueError, match=r"one picture with three axes, got shape \(2, 3\)"):
        image.apply_affine_transform(np.ones((2, 3)))


@pytest.mark.parametrize(
    ("function", "arguments", "within"),
    [
        (image.random_rotation, (40,), {"theta": 40}),
        (image.random_shift, (0.3, 0.2), {"tx": 0.3 * 12, "ty": 0.2 * 9}),
        (image.random_shear, (30,), {"shear": 30}),
        (image.random_zoom, ((0.5, 1.5),), {}),
    ],
)
def test_random_functions(function, arguments, within):
    x = picture()
    y = function(x, *arguments, **LAST, seed=3)
    np.testing.assert_array_equal(y, function(x, *arguments, **LAST, seed=3))
    assert not np.array_equal(y, function(x, *arguments, **LAST, seed=4))
    numbers = np.random.RandomState(3)
    if function is image.random_zoom:
        what = dict(zip(("zx", "zy"), numbers.uniform(0.5, 1.5, 2), strict=True))
    elif function is image.random_shift:
        what = {name: numbers.uniform(-1, 1) * within[name] for name in ("ty", "tx")}
    else:
        what = {name: numbers.uniform(-limit, limit) for name, limit in within.items()}
    np.testing.assert_allclose(y, affine_reference.affine(x, **what), atol=2e-2)


def test_random_functions_follow_the_global_seed():
    x = picture()
    made = []
    for _ in range(2):
        utils.set_random_seed(5)
        made.append([image.random_rotation(x, 40, **LAST), image.random_rotation(x, 40, **LAST)])
    np.testing.assert_array_equal(made[0], made[1])
    assert not np.array_equal(*made[0])


def test_range_of_random_zoom():
    with pytest.raises(ValueError, match="zoom_range must be two numbers"):
        image.random_zoom(picture(), (1, 2, 3))


def test_channel_shift_stays_within_the_picture():
    x = np.array([[[10.0, 100.0, 240.0]]], np.float32)
    assert image.apply_channel_shift(x, 50).ravel().tolist() == [60, 150, 240]
    assert image.apply_channel_shift(x, -50).ravel().tolist() == [10, 50, 190]
    y = image.apply_channel_shift(x.astype(np.uint8), 50.6)
    assert (y.dtype, y.ravel().tolist()) == (np.uint8, [61, 151, 240])
    shifted = image.random_channel_shift(picture(), 30, seed=1)
    by = np.random.RandomState(1).uniform(-30, 30)
    np.testing.assert_allclose(shifted, np.clip(picture() + by, picture().min(), picture().max()), atol=1e-4)


def test_brightness():
    x = np.array([[[0.0, 100.0, 200.0]]], np.float32)
    assert image.apply_brightness_shift(x, 1.5, scale=False).ravel().tolist() == [0, 150, 255]
    assert image.apply_brightness_shift(x, 0.5).ravel().tolist() == [0, 63.75, 127.5]  # first to 0..255
    assert image.apply_brightness_shift(x.astype(np.uint8), 0.51, scale=False).ravel().tolist() == [0, 51, 102]


def test_brightness_of_values_beyond_grey_levels():
    x = np.array([[[-1.0, 0.0, 1.0]]])
    y = image.apply_brightness_shift(x, 0.5, scale=False)
    np.testing.assert_allclose(y.ravel(), [-1, -0.5, 0])
    assert image.apply_brightness_shift(x, 0.5, scale=True).ravel().tolist() == [0, 63.75, 127.5]
    flat = np.full((1, 1, 3), 300.0)
    assert np.isfinite(image.apply_brightness_shift(flat, 1.2)).all()


def test_brightness_leaves_opacity_and_fractions():
    x = np.full((1, 1, 4), 100.0)
    assert image.apply_brightness_shift(x, 2, scale=False).ravel().tolist() == [200, 200, 200, 100]
    unit = np.full((1, 1, 1), 0.5)
    assert image.apply_brightness_shift(unit, 0.5, scale=False).item() == 0.25


def test_random_brightness():
    x = picture()
    factor = np.random.RandomState(2).uniform(0.5, 1.5)
    y = image.random_brightness(x, (0.5, 1.5), scale=False, seed=2)
    np.testing.assert_allclose(y, np.clip(x * factor, 0, 255), rtol=1e-6)
    with pytest.raises(ValueError, match="brightness_range must be two numbers"):
        image.random_brightness(x, 0.5)
    with pytest.raises(ValueError, match=r"one picture \(h, w, c\), got shape"):
        image.apply_brightness_shift(np.ones((2, 2)), 1.0)
