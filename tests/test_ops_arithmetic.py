"""Arithmetic, comparisons, elementary functions, conversions: values, shapes, gradients, integers."""

import numpy as np
import pytest
from oprules import check_all, check_gradient, numbers, precise

from fastcnn import ops
from fastcnn.autograd import GradientTape, grad
from fastcnn.tensor import SymbolicTensor, Tensor, Variable

X = numbers(3, 4)
ROW = numbers(4, seed=1)
ONE = numbers(1, 1, seed=2)
POSITIVE = numbers(3, 4, low=0.5, high=3.0)
POSITIVE_ROW = numbers(4, seed=1, low=0.5, high=2.0)
CASES = {
    "add": (ops.add, X, ROW),
    "subtract": (ops.subtract, X, ONE),
    "subtract_from_row": (lambda x, row: row - x, X, ROW),
    "multiply": (ops.multiply, X, ROW),
    "multiply_self": (lambda x: x * x, X),
    "divide": (ops.divide, X, POSITIVE_ROW),
    "divide_number": (lambda x: 1.0 / x, POSITIVE),
    "maximum": (ops.maximum, X, ROW),
    "minimum": (ops.minimum, X, ONE),
    "squared_difference": (ops.squared_difference, X, ROW),
    "power": (ops.power, POSITIVE, POSITIVE_ROW),
    "power_of_number": (lambda x: 2.0**x, X),
    "power_number": (lambda x: x**3, X),
    "power_square": (lambda x: x**2, X),
    "add_scaled": (lambda x, row: ops.add_scaled(x, row, 0.3), X, ROW),
    "where": (lambda x, row: ops.where(ops.greater(x, 0.0), x * x, row), X, ROW),
    "clip": (lambda x: ops.clip(x, -1.0, 1.0), X),
    "clip_below": (lambda x: ops.clip(x, -1.0, None), X),
    "sin": (ops.sin, X),
    "cos": (ops.cos, X),
    "cumsum": (lambda x: ops.cumsum(x, 1), X),
    "negative": (ops.negative, X),
    "abs": (ops.abs, X),
    "square": (ops.square, X),
    "sqrt": (ops.sqrt, POSITIVE),
    "rsqrt": (ops.rsqrt, POSITIVE),
    "reciprocal": (ops.reciprocal, POSITIVE),
    "exp": (ops.exp, X),
    "expm1": (ops.expm1, X),
    "log": (ops.log, POSITIVE),
    "log1p": (ops.log1p, POSITIVE),
    "cast": (lambda x: ops.cast(x, "float") * x, X),
    "identity": (lambda x: ops.identity_primitive(x) * x, X),
    "stop_gradient": (lambda x: ops.stop_gradient(Tensor(ROW.astype(x.dtype))) * x, X),
}


@pytest.mark.parametrize("name", CASES)
def test_rules(name):
    f, *arrays = CASES[name]
    check_all(f, *arrays)


STEPS = {"sign": np.sign, "floor": np.floor, "ceil": np.ceil, "round": np.round}


@pytest.mark.parametrize("name", STEPS)
def test_steps_have_no_slope(name):
    f = getattr(ops, name)
    assert np.array_equal(f(X).numpy(), STEPS[name](X).astype(np.float32))
    assert np.array_equal(grad(f)(X).numpy(), np.zeros_like(X))
    assert f(SymbolicTensor((None, 4))).shape == (None, 4)
    assert np.array_equal(f(np.array([3, -3])).numpy(), STEPS[name]([3, -3])) and f(np.array([3])).dtype == "int64"


COMPARISONS = {
    "equal": np.equal,
    "not_equal": np.not_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
}


@pytest.mark.parametrize("name", COMPARISONS)
def test_comparisons(name):
    values = np.array([[1.0, 2.0, np.nan, -0.0, np.inf]])
    f, expected = getattr(ops, name), COMPARISONS[name](values, values.T)
    assert np.array_equal(f(values, values.T).numpy(), expected)
    whole = np.array([2**24, 2**24 + 1])
    assert np.array_equal(f(whole, 2**24).numpy(), COMPARISONS[name](whole, 2**24))
    with precise():
        assert np.array_equal(f(values, values.T).numpy(), expected)
    symbolic = f(SymbolicTensor((None, 4)), SymbolicTensor((3, 1)))
    assert symbolic.shape == (3, 4) and symbolic.dtype == "bool"
    x = Variable(X)
    with GradientTape() as tape:
        y = ops.cast(f(x, ROW), "float")
    assert tape.gradient(y, x) is None


def test_logic():
    a, b = np.array([True, True, False]), np.array([True, False, False])
    assert ops.logical_and(a, b).numpy().tolist() == [True, False, False]
    assert ops.logical_or(a, b).numpy().tolist() == [True, True, False]
    assert ops.logical_not(a).numpy().tolist() == [False, False, True]
    assert ops.logical_and([2.0, 0.0], 1).numpy().tolist() == [True, False]
    assert ops.isnan([1.0, np.nan, np.inf]).numpy().tolist() == [False, True, False]
    assert ops.isfinite([1.0, np.nan, np.inf]).numpy().tolist() == [True, False, False]
    for f in (ops.logical_not, ops.isnan, ops.isfinite):
        y = f(SymbolicTensor((None, 2)))
        assert y.shape == (None, 2) and y.dtype == "bool"


