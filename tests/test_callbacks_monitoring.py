"""EarlyStopping, ReduceLROnPlateau, LearningRateScheduler, TerminateOnNaN, SwapEMAWeights: as Keras does it, epoch by epoch.

``callback_values.json`` holds what Keras 3.15.1 did with the same numbers.
"""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fastcnn import callbacks, layers, metrics, optimizers
from fastcnn.callbacks.callback_list import CallbackList
from fastcnn.models.sequential import Sequential

KERAS = json.loads(Path(__file__).with_name("callback_values.json").read_text())
X = np.array([[1.0, 2], [3, -1], [0.5, 1], [2, 2]], "float32")
Y = X @ np.array([[1.0], [-2]], "float32")


class Stub:
    """As much of a model as callbacks of this kind touch; its weight is the number of the epoch."""

    def __init__(self, rate=0.1, found=()):
        self.stop_training, self.metrics, self.weight = False, list(found), 0
        self.optimizer = SimpleNamespace(learning_rate=rate)

    def get_weights(self):
        return self.weight

    def set_weights(self, weights):
        self.weight = weights


def play(callback, numbers, name="val_loss", model=None):
    """Epochs that end with these numbers, until the callback stops them; gives the model and the last epoch."""
    model = model or Stub()
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, number in enumerate(numbers):
        model.weight = epoch
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, {name: number})
        if model.stop_training:
            break
    callback.on_train_end()
    return model, epoch


def new(optimizer="sgd", loss="mse"):
    model = Sequential([layers.Input((2,)), layers.Dense(1, kernel_initializer="zeros", use_bias=False)])
    model.compile(optimizer, loss)
    return model


# ---- EarlyStopping


@pytest.mark.parametrize(("arguments", "numbers", "expected"), KERAS["early"])
def test_early_stopping(arguments, numbers, expected):
    callback = callbacks.EarlyStopping(**arguments)
    model, epoch = play(callback, numbers)
    found = [epoch, model.stop_training, callback.stopped_epoch, callback.best_epoch, callback.best]
    assert [*found, callback.wait, model.weight] == expected


def test_patience_3_and_patience_0():
    """Test 27 of the notes: three epochs without improvement; patience 0 never stops at the first epoch."""
    assert play(callbacks.EarlyStopping(patience=3), [1, 0.9, 0.8, 0.85, 0.86, 0.87, 0.7])[1] == 5
    never = callbacks.EarlyStopping(patience=0)
    assert play(never, [float("nan"), 1.0, 0.5, 0.6])[1] == 3
    assert play(never, [1.0, 0.9, 0.9, 0.8])[1] == 2


def test_what_early_stopping_says(capsys):
    play(callbacks.EarlyStopping(patience=1, verbose=1, restore_best_weights=True), [0.5, 0.4, 0.6])
    assert capsys.readouterr().out.splitlines() == [
        "Epoch 3: early stopping", "Restoring model weights from the end of the best epoch: 2."
    ]  # fmt: skip


def test_a_number_that_is_not_logged_is_told():
    with pytest.warns(
        UserWarning,
        match="EarlyStopping watches 'val_loss', which is not in the logs; there are: loss. Give fit validation_data",
    ):
        play(callbacks.EarlyStopping(), [1.0], "loss")
    with pytest.warns(UserWarning, match=r"ReduceLROnPlateau watches 'mae', .* there are: loss, learning_rate$"):
        play(callbacks.ReduceLROnPlateau("mae", mode="min"), [1.0], "loss")


def test_acc_and_accuracy_are_one_word():
    for monitor, name in (("val_acc", "val_accuracy"), ("val_accuracy", "val_acc"), ("acc", "accuracy")):
        callback = callbacks.EarlyStopping(monitor, patience=1)
        assert play(callback, [0.5, 0.6, 0.7, 0.6, 0.8], name)[1] == 3
        assert callback.best == 0.7


