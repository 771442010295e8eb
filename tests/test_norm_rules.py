"""What all normalisations promise: the same bits everywhere, NaN, memory, empty arrays, errors."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from checks import assert_same, assert_same_bits_everywhere, normal

from fastcnn import kernels


@pytest.mark.parametrize("shape", [(3, 50, 70, 24), (40000, 3), (2000, 129), (5, 7)])
def test_same_bits_everywhere(rng: np.random.Generator, shape: tuple[int, ...]) -> None:
    c = shape[-1]
    x, dy, residual, gamma, beta = normal(rng, shape), normal(rng, shape), normal(rng, shape), normal(rng, (c,)), normal(rng, (c,))  # fmt: skip

    def batch() -> Any:
        moving = np.zeros(c, np.float32)
        y, mean, inv_std = kernels.batch_norm(
            x, gamma, beta, moving_variance=moving, residual=residual, activation="relu6"
        )
        d = kernels.batch_norm_backward(dy, x, mean, inv_std, gamma, y=y, activation="relu6", residual=True)
        return (y, mean, inv_std, moving, *d, kernels.batch_norm_inference(x, mean, moving, gamma, beta))

    def group() -> Any:
        y, mean, inv_std = kernels.group_norm(x, gamma, beta, -1 if c == 7 else c // 3 or 1, activation="relu")
        d = kernels.group_norm_backward(
            dy, x, mean, inv_std, gamma, mean.shape[1], y=y, activation="relu", residual=True
        )
        return (y, mean, inv_std, *d)

    def layer() -> Any:
        y, mean, inv_std = kernels.layer_norm(x, gamma, beta)
        return (y, mean, inv_std, *kernels.layer_norm_backward(dy, x, mean, inv_std, gamma))

    for run in (batch, group, layer):
        assert_same_bits_everywhere(run)


def test_nan_and_infinity_stay_in_their_channel(isa: str, rng: np.random.Generator) -> None:
    for rows, c in [(5, 3), (100, 19), (3000, 2)]:
        for bad in (np.nan, np.inf, -np.inf):
            x = normal(rng, (rows, c))
            x[rows // 2, c - 1] = bad
            y, _, _ = kernels.batch_norm(x, activation="relu")
            assert np.isnan(y[:, -1]).all() and np.isfinite(y[:, :-1]).all()
            y = kernels.batch_norm_inference(x, np.zeros(c), np.ones(c), epsilon=0.0, activation="relu")
            assert_same(y, np.maximum(x, 0))
            dy = normal(rng, (rows, c))
            clean = np.zeros((rows, c))
            dx = kernels.batch_norm_backward(dy, x, np.zeros(c), np.ones(c), training=False)[0]
            assert_same(dx, dy)  # x does not enter
            dx = kernels.batch_norm_backward(x, clean, np.zeros(c), np.ones(c))[0]
            assert not np.isfinite(dx[:, -1]).any() and np.isfinite(dx[:, :-1]).all()
            y, _, _ = kernels.layer_norm(x)
            assert np.isnan(y[rows // 2]).all() and np.isfinite(np.delete(y, rows // 2, 0)).all()


def test_gradient_stops_where_the_activation_does(isa: str) -> None:
    y = np.array([[-0.0], [0.0], [1e-30], [3.0], [6.0], [np.nan], [np.inf]], np.float32)
    dy, x, one = np.ones_like(y), np.zeros_like(y), [1.0]
    for activation, passes in (("relu", [0, 0, 1, 1, 1, np.nan, 1]), ("relu6", [0, 0, 1, 1, 0, np.nan, 1])):
        d = kernels.batch_norm_backward(dy, x, [0.0], one, y=y, activation=activation, residual=True)[3]
        assert d is not None
        expected = np.array(passes, np.float32)[:, None]
        assert_same(d[:-1], expected[:-1])  # relu6 never makes an infinity
        if activation == "relu":
            assert d[-1] == 1


def test_results_may_overwrite_arguments(isa: str, rng: np.random.Generator) -> None:
    for shape in [(50, 3), (7, 21), (3000, 40)]:
        x, dy, residual = normal(rng, shape), normal(rng, shape), normal(rng, shape)
        y, mean, inv_std = kernels.batch_norm(x, residual=residual, activation="relu")
        for out, a in ((x.copy(), "x"), (residual.copy(), "residual")):
            arguments = {"x": x, "residual": residual, a: out}
            got = kernels.batch_norm(**arguments, activation="relu", out=out)[0]
            assert got is out
            assert_same(got, y)
        d = kernels.batch_norm_backward(dy, x, mean, inv_std, y=y, activation="relu", residual=True)
        out = dy.copy()
        again = kernels.batch_norm_backward(out, x, mean, inv_std, y=y, activation="relu", residual=True, out=out)
        assert again[0] is out
        for a, b in zip(d, again, strict=True):
            assert_same(b, a)
        y, mean, inv_std = kernels.layer_norm(x)
        out = x.copy()
        assert_same(kernels.layer_norm(out, out=out)[0], y)
        out = dy.copy()
        dx = kernels.layer_norm_backward(dy, x, mean, inv_std)[0]
        assert_same(kernels.layer_norm_backward(out, x, mean, inv_std, out=out)[0], dx)


def test_nothing_is_written_beyond_the_result(isa: str, rng: np.random.Generator) -> None:
    for rows, c in [(1, 1), (7, 3), (33, 17), (2, 515), (129, 40)]:
        x = normal(rng, (rows, c))
        for run in (kernels.batch_norm, kernels.layer_norm, lambda x, out: kernels.group_norm(x, groups=1, out=out)):
            memory = np.full(rows * c + 64, 7, np.float32)
            run(x, out=memory[32:-32].reshape(rows, c))
            assert (memory[:32] == 7).all() and (memory[-32:] == 7).all()


@pytest.mark.parametrize("shape", [(0, 5), (3, 0), (0, 0), (0, 4, 6), (2, 0, 3)])
def test_empty_arrays(shape: tuple[int, ...]) -> None:
    x, c = np.zeros(shape, np.float32), shape[-1]
    moving = np.full(c, 3, np.float32)
    y, mean, inv_std = kernels.batch_norm(x, moving_mean=moving, moving_variance=moving.copy(), epsilon=0.25)
    assert y.shape == shape and (mean == 0).all() and (inv_std == 2).all() and (moving == 3).all()
    dx, dgamma, dbeta, dresidual = kernels.batch_norm_backward(x, x, mean, inv_std, residual=True)
    assert dx.shape == shape and dresidual is not None and dresidual.shape == shape
    assert dgamma.shape == dbeta.shape == (c,) and (dgamma == 0).all() and (dbeta == 0).all()
    assert kernels.batch_norm_inference(x, mean, moving).shape == shape
    y, mean, inv_std = kernels.group_norm(x, groups=1, epsilon=0.25)
    assert y.shape == shape and mean.shape == (shape[0], 1) and (mean == 0).all() and (inv_std == 2).all()
    assert (kernels.group_norm_backward(x, x, mean, inv_std, groups=1)[1] == 0).all()
    y, mean, inv_std = kernels.layer_norm(x, epsilon=0.25)
    assert y.shape == shape and mean.shape == shape[:-1] and (inv_std == 2).all()
    dx, dgamma, dbeta = kernels.layer_norm_backward(x, x, mean, inv_std)
    assert dx.shape == shape and dgamma.shape == dbeta.shape == (c,) and (dgamma == 0).all() and (dbeta == 0).all()


X, C = np.zeros((4, 6), np.float32), np.ones(6, np.float32)
READ_ONLY = np.zeros(6, np.float32)
READ_ONLY.flags.writeable = False


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: kernels.batch_norm(np.float32(1)), ValueError, r"x must have at least 1 dimensions.*got shape \(\)"),
        (lambda: kernels.batch_norm(X, np.ones(5)), ValueError, r"gamma must have shape \(6,\), got \(5,\)"),
        (lambda: kernels.batch_norm(X, C, 1.0), ValueError, r"beta must have shape \(6,\), got \(\)"),
        (lambda: kernels.batch_norm(X, residual=C), ValueError, r"residual must have shape \(4, 6\), got \(6,\)"),
        (lambda: kernels.batch_norm(X, epsilon=-1.0), ValueError, "epsilon must be finite and not negative, got -1"),
        (lambda: kernels.batch_norm(X, epsilon=np.nan), ValueError, "epsilon must be finite"),
        (lambda: kernels.batch_norm(X, epsilon="a"), TypeError, "epsilon must be a number, got str"),
        (lambda: kernels.batch_norm(X, momentum=1.5), ValueError, "momentum must be between 0 and 1, got 1.5"),
        (lambda: kernels.batch_norm(X, momentum=np.nan), ValueError, "momentum must be between 0 and 1, got nan"),
        (
            lambda: kernels.batch_norm(X, activation="tanh"),
            ValueError,
            "activation must be one of .*'relu6', got 'tanh'",
        ),
        (lambda: kernels.batch_norm(X, activation=3), TypeError, "activation must be one of"),
        (lambda: kernels.batch_norm(X, moving_mean=np.zeros(6)), TypeError, "moving_mean must have dtype float32"),
        (lambda: kernels.batch_norm(X, moving_mean=[0.0] * 6), TypeError, "moving_mean must be a NumPy array"),
        (lambda: kernels.batch_norm(X, moving_variance=READ_ONLY), ValueError, "moving_variance must be writable"),
        (lambda: kernels.batch_norm(X, moving_mean=X[0]), ValueError, "moving_mean must not share memory with x"),
        (lambda: kernels.batch_norm(X, out=C), ValueError, r"out must have shape \(4, 6\), got \(6,\)"),
        (
            lambda: kernels.batch_norm(np.zeros((1, 6)), C, out=C[None]),
            ValueError,
            "out must not share memory with gamma",
        ),
        (lambda: kernels.batch_norm_inference(X, C[:5], C), ValueError, r"moving_mean must have shape \(6,\)"),
        (lambda: kernels.batch_norm_inference(X, C, X), ValueError, r"moving_variance must have shape \(6,\)"),
        (lambda: kernels.batch_norm_inference(X, C, C, epsilon=np.inf), ValueError, "epsilon must be finite"),
        (lambda: kernels.batch_norm_backward(C, X, C, C), ValueError, r"dy must have shape \(4, 6\), got \(6,\)"),
        (lambda: kernels.batch_norm_backward(X, X, X, C), ValueError, r"mean must have shape \(6,\), got \(4, 6\)"),
        (lambda: kernels.batch_norm_backward(X, X, C, X), ValueError, r"inv_std must have shape \(6,\)"),
        (lambda: kernels.batch_norm_backward(X, X, C, C, activation="relu"), ValueError, "y must not be NULL"),
        (lambda: kernels.batch_norm_backward(X, X, C, C, y=C, activation="relu"), ValueError, "y must have shape"),
        (lambda: kernels.group_norm(C), ValueError, r"x must have at least 2 dimensions.*\(n, ..., c\)"),
        (lambda: kernels.group_norm(X, groups=4), ValueError, "groups must divide the 6 channels, got 4"),
        (lambda: kernels.group_norm(X), ValueError, "groups must divide the 6 channels, got 32"),
        (lambda: kernels.group_norm(X, groups=0), ValueError, "groups must be at least 1, got 0"),
        (lambda: kernels.group_norm(X, groups=-2), ValueError, "groups must be at least 1, got -2"),
        (lambda: kernels.group_norm(X, groups=1.5), TypeError, "groups must be an integer, got float"),
        (lambda: kernels.group_norm_backward(X, X, C, C, groups=2), ValueError, r"mean must have shape \(4, 2\)"),
        (lambda: kernels.layer_norm(X, axis=0), ValueError, r"axis must name the last axes of x, got 0"),
        (lambda: kernels.layer_norm(X, axis=2), ValueError, "axis must be between -2 and 1, got 2"),
        (lambda: kernels.layer_norm(X, axis=()), ValueError, "axis must name the last axes"),
        (lambda: kernels.layer_norm(np.float32(1)), ValueError, "axis must be between"),
        (lambda: kernels.layer_norm(X, C[:2]), ValueError, r"gamma must have shape \(6,\), got \(2,\)"),
        (lambda: kernels.layer_norm(X, epsilon=-0.5), ValueError, "epsilon must be finite and not negative, got -0.5"),
        (lambda: kernels.layer_norm_backward(X, X, C, C), ValueError, r"mean must have shape \(4,\), got \(6,\)"),
    ],
)
def test_errors_name_the_argument(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
