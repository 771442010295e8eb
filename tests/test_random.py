"""Random numbers: the generator against published vectors, every distribution against float64 made of the same words,
the distributions themselves, and dropout."""

from collections.abc import Callable
from math import erf, sqrt
from typing import Any

import numpy as np
import pytest
from checks import assert_same, assert_same_bits_everywhere, normal, relative_l2

from fastcnn import _core, reference
from fastcnn import kernels as fast

Array = np.ndarray[Any, Any]

# Random123, tests/kat_vectors: counter (4 words), key (2 words), result (4 words).
KNOWN = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]

# Sizes and offsets around the group of 64 elements, the vectors and the tasks.
PLACES = [
    (1, 0),
    (1, 63),
    (7, 0),
    (64, 0),
    (64, 1),
    (65, 63),
    (127, 5),
    (200, 64),
    (5000, 777),
    (9000, 4096),
    (3, 2**40 + 17),
]


def hexes(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


def pair(words: list[int]) -> int:
    return words[0] | words[1] << 32


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN)
def test_known_answers(isa: str, counter: str, key: str, result: str) -> None:
    c = hexes(counter)
    for module in (fast, reference):
        words = module.philox(1, pair(hexes(key)), stream=pair(c[2:]), first=pair(c[:2]))
        assert words.dtype == np.uint32
        assert words.tolist() == [hexes(result)]


@pytest.mark.parametrize("blocks", [0, 1, 15, 16, 17, 1000, 5001])
def test_philox_blocks(isa: str, blocks: int, rng: np.random.Generator) -> None:
    seed, stream = (int(rng.integers(2**63)) * 2 + 1 for _ in range(2))
    for first in (0, 3, 2**32 - 5, 2**64 - 7):  # the low word's carry, the wrap at the end
        expected = reference.philox(blocks, seed, stream, first)
        assert np.array_equal(fast.philox(blocks, seed, stream, first), expected)


def test_every_argument_changes_the_words() -> None:
    base = fast.philox(1, 5, 6, 7)
    others = [
        fast.philox(1, 6, 6, 7),
        fast.philox(1, 5, 7, 7),
        fast.philox(1, 5, 6, 8),
        fast.philox(1, 5 + 2**32, 6, 7),
    ]
    for other in others:
        assert np.bitwise_count(base ^ other).sum() > 30  # of 128 bits, about half flip


