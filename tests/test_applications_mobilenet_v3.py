"""MobileNet V3: parameters, names, widths, files, arithmetic; against Keras and torchvision where installed."""

import numpy as np
import pytest
from application_checks import (
    check_features,
    check_keras,
    check_torchvision,
    check_uses,
    torch_arrays,
    torchvision_models,
    trained,
)
from application_oracles import KERAS, digest, layer_lines, randomise

from fastcnn import backend, layers, models
from fastcnn.applications import MobileNetV3Large, MobileNetV3Small, mobilenet_v3
from fastcnn.saving.safetensors import write_safetensors

BOTH = pytest.mark.parametrize("make", [MobileNetV3Small, MobileNetV3Large])
ODD = {
    "include_top": False,
    "pooling": "max",
    "alpha": 0.75,
    "input_shape": (97, 65, 3),
    "include_preprocessing": False,
}

# Keras 3.15.1: number of parameters and what is in the layers.
LAYERS = [
    (MobileNetV3Small, {}, 2_554_968, "048db48e032b9d6d"),
    (MobileNetV3Small, {"minimalistic": True}, 2_056_848, "a8a6fa1e40f21cc5"),
    (MobileNetV3Small, {"include_top": False, "pooling": "max"}, 939_120, "8ce397fd200d6d61"),
    (MobileNetV3Small, {"alpha": 1.5}, 4_950_432, "7a599c02179aec85"),
    (MobileNetV3Large, {}, 5_507_432, "c1f3fa26ee19428c"),
    (MobileNetV3Large, {"minimalistic": True}, 3_948_688, "32cbe6a7fe9f8826"),
    (MobileNetV3Large, ODD, 1_808_736, "dd8192302a6ae860"),
    (MobileNetV3Large, {"alpha": 0.35, "dropout_rate": 0}, 2_141_208, "5a1f8642c4b2fd47"),
]


@pytest.mark.parametrize("make, arguments, count, lines", LAYERS)
def test_parameters_names_and_order_are_those_of_keras(make, arguments, count, lines):
    backend.clear_session()
    model = make(weights=None, **arguments)
    assert (model.name, model.count_params(), digest(layer_lines(model))) == (make.__name__, count, lines)


def test_torchvision_counts():
    counts = [trained(make(weights=None, variant="torchvision")) for make in (MobileNetV3Small, MobileNetV3Large)]
    assert counts == [2_542_856, 5_483_032]


def test_the_keras_order_of_arguments():
    model = MobileNetV3Small((64, 64, 3), 0.5, True, True, None, None, 7, None, 0.5, None, False, "mine")
    assert (model.output_shape, model.name, model.get_layer("predictions").activation.__name__) == (
        (None, 7),
        "mine",
        "linear",
    )
    assert [layer.rate for layer in model.layers if isinstance(layer, layers.Dropout)] == [0.5]
    assert not [layer for layer in model.layers if isinstance(layer, layers.Rescaling)]
    assert MobileNetV3Large((64, 64, 3), 0.5, False, False, None, None, 7, "avg").output_shape == (None, 480)


@pytest.mark.parametrize("variant", ["keras", "torchvision"])
def test_images_of_any_size_meet_the_top(variant):
    model = MobileNetV3Small(weights=None, alpha=0.35, classes=3, variant=variant)
    assert model.input_shape == (None, None, None, 3)
    assert [model.predict(np.ones((1, *size, 3)), verbose=0).shape for size in ((32, 40), (65, 33))] == [(1, 3)] * 2


def test_pixels_are_scaled_inside():
    inside, outside = (
        MobileNetV3Small((32, 32, 3), weights=None, alpha=0.35, include_preprocessing=there) for there in (True, False)
    )
    randomise(inside)
    outside.set_weights(inside.get_weights())
    x = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype("float32")
    assert np.array_equal(mobilenet_v3.preprocess_input(x), x)
    np.testing.assert_allclose(inside.predict(x, verbose=0), outside.predict(x / 127.5 - 1, verbose=0), rtol=1e-4)


@pytest.mark.parametrize(
    "make, arguments",
    [
        (MobileNetV3Small, {}),
        (MobileNetV3Large, {"minimalistic": True}),
        (MobileNetV3Small, {"variant": "torchvision"}),
    ],
)
def test_uses(make, arguments, tmp_path):
    check_uses(make, (45, 35, 3), tmp_path, alpha=0.5, include_preprocessing=False, **arguments)


