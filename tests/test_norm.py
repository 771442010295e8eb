"""Normalisation against float64 NumPy: exact where the numbers allow it, 1e-6 elsewhere, and the same bits everywhere."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from checks import assert_same, assert_same_bits_everywhere, dot, integers, normal, relative_l2

from fastcnn import _core, kernels, reference

Array = np.ndarray[Any, Any]
ACTIVATIONS = (None, "linear", "relu", "relu6")
# (rows, c): every tail of the vectors, folds that leave rows over, one row, many chunks, channels beyond a strip.
BATCHES = [(rows, c) for c in range(1, 41) for rows in (2, 64 + c)] + [
    (1, 1),
    (1, 17),
    (6, 1000),
    (131, 513),
    (2, 4097),
    (70001, 1),
    (20000, 3),
    (9002, 17),
    (4096, 64),
    (1568, 300),
]


def two_valued(rng: np.random.Generator, rows: int, c: int) -> tuple[Array, Array, Array]:
    """x (rows, c) whose columns are m + s and m - s equally often, m an integer and s a power of two; rows is even."""
    sign = rng.permuted(np.repeat([[1.0], [-1.0]], rows // 2, axis=0) * np.ones(c), axis=0)
    mean, scale = integers(rng, (c,)), (2.0 ** rng.integers(-2, 3, c)).astype(np.float32)
    return (mean + scale * sign).astype(np.float32), mean, scale


def random_shape(rng: np.random.Generator, rows: int, c: int) -> tuple[int, ...]:
    """(rows, c) with the rows spread over two axes where they divide."""
    for d in (2, 3, 5):
        if rows % d == 0 and rng.integers(2):
            return (d, rows // d, c)
    return (rows, c)


def optional(rng: np.random.Generator, value: Array) -> Array | None:
    return value if rng.integers(4) else None


# ------------------------------------------------------------------------------------------------ batch, forward


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_batch_norm_is_exact_on_exact_numbers(isa: str, rng: np.random.Generator, activation: str | None) -> None:
    for rows, c in BATCHES:
        rows += rows % 2
        x, mean, scale = two_valued(rng, rows, c)
        shape = random_shape(rng, rows, c)
        options = {
            "gamma": optional(rng, integers(rng, (c,))),
            "beta": optional(rng, integers(rng, (c,), 1, 6)),
            "residual": optional(rng, integers(rng, shape)),
            "activation": activation,
            "epsilon": 0.0,
        }
        y, m, inv_std = kernels.batch_norm(x.reshape(shape), **options)
        assert_same(m, mean)
        assert_same(inv_std, 1 / scale)
        assert_same(y, reference.batch_norm(x.reshape(shape), **options)[0], trust=options["beta"] is not None)


def test_batch_norm_on_real_numbers(isa: str, rng: np.random.Generator) -> None:
    for rows, c in BATCHES:
        shape = random_shape(rng, rows, c)
        x = 3 * normal(rng, shape) + normal(rng, (c,))
        gamma, beta, residual = normal(rng, (c,)), normal(rng, (c,)), normal(rng, shape)
        for got, expected in zip(
            kernels.batch_norm(x, gamma, beta, residual=residual, activation="relu"),
            reference.batch_norm(x, gamma, beta, residual=residual, activation="relu"),
            strict=True,
        ):
            assert relative_l2(got, expected) <= 1e-6, (rows, c)


@pytest.mark.parametrize("rows", [2, 9, 500, 33333])
def test_large_means_cost_no_digits(isa: str, rng: np.random.Generator, rows: int) -> None:
    for c in (1, 5, 64, 100):
        x = (normal(rng, (rows, c)).astype(np.float64) + 1e4).astype(np.float32)
        x[:, ::3] *= -1
        for got, expected in zip(
            kernels.batch_norm(x, epsilon=1e-5), reference.batch_norm(x, epsilon=1e-5), strict=True
        ):
            assert relative_l2(got, expected) <= 1e-6


def test_mean_that_jumps_between_rows(isa: str, rng: np.random.Generator) -> None:
    x = normal(rng, (40000, 7))
    x[:50] = 0  # as in a picture's black border
    x[50:] += 1000
    for got, expected in zip(kernels.batch_norm(x), reference.batch_norm(x), strict=True):
        assert relative_l2(got, expected) <= 1e-6


@pytest.mark.parametrize("value", [0.0, 0.1, -1234.567, 1e30])
def test_constant_channels_have_no_variance(isa: str, value: float) -> None:
    for rows, c in [(1, 3), (7, 1), (300, 5), (5000, 33)]:
        x = np.full((rows, c), value, np.float32)
        y, mean, inv_std = kernels.batch_norm(x, beta=np.full(c, 0.25), epsilon=0.25)
        assert (y == 0.25).all() and (mean == np.float32(value)).all() and (inv_std == 2).all()


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("momentum", [0.99, 0.9, 0.0, 1.0])
def test_moving_statistics(isa: str, rng: np.random.Generator, unbiased: bool, momentum: float) -> None:
    for rows, c in [(1, 3), (2, 1), (777, 19), (30000, 4)]:
        x = normal(rng, (rows, c)) + 2
        got = [normal(rng, (c,)), normal(rng, (c,)) ** 2]
        expected = [a.astype(np.float64) for a in got]
        for _ in range(3):
            options: dict[str, Any] = {"momentum": momentum, "unbiased": unbiased}
            kernels.batch_norm(x, moving_mean=got[0], moving_variance=got[1], **options)
            reference.batch_norm(x, moving_mean=expected[0], moving_variance=expected[1], **options)
        for a, b in zip(got, expected, strict=True):
            assert relative_l2(a, b) <= 1e-6


def test_one_moving_statistic_alone(rng: np.random.Generator) -> None:
    x, moving = normal(rng, (50, 3)), np.zeros(3, np.float32)
    kernels.batch_norm(x, moving_variance=moving, momentum=0.0)
    assert relative_l2(moving, x.astype(np.float64).var(0)) <= 1e-6


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_inference(isa: str, rng: np.random.Generator, activation: str | None) -> None:
    for rows, c in BATCHES:
        shape = random_shape(rng, rows, c)
        x, mean = integers(rng, shape), integers(rng, (c,))
        variance = (4.0 ** rng.integers(-2, 3, c)).astype(np.float32)
        options = {
            "gamma": optional(rng, integers(rng, (c,))),
            "beta": optional(rng, integers(rng, (c,), 1, 6)),
            "residual": optional(rng, integers(rng, shape)),
            "activation": activation,
            "epsilon": 0.0,
        }
        got = kernels.batch_norm_inference(x, mean, variance, **options)
        assert_same(got, reference.batch_norm_inference(x, mean, variance, **options), trust=False)
        x = normal(rng, shape) + 1e3
        options["epsilon"] = 1e-3
        got = kernels.batch_norm_inference(x, mean + 1e3, variance, **options)
        expected = reference.batch_norm_inference(x, mean + 1e3, variance, **options)
        assert np.abs(got - expected).max() <= 1e-6 * (1 + np.abs(x - mean - 1e3).max() * 16)


def test_inference_of_one_sample_is_that_of_the_batch(rng: np.random.Generator) -> None:
    x, mean, variance = normal(rng, (6, 9, 7, 21)), normal(rng, (21,)), normal(rng, (21,)) ** 2
    whole = kernels.batch_norm_inference(x, mean, variance)
    for i in range(6):
        assert_same(kernels.batch_norm_inference(x[i : i + 1], mean, variance), whole[i : i + 1])


# ----------------------------------------------------------------------------------------------- batch, backward


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_batch_norm_backward_on_exact_numbers(
    isa: str, rng: np.random.Generator, activation: str | None, training: bool
) -> None:
    for rows, c in BATCHES:
        shape = random_shape(rng, rows, c)
        x, dy, y = integers(rng, shape), integers(rng, shape), integers(rng, shape, -6, 8).clip(None, 6)
        mean, inv_std = integers(rng, (c,)), (2.0 ** rng.integers(-2, 3, c)).astype(np.float32)
        options: dict[str, Any] = {"y": y, "activation": activation, "training": training, "residual": True}
        gamma = optional(rng, integers(rng, (c,), 1, 4))
        got = kernels.batch_norm_backward(dy, x, mean, inv_std, gamma, **options)
        expected = reference.batch_norm_backward(dy, x, mean, inv_std, gamma, **options)
        assert_same(got[3], expected[3])
        assert_same(got[1], expected[1].astype(np.float32))
        assert_same(got[2], expected[2])
        if training:
            assert relative_l2(got[0], expected[0]) <= 1e-6, (rows, c)
        else:
            assert_same(got[0], expected[0])


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_batch_norm_backward_on_real_numbers(isa: str, rng: np.random.Generator, activation: str | None) -> None:
    for rows, c in BATCHES:
        shape = random_shape(rng, rows, c)
        x, dy, gamma = normal(rng, shape) + 1, normal(rng, shape) + 0.5, normal(rng, (c,))
        y, mean, inv_std = kernels.batch_norm(x, gamma, activation=activation, epsilon=0.1)
        got = kernels.batch_norm_backward(dy, x, mean, inv_std, gamma, y=y, activation=activation)
        assert got[3] is None
        expected = reference.batch_norm_backward(dy, x, mean, inv_std, gamma, y=y, activation=activation)
        scale = np.linalg.norm(inv_std * gamma * dy)  # where few rows cancel, dx is a small rest of this
        assert np.linalg.norm(got[0] - expected[0]) <= 1e-6 * scale, (rows, c)
        terms = np.abs(dy).reshape(rows, c)
        assert (np.abs(got[2] - expected[2]) <= 2e-7 * terms.sum(0)).all(), (rows, c)
        terms = terms * np.abs((x.reshape(rows, c).astype(np.float64) - mean) * inv_std)
        assert (np.abs(got[1] - expected[1]) <= 2e-7 * terms.sum(0)).all(), (rows, c)


def directional(f: Callable[[float], float]) -> float:
    h = 1e-5
    return (f(h) - f(-h)) / (2 * h)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("kind", ["batch", "group", "instance", "layer", "layer of two axes", "inference"])
def test_reference_gradients_by_central_differences(
    rng: np.random.Generator, kind: str, activation: str | None
) -> None:
    if "layer" in kind and activation:
        activation = None
    shape = (3, 4, 5, 6)
    inner = (5, 6) if kind == "layer of two axes" else (6,)
    x, dx_way, dy = (rng.standard_normal(shape) for _ in range(3))
    residual, residual_way = rng.standard_normal(shape), rng.standard_normal(shape)
    gamma, gamma_way, beta, beta_way = (rng.standard_normal(inner) * 2 for _ in range(4))
    mean, variance = rng.standard_normal(6), rng.standard_normal(6) ** 2

    def forward(t: float) -> Any:
        a = (x + t * dx_way, gamma + t * gamma_way, beta + t * beta_way)
        fused: dict[str, Any] = {"residual": residual + t * residual_way, "activation": activation}
        if kind == "batch":
            return reference.batch_norm(*a, **fused)
        if kind == "inference":
            y = reference.batch_norm_inference(a[0], mean, variance, a[1], a[2], **fused)
            return y, mean, 1 / np.sqrt(variance + 1e-3)
        if kind in ("group", "instance"):
            return reference.group_norm(*a, 3 if kind == "group" else -1, **fused)
        return reference.layer_norm(*a, (-2, -1) if kind == "layer of two axes" else -1)

    y, m, inv_std = forward(0.0)
    fused: dict[str, Any] = {"y": y, "activation": activation, "residual": True}
    if kind in ("batch", "inference"):
        d = reference.batch_norm_backward(dy, x, m, inv_std, gamma, training=kind == "batch", **fused)
    elif kind in ("group", "instance"):
        d = reference.group_norm_backward(dy, x, m, inv_std, gamma, 3 if kind == "group" else -1, **fused)
    else:
        axis = (-2, -1) if kind == "layer of two axes" else -1
        d = (*reference.layer_norm_backward(dy, x, m, inv_std, gamma, axis), None)
    slope = dot(d[0], dx_way) + dot(d[1], gamma_way) + dot(d[2], beta_way)
    if d[3] is not None:
        slope += dot(d[3], residual_way)
    assert directional(lambda t: dot(forward(t)[0], dy)) == pytest.approx(slope, rel=1e-5, abs=1e-4)


# --------------------------------------------------------------------------------------------- group and instance

GROUPS = [
    ((1, 1, 1, 4), 2),
    ((2, 3, 3, 1), 1),
    ((3, 5, 7, 6), 3),
    ((2, 4, 4, 30), 5),
    ((4, 7), 7),
    ((5, 9), 3),
    ((3, 17, 40), -1),
    ((2, 8, 8, 64), 32),
    ((1, 60, 61, 48), 16),
    ((130, 2, 12), 1),
    ((2, 3, 1026), 2),
    ((2, 190, 181, 3), 3),
    ((70, 1, 1), 1),
]


@pytest.mark.parametrize(("shape", "groups"), GROUPS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_group_norm(
    isa: str, rng: np.random.Generator, shape: tuple[int, ...], groups: int, activation: str | None
) -> None:
    c = shape[-1]
    x, dy = 2 * normal(rng, shape) + 3 * normal(rng, (c,)), normal(rng, shape)
    gamma, beta = optional(rng, normal(rng, (c,))), optional(rng, normal(rng, (c,)))
    residual = optional(rng, normal(rng, shape))
    options: dict[str, Any] = {"residual": residual, "activation": activation, "epsilon": 0.1}
    got = kernels.group_norm(x, gamma, beta, groups, **options)
    expected = reference.group_norm(x, gamma, beta, groups, **options)
    for a, b in zip(got, expected, strict=True):
        assert a.shape == b.shape
        assert np.linalg.norm(a - b) <= 1e-6 * (np.linalg.norm(b) + 1)
    y, mean, inv_std = got
    back: dict[str, Any] = {"y": y, "activation": activation, "residual": True}
    d = kernels.group_norm_backward(dy, x, mean, inv_std, gamma, groups, **back)
    for a, b in zip(d, reference.group_norm_backward(dy, x, mean, inv_std, gamma, groups, **back), strict=True):
        assert np.linalg.norm(a - b) <= 2e-6 * (np.linalg.norm(b) + 1)


def test_group_norm_is_exact_on_exact_numbers(isa: str, rng: np.random.Generator) -> None:
    for n, rows, groups, size in [(3, 8, 2, 4), (2, 35, 3, 2), (4, 1, 5, 6), (1, 9000, 4, 2), (2, 64, 16, 4)]:
        columns, mean, scale = two_valued(rng, rows * size, n * groups)
        x = columns.reshape(rows, size, n, groups).transpose(2, 0, 3, 1).reshape(n, rows, groups * size)
        gamma, beta = integers(rng, (groups * size,)), integers(rng, (groups * size,), 1, 6)
        y, m, inv_std = kernels.group_norm(x, gamma, beta, groups, epsilon=0.0)
        assert_same(m, mean.reshape(n, groups))
        assert_same(inv_std, 1 / scale.reshape(n, groups))
        assert_same(y, reference.group_norm(x, gamma, beta, groups, epsilon=0.0)[0])


def test_one_sample_and_a_group_a_channel_is_batch_norm(rng: np.random.Generator) -> None:
    x, gamma, beta = normal(rng, (1, 40, 37, 24)), normal(rng, (24,)), normal(rng, (24,))
    assert_same(kernels.group_norm(x, gamma, beta, -1)[0], kernels.batch_norm(x, gamma, beta)[0])


def test_group_norm_of_one_sample_is_that_of_the_batch(rng: np.random.Generator) -> None:
    x = normal(rng, (5, 11, 13, 12))
    y, mean, inv_std = kernels.group_norm(x, groups=4)
    dx = kernels.group_norm_backward(x * x, x, mean, inv_std, groups=4)[0]
    for i in range(5):
        one = slice(i, i + 1)
        assert_same(kernels.group_norm(x[one], groups=4)[0], y[one])
        assert_same(kernels.group_norm_backward((x * x)[one], x[one], mean[one], inv_std[one], groups=4)[0], dx[one])


# ---------------------------------------------------------------------------------------------------------- layer

LAYERS = [((rows, size), -1) for size in range(1, 41) for rows in (1, 3)] + [
    ((size,), -1) for size in (1, 16, 33)
] + [
    ((100, 64), 1),
    ((1300, 48), -1),
    ((70, 1000), -1),
    ((3, 5, 7, 4), (2, 3)),
    ((40, 33, 31), (-2, -1)),
    ((2, 3, 4), (0, 1, 2)),
    ((2, 70001), -1),
]  # fmt: skip


def test_layer_norm(isa: str, rng: np.random.Generator) -> None:
    for shape, axis in LAYERS:
        k = len(axis) if isinstance(axis, tuple) else 1
        inner = shape[-k:]
        x, dy = 2 * normal(rng, shape) + 5, normal(rng, shape) + 0.25
        gamma, beta = optional(rng, normal(rng, inner)), optional(rng, normal(rng, inner))
        got = kernels.layer_norm(x, gamma, beta, axis, epsilon=0.1)
        for a, b in zip(got, reference.layer_norm(x, gamma, beta, axis, epsilon=0.1), strict=True):
            assert a.shape == b.shape
            assert np.linalg.norm(a - b) <= 1e-6 * (np.linalg.norm(b) + 1), (shape, axis)
        _, mean, inv_std = got
        d = kernels.layer_norm_backward(dy, x, mean, inv_std, gamma, axis)
        for a, b in zip(d, reference.layer_norm_backward(dy, x, mean, inv_std, gamma, axis), strict=True):
            assert a.shape == b.shape
            assert np.linalg.norm(a - b) <= 2e-6 * (np.linalg.norm(b) + 1), (shape, axis)


def test_layer_norm_is_exact_on_exact_numbers(isa: str, rng: np.random.Generator) -> None:
    for rows, size in [(5, 2), (3, 14), (40, 16), (17, 34), (9, 100), (200, 64), (3, 5000)]:
        columns, mean, scale = two_valued(rng, size, rows)
        x = np.ascontiguousarray(columns.T)
        gamma, beta, dy = integers(rng, (size,)), integers(rng, (size,), 1, 6), integers(rng, (rows, size))
        y, m, inv_std = kernels.layer_norm(x, gamma, beta, epsilon=0.0)
        assert_same(m, mean)
        assert_same(inv_std, 1 / scale)
        assert_same(y, reference.layer_norm(x, gamma, beta, epsilon=0.0)[0])
        d = kernels.layer_norm_backward(dy, x, m, inv_std, gamma)
        expected = reference.layer_norm_backward(dy, x, m, inv_std, gamma)
        assert_same(d[1], expected[1])
        assert_same(d[2], expected[2])


def test_layer_norm_large_mean(isa: str, rng: np.random.Generator) -> None:
    x = (rng.standard_normal((20, 777)) + 1e4).astype(np.float32)
    for a, b in zip(kernels.layer_norm(x, epsilon=1e-5), reference.layer_norm(x, epsilon=1e-5), strict=True):
        assert relative_l2(a, b) <= 1e-6


def test_layer_norm_of_one_row_is_that_of_the_batch(rng: np.random.Generator) -> None:
    x = normal(rng, (300, 37))
    y, mean, inv_std = kernels.layer_norm(x)
    dx = kernels.layer_norm_backward(x * x, x, mean, inv_std)[0]
    for i in (0, 7, 299):
        one = slice(i, i + 1)
        assert_same(kernels.layer_norm(x[one])[0], y[one])
        assert_same(kernels.layer_norm_backward((x * x)[one], x[one], mean[one], inv_std[one])[0], dx[one])


# ------------------------------------------------------------------------------- bits, NaN, memory, empty, errors


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
    for activation, passes in (("relu", [0, 0, 1, 1, 1, 0, 1]), ("relu6", [0, 0, 1, 1, 0, 0, 1])):
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


def test_library_is_built_for_these_tests() -> None:
    assert {"batch_norm", "group_norm", "layer_norm"} <= set(dir(_core))
