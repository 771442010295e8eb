"""Xception: parameters, names, arithmetic; against Keras where it is installed."""

import pytest
from application_checks import assert_close, check_features, check_uses, trained
from application_oracles import KERAS, digest, keras_says, layer_lines, pictures, randomise

from fastcnn.applications import Xception


def test_parameters_names_and_order_are_those_of_keras():
    model = Xception(weights=None)
    assert (model.count_params(), trained(model)) == (22_910_480, 22_855_952)
    assert (model.name, model.input_shape) == ("xception", (None, 299, 299, 3))
    assert digest(layer_lines(model)) == "04ea823a335525e2"


def test_uses(tmp_path):
    check_uses(Xception, (75, 71, 3), tmp_path)


def test_features():
    check_features(Xception, (72, 81, 3), 2048)


@pytest.mark.skipif(not KERAS, reason="FASTCNN_KERAS_PYTHON names no interpreter with Keras 3")
@pytest.mark.parametrize("shape", [(107, 96, 3), (299, 299, 3)])
def test_keras_gives_the_same(shape, tmp_path):
    lines, count, theirs = keras_says(tmp_path, "Xception", shape, classifier_activation=None)
    model = Xception(weights=None, input_shape=shape, classifier_activation=None)
    assert (layer_lines(model), model.count_params()) == (lines, count)
    randomise(model)
    assert_close(model.predict(pictures(shape), verbose=0), theirs)
