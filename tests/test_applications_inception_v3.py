"""Inception V3 in both variants: parameters, names, arithmetic; against Keras and torchvision where they are installed."""

import numpy as np
import pytest
from application_checks import (
    check_features,
    check_keras,
    check_torchvision,
    check_uses,
    torchvision_models,
    trained,
)
from application_oracles import KERAS, digest, layer_lines

from fastcnn.applications import InceptionV3, inception_v3


def test_parameters_names_and_order_are_those_of_keras():
    model = InceptionV3(weights=None)
    assert (model.count_params(), trained(model)) == (23_851_784, 23_817_352)
    assert (model.name, model.input_shape) == ("inception_v3", (None, 299, 299, 3))
    assert digest(layer_lines(model)) == "b92d98b9ee77cfcb"


def test_a_second_one_has_the_same_names():
    first, second = (InceptionV3(weights=None, include_top=False) for _ in range(2))
    assert [x.name for x in first.layers[1:]] == [x.name for x in second.layers[1:]]
    assert [x.name for x in first.layers[1:5]] == ["conv2d", "batch_normalization", "activation", "conv2d_1"]


def test_torchvision_counts():
    model = InceptionV3(weights=None, variant="torchvision")
    assert (trained(model), model.count_params()) == (23_834_568, 23_869_000)
    assert model.get_layer("Mixed_6b.branch7x7dbl_2.conv").kernel.shape == (7, 1, 128, 128)


def test_uses(tmp_path):
    check_uses(InceptionV3, (107, 96, 3), tmp_path)


def test_features():
    check_features(InceptionV3, (90, 77, 3), 2048, variant="torchvision")


def test_transform_input_is_of_torchvision():
    with pytest.raises(ValueError, match="transform_input=True is of variant='torchvision'"):
        InceptionV3(weights=None, transform_input=True)
    names = [x.name for x in InceptionV3(weights=None, variant="torchvision", transform_input=True).layers]
    assert names[1] == "transform_input"


def test_preprocessing():
    assert inception_v3.preprocess_input(np.float32([[[0, 127.5, 255]]])).tolist() == [[[-1, 0, 1]]]


@pytest.mark.skipif(not KERAS, reason="FASTCNN_KERAS_PYTHON names no interpreter with Keras 3")
@pytest.mark.parametrize("shape", [(107, 96, 3), (299, 299, 3)])
def test_keras_gives_the_same(shape, tmp_path):
    check_keras(InceptionV3, shape, tmp_path)


@pytest.mark.parametrize("transform", [False, True])
@pytest.mark.parametrize("shape", [(139, 128, 3)])
def test_torchvision_gives_the_same(shape, transform):
    theirs = torchvision_models().inception_v3(weights=None, transform_input=transform, init_weights=False)
    theirs.AuxLogits = None
    check_torchvision(InceptionV3, shape, theirs, variant="torchvision", transform_input=transform)
