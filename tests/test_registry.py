"""Names to objects, objects to configs, and classes that the user makes known."""

import pytest

from fastcnn import activations, initializers, layers, utils
from fastcnn.naming import snake_case
from fastcnn.registry import (
    Registry,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    register_keras_serializable,
    suggestion,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Dense", "dense"), ("Conv2D", "conv2d"), ("Conv2DTranspose", "conv2d_transpose"), ("LeakyReLU", "leaky_re_lu"),
        ("ReLU", "re_lu"), ("BatchNormalization", "batch_normalization"), ("PReLU", "p_re_lu"), ("ELU", "elu"),
        ("GlobalMaxPooling2D", "global_max_pooling2d"), ("SeparableConv2D", "separable_conv2d"), ("MyNet2", "my_net2"),
    ],
)  # fmt: skip
def test_names_in_lower_case_as_keras(name, expected):
    assert snake_case(name) == expected


def test_suggestion():
    assert suggestion("rellu", ["relu", "tanh"]) == " Did you mean 'relu'?" and suggestion("zzz", ["relu"]) == ""
    assert suggestion("adma", ["adamax", "adam"]) == " Did you mean 'adam'?"
    assert suggestion("adam", ["Adam", "Nadam"]) == " Did you mean 'Nadam' or 'Adam'?"
    begun = ["he_uniform", "zeros", "he_normal", "HeNormal"]
    assert suggestion("he", begun) == " Did you mean 'he_normal' or 'he_uniform'?"


def test_get():
    assert layers.get(None) is None and isinstance(layers.get("Flatten"), layers.Flatten)
    assert isinstance(layers.get("flatten"), layers.Flatten) and isinstance(layers.get(layers.Flatten), layers.Flatten)
    flatten = layers.Flatten()
    assert layers.get(flatten) is flatten
    assert isinstance(layers.get({"class_name": "Flatten", "config": {}}), layers.Flatten)
    with pytest.raises(ValueError, match="there is no layer 'Flaten'. Did you mean 'Flatten'"):
        layers.get("Flaten")
    with pytest.raises(TypeError, match="cannot make a layer of 3; give a name, an object or a config"):
        layers.get(3)


def test_serialize_and_deserialize():
    config = layers.serialize(layers.Dense(3, name="d"))
    assert config["module"] == "keras.layers" and config["class_name"] == "Dense" and config["registered_name"] is None
    assert "build_config" not in config
    layer = layers.Dense(3)
    layer.build((None, 4))
    config = layers.serialize(layer)
    assert config["build_config"] == {"input_shape": (None, 4)}
    assert layers.deserialize(config).kernel.shape == (4, 3)
    assert layers.serialize(None) is None
    with pytest.raises(ValueError, match=r"the config of a layer needs a 'class_name', got the keys \['config'\]"):
        layers.deserialize({"config": {}})


def test_scopes_end():
    class Mine(layers.Layer):
        def call(self, x):
            return x

    config = layers.serialize(Mine())
    with pytest.raises(ValueError, match="there is no layer 'Mine'"):
        layers.deserialize(config)
    with custom_object_scope({"Mine": Mine}), custom_object_scope({"Other": int}):
        assert isinstance(layers.deserialize(config), Mine) and set(get_custom_objects()) >= {"Mine", "Other"}
    assert "Mine" not in get_custom_objects()
    assert isinstance(layers.deserialize(config, {"Mine": Mine}), Mine)
    get_custom_objects()["Mine"] = Mine
    try:
        assert isinstance(layers.deserialize(config), Mine)
    finally:
        del get_custom_objects()["Mine"]


def test_ones_own_is_written_as_keras_looks_for_it():
    """Keras finds it among its custom_objects only where the config names no module of Keras, a function as a config."""

    class Mine(layers.Layer):
        def call(self, x):
            return x

    def twice(x):
        return x * 2

    config = layers.serialize(Mine())
    assert (config["module"], config["class_name"], config["registered_name"]) == (None, "Mine", "Mine")
    config = layers.serialize(layers.Dense(2, activation=twice, kernel_initializer="ones"))["config"]
    assert (config["activation"]["class_name"], config["activation"]["config"]) == ("function", "twice")
    with custom_object_scope({"twice": twice}):
        assert activations.get(config["activation"]) is twice
    with pytest.raises(ValueError, match=r"no activation function 'twice'.*custom_objects=\{'twice': the function\}"):
        activations.get(config["activation"])


def test_registered_classes_and_functions():
    @register_keras_serializable("pack", "Known")
    class Mine(layers.Layer):
        def call(self, x):
            return x

    @register_keras_serializable()
    def twice(x):
        return x * 2

    try:
        assert get_registered_name(Mine) == "pack>Known" and get_registered_name(layers.Dense) == "Dense"
        config = layers.serialize(Mine())
        assert config["registered_name"] == "pack>Known" and config["module"] is None
        assert isinstance(layers.deserialize(config), Mine)
        assert activations.get("Custom>twice") is twice and activations.get("twice") is twice
        dense = layers.Dense(2, activation=twice)
        assert layers.deserialize(layers.serialize(dense)).activation is twice
    finally:
        for name in ("pack>Known", "Custom>twice"):
            del get_custom_objects()[name]


def test_a_registry_of_ones_own():
    things = Registry("thing", "tests.things")

    @things.register("short")
    class LongName:
        def __init__(self, size=1):
            self.size = size

        def get_config(self):
            return {"size": self.size}

    try:
        assert things.get("short").size == things.get("long_name").size == things.get("LONGNAME").size == 1
        assert things.deserialize(things.serialize(LongName(4))).size == 4
        assert Registry.by_module["tests.things"] is things
    finally:
        del Registry.by_module["tests.things"]


def test_public_names():
    assert initializers.get("zeros") is not None and hasattr(utils, "custom_object_scope")
