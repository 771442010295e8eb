"""Batch normalisation against float64 NumPy: exact where the numbers allow it, 1e-6 elsewhere."""

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from checks import assert_same, assert_same_bits_everywhere, dot, integers, normal, relative_l2
from guard_workspace import BatchNorm, NormSide, library
from norm_cases import ACTIVATIONS, BATCHES, optional, random_shape, two_valued

from fastcnn import _core, kernels, reference

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


@pytest.mark.parametrize("activation", ["relu", "relu6"])
@pytest.mark.parametrize("shape", [(7, 5, 3), (40, 33), (9, 9, 16), (3, 700), (300, 40, 64)])
def test_the_affine_tells_the_mask_of_the_activation_as_y_does_to_the_bit(shape, activation):
    rng = np.random.default_rng(5)
    x, dy = (rng.standard_normal(shape, dtype=np.float32) for _ in range(2))
    x[..., 0] = 3  # a variance of zero: y is beta
    gamma, beta = (rng.standard_normal(shape[-1], dtype=np.float32) * 3 for _ in range(2))
    y, mean, inv_std, affine = kernels.batch_norm(x, gamma, beta, activation=activation, return_affine=True)
    by_y = kernels.batch_norm_backward(dy, x, mean, inv_std, gamma, y=y, activation=activation)
    by_x = kernels.batch_norm_backward(dy, x, mean, inv_std, gamma, affine=affine, activation=activation)
    for a, b in zip(by_y[:3], by_x[:3], strict=True):
        np.testing.assert_array_equal(a, b)
    truth = reference.batch_norm_backward(dy, x, mean, inv_std, gamma, affine=affine, activation=activation)
    same = reference.batch_norm_backward(dy, x, mean, inv_std, gamma, y=y, activation=activation)
    close = [np.abs(a - b).max() for a, b in zip(truth[:3], same[:3], strict=True)]
    assert max(close) < 1e-4 * max(shape)


@pytest.mark.parametrize("activation", [None, "relu", "relu6"])
@pytest.mark.parametrize("shape", [(7, 5, 3), (40, 33), (9, 9, 16), (3, 700), (300, 40, 64), (0, 3)])
def test_statistics_and_their_application_are_the_normalisation_to_the_bit(isa, rng, activation, shape):
    x, residual = (rng.standard_normal(shape, dtype=np.float32) + 5 for _ in range(2))
    gamma, beta = (rng.standard_normal(shape[-1], dtype=np.float32) for _ in range(2))
    moving = [np.zeros((2, shape[-1]), np.float32) for _ in range(2)]
    options = {"momentum": 0.5, "unbiased": True}
    y, mean, inv_std = kernels.batch_norm(
        x, gamma, beta, residual=residual, activation=activation, moving_mean=moving[0][0],
        moving_variance=moving[0][1], **options,
    )  # fmt: skip
    found = kernels.batch_norm_statistics(
        x, gamma, beta, moving_mean=moving[1][0], moving_variance=moving[1][1], **options
    )
    again = kernels.batch_norm_apply(x, found[2], residual=residual, activation=activation)
    for a, b in ((y, again), (mean, found[0]), (inv_std, found[1]), moving):
        np.testing.assert_array_equal(a, b)
    expected = reference.batch_norm_statistics(x, gamma, beta)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    by_hand = reference.batch_norm_apply(x, found[2], residual=residual, activation=activation)
    np.testing.assert_allclose(again, by_hand, rtol=1e-5, atol=1e-5)


def test_an_affine_goes_with_neither_y_nor_a_residual():
    x, c = np.ones((4, 3), np.float32), np.ones(3, np.float32)
    for more in ({"y": x}, {"residual": True}):
        with pytest.raises(ValueError, match="affine must be NULL where y or dresidual is given"):
            kernels.batch_norm_backward(x, x, c, c, affine=np.ones((3, 3)), activation="relu", **more)
    with pytest.raises(ValueError, match="affine must have shape"):
        kernels.batch_norm_backward(x, x, c, c, affine=c, activation="relu")
    with pytest.raises(ValueError, match="affine must have shape"):
        kernels.batch_norm_apply(x, c)


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("c", [1, 5, 16, 70, 600])
def test_inference_reads_a_slice_of_channels_in_place(isa, c, residual, rng):
    larger = normal(rng, (2, 7, 5, c + 9))
    mean, variance, gamma, beta = normal(rng, (c,)), np.abs(normal(rng, (c,))), normal(rng, (c,)), normal(rng, (c,))
    for begin in (0, 4, 9):
        part = larger[..., begin : begin + c]
        whole = np.ascontiguousarray(part)
        options = {"residual": np.ones_like(whole) if residual else None, "activation": "relu"}
        expected = kernels.batch_norm_inference(whole, mean, variance, gamma, beta, **options)
        assert np.array_equal(kernels.batch_norm_inference(part, mean, variance, gamma, beta, **options), expected)


