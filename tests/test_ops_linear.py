"""Matrix products and dense: shapes, vectors, transposed operands, gradients."""

import numpy as np
import pytest
from oprules import check_all, check_gradient, check_kernel, numbers

from fastcnn import ops
from fastcnn.autograd import GradientTape, grad
from fastcnn.tensor import SymbolicTensor, Tensor, Variable

A = numbers(3, 4)
B = numbers(4, 5, seed=1)
BATCH = numbers(2, 3, 4, seed=2)
BIAS = numbers(5, seed=3)
CASES = {
    "matmul": (ops.matmul, A, B),
    "matmul_a_transposed": (lambda a, b: ops.matmul(a, b, transpose_a=True), A.T.copy().reshape(4, 3), B),
    "matmul_b_transposed": (lambda a, b: ops.matmul(a, b, transpose_b=True), A, B.T.copy()),
    "matmul_both": (lambda a, b: ops.matmul(a, b, True, True), A.T.copy(), B.T.copy()),
    "matmul_batch": (ops.matmul, BATCH, B),
    "matmul_batches": (ops.matmul, BATCH, numbers(2, 4, 2, seed=4)),
    "matmul_broadcast": (ops.matmul, numbers(2, 1, 3, 4), numbers(3, 4, 2, seed=4)),
    "matmul_broadcast_ones": (lambda a, b: ops.matmul(a, b, True, True), numbers(1, 4, 3), numbers(2, 5, 4)),
    "matmul_self": (lambda a: ops.matmul(a, a, transpose_b=True), A),
    "vector": (ops.matmul, A, numbers(4, seed=5)),
    "dense": (lambda x, w: ops.dense(x, w), A, B),
    "dense_bias": (ops.dense, A, B, BIAS),
    "dense_relu": (lambda x, w, b: ops.dense(x, w, b, "relu"), A, B, BIAS),
    "dense_relu6": (lambda x, w, b: ops.dense(x, w, b, "relu6"), A, B, BIAS),
    "dense_rows": (ops.dense, BATCH, B, BIAS),
}
BATCH_MOVES = {
    "matmul_a_transposed",
    "matmul_both",
    "matmul_self",
    "matmul_batches",
    "matmul_broadcast",
    "matmul_broadcast_ones",
}


@pytest.mark.parametrize("name", CASES)
def test_rules(name):
    f, *arrays = CASES[name]
    if name in BATCH_MOVES:
        check_kernel(f, *arrays)
        check_gradient(f, *arrays, order=2)
    else:
        check_all(f, *arrays)


@pytest.mark.parametrize(
    ("a", "b"), [((4,), (4,)), ((4,), (4, 5)), ((3, 4), (4,)), ((2, 3, 4), (4,)), ((4,), (2, 4, 5)), ((0, 4), (4, 5))]
)
def test_vectors_like_numpy(a, b):
    x, y = numbers(*a), numbers(*b, seed=1)
    expected = np.matmul(x, y)
    got = ops.matmul(x, y)
    assert got.shape == expected.shape
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-5, atol=1e-5)
    assert ops.matmul(SymbolicTensor(a), SymbolicTensor(b)).shape == expected.shape
    if x.size:
        check_gradient(ops.matmul, x, y, order=2)


def test_open_sizes():
    assert ops.matmul(SymbolicTensor((None, 3, 4)), SymbolicTensor((None, 4, 5))).shape == (None, 3, 5)
    assert ops.matmul(SymbolicTensor((2, 3, 4)), np.ones((1, 4, 5))).shape == (2, 3, 5)
    assert ops.matmul(SymbolicTensor((None, 3, 4)), Tensor(B)).shape == (None, 3, 5)
    assert ops.matmul(SymbolicTensor((None, 4)), SymbolicTensor((4, None))).shape == (None, None)
    assert ops.dense(SymbolicTensor((None, 4)), Tensor(B)).shape == (None, 5)
    assert ops.dense(SymbolicTensor((None, 7, 4)), Tensor(B)).shape == (None, 7, 5)


def test_products_of_integers_are_integers():
    y = ops.matmul(np.array([[1, 2]]), np.array([[3], [4]]))
    assert y.dtype == "int64" and y.numpy().tolist() == [[11]]
    assert ops.matmul(np.array([[1, 2]]), [[3.0], [4.0]]).dtype == "float32"
    assert (Tensor(A.astype("f4")) @ B).shape == (3, 5) and (A @ Tensor(B.astype("f4"))).shape == (3, 5)