@pytest.mark.parametrize(
    "make, arguments, channels",
    [(MobileNetV3Small, {}, 288), (MobileNetV3Large, {}, 480), (MobileNetV3Large, {"variant": "torchvision"}, 480)],
)
def test_features(make, arguments, channels):
    check_features(make, (53, 38, 3), channels, alpha=0.5, include_preprocessing=False, **arguments)


def test_minimalistic_networks_do_without():
    model = MobileNetV3Large(weights=None, minimalistic=True)
    assert {type(layer).__name__ for layer in model.layers if "excite" in layer.name or "Activation" in str(layer)} <= {
        "Activation"
    }
    assert [layer.name for layer in model.layers if isinstance(layer, layers.Activation)] == ["predictions"]
    assert {layer.kernel_size for layer in model.layers if isinstance(layer, layers.DepthwiseConv2D)} == {(3, 3)}


@BOTH
@pytest.mark.parametrize("alpha", [0, -1.0, "1", True])
def test_alpha_is_a_number_above_zero(make, alpha):
    with pytest.raises(ValueError, match=r"alpha must be a number above 0, got "):
        make(weights=None, alpha=alpha)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="minimalistic=True is of variant='keras' alone, got variant='torchvision'"):
        MobileNetV3Small(weights=None, minimalistic=True, variant="torchvision")
    with pytest.raises(
        ValueError, match=r"MobileNetV3Large takes images of at least 32x32, got input_shape=\(31, 40, 3\)"
    ):
        MobileNetV3Large((31, 40, 3), weights=None)
    with pytest.raises(ValueError, match="rate must be .*got -1"):
        MobileNetV3Large(weights=None, dropout_rate=-1)


def test_published_files(tmp_path, monkeypatch):
    for name in ("FASTCNN_WEIGHTS", "KERAS_HOME", "TORCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    with pytest.raises(ValueError, match=r"MobileNetV3Small has alpha one of \[0\.75, 1\.0\], got 0\.5"):
        MobileNetV3Small(alpha=0.5)
    with pytest.raises(ValueError, match=r"with minimalistic=True has alpha one of \[1\.0\], got 0\.75"):
        MobileNetV3Small(alpha=0.75, minimalistic=True)
    wanted = [
        (MobileNetV3Small, {}, r"small_224_1\.0_float\.h5 or mobilenet_v3_small-\?+\.pth"),
        (MobileNetV3Small, {"alpha": 1, "minimalistic": True}, r"Put \S+small_minimalistic_224_1\.0_float\.h5 into"),
        # Keras's whole file calls its layers otherwise, and would leave half of them as they were.
        (MobileNetV3Large, {"include_top": False, "alpha": 0.75}, r"Put \S+large_224_0\.75_float_no_top_v2\.h5 into"),
        (MobileNetV3Large, {"variant": "torchvision"}, r"Put mobilenet_v3_large-\?+\.pth or"),
    ]
    for make, arguments, message in wanted:
        with pytest.raises(FileNotFoundError, match=message):
            make(**arguments)


def test_a_file_of_torchvisions_decides_the_variant(tmp_path, monkeypatch):
    monkeypatch.setenv("FASTCNN_WEIGHTS", str(tmp_path))
    whole = MobileNetV3Small(weights=None, variant="torchvision")
    write_safetensors(tmp_path / "mobilenet_v3_small.safetensors", torch_arrays(whole))
    base = MobileNetV3Small(include_top=False, pooling="avg")
    x = np.random.default_rng(0).standard_normal((1, 64, 64, 3)).astype("float32")
    means = models.Model(whole.inputs, whole.get_layer("avgpool").output)
    assert np.array_equal(base.predict(x, verbose=0), means.predict(x, verbose=0))


@pytest.mark.skipif(not KERAS, reason="FASTCNN_KERAS_PYTHON names no interpreter with Keras 3")
@pytest.mark.parametrize(
    "shape, arguments", [((107, 96, 3), {"alpha": 0.75}), ((224, 224, 3), {}), ((65, 70, 3), {"minimalistic": True})]
)
@BOTH
def test_keras_gives_the_same(make, shape, arguments, tmp_path):
    check_keras(make, shape, tmp_path, include_preprocessing=False, **arguments)


@pytest.mark.parametrize("shape, alpha", [((97, 80, 3), 0.75), ((224, 224, 3), 1.0)])
@BOTH
def test_torchvision_gives_the_same(make, shape, alpha):
    name = make.__name__.replace("MobileNetV3", "mobilenet_v3_").lower()
    theirs = getattr(torchvision_models(), name)(weights=None, width_mult=alpha)
    check_torchvision(make, shape, theirs, variant="torchvision", alpha=alpha)
