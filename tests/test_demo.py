"""The demo in parts: its pictures, its network in NumPy, its tables; and the gallery as a command."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fastcnn import datasets, picture, utils
from fastcnn.demo import charts, numpy_network, training

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def task() -> training.Task:
    (x, y), (x_test, y_test) = datasets.shapes.load_data(160, 40, size=16)
    train, test = (x / np.float32(255), y), (x_test / np.float32(255), y_test)
    return training.Task("drawn shapes", train, test, list(datasets.shapes.CLASSES), batch_size=32, epochs=2)


def test_learning_curves_show_both_series() -> None:
    history = {"loss": [1.0, 0.5], "val_loss": [1.2, 0.6], "accuracy": [0.1, 0.9], "val_accuracy": [0.2, 0.8]}
    image = charts.learning_curves(history)
    assert image.ndim == 3
    assert image.shape[2] == 3
    for colour in charts.COLOURS.values():
        assert (np.abs(image - np.array(colour, np.float32)).max(axis=2) < 1e-3).sum() > 500


@pytest.mark.parametrize("values", [[0.5], [0.5, 0.5], list(np.linspace(1, 0, 30))])
def test_a_curve_of_one_epoch_or_of_equal_values(values: list[float]) -> None:
    image = charts.curve({"TRAINING": values, "VALIDATION": values}, "LOSS")
    assert np.isfinite(image).all()


def test_gallery_names_what_was_taken_for_something_else() -> None:
    images = np.ones((7, 8, 8, 1), np.float32)
    truth = np.zeros(7, int)
    right = charts.gallery(images, truth, truth, ["CIRCLE", "TRIANGLE"])
    wrong = charts.gallery(images, truth, truth + 1, ["CIRCLE", "TRIANGLE"])
    assert right.shape[0] == wrong.shape[0]  # two rows of six
    assert wrong.shape[1] > right.shape[1]  # "CIRCLE NOT TRIANGLE" is wider than the image


def test_confusion_table() -> None:
    table = training.confusion_table(np.array([[5, 0], [12, 345]]), ["cat", "dog"])
    assert table == "         cat  dog\n  cat      5    ·\n  dog     12  345"


def test_the_parts_of_a_run(tmp_path: Path, task: training.Task, capsys: pytest.CaptureFixture[str]) -> None:
    utils.set_random_seed(0)
    model = training.network((16, 16, 1), 4)
    history = training.train(model, task, tmp_path / "best.weights.npz")
    assert len(history.history["val_accuracy"]) == 2
    assert "Epoch 2/2" in capsys.readouterr().out
    assert (tmp_path / "best.weights.npz").is_file()

    probabilities = model.predict(task.test[0], verbose=0)
    theirs = numpy_network.predict(model.get_weights(), task.test[0])
    np.testing.assert_allclose(theirs, probabilities, atol=1e-5)

    written = training.draw(tmp_path, model, task, history.history, probabilities)
    assert [path.name for path in written] == ["learning_curves.png", "filters.png", "misclassified.png"]
    assert all(path.read_bytes().startswith(PNG) for path in written)
    assert "prediction in NumPy" in training.speeds(model, task, seconds=0.01)


def test_without_any_data_it_learns_drawn_shapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FASTCNN_DATA", "FASTCNN_HOME", "KERAS_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    for name in ("sklearn", "sklearn.datasets"):
        monkeypatch.setitem(sys.modules, name, None)
    task = training.load()
    assert task.source == "drawn shapes"
    assert task.train[0].max() <= 1.0


def test_the_gallery_is_still_there(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "fastcnn", "demo", "--gallery", "--output", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "FASTCNN_DATA": "", "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for name in ("input", "filters", "directions", "pyramid"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(PNG)
    assert "conv" in done.stdout


def test_pictures_need_pillow(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r'reading a picture needs Pillow: pip install "fastcnn\[images\]"'):
        picture.read(Path("cat.png"))
