"""The elementary functions against float64, in units in the last place, over every exponent."""

import math

import numpy as np
import pytest
from checks import assert_same_bits_everywhere

from fastcnn import _core, reference

ELEMENTARY = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "erf": lambda x: np.frompyfunc(math.erf, 1, 1)(x).astype(np.float64),
}
# Bounds in ulp; gelu_tanh has its own test, since its exponent is rounded.
COMPOSED = {
    "exp": 2,
    "tanh": 2,
    "sigmoid": 2,
    "softplus": 2,
    "softsign": 2,
    "elu": 2,
    "selu": 3,
    "silu": 3,
    "hard_sigmoid": 2,
    "hard_silu": 3,
    "mish": 4,
    "gelu": 7,
}
SPECIAL = [0, -0.0, 1, -1, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1.1754944e-38, -1.1754944e-38, 1e-39, 3.4028235e38]
SPECIAL += [-3.4028235e38, 88.72283, 88.72284, -87.33655, -103.97208, -103.97209, 0.625, 0.93, 0.41421354, 0.70710677]


def numbers(rng):
    """Every exponent and sign, and more where the functions do something."""
    any_bits = rng.integers(0, 2**32, 150_000, dtype=np.uint32).view(np.float32)
    parts = [
        any_bits,
        rng.uniform(-2, 2, 80_000),
        rng.uniform(-110, 100, 100_000),
        rng.uniform(0.5, 2, 20_000),
        SPECIAL,
    ]
    with np.errstate(invalid="ignore"):
        return np.concatenate(parts).astype(np.float32)


def ulps(got, exact):
    """|got - exact| in units in the last place of exact; infinite where only one of them is infinite or NaN."""
    with np.errstate(over="ignore"):
        nearest = exact.astype(np.float32)
    unit = np.exp2(np.maximum(np.frexp(exact)[1] - 24.0, -149.0))
    with np.errstate(invalid="ignore"):
        error = np.abs(got.astype(np.float64) - exact) / unit
    same = (got == nearest) | (np.isnan(got) & np.isnan(nearest))
    return np.where(same, 0.0, np.nan_to_num(error, nan=np.inf))


def worst(got, exact, x):
    error = ulps(got, exact)
    i = int(error.argmax())
    return error[i], f"{error[i]:.2f} ulp at {x[i]!r}: {got[i]!r} instead of {exact[i]!r}"


@pytest.mark.parametrize("name", ELEMENTARY)
def test_elementary_functions_within_two_ulp(isa, rng, name):
    x = numbers(rng)
    with np.errstate(all="ignore"):
        exact = ELEMENTARY[name](x.astype(np.float64))
    error, message = worst(_core.elementary(x, name, None), exact, x)
    assert error <= 2, message


@pytest.mark.parametrize("name", COMPOSED)
def test_activations_within_a_few_ulp(isa, rng, name):
    x = numbers(rng)
    with np.errstate(all="ignore"):
        exact = reference.activations.activate(x, name)
    error, message = worst(_core.activate(x, name, 1.0, None), exact, x)
    assert error <= COMPOSED[name], message


def test_gelu_tanh_error_grows_with_its_exponent_only(isa, rng):
    x = numbers(rng)
    x = x[~(np.abs(x) > 1e4)]
    exact = reference.activations.gelu(x, approximate=True)
    exponent = np.minimum(np.abs(1.6 * x.astype(np.float64) * (1 + 0.045 * x.astype(np.float64) ** 2)), 110)
    # four roundings on the way to the exponent, each of up to 2^-24 of it, and an ulp may be as small as 2^-24
    bound = np.where(x < 0, 4 + 4 * exponent, 4)
    error = ulps(_core.activate(x, "gelu_tanh", 0.0, None), exact)
    wrong = np.flatnonzero(error > bound)
    assert wrong.size == 0, f"{error[wrong[0]]} ulp at {x[wrong[0]]}"


@pytest.mark.parametrize("name", ["expm1", "log1p", "erf", "tanh"])
def test_tiny_numbers_and_signed_zeros_are_kept(isa, name):
    x = np.array([0.0, -0.0, 1e-45, -1e-45, 1e-39, -1e-39], np.float32)
    expected = x if name != "erf" else (x * np.float64(2 / math.sqrt(math.pi))).astype(np.float32)
    got = _core.elementary(x, name, None) if name != "tanh" else _core.activate(x, name, 0.0, None)
    assert np.array_equal(got, expected)
    assert np.array_equal(np.signbit(got), np.signbit(x))


def test_limits(isa):
    def at(name, value):
        return float(_core.elementary(np.float32(value), name, None))

    assert at("exp", -np.inf) == 0 and at("exp", np.inf) == np.inf and at("exp", 0) == 1
    assert at("expm1", -np.inf) == -1 and at("expm1", np.inf) == np.inf
    assert at("log", 0) == -np.inf and at("log", -0.0) == -np.inf and at("log", 1) == 0 and at("log", np.inf) == np.inf
    assert at("log1p", -1) == -np.inf and at("log1p", np.inf) == np.inf
    assert at("erf", -np.inf) == -1 and at("erf", np.inf) == 1
    assert np.isnan(at("log", -1e-45)) and np.isnan(at("log1p", -1.0000001))
    for name in ELEMENTARY:
        assert np.isnan(at(name, np.nan))


def test_a_tail_is_computed_like_the_body(isa, rng):
    x = numbers(rng)[-200:]
    for name in ELEMENTARY:
        whole = _core.elementary(x, name, None)
        for size in range(1, 40):
            part = _core.elementary(x[-size:].copy(), name, None)
            assert np.array_equal(part.view(np.uint32), whole[-size:].view(np.uint32)), (name, size)


def test_same_bits_everywhere(rng):
    x = numbers(rng)
    x = np.concatenate([x[~np.isnan(x)], [np.float32(np.nan)]])  # the sign of another's NaN is nobody's promise
    for name in ELEMENTARY:
        assert_same_bits_everywhere(lambda name=name: np.nan_to_num(_core.elementary(x, name, None), nan=7.0))
    for name in [*COMPOSED, "gelu_tanh"]:
        assert_same_bits_everywhere(lambda name=name: np.nan_to_num(_core.activate(x, name, 1.0, None), nan=7.0))


def test_unknown_function():
    with pytest.raises(ValueError, match="function must be one of 'exp', .*got 'cos'"):
        _core.elementary([1.0], "cos", None)
