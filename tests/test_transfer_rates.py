"""Learning rates by layer."""

import numpy as np
import pytest
from transfer_networks import images, nested, vgg

from fastcnn import layers, models, ops, optimizers, transfer
from fastcnn.autograd import GradientTape
from fastcnn.losses import sparse_categorical_crossentropy


def chain():
    return models.Sequential(
        [
            layers.Input((4,)),
            layers.Dense(3, activation="tanh", name="low1"),
            layers.Dense(3, activation="tanh", name="low2"),
            layers.Dense(2, activation="softmax", name="top"),
        ],
        name="m",
    )


def batch():
    rng = np.random.default_rng(1)
    return rng.normal(size=(8, 4)).astype("float32"), np.arange(8) % 2


def gradients(model, x, y):
    with GradientTape() as tape:
        loss = ops.mean(sparse_categorical_crossentropy(y, model(x, training=True)))
    return [g.numpy() for g in tape.gradient(loss, model.trainable_variables)]


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_two_steps_of_sgd_by_hand(momentum, eagerly):
    model, (x, y) = chain(), batch()
    model.compile(optimizers.SGD(0.5, momentum=momentum), "sparse_categorical_crossentropy", run_eagerly=eagerly)
    transfer.learning_rates(model, {"low": 0.1, "low2": 0.25, model.get_layer("top"): 2.0})
    expected = [0.5 * f for f in (0.1, 0.1, 0.25, 0.25, 2.0, 2.0)]
    velocity = [0.0] * 6
    for _ in range(2):
        before = model.get_weights()
        found = gradients(model, x, y)
        model.train_on_batch(x, y)
        for i, (w, g, rate) in enumerate(zip(before, found, expected, strict=True)):
            velocity[i] = momentum * velocity[i] - rate * g
            np.testing.assert_allclose(model.get_weights()[i], w + velocity[i], rtol=1e-6, atol=1e-7)


RULES = ["sgd", "adam", "adamw", "nadam", "adamax", "rmsprop", "adagrad", "adadelta", "lion"]


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_hears_of_it(rule):
    """The step of a layer with factor f is that with f times the learning rate; with 0 there is none."""
    x, y = batch()
    steps = {}
    for factor, scale in ((1.0, 1.0), (0.5, 1.0), (1.0, 0.5), (0.0, 1.0)):
        import fastcnn

        fastcnn.utils.set_random_seed(5)
        model = chain()
        model.compile(rule, "sparse_categorical_crossentropy")
        model.optimizer.learning_rate = 0.1 * scale
        transfer.learning_rates(model, {"low1": factor})
        before = model.get_layer("low1").kernel.numpy()
        model.train_on_batch(x, y)
        steps[factor, scale] = model.get_layer("low1").kernel.numpy() - before
    np.testing.assert_array_equal(steps[0.5, 1.0], steps[1.0, 0.5])
    assert np.abs(steps[1.0, 1.0]).max() > 0
    np.testing.assert_array_equal(steps[0.0, 1.0], 0)


def test_absolute_rates():
    model = chain()
    model.compile(optimizers.SGD(0.01), "mse")
    found = transfer.learning_rates(model, {"low1": 1e-5, "top": 1e-3}, absolute=True)
    assert found == {
        "m/low1/kernel": pytest.approx(1e-3), "m/low1/bias": pytest.approx(1e-3),
        "m/top/kernel": pytest.approx(0.1), "m/top/bias": pytest.approx(0.1),
    }  # fmt: skip


def test_names_of_models_inside_and_what_is_nearer():
    model = nested()
    model.compile("sgd", "mse")
    found = transfer.learning_rates(model, {"conv2": 0.5, "resnet": 0.1, "bn": 0.2})
    by_layer = {path.split("/")[-2]: factor for path, factor in found.items()}
    assert by_layer == {"conv1": 0.1, "bn1": 0.2, "conv2": 0.5, "bn2": 0.2}
    assert transfer.learning_rates(model, {}) == {}


def test_paths_of_weights():
    model = chain()
    model.compile("sgd", "mse")
    assert transfer.learning_rates(model, {"m/low1/bias": 2.0}) == {"m/low1/bias": 2.0}


def test_rates_are_saved_with_the_model(tmp_path):
    model, (x, y) = chain(), batch()
    model.compile("sgd", "sparse_categorical_crossentropy")
    kept = transfer.learning_rates(model, {"low1": 0.1})
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "model.fastcnn")
    assert models.load_model(tmp_path / "model.fastcnn").optimizer.learning_rate_multipliers == kept


def test_factors_by_depth():
    model = transfer.freeze(vgg(), "block2_conv1")
    found = transfer.by_depth(model, 0.01, 1.0)
    assert [layer.name for layer in found] == ["block2_conv1", "fc1", "predictions"]
    np.testing.assert_allclose(list(found.values()), [0.01, 0.1, 1.0])
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert transfer.learning_rates(model, found)["block2_conv1/kernel"] == pytest.approx(0.01)
    model.fit(*images(), verbose=0)


@pytest.mark.parametrize(
    ("rates", "error", "message"),
    [
        ({"lowest": 0.1}, ValueError, "no layer's name begins with 'lowest'. Did you mean 'low"),
        ({"low1": -1.0}, ValueError, "rates\\['low1'\\] must be a number of 0 or more, got -1.0"),
        ({"low1": "0.1"}, ValueError, "must be a number of 0 or more, got '0.1'"),
        ({3: 0.1}, TypeError, "the keys of rates must be layers, or names or their beginnings, got 3"),
        ({layers.Dense(2, name="other"): 0.1}, ValueError, "layer 'other' is not in model 'm'"),
    ],
)
def test_errors(rates, error, message):
    model = chain()
    model.compile("sgd", "mse")
    with pytest.raises(error, match=message):
        transfer.learning_rates(model, rates)


def test_more_errors():
    model = chain()
    with pytest.raises(ValueError, match="needs a compiled model"):
        transfer.learning_rates(model, {})
    model.compile(optimizers.SGD(0.0), "mse")
    with pytest.raises(ValueError, match="learning_rate is not 0"):
        transfer.learning_rates(model, {"top": 1e-3}, absolute=True)
    with pytest.raises(ValueError, match="low must be positive, got 0"):
        transfer.by_depth(model, 0)


def test_two_weights_of_one_path_are_refused():
    def branch(x):
        inputs = layers.Input((4,))
        return models.Model(inputs, layers.Dense(2, name="same")(inputs))(x)

    x = layers.Input((4,))
    model = models.Model(x, layers.Add()([branch(x), branch(x)]))
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="two weights have the path 'same/kernel'"):
        transfer.learning_rates(model, {"same": 0.1})
