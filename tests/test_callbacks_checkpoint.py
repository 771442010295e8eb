"""ModelCheckpoint: names of files, what is best, what is kept, what is refused before training begins."""

import numpy as np
import pytest

from fastcnn import callbacks, layers, optimizers
from fastcnn.models.sequential import Sequential
from fastcnn.saving import load_model

X = np.random.default_rng(0).normal(size=(16, 4)).astype("float32")
Y = np.arange(16) % 3


def new(metrics=("acc",), **kwargs):
    model = Sequential([layers.Input((4,)), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=list(metrics), **kwargs)
    return model


class Scripted(callbacks.Callback):
    """Puts numbers of one's choice in the logs, epoch by epoch."""

    def __init__(self, **numbers):
        super().__init__()
        self.numbers = numbers

    def on_epoch_end(self, epoch, logs=None):
        logs.update({name: values[epoch] for name, values in self.numbers.items()})


def fit(model, *listed, epochs=1, **kwargs):
    return model.fit(X, Y, **{"epochs": epochs, "verbose": 0, "batch_size": 4, "callbacks": list(listed), **kwargs})


def names(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_the_name_of_the_notes(tmp_path):
    """Test 25 of the notes: epoch 1, val_loss 0.12345, acc 0.9; folders are made."""
    pytest.importorskip("h5py")
    path = tmp_path / "new" / "weights.{epoch:03d}-{val_loss:.4f}-{acc:.4f}.weights.h5"
    model = new()
    checkpoint = callbacks.ModelCheckpoint(path)
    fit(model, Scripted(val_loss=[0.12345], acc=[0.9]), checkpoint, validation_data=(X, Y))
    assert names(tmp_path) == ["new/weights.001-0.1235-0.9000.weights.h5"]
    other = new()
    other.load_weights(tmp_path / names(tmp_path)[0])
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])


@pytest.mark.parametrize("metric", ["acc", "accuracy"])
@pytest.mark.parametrize("field", ["acc", "accuracy", "val_acc", "val_accuracy"])
def test_acc_and_accuracy_are_one_word(tmp_path, metric, field):
    checkpoint = callbacks.ModelCheckpoint(tmp_path / f"{{{field}:.4f}}.npz", monitor=field, save_best_only=True)
    history = fit(new([metric]), checkpoint, validation_split=0.25).history
    name = ("val_" if field.startswith("val_") else "") + metric
    assert names(tmp_path) == [f"{history[name][0]:.4f}.npz"]
    assert checkpoint.best == history[name][0]


@pytest.mark.parametrize("suffix", [".fastcnn", ".keras", ".weights.h5", ".safetensors", ".npz"])
@pytest.mark.parametrize("weights", [False, True])
def test_kinds_of_files(tmp_path, suffix, weights):
    if suffix in (".keras", ".weights.h5"):
        pytest.importorskip("h5py")
    if weights and suffix == ".keras":
        return
    model = new()
    fit(model, callbacks.ModelCheckpoint(tmp_path / f"m{suffix}", save_weights_only=weights))
    other = load_model(tmp_path / f"m{suffix}") if suffix in (".keras", ".fastcnn") else new()
    other.load_weights(tmp_path / f"m{suffix}")
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, ["1", "2", "3", "4", "5"]),
        ({"save_best_only": True}, ["1", "3", "5"]),
        ({"save_best_only": True, "mode": "max"}, ["1", "2", "4"]),
        ({"save_best_only": True, "initial_value_threshold": 0.35}, ["3", "5"]),
        ({"save_best_only": True, "monitor": "acc"}, ["1", "4"]),
        ({"max_to_keep": 2}, ["4", "5"]),
        ({"save_best_only": True, "max_to_keep": 1}, ["5"]),
    ],
)
def test_which_epochs(tmp_path, arguments, expected):
    script = Scripted(val_loss=[0.5, 0.6, 0.3, 0.7, 0.2], acc=[0.5, 0.5, 0.4, 0.6, 0.6])
    fit(new(), script, callbacks.ModelCheckpoint(tmp_path / "{epoch}.npz", **arguments), epochs=5)
    assert names(tmp_path) == [f"{n}.npz" for n in expected]


@pytest.mark.parametrize(
    ("save_freq", "together", "expected"),
    [
        (3, 1, ["1-3", "2-2", "3-1", "3-4", "4-3"]),  # as Keras
        (5, 1, ["2-1", "3-2", "4-3"]),  # as Keras
        (3, 2, ["1-4", "2-4", "3-4", "4-4"]),  # at the first call past the number
    ],
)
def test_every_so_many_batches(tmp_path, save_freq, together, expected):
    checkpoint = callbacks.ModelCheckpoint(tmp_path / "{epoch}-{batch}.npz", save_freq=save_freq)
    fit(new(steps_per_execution=together), checkpoint, epochs=4)
    assert names(tmp_path) == [f"{n}.npz" for n in expected]


def test_best_value_over_two_fits(tmp_path):
    """A new callback object does not overwrite the better file of an earlier fit; for another file it begins anew."""
    model = new()

    def run(name, *values):
        checkpoint = callbacks.ModelCheckpoint(tmp_path / name, save_best_only=True)
        fit(model, Scripted(val_loss=values), checkpoint, epochs=len(values))
        return (tmp_path / name).read_bytes()

    first = run("a.npz", 0.5, 0.3)
    assert run("a.npz", 0.4) == first
    assert run("b.npz", 0.4) != first
    assert run("a.npz", 0.2) != first