def test_nan_wins_in_extrema():
    assert np.isnan(ops.maximum([np.nan, 1.0], [1.0, np.nan]).numpy()).all()
    assert np.isnan(ops.minimum([np.nan, 1.0], [1.0, np.nan]).numpy()).all()


@pytest.mark.parametrize("f", [ops.maximum, ops.minimum])
def test_equal_elements_share_the_gradient(f):
    assert [float(g) for g in grad(f, (0, 1))(2.0, 2.0)] == [0.5, 0.5]


def test_gradients_at_corners():
    assert float(grad(ops.abs)(0.0)) == 0
    assert float(grad(lambda x: x**0.0)(0.0)) == 0
    assert float(grad(lambda x: x**1.0)(0.0)) == 1
    assert float(grad(lambda x: ops.power(0.0, x))(2.0)) == 0
    assert float(grad(lambda x: ops.clip(x, -1.0, 1.0))(1.0)) == 1
    assert float(grad(lambda x: ops.clip(x, -1.0, 1.0))(1.5)) == 0
    assert float(grad(ops.log1p)(0.0)) == 1 and float(grad(ops.expm1)(0.0)) == 1


def test_a_where_hides_what_it_does_not_choose():
    f = lambda x: ops.where(x > 0.0, ops.log(ops.where(x > 0.0, x, 1.0)), 0.0)  # noqa: E731
    assert grad(f)([0.0, 2.0]).numpy().tolist() == [0.0, 0.5]


def test_third_derivatives():
    check_gradient(lambda x: grad(lambda a: ops.power(a, 2.5))(x), POSITIVE_ROW, order=2)
    check_gradient(lambda x: grad(ops.rsqrt)(x), POSITIVE_ROW, order=2)


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "maximum", "minimum", "squared_difference", "power"])
def test_integers_stay_integers(name):
    large = 2**24 + 1
    f = getattr(ops, name)
    y = f(np.array([large, 3]), np.array([1, 2]))
    expected = {"squared_difference": lambda a, b: (a - b) ** 2}.get(name, getattr(np, name, None))
    assert y.dtype == "int64" and np.array_equal(y.numpy(), expected(np.array([large, 3]), np.array([1, 2])))
    assert f(np.array([True]), np.array([True])).dtype == "int32"
    assert f(SymbolicTensor((1,), "bool"), SymbolicTensor((1,), "bool")).dtype == "int32"
    assert f(SymbolicTensor((1,), "int32"), SymbolicTensor((1,), "int64")).dtype == "int64"
    assert f(SymbolicTensor((1,), "int32"), SymbolicTensor((1,))).dtype == "float32"


def test_clip_by_tensors():
    low, high = numbers(4, low=-2, high=0), numbers(4, low=0.5, high=1.5, seed=1)
    x = numbers(3, 4, low=-3, high=3, seed=2)
    check_all(ops.clip, x, low, high)
    x, low, high = (np.float32(v) for v in (x, low, high))
    np.testing.assert_array_equal(ops.clip(x, low, high).array, np.clip(x, low, high))
    np.testing.assert_array_equal(ops.clip(x, None, high).array, np.minimum(x, high))
    np.testing.assert_array_equal(ops.clip(x, low, 1.0).array, np.clip(x, low, 1))


def test_numbers_beside_integers():
    assert (Tensor(np.array([1, 2])) + 1).dtype == "int64"
    assert (Tensor(np.array([1, 2])) * 0.5).numpy().tolist() == [0.5, 1.0]
    assert (Tensor(np.array([True])) + 1).dtype == "int32"
    assert (Tensor(np.array([1, 2])) / 2).dtype == "float32"
    assert ops.clip(np.array([1, 5, 9]), 2, 6).numpy().tolist() == [2, 5, 6]
    assert ops.clip(np.array([1, 5, 9]), 2, 6).dtype == "int64"
    with precise():
        assert ops.clip(np.array([1, 5, 9]), 2, 6).numpy().tolist() == [2, 5, 6]
    for f in (ops.negative, ops.abs, ops.square, ops.sign):
        assert f(np.array([-3])).dtype == "int64"
    for f in (ops.sqrt, ops.exp, ops.log):
        assert f(np.array([4])).dtype == "float32"
    assert ops.where([True, False], np.array([1, 2]), np.array([3, 4])).dtype == "int64"
    assert ops.where([1.0, 0.0], 1.0, 2.0).numpy().tolist() == [1.0, 2.0]


