"""10,000 mutated files of each format, 2,000 whole models: a right load or a documented error, bounded memory, nothing run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch_files

from fastcnn.saving import write_npz, write_safetensors

FUZZER = Path(__file__).with_name("file_fuzzer.py")


def fuzz(loader, seed, count=10_000, seconds=20.0):
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    run = subprocess.run(
        [sys.executable, FUZZER, loader, seed, str(count), str(seconds)],
        capture_output=True,
        text=True,
        timeout=300,
        env=environment,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    result = json.loads(run.stdout)
    assert result["wrong"] == []
    assert result["forbidden"] == []
    assert result["loaded"] + result["refused"] >= 50
    assert result["refused"] > 20
    assert result["grown_mb"] < 200, result
    return result


def arrays():
    rng = np.random.default_rng(0)
    return {
        "conv/kernel": rng.random((3, 3, 2, 4), np.float32),
        "conv/bias": np.zeros(4, np.float32),
        "step": np.int64(3),
    }


@pytest.mark.parametrize(("loader", "write"), [("safetensors", write_safetensors), ("npz", write_npz)])
def test_arrays(tmp_path, loader, write):
    seed = tmp_path / f"seed.{loader}"
    write(seed, arrays())
    fuzz(loader, seed)


@pytest.mark.parametrize("form", ["archive", "pickles"])
def test_state_dicts(tmp_path, form):
    """Half of the archives are damaged in the pickle alone, so that no checksum is in its way."""
    seed = tmp_path / "seed.pth"
    small = {name: a[..., :2] if np.ndim(a) else a for name, a in arrays().items()}
    content, rows = torch_files.described(small, form == "pickles")
    content |= {"epoch": 3, "more": ["x", (1, 2**40), None]}
    widths = {str(i): np.asarray(a).itemsize for i, a in enumerate(small.values())}
    make = torch_files.archive if form == "archive" else lambda c, r: torch_files.row_of_pickles(c, r, widths=widths)
    seed.write_bytes(make(content, rows))
    fuzz("pth", seed)


def test_onnx(tmp_path):
    f = np.ones((2, 1, 1, 1), np.float32)
    graph = {"w": f, "b": f.ravel(), "m": np.ones((2, 3), np.float32), "shape": np.array([1, 2]), "s": f}
    nodes = [
        torch_files.onnx_node("Conv", "xw", ["a"], group=1),
        torch_files.onnx_node("Add", "ab", ["c"]),
        torch_files.onnx_node("Reshape", ["c", "shape"], ["d"]),
        torch_files.onnx_node("Constant", [], ["k"], value=torch_files.onnx_array("", f, raw=False)),
        torch_files.onnx_node("Gemm", "dm", ["y"], transB=0),
    ]
    (tmp_path / "seed.onnx").write_bytes(torch_files.onnx(graph, nodes))
    fuzz("onnx", tmp_path / "seed.onnx")


def test_hdf5(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "seed.h5", "w") as f:
        for name, array in arrays().items():
            f[f"layers/{name}/vars/0"] = array
        f["layers"].attrs["name"] = "layers"
        f.create_dataset(
            "packed", data=np.zeros((64, 64), np.float32), compression="gzip", shuffle=True, chunks=(16, 64)
        )
    fuzz("hdf5", tmp_path / "seed.h5")


def small_model():
    from fastcnn import layers, models

    a = layers.Input((6, 6, 1))
    x = layers.BatchNormalization()(layers.Conv2D(2, 3, activation="relu", kernel_regularizer="l2")(a))
    x = layers.Add()([x, layers.Dropout(0.5)(x)])
    return models.Model(a, layers.Dense(2)(layers.Flatten()(x)))


@pytest.mark.parametrize("suffix", [".fastcnn", ".keras"])
def test_models(tmp_path, suffix):
    pytest.importorskip("h5py")
    model = small_model()
    model.compile(optimizer="adam", loss="mse")
    model.save(tmp_path / f"seed{suffix}")
    fuzz("model", tmp_path / f"seed{suffix}", 2000, 8.0)


def test_configs(tmp_path):
    from fastcnn.saving import serialize_keras_object

    (tmp_path / "seed.json").write_text(json.dumps(serialize_keras_object(small_model())))
    fuzz("config", tmp_path / "seed.json", 2000, 8.0)


def test_old_models(tmp_path):
    pytest.importorskip("h5py")
    from test_saving_legacy import SEQUENTIAL, dense, legacy

    legacy(tmp_path / "seed.h5", dense("one", 4, 3) | dense("two", 3, 2), SEQUENTIAL)
    fuzz("model", tmp_path / "seed.h5", 2000, 8.0)
