import numpy as np
import pytest
from oprules import check_all, check_gradient, numbers

from fastcnn import ops
from fastcnn.autograd import GradientTape, grad
from fastcnn.tensor import Tensor

X = numbers(3, 4, low=-5, high=7)
NAMES = [
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "selu",
    "sigmoid",
    "hard_sigmoid",
    "tanh",
    "softplus",
    "softsign",
    "silu",
    "hard_silu",
    "mish",
    "gelu",
]


@pytest.mark.parametrize("name", NAMES)
def test_elementwise(name):
    check_all(getattr(ops, name), X)


@pytest.mark.parametrize(
    "f", [lambda x: ops.gelu(x, False), lambda x: ops.leaky_relu(x, 0.5), lambda x: ops.elu(x, 2.0)]
)
def test_arguments(f):
    check_all(f, X)


@pytest.mark.parametrize("axis", [-1, 0])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax(name, axis):
    check_all(lambda x: getattr(ops, name)(x, axis), X)


@pytest.mark.parametrize("axis", [(0, 2), [1], None, np.int64(1), (-1, 0, 1)])
def test_softmax_over_several_axes(axis):
    x = numbers(2, 3, 4, low=-5, high=7)
    check_all(lambda t: ops.softmax(t, axis), x)
    check_all(lambda t: ops.log_softmax(t, axis), x)
    over = tuple(axis) if isinstance(axis, list) else axis
    powers = np.exp(x.astype(np.float64))
    np.testing.assert_allclose(ops.softmax(x, axis).array, powers / powers.sum(over, keepdims=True), rtol=1e-5)
    np.testing.assert_allclose(np.exp(ops.log_softmax(x, axis).array), ops.softmax(x, axis).array, rtol=1e-5)
    assert np.isfinite(ops.softmax(np.full((2, 2), 1000.0), None).array).all()


def test_prelu():
    check_all(ops.prelu, X, numbers(4, seed=1))
    check_all(ops.prelu, X, numbers(1, 4, seed=1))


@pytest.mark.parametrize(("units", "axis"), [(2, -1), (1, 1), (3, 2)])
def test_maxout(units, axis):
    check_all(lambda x: ops.maxout(x, units, axis), numbers(2, 4, 6))


def test_step_has_no_slope():
    x = Tensor(np.array([-1.0, 2.0], np.float32))
    with GradientTape() as tape:
        tape.watch(x)
        y = ops.step(x)
    assert y.array.tolist() == [0, 1]
    assert tape.gradient(y, x).array.tolist() == [0, 0]


def test_known_values():
    assert float(grad(ops.sigmoid)(10.0)) == pytest.approx(4.5396e-5, rel=1e-4)
    assert float(grad(ops.tanh)(10.0)) == pytest.approx(8.2446e-9, rel=1e-4)
    assert float(ops.leaky_relu(-1.0, 0.01)) == pytest.approx(-0.01)
    assert float(ops.elu(-1.0)) == pytest.approx(-0.63212, abs=1e-5)
    assert float(ops.relu(-1.0)) == 0
    assert float(ops.leaky_relu(-1.0)) == pytest.approx(-0.2)


def test_softmax_of_large_logits():
    y = ops.softmax([[1000.0, -1000.0, 999.0], [-1000.0, -1000.0, -1000.0]]).array
    np.testing.assert_allclose(y.sum(1), 1, atol=1e-6)


def test_third_derivative():
    f = lambda x: grad(ops.tanh)(x)  # noqa: E731
    check_gradient(f, np.array([0.3, -0.8]), order=2)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: ops.softmax(X, 2), ValueError, "softmax: axis must be from -2 to 1 for x of shape .3, 4., got 2"),
        (
            lambda: ops.softmax(X, (0, "1")),
            TypeError,
            r"softmax: axis must be an int, several ints or None, got \(0, '1'\)",
        ),
        (lambda: ops.maxout(X, 3), ValueError, "num_units"),
    ],
)
def test_messages(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
