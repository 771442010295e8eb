"""Elementwise arithmetic with broadcasting, against NumPy in float64."""

import itertools
import math

import numpy as np
import pytest
from checks import assert_same, assert_same_bits_everywhere, integers, normal, relative_l2

from fastcnn import kernels as k
from fastcnn import reference as r

BINARY = ["add", "subtract", "multiply", "maximum", "minimum", "squared_difference"]
COMPARE = ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"]
UNARY = ["negative", "abs", "square", "sign", "floor", "ceil", "round"]
NAN, INF = math.nan, math.inf
SPECIAL = np.array([NAN, INF, -INF, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 3e38, 1e-45, -1.5, 2.5], np.float32)

SHAPES = [
    ((), ()),
    ((1,), (1, 1, 1)),
    ((37,), (37,)),
    ((3000,), ()),
    ((), (3000,)),
    ((2, 9, 9, 3), (3,)),
    ((2, 9, 9, 33), (33,)),
    ((500, 1), (500, 40)),
    ((40, 70, 1), (40, 70, 3)),
    ((4, 1, 1, 70), (4, 6, 5, 70)),
    ((70, 1), (1, 50)),
    ((9, 1, 5), (1, 8, 1)),
    ((2, 3, 4, 1, 2, 1, 3, 2), (2, 1, 4, 5, 1, 1, 3, 1)),
    ((1, 2000, 1), (3, 1, 7)),
    ((0, 3), (1, 3)),
]


def random_pair(rng: np.random.Generator) -> tuple[tuple[int, ...], tuple[int, ...]]:
    rank = int(rng.integers(1, 6))
    shape = [int(n) for n in rng.integers(1, 9, rank)]
    shape[-1] = int(rng.integers(1, 41))
    a, b = ([n if rng.random() < 0.6 else 1 for n in shape] for _ in range(2))
    return tuple(a[int(rng.integers(0, rank)) :]), tuple(b)


@pytest.mark.parametrize("op", BINARY)
def test_binary_is_exact_on_integers(isa, rng, op):
    for a_shape, b_shape in SHAPES + [random_pair(rng) for _ in range(40)]:
        a, b = integers(rng, a_shape, 1, 9), integers(rng, b_shape, 10, 19)
        got = getattr(k, op)(a, b)
        assert got.dtype == np.float32
        assert_same(got, getattr(r, op)(a, b))


@pytest.mark.parametrize("columns", [1, 3, 16, 17, 33, 100, 128, 500, 513])
def test_operands_that_are_written_out(isa, rng, columns):
    """Rows that repeat for less than a block of a thousand floats, for more, and for several."""
    for repeats in (2, 9, 700):
        shape = (3, 2, repeats, columns)
        a = integers(rng, shape)
        for b_shape in itertools.product((1, 3), (1, 2), (1, repeats), (1, columns)):
            b, flags = integers(rng, b_shape), rng.random(b_shape) < 0.5
            assert_same(k.subtract(a, b), a - b)
            assert_same(k.less(b, a), b < a, trust=False)
            assert_same(k.where(flags, a, b), np.where(flags, a, b), trust=False)


@pytest.mark.parametrize("op", COMPARE)
def test_comparisons(isa, rng, op):
    for a_shape, b_shape in SHAPES + [random_pair(rng) for _ in range(40)]:
        a, b = integers(rng, a_shape, 0, 2), integers(rng, b_shape, 0, 2)
        got = getattr(k, op)(a, b)
        assert got.dtype == np.bool_
        assert_same(got, getattr(r, op)(a, b), trust=False)


@pytest.mark.parametrize("op", [*BINARY, *COMPARE, "divide"])
def test_special_numbers_as_numpy_in_body_and_tail(isa, op):
    a, b = (m.ravel().copy() for m in np.meshgrid(SPECIAL, SPECIAL))
    with np.errstate(all="ignore"):
        expected = np.square(a - b) if op == "squared_difference" else getattr(np, op)(a, b)
    for start in range(17):
        assert_same(getattr(k, op)(a[start:], b[start:]), expected[start:])


def test_divide_is_correctly_rounded(isa, rng):
    a, b = normal(rng, (1037,)), normal(rng, (1037,))
    assert_same(k.divide(a, b), a / b)
    assert_same(k.divide(a, np.float32(3)), a / np.float32(3))
    assert_same(k.divide(np.float32(3), a), np.float32(3) / a)


