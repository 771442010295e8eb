"""Optimizers, random generators and a training's state through files and back."""

import warnings

import numpy as np
import pytest
from saved_models import MODELS, cnn, randomized, same

from fastcnn import layers, losses, models, ops, optimizers
from fastcnn.saving import load_model, restore, save_model
from fastcnn.saving.variables import named_seeds

pytest.importorskip("h5py")


@pytest.mark.parametrize("suffix", MODELS)
def test_optimizer(tmp_path, suffix):
    model = randomized(cnn())
    model.compile(optimizer="adam", loss="categorical_crossentropy")
    model.optimizer.build(model.trainable_variables)
    rng = np.random.default_rng(0)
    for v in model.optimizer.variables[2:]:
        v.assign(rng.random(v.shape))
    model.optimizer.iterations.assign(17)
    path = tmp_path / f"m{suffix}"
    model.save(path)
    loaded = load_model(path)
    assert loaded.compiled
    assert type(loaded.optimizer) is type(model.optimizer)
    mine, theirs = model.optimizer.variables, loaded.optimizer.variables
    assert same([v.numpy() for v in theirs], [v.numpy() for v in mine])
    assert load_model(path, compile=False).optimizer is None
    model.save(path, include_optimizer=False)
    assert load_model(path).optimizer is None


@pytest.mark.parametrize("suffix", MODELS)
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_compiled_but_never_trained(tmp_path, suffix, optimizer):
    model = models.Sequential([layers.Input((6,)), layers.Dense(4, activation="relu"), layers.Dense(2)])
    model.compile(optimizer=optimizer, loss="mse")
    model.optimizer.learning_rate.assign(0.25)
    model.save(tmp_path / f"m{suffix}")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = load_model(tmp_path / f"m{suffix}")
    assert float(loaded.optimizer.learning_rate) == 0.25
    x, y = np.eye(6, dtype=np.float32), np.ones((6, 2), np.float32)
    histories = [m.fit(x, y, shuffle=False, verbose=0, epochs=2).history for m in (model, loaded)]
    assert histories[0] == histories[1]
    assert same([v.numpy() for v in loaded.optimizer.variables], [v.numpy() for v in model.optimizer.variables])


def test_another_optimizer_warns(tmp_path):
    model = cnn()
    model.compile(optimizer="adam", loss="mse")
    model.optimizer.build(model.trainable_variables)
    model.save_weights(tmp_path / "m.weights.h5")
    model.compile(optimizer="sgd", loss="mse")
    with pytest.warns(UserWarning, match="state of the optimizer was not loaded"):
        model.load_weights(tmp_path / "m.weights.h5")


def test_random_generators_and_training_state(tmp_path):
    model = cnn()
    (seed,) = named_seeds(model).values()
    seed.assign([123, 456])
    state = {
        "epoch": 3,
        "best": float("inf"),
        "history": {"loss": [1.0, 0.5]},
        "w": np.arange(3.0),
        "none": None,
        "n": np.int64(2),
    }
    save_model(model, tmp_path / "m.fastcnn", training_state=state)
    loaded = load_model(tmp_path / "m.fastcnn")
    assert next(iter(named_seeds(loaded).values())).numpy().tolist() == [123, 456]
    other = randomized(cnn(), 5)
    back = restore(other, tmp_path / "m.fastcnn")
    assert back.pop("w").tolist() == [0, 1, 2]
    assert back == {"epoch": 3, "best": float("inf"), "history": {"loss": [1.0, 0.5]}, "none": None, "n": 2}
    assert next(iter(named_seeds(other).values())).numpy().tolist() == [123, 456]
    assert same(other.get_weights(), model.get_weights())


@pytest.mark.parametrize(("state", "message"), [({"f": print}, "got builtin_function_or_method"), ({1: 2}, "strings as keys"), ({"__array__": 1}, "strings as keys")])  # fmt: skip
def test_training_state_must_be_plain(tmp_path, state, message):
    with pytest.raises(TypeError, match=message):
        save_model(cnn(), tmp_path / "m.fastcnn", training_state=state)
    assert not list(tmp_path.iterdir())


def compiled():
    model = cnn()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model, epochs):
    rng = np.random.default_rng(0)
    model.fit(
        rng.random((32, 8, 8, 3), np.float32),
        rng.integers(0, 5, 32),
        epochs=epochs,
        batch_size=8,
        verbose=0,
        shuffle=False,
    )


@pytest.mark.parametrize("how", ["load_model", "restore"])
def test_training_goes_on_as_if_nothing_had_happened(tmp_path, how):
    """Bit for bit: weights, slots, moving statistics and the random numbers of dropout are all in the file."""
    model = compiled()
    train(model, 2)
    model.save(tmp_path / "m.fastcnn")
    if how == "load_model":
        other = load_model(tmp_path / "m.fastcnn")
    else:
        other = compiled()
        train(other, 1)
        restore(other, tmp_path / "m.fastcnn")
        assert same([v.numpy() for v in other.metrics_variables], [v.numpy() for v in model.metrics_variables])
    train(model, 1)
    train(other, 1)
    assert same(other.get_weights(), model.get_weights())
    assert same([v.numpy() for v in other.optimizer.variables], [v.numpy() for v in model.optimizer.variables])


def test_keras_files_keep_the_training_too(tmp_path):
    model = compiled()
    train(model, 1)
    model.save(tmp_path / "m.keras")
    x, y = np.ones((4, 8, 8, 3), np.float32), np.zeros(4)
    assert load_model(tmp_path / "m.keras").evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)


def _stretched(x):
    return x * 2


@pytest.mark.parametrize("suffix", [".fastcnn", ".keras"])
@pytest.mark.parametrize(
    ("place", "arguments", "needed"),
    [
        ("loss", {"loss": lambda y, z: ops.mean(y - z)}, "compile=False or custom_objects"),
        ("metrics", {"metrics": [lambda y, z: ops.mean(y - z)]}, "compile=False or custom_objects"),
        ("learning_rate", {"optimizer": optimizers.SGD(lambda: 0.1)}, "compile=False or custom_objects"),
        ("activation", {"activation": lambda x: x * 2}, "custom_objects"),
    ],
)
def test_lambdas_are_warned_of_where_they_are_lost(tmp_path, suffix, place, arguments, needed):
    compiled = {"loss": "mse", **arguments}
    model = models.Sequential([layers.Input((4,)), layers.Dense(3, activation=compiled.pop("activation", None))])
    model.compile(**compiled)
    path = tmp_path / f"model{suffix}"
    with pytest.warns(UserWarning, match=f"lambda that is given as {place}: load_model will need {needed}") as caught:
        model.save(path)
    assert caught[0].filename == __file__
    assert models.load_model(path, {"<lambda>": _stretched}, compile=False).built


@pytest.mark.parametrize("suffix", [".fastcnn", ".keras"])
def test_a_loss_that_nobody_knows_does_not_matter_without_compile(tmp_path, suffix):
    class Mine(losses.Loss):
        def call(self, y_true, y_pred):
            return ops.mean(y_true - y_pred)

    model = models.Sequential([layers.Input((4,)), layers.Dense(3)])
    model.compile("sgd", Mine())
    model.save(tmp_path / f"model{suffix}")
    assert not models.load_model(tmp_path / f"model{suffix}", compile=False).compiled
    with pytest.raises(ValueError, match="Mine"):
        models.load_model(tmp_path / f"model{suffix}")
