"""Results of large arrays are stored past the caches: softmax, prelu, maxout, upsampling, random numbers, transpositions.
The same bits as of small ones."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from checks import assert_same, integers, normal

from fastcnn import kernels, reference

LARGE = 9 << 18  # floats: 9 MB


def whole_and_in_parts(f: Callable[..., np.ndarray], *arrays: np.ndarray, parts: int = 8) -> None:
    """f of rows, written from an aligned address on and from one that is not, against f of a few rows at a time."""
    pieces = zip(*(np.array_split(a, parts) for a in arrays), strict=True)
    expected = np.concatenate([f(*piece) for piece in pieces])
    memory = np.empty(expected.size + 32, np.float32)
    for offset in (0, 1):  # floats from an aligned address
        start = -memory.ctypes.data // 4 % 16 + offset
        out = memory[start : start + expected.size].reshape(expected.shape)
        out[...] = np.nan
        assert_same(f(*arrays, out=out), expected)


@pytest.mark.parametrize("columns", [37, 1000, 4096, 5003])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax(isa: str, name: str, columns: int, rng: np.random.Generator) -> None:
    """Rows begin and end anywhere in a line of the cache; the longest do not wait on the stack."""
    x, dy = (normal(rng, (LARGE // columns, columns)) for _ in range(2))
    x[5, 3], x[6, 7] = np.inf, np.nan
    f, dx = getattr(kernels, name), getattr(kernels, f"{name}_dx")
    whole_and_in_parts(f, x)
    whole_and_in_parts(dx, dy, f(np.nan_to_num(x, posinf=9)))


@pytest.mark.parametrize("channels", [48, 50])
def test_prelu(isa: str, channels: int, rng: np.random.Generator) -> None:
    x, alpha = integers(rng, (LARGE // channels, channels)), integers(rng, channels)
    whole_and_in_parts(lambda x, out=None: kernels.prelu(x, alpha, out=out), x)
    assert_same(kernels.prelu(x, alpha), reference.prelu(x, alpha))


@pytest.mark.parametrize("pieces", [1, 2, 3, 5])
@pytest.mark.parametrize("groups", [1, 31, 700, LARGE])
def test_maxout_of_neighbours(isa: str, groups: int, pieces: int, rng: np.random.Generator) -> None:
    x = integers(rng, (1, groups * pieces))
    x[rng.random(x.shape) < 0.01] = np.nan
    assert_same(kernels.maxout(x, groups), x.reshape(1, groups, pieces).max(axis=2))


@pytest.mark.parametrize("channels", [32, 33])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_upsampling(isa: str, interpolation: str, channels: int, rng: np.random.Generator) -> None:
    x = normal(rng, (8, 96, 97, channels))
    whole_and_in_parts(lambda x, out=None: kernels.upsample2d(x, 2, interpolation, out=out), x)


@pytest.mark.parametrize("offset", [0, 48, 5])
def test_random_numbers(isa: str, offset: int, rng: np.random.Generator) -> None:
    """An array that starts inside a group of 64, aligned or not, drawn as a whole and in parts of any length."""
    x = normal(rng, LARGE)
    cuts = [0, *np.sort(rng.integers(0, LARGE, 20)).tolist(), LARGE]
    for draw in (kernels.uniform, kernels.normal, kernels.truncated_normal, kernels.bernoulli):
        parts = [draw(b - a, seed=9, offset=offset + a) for a, b in itertools.pairwise(cuts)]
        assert_same(draw(LARGE, seed=9, offset=offset), np.concatenate(parts))
    parts = [kernels.dropout(x[a:b], 0.3, 9, offset=offset + a) for a, b in itertools.pairwise(cuts)]
    assert_same(kernels.dropout(x, 0.3, 9, offset=offset), np.concatenate(parts), trust=False)


@pytest.mark.parametrize("channels", [48, 50])
def test_dropout_of_channels(isa: str, channels: int, rng: np.random.Generator) -> None:
    x, noise = normal(rng, (3, LARGE // channels // 2, channels)), (3, 1, channels)
    past = kernels.dropout(x, 0.3, 9, noise_shape=noise)
    assert_same(kernels.dropout(x, 0.3, 9, noise_shape=noise, out=x), past, trust=False)


@pytest.mark.parametrize(
    ("shape", "axes"),
    [((2, 61, 70, c), (0, 3, 1, 2)) for c in (2, 3, 12, 13, 16, 33, 300)]
    + [((2, c, 61, 70), (0, 2, 3, 1)) for c in (2, 3, 11, 12, 16, 21, 64, 300)]
    + [((2, 7, 7, 700), (0, 3, 1, 2)), ((3, 300, 14, 14), (0, 2, 3, 1)), ((1501, 1600), (1, 0))]
    + [((48, 1024, 48), (2, 1, 0)), ((5, 47, 33, 301), (3, 1, 2, 0))],
)
@pytest.mark.parametrize("offset", [0, 1])
def test_transposition(isa: str, shape: tuple[int, ...], axes: tuple[int, ...], offset: int) -> None:
    """Blocks, whole lines, rows that wait for lines to be whole, few channels; written aligned and not."""
    copies = LARGE // int(np.prod(shape)) + 1
    x = np.arange(copies * np.prod(shape), dtype=np.float32).reshape(shape[0] * copies, *shape[1:])
    expected = np.ascontiguousarray(x.transpose(axes))
    memory = np.full(x.size + 64, -1, np.float32)
    start = -memory.ctypes.data // 4 % 16 + 16 + offset
    kernels.transpose(x, axes, out=memory[start : start + x.size].reshape(expected.shape))
    assert np.array_equal(memory[start : start + x.size], expected.ravel())
    assert (memory[:start] == -1).all()
    assert (memory[start + x.size :] == -1).all()


@pytest.mark.parametrize("width", [1, 15, 17, 64, 100])
def test_copies(isa: str, width: int, rng: np.random.Generator) -> None:
    """Runs of any length, from places of all kinds, to an aligned array and to one that is not."""
    x = np.arange(LARGE // width * width, dtype=np.float32).reshape(-1, width)
    rows, parts = rng.permutation(len(x)), [x, x[::-1], x[:, : width // 2 + 1]]
    cases = [
        (lambda out: kernels.take(x, rows, out=out), x[rows]),
        (lambda out: kernels.concat(parts, 1, out=out), np.concatenate(parts, 1)),
        (lambda out: kernels.flip(x, 0, out=out), x[::-1]),
        (lambda out: kernels.flip(x, 1, out=out), x[:, ::-1]),
        (lambda out: kernels.tile(x, (1, 2), out=out), np.tile(x, (1, 2))),
        (lambda out: kernels.repeat(x, 3, 1, out=out), np.repeat(x, 3, 1)),
        (lambda out: kernels.slice(x, (3, width // 9), x.shape, out=out), x[3:, width // 9 :]),
        (
            lambda out: kernels.pad(x, ((2, 1), (1, 3)), constant_values=-2, out=out),
            np.pad(x, ((2, 1), (1, 3)), constant_values=-2),
        ),
        (lambda out: kernels.pad(x, ((2, 1), (0, 1)), "edge", out=out), np.pad(x, ((2, 1), (0, 1)), "edge")),
    ]
    for f, expected in cases:
        memory = np.full(expected.size + 64, -1, np.float32)
        for offset in (0, 1):
            start = -memory.ctypes.data // 4 % 16 + 16 + offset
            f(memory[start : start + expected.size].reshape(expected.shape))
            assert np.array_equal(memory[start : start + expected.size], expected.ravel())
            assert (memory[:start] == -1).all()
            assert (memory[start + expected.size :] == -1).all()
            memory[:] = -1


@pytest.mark.parametrize("columns", [1, 3, 8, 33, 1000, 3001])
@pytest.mark.parametrize("name", ["mean_squared_error_dx", "binary_crossentropy_dx"])
def test_pointwise_losses(isa: str, name: str, columns: int, rng: np.random.Generator) -> None:
    """Each row's weight is its own; a thread's rows begin anywhere in a line."""
    t, x = (rng.random((LARGE // columns, columns), dtype=np.float32) for _ in range(2))
    weight = rng.random(len(x), dtype=np.float32)
    f = getattr(kernels, name)
    loss, dx = f(t, x, weight)
    parts = [f(*part) for part in zip(*(np.array_split(a, 8) for a in (t, x, weight)), strict=True)]
    assert_same(loss, np.concatenate([part[0] for part in parts]))
    assert_same(dx, np.concatenate([part[1] for part in parts]))
