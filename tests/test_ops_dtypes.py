"""The dtypes of results, eagerly and of symbolic tensors; integers of few bits; what has no axes or no elements."""

import math

import numpy as np
import pytest
from oprules import check_all, check_gradient, numbers

from fastcnn import GradientTape, ops
from fastcnn.tensor import SymbolicTensor, Variable

FLOATS, WHOLE = np.float32([[1.5, -2.0]]), np.int32([[3, 4]])
BYTES = np.array([3, 250], np.uint8)


@pytest.mark.parametrize("join", [ops.concatenate, ops.stack, ops.hstack, ops.vstack])
def test_floats_joined_with_integers_are_float32(join):
    for x in ([FLOATS, WHOLE], [WHOLE, FLOATS], [FLOATS, WHOLE.astype(np.int64)]):
        y = join(x)
        assert y.dtype == "float32" and sorted(y.numpy().ravel()) == [-2, 1.5, 3, 4]
        assert join([SymbolicTensor(a.shape, a.dtype.name) for a in x]).dtype == "float32"


@pytest.mark.parametrize("f", [ops.square, lambda x: ops.power(x, 2), lambda x: x**2])
def test_squares_of_truth_values_are_int32(f):
    y = f(ops.convert_to_tensor([True, False]))
    assert y.dtype == "int32" and y.numpy().tolist() == [1, 0]
    assert f(SymbolicTensor((2,), "bool")).dtype == "int32"


@pytest.mark.parametrize("f", [ops.flip, ops.transpose, lambda x: ops.reshape(x, ())])
@pytest.mark.parametrize("value", [3, True, 2.5])
def test_numbers_without_axes_keep_none(f, value):
    assert f(value).shape == () and f(value).item() == value


def test_numbers_beside_arrays_take_their_dtype_as_beside_tensors():
    for f in (ops.add, ops.subtract, ops.multiply, ops.maximum, ops.minimum, ops.floor_divide, ops.mod, ops.power):
        for args in ((BYTES, 2), (2, BYTES)):
            y, z = f(*args), f(*[ops.convert_to_tensor(a) if a is BYTES else a for a in args])
            assert y.dtype == z.dtype == "uint8"
            np.testing.assert_array_equal(y.numpy(), z.numpy())
    assert ops.where([True, False], BYTES, 3).dtype == "uint8"
    for x in (BYTES, ops.convert_to_tensor(BYTES)):
        assert ops.add(x, -1).dtype == "int32" and ops.add(x, -1).numpy().tolist() == [2, 249]
        assert ops.where([True, False], x, -1).numpy().tolist() == [3, -1]


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int32", "int64"])
def test_narrow_integers_do_not_overflow(dtype):
    x, y = np.array([3, 120], dtype), np.array([120, 3], dtype)
    real = x.astype(np.float64)
    np.testing.assert_allclose(ops.log_sigmoid(x).numpy(), -np.log1p(np.exp(-real)), rtol=1e-6, atol=1e-45)
    np.testing.assert_allclose(ops.normalize(x).numpy(), real / np.hypot(*real), rtol=1e-6)
    np.testing.assert_allclose(ops.normalize(x, order=3).numpy(), real / (real**3).sum() ** (1 / 3), rtol=1e-6)
    np.testing.assert_allclose(ops.logaddexp(x, x + np.array([1, 1], dtype)).numpy(), real + np.log1p(np.e), rtol=1e-6)
    assert ops.isclose(x, y, atol=117).numpy().tolist() == [True, True]
    assert ops.isclose(x, y, atol=116, rtol=0.0).numpy().tolist() == [False, False]


def test_integers_are_rounded_to_integers():
    x = np.array([17, -26, 5])
    assert ops.round(x, 1).dtype == "int64" and ops.round(x, 1).numpy().tolist() == [17, -26, 5]
    assert ops.round(x, -1).numpy().tolist() == [20, -30, 0]
    assert ops.round(SymbolicTensor((3,), "int32"), -1).dtype == "int32"


