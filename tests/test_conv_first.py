"""First layers: few channels of x, channels of y that fill vectors. Exactly on integers, and by the bits of other paths."""

import numpy as np
import pytest
from checks import assert_same, assert_same_bits_everywhere, integers, normal

from fastcnn import _core, kernels, reference

# Widths of y: shorter than a tile, whole tiles, tiles of one pixel less, and rows of which the next is another task's.
WIDTHS = [1, 4, 5, 6, 7, 9, 10, 11, 12, 19, 24, 26, 30, 61]


@pytest.mark.parametrize("k", [16, 32, 48, 64, 80, 112])
@pytest.mark.parametrize(("kh", "kw", "c"), [(3, 3, 1), (3, 3, 3), (1, 2, 16), (5, 4, 2), (7, 7, 3)])
def test_rows_of_every_length(isa: str, kh: int, kw: int, c: int, k: int, rng: np.random.Generator) -> None:
    for i, width in enumerate(WIDTHS):
        step, left, right = 1 + i % 3, i % kw, i // 2 % kw
        x = integers(rng, (2, 8, (width - 1) * step + kw - left - right + (step > 1), c)) if width > kw else None
        if x is None:
            x, left, right = integers(rng, (2, 8, (width - 1) * step + kw, c)), 0, 0
        w, bias = integers(rng, (kh, kw, c, k)), integers(rng, (k,)) if i % 2 else None
        options = {"strides": (1 + i % 2, step), "padding": ((i % kh, kh // 2), (left, right))}
        expected = reference.conv2d(x, w, bias, **options)
        assert expected.shape[2] == width
        for activation, low, high in ((None, -np.inf, np.inf), ("relu", 0, np.inf), ("relu6", 0, 6)):
            y = kernels.conv2d(x, w, bias, **options, activation=activation)
            assert_same(y, np.clip(expected, low, high), trust=False)


@pytest.mark.parametrize("x_shape", [(2, 30, 26, 1), (3, 9, 70, 3), (1, 5, 31, 16)])
def test_the_bits_are_those_of_other_paths(isa: str, x_shape: tuple[int, ...], rng: np.random.Generator) -> None:
    """A residual, dilation or a number of channels that no vector fits is for the gathered product."""
    x, w, bias = normal(rng, x_shape), normal(rng, (3, 3, x_shape[3], 96)), normal(rng, (96,))
    for options in ({}, {"padding": "same"}, {"strides": 2, "padding": 1}):
        y = kernels.conv2d(x, w, bias, **options)
        assert_same(kernels.conv2d(x, w, bias, residual=np.zeros_like(y), **options), y)
        assert_same(kernels.conv2d(x, w[..., :93], bias[:93], **options), np.ascontiguousarray(y[..., :93]))
        wider = np.full((*y.shape[:3], 112), 7, np.float32)
        kernels.conv2d(x, w, bias, **options, out=wider[..., 16:])
        assert_same(np.ascontiguousarray(wider[..., 16:]), y)
        assert (wider[..., :16] == 7).all()


def test_a_negative_zero_stays_one(isa: str) -> None:
    """Without a bias nothing is added: -0 + 0 would be 0. Where a product is rounded by itself there is no -0."""
    x, w = np.ones((1, 3, 8, 1), np.float32), np.full((3, 3, 1, 16), -1e-45, np.float32)
    assert np.signbit(kernels.conv2d(0.1 * x, w)).all() == (isa != "base")
    assert not np.signbit(kernels.conv2d(0.1 * x, w, np.zeros(16, np.float32))).any()


def test_a_nan_passes_the_activation(isa: str, rng: np.random.Generator) -> None:
    x, w = normal(rng, (1, 9, 12, 3)), normal(rng, (3, 3, 3, 32))
    x[0, 4, 5, 1] = np.nan
    seen = np.isnan(kernels.conv2d(x, w, padding="same", activation="relu6"))[0, :, :, 0]
    assert {tuple(p) for p in np.argwhere(seen)} == {(i, j) for i in (3, 4, 5) for j in (4, 5, 6)}


@pytest.mark.parametrize(("c", "k"), [(1, 32), (3, 64)])
def test_bits_for_any_threads_batch_and_instruction_set(c: int, k: int, rng: np.random.Generator) -> None:
    x, w = normal(rng, (5, 33, 40, c)), normal(rng, (3, 3, c, k))
    dy = normal(rng, (5, 33, 40, k))
    assert_same_bits_everywhere(lambda: kernels.conv2d(x, w, padding="same"))
    assert_same_bits_everywhere(lambda: kernels.conv2d_dw(x, dy, w.shape, padding="same"))
    together = kernels.conv2d(x, w, padding="same")
    for n in range(5):
        assert_same(kernels.conv2d(x[n : n + 1], w, padding="same"), together[n : n + 1])


@pytest.mark.parametrize(
    "w_shape", [(3, 3, 1, 32), (3, 3, 3, 32), (3, 3, 3, 96), (5, 5, 1, 32), (2, 3, 3, 48), (4, 4, 1, 32)]
)
def test_the_filters_gradient_in_tall_tiles(isa: str, w_shape: tuple[int, ...], rng: np.random.Generator) -> None:
    """Rows of the product, taps times channels and one for db, that fill such tiles, and that leave some of one empty."""
    for n, side, strides in ((1, 7, 1), (9, 30, 1), (3, 33, 2)):
        x = integers(rng, (n, side, side + 3, w_shape[2]))
        shape = reference.conv2d(x, np.zeros(w_shape, np.float32), strides=strides).shape
        dy = integers(rng, shape)
        dw, db = kernels.conv2d_dw(x, dy, w_shape, strides=strides, return_db=True)
        expected, sums = reference.conv2d_dw(x, dy, w_shape, strides=strides, return_db=True)
        assert_same(dw, expected, trust=False)
        assert_same(db, sums, trust=False)
        assert_same(kernels.conv2d_dw(x, dy, w_shape, strides=strides), dw)


# Height and width, kernel, channels, filters, strides, dilation: rows of dy of which several make 64 pixels, or a part of
# them; taps that meet in one plane, or not; more planes than shuffles weave.
GRADIENTS = [
    ((40, 9), (3, 3), 1, 32, 1, 1),
    ((21, 70), (3, 3), 3, 40, 1, 1),
    ((33, 64), (7, 7), 3, 24, 2, 1),
    ((50, 23), (5, 4), 2, 17, (3, 2), (1, 3)),
    ((64, 45), (2, 9), 4, 33, (1, 4), (5, 2)),
    ((90, 200), (1, 1), 1, 16, 1, 1),
    ((30, 31), (3, 3), 3, 600, 1, 2),
]


@pytest.mark.parametrize(("size", "kernel", "c", "k", "strides", "dilation"), GRADIENTS)
def test_input_gradients(isa: str, size, kernel, c, k, strides, dilation, rng: np.random.Generator) -> None:  # type: ignore[no-untyped-def]
    x_shape, w = (3, *size, c), integers(rng, (*kernel, c, k))
    for padding in ("same", "valid", ((0, kernel[0] - 1), (kernel[1] - 1, 0))):
        options = {"strides": strides, "padding": padding, "dilation": dilation}
        dy = integers(rng, kernels.conv2d_output_shape(x_shape, w.shape, **options))
        found = kernels.conv2d_dx(dy, w, x_shape, **options)
        assert_same(found, reference.conv2d_dx(dy, w, x_shape, **options), trust=False)
        dy = normal(rng, dy.shape)
        assert_same_bits_everywhere(lambda dy=dy, options=options: kernels.conv2d_dx(dy, w, x_shape, **options))
        alone = [kernels.conv2d_dx(image[None], w, (1, *x_shape[1:]), **options) for image in dy]
        assert_same(kernels.conv2d_dx(dy, w, x_shape, **options), np.concatenate(alone))


@pytest.mark.parametrize("k", [5, 32, 64, 96, 112])
@pytest.mark.parametrize(("x_shape", "kernel", "options"), [
    ((1, 197, 131, 3), 7, {"strides": 2, "padding": 1}),  # three chunks of the sum: threads share the filter's rows, too
    ((1, 197, 131, 3), 7, {"strides": 2}),  # no window leaves x
    ((5, 30, 34, 3), 3, {"padding": ((2, 0), (0, 1))}),  # 27 rows, 28 with db's: tiles of nine and ten
    ((40, 14, 14, 1), 3, {"dilation": (2, 1), "padding": "same"}),
    ((2, 9, 9, 2), 3, {}),
])  # fmt: skip
def test_the_weight_gradient(isa: str, x_shape, kernel: int, options, k: int, rng: np.random.Generator) -> None:  # type: ignore[no-untyped-def]
    w = (kernel, kernel, x_shape[3], k)
    x, dy = integers(rng, x_shape), integers(rng, kernels.conv2d_output_shape(x_shape, w, **options))
    dw, db = kernels.conv2d_dw(x, dy, w, **options, return_db=True)
    expected = reference.conv2d_dw(x, dy, w, **options, return_db=True)
    assert_same(dw, expected[0], trust=False)
    assert_same(db, expected[1], trust=False)
    assert_same(kernels.conv2d_dw(x, dy, w, **options), dw)
    x, dy = normal(rng, x.shape), normal(rng, dy.shape)
    assert_same_bits_everywhere(lambda: kernels.conv2d_dw(x, dy, w, **options))


def test_the_input_gradient_of_long_strides_needs_no_more_rows_than_there_are(rng: np.random.Generator) -> None:
    x_shape, w = (1, 20_000, 1, 1), integers(rng, (5, 1, 1, 1))
    dy = integers(rng, (1, 2, 1, 1), 1)
    _core.clear_cache()
    dx = kernels.conv2d_dx(dy, w, x_shape, (19_995, 1))
    assert _core.cached_bytes() < 64 << 20
    assert_same(dx, reference.conv2d_dx(dy, w, x_shape, (19_995, 1)), trust=False)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("dilation", [15, 16, 63, 64, 65, 200])
def test_the_input_gradient_of_taps_far_apart(isa: str, dilation: int, stride: int, rng: np.random.Generator) -> None:
    x_shape, w = (2, 3, 4 * dilation + 71, 2), integers(rng, (2, 4, 2, 5))
    options = {"strides": (1, stride), "dilation": (1, dilation)}
    dy = integers(rng, (2, 2, (dilation + 70) // stride + 1, 5))
    assert_same(kernels.conv2d_dx(dy, w, x_shape, **options), reference.conv2d_dx(dy, w, x_shape, **options))
