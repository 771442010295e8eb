"""ImageDataGenerator: what each argument does, what is drawn, what fit finds; all against plain NumPy."""

import affine_reference
import numpy as np
import pytest

from fastcnn import utils
from fastcnn.preprocessing.image import ImageDataGenerator

X = np.random.default_rng(0).integers(0, 256, (12, 8, 10, 3)).astype(np.float32)


def drawn(generator, seed=1, shape=(8, 10, 3)):
    return generator.get_random_transform(shape, seed)


@pytest.mark.parametrize(
    ("arguments", "names", "limits"),
    [
        ({"rotation_range": 30}, ["theta"], (-30, 30)),
        ({"width_shift_range": 0.2}, ["tx"], (-2, 2)),
        ({"height_shift_range": 0.25}, ["ty"], (-2, 2)),
        ({"width_shift_range": 3.5}, ["tx"], (-3.5, 3.5)),
        ({"shear_range": 15}, ["shear"], (-15, 15)),
        ({"zoom_range": 0.2}, ["zx", "zy"], (0.8, 1.2)),
        ({"zoom_range": (0.5, 0.7)}, ["zx", "zy"], (0.5, 0.7)),
        ({"channel_shift_range": 20}, ["channel_shift_intensity"], (-20, 20)),
        ({"brightness_range": (0.4, 1.6)}, ["brightness"], (0.4, 1.6)),
    ],
)
def test_what_is_drawn(arguments, names, limits):
    generator = ImageDataGenerator(**arguments)
    still = drawn(ImageDataGenerator())
    values = np.array([[drawn(generator, seed)[name] for name in names] for seed in range(60)])
    width = limits[1] - limits[0]
    assert limits[0] <= values.min() < limits[0] + 0.15 * width
    assert limits[1] - 0.15 * width < values.max() <= limits[1]
    for seed in range(5):
        parameters = drawn(generator, seed)
        assert {name: parameters[name] for name in still if name not in names} == {
            name: still[name] for name in still if name not in names
        }


@pytest.mark.parametrize(
    ("limit", "allowed"),
    [(3, {-2, -1, 0, 1, 2}), ([1, 5], {-5, -1, 1, 5}), ([-0.1, 0.2], {-2.0, -1.0, 1.0, 2.0})],
)
def test_shifts_by_whole_pixels_and_by_lists(limit, allowed):
    generator = ImageDataGenerator(width_shift_range=limit)
    assert {drawn(generator, seed)["tx"] for seed in range(80)} == allowed


@pytest.mark.parametrize("which", ["horizontal_flip", "vertical_flip"])
def test_every_other_picture_is_flipped(which):
    generator = ImageDataGenerator(**{which: True})
    name = "flip_" + which.partition("_")[0]
    flips = [drawn(generator, seed)[name] for seed in range(200)]
    assert 70 < sum(flips) < 130
    x = X[0]
    expected = x[:, ::-1] if which == "horizontal_flip" else x[::-1]
    np.testing.assert_array_equal(generator.random_transform(x, flips.index(True)), expected)
    np.testing.assert_array_equal(generator.random_transform(x, flips.index(False)), x)


@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect", "wrap"])
def test_a_random_transform_is_what_was_drawn(fill_mode):
    generator = ImageDataGenerator(
        rotation_range=30,
        width_shift_range=0.2,
        height_shift_range=0.2,
        shear_range=10,
        zoom_range=0.2,
        channel_shift_range=30,
        fill_mode=fill_mode,
        cval=9,
        horizontal_flip=True,
        vertical_flip=True,
        brightness_range=(0.8, 1.2),
    )
    for seed in range(8):
        p = drawn(generator, seed)
        what = {name: p[name] for name in ("theta", "tx", "ty", "shear", "zx", "zy")}
        expected = affine_reference.affine(X[0], **what, fill_mode=fill_mode, cval=9)
        expected = np.clip(expected + p["channel_shift_intensity"], expected.min(), expected.max())
        expected = expected[:, ::-1] if p["flip_horizontal"] else expected
        expected = expected[::-1] if p["flip_vertical"] else expected
        expected = np.clip(expected * p["brightness"], 0, 255)
        y = generator.random_transform(X[0], seed)
        assert (y.shape, y.dtype) == (X[0].shape, np.float32)
        np.testing.assert_allclose(y, expected, atol=0.05)