Draw = Callable[..., Array]
CASES: list[tuple[Draw, Draw, dict[str, Any], float]] = [
    (fast.uniform, reference.uniform, {}, 0.0),
    (fast.uniform, reference.uniform, {"low": -0.05, "high": 0.05}, 2e-7),
    (fast.uniform, reference.uniform, {"low": 2.0, "high": 1026.0}, 2e-7),
    (fast.normal, reference.normal, {}, 3e-7),
    (fast.normal, reference.normal, {"mean": 3.0, "stddev": 0.25}, 3e-7),
    (fast.truncated_normal, reference.truncated_normal, {}, 3e-7),
    (fast.truncated_normal, reference.truncated_normal, {"mean": -1.0, "stddev": 0.02}, 3e-7),
    (fast.bernoulli, reference.bernoulli, {"p": 0.3}, 0.0),
    (fast.bernoulli, reference.bernoulli, {"p": 0.0}, 0.0),
    (fast.bernoulli, reference.bernoulli, {"p": 1.0}, 0.0),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_against_float64(isa: str, case: int) -> None:
    draw, truth, parameters, tolerance = CASES[case]
    for number, (size, offset) in enumerate(PLACES):
        place: dict[str, Any] = {"seed": 2**63 + number, "stream": 11 * number, "offset": offset}
        got, expected = draw(size, **parameters, **place), truth(size, **parameters, **place)
        assert got.dtype == np.float32
        if tolerance == 0:
            assert_same(got, expected, trust=parameters.get("p") != 0)
        else:
            assert relative_l2(got, expected) <= tolerance
            assert np.abs(got - expected).max() <= 2e-6 * np.abs(expected).max()


def test_shapes_and_out() -> None:
    whole = fast.normal((4, 5, 6), seed=3)
    assert whole.shape == (4, 5, 6)
    assert_same(fast.normal([120], seed=3), whole.ravel())
    out = np.empty((4, 5, 6), np.float32)
    assert fast.normal((4, 5, 6), seed=3, out=out) is out
    assert_same(out, whole)
    assert fast.uniform((), seed=1).shape == ()
    assert fast.uniform((0, 3), seed=1).shape == (0, 3)
    assert fast.uniform(0, seed=1, offset=5).size == 0
    assert fast.integers((2, 0), 0, 5, seed=1).shape == (2, 0)
    assert fast.dropout(np.empty((0, 3)), 0.5, 1).shape == (0, 3)
    assert fast.dropout(np.empty((2, 0, 3, 4)), 0.5, 1, noise_shape=(2, 1, 1, 4)).shape == (2, 0, 3, 4)


@pytest.mark.parametrize("draw", [fast.uniform, fast.normal, fast.truncated_normal, fast.bernoulli])
def test_parts_join(isa: str, draw: Draw, rng: np.random.Generator) -> None:
    whole = draw(3000, seed=9, stream=2, offset=100)
    cuts = np.sort(rng.integers(0, 3001, 30))
    parts = [
        draw(int(b - a), seed=9, stream=2, offset=100 + int(a)) for a, b in zip([0, *cuts], [*cuts, 3000], strict=True)
    ]
    assert_same(np.concatenate(parts), whole)


def test_same_bits_everywhere(rng: np.random.Generator) -> None:
    x, image = normal(rng, (300_001,)), normal(rng, (3, 40, 41, 37))
    n = 300_001
    runs: list[Callable[[], Any]] = [
        lambda: fast.uniform(n, -0.3, 0.7, seed=1, offset=3),
        lambda: fast.normal(n, 0.1, 0.7, seed=1, offset=3),
        lambda: fast.truncated_normal(n, 0.1, 0.7, seed=1, offset=3),
        lambda: fast.bernoulli(n, 0.2, seed=1, offset=3),
        lambda: fast.integers(n, -5, 1000, seed=1, offset=3),
        lambda: fast.permutation(10_001, seed=1),
        lambda: fast.philox(n, seed=1, first=3),
        lambda: fast.dropout(x, 0.3, seed=1, offset=3),
        lambda: fast.dropout(image, 0.3, seed=1, offset=3, noise_shape=(3, 1, 1, 37)),
    ]
    for run in runs:
        assert_same_bits_everywhere(run)


def test_base_has_the_words_too() -> None:
    # Where no arithmetic rounds, the instruction set without fused multiply-add has the same bits as well.
    before, results = _core.get_isa(), []
    try:
        for name in _core.available_isas():
            _core.set_isa(name)
            results.append(
                (fast.uniform(1000, seed=5), fast.bernoulli(1000, 0.3, seed=5), fast.integers(1000, 0, 9, seed=5))
            )
    finally:
        _core.set_isa(before)
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            assert np.array_equal(a, b)


def kolmogorov_smirnov(sample: Array, cdf: Callable[[Array], Array]) -> float:
    """sqrt(n) times the greatest distance between the distribution functions; 1.95 is passed once in a thousand."""
    p, n = cdf(np.sort(sample.astype(np.float64))), sample.size
    steps = np.arange(n + 1) / n
    return float(max((steps[1:] - p).max(), (p - steps[:-1]).max()) * sqrt(n))


def phi(z: Array) -> Array:
    return np.array([0.5 * (1 + erf(v / sqrt(2))) for v in z])


def test_uniform_distribution() -> None:
    u = fast.uniform(200_000, seed=17)
    assert u.min() >= 0
    assert u.max() < 1
    assert kolmogorov_smirnov(u, lambda x: x) < 1.95
    assert abs(u.mean() - 0.5) < 4 * sqrt(1 / 12 / u.size)
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 4 / sqrt(u.size)
    assert abs(np.corrcoef(u[:-64], u[64:])[0, 1]) < 4 / sqrt(u.size)
    cells = np.bincount((u[0::2] * 16).astype(int) * 16 + (u[1::2] * 16).astype(int), minlength=256)
    chi = float(((cells - u.size / 512) ** 2 / (u.size / 512)).sum())
    assert abs(chi - 255) < 4 * sqrt(2 * 255)


def test_uniform_stays_below_high() -> None:
    # 1 + (1 - 2**-24) rounds to 2 in float32; among 2**26 words about four round so.
    u = np.concatenate([fast.uniform(1 << 22, 1.0, 2.0, seed=s) for s in range(4)])
    assert u.min() >= 1
    assert u.max() < 2
    assert u.max() >= np.float32(2) - np.float32(1e-6)
    assert (fast.uniform(100, 3.0, 3.0, seed=1) == 3).all()
    tiny = np.finfo(np.float32).smallest_subnormal
    assert (fast.uniform(100, 0.0, float(tiny), seed=1) == 0).all()


def test_normal_distribution(isa: str) -> None:
    z = fast.normal(200_000, seed=23).astype(np.float64)
    n = z.size
    assert kolmogorov_smirnov(z, phi) < 1.95
    assert abs(z.mean()) < 4 / sqrt(n)
    assert abs(z.var() - 1) < 4 * sqrt(2 / n)
    assert abs((z**3).mean()) < 4 * sqrt(15 / n)
    assert abs((z**4).mean() - 3) < 4 * sqrt(96 / n)
    assert abs(np.corrcoef(z[:-16], z[16:])[0, 1]) < 4 / sqrt(n)  # the two numbers of one Box-Muller pair


def test_normal_tails() -> None:
    counts, n = np.zeros(3), 0
    for seed in range(8):
        z = np.abs(fast.normal(1 << 21, seed=seed))
        counts += [(z > level).sum() for level in (3, 4, 5)]
        n += z.size
    expected = np.array([2 * (1 - 0.5 * (1 + erf(v / sqrt(2)))) * n for v in (3.0, 4.0, 5.0)])
    assert expected[2] > 9
    assert (np.abs(counts - expected) < 4 * np.sqrt(expected)).all(), f"{counts} of {expected}"


def test_truncated_normal_distribution() -> None:
    z = fast.truncated_normal(200_000, seed=29).astype(np.float64)
    inside = erf(sqrt(2))
    assert np.abs(z).max() <= 2
    assert np.abs(z).max() > 1.999
    assert kolmogorov_smirnov(z, lambda x: (phi(x) - (1 - inside) / 2) / inside) < 1.95
    deviation = sqrt(1 - 4 * np.exp(-2) / sqrt(2 * np.pi) / inside)
    assert abs(deviation - 0.87962566) < 1e-7  # what Keras divides by
    assert abs(z.std() - deviation) < 0.005
    assert abs(z.mean()) < 4 / sqrt(z.size)


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0, 2), (-7, 20), (0, 2**33 + 5), (-(2**63), 2**63 - 1), (-(2**62), 2**62 + 1)]
)
def test_integers(isa: str, low: int, high: int) -> None:
    for size, offset in PLACES:
        got = fast.integers(min(size, 300), low, high, seed=4, stream=5, offset=offset)
        assert got.dtype == np.int64
        expected = reference.integers(min(size, 300), low, high, seed=4, stream=5, offset=offset)
        assert np.array_equal(got, expected)


