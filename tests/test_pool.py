"""Pooling: windows, global and adaptive, forward and gradient, against the NumPy reference."""

from typing import Any

import numpy as np
import pytest
from checks import assert_same, assert_same_bits_everywhere, dot, integers, normal, relative_l2

from fastcnn import _core, kernels, reference

Array = np.ndarray[Any, Any]


def paddings(rng: np.random.Generator, pool: tuple[int, int], dilation: tuple[int, int]) -> Any:
    span = [(p - 1) * d + 1 for p, d in zip(pool, dilation, strict=True)]
    most = [int(rng.integers(0, s)) for s in span]
    asymmetric = tuple((int(rng.integers(0, s)), int(rng.integers(0, s))) for s in span)
    return rng.choice(np.array(["valid", "same", min(most), tuple(most), asymmetric], dtype=object))


def windows(rng: np.random.Generator) -> tuple[tuple[int, ...], dict[str, Any]]:
    """A random input shape and window that fits it."""
    pool = tuple(int(p) for p in rng.choice([[2, 2], [3, 3], [1, 2], [3, 1], [4, 2], [5, 3], [1, 1], [2, 3]]))
    dilation = (1, 1) if rng.random() < 0.6 else tuple(int(d) for d in rng.integers(1, 4, 2))
    strides = None if rng.random() < 0.4 else tuple(int(s) for s in rng.integers(1, 5, 2))
    spans = [(p - 1) * d + 1 for p, d in zip(pool, dilation, strict=True)]
    h, w = (int(s + rng.integers(0, 9)) for s in spans)
    arguments = {"pool_size": pool, "strides": strides, "dilation": dilation, "ceil_mode": bool(rng.random() < 0.5)}
    arguments["padding"] = paddings(rng, (pool[0], pool[1]), (dilation[0], dilation[1]))
    if arguments["padding"] != "valid" and rng.random() < 0.3:  # padding may be all that makes the window fit
        h, w = max(1, h // 3), max(1, w // 3)
        if arguments["padding"] != "same":
            arguments["padding"] = tuple((s - 1, s - 1) for s in spans)
    return (int(rng.integers(1, 4)), h, w, int(rng.integers(1, 41))), arguments


def test_max_pool(isa: str, rng: np.random.Generator) -> None:
    for _ in range(150):
        shape, arguments = windows(rng)
        x = integers(rng, shape, -9, 9)  # many ties
        y, indices = kernels.max_pool2d(x, **arguments, return_indices=True)
        expected, expected_indices = reference.max_pool2d(x, **arguments, return_indices=True)
        assert_same(y, expected, trust=False)
        assert indices.dtype == np.uint8
        assert np.array_equal(indices, expected_indices), (shape, arguments)
        assert_same(kernels.max_pool2d(x, **arguments), y, trust=False)

        dy = integers(rng, y.shape, 1, 5)
        expected_dx = reference.max_pool2d_dx(dy, x, **arguments)
        assert_same(kernels.max_pool2d_dx(dy, x, **arguments), expected_dx, trust=False)
        assert_same(kernels.max_pool2d_dx(dy, shape, **arguments, indices=indices), expected_dx, trust=False)
        assert_same(kernels.max_pool2d_dx(dy, x, **arguments, indices=indices), expected_dx, trust=False)


def test_avg_pool(isa: str, rng: np.random.Generator) -> None:
    for i in range(150):
        shape, arguments = windows(rng)
        arguments["count_include_pad"] = i % 2 == 0
        x = integers(rng, shape, 1, 9)
        y = kernels.avg_pool2d(x, **arguments)
        expected = reference.avg_pool2d(x, **arguments)
        assert_same(y, expected.astype(np.float32), trust=False)  # an exact sum, divided once

        dy = normal(rng, y.shape)
        dx = kernels.avg_pool2d_dx(dy, shape, **arguments)
        assert dx.shape == shape
        assert relative_l2(dx, reference.avg_pool2d_dx(dy, shape, **arguments)) <= 2e-7
        a, b = dot(y, dy), dot(x, dx)
        assert abs(a - b) <= 1e-5 * (np.abs(y * dy).sum() + 1), (shape, arguments)


def test_avg_pool_dx_is_exact_on_integers(isa: str, rng: np.random.Generator) -> None:
    for c in (1, 3, 16, 17, 33):
        for strides, padding in (((2, 2), "valid"), ((1, 1), "valid"), ((2, 2), "same"), ((4, 4), "valid")):
            for pool in ((2, 2), (4, 4)):
                shape = (2, 9, 11, c)
                y_shape = reference.avg_pool2d(np.zeros(shape), pool, strides, padding).shape
                dy = integers(rng, y_shape)
                options = {"count_include_pad": True}  # every window counts 4 or 16 cells
                expected = reference.avg_pool2d_dx(dy, shape, pool, strides, padding, **options)
                got = kernels.avg_pool2d_dx(dy, shape, pool, strides, padding, **options)
                assert_same(got, expected, trust=False)


@pytest.mark.parametrize("pool", [2, 3])
def test_usual_windows_of_many_channels(isa: str, rng: np.random.Generator, pool: int) -> None:
    for shape in ((2, 56, 57, 64), (1, 113, 64, 48)):
        for padding in ("valid", "same", 1):
            x = integers(rng, shape, -50, 50)
            y, indices = kernels.max_pool2d(x, pool, 2, padding, return_indices=True)
            expected, expected_indices = reference.max_pool2d(x, pool, 2, padding, return_indices=True)
            assert_same(y, expected)
            assert np.array_equal(indices, expected_indices)
            dy = integers(rng, y.shape, 1, 5)
            expected_dx = reference.max_pool2d_dx(dy, shape, pool, 2, padding, indices=expected_indices)
            assert_same(kernels.max_pool2d_dx(dy, x, pool, 2, padding), expected_dx)
            assert_same(kernels.avg_pool2d(x, pool, 2, padding), reference.avg_pool2d(x, pool, 2, padding).astype("f4"))


@pytest.mark.parametrize("padding", [0, 1, 2, ((0, 1), (1, 0)), ((2, 0), (0, 2)), ((1, 2), (2, 1))])
def test_gradient_of_overlapping_windows_at_every_edge(isa: str, rng: np.random.Generator, padding: Any) -> None:
    for h in range(3, 8):
        for w in range(3, 8):
            x = integers(rng, (2, h, w, 32), -3, 3)
            y, indices = reference.max_pool2d(x, 3, 2, padding, return_indices=True)
            dy = normal(rng, y.shape)
            expected = reference.max_pool2d_dx(dy, x.shape, 3, 2, padding, indices=indices)
            np.testing.assert_allclose(
                kernels.max_pool2d_dx(dy, x.shape, 3, 2, padding, indices=indices), expected, rtol=1e-6, atol=1e-6
            )
            exact = integers(rng, y.shape, 1, 5)
            expected = reference.max_pool2d_dx(exact, x.shape, 3, 2, padding, indices=indices)
            assert_same(kernels.max_pool2d_dx(exact, x.shape, 3, 2, padding, indices=indices), expected)


def test_gradients_of_overlapping_windows_past_the_caches(rng: np.random.Generator) -> None:
    shape = (3, 111, 112, 64)
    options: dict[str, Any] = {"pool_size": 3, "strides": 2, "padding": 1}
    y, indices = kernels.max_pool2d(integers(rng, shape, -9, 9), **options, return_indices=True)
    dy = integers(rng, y.shape, 1, 5)
    large = kernels.max_pool2d_dx(dy, shape, **options, indices=indices)
    for i in range(3):  # small enough to be kept
        one = kernels.max_pool2d_dx(dy[i : i + 1], (1, *shape[1:]), **options, indices=indices[i : i + 1])
        assert_same(large[i : i + 1], one)


@pytest.mark.parametrize("channels", [48, 44])  # whole vectors, and others
def test_results_past_the_caches(isa: str, rng: np.random.Generator, channels: int) -> None:
    """8 MB and more are stored past the caches where each pixel's channels begin at an aligned address."""
    x = integers(rng, (3, 260, 262, channels), -50, 50)
    for pool, strides in ((3, 2), (2, 2)):
        assert_same(kernels.max_pool2d(x, pool, strides), reference.max_pool2d(x, pool, strides))
        assert_same(kernels.avg_pool2d(x, pool, strides), reference.avg_pool2d(x, pool, strides).astype(np.float32))


def test_large_windows(isa: str, rng: np.random.Generator) -> None:
    """More than 256 cells: the gradient keeps wider indices; more than 8 x 8 windows reach a cell."""
    x = integers(rng, (2, 24, 20, 5), -1000, 1000)
    for pool, strides in (((17, 16), (1, 1)), ((16, 16), (1, 2)), ((24, 20), None), ((12, 3), (1, 1))):
        y = kernels.max_pool2d(x, pool, strides)
        assert_same(y, reference.max_pool2d(x, pool, strides))
        dy = integers(rng, y.shape, 1, 5)
        assert_same(
            kernels.max_pool2d_dx(dy, x, pool, strides), reference.max_pool2d_dx(dy, x, pool, strides), trust=False
        )
        expected = reference.avg_pool2d_dx(dy, x.shape, pool, strides)
        assert relative_l2(kernels.avg_pool2d_dx(dy, x.shape, pool, strides), expected) <= 1e-6
    with pytest.raises(ValueError, match="return_indices needs a pool_size of at most 256 cells, got 272"):
        kernels.max_pool2d(x, (17, 16), return_indices=True)
    y, indices = kernels.max_pool2d(x, (16, 16), (1, 2), return_indices=True)
    assert np.array_equal(indices, reference.max_pool2d(x, (16, 16), (1, 2), return_indices=True)[1])
    assert indices.max() > 250


def test_signals(isa: str, rng: np.random.Generator) -> None:
    for _ in range(60):
        pool, dilation = int(rng.integers(1, 5)), int(rng.integers(1, 3))
        span = (pool - 1) * dilation + 1
        padding = [
            "valid",
            "same",
            int(rng.integers(0, span)),
            (int(rng.integers(0, span)), int(rng.integers(0, span))),
        ]
        shape = (int(rng.integers(1, 4)), span + int(rng.integers(0, 20)), int(rng.integers(1, 41)))
        strides = None if rng.random() < 0.3 else int(rng.integers(1, 4))
        arguments = (pool, strides, padding[rng.integers(4)], dilation, bool(rng.random() < 0.5))
        x = integers(rng, shape)
        y, indices = kernels.max_pool1d(x, *arguments, return_indices=True)
        expected, expected_indices = reference.max_pool1d(x, *arguments, return_indices=True)
        assert_same(y, expected, trust=False)
        assert np.array_equal(indices, expected_indices)
        assert_same(kernels.avg_pool1d(x, *arguments), reference.avg_pool1d(x, *arguments).astype("f4"), trust=False)
        dy = integers(rng, y.shape, 1, 5)
        expected = reference.max_pool1d_dx(dy, x, *arguments)
        assert_same(kernels.max_pool1d_dx(dy, x, *arguments), expected, trust=False)
        assert_same(kernels.max_pool1d_dx(dy, shape, *arguments, indices=indices), expected, trust=False)
        expected = reference.avg_pool1d_dx(dy, shape, *arguments)
        assert relative_l2(kernels.avg_pool1d_dx(dy, shape, *arguments), expected) <= 2e-7
    with pytest.raises(ValueError, match=r"padding must be 'valid', 'same', an int or \(left, right\)"):
        kernels.max_pool1d(np.zeros((1, 9, 1)), 3, padding=((0, 1), (1, 2)))  # type: ignore[arg-type]


def test_nan_infinities_and_ties(isa: str, rng: np.random.Generator) -> None:
    for c in (1, 5, 16, 37):
        for pool, strides in ((2, 2), (3, 2), (2, 1), (4, 3)):
            x = rng.choice(np.array([np.nan, np.inf, -np.inf, 0, 1], np.float32), (2, 9, 9, c))
            y, indices = kernels.max_pool2d(x, pool, strides, "same", return_indices=True)
            expected, expected_indices = reference.max_pool2d(x, pool, strides, "same", return_indices=True)
            assert_same(y, expected)
            assert_same(kernels.max_pool2d(x, pool, strides, "same"), expected)
            assert np.array_equal(indices, expected_indices)
            assert_same(kernels.global_max_pool2d(x), reference.global_max_pool2d(x))
            dy = integers(rng, (2, c), 1, 5)
            assert_same(kernels.global_max_pool2d_dx(dy, x), reference.global_max_pool2d_dx(dy, x), trust=False)
    x = np.full((1, 3, 3, 4), -np.inf, np.float32)  # as small as padding, yet the first cell inside wins
    y, indices = kernels.max_pool2d(x, 3, 1, 1, return_indices=True)
    assert np.all(y == -np.inf)
    assert indices[0, 0, 0, 0] == 4
    dx = kernels.max_pool2d_dx(np.ones_like(y), x, 3, 1, 1)
    assert dx.sum() == y.size
    nan = np.full((1, 2, 2, 1), np.nan, np.float32)
    assert_same(kernels.max_pool2d_dx(nan[:, :1, :1], [[[[1], [2]], [[3], [4]]]], 2).ravel(), [0, 0, 0, np.nan])


def test_windows_without_a_cell(isa: str) -> None:
    """Dilated windows may step over the image altogether."""
    x = np.array([[[[7.0]]]], np.float32)
    y, indices = kernels.max_pool2d(x, 2, 1, 1, 2, return_indices=True)
    assert y.shape == (1, 1, 1, 1)
    assert y.item() == -np.inf
    assert indices.item() == 0
    assert kernels.max_pool2d_dx(np.ones((1, 1, 1, 1)), x, 2, 1, 1, 2).item() == 0
    assert kernels.avg_pool2d(x, 2, 1, 1, 2).item() == 0
    assert kernels.avg_pool2d_dx(np.ones((1, 1, 1, 1)), (1, 1, 1, 1), 2, 1, 1, 2).item() == 0


def test_max_pool_gradient_is_the_derivative(rng: np.random.Generator) -> None:
    """The reference's, by a central difference in float64."""
    x = rng.permutation(2 * 7 * 8 * 3).reshape(2, 7, 8, 3).astype(np.float64)  # no ties, none near
    dy = rng.standard_normal(reference.max_pool2d(x, 3, 2, "same").shape)
    direction = rng.standard_normal(x.shape)
    change = [dot(reference.max_pool2d(x + e * direction, 3, 2, "same"), dy) for e in (1e-3, -1e-3)]
    derivative = dot(reference.max_pool2d_dx(dy, x, 3, 2, "same"), direction)
    assert (change[0] - change[1]) / 2e-3 == pytest.approx(derivative, rel=1e-8)


def test_averages_are_accurate(isa: str, rng: np.random.Generator) -> None:
    x = rng.uniform(0.5, 1.5, (1, 224, 224, 8)).astype(np.float32)
    assert relative_l2(kernels.global_avg_pool2d(x), reference.global_avg_pool2d(x)) <= 5e-7
    assert relative_l2(kernels.avg_pool2d(x, 224), reference.avg_pool2d(x, 224)) <= 5e-7
    assert relative_l2(kernels.adaptive_avg_pool2d(x, (1, 2)), reference.adaptive_avg_pool2d(x, (1, 2))) <= 5e-7


@pytest.mark.parametrize("shape", [(1, 10_000), (10_000, 1), (3, 5000), (5000, 3)])
def test_averages_of_long_windows_are_accurate(isa: str, shape: tuple[int, int]) -> None:
    """Where all are the same number, roundings err to the same side."""
    x = np.full((1, *shape, 5), 0.1, np.float32)
    twice = np.concatenate((x, x), axis=1 + shape.index(max(shape)))
    for y in (kernels.avg_pool2d(x, shape), kernels.adaptive_avg_pool2d(twice, (1, 2) if shape[0] < 10 else (2, 1))):
        assert relative_l2(y, np.full(y.shape, np.float64(x[0, 0, 0, 0]))) <= 3e-6


def test_same_bits(rng: np.random.Generator) -> None:
    x = normal(rng, (3, 61, 45, 37))
    dy2, dy3 = normal(rng, (3, 30, 22, 37)), normal(rng, (3, 31, 23, 37))
    assert_same_bits_everywhere(lambda: kernels.max_pool2d(x, 3, 2, "same", return_indices=True))
    assert_same_bits_everywhere(lambda: kernels.max_pool2d_dx(dy2, x, 2))
    assert_same_bits_everywhere(lambda: kernels.max_pool2d_dx(dy3, x, 3, 2, "same"))
    assert_same_bits_everywhere(lambda: kernels.avg_pool2d(x, 3, 2, "same"))
    assert_same_bits_everywhere(lambda: kernels.avg_pool2d_dx(dy2, x.shape, 2))
    assert_same_bits_everywhere(lambda: kernels.avg_pool2d_dx(dy3, x.shape, 3, 2, "same"))
    assert_same_bits_everywhere(lambda: kernels.global_avg_pool2d(x))
    assert_same_bits_everywhere(lambda: kernels.global_max_pool2d_dx(x[:, 0, 0], x))
    assert_same_bits_everywhere(lambda: kernels.global_avg_pool2d_dx(x[:, 0, 0], x.shape))
    assert_same_bits_everywhere(lambda: kernels.adaptive_avg_pool2d(x, 7))
    assert_same_bits_everywhere(lambda: kernels.adaptive_avg_pool2d_dx(dy2, x.shape))


def test_an_image_alone_gives_the_bits_it_has_in_a_batch(rng: np.random.Generator) -> None:
    x = normal(rng, (3, 61, 45, 37))
    dy = normal(rng, (3, 31, 23, 37))
    for i in range(3):
        one = slice(i, i + 1)
        assert_same(kernels.avg_pool2d(x[one], 3, 2, "same"), kernels.avg_pool2d(x, 3, 2, "same")[one])
        assert_same(kernels.global_avg_pool2d(x[one]), kernels.global_avg_pool2d(x)[one])
        expected = kernels.max_pool2d_dx(dy, x, 3, 2, "same")[one]
        assert_same(kernels.max_pool2d_dx(dy[one], x[one], 3, 2, "same"), expected)


def test_empty_batches() -> None:
    x = np.zeros((0, 8, 8, 3), np.float32)
    assert kernels.max_pool2d(x, 2).shape == (0, 4, 4, 3)
    assert kernels.avg_pool2d(x, 3, 2, "same").shape == (0, 4, 4, 3)
    assert kernels.max_pool2d_dx(np.zeros((0, 4, 4, 3)), x, 2).shape == x.shape
    assert kernels.avg_pool2d_dx(np.zeros((0, 4, 4, 3)), x.shape, 2).shape == x.shape
    assert kernels.global_avg_pool2d(x).shape == (0, 3)
    assert kernels.global_max_pool2d_dx(np.zeros((0, 3)), x).shape == x.shape
    assert kernels.adaptive_avg_pool2d(x, 2).shape == (0, 2, 2, 3)
    assert kernels.max_pool2d(np.zeros((2, 4, 4, 0)), 2).shape == (2, 2, 2, 0)


def test_out(rng: np.random.Generator) -> None:
    x = normal(rng, (1, 4, 4, 3))
    out = np.empty((1, 2, 2, 3), np.float32)
    assert kernels.max_pool2d(x, 2, out=out) is out
    assert_same(out, reference.max_pool2d(x, 2))
    with pytest.raises(ValueError, match=r"out must have shape \(1, 2, 2, 3\), got \(1, 4, 4, 3\)"):
        kernels.avg_pool2d(x, 2, out=np.empty_like(x))
    with pytest.raises(ValueError, match="out must not share memory with x"):
        kernels.avg_pool2d(x, 1, out=x)


def test_saved_indices_are_not_trusted(isa: str, rng: np.random.Generator) -> None:
    x = normal(rng, (1, 6, 6, 40))
    y, indices = kernels.max_pool2d(x, 2, return_indices=True)
    wrong = indices.copy()
    wrong[0, 2, 2, 39] = 4
    with pytest.raises(ValueError, match="indices must be below the 4 cells of the window, got 4"):
        kernels.max_pool2d_dx(y, x, 2, indices=wrong)
    with pytest.raises(ValueError, match=r"indices must have shape \(1, 3, 3, 40\), got \(1, 2, 3, 40\)"):
        kernels.max_pool2d_dx(y, x, 2, indices=indices[:, :2])
    with pytest.raises(ValueError, match="indices must fit uint8, got values from -1 to 3"):
        kernels.max_pool2d_dx(y, x, 2, indices=np.where(indices == 0, -1, indices.astype(int)))
    with pytest.raises(ValueError, match="indices need a pool size of at most 256 cells, got 289"):
        kernels.max_pool2d_dx(np.ones((1, 1, 1, 2)), np.ones((1, 17, 17, 2)), 17, indices=np.zeros((1, 1, 1, 2), "u1"))
    padded = np.zeros((1, 4, 4, 40), np.uint8)  # the corner windows' first cells are padding: no gradient, no write
    dx = kernels.max_pool2d_dx(np.ones((1, 4, 4, 40)), x, 2, padding=1, indices=padded)
    assert dx.sum() == 9 * 40


IMAGE = np.zeros((1, 5, 6, 2), np.float32)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"pool_size": 0}, ValueError, "pool height must be at least 1, got 0"),
        ({"pool_size": (2, 0)}, ValueError, "pool width must be at least 1, got 0"),
        ({"pool_size": 2, "strides": 0}, ValueError, "stride height must be at least 1, got 0"),
        ({"pool_size": 2, "strides": (1, -1)}, ValueError, "stride width must be at least 1, got -1"),
        ({"pool_size": 2, "dilation": 0}, ValueError, "dilation height must be at least 1, got 0"),
        ({"pool_size": 2, "padding": -1}, ValueError, "padding top must be at least 0, got -1"),
        ({"pool_size": 2, "padding": ((0, 0), (0, 2))}, ValueError, "padding right must be smaller than .* 2, got 2"),
        ({"pool_size": 2, "padding": ((2, 0), (0, 0))}, ValueError, "padding top must be smaller than .* 2, got 2"),
        ({"pool_size": 7}, ValueError, "window must fit the padded input: h is 5 with padding, the window spans 7"),
        ({"pool_size": 2, "dilation": 6}, ValueError, "window must fit the padded input: h is 5"),
        ({"pool_size": 2, "dilation": 2**63 - 1}, ValueError, "pool height and dilation height are too large|must fit"),
        ({"pool_size": 3, "dilation": 2**62}, ValueError, "too large"),
        ({"pool_size": 2, "padding": "full"}, ValueError, "padding must be 'valid', 'same', .* got 'full'"),
        ({"pool_size": "2"}, TypeError, "pool_size must be an integer or a pair of integers"),
        ({"pool_size": 2.5}, TypeError, "pool_size must be an integer or a pair of integers"),
        ({"pool_size": (2, 2, 2)}, ValueError, "pool_size must be an integer or a pair of integers"),
        ({"pool_size": 2, "strides": "1"}, TypeError, "strides must be an integer or a pair of integers"),
    ],
)
def test_nonsense_is_refused(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    for pool in (kernels.max_pool2d, kernels.avg_pool2d):
        with pytest.raises(error, match=message):
            pool(IMAGE, **arguments)


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"x must have 4 dimensions \(n, h, w, c\), got shape \(5, 6, 2\)"):
        kernels.max_pool2d(IMAGE[0], 2)
    with pytest.raises(ValueError, match=r"x must have 3 dimensions \(n, w, c\), got shape"):
        kernels.avg_pool1d(IMAGE, 2)
    with pytest.raises(ValueError, match=r"dy must have shape \(1, 2, 3, 2\), got \(1, 5, 6, 2\)"):
        kernels.avg_pool2d_dx(IMAGE, IMAGE.shape, 2)
    with pytest.raises(ValueError, match=r"dy must have shape \(1, 2, 3, 2\), got \(1, 5, 6, 2\)"):
        kernels.max_pool2d_dx(IMAGE, IMAGE, 2)
    with pytest.raises(ValueError, match=r"x_shape must be the shape \(n, h, w, c\) of x, got \(1, 5\)"):
        kernels.avg_pool2d_dx(IMAGE, (1, 5), 2)
    with pytest.raises(ValueError, match="x_shape must not be negative"):
        kernels.avg_pool2d_dx(IMAGE, (1, -5, 6, 2), 2)
    with pytest.raises(ValueError, match=r"dy must have shape \(1, 2\), got \(2,\)"):
        kernels.global_avg_pool2d_dx(np.zeros(2), IMAGE.shape)
    with pytest.raises(ValueError, match="h \\* w must be between 1 and 2147483647, got 0"):
        kernels.global_avg_pool2d(IMAGE[:, :0])
    with pytest.raises(ValueError, match=r"output_size must be at least 1, got \(0, 2\)"):
        kernels.adaptive_avg_pool2d(IMAGE, (0, 2))
    with pytest.raises(ValueError, match=r"dy must have shape \(1, oh, ow, 2\), got \(1, 2, 2, 3\)"):
        kernels.adaptive_avg_pool2d_dx(np.zeros((1, 2, 2, 3)), (1, 5, 6, 2))


