"""Xception: parameters, names, arithmetic; against Keras where it is installed."""

import pytest
from application_checks import check_features, check_keras, check_uses, trained
from application_oracles import KERAS, digest, layer_lines

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
    check_keras(Xception, shape, tmp_path)