def test_what_it_says(tmp_path, capsys):
    path = tmp_path / "m.npz"
    checkpoint = callbacks.ModelCheckpoint(path, save_best_only=True, verbose=1)
    fit(new(), Scripted(val_loss=[0.5, 0.75, 0.25]), checkpoint, epochs=3)
    assert capsys.readouterr().out.splitlines() == [
        "",
        f"Epoch 1: val_loss improved from None to 0.50000, saving model to {path}",
        "",
        "Epoch 2: val_loss did not improve from 0.50000",
        "",
        f"Epoch 3: val_loss improved from 0.50000 to 0.25000, saving model to {path}",
    ]
    fit(new(), callbacks.ModelCheckpoint(path, verbose=1))
    assert capsys.readouterr().out == f"\nEpoch 1: saving model to {path}\n"


def test_epochs_without_validation_write_nothing(tmp_path):
    checkpoint = callbacks.ModelCheckpoint(tmp_path / "{epoch}-{val_loss:.1f}.npz")
    fit(new(), checkpoint, epochs=4, validation_split=0.25, validation_freq=2)
    assert [n[0] for n in names(tmp_path)] == ["2", "4"]
    with pytest.warns(UserWarning, match="ModelCheckpoint watches 'val_loss', which is not in the logs"):
        fit(new(), callbacks.ModelCheckpoint(tmp_path / "best.npz", save_best_only=True))
    assert "best.npz" not in names(tmp_path)


def test_save_weight_only_is_understood(tmp_path):
    with pytest.warns(UserWarning, match="save_weight_only is taken for save_weights_only"):
        checkpoint = callbacks.ModelCheckpoint(tmp_path / "m.fastcnn", save_weight_only=True)
    assert checkpoint.save_weights_only


@pytest.mark.parametrize(
    ("template", "kwargs", "message"),
    [
        (
            "{val_loss}.npz",
            {},
            "asks for {val_loss}, which will not be logged: give fit validation_data or validation_split",
        ),
        ("{mae}.npz", {}, "asks for {mae}, which will not be logged. There will be: epoch, acc, loss"),
        ("{learning_rate}.npz", {}, "asks for {learning_rate}, which will not be logged"),
        (
            "{val_loss}.npz",
            {"save_freq": 2},
            "asks for {val_loss}, which will not be logged where save_freq counts batches",
        ),
    ],
)
def test_names_are_checked_before_training(tmp_path, template, kwargs, message):
    model = new()
    before = model.get_weights()[0]
    with pytest.raises(ValueError) as caught:
        fit(
            model,
            callbacks.ModelCheckpoint(tmp_path / template, **kwargs),
            validation_split=0.25 if "save_freq" in kwargs else 0.0,
        )
    assert message in str(caught.value)
    np.testing.assert_array_equal(model.get_weights()[0], before)
    assert names(tmp_path) == []


def test_names_that_other_callbacks_log(tmp_path):
    rate = callbacks.LearningRateScheduler(lambda epoch: 0.25)
    fit(new(), rate, callbacks.ModelCheckpoint(tmp_path / "{learning_rate:.2f}.npz"))
    fit(new(), Scripted(mine=[0.5]), callbacks.ModelCheckpoint(tmp_path / "{mine}.npz"))
    assert names(tmp_path) == ["0.25.npz", "0.5.npz"]
    with pytest.raises(ValueError, match="asks for {learning_rate}, which will not be logged"):
        fit(new(), callbacks.ModelCheckpoint(tmp_path / "{learning_rate:.2f}.npz"), rate)
    said = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)
    with pytest.raises(KeyError, match=r"asks for {mine}, but the logs have \['acc', 'loss'\]"):
        fit(new(), said, callbacks.ModelCheckpoint(tmp_path / "{mine}.npz"))


def test_a_training_step_of_ones_own_may_log_anything(tmp_path):
    class Own(Sequential):
        def train_step(self, data):
            return {**super().train_step(data), "mine": 7}

    model = Own([layers.Input((4,)), layers.Dense(3, activation="softmax")])
    model.compile(optimizers.SGD(), "sparse_categorical_crossentropy")
    fit(model, callbacks.ModelCheckpoint(tmp_path / "{mine}.npz"))
    assert names(tmp_path) == ["7.0.npz"]


@pytest.mark.parametrize(
    ("path", "kwargs", "message"),
    [
        ("m.h5", {}, "filepath must end with one of .keras, .fastcnn, .weights.h5, .safetensors, .npz, got 'm.h5'"),
        ("m", {}, "filepath must end with one of"),
        (
            "m.keras",
            {"save_weights_only": True},
            "filepath must end with one of .weights.h5, .safetensors, .npz, .fastcnn, got 'm.keras'",
        ),
        ("m.npz", {"save_freq": "batch"}, "save_freq must be 'epoch' or a number of batches, got 'batch'"),
        ("m.npz", {"save_freq": 0}, "save_freq must be 'epoch' or a number of batches, got 0"),
        ("m.npz", {"max_to_keep": 0}, "max_to_keep must be 1 or more, got 0"),
        ("m.npz", {"mode": "best"}, "mode must be 'auto', 'min' or 'max', got 'best'"),
        ("{epoch.npz", {}, "is no valid template: expected '}' before end of string"),
        ("{}.npz", {}, "is no valid template: a field has no name"),
        ("{acc:03d}.npz", {}, "is no valid template: Unknown format code 'd'"),
        ("{logs[acc]}.npz", {}, "is no valid template"),
    ],
)
def test_arguments(path, kwargs, message):
    with pytest.raises(ValueError, match=message):
        callbacks.ModelCheckpoint(path, **kwargs)
