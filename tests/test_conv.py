"""Convolution against the reference: exactly on integers, by relative error on real numbers, adjoint and by bits."""

import os
import re

import cases
import numpy as np
import pytest
from checks import assert_same, assert_same_bits_everywhere, dot, integers, normal, relative_l2

from fastcnn import kernels, reference

# Random shapes over all instruction sets: with the matrix products (half as many) and the pools, more than 5,000.
SHAPES = int(os.environ.get("FASTCNN_TEST_SHAPES", "3600"))


def every_direction(case: cases.Conv, rng: np.random.Generator, algorithm: str = "auto") -> None:
    x, w = integers(rng, case.x), integers(rng, case.w)
    bias = integers(rng, case.w[3:])
    y = kernels.conv2d(x, w, bias, **case.options, algorithm=algorithm)
    assert_same(y, reference.conv2d(x, w, bias, **case.options), trust=False)
    dy = integers(rng, y.shape)
    dx = kernels.conv2d_dx(dy, w, case.x, **case.options, algorithm=algorithm)
    assert_same(dx, reference.conv2d_dx(dy, w, case.x, **case.options), trust=False)
    dw = kernels.conv2d_dw(x, dy, case.w, **case.options, algorithm=algorithm)
    assert_same(dw, reference.conv2d_dw(x, dy, case.w, **case.options), trust=False)


