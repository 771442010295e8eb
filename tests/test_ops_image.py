"""ops.image: resized, padded, cropped, grey; with a batch or without, channels last or first."""

import numpy as np
import pytest
from oprules import check_gradient, numbers

from fastcnn import Model, layers, ops
from fastcnn.ops import image
from fastcnn.tensor import SymbolicTensor

BATCH = numbers(2, 5, 7, 3, low=0, high=1).astype(np.float32)
CALLS = [
    lambda x, **kw: image.resize(x, (4, 9), **kw),
    lambda x, **kw: image.resize(x, [3, 2], "nearest", crop_to_aspect_ratio=True, **kw),
    lambda x, **kw: image.resize(x, (4, 4), pad_to_aspect_ratio=True, fill_value=0.5, **kw),
    lambda x, **kw: image.resize(x, (3, 3), "bicubic", antialias=True, **kw),
    lambda x, **kw: image.pad_images(x, 1, 2, 3, 4, **kw),
    lambda x, **kw: image.crop_images(x, 1, 2, 1, 1, **kw),
    lambda x, **kw: image.rgb_to_grayscale(x, **kw),
]


@pytest.mark.parametrize("f", CALLS)
def test_layouts(f):
    y = f(BATCH).numpy()
    np.testing.assert_array_equal(f(BATCH[1]).numpy(), y[1])
    first = np.ascontiguousarray(np.moveaxis(BATCH, -1, 1))
    np.testing.assert_array_equal(np.moveaxis(f(first, data_format="channels_first").numpy(), 1, -1), y)
    np.testing.assert_array_equal(np.moveaxis(f(first[0], data_format="channels_first").numpy(), 0, -1), y[0])
    x = layers.Input((5, 7, 3))
    assert f(x).shape == (None, *y.shape[1:])
    np.testing.assert_allclose(Model(x, f(x)).predict(BATCH, verbose=0), y, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("f", [CALLS[i] for i in (0, 1, 2, 4, 5, 6)])
def test_gradients(f):
    check_gradient(f, BATCH[:1, :, :, :], order=2)


def test_resizing_is_that_of_the_layer():
    for options in ({}, {"crop_to_aspect_ratio": True}, {"pad_to_aspect_ratio": True}, {"antialias": True}):
        for interpolation in ("bilinear", "nearest", "bicubic", "area"):
            layer = layers.Resizing(4, 3, interpolation, **options)
            np.testing.assert_array_equal(layer(BATCH).numpy(), image.resize(BATCH, (4, 3), interpolation, **options))


def test_bytes_stay_bytes():
    x = np.array([0, 255, 255, 0], np.uint8).reshape(1, 4, 1)
    for interpolation in ("bilinear", "bicubic", "nearest"):
        y = image.resize(x, (1, 7), interpolation)
        assert y.dtype == "uint8"
        np.testing.assert_array_equal(
            y.numpy(), np.clip(np.rint(image.resize(x.astype("f"), (1, 7), interpolation).numpy()), 0, 255)
        )
    grey = image.rgb_to_grayscale(np.array([[[100, 200, 50]]], np.uint8))
    assert grey.dtype == "uint8" and grey.item() == 152
    assert image.rgb_to_grayscale(BATCH[..., :1]).numpy().tolist() == BATCH[..., :1].tolist()


def test_two_of_three_numbers():
    padded = np.pad(BATCH, ((0, 0), (1, 6), (2, 3), (0, 0)))
    for args in ((1, 2, 6, 3), (1, 2, None, None, 12, 12), (None, None, 6, 3, 12, 12)):
        np.testing.assert_array_equal(image.pad_images(BATCH, *args).numpy(), padded)
    cut = BATCH[:, 1:3, 2:6]
    for args in ((1, 2, 2, 1), (1, 2, None, None, 2, 4), (None, None, 2, 1, 2, 4)):
        np.testing.assert_array_equal(image.crop_images(BATCH, *args).numpy(), cut)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: image.resize(BATCH, (4, 4), "lanczos3"), NotImplementedError, "interpolation='lanczos3' is not supported"),
        (lambda: image.resize(BATCH, (4, 4), "cubic"), ValueError, "interpolation must be one of 'bicubic', .*, got 'cubic'"),
        (
            lambda: image.resize(BATCH, (4, 4), crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
            ValueError,
            "give one of crop_to_aspect_ratio and pad_to_aspect_ratio, not both",
        ),
        (lambda: image.resize(BATCH, (4, 4), fill_mode="wrap"), ValueError, "fill_mode must be 'constant', got 'wrap'"),
        (lambda: image.resize(BATCH, 4), ValueError, r"size must be \(height, width\), got 4"),
        (lambda: image.resize(BATCH, (4, 4), data_format="nhwc"), ValueError, "data_format must be .* got 'nhwc'"),
        (lambda: image.resize(BATCH[0, 0], (4, 4)), ValueError, r"images must be \(n, h, w, c\) or \(h, w, c\), got shape"),
        (
            lambda: image.pad_images(SymbolicTensor((None, None, 4, 3)), 1, 1, 1, 1),
            ValueError,
            r"images must have a known height and width, got shape \(None, None, 4, 3\)",
        ),
        (lambda: image.rgb_to_grayscale(BATCH[..., :2]), ValueError, "images must have 3 channels, or 1, got 2"),
        (lambda: image.pad_images(BATCH, 1, 1), ValueError, "two of top_padding, bottom_padding and target_height, got 1, None"),
        (lambda: image.pad_images(BATCH, 1, 1, 1, 1, 9), ValueError, "exactly two of top_padding"),
        (
            lambda: image.pad_images(BATCH, 1, 1, target_height=4, target_width=20),
            ValueError,
            "bottom_padding must not be negative, got -2 for target_height=4 of 5",
        ),
        (lambda: image.crop_images(BATCH, 3, 0, 3, 0), ValueError, "must not exceed the size 5, got 3 and 3"),
        (lambda: image.crop_images(BATCH, 3, 0, -1, 0), ValueError, "bottom_cropping must not be negative, got -1"),
        (lambda: ops.image.resized, AttributeError, "resized"),
    ],
)  # fmt: skip
def test_messages(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