def test_integers_are_even() -> None:
    counts = np.bincount(fast.integers(200_000, 0, 7, seed=3), minlength=7)
    assert float(((counts - 200_000 / 7) ** 2 / (200_000 / 7)).sum()) < 6 + 4 * sqrt(12)
    # A range of 3 * 2**61 rejects a quarter of the words; without that, one third would be twice as likely.
    big = fast.integers(30_000, 0, 3 << 61, seed=3) >> 61
    thirds = np.bincount(big, minlength=3)
    assert float(((thirds - 10_000) ** 2 / 10_000).sum()) < 2 + 4 * sqrt(4)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 15, 16, 17, 33, 500])
def test_permutation(isa: str, n: int) -> None:
    got = fast.permutation(n, seed=8, stream=n)
    assert got.dtype == np.int64
    assert np.array_equal(got, reference.permutation(n, seed=8, stream=n))
    assert np.array_equal(np.sort(got), np.arange(n))


def test_permutation_orders_are_even() -> None:
    seen: dict[tuple[int, ...], int] = {}
    for seed in range(4800):
        order = tuple(fast.permutation(4, seed).tolist())
        seen[order] = seen.get(order, 0) + 1
    assert len(seen) == 24
    assert sum((count - 200) ** 2 / 200 for count in seen.values()) < 23 + 4 * sqrt(46)
    assert not np.array_equal(fast.permutation(50, 1), fast.permutation(50, 2))
    assert not np.array_equal(fast.permutation(50, 1, 0), fast.permutation(50, 1, 1))


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.25, 0.5, 0.8, 1.0])
def test_dropout(isa: str, rate: float, rng: np.random.Generator) -> None:
    for size, offset in PLACES:
        x = rng.integers(1, 9, size).astype(np.float32)
        got = fast.dropout(x, rate, 7, 3, offset)
        expected = reference.dropout(x, rate, 7, 3, offset)
        assert np.array_equal(got == 0, expected == 0)
        assert relative_l2(got, expected) <= 2e-7
        if rate in (0.0, 0.5, 1.0):
            assert_same(got, expected, trust=rate < 1)
        assert_same(fast.dropout_dx(x, rate, 7, 3, offset), got, trust=rate < 1)
        assert fast.dropout(x, rate, 7, 3, offset, out=x) is x
        assert_same(x, got, trust=rate < 1)


