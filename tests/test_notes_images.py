"""The course's programs with folders of pictures and published networks run with only the imports changed."""

import json
import os

import notes_image_programs as programs
import numpy as np
import picture_folders
import pytest

from fastcnn import applications, utils

pytest.importorskip("PIL")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("project")
    picture_folders.fill(where / "animals", 48, 40, suffix=".jpg")
    return where


def run(program, folder, monkeypatch, capsys):
    """What a program prints; its variables."""
    source = program.replace("import albumentations as A", "from fastcnn import augment as A")
    source = source.replace("tensorflow.keras", "fastcnn")
    assert "tensorflow" not in source
    monkeypatch.chdir(folder)
    utils.set_random_seed(0)
    np.random.seed(0)
    variables = {}
    exec(compile(source, "program", "exec"), variables)
    return capsys.readouterr().out, variables


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A folder with files of published names: random weights and names of classes."""
    where = tmp_path_factory.mktemp("weights")
    names = {str(i): [f"n{i:08d}", f"thing_{i}"] for i in range(1000)}
    (where / "imagenet_class_index.json").write_text(json.dumps(names))
    before = os.environ.get("FASTCNN_WEIGHTS")
    os.environ["FASTCNN_WEIGHTS"] = str(where)
    yield where
    if before is None:
        del os.environ["FASTCNN_WEIGHTS"]
    else:
        os.environ["FASTCNN_WEIGHTS"] = before


def test_generators(folder, monkeypatch, capsys):
    text, variables = run(programs.GENERATORS, folder, monkeypatch, capsys)
    assert text.startswith("Found 36 images belonging to 3 classes.\nFound 12 images belonging to 3 classes.\n")
    assert text.count(".jpg") == 12
    assert variables["history"].history["val_acc"][-1] > 0.8


def test_project(folder, monkeypatch, capsys):
    pytest.importorskip("pandas")
    pytest.importorskip("sklearn")
    pytest.importorskip("h5py")
    text, variables = run(programs.PROJECT, folder, monkeypatch, capsys)
    assert "{'blue': 16, 'green': 16, 'red': 16}" in text
    assert "Total params:" in text
    assert variables["accuracy"] > 0.8


@pytest.mark.parametrize(
    ("name", "module", "size", "base"),
    [
        ("VGG16", "vgg16", 32, 14_714_688),
        ("ResNet50V2", "resnet_v2", 32, 23_564_800),
        ("Xception", "xception", 71, 20_861_480),
        ("MobileNetV2", "mobilenet_v2", 32, 2_257_984),
    ],
)
def test_pretrained(folder, monkeypatch, capsys, name, module, size, base):
    program = programs.PRETRAINED.format(name=name, module=module, size=size, weights=None)
    text, variables = run(program, folder, monkeypatch, capsys)
    channels = variables["model"].layers[-4].input.shape[-1]
    head = channels * 50 + 50 + 50 * 3 + 3
    parameters, trainable, changed = map(int, text.splitlines()[-1].split())
    assert (parameters, trainable) == (base + head, 4)
    assert 3 <= changed <= 4  # features of random weights can all be 0


def test_fine_tuning(folder, published, monkeypatch, capsys):
    pytest.importorskip("h5py")
    whole = applications.MobileNetV2(alpha=0.35, include_top=False, weights=None, input_shape=(96, 96, 3))
    whole.save_weights(published / "made.weights.h5")
    (published / "made.weights.h5").rename(
        published / "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_96_no_top.h5"
    )
    text, variables = run(programs.FINE_TUNING, folder, monkeypatch, capsys)
    assert "unchanged True" in text
    assert "epochs [0, 1, 2, 3] changed True all False" in text
    first = variables["base"].get_layer("Conv1").get_weights()[0]
    np.testing.assert_array_equal(first, whole.get_layer("Conv1").get_weights()[0])


def test_names_of_predictions(folder, published, monkeypatch, capsys):
    text, _ = run(programs.IMAGENET, folder, monkeypatch, capsys)
    lines = text.splitlines()[1:]
    assert len(lines) == 4
    assert all(line.count("thing_") == 2 for line in lines)


def test_bottleneck_features(folder, monkeypatch, capsys):
    text, _ = run(programs.BOTTLENECK, folder, monkeypatch, capsys)
    assert text.splitlines()[-1] == "(48, 512) ['accuracy', 'loss', 'val_accuracy', 'val_loss']"


def test_datasets(folder, monkeypatch, capsys):
    text, _ = run(programs.DATASETS, folder, monkeypatch, capsys)
    assert "['blue', 'green', 'red']" in text
    assert "(6, 32, 32, 3) (6,)" in text
    assert text.splitlines()[-1] == "['accuracy', 'loss', 'val_accuracy', 'val_loss']"
