"""fine_tune: two phases in one call, one history, the best weights of both."""

import numpy as np
import pytest
from transfer_networks import images, nested, resnet, vgg

from fastcnn import callbacks, layers, models, optimizers, transfer, utils
from fastcnn.transfer.best import BestWeights
from fastcnn.transfer.freezing import trained_layers


def trained(model):
    return [layer.name for layer in trained_layers(model) if layer.trainable_weights]


def ready(base=None):
    return transfer.build(resnet(top=False) if base is None else base, 3)


class Watch(callbacks.Callback):
    """What each epoch began with, and a number of one's own in the logs."""

    def __init__(self, scores=()):
        super().__init__()
        self.scores, self.seen, self.weights = list(scores), [], []

    def on_epoch_begin(self, epoch, logs=None):
        self.seen.append((epoch, float(self.model.optimizer.learning_rate), trained(self.model)))

    def on_epoch_end(self, epoch, logs=None):
        self.weights.append(self.model.get_weights())
        if self.scores:
            logs["score"] = self.scores[epoch]


class ArrayDataset(utils.PyDataset):
    """Arrays in batches of 5."""

    def __init__(self, x, y):
        super().__init__()
        self.x, self.y = x, y

    def __len__(self):
        return -(-len(self.x) // 5)

    def __getitem__(self, index):
        rows = slice(5 * index, 5 * index + 5)
        return self.x[rows], self.y[rows]


def test_both_phases_and_one_history():
    model, (x, y), watch = ready(), images(), Watch()
    history = transfer.fine_tune(
        model,
        x,
        y,
        validation_data=(x, y),
        head_epochs=2,
        epochs=3,
        lr=(1e-4, 1e-5),
        batch_size=8,
        callbacks=watch,
        verbose=0,
    )
    head, all_of_it = ["head"], ["conv1", "conv2", "head"]
    assert watch.seen == [
        (0, 1e-3, head), (1, 1e-3, head), (2, 1e-4, all_of_it), (3, 1e-4, all_of_it), (4, 1e-5, all_of_it),
    ]  # fmt: skip
    assert history.epoch == [0, 1, 2, 3, 4] and history.params["epochs"] == 5
    assert history.phase == ["head", "head", "tune", "tune", "tune"]
    assert history.rates == [1e-3, 1e-3, 1e-4, 1e-4, 1e-5]
    assert set(history.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert all(len(numbers) == 5 for numbers in history.history.values())
    best = np.lexsort((history.history["val_loss"], -np.array(history.history["val_accuracy"])))[0]
    assert history.best_epoch == best and history.monitor == "val_accuracy"
    assert history.best == max(history.history["val_accuracy"])
    loss = history.history["val_loss"][best]
    assert model.evaluate(x, y, verbose=0) == pytest.approx([loss, history.best], rel=1e-6)
    assert trained(model) == all_of_it  # as the second phase had it


def test_28_what_each_phase_does_to_the_base():
    x, y = images()
    model = ready()
    base = [v for layer in model.layers[:-2] for v in layer.weights]
    start = [v.numpy() for v in base]
    history = transfer.fine_tune(model, x, y, head_epochs=2, epochs=0, verbose=0)
    assert all(np.array_equal(v.numpy(), b) for v, b in zip(base, start, strict=True))
    assert history.mode == "feature_extraction" and history.outcome == transfer.Outcome(0, 12)
    history = transfer.fine_tune(model, x, y, head_epochs=0, epochs=2, lr=1e-2, batch_norm=True, verbose=0)
    assert not any(np.array_equal(v.numpy(), b) for v, b in zip(base, start, strict=True))
    assert history.mode == "fine_tuning" and history.outcome == transfer.Outcome(12, 12)


def test_what_is_frozen_in_the_head_stays_as_it_is():
    (x, y), stack = images(), [layers.GlobalAveragePooling2D(), layers.Dense(4, name="whitening", trainable=False)]
    model = transfer.build(resnet(top=False), 3, stack)
    whitening = model.get_layer("whitening")
    start = whitening.get_weights()
    transfer.train_head(model, x, y, epochs=1, verbose=0)
    transfer.fine_tune(model, x, y, head_epochs=1, epochs=1, lr=1e-2, verbose=0)
    assert trained(model) == ["conv1", "conv2", "head"]
    for now, then in zip(whitening.get_weights(), start, strict=True):
        np.testing.assert_array_equal(now, then)


def test_normalisations_of_the_base_keep_their_statistics():
    x, y = images()
    model = ready()
    history = transfer.fine_tune(model, x, y, head_epochs=1, epochs=2, lr=1e-2, verbose=0)
    assert history.outcome == transfer.Outcome(4, 12)  # kernels and biases of two convolutions


@pytest.mark.parametrize(
    ("scores", "best", "mode"),
    [
        ([5, 1, 4, 3], 1, "feature_extraction"),
        ([5, 3, 4, 1], 3, "fine_tuning"),
        ([5, 1, 1, 2], 1, "feature_extraction"),
    ],
)
def test_the_best_value_is_carried_over(scores, best, mode):
    model, (x, y), watch = ready(), images(), Watch(scores)
    history = transfer.fine_tune(
        model, x, y, head_epochs=2, epochs=2, lr=1e-2, callbacks=[watch], monitor="score", mode="min", verbose=0
    )
    assert history.best_epoch == best and history.best == scores[best]
    for now, then in zip(model.get_weights(), watch.weights[best], strict=True):
        np.testing.assert_array_equal(now, then)
    assert history.mode == mode  # where the head's phase was the best, the base is as it was


@pytest.mark.parametrize(("monitor", "at"), [("val_loss", 0), ("val_accuracy", 1), ("val_acc", 1)])
@pytest.mark.parametrize("as_arrays", [True, False])
def test_a_head_trained_before_is_not_made_worse(monitor, at, as_arrays):
    model, (x, y) = ready(), images()
    y = (x.mean((1, 2, 3)) > np.median(x.mean((1, 2, 3)))).astype(int)
    valid = (x, y) if as_arrays else ArrayDataset(x, y)
    transfer.fine_tune(model, x, y, validation_data=valid, epochs=0, head_lr=0.05, monitor=monitor, verbose=0)
    before, numbers = model.get_weights(), model.evaluate(x, y, verbose=0)
    history = transfer.fine_tune(
        model, x, y, validation_data=valid, head_epochs=0, epochs=2, lr=100.0, monitor=monitor, verbose=0
    )
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    assert history.best_epoch is None and history.best == pytest.approx(numbers[at]) and len(history.epoch) == 2
    assert history.mode == "feature_extraction" and str(history) == str(history.outcome)


@pytest.mark.parametrize(
    ("epochs", "best"),
    [
        ([(0.5, 1.0), (0.6, 2.0), (0.5, 0.1)], 1),  # the accuracy first, whatever the loss
        ([(0.5, 1.0), (0.5, 0.9), (0.5, 0.95)], 1),  # where it is the same, the loss
        ([(0.5, 1.0), (0.5, 1.0)], 0),  # of equals the first
        ([(0.5, float("nan")), (0.5, 1.0), (0.4, 0.5)], 1),
        ([(float("nan"), 1.0), (0.5, 1.0), (float("nan"), 0.5)], 1),
    ],
)
def test_the_accuracy_decides_and_then_the_loss(epochs, best):
    kept = BestWeights()
    kept.set_model(ready())
    for epoch, (accuracy, loss) in enumerate(epochs):
        kept.on_epoch_end(epoch, {"loss": 0.0, "accuracy": 1.0, "val_loss": loss, "val_accuracy": accuracy})
    assert (kept.epoch, kept.best, kept.monitor) == (best, epochs[best][0], "val_accuracy")


def test_epochs_without_validation_are_not_compared():
    kept = BestWeights()
    kept.set_model(ready())
    assert not kept.better({"loss": 1.0, "accuracy": 0.5}) and kept.monitor == "val_loss" and kept.best is None
    assert kept.better({"loss": 1.0, "val_loss": 2.0}) and not kept.better({"loss": 0.5, "val_loss": 2.0})


@pytest.mark.parametrize(
    ("metrics", "mode", "monitor"),
    [
        (["acc"], "auto", "val_acc"),
        ([], "auto", "val_loss"),
        (["sparse_categorical_crossentropy", "sparse_categorical_accuracy"], "auto", "val_sparse_categorical_accuracy"),
        (["sparse_top_k_categorical_accuracy"], "auto", "val_loss"),
        (["acc"], "min", "val_loss"),
    ],
)
@pytest.mark.parametrize("head_epochs", [0, 1])
def test_what_decides_unless_told(metrics, mode, monitor, head_epochs):
    model, (x, y) = ready(), images()
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=metrics)
    history = transfer.fine_tune(
        model, x, y, validation_split=0.25, head_epochs=head_epochs, epochs=1, mode=mode, verbose=0
    )
    assert history.monitor == monitor and history.best is not None


def test_a_phase_begins_with_the_best_weights_of_the_one_before_and_the_same_function():
    class Begin(callbacks.Callback):
        def on_train_begin(self, logs=None):
            weights = self.model.get_weights()
            begins.append((weights, self.model.predict(x, verbose=0), np.asarray(self.model(x, training=True))))

    begins, watch = [], Watch([3, 1, 2, 9])
    model, (x, y) = ready(), images()
    transfer.fine_tune(
        model, x, y, head_epochs=3, epochs=1, head_lr=0.1, callbacks=[watch, Begin()], monitor="score", mode="min",
        verbose=0,
    )  # fmt: skip
    weights, predicted, in_training = begins[1]
    for now, then in zip(weights, watch.weights[1], strict=True):
        np.testing.assert_array_equal(now, then)
    np.testing.assert_allclose(in_training, predicted, rtol=1e-5)  # normalisations are as in inference


def test_validation_split_keeps_a_head_trained_before_too():
    model, (x, y) = ready(), images()
    before = model.get_weights()
    history = transfer.fine_tune(model, x, y, validation_split=0.25, head_epochs=0, epochs=1, lr=1e6, verbose=0)
    assert history.best_epoch is None and history.mode == "feature_extraction"
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_a_checkpoint_of_the_first_phase_is_not_overwritten_by_a_worse_one(tmp_path):
    model, (x, y), watch = ready(), images(), Watch([5, 1, 4, 3])
    path = tmp_path / "best.npz"
    keep = callbacks.ModelCheckpoint(path, "score", save_best_only=True, mode="min")
    transfer.fine_tune(
        model, x, y, head_epochs=2, epochs=2, lr=1e-2, callbacks=[watch, keep], monitor="score", mode="min", verbose=0
    )
    assert keep.best == 1
    best = model.get_weights()
    model.load_weights(path)
    for now, then in zip(model.get_weights(), best, strict=True):
        np.testing.assert_array_equal(now, then)


def test_early_stopping_ends_a_phase_not_all_and_remembers_its_best():
    model, (x, y), watch = ready(), images(), Watch([1, 2, 2, 3, 3, 0])
    stop = callbacks.EarlyStopping("score", patience=2, mode="min")
    history = transfer.fine_tune(
        model, x, y, head_epochs=5, epochs=5, callbacks=[watch, stop], monitor="score", mode="min", verbose=0
    )
    # Epochs 1, 2 wait in vain; in the new phase 3, 4 do, too, for the best value is still that of epoch 0.
    assert history.phase == ["head"] * 3 + ["tune"] * 2
    assert history.epoch == [0, 1, 2, 3, 4] and stop.best == 1
    history = transfer.fine_tune(
        model, x, y, head_epochs=2, epochs=0, callbacks=[Watch([9, 8]), stop], monitor="score", mode="min", verbose=0
    )
    assert len(history.epoch) == 2 and stop.best == 8  # another call begins anew


def test_the_optimizer_is_like_the_models_own_and_begins_anew():
    model, (x, y) = ready(), images()
    own = optimizers.SGD(0.5, momentum=0.9, nesterov=True, clipnorm=1.0)
    own.exclude_from_weight_decay(var_names=["bias"])
    model.compile(own, "sparse_categorical_crossentropy", metrics=["acc"])
    history = transfer.fine_tune(model, x, y, head_epochs=1, epochs=1, batch_size=8, verbose=0)
    assert {"loss", "acc"} == set(history.history)
    made = model.optimizer
    assert made is not own and (made.momentum, made.nesterov, made.clipnorm) == (0.9, True, 1.0)
    assert int(made.iterations) == 3 and float(made.learning_rate) == 1e-4
    assert made._undecayed_names.pattern == "bias"


def test_a_schedule_gives_way_to_the_rates_of_the_phases():
    model, (x, y) = ready(), images()
    model.compile(
        optimizers.Adam(optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)), "sparse_categorical_crossentropy"
    )
    history = transfer.fine_tune(model, x, y, head_epochs=1, epochs=1, verbose=0)
    assert history.rates == [1e-3, 1e-4]


