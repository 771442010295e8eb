"""Sums, means, extrema, products, norms: values, shapes, gradients, ties, integers."""

import math

import numpy as np
import pytest
from oprules import check_all, check_gradient, numbers, precise

from fastcnn import ops
from fastcnn.autograd import GradientTape, grad
from fastcnn.tensor import SymbolicTensor, Tensor, Variable

X = numbers(2, 3, 4)
POSITIVE = numbers(2, 3, 4, low=0.5, high=2.0)
CASES = {
    "sum": (lambda x: ops.sum(x, 1) ** 2, X),
    "sum_two": (lambda x: ops.sum(x, (1, -1)) ** 2, X),
    "sum_squares": (lambda x: ops.sum_squares(x, 1), X),
    "mean": (lambda x: ops.mean(x, 2, keepdims=True) ** 2, X),
    "max": (lambda x: ops.max(x, 1) ** 2, X),
    "min": (lambda x: ops.min(x, (1, 2), keepdims=True) ** 2, X),
    "max_initial": (lambda x: ops.max(x, 1, initial=0.5) ** 2, X),
    "min_initial": (lambda x: ops.min(x, 1, initial=-0.5) ** 2, X),
    "prod": (lambda x: ops.prod(x, 2), POSITIVE),
    "prod_two": (lambda x: ops.prod(x, (1, 2), keepdims=True), POSITIVE),
    "var": (lambda x: ops.var(x, 1), X),
    "std": (lambda x: ops.std(x, (1, 2)), X),
    "norm": (lambda x: ops.norm(x, axis=1), X),
    "norm_all": (lambda x: ops.norm(x, axis=(1, 2), keepdims=True), X),
    "norm_1": (lambda x: ops.norm(x, 1, axis=1) ** 2, X),
    "norm_2": (lambda x: ops.norm(x, 2, axis=2, keepdims=True), X),
    "norm_inf": (lambda x: ops.norm(x, math.inf, axis=1) ** 2, X),
    "logsumexp": (lambda x: ops.logsumexp(x, 1), X),
    "logsumexp_kept": (lambda x: ops.logsumexp(x, (1, 2), keepdims=True), X),
    "unbroadcast": (lambda x: ops.unbroadcast(x, Tensor(np.ones((3, 1)))) ** 2, X),
}


@pytest.mark.parametrize("name", CASES)
def test_rules(name):
    f, *arrays = CASES[name]
    if name == "unbroadcast":  # takes the batch away
        check_gradient(f, *arrays, order=2)
    else:
        check_all(f, *arrays)


NUMPY = {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min, "prod": np.prod, "var": np.var, "std": np.std}


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (2, 0), ()])
@pytest.mark.parametrize("name", NUMPY)
def test_axes(name, axis):
    for keepdims in (False, True):
        got = getattr(ops, name)(X, axis, keepdims)
        expected = NUMPY[name](X.astype(np.float32), axis=axis, keepdims=keepdims)
        assert got.shape == expected.shape
        np.testing.assert_allclose(got.numpy(), expected, rtol=1e-5, atol=1e-6)
        assert getattr(ops, name)(SymbolicTensor(X.shape), axis, keepdims).shape == expected.shape


@pytest.mark.parametrize("name", ["sum", "max", "min", "prod"])
def test_integers_stay_integers(name):
    values = np.array([[2**24 + 1, 1], [1, 2]])
    y = getattr(ops, name)(values, 1)
    assert y.dtype == "int64" and np.array_equal(y.numpy(), NUMPY[name](values, axis=1))
    with precise():
        assert np.array_equal(getattr(ops, name)(values, 1).numpy(), y.numpy())
    assert getattr(ops, name)(np.array([True, True])).dtype == "int32"
    assert getattr(ops, name)(SymbolicTensor((2,), "bool")).dtype == "int32"
    assert getattr(ops, name)(SymbolicTensor((2,), "int64")).dtype == "int64"
    assert ops.mean(values).dtype == "float32"


def test_ties_share_the_gradient():
    assert grad(ops.max)([1.0, 3.0, 3.0]).numpy().tolist() == [0.0, 0.5, 0.5]
    assert grad(ops.min)([1.0, 1.0, 3.0]).numpy().tolist() == [0.5, 0.5, 0.0]


@pytest.mark.parametrize("f", [ops.norm, ops.std])
def test_no_gradient_where_the_result_is_zero(f):
    assert grad(f)([0.0, 0.0]).numpy().tolist() == [0.0, 0.0]


def test_logsumexp_of_infinities():
    assert ops.logsumexp([-np.inf, -np.inf]).item() == -np.inf
    assert ops.logsumexp([np.inf, 0.0]).item() == np.inf
    assert ops.logsumexp([1000.0, 1000.0]).item() == pytest.approx(1000 + math.log(2))