def test_limits_do_not_warn():
    for mode in (False, True):
        with precise() if mode else np.errstate():
            assert ops.log(0.0).item() == -np.inf and np.isnan(ops.log(-1.0).item())
            assert ops.log1p(-1.0).item() == -np.inf
            assert ops.exp(1e4).item() == np.inf and ops.expm1(1e4).item() == np.inf
            assert ops.divide(1.0, 0.0).item() == np.inf and np.isnan(ops.divide(0.0, 0.0).item())
            assert np.isnan(ops.sqrt(-1.0).item()) and ops.rsqrt(0.0).item() == np.inf
            assert ops.reciprocal(0.0).item() == np.inf


def test_aliases_and_decimals():
    assert ops.absolute is ops.abs and ops.true_divide is ops.divide
    assert ops.round([1.25, 1.35, -0.5], 1).numpy().tolist() == pytest.approx([1.2, 1.4, -0.5])


def test_casts():
    x = ops.convert_to_tensor(X)
    assert ops.cast(x, "float32") is x and ops.cast(x, "float") is x
    assert ops.cast(x, "float16").dtype == "float16"
    assert ops.cast(Tensor(np.array([0, 2])), "bool").numpy().tolist() == [False, True]
    v = Variable([1.0])
    copy = ops.cast(v, "float32")
    v.assign([2.0])
    assert copy.numpy().tolist() == [1.0]
    assert ops.cast(SymbolicTensor((None,)), "int32").dtype == "int32"
    with GradientTape() as tape:
        y = ops.cast(ops.cast(v, "float64") * 2.0, "float32")
    assert tape.gradient(y, v).dtype == "float32"
    with GradientTape() as tape:
        y = ops.cast(ops.cast(v, "int32"), "float32")
    assert tape.gradient(y, v) is None
    with pytest.raises(TypeError, match="data type 'flaot' not understood"):
        ops.cast(x, "flaot")


def test_convert_to_numpy_and_shape():
    x = np.ones((2, 3), np.float32)
    y = ops.convert_to_numpy(Tensor(x))
    y[0, 0] = 5
    assert x[0, 0] == 1
    assert ops.convert_to_numpy([1, 2]).tolist() == [1, 2]
    assert ops.shape(SymbolicTensor((None, 3))) == (None, 3)
    assert ops.shape([[1.0]]) == (1, 1)
    with pytest.raises(TypeError, match="a symbolic tensor has no numbers yet"):
        ops.convert_to_numpy(SymbolicTensor((1,)))


def test_creation():
    assert ops.zeros((2, 1)).numpy().tolist() == [[0.0], [0.0]] and ops.empty is ops.zeros
    assert ops.ones(2).dtype == "float32" and ops.ones(2, "int64").dtype == "int64"
    assert ops.full((2,), 3).numpy().tolist() == [3.0, 3.0] and ops.full((2,), 3).dtype == "float32"
    assert ops.full((2,), 3, "int32").dtype == "int32"
    assert ops.full(2, Tensor(np.float32(3.0))).numpy().tolist() == [3.0, 3.0]
    assert ops.full((2, 2), [1.0, 2.0]).numpy().tolist() == [[1.0, 2.0], [1.0, 2.0]]
    for like, value in ((ops.zeros_like, 0), (ops.ones_like, 1), (lambda x, t=None: ops.full_like(x, 7, t), 7)):
        assert like([1, 2]).numpy().tolist() == [value, value]
        assert like([1, 2]).dtype == "int32" and like([1, 2], "float32").dtype == "float32"
        assert like(SymbolicTensor((None, 2))).shape == (None, 2)
    with precise():
        assert ops.zeros(2).dtype == "float64" and ops.full(2, 1.0).dtype == "float64"


def test_full_of_a_variable_has_a_gradient():
    v = Variable(3.0)
    with GradientTape() as tape:
        y = ops.full((2, 3), v)
    assert tape.gradient(y, v).item() == 6


def test_arange():
    assert ops.arange(3).numpy().tolist() == [0, 1, 2] and ops.arange(3).dtype == "int32"
    assert ops.arange(1, 7, 2).numpy().tolist() == [1, 3, 5]
    assert ops.arange(0.0, 1.0, 0.5).numpy().tolist() == [0.0, 0.5] and ops.arange(1.0).dtype == "float32"
    assert ops.arange(3, dtype="float32").dtype == "float32"
    assert ops.arange(Tensor(np.array(3))).numpy().tolist() == [0, 1, 2]
    assert ops.arange(np.int64(2), 0, -1).numpy().tolist() == [2, 1]


def test_shapes_that_do_not_broadcast():
    message = r"shapes \(3, 4\), \(3, 2\) do not broadcast: sizes \[2, 4\] meet"
    with pytest.raises(ValueError, match=message):
        ops.add(SymbolicTensor((3, 4)), SymbolicTensor((3, 2)))
    with pytest.raises(ValueError, match="broadcast"):
        ops.add(X, np.ones((3, 2)))
    assert ops.broadcast_shapes((None, 1), (1, 5), (2, 1, 1)) == (2, None, 5)
    assert ops.broadcast_shapes((None,), (0,)) == (0,)


def test_strings_are_no_numbers():
    with pytest.raises(TypeError, match="a tensor must hold numbers, got dtype <U1: 'a'"):
        ops.add("a", 1.0)
