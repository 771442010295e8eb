"""Jacobians: of each element by each element, and of each sample by itself."""

import numpy as np
import pytest
from oprules import precise

from fastcnn import GradientTape, Model, SymbolicTensor, layers, ops
from fastcnn.tensor import Tensor, Variable

X = np.random.default_rng(0).uniform(0.5, 2, (2, 3)).astype(np.float32)


def test_a_matrix_of_derivatives():
    v = Variable([2.0, 3.0])
    with GradientTape() as tape:
        y = ops.stack([v[0] * v[1], v[0], v[1] * v[1]])
    assert tape.jacobian(y, v).numpy().tolist() == [[3.0, 2.0], [1.0, 0.0], [0.0, 6.0]]
    with pytest.raises(RuntimeError, match="gradient was called already"):
        tape.jacobian(y, v)


def test_shapes_follow_from_both():
    v, w = Variable(X), Variable(np.ones((3, 4)))
    with GradientTape(persistent=True) as tape:
        y = ops.matmul(v, w)
        total = ops.sum(y)
    found = tape.jacobian(y, {"v": v, "rest": [w]})
    assert found["v"].shape == (2, 4, 2, 3) and found["rest"][0].shape == (2, 4, 3, 4)
    np.testing.assert_array_equal(found["v"].numpy(), np.einsum("ia,kb->ikab", np.eye(2), np.ones((4, 3))))
    np.testing.assert_allclose(found["rest"][0].numpy(), np.einsum("ij,kl->ikjl", X, np.eye(4)), rtol=1e-6)
    np.testing.assert_array_equal(tape.jacobian(total, v).numpy(), tape.gradient(total, v).numpy())
    assert tape.jacobian(y[:0], v).shape == (0, 4, 2, 3)


def test_against_differences():
    model = lambda x: ops.softmax(ops.tanh(ops.matmul(x, np.ones((3, 2)) * [[1.0], [2.0], [3.0]])))  # noqa: E731
    with precise():
        x = Tensor(X.astype(np.float64))
        with GradientTape() as tape:
            tape.watch(x)
            y = ops.log(ops.sum(model(x), -1)) + ops.exp(x[:, 0] * x[:, 2])
        got = tape.jacobian(y, x).array
        for i in np.ndindex(2, 3):
            step = np.zeros((2, 3))
            step[i] = 1e-6
            f = [np.exp(z[:, 0] * z[:, 2]) for z in (X + step, X - step)]
            np.testing.assert_allclose(got[(slice(None), *i)], (f[0] - f[1]) / 2e-6, rtol=1e-4, atol=1e-6)


def test_hessians():
    v = Variable([1.0, 2.0])
    with GradientTape() as outer:
        with GradientTape() as inner:
            y = v[0] ** 3 * v[1]
        first = inner.gradient(y, v)
    assert outer.jacobian(first, v).numpy().tolist() == [[12.0, 3.0], [3.0, 0.0]]
    with GradientTape() as outer:
        with GradientTape() as inner:
            y = v * v * v
        first = inner.jacobian(y, v)
    assert outer.gradient(first, v).numpy().tolist() == [6.0, 12.0]
    with GradientTape(persistent=True) as tape:
        y = v * v * v
        first = tape.jacobian(y, v)
    np.testing.assert_array_equal(tape.jacobian(first, v).numpy()[[0, 1], [0, 1], [0, 1]], [6.0, 12.0])


def test_of_samples():
    inputs = layers.Input((6, 6, 2))
    model = Model(inputs, layers.Dense(3)(layers.Flatten()(layers.Conv2D(2, 3, activation="tanh")(inputs))))
    x = Tensor(np.random.default_rng(1).normal(size=(4, 6, 6, 2)).astype(np.float32))
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = model(x)
    every, own = tape.jacobian(y, x).numpy(), tape.batch_jacobian(y, x).numpy()
    assert own.shape == (4, 3, 6, 6, 2)
    for i in range(4):
        np.testing.assert_allclose(own[i], every[i, :, i], rtol=1e-5, atol=1e-6)
    with GradientTape() as tape:
        tape.watch(x)
        total = ops.sum(x * x, axis=(1, 2, 3))
    np.testing.assert_allclose(tape.batch_jacobian(total, x).numpy(), 2 * x.numpy(), rtol=1e-6)


def test_what_is_not_connected():
    v, other = Variable([1.0, 2.0]), Variable(np.ones((2, 3)))
    with GradientTape(persistent=True) as tape:
        y = v * v
    assert tape.jacobian(y, [v, other])[1] is None and tape.batch_jacobian(y, other) is None
    assert tape.jacobian(y, other, "zero").shape == (2, 2, 3)
    assert tape.batch_jacobian(y, other, unconnected_gradients="zero").numpy().tolist() == np.zeros((2, 3)).tolist()


def test_messages():
    v, scalar = Variable([1.0, 2.0]), Variable(1.0)
    with GradientTape(persistent=True) as tape:
        y = v * scalar
    with pytest.raises(ValueError, match="unconnected_gradients must be 'none' or 'zero', got 'x'"):
        tape.jacobian(y, v, "x")
    with pytest.raises(TypeError, match="jacobian takes one tensor as target, got list"):
        tape.jacobian([y], v)
    with pytest.raises(TypeError, match="gradient takes tensors and variables, got float"):
        tape.jacobian(y, 1.0)
    with pytest.raises(TypeError, match="batch_jacobian takes one tensor or variable as source, got list"):
        tape.batch_jacobian(y, [v])
    with pytest.raises(ValueError, match=r"target and source must have as many samples, got shapes \(2,\) and \(\)"):
        tape.batch_jacobian(y, scalar)
    with pytest.raises(ValueError, match=r"jacobian needs a target of known shape, got \(None, 3\)"):
        tape.jacobian(SymbolicTensor((None, 3)), v)
