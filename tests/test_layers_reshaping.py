"""Flatten, Reshape, Permute, RepeatVector, borders, enlargement."""

import json

import numpy as np
import pytest

from fastcnn import Input, layers

X = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
FIRST = "channels_first"


def swapped(x):
    return x.transpose(0, 2, 3, 1)


CASES = [
    (layers.Flatten(), X, X.reshape(2, 60)),
    (layers.Flatten(FIRST), X, swapped(X).reshape(2, 60)),
    (layers.Flatten(), X[:, 0, 0], X[:, 0, 0]),
    (layers.Flatten(), X[:, 0, 0, 0], X[:, 0, 0, :1]),
    (layers.Reshape((5, 12)), X, X.reshape(2, 5, 12)),
    (layers.Reshape((-1, 6)), X, X.reshape(2, 10, 6)),
    (layers.Reshape(60), X, X.reshape(2, 60)),
    (layers.Reshape(()), X[:, 0, 0, :1], X[:, 0, 0, 0]),
    (layers.Permute((3, 1, 2)), X, X.transpose(0, 3, 1, 2)),
    (layers.RepeatVector(3), X[:, 0, 0], np.repeat(X[:, 0, :1], 3, 1)),
    (layers.ZeroPadding1D((1, 2)), X[0], np.pad(X[0], ((0, 0), (1, 2), (0, 0)))),
    (layers.ZeroPadding1D(1, FIRST), X[0], np.pad(X[0], ((0, 0), (0, 0), (1, 1)))),
    (layers.ZeroPadding2D(), X, np.pad(X, ((0, 0), (1, 1), (1, 1), (0, 0)))),
    (layers.ZeroPadding2D((1, 2)), X, np.pad(X, ((0, 0), (1, 1), (2, 2), (0, 0)))),
    (layers.ZeroPadding2D(((1, 0), (2, 3)), FIRST), X, np.pad(X, ((0, 0), (0, 0), (1, 0), (2, 3)))),
    (layers.Cropping1D((1, 0)), X[0], X[0][:, 1:]),
    (layers.Cropping1D(), X[0], X[0][:, 1:-1]),
    (layers.Cropping2D(), X, X),
    (layers.Cropping2D(((1, 0), (1, 2))), X, X[:, 1:, 1:-2]),
    (layers.Cropping2D(1, FIRST), X, X[:, :, 1:-1, 1:-1]),
    (layers.UpSampling1D(3), X[0], X[0].repeat(3, 1)),
    (layers.UpSampling2D(), X, X.repeat(2, 1).repeat(2, 2)),
    (layers.UpSampling2D((1, 3), FIRST), X, X.repeat(3, 3)),
]


@pytest.mark.parametrize(
    "layer, x, expected", CASES, ids=lambda v: type(v).__name__ if isinstance(v, layers.Layer) else ""
)
def test_what_they_do(layer, x, expected):
    y = layer(x)
    np.testing.assert_array_equal(y.numpy(), expected)
    assert layer.compute_output_shape(x.shape) == y.shape
    assert layer.compute_output_shape((None, *x.shape[1:])) == (None, *y.shape[1:])
    assert layer(Input(x.shape[1:])).shape == (None, *y.shape[1:])
    config = layer.get_config()
    again = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    assert again.get_config() == config
    np.testing.assert_array_equal(again(x).numpy(), expected)


KEYS = {
    "Flatten": {"data_format"},
    "Reshape": {"target_shape"},
    "Permute": {"dims"},
    "RepeatVector": {"n"},
    "ZeroPadding1D": {"padding", "data_format"},
    "ZeroPadding2D": {"padding", "data_format"},
    "Cropping1D": {"cropping"},
    "Cropping2D": {"cropping", "data_format"},
    "UpSampling1D": {"size"},
    "UpSampling2D": {"size", "data_format", "interpolation"},
}


@pytest.mark.parametrize("layer", [case[0] for case in CASES], ids=lambda v: type(v).__name__)
def test_configs_have_the_keys_of_keras(layer):
    assert set(layer.get_config()) == KEYS[type(layer).__name__] | {"name", "trainable", "dtype"}


