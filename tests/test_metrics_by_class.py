"""A metric with a number for each class, as F1Score has unless told otherwise, in all that shows or compares metrics."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from fastcnn import callbacks, layers, metrics
from fastcnn.models import Sequential


def fit(*listed, **kwargs):
    model = Sequential([layers.Input((4,)), layers.Dense(3, activation="softmax", kernel_initializer="zeros")])
    model.compile("sgd", "categorical_crossentropy", metrics=[metrics.F1Score()])
    x, y = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32), np.eye(3, dtype=np.float32)[[0, 1, 2] * 3]
    settings = {"epochs": 2, "verbose": 0, "validation_data": (x, y)} | kwargs
    return model.fit(x, y, callbacks=list(listed), **settings)


@pytest.mark.parametrize("verbose", [1, 2, "auto"])
def test_lines_show_the_mean_and_the_history_keeps_all(capsys, verbose):
    history = fit(verbose=verbose)
    last = history.history["f1_score"][-1]
    assert last.shape == (3,) and f"f1_score: {last.mean():.4f}" in capsys.readouterr().out
    assert f"f1_score {last.mean():.4g}" in repr(history) and f"{last.mean():.4g}" in history._repr_html_()


def test_csv(tmp_path):
    history = fit(callbacks.CSVLogger(tmp_path / "log.csv"))
    last = history.history["val_f1_score"][-1]
    assert f'"{last.tolist()}"' in (tmp_path / "log.csv").read_text()
    pytest.importorskip("matplotlib")
    from fastcnn.viz.histories import read_history

    for source in (history, tmp_path / "log.csv"):
        np.testing.assert_allclose(read_history(source).series["val_f1_score"][1][-1], last.mean(), rtol=1e-6)


def test_tensorboard(monkeypatch, tmp_path):
    told = {}
    writer = SimpleNamespace(add_scalar=lambda name, value, step: told.setdefault(name, value), flush=int, close=int)
    monkeypatch.setitem(sys.modules, "tensorboardX", SimpleNamespace(SummaryWriter=lambda *_, **__: writer))
    first = fit(callbacks.TensorBoard(tmp_path, update_freq=1)).history["f1_score"][0]
    assert told["epoch_f1_score"] == pytest.approx(first.mean()) == told["batch_f1_score"]


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: callbacks.EarlyStopping("val_f1_score"),
        lambda folder: callbacks.ReduceLROnPlateau("val_f1_score", mode="max"),
        lambda folder: callbacks.ModelCheckpoint(folder / "best.fastcnn", "val_f1_score", save_best_only=True),
    ],
)
def test_what_compares_says_what_to_do(tmp_path, make):
    with pytest.raises(
        ValueError, match=r"'val_f1_score' has a number for each class, \[.*give the metric average='macro'"
    ):
        fit(make(tmp_path))
