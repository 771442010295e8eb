"""fit, evaluate, predict, single batches: the loop, its order, its names."""

import signal

import numpy as np
import pytest
from training_networks import data, small, two_outputs

import fastcnn
from fastcnn import autograd, callbacks, layers, losses, metrics, ops, optimizers, random
from fastcnn.models.model import Model
from fastcnn.models.sequential import Sequential


@pytest.fixture(autouse=True)
def _seed():
    random.set_global_seed(7)


def test_steps_of_an_epoch():
    x, y = data(1000)
    history = small().fit(x, y, batch_size=100, epochs=2, verbose=0)
    assert history.params["steps"] == history.steps_per_epoch == 10
    assert history.epoch == [0, 1]
    assert history.history["loss"][1] < history.history["loss"][0]


@pytest.mark.parametrize(("size", "steps"), [(None, 4), (1, 100), ("full", 1), (1000, 1), (7, 15), (np.int64(50), 2)])
def test_batch_sizes(size, steps):
    x, y = data(100)
    model = small()
    model.fit(x, y, batch_size=size, verbose=0)
    assert int(model.optimizer.iterations) == steps


def test_full_batch_is_the_mean_of_the_samples_gradients():
    x, y = data(20)
    model = small(optimizer=optimizers.SGD(1.0))
    before = model.get_weights()
    total = [0.0] * 4
    for i in range(20):
        with autograd.GradientTape() as tape:
            loss = losses.SparseCategoricalCrossentropy()(y[i : i + 1], model(x[i : i + 1].astype("float32")))
        total = [t + g.numpy() / 20 for t, g in zip(total, tape.gradient(loss, model.trainable_variables), strict=True)]
    model.fit(x, y, batch_size="full", verbose=0)
    for b, a, g in zip(before, model.get_weights(), total, strict=True):
        np.testing.assert_allclose(b - a, g, atol=1e-6)


def test_logged_loss_weighs_the_last_batch_by_its_samples():
    x, y = data(10)
    model = small(optimizer=optimizers.SGD(0.0))
    logged = model.fit(x, y, batch_size=8, verbose=0).history["loss"][0]
    each = -np.log(model.predict(x, verbose=0)[np.arange(10), y])
    assert logged == pytest.approx(each.mean(), rel=1e-5)


@pytest.mark.parametrize("metric", ["acc", "accuracy", "ce", "sparse_categorical_accuracy"])
def test_metrics_are_logged_as_spelled(metric):
    x, y = data()
    history = small(metrics=[metric]).fit(x, y, validation_split=0.2, verbose=0)
    assert list(history.history) == [metric, "loss", f"val_{metric}", "val_loss"] or metric > "loss"
    assert set(history.history) == {metric, "loss", f"val_{metric}", "val_loss"}


def test_names_of_several_outputs():
    x, y = data()
    model = two_outputs(
        loss=["sparse_categorical_crossentropy", "mse"],
        loss_weights=[1.0, 0.5],
        metrics={"a": "acc", "b": ["mae", "mse"]},
    )
    logs = model.evaluate(x, [y, y * 1.0], verbose=0, return_dict=True)
    assert set(logs) == {"loss", "a_loss", "b_loss", "a_acc", "b_mae", "b_mse"}
    assert logs["loss"] == pytest.approx(logs["a_loss"] + 0.5 * logs["b_loss"], rel=1e-5)
    assert logs["b_loss"] == pytest.approx(logs["b_mse"], rel=1e-5)
    assert model.evaluate(x, [y, y * 1.0], verbose=0) == [
        logs[k] for k in ("loss", "a_loss", "b_loss", "a_acc", "b_mae", "b_mse")
    ]
    by_name = model.evaluate({"x": x}, {"b": y * 1.0, "a": y}, verbose=0, return_dict=True)
    assert by_name == logs
    a, b = model.predict(x, verbose=0)
    assert a.shape == (100, 3)
    assert b.shape == (100, 1)


def test_an_output_without_loss_needs_no_target():
    x, y = data()
    model = two_outputs(loss={"a": "sparse_categorical_crossentropy"})
    assert set(model.evaluate(x, y, verbose=0, return_dict=True)) == {"loss"}


def test_weighted_metrics_and_sample_weight():
    x, y = data(40)
    weight = np.where(np.arange(40) < 10, 1.0, 0.0)
    model = small(metrics=["acc"], weighted_metrics=["acc"])
    logs = model.evaluate(x, y, sample_weight=weight, verbose=0, return_dict=True)
    hits = model.predict(x, verbose=0).argmax(1) == y
    assert logs["acc"] == pytest.approx(hits.mean())
    assert logs["weighted_acc"] == pytest.approx(hits[:10].mean())


