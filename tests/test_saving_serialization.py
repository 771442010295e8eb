"""Objects to configs and back: Keras 3's form, older and newer versions of it, and what is refused."""

import json

import numpy as np
import pytest

from fastcnn import initializers, layers, models, optimizers, regularizers
from fastcnn.saving import deserialize_keras_object, register_keras_serializable, serialize_keras_object
from fastcnn.saving.serialization import normalize


@pytest.mark.parametrize(
    "thing",
    [None, True, 3, 0.5, "text", [1, [2, "x"]], {"a": {"b": [1]}}, (1, 2), {"shape": (3, 3), "none": None}],
)
def test_plain_values(thing):
    assert serialize_keras_object(thing) == thing
    assert deserialize_keras_object(serialize_keras_object(thing)) == thing


def test_numpy():
    assert serialize_keras_object({"a": np.float32(0.5), "b": np.int64(3)}) == {"a": 0.5, "b": 3}
    array = np.array([[1, 2]], np.int32)
    back = deserialize_keras_object(json.loads(json.dumps(serialize_keras_object([array]))))[0]
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)
    with pytest.raises(ValueError, match="must hold numbers, got dtype 'object'"):
        deserialize_keras_object({"class_name": "__numpy__", "config": {"value": [1], "dtype": "object"}})


@pytest.mark.parametrize(
    ("thing", "module", "name"),
    [
        (lambda: layers.Dense(3, activation="relu"), "keras.layers", "Dense"),
        (lambda: initializers.HeNormal(seed=3), "keras.initializers", "HeNormal"),
        (lambda: regularizers.L2(0.5), "keras.regularizers", "L2"),
        (lambda: optimizers.Adam(0.5), "keras.optimizers", "Adam"),
        (lambda: models.Sequential([layers.Input((4,)), layers.Dense(3)]), "keras", "Sequential"),
    ],
)
def test_objects(thing, module, name):
    config = serialize_keras_object(thing())
    assert (config["module"], config["class_name"], config["registered_name"]) == (module, name, None)
    back = deserialize_keras_object(json.loads(json.dumps(config)))
    assert type(back) is type(thing())
    assert json.dumps(serialize_keras_object(back)) == json.dumps(config)


def test_objects_in_nests():
    config = {
        "a": [serialize_keras_object(initializers.Zeros()), 1],
        "b": {"c": serialize_keras_object(layers.Dense(2))},
    }
    back = deserialize_keras_object(config)
    assert type(back["a"][0]) is initializers.Zeros
    assert type(back["b"]["c"]) is layers.Dense


def test_what_keras_writes_and_we_do_not():
    policy = {
        "module": "keras",
        "class_name": "DTypePolicy",
        "config": {"name": "float32"},
        "registered_name": None,
        "shared_object_id": 1,
    }
    seed = {
        "module": "keras.initializers",
        "class_name": "Zeros",
        "config": {"input_axes": None},
        "registered_name": None,
    }
    config = {"name": "d", "units": 3, "dtype": policy, "quantization_config": None, "kernel_initializer": seed}
    layer = deserialize_keras_object(
        {"module": "keras.layers", "class_name": "Dense", "config": config, "registered_name": None}
    )
    assert (layer.name, layer.units, layer.dtype) == ("d", 3, "float32")
    used = {
        "module": "keras.layers",
        "class_name": "Dense",
        "config": {"units": 3, "quantization_config": {"x": 1}},
        "registered_name": None,
    }
    with pytest.raises((ValueError, TypeError, NotImplementedError), match="quantization_config"):
        deserialize_keras_object(used)


def test_classes_of_ones_own():
    class Mine(layers.Layer):
        def call(self, x):
            return x

    config = serialize_keras_object(Mine(name="m"))
    with pytest.raises(ValueError, match=r"names 'Mine'.*custom_objects=\{'Mine': Mine\}"):
        deserialize_keras_object(config)
    assert type(deserialize_keras_object(config, {"Mine": Mine})) is Mine

    from fastcnn.registry import get_custom_objects

    try:
        registered = register_keras_serializable("test_package")(Mine)
        config = serialize_keras_object(registered(name="m"))
        assert config["registered_name"] == "test_package>Mine"
        assert type(deserialize_keras_object(config)) is Mine
    finally:
        get_custom_objects().pop("test_package>Mine", None)


def test_functions():
    def swish_of_mine(x):
        return x

    config = serialize_keras_object(swish_of_mine)
    assert (config["class_name"], config["config"]) == ("function", "swish_of_mine")
    with pytest.raises(ValueError, match="names 'swish_of_mine'"):
        deserialize_keras_object(config)
    assert deserialize_keras_object(config, {"swish_of_mine": swish_of_mine}) is swish_of_mine
    with pytest.raises(ValueError, match="a lambda cannot be saved"):
        serialize_keras_object(lambda x: x)
    with pytest.raises(TypeError, match="cannot make a config of object"):
        serialize_keras_object(object())


@pytest.mark.parametrize("name", ["system", "eval", "__import__", "load_model", "get_file"])
@pytest.mark.parametrize("module", ["os", "builtins", "keras.utils", "keras.saving", "fastcnn.saving", None])
def test_nothing_else_is_found(module, name):
    for kind in ("function", name):
        config = {
            "module": module,
            "class_name": kind,
            "config": name if kind == "function" else {},
            "registered_name": name,
        }
        with pytest.raises(ValueError, match=f"names '{name}', which fastcnn does not know"):
            deserialize_keras_object(config)


@pytest.mark.parametrize("name", ["Lambda", "__lambda__"])
def test_lambdas(name):
    inner = {"module": "keras.layers", "class_name": name, "config": {"function": "4wEAAAA="}, "registered_name": None}
    with pytest.raises(ValueError, match="never|runs no code"):
        normalize({"class_name": "Sequential", "config": {"layers": [inner]}})
    with pytest.raises(NotImplementedError, match="safe_mode=False"):
        deserialize_keras_object(inner, safe_mode=False)


def test_near_misses():
    config = {"module": "keras.layers", "class_name": "Conv22D", "config": {}, "registered_name": None}
    with pytest.raises(ValueError, match="Did you mean 'Conv2D'"):
        deserialize_keras_object(config)


def test_what_is_of_no_kind():
    own = type("Own", (), {"get_config": lambda self: {}})()
    with pytest.raises(TypeError, match="Own is neither a layer nor an initializer, loss, metric... of fastcnn, nor"):
        serialize_keras_object(own)
