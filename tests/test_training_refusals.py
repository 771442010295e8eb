"""What training refuses once it has seen a batch, and what it says of it; what functions are called in the logs."""

import numpy as np
import pytest

from fastcnn import Model, Sequential, layers, ops, utils

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
    ("channels", "given", "hint"),
    [
        (3, (6, 5, 3), "one sample needs a batch axis too, as np.expand_dims(x, 0) makes it"),
        (1, (6, 5, 1), "one sample needs a batch axis too, as np.expand_dims(x, 0) makes it"),
        (
            1,
            (6, 5),
            "one sample needs axes for the batch and the channel too, as np.expand_dims(x, (0, -1)) makes them",
        ),
        (1, (2, 7, 5), None),
        (1, (4, 30), "x.reshape((-1, 6, 5, 1)) makes such samples of rows"),
        (1, (4, 6, 5, 3), "these are in colour; color_mode='grayscale' reads them in grey"),
        (3, (4, 6, 5, 1), "these are in grey; np.repeat(x, 3, axis=-1) makes three channels of one"),
        (3, (4, 6, 5, 4), "the fourth channel is alpha; x[..., :3] leaves it out"),
        (3, (4, 6, 5, 2), None),
    ],
)
def test_one_picture_without_a_batch(channels, given, hint):
    model = Sequential([layers.Input((6, 5, channels)), layers.Conv2D(2, 3)])
    message = f"sequential: input 'input_layer' expected shape (None, 6, 5, {channels}), got {given}"
    for call in (model.predict, model):
        with pytest.raises(ValueError) as raised:
            call(np.zeros(given, np.float32))
        assert str(raised.value).replace(model.name, "sequential").replace(model.inputs[0].name, "input_layer") == (
            message if hint is None else f"{message}: {hint}"
        )


def test_a_path_in_place_of_a_picture():
    with pytest.raises(TypeError, match="x must be an array, got the str 'cat.jpg'; utils.load_img reads a picture's"):
        one(loss="mse").predict("cat.jpg")


def test_functions_are_called_in_the_logs_as_in_keras():
    def RMSE(y_true, y_pred):
        return ops.sqrt(ops.mean((y_true - y_pred) ** 2))

    history = one(loss="mse", metrics=[RMSE, lambda t, p: ops.mean(p), "MSE"]).fit(X, Y, verbose=0).history
    assert sorted(history) == ["MSE", "lambda", "loss", "rmse"]


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


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"loss": lambda t, p: None}, "loss '<lambda>' must return numbers computed from y_pred, got None"),
        (
            {"loss": "mse", "metrics": [lambda t, p: None]},
            "metric 'lambda': the function must return numbers, got None",
        ),
        (
            {"loss": "mse", "metrics": [lambda t, p: "0.5"]},
            "metric 'lambda': the function must return numbers, got '0.5",
        ),
    ],
)
def test_functions_that_return_no_number(kwargs, message):
    with pytest.raises(TypeError, match=message):
        one(**kwargs).fit(X, Y, verbose=0)


@pytest.mark.parametrize("given", [None, "cat.jpg"])
def test_what_a_model_is_called_on(given):
    with pytest.raises(TypeError, match=r"input '\w+' must be an array or a tensor, got "):
        one(loss="mse")(given)


def test_a_softmax_of_one_number_is_warned_of():
    with pytest.warns(
        UserWarning, match=r"softmax over axis -1 of a tensor of shape \(8, 1\) is 1 everywhere; did you"
    ):
        layers.Dense(1, activation="softmax")(X)


def test_classes_as_probabilities_where_labels_are_wanted():
    from fastcnn import metrics

    with pytest.raises(
        ValueError, match="y_true holds 4 labels and y_pred 12; one number for each class needs sparse_y_p"
    ):
        metrics.MeanIoU(3)(np.zeros(4), np.ones((4, 3)))


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("predict_classes", r"model.predict\(x\).argmax\(axis=-1\), or"),
        ("predict_proba", r"model.predict\(x\)"),
        ("fit_generator", r"model.fit\(batches\)"),
        ("evaluate_generator", r"model.evaluate\(batches\)"),
    ],
)
def test_methods_of_keras_2_say_what_to_write(name, instead):
    model = Sequential([layers.Input((2,)), layers.Dense(1)])
    with pytest.raises(AttributeError, match=f"'Sequential' object has no attribute '{name}'; write {instead}"):
        getattr(model, name)
    assert not hasattr(model, name)
