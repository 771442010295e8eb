"""``fastcnn train`` with published networks: their names, and what weights change."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("PIL")

from cli_runs import failure, run

from fastcnn import applications
from fastcnn.cli import networks, notes
from fastcnn.models import Model


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: Any) -> Path:
    path = tmp_path_factory.mktemp("weights") / "squeezenet.weights.h5"
    pytest.importorskip("h5py")
    applications.SqueezeNet(include_top=False, weights=None, input_shape=(32, 32, 3)).save_weights(path)
    return path


@pytest.mark.parametrize("augment", ["none", "natural"])
def test_head_first_then_everything(pets: Path, pretrained: Path, tmp_path: Path, capsys: Any, augment: str) -> None:
    output = tmp_path / "m.fastcnn"
    arguments = ["--model", "squeezenet", "--weights", pretrained, "--image-size", 32, "--epochs", 1, "--json"]
    assert run("train", pets, *arguments, "--augment", augment, "--output", output) == 0
    before = json.loads(capsys.readouterr().out)
    assert [epoch["phase"] for epoch in before["history"]] == ["head"]
    base = applications.SqueezeNet(include_top=False, weights=str(pretrained), input_shape=(32, 32, 3))
    kept = notes.load(output)[0]
    for layer in base.layers:
        if layer.weights:
            assert np.array_equal(layer.get_weights()[0], kept.get_layer(layer.name).get_weights()[0])
    assert run("train", pets, *arguments, "--augment", augment, "--fine-tune", "--output", output) == 0
    found = json.loads(capsys.readouterr().out)
    assert [epoch["phase"] for epoch in found["history"]] == ["head", "tune"]
    assert found["history"][0] == before["history"][0]
    assert found["model"] == "SqueezeNet"


def test_weights_decide_how_pixels_are_prepared(tmp_path: Path) -> None:
    entry = applications.catalog.find_entry("ResNet50")
    assert networks._mode(entry, None) == "caffe"
    (tmp_path / "resnet50.pth").write_bytes(b"")
    assert networks._mode(entry, str(tmp_path / "resnet50.pth")) == "torch"


@pytest.mark.parametrize("name", ["MobileNet", "MobileNetV2", "MobileNetV3Small"])
def test_published_weights_of_networks_of_many_widths_are_found(name: str, monkeypatch: Any, tmp_path: Path) -> None:
    """The catalog had no files for them, and the command said that there are none."""
    for variable in ("FASTCNN_WEIGHTS", "KERAS_HOME", "TORCH_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    with pytest.raises(FileNotFoundError) as error:
        getattr(applications, name)(include_top=False)
    entry = applications.catalog.find_entry(name)
    assert entry.files.keras is not None and f"Put {entry.files.keras[1]} or " in str(error.value)
    (tmp_path / entry.files.keras[1]).touch()
    assert networks._mode(entry, "imagenet") == entry.preprocess


def test_networks_that_scale_pixels_themselves_get_them_as_they_are() -> None:
    for channels in (1, 3):
        model = networks.make("EfficientNetB0", (32, 32, channels), 2)
        scaled = Model(model.inputs, model.layers[1].output).predict(np.full((1, 32, 32, channels), 51.0), verbose=0)
        np.testing.assert_allclose(scaled, 0.2, rtol=1e-6)


def test_statistics_keep_up_with_small_data() -> None:
    model = networks.make("MobileNetV2", (32, 32, 3), 2)
    config = model.get_layer("bn_Conv1").get_config()
    assert config["momentum"] == 0.9
    layer = model.get_layer("bn_Conv1")
    x = np.full((2, 4, 4, 32), 10, np.float32)
    layer(x, training=True)
    assert layer.moving_mean.numpy() == pytest.approx(np.full(32, 1.0), rel=1e-5)


def test_weights_that_are_not_there(pets: Path, capsys: Any, monkeypatch: Any, tmp_path: Path) -> None:
    for name in ("KERAS_HOME", "TORCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    message = failure(capsys, "train", pets, "--model", "vgg16", "--weights", "nothing.h5")
    assert message == "fastcnn train: error: --weights nothing.h5: there is no such file"
    message = failure(capsys, "train", pets, "--model", "vgg16", "--weights", "imagenet")
    assert "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5" in message


def test_every_network_has_its_name() -> None:
    for name in applications.list_models():
        assert networks.full_name(name.lower()) == name
        assert networks.full_name(name.replace("Net", "-net")) == name
