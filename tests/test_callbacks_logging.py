"""CSVLogger, LambdaCallback, TensorBoard, and the hooks of callbacks in their order."""

import csv
import sys
from types import ModuleType

import numpy as np
import pytest

from fastcnn import callbacks, layers
from fastcnn.models.sequential import Sequential

X = np.random.default_rng(0).normal(size=(12, 6, 6, 1)).astype("float32")
Y = np.arange(12) % 3


def new():
    model = Sequential(
        [
            layers.Input((6, 6, 1)),
            layers.Conv2D(2, 3, name="conv"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax", name="out"),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["acc"])
    return model


def fit(*listed, **kwargs):
    return new().fit(X, Y, **{"epochs": 2, "verbose": 0, "batch_size": 6, "callbacks": list(listed), **kwargs})


def read(path, separator=","):
    with path.open(newline="") as file:
        return list(csv.reader(file, delimiter=separator))


# ---- CSVLogger


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv(tmp_path, separator):
    path = tmp_path / "new" / "log.csv"
    history = fit(callbacks.CSVLogger(path, separator), validation_split=0.5).history
    rows = read(path, separator)
    assert rows[0] == ["epoch", "acc", "loss", "val_acc", "val_loss"]
    assert [row[0] for row in rows[1:]] == ["0", "1"]
    for i, name in enumerate(rows[0][1:], 1):
        assert [float(row[i]) for row in rows[1:]] == history[name]


def test_csv_is_written_anew_or_continued(tmp_path):
    path = tmp_path / "log.csv"
    logger = callbacks.CSVLogger(path)
    fit(logger)
    fit(logger, epochs=1)
    assert [row[0] for row in read(path)] == ["epoch", "0"]
    fit(callbacks.CSVLogger(path, append=True), initial_epoch=1)
    assert [row[0] for row in read(path)] == ["epoch", "0", "1"]
    fit(callbacks.CSVLogger(tmp_path / "other.csv", append=True), epochs=1)
    assert [row[0] for row in read(tmp_path / "other.csv")] == ["epoch", "0"]


def test_csv_keeps_the_columns_of_the_file_and_of_the_first_epoch(tmp_path):
    path = tmp_path / "log.csv"
    fit(callbacks.CSVLogger(path), validation_split=0.5, validation_freq=2)
    rows = read(path)
    assert rows[0] == ["epoch", "acc", "loss", "val_acc", "val_loss"]
    assert rows[1][3:] == ["NA", "NA"]
    assert "NA" not in rows[2]
    path.write_text("epoch,loss,mine\n0,1.5,2.5\n")
    fit(callbacks.CSVLogger(path, append=True), epochs=1)
    assert read(path)[2][2] == "NA"


def test_csv_is_closed_when_training_breaks(tmp_path):
    def stop(epoch, logs):
        raise KeyboardInterrupt

    logger = callbacks.CSVLogger(tmp_path / "log.csv")
    with pytest.raises(KeyboardInterrupt):
        fit(logger, callbacks.LambdaCallback(on_epoch_end=stop))
    assert logger._file is None
    assert [row[0] for row in read(tmp_path / "log.csv")] == ["epoch", "0"]


# ---- LambdaCallback and hooks

HOOKS = sorted(name for name in vars(callbacks.Callback) if name.startswith("on_"))


def test_lambda_takes_every_hook():
    called = []
    spy = callbacks.LambdaCallback(**{hook: lambda *args, hook=hook: called.append(hook) for hook in HOOKS})
    model = new()
    model.fit(X, Y, verbose=0, callbacks=[spy], validation_split=0.5)
    # on_batch_* are old names of on_train_batch_*, which were given too, and are not called beside them.
    train = ["on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end"]
    test = ["on_test_begin", "on_test_batch_begin", "on_test_batch_end", "on_test_end"]
    assert called == [*train, *test, "on_epoch_end", "on_train_end"]
    called.clear()
    model.evaluate(X, Y, verbose=0, callbacks=[spy])
    assert called == test
    called.clear()
    model.predict(X, verbose=0, callbacks=[spy])
    assert called == ["on_predict_begin", "on_predict_batch_begin", "on_predict_batch_end", "on_predict_end"]
    with pytest.raises(TypeError, match="LambdaCallback got an unknown hook 'on_epoch'"):
        callbacks.LambdaCallback(on_epoch=print)
    with pytest.raises(TypeError, match="LambdaCallback got an unknown hook 'set_model'"):
        callbacks.LambdaCallback(set_model=print)


def test_hooks_have_kerass_names():
    assert HOOKS == [
        "on_batch_begin", "on_batch_end", "on_epoch_begin", "on_epoch_end",
        "on_predict_batch_begin", "on_predict_batch_end", "on_predict_begin", "on_predict_end",
        "on_test_batch_begin", "on_test_batch_end", "on_test_begin", "on_test_end",
        "on_train_batch_begin", "on_train_batch_end", "on_train_begin", "on_train_end",
    ]  # fmt: skip


def test_what_hooks_are_given():
    seen = {}

    class Spy(callbacks.Callback):
        pass

    def hook(name):
        return lambda self, *args: seen.setdefault(name, []).append((args[:-1], args[-1]))

    for name in HOOKS:
        setattr(Spy, name, hook(name))
    history = fit(Spy(), validation_split=0.5, batch_size=3)
    assert seen["on_train_begin"] == [((), {})]
    assert seen["on_epoch_begin"] == [((0,), {}), ((1,), {})]
    assert seen["on_train_batch_begin"] == [((0,), {}), ((1,), {})] * 2
    assert seen["on_test_begin"] == [((), {})] * 2
    assert [list(logs) for _, logs in seen["on_train_batch_end"]] == [["acc", "loss"]] * 4
    assert [args for args, _ in seen["on_train_batch_end"]] == [(0,), (1,)] * 2
    assert [list(logs) for _, logs in seen["on_test_end"]] == [["acc", "loss"]] * 2
    assert [list(logs) for _, logs in seen["on_epoch_end"]] == [["acc", "loss", "val_acc", "val_loss"]] * 2
    assert seen["on_train_end"] == [((), {name: values[-1] for name, values in history.history.items()})]
    for old, new_name in (("on_batch_begin", "on_train_batch_begin"), ("on_batch_end", "on_train_batch_end")):
        assert old not in seen
        assert len(seen[new_name]) == 4


def test_old_names_are_called():
    called = []

    class Old(callbacks.Callback):
        def on_batch_begin(self, batch, logs=None):
            called.append(("begin", batch))

        def on_batch_end(self, batch, logs=None):
            called.append(("end", batch, "loss" in logs))

    fit(Old(), epochs=1)
    assert called == [("begin", 0), ("end", 0, True), ("begin", 1), ("end", 1, True)]


# ---- TensorBoard


class Writer:
    """Stands for tensorboardX's, and keeps what it is told."""

    made = None

    def __init__(self, folder):
        self.folder, self.told, self.closed = folder, [], False
        Writer.made[folder] = self

    def add_scalar(self, name, value, step):
        self.told.append((name, step))
        assert isinstance(value, float)

    def add_histogram(self, name, values, step):
        self.told.append((name, step, values.shape))

    def add_images(self, name, values, step):
        self.told.append((name, step, values.shape, float(values.min()), float(values.max())))

    def flush(self):
        pass

    def close(self):
        self.closed = True


@pytest.fixture
def written(monkeypatch):
    module = ModuleType("tensorboardX")
    module.SummaryWriter = Writer
    monkeypatch.setitem(sys.modules, "tensorboardX", module)
    monkeypatch.setattr(Writer, "made", {})
    return Writer.made


def test_tensorboard(written):
    fit(callbacks.TensorBoard("logs", write_steps_per_second=True), validation_split=0.5)
    train, validation = written["logs/train"], written["logs/validation"]
    names = ["epoch_acc", "epoch_loss"]
    assert train.told == [(name, epoch) for epoch in range(2) for name in [*names, "epoch_steps_per_second"]]
    assert validation.told == [(name, epoch) for epoch in range(2) for name in names]
    assert train.closed
    assert validation.closed


def test_tensorboard_by_batches(written):
    fit(callbacks.TensorBoard("logs", update_freq=2), batch_size=2, epochs=1)
    batches = [one for one in written["logs/train"].told if one[0].startswith("batch")]
    assert batches == [(name, step) for step in (2, 4, 6) for name in ("batch_acc", "batch_loss")]
    fit(callbacks.TensorBoard("more", update_freq="batch"), epochs=1)
    assert ("batch_loss", 1) in written["more/train"].told


def test_tensorboard_draws_weights(written):
    fit(callbacks.TensorBoard("logs", histogram_freq=2, write_images=True), epochs=3)
    told = [one for one in written["logs/train"].told if len(one) > 2]
    assert [one[1:3] for one in told[:2]] == [(0, (3, 3, 1, 2)), (0, (2, 1, 3, 3))]
    assert all(one[0].endswith("conv/kernel") for one in told[:2])
    assert told[1][3:] == (0.0, 1.0)
    assert {one[1] for one in told} == {0, 2}


def test_tensorboard_is_an_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r'TensorBoard needs tensorboardX: pip install "fastcnn\[tensorboard\]"'):
        fit(callbacks.TensorBoard())


def test_real_tensorboard(tmp_path):
    pytest.importorskip("tensorboardX")
    fit(callbacks.TensorBoard(tmp_path, histogram_freq=1), validation_split=0.5)
    assert len(list(tmp_path.glob("*/events*"))) == 2


def test_arguments_of_tensorboard():
    for name, value in (("profile_batch", 2), ("embeddings_freq", 1), ("embeddings_metadata", "x")):
        with pytest.raises(NotImplementedError, match=f"{name} is not supported by fastcnn's TensorBoard"):
            callbacks.TensorBoard(**{name: value})
    with pytest.raises(ValueError, match="update_freq must be 'epoch', 'batch' or a number of batches, got 'step'"):
        callbacks.TensorBoard(update_freq="step")
