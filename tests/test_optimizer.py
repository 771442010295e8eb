"""Optimizer updates against Keras's rules in float64 over twenty steps, with every option, and clipping."""

from collections.abc import Callable
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from checks import assert_same, assert_same_bits_everywhere, normal, relative_l2

from fastcnn import kernels as fast
from fastcnn import reference

Array = np.ndarray[Any, Any]

# The update, its slots with the values they begin with, its own options, whether it takes a step.
RULES: list[tuple[str, dict[str, float], dict[str, Any], bool]] = [
    ("sgd", {}, {}, False),
    ("sgd", {"velocity": 0}, {"momentum": 0.9}, False),
    ("sgd", {"velocity": 0}, {"momentum": 0.9, "nesterov": True}, False),
    ("sgd", {"velocity": 0}, {"momentum": 0.0}, False),
    ("sgd", {}, {"nesterov": True}, False),
    ("adagrad", {"accumulator": 0.1}, {}, False),
    ("adagrad", {"accumulator": 0.0}, {"epsilon": 1e-3}, False),
    ("rmsprop", {"velocity": 0}, {}, False),
    ("rmsprop", {"velocity": 0, "average": 0}, {"rho": 0.8}, False),
    ("rmsprop", {"velocity": 0, "momentum_slot": 0}, {"momentum": 0.9}, False),
    ("rmsprop", {"velocity": 0, "average": 0, "momentum_slot": 0}, {"momentum": 0.5, "epsilon": 1e-4}, False),
    ("adadelta", {"accumulated_g": 0, "accumulated_d": 0}, {}, False),
    ("adadelta", {"accumulated_g": 0, "accumulated_d": 0}, {"rho": 0.8, "epsilon": 1e-5}, False),
    ("adam", {"m": 0, "v": 0}, {}, True),
    ("adam", {"m": 0, "v": 0}, {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3}, True),
    ("adam", {"m": 0, "v": 0, "v_max": 0}, {}, True),
    ("adamw", {"m": 0, "v": 0}, {}, True),
    ("adamw", {"m": 0, "v": 0, "v_max": 0}, {"beta_1": 0.8}, True),
    ("adamax", {"m": 0, "u": 0}, {}, True),
    ("adamax", {"m": 0, "u": 0}, {"beta_2": 0.7, "epsilon": 1e-2}, True),
    ("nadam", {"m": 0, "v": 0}, {}, True),
    ("nadam", {"m": 0, "v": 0}, {"beta_1": 0.5, "beta_2": 0.95, "epsilon": 1e-3}, True),
    ("lion", {"m": 0}, {}, False),
    ("lion", {"m": 0}, {"beta_1": 0.5, "beta_2": 0.6}, False),
]
OPTIONS = [
    {
        key: value
        for key, value in zip(("weight_decay", "l2", "clipvalue", "scale"), values, strict=True)
        if value is not None
    }
    for values in product((None, 0.1), (None, 0.02), (None, 0.7), (None, 0.25))
]
SIZES = [15, 16, 17, 31, 33, 40, 61, 100, 1023, 1025]  # a cancellation in a single element does not decide


def state(rule: int, w: Array, dtype: Any) -> tuple[Array, dict[str, Array]]:
    slots = {name: np.full(w.shape, value, dtype) for name, value in RULES[rule][1].items()}
    return w.astype(dtype), slots


def run(module: Any, rule: int, w: Array, slots: dict[str, Array], gradients: list[Array], **options: Any) -> list[Any]:
    name, _, own, stepped = RULES[rule]
    results = []
    for step, g in enumerate(gradients, 1):
        count = {"step": step} if stepped else {}
        results.append(getattr(module, name)(w, g, **slots, **count, **own, **options))
    return results


