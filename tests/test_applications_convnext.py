"""ConvNeXt: parameters, names, pixels, files; against Keras and torchvision where installed."""

import numpy as np
import pytest
from application_checks import (
    calibrate,
    check_features,
    check_keras,
    check_torchvision,
    check_uses,
    pictures,
    torch_arrays,
    torchvision_models,
    trained,
)  # fmt: skip
from application_oracles import KERAS, digest, layer_lines

from fastcnn import applications, backend, layers, models
from fastcnn.applications import ConvNeXtBase, ConvNeXtSmall, ConvNeXtTiny
from fastcnn.saving.safetensors import write_safetensors

# Keras 3.15.1: number of parameters and what is in the layers.
LAYERS = [
    ("ConvNeXtTiny", {}, 28_589_128, "e86a330651d7402f"),
    ("ConvNeXtTiny", {"include_top": False}, 27_820_128, "449ce817d77b20c2"),
    ("ConvNeXtSmall", {"include_top": False, "pooling": "max"}, 49_454_688, "b28709bbd1b730ec"),
    ("ConvNeXtBase", {"include_preprocessing": False, "input_shape": (65, 70, 1)}, 88_587_368, "58b76775bcb940e1"),
]
TORCHVISION = [(ConvNeXtTiny, 28_589_128, 0.1), (ConvNeXtSmall, 50_223_688, 0.4), (ConvNeXtBase, 88_591_464, 0.5)]


@pytest.mark.parametrize("name, arguments, count, lines", LAYERS)
def test_parameters_names_and_order_are_those_of_keras(name, arguments, count, lines):
    backend.clear_session()
    model = getattr(applications, name)(weights=None, **arguments)
    assert (model.count_params(), digest(layer_lines(model))) == (count, lines)
    assert model.name == name.lower().replace("next", "next_")


@pytest.mark.parametrize("make, count, rate", TORCHVISION)
def test_torchvision_counts_and_dropped_blocks(make, count, rate):
    model = make(weights=None, variant="torchvision")
    assert trained(model) == count
    rates = [layer.drop_path_rate for layer in model.layers if isinstance(layer, layers.StochasticDepth)]
    np.testing.assert_allclose(rates, np.linspace(0, rate, len(rates) + 1)[1:])


def test_pixels_are_scaled_inside():
    def first(channels, **arguments):
        shape = (32, 32, channels)
        return ConvNeXtTiny(weights=None, include_top=False, input_shape=shape, **arguments).layers[1]

    pixel = first(3)(np.full((1, 32, 32, 3), 51.0)).numpy()[0, 0, 0]
    np.testing.assert_allclose(pixel, (0.2 - np.array([0.485, 0.456, 0.406])) / [0.229, 0.224, 0.225], rtol=1e-5)
    found = first(1), first(3, include_preprocessing=False), first(3, variant="torchvision")
    assert [type(layer).__name__ for layer in found] == ["Sequential", "Sequential", "Conv2D"]


def test_the_keras_order_of_arguments():
    model = ConvNeXtTiny(False, False, None, None, (40, 40, 3), "max", 5, None, "mine")
    assert (model.output_shape, model.name, model.layers[1].name) == ((None, 768), "mine", "mine_stem")


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match=r"ConvNeXtTiny takes images of at least 32x32, got input_shape=\(31, 40, 3\)"):
        ConvNeXtTiny(weights=None, input_shape=(31, 40, 3))
    with pytest.raises(ValueError, match="variant must be 'keras' or 'torchvision', got 'timm'"):
        ConvNeXtSmall(weights=None, variant="timm")


def test_published_files(tmp_path, monkeypatch):
    for name in ("FASTCNN_WEIGHTS", "KERAS_HOME", "TORCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"Put convnext_tiny\.h5 or convnext_tiny-\?+\.pth"):
        ConvNeXtTiny()
    # The whole file has no weights for the normalisation that Keras's network ends in without its top.
    with pytest.raises(FileNotFoundError, match=r"Put convnext_base_notop\.h5 into"):
        ConvNeXtBase(include_top=False, variant="keras")


def test_a_file_of_torchvisions_decides_the_variant(tmp_path, monkeypatch):
    monkeypatch.setenv("FASTCNN_WEIGHTS", str(tmp_path))
    whole = ConvNeXtTiny(weights=None, variant="torchvision", input_shape=(32, 32, 3))
    calibrate(whole)
    write_safetensors(tmp_path / "convnext_tiny.safetensors", torch_arrays(whole))
    base = ConvNeXtTiny(include_top=False, pooling="avg")
    x = pictures((32, 32, 3))
    means = models.Model(whole.inputs, whole.get_layer("avgpool").output)
    assert np.array_equal(base.predict(x, verbose=0), means.predict(x, verbose=0))


@pytest.mark.parametrize("variant", ["keras", "torchvision"])
def test_uses(variant, tmp_path):
    check_uses(ConvNeXtTiny, (45, 35, 3), tmp_path, include_preprocessing=False, variant=variant)


def test_features():
    check_features(ConvNeXtTiny, (53, 70, 3), 768, variant="torchvision")


def test_features_of_kerass_are_normalised_last():
    maps, means, maxima = (
        ConvNeXtTiny(weights=None, include_top=False, include_preprocessing=False, pooling=pooling)
        for pooling in (None, "avg", "max")
    )
    calibrate(maps, (64, 70, 3))
    x = pictures((64, 70, 3))
    before = models.Model(maps.inputs, maps.layers[-1].input).predict(x, verbose=0)
    last = maps.layers[-1]
    assert isinstance(last, layers.LayerNormalization) and before.shape == (2, 2, 2, 768)
    np.testing.assert_allclose(maps.predict(x, verbose=0), last(before).numpy(), rtol=1e-4, atol=1e-4)
    for model, f in ((means, np.mean), (maxima, np.max)):
        model.set_weights(maps.get_weights())
        expected = last(f(before, axis=(1, 2), keepdims=True)).numpy()[:, 0, 0]
        np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.skipif(not KERAS, reason="FASTCNN_KERAS_PYTHON names no interpreter with Keras 3")
@pytest.mark.parametrize(
    "make, shape, arguments",
    [
        (ConvNeXtTiny, (224, 224, 3), {"include_preprocessing": False}),
        (ConvNeXtTiny, (65, 70, 3), {"include_preprocessing": False}),
        (ConvNeXtSmall, (97, 64, 1), {}),
    ],
)
def test_keras_gives_the_same(make, shape, arguments, tmp_path):
    check_keras(make, shape, tmp_path, **arguments)


@pytest.mark.parametrize("make, shape", [(ConvNeXtTiny, (224, 224, 3)), (ConvNeXtSmall, (97, 80, 3))])
def test_torchvision_gives_the_same(make, shape):
    theirs = getattr(torchvision_models(), make.__name__.lower().replace("next", "next_"))(weights=None)
    check_torchvision(make, shape, theirs, variant="torchvision")
