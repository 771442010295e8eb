import numpy as np
import pytest
from oprules import check_all, check_kernel, numbers, precise

from fastcnn import ops
from fastcnn.autograd import GradientTape
from fastcnn.tensor import SymbolicTensor, Tensor, Variable

X = numbers(3, 2, 2, 4)
GAMMA, BETA = numbers(4, seed=1, low=0.5, high=2), numbers(4, seed=2)


def moving(n=4):
    return Variable(np.zeros(n), trainable=False), Variable(np.ones(n), trainable=False)


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm(training):
    mean, variance = np.linspace(-1, 1, 4), np.linspace(0.5, 2, 4)

    def f(x, gamma, beta):
        return ops.batch_norm(x, gamma, beta, Variable(mean), Variable(variance), training=training)

    check_all(f, X, GAMMA, BETA)


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_without_weights(training):
    check_all(lambda x: ops.batch_norm(x, None, None, *moving(), training=training), X)
    check_all(lambda x, beta: ops.batch_norm(x, None, beta, *moving(), training=training), X, BETA)


def test_training_moves_the_statistics_in_place():
    mean, variance = moving()
    y = ops.batch_norm(X, None, None, mean, variance, training=True, momentum=0.9, epsilon=1e-9).array
    np.testing.assert_allclose(y.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(y.var((0, 1, 2)), 1, atol=1e-5)
    np.testing.assert_allclose(mean.array, 0.1 * X.mean((0, 1, 2)), atol=1e-6)
    np.testing.assert_allclose(variance.array, 0.9 + 0.1 * X.var((0, 1, 2)), atol=1e-6)
    with precise():
        mean, variance = moving()
        ops.batch_norm(Tensor(X), None, None, mean, variance, training=True, momentum=0.9)
    np.testing.assert_allclose(mean.array, 0.1 * X.mean((0, 1, 2)), rtol=1e-12)


def test_inference_leaves_the_statistics_alone():
    mean, variance = moving()
    ops.batch_norm(X, None, None, mean, variance, training=False)
    assert mean.array.tolist() == [0] * 4
    assert variance.array.tolist() == [1] * 4


def test_weights_get_gradients():
    gamma, beta = Variable(GAMMA), Variable(BETA)
    with GradientTape() as tape:
        y = ops.batch_norm(X, gamma, beta, *moving(), training=True)
    dgamma, dbeta = tape.gradient(y, [gamma, beta])
    np.testing.assert_allclose(dgamma.array, 0, atol=1e-5)
    np.testing.assert_allclose(dbeta.array, 12)


@pytest.mark.parametrize("axis", [-1, (2, 3), [1, 2, 3], 1, (1, 3)], ids=str)
def test_layer_norm(axis):
    axes = [axis] if isinstance(axis, int) else axis
    sizes = [X.shape[a] for a in axes]
    check_all(lambda x, g, b: ops.layer_norm(x, g, b, axis), X, numbers(*sizes, seed=1), numbers(*sizes, seed=2))


@pytest.mark.parametrize("groups", [1, 2, -1])
def test_group_norm(groups):
    check_all(lambda x, g, b: ops.group_norm(x, g, b, groups), X, GAMMA, BETA)
    check_all(lambda x: ops.group_norm(x, groups=groups), X)


def test_moments():
    for keepdims in (False, True):
        check_all(lambda x, k=keepdims: ops.moments(x, (1, 2), k)[1], X)
        np.testing.assert_allclose(
            ops.moments(X, (1, 2), keepdims)[0].array, X.mean((1, 2), keepdims=keepdims), atol=1e-6
        )


@pytest.mark.parametrize(("axis", "order"), [(-1, 2), (1, 1), ((1, 2), 2), (-1, 3)])
def test_normalize(axis, order):
    y = ops.normalize(X, axis, order).array
    np.testing.assert_allclose((np.abs(y) ** order).sum(axis), 1, rtol=1e-5)
    check_kernel(lambda x: ops.normalize(x, axis, order), X)


def test_normalize_of_nothing():
    assert ops.normalize([[0.0, 0.0]]).array.tolist() == [[0, 0]]


SYMBOL = SymbolicTensor((None, 2, 2, 4))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.layer_norm(X, axis=4), r"axis must be from -4 to 3 for x of shape \(3, 2, 2, 4\), got 4"),
        (lambda: ops.layer_norm(X, axis=()), "axis must be from"),
        (lambda: ops.layer_norm(X, np.ones(3)), r"gamma must have shape \(4,\), that of axis -1, got \(3,\)"),
        (lambda: ops.group_norm(SYMBOL, groups=3), "groups must divide the 4 channels of x, got 3"),
        (lambda: ops.group_norm(SYMBOL, np.ones(3), groups=2), r"gamma must have shape \(4,\)"),
        (lambda: ops.batch_norm(SYMBOL, None, np.ones(3), *moving(), training=True), r"beta must have shape \(4,\)"),
        (lambda: ops.normalize(X, order=0), "order must be positive, got 0"),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()
