"""What is made of other operations: logarithms, remainders, grids, rolls, contractions."""

import numpy as np
import pytest
from oprules import check_all, check_gradient, check_shape, numbers

from fastcnn import ops
from fastcnn.tensor import SymbolicTensor

X = numbers(3, 4, low=-5, high=7)
POSITIVE = numbers(3, 4, low=0.5, high=4)
INFINITE = np.float32([1, -2, np.nan, np.inf, -np.inf])


@pytest.mark.parametrize("name", ["log2", "log10"])
def test_logarithms(name):
    check_all(getattr(ops, name), POSITIVE)
    np.testing.assert_allclose(getattr(ops, name)(POSITIVE).array, getattr(np, name)(POSITIVE), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "f",
    [
        ops.log_sigmoid, ops.sin, ops.cos, lambda x: ops.cumsum(x, 1), lambda x: ops.cumsum(x, -2), lambda x: ops.roll(x, 3, 1),
        lambda x: ops.roll(x, -1, -1), lambda x: ops.average(x, 1),
        lambda x: ops.average(x, 1, np.float32([1, 2, 0, 4])), lambda x: ops.amax(x, 1), lambda x: ops.einsum("ij,kj->ik", x, POSITIVE),
    ],
)  # fmt: skip
def test_gradients(f):
    check_gradient(f, X)
    check_all(f, X)


@pytest.mark.parametrize("name", ["tril", "triu"])
def test_triangles(name):
    x = numbers(2, 3, 4)
    for k in (-1, 0, 2):
        np.testing.assert_array_equal(getattr(ops, name)(x, k).array, getattr(np, name)(np.float32(x), k))
    check_all(lambda x: getattr(ops, name)(x, 1), x)


def test_values():
    for name in ("sin", "cos", "cumsum", "isinf", "outer", "roll"):
        rest = {"outer": (POSITIVE,), "roll": (5,)}.get(name, ())
        np.testing.assert_allclose(
            getattr(ops, name)(X, *rest).array, getattr(np, name)(X.astype("f"), *rest), rtol=1e-5, atol=1e-6
        )
    np.testing.assert_allclose(ops.logaddexp(X, 100.0).array, np.logaddexp(X, 100.0), rtol=1e-6)
    ends = np.float32([np.inf, -np.inf, np.inf, 1]), np.float32([np.inf, -np.inf, -np.inf, -np.inf])
    np.testing.assert_array_equal(ops.logaddexp(*ends).array, np.logaddexp(*ends))
    np.testing.assert_allclose(ops.roll(X, (1, 2), (0, 1)).array, np.roll(X.astype("f"), (1, 2), (0, 1)))
    np.testing.assert_allclose(ops.log_sigmoid([-1000.0, 1000.0]).array, [-1000, 0])
    assert ops.cumsum(np.array([True, True])).dtype == "int32"
    assert ops.cumsum([1, 2], dtype="float32").array.tolist() == [1, 3]


@pytest.mark.parametrize("by", [3.0, -2.5])
def test_remainders(by):
    x = np.float32([-7, -0.5, 0, 2, 9])
    np.testing.assert_allclose(ops.floor_divide(x, by).array, np.floor_divide(x, by))
    np.testing.assert_allclose(ops.mod(x, by).array, np.mod(x, np.float32(by)), atol=1e-6)
    whole = np.array([-7, 7, 5])
    assert ops.mod(whole, 4).array.tolist() == [1, 3, 1] and ops.floor_divide(whole, 4).array.tolist() == [-2, 1, 1]
    assert "int" in ops.mod(whole, 4).dtype and "int" in ops.floor_divide(whole, 4).dtype


@pytest.mark.parametrize("name", ["floor_divide", "mod"])
def test_remainders_are_exact(name):
    """As quotients of float32 they were off: 2**30 + 1 modulo 3 was -31."""
    large = np.array([16777217, 2**30 + 1, 2**31 - 1, -7, 5], np.int32)
    by = np.array([2, 3, 1, 2, 0], np.int32)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(getattr(ops, name)(large, by).array, getattr(np, name)(large, by))
        x, y = np.float32([1e9, 7, 5, -1, 1, 5, np.inf]), np.float32([7, -2, np.inf, np.inf, -np.inf, 0, 3])
        np.testing.assert_array_equal(getattr(ops, name)(x, y).array, getattr(np, name)(x, y))
    check_shape(getattr(ops, name), X + 0.3, POSITIVE[0])


def test_remainders_have_gradients():
    check_gradient(ops.mod, X + 0.3, POSITIVE, order=1)


def test_numbers_that_are_none():
    np.testing.assert_array_equal(ops.isinf(INFINITE).array, np.isinf(INFINITE))
    np.testing.assert_array_equal(ops.nan_to_num(INFINITE).array, np.nan_to_num(INFINITE))
    np.testing.assert_array_equal(ops.nan_to_num(INFINITE, 5.0, 6.0, 7.0).array, [1, -2, 5, 6, 7])
    assert ops.nan_to_num([1, 2]).array.tolist() == [1, 2]
    for equal_nan in (False, True):
        other = np.float32([1.000001, -2.1, np.nan, np.inf, np.inf])
        np.testing.assert_array_equal(
            ops.isclose(INFINITE, other, equal_nan=equal_nan).array, np.isclose(INFINITE, other, equal_nan=equal_nan)
        )
    assert not ops.isclose(1.0, np.inf).array
    np.testing.assert_array_equal(ops.logical_xor([0, 1, 1], [0, 0, 1]).array, [False, True, False])