def test_bilinear_enlargement_is_keras_s():
    x = np.array([[[[0.0], [4.0]], [[8.0], [12.0]]]], np.float32)
    rows = [[0, 1, 3, 4], [2, 3, 5, 6], [6, 7, 9, 10], [8, 9, 11, 12]]
    y = layers.UpSampling2D(interpolation="bilinear")(x)
    np.testing.assert_array_equal(y.numpy()[0, :, :, 0], rows)
    y = layers.UpSampling2D(data_format=FIRST, interpolation="Bilinear")(x.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(y.numpy()[0, 0], rows)


def test_unknown_sizes_stay_unknown():
    assert layers.Flatten().compute_output_shape((None, None, 3)) == (None, None)
    assert layers.Reshape((-1, 3)).compute_output_shape((None, None, 3)) == (None, None, 3)
    assert layers.ZeroPadding2D(1).compute_output_shape((None, None, 8, 3)) == (None, None, 10, 3)
    assert layers.Cropping2D(1).compute_output_shape((None, 8, None, 3)) == (None, 6, None, 3)
    assert layers.UpSampling2D(2).compute_output_shape((None, None, 8, 3)) == (None, None, 16, 3)
    assert layers.UpSampling1D(2).compute_output_shape((None, None, 3)) == (None, None, 3)


def test_integers_stay_integers():
    x = np.arange(12, dtype=np.int32).reshape(1, 3, 4)
    for layer in (layers.Flatten(), layers.Reshape((4, 3)), layers.Permute((2, 1))):
        assert layer(x).dtype == "int32"
        assert layer(Input((3, 4), dtype="int32")).dtype == "int32"


def test_no_samples_are_no_problem():
    assert layers.Flatten()(X[:0]).shape == (0, 60)
    assert layers.Reshape((12, -1))(X[:0]).shape == (0, 12, 5)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: layers.Reshape((-1, -1)), "target_shape may have one -1, got (-1, -1)"),
        (lambda: layers.Reshape((2, -3)), "target_shape must be an integer of at least -1"),
        (lambda: layers.Reshape((7, 8), name="r")(X), "Reshape 'r': samples of shape (3, 4, 5) hold 60 numbers, target_shape (7, 8) does not"),
        (lambda: layers.Reshape((7, -1), name="r")(X), "Reshape 'r': samples of shape (3, 4, 5) hold 60 numbers, target_shape (7, -1) does not"),
        (lambda: layers.Permute((0, 1)), "dims must hold each of 1 to 2 once, got (0, 1)"),
        (lambda: layers.Permute((2, 1), name="p")(X), "Permute 'p': expected 3 dimensions"),
        (lambda: layers.RepeatVector(0), "n must be an integer of at least 1, got 0"),
        (lambda: layers.RepeatVector(2, name="r")(X), "RepeatVector 'r': expected 2 dimensions (batch, features), got shape (2, 3, 4, 5)"),
        (lambda: layers.ZeroPadding1D(-1), "padding must be an integer of at least 0 or a tuple of 2 of them, got -1"),
        (lambda: layers.ZeroPadding2D((1, 2, 3)), "padding must be an int, (height, width) or ((top, bottom), (left, right)), none negative, got (1, 2, 3)"),
        (lambda: layers.ZeroPadding2D(name="z")(X[0]), "ZeroPadding2D 'z': expected 4 dimensions"),
        (lambda: layers.Cropping2D("all"), "cropping must be an int, (height, width) or ((top, bottom), (left, right)), none negative, got 'all'"),
        (lambda: layers.Cropping2D(2, name="c")(X), "Cropping2D 'c': cropping ((2, 2), (2, 2)) leaves nothing of sizes (3, 4)"),
        (lambda: layers.Cropping1D(2, name="c")(X[0]), "Cropping1D 'c': cropping ((2, 2),) leaves nothing of sizes (4,)"),
        (lambda: layers.UpSampling1D(0), "size must be an integer of at least 1, got 0"),
        (lambda: layers.UpSampling2D((2, 2, 2)), "size must be an integer of at least 1 or a tuple of 2 of them, got (2, 2, 2)"),
        (lambda: layers.UpSampling2D(interpolation="nearst"), "Did you mean 'nearest'?"),
        (lambda: layers.UpSampling2D(name="u")(X[0]), "UpSampling2D 'u': expected 4 dimensions"),
    ],
)  # fmt: skip
def test_mistakes_are_explained(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert message in str(caught.value)


def test_interpolations_that_are_missing_say_so():
    with pytest.raises(
        NotImplementedError, match="interpolation='bicubic' is not supported; use 'nearest' or 'bilinear'"
    ):
        layers.UpSampling2D(interpolation="bicubic")
