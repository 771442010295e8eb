"""Files of Keras 2: a real one, and small ones made like it."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from fastcnn import layers, models
from fastcnn.saving import FileFormatError, load_model
from fastcnn.saving.legacy_config import compile_arguments, translate

h5py = pytest.importorskip("h5py")


@pytest.fixture
def resnet():
    folder = os.environ.get("FASTCNN_DATA")
    path = Path(folder or "") / "keras-h5" / "pretrainedResnet.h5"
    if not folder or not path.is_file():
        pytest.skip("FASTCNN_DATA has no keras-h5/pretrainedResnet.h5")
    return path


def test_a_real_resnet(resnet):
    model = load_model(resnet)
    assert (len(model.layers), model.count_params(), model.output_shape) == (30, 78_666, (None, 10))
    assert type(model.optimizer).__name__ == "Adam"
    with h5py.File(resnet) as f:
        weights = f["model_weights"]
        names = [n.decode() if isinstance(n, bytes) else n for n in weights.attrs["layer_names"]]
        expected = [np.array(weights[n][w]) for n in names for w in weights[n].attrs["weight_names"]]
    assert len(expected) == 9 * 2 + 7 * 4 + 2
    got = {v.path: v for v in model.weights}
    assert len(got) == len(expected)
    found = [w for layer in model.layers for w in layer.get_weights()]
    by_name = {n: model.get_layer(n).get_weights() for n in names}
    for array, expect in zip([w for n in names for w in by_name[n]], expected, strict=True):
        np.testing.assert_array_equal(array, expect)
    assert len(found) == len(expected)
    y = model(np.random.default_rng(0).uniform(0, 255, (3, 32, 32, 3)).astype(np.float32)).numpy()
    np.testing.assert_allclose(y.sum(1), 1, rtol=1e-5)


def test_weights_of_it_by_order_and_by_name(resnet):
    model = load_model(resnet)
    twin = models.clone_model(model)
    twin.load_weights(resnet)
    assert all(np.array_equal(a, b) for a, b in zip(twin.get_weights(), model.get_weights(), strict=True))
    head = models.Sequential([layers.Input((64,)), layers.Dense(10, name="dense"), layers.Dense(3, name="mine")])
    mine = head.layers[1].get_weights()
    head.load_weights(resnet, by_name=True)
    assert np.array_equal(head.layers[0].get_weights()[0], model.get_layer("dense").get_weights()[0])
    assert np.array_equal(head.layers[1].get_weights()[0], mine[0])


def legacy(path, weights, config=None, training=None, chunked=False):
    """A file in Keras 2's layout: weights by layer and name."""
    with h5py.File(path, "w") as f:
        root = f
        if config is not None:
            f.attrs["model_config"] = json.dumps(config)
            root = f.create_group("model_weights")
        if training is not None:
            f.attrs["training_config"] = json.dumps(training)
        names = [n.encode() for n in weights]
        if chunked:
            for i, name in enumerate(names):
                root.attrs[f"layer_names{i}"] = [name]
        else:
            root.attrs["layer_names"] = names
        for name, arrays in weights.items():
            group = root.create_group(name)
            group.attrs["weight_names"] = [f"{name}/{w}:0".encode() for w in arrays]
            for w, array in arrays.items():
                group[f"{name}/{w}:0"] = array


def dense(name, n, m, seed=0):
    rng = np.random.default_rng(seed)
    return {name: {"kernel": rng.random((n, m), np.float32), "bias": rng.random(m, np.float32)}}