def test_where(isa, rng):
    for a_shape, b_shape in SHAPES + [random_pair(rng) for _ in range(40)]:
        a, b = integers(rng, a_shape, 1, 9), integers(rng, b_shape, 10, 19)
        whole = np.broadcast_shapes(a_shape, b_shape)
        for c_shape in (whole, (), whole[-1:], (*whole[:-1], 1) if whole else ()):
            condition = rng.random(c_shape) < 0.5
            assert_same(k.where(condition, a, b), r.where(condition, a, b))
    flags = np.array([0, 1, 255, 2], np.uint8).view(np.bool_)  # any byte but 0 is true
    assert k.where(flags, 1.0, 2.0).tolist() == [2, 1, 1, 1]
    assert k.where([0, 7, -1], 1.0, 2.0).tolist() == [2, 1, 1]


@pytest.mark.parametrize("op", UNARY)
def test_unary_is_exact(isa, rng, op):
    reference = getattr(np, {"round": "rint"}.get(op, op))
    for size in [*range(40), 1023, 5000, 140_000]:
        x = (rng.integers(-16, 17, size) / 4).astype(np.float32)
        assert_same(getattr(k, op)(x), getattr(r, op)(x))
    big = np.float32([8388607.5, 8388609.0, -8388607.5, 1e9, -1e30, 4194303.5])
    for x in (SPECIAL, big):
        with np.errstate(all="ignore"):
            got, expected = getattr(k, op)(x), reference(x)
        assert_same(got, expected)
        finite = ~np.isnan(x)
        if op != "sign":
            assert np.array_equal(np.signbit(got[finite]), np.signbit(expected[finite]))


@pytest.mark.parametrize("op", ["sqrt", "rsqrt", "reciprocal"])
def test_roots_round_as_numpy(isa, rng, op):
    x = np.concatenate([rng.random(1003).astype(np.float32) * 100, SPECIAL])
    with np.errstate(all="ignore"):
        one = np.float32(1)
        expected = {"sqrt": np.sqrt, "rsqrt": lambda v: one / np.sqrt(v), "reciprocal": lambda v: one / v}[op](x)
    assert_same(getattr(k, op)(x), expected)


def test_clip(isa, rng):
    x = np.concatenate([normal(rng, (101,)), SPECIAL])
    for low, high in ((-0.5, 0.5), (None, 1.0), (0.25, None), (None, None), (1.0, 1.0)):
        assert_same(k.clip(x, low, high), r.clip(x, low, high))
    assert np.isnan(k.clip([NAN], 0, 1))[0]


def test_power_within_one_unit_in_the_last_place(isa, rng):
    a = np.exp(rng.uniform(-43, 43, 20_011)).astype(np.float32)
    b = rng.uniform(-2, 2, 20_011).astype(np.float32)
    exact = np.power(a.astype(np.float64), b.astype(np.float64))
    units = np.abs(k.power(a, b) - exact) / np.spacing(exact.astype(np.float32))
    assert units.max() <= 0.501
    small = np.arange(-20, 21, dtype=np.float32)
    exponents = np.arange(0, 6, dtype=np.float32)[:, None]
    assert_same(k.power(small, exponents), np.power(small.astype(np.float64), exponents))
    for exponent in range(4):
        assert_same(k.power(small, float(exponent)), small.astype(np.float64) ** exponent)


def test_power_special_cases_are_those_of_c(isa):
    values = np.concatenate([SPECIAL, np.float32([3.0, -3.0, -2.0, 16777215.0, 16777216.0, 1e30, -1e30, 1e-30])])
    a, b = (m.ravel().copy() for m in np.meshgrid(values, values))
    with np.errstate(all="ignore"):
        expected = np.power(a.astype(np.float64), b.astype(np.float64)).astype(np.float32)
    got = k.power(a, b)
    hard = ~np.isfinite(expected) | (expected == 0)
    assert_same(got[hard], expected[hard])
    assert np.array_equal(np.signbit(got[~np.isnan(got)]), np.signbit(expected[~np.isnan(expected)]))
    assert relative_l2(got[~hard] / expected[~hard], np.ones((~hard).sum())) < 1e-7


def test_add_scaled(isa, rng):
    for a_shape, b_shape in SHAPES:
        a, b = integers(rng, a_shape), integers(rng, b_shape)
        assert_same(k.add_scaled(a, b, -3.0), r.add_scaled(a, b, -3.0), trust=False)
    a, b = normal(rng, (100, 33)), normal(rng, (33,))
    assert relative_l2(k.add_scaled(a, b, 0.3), r.add_scaled(a, b, 0.3)) < 1e-7