def test_height_shift_moves_up_and_down():
    x = np.tile(np.arange(8, dtype=np.float32)[:, None, None], (1, 10, 3))  # rows differ, columns do not
    y = ImageDataGenerator(height_shift_range=3.0).random_transform(x, seed=1)
    assert not np.allclose(x, y)
    np.testing.assert_array_equal(ImageDataGenerator(width_shift_range=3.0).random_transform(x, seed=1), x)


def test_order_of_interpolation():
    p = {"theta": 20}
    nearest = ImageDataGenerator(interpolation_order=0).apply_transform(X[0], p)
    assert set(nearest.ravel()) <= set(X[0].ravel())
    cubic = ImageDataGenerator(interpolation_order=3).apply_transform(X[0], p)
    linear = ImageDataGenerator().apply_transform(X[0], p)
    assert not np.allclose(cubic, linear)


def test_channels_first_is_channels_last_moved():
    settings = {"rotation_range": 30, "horizontal_flip": True, "brightness_range": (0.5, 1.5), "channel_shift_range": 9}
    last = ImageDataGenerator(**settings).random_transform(X[0], seed=4)
    first = ImageDataGenerator(**settings, data_format="channels_first").random_transform(X[0].transpose(2, 0, 1), 4)
    np.testing.assert_array_equal(first.transpose(1, 2, 0), last)


def test_rescale_and_preprocessing_function_come_after_the_transform_in_keras_order():
    generator = ImageDataGenerator(preprocessing_function=lambda image: image + 1, rescale=0.5)
    np.testing.assert_array_equal(generator.standardize(X[0].copy()), (X[0] + 1) * 0.5)
    assert generator.standardize(np.array([[[2]]], np.uint8)).tolist() == [[[1.5]]]


def test_standardize_writes_in_place_where_it_can():
    x = X[:2].copy()
    y = ImageDataGenerator(rescale=0.5).standardize(x)
    assert y is x
    np.testing.assert_array_equal(x, X[:2] * 0.5)


def test_samplewise():
    generator = ImageDataGenerator(samplewise_center=True, samplewise_std_normalization=True)
    y = generator.standardize(X[0].copy())
    np.testing.assert_allclose(y, (X[0] - X[0].mean()) / (X[0].std() + 1e-6), atol=1e-5)
    centred = ImageDataGenerator(samplewise_center=True).standardize(X[0].copy())
    np.testing.assert_allclose(centred, X[0] - X[0].mean(dtype=np.float64), atol=1e-4)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_featurewise(data_format):
    generator = ImageDataGenerator(
        featurewise_center=True, featurewise_std_normalization=True, rescale=1 / 255, data_format=data_format
    )
    x = X if data_format == "channels_last" else X.transpose(0, 3, 1, 2)
    generator.fit(x)
    axes = (0, 1, 2) if data_format == "channels_last" else (0, 2, 3)
    scaled = x.astype(np.float64) / 255
    mean, std = scaled.mean(axes, keepdims=True), scaled.std(axes, keepdims=True)
    np.testing.assert_allclose(generator.mean, mean[0], rtol=1e-6)
    np.testing.assert_allclose(generator.std, std[0], rtol=1e-5)
    np.testing.assert_allclose(generator.standardize(x[0].copy()), ((scaled - mean) / (std + 1e-6))[0], atol=1e-5)


def test_zca_whitening():
    x = np.random.default_rng(1).normal(size=(200, 2, 3, 1)) @ np.array([[2.0]])
    x[:, :, 1] += x[:, :, 0]
    generator = ImageDataGenerator(featurewise_center=True, zca_whitening=True, zca_epsilon=1e-6, dtype="float64")
    generator.fit(x)
    flat = x.reshape(200, -1) - x.mean()
    u, s, _ = np.linalg.svd(flat.T, full_matrices=False)
    np.testing.assert_allclose(generator.zca_whitening_matrix, (u / (s / np.sqrt(200) + 1e-6 / np.sqrt(200))) @ u.T)
    y = generator.standardize(x.copy()).reshape(200, -1)
    np.testing.assert_allclose(y.T @ y / 200, np.eye(6), atol=1e-5)


