"""Depthwise convolution: exact on integers over random geometries, adjoint gradients, bits, edges, messages."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from checks import assert_same, assert_same_bits_everywhere, dot, integers, normal, relative_l2

from fastcnn import _core, kernels, reference

Array = np.ndarray[Any, Any]
MOBILENET = [  # h, c, stride of its 3x3 layers; the batch is small, the maps and channels are the real ones
    (112, 32, 1),
    (112, 96, 2),
    (56, 144, 1),
    (28, 192, 2),
    (14, 384, 1),
    (14, 576, 2),
    (7, 960, 1),
]


def random_case(rng: np.random.Generator, largest: int = 18) -> tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]:
    """Shapes of x and w and the other parameters of a convolution that has a result."""
    while True:
        n, h, w = int(rng.integers(1, 4)), int(rng.integers(1, largest)), int(rng.integers(1, largest))
        c, m = int(rng.integers(1, 41)), int(rng.choice([1, 1, 1, 2, 3, 5, 20]))
        kh, kw = (int(k) for k in rng.choice([1, 2, 3, 3, 3, 4, 5, 7], 2))
        strides, dilation = (tuple(int(s) for s in rng.choice([1, 1, 1, 2, 3], 2)) for _ in range(2))
        pads = tuple(int(p) for p in rng.integers(0, 4, 4))
        forms: list[Any] = ["valid", "same", pads[0], pads[:2], (pads[:2], pads[2:])]
        padding = forms[int(rng.integers(len(forms)))]
        p = {"strides": strides, "padding": padding, "dilation": dilation}
        if padding == "same":
            return (n, h, w, c), (kh, kw, c, m), p
        full = ((0,) * 4, (pads[0],) * 4, (pads[0], pads[0], pads[1], pads[1]), pads)[max(forms.index(padding) - 1, 0)]
        if h + full[0] + full[1] > (kh - 1) * dilation[0] and w + full[2] + full[3] > (kw - 1) * dilation[1]:
            return (n, h, w, c), (kh, kw, c, m), p


def test_exact_over_random_geometries(isa: str, rng: np.random.Generator) -> None:
    for case in range(250):
        x_shape, w_shape, p = random_case(rng)
        x, w = integers(rng, x_shape), integers(rng, w_shape)
        p["bias"] = [None, integers(rng, (w_shape[2] * w_shape[3],))][case % 2]
        p["activation"] = [None, "relu", "relu6"][case % 3]
        assert_same(kernels.depthwise_conv2d(x, w, **p), reference.depthwise_conv2d(x, w, **p), trust=False)


def test_gradients_exact_over_random_geometries(isa: str, rng: np.random.Generator) -> None:
    for _ in range(200):
        x_shape, w_shape, p = random_case(rng)
        x, w = integers(rng, x_shape), integers(rng, w_shape)
        dy = integers(rng, reference.depthwise_conv2d(x, w, **p).shape)
        assert_same(
            kernels.depthwise_conv2d_dx(dy, w, x_shape, **p), reference.depthwise_conv2d_dx(dy, w, x_shape, **p), False
        )
        assert_same(
            kernels.depthwise_conv2d_dw(x, dy, w_shape, **p), reference.depthwise_conv2d_dw(x, dy, w_shape, **p), False
        )
        assert_same(kernels.depthwise_conv2d_db(dy), reference.depthwise_conv2d_db(dy), False)


def test_random_cases_are_not_mostly_zero(rng: np.random.Generator) -> None:
    # the exact tests above pass trust=False for single cases full of padding; here is why that hides nothing
    x_shape, w_shape = (2, 9, 9, 20), (3, 3, 20, 2)
    p: dict[str, Any] = {"strides": (2, 1), "padding": "same"}
    x, w = integers(rng, x_shape), integers(rng, w_shape)
    y = reference.depthwise_conv2d(x, w, **p)
    assert_same(kernels.depthwise_conv2d(x, w, **p), y)
    assert_same(kernels.depthwise_conv2d_dx(y, w, x_shape, **p), reference.depthwise_conv2d_dx(y, w, x_shape, **p))
    assert_same(kernels.depthwise_conv2d_dw(x, y, w_shape, **p), reference.depthwise_conv2d_dw(x, y, w_shape, **p))


@pytest.mark.parametrize("c", range(1, 41))
def test_every_channel_tail(isa: str, c: int, rng: np.random.Generator) -> None:
    x, w, bias = integers(rng, (1, 5, 13, c)), integers(rng, (3, 3, c, 1)), integers(rng, (c,))
    assert_same(
        kernels.depthwise_conv2d(x, w, bias, padding="same", activation="relu"),
        reference.depthwise_conv2d(x, w, bias, padding="same", activation="relu"),
    )
    for m in (2, 3, c):
        w = integers(rng, (2, 3, c, m))
        y = reference.depthwise_conv2d(x, w, padding=1)
        assert_same(kernels.depthwise_conv2d(x, w, padding=1), y)
        dy = integers(rng, y.shape)
        assert_same(
            kernels.depthwise_conv2d_dx(dy, w, x.shape, padding=1),
            reference.depthwise_conv2d_dx(dy, w, x.shape, padding=1),
        )
        assert_same(
            kernels.depthwise_conv2d_dw(x, dy, w.shape, padding=1),
            reference.depthwise_conv2d_dw(x, dy, w.shape, padding=1),
        )


@pytest.mark.parametrize("m", [1, 15, 16, 17, 130, 300])
def test_many_filters_for_one_channel(isa: str, m: int, rng: np.random.Generator) -> None:
    x, w = integers(rng, (1, 4, 9, 3)), integers(rng, (3, 2, 3, m))
    y = reference.depthwise_conv2d(x, w, strides=(1, 2))
    assert_same(kernels.depthwise_conv2d(x, w, strides=(1, 2)), y)
    dy = integers(rng, y.shape)
    assert_same(
        kernels.depthwise_conv2d_dx(dy, w, x.shape, strides=(1, 2)),
        reference.depthwise_conv2d_dx(dy, w, x.shape, strides=(1, 2)),
    )
    assert_same(
        kernels.depthwise_conv2d_dw(x, dy, w.shape, strides=(1, 2)),
        reference.depthwise_conv2d_dw(x, dy, w.shape, strides=(1, 2)),
    )


def test_wide_windows_at_every_edge(isa: str, rng: np.random.Generator) -> None:
    # rows of several tiles, whose first and last pixels lack taps on either side
    for k in (2, 4, 5, 6, 7, 9, 13, 50):
        for stride, width in ((1, 1), (1, 7), (1, 16), (2, 13), (2, 29)):
            p: dict[str, Any] = {"strides": stride, "padding": "same"}
            x, w = integers(rng, (1, 3, width, 19)), integers(rng, (2, k, 19, 1))
            y = reference.depthwise_conv2d(x, w, **p)
            assert_same(kernels.depthwise_conv2d(x, w, **p), y)
            dx = kernels.depthwise_conv2d_dx(y, w, x.shape, **p)
            assert_same(dx, reference.depthwise_conv2d_dx(y, w, x.shape, **p))


@pytest.mark.parametrize("k", [3, 5, 7])
@pytest.mark.parametrize("stride", [1, 2])
def test_weight_gradients_of_wide_windows_on_narrow_maps(
    isa: str, k: int, stride: int, rng: np.random.Generator
) -> None:
    for width in range(1, 17):
        for padding in (k // 2, ((k // 2, k), (k - 1, 0))):
            p: dict[str, Any] = {"strides": (1, stride), "padding": padding}
            x, w_shape = integers(rng, (2, 5, width, 37)), (k, k, 37, 1)
            dy = integers(rng, reference.depthwise_conv2d(x, np.zeros(w_shape), **p).shape)
            expected = reference.depthwise_conv2d_dw(x, dy, w_shape, **p)
            assert_same(kernels.depthwise_conv2d_dw(x, dy, w_shape, **p), expected)


@pytest.mark.parametrize(("h", "c", "stride"), MOBILENET)
def test_mobilenet_layers(h: int, c: int, stride: int, rng: np.random.Generator) -> None:
    # several tasks, channel blocks and chunks: sizes that the random geometries do not reach
    p: dict[str, Any] = {"strides": stride, "padding": "same"}
    x, w, bias = integers(rng, (1 if h > 56 else 2, h, h, c)), integers(rng, (3, 3, c, 1)), integers(rng, (c,))
    y = reference.depthwise_conv2d(x, w, bias, activation="relu6", **p)
    assert_same(kernels.depthwise_conv2d(x, w, bias, activation="relu6", **p), y)
    dy = integers(rng, y.shape)
    assert_same(kernels.depthwise_conv2d_dx(dy, w, x.shape, **p), reference.depthwise_conv2d_dx(dy, w, x.shape, **p))
    assert_same(kernels.depthwise_conv2d_dw(x, dy, w.shape, **p), reference.depthwise_conv2d_dw(x, dy, w.shape, **p))


@pytest.mark.parametrize(
    ("c", "shift", "k"),
    [(144, 0, 3), (144, 3, 3), (130, 0, 3), (144, 0, 5), (130, 0, 7)],
    ids=["lines", "unaligned", "tails", "five", "seven"],
)
def test_large_results_equal_small_ones(c: int, shift: int, k: int, isa: str, rng: np.random.Generator) -> None:
    # more than 8 MiB go past the caches, where vectors are lines; one image alone does not
    x, w, bias = integers(rng, (6, 56, 56, c)), integers(rng, (k, k, c, 1)), integers(rng, (c,))
    dy, p = x[:, :28, :28].copy(), {"strides": 2, "padding": "same"}
    out = _core.aligned_bytes(4 * (x.size + shift)).view(np.float32)[shift:].reshape(x.shape)

    def each(f: Any, images: Array) -> Array:
        return np.concatenate([f(images[i : i + 1]) for i in range(len(images))])

    for activation in ("relu6", "tanh"):
        forward = partial(kernels.depthwise_conv2d, w=w, bias=bias, padding="same", activation=activation)
        y = each(forward, x)
        assert_same(forward(x, out=out), y)
    dx = each(lambda one: kernels.depthwise_conv2d_dx(one, w, (1, *x.shape[1:]), padding="same"), x)
    assert_same(kernels.depthwise_conv2d_dx(x, w, x.shape, padding="same", out=out), dx)
    dx = each(lambda one: kernels.depthwise_conv2d_dx(one, w, (1, *x.shape[1:]), **p), dy)
    assert_same(kernels.depthwise_conv2d_dx(dy, w, x.shape, out=out, **p), dx)


def test_rows_of_many_channels_are_summed_in_segments(isa: str, rng: np.random.Generator) -> None:
    x, w = integers(rng, (1, 5, 50, 270)), (3, 3, 270, 1)
    for stride in (1, 2):
        p: dict[str, Any] = {"strides": stride, "padding": "same"}
        dy = integers(rng, (1, -(-5 // stride), 50 // stride, 270))
        assert_same(kernels.depthwise_conv2d_dw(x, dy, w, **p), reference.depthwise_conv2d_dw(x, dy, w, **p))


def test_wide_rows_are_cut(isa: str, rng: np.random.Generator) -> None:
    # a row above 128 KiB is shared out in segments, whose bounds are no edges
    x, w = integers(rng, (1, 2, 700, 65)), integers(rng, (2, 5, 65, 1))
    for stride in (1, 2, 3):
        p: dict[str, Any] = {"strides": (1, stride), "padding": "same"}
        y = reference.depthwise_conv2d(x, w, **p)
        assert_same(kernels.depthwise_conv2d(x, w, **p), y)
        dy = integers(rng, y.shape)
        assert_same(
            kernels.depthwise_conv2d_dx(dy, w, x.shape, **p), reference.depthwise_conv2d_dx(dy, w, x.shape, **p)
        )
    x, w = integers(rng, (1, 1, 20, 9000)), integers(rng, (1, 3, 9000, 1))
    assert_same(kernels.depthwise_conv2d(x, w), reference.depthwise_conv2d(x, w))


def test_one_dimension(isa: str, rng: np.random.Generator) -> None:
    for case in range(60):
        c, m, k, length = (int(rng.integers(1, top)) for top in (20, 4, 6, 40))
        strides, dilation = int(rng.integers(1, 4)), int(rng.integers(1, 3))
        padding = (
            ["same", 5, (2, 10)][case % 3] if length <= (k - 1) * dilation else ["valid", "same", 2, (0, 3)][case % 4]
        )
        p: dict[str, Any] = {"strides": strides, "padding": padding, "dilation": dilation}
        x, w, bias = integers(rng, (2, length, c)), integers(rng, (k, c, m)), integers(rng, (c * m,))
        y = reference.depthwise_conv1d(x, w, bias, **p)
        assert_same(kernels.depthwise_conv1d(x, w, bias, **p), y, False)
        dy = integers(rng, y.shape)
        assert_same(
            kernels.depthwise_conv1d_dx(dy, w, x.shape, **p), reference.depthwise_conv1d_dx(dy, w, x.shape, **p), False
        )
        assert_same(
            kernels.depthwise_conv1d_dw(x, dy, w.shape, **p), reference.depthwise_conv1d_dw(x, dy, w.shape, **p), False
        )


def test_accuracy_on_real_numbers(isa: str, rng: np.random.Generator) -> None:
    for m, stride in ((1, 1), (1, 2), (3, 1)):
        p: dict[str, Any] = {"strides": stride, "padding": "same"}
        x, w, bias = normal(rng, (2, 30, 31, 24)), normal(rng, (5, 5, 24, m)), normal(rng, (24 * m,))
        y = reference.depthwise_conv2d(x, w, bias, **p)
        assert relative_l2(kernels.depthwise_conv2d(x, w, bias, **p), y) < 2e-7
        dy = normal(rng, y.shape)
        dx, dw = reference.depthwise_conv2d_dx(dy, w, x.shape, **p), reference.depthwise_conv2d_dw(x, dy, w.shape, **p)
        assert relative_l2(kernels.depthwise_conv2d_dx(dy, w, x.shape, **p), dx) < 2e-7
        assert relative_l2(kernels.depthwise_conv2d_dw(x, dy, w.shape, **p), dw) < 5e-7
        assert relative_l2(kernels.depthwise_conv2d_db(dy), reference.depthwise_conv2d_db(dy)) < 5e-7


@pytest.mark.parametrize("offset", [0.0, 1.0])
def test_a_million_pixels_keep_their_accuracy(isa: str, offset: float, rng: np.random.Generator) -> None:
    x, dy = normal(rng, (1, 1000, 1000, 2)), normal(rng, (1, 1000, 1000, 2)) + np.float32(offset)
    got, expected = (
        f.depthwise_conv2d_dw(x + np.float32(offset), dy, (3, 3, 2, 1), padding="same") for f in (kernels, reference)
    )
    assert relative_l2(got, expected) < 1e-6
    assert relative_l2(kernels.depthwise_conv2d_db(dy), reference.depthwise_conv2d_db(dy)) < 1e-6


def test_gradients_are_adjoint(isa: str, rng: np.random.Generator) -> None:
    for _ in range(20):
        x_shape, w_shape, p = random_case(rng)
        x, w = integers(rng, x_shape), integers(rng, w_shape)
        y = kernels.depthwise_conv2d(x, w, **p)
        g = integers(rng, y.shape)
        forward = dot(y, g)
        assert forward == dot(x, kernels.depthwise_conv2d_dx(g, w, x_shape, **p))
        assert forward == dot(w, kernels.depthwise_conv2d_dw(x, g, w_shape, **p))


@pytest.mark.parametrize("m", [1, 3])
@pytest.mark.parametrize("stride", [1, 2])
def test_same_bits_everywhere(m: int, stride: int, rng: np.random.Generator) -> None:
    p: dict[str, Any] = {"strides": stride, "padding": "same"}
    x, w, bias = normal(rng, (3, 40, 41, 37)), normal(rng, (3, 3, 37, m)), normal(rng, (37 * m,))
    y = kernels.depthwise_conv2d(x, w, bias, **p)
    assert_same_bits_everywhere(
        lambda: (
            kernels.depthwise_conv2d(x, w, bias, activation="relu6", **p),
            kernels.depthwise_conv2d_dx(y, w, x.shape, **p),
            kernels.depthwise_conv2d_dw(x, y, w.shape, **p),
            kernels.depthwise_conv2d_db(y),
        )
    )
    for i in range(3):  # nor does the batch change a bit
        assert_same(kernels.depthwise_conv2d(x[i : i + 1], w, bias, **p), y[i : i + 1])
        assert_same(
            kernels.depthwise_conv2d_dx(y[i : i + 1], w, (1, *x.shape[1:]), **p),
            kernels.depthwise_conv2d_dx(y, w, x.shape, **p)[i : i + 1],
        )


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(("h", "w", "c", "size"), [(9, 70, 5, 3), (12, 12, 16, 5), (7, 3, 33, 4), (1, 2, 20, 3)])
def test_zeros_around_add_nothing(
    isa: str, h: int, w: int, c: int, size: int, stride: int, rng: np.random.Generator
) -> None:
    x, filters = normal(rng, (2, h, w, c)), normal(rng, (size, size, c, 1))
    pads = ((2, 1), (1, 3))
    padded = np.pad(x, ((0, 0), *pads, (0, 0)))
    y = kernels.depthwise_conv2d(padded, filters, strides=stride)
    assert_same(kernels.depthwise_conv2d(x, filters, strides=stride, padding=pads), y)
    dy = normal(rng, y.shape)
    dw = kernels.depthwise_conv2d_dw(padded, dy, filters.shape, strides=stride)
    assert_same(kernels.depthwise_conv2d_dw(x, dy, filters.shape, strides=stride, padding=pads), dw)
    dx = kernels.depthwise_conv2d_dx(dy, filters, padded.shape, strides=stride)[:, 2 : 2 + h, 1 : 1 + w]
    assert_same(kernels.depthwise_conv2d_dx(dy, filters, x.shape, strides=stride, padding=pads), dx)


def test_nan_and_infinity(isa: str) -> None:
    c = 21  # body and tail
    for m in (1, 2):
        for column in (0, 5, 11):  # border, tile, border
            x, w = np.ones((1, 3, 12, c), np.float32), np.ones((3, 3, c, m), np.float32)
            x[0, 1, column, [2, 20]] = np.nan
            x[0, 1, column, 7] = np.inf
            for activation in (None, "relu", "relu6"):
                got = kernels.depthwise_conv2d(x, w, padding="same", activation=activation)
                with np.errstate(invalid="ignore"):
                    expected = reference.depthwise_conv2d(x, w, padding="same", activation=activation)
                assert np.isnan(expected).sum() == 2 * m * 3 * (3 if column == 5 else 2)
                assert_same(got, expected)


def test_padding_is_absent_not_zero(isa: str) -> None:
    # an infinite filter cell over the padding does not meet a zero, in the result as in both gradients
    w = np.ones((3, 3, 1, 1), np.float32)
    w[0] = np.inf
    got = kernels.depthwise_conv2d(np.ones((1, 1, 1, 1)), w, padding=1)
    assert got[0, 0, 0, 0] == 1
    assert kernels.depthwise_conv2d_dx(np.ones((1, 1, 1, 1)), w, (1, 1, 1, 1), padding=1)[0, 0, 0, 0] == 1
    dw = kernels.depthwise_conv2d_dw(np.ones((1, 1, 1, 1)), np.full((1, 1, 1, 1), np.inf), w.shape, padding=1)
    assert dw.ravel().tolist() == [0, 0, 0, 0, np.inf, 0, 0, 0, 0]


def test_windows_in_the_padding_give_the_bias(isa: str, rng: np.random.Generator) -> None:
    bias = integers(rng, (19,), 1, 9)
    for m in (1, 19):
        x, w = integers(rng, (1, 2, 2, 19 // m)), integers(rng, (2, 2, 19 // m, m))
        y = kernels.depthwise_conv2d(x, w, bias, padding=((9, 0), (0, 9)))
        assert_same(y, reference.depthwise_conv2d(x, w, bias, padding=((9, 0), (0, 9))))
        assert_same(y[:, :8], np.broadcast_to(bias, y[:, :8].shape))
        assert_same(y[:, :, 2:], np.broadcast_to(bias, y[:, :, 2:].shape))
        dw = kernels.depthwise_conv2d_dw(x, np.ones_like(y), w.shape, padding=((9, 0), (0, 9)))
        assert_same(dw, reference.depthwise_conv2d_dw(x, np.ones_like(y), w.shape, padding=((9, 0), (0, 9))))
    # no row of x at all
    empty = kernels.depthwise_conv2d(np.zeros((1, 0, 3, 19)), np.ones((2, 2, 19, 1)), bias, padding=((1, 1), (0, 0)))
    assert_same(empty, np.broadcast_to(bias, (1, 1, 2, 19)))


def test_cells_that_no_window_sees_have_no_gradient(isa: str, rng: np.random.Generator) -> None:
    x_shape, w = (1, 9, 11, 5), integers(rng, (2, 1, 5, 2), 1, 4)
    p: dict[str, Any] = {"strides": (4, 3)}
    dy = integers(rng, reference.depthwise_conv2d(np.zeros(x_shape), w, **p).shape, 1, 4)
    dx = kernels.depthwise_conv2d_dx(dy, w, x_shape, **p)
    assert_same(dx, reference.depthwise_conv2d_dx(dy, w, x_shape, **p))
    assert not dx[:, 2:4].any() and not dx[:, :, 1:3].any()
    assert dx[:, :2, ::3].all()


def test_extreme_strides_and_dilations(isa: str, rng: np.random.Generator) -> None:
    x, w = integers(rng, (1, 3, 4, 18)), integers(rng, (1, 1, 18, 1), 1, 4)
    big = 2**62
    y = kernels.depthwise_conv2d(x, w, strides=big, dilation=big)
    assert_same(y, x[:, :1, :1] * w[0, 0, :, 0])
    dx = kernels.depthwise_conv2d_dx(y, w, x.shape, strides=big, dilation=big)
    assert_same(dx[:, :1, :1], y * w[0, 0, :, 0])
    assert np.count_nonzero(dx) == np.count_nonzero(dx[:, :1, :1])
    assert_same(
        kernels.depthwise_conv2d_dw(x, y, w.shape, strides=big, dilation=big).ravel(), (x[:, 0, 0] * y[:, 0, 0])[0]
    )


def test_residual_of_the_epilogue(isa: str, rng: np.random.Generator) -> None:
    for m in (1, 2):
        x, w, bias = integers(rng, (2, 6, 7, 19)), integers(rng, (3, 3, 19, m)), integers(rng, (19 * m,))
        expected = reference.depthwise_conv2d(x, w, bias, padding="same")
        residual = integers(rng, expected.shape)
        arguments = (x, w, bias, 1, "same", 1, "relu")
        expected = np.maximum(expected + residual, 0)
        assert_same(_core.depthwise_conv2d(*arguments, None, residual), expected)
        assert_same(_core.depthwise_conv2d(*arguments, residual, residual), expected)  # in place


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "leaky_relu", "elu", "hard_silu", "gelu", "step"])
def test_fused_activation_equals_the_separate_one(activation: str, isa: str, rng: np.random.Generator) -> None:
    for c in (5, 37, 700):  # 700: more than one block of channels
        x, w, bias = normal(rng, (2, 5, 6, c)), normal(rng, (3, 3, c, 1)), normal(rng, (c,))
        plain = kernels.depthwise_conv2d(x, w, bias)
        alpha = {"leaky_relu": 0.01}.get(activation, 1.0)
        separate = _core.activate(plain, activation, alpha, None)
        assert_same(kernels.depthwise_conv2d(x, w, bias, activation=activation), separate, trust=False)


def test_out_is_used(rng: np.random.Generator) -> None:
    x, w = integers(rng, (1, 4, 4, 3)), integers(rng, (3, 3, 3, 2))
    out = np.full((1, 2, 2, 6), np.nan, np.float32)
    assert kernels.depthwise_conv2d(x, w, out=out) is out
    assert_same(out, reference.depthwise_conv2d(x, w))
    dx, dw, db = np.empty(x.shape, np.float32), np.empty(w.shape, np.float32), np.empty(6, np.float32)
    assert kernels.depthwise_conv2d_dx(out, w, x.shape, out=dx) is dx
    assert kernels.depthwise_conv2d_dw(x, out, w.shape, out=dw) is dw
    assert kernels.depthwise_conv2d_db(out, out=db) is db
    assert_same(dx, reference.depthwise_conv2d_dx(out, w, x.shape))
    assert_same(dw, reference.depthwise_conv2d_dw(x, out, w.shape))


def test_empty(isa: str) -> None:
    w = np.ones((3, 3, 4, 2))
    assert kernels.depthwise_conv2d(np.zeros((0, 5, 5, 4)), w).shape == (0, 3, 3, 8)
    assert kernels.depthwise_conv2d_dx(np.zeros((0, 3, 3, 8)), w, (0, 5, 5, 4)).shape == (0, 5, 5, 4)
    dw = kernels.depthwise_conv2d_dw(np.zeros((0, 5, 5, 4)), np.zeros((0, 3, 3, 8)), w.shape)
    assert_same(dw, np.zeros(w.shape), trust=False)
    assert_same(kernels.depthwise_conv2d_db(np.zeros((0, 3, 3, 8))), np.zeros(8))
    assert kernels.depthwise_conv2d(np.zeros((2, 5, 5, 0)), np.zeros((3, 3, 0, 2))).shape == (2, 3, 3, 0)
    assert kernels.depthwise_conv2d_db(np.zeros((3, 0))).shape == (0,)


X, W = np.ones((1, 5, 6, 3), np.float32), np.ones((3, 3, 3, 2), np.float32)


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"x": np.ones((5, 6, 3))}, ValueError, r"x must have 4 dimensions \(n, h, w, c\), got shape \(5, 6, 3\)"),
        ({"w": np.ones((3, 3, 3))}, ValueError, r"w must have 4 dimensions \(kh, kw, c, m\), got shape"),
        (
            {"w": np.ones((3, 3, 2, 2))},
            ValueError,
            r"w must have the input channels of x, 3, got 2 in shape \(3, 3, 2, 2\)",
        ),
        (
            {"w": np.ones((0, 3, 3, 2))},
            ValueError,
            r"w must have sizes of at least 1 \(kh, kw, c, m\), got \(0, 3, 3, 2\)",
        ),
        (
            {"w": np.ones((3, 0, 3, 2))},
            ValueError,
            r"w must have sizes of at least 1 \(kh, kw, c, m\), got \(3, 0, 3, 2\)",
        ),
        (
            {"w": np.ones((3, 3, 3, 0))},
            ValueError,
            r"w must have sizes of at least 1 \(kh, kw, c, m\), got \(3, 3, 3, 0\)",
        ),
        (
            {"w": np.ones((7, 3, 3, 2))},
            ValueError,
            "kernel must fit the padded x: it spans 7 rows, x has 5 with its padding",
        ),
        ({"dilation": (1, 4)}, ValueError, "it spans 9 columns, x has 6"),
        ({"dilation": 2**62}, ValueError, "dilation is out of range"),
        ({"dilation": 0}, ValueError, "dilation must be at least 1, got 0"),
        ({"strides": (1, 0)}, ValueError, "strides must be at least 1, got 0"),
        ({"strides": 1.5}, TypeError, "strides must be an integer or a pair of integers, got 1.5"),
        ({"strides": (1, 1, 1)}, ValueError, "strides must be an integer or a pair of integers"),
        ({"strides": 2**64}, ValueError, "strides is out of range"),
        ({"padding": -1}, ValueError, "padding must be at least 0, got -1"),
        ({"padding": ((0, 2**63 - 1), (0, 0))}, ValueError, "padding is out of range"),
        ({"padding": 2**40}, ValueError, "too large: its bytes do not fit"),
        ({"padding": "full"}, ValueError, "padding must be 'valid', 'same'"),
        ({"bias": np.ones(3)}, ValueError, r"bias must have shape \(6,\), got \(3,\)"),
        ({"activation": "swishy"}, ValueError, "activation must be one of"),
        ({"activation": 3}, TypeError, "activation must be one of"),
        ({"out": np.ones((1, 3, 4, 5), np.float32)}, ValueError, r"out must have shape \(1, 3, 4, 6\)"),
        ({"x": X.astype(complex)}, TypeError, "x must hold numbers"),
    ],
)
def test_errors(change: dict[str, Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        kernels.depthwise_conv2d(**({"x": X, "w": W} | change))


def test_errors_of_the_gradients() -> None:
    dy = np.ones((1, 3, 4, 6), np.float32)
    with pytest.raises(ValueError, match=r"dy must have shape \(1, 3, 4, 6\), got \(1, 3, 3, 6\)"):
        kernels.depthwise_conv2d_dx(dy[:, :, :3], W, X.shape)
    with pytest.raises(ValueError, match=r"x_shape must be a tuple \(n, h, w, c\), got \(5, 6, 3\)"):
        kernels.depthwise_conv2d_dx(dy, W, (5, 6, 3))
    with pytest.raises(ValueError, match="x_shape must not hold negative sizes"):
        kernels.depthwise_conv2d_dx(dy, W, (1, -5, 6, 3))
    with pytest.raises(TypeError, match="x_shape must be an integer, got float"):
        kernels.depthwise_conv2d_dx(dy, W, (1, 5.0, 6, 3))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"w_shape must be a tuple \(kh, kw, c, m\)"):
        kernels.depthwise_conv2d_dw(X, dy, (3, 3, 3))
    with pytest.raises(ValueError, match=r"dy must have shape \(1, 3, 4, 3\), got \(1, 3, 4, 6\)"):
        kernels.depthwise_conv2d_dw(X, dy, (3, 3, 3, 1))
    with pytest.raises(ValueError, match=r"dy must have 4 dimensions \(n, oh, ow, c \* m\)"):
        kernels.depthwise_conv2d_dw(X, dy[0], W.shape)
    with pytest.raises(ValueError, match="dy must have at least 1 dimension"):
        kernels.depthwise_conv2d_db(1.0)
    with pytest.raises(ValueError, match=r"x must have 3 dimensions \(n, length, c\)"):
        kernels.depthwise_conv1d(X, W[0])
    with pytest.raises(TypeError, match="strides must be an integer, got tuple"):
        kernels.depthwise_conv1d(X[0], W[0], strides=(1, 1))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="out must not share memory with x"):
        kernels.depthwise_conv2d(X, W[:1, :1, :, :1], out=X)
    with pytest.raises(ValueError, match="out must not share memory with dy"):
        kernels.depthwise_conv2d_dx(X, W[:1, :1, :, :1], X.shape, out=X)


def test_separable(rng: np.random.Generator) -> None:
    for m, k in ((1, 8), (2, 5)):
        x, bias = integers(rng, (2, 9, 8, 7)), integers(rng, (k,))
        depthwise, pointwise = integers(rng, (3, 3, 7, m), -2, 2), integers(rng, (1, 1, 7 * m, k), -2, 2)
        p: dict[str, Any] = {"strides": (2, 1), "padding": "same", "activation": "relu"}
        assert_same(
            kernels.separable_conv2d(x, depthwise, pointwise, bias, **p),
            reference.separable_conv2d(x, depthwise, pointwise, bias, **p),
        )


def test_separable_needs_a_pointwise_kernel() -> None:
    with pytest.raises(ValueError, match=r"pointwise_kernel must have shape \(1, 1, c \* m, k\), got \(3, 3, 6, 2\)"):
        kernels.separable_conv2d(X, W, np.ones((3, 3, 6, 2)))
