"""BackupAndRestore: when it writes, what it leaves behind, what it refuses. That training goes on: test_resume.py."""

import numpy as np
import pytest

from fastcnn import callbacks, layers, optimizers, random
from fastcnn.models.model import Model
from fastcnn.models.sequential import Sequential
from fastcnn.saving import load_model
from fastcnn.saving.native import save_state

X = np.random.default_rng(0).normal(size=(24, 4)).astype("float32")
Y = np.arange(24) % 3


def new(optimizer="adam", units=3, **kwargs):
    random.set_global_seed(1)
    model = Sequential(
        [
            layers.Input((4,)),
            layers.Dense(units, name="a"),
            layers.Dropout(0.2),
            layers.Dense(3, activation="softmax", name="b"),
        ]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", **kwargs)
    return model


class Crash(callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise RuntimeError("power cut")


def fit(model, backup, epochs=4, crash=None, **kwargs):
    listed = [backup] if crash is None else [backup, Crash(crash)]
    return model.fit(X, Y, **{"batch_size": 8, "verbose": 0, "epochs": epochs, "callbacks": listed, **kwargs})


def crashed(folder, epoch=2, **kwargs):
    model = new()
    with pytest.raises(RuntimeError, match="power cut"):
        fit(model, callbacks.BackupAndRestore(folder, **kwargs), crash=epoch)
    return model


@pytest.mark.parametrize(
    ("save_freq", "expected"),
    [
        # (epoch, step) after each batch of three epochs of three; the beginning first.
        ("epoch", [(0, 0), (0, 0), (0, 0), (1, 0), (1, 0), (1, 0), (2, 0), (2, 0), (2, 0)]),
        (2, [(0, 0), (0, 2), (0, 2), (1, 1), (1, 1), (1, 3), (1, 3), (2, 2), (2, 2)]),
        (1, [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)]),
    ],
)
def test_when_it_writes(tmp_path, save_freq, expected):
    seen = []

    def look(batch, logs):
        saved = callbacks.BackupAndRestore(tmp_path / "b").read()
        seen.append((saved["epoch"], saved["step"]))

    class Look(callbacks.Callback):
        _after_others = True

        def on_train_batch_end(self, batch, logs=None):
            look(batch, logs)

    new().fit(
        X,
        Y,
        batch_size=8,
        epochs=3,
        verbose=0,
        callbacks=[callbacks.BackupAndRestore(tmp_path / "b", save_freq), Look()],
    )
    assert seen == expected


def test_it_leaves_nothing_behind(tmp_path):
    folder = tmp_path / "deep" / "backup"
    crashed(folder, double_checkpoint=True)
    assert sorted(p.name for p in folder.iterdir()) == ["latest.fastcnn", "previous.fastcnn"]
    half = folder / ".latest.fastcnn.1-abcdef01.tmp"
    half.write_bytes(b"half")
    fit(new(), callbacks.BackupAndRestore(folder, double_checkpoint=True))
    assert not folder.exists()
    folder.mkdir()
    (folder / "mine.txt").write_text("of somebody else")
    fit(new(), callbacks.BackupAndRestore(folder))
    assert [p.name for p in folder.iterdir()] == ["mine.txt"]


def test_a_kept_backup_goes_on_from_the_end(tmp_path):
    whole = new()
    expected = fit(whole, callbacks.Callback(), 6)
    fit(new(), callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False), 4)
    other = new()
    history = fit(other, callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False), 6)
    assert history.history == expected.history
    again = new()
    assert fit(again, callbacks.BackupAndRestore(tmp_path), 6).history == expected.history
    for model in (other, again):
        for a, b in zip(model.get_weights(), whole.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_stopping_is_remembered(tmp_path):
    """Killed after EarlyStopping has said to stop, but before the end: no epoch more is trained."""

    class Stop(callbacks.Callback):
        def __init__(self, crash):
            super().__init__()
            self.crash = crash

        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

        def on_train_end(self, logs=None):
            if self.crash:
                raise RuntimeError("power cut")
            self.logs = logs

    with pytest.raises(RuntimeError, match="power cut"):
        new().fit(X, Y, epochs=5, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path), Stop(True)])
    stop = Stop(False)
    history = new().fit(X, Y, epochs=5, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path), stop])
    assert history.epoch == [0, 1]
    assert stop.logs == {"loss": history.history["loss"][-1]}


