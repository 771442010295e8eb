"""gradcheck finds planted errors, in inputs and in weights, and leaves everything as it was."""

import numpy as np
import pytest
from oprules import numbers

from fastcnn import layers, ops
from fastcnn.autograd import custom_gradient
from fastcnn.gradcheck import GradientError, gradcheck
from fastcnn.seam import Primitive, state
from fastcnn.tensor import Tensor, Variable

X = numbers(3, 4)


def wrong(factor):
    """Times three, with a gradient that is wrong by a factor."""

    @custom_gradient
    def triple(x):
        return x * 3.0, lambda upstream: upstream * (3.0 * factor)

    return triple


def wrong_in_one_place(place):
    @custom_gradient
    def square(x):
        mask = np.zeros(x.shape)
        mask.reshape(-1)[place] = 0.1
        return x * x, lambda upstream: upstream * x * 2.0 + Tensor(mask)

    return square


class Scale(layers.Layer):
    """Times a weight, with a wrong gradient of the weight if so told."""

    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = factor

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), initializer="ones", name="scale")

    def call(self, x):
        return x * (self.scale if self.factor == 1.0 else wrong(self.factor)(self.scale))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * x,
        lambda x: ops.sum(ops.tanh(x)),
        lambda x: ops.split(ops.exp(x), 2, 1),
        lambda x: {"one": x * 2.0, "two": [ops.relu(x), ops.max(x, 1)]},
        lambda x: (x * 3.0, ops.argmax(ops.stop_gradient(x), 1)),
        lambda x: ops.zeros_like(x),
    ],
)
def test_right_gradients_pass(f):
    assert gradcheck(f, X) is True
    assert gradcheck(f, [X]) is True


@pytest.mark.parametrize("factor", [0.0, 0.999, 1.001, -1.0])
def test_wrong_gradients_are_found(factor):
    message = r"input 0, of shape \(3, 4\): the gradient promises .* along a direction, the function changes by"
    with pytest.raises(GradientError, match=message):
        gradcheck(wrong(factor), X)
    assert gradcheck(wrong(factor), X, raise_exception=False) is False
    assert gradcheck(wrong(1.0), X)


@pytest.mark.parametrize("shape", [(1,), (12,), (13,), (5, 40)])
def test_an_error_in_one_place_is_found(shape):
    for place in (0, int(np.prod(shape)) - 1):
        with pytest.raises(GradientError):
            gradcheck(wrong_in_one_place(place), numbers(*shape))


def test_the_second_input_is_named():
    with pytest.raises(GradientError, match="input 1, of shape"):
        gradcheck(lambda a, b: a * wrong(0.5)(b), [X, X + 1])
    assert gradcheck(lambda a, b: ops.matmul(a, b), [X, X.T])


def test_a_missing_gradient_is_zero():
    with pytest.raises(GradientError, match=r"promises 0 along"):
        gradcheck(lambda x: ops.stop_gradient(x) * 2.0, X)


def test_tolerances():
    assert gradcheck(wrong(1.001), X, rtol=1e-2)
    assert gradcheck(wrong(1.001), X, atol=1.0)
    assert gradcheck(lambda x: x * x, X, eps=1e-4, seed=5)


def test_integers_are_not_moved():
    seen = []

    def take(x, indices):
        seen.append(indices.numpy().tolist())
        assert indices.dtype == "int64"
        return ops.take(x * x, indices, 1)

    assert gradcheck(take, [X, np.array([0, 2])])
    assert all(indices == [0, 2] for indices in seen)


def test_functions_see_float64():
    dtypes = set()

    def f(x):
        dtypes.add(x.dtype)
        return x * 2.0

    assert gradcheck(f, X.astype(np.float32)) and gradcheck(f, Tensor(X.astype(np.float32)))
    assert dtypes == {"float64"} and not state.precise


def test_layers_and_their_weights():
    layer = Scale()
    layer(X)
    assert gradcheck(layer, X)
    bad = Scale(0.9)
    bad(X)
    with pytest.raises(GradientError, match=r"scale, of shape \(4,\): the gradient promises"):
        gradcheck(bad, X)
    bad.trainable = False
    assert gradcheck(bad, X)


def test_arguments_of_the_layer():
    layer = layers.BatchNormalization()
    layer(X)
    before = [v.numpy() for v in layer.variables]
    assert gradcheck(layer, X, training=True) and gradcheck(layer, X, training=False)
    assert all(
        np.array_equal(v.numpy(), b) and v.dtype == "float32" for v, b in zip(layer.variables, before, strict=True)
    )


def test_variables_of_a_function():
    v, frozen = Variable([1.0, 2.0, 3.0, 4.0]), Variable(2.0, trainable=False)
    assert gradcheck(lambda x: x * v * frozen, X, variables=[v, frozen])
    with pytest.raises(GradientError, match=v.path):
        gradcheck(lambda x: x * wrong(0.9)(v), X, variables=[v])
    assert v.dtype == "float32" and v.numpy().tolist() == [1, 2, 3, 4]


def test_all_is_as_before_after_an_exception():
    v = Variable([1.0, 2.0, 3.0, 4.0])
    array = v.array

    def fails(x):
        assert state.precise and v.dtype == "float64"
        raise KeyError

    with pytest.raises(KeyError):
        gradcheck(fails, X, variables=[v])
    assert not state.precise and v.array is array and state.tapes == ()
    with pytest.raises(TypeError, match="the function must return tensors, got float"):
        gradcheck(lambda x: 1.0, X)
    assert not state.precise


def test_inputs_are_not_changed():
    x = X.copy()
    t = Tensor(x)
    gradcheck(lambda a: a * a, [t])
    assert t.array is x and np.array_equal(x, X)


def test_nests_of_numbers():
    assert gradcheck(lambda x: x * x, [[1.0, 2.0], [3.0, 4.0]])
    assert gradcheck(lambda x: x * x, 3.0)
    assert gradcheck(lambda a, b: a * b, [np.array(2.0), np.array([1.0])])


def test_wrong_shape_of_a_gradient():
    @custom_gradient
    def f(x):
        return x * 2.0, lambda upstream: ops.sum(upstream)

    with pytest.raises(ValueError, match="expected a gradient of shape"):
        gradcheck(f, X)


def test_wrong_shape_of_the_gradient_of_a_primitive(monkeypatch):
    monkeypatch.setattr(Primitive, "registry", {})
    double = Primitive("double", lambda x: x * 2, lambda x: x * 2, lambda x: x)
    double.gradient = lambda dy, inputs, y, attrs, needs: (ops.sum(dy),)
    with pytest.raises(GradientError, match=r"expected a gradient of shape \(3, 4\), got \(\)"):
        gradcheck(double, np.ones((3, 4)))
