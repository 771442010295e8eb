"""preprocess_input: the four modes, exactly, for arrays and tensors, and in the middle of a model."""

import numpy as np
import pytest

from fastcnn import layers, models, ops
from fastcnn.applications import imagenet_utils, resnet, resnet50, resnet_torchvision, resnet_v2, vgg, vgg16, vgg19
from fastcnn.preprocessing import preprocess_input

BLACK, WHITE = np.zeros((1, 2, 2, 3), "uint8"), np.full((1, 2, 2, 3), 255, "uint8")
RGB = np.arange(24, dtype="uint8").reshape(2, 2, 2, 3) * 10


@pytest.mark.parametrize(
    ("image", "mode", "wanted"),
    [
        (WHITE, "tf", (1, 1, 1)),
        (BLACK, "tf", (-1, -1, -1)),
        (WHITE, "unit", (1, 1, 1)),
        (BLACK, "caffe", (-103.939, -116.779, -123.68)),
    ],
)
def test_black_and_white_exactly(image, mode, wanted):
    y = preprocess_input(image, mode)
    assert y.dtype == np.float32
    assert (y == np.float32(wanted)).all()


def test_torch_mode_to_four_digits():
    assert (preprocess_input(BLACK, "torch").round(4) == np.float32([-2.1179, -2.0357, -1.8044])).all()


def test_caffe_swaps_red_and_blue():
    x = np.float64([[[10.0, 20.0, 30.0]]])
    assert np.allclose(preprocess_input(x, "caffe"), [30 - 103.939, 20 - 116.779, 10 - 123.68], rtol=0, atol=1e-12)


@pytest.mark.parametrize("mode", ["tf", "torch", "caffe", "unit"])
def test_layouts_tensors_and_models_agree(mode):
    wanted = preprocess_input(RGB, mode)
    first = np.moveaxis(RGB, -1, 1)
    assert np.array_equal(np.moveaxis(preprocess_input(first, mode, "channels_first"), 1, -1), wanted)
    assert np.array_equal(np.moveaxis(preprocess_input(first[0], mode, "channels_first"), 0, -1), wanted[0])
    assert np.allclose(preprocess_input(ops.convert_to_tensor(RGB.astype("float32")), mode).numpy(), wanted, atol=1e-5)
    assert np.allclose(preprocess_input(ops.convert_to_tensor(RGB), mode).numpy(), wanted, atol=1e-5)
    x = layers.Input((None, None, 3))
    assert np.allclose(models.Model(x, preprocess_input(x, mode))(RGB.astype("float32")).numpy(), wanted, atol=1e-5)


@pytest.mark.parametrize("mode", ["tf", "torch", "caffe", "unit"])
@pytest.mark.parametrize("kind", ["float32", "float64", "uint8"])
def test_what_is_given_does_not_change_and_floats_keep_their_type(mode, kind):
    x = RGB.astype(kind)
    y = preprocess_input(x, mode)
    assert np.array_equal(x, RGB)
    assert y.dtype == (np.float32 if kind == "uint8" else kind)


@pytest.mark.parametrize(
    ("module", "mode"),
    [
        (vgg16, "caffe"),
        (vgg19, "caffe"),
        (resnet, "caffe"),
        (resnet50, "caffe"),
        (resnet_v2, "tf"),
        (vgg, "torch"),
        (resnet_torchvision, "torch"),
    ],
)
def test_each_application_has_its_mode(module, mode):
    assert np.array_equal(module.preprocess_input(RGB), preprocess_input(RGB, mode))
    assert np.array_equal(imagenet_utils.preprocess_input(RGB, mode=mode), preprocess_input(RGB, mode))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: preprocess_input(RGB, "cafe"), r"mode must be .* got 'cafe'. Did you mean 'caffe'\?"),
        (lambda: preprocess_input(RGB, "tf", "first"), "data_format must be"),
        (lambda: preprocess_input(RGB[..., :1], "torch"), r"three channels.*got x of shape \(2, 2, 2, 1\)"),
        (lambda: preprocess_input(RGB, "caffe", "channels_first"), r"\(3, h, w\) or \(n, 3, h, w\); got"),
        (lambda: preprocess_input(np.array(["a"])), "x must hold numbers from 0 to 255, got an array of <U1"),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()
