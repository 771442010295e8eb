"""Functions with a gradient of their own: custom_gradient, stop_gradient; and grad, a function's gradient as a function."""

import numpy as np
import pytest
from oprules import check_gradient, precise

import fastcnn
from fastcnn import GradientTape, ops
from fastcnn.autograd import custom_gradient, grad, stop_gradient
from fastcnn.seam import state
from fastcnn.tensor import SymbolicTensor, Variable


def test_custom_gradient_with_one_argument():
    @custom_gradient
    def f(x):
        """Doc."""
        return x * x, lambda upstream: upstream * 100.0

    v = Variable(3.0)
    with GradientTape() as tape:
        y = f(v) * 2.0
    assert float(y) == 18 and float(tape.gradient(y, v)) == 200
    assert f.__name__ == "f" and f.__doc__ == "Doc."
    assert float(f(3)) == 9
    assert f(2.0).dtype == "float32"


def test_custom_gradient_with_several_arguments_and_results():
    @custom_gradient
    def f(a, b):
        return (a + b, a * b), lambda first, second: (first * 10.0, second * 1000.0)

    a, b = Variable(2.0), Variable(3.0)
    with GradientTape(persistent=True) as tape:
        total, product = f(a, b)
    assert [float(g) for g in tape.gradient([total, product], [a, b])] == [10, 1000]
    assert [float(g) for g in tape.gradient(total, [a, b])] == [10, 0]


def test_custom_gradient_as_keras_writes_it():
    @custom_gradient
    def f(a, b):
        def gradient(*args, upstream):
            x, y = args
            return upstream * y, upstream * x * 100.0

        return a * b, gradient

    a, b = Variable(2.0), Variable(3.0)
    with GradientTape() as tape:
        y = f(a, b)
    assert [float(g) for g in tape.gradient(y, [a, b])] == [3, 200]


def test_custom_gradient_may_be_none():
    @custom_gradient
    def f(a, b):
        return a * b, lambda upstream: (upstream, None)

    a, b = Variable(2.0), Variable(3.0)
    with GradientTape() as tape:
        y = f(a, b)
    first, second = tape.gradient(y, [a, b])
    assert float(first) == 1 and second is None


def test_custom_gradient_of_an_identity():
    @custom_gradient
    def reversed_gradient(x):
        return x, lambda upstream: -upstream

    v = Variable([1.0, 2.0])
    with GradientTape() as tape:
        y = reversed_gradient(v) * v
    assert tape.gradient(y, v).numpy().tolist() == [0.0, 0.0]


def test_custom_gradient_is_differentiated_again():
    @custom_gradient
    def cube(x):
        return x * x * x, lambda upstream: upstream * 3.0 * x * x

    with precise():
        check_gradient(cube, np.array([1.0, -2.0]), order=2)
    assert float(grad(grad(cube))(2.0)) == 12


def test_custom_gradient_of_symbols():
    @custom_gradient
    def f(x):
        return x * x, lambda upstream: upstream * 2.0

    x = SymbolicTensor((None, 3))
    with GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    assert isinstance(y, SymbolicTensor) and y.shape == (None, 3)
    assert tape.gradient(y, x).shape == (None, 3)


def test_wrong_custom_gradients():
    v = Variable([1.0, 2.0])

    @custom_gradient
    def number(x):
        return x * 2.0, lambda upstream: (upstream, upstream)

    @custom_gradient
    def shape(x):
        return x * 2.0, lambda upstream: ops.sum(upstream)

    with GradientTape(persistent=True) as tape:
        y, z = number(v), shape(v)
    with pytest.raises(ValueError, match="number: its gradient must return 1 values, one an argument, got 2"):
        tape.gradient(y, v)
    with pytest.raises(ValueError, match=r"shape: expected a gradient of shape \(2,\), got \(\)"):
        tape.gradient(z, v)
    with pytest.raises(ValueError, match="result_only must return .result, gradient., got Tensor"):
        custom_gradient(result_only)(v)


def result_only(x):
    return x * 2.0


def test_an_exception_in_a_custom_function_leaves_the_tapes():
    @custom_gradient
    def f(x):
        raise KeyError

    with GradientTape() as tape:
        with pytest.raises(KeyError):
            f(1.0)
        assert state.tapes == (tape,)


def test_stop_gradient():
    v = Variable(3.0)
    with GradientTape() as tape:
        y = v * stop_gradient(v * v)
    assert float(tape.gradient(y, v)) == 9
    assert stop_gradient(SymbolicTensor((None,))).shape == (None,)
    assert float(stop_gradient(2.0)) == 2


def test_grad():
    f = lambda a, b: a * a * b  # noqa: E731
    assert float(grad(f)(2.0, 3.0)) == 12 and float(grad(f, 1)(2.0, 3.0)) == 4
    assert [float(g) for g in grad(f, (1, 0))(2.0, 3.0)] == [4, 12]
    assert [float(g) for g in grad(f, [0])(2.0, 3.0)] == [12]
    assert float(grad(f, -1)(2.0, 3.0)) == 4
    assert float(grad(lambda a, b: b * b)(2.0, 3.0)) == 0
    v = Variable(5.0)
    assert float(grad(lambda x: x * v)(v)) == 10
    assert float(fastcnn.grad(lambda x: x * v)(2)) == 5
    assert float(grad(grad(grad(lambda x: x * x * x)))(2.0)) == 6


def test_arguments_by_keyword_are_passed_on():
    @custom_gradient
    def scaled(x, factor=2.0):
        return x * factor, lambda upstream: upstream * factor * 10.0

    v = Variable(3.0)
    with GradientTape(persistent=True) as tape:
        y, z = scaled(v, factor=4.0), scaled(v)
    assert float(y) == 12 and float(tape.gradient(y, v)) == 40 and float(tape.gradient(z, v)) == 20