@pytest.mark.parametrize(
    ("unfreeze", "expected"),
    [("all", ["conv1", "conv2"]), (None, ["conv1", "conv2"]), (0.5, ["conv2"]), ("relu1", ["conv2"]), (4, ["conv2"])],
)
def test_what_is_unfrozen(unfreeze, expected):
    model, (x, y), watch = ready(), images(), Watch()
    transfer.fine_tune(model, x, y, head_epochs=0, epochs=1, unfreeze=unfreeze, callbacks=watch, verbose=0)
    assert watch.seen[0][2] == [*expected, "head"]


def test_a_base_inside_a_sequential_model():
    x, y = images()
    model = transfer.replace_head(nested(), 3)
    watch = Watch()
    history = transfer.fine_tune(model, x, y, head_epochs=1, epochs=1, lr=1e-2, callbacks=watch, verbose=0)
    assert [names for _, _, names in watch.seen] == [["head"], ["conv1", "conv2", "head"]]
    assert history.mode == "fine_tuning"


def test_rates_by_layer_hold_in_the_second_phase():
    model, (x, y) = ready(), images()
    conv = model.get_layer("conv1").kernel
    before = conv.numpy()
    transfer.fine_tune(
        model, x, y, head_epochs=1, epochs=1, lr=1e-2, learning_rates={"conv1": 0.0, "conv2": 0.1}, verbose=0
    )
    np.testing.assert_array_equal(conv.numpy(), before)
    assert model.optimizer.learning_rate_multipliers["conv2/kernel"] == 0.1