def test_what_is_made():
    for k in (-1, 0, 2):
        np.testing.assert_array_equal(ops.eye(3, 4, k).array, np.eye(3, 4, k))
        np.testing.assert_allclose(ops.diag(X, k).array, np.diag(X.astype("f"), k))
        np.testing.assert_allclose(ops.diag(X[0], k).array, np.diag(X[0].astype("f"), k))
        assert float(ops.trace(X, k)) == pytest.approx(np.trace(X, k), rel=1e-5)
    check_gradient(lambda x: ops.diag(x, 1), X[0])
    np.testing.assert_array_equal(ops.identity(2, "int32").array, np.eye(2))
    np.testing.assert_allclose(
        ops.linspace(1, 5, 7, endpoint=False).array, np.linspace(1, 5, 7, endpoint=False), rtol=1e-6
    )
    values, step = ops.linspace(0.0, [1.0, 2.0], 5, retstep=True, axis=1)
    np.testing.assert_allclose(values.array, np.linspace(0.0, [1.0, 2.0], 5, axis=1))
    np.testing.assert_allclose(step.array, [0.25, 0.5])
    for indexing in ("xy", "ij"):
        for got, want in zip(
            ops.meshgrid([1, 2], [3, 4, 5], [6], indexing=indexing),
            np.meshgrid([1, 2], [3, 4, 5], [6], indexing=indexing),
            strict=True,
        ):
            np.testing.assert_array_equal(got.array, want)
    np.testing.assert_array_equal(ops.vstack([X[0], X[1]]).array, X[:2].astype("f"))
    np.testing.assert_array_equal(ops.hstack([X, X]).array, np.hstack([X, X]).astype("f"))
    assert (ops.size(X), ops.ndim(X), ops.size(SymbolicTensor((None, 2))), ops.ndim(SymbolicTensor((None, 2)))) == (
        12,
        2,
        None,
        2,
    )
    assert ops.array([1.5], "int32").array.tolist() == [1]
    assert float(ops.average(X, weights=POSITIVE)) == pytest.approx(np.average(X, weights=POSITIVE), rel=1e-5)


SUMS = [
    ("ij,jk->ik", (3, 4), (4, 2)), ("nhwc,nhwd->ncd", (2, 3, 4, 5), (2, 3, 4, 6)), ("bi,bi->b", (3, 4), (3, 4)), ("i,j->ji", (3,), (2,)),
    ("ij,jk", (3, 4), (4, 2)), ("ij,kj,k->i", (3, 4), (2, 4), (2,)), ("abc->ca", (2, 3, 4)), ("ij->", (3, 4)), ("ba,cd->c", (2, 3), (2, 4)),
]  # fmt: skip


@pytest.mark.parametrize("case", SUMS, ids=[case[0] for case in SUMS])
def test_einsum(case):
    text, *shapes = case
    arrays = [numbers(*shape, low=-1, high=1, seed=i) for i, shape in enumerate(shapes)]
    np.testing.assert_allclose(ops.einsum(text, *arrays).array, np.einsum(text, *arrays), rtol=1e-4, atol=1e-5)
    check_gradient(lambda *tensors: ops.einsum(text, *tensors), *arrays)


def test_gram_matrices_of_any_batch():
    maps = SymbolicTensor((None, 4, 4, 3))
    assert ops.einsum("nhwc,nhwd->ncd", maps, maps).shape == (None, 3, 3)


@pytest.mark.parametrize("axes", [1, 0, [[1], [0]], [[0, 1], [1, 0]], [1, 0]])
def test_tensordot(axes):
    a, b = numbers(3, 4, low=-1, high=1), numbers(4, 3, low=-1, high=1, seed=1)
    np.testing.assert_allclose(ops.tensordot(a, b, axes).array, np.tensordot(a, b, axes), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shapes", [((4,), (4,)), ((3, 4), (4,)), ((3, 4), (4, 2)), ((2, 3, 4), (5, 4, 2)), ((), (3,))])
def test_dot(shapes):
    a, b = (np.asarray(numbers(*shape, low=-1, high=1, seed=i)) for i, shape in enumerate(shapes))
    np.testing.assert_allclose(ops.dot(a, b).array, np.dot(a, b), rtol=1e-4, atol=1e-5)


def test_vdot():
    assert float(ops.vdot(X, POSITIVE)) == pytest.approx(np.vdot(X, POSITIVE), rel=1e-5)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ops.einsum("...i->i", X), ValueError, r"einsum: the result of '...i->i' needs '...', too"),
        (
            lambda: ops.einsum("ii->i", X),
            NotImplementedError,
            "einsum: a letter for each axis, none twice in one tensor",
        ),
        (lambda: ops.einsum("i->i", X), ValueError, r"einsum: 'i->i' does not fit shapes \(3, 4\)"),
        (
            lambda: ops.einsum("ij,jk->ik", X, X),
            ValueError,
            "einsum: axis 'j' has size 4 in one tensor and 3 in another",
        ),
        (lambda: ops.tensordot(X, X, [[0, 1], [0]]), ValueError, "tensordot: axes must be a number or two lists"),
        (lambda: ops.meshgrid([1], indexing="yx"), ValueError, "indexing must be 'xy' or 'ij', got 'yx'"),
        (
            lambda: ops.diag(np.ones((1, 1, 1))),
            ValueError,
            r"diag: x must be a vector or a matrix, got shape \(1, 1, 1\)",
        ),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error, match=message):
        call()