def test_models_without_a_description(tmp_path):
    """Subclassed, unbuilt, with a loss that no file could name."""

    class Own(Model):
        def __init__(self, secret):
            super().__init__()
            self.one, self.drop = layers.Dense(1), layers.Dropout(secret)

        def call(self, x, training=False):
            return self.drop(self.one(x), training=training)

    def run(crash=None, folder=tmp_path):
        random.set_global_seed(2)
        model = Own(0.25)
        model.compile("adam", lambda y, p: (y - p) ** 2)
        try:
            fit(model, callbacks.BackupAndRestore(folder), crash=crash)
        except RuntimeError:
            return None
        return [w.tolist() for w in model.get_weights()]

    expected = run(folder=tmp_path / "whole")
    assert run(crash=2) is None
    assert run() == expected
    assert np.isfinite(expected[0]).all()


def test_the_one_before_is_used_where_the_last_is_damaged(tmp_path):
    whole = new()
    fit(whole, callbacks.Callback())
    crashed(tmp_path, double_checkpoint=True)
    latest = tmp_path / "latest.fastcnn"
    latest.write_bytes(latest.read_bytes()[:-5])
    model = new()
    with pytest.warns(UserWarning, match="the last backup cannot be read, so the one before is used"):
        fit(model, callbacks.BackupAndRestore(tmp_path))
    for a, b in zip(model.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_damaged_backup_is_refused(tmp_path):
    crashed(tmp_path)
    latest = tmp_path / "latest.fastcnn"
    latest.write_bytes(latest.read_bytes()[:-5])
    with pytest.raises(ValueError, match="the backup cannot be read; delete .* to begin anew"):
        fit(new(), callbacks.BackupAndRestore(tmp_path))
    save_state(new(), latest, {"mine": 1})
    with pytest.raises(ValueError, match="is no backup of a training; give BackupAndRestore a folder of its own"):
        fit(new(), callbacks.BackupAndRestore(tmp_path))
    with pytest.raises(ValueError, match="it holds the state of a training, no model; fit with BackupAndRestore"):
        load_model(latest)


@pytest.mark.parametrize(
    ("change", "kwargs", "message"),
    [
        (
            {"optimizer": "sgd"},
            {},
            r"latest.fastcnn is the backup of a training with Adam \(10 variables\), but the model is compiled with SGD "
            r"\(2 variables\); go on as it was, or delete .* to begin anew",
        ),
        (
            {"optimizer": optimizers.Adam(use_ema=True)},
            {},
            r"with Adam \(10 variables\), but the model is compiled with Adam \(14 variables\)",
        ),
        (
            {"units": 5},
            {},
            r"(?s)Of another shape: a/kernel .*The backup is of another model; go on as it was, or delete",
        ),
        ({}, {"batch_size": 4}, r"stands at step 2 of 3 of an epoch, but this fit has 6 steps: the data or batch_size"),
        (
            {"metrics": ["acc"]},
            {},
            r"holds 2 sums of metrics, the model has 4: compile it with the same loss and metrics",
        ),
    ],
)
def test_what_does_not_fit(tmp_path, change, kwargs, message):
    crashed(tmp_path, epoch=1, save_freq=2)
    model = new(**change)
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        fit(model, callbacks.BackupAndRestore(tmp_path, save_freq=2), **kwargs)
    if "metrics" not in change:
        for a, b in zip(model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(a, b)


def test_arguments():
    with pytest.raises(ValueError, match="backup_dir must be the path of a folder, got an empty one"):
        callbacks.BackupAndRestore("")
    for bad in (0, -1, 1.5, "batch", True):
        with pytest.raises(ValueError, match="save_freq must be 'epoch' or a number of batches, got"):
            callbacks.BackupAndRestore("x", save_freq=bad)
