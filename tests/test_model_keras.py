"""Keras reads our to_json, and computes the same with the same weights: where FASTCNN_KERAS_PYTHON names an interpreter."""

import json
import os
import subprocess

import numpy as np
import pytest

from fastcnn import Model, Sequential, layers, ops

PYTHON = os.environ.get("FASTCNN_KERAS_PYTHON")
SCRIPT = """
import json, sys
import numpy as np, keras
told = json.load(open(sys.argv[1]))
model = keras.models.model_from_json(told["json"])
model.set_weights([np.array(w) for w in told["weights"]])
x = {k: np.array(v, "float32") for k, v in told["x"].items()}
y = model(x if told["dict"] else list(x.values())[0])
y = {k: keras.ops.convert_to_numpy(v).tolist() for k, v in (y if told["dict"] else {"y": y}).items()}
json.dump({"y": y, "json": model.to_json(), "layers": [layer.name for layer in model.layers]}, open(sys.argv[1], "w"))
"""


def operations():
    x = layers.Input((4,))
    y = ops.concatenate([ops.relu(layers.Dense(4)(x) + x) * 2, x], axis=1)
    y = layers.Flatten()(ops.exp(-ops.reshape(y, (-1, 2, 4))))
    return Model(x, layers.Dense(2)(ops.softmax(y)))


def sequential():
    stack = [layers.Conv2D(4, 3, activation="relu", kernel_regularizer="l2"), layers.BatchNormalization()]
    stack += [
        layers.MaxPooling2D(),
        layers.SeparableConv2D(3, 2),
        layers.PReLU(),
        layers.Dropout(0.5),
        layers.Flatten(),
    ]
    return Sequential([layers.Input((8, 8, 3)), *stack, layers.Dense(2, "softmax")])


def shared_and_nested():
    a, b = layers.Input((4,), name="a"), layers.Input((4,), name="b")
    shared, inner = layers.Dense(3), Sequential([layers.Input((3,)), layers.Dense(3)])
    first = layers.Add()([shared(a), inner(shared(b))])
    return Model({"a": a, "b": b}, {"p": first, "r": layers.Dropout(0.5)(shared(a), training=False)})


@pytest.mark.skipif(PYTHON is None, reason="FASTCNN_KERAS_PYTHON names no interpreter with Keras 3")
@pytest.mark.parametrize("make", [operations, sequential, shared_and_nested])
def test_keras_reads_our_json_and_we_read_its(make, tmp_path):
    model, rng = make(), np.random.default_rng(0)
    model.set_weights([rng.normal(size=v.shape) ** 2 for v in model.weights])
    x = {
        n: rng.normal(size=(3, *t.shape[1:])).astype("float32")
        for n, t in zip(model.input_names, model.inputs, strict=True)
    }
    named = len(x) > 1
    told = {"json": model.to_json(), "weights": [v.tolist() for v in model.get_weights()], "dict": named}
    file = tmp_path / "model.json"
    file.write_text(json.dumps({**told, "x": {k: v.tolist() for k, v in x.items()}}))
    subprocess.run([PYTHON, "-c", SCRIPT, str(file)], check=True, timeout=300)
    answer = json.loads(file.read_text())
    assert answer["layers"] == [layer.name for layer in model.layers]
    from fastcnn.models import model_from_json

    again = model_from_json(answer["json"])
    again.set_weights(model.get_weights())
    for one in (model, again):
        y = one(x if named else next(iter(x.values())))
        for key, value in (y if named else {"y": y}).items():
            np.testing.assert_allclose(value.numpy(), answer["y"][key], rtol=1e-5, atol=1e-6)