@pytest.mark.parametrize("zeros", [0, 1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
def test_prod_at_zeros_in_three_derivatives(zeros, size):
    x = numbers(2, size, low=0.5, high=2.0)
    x[0, :zeros] = 0
    f = lambda t: ops.prod(t, 1)  # noqa: E731
    check_gradient(f, x, order=2)
    if size == 3:
        check_gradient(lambda t: grad(f)(t), x, order=2)


def test_prod_of_other_axes():
    x = numbers(2, 3, 4)
    x[0, 1, 2] = 0
    for axis in (None, 0, (0, 2), (0, 1, 2), ()):
        check_gradient(lambda t, axis=axis: ops.prod(t, axis), x)
    assert grad(ops.prod)(np.zeros((0,))).shape == (0,)
    assert float(grad(ops.prod)(3.0)) == 1


def test_gradient_of_prod_over_an_open_axis():
    x = SymbolicTensor((None, 3))
    with GradientTape() as tape:
        tape.watch(x)
        y, z = ops.prod(x, 1), ops.prod(x, 0)
    assert tape.gradient(y, x).shape == (None, 3)
    with GradientTape() as tape:
        tape.watch(x)
        z = ops.prod(x, 0)
    with pytest.raises(NotImplementedError, match=r"prod: its gradient needs the sizes of axes \(0,\) of shape"):
        tape.gradient(z, x)


def test_indices_and_counts():
    x = np.array([[1.0, 5.0, 5.0], [7.0, 0.0, 0.0]])
    assert ops.argmax(x, 1).numpy().tolist() == [1, 0] and ops.argmin(x, -1).numpy().tolist() == [0, 1]
    assert ops.argmax(x).item() == 3 and ops.argmax(x).dtype == "int32"
    assert ops.argmax(x, 1, keepdims=True).shape == (2, 1)
    assert ops.count_nonzero(x, 1).numpy().tolist() == [3, 1] and ops.count_nonzero(x).dtype == "int32"
    assert ops.any(x, 0).numpy().tolist() == [True, True, True]
    assert ops.all(x, 1).numpy().tolist() == [True, False]
    for f, dtype in ((ops.argmax, "int32"), (ops.count_nonzero, "int32"), (ops.any, "bool"), (ops.all, "bool")):
        y = f(SymbolicTensor((None, 3)), axis=1)
        assert y.shape == (None,) and y.dtype == dtype


@pytest.mark.parametrize("name", ["argmax", "argmin", "count_nonzero", "any", "all"])
def test_what_has_no_gradient_says_so(name):
    v = Variable([1.0, 2.0])
    with GradientTape() as tape:
        y = ops.cast(getattr(ops, name)(v), "float32") * v
    assert tape.gradient(y, v) is not None  # through the factor
    with GradientTape() as tape:
        y = getattr(ops, name)(v)
    with pytest.raises(ValueError, match=f"{name} has no gradient, but the target depends on it"):
        tape.gradient(y, v)


def test_empty_and_scalar():
    assert ops.sum(np.zeros((0, 2)), 0).numpy().tolist() == [0.0, 0.0]
    assert ops.sum(3.0).item() == 3 and ops.max(3.0).item() == 3
    assert float(grad(ops.sum)(3.0)) == 1
    assert grad(ops.mean)(np.zeros((0,))).shape == (0,)


def test_unbroadcast_of_the_same_shape_is_itself():
    x = Tensor(X)
    assert ops.unbroadcast(x, Tensor(X)) is x


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: ops.sum(X, 3), ValueError, "axis 3 does not exist in 3 dimensions; expected -3 to 2"),
        (lambda: ops.sum(X, (0, -4)), ValueError, "axis -4 does not exist in 3 dimensions"),
        (lambda: ops.max(X, (0, -3)), ValueError, r"axis must not name one axis twice, got \(0, -3\)"),
        (
            lambda: ops.norm(X, 1),
            NotImplementedError,
            "ord=1 over 3 axes is a matrix norm; only ord=None is supported there",
        ),
        (lambda: ops.norm(X, "nuc", axis=1), ValueError, "ord must be a number, None or 'fro', got 'nuc'"),
    ],
)
def test_messages(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


@pytest.mark.parametrize(
    ("dtype", "wide"),
    [
        ("uint8", "uint32"),
        ("uint16", "uint32"),
        ("int8", "int32"),
        ("int16", "int32"),
        ("int32", "int32"),
        ("int64", "int64"),
    ],
)
def test_sums_and_products_of_small_integers_have_room(dtype, wide):
    x = np.full((3, 100), 100, dtype)
    assert (ops.sum(x).dtype, int(ops.sum(x))) == (wide, 30000)
    assert ops.sum(x, 0).numpy().tolist() == [300] * 100
    assert (ops.prod(x[:, 0]).dtype, int(ops.prod(x[:, 0]))) == (wide, 1000000)
    assert ops.sum(SymbolicTensor((None, 3), dtype), 1).dtype == wide
    assert ops.max(x).dtype == dtype
