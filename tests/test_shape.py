"""Shaping against NumPy: every result is a copy, so everything is exact."""

import itertools

import numpy as np
import pytest
from checks import assert_same, assert_same_bits_everywhere, integers

from fastcnn import kernels as k
from fastcnn import reference as r

MODES = ["constant", "reflect", "symmetric", "edge", "wrap"]


def numbered(shape):
    return (np.arange(int(np.prod(shape)), dtype=np.float32) + 1).reshape(shape)


def random_shape(rng, rank, largest=7):
    return tuple(int(n) for n in rng.integers(1, largest + 1, rank))


def test_concat_and_split(isa, rng):
    for _ in range(120):
        shape = list(random_shape(rng, int(rng.integers(1, 5)), 40))
        axis = int(rng.integers(-len(shape), len(shape)))
        sizes = [int(n) for n in rng.integers(0, 20, int(rng.integers(1, 5)))]
        parts = []
        for size in sizes:
            shape[axis] = size
            parts.append(integers(rng, tuple(shape), 1, 9))
        whole = k.concat(parts, axis)
        assert_same(whole, r.concat(parts, axis))
        for got, part in zip(k.split(whole, [int(n) for n in np.cumsum(sizes)[:-1]], axis), parts, strict=True):
            assert_same(got, part)
    x = numbered((6, 4))
    for got, expected in zip(k.split(x, 2, -1), r.split(x, 2, -1), strict=True):
        assert_same(got, expected)
    for cuts in ([2, -1], [5, 2], [99]):
        for got, expected in zip(k.split(x, cuts), r.split(x, cuts), strict=True):
            assert_same(got, expected)


def test_stack(isa, rng):
    for axis in (-3, -2, -1, 0, 1, 2):
        parts = [integers(rng, (5, 33)) for _ in range(3)]
        assert_same(k.stack(parts, axis), r.stack(parts, axis))


def random_slice(rng, shape):
    def bound(n):
        return None if rng.random() < 0.3 else int(rng.integers(-n - 3, n + 4))

    begin, end = [bound(n) for n in shape], [bound(n) for n in shape]
    strides = [None if rng.random() < 0.3 else int(rng.choice([-3, -2, -1, 1, 2, 3])) for _ in shape]
    keep = int(rng.integers(0, len(shape) + 1))
    return begin, end, strides[:keep] if rng.random() < 0.3 else strides


def test_slice_and_its_gradient(isa, rng):
    for _ in range(400):
        shape = random_shape(rng, int(rng.integers(1, 5)), 20)
        x = numbered(shape)
        bounds = random_slice(rng, shape)
        got = k.slice(x, *bounds)
        assert_same(got, r.slice(x, *bounds))
        dx = k.slice_dx(got, shape, *bounds)
        assert_same(dx, r.slice_dx(got, shape, *bounds), trust=False)
    x = numbered((5,))
    assert_same(k.slice(x, [2**62], [None], [-(2**62)]), x[:: -(2**62)])
    assert_same(k.slice(x, [None], [-(2**63)], [-(2**63)]), x[:: -(2**63)])
    assert_same(k.slice(x, None, None), x)


@pytest.mark.parametrize("mode", MODES)
def test_pad_and_its_gradient(isa, rng, mode):
    for case in range(150):
        rank = int(rng.integers(1, 6))
        shape = random_shape(rng, rank, 6)
        if case % 3 == 0:  # images, channels not padded
            shape = (2, *random_shape(rng, 2, 9), int(rng.integers(1, 41)))
        paddings = [(int(p), int(q)) for p, q in rng.integers(0, 8 if case % 5 == 0 else 4, (len(shape), 2))]
        if case % 3 == 0:
            paddings[0] = paddings[3] = (0, 0)
        x = integers(rng, shape, 1, 9)
        y = k.pad(x, paddings, mode, 7.0)
        assert_same(y, r.pad(x, paddings, mode, 7.0))
        dy = integers(rng, y.shape)
        dx = k.pad_dx(dy, paddings, mode)
        assert_same(dx, r.pad_dx(dy, paddings, mode), trust=False)
        assert np.vdot(k.pad(x, paddings, mode), dy) == np.vdot(x, dx)


def test_pad_shorthands_and_edges(isa):
    x = numbered((3, 4))
    assert_same(k.pad(x, 1), r.pad(x, 1))
    assert_same(k.pad(x, (1, (0, 2)), "edge"), r.pad(x, (1, (0, 2)), "edge"))
    assert_same(k.pad(np.zeros((0, 2)), [(1, 2), (0, 1)], constant_values=3), np.full((3, 3), 3.0))
    assert k.pad(np.zeros((0, 2)), 0, "wrap").shape == (0, 2)
    assert k.pad_dx(np.ones((3, 2)), [(1, 2), (0, 0)]).shape == (0, 2)
    assert_same(k.pad(np.float32(5), []), np.float32(5), trust=False)
    assert_same(k.pad(numbered((1,)), [(2, 3)], "reflect"), np.ones(6))
    wide = numbered((2, 70, 9))  # several tasks, rows longer than a vector
    for mode in MODES:
        assert_same(k.pad(wide, [(0, 0), (65, 66), (3, 0)], mode, 1), r.pad(wide, [(0, 0), (65, 66), (3, 0)], mode, 1))


