"""Picking elements and putting gradients back: against NumPy, with repeats, masks and open sizes."""

import numpy as np
import pytest
from oprules import check_all, check_gradient, numbers, precise

from fastcnn import ops
from fastcnn.autograd import GradientTape
from fastcnn.tensor import SymbolicTensor, Tensor, Variable

X = numbers(3, 4, 5)
PICKED = np.array([2, 0, 2, -1])
OPEN = SymbolicTensor((None, 4, 5))
CASES = {
    "getitem": (lambda x: (x * x)[:, 1, ::-2], X),
    "getitem_repeated": (lambda x: (x * x)[:, PICKED], X),
    "getitem_new_axis": (lambda x: (x * x)[:, None, ..., 1:3], X),
    "slice": (lambda x: ops.slice(x * x, (0, 1, 2), (3, 2, 2)), X),
    "take": (lambda x: ops.take(x * x, PICKED, 1), X),
    "take_table": (lambda x: ops.take(x * x, [[0, 2], [2, 2]], 0), X),
    "take_flat": (lambda x: ops.take(x * x, [7, 7, 0]), X),
    "take_along_axis": (lambda x: ops.take_along_axis(x * x, np.array([[[0], [3], [3]]]), 1), X),
    "scatter_add": (lambda x: ops.scatter_add(x * x, np.array([0, 2, 2]), x), X),
}
NO_BATCH = {"take_table", "take_flat", "take_along_axis", "scatter_add", "slice"}


@pytest.mark.parametrize("name", CASES)
def test_rules(name):
    f, *arrays = CASES[name]
    if name in NO_BATCH:
        check_gradient(f, *arrays, order=2)
        assert tuple(f(SymbolicTensor(X.shape)).shape) == f(Tensor(X)).shape
    else:
        check_all(f, *arrays)


KEYS = {
    "integer": 1,
    "negative": -1,
    "numpy integer": np.int64(2),
    "slice": slice(1, None),
    "steps": slice(None, None, -2),
    "beyond": slice(2, 100),
    "ellipsis": (..., 1),
    "new axis": (None, 0, None),
    "list": [0, 2, 0],
    "array": np.array([[0, 1], [2, 0]]),
    "arrays": (np.array([0, 2]), slice(None), np.array([1, 1])),
    "mask": X[:, 0, 0] > 0,
    "mask of all": X > 0,
    "tensor": Tensor(np.array([1, 0])),
    "mask tensor": Tensor(X > 0),
    "nothing": (),
    "empty": np.zeros(0, np.int64),
}


@pytest.mark.parametrize("name", KEYS)
def test_keys_like_numpy(name):
    key = KEYS[name]
    plain = key.numpy() if isinstance(key, Tensor) else key
    assert np.array_equal(Tensor(X)[key].numpy(), X[plain])
    check_gradient(lambda x: (x * x)[key], X)
    if "mask" not in name:
        assert SymbolicTensor(X.shape)[key].shape == X[plain].shape


@pytest.mark.parametrize(
    ("key", "shape"),
    [
        (0, (4, 5)),
        (slice(None), (None, 4, 5)),
        (slice(2), (2, 4, 5)),
        (slice(-2, None), (2, 4, 5)),
        (slice(None, -1), (None, 4, 5)),
        ((slice(None), 1), (None, 5)),
        ((..., None), (None, 4, 5, 1)),
        ((slice(None), slice(1, 3), -1), (None, 2)),
        (np.array([0, 5]), (2, 4, 5)),
        ((slice(None), [0, 1, 1]), (None, 3, 5)),
    ],
)
def test_open_sizes(key, shape):
    assert OPEN[key].shape == shape


def test_the_key_is_copied():
    key = np.array([0, 0])
    x = Tensor(np.arange(3.0))
    with GradientTape() as tape:
        tape.watch(x)
        y = x[key]
    key[:] = 2
    assert tape.gradient(y, x).numpy().tolist() == [2.0, 0.0, 0.0]


def test_an_element_of_a_variable_does_not_change_with_it():
    v = Variable([1.0, 2.0])
    y = v[:1]
    v.assign([3.0, 4.0])
    assert y.numpy().tolist() == [1.0]


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
def test_take_like_numpy(dtype):
    x = (X * 10).astype(dtype)
    for mode in (False, True):
        with precise() if mode else np.errstate():
            for axis in (None, 0, 1, -1):
                y = ops.take(x, [[0, 1], [2, -1]], axis)
                assert y.dtype == dtype or (mode and y.dtype == "float64")
                assert np.array_equal(y.numpy(), np.take(x, [[0, 1], [2, -1]], axis))
            order = np.argsort(X, 1)
            assert np.array_equal(ops.take_along_axis(x, order, 1).numpy(), np.take_along_axis(x, order, 1))
            assert np.array_equal(ops.take_along_axis(x, [5, 0]).numpy(), x.ravel()[[5, 0]])
    assert ops.take(OPEN, [0, 1], 1).shape == (None, 2, 5) and ops.take(OPEN, [0, 1]).shape == (2,)
    assert ops.take(Tensor(X), SymbolicTensor((None, 7), "int32"), 1).shape == (3, None, 7, 5)
    assert ops.take(np.zeros((3, 2)), np.zeros((0,), np.int32), 0).shape == (0, 2)


