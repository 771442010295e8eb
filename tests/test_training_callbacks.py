"""Callback, CallbackList, History and what people see of training."""

import pickle

import numpy as np
import pytest

from fastcnn import callbacks, layers, losses, metrics
from fastcnn.callbacks.callback_list import CallbackList
from fastcnn.models.model import Model
from fastcnn.models.sequential import Sequential
from fastcnn.training import progress
from fastcnn.training.progress import Progress, duration, numbers

X, Y = np.random.default_rng(0).normal(size=(40, 4)), np.arange(40) % 3


def model(**kwargs):
    made = Sequential([layers.Input((4,)), layers.Dense(3, activation="softmax", name="a")])
    made.compile("sgd", **{"loss": "sparse_categorical_crossentropy", **kwargs})
    return made


def two(**kwargs):
    x = layers.Input((4,))
    made = Model(x, [layers.Dense(3, activation="softmax", name="a")(x), layers.Dense(1, name="b")(x)])
    made.compile("sgd", loss=["sparse_categorical_crossentropy", "mse"], **kwargs)
    return made


def test_only_overridden_hooks_are_called():
    called = []

    class Old(callbacks.Callback):
        def on_batch_end(self, batch, logs=None):
            called.append((batch, logs))

    listed = CallbackList(
        [Old(), callbacks.Callback(), callbacks.LambdaCallback(on_epoch_end=lambda e, logs: called.append(e))]
    )
    listed.on_train_batch_end(3, {"loss": 1.0})
    listed.on_train_batch_begin(3)
    listed.on_epoch_end(5, {})
    assert called == [(3, {"loss": 1.0}), 5]
    listed.append(Old())
    listed.on_train_batch_end(4)
    assert called[2:] == [(4, None), (4, None)]


def test_callbacks_know_model_and_params():
    one, own = callbacks.Callback(), model()
    listed = CallbackList(one, add_history=True, model=own, epochs=3, steps=2)
    assert one.model is own
    assert one.params == {"epochs": 3, "steps": 2}
    assert own.history is listed.history


def test_states_of_callbacks():
    class Counter(callbacks.Callback):
        n = 0

        def get_state(self):
            return {"n": self.n}

        def set_state(self, state):
            self.n = state["n"]

    first, second = CallbackList([Counter(), callbacks.Callback()]), CallbackList([Counter()])
    first.callbacks[0].n = 4
    assert first.get_state() == {"0:Counter": {"n": 4}}
    second.set_state(first.get_state())
    assert second.callbacks[0].n == 4


def test_history():
    history = model(metrics=["acc"]).fit(X, Y, epochs=2, validation_data=(X, Y), validation_freq=2, verbose=0)
    assert history.epoch == [0, 1]
    assert {name: len(values) for name, values in history.history.items()} == {
        "acc": 2, "loss": 2, "val_acc": 1, "val_loss": 1
    }  # fmt: skip
    page = history._repr_html_()
    assert page.count("<tr>") == 3
    assert "<th>val_acc</th>" in page
    assert "<td>1</td>" in page
    assert "2 epochs: acc" in repr(history)


@pytest.mark.parametrize(
    ("build", "arguments", "names"),
    [
        # As Keras 3.15.1 names them, frozen.
        (two, {"metrics": {"a": "acc", "b": ["mae", "mse"]}}, "a_acc a_loss b_loss b_mae b_mse loss"),
        (
            two,
            {"metrics": [["acc", "acc"], ["mse"]], "weighted_metrics": [["acc"], ["mse", "mae"]]},
            "a_acc a_acc_1 a_loss a_weighted_acc b_loss b_mae b_mse b_weighted_mse loss",
        ),
        (
            model,
            {"metrics": ["acc", "acc", "accuracy"], "weighted_metrics": ["acc", "acc"]},
            "acc acc_1 accuracy loss weighted_acc weighted_acc_1",
        ),
        (model, {"metrics": ["SparseCategoricalAccuracy"]}, "SparseCategoricalAccuracy loss"),
        (model, {"metrics": [metrics.SparseCategoricalAccuracy(name="own")]}, "loss own"),
        (model, {"metrics": [losses.sparse_categorical_crossentropy]}, "loss sparse_categorical_crossentropy"),
        (model, {"loss": "ce"}, "loss"),
    ],
)
def test_names_in_logs(build, arguments, names):
    made = build(**arguments)
    history = made.fit(X, Y if build is model else [Y, Y * 1.0], verbose=0)
    assert list(history.history) == names.split()
    assert made.expected_logs() == set(names.split())
    assert made.expected_logs(True) == {prefix + name for name in names.split() for prefix in ("", "val_")}


