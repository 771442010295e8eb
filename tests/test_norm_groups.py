"""Group, instance and layer normalisation against float64 NumPy."""

from typing import Any

import numpy as np
import pytest
from checks import assert_same, assert_same_bits_everywhere, integers, normal, relative_l2
from norm_cases import ACTIVATIONS, optional, two_valued

from fastcnn import kernels, reference

Array = np.ndarray[Any, Any]

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


def test_layer_norm_of_every_small_size_side_by_side(isa: str, rng: np.random.Generator) -> None:
    for size in (*range(1, 71), 127, 128, 129, 1000, 1025, 2049):
        rows = 37 if size < 200 else 5
        x, dy = normal(rng, (rows, size)) + 100 * (size % 3), normal(rng, (rows, size))
        x[1], dy[2, -1] = np.nan, np.inf
        gamma, beta = normal(rng, (size,)), normal(rng, (size,))
        y, mean, inv_std = kernels.layer_norm(x, gamma, beta)
        dx = kernels.layer_norm_backward(dy, x, mean, inv_std, gamma)[0]
        assert np.isnan(y[1]).all() and np.isfinite(np.delete(y, 1, 0)).all() and np.isfinite(dx[3:]).all()
        for i in (0, 2, rows // 2, rows - 1):
            one = slice(i, i + 1)
            alone = kernels.layer_norm(x[one], gamma, beta)
            for a, b in zip(alone, (y, mean, inv_std), strict=True):
                assert a.tobytes() == b[one].tobytes(), size
            with np.errstate(invalid="ignore"):
                d = kernels.layer_norm_backward(dy[one], x[one], mean[one], inv_std[one], gamma)[0]
            assert np.array_equal(d, dx[one], equal_nan=True), size


def test_layer_norm_past_the_caches_is_that_of_its_parts(rng: np.random.Generator) -> None:
    for rows, size in ((34_000, 64), (70_001, 33), (130_000, 17), (2_200, 1000), (520, 4112), (3, 700_000)):
        x, dy = normal(rng, (rows, size)), normal(rng, (rows, size))
        gamma, beta = normal(rng, (size,)), normal(rng, (size,))
        y, mean, inv_std = kernels.layer_norm(x, gamma, beta)
        dx = kernels.layer_norm_backward(dy, x, mean, inv_std, gamma)[0]
        step = -(-rows // 3)
        for part in (slice(i, i + step) for i in range(0, rows, step)):
            assert y[part].tobytes() == kernels.layer_norm(x[part], gamma, beta)[0].tobytes(), size
            d = kernels.layer_norm_backward(dy[part], x[part], mean[part], inv_std[part], gamma)[0]
            assert dx[part].tobytes() == d.tobytes(), size


def test_layer_norm_bits_do_not_depend_on_threads_or_isa(rng: np.random.Generator) -> None:
    for rows, size in ((2500, 3), (1700, 16), (999, 40), (700, 70), (90, 1030)):
        x, dy, gamma = normal(rng, (rows, size)), normal(rng, (rows, size)), normal(rng, (size,))

        def run(x: Array = x, dy: Array = dy, gamma: Array = gamma) -> tuple[Array, ...]:
            y, mean, inv_std = kernels.layer_norm(x, gamma, gamma)
            return (y, mean, inv_std, *kernels.layer_norm_backward(dy, x, mean, inv_std, gamma))

        assert_same_bits_everywhere(run)
