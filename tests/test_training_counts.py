"""What a training program counts for the logs is what the metrics would have counted."""

import numpy as np
import pytest

from fastcnn import layers, losses, metrics, models, utils
from fastcnn.metrics import BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy
from fastcnn.plan import stepping
from fastcnn.training import arrays

RNG = np.random.default_rng(4)


def train(shape, units, activation, loss, y, made, eager, weighted=None, **options):
    """The logs of two epochs, and the names of the metrics that a program counted."""
    utils.set_random_seed(2)
    model = models.Sequential([layers.Input(shape), layers.Dense(6), layers.Dense(units, activation)])
    model.compile("sgd", loss, metrics=made, weighted_metrics=weighted, run_eagerly=eager)
    x = np.random.default_rng(1).normal(size=(len(y), *shape)).astype("float32")
    history = model.fit(x, y, batch_size=8, epochs=2, verbose=0, **options).history
    steps = list(stepping.plans_of(model).training.values())
    listed = model._compile_metrics.metrics if made or weighted else []
    return history, [m.name for m in listed if steps and id(m) in steps[0].counted]


CASES = {
    "sparse": ((5,), 4, "softmax", "sparse_categorical_crossentropy", RNG.integers(0, 4, 20)),
    "sparse, a column": ((5,), 4, "softmax", "sparse_categorical_crossentropy", RNG.integers(0, 4, (20, 1))),
    "categorical": ((5,), 4, "softmax", "categorical_crossentropy", np.eye(4)[RNG.integers(0, 4, 20)]),
    "binary": ((5,), 1, "sigmoid", "binary_crossentropy", RNG.integers(0, 2, 20)),
    "binary, floats": ((5,), 1, "sigmoid", "binary_crossentropy", RNG.integers(0, 2, (20, 1)).astype("float32")),
    "pixels": ((3, 2, 5), 4, "softmax", "sparse_categorical_crossentropy", RNG.integers(0, 4, (20, 3, 2))),
}


@pytest.mark.parametrize("case", CASES)
def test_accuracy_is_counted_as_the_metric_counts(case):
    shape, units, activation, loss, y = CASES[case]

    def run(eager):
        return train(shape, units, activation, loss, y, ["accuracy"], eager)

    (history, counted), (expected, none) = run(False), run(True)
    assert history == expected and set(history) == {"loss", "accuracy"}
    assert counted == ["accuracy"] and none == []


@pytest.mark.parametrize(
    ("made", "y"),
    [
        (lambda: [BinaryAccuracy(threshold=0.3)], RNG.integers(0, 2, (20, 4)).astype("float32")),
        (lambda: [CategoricalAccuracy(), "mae"], np.eye(4, dtype="float32")[RNG.integers(0, 4, 20)]),
        (lambda: [metrics.TopKCategoricalAccuracy(k=2), CategoricalAccuracy(name="top")], np.eye(4)[[1, 2] * 10]),
    ],
)
def test_others_run_as_they_are_beside_what_is_counted(made, y):
    def run(eager):
        return train((5,), 4, "sigmoid", "mse", y, made(), eager)

    (history, counted), (expected, _) = run(False), run(True)
    assert history == expected
    assert len(counted) == 1


def test_outputs_that_are_no_numbers_count_as_in_numpy():
    x, y = RNG.normal(size=(16, 5)).astype("float32"), np.zeros(16, int)
    x[::3] = np.nan

    def run(eager):
        utils.set_random_seed(2)
        model = models.Sequential([layers.Input((5,)), layers.Dense(4, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=eager)
        return model.train_on_batch(x, y, return_dict=True)["accuracy"]

    assert run(False) == run(True) >= 6 / 16  # NumPy's greatest is the first that is NaN


def test_weighted_metrics_and_sample_weights_stay_in_python():
    y, weights = RNG.integers(0, 4, 20), RNG.random(20).astype("float32")

    def run(eager):
        options = {"weighted": ["accuracy"], "sample_weight": weights}
        return train((5,), 4, "softmax", "sparse_categorical_crossentropy", y, ["accuracy"], eager, **options)

    (history, counted), (expected, _) = run(False), run(True)
    assert history == expected and history["accuracy"] != history["weighted_accuracy"]
    assert counted == ["accuracy"]


def test_several_outputs_each_count_their_own():
    def run(eager):
        utils.set_random_seed(2)
        x = start = layers.Input((5,))
        outputs = [layers.Dense(n, activation="softmax", name=f"out{n}")(x) for n in (3, 4)]
        model = models.Model(start, outputs)
        model.compile("sgd", ["sparse_categorical_crossentropy"] * 2, metrics=[["accuracy"]] * 2, run_eagerly=eager)
        y = [np.arange(20) % 3, np.arange(20) % 4]
        data = np.random.default_rng(1).normal(size=(20, 5)).astype("float32")
        return model.fit(data, y, batch_size=8, verbose=0).history

    history = run(False)
    assert history == run(True)
    assert {"out3_loss", "out4_loss", "out3_accuracy", "out4_accuracy", "loss"} == set(history)


def test_metrics_of_ones_own_count_for_themselves():
    class Own(models.Sequential):
        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            return {**super().compute_metrics(x, y, y_pred, sample_weight), "own": float(y_pred.numpy().max())}

    class Half(SparseCategoricalAccuracy):
        def update_state(self, y_true, y_pred, sample_weight=None):
            super().update_state(y_true, y_pred, sample_weight)
            self.total.assign(self.total.array / 2)

    x, y = RNG.normal(size=(8, 5)).astype("float32"), np.arange(8) % 4
    model = Own([layers.Input((5,)), layers.Dense(4, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    assert 0 < model.train_on_batch(x, y, return_dict=True)["own"] <= 1
    (step,) = stepping.plans_of(model).training.values()
    assert step.counted is None
    model = models.Sequential(model.layers)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=[Half(name="half"), "accuracy"])
    logs = model.train_on_batch(x, y, return_dict=True)
    assert logs["half"] == logs["accuracy"] / 2


def test_resetting_in_between_starts_anew():
    model = models.Sequential([layers.Input((5,)), layers.Dense(4, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x = RNG.normal(size=(8, 5)).astype("float32")
    right = model(x).numpy().argmax(1)
    assert model.train_on_batch(x, right, return_dict=True)["accuracy"] == 1
    model.reset_metrics()

    def step(y):
        return float(model.train_step(arrays.tensors((x, y)))["accuracy"])

    assert step((right + 1) % 4) == 0
    assert step(model(x).numpy().argmax(1)) == 0.5


@pytest.mark.parametrize("eager", [False, True])
def test_single_batches_tell_of_themselves_alone(eager):
    model = models.Sequential([layers.Input((5,)), layers.Dense(4, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=eager)
    x = RNG.normal(size=(8, 5)).astype("float32")
    for method in (model.train_on_batch, model.test_on_batch):
        right = model(x).numpy().argmax(1)
        wrong = (right + 1) % 4
        expected = float(losses.sparse_categorical_crossentropy(wrong, model(x)).numpy().mean())
        assert method(x, right, return_dict=True)["accuracy"] == 1
        if method == model.test_on_batch:
            loss, accuracy = method(x, wrong)
            assert accuracy == 0 and loss == pytest.approx(expected)
        else:
            assert method(x, (model(x).numpy().argmax(1) + 1) % 4)[1] == 0