def test_direction():
    up, down = metrics.Mean(name="mine"), metrics.MeanSquaredError(name="yours")
    up._direction, down._direction = "up", "down"
    for name, numbers, end in (
        ("mine", [1, 2, 1], 2),
        ("yours", [2, 1, 2], 2),
        ("val_top_k_categorical_accuracy", [1, 2, 1], 2),
    ):
        assert play(callbacks.EarlyStopping(name), numbers, name, Stub(found=[up, down]))[1] == end
    with pytest.raises(
        ValueError, match="EarlyStopping cannot tell whether 'thing' should grow or shrink: pass mode='max'"
    ):
        play(callbacks.EarlyStopping("thing"), [1, 2], "thing")
    assert play(callbacks.EarlyStopping("thing", mode="max"), [1, 2, 2], "thing")[1] == 2


def test_arguments_of_early_stopping():
    with pytest.raises(ValueError, match="mode must be 'auto', 'min' or 'max', got 'down'"):
        callbacks.EarlyStopping(mode="down")
    with pytest.raises(ValueError, match="patience must be 0 or more, got -1"):
        callbacks.EarlyStopping(patience=-1)
    with pytest.raises(TypeError, match="monitor must be the name of a number in the logs, got 3"):
        callbacks.EarlyStopping(3)


# ---- learning rates


@pytest.mark.parametrize(("arguments", "numbers", "expected"), KERAS["reduce"])
def test_reduce_on_plateau(arguments, numbers, expected):
    """Test 26 of the notes among them: patience 2, factor 0.1."""
    callback, model, rates = callbacks.ReduceLROnPlateau(**arguments), Stub(), []
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, number in enumerate(numbers):
        logs, before = {"val_loss": number}, model.optimizer.learning_rate
        callback.on_epoch_end(epoch, logs)
        assert logs["learning_rate"] == before
        rates.append(model.optimizer.learning_rate)
    np.testing.assert_allclose(rates, expected, rtol=1e-12)


def test_rates_in_a_real_fit(capsys):
    model = new("sgd")
    model.optimizer.learning_rate = 0.5
    history = model.fit(
        X * 0, Y * 0, epochs=5, verbose=0,
        callbacks=callbacks.ReduceLROnPlateau("loss", factor=0.1, patience=2, verbose=1, min_lr=0.01),
    )  # fmt: skip
    np.testing.assert_allclose(history.history["learning_rate"], [0.5, 0.5, 0.5, 0.05, 0.05], rtol=1e-6)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01)
    assert capsys.readouterr().out.split("\n")[1] == "Epoch 3: ReduceLROnPlateau reducing learning rate to 0.05."


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (lambda epoch: 1 / (epoch + 1), [1, 1 / 2, 1 / 3]),
        (lambda epoch, rate: rate / 2, [0.05, 0.025, 0.0125]),
        (lambda epoch, rate=9.0: rate / 2, [0.05, 0.025, 0.0125]),
        (lambda *given: given[1] / 2, [0.05, 0.025, 0.0125]),
        (lambda epoch: np.float32(0.25), [0.25] * 3),
        (max, [0.1, 1, 2]),
    ],
)
def test_scheduler(schedule, expected):
    history = new(optimizers.SGD(0.1)).fit(
        X, Y, epochs=3, verbose=0, callbacks=[callbacks.LearningRateScheduler(schedule)]
    )
    np.testing.assert_allclose(history.history["learning_rate"], expected, rtol=1e-6)


def test_what_the_scheduler_says(capsys):
    new().fit(X, Y, verbose=0, callbacks=[callbacks.LearningRateScheduler(lambda epoch: 0.25, verbose=1)])
    assert capsys.readouterr().out == "\nEpoch 1: LearningRateScheduler setting learning rate to 0.25.\n"


