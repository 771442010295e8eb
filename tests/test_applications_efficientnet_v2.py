"""EfficientNet V2: parameters, names, pixels, dropped blocks; against Keras where installed."""

import numpy as np
import pytest
from application_checks import check_features, check_keras, check_uses
from application_oracles import KERAS, digest, layer_lines

from fastcnn import applications, backend, layers, models
from fastcnn.applications import EfficientNetV2B0, EfficientNetV2B1, EfficientNetV2S, efficientnet_v2

# Keras 3.15.1: number of parameters and what is in the layers.
LAYERS = [
    ("EfficientNetV2B0", {}, 7_200_312, "1660e679c8313096"),
    ("EfficientNetV2B1", {"include_top": False, "pooling": "max"}, 6_931_124, "ce04264c52183c5e"),
    ("EfficientNetV2B2", {"include_preprocessing": False}, 10_178_374, "957fa283f31e9bd7"),
    ("EfficientNetV2B3", {"classes": 7, "input_shape": (65, 70, 3)}, 12_941_381, "044e7adb59b34294"),
    ("EfficientNetV2S", {}, 21_612_360, "ea23ebc01f55eba1"),
]


@pytest.mark.parametrize("name, arguments, count, lines", LAYERS)
def test_parameters_names_and_order_are_those_of_keras(name, arguments, count, lines):
    backend.clear_session()
    model = getattr(applications, name)(weights=None, **arguments)
    assert (model.count_params(), digest(layer_lines(model))) == (count, lines)
    assert model.name == name.lower().replace("v2", "v2-")


def scaled(make, channels, **arguments):
    """What the first convolution gets."""
    model = make(weights=None, include_top=False, input_shape=(32, 32, channels), **arguments)
    before = models.Model(model.inputs, model.get_layer("stem_conv").input)
    return before(np.full((1, 32, 32, channels), 51.0)).numpy()[0, 0, 0]


def test_pixels_are_scaled_inside():
    as_torchvision = (0.2 - np.array([0.485, 0.456, 0.406])) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(scaled(EfficientNetV2B0, 3), as_torchvision, rtol=1e-5)
    # Keras goes by the name that was given, and would scale the pixels of this one otherwise.
    np.testing.assert_allclose(scaled(EfficientNetV2B1, 3, name="mine"), as_torchvision, rtol=1e-5)
    np.testing.assert_allclose(scaled(EfficientNetV2B0, 1), [51 / 128 - 1], rtol=1e-6)
    np.testing.assert_allclose(scaled(EfficientNetV2S, 3), [51 / 128 - 1] * 3, rtol=1e-6)
    assert scaled(EfficientNetV2B0, 3, include_preprocessing=False).tolist() == [51.0] * 3
    assert efficientnet_v2.preprocess_input([[[0, 51, 255]]]).ravel().tolist() == [0.0, 51.0, 255.0]


def test_blocks_are_dropped_more_often_towards_the_end():
    model = EfficientNetV2B0(weights=None)
    rates = [layer.rate for layer in model.layers if layer.name.endswith("drop")]
    np.testing.assert_allclose(rates, [0.2 * i / 21 for i in (2, 4, 6, 7, 9, 10, 11, 12, *range(14, 21))])
    assert model.get_layer("top_dropout").rate == 0.2
    assert {layer.momentum for layer in model.layers if isinstance(layer, layers.BatchNormalization)} == {0.9}


def test_the_keras_order_of_arguments():
    model = EfficientNetV2B0(False, None, None, (40, 40, 3), "max", 5, None, False, "mine")
    assert (model.output_shape, model.name) == ((None, 1280), "mine")
    assert not [layer for layer in model.layers if isinstance(layer, layers.Rescaling)]


def test_wrong_arguments_are_named():
    with pytest.raises(
        ValueError, match=r"EfficientNetV2B0 takes images of at least 32x32, got input_shape=\(31, 40, 3\)"
    ):
        EfficientNetV2B0(weights=None, input_shape=(31, 40, 3))
    with pytest.raises(ValueError, match="variant must be 'keras', got 'torchvision'"):
        EfficientNetV2S(weights=None, variant="torchvision")


def test_published_files(tmp_path, monkeypatch):
    for name in ("FASTCNN_WEIGHTS", "KERAS_HOME", "TORCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"Put efficientnetv2-b0\.h5 into"):
        EfficientNetV2B0()
    with pytest.raises(FileNotFoundError, match=r"Put efficientnetv2-s_notop\.h5 or efficientnetv2-s\.h5 into"):
        EfficientNetV2S(include_top=False)


def test_uses(tmp_path):
    check_uses(EfficientNetV2B0, (45, 35, 3), tmp_path, include_preprocessing=False)


def test_features():
    check_features(EfficientNetV2B0, (53, 38, 3), 1280, include_preprocessing=False)


@pytest.mark.skipif(not KERAS, reason="FASTCNN_KERAS_PYTHON names no interpreter with Keras 3")
@pytest.mark.parametrize(
    "make, shape, arguments",
    [
        (EfficientNetV2B0, (224, 224, 3), {"include_preprocessing": False}),
        (EfficientNetV2B0, (65, 70, 3), {}),
        (EfficientNetV2B1, (97, 64, 1), {}),
        (EfficientNetV2S, (97, 64, 3), {"include_preprocessing": False}),
    ],
)
def test_keras_gives_the_same(make, shape, arguments, tmp_path):
    check_keras(make, shape, tmp_path, **arguments)
