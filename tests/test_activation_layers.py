"""Layers as activations of other layers: saved as Keras saves them, and loaded again."""

import json
import zipfile

import numpy as np
import pytest

from fastcnn import activations, layers, models, registry

ACTIVATIONS = [
    layers.LeakyReLU(negative_slope=0.1),
    layers.ReLU(max_value=6.0),
    layers.ELU(alpha=0.5),
    layers.Softmax(),
]


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda a: type(a).__name__)
def test_model_is_saved_and_loaded(activation, tmp_path):
    model = models.Sequential(
        [layers.Input((6, 6, 1)), layers.Conv2D(4, 3, activation=activation), layers.Flatten(), layers.Dense(2)]
    )
    x = np.random.default_rng(0).standard_normal((3, 6, 6, 1)).astype(np.float32)
    model.save(tmp_path / "model.keras")
    loaded = models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))
    with zipfile.ZipFile(tmp_path / "model.keras") as file:
        config = json.loads(file.read("config.json"))["config"]["layers"][1]["config"]["activation"]
    assert (config["module"], config["class_name"]) == ("keras.layers", type(activation).__name__)


def test_config_as_keras_writes_it():
    config = {
        "module": "keras.layers",
        "class_name": "LeakyReLU",
        "config": {"name": "leaky_re_lu", "trainable": True, "negative_slope": 0.25},
        "registered_name": None,
    }
    layer = layers.Dense.from_config({"units": 3, "activation": config})
    assert layer.activation.negative_slope == 0.25
    assert activations.deserialize(config).negative_slope == 0.25


def test_config_of_something_else():
    with pytest.raises(ValueError, match="there is no activation function 'L2'"):
        activations.deserialize({"module": "keras.activations", "class_name": "L2", "config": {}})


def test_class_name_in_place_of_a_name():
    with pytest.raises(ValueError, match="there is no activation function 'LeakyReLU'. Did you mean 'leaky_relu'?"):
        activations.get("LeakyReLU")
    assert registry.suggestion("HeNormal", ["he_uniform", "he_normal"]) == " Did you mean 'he_normal'?"