def test_fit_on_changed_pictures():
    generator = ImageDataGenerator(featurewise_center=True, brightness_range=(0.5, 0.5))
    generator.fit(X, augment=True, rounds=2, seed=1)
    np.testing.assert_allclose(generator.mean.ravel(), X.mean((0, 1, 2)) / 2, rtol=1e-5)


@pytest.mark.parametrize(
    ("settings", "now_on", "now_off"),
    [
        ({"zca_whitening": True}, "featurewise_center", None),
        ({"featurewise_std_normalization": True}, "featurewise_center", None),
        ({"samplewise_std_normalization": True}, "samplewise_center", None),
        (
            {"zca_whitening": True, "featurewise_center": True, "featurewise_std_normalization": True},
            None,
            "featurewise_std_normalization",
        ),
    ],
)
def test_settings_that_need_others(settings, now_on, now_off):
    with pytest.warns(UserWarning, match=f"{next(iter(settings))}=True") as caught:
        generator = ImageDataGenerator(**settings)
    assert len(caught) == 1
    assert now_on is None or getattr(generator, now_on) is True
    assert now_off is None or getattr(generator, now_off) is False


@pytest.mark.parametrize("setting", ["featurewise_center", "featurewise_std_normalization", "zca_whitening"])
def test_forgotten_fit(setting):
    generator = ImageDataGenerator(**{"featurewise_center": setting != "featurewise_center", setting: True})
    with pytest.warns(UserWarning, match=f"{setting}=True has no effect: the generator was not fitted") as caught:
        np.testing.assert_array_equal(generator.standardize(X[0].copy()), X[0])
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"zoom_range": (1, 2, 3)}, ValueError, r"zoom_range must be a number or two.*got \(1, 2, 3\)"),
        ({"brightness_range": 0.5}, ValueError, "brightness_range must be two numbers.*got 0.5"),
        ({"fill_mode": "reflct"}, ValueError, "fill_mode must be .* Did you mean 'reflect'"),
        ({"data_format": "channels"}, ValueError, "data_format must be 'channels_last' or"),
        ({"validation_split": 1.0}, ValueError, "validation_split must be at least 0 and below 1, got 1.0"),
        ({"interpolation_order": 5}, NotImplementedError, "interpolation_order=5 is not supported"),
        ({"dtype": "uint8"}, ValueError, "dtype must be a type of numbers with a fraction.*got 'uint8'"),
        ({"preprocessing_function": 3}, TypeError, "preprocessing_function must be a function"),
        ({"rotation_range": (-10, 10)}, ValueError, r"rotation_range must be a number of at least 0, got \(-10, 10\)"),
        ({"shear_range": -1}, ValueError, "shear_range must be a number of at least 0, got -1"),
    ],
)
def test_wrong_settings(arguments, error, message):
    with pytest.raises(error, match=message):
        ImageDataGenerator(**arguments)


def test_wrong_data_for_fit():
    generator = ImageDataGenerator(featurewise_center=True)
    with pytest.raises(ValueError, match=r"x must be pictures \(n, h, w, c\), got shape \(8, 10, 3\)"):
        generator.fit(X[0])
    with pytest.raises(ValueError, match="x has no pictures"):
        generator.fit(X[:0])
    with pytest.warns(UserWarning, match="finds 10 along axis 3"):
        generator.fit(X.transpose(0, 1, 3, 2))


def test_draws_follow_the_global_seed():
    generator = ImageDataGenerator(rotation_range=90)
    angles = []
    for _ in range(2):
        utils.set_random_seed(7)
        angles.append([generator.get_random_transform((8, 8, 3))["theta"] for _ in range(3)])
    assert angles[0] == angles[1]
    assert len(set(angles[0])) == 3
