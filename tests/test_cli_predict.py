"""``fastcnn predict``: images, folders, and models of other kinds."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("PIL")

from cli_runs import failure, run
from pictures import encoded

from fastcnn import layers, models


def test_predict_names_classes(pets: Path, pets_model: Path, capsys: Any) -> None:
    image = pets / "hund ß" / "0.png"
    assert run("predict", pets_model, image) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == str(image)
    assert {line.split(maxsplit=1)[1] for line in lines[1:]} == {"cat", "hund ß"}
    parts = [float(line.split("%")[0]) for line in lines[1:]]
    assert parts == sorted(parts, reverse=True)
    assert sum(parts) == pytest.approx(100, abs=0.2)


def test_predict_is_what_the_model_says_about_a_folder(pets: Path, pets_model: Path, capsys: Any) -> None:
    from fastcnn.data import ImageDataset

    assert run("predict", pets_model, pets / "cat", "--top", 1, "--json", "--batch-size", 4) == 0
    found = json.loads(capsys.readouterr().out)
    files = sorted(str(path) for path in (pets / "cat").iterdir())
    rows = models.load_model(pets_model).predict(ImageDataset(files, image_size=8), verbose=0)
    assert [one["file"] for one in found["predictions"]] == files
    for one, row in zip(found["predictions"], rows, strict=True):
        (best,) = one["classes"]
        assert best["index"] == row.argmax()
        assert best["probability"] == pytest.approx(row.max(), abs=1e-5)
    assert run("predict", pets_model, pets / "cat", "--top", 1) == 0
    assert len(capsys.readouterr().out.splitlines()) == 6


def test_what_predict_refuses(pets: Path, pets_model: Path, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "nothing").mkdir()
    line = failure(capsys, "predict", pets_model, tmp_path / "nothing")
    assert line == f"fastcnn predict: error: {tmp_path / 'nothing'} has no images"
    line = failure(capsys, "predict", pets_model, pets / "cat", "--image-size", "9x8")
    assert line == f"fastcnn predict: error: --image-size is 9x8, but {pets_model} takes 8x8"


def test_predict_goes_on_after_a_bad_image(pets: Path, pets_model: Path, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "bad.png").write_bytes(b"\x89PNG nothing")
    arguments = ["predict", pets_model, tmp_path / "bad.png", tmp_path / "none.png", pets / "cat" / "0.png", "--json"]
    assert run(*arguments) == 1
    captured = capsys.readouterr()
    first, second = captured.err.splitlines()
    assert "bad.png" in first
    assert second == f"fastcnn predict: error: {tmp_path / 'none.png'}: No such file or directory"
    found = json.loads(captured.out)["predictions"]
    assert ["error" in one for one in found] == [True, True, False]


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A model that says nothing about its classes, and gives logits."""
    model = models.Sequential([layers.Input((None, None, 3)), layers.GlobalAveragePooling2D(), layers.Dense(2)])
    model.layers[-1].set_weights([np.array([[1, 0], [0, 0], [0, 0]], np.float32), np.zeros(2, np.float32)])
    model.save(tmp_path / "plain.fastcnn")
    return tmp_path / "plain.fastcnn"


def test_predict_with_a_model_of_another_kind(plain: Path, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "red.png").write_bytes(encoded(np.full((4, 4, 3), 51, np.uint8), "PNG"))
    (tmp_path / "names.txt").write_text("röd\nother\n", "utf-8")
    arguments = ["predict", plain, tmp_path / "red.png", "--image-size", "4", "--preprocess", "unit", "--json"]
    assert run(*arguments) == 0
    classes = json.loads(capsys.readouterr().out)["predictions"][0]["classes"]
    assert [one["class"] for one in classes] == ["class 0", "class 1"]
    assert classes[0]["probability"] == pytest.approx(np.exp(0.2) / (1 + np.exp(0.2)), abs=1e-6)
    assert run(*arguments, "--classes", tmp_path / "names.txt") == 0
    assert json.loads(capsys.readouterr().out)["predictions"][0]["classes"][0]["class"] == "röd"
    (tmp_path / "names.txt").write_text("one\n")
    message = failure(capsys, *arguments, "--classes", tmp_path / "names.txt")
    assert message.endswith("names.txt has 1 names, but the model has 2 classes")
    message = failure(capsys, "predict", plain, tmp_path / "red.png")
    assert message.endswith("plain.fastcnn takes images of any size: say which with --image-size")
