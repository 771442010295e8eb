"""MobileNet and MobileNet V2: parameters, names, widths, arithmetic; against Keras and torchvision where installed."""

import pytest
from application_checks import check_features, check_keras, check_torchvision, check_uses, torchvision_models, trained
from application_oracles import KERAS, digest, layer_lines

from fastcnn import layers
from fastcnn.applications import MobileNet, MobileNetV2

# Keras 3.15.1: name and number of parameters.
COUNTS = [
    (MobileNet, {}, "mobilenet_1.00_224", 4_253_864),
    (MobileNet, {"alpha": 0.25, "input_shape": (97, 65, 3)}, "mobilenet_0.25_97", 475_544),
    (MobileNet, {"alpha": 0.5, "depth_multiplier": 2, "include_top": False}, "mobilenet_0.50_None", 1_646_672),
    (MobileNetV2, {}, "mobilenetv2_1.00_224", 3_538_984),
    (MobileNetV2, {"alpha": 0.35, "input_shape": (96, 96, 3)}, "mobilenetv2_0.35_96", 1_691_208),
    (MobileNetV2, {"alpha": 0.75, "include_top": False}, "mobilenetv2_0.75_None", 1_382_064),
    (
        MobileNetV2,
        {"alpha": 1.4, "include_top": False, "input_shape": (97, 65, 3)},
        "mobilenetv2_1.40_97",
        4_363_712,
    ),
]


@pytest.mark.parametrize("make, arguments, name, count", COUNTS)
def test_parameters(make, arguments, name, count):
    model = make(weights=None, **arguments)
    assert (model.name, model.count_params()) == (name, count)


@pytest.mark.parametrize("make, lines", [(MobileNet, "5b3791d4a9b635fe"), (MobileNetV2, "7ef1c527dd7d0341")])
def test_names_and_order_are_those_of_keras(make, lines):
    assert digest(layer_lines(make(weights=None))) == lines


def test_torchvision_counts():
    assert trained(MobileNetV2(weights=None, variant="torchvision")) == 3_504_872


@pytest.mark.parametrize("make", [MobileNet, MobileNetV2])
def test_uses(make, tmp_path):
    check_uses(make, (45, 35, 3), tmp_path, alpha=0.5)


@pytest.mark.parametrize(
    "make, arguments, channels",
    [(MobileNet, {}, 512), (MobileNetV2, {}, 1280), (MobileNetV2, {"variant": "torchvision"}, 1280)],
)
def test_features(make, arguments, channels):
    check_features(make, (53, 38, 3), channels, alpha=0.5, **arguments)


def test_odd_sizes_are_padded_on_both_sides():
    model = MobileNetV2(weights=None, include_top=False, input_shape=(97, 64, 3))
    assert model.get_layer("block_1_pad").padding == ((1, 1), (0, 1))


def test_images_of_any_size_are_padded_as_keras_does():
    model = MobileNetV2(weights=None, include_top=False)
    assert {model.get_layer(f"block_{i}_pad").padding for i in (1, 3, 6, 13)} == {((0, 1), (0, 1))}


def test_the_keras_order_of_arguments():
    model = MobileNet((64, 64, 3), 0.25, 1, 0.5, True, None, None, None, 7, None)
    assert model.output_shape == (None, 7) and model.get_layer("dropout").rate == 0.5
    assert MobileNetV2((64, 64, 3), 0.35, False, None, None, "avg").output_shape == (None, 1280)


@pytest.mark.parametrize("make", [MobileNet, MobileNetV2])
@pytest.mark.parametrize("alpha", [0, -1.0, "1", True])
def test_alpha_is_a_number_above_zero(make, alpha):
    with pytest.raises(ValueError, match=r"alpha must be a number above 0, got "):
        make(weights=None, alpha=alpha)


def test_published_widths_and_sizes(tmp_path, monkeypatch):
    for name in ("FASTCNN_WEIGHTS", "KERAS_HOME", "TORCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    with pytest.raises(ValueError, match=r"MobileNet has alpha one of \[0.25, 0.5, 0.75, 1.0\], got 0.6"):
        MobileNet(alpha=0.6)
    with pytest.raises(ValueError, match="has depth_multiplier=1, got 2"):
        MobileNet(depth_multiplier=2)
    with pytest.raises(FileNotFoundError, match=r"Put mobilenet_7_5_160_tf\.h5 into"):
        MobileNet(alpha=0.75, input_shape=(160, 160, 3))
    with pytest.raises(FileNotFoundError, match=r"mobilenet_1_0_128_tf_no_top\.h5"):
        MobileNet(include_top=False, input_tensor=layers.Input((128, 128, 3)))
    with pytest.raises(FileNotFoundError, match=r"kernels_1\.4_96\.h5"):
        MobileNetV2(alpha=1.4, input_shape=(96, 96, 3))
    with pytest.raises(FileNotFoundError, match=r"kernels_1\.0_224\.h5 or mobilenet_v2-\?+\.pth"):
        MobileNetV2()
    with (
        pytest.warns(UserWarning, match="those for 224 are loaded"),
        pytest.raises(FileNotFoundError, match=r"1\.0_224_no_top\.h5"),
    ):
        MobileNetV2(include_top=False, input_shape=(100, 100, 3))


@pytest.mark.skipif(not KERAS, reason="FASTCNN_KERAS_PYTHON names no interpreter with Keras 3")
@pytest.mark.parametrize("shape, alpha", [((107, 96, 3), 0.75), ((224, 224, 3), 1.0)])
@pytest.mark.parametrize("make", [MobileNet, MobileNetV2])
def test_keras_gives_the_same(make, shape, alpha, tmp_path):
    check_keras(make, shape, tmp_path, alpha=alpha)


@pytest.mark.parametrize("shape, alpha", [((97, 80, 3), 0.75), ((224, 224, 3), 1.0)])
def test_torchvision_gives_the_same(shape, alpha):
    theirs = torchvision_models().mobilenet_v2(weights=None, width_mult=alpha)
    check_torchvision(MobileNetV2, shape, theirs, variant="torchvision", alpha=alpha)