@pytest.mark.parametrize("rule", range(len(RULES)))
def test_twenty_steps(isa: str, rule: int, rng: np.random.Generator) -> None:
    for number, options in enumerate(OPTIONS):
        size = SIZES[number % len(SIZES)]
        start = normal(rng, (size,)) * np.float32(0.01)  # its rounding must not hide the steps, which can be tiny
        gradients = [normal(rng, (size,)) for _ in range(20)]
        w, slots = state(rule, start, np.float32)
        w64, slots64 = state(rule, start, np.float64)
        ratios = run(fast, rule, w, slots, gradients, learning_rate=0.01, return_ratio=number % 2 == 0, **options)
        truth = run(reference, rule, w64, slots64, gradients, learning_rate=0.01, return_ratio=True, **options)
        moved = np.linalg.norm(w64 - start)
        assert moved > 0
        stores = 20 * 2.0**-24 * np.linalg.norm(w64)  # what rounding w to single precision twenty times may cost
        assert np.linalg.norm(w - w64) <= 3e-6 * moved + stores
        for name, slot in slots.items():
            assert relative_l2(slot, slots64[name]) <= 2e-6, name
        if number % 2 == 0:
            assert np.allclose(ratios, truth, rtol=1e-4, atol=1e-8)
        else:
            assert ratios == [None] * 20


@pytest.mark.parametrize("rule", range(len(RULES)))
def test_defaults_and_shapes(isa: str, rule: int, rng: np.random.Generator) -> None:
    start = normal(rng, (3, 5, 7)) * np.float32(0.001)
    gradients = [normal(rng, start.shape) for _ in range(5)]
    w, slots = state(rule, start, np.float32)
    w64, slots64 = state(rule, start, np.float64)
    flat = {name: slot.reshape(-1) for name, slot in slots.items()}  # slots need only have as many elements
    run(fast, rule, w, flat, gradients)
    run(reference, rule, w64, slots64, gradients)
    assert relative_l2(w, w64) <= 1e-6
    assert relative_l2(w - start, w64 - start) <= 1e-3


def test_defaults_are_those_of_keras() -> None:
    # One parameter, two steps of gradients 1 and -0.5, worked out by hand from the rules in Keras's documentation.
    w = np.array([1.0], np.float32)
    fast.sgd(w, [1.0])
    assert w[0] == np.float32(1 - 0.01)
    for name, first in [("adam", 0.001), ("adamax", 0.001), ("lion", 0.001), ("adamw", 0.001 + 0.001 * 0.004)]:
        w, slots = np.array([1.0], np.float32), [np.zeros(1, np.float32) for _ in range(1 if name == "lion" else 2)]
        getattr(fast, name)(w, [1.0], *slots, *([] if name == "lion" else [1]))
        assert w[0] == pytest.approx(1 - first, abs=1e-7)
    w = np.array([1.0], np.float32)
    fast.adagrad(w, [1.0], np.full(1, 0.1, np.float32))
    assert w[0] == pytest.approx(1 - 0.001 / np.sqrt(1.1), abs=1e-7)
    w = np.array([1.0], np.float32)
    fast.rmsprop(w, [1.0], np.zeros(1, np.float32))
    assert w[0] == pytest.approx(1 - 0.001 / np.sqrt(0.1), abs=1e-7)
    w = np.zeros(1, np.float32)
    fast.adadelta(w, [1.0], np.zeros(1, np.float32), np.zeros(1, np.float32))
    assert w[0] == pytest.approx(-0.001 * np.sqrt(1e-7 / (0.05 + 1e-7)), rel=1e-5)
    w = np.array([1.0], np.float32)
    fast.nadam(w, [1.0], np.zeros(1, np.float32), np.zeros(1, np.float32), 1)
    u1, u2 = 0.9 * (1 - 0.48), 0.9 * (1 - 0.5 * 0.96**2)
    assert w[0] == pytest.approx(1 - 0.001 * (u2 * 0.1 / (1 - u1 * u2) + (1 - u1) / (1 - u1)), abs=1e-7)


