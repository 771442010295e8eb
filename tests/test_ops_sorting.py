"""Sorting: stable, NaN last; the k largest; gradients of values, none of places."""

import numpy as np
import pytest
from oprules import check_all, numbers

from fastcnn import ops
from fastcnn.autograd import GradientTape, grad
from fastcnn.tensor import SymbolicTensor, Variable

X = numbers(3, 4, 5)
CASES = {
    "sort": (lambda x: ops.sort(x, 1) ** 2, X),
    "top_k": (lambda x: ops.top_k(x * x, 2)[0], X),
}


@pytest.mark.parametrize("name", CASES)
def test_rules(name):
    f, *arrays = CASES[name]
    check_all(f, *arrays)


def test_sorting_is_stable_and_puts_nan_last():
    x = np.array([[2.0, np.nan, 1.0, 2.0], [0.0, 0.0, 0.0, -1.0]])
    assert ops.argsort(x).numpy().tolist() == [[2, 0, 3, 1], [3, 0, 1, 2]]
    assert ops.argsort(x).dtype == "int32" and ops.argsort(SymbolicTensor((None, 4))).shape == (None, 4)
    assert ops.argsort(x, 0).numpy().tolist() == [[1, 1, 1, 1], [0, 0, 0, 0]]
    assert np.array_equal(ops.sort(x, 1).numpy(), np.sort(x, 1).astype("float32"), equal_nan=True)
    assert np.array_equal(ops.sort(np.array([3, 1, 2])).numpy(), [1, 2, 3])
    x = np.array([[3.0, 1.0], [2.0, 0.0]])
    assert ops.sort(x, None).numpy().tolist() == [0, 1, 2, 3]
    assert ops.argsort(x, None).numpy().tolist() == [3, 1, 2, 0]


def test_top_k():
    values, indices = ops.top_k([[1.0, 3.0, 3.0, 2.0]], 3)
    assert values.numpy().tolist() == [[3.0, 3.0, 2.0]] and indices.numpy().tolist() == [[1, 2, 3]]
    values, indices = ops.top_k(SymbolicTensor((None, 4)), 3, sorted=False)
    assert values.shape == indices.shape == (None, 3) and indices.dtype == "int32"
    assert grad(lambda x: ops.top_k(x, 1)[0])([1.0, 3.0, 3.0]).numpy().tolist() == [0.0, 1.0, 0.0]


def test_in_top_k():
    predictions = [[0.1, 0.5, 0.5], [0.9, 0.1, 0.0], [np.nan, 1.0, 0.0], [0.0, 0.0, 0.0]]
    assert ops.in_top_k([2, 1, 0, 5], predictions, 1).numpy().tolist() == [True, False, False, False]
    assert ops.in_top_k([2, 1, 2, -1], predictions, 2).numpy().tolist() == [True, True, True, False]
    y = ops.in_top_k(SymbolicTensor((None,), "int32"), SymbolicTensor((None, 3)), 1)
    assert y.shape == (None,) and y.dtype == "bool"


@pytest.mark.parametrize("f", [ops.argsort, lambda v: ops.top_k(v, 1)[1], lambda v: ops.in_top_k([1], v[None], 1)])
def test_indices_have_no_slope(f):
    v = Variable([1.0, 3.0])
    with GradientTape() as tape:
        y = ops.cast(f(v), "float32")
    assert tape.gradient(y, v) is None


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: ops.sort(X, 3), ValueError, "axis 3 does not exist in 3 dimensions"),
        (lambda: ops.top_k(X, 6), ValueError, "k must be from 1 to the size of the last axis, 5, got 6"),
        (lambda: ops.top_k(X, 0), ValueError, "k must be from 1 to the size of the last axis, 5, got 0"),
    ],
)
def test_messages(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