def test_every_permutation(isa, rng):
    for rank in range(6):
        for axes in itertools.permutations(range(rank)):
            x = numbered(random_shape(rng, rank, 9))
            assert_same(k.transpose(x, axes), r.transpose(x, axes))
    x = numbered((2, 1, 3, 2, 1, 4, 3, 2))
    for _ in range(30):
        axes = [int(a) for a in rng.permutation(8)]
        assert_same(k.transpose(x, axes), r.transpose(x, axes))
    assert_same(k.transpose(x), r.transpose(x))
    assert_same(k.transpose(x, (-1, 0, 1, 2, 3, 4, 5, 6)), r.transpose(x, (-1, 0, 1, 2, 3, 4, 5, 6)))


def test_matrices_of_every_size(isa):
    for rows in [*range(1, 41), 63, 64, 65, 130]:
        for columns in [*range(1, 20), 33, 64, 300, 2049]:
            x = numbered((rows, columns))
            assert np.array_equal(k.transpose(x), x.T), (rows, columns)
            assert np.array_equal(k.transpose(x.T), x), (rows, columns)


def test_channels_first_and_last(isa):
    for c in (*range(1, 41), 64, 100):
        x = numbered((2, 5, 27, c))
        first = k.nhwc_to_nchw(x)
        assert_same(first, r.nhwc_to_nchw(x))
        assert_same(k.nchw_to_nhwc(first), x)


def test_flip(isa, rng):
    for rank in range(1, 5):
        x = numbered(random_shape(rng, rank, 20))
        for size in range(rank + 1):
            for axis in itertools.combinations(range(rank), size):
                assert_same(k.flip(x, axis), r.flip(x, axis))
        assert_same(k.flip(x), r.flip(x))
        assert_same(k.flip(x, -1), r.flip(x, -1))


def test_tile_and_repeat(isa, rng):
    for _ in range(100):
        x = numbered(random_shape(rng, int(rng.integers(1, 5)), 9))
        repeats = [int(n) for n in rng.integers(0 if rng.random() < 0.1 else 1, 4, x.ndim)]
        assert_same(k.tile(x, repeats), r.tile(x, repeats))
        axis = int(rng.integers(-x.ndim, x.ndim))
        assert_same(k.repeat(x, repeats[0], axis), r.repeat(x, repeats[0], axis))
    x = numbered((2, 1, 3, 2, 1, 2, 1, 2))
    assert_same(k.tile(x, (2, 3, 1, 2, 1, 2, 3, 2)), r.tile(x, (2, 3, 1, 2, 1, 2, 3, 2)))


def test_take(isa, rng):
    for shape in ((7,), (50, 3), (9, 4, 33), (5, 3000)):
        x = numbered(shape)
        for count in ((), (1,), (40,), (3, 5), (0,)):
            indices = rng.integers(0, shape[0], count)
            assert_same(k.take(x, indices), r.take(x, indices))
    assert k.take(np.zeros((0, 3)), np.zeros(0, np.int64)).shape == (0, 3)


def test_one_hot(isa, rng):
    for shape in ((), (1,), (300,), (4, 5), (0,)):
        for depth in (1, 2, 10, 33, 1000):
            labels = rng.integers(0, depth, shape)
            assert_same(k.one_hot(labels, depth), r.one_hot(labels, depth), trust=False)
    assert_same(k.one_hot(np.array([1, 2], np.uint8), 3), r.one_hot([1, 2], 3))


def test_from_uint8(isa, rng):
    for size in (*range(40), 1000, 200_003):
        x = rng.integers(0, 256, size).astype(np.uint8)
        assert_same(k.from_uint8(x), r.from_uint8(x), trust=False)
        assert_same(k.from_uint8(x, 1 / 64, -2.0), r.from_uint8(x, 1 / 64, -2.0), trust=False)
    x = np.arange(256, dtype=np.uint8)
    assert_same(k.from_uint8(x, 1 / 255), (x * float(np.float32(1 / 255))).astype(np.float32))  # rounded once


def test_large_arrays_on_several_threads(rng):
    x = integers(rng, (3, 70, 90, 40))
    paddings = [(0, 0), (3, 2), (1, 4), (0, 0)]
    dy = integers(rng, (3, 75, 95, 40))
    pixels = rng.integers(0, 256, (3, 70, 90, 40)).astype(np.uint8)
    for run, expected in (
        (lambda: k.nhwc_to_nchw(x), r.nhwc_to_nchw(x)),
        (lambda: k.pad(x, paddings, "reflect"), r.pad(x, paddings, "reflect")),
        (lambda: k.pad_dx(dy, paddings, "reflect"), r.pad_dx(dy, paddings, "reflect")),
        (lambda: k.slice(x, [0, 69, 1], [3, 0, 88], [1, -2, 3]), r.slice(x, [0, 69, 1], [3, 0, 88], [1, -2, 3])),
        (lambda: k.concat([x, x[..., :7]], -1), r.concat([x, x[..., :7]], -1)),
        (lambda: k.flip(x, 2), r.flip(x, 2)),
        (lambda: k.tile(x, (1, 1, 1, 2)), r.tile(x, (1, 1, 1, 2))),
        (lambda: k.from_uint8(pixels, 0.5), r.from_uint8(pixels, 0.5)),
    ):
        assert_same_bits_everywhere(run)
        assert_same(run(), expected)