def test_gradients_only_where_needed():
    x, w = Tensor(A.astype("f4")), Variable(B)
    with GradientTape() as tape:
        y = ops.dense(x, w)
    dw, dx = tape.gradient(y, [w, x])
    assert dx is None
    np.testing.assert_allclose(dw.numpy(), A.T @ np.ones((3, 5)), rtol=1e-5)


def test_relu_lets_through_what_was_positive():
    f = lambda x: ops.dense(x, [[1.0]], [0.0], "relu")  # noqa: E731
    assert grad(f)([[-1.0], [2.0]]).numpy().tolist() == [[0.0], [1.0]]


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: ops.matmul(1.0, B), ValueError, r"matmul takes vectors and matrices, got shapes \(\) and \(4, 5\)"),
        (lambda: ops.matmul(A[0], B, transpose_a=True), ValueError, r"a vector cannot be transposed, got shapes \("),
        (
            lambda: ops.matmul(SymbolicTensor((None, 3)), Tensor(B)),
            ValueError,
            r"matmul: the inner sizes of \(None, 3\) and \(4, 5\) differ: 3 and 4",
        ),
        (lambda: ops.matmul(A, A), ValueError, "a and b do not fit: the first has 4 columns, the second 3 rows"),
        (
            lambda: ops.dense(SymbolicTensor((None, 3)), Tensor(B)),
            ValueError,
            r"dense: x of shape \(None, 3\) needs w of shape \(3, k\), got \(4, 5\)",
        ),
        (lambda: ops.dense(A, B[:3]), ValueError, "x and w do not fit: the first has 4 columns, the second 3 rows"),
        (lambda: ops.dense(A, B, None, "tanh"), ValueError, "activation must be"),
        (
            lambda: ops.dense(SymbolicTensor((None, 4)), Tensor(B), None, "tanh"),
            ValueError,
            "activation must be None, 'relu' or 'relu6', got 'tanh'",
        ),
        (
            lambda: ops.matmul(SymbolicTensor((None, 3, 4)), np.ones((1, 4, 5))),
            NotImplementedError,
            r"matmul: \(1, 4, 5\) cannot be broadcast to \(None, 4, 5\) while sizes are not known",
        ),
        (
            lambda: ops.dense(SymbolicTensor((None, 4)), Tensor(B), Tensor(np.ones(4))),
            ValueError,
            r"dense: expected a bias of shape \(5,\), got \(4,\)",
        ),
    ],
)
def test_messages(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_products_of_integers_are_exact(dtype):
    big = np.array([[2**24 + 1, 1]], dtype)
    column = np.array([[1], [0]], dtype)
    assert ops.matmul(big, column).dtype == dtype and ops.matmul(big, column).item() == 2**24 + 1
    assert ops.dot(big, column[:, 0]).numpy().tolist() == [2**24 + 1]
    assert ops.matmul(big, column.T, transpose_b=True).item() == 2**24 + 1
    assert ops.matmul(big.T, column, transpose_a=True).item() == 2**24 + 1
    for f in (lambda a, b: ops.einsum("ij,jk", a, b), lambda a, b: ops.tensordot(a, b, 1)):
        assert f(big, column).dtype == dtype and f(big, column).item() == 2**24 + 1
    symbols = [SymbolicTensor(a.shape, dtype) for a in (big, column)]
    assert ops.matmul(*symbols).dtype == dtype


def test_products_of_few_bits_are_as_wide_as_sums():
    for dtype, wide in (("uint8", "uint32"), ("int8", "int32"), ("bool", "int32")):
        x = np.array([[100, 100, 0]], dtype)
        assert ops.matmul(x, x.T).dtype == ops.sum(x).dtype == wide
        assert ops.matmul(x, x.T).item() == (x.astype(int) ** 2).sum()
        assert ops.matmul(SymbolicTensor((1, 3), dtype), SymbolicTensor((3, 1), dtype)).dtype == wide
    assert ops.matmul(np.int32([[2]]), [[0.5]]).numpy().tolist() == [[1.0]]
