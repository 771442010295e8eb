"""Files of the real Keras 3 are read, and the real Keras 3 reads ours: FASTCNN_KERAS_PYTHON names an interpreter that has it."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from fastcnn import models
from fastcnn.saving import load_model

KERAS = os.environ.get("FASTCNN_KERAS_PYTHON")
pytestmark = pytest.mark.skipif(not KERAS, reason="FASTCNN_KERAS_PYTHON names no interpreter with Keras 3")

THEIRS = """
import json, sys
import keras, numpy as np
folder = sys.argv[1] + "/"
layers = keras.layers

def cnn():
    return keras.Sequential([
        layers.Input((16, 16, 3)), layers.Conv2D(4, 3, padding="same", activation="relu", kernel_regularizer="l2"),
        layers.BatchNormalization(), layers.MaxPooling2D(), layers.SeparableConv2D(6, 3), layers.LeakyReLU(),
        layers.Conv2DTranspose(3, 3, strides=2), layers.Dropout(0.5), layers.GlobalAveragePooling2D(),
        layers.Dense(8, kernel_initializer="he_normal"), layers.LayerNormalization(), layers.Dense(5, activation="softmax")])

def functional():
    a, b = layers.Input((6,), name="a"), layers.Input((6,), name="b")
    shared = layers.Dense(4)
    inner = keras.Sequential([layers.Input((4,)), layers.Dense(4), layers.BatchNormalization()])
    y = layers.Concatenate()([inner(shared(a)), shared(b), layers.Dense(3)(b)])
    return keras.Model([a, b], [layers.Dense(2)(y), layers.Dense(1)(y)])

def inputs(model):
    return [np.load(f"{folder}x{i}.npy") for i in range(len(model.inputs))]

def save_outputs(model, name):
    y = model.predict(inputs(model) if len(model.inputs) > 1 else inputs(model)[0], verbose=0)
    np.savez(folder + name, *(y if isinstance(y, list) else [y]))

if sys.argv[2] == "write":
    model = {"cnn": cnn, "functional": functional}[sys.argv[3]]()
    rng = np.random.default_rng(0)
    model.set_weights([rng.uniform(0.1, 0.9, w.shape) for w in model.get_weights()])
    for i, x in enumerate(model.inputs):
        np.save(f"{folder}x{i}.npy", rng.random((3, *x.shape[1:]), np.float32))
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
    model.optimizer.build(model.trainable_variables)
    model.optimizer.iterations.assign(9)
    model.save(folder + "theirs.keras")
    model.save_weights(folder + "theirs.weights.h5")
    save_outputs(model, "theirs.npz")
else:
    model = keras.saving.load_model(folder + "ours.keras")
    save_outputs(model, "read.npz")
    model.set_weights([w * 0 for w in model.get_weights()])
    model.load_weights(folder + "ours.weights.h5")
    save_outputs(model, "read_weights.npz")
    print(json.dumps([type(model.optimizer).__name__, int(model.optimizer.iterations), len(model.optimizer.variables)]))
"""


def keras(*arguments):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    run = subprocess.run([KERAS, "-c", THEIRS, *map(str, arguments)], capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stderr[-3000:]
    return run.stdout


def outputs(model, folder):
    x = [np.load(folder / f"x{i}.npy") for i in range(len(model.inputs))]
    y = model(x if len(x) > 1 else x[0])
    return [v.numpy() for v in (y if isinstance(y, list) else [y])]


def close(path, ours):
    with np.load(path) as theirs:
        for name, y in zip(theirs.files, ours, strict=True):
            np.testing.assert_allclose(y, theirs[name], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["cnn", "functional"])
def test_both_ways(tmp_path, kind):
    keras(tmp_path, "write", kind)
    model = load_model(tmp_path / "theirs.keras")
    close(tmp_path / "theirs.npz", outputs(model, tmp_path))
    assert type(model.optimizer).__name__ == "Adam"
    assert int(model.optimizer.iterations) == 9

    twin = models.clone_model(model)
    twin.load_weights(tmp_path / "theirs.weights.h5")
    close(tmp_path / "theirs.npz", outputs(twin, tmp_path))

    model.save(tmp_path / "ours.keras")
    model.save_weights(tmp_path / "ours.weights.h5")
    optimizer = json.loads(keras(tmp_path, "read").splitlines()[-1])
    assert optimizer == ["Adam", 9, len(model.optimizer.variables)]
    for name in ("read.npz", "read_weights.npz"):
        close(tmp_path / name, outputs(model, tmp_path))


def test_an_old_file(tmp_path):
    """Keras 3 and we read the same network from a file of Keras 2."""
    path = Path(os.environ.get("FASTCNN_DATA", "")) / "keras-h5" / "pretrainedResnet.h5"
    if not path.is_file():
        pytest.skip("FASTCNN_DATA has no keras-h5/pretrainedResnet.h5")
    x = np.random.default_rng(0).uniform(0, 255, (4, 32, 32, 3)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    program = """
import sys, keras, numpy as np
model = keras.saving.load_model(sys.argv[1], compile=False)
np.save(sys.argv[3], model.predict(np.load(sys.argv[2]), verbose=0))
"""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    subprocess.run([KERAS, "-c", program, path, tmp_path / "x.npy", tmp_path / "y.npy"], check=True, env=environment)
    np.testing.assert_allclose(load_model(path)(x).numpy(), np.load(tmp_path / "y.npy"), atol=1e-5)