def test_ceil_mode_as_pytorch_has_it() -> None:
    def rows(size: int, pool: int, stride: int, padding: int, ceil_mode: bool) -> int:
        x = np.zeros((1, size, 1), np.float32)
        return int(kernels.max_pool1d(x, pool, stride, padding, ceil_mode=ceil_mode).shape[1])

    assert rows(5, 2, 2, 0, False) == 2
    assert rows(5, 2, 2, 0, True) == 3
    assert rows(4, 2, 3, 0, True) == 2
    assert rows(4, 3, 3, 1, True) == 2  # exact
    assert rows(3, 2, 4, 0, True) == 1  # the next window would start past the input
    assert rows(1, 2, 2, 1, True) == 1  # and so it would here: at 2 of 1 + 1


@pytest.mark.parametrize("pool", [kernels.max_pool2d, kernels.avg_pool2d])
@pytest.mark.parametrize(("c", "size"), [(1, 2), (5, 3), (16, 2), (37, 5)])
def test_into_a_slice_of_channels(isa: str, pool: Any, c: int, size: int, rng: np.random.Generator) -> None:
    x = normal(rng, (2, 11, 13, c))
    expected = pool(x, size, 2, 1)
    larger = np.full((*expected.shape[:3], c + 7), 9.0, np.float32)
    assert np.shares_memory(pool(x, size, 2, 1, out=larger[..., 3 : 3 + c]), larger)
    assert_same(larger[..., 3 : 3 + c], expected, trust=False)
    assert (np.delete(larger, np.s_[3 : 3 + c], -1) == 9).all()


@pytest.mark.parametrize("activation", [None, "relu", "relu6"])
def test_reading_through_a_normalisation(isa: str, rng: np.random.Generator, activation: str | None) -> None:
    """To the bit what pooling its stored result gives, which is the first of equal ones too."""
    for shape, pool, strides, padding in (
        ((2, 9, 7, 5), 2, 2, "valid"),
        ((3, 11, 12, 33), 3, 2, 1),
        ((2, 8, 8, 64), 3, 1, "same"),
        ((1, 9, 9, 7), (4, 3), 2, ((1, 0), (2, 1))),
        ((0, 9, 9, 7), 2, None, "valid"),
    ):
        x, affine = normal(rng, shape), normal(rng, (3, shape[-1]))
        x[..., 0] = np.nan
        stored = kernels.batch_norm_apply(x, affine, activation=activation)
        y, indices = _core.max_pool2d_through(x, affine, activation, pool, strides, padding)
        expected, expected_indices = kernels.max_pool2d(stored, pool, strides, padding, return_indices=True)
        np.testing.assert_array_equal(y, expected)
        np.testing.assert_array_equal(indices, expected_indices)