def test_late_steps(rng: np.random.Generator) -> None:
    # The bias corrections of a long run: beta powers underflow, Nadam's product converges.
    start, g = normal(rng, (50,)), normal(rng, (50,))
    for name, step in product(["adam", "adamax", "nadam"], [1000, 1500, 20_000]):
        w, w64 = start.copy(), start.astype(np.float64)
        slots = [np.full(50, 0.3, np.float32), np.full(50, 0.5, np.float32)]
        getattr(fast, name)(w, g, *slots, step, learning_rate=0.1)
        getattr(reference, name)(w64, g, *[np.full(50, v) for v in (np.float32(0.3), 0.5)], step, learning_rate=0.1)
        assert relative_l2(w, w64) <= 1e-6
    w = start.copy()
    fast.nadam(w, g, np.zeros(50, np.float32), np.ones(50, np.float32), 2**62)
    assert np.isfinite(w).all()


def test_steps_of_whole_numbers_are_exact(isa: str, rng: np.random.Generator) -> None:
    for size in [*range(1, 41), 8191, 8192, 8193, 20_000]:
        start, g = (rng.integers(-8, 9, size).astype(np.float32) for _ in range(2))
        w, velocity = start.copy(), np.zeros(size, np.float32)
        fast.sgd(w, g, learning_rate=0.5)
        assert_same(w, start - 0.5 * g)
        w = start.copy()
        for _ in range(2):
            fast.sgd(
                w, g, velocity, learning_rate=2.0, momentum=0.5, weight_decay=0.25, l2=0.5, clipvalue=6.0, scale=0.5
            )
        w64, velocity64 = start.astype(np.float64), np.zeros(size)
        for _ in range(2):
            reference.sgd(
                w64, g, velocity64, learning_rate=2.0, momentum=0.5, weight_decay=0.25, l2=0.5, clipvalue=6.0, scale=0.5
            )
        assert_same(w, w64, trust=False)
        assert_same(velocity, velocity64, trust=False)


def test_same_bits_everywhere(rng: np.random.Generator) -> None:
    size = 100_003
    start, gradients = normal(rng, (size,)), [normal(rng, (size,)) for _ in range(2)]
    for rule in range(len(RULES)):

        def update(rule: int = rule) -> Any:
            w, slots = state(rule, start, np.float32)
            ratios = run(fast, rule, w, slots, gradients, weight_decay=0.1, l2=0.1, clipvalue=2.0, return_ratio=True)
            return (w, *slots.values(), np.array(ratios))

        assert_same_bits_everywhere(update)
    assert_same_bits_everywhere(lambda: np.float64(fast.l2_norm(start)))
    assert_same_bits_everywhere(lambda: fast.clip_by_norm(start, 3.0))


def test_a_part_updates_like_the_whole(isa: str, rng: np.random.Generator) -> None:
    # A flat buffer of all parameters gives the same bits as one call per tensor.
    start, g = normal(rng, (5000,)), normal(rng, (5000,))
    cuts = [0, 1, 38, 100, 1777, 5000]
    for rule in range(len(RULES)):
        w, slots = state(rule, start, np.float32)
        parts, part_slots = state(rule, start, np.float32)
        run(fast, rule, w, slots, [g])
        for a, b in pairwise(cuts):
            run(fast, rule, parts[a:b], {name: slot[a:b] for name, slot in part_slots.items()}, [g[a:b]])
        assert_same(parts, w)


@pytest.mark.parametrize("rule", range(len(RULES)))
def test_nan_spreads_and_stays_in_its_place(isa: str, rule: int, rng: np.random.Generator) -> None:
    for size in (5, 40):
        start, g = normal(rng, (size,)), normal(rng, (size,))
        for place in (0, size - 1):
            bad = g.copy()
            bad[place] = np.nan
            w, slots = state(rule, start, np.float32)
            good, good_slots = state(rule, start, np.float32)
            run(fast, rule, w, slots, [bad, g], clipvalue=1.0)
            run(fast, rule, good, good_slots, [g, g], clipvalue=1.0)
            assert np.isnan(w[place])
            keep = np.arange(size) != place
            assert_same(w[keep], good[keep])
            for name, slot in slots.items():
                assert_same(slot[keep], good_slots[name][keep], trust=False)
    w, slots = state(rule, np.ones(20, np.float32), np.float32)
    run(fast, rule, w, slots, [np.ones(20, np.float32)], scale=float("nan"))
    assert np.isnan(w).all()


