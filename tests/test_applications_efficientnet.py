"""EfficientNet: names, padding, scaling."""

import numpy as np
import pytest
from application_checks import check_features, check_uses
from application_oracles import digest, layer_lines

from fastcnn import applications, backend
from fastcnn.applications import efficientnet

# Keras 3.15.1: what is in the layers, with the top and without.
LAYERS = {
    "EfficientNetB0": ("c42c3a473ce2b094", "a358e90ea90ea7ce"),
    "EfficientNetB3": ("3749ab7b2cfe14a8", "dcbf139525c12f78"),
}


@pytest.mark.parametrize("name", LAYERS)
def test_names_and_order_are_those_of_keras(name):
    for lines, arguments in zip(LAYERS[name], ({}, {"include_top": False, "pooling": "max"}), strict=True):
        backend.clear_session()
        model = getattr(applications, name)(weights=None, **arguments)
        assert (digest(layer_lines(model)), model.name) == (lines, name.lower())


def test_windows_end_where_kerass_do():
    pads = lambda model: [model.get_layer(f"{name}_pad").padding[0] for name in ("stem_conv", "block3a_dwconv")]  # noqa: E731
    small = {"weights": None, "include_top": False}
    assert pads(efficientnet.EfficientNetB0(**small)) == [(0, 1), (1, 2)]
    assert pads(efficientnet.EfficientNetB0(**small, input_shape=(224, 224, 3))) == [(0, 1), (1, 2)]
    assert pads(efficientnet.EfficientNetB0(**small, input_shape=(225, 225, 3))) == [(1, 1), (2, 2)]


def test_blocks_are_dropped_more_often_towards_the_end():
    model = efficientnet.EfficientNetB0(weights=None)
    rates = [layer.rate for layer in model.layers if layer.name.endswith("drop")]
    np.testing.assert_allclose(rates, [0.2 * i / 16 for i in (2, 4, 6, 7, 9, 10, 12, 13, 14)])
    assert model.get_layer("top_dropout").rate == 0.2


def test_published_weights_bring_a_second_scaling(monkeypatch, tmp_path):
    monkeypatch.setenv("FASTCNN_WEIGHTS", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"Put efficientnetb1_notop\.h5 or efficientnetb1\.h5 into"):
        efficientnet.EfficientNetB1(include_top=False)
    (tmp_path / "efficientnetb0_notop.h5").touch()
    monkeypatch.setattr("fastcnn.applications.building.load", lambda model, path, files: None)
    model = efficientnet.EfficientNetB0(include_top=False)
    scales = [layer.scale for layer in model.layers if type(layer).__name__ == "Rescaling"]
    np.testing.assert_allclose(scales[1], 1 / np.sqrt([0.229, 0.224, 0.225]))
    assert scales[0] == 1 / 255


def test_pixels_stay_as_they_are():
    x = np.array([[[0, 127, 255]]], np.uint8)
    np.testing.assert_array_equal(efficientnet.preprocess_input(x), x.astype(np.float32))


def test_uses(tmp_path):
    check_uses(efficientnet.EfficientNetB0, (45, 35, 3), tmp_path)


def test_features():
    check_features(efficientnet.EfficientNetB0, (53, 38, 3), 1280)
