"""Reductions against NumPy in float64."""

import itertools
import math

import numpy as np
import pytest
from checks import assert_same, assert_same_bits_everywhere, integers, normal, relative_l2

from fastcnn import kernels as k
from fastcnn import reference as r

EXACT = ["sum", "max", "min", "sum_squares", "count_nonzero"]
NAN, INF = math.nan, math.inf


def every_axes(rank):
    return [None, *itertools.chain.from_iterable(itertools.combinations(range(rank), n) for n in range(rank + 1))]


SHAPES = [
    (),
    (1,),
    (37,),
    (70_001,),
    (5, 1000),
    (1000, 5),
    (4097, 3),
    (70_000, 1),
    (300, 257),
    (3, 700, 40),
    (2, 7, 9, 33),
    (2, 3, 4, 5, 2),
    (3, 1, 260, 1, 5),
    (2, 1, 3, 1, 2, 1, 2, 3),
]


@pytest.mark.parametrize("op", EXACT)
def test_every_axes_exact_on_integers(isa, rng, op):
    for shape in SHAPES:
        x = integers(rng, shape)
        for axis in every_axes(len(shape)):
            got = getattr(k, op)(x, axis=axis)
            assert got.dtype == (np.int64 if op == "count_nonzero" else np.float32)
            assert_same(got, getattr(r, op)(x, axis=axis), trust=False)


def test_every_small_width(isa, rng):
    for c in range(1, 41):
        x = integers(rng, (2, 130, c))
        for axis in (0, 1, 2, (0, 1), (1, 2), (0, 2)):
            for op in ("sum", "max"):
                assert_same(getattr(k, op)(x, axis), getattr(r, op)(x, axis), trust=False)


def test_every_small_length(isa, rng):
    for n in [*range(1, 140), 4095, 4096, 4097, 65_535, 65_536, 65_537]:
        x = integers(rng, (3, n), 1, 4)
        assert_same(k.sum(x, 1), r.sum(x, 1))
        assert_same(k.min(x - 5, 1), r.min(x - 5, 1))


def test_keepdims_negative_axes_and_out(isa, rng):
    x = integers(rng, (3, 4, 5))
    for axis in (-1, (0, -1), None, [1]):
        for op in (*EXACT, "mean", "std"):
            assert getattr(k, op)(x, axis, keepdims=True).shape == getattr(r, op)(x, axis, keepdims=True).shape
    out = np.empty((3, 1, 5), np.float32)
    assert k.sum(x, 1, keepdims=True, out=out) is out
    assert_same(out, r.sum(x, 1, keepdims=True))


def test_real_numbers(isa, rng):
    for shape in ((100_003,), (64, 1000), (2000, 33), (3, 7, 9, 40), (3, 5, 700)):
        x = normal(rng, shape) + np.float32(0.5)
        for axis in every_axes(len(shape)):
            for op in ("sum", "mean", "sum_squares", "norm", "var", "std"):
                assert relative_l2(getattr(k, op)(x, axis), getattr(r, op)(x, axis)) < 5e-7, (op, shape, axis)
    x = rng.uniform(0.9, 1.1, (50, 40)).astype(np.float32)
    for axis in every_axes(2):
        assert relative_l2(k.prod(x, axis), r.prod(x, axis)) < 3e-6


def test_long_sums_stay_accurate(isa):
    x = np.full(20_000_003, 0.1, np.float32)
    assert abs(float(k.sum(x)) / (float(np.float32(0.1)) * x.size) - 1) < 1.5e-7
    columns = x[:20_000_000].reshape(-1, 2)
    assert relative_l2(k.sum(columns, 0), np.full(2, float(np.float32(0.1)) * 1e7)) < 1.5e-7


def test_variance_of_a_large_mean(isa, rng):
    for mean in (1e3, 1e5, 1e6):
        for shape, axis in (((100_003,), None), ((5000, 7), 0), ((3, 4000), 1), ((2, 900, 200), (0, 2))):
            x = (normal(rng, shape) + np.float32(mean)).astype(np.float32)
            assert relative_l2(k.var(x, axis), r.var(x, axis)) < 1e-6
    constant = np.full((1000, 33), 1234.567, np.float32)
    assert not k.var(constant).any() and not k.std(constant, 0).any()