def test_scatter_add_adds_in_every_place():
    y = ops.scatter_add(np.zeros((3, 2)), [[0, 0], [2, 0]], np.ones((2, 2, 2)))
    assert y.numpy().tolist() == [[3.0, 3.0], [0.0, 0.0], [1.0, 1.0]]


def test_one_hot():
    assert ops.one_hot([2, 0, -1, 3], 3).numpy().tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert ops.one_hot([1, 0], 3, axis=0).numpy().tolist() == [[0, 1], [1, 0], [0, 0]]
    assert ops.one_hot([[1], [0]], 2, axis=1).shape == (2, 2, 1)
    assert ops.one_hot([1], 2, dtype="int32").dtype == "int32"
    assert ops.one_hot(np.zeros((0,), np.int32), 2).shape == (0, 2)
    assert ops.one_hot(SymbolicTensor((None,), "int32"), 5).shape == (None, 5)
    with precise():
        y = ops.one_hot([1], 2)
        assert y.dtype == "float64" and y.numpy().tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: Tensor(X)[5], IndexError, "index 5 is out of bounds"),
        (lambda: Tensor(X)[0, 0, 0, 0], IndexError, "too many indices"),
        (lambda: Tensor(X)[np.array([0.5])], TypeError, "an index must be integers or booleans, got dtype float64"),
        (
            lambda: Tensor(X)[SymbolicTensor((1,), "int32")],
            NotImplementedError,
            "an index must not be a symbolic tensor",
        ),
        (lambda: OPEN[np.array([True])], NotImplementedError, "a boolean mask on a symbolic tensor: its count is not"),
        (lambda: SymbolicTensor((3,))[3], IndexError, "out of bounds"),
        (lambda: ops.slice(X, (0,), (1,)), ValueError, "start_indices and shape must name each of the 3 axes"),
        (lambda: ops.slice(X, (0, 0, 4), (1, 1, 2)), ValueError, r"slice: 4 to 6 is not within axis 2 of shape"),
        (lambda: ops.slice(X, (0, 0, -1), (1, 1, 1)), ValueError, r"slice: -1 to 0 is not within axis 2 of shape"),
        (lambda: ops.take(X, [0.5]), TypeError, "indices must be integers, got dtype float32"),
        (lambda: ops.take(X, [3], 0), IndexError, "indices must be from -3 to 2, got 3 to 3"),
        (lambda: ops.take(X, [0], 3), ValueError, "axis 3 does not exist in 3 dimensions"),
        (lambda: ops.take_along_axis(X, [[[9]]], 1), IndexError, "indices must be from -4 to 3, got 9 to 9"),
        (lambda: ops.take_along_axis(X, [[[0.5]]], 1), TypeError, "indices must be integers, got dtype float32"),
        (
            lambda: ops.take_along_axis(X, [0], 1),
            ValueError,
            r"take_along_axis: indices must have as many dimensions as x, 3, got 1",
        ),
        (lambda: ops.scatter_add(X, [0.5], X[:1]), TypeError, "indices must be integers, got dtype float32"),
        (lambda: ops.take(X, [True]), TypeError, "indices must be integers, got dtype bool"),
        (lambda: ops.scatter_add(X, [3], X[:1]), IndexError, "indices must be from -3 to 2, got 3 to 3"),
        (
            lambda: ops.scatter_add(X, [0, 1], X[:1]),
            ValueError,
            r"scatter_add: expected updates of shape \(2, 4, 5\), got \(1, 4, 5\)",
        ),
        (lambda: ops.one_hot([1], 2, sparse=True), NotImplementedError, "sparse=True is not supported; leave it out"),
        (lambda: ops.one_hot([1.0], 2), ValueError, "one_hot: x must hold integers, got float32"),
        (lambda: ops.one_hot([True], 2), ValueError, "one_hot: x must hold integers, got bool"),
        (lambda: ops.one_hot([1], 2, axis=3), ValueError, "axis 3 does not exist in 2 dimensions"),
    ],
)
def test_messages(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
