"""Convolutions whose groups have few channels: against the reference, by bits, with everything a result ends with."""

import cases
import numpy as np
import pytest
from checks import assert_same, assert_same_bits_everywhere, integers, normal
from test_conv import every_direction

from fastcnn import kernels, reference

# Channels of a group, in x and in the result: one each, spread over vectors, and those that stay products.
IN_GROUPS = [(1, 1), (1, 3), (2, 2), (2, 4), (3, 4), (4, 4), (4, 2), (5, 8), (8, 8), (8, 4), (3, 3), (16, 16)]


def random_case(rng: np.random.Generator, in_group: tuple[int, int]) -> cases.Conv:
    groups, (h, w), (kh, kw) = int(rng.integers(2, 40)), rng.integers(1, 20, 2).tolist(), rng.integers(1, 5, 2).tolist()
    strides, dilation = rng.integers(1, 4, 2).tolist(), [int(rng.integers(1, 3)), int(rng.choice([1, 1, 1, 2]))]
    sides = [[int(rng.integers(0, 4)), int(rng.integers(0, 4))] for _ in range(2)]
    for side, size, kernel, apart in zip(sides, (h, w), (kh, kw), dilation, strict=True):
        side[1] += max(0, (kernel - 1) * apart + 1 - size - sum(side))
    options = {"strides": tuple(strides), "padding": tuple(map(tuple, sides)), "dilation": tuple(dilation)}
    x, k = (int(rng.integers(1, 4)), h, w, groups * in_group[0]), groups * in_group[1]
    return cases.Conv(x, (kh, kw, in_group[0], k), {**options, "groups": groups})


@pytest.mark.parametrize("in_group", IN_GROUPS)
def test_integer_shapes_are_exact(isa: str, in_group: tuple[int, int], rng: np.random.Generator) -> None:
    for _ in range(12):
        case = random_case(rng, in_group)
        try:
            every_direction(case, rng)
        except AssertionError as error:
            raise AssertionError(f"{case}: {error}") from error


@pytest.mark.parametrize("in_group", IN_GROUPS)
def test_same_bits_everywhere(in_group: tuple[int, int], rng: np.random.Generator) -> None:
    c, k, groups = in_group[0] * 24, in_group[1] * 24, 24
    for side, stride in ((30, 1), (17, 2)):
        x, w = normal(rng, (3, side, side, c)), normal(rng, (3, 3, in_group[0], k))
        options = {"padding": "same", "groups": groups, "strides": stride}
        y = kernels.conv2d(x, w, **options)
        dy = normal(rng, y.shape)
        assert_same_bits_everywhere(
            lambda x=x, w=w, dy=dy, options=options: (
                kernels.conv2d(x, w, **options),
                kernels.conv2d_dx(dy, w, x.shape, **options),
                kernels.conv2d_dw(x, dy, w.shape, **options),
            )
        )
        dx = kernels.conv2d_dx(dy, w, x.shape, **options)
        for i in range(3):
            alone = kernels.conv2d(x[i : i + 1], w, **options)
            assert alone.tobytes() == y[i : i + 1].tobytes()
            alone = kernels.conv2d_dx(dy[i : i + 1], w, x[i : i + 1].shape, **options)
            assert alone.tobytes() == dx[i : i + 1].tobytes()


@pytest.mark.parametrize("in_group", IN_GROUPS)
def test_ends_of_results(isa: str, in_group: tuple[int, int], rng: np.random.Generator) -> None:
    """Bias, another array and an activation end a result in one pass as they do one after the other."""
    c, k = in_group[0] * 11, in_group[1] * 11
    options = {"padding": ((1, 0), (2, 1)), "groups": 11}
    x, w, bias = integers(rng, (2, 9, 23, c)), integers(rng, (3, 3, in_group[0], k)), integers(rng, (k,))
    plain = reference.conv2d(x, w, bias, **options)
    residual, gate = integers(rng, plain.shape, -40, 40), integers(rng, plain.shape)
    assert_same(kernels.conv2d(x, w, bias, **options, activation="relu6"), np.clip(plain, 0, 6))
    found = kernels.conv2d(x, w, bias, **options, residual=residual, activation="relu")
    assert_same(found, np.maximum(plain + residual, 0))
    before = kernels.conv2d(x, w, bias, **options)
    assert_same(kernels.conv2d(x, w, bias, **options, activation="silu"), kernels.activate(before, "silu"))
    dy = integers(rng, plain.shape)
    other, gate = integers(rng, x.shape), integers(rng, x.shape)
    for extra in ({"residual": other}, {"gate": gate}, {"residual": other, "gate": gate}):
        expected = reference.conv2d_dx(dy, w, x.shape, **options, **extra)
        assert_same(kernels.conv2d_dx(dy, w, x.shape, **options, **extra), expected)
    dw, db = kernels.conv2d_dw(x, dy, w.shape, **options, return_db=True)
    assert_same(dw, reference.conv2d_dw(x, dy, w.shape, **options))
    assert_same(db, dy.sum((0, 1, 2)))


@pytest.mark.parametrize("in_group", [(1, 1), (4, 4), (8, 8)])
def test_a_transposed_layer(isa: str, in_group: tuple[int, int], rng: np.random.Generator) -> None:
    groups = 9
    x, w = integers(rng, (2, 8, 9, in_group[1] * groups)), integers(rng, (3, 3, in_group[0], in_group[1] * groups))
    bias = integers(rng, (in_group[0] * groups,))
    y = kernels.conv2d_transpose(x, w, bias, padding="same", groups=groups, activation="relu")
    expected = reference.conv2d_dx(x, w, y.shape, padding="same", groups=groups)
    assert_same(y, np.maximum(expected + bias, 0))


def test_groups_keep_to_themselves(isa: str) -> None:
    """What is not a number in one group does not reach the next, which shares a vector with it."""
    for part in (1, 2, 4, 8):
        x, w = np.ones((1, 6, 6, 5 * part), np.float32), np.ones((3, 3, part, 5 * part), np.float32)
        x[..., part] = np.nan
        y = kernels.conv2d(x, w, padding="same", groups=5)
        dx = kernels.conv2d_dx(x, w, x.shape, padding="same", groups=5)
        for found in (y, dx):
            bad = np.isnan(found).any((0, 1, 2))
            assert bad.tolist() == [part <= q < 2 * part for q in range(5 * part)]


def test_wide_maps_and_results_past_the_caches(isa: str, rng: np.random.Generator) -> None:
    x, w = integers(rng, (1, 6, 3000, 64)), integers(rng, (3, 3, 8, 64))
    options = {"padding": "same", "groups": 8}
    assert_same(kernels.conv2d(x, w, **options), reference.conv2d(x, w, **options))
    x = integers(rng, (5, 160, 160, 64))
    y = kernels.conv2d(x, w, **options, activation="relu")
    expected = np.maximum(reference.conv2d(x[-1:], w, **options), 0)
    assert_same(y[-1:], expected)