def test_infinite_gradient_is_clipped(isa: str) -> None:
    w = np.zeros(20, np.float32)
    fast.sgd(w, np.full(20, np.inf), learning_rate=1.0, clipvalue=0.5)
    assert_same(w, np.full(20, -0.5))
    fast.sgd(w, np.full(20, -np.inf), learning_rate=1.0)
    assert np.isposinf(w).all()


def test_centered_rmsprop_survives_a_constant_gradient(isa: str) -> None:
    # velocity - average^2 is rounding noise around 0 here; Keras in float32 takes the root of a negative number.
    w, velocity, average = np.zeros(40, np.float32), np.zeros(40, np.float32), np.zeros(40, np.float32)
    for _ in range(400):
        fast.rmsprop(w, np.linspace(10, 1000, 40), velocity, average)
    assert np.isfinite(w).all()


def test_ratio(isa: str, rng: np.random.Generator) -> None:
    for size in (1, 15, 1000, 30_001):
        w = normal(rng, (size,))
        before, g = w.copy(), normal(rng, (size,))
        ratio = fast.sgd(w, g, learning_rate=0.1, return_ratio=True)
        expected = np.linalg.norm(w.astype(np.float64) - before) / np.linalg.norm(before.astype(np.float64))
        assert ratio == pytest.approx(expected, rel=1e-6)
    assert fast.sgd(np.ones(3, np.float32), np.zeros(3), return_ratio=True) == 0
    assert fast.sgd(np.zeros(3, np.float32), np.zeros(3), return_ratio=True) == 0
    assert fast.sgd(np.zeros(3, np.float32), np.ones(3), return_ratio=True) == np.inf
    # Adam without epsilon divides 0 by 0 in the lanes past the end; they must not count.
    w, zeros = np.ones(3, np.float32), [np.zeros(3, np.float32) for _ in range(2)]
    assert fast.adam(w, np.ones(3), *zeros, 1, learning_rate=0.5, epsilon=0.0, return_ratio=True) == pytest.approx(0.5)


def test_nothing_to_update() -> None:
    for rule in range(len(RULES)):
        w, slots = state(rule, np.empty(0, np.float32), np.float32)
        assert run(fast, rule, w, slots, [np.empty(0)], return_ratio=True) == [0.0]


def test_the_gradient_may_be_any_array_even_w(rng: np.random.Generator) -> None:
    start = normal(rng, (6, 4))
    expected = start - np.float32(0.5) * start
    for g in (start, start.astype(np.float64), np.asfortranarray(start), start.tolist()):
        w = start.copy()
        fast.sgd(w, g, learning_rate=0.5)
        assert_same(w, expected)
    w = start.copy()
    fast.sgd(w, w, learning_rate=0.5)
    assert_same(w, expected)


def test_moving_average(isa: str, rng: np.random.Generator) -> None:
    for size in [*range(1, 41), 5000]:
        average, w = normal(rng, (size,)), normal(rng, (size,))
        expected = average.astype(np.float64)
        for _ in range(5):
            fast.moving_average(average, w, 0.9)
            reference.moving_average(expected, w, 0.9)
        assert relative_l2(average, expected) <= 1e-6


def test_clip_by_value(isa: str, rng: np.random.Generator) -> None:
    for size in [*range(1, 41), 5000]:
        x = rng.integers(-9, 10, size).astype(np.float32)
        assert_same(fast.clip_by_value(x, -3, 5), reference.clip_by_value(x, -3, 5), trust=False)
        assert fast.clip_by_value(x, -3, 5, out=x) is x
        assert x.min() >= -3
        assert x.max() <= 5
    special = np.tile(np.array([np.nan, np.inf, -np.inf, 0.0], np.float32), 9)
    assert_same(fast.clip_by_value(special, -1, 1), np.tile([np.nan, 1, -1, 0], 9))
    assert_same(fast.clip_by_value(special, -np.inf, np.inf), special)


