"""What training refuses once it has seen a batch: outputs without targets, weights given twice, steps that return no logs."""

import numpy as np
import pytest

from fastcnn import Model, Sequential, layers, utils

X, Y = np.ones((8, 3), np.float32), np.zeros((8, 2), np.float32)


class Batch(utils.PyDataset):
    def __init__(self, *batch):
        super().__init__()
        self.batch = batch

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return self.batch


def one(**kwargs):
    model = Sequential([layers.Input((3,)), layers.Dense(2)])
    model.compile("sgd", **kwargs)
    return model


def two(**kwargs):
    x = layers.Input((3,))
    model = Model(x, {name: layers.Dense(2, name=name)(x) for name in ("p", "q")})
    model.compile("sgd", **kwargs)
    return model


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: one(loss=["mse", "mae"], loss_weights=[1.0]), "loss_weights must be as many as the losses, 2, got 1"),
        (lambda: one(loss="no_such_loss"), "there is no loss 'no_such_loss'"),
        (lambda: two(loss="mse").fit(X, {"p": Y}), "the output 'q' has a loss, but there is no y for it"),
        (
            lambda: two(loss={"p": "mse"}, metrics={"q": ["mae"]}).fit(X, {"p": Y}),
            "metrics names the output 'q', but there is no y for it",
        ),
        (
            lambda: two(loss={"p": "mse"}, weighted_metrics={"q": ["mae"]}).fit(X, {"p": Y}),
            "weighted_metrics names the output 'q', but there is no y for it",
        ),
        (lambda: two(loss="mse").fit(X, [Y, Y, Y]), r"y must have an entry for each of the outputs .* got 3"),
        (lambda: two(metrics={"p": ["mae"]}).evaluate(X, [Y, Y, Y]), "for each of the outputs .* got 3"),
        (lambda: one(loss="mse").fit(Batch(X), class_weight={0: 1.0}), "class_weight needs y"),
        (
            lambda: one(loss="mse").fit(Batch(X, Y, np.ones(8)), class_weight={0: 1.0}),
            "class_weight and sample_weight cannot both be given: multiply them into sample_weight",
        ),
    ],
)
def test_what_a_batch_shows(run, message):
    with pytest.raises(ValueError, match=message):
        model = run()
        model.fit(X, Y, verbose=0)


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
@pytest.mark.parametrize("method", ["evaluate", "predict"])
def test_an_iterable_without_batches(method):
    with pytest.raises(ValueError, match="x is empty: it gave no batch"):
        getattr(one(loss="mse"), method)(iter([]), verbose=0)


@pytest.mark.parametrize(("step", "run"), [("train_step", Model.fit), ("test_step", Model.evaluate)])
def test_a_step_of_ones_own_that_returns_no_dict(step, run):
    class Mine(Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    setattr(Mine, step, lambda self, data: 3.0)
    model = Mine()
    model.compile("sgd", "mse")
    with pytest.raises(TypeError, match="train_step and test_step must return a dict of names and numbers, got float"):
        run(model, X, Y, verbose=0)


@pytest.mark.parametrize("shape", [(8, 2, 2), (8, 2, 2, 1), (8, 2, 2, 3)])
def test_classes_of_pixels_have_no_class_weight(shape):
    model = Sequential([layers.Input((2, 2, 4)), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "categorical_crossentropy" if shape[-1] == 3 else "sparse_categorical_crossentropy")
    x, y = np.ones((8, 2, 2, 4)), np.zeros(shape, int)
    with pytest.raises(ValueError, match=r"class_weight needs one class for each sample, got y of shape \(8, 2, 2"):
        model.fit(x, y, class_weight={0: 2.0}, verbose=0)
