"""DenseNet in both variants: parameters, names, arithmetic; against Keras and torchvision where they are installed."""

import pytest
from application_checks import check_features, check_keras, check_torchvision, check_uses, torchvision_models, trained
from application_oracles import KERAS, digest, layer_lines

from fastcnn.applications import DenseNet121, DenseNet169, DenseNet201

# Parameters, those that are trained, and Keras's names and shapes.
COUNTS = [
    (DenseNet121, 8_062_504, 7_978_856, "bdd379b89e6dd3f6"),
    (DenseNet169, 14_307_880, 14_149_480, "1e091dd4ea8fa33a"),
    (DenseNet201, 20_242_984, 20_013_928, "ca98f5448d7dcf04"),
]


@pytest.mark.parametrize("make, count, trainable, lines", COUNTS)
def test_parameters_names_and_order_are_those_of_keras(make, count, trainable, lines):
    model = make(weights=None)
    assert (model.count_params(), trained(model)) == (count, trainable)
    assert digest(layer_lines(model)) == lines
    assert (model.name, model.input_shape) == (make.__name__.lower(), (None, 224, 224, 3))


def test_torchvision_names():
    model = DenseNet121(weights=None, variant="torchvision")
    assert (model.count_params(), trained(model)) == (8_062_504, 7_978_856)
    names = [layer.name for layer in model.layers if layer.weights]
    assert names[:3] == ["features.conv0", "features.norm0", "features.denseblock1.denselayer1.norm1"]
    assert names[-3:] == ["features.denseblock4.denselayer16.conv2", "features.norm5", "classifier"]
    assert model.get_layer("features.norm5").epsilon == 1e-5


def test_uses(tmp_path):
    check_uses(DenseNet121, (45, 38, 3), tmp_path, variant="torchvision")


def test_features():
    check_features(DenseNet121, (53, 47, 3), 1024)


EITHER = [
    (DenseNet121, (107, 96, 3)),
    (DenseNet121, (224, 224, 3)),
    (DenseNet169, (64, 64, 3)),
    (DenseNet201, (64, 64, 3)),
]


@pytest.mark.skipif(not KERAS, reason="FASTCNN_KERAS_PYTHON names no interpreter with Keras 3")
@pytest.mark.parametrize("make, shape", EITHER)
def test_keras_gives_the_same(make, shape, tmp_path):
    check_keras(make, shape, tmp_path)


@pytest.mark.parametrize("make, shape", EITHER)
def test_torchvision_gives_the_same(make, shape):
    theirs = getattr(torchvision_models(), make.__name__.lower())(weights=None)
    check_torchvision(make, shape, theirs, variant="torchvision")
