"""What compile and fit refuse before anything is computed, and compile's config."""

import numpy as np
import pytest
from training_networks import data, small, two_outputs

from fastcnn import callbacks, layers, metrics, optimizers
from fastcnn.models.sequential import Sequential


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"epochs": -1}, ValueError, "epochs must be an int of at least 0, got -1"),
        ({"initial_epoch": -1}, ValueError, "initial_epoch must be an int of at least 0"),
        ({"batch_size": 0}, ValueError, "batch_size must be a positive int, 'full' or None, got 0"),
        ({"validation_split": 1.5}, ValueError, "validation_split must be between 0 and 1, got 1.5"),
        ({"validation_split": "0.1"}, ValueError, "validation_split must be between 0 and 1, got '0.1'"),
        ({"batch_size": np.ones(3)}, TypeError, r"batch_size must be a positive int, got an array of shape \(3,\)"),
        (
            {"validation_batch_size": 0},
            ValueError,
            "validation_batch_size must be a positive int, 'full' or None, got 0",
        ),
        ({"class_weight": {0: "2"}}, TypeError, "class_weight must have numbers as values, got '2' for class 0"),
        ({"class_weight": {1: None}}, TypeError, "class_weight must have numbers as values, got None for class 1"),
        ({"callback": []}, TypeError, "Sequential.fit got an unknown argument 'callback'. Did you mean 'callbacks'"),
        ({"validation_split": 0.999}, ValueError, "leaves one side of 100 samples empty"),
        ({"validation_freq": 0}, ValueError, "validation_freq must be a positive int or a list of epochs, got 0"),
        ({"validation_data": (1,)}, ValueError, "validation_data must be"),
        ({"verbose": 3}, ValueError, "verbose must be 'auto', 0, 1 or 2, got 3"),
        ({"shuffle": "yes"}, ValueError, "shuffle must be True, False or 'batch', got 'yes'"),
        ({"steps_per_epoch": 0}, ValueError, "steps_per_epoch must be a positive int or None, got 0"),
        ({"class_weight": [1, 2]}, TypeError, "class_weight must be a dict of class: weight, got list"),
        ({"class_weight": {"a": 2}}, TypeError, "integer classes as keys, got 'a'"),
        ({"class_weight": {0: 2.0}, "sample_weight": np.ones(100)}, ValueError, "cannot both be given"),
        ({"callbacks": [3]}, TypeError, "callbacks must be objects of classes derived from Callback, got 3"),
        ({"callbacks": [callbacks.History]}, TypeError, "got the class History"),
        ({"y": None}, ValueError, "y is missing"),
        ({"validation_data": data()[0]}, ValueError, r"y is missing.* validation_data as \(x_val, y_val\)"),
    ],
)
def test_what_fit_refuses(arguments, error, message):
    x, y = data()
    with pytest.raises(error, match=message):
        small().fit(**{"x": x, "y": y, "verbose": 0, **arguments})


def test_what_compile_refuses():
    x, y = data()
    with pytest.raises(ValueError, match=r"fit needs a compiled model: call model.compile"):
        Sequential([layers.Dense(3)]).fit(x, y)
    with pytest.raises(ValueError, match="there is no loss 'catgorical_crossentropy'. Did you mean"):
        small("catgorical_crossentropy")
    with pytest.raises(ValueError, match="steps_per_execution must be a positive int, got 0"):
        small(steps_per_execution=0)
    with pytest.raises(TypeError, match=r"metrics must be a list, tuple or dict, got 'acc'; write metrics=\['acc'\]"):
        small(metrics="acc")
    for some in (["acuracy"], [["acuracy"]], {"a": ["mse", "acuracy"]}):
        with pytest.raises(ValueError, match="there is no metric 'acuracy'."):
            small(metrics=some)
    with pytest.raises(TypeError, match="loss_weights must be a number, or a list or dict of numbers, got str"):
        small(loss_weights="1")
    with pytest.raises(TypeError, match=r"loss_weights must be .*, got \['acc'\]; metrics .* metrics=\['acc'\]"):
        small(loss_weights=["acc"])
    with pytest.raises(TypeError, match="Sequential.compile got an unknown argument 'metric'. Did you mean 'metrics'"):
        small(metric=["acc"])
    for loss in (3, metrics.Accuracy(), [metrics.Accuracy()]):
        with pytest.raises(TypeError, match="loss must be a name, a function or a Loss, got "):
            small(loss)
    with pytest.raises(ValueError, match="there is no loss 'msee'"):
        small({"a": "msee"})
    with pytest.raises(TypeError, match="cannot make an optimizer of 3"):
        small(optimizer=3)
    with pytest.raises(ValueError, match="there is no loss to train on"):
        small(None).fit(x, y, verbose=0)
    with pytest.raises(TypeError, match="evaluate got an unknown argument 'batch'"):
        small().evaluate(x, y, batch=3)


@pytest.mark.parametrize(
    ("kwargs", "targets", "message"),
    [
        ({"loss": ["mse"]}, 2, r"loss must have an entry for each of the outputs \['a', 'b'\], got 1"),
        ({"loss": {"a": "mse", "c": "mse"}}, 2, "loss has the key 'c', but the outputs are"),
        ({"loss": "mse", "loss_weights": 0.5}, 2, "loss_weights must be a list or dict with an entry for each"),
        ({"loss": "mse", "metrics": ["acc"]}, 2, "metrics must have an entry for each of the outputs"),
        ({"loss": "mse", "metrics": [["mae", None], None]}, 2, "metrics has None among its entries; leave it out"),
        ({"loss": "mse"}, 1, "y must have an entry for each of the outputs"),
        ({"loss": "mse"}, 3, r"y must have an entry for each of the outputs \['a', 'b'\], got 3"),
    ],
)
def test_what_several_outputs_refuse(kwargs, targets, message):
    x, y = data()
    given = [np.zeros((100, 3)), y * 1.0, y][:targets]
    with pytest.raises(ValueError, match=message):
        two_outputs(**kwargs).fit(x, given if targets > 1 else y, verbose=0)


@pytest.mark.filterwarnings("ignore:softmax over axis -1")
def test_head_loss_and_labels_are_compared():
    x, y = data()
    with pytest.raises(ValueError, match="sparse"):
        small("categorical_crossentropy").fit(x, y, verbose=0)
    with pytest.raises(ValueError, match="one unit"):
        small("categorical_crossentropy", classes=1).fit(x, np.eye(3)[y], verbose=0)
    with pytest.raises(ValueError, match="3"):
        small().evaluate(x, y + 1, verbose=0)


def test_compile_config_round_trip():
    model = small(optimizer=optimizers.Adam(0.02), metrics=["acc", metrics.TopKCategoricalAccuracy(k=2, name="top")])
    config = model.get_compile_config()
    other = small()
    other.compile_from_config(config)
    assert isinstance(other.optimizer, optimizers.Adam)
    assert other.optimizer.built
    assert float(other.optimizer.learning_rate) == pytest.approx(0.02)
    assert other.get_compile_config()["metrics"][0] == "acc"
    assert Sequential([layers.Dense(1)]).get_compile_config() is None
