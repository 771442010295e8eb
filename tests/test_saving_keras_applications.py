"""Files of Keras's applications, in all its formats, load into ours: FASTCNN_KERAS_PYTHON names an interpreter with it."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from fastcnn import applications, backend, layers, models
from fastcnn.saving import load_model

KERAS = os.environ.get("FASTCNN_KERAS_PYTHON")
pytestmark = pytest.mark.skipif(not KERAS, reason="FASTCNN_KERAS_PYTHON names no interpreter with Keras 3")
pytest.importorskip("h5py")

THEIRS = """
import sys, h5py, keras, numpy as np
from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group
folder, name, what = sys.argv[1] + "/", sys.argv[2], eval(sys.argv[3])

def network():
    if name == "nested":
        base = keras.applications.MobileNetV2(alpha=0.35, input_shape=(96, 96, 3), weights=None, include_top=False)
        base.trainable = False
        return keras.Sequential([base, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3, name="mine")])
    if name == "resnet8":
        return keras.models.load_model(what, compile=False)
    return getattr(keras.applications, name)(weights=None, **what)

model = network()
rng = np.random.default_rng(0)
if name != "resnet8":
    model.set_weights([rng.uniform(0.5, 1.5, w.shape) if w.ndim == 1 else rng.normal(0, (2 / np.prod(w.shape[:-1])) ** 0.5, w.shape) for w in model.get_weights()])
x = (255 if name == "resnet8" else 1) * rng.random((2, *model.input_shape[1:]), np.float32)
np.savez(folder + "xy.npz", x=x, y=model.predict(x, verbose=0))
model.save(folder + "model.keras")
model.save_weights(folder + "w.weights.h5")
if name != "resnet8":
    model.save(folder + "model.h5")
    with h5py.File(folder + "w.h5", "w") as f:
        save_weights_to_hdf5_group(f, model)
"""


def keras(folder, name, what):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    run = subprocess.run(
        [KERAS, "-c", THEIRS, str(folder), name, repr(what)], capture_output=True, text=True, env=environment
    )
    assert run.returncode == 0, run.stderr[-3000:]
    with np.load(folder / "xy.npz") as file:
        return file["x"], file["y"]


def close(model, x, y):
    got = model(x).numpy()
    assert np.abs(got - y).max() <= 1e-4 * np.abs(y).max(), np.abs(got - y).max() / np.abs(y).max()


NETWORKS = [
    ("MobileNetV2", {"alpha": 0.35, "input_shape": (96, 96, 3), "classifier_activation": None}),
    ("ResNet50", {"include_top": False, "input_shape": (64, 64, 3), "pooling": "avg"}),
    ("InceptionV3", {"include_top": False, "input_shape": (96, 96, 3)}),
    ("Xception", {"include_top": False, "input_shape": (96, 96, 3)}),
    ("MobileNet", {"alpha": 0.25, "input_shape": (64, 64, 3), "classifier_activation": None}),
    ("MobileNetV3Small", {"alpha": 0.5, "input_shape": (64, 64, 3), "classifier_activation": None}),
    ("EfficientNetV2B0", {"include_top": False, "input_shape": (64, 64, 3)}),
    ("ConvNeXtTiny", {"include_top": False, "input_shape": (64, 64, 3)}),
    ("DenseNet121", {"include_top": False, "input_shape": (64, 64, 3)}),
]


@pytest.mark.parametrize(("name", "arguments"), NETWORKS, ids=[name for name, _ in NETWORKS])
def test_files_of_applications(tmp_path, name, arguments):
    x, y = keras(tmp_path, name, arguments)
    for file in ("model.keras", "w.weights.h5", "w.h5", "model.h5"):
        model = getattr(applications, name)(weights=tmp_path / file, **arguments)
        close(model, x, y)
    backend.clear_session()  # automatic names begin anew, as in Keras's process
    by_name = getattr(applications, name)(weights=None, **arguments)
    by_name.load_weights(tmp_path / "w.h5", by_name=True)
    close(by_name, x, y)
    close(load_model(tmp_path / "model.keras"), x, y)
    close(load_model(tmp_path / "model.h5", compile=False), x, y)


def test_a_frozen_base_in_a_model(tmp_path):
    x, y = keras(tmp_path, "nested", {})
    for file in ("model.keras", "w.weights.h5", "w.h5"):
        base = applications.MobileNetV2(alpha=0.35, input_shape=(96, 96, 3), weights=None, include_top=False)
        model = models.Sequential([base, layers.GlobalAveragePooling2D(), layers.Dense(3, name="mine")])
        model.load_weights(tmp_path / file)
        close(model, x, y)
    close(load_model(tmp_path / "model.keras"), x, y)
    close(load_model(tmp_path / "model.h5", compile=False), x, y)


def test_the_resnet_of_keras_2(tmp_path):
    path = Path(os.environ.get("FASTCNN_DATA") or "", "keras-h5", "pretrainedResnet.h5")
    if not path.is_file():
        pytest.skip("FASTCNN_DATA has no keras-h5/pretrainedResnet.h5")
    x, y = keras(tmp_path, "resnet8", str(path))
    ours = load_model(path)
    close(ours, x, y)
    ours.set_weights([0 * w for w in ours.get_weights()])
    ours.load_weights(tmp_path / "model.keras")
    close(ours, x, y)