@pytest.mark.parametrize("part", range(8))
def test_integer_shapes_are_exact(isa: str, part: int) -> None:
    rng = np.random.default_rng([part, len(isa)])
    for _ in range(SHAPES // 8 // 3):
        case = cases.random_conv(rng)
        try:
            every_direction(case, rng, "direct")
        except AssertionError as error:
            raise AssertionError(f"{case}: {error}") from error


def test_results_are_not_trivial(rng: np.random.Generator) -> None:
    """The random shapes above may be tiny; these are large enough that a result of zeros would be noticed."""
    for options in (
        {"padding": "same"},
        {"strides": 2, "padding": 1},
        {"dilation": 2, "padding": "same"},
        {"groups": 2},
    ):
        x, w = integers(rng, (2, 11, 13, 20)), integers(rng, (3, 3, 20 // options.get("groups", 1), 70))
        assert_same(kernels.conv2d(x, w, algorithm="direct", **options), reference.conv2d(x, w, **options))


@pytest.mark.parametrize("groups", [1, 4])
@pytest.mark.parametrize("shape", [(2, 9, 8, 8), (1, 1, 300, 4), (1, 33, 34, 12)])
def test_wide_filters_and_rectangles(
    isa: str, shape: tuple[int, int, int, int], groups: int, rng: np.random.Generator
) -> None:
    for kh, kw in ((1, 7), (7, 1), (11, 11), (1, 1)):
        case = cases.Conv(
            shape, (kh, kw, shape[3] // groups, 8), {"padding": "same", "groups": groups, "strides": (1, 2)}
        )
        every_direction(case, rng)


@pytest.mark.parametrize("left", [0, 2, 5])
@pytest.mark.parametrize("strides", [(1, 1), (2, 1), (1, 2), (2, 3)])
def test_long_rows_of_few_channels(isa: str, strides: tuple[int, int], left: int, rng: np.random.Generator) -> None:
    """Windows that leave x at a row's ends are copied; some of them see nothing of it."""
    for kh, kw, c in ((3, 3, 3), (1, 7, 1), (5, 4, 16)):
        for width in (64 * strides[1] + 3, 70 * strides[1]):
            options = {"padding": ((1, 2), (left, 4)), "strides": strides, "dilation": (2, 1)}
            x, w = integers(rng, (2, 9, width, c)), integers(rng, (kh, kw, c, 7))
            assert_same(kernels.conv2d(x, w, **options), reference.conv2d(x, w, **options))


def test_another_gradient_and_a_gate_join_the_input_gradient(isa: str, rng: np.random.Generator) -> None:
    """Added, then gated, whatever path the input gradient takes."""
    for i in range(60):
        case = cases.random_conv(rng) if i % 3 else cases.random_winograd(rng)
        w = integers(rng, case.w)
        dy = integers(rng, reference.conv2d(np.zeros(case.x), w, **case.options).shape)
        residual, gate = integers(rng, case.x), integers(rng, case.x)
        for extra in ({"residual": residual}, {"gate": gate}, {"residual": residual, "gate": gate}):
            expected = reference.conv2d_dx(dy, w, case.x, **case.options, **extra)
            assert_same(
                kernels.conv2d_dx(dy, w, case.x, **case.options, **extra, algorithm="direct"), expected, trust=False
            )
            found = kernels.conv2d_dx(dy, w, case.x, **case.options, **extra)
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-2)
            assert not (found != 0)[extra.get("gate", np.ones(case.x)) <= 0].any()


@pytest.mark.parametrize("activation", [None, "relu", "relu6"])
def test_reading_through_a_prologue_is_reading_what_it_makes(isa: str, rng: np.random.Generator, activation) -> None:
    """The same bits, forward and in the weight gradient, whatever the path."""
    for i in range(40):
        case = cases.random_conv(rng) if i % 2 else cases.random_winograd(rng)
        if i % 4 == 1:  # 1x1, on whose path the prologue works block by block
            c, k = (int(n) for n in rng.integers(1, 90, 2))
            options = {"padding": int(rng.integers(2)), "strides": int(rng.integers(1, 3))}
            case = cases.Conv((3, 11, 12, c), (1, 1, c, k), options)
        x, w, affine = integers(rng, case.x), integers(rng, case.w), integers(rng, (3, case.x[3]))
        prologue = (affine, activation)
        read = kernels.batch_norm_apply(x, affine, activation=activation)
        for algorithm in ("direct", "auto"):
            options = {**case.options, "algorithm": algorithm}
            y = kernels.conv2d(x, w, **options, prologue=prologue)
            assert_same(y, kernels.conv2d(read, w, **options))
            dy = integers(rng, y.shape)
            dw = kernels.conv2d_dw(x, dy, case.w, **options, prologue=prologue)
            assert_same(dw, kernels.conv2d_dw(read, dy, case.w, **options))
        expected = reference.conv2d(x, w, **case.options, prologue=prologue)
        assert_same(kernels.conv2d(x, w, **case.options, prologue=prologue, algorithm="direct"), expected, trust=False)
        expected = reference.conv2d_dw(x, dy, case.w, **case.options, prologue=prologue)
        found = kernels.conv2d_dw(x, dy, case.w, **case.options, prologue=prologue, algorithm="direct")
        assert_same(found, expected, trust=False)


def test_the_biass_gradient_is_found_on_the_way(isa: str, rng: np.random.Generator) -> None:
    """On the paths of few channels, direct with one sum and with several, and Winograd in one part and in several."""
    shapes = [
        ((2, 9, 8, 1), (3, 3, 1, 5)), ((8, 40, 40, 3), (3, 3, 3, 33)), ((2, 9, 9, 20), (3, 3, 20, 70)),
        ((4, 40, 41, 6), (1, 1, 6, 17)), ((3, 9, 14, 32), (3, 3, 32, 40)), ((1, 8, 8, 300), (3, 3, 300, 270)),
    ]  # fmt: skip
    for x_shape, w_shape in shapes:
        x = integers(rng, x_shape)
        dy = integers(
            rng, (*x_shape[:1], *(n - k + 1 for n, k in zip(x_shape[1:3], w_shape[:2], strict=True)), w_shape[3])
        )
        dw, db = kernels.conv2d_dw(x, dy, w_shape, return_db=True)
        assert_same(dw, kernels.conv2d_dw(x, dy, w_shape))
        expected = reference.conv2d_dw(x, dy, w_shape, return_db=True)[1]
        assert_same(db, expected, trust=False)
        assert_same(db, kernels.conv2d_db(dy))
    for case in (cases.random_conv(rng) for _ in range(30)):
        y = reference.conv2d(np.zeros(case.x), np.zeros(case.w), **case.options)
        dy, x = integers(rng, y.shape), integers(rng, case.x)
        found = kernels.conv2d_dw(x, dy, case.w, **case.options, algorithm="direct", return_db=True)
        for a, b in zip(found, reference.conv2d_dw(x, dy, case.w, **case.options, return_db=True), strict=True):
            assert_same(a, b, trust=False)


def test_a_prologue_is_an_affine_and_an_activation() -> None:
    x, w = np.zeros((1, 4, 4, 2), np.float32), np.zeros((3, 3, 2, 1), np.float32)
    affine = np.ones((3, 2), np.float32)
    for prologue, message in (
        (affine, r"prologue must be \(affine, activation\)"),
        ((affine[:2], None), "prologue must have shape"),
        ((affine, "tanh"), "the prologue's activation must be linear, relu or relu6"),
    ):
        with pytest.raises(ValueError, match=message):
            kernels.conv2d(x, w, prologue=prologue)
    with pytest.raises(ValueError, match="a prologue needs zero padding"):
        kernels.conv2d(x, w, padding=1, padding_mode="reflect", prologue=(affine, None))


def test_a_gate_that_is_nan_shows(isa: str, rng: np.random.Generator) -> None:
    """As the ReLU's own gradient has it, through every path: direct, of few channels, Winograd."""
    for channels, algorithm in ((16, "direct"), (3, "direct"), (16, "winograd")):
        gate = integers(rng, (1, 9, 9, channels))
        gate[0, 2, 3, 1] = np.nan
        dy, w = integers(rng, (1, 7, 7, 24)), integers(rng, (3, 3, channels, 24))
        found = kernels.conv2d_dx(dy, w, gate.shape, gate=gate, algorithm=algorithm)
        plain = kernels.conv2d_dx(dy, w, gate.shape, algorithm=algorithm)
        assert_same(found, kernels.activate_dx(plain, gate, "relu"))
        assert np.isnan(found).sum() == np.isnan(reference.conv2d_dx(dy, w, gate.shape, gate=gate)).sum() == 1


def test_a_gate_needs_zero_padding() -> None:
    x = np.zeros((1, 4, 4, 1), np.float32)
    with pytest.raises(ValueError, match="an epilogue needs zero padding"):
        kernels.conv2d_dx(x, np.zeros((3, 3, 1, 1)), x.shape, padding=1, padding_mode="reflect", gate=x)
    with pytest.raises(ValueError, match="gate must have shape"):
        kernels.conv2d_dx(x, np.zeros((3, 3, 1, 1)), x.shape, padding=1, gate=x[:, 1:])


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular", "constant"])
def test_padding_modes(isa: str, mode: str, rng: np.random.Generator) -> None:
    for _ in range(20):
        case = cases.random_conv(rng)
        limit = min(case.x[1], case.x[2]) - 1
        sides = tuple(tuple(int(v) for v in rng.integers(0, min(limit, 3) + 1, 2)) for _ in range(2))
        options = {**case.options, "padding": sides}
        extra = {"padding_mode": mode, **({"padding_value": 3.0} if mode == "constant" else {})}
        x, w = integers(rng, case.x), integers(rng, case.w)
        y = kernels.conv2d(x, w, **options, **extra)
        assert_same(y, reference.conv2d(x, w, **options, **extra), trust=False)
        dy = integers(rng, y.shape)
        dw = kernels.conv2d_dw(x, dy, case.w, **options, **extra)
        assert_same(dw, reference.conv2d_dw(x, dy, case.w, **options, **extra), trust=False)
        if mode != "constant":
            dx = kernels.conv2d_dx(dy, w, case.x, **options, padding_mode=mode)
            assert dot(y, dy) == dot(x, dx)


def test_winograd_error(isa: str) -> None:
    """Relative L2 error against float64 at most 3e-6 in every direction, over sizes, margins and odd channels."""
    rng = np.random.default_rng(len(isa))
    for _ in range(60):
        case = cases.random_winograd(rng)
        x, w = normal(rng, case.x), normal(rng, case.w)
        y0 = reference.conv2d(x, w, **case.options)
        dy = normal(rng, y0.shape)
        pairs = (
            (kernels.conv2d(x, w, **case.options, algorithm="winograd"), y0),
            (
                kernels.conv2d_dx(dy, w, case.x, **case.options, algorithm="winograd"),
                reference.conv2d_dx(dy, w, case.x, **case.options),
            ),
            (
                kernels.conv2d_dw(x, dy, case.w, **case.options, algorithm="winograd"),
                reference.conv2d_dw(x, dy, case.w, **case.options),
            ),
        )
        for got, expected in pairs:
            assert relative_l2(got, expected) <= 3e-6, case


@pytest.mark.parametrize("algorithm", ["direct", "winograd"])
@pytest.mark.parametrize("channels", [64, 512])
def test_error_of_deep_layers(algorithm: str, channels: int, rng: np.random.Generator) -> None:
    """What a network's layer looks like: inputs after a ReLU, He-initialised filters, 512 channels deep."""
    x = np.maximum(normal(rng, (1, 14, 14, channels)), 0)
    w = normal(rng, (3, 3, channels, 64)) * np.sqrt(2 / (9 * channels)).astype(np.float32)
    bound = 3e-6 if algorithm == "winograd" else 1e-6
    got = kernels.conv2d(x, w, padding="same", algorithm=algorithm)
    assert relative_l2(got, reference.conv2d(x, w, padding="same")) <= bound


def test_adjoint_identities(isa: str, rng: np.random.Generator) -> None:
    """<conv(x, w), g> = <x, dx> = <w, dw>, exactly on integers."""
    for _ in range(60):
        case = cases.random_conv(rng)
        x, w = integers(rng, case.x, -2, 2), integers(rng, case.w, -2, 2)
        y = kernels.conv2d(x, w, **case.options, algorithm="direct")
        g = integers(rng, y.shape, -2, 2)
        inner = dot(y, g)
        assert inner == dot(x, kernels.conv2d_dx(g, w, case.x, **case.options, algorithm="direct")), case
        assert inner == dot(w, kernels.conv2d_dw(x, g, case.w, **case.options, algorithm="direct")), case


@pytest.mark.parametrize("algorithm", ["direct", "winograd"])
def test_same_bits_everywhere(algorithm: str, rng: np.random.Generator) -> None:
    """One hash over threads and instruction sets, forward and both gradients."""
    for _ in range(40):
        case = cases.random_conv(rng) if algorithm == "direct" else cases.random_winograd(rng)
        x, w = normal(rng, case.x), normal(rng, case.w)
        shape = kernels.conv2d_output_shape(case.x, case.w, **case.options)
        dy, options = normal(rng, shape), {**case.options, "algorithm": algorithm}
        assert_same_bits_everywhere(
            lambda x=x, w=w, dy=dy, case=case, options=options: (
                kernels.conv2d(x, w, **options),
                kernels.conv2d_dx(dy, w, case.x, **options),
                kernels.conv2d_dw(x, dy, case.w, **options),
            )
        )


@pytest.mark.parametrize("size", [(64, 20, 7), (1, 64, 28), (96, 64, 7), (3, 64, 31), (64, 64, 56)])
def test_large_layers_have_the_same_bits(size: tuple[int, int, int], rng: np.random.Generator) -> None:
    """Large enough that threads really share the work and the weight gradient falls into chunks."""
    c, k, side = size
    x, w = normal(rng, (4, side, side, c)), normal(rng, (3, 3, c, k))
    dy = normal(rng, (4, side, side, k))
    for algorithm in ("direct", "winograd"):
        options = {"padding": "same", "algorithm": algorithm}
        assert_same_bits_everywhere(
            lambda options=options: (
                kernels.conv2d(x, w, **options),
                kernels.conv2d_dx(dy, w, x.shape, **options),
                kernels.conv2d_dw(x, dy, w.shape, **options),
            )
        )


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(("c", "k"), [(64, 256), (96, 600), (200, 64), (300, 40), (90, 17), (7, 320)])
def test_weight_gradients_of_many_pixels(isa: str, c: int, k: int, stride: int, rng: np.random.Generator) -> None:
    """Whichever of x and dy stays and whichever is read as it lies: several blocks of pixels, the last one short."""
    x, w_shape = integers(rng, (3, 37, 30, c)), (1, 1, c, k)
    dy = integers(rng, (3, (37 - 1) // stride + 1, (30 - 1) // stride + 1, k))
    found = kernels.conv2d_dw(x, dy, w_shape, strides=stride, return_db=True)
    for got, expected in zip(found, reference.conv2d_dw(x, dy, w_shape, strides=stride, return_db=True), strict=True):
        assert_same(got, expected)
    prologue = integers(rng, (3, c)), "relu"
    through = kernels.conv2d_dw(x, dy, w_shape, strides=stride, return_db=True, prologue=prologue)
    read = kernels.batch_norm_apply(x, prologue[0], activation="relu")
    for got, expected in zip(
        through, reference.conv2d_dw(read, dy, w_shape, strides=stride, return_db=True), strict=True
    ):
        assert_same(got, expected)


@pytest.mark.parametrize(("c", "k"), [(64, 130), (150, 24), (256, 256), (33, 32)])
def test_weight_gradients_of_many_pixels_have_the_same_bits(c: int, k: int, rng: np.random.Generator) -> None:
    """Also where x and dy change places, and with a prologue or without."""
    x, dy, affine = normal(rng, (3, 37, 30, c)), normal(rng, (3, 37, 30, k)), normal(rng, (3, c))
    assert_same_bits_everywhere(
        lambda: tuple(
            kernels.conv2d_dw(x, dy, (1, 1, c, k), return_db=True, **options)[i]
            for options in ({}, {"prologue": (affine, "relu6")})
            for i in range(2)
        )
    )


@pytest.mark.parametrize("algorithm", ["direct", "winograd"])
def test_a_prediction_does_not_depend_on_its_batch(algorithm: str, rng: np.random.Generator) -> None:
    for c, k, side in ((3, 16, 30), (40, 70, 9), (64, 64, 14), (400, 32, 5)):
        x, w = normal(rng, (9, side, side, c)), normal(rng, (3, 3, c, k))
        together = kernels.conv2d(x, w, padding="same", algorithm=algorithm)
        for size in (1, 2, 4):
            for first in range(0, 9, size):
                alone = kernels.conv2d(x[first : first + size], w, padding="same", algorithm=algorithm)
                assert alone.tobytes() == together[first : first + size].tobytes()


def test_epilogue(isa: str, rng: np.random.Generator) -> None:
    """activation(conv + bias + residual), by either algorithm, equals its parts one after the other."""
    x, w, bias = integers(rng, (2, 9, 10, 20)), integers(rng, (3, 3, 20, 37)), integers(rng, (37,))
    residual = integers(rng, (2, 9, 10, 37), -40, 40)
    plain = reference.conv2d(x, w, bias, padding="same") + residual
    expected = {"relu": np.maximum(plain, 0), "relu6": np.clip(plain, 0, 6), None: plain}
    for name, values in expected.items():
        got = kernels.conv2d(x, w, bias, 1, "same", activation=name, residual=residual, algorithm="direct")
        assert_same(got, values)
    real = normal(rng, x.shape)
    for algorithm in ("direct", "winograd"):
        options = {"padding": "same", "algorithm": algorithm}
        before = kernels.conv2d(real, w, bias, residual=residual, **options)
        for name in ("relu", "tanh", "silu", "leaky_relu"):
            got = kernels.conv2d(real, w, bias, residual=residual, activation=name, alpha=0.25, **options)
            assert_same(got, kernels.activate(before, name, alpha=0.25))
        out = residual.copy()
        kernels.conv2d(real, w, bias, residual=out, out=out, **options)
        assert_same(out, before)


def test_transposed(isa: str, rng: np.random.Generator) -> None:
    for strides, pad, side in ((1, "valid", 5), (2, "same", 6), (3, "valid", 4), (2, 1, 5), ((2, 1), "same", 7)):
        x, w, bias = integers(rng, (2, side, side, 6)), integers(rng, (3, 3, 10, 6)), integers(rng, (10,))
        y = kernels.conv2d_transpose(x, w, bias, strides, pad, activation="relu")
        expected = reference.conv2d_dx(x, w, y.shape, strides, pad)
        assert_same(y, np.maximum(expected + bias, 0))
    assert kernels.conv2d_transpose(x, w, strides=2, padding="same").shape == (2, 14, 14, 10)
    assert kernels.conv2d_transpose(x, w, strides=2).shape == (2, 15, 15, 10)
    # A stride longer than the filter leaves rows that no output meets: they are the bias.
    gaps = kernels.conv2d_transpose(np.ones((1, 2, 2, 1)), np.ones((1, 1, 1, 1)), [5.0], strides=2, output_size=(3, 3))
    assert_same(gaps[0, :, :, 0], np.array([[6, 5, 6], [5, 5, 5], [6, 5, 6]]))
    with pytest.raises(ValueError, match="x and w must have 4 dimensions"):
        kernels.conv2d_transpose(np.zeros((1, 2)), np.zeros((1, 1, 1, 1)))


def test_one_dimension(rng: np.random.Generator) -> None:
    x, w = integers(rng, (3, 20, 5)), integers(rng, (4, 5, 7))
    for pad in ("valid", "same", 2, (3, 1)):
        flat = pad if isinstance(pad, str) else ((0, 0), (pad, pad) if isinstance(pad, int) else pad)
        expected = reference.conv2d(x[:, None], w[None], None, (1, 2), flat)[:, 0]
        assert_same(kernels.conv1d(x, w, strides=2, padding=pad), expected)
    causal = kernels.conv1d(x, w, padding="causal", dilation=2)
    assert causal.shape == (3, 20, 7)
    later = x.copy()
    later[:, 10:] = 99
    assert_same(kernels.conv1d(later, w, padding="causal", dilation=2)[:, :10], causal[:, :10])
    with pytest.raises(ValueError, match=re.escape("x must be (n, length, c)")):
        kernels.conv1d(x[0], w)


def test_bias_gradient(isa: str, rng: np.random.Generator) -> None:
    dy = integers(rng, (3, 7, 9, 21))
    assert_same(kernels.conv2d_db(dy), dy.sum((0, 1, 2)))


def test_nan_stays_where_it_belongs(isa: str) -> None:
    x, w = np.zeros((1, 8, 8, 20), np.float32), np.ones((3, 3, 20, 40), np.float32)
    x[0, 4, 4, 7] = np.nan
    y = kernels.conv2d(x, w, padding="same", activation="relu", algorithm="direct")
    assert np.isnan(y[0, 3:6, 3:6]).all()
    y[0, 3:6, 3:6] = 0
    assert not np.isnan(y).any()


def test_empty_batch(rng: np.random.Generator) -> None:
    w = normal(rng, (3, 3, 4, 5))
    x, dy = np.zeros((0, 6, 6, 4)), np.zeros((0, 4, 4, 5))
    assert kernels.conv2d(x, w).shape == (0, 4, 4, 5)
    assert kernels.conv2d_dx(dy, w, (0, 6, 6, 4)).shape == (0, 6, 6, 4)
    assert not kernels.conv2d_dw(x, dy, (3, 3, 4, 5)).any()


def test_choice_of_algorithm() -> None:
    assert kernels.conv2d_algorithm((8, 56, 56, 64), (3, 3, 64, 64), padding="same") == "winograd"
    assert kernels.conv2d_algorithm((1, 56, 56, 64), (3, 3, 64, 64), padding="same") == "winograd"
    for options in ({"strides": 2}, {"dilation": 2}, {"groups": 2}, {"precision": "strict"}):
        w = (3, 3, 64 // options.get("groups", 1), 64)
        assert kernels.conv2d_algorithm((8, 56, 56, 64), w, padding="same", **options) == "direct"
    assert kernels.conv2d_algorithm((8, 56, 56, 64), (1, 1, 64, 64)) == "direct"


X, W = np.zeros((1, 5, 5, 4), np.float32), np.zeros((3, 3, 4, 6), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: kernels.conv2d(X[0], W), ValueError, r"x must have 4 dimensions \(n, h, w, c\), got shape \(5, 5, 4\)"),
        (lambda: kernels.conv2d(X, W[0]), ValueError, r"w must have 4 dimensions"),
        (lambda: kernels.conv2d(X, W[:, :, :3]), ValueError, r"c / groups = 4, got \(3, 3, 3, 6\)"),
        (lambda: kernels.conv2d(X, W, np.zeros(5)), ValueError, r"bias must have shape \(6,\), got \(5,\)"),
        (lambda: kernels.conv2d(X, W, strides=0), ValueError, "stride_h must be at least 1, got 0"),
        (lambda: kernels.conv2d(X, W, strides=(1, -2)), ValueError, "stride_w must be at least 1, got -2"),
        (lambda: kernels.conv2d(X, W, strides=1.5), TypeError, "strides must be an integer or a pair of integers, got 1.5"),
        (lambda: kernels.conv2d(X, W, strides=(1, 2, 3)), ValueError, "strides must be an integer or a pair"),
        (lambda: kernels.conv2d(X, W, dilation=0), ValueError, "dilation_h must be at least 1, got 0"),
        (lambda: kernels.conv2d(X, W, dilation=3), ValueError, "reaches over kh = 3 rows with dilation 3, .* only 5"),
        (lambda: kernels.conv2d(X, W, dilation=(1, 3)), ValueError, "reaches over kw = 3 columns with dilation 3"),
        (lambda: kernels.conv2d(X, W, groups=3), ValueError, "groups must divide c = 4, got 3"),
        (lambda: kernels.conv2d(X, W[:, :, :1], groups=4), ValueError, "groups must divide k = 6, got 4"),
        (lambda: kernels.conv2d(X, W, padding="full"), ValueError, "padding must be 'valid', 'same', .* got 'full'"),
        (lambda: kernels.conv2d(X, W, padding=-1), ValueError, "pad_top must be between 0 and .*, got -1"),
        (lambda: kernels.conv2d(X, W, padding=None), TypeError, "padding must be an integer or a pair"),
        (lambda: kernels.conv2d(X, W, padding=5, padding_mode="reflect"), ValueError, "pad_top must be smaller than the input"),
        (lambda: kernels.conv2d(X, W, padding=6, padding_mode="circular"), ValueError, "pad_top must not exceed"),
        (lambda: kernels.conv2d(X, W, padding_mode="mirror"), ValueError, "padding_mode must be one of 'constant'"),
        (lambda: kernels.conv2d(X, W, activation="rule"), ValueError, "activation must be one of .* got 'rule'"),
        (lambda: kernels.conv2d(X, W, algorithm="fft"), ValueError, "algorithm must be one of 'auto', 'direct', 'winograd'"),
        (lambda: kernels.conv2d(X, W, strides=2, algorithm="winograd"), ValueError, "algorithm 'winograd' needs a 3x3 filter"),
        (lambda: kernels.conv2d(X, W, precision="low"), ValueError, "precision must be one of 'high', 'strict'"),
        (lambda: kernels.conv2d(X.astype(complex), W), TypeError, "x must hold numbers, got dtype complex128"),
        (lambda: kernels.conv2d([["a"]], W), TypeError, "x must hold numbers"),
        (lambda: kernels.conv2d(X, W, out=np.zeros((1, 3, 3, 5), np.float32)), ValueError, "out must have shape"),
        (lambda: kernels.conv2d(X, W, out=np.zeros((1, 3, 3, 6))), TypeError, "out must have dtype float32, got float64"),
        (lambda: kernels.conv2d(X, W, out=[1]), TypeError, "out must be a NumPy array, got list"),
        (lambda: kernels.conv2d_dx(X, W, (1, 5, 5, 4)), ValueError, r"dy must have shape \(1, 3, 3, 6\), got \(1, 5, 5, 4\)"),
        (lambda: kernels.conv2d_dx(X, W, (1, 5, 4)), ValueError, "x_shape must be four integers"),
        (lambda: kernels.conv2d_dx(X, W, (1, 5, -5, 4)), ValueError, "x_shape must not be negative"),
        (lambda: kernels.conv2d_dw(X, X, (3, 3, 4, 6)), ValueError, "dy must have shape"),
        (lambda: kernels.conv2d_transpose(X, W, output_size=(-1, 5)), ValueError, r"the result's size not negative, got groups 1 and, .*\(-1, 5\)"),
        (lambda: kernels.conv2d_dw(X, X, (3, 3, 4, 2**70)), ValueError, "w_shape is out of range"),
        (lambda: kernels.conv2d_output_shape((1, 2**40, 2**40, 4), (1, 1, 4, 4)), ValueError, "x is too large"),
        (lambda: kernels.conv2d_algorithm(X.shape, W.shape, of="backward"), ValueError, "of must be one of 'forward'"),
    ],
)  # fmt: skip
def test_errors(call, error: type[Exception], message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=message):
        call()


def test_out_is_checked_for_overlap() -> None:
    x = np.zeros((1, 4, 4, 2), np.float32)
    with pytest.raises(ValueError, match="out must not share memory with x"):
        kernels.conv2d(x, np.zeros((1, 1, 2, 2), np.float32), out=x)
    frozen = np.zeros((1, 4, 4, 2), np.float32)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="out must be writable"):
        kernels.conv2d(x, np.zeros((1, 1, 2, 2), np.float32), out=frozen)
    with pytest.raises(ValueError, match="out must be C-contiguous"):
        kernels.conv2d(x, np.zeros((1, 1, 2, 2), np.float32), out=np.zeros((1, 4, 4, 4), np.float32)[..., ::2])


@pytest.mark.parametrize(("channels", "algorithm"), [(3, "direct"), (32, "direct"), (32, "winograd")])
def test_results_past_the_caches_are_the_same(
    isa: str, channels: int, algorithm: str, rng: np.random.Generator
) -> None:
    """Results of 32 MB and more are stored past the caches where whole vectors are aligned; elsewhere as usual."""
    x, w = normal(rng, (1, 256, 256, channels)), normal(rng, (3, 3, channels, 128))
    bias = normal(rng, (128,))
    memory = np.empty(256 * 256 * 128 + 32, np.float32)
    results = []
    for offset in (0, 1):  # floats from an aligned address
        start = -memory.ctypes.data // 4 % 16 + offset
        out = memory[start : start + 256 * 256 * 128].reshape(1, 256, 256, 128)
        out[...] = np.nan
        kernels.conv2d(x, w, bias, padding="same", activation="relu", algorithm=algorithm, out=out)
        results.append(out.copy())
    assert np.array_equal(*results)
    rows = slice(0, 5)
    expected = np.maximum(reference.conv2d(x[:, :6], w, bias, padding="same")[:, rows], 0)
    assert relative_l2(results[0][:, rows], expected) <= 3e-6