@pytest.mark.parametrize("verbose", ["auto", 1, 2])
def test_lines_where_nobody_watches(verbose, capsys):
    own = model(metrics=["acc"])
    own.fit(X, Y, batch_size=10, epochs=2, verbose=verbose, validation_data=(X, Y))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Epoch 1/2"
    assert lines[1].startswith("4/4 - 0s - ")
    assert [part.split(":")[0] for part in lines[1].split(" - ")[3:]] == ["acc", "loss", "val_acc", "val_loss"]
    assert len(lines) == 4
    own.evaluate(X, Y, verbose=verbose)
    own.predict(X, verbose=verbose)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" - ")[0] for line in lines] == ["2/2", "2/2"]
    own.predict(X[:1])
    own.fit(X, Y, verbose=0)
    own.evaluate(X, Y, verbose=0)
    assert capsys.readouterr() == ("", "")


def test_a_bar_where_somebody_watches(monkeypatch, capsys):
    monkeypatch.setattr(progress, "interactive", lambda: True)
    monkeypatch.setattr(progress, "_PAUSE", 0.0)
    model(metrics=["acc"]).fit(X, Y, batch_size=10)
    shown = capsys.readouterr().out
    assert "4/4" in shown
    assert "1/4" in shown
    assert "acc: " in shown
    assert shown.endswith("\n")


def test_a_bar_is_drawn_now_and_then(monkeypatch):
    monkeypatch.setattr(progress, "interactive", lambda: True)
    drawn = []
    bar = Progress(1000, 1)
    monkeypatch.setattr(bar, "_draw", drawn.append)
    for i in range(1000):
        bar.update(i, {})
    assert len(drawn) <= 2


def test_numbers_as_keras_writes_them():
    assert numbers({"acc": 0.91234, "loss": 0.00001234, "zero": 0}) == "acc: 0.9123 - loss: 1.2340e-05 - zero: 0.0000"
    assert [duration(s) for s in (2.4, 0.035, 0.00008)] == ["2s", "35ms", "80us"]


def test_callbacks_of_all_kinds_in_one_fit(tmp_path):
    file = tmp_path / "log.csv"
    own = model(metrics=["acc"])
    history = own.fit(
        X, Y, epochs=3, verbose=0, validation_split=0.25,
        callbacks=[
            callbacks.EarlyStopping(patience=1, restore_best_weights=True),
            callbacks.ReduceLROnPlateau(patience=1),
            callbacks.LearningRateScheduler(lambda epoch, rate: rate),
            callbacks.CSVLogger(file),
        ],
    )  # fmt: skip
    assert file.read_text().splitlines()[0] == "epoch,acc,learning_rate,loss,val_acc,val_loss"
    assert len(history.history["learning_rate"]) == len(history.epoch) == len(history.history["val_loss"])


def test_nan_is_left_to_the_callback_that_watches_it():
    history = model().fit(X * np.nan, Y, batch_size=10, epochs=3, verbose=0, callbacks=[callbacks.TerminateOnNaN()])
    assert len(history.epoch) <= 1


def test_a_name_that_the_history_has_not():
    history = model(metrics=["accuracy"]).fit(X, Y, verbose=0).history
    with pytest.raises(KeyError, match=r"there is no 'acuracy' in the history; .*'loss'.*Did you mean 'accuracy'"):
        history["acuracy"]
    assert history.get("acc") is None and "acc" not in history and pickle.loads(pickle.dumps(history)) == history


def test_a_callback_list_without_a_model_gets_that_of_fit():
    made, stop = model(), callbacks.EarlyStopping(monitor="loss", mode="max", patience=1)
    made.fit(X, Y, epochs=5, verbose=0, callbacks=CallbackList([stop]))
    assert stop.model is made and stop.params["epochs"] == 5 and stop.stopped_epoch == 1
