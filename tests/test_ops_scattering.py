"""Scatter, updates of elements and of boxes, places in a sorted row."""

import numpy as np
import pytest
from oprules import check_gradient, numbers

from fastcnn import Model, layers, ops
from fastcnn.tensor import SymbolicTensor

X = numbers(3, 4)
PLACES = np.array([[0, 1], [2, 0], [0, 1]])
ROWS = np.array([[2], [0], [2]])


def test_scatter_adds_where_places_meet():
    assert ops.scatter(PLACES, [1.0, 2.0, 4.0], (3, 2)).numpy().tolist() == [[0, 5], [0, 0], [2, 0]]
    assert ops.scatter(ROWS, np.eye(3, dtype="f"), (3, 3)).numpy().tolist() == [[0, 1, 0], [0, 0, 0], [1, 0, 1]]
    whole = ops.scatter([[[0], [1]]], np.array([[[1, 2], [3, 4]]]), (2, 2))
    assert whole.dtype == "int64" and whole.numpy().tolist() == [[1, 2], [3, 4]]
    check_gradient(lambda v: ops.scatter(PLACES, v, (3, 2)), numbers(3), order=2)
    assert ops.scatter(SymbolicTensor((None, 2), "int32"), SymbolicTensor((None,)), (3, 2)).shape == (3, 2)


def test_scatter_update_keeps_the_last():
    y = ops.scatter_update(np.zeros((3, 2), "f"), PLACES, [1.0, 2.0, 4.0])
    assert y.numpy().tolist() == [[0, 4], [0, 0], [2, 0]]
    expected = X.copy()
    expected[[2, 0, 2]] = np.arange(12).reshape(3, 4)
    np.testing.assert_allclose(ops.scatter_update(X, ROWS, np.arange(12).reshape(3, 4)).numpy(), expected, rtol=1e-6)
    assert ops.scatter_update([1, 2, 3], [[1]], [9]).dtype == "int32"
    assert (
        ops.scatter_update(np.zeros((2, 2)), np.zeros((0, 1), int), np.zeros((0, 2))).numpy().tolist() == [[0, 0]] * 2
    )
    check_gradient(lambda x, v: ops.scatter_update(x, ROWS, v * v), X, numbers(3, 4, seed=1), order=2)


def test_scatter_update_adds():
    y = ops.scatter_update([1.0, 2.0], [[1], [1]], [3.0, 4.0], reduction="add")
    assert y.numpy().tolist() == [1.0, 9.0]
    check_gradient(lambda x, v: ops.scatter_update(x, ROWS, v * v, "add"), X, numbers(3, 4, seed=1))


def test_boxes_are_replaced():
    expected = X.astype("f")
    expected[1:, 1:3] = 7
    np.testing.assert_array_equal(ops.slice_update(X, [1, 1], np.full((2, 2), 7)).numpy(), expected)
    assert ops.slice_update([1, 2, 3], np.array([0]), [9.9]).numpy().tolist() == [9, 2, 3]
    np.testing.assert_array_equal(ops.slice_update(X, (0, 0), -X).numpy(), -X.astype("f"))
    check_gradient(lambda x, v: ops.slice_update(x, [1, 0], v * v), X, numbers(2, 3, seed=1), order=2)


def test_boxes_in_a_program():
    x = layers.Input((4, 4, 1))
    y = layers.Conv2D(1, 1, kernel_initializer="ones")(ops.slice_update(x, [0, 1, 0, 0], x[:, :2] * 10.0))
    batch = np.arange(32, dtype=np.float32).reshape(2, 4, 4, 1)
    expected = batch.copy()
    expected[:, 1:3] = batch[:, :2] * 10
    model = Model(x, y)
    np.testing.assert_array_equal(model.predict(batch, verbose=0), expected)
    assert y.shape == (None, 4, 4, 1)


@pytest.mark.parametrize("side", ["left", "right"])
def test_places_in_a_sorted_row(side):
    row, values = np.array([1.0, 3.0, 3.0, 5.0]), np.array([[3.0, 0.0], [9.0, 4.0]])
    got = ops.searchsorted(row, values, side)
    assert got.dtype == "int32" and got.numpy().tolist() == np.searchsorted(row, values, side).tolist()
    assert ops.searchsorted([1, 3], 2, side).item() == 1
    symbolic = ops.searchsorted(row, SymbolicTensor((None, 2)), side)
    assert symbolic.shape == (None, 2) and symbolic.dtype == "int32"


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: ops.scatter([[3]], [1.0], (3,)), IndexError, r"scatter: indices must be within \(3,\), got \[3\] to \[3\]"),
        (lambda: ops.scatter([[0, 2]], [1.0], (3, 2)), IndexError, r"within \(3, 2\), got \[0, 2\] to \[0, 2\]"),
        (lambda: ops.scatter([[-1]], [1.0], (3,)), IndexError, r"got \[-1\] to \[-1\]"),
        (lambda: ops.scatter([[0.0]], [1.0], (3,)), TypeError, "indices must be integers, got dtype float32"),
        (lambda: ops.scatter(1, [1.0], (3,)), ValueError, r"indices must be \(..., k\) with k from 1 to 1, got \(\)"),
        (lambda: ops.scatter([[0]], [1.0, 2.0], (3,)), ValueError, r"expected values of shape \(1,\), got \(2,\)"),
        (lambda: ops.scatter_update(X, [[0]], [1.0]), ValueError, r"expected updates of shape \(1, 4\), got \(1,\)"),
        (lambda: ops.scatter_update(X, [[0]], X[:1], "max"), NotImplementedError, "must be None or 'add', got 'max'"),
        (lambda: ops.scatter_update(X, [[0]], X[:1], "x"), ValueError, "reduction must be None or 'add', got 'x'"),
        (
            lambda: ops.scatter_update(SymbolicTensor((None, 4)), [[0]], X[:1]),
            ValueError,
            r"scatter_update needs inputs of known shape, got \(None, 4\)",
        ),
        (lambda: ops.slice_update(X, [0], X), ValueError, "must name each of the 2 axes, got 1 and 2"),
        (lambda: ops.slice_update(X, [2, 0], X[:2]), ValueError, r"updates \(2, 4\) at \[2, 0\] are not within axis 0"),
        (lambda: ops.slice_update(X, [0, -1], X), ValueError, "are not within axis 1"),
        (lambda: ops.searchsorted(X, 1.0), ValueError, r"sorted_sequence must be a vector, got shape \(3, 4\)"),
        (lambda: ops.searchsorted([1.0], 1.0, "middle"), ValueError, "side must be 'left' or 'right', got 'middle'"),
    ],
)  # fmt: skip
def test_messages(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
