"""DenseNet in both variants: parameters, names, arithmetic; against Keras and torchvision where they are installed."""

import pytest
from application_checks import assert_close, check_features, check_uses, torch_outputs, torchvision_models, trained
from application_oracles import KERAS, digest, keras_says, layer_lines, pictures, randomise

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


@pytest.mark.parametrize("variant", ["keras", "torchvision"])
def test_uses(variant, tmp_path):
    check_uses(DenseNet121, (45, 38, 3), tmp_path, variant=variant)


def test_features():
    check_features(DenseNet121, (53, 47, 3), 1024)


@pytest.mark.skipif(not KERAS, reason="FASTCNN_KERAS_PYTHON names no interpreter with Keras 3")
@pytest.mark.parametrize(
    "make, shape",
    [(DenseNet121, (107, 96, 3)), (DenseNet121, (224, 224, 3)), (DenseNet169, (64, 64, 3)), (DenseNet201, (64, 64, 3))],
)
def test_keras_gives_the_same(make, shape, tmp_path):
    lines, count, theirs = keras_says(tmp_path, make.__name__, shape, classifier_activation=None)
    model = make(weights=None, input_shape=shape, classifier_activation=None)
    assert (layer_lines(model), model.count_params()) == (lines, count)
    randomise(model)
    assert_close(model.predict(pictures(shape), verbose=0), theirs)


@pytest.mark.parametrize(
    "make, shape",
    [(DenseNet121, (97, 80, 3)), (DenseNet121, (224, 224, 3)), (DenseNet169, (64, 64, 3)), (DenseNet201, (64, 64, 3))],
)
def test_torchvision_gives_the_same(make, shape):
    theirs = getattr(torchvision_models(), make.__name__.lower())(weights=None)
    model = make(weights=None, input_shape=shape, classifier_activation=None, variant="torchvision")
    randomise(model)
    x = pictures(shape)
    assert_close(model.predict(x, verbose=0), torch_outputs(theirs, model, x))
    assert sum(p.numel() for p in theirs.parameters()) == trained(model)