@pytest.mark.parametrize("rate", [0.0, 0.5, 0.75, 1.0])
def test_dropout_of_channels(isa: str, rate: float, rng: np.random.Generator) -> None:
    shapes = [(2, 3, 4, c) for c in range(1, 41)] + [
        (3, 1, 1, 70),
        (1, 2, 2, 1500),
        (2, 130, 9, 65),
        (4, 9, 5),
        (2, 3, 2, 2, 9),
    ]
    for shape in shapes:
        x = rng.integers(1, 9, shape).astype(np.float32)
        noise = (shape[0], *[1] * (len(shape) - 2), shape[-1])
        offset = int(rng.integers(200))
        got = fast.dropout(x, rate, 7, 3, offset, noise_shape=noise)
        assert_same(got, reference.dropout(x, rate, 7, 3, offset, noise_shape=noise), trust=False)
        open_noise = (None, *[1] * (len(shape) - 2), None)
        assert_same(fast.dropout_dx(x, rate, 7, 3, offset, noise_shape=open_noise), got, trust=False)
        dropped = (got == 0).reshape(shape[0], -1, shape[-1])
        assert (dropped.all(axis=1) == dropped.any(axis=1)).all()
        assert fast.dropout(x, rate, 7, 3, offset, noise, out=x) is x
        assert_same(x, got, trust=False)
    x = normal(rng, (2, 3, 4, 5))
    assert_same(fast.dropout(x, rate, 1, noise_shape=(2, 3, 4, 5)), fast.dropout(x, rate, 1), trust=False)


def test_dropout_rate_and_expectation() -> None:
    for rate in (0.1, 0.5, 0.9):
        y = fast.dropout(np.ones(400_000), rate, 5)
        assert abs((y == 0).mean() - rate) < 4 * sqrt(rate * (1 - rate) / y.size)
        assert np.unique(y).tolist() == [0.0, np.float32(1 / (1 - rate))]
        assert_same((y == 0).astype(np.float32), fast.bernoulli(y.size, rate, seed=5))


def test_dropout_of_special_values(isa: str) -> None:
    for value in (np.nan, np.inf, -np.inf, -0.0):
        x = np.full((1, 50, 37), value, np.float32)
        for noise in (None, (1, 1, 37)):
            y = fast.dropout(x, 0.5, 3, noise_shape=noise)
            kept = reference.dropout(np.ones(x.shape), 0.5, 3, noise_shape=noise) != 0
            assert 0 < kept.sum() < kept.size
            assert np.array_equal(y[kept], x[kept], equal_nan=True)
            assert np.array_equal(y[~kept].view(np.int32), np.zeros((~kept).sum(), np.int32))  # +0, whatever was there


def test_dropout_takes_any_array(rng: np.random.Generator) -> None:
    x = normal(rng, (8, 10))
    expected = fast.dropout(x, 0.5, 1)
    assert_same(fast.dropout(x.astype(np.float64), 0.5, 1), expected)
    assert_same(fast.dropout(np.asfortranarray(x), 0.5, 1), expected)
    assert_same(fast.dropout(x.tolist(), 0.5, 1), expected)