@pytest.mark.parametrize("one_hot", [False, True])
def test_class_weight_is_sample_weight_by_class(one_hot):
    x, y = data(64)
    runs = []
    for kind in ("class", "sample"):
        random.set_global_seed(7)
        model = small("categorical_crossentropy" if one_hot else "sparse_categorical_crossentropy")
        labels = np.eye(3, dtype=bool)[y] if one_hot else y
        given = {"class_weight": {1: 3.0}} if kind == "class" else {"sample_weight": np.where(y == 1, 3.0, 1.0)}
        model.fit(x, labels, verbose=0, **given)
        runs.append(np.concatenate([w.ravel() for w in model.get_weights()]))
    np.testing.assert_array_equal(*runs)


def test_regularizers_add_to_the_loss():
    x, y = data(8)
    model = Sequential([layers.Input((4,)), layers.Dense(1, kernel_regularizer="l2")])
    model.compile("sgd", "mse", metrics=["mse"])
    logs = model.evaluate(x, y * 1.0, verbose=0, return_dict=True)
    extra = 0.01 * (model.get_weights()[0] ** 2).sum()
    assert logs["loss"] == pytest.approx(logs["mse"] + extra, rel=1e-5)


@pytest.mark.parametrize(("freq", "epochs"), [(1, 3), (2, 1), ([1, 3], 2)])
def test_validation_freq(freq, epochs):
    x, y = data()
    history = small().fit(x, y, epochs=3, validation_data=(x, y), validation_freq=freq, verbose=0).history
    assert len(history["val_loss"]) == epochs


def test_no_epochs_build_the_model_and_train_nothing():
    x, y = data()
    model = small()
    before = model.get_weights()
    history = model.fit(x, y, epochs=0, validation_split=0.1, verbose=0)
    assert (history.history, history.epoch, history.params["epochs"]) == ({}, [], 0)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    unbuilt = Sequential([layers.Dense(1)])
    unbuilt.compile("sgd", "mse")
    unbuilt.fit(x, y, epochs=0, verbose=0)
    assert unbuilt.built
    assert len(unbuilt.fit(x, y, epochs=1, verbose=0).history["loss"]) == 1


