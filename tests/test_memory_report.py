"""memory_report: what it predicts is what a fresh process grows by."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_profile import compiled

from fastcnn import _core, layers, models, optimizers
from fastcnn.plan import early_updates
from fastcnn.plan.costs import geometry
from fastcnn.plan.footprint import scratch_bytes
from fastcnn.plan.model_steps import Inference
from fastcnn.tensor import Tensor

SCRIPT = """
import json, sys
import numpy as np
import fastcnn
from fastcnn import _core, layers, models

def status(name):
    return int(next(line for line in open("/proc/self/status") if line.startswith(name)).split()[1]) * 1024

def new(size, filters):
    x = start = layers.Input((size, size, 3))
    for f in filters:
        x = layers.Conv2D(f, 3, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.MaxPooling2D()(x)
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    model = models.Model(start, layers.Dense(10, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model

def run(model, size, count):
    x, y = np.ones((count, size, size, 3), "float32"), np.arange(count) % 10
    before = status("VmRSS")
    if sys.argv[1] == "training":
        model.fit(x, y, batch_size=count, epochs=2, verbose=0)
    else:
        for _ in range(2):
            model.predict(x, batch_size=count, verbose=0)
    return status("VmHWM") - before

fastcnn.set_num_threads(2)
run(new(8, (4,)), 8, 4)  # imports, threads
model = new(64, (64, 64, 128))
_core.clear_cache()
count = {"training": 32, "inference": 128}[sys.argv[1]]
grown = run(model, 64, count)
report = model.memory_report(count)
print(json.dumps([grown, report[sys.argv[1] + " total"] - report["weights"]]))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.parametrize("what", ["training", "inference"])
def test_prediction_holds(what):
    made = subprocess.run([sys.executable, "-P", "-c", SCRIPT, what], capture_output=True, text=True, timeout=300)
    assert made.returncode == 0, made.stderr
    grown, predicted = json.loads(made.stdout)
    assert predicted > 30e6
    assert abs(grown - predicted) < 0.15 * predicted + 4e6, (grown / 2**20, predicted / 2**20)


def test_parts_add_up():
    model = compiled()
    report = model.memory_report(16)
    assert report["weights"] == sum(v.array.nbytes for v in model.variables)
    assert report["inference total"] == sum(report[f] for f in ("weights", "inference weights", "inference arena"))
    assert report["training total"] == sum(report[name] for name in ("weights", "optimizer", "training arena"))
    assert report["inference arena"] > report["inference scratch"] > 0
    assert report["training arena"] > report["training scratch"] > 0


@pytest.mark.parametrize(("options", "part"), [({}, 0.5), ({"global_clipnorm": 1.0}, 1.0)])
def test_gradients_that_are_there_at_one_time(options, part, monkeypatch):
    monkeypatch.setattr(early_updates, "ENOUGH", 0)
    model = compiled()
    trained = sum(v.array.nbytes for v in model.trainable_variables)
    before = model.memory_report(32)
    model.compile(optimizers.SGD(0.1, **options), "sparse_categorical_crossentropy")
    report = model.memory_report(32)
    assert (report["gradients"] == trained) == (part == 1) and 0 < report["gradients"] <= trained
    assert report["training arena"] >= before["training arena"]
    model.train_on_batch(np.zeros((32, *model.inputs[0].shape[1:]), np.float32), np.zeros(32, int))
    assert model.memory_report(32) == report  # laid flat or not


def test_a_batch_of_one_is_a_program_too():
    assert compiled().memory_report(1)["training arena"] > 0


def test_a_size_that_nobody_knows():
    x = layers.Input((None, None, 3))
    model = models.Model(x, layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(x)))
    with pytest.raises(ValueError, match=r"takes images of any size, \(None, None, 3\), .* make it for one size"):
        model.memory_report()


def test_only_compiled_models_train():
    start = layers.Input((8, 8, 3))
    report = models.Model(start, layers.Dense(4)(start)).memory_report(2)
    assert list(report) == ["weights", "inference weights", "inference arena", "inference scratch", "inference total"]
    assert report["inference weights"] == 0


def test_scratch_memory_is_that_of_the_kernels():
    """It lies in the arena: what a run leaves behind for the next one is what other kernels took."""
    start = layers.Input((32, 32, 32))
    x = layers.Conv2D(64, 3, padding="same")(start)
    model = models.Model(start, layers.Conv2D(96, 3, padding="same")(x))
    program = Inference(model, Tensor(np.zeros((8, 32, 32, 32), np.float32))).program
    _core.clear_cache()
    program.run()
    assert scratch_bytes(program) == max(conv.workspace() for conv in map(geometry, program.steps) if conv is not None)
    assert scratch_bytes(program) > 1 << 20 > _core.cached_bytes()