@pytest.mark.parametrize("ord", [0, 1, 2, 3, 0.5, -1, math.inf, -math.inf])
def test_norms_of_any_power(ord):
    x = np.float32([[1.5, -2.0, 6.0]])
    np.testing.assert_allclose(ops.norm(x, ord, axis=1).numpy(), np.linalg.norm(x, ord, axis=1), rtol=1e-5)
    assert ops.norm(x, ord, axis=1, keepdims=True).shape == (1, 1)
    if ord != 0:
        check_all(lambda x: ops.norm(x, ord, axis=1), numbers(3, 4, low=0.5, high=2))
    assert ops.norm(np.array([-3, 4]), ord).dtype == "float32"


def test_norms_that_there_are_not():
    with pytest.raises(ValueError, match="ord must be a number, None or 'fro', got 'nuc'"):
        ops.norm([1.0], "nuc")
    with pytest.raises(NotImplementedError, match="ord=1 over 2 axes is a matrix norm"):
        ops.norm([[1.0]], 1)


@pytest.mark.parametrize("f", [ops.max, ops.min])
def test_the_initial_extremum_of_nothing(f):
    assert f(np.zeros((2, 0), "f"), 1, initial=3.0).numpy().tolist() == [3.0, 3.0]
    assert f(np.zeros((2, 0), "f"), 1, True, initial=3.0).shape == (2, 1)
    assert f(np.zeros((0,), np.int32), initial=3).dtype == "int32"
    with pytest.raises(ValueError, match="there is no largest of nothing"):
        f(np.zeros((2, 0), "f"), 1)


def test_the_sum_of_no_exponentials():
    assert ops.logsumexp(np.zeros((0, 3), "f"), 0).numpy().tolist() == [-math.inf] * 3
    assert ops.logsumexp(np.zeros(0, "f")).item() == -math.inf
    assert ops.logsumexp(np.array([1, 1])).item() == pytest.approx(1 + math.log(2))


def test_distances_between_tensors():
    start, stop = Variable([0.0, 10.0]), Variable([1.0, 30.0])
    for kw in ({}, {"endpoint": False}, {"axis": -1}, {"axis": 1}, {"retstep": True}, {"num": 1}, {"num": 0}):
        kw = {"num": 5} | kw
        got = ops.linspace(start, stop, **kw)
        expected = np.linspace(start.numpy(), stop.numpy(), **kw)
        for a, b in zip(got, expected, strict=True) if "retstep" in kw else [(got, expected)]:
            np.testing.assert_allclose(a.numpy(), b, rtol=1e-6)
    with GradientTape() as tape:
        y = ops.linspace(start, 5.0, 3)
    assert tape.gradient(y, start).numpy().tolist() == [1.5, 1.5]
    check_gradient(lambda a, b: ops.linspace(a, b, 4), numbers(2, 3), numbers(3, seed=1))
    assert ops.linspace(SymbolicTensor((None, 3)), 1.0, 7, axis=-1).shape == (None, 3, 7)
    assert ops.linspace(SymbolicTensor(()), 1.0, 7, dtype="int32").dtype == "int32"


def test_dots_in_subscripts():
    a, b = numbers(2, 3, 4), numbers(2, 4, 5, seed=1)
    for text in ("...ij,...jk->...ik", "...ij,...jk"):
        np.testing.assert_allclose(ops.einsum(text, a, b).array, np.einsum(text, a, b), rtol=1e-5)
    np.testing.assert_allclose(ops.einsum("...i->...", a).array, a.sum(-1), rtol=1e-5)
    np.testing.assert_allclose(ops.einsum("...ij->...ji", a).array, a.swapaxes(1, 2), rtol=1e-6)
    np.testing.assert_allclose(ops.einsum("...ij,jk->...ik", a, b[0]).array, a @ b[0], rtol=1e-5)
    check_gradient(lambda x, y: ops.einsum("...ij,...jk->...ik", x, y), a, b)
    with pytest.raises(ValueError, match="does not fit shapes"):
        ops.einsum("...ij->...", np.ones(1, "f"))