ERRORS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: fast.uniform(-1, seed=0), ValueError, r"shape must not be negative, got \(-1,\)"),
    (lambda: fast.uniform((2, 1.5), seed=0), TypeError, "shape must be an integer, got float"),
    (lambda: fast.uniform((2**40, 2**40), seed=0), MemoryError, "no memory"),
    (lambda: fast.uniform(3, seed=-1), ValueError, r"seed must be between 0 and 2\*\*64 - 1, got -1"),
    (lambda: fast.uniform(3, seed=2**64), ValueError, "seed must be between 0"),
    (lambda: fast.uniform(3, seed=None), TypeError, "seed must be an integer, got NoneType"),
    (lambda: fast.uniform(3, seed=0, stream=-2), ValueError, "stream must be between 0"),
    (lambda: fast.uniform(3, seed=0, stream=1.0), TypeError, "stream must be an integer, got float"),
    (lambda: fast.uniform(3, seed=0, offset=-1), ValueError, "offset must be at least 0, got -1"),
    (lambda: fast.uniform(3, seed=0, offset=2**63 - 1), ValueError, r"offset \+ size must fit"),
    (lambda: fast.uniform(3, seed=0, offset=2**63), ValueError, "offset is out of range"),
    (lambda: fast.uniform(3, 2.0, 1.0, seed=0), ValueError, "low must be at most high, got low 2 and high 1"),
    (lambda: fast.uniform(3, np.nan, 1.0, seed=0), ValueError, "low must be finite, got nan"),
    (lambda: fast.uniform(3, 0.0, np.inf, seed=0), ValueError, "high must be finite, got inf"),
    (lambda: fast.uniform(3, -3e38, 3e38, seed=0), ValueError, "high - low must be finite"),
    (lambda: fast.uniform(3, seed=0, out=np.empty(4, np.float32)), ValueError, r"out must have shape \(3,\)"),
    (lambda: fast.uniform(3, seed=0, out=np.empty(3)), TypeError, "out must have dtype float32"),
    (lambda: fast.normal(3, np.inf, seed=0), ValueError, "normal: mean must be finite"),
    (lambda: fast.normal(3, 0.0, np.nan, seed=0), ValueError, "stddev must be finite"),
    (lambda: fast.normal(3, 0.0, -1.0, seed=0), ValueError, "stddev must be at least 0, got -1"),
    (lambda: fast.truncated_normal(3, 0.0, -1.0, seed=0), ValueError, "truncated_normal: stddev must be at least 0"),
    (lambda: fast.bernoulli(3, 1.5, seed=0), ValueError, "p must be between 0 and 1, got 1.5"),
    (lambda: fast.bernoulli(3, np.nan, seed=0), ValueError, "p must be between 0 and 1, got nan"),
    (lambda: fast.integers(3, 5, 5, seed=0), ValueError, "low must be less than high, got low 5 and high 5"),
    (lambda: fast.integers(3, 0, 2**63, seed=0), ValueError, "high is out of range"),
    (lambda: fast.permutation(-1, 0), ValueError, "n must be at least 0, got -1"),
    (lambda: fast.permutation(2.0, 0), TypeError, "n must be an integer, got float"),
    (lambda: fast.philox(-1, 0), ValueError, "blocks must be at least 0, got -1"),
    (lambda: fast.dropout(np.ones(3), -0.1, 0), ValueError, "rate must be between 0 and 1, got -0.1"),
    (lambda: fast.dropout(np.ones(3), 1.1, 0), ValueError, "rate must be between 0 and 1, got 1.1"),
    (lambda: fast.dropout(np.ones(3), np.nan, 0), ValueError, "rate must be between 0 and 1, got nan"),
    (lambda: fast.dropout(["a"], 0.5, 0), TypeError, "x must hold numbers"),
    (lambda: fast.dropout_dx(["a"], 0.5, 0), TypeError, "dy must hold numbers"),
    (
        lambda: fast.dropout(np.ones((2, 3, 4)), 0.5, 0, noise_shape=(2, 3, 1)),
        ValueError,
        "noise_shape must be the shape of x",
    ),
    (
        lambda: fast.dropout(np.ones((2, 3)), 0.5, 0, noise_shape=(2, 1)),
        ValueError,
        "noise_shape must be the shape of x",
    ),
    (
        lambda: fast.dropout(np.ones((2, 3)), 0.5, 0, noise_shape=(None, None, None)),
        ValueError,
        "noise_shape must be the sha",
    ),
    (lambda: fast.dropout(np.ones((2, 3)), 0.5, 0, noise_shape=5), TypeError, "noise_shape must be None or a tuple"),
]


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_errors(case: int) -> None:
    call, error, message = ERRORS[case]
    with pytest.raises(error, match=message):
        call()


def test_dropout_refuses_overlap() -> None:
    memory = np.ones(20, np.float32)
    with pytest.raises(ValueError, match="out must not share memory with x"):
        fast.dropout(memory[:10], 0.5, 0, out=memory[5:15])