def test_norms(isa: str, rng: np.random.Generator) -> None:
    for size in [0, *range(1, 41), 8192, 8193, 100_001]:
        x = rng.integers(-9, 10, size).astype(np.float32)
        assert fast.l2_norm(x) == reference.l2_norm(x)
    x = normal(rng, (300_000,))
    assert fast.l2_norm(x) == pytest.approx(reference.l2_norm(x), rel=1e-14)
    for size in (1e30, 1e-30):  # squares beyond single precision
        assert fast.l2_norm(x * np.float32(size)) == pytest.approx(reference.l2_norm(x * np.float32(size)), rel=1e-14)
    arrays = [normal(rng, shape) for shape in [(3, 4), (0,), (50_000,), ()]]
    assert fast.global_norm(arrays) == pytest.approx(reference.global_norm(arrays), rel=1e-14)
    assert fast.global_norm([]) == 0
    assert fast.global_norm((np.array([3.0]), [4.0])) == 5
    for bad, expected in [(np.nan, np.nan), (np.inf, np.inf)]:
        x[-1] = bad
        assert np.array_equal(fast.l2_norm(x), expected, equal_nan=True)


def test_clip_by_norm(isa: str, rng: np.random.Generator) -> None:
    for size in [*range(1, 41), 20_001]:
        x = normal(rng, (size,))
        for clipnorm in (0.1, 2.0, 1000.0):
            got = fast.clip_by_norm(x, clipnorm)
            assert relative_l2(got, reference.clip_by_norm(x, clipnorm)) <= 2e-7
            assert fast.l2_norm(got) <= clipnorm * (1 + 1e-6)
        assert_same(fast.clip_by_norm(x, 1000.0), x)
        copy = x.copy()
        assert fast.clip_by_norm(copy, 0.1, out=copy) is copy
        assert_same(copy, fast.clip_by_norm(x, 0.1))
    assert fast.clip_by_norm(np.empty((0, 3)), 1.0).shape == (0, 3)
    assert_same(fast.clip_by_norm(np.zeros(5), 1.0), np.zeros(5))
    assert np.isnan(fast.clip_by_norm([1.0, np.inf], 1.0)).all()


def test_clip_by_global_norm(rng: np.random.Generator) -> None:
    arrays = [normal(rng, (3, 4)), normal(rng, (50,))]
    for clipnorm in (0.5, 1000.0):
        got, norm = fast.clip_by_global_norm(arrays, clipnorm)
        expected, norm64 = reference.clip_by_global_norm(arrays, clipnorm)
        assert norm == pytest.approx(norm64, rel=1e-14)
        for a, b in zip(got, expected, strict=True):
            assert a.dtype == np.float32
            assert relative_l2(a, b) <= 2e-7
    # The same through an update's scale, without a pass of its own.
    w, other = np.zeros(50, np.float32), np.zeros(50, np.float32)
    clipped, norm = fast.clip_by_global_norm(arrays, 0.5)
    fast.sgd(w, clipped[1])
    fast.sgd(other, arrays[1], scale=fast.clip_factor(norm, 0.5))
    assert relative_l2(other, w) <= 2e-7
    assert np.isnan(fast.clip_factor(np.inf, 1.0))
    assert np.isnan(fast.clip_factor(np.nan, 1.0))
    assert fast.clip_factor(0.0, 1.0) == 1


def f(*shape: int) -> Array:
    return np.ones(shape, np.float32)


def frozen() -> Array:
    a = f(3)
    a.flags.writeable = False
    return a


def shared() -> list[Array]:
    a = f(12)
    return [a[:4], a[2:6], a[8:]]