def test_initial_epoch_and_stop_training():
    class Stop(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    x, y = data()
    assert small().fit(x, y, initial_epoch=3, epochs=5, verbose=0).epoch == [3, 4]
    model = small()
    assert model.fit(x, y, epochs=5, verbose=0, callbacks=Stop()).epoch == [0]
    assert int(model.optimizer.iterations) == 2


def test_hooks_and_their_order():
    seen = []

    class Watch(callbacks.Callback):
        pass

    for hook in [name for name in vars(callbacks.Callback) if name.startswith("on_") and "_batch_" not in name]:
        setattr(Watch, hook, lambda self, *a, hook=hook, **k: seen.append(hook))
    x, y = data()
    model = small()
    model.fit(x, y, validation_data=(x, y), verbose=0, callbacks=[Watch()])
    assert seen == [
        "on_train_begin", "on_epoch_begin", "on_test_begin", "on_test_end", "on_epoch_end", "on_train_end"
    ]  # fmt: skip
    seen.clear()
    model.predict(x, verbose=0, callbacks=[Watch()])
    assert seen == ["on_predict_begin", "on_predict_end"]


def test_steps_per_execution_groups_batches():
    seen = []

    class Watch(callbacks.Callback):
        def on_batch_begin(self, batch, logs=None):
            seen.append(batch)

        def on_train_batch_end(self, batch, logs=None):
            seen.append(batch)

    x, y = data()
    small(steps_per_execution=3).fit(x, y, batch_size=20, verbose=0, callbacks=[Watch()])
    assert seen == [0, 2, 3, 4]


class Own(Model):
    """A train_step as Keras users write it."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(3, activation="softmax")
        self.mean = metrics.Mean(name="own_loss")
        self.hits = metrics.SparseCategoricalAccuracy(name="hits")

    def call(self, x):
        return self.dense(x)

    def train_step(self, batch):
        x, y = batch
        with fastcnn.autograd.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        variables = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        for metric in self.metrics:
            if metric.name == "own_loss":
                metric.update_state(loss)
            elif metric.name == "hits":
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in (self.mean, self.hits)}


def test_train_step_of_ones_own():
    x, y = data()
    model = Own()
    model.compile(optimizers.Adam(0.05), "sparse_categorical_crossentropy")
    history = model.fit(x, y, epochs=5, verbose=0).history
    assert set(history) == {"own_loss", "hits"}
    assert history["own_loss"][-1] < history["own_loss"][0]
    assert "anything" in model.expected_logs()


def test_compute_loss_of_ones_own():
    class Half(Model):
        def call(self, x):
            return x

        def compute_loss(self, x, y, y_pred, sample_weight):
            return ops.mean(y_pred) * 0.5

    model = Half()
    model.compile("sgd")
    assert model.evaluate(np.ones((3, 2)), verbose=0) == 0.5


def test_single_batches():
    x, y = data(32)
    model = small(metrics=["acc"])
    first = model.train_on_batch(x, y, return_dict=True)
    assert set(first) == {"loss", "acc"}
    model.reset_metrics()
    loss, acc = model.test_on_batch(x, y)
    assert loss < first["loss"]
    assert acc == pytest.approx((model.predict_on_batch(x).argmax(1) == y).mean())
    model.train_on_batch(x, y, class_weight={0: 2.0})
    assert int(model.optimizer.iterations) == 2


def test_predict_in_batches_is_predict_at_once():
    x, _ = data(70)
    model = small()
    whole = model.predict(x.astype("float32"), batch_size=70)
    for size in (1, 32, 64):
        np.testing.assert_array_equal(model.predict(x, batch_size=size, verbose=0), whole)
    np.testing.assert_array_equal(model.predict((x[i : i + 7] for i in range(0, 70, 7)), verbose=0), whole)
    whole[0] = 0.0  # it is the user's own


def test_trainable_takes_effect_without_compile():
    x, y = data()
    model = small()
    model.fit(x, y, verbose=0)
    model.layers[0].trainable = False
    frozen, free = model.get_weights()[0], model.get_weights()[2]
    model.fit(x, y, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], frozen)
    assert (model.get_weights()[2] != free).any()


def test_ctrl_c_ends_fit_between_steps():
    x, y = data(4000)
    model = small(optimizer="adam")

    def press(number, frame):
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGALRM, press)
    try:
        for delay in (0.02, 0.03, 0.05):
            signal.setitimer(signal.ITIMER_REAL, delay)
            with pytest.raises(KeyboardInterrupt):
                model.fit(x, y, batch_size=4, epochs=1000, verbose=0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert isinstance(model.history, callbacks.History)
    assert np.isfinite(model.evaluate(x, y, verbose=0))
    model.fit(x, y, verbose=0)


def test_a_second_ctrl_c_does_not_wait():
    from fastcnn.training.interrupts import Interrupts

    with Interrupts() as interrupts:
        interrupts.busy = True
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            interrupts.check()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_nan_is_told_once():
    x, y = data()
    x[50] = np.nan
    with pytest.warns(
        RuntimeWarning, match=r"the loss is nan since step \d+ of epoch 1: lower the learning_rate"
    ) as seen:
        small().fit(x, y, epochs=2, verbose=0)
    assert len(seen) == 1


def test_copies_go_on_alike():
    import copy
    import pickle

    x, y = data()
    model = small(optimizer=optimizers.Adam(0.02), metrics=["acc"])
    model.fit(x, y, verbose=0)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert int(other.optimizer.iterations) == 4
        random.set_global_seed(1)
        other.fit(x, y, verbose=0)
        before = [w.copy() for w in other.get_weights()]
        assert (before[0] != model.get_weights()[0]).any()
        original = pickle.loads(pickle.dumps(model))
        random.set_global_seed(1)
        original.fit(x, y, verbose=0)
        for a, b in zip(before, original.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_predict_from_several_threads():
    from concurrent.futures import ThreadPoolExecutor

    x, _ = data(64)
    model = small()
    whole = model.predict(x, verbose=0)
    with ThreadPoolExecutor(4) as pool:
        for i, found in enumerate(pool.map(lambda i: model.predict(x[i : i + 1]), range(64))):
            np.testing.assert_array_equal(found[0], whole[i])


def test_validation_does_not_disturb_training():
    x, y = data()
    runs = []
    for held in (None, (x, y)):
        random.set_global_seed(7)
        model = small()
        history = model.fit(x, y, epochs=2, validation_data=held, verbose=0).history
        runs.append((history["loss"], model.get_weights()[0].tolist()))
    assert runs[0] == runs[1]


class Adds(layers.Layer):
    def __init__(self, training_only=False):
        super().__init__()
        self.training_only = training_only

    def call(self, x, training=None):
        if training or not self.training_only:
            self.add_loss(0.1 * ops.sum(ops.square(x)))
        return x


@pytest.mark.parametrize("made", [lambda: layers.ActivityRegularization(l2=0.1), Adds])
def test_what_layers_add_to_the_loss_counts_in_evaluation(made):
    x, y = data(20)
    model = Sequential([layers.Input((4,)), made(), layers.Dense(4, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["sparse_categorical_crossentropy"])
    added = [0.1 * (x[i : i + 8].astype("float32") ** 2).sum() for i in (0, 8, 16)]
    if not isinstance(model.layers[0], Adds):
        added = [value / n for value, n in zip(added, (8, 8, 4), strict=True)]  # a regularizer's is a sample's
    plain = np.average(added, weights=(8, 8, 4))
    loss, alone = model.evaluate(x, y, batch_size=8, verbose=0)
    assert loss - alone == pytest.approx(plain, rel=1e-4)
    history = model.fit(x, y, batch_size=8, validation_data=(x, y), verbose=0).history
    assert history["val_loss"][0] - history["val_sparse_categorical_crossentropy"][0] == pytest.approx(plain, rel=1e-4)
    model.reset_metrics()
    loss, alone = model.test_on_batch(x[:8], y[:8])
    assert loss - alone == pytest.approx(added[0], rel=1e-4)


def test_what_was_added_while_training_is_not_the_tests_loss():
    x, y = data(16)
    model = Sequential([layers.Input((4,)), Adds(training_only=True), layers.Dense(4, activation="softmax")])
    model.compile("sgd", "mse")
    y = np.ones((16, 4))
    before = model.evaluate(x, y, verbose=0)
    model(x, training=True)
    assert model.losses
    model.reset_metrics()
    assert model.test_on_batch(x, y) == before


def test_several_outputs_are_evaluated_in_keras_order():
    x, y = data(20)
    start = layers.Input((4,))
    outputs = [layers.Dense(3, activation="softmax", name="z")(start), layers.Dense(1, name="a")(start)]
    model = Model(start, outputs)
    model.compile("sgd", ["sparse_categorical_crossentropy", "mse"], metrics=[["accuracy"], ["mae"]])
    logs = model.evaluate(x, [y, y], verbose=0, return_dict=True)
    order = ["loss", "z_loss", "a_loss", "a_mae", "z_accuracy"]
    assert model.evaluate(x, [y, y], verbose=0) == [logs[name] for name in order]
    history = model.fit(x, [y, y], validation_data=(x, [y, y]), verbose=0).history
    assert list(history) == sorted(history) and len(history) == 10


@pytest.mark.parametrize("eagerly", [False, True])
def test_a_loss_for_each_sample_trains_by_its_sum_and_is_logged_as_its_mean(eagerly):
    x = np.random.default_rng(0).normal(size=(8, 3))
    summed, kept = [Sequential([layers.Input((3,)), layers.Dense(1, kernel_initializer="ones")]) for _ in range(2)]
    summed.compile(optimizers.SGD(0.01), losses.MeanSquaredError(reduction="sum"), run_eagerly=eagerly)
    kept.compile(optimizers.SGD(0.01), losses.MeanSquaredError(reduction=None), run_eagerly=eagerly)
    logs = [model.fit(x, x[:, :1], batch_size=4, epochs=3, shuffle=False, verbose=0) for model in (summed, kept)]
    np.testing.assert_allclose(kept.get_weights()[0], summed.get_weights()[0], rtol=1e-5)
    np.testing.assert_allclose(np.array(logs[1].history["loss"]) * 4, logs[0].history["loss"], rtol=1e-5)


def test_a_loss_of_one_number_is_multiplied_by_the_mean_weight():
    model = Sequential([layers.Input((3,)), layers.Dense(1, kernel_initializer="ones")])
    model.compile(optimizers.SGD(0.0), lambda t, p: ops.mean(ops.square(t - p)))
    x, weights = np.ones((8, 3)), np.arange(8.0)
    assert model.evaluate(x, np.ones((8, 1)), sample_weight=weights, verbose=0) == pytest.approx(4 * 3.5)
    assert model.fit(x, np.ones((8, 1)), sample_weight=weights, verbose=0).history["loss"] == pytest.approx([4 * 3.5])
    weighed = model.fit(x, np.ones((8, 1)), class_weight={1: 2.0}, verbose=0)
    assert weighed.history["loss"] == pytest.approx([8.0])


def test_nothing_to_learn_is_warned_of():
    x, y = data(64)
    model = small()
    model.trainable = False
    with pytest.warns(
        UserWarning, match="the model has no trainable weights: fit learns nothing. Set trainable"
    ) as seen:
        model.fit(x, y, epochs=3, verbose=0)
    assert len(seen) == 1 and seen[0].filename == __file__


def test_validation_without_targets():
    class Small(layers.Layer):
        def call(self, x):
            self.add_loss(ops.mean(x * x))
            return x

    model = Sequential([layers.Input((4,)), layers.Dense(2), Small()])
    model.compile("sgd")
    x = np.ones((8, 4), "float32")
    for held in (x, (x,), (x, None)):
        assert sorted(model.fit(x, validation_data=held, verbose=0).history) == ["loss", "val_loss"]