SEQUENTIAL = {
    "class_name": "Sequential",
    "config": {
        "name": "old",
        "layers": [
            {"class_name": "Dense", "config": {"name": "one", "batch_input_shape": [None, 4], "dtype": "float32", "units": 3, "activation": "relu",
             "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None, "dtype": "float32"}},
             "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.01}}}},
            {"class_name": "Dense", "config": {"name": "two", "units": 2, "activation": "softmax_v2"}},
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize("chunked", [False, True])
def test_sequential(tmp_path, chunked):
    weights = dense("one", 4, 3) | {"empty": {}} | dense("two", 3, 2)
    training = {"loss": "mse", "metrics": ["mae"], "optimizer_config": {"class_name": "SGD", "config": {"name": "SGD", "learning_rate": 0.5, "decay": 0.0, "momentum": 0.0, "nesterov": False}}}  # fmt: skip
    legacy(tmp_path / "m.h5", weights, SEQUENTIAL, training, chunked)
    model = load_model(tmp_path / "m.h5")
    assert model.name == "old"
    np.testing.assert_array_equal(model.get_layer("two").get_weights()[0], weights["two"]["kernel"])
    assert float(model.optimizer.learning_rate) == 0.5
    assert load_model(tmp_path / "m.h5", compile=False).optimizer is None


def test_what_cannot_be_compiled_warns(tmp_path):
    training = {"loss": "mse", "optimizer_config": {"class_name": "Unheard", "config": {}}}
    legacy(tmp_path / "m.h5", dense("one", 4, 3) | dense("two", 3, 2), SEQUENTIAL, training)
    with pytest.warns(UserWarning, match="loaded but not compiled: .*'Unheard'"):
        assert load_model(tmp_path / "m.h5").optimizer is None


def build():
    return models.Sequential([layers.Input((4,)), layers.Dense(3, name="one"), layers.Dense(2, name="two")])


def test_weights_only(tmp_path):
    weights = dense("x", 4, 3) | dense("y", 3, 2)
    legacy(tmp_path / "w.h5", weights)
    model = build()
    model.load_weights(tmp_path / "w.h5")
    np.testing.assert_array_equal(model.get_weights()[2], weights["y"]["kernel"])
    with pytest.raises(ValueError, match="no layer of the model is called like one of the file"):
        model.load_weights(tmp_path / "w.h5", by_name=True)
    with pytest.raises(FileFormatError, match="no model_config"):
        load_model(tmp_path / "w.h5")


def test_misfits_change_nothing(tmp_path):
    model = build()
    before = model.get_weights()
    legacy(tmp_path / "w.h5", dense("one", 4, 3) | dense("two", 3, 7))
    with pytest.raises(ValueError, match=r"two/kernel .* has shape \(3, 2\), the file has \(3, 7\)"):
        model.load_weights(tmp_path / "w.h5")
    legacy(tmp_path / "w.h5", dense("one", 4, 3))
    with pytest.raises(ValueError, match="the model has 2 layers with weights, the file 1"):
        model.load_weights(tmp_path / "w.h5")
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("config", [3, {"class_name": "Functional", "config": {}}, {"class_name": "Functional", "config": {"layers": [{"class_name": "Dense", "config": {}, "inbound_nodes": [[3]]}]}}])  # fmt: skip
def test_no_config(tmp_path, config):
    legacy(tmp_path / "m.h5", dense("one", 4, 3), config)
    with pytest.raises(FileFormatError, match=r"config"):
        load_model(tmp_path / "m.h5")


def test_lambda(tmp_path):
    config = json.loads(json.dumps(SEQUENTIAL))
    config["config"]["layers"][1] = {
        "class_name": "Lambda",
        "config": {"name": "l", "function": ["4wEA", None, None], "function_type": "lambda"},
    }
    legacy(tmp_path / "m.h5", {}, config)
    with pytest.raises(ValueError, match="Lambda, which is code in a file"):
        load_model(tmp_path / "m.h5")


def test_translation():
    merged = translate({"class_name": "Model", "config": {"name": "m", "input_layers": [["a", 0, 0], ["b", 0, 0]], "output_layers": [["add", 0, 0]], "layers": [
        {"class_name": "Add", "name": "add", "config": {"name": "add"}, "inbound_nodes": [[["a", 0, 0, {}], ["b", 0, 0, {}]]]},
        {"class_name": "BatchNormalization", "name": "n", "config": {"name": "n", "axis": [3]}, "inbound_nodes": [[["add", 0, 0, {"training": False}]]]},
    ]}})  # fmt: skip
    assert merged["class_name"] == "Functional"
    assert merged["config"]["input_layers"] == [["a", 0, 0], ["b", 0, 0]]
    assert merged["config"]["output_layers"] == ["add", 0, 0]
    add, norm = merged["config"]["layers"]
    assert [t["config"]["keras_history"] for t in add["inbound_nodes"][0]["args"][0]] == [["a", 0, 0], ["b", 0, 0]]
    assert norm["config"]["axis"] == 3
    assert norm["inbound_nodes"][0]["kwargs"] == {"training": False}


def test_operations_of_keras_3_come_without_a_module():
    x = layers.Input((3,))
    model = models.Model(x, layers.Add()([x, layers.ReLU(6.0)(x + 3.0) * 0.5]))
    config = json.loads(model.to_json())
    for layer in config["config"]["layers"]:
        del layer["module"], layer["registered_name"]
    twin = models.model_from_json(json.dumps(translate(config)))
    assert twin(np.array([[-4.0, 0.0, 5.0]])).numpy().tolist() == [[-4.0, 1.5, 8.0]]


def test_compile_arguments():
    wrapped = {"class_name": "MeanMetricWrapper", "config": {"name": "accuracy", "fn": "categorical_accuracy"}}
    other = {"class_name": "MeanMetricWrapper", "config": {"name": "mean_absolute_error", "fn": "mean_absolute_error"}}
    arguments = compile_arguments({"loss": "mse", "metrics": [[wrapped, other]], "optimizer_config": None})
    assert arguments == {"optimizer": None, "loss": "mse", "metrics": ["accuracy", "mean_absolute_error"]}