ERRORS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: fast.sgd([1.0], [1.0]), TypeError, "w must be a NumPy array, got list"),
    (lambda: fast.sgd(np.ones(3), f(3)), TypeError, "w must have dtype float32, got float64"),
    (lambda: fast.sgd(frozen(), f(3)), ValueError, "w must be writable"),
    (lambda: fast.sgd(f(6)[::2], f(3)), ValueError, "w must be C-contiguous"),
    (lambda: fast.sgd(f(3), f(4)), ValueError, r"g must have shape \(3,\), got \(4,\)"),
    (lambda: fast.sgd(f(3, 2), f(2, 3)), ValueError, r"g must have shape \(3, 2\), got \(2, 3\)"),
    (lambda: fast.sgd(f(3), ["x"] * 3), TypeError, "g must hold numbers"),
    (
        lambda: fast.sgd(f(3), f(3), f(4), momentum=0.5),
        ValueError,
        r"velocity must have as many elements as w, 3, got shape \(4,\)",
    ),
    (lambda: fast.sgd(f(3), f(3), np.ones(3), momentum=0.5), TypeError, "velocity must have dtype float32"),
    (lambda: fast.sgd(f(3), f(3), frozen(), momentum=0.5), ValueError, "velocity must be writable"),
    (
        lambda: fast.sgd(f(3), f(3), momentum=0.5),
        ValueError,
        "velocity must be given where momentum is not 0, got momentum 0.5",
    ),
    (lambda: fast.sgd(f(3), f(3), f(3), momentum=1.5), ValueError, "momentum must be between 0 and 1, got 1.5"),
    (lambda: fast.sgd(f(3), f(3), learning_rate=np.nan), ValueError, "learning_rate must be finite"),
    (lambda: fast.sgd(f(3), f(3), learning_rate=1e300), ValueError, "learning_rate must be finite"),
    (lambda: fast.sgd(f(3), f(3), learning_rate="a"), TypeError, "learning_rate must be a number, got str"),
    (lambda: fast.sgd(f(3), f(3), weight_decay=-0.1), ValueError, "weight_decay must be at least 0, got -0.1"),
    (lambda: fast.sgd(f(3), f(3), weight_decay="a"), TypeError, "weight_decay must be a number, got str"),
    (lambda: fast.sgd(f(3), f(3), l2=-0.1), ValueError, "l2 must be at least 0, got -0.1"),
    (lambda: fast.sgd(f(3), f(3), l2=np.inf), ValueError, "l2 must be finite"),
    (lambda: fast.sgd(f(3), f(3), clipvalue=0.0), ValueError, "clipvalue must be None or positive, got 0"),
    (lambda: fast.sgd(f(3), f(3), clipvalue=-1.0), ValueError, "clipvalue must be None or positive, got -1"),
    (lambda: fast.sgd(f(3), f(3), clipvalue=np.nan), ValueError, "clipvalue must be None or positive, got nan"),
    (lambda: fast.sgd(f(3), f(3), scale=None), TypeError, "scale must be a number, got NoneType"),
    (lambda: fast.sgd(shared()[0], shared()[0], return_ratio=2, momentum=-1.0), ValueError, "momentum must be between"),
    (lambda: fast.adagrad(f(3), f(3), None), TypeError, "accumulator must be a NumPy array, got NoneType"),
    (lambda: fast.adagrad(f(3), f(3), f(3), epsilon=-1.0), ValueError, "adagrad: epsilon must be at least 0, got -1"),
    (lambda: fast.rmsprop(f(3), f(3), f(3), rho=1.0), ValueError, "rho must be at least 0 and below 1, got 1"),
    (
        lambda: fast.rmsprop(f(3), f(3), f(3), momentum=0.5),
        ValueError,
        "momentum_slot must be given where momentum is not 0",
    ),
    (lambda: fast.rmsprop(f(3), f(3), f(3), f(2)), ValueError, "average must have as many elements as w"),
    (lambda: fast.rmsprop(f(3), f(3), f(3), None, f(2)), ValueError, "momentum_slot must have as many elements as w"),
    (lambda: fast.adadelta(f(3), f(3), f(3), f(2)), ValueError, "accumulated_d must have as many elements as w"),
    (
        lambda: fast.adadelta(f(3), f(3), f(3), f(3), rho=np.nan),
        ValueError,
        "rho must be at least 0 and below 1, got nan",
    ),
    (lambda: fast.adam(f(3), f(3), f(3), f(3), 0), ValueError, "step must be at least 1, got 0"),
    (lambda: fast.adam(f(3), f(3), f(3), f(3), 1.5), TypeError, "step must be an integer, got float"),
    (
        lambda: fast.adam(f(3), f(3), f(3), f(3), 1, beta_1=1.0),
        ValueError,
        "beta_1 must be at least 0 and below 1, got 1",
    ),
    (lambda: fast.adam(f(3), f(3), f(3), f(3), 1, beta_2=-0.1), ValueError, "beta_2 must be at least 0 and below 1"),
    (lambda: fast.adam(f(3), f(3), f(3), f(3), 1, epsilon=np.nan), ValueError, "epsilon must be finite"),
    (lambda: fast.adam(f(3), f(3), f(3), f(3), 1, v_max=f(4)), ValueError, "v_max must have as many elements as w"),
    (lambda: fast.adamax(f(3), f(3), f(3), None, 1), TypeError, "u must be a NumPy array"),
    (lambda: fast.nadam(f(3), f(3), f(3), f(2), 1), ValueError, "v must have as many elements as w"),
    (lambda: fast.lion(f(3), f(3), f(3), beta_1=2.0), ValueError, "lion: beta_1 must be at least 0 and below 1, got 2"),
    (lambda: fast.moving_average(f(3), f(4)), ValueError, r"w must have shape \(3,\), got \(4,\)"),
    (lambda: fast.moving_average(f(3), f(3), 1.5), ValueError, "momentum must be between 0 and 1, got 1.5"),
    (lambda: fast.clip_by_value(f(3), 2.0, 1.0), ValueError, "low must be at most high, got low 2 and high 1"),
    (lambda: fast.clip_by_value(f(3), np.nan, 1.0), ValueError, "low must be at most high"),
    (lambda: fast.clip_by_norm(f(3), 0.0), ValueError, "clipnorm must be positive and finite, got 0"),
    (lambda: fast.clip_by_norm(f(3), np.inf), ValueError, "clipnorm must be positive and finite, got inf"),
    (lambda: fast.clip_factor(-1.0, 1.0), ValueError, "norm must be at least 0, got -1"),
    (lambda: fast.global_norm(f(3)), TypeError, "arrays must be a list or a tuple of arrays, got ndarray"),
    (lambda: fast.global_norm([f(3), ["a"]]), TypeError, "arrays must hold numbers"),
]


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_errors(case: int) -> None:
    call, error, message = ERRORS[case]
    with pytest.raises(error, match=message):
        call()


def test_shared_memory_is_refused() -> None:
    a, b, c = shared()
    with pytest.raises(ValueError, match="w must not share memory with g"):
        fast.sgd(a, b)
    with pytest.raises(ValueError, match="velocity must not share memory with w"):
        fast.sgd(a, c, a, momentum=0.5)
    with pytest.raises(ValueError, match="velocity must not share memory with g"):
        fast.sgd(c, a, b, momentum=0.5)
    with pytest.raises(ValueError, match="v must not share memory with m"):
        fast.adam(c, np.ones(4), a, b, 1)
    with pytest.raises(ValueError, match="average must not share memory with w"):
        fast.moving_average(a, b)
    with pytest.raises(ValueError, match="out must not share memory with x"):
        fast.clip_by_value(a, 0, 1, out=b)


def test_one_array_is_no_list_of_arrays() -> None:
    with pytest.raises(TypeError, match="arrays must be a list or a tuple of arrays, got ndarray"):
        fast.clip_by_global_norm(np.ones(3), 1.0)  # type: ignore[arg-type]
