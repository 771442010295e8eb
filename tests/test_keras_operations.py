"""Operations between layers: written as Keras reads them, and read as Keras writes them."""

import json

import numpy as np
import pytest

from fastcnn import Model, layers, ops
from fastcnn.models import model_from_json

X = np.random.default_rng(0).uniform(0.1, 1, (2, 4, 6, 3)).astype(np.float32)
SCALE = np.array([0.5, 2.0, 3.0], np.float32)


def tensor(name, index=0):
    history = {"shape": [None, 4, 6, 3], "dtype": "float32", "keras_history": [name, 0, index]}
    return {"class_name": "__keras_tensor__", "config": history}


def of_keras(kind, *args, outputs=1, module="numpy", **config):
    """A model of one operation on (x, *args), as the JSON of Keras 3.15 describes it."""
    entry = {
        "module": "keras.layers", "class_name": "InputLayer", "registered_name": None, "name": "x", "inbound_nodes": [],
        "config": {"batch_shape": [None, 4, 6, 3], "dtype": "float32", "sparse": False, "name": "x"},
    }  # fmt: skip
    operation = {
        "module": f"keras.src.ops.{module}", "class_name": kind, "config": {"name": "op", **config}, "name": "op",
        "registered_name": kind, "inbound_nodes": [{"args": [tensor("x"), *args], "kwargs": {}}],
    }  # fmt: skip
    places = [["op", 0, i] for i in range(outputs)]
    config = {
        "name": "functional", "trainable": True, "layers": [entry, operation], "input_layers": ["x", 0, 0],
        "output_layers": places if outputs > 1 else places[0],
    }  # fmt: skip
    model = {"module": "keras.src.models.functional", "class_name": "Functional", "config": config}
    return model_from_json(json.dumps(model))


@pytest.mark.parametrize("kind", ["__numpy__", "__tensor__"])
def test_arrays_beside_tensors(kind):
    array = {"class_name": kind, "config": {"value": SCALE.tolist(), "dtype": "float32"}}
    np.testing.assert_array_equal(of_keras("Multiply", array)(X).numpy(), X * SCALE)


def test_every_one_of_several_results():
    for i, part in enumerate(of_keras("Unstack", outputs=3, num=None, axis=-1)(X)):
        np.testing.assert_array_equal(part.numpy(), X[..., i])
    values, indices = of_keras("TopK", outputs=2, module="math", k=2, sorted=True)(X)
    np.testing.assert_array_equal(indices.numpy(), np.argsort(-X, axis=-1)[..., :2])
    np.testing.assert_array_equal(values.numpy(), -np.sort(-X, axis=-1)[..., :2])


def test_settings():
    assert of_keras("Cast", module="core", dtype="int32")(X).dtype == "int32"
    unused = {"antialias": False, "crop_to_aspect_ratio": False, "fill_mode": "constant", "fill_value": 0.0}
    sizes = {"size": [2, 3], "interpolation": "bilinear", "data_format": None}
    assert of_keras("Resize", module="image", **sizes, **unused)(X).shape == (2, 2, 3, 3)
    with pytest.raises(ValueError, match="the operation 'Resize' of Keras with antialias, which fastcnn.ops has not"):
        of_keras("Resize", module="image", **sizes, **{**unused, "antialias": True})


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (lambda x: x[:, 1:3, ..., ::-1], "GetItem"),
        (lambda x: x[..., 0], "GetItem"),
        (lambda x: x - SCALE, "Subtract"),
        (lambda x: ops.mean(x, axis=(1, 2)), "Mean"),
        (lambda x: ops.max(x, axis=-1, keepdims=True), "Max"),
        (lambda x: ops.std(x, axis=1), "Std"),
        (lambda x: ops.transpose(x, (0, 2, 1, 3)), "Transpose"),
        (lambda x: ops.clip(x, 0.2, 1), "Clip"),
        (lambda x: ops.expand_dims(x, 1), "ExpandDims"),
        (lambda x: ops.flip(x, 2), "Flip"),
        (lambda x: ops.repeat(x, 2, axis=1), "Repeat"),
        (lambda x: ops.tile(x, (1, 1, 2, 1)), "Tile"),
        (lambda x: ops.where(x > 0.5, x, 0.0), "Where"),
        (lambda x: ops.matmul(x, ops.transpose(x, (0, 1, 3, 2))), "Matmul"),
        (lambda x: ops.gelu(x, approximate=False), "Gelu"),
        (lambda x: ops.gelu(x), "Gelu"),
        (lambda x: ops.leaky_relu(x - 0.5, 0.1), "LeakyRelu"),
        (lambda x: ops.elu(x - 0.5, 0.5), "Elu"),
        (lambda x: ops.silu(x), "Silu"),
        (lambda x: ops.log_softmax(x, axis=1), "LogSoftmax"),
    ],
)
def test_written_as_keras_reads_them(function, kind):
    x = layers.Input((4, 6, 3))
    model = Model(x, function(x))
    text = model.to_json()
    listed = json.loads(text)["config"]["layers"][1:]
    assert kind in [entry["class_name"] for entry in listed]
    assert all(entry["module"].startswith("keras.src.ops.") for entry in listed)
    np.testing.assert_array_equal(model_from_json(text)(X).numpy(), model(X).numpy())