def test_a_dataset_and_other_arguments_of_fit():
    x, y = images()

    class Batches:
        def __len__(self):
            return 3

        def __getitem__(self, i):
            return x[i::3], y[i::3]

    model = ready(vgg(top=False))
    history = transfer.fine_tune(
        model, Batches(), validation_data=Batches(), head_epochs=1, epochs=1, class_weight={0: 2.0}, verbose=0
    )
    assert history.params["steps"] == 3 and len(history.history["val_loss"]) == 2


def test_what_is_said(capsys):
    model, (x, y) = ready(), images()
    history = transfer.fine_tune(model, x, y, head_epochs=1, epochs=1, lr=1e-2, verbose=2)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == str(history)
    best = f"best loss {history.best:.4f} in epoch {history.best_epoch + 1} ({history.phase[history.best_epoch]})"
    assert last == f"fine tuning: 4 of the 12 weights of the base changed; {best}"


BAD = [
    ({"epochs": -1}, ValueError, "epochs must be 0 or a positive int, got -1"),
    ({"head_epochs": 1.5}, ValueError, "head_epochs must be 0 or a positive int, got 1.5"),
    ({"epochs": 0, "head_epochs": 0}, ValueError, "both 0: there is nothing to do"),
    ({"epochs": [1, 2, 3]}, ValueError, "epochs must be as many as lr, 1, got 3"),
    ({"lr": 0}, ValueError, "lr must be a positive number, got 0"),
    ({"head_lr": "small"}, ValueError, "head_lr must be a positive number, got 'small'"),
    ({"unfreeze": 0.0}, ValueError, "unfreeze as a fraction must be above 0.0 and at most 1.0, got 0.0"),
    ({"unfreeze": "conv9"}, ValueError, "unfreeze: there is no layer 'conv9'"),
    ({"learning_rates": {"conv9": 1.0}}, ValueError, "no layer's name begins with 'conv9'"),
    ({"initial_epoch": 3}, ValueError, "initial_epoch is fine_tune's own"),
    ({"callbacks": callbacks.History()}, ValueError, "callbacks must not hold a History"),
    ({"head": "heads"}, ValueError, "there is no layer 'heads'"),
]


@pytest.mark.parametrize(("arguments", "error", "message"), BAD)
def test_errors(arguments, error, message):
    model, (x, y) = ready(), images()
    start = model.get_weights()
    with pytest.raises(error, match=message):
        transfer.fine_tune(model, x, y, verbose=0, **arguments)
    assert all(np.array_equal(a, b) for a, b in zip(start, model.get_weights(), strict=True))


def test_more_errors(tmp_path):
    model, (x, y) = ready(), images()
    with pytest.raises(NotImplementedError, match="BackupAndRestore is not supported by fine_tune"):
        transfer.fine_tune(model, x, y, callbacks=[callbacks.BackupAndRestore(tmp_path / "backup")])
    with pytest.raises(ValueError, match="'resnet' has no head to train"):
        transfer.fine_tune(resnet(top=False), x, y)
    with pytest.raises(ValueError, match="'s' is not built"):
        transfer.fine_tune(models.Sequential([layers.Dense(2)], name="s"), x, y)