def test_only_inference_reads_slices():
    lib = library()
    lib.fastcnn_last_error.restype = ctypes.c_char_p
    numbers = np.zeros(64, np.float32)
    at = [ctypes.c_void_p(numbers.ctypes.data)] * 12
    for x_row, y, message in (
        (2, 1, b"x_row must be 0 or at least c = 3, got 2"),
        (5, 0, b"y must not be x where x is a slice of a larger array"),
    ):
        p = BatchNorm(4, 3, 1e-3, 0.99, 0, 0, x_row)
        to = ctypes.c_void_p(numbers.ctypes.data + 128 * y)
        assert lib.fastcnn_batch_norm_inference(ctypes.byref(p), *at[:5], None, to, None, ctypes.c_size_t(0)) != 0
        assert message in lib.fastcnn_last_error()
    p.x_row = 2**62
    assert lib.fastcnn_batch_norm_inference(ctypes.byref(p), *at[:5], None, at[0], None, ctypes.c_size_t(0)) != 0
    assert b"x is too large" in lib.fastcnn_last_error()
    p.x_row = 5
    assert lib.fastcnn_batch_norm_train(ctypes.byref(p), *at[:10], None, ctypes.c_size_t(0)) != 0
    assert b"x_row must be 0 or c = 3 here, got 5" in lib.fastcnn_last_error()
    assert lib.fastcnn_batch_norm_backward(ctypes.byref(p), 1, *at[:11], None, ctypes.c_size_t(0)) != 0
    assert b"x_row must be 0 or c = 3 here, got 5" in lib.fastcnn_last_error()


SHAPES = [(7, 5, 3), (40, 33), (9, 9, 16), (3, 700), (300, 40, 64), (1, 1), (0, 3)]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_gradients_of_a_pair_are_those_of_each_to_the_bit(isa, rng, shape):
    dy, x, other = (normal(rng, shape) for _ in range(3))
    numbers = [normal(rng, shape[-1:]) for _ in range(5)]
    for gamma in (None, numbers[4]):
        sides = (x, *numbers[:2], gamma), (other, *numbers[2:4], gamma)
        expected = [d for side in sides for d in kernels.batch_norm_backward(dy, *side)[:3]]
        found = _core.batch_norm_backward_pair(dy, *sides[0], *sides[1])
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_pair_has_the_same_bits_everywhere(rng):
    dy, x, other, mean, inv_std = (normal(rng, s) for s in ((700, 70), (700, 70), (700, 70), (70,), (70,)))
    assert_same_bits_everywhere(
        lambda: _core.batch_norm_backward_pair(dy, x, mean, inv_std, None, other, mean, mean, mean)
    )


def test_pairs_past_the_caches(rng):
    """Large enough to be stored past the caches, and in channels enough for several strips."""
    for shape in ((5000, 528), (70000, 48)):
        dy, x, other = (normal(rng, shape) for _ in range(3))
        mean, inv_std = normal(rng, shape[-1:]), normal(rng, shape[-1:])
        found = _core.batch_norm_backward_pair(dy, x, mean, inv_std, None, other, inv_std, mean, None)
        expected = [*kernels.batch_norm_backward(dy, x, mean, inv_std)[:3]]
        expected += kernels.batch_norm_backward(dy, other, inv_std, mean)[:3]
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("activation", [None, "relu", "relu6"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_residual_is_normalised_as_it_is_read_to_the_bit(isa, rng, activation, shape):
    x, residual = (normal(rng, shape) for _ in range(2))
    affine, own = (normal(rng, (3, shape[-1])) for _ in range(2))
    found = kernels.batch_norm_apply(x, affine, residual=residual, activation=activation, residual_affine=own)
    stored = kernels.batch_norm_apply(residual, own)
    np.testing.assert_array_equal(found, kernels.batch_norm_apply(x, affine, residual=stored, activation=activation))
    truth = reference.batch_norm_apply(x, affine, residual=residual, activation=activation, residual_affine=own)
    np.testing.assert_allclose(found, truth, rtol=1e-5, atol=1e-5)


def test_nonsense_about_residuals_and_pairs_is_refused():
    x, c, affine = np.ones((4, 3), np.float32), np.ones(3, np.float32), np.ones((3, 3), np.float32)
    with pytest.raises(ValueError, match="residual_affine needs a residual"):
        kernels.batch_norm_apply(x, affine, residual_affine=affine)
    with pytest.raises(ValueError, match="residual_affine must have shape"):
        kernels.batch_norm_apply(x, affine, residual=x, residual_affine=c)
    with pytest.raises(ValueError, match="x must have shape"):
        _core.batch_norm_backward_pair(x, x, c, c, None, x[:2], c, c, None)
    with pytest.raises(ValueError, match="mean must have shape"):
        _core.batch_norm_backward_pair(x, x, c, c, None, x, x, c, None)
    lib = library()
    lib.fastcnn_last_error.restype = ctypes.c_char_p

    def at(array: Any) -> Any:
        return ctypes.c_void_p(array.ctypes.data)

    def refused(status: int, message: bytes) -> bool:
        return status != 0 and message in lib.fastcnn_last_error()

    own = None, ctypes.c_size_t(0)
    p = BatchNorm(4, 3, 1e-3, 0.99, 0, 0)
    status = lib.fastcnn_batch_norm_apply(ctypes.byref(p), at(x), at(affine), None, at(affine), at(x), *own)
    assert refused(status, b"residual must not be NULL where residual_affine is given")
    good, same = (NormSide(*[a.ctypes.data for a in (x, c, c, c, dx, c, c)]) for dx in (x + 1, x))
    for second, change, message in (
        (None, {}, b"second must not be NULL"),
        (same, {}, b"dx must not be dy"),
        (NormSide(), {}, b"x must not be NULL"),
        (good, {"activation": 1}, b"activation must be linear"),
        (good, {"x_row": 5}, b"x_row must be 0 or c = 3 here, got 5"),
        (good, {"rows": -1}, b"x must"),
    ):
        p = BatchNorm(4, 3, 1e-3, 0.99, 0, 0)
        for name, value in change.items():
            setattr(p, name, value)
        sides = ctypes.byref(good), second and ctypes.byref(second)
        assert refused(lib.fastcnn_batch_norm_backward_pair(ctypes.byref(p), at(x), *sides, *own), message), message
    assert refused(lib.fastcnn_batch_norm_backward_pair(None, at(x), *sides, *own), b"parameters must not be NULL")