def test_unbroadcast_is_the_adjoint_of_broadcasting(isa, rng):
    for a_shape, b_shape in SHAPES + [random_pair(rng) for _ in range(30)]:
        whole = np.broadcast_shapes(a_shape, b_shape)
        dy = integers(rng, whole)
        for shape in (a_shape, b_shape):
            got = k.unbroadcast(dy, shape)
            assert_same(got, r.unbroadcast(dy, shape), trust=False)
            x = integers(rng, shape)
            assert np.vdot(np.broadcast_to(x, whole), dy) == np.vdot(x, got)
    assert k.unbroadcast(np.ones((4, 5)), 5).tolist() == [4] * 5


def test_in_place_and_out(isa, rng):
    a, row = integers(rng, (40, 70)), integers(rng, (70,))
    expected = a.astype(np.float64) + row
    x = a.copy()
    assert k.add(x, row, out=x) is x
    assert_same(x, expected)
    narrow, bias = integers(rng, (500, 3)), integers(rng, (3,))
    x = narrow.copy()
    k.subtract(bias, x, out=x)
    assert_same(x, bias - narrow, trust=False)
    x = a.copy()
    k.where(a > 0, x, 0.5, out=x)
    assert_same(x, np.where(a > 0, a, 0.5))
    for call in (
        lambda v: k.negative(v, out=v),
        lambda v: k.multiply(v, -1, out=v),
        lambda v: k.add_scaled(v, v, -2, out=v),
    ):
        x = a.copy()
        call(x)
        assert_same(x, -a)
    flags = np.zeros((40, 70), bool)
    assert k.less(a, row, out=flags) is flags
    assert_same(flags, a < row)


@pytest.mark.parametrize("columns", [96, 97])  # rows that are whole vectors, and others
def test_large_results_are_stored_past_the_caches(isa, rng, columns):
    a, b = rng.standard_normal((2, 23000, columns), dtype=np.float32)  # 8.8 MB
    row, chosen = b[0], a > 0
    assert_same(k.add(a, b), a + b)
    assert_same(k.multiply(row, a), row * a)
    assert_same(k.where(chosen, a, row), np.where(chosen, a, row))
    assert_same(k.square(a), a * a)
    expected = a - b
    assert k.subtract(a, b, out=a) is a
    assert_same(a, expected)


def test_bits_do_not_depend_on_threads_or_isa(rng):
    a, b, row = normal(rng, (301, 407)), normal(rng, (301, 407)), normal(rng, (407,))
    thin, bias = normal(rng, (50_001, 3)), normal(rng, (3,))
    for run in (
        lambda: k.divide(a, row),
        lambda: k.add_scaled(a, b, 0.1),
        lambda: k.power(k.abs(a), b),
        lambda: k.multiply(thin, bias),
        lambda: k.where(a > b, a, row),
        lambda: k.greater(a, row),
        lambda: k.unbroadcast(a, (1, 407)),
        lambda: k.floor(a),
    ):
        assert_same_bits_everywhere(run)


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match=r"x1 of shape \(2, 3\) and x2 of shape \(4,\) cannot be broadcast"):
        k.add(np.ones((2, 3)), np.ones(4))
    with pytest.raises(ValueError, match="x1 must have at most 8 dimensions"):
        k.add(np.ones((1,) * 9), 1.0)
    with pytest.raises(TypeError, match="x2 must hold numbers"):
        k.less(1.0, "word")
    with pytest.raises(TypeError, match="condition must hold"):
        k.where([0.5], 1.0, 2.0)
    with pytest.raises(ValueError, match="condition of shape .* cannot be broadcast|shape .*cannot be broadcast"):
        k.where([True, False, True], np.ones(2), np.ones(2))
    with pytest.raises(ValueError, match="x_min must not exceed x_max, got 2 and 1"):
        k.clip([1.0], 2.0, 1.0)
    with pytest.raises(ValueError, match=r"out must have shape \(2, 3\), got \(3,\)"):
        k.add(np.ones((2, 3)), np.ones(3), out=np.zeros(3, np.float32))
    x = np.ones(6, np.float32)
    with pytest.raises(ValueError, match="out must not share memory with x2"):
        k.add(np.ones((2, 3)), x[:3], out=x.reshape(2, 3))
    with pytest.raises(ValueError, match="out must not share memory with x"):
        k.abs(x[1:], out=x[:-1])
    with pytest.raises(ValueError, match="out must not share memory with condition"):
        k.where(x.view(np.bool_)[:6], 1.0, 2.0, out=x)
    with pytest.raises(ValueError, match=r"dx of shape \(3,\) does not broadcast to dy of shape \(2, 4\)"):
        k.unbroadcast(np.ones((2, 4)), (3,))
