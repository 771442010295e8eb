"""Cross-entropies of outputs that have rounded to 0 or 1: Keras's numbers, and a gradient, so that training goes on."""

import numpy as np
import pytest

from fastcnn import GradientTape, Variable, layers, losses, models, ops, utils

LOSSES = {
    "categorical_crossentropy": ("softmax", [[0.0, 1.0, 0.0]]),
    "sparse_categorical_crossentropy": ("softmax", [1]),
    "binary_crossentropy": ("sigmoid", [[0.0, 1.0, 0.0]]),
}


def expected(name, z):
    t = np.array([[0.0, 1.0, 0.0]])
    if name != "binary_crossentropy":
        p = np.exp(z - z.max())
        return np.log(p.sum()) - (z - z.max())[0, 1], p / p.sum() - t
    p = 1 / (1 + np.exp(-z))
    return (np.maximum(z, 0) - z * t + np.log1p(np.exp(-abs(z)))).mean(), (p - t) / 3


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("scale", [1, 100])
def test_loss_and_gradient_of_large_logits(name, scale):
    activation, y = LOSSES[name]
    z = Variable(np.array([[1.0, -2.0, 0.5]], np.float32) * scale)
    with GradientTape() as tape:
        loss = losses.get(name)(y, getattr(ops, activation)(z))
    value, slope = expected(name, np.array([[1.0, -2.0, 0.5]]) * scale)
    np.testing.assert_allclose(float(ops.mean(loss)), value, rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(loss, z).numpy(), slope, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", LOSSES)
def test_a_tape_that_watches_the_probabilities_gets_their_gradient(name):
    activation, y = LOSSES[name]
    p = getattr(ops, activation)(np.array([[0.1, -0.2, 0.3]], np.float32))
    given = ops.convert_to_tensor(p.numpy())
    slopes = []
    for tensor in (p, given):
        with GradientTape() as tape:
            tape.watch(tensor)
            loss = losses.get(name)(y, tensor)
        slopes.append(tape.gradient(loss, tensor).numpy())
    np.testing.assert_array_equal(*slopes)


def test_softmax_along_another_axis_is_no_shortcut():
    z = np.array([[1.0, -2.0], [3.0, 0.5]], np.float32)
    p = ops.softmax(z, axis=0)
    loss = losses.categorical_crossentropy([[0.0, 1.0], [1.0, 0.0]], p)
    rows = p.numpy() / p.numpy().sum(axis=1, keepdims=True)
    np.testing.assert_allclose(loss.numpy(), -np.log([rows[0, 1], rows[1, 0]]), rtol=1e-5)


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("ending", ["dense", "activation", "layer"])
@pytest.mark.parametrize("name", LOSSES)
def test_pictures_that_nobody_scaled(name, ending, eagerly):
    """Logits of hundreds: clipped probabilities would have no gradient, and the accuracy would stay at chance."""
    activation = LOSSES[name][0]
    units = 1 if activation == "sigmoid" else 4
    rng = np.random.default_rng(0)
    y = np.arange(64) % max(units, 2)
    x = rng.integers(0, 2000, (64, 8, 8, 1))
    for image, label in zip(x, y, strict=True):
        image[2 * label : 2 * label + 2] += 2000
    utils.set_random_seed(3)
    model = models.Sequential([layers.Input((8, 8, 1)), layers.Flatten(), layers.Dense(16, activation="relu")])
    if ending == "dense":
        model.add(layers.Dense(units, activation=activation))
    else:
        model.add(layers.Dense(units))
        model.add(layers.Softmax() if ending == "layer" and units > 1 else layers.Activation(activation))
    model.compile("adam", name, metrics=["accuracy", name], run_eagerly=eagerly)
    targets = utils.to_categorical(y) if name == "categorical_crossentropy" else y
    before = model.evaluate(x, targets, verbose=0)[0]
    assert before > 17  # more than the logarithm of 1e-7
    history = model.fit(x, targets, batch_size=16, epochs=40, verbose=0).history
    np.testing.assert_allclose(history[name], history["loss"], rtol=1e-5)
    assert history["accuracy"][-1] > 0.9


@pytest.mark.parametrize("name", LOSSES)
def test_a_call_without_a_tape_knows_the_logits(name):
    """However the call is answered: as it is written, by a program, by the short way to one."""
    activation, y = LOSSES[name]
    model = models.Sequential([layers.Input((3,)), layers.Activation(activation)])
    model.compile(loss=name)
    x = np.array([[100.0, -200.0, 50.0]], np.float32)
    want = float(expected(name, x.astype(np.float64))[0])
    for _ in range(3):
        np.testing.assert_allclose(float(ops.mean(losses.get(name)(y, model(x)))), want, rtol=1e-6)
        np.testing.assert_allclose(model.test_on_batch(x, np.array(y)), want, rtol=1e-6)
        model.predict(x, verbose=0)
