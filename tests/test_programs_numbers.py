"""What a program computes from the batch it runs on, and not from the zeros it was recorded with: masks, labels."""

import numpy as np
import pytest

from fastcnn import GradientTape, Model, Sequential, Variable, layers, ops

A = np.arange(1.0, 7.0, dtype=np.float32).reshape(2, 3)
MASK = np.array([[True, False, True], [False, True, False]])
CHOSEN = np.where(MASK, A, -A)
LABELS = np.array([[0, 1], [2, 1]])


@pytest.mark.parametrize("declared", ["bool", "float32", "int32", "uint8"])
@pytest.mark.parametrize("given", ["bool", "float32", "int32", "uint8"])
def test_masks_among_the_inputs(declared, given):
    a, mask = layers.Input((3,)), layers.Input((3,), dtype=declared)
    model = Model([a, mask], ops.where(mask, a, -a))
    x = [A, MASK.astype(given)]
    np.testing.assert_array_equal(model(x).numpy(), CHOSEN)
    np.testing.assert_array_equal(model.predict(x, verbose=0), CHOSEN)
    np.testing.assert_array_equal(model.predict_on_batch([A, ~MASK * 1.0]), -CHOSEN)


def test_numbers_taken_for_truths():
    x = layers.Input((3,))
    model = Model(x, ops.where(x, 1.0, 0.0) + 2.0 * ops.cast(ops.cast(x, "bool"), "float32"))
    for batch in (A * MASK, A * ~MASK, A * np.nan):
        expected = 3.0 * batch.astype(bool)
        np.testing.assert_array_equal(model.predict(batch, verbose=0), expected)
        np.testing.assert_array_equal(model(batch).numpy(), expected)


@pytest.mark.parametrize("declared", ["int32", "int64"])
def test_whole_numbers_among_the_inputs(declared):
    labels = layers.Input((2,), dtype=declared)
    assert ops.one_hot(labels, 3).shape == (None, 2, 3)
    features = ops.reshape(ops.one_hot(labels, 3) + ops.take(np.eye(3, dtype="f"), labels, axis=0), (-1, 6))
    model = Model(labels, features)
    expected = 2 * np.eye(3)[LABELS].reshape(2, 6)
    for given in ("int64", "int32", "uint8", "float32"):
        np.testing.assert_array_equal(model(LABELS.astype(given)).numpy(), expected)
        np.testing.assert_array_equal(model.predict(LABELS.astype(given), verbose=0), expected)
    model = Model(labels, layers.Dense(1)(features))
    model.compile("sgd", "mse")
    model.fit(LABELS, np.ones((2, 1)), verbose=0)


def test_one_number_taken_by_a_program():
    x = layers.Input(batch_shape=(2, 3))
    model = Model(x, ops.take(x, -1) + ops.take(x, 0, axis=0))
    np.testing.assert_array_equal(model(A).numpy(), A[0] + 6)


class Scaled(layers.Layer):
    def build(self, shape):
        self.scale = self.add_weight(shape=(3,), initializer="ones", name="scale")
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="calls")

    def call(self, x):
        return x * self.scale.value


class Counted(Scaled):
    def call(self, x):
        self.calls.assign_add(1.0)
        return super().call(x)


def trained(layer, eager):
    model = Sequential([layers.Input((3,)), layer()])
    model.compile("sgd", "mse", run_eagerly=eager)
    calls = model.layers[0].calls.numpy()
    model.fit(A, A * 2, epochs=3, batch_size=1, shuffle=False, verbose=0)
    return model, model.layers[0].calls.numpy() - calls


def test_the_value_of_a_variable_is_that_of_each_step():
    model, _ = trained(Scaled, False)
    eager, _ = trained(Scaled, True)
    assert model.explain_plan() != eager.explain_plan()
    np.testing.assert_allclose(model.layers[0].scale.numpy(), eager.layers[0].scale.numpy(), rtol=1e-6)
    assert (model.layers[0].scale.numpy() > 1).all()
    model.layers[0].scale.assign([5.0, 6.0, 7.0])
    np.testing.assert_array_equal(model.predict(A, verbose=0), A * np.float32([5, 6, 7]))


def test_the_value_of_a_variable_has_its_gradient():
    v = Variable([1.0, 2.0])
    with GradientTape() as tape:
        y = v.value * v.value
    assert tape.gradient(y, v).numpy().tolist() == [2.0, 4.0]
    v.assign([7.0, 7.0])
    assert y.numpy().tolist() == [1.0, 4.0]


def test_a_variable_assigned_to_in_a_call_is_assigned_to_in_every_step():
    (model, calls), (_, expected) = trained(Counted, False), trained(Counted, True)
    assert calls == expected >= 6
    assert "calls is assigned to in the step: a program would" in model.explain_plan()


READS = {
    "float": lambda v, x: x * float(v),
    "int": lambda v, x: x * int(v),
    "numpy": lambda v, x: x * v.numpy(),
    "item": lambda v, x: x * v.item(),
    "asarray": lambda v, x: x * np.asarray(v),
    "convert_to_numpy": lambda v, x: x * ops.convert_to_numpy(v),
    "if": lambda v, x: x * 3.0 if v else x,
    "format": lambda v, x: x * float(f"{v:.1f}"),
    "value": lambda v, x: x * v.value,
}


@pytest.mark.parametrize("name", READS)
def test_a_variable_is_read_in_every_run(name):
    class Reading(layers.Layer):
        def build(self, shape):
            self.weight = self.add_weight(shape=(), initializer="ones", trainable=False, name="weight")

        def call(self, x):
            return READS[name](self.weight, x)

    model = Sequential([layers.Input((3,)), Reading()])
    for number in (3.0, 0.0, 3.0):
        model.layers[0].weight.assign(number)
        expected = A if name == "if" and not number else A * number
        np.testing.assert_array_equal(model.predict(A, verbose=0), expected)
        np.testing.assert_array_equal(model(A).numpy(), expected)
