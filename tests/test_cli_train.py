"""``fastcnn train``: what it tells, keeps and refuses, on tiny folders."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("PIL")

from cli_runs import QUICK, failure, run, usage_error
from pictures import folder_of_classes

from fastcnn import models
from fastcnn.cli import folders, notes
from fastcnn.cli.best_model import BestModel


def test_training_tells_what_it_does(pets: Path, tmp_path: Path, capsys: Any) -> None:
    output = tmp_path / "deep" / "model.fastcnn"
    assert run("train", pets, *QUICK, "--output", output, "--augment", "digits", "--cache") == 0
    captured = capsys.readouterr()
    assert "12 images of 2 classes, 6 of each; 10 to learn from, 2 to validate" in captured.out
    assert "images of 8x8x3, batches of 4, augmentation: digits" in captured.out
    assert "Epoch 2/2" in captured.out
    assert re.search(r"Best was epoch [12] of 2: validation accuracy \d+\.\d%", captured.out)
    assert str(output) in captured.out.splitlines()[-1]
    assert captured.err == ""
    assert [path.name for path in output.parent.iterdir()] == ["model.fastcnn"]


def test_json_is_all_of_standard_output(pets: Path, tmp_path: Path, capsys: Any) -> None:
    output = tmp_path / "m.fastcnn"
    assert run("train", pets, *QUICK, "--json", "--output", output, "--optimizer", "sgd", "--seed", 3) == 0
    captured = capsys.readouterr()
    assert "Epoch 1/2" in captured.err
    found = json.loads(captured.out)
    assert set(found) == {
        "command", "version", "model", "parameters", "input_shape", "settings", "classes", "images", "history",
        "best_epoch", "validation", "interrupted", "output", "seconds",
    }  # fmt: skip
    assert (found["command"], found["model"], found["input_shape"]) == ("train", "small", [8, 8, 3])
    assert found["classes"] == ["cat", "hund ß"]
    assert found["images"] == {"training": 10, "validation": 2}
    assert found["settings"]["learning_rate"] == 0.01
    assert found["settings"]["seed"] == 3
    wanted = {"phase", "loss", "accuracy", "val_loss", "val_accuracy"}
    assert [set(epoch) & wanted for epoch in found["history"]] == [wanted, wanted]
    losses = [epoch["val_loss"] for epoch in found["history"]]
    assert found["best_epoch"] == 1 + int(np.argmin(losses))
    assert found["validation"]["loss"] == min(losses)
    assert found["validation"]["accuracy"] == found["history"][found["best_epoch"] - 1]["val_accuracy"]
    assert set(found["validation"]["per_class"]) == {"cat", "hund ß"}
    assert not found["interrupted"]
    assert found["output"] == str(output)


def test_images_kept_in_a_file(pets: Path, pets_model: Path, tmp_path: Path) -> None:
    assert run("train", pets, *QUICK, "--output", tmp_path / "m.fastcnn", "--cache", tmp_path / "images.npy") == 0
    assert np.load(tmp_path / "images.npy").shape == (10, 8, 8, 3)
    assert np.load(tmp_path / "images-validation.npy").shape == (2, 8, 8, 3)
    pairs = zip(*(notes.load(path)[0].get_weights() for path in (pets_model, tmp_path / "m.fastcnn")), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


def test_same_seed_same_model(pets: Path, pets_model: Path, tmp_path: Path) -> None:
    assert run("train", pets, *QUICK, "--output", tmp_path / "again.fastcnn") == 0
    assert run("train", pets, *QUICK, "--output", tmp_path / "other.fastcnn", "--seed", 1) == 0
    first, again, other = (
        notes.load(path)[0].get_weights()
        for path in (pets_model, tmp_path / "again.fastcnn", tmp_path / "other.fastcnn")
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_the_file_holds_classes_and_the_size_and_prepares_pixels_itself(pets_model: Path) -> None:
    model, about = notes.load(pets_model)
    assert about["class_names"] == ["cat", "hund ß"]
    assert about["best"]["val_loss"] > 0
    assert model.input_shape == (None, 8, 8, 3)
    loaded = models.load_model(pets_model)  # an ordinary model of an ordinary file
    x = np.full((1, 8, 8, 3), 255, np.float32)
    assert np.array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


def test_without_validation_the_training_loss_decides(pets: Path, tmp_path: Path, capsys: Any) -> None:
    output = tmp_path / "m.fastcnn"
    assert run("train", pets, *QUICK, "--validation-split", 0, "--json", "--output", output, "--grayscale") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["validation"] is None
    assert found["images"] == {"training": 12, "validation": 0}
    assert found["input_shape"] == [8, 8, 1]
    assert found["best_epoch"] == 1 + int(np.argmin([epoch["loss"] for epoch in found["history"]]))


def test_patience_ends_training(pets: Path, tmp_path: Path, capsys: Any) -> None:
    arguments = ["--image-size", 8, "--epochs", 30, "--patience", 1, "--learning-rate", 0.5, "--json"]
    assert run("train", pets, *arguments, "--output", tmp_path / "m.fastcnn") == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["history"]) == found["best_epoch"] + 1 < 30


def test_split_holds_back_the_same_part_of_each_class() -> None:
    labels = np.repeat([0, 1, 2, 3], [50, 10, 3, 1])
    train, held = folders.split(labels, 0.2, seed=0)
    assert np.bincount(labels[held], minlength=4).tolist() == [10, 2, 1, 0]
    assert sorted([*train, *held]) == list(range(64))
    assert not np.array_equal(held, folders.split(labels, 0.2, seed=1)[1])


def test_unreadable_images(tmp_path: Path, capsys: Any) -> None:
    root = folder_of_classes(tmp_path / "data", each=4)
    (root / "cat" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing")
    output = tmp_path / "m.fastcnn"
    assert run("train", root, *QUICK, "--output", output) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("fastcnn train: error: ")
    assert "broken.jpg" in line
    assert line.endswith("--on-error skip leaves such images out")
    assert run("train", root, *QUICK, "--output", output, "--on-error", "skip") == 0
    captured = capsys.readouterr()
    assert captured.err.startswith("warning: 1 of 9 images cannot be read and are left out:")
    assert "8 images of 2 classes" in captured.out


def test_folders_that_teach_nothing(tmp_path: Path, capsys: Any) -> None:
    one = folder_of_classes(tmp_path / "one", ("cat",))
    expected = "one has one class folder, 'cat': there is nothing to tell apart. Make a folder for each class"
    assert failure(capsys, "train", one).endswith(expected)
    (one / "dog").mkdir()
    assert failure(capsys, "train", one).endswith("the class folders ['dog'] have no images: fill them or remove them")
    assert failure(capsys, "train", tmp_path / "none").endswith(f"directory {tmp_path / 'none'} does not exist")
    (tmp_path / "empty").mkdir()
    assert failure(capsys, "train", tmp_path / "empty").endswith("empty has no class folders and no images")


def test_a_learning_rate_that_is_too_large(pets: Path, tmp_path: Path, capsys: Any) -> None:
    with np.errstate(all="ignore"):
        code = run(
            "train", pets, *QUICK, "--learning-rate", "1e38", "--optimizer", "sgd", "--output", tmp_path / "m.fastcnn"
        )
    assert code == 1
    assert capsys.readouterr().err.rstrip().endswith("try a smaller --learning-rate than 1e+38")
    assert not (tmp_path / "m.fastcnn.backup").exists()


def test_validation_that_is_never_a_number(pets: Path, tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    original = BestModel.on_epoch_end
    broken = {"loss": 1.0, "val_loss": float("nan")}
    monkeypatch.setattr(BestModel, "on_epoch_end", lambda self, epoch, logs=None: original(self, epoch, broken))
    message = failure(capsys, "train", pets, *QUICK, "--output", tmp_path / "m.fastcnn")
    assert message.endswith("val_loss was never a finite number: try a smaller --learning-rate than 0.001")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--epochs", "0"], "argument --epochs: must be a whole number from 1, got '0'"),
        (["--learning-rate", "-1"], "argument --learning-rate: must be a number above 0, got '-1'"),
        (["--validation-split", "1"], "argument --validation-split: must be a number from 0, below 1, got '1'"),
        (["--image-size", "4x"], "argument --image-size: must be a number of pixels such as 224"),
        (["--augment", "cats"], "argument --augment: invalid choice: 'cats'"),
        (["--model", "resnet19"], "argument --model: there is no network 'resnet19'. Did you mean 'resnet18'?"),
        (["--fine-tune"], "argument --fine-tune: needs --weights"),
        (["--weights", "x.pth"], "argument --weights: there are none for small"),
        (["--weights", "x.pth", "--model", "vgg16", "--resume"], "argument --resume: cannot be used with --weights"),
        (["--weights", "x.pth", "--model", "vgg16", "--grayscale"], "argument --grayscale: cannot be used"),
        (["--output", "model.h5"], "argument --output: must end in .fastcnn, got 'model.h5'"),
        (["--cache", "images.zip"], "argument --cache: must end in .npy, got 'images.zip'"),
    ],
)
def test_wrong_options(arguments: list[str], expected: str, capsys: Any) -> None:
    assert expected in usage_error(capsys, "train", "folder", *arguments)