def test_nan_and_infinity(isa, rng):
    for n in (1, 15, 100, 5000):
        for at in {0, n // 2, n - 1}:
            for shape, axis in (((n,), 0), ((n, 5), 0), ((n, 200), 0), ((4, n), 1)):
                x = normal(rng, shape)
                index = (at, *[1] * (len(shape) - 1)) if axis == 0 else (1, at)
                x[index] = NAN
                for op in ("sum", "mean", "max", "min", "var"):
                    with np.errstate(all="ignore"):
                        expected = np.isnan(getattr(r, op)(x, axis))
                    assert np.array_equal(np.isnan(getattr(k, op)(x, axis)), expected), (op, shape)
                assert not k.all_finite(x)
                assert k.argmax(x).item() == np.argmax(x)
                assert k.argmin(x).item() == np.argmin(x)
                x[index] = -INF
                assert k.min(x) == -INF and k.sum(x) == -INF and not k.all_finite(x)
                assert k.max(np.full(shape, -INF, np.float32)) == -INF
                x[index] = 0
                assert k.all_finite(x)
    assert k.count_nonzero([NAN, 0, -0.0, 1, INF]) == 3


def test_argmax_takes_the_first(isa, rng):
    for shape in ((1,), (37,), (5, 1000), (300, 257), (1000, 3), (2, 7, 9, 33), *[(4, 50, c) for c in range(1, 41)]):
        x = integers(rng, shape, -3, 3)
        for axis in (None, *range(-len(shape), len(shape))):
            for op in ("argmax", "argmin"):
                got = getattr(k, op)(x, axis)
                assert got.dtype == np.int64
                assert_same(got, getattr(r, op)(x, axis), trust=False)
        assert k.argmax(x, 0, keepdims=True).shape == (1, *shape[1:])


@pytest.mark.parametrize("shape", [(200_001,), (70_001, 3), (9000, 33), (3, 5000, 20), (700, 1100), (4, 300, 1030)])
def test_argmax_of_parts(isa, rng, shape):
    """Long columns are cut, and few of them read several rows at a time: all zeros are the same, and so is every NaN."""
    for least in (-INF, 0.0, 1.0, NAN):
        x = np.where(rng.random(shape) < 0.5, np.float32(-0.0), np.float32(0.0))
        x[rng.random(shape) < 0.3] = -INF
        x[rng.random(shape) < 2 / x.size] = least
        for axis in range(len(shape)):
            assert_same(k.argmax(x, axis), np.argmax(x, axis), trust=False)
            assert_same(k.argmin(-x, axis), np.argmin(-x, axis), trust=False)


def test_argmax_takes_the_first_nan(isa):
    for n in (3, 16, 40, 100):
        for first, second in ((0, n - 1), (1, 2), (n // 2, n - 1)):
            row = np.arange(n, dtype=np.float32)
            row[[first, second]] = NAN
            assert k.argmax(row) == first == k.argmin(row)
            assert (k.argmax(np.repeat(row[:, None], 5, 1), 0) == first).all()


def test_empty(isa):
    x = np.zeros((3, 0, 4), np.float32)
    assert_same(k.sum(x, 1), np.zeros((3, 4)), trust=False)
    assert_same(k.prod(x), np.ones(()), trust=False)
    assert k.sum(x, 0).shape == (0, 4)
    assert np.isnan(k.mean(x, 1)).all() and np.isnan(k.var(x)).all()
    assert k.count_nonzero(x) == 0 and k.all_finite(x)
    assert k.max(x, 0).shape == (0, 4) and k.argmax(x, 0).shape == (0, 4)
    for op in (k.max, k.min, k.argmax, k.argmin):
        with pytest.raises(ValueError, match="x must not be empty"):
            op(x, 1)


def test_bits_do_not_depend_on_threads_or_isa(rng):
    cases = [
        ((700_001,), None),
        ((900, 301), 0),
        ((900, 301), 1),
        ((60_000, 5), 0),
        ((9, 700, 40), (0, 2)),
        ((9, 7000, 4), 1),
        ((5003, 3), 1),
        ((2001, 40), 1),
        ((700, 200), 1),
        ((40, 1100), 0),
        ((600, 1100), 0),
    ]
    for shape, axis in cases:
        x = normal(rng, shape)
        for op in ("sum", "mean", "var", "norm", "max", "sum_squares", "count_nonzero"):
            assert_same_bits_everywhere(lambda x=x, axis=axis, op=op: getattr(k, op)(x, axis))
    assert_same_bits_everywhere(lambda: k.argmax(x, 1))


def test_short_rows_side_by_side(isa, rng):
    ops = ("sum", "max", "min", "prod", "var", "norm", "count_nonzero")
    for n in (*range(1, 71), 127, 128, 129, 255, 256, 257):
        x = (normal(rng, (37, n)) * np.float32(0.5) + 1).astype(np.float32)
        x[2, n // 2], x[5], x[6] = NAN, -0.0, INF
        for op in ops:
            got = getattr(k, op)(x, 1)
            for i in (0, 2, 5, 6, 20, 36):
                assert got[i].tobytes() == getattr(k, op)(x[i]).tobytes(), (op, n, i)
            assert np.isfinite(np.delete(got, (2, 6))).all()


def test_errors_name_the_argument():
    x = np.ones((2, 3), np.float32)
    with pytest.raises(ValueError, match="axis must be between -2 and 1, got 2"):
        k.sum(x, 2)
    with pytest.raises(ValueError, match="axis must be between -2 and 1, got -3"):
        k.argmax(x, -3)
    with pytest.raises(ValueError, match="axis must not name an axis twice"):
        k.mean(x, (0, -2))
    with pytest.raises(TypeError, match="axis must be an integer"):
        k.max(x, 0.5)
    with pytest.raises(ValueError, match=r"out must have shape \(3,\), got \(2,\)"):
        k.sum(x, 0, out=np.zeros(2, np.float32))
    with pytest.raises(ValueError, match="out must not share memory with x"):
        k.sum(x, 0, out=x[0])
    with pytest.raises(ValueError, match="x must have at most 8 dimensions"):
        k.sum(np.ones((1,) * 9))
