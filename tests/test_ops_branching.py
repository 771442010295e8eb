"""One of two computations: cond, and the error function."""

import math

import numpy as np
import pytest
from oprules import check_gradient, numbers

from fastcnn import GradientTape, Model, layers, ops
from fastcnn.tensor import SymbolicTensor, Variable


def test_the_function_that_is_not_chosen_does_not_run():
    def never():
        raise AssertionError

    for yes in (True, 1, np.bool_(True), np.array(True), ops.convert_to_tensor(2.0) > 1.0, Variable(1.0)):
        assert ops.cond(yes, lambda: "yes", never) == "yes"
    assert ops.cond(ops.convert_to_tensor(0.0), never, lambda: None) is None
    v = Variable(3.0)
    with GradientTape() as tape:
        y = ops.cond(v > 2.0, lambda: v * v, never)
    assert float(tape.gradient(y, v)) == 6


def test_both_run_where_the_value_is_to_come():
    x = layers.Input((3,))
    y = ops.cond(ops.sum(x) > 0.0, lambda: {"a": x * 2.0, "b": [x, 1.0]}, lambda: {"a": -x, "b": [x * 0.0, 2.0]})
    model = Model(x, [y["a"], y["b"][0] + y["b"][1]])
    for batch in (np.float32([[1, 2, 3]]), np.float32([[-1, -2, -3]])):
        expected = (2 * batch, batch + 1) if batch.sum() > 0 else (-batch, 0 * batch + 2)
        for results in (model(batch), model.predict(batch, verbose=0)):
            for got, wanted in zip(results, expected, strict=True):
                np.testing.assert_array_equal(np.asarray(got), wanted)


class Switched(layers.Layer):
    def build(self, shape):
        self.on = self.add_weight(shape=(), initializer="zeros", trainable=False, name="on")

    def call(self, x):
        return ops.cond(self.on, lambda: x * 2.0, lambda: x)


def test_a_variable_decides_in_each_run_of_a_program():
    x = layers.Input((3,))
    layer = Switched()
    model = Model(x, layer(x))
    batch = np.ones((2, 3), np.float32)
    assert (model.predict(batch, verbose=0) == 1).all()
    layer.on.assign(1.0)
    assert (model.predict(batch, verbose=0) == 2).all() and (model(batch).numpy() == 2).all()


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: ops.cond(True, 1.0, lambda: 2.0), TypeError, "true_fn must be a function without arguments, got 1.0"),
        (
            lambda: ops.cond(True, lambda: 2.0, None),
            TypeError,
            "false_fn must be a function without arguments, got None",
        ),
        (lambda: ops.cond(np.array([True]), int, int), ValueError, r"pred must be one truth value, got shape \(1,\)"),
        (
            lambda: ops.cond(SymbolicTensor((), "bool"), lambda: [1.0], lambda: [[1.0, 2.0]]),
            ValueError,
            r"both functions must return one shape, got \(\) and \(2,\)",
        ),
    ],
)
def test_messages(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_the_error_function():
    x = np.concatenate([np.linspace(-7, 7, 2001), [1e-6, -1e-30, 0.5, np.inf, -np.inf, 0.0]]).astype(np.float32)
    expected = np.array([math.erf(v) for v in x])
    np.testing.assert_allclose(ops.erf(x).numpy(), expected, rtol=5e-7, atol=0)
    assert math.isnan(ops.erf(math.nan).item()) and ops.erf(1).dtype == "float32"
    check_gradient(ops.erf, numbers(3, 4, low=-3, high=3), order=2)
    with GradientTape() as tape:
        v = Variable([0.0, 0.3, 2.0, 20.0])
        y = ops.erf(v)
    np.testing.assert_allclose(
        tape.gradient(y, v).numpy(), 2 / math.sqrt(math.pi) * np.exp(-(v.numpy() ** 2)), rtol=1e-6, atol=1e-30
    )


def test_the_error_function_in_a_program():
    x = layers.Input((4,))
    batch = np.float32([[-2, -0.1, 0.3, 1]])
    got = Model(x, ops.erf(x)).predict(batch, verbose=0)
    np.testing.assert_allclose(got, [[math.erf(v) for v in batch[0]]], rtol=5e-7)