def test_arguments_of_rates():
    with pytest.raises(ValueError, match="factor must be below 1, got 1.0: the learning rate would not get smaller"):
        callbacks.ReduceLROnPlateau(factor=1.0)
    with pytest.raises(TypeError, match="ReduceLROnPlateau got an unknown argument 'epsilon'; it is called min_delta"):
        callbacks.ReduceLROnPlateau(epsilon=1)
    with pytest.raises(TypeError, match="ReduceLROnPlateau got an unknown argument 'patient'$"):
        callbacks.ReduceLROnPlateau(patient=1)
    with pytest.raises(TypeError, match=r"schedule must be a function of the epoch, got 0.1"):
        callbacks.LearningRateScheduler(0.1)
    for schedule, returned in ((lambda epoch: None, "None"), (lambda epoch: "0.1", "'0.1'")):
        with pytest.raises(TypeError, match=f"schedule must return a number, got {returned}"):
            new().fit(X, Y, verbose=0, callbacks=[callbacks.LearningRateScheduler(schedule)])
    scheduled = new(optimizers.SGD(optimizers.schedules.ExponentialDecay(0.1, 1, 0.9)))
    with pytest.raises(TypeError, match="the learning_rate of this SGD comes from .* and cannot be set to a number"):
        scheduled.fit(X, Y, verbose=0, callbacks=[callbacks.LearningRateScheduler(lambda epoch: 0.1)])


# ---- TerminateOnNaN


def test_terminate_on_nan(capsys):
    x = X.copy()
    x[3] = np.inf
    model = new()
    seen = callbacks.LambdaCallback(on_train_end=lambda logs: print("the end"))
    history = model.fit(
        x, Y, batch_size=1, epochs=3, shuffle=False, verbose=0, callbacks=[callbacks.TerminateOnNaN(), seen]
    )
    assert capsys.readouterr().out == "Batch 3: Invalid loss, terminating training\nthe end\n"
    assert history.epoch == [0]
    model = new()
    with pytest.raises(RuntimeError, match=r"the loss became nan at batch 3|the loss became inf at batch 3"):
        model.fit(
            x, Y, batch_size=1, shuffle=False, verbose=0, callbacks=[callbacks.TerminateOnNaN(raise_error=True), seen]
        )
    assert capsys.readouterr().out == ""
    play(callbacks.TerminateOnNaN(), [1.0])


# ---- SwapEMAWeights


@pytest.mark.parametrize(("swap", "validated", "seen", "final"), KERAS["ema"])
def test_averages(swap, validated, seen, final):
    model = new(optimizers.SGD(0.05, use_ema=True, ema_momentum=0.5))
    found = []
    listed = [] if swap is None else [callbacks.SwapEMAWeights(swap_on_epoch=swap)]
    listed.append(callbacks.LambdaCallback(on_epoch_end=lambda e, logs: found.append(model.get_weights()[0].ravel())))
    history = model.fit(
        X, Y, batch_size=2, epochs=3, shuffle=False, verbose=0, validation_data=(X, Y), callbacks=listed
    )
    np.testing.assert_allclose(history.history["val_loss"], validated, rtol=1e-5)
    np.testing.assert_allclose(found, seen, rtol=1e-5)
    np.testing.assert_allclose(model.get_weights()[0].ravel(), final, rtol=1e-5)


def test_averages_in_prediction_and_evaluation():
    model = new(optimizers.SGD(0.05, use_ema=True, ema_momentum=0.5))
    swap = callbacks.SwapEMAWeights()
    model.train_on_batch(X, Y)
    model.train_on_batch(X, Y)
    own, average = model.get_weights()[0], model.optimizer._model_variables_moving_average[0].numpy()
    assert (own != average).all()
    np.testing.assert_allclose(model.predict(X, callbacks=[swap], verbose=0), X @ average, rtol=1e-5)
    loss = model.evaluate(X, Y, callbacks=[swap], verbose=0)
    np.testing.assert_allclose(loss, ((X @ average - Y) ** 2).mean(), rtol=1e-5)
    np.testing.assert_array_equal(model.get_weights()[0], own)


def test_averages_need_an_optimizer_with_them():
    with pytest.raises(ValueError, match="SwapEMAWeights needs an optimizer with use_ema=True"):
        new().fit(X, Y, verbose=0, callbacks=[callbacks.SwapEMAWeights()])


# ---- lists of callbacks


@pytest.mark.parametrize(
    ("given", "what"), [([callbacks.EarlyStopping], "the class EarlyStopping"), ("early", "'early'"), ([3], "3")]
)
def test_what_is_no_callback(given, what):
    with pytest.raises(TypeError, match=f"callbacks must be objects of classes derived from Callback, got {what}"):
        CallbackList(given)