def test_out(isa):
    x = numbered((3, 4))
    out = np.empty((4, 3), np.float32)
    assert k.transpose(x, out=out) is out
    assert_same(out, x.T)
    with pytest.raises(ValueError, match="out must not share memory with x"):
        k.flip(x, out=x)
    with pytest.raises(ValueError, match=r"out must have shape \(5, 4\), got \(4, 3\)"):
        k.pad(x, [(1, 1), (0, 0)], out=out)
    with pytest.raises(TypeError, match="out must have dtype float32"):
        k.tile(x, (1, 1), out=np.zeros((3, 4)))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: k.concat([]), ValueError, "arrays must not be empty"),
        (lambda x: k.concat(x), TypeError, "arrays must be a list"),
        (lambda x: k.concat([x, x[0]]), ValueError, r"array 1 of shape \(4,\) does not fit array 0 of shape \(3, 4\)"),
        (lambda x: k.concat([x, x[:, :2]], 0), ValueError, r"array 1 of shape \(3, 2\) does not fit"),
        (lambda x: k.concat([x], 2), ValueError, "axis must be between -2 and 1, got 2"),
        (lambda x: k.stack([x, x[0]]), ValueError, "arrays must have one shape"),
        (lambda x: k.split(x, 2), ValueError, "indices_or_sections must divide the 3 elements of axis 0, got 2"),
        (lambda x: k.split(x, 1, 5), ValueError, "axis must be between"),
        (lambda x: k.slice(x, [0], [2], [0]), ValueError, "strides must not be 0, got it for axis 0"),
        (lambda x: k.slice(x, [0, 0, 0], None), ValueError, "begin must have at most 2 entries, got 3"),
        (lambda x: k.slice(x, [0.5], None), TypeError, "begin must be an integer"),
        (lambda x: k.slice_dx(x, (9, 4), [0], [2]), ValueError, r"dy must have shape \(2, 4\), got \(3, 4\)"),
        (lambda x: k.pad(x, [(1, 1)]), ValueError, "paddings must have one .before, after. for each of 2 axes, got 1"),
        (lambda x: k.pad(x, -1), ValueError, "paddings must be at least 0, got -1"),
        (lambda x: k.pad(x, 2**62), ValueError, "paddings of axis 0 are too large|too large"),
        (lambda x: k.pad(x, 1, "mirror"), ValueError, "mode must be one of 'constant'.*got 'mirror'"),
        (lambda x: k.pad(np.zeros((0, 2)), 1, "edge"), ValueError, "axis 0 is empty: only mode constant can pad it"),
        (
            lambda x: k.pad_dx(x, [(2, 2), (0, 0)]),
            ValueError,
            r"paddings must fit dy of shape \(3, 4\), got \(2, 2\) for axis 0",
        ),
        (lambda x: k.transpose(x, (0, 0)), ValueError, "axes must not name axis 0 twice"),
        (lambda x: k.transpose(x, (0,)), ValueError, "axes must have one entry for each of the 2 axes of x, got 1"),
        (lambda x: k.transpose(x, (0, 2)), ValueError, "axes must be between -2 and 1, got 2"),
        (lambda x: k.nchw_to_nhwc(x), ValueError, "axes must have one entry for each of the 2 axes of x, got 4"),
        (lambda x: k.flip(x, 2), ValueError, "axis must be between -2 and 1, got 2"),
        (lambda x: k.tile(x, (2, -1)), ValueError, "repeats must be at least 0, got -1"),
        (lambda x: k.tile(x, (2**40, 2**40)), ValueError, "y is too large"),
        (lambda x: k.repeat(x, -1), ValueError, "repeats must be at least 0, got -1"),
        (lambda x: k.take(x, [0, 3]), ValueError, "indices must be between 0 and 2, got 3 at 1"),
        (lambda x: k.take(x, [-1]), ValueError, "indices must be between 0 and 2, got -1 at 0"),
        (lambda x: k.take(x, [0.5]), TypeError, "indices must hold integers"),
        (lambda x: k.one_hot([0, 3], 3), ValueError, "labels must be between 0 and 2, got 3 at 1"),
        (lambda x: k.one_hot([0], 0), ValueError, "num_classes must be at least 1, got 0"),
        (lambda x: k.from_uint8([300]), ValueError, "x must fit uint8"),
        (lambda x: k.from_uint8([3], float("nan")), ValueError, "scale must be finite"),
    ],
)
def test_errors_name_the_argument(call, error, message):
    with pytest.raises(error, match=message):
        call(numbered((3, 4)))
