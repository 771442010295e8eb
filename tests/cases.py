"""Geometries, written once: for tests, gradients and bits. Random ones come from a seed and cover what layers can ask for."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

Sides = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Conv:
    """A convolution: x (n, h, w, c), w (kh, kw, c / groups, k)."""

    x: tuple[int, int, int, int]
    w: tuple[int, int, int, int]
    options: dict[str, Any] = field(default_factory=dict)  # strides, padding, dilation, groups


@dataclass(frozen=True)
class Product:
    """A matrix product: op(a) (..., m, k) times op(b) (..., k, n)."""

    a: tuple[int, ...]
    b: tuple[int, ...]
    transpose_a: bool
    transpose_b: bool


def _small(rng: np.random.Generator, high: int) -> int:
    """Small numbers are as likely as large ones: the corners are there."""
    return int(rng.integers(1, int(rng.integers(1, high + 1)) + 1))


def padding(rng: np.random.Generator) -> str | int | tuple[int, int] | Sides:
    pick = rng.integers(5)
    if pick == 0:
        return "valid"
    if pick == 1:
        return "same"
    if pick == 2:
        return int(rng.integers(0, 4))
    if pick == 3:
        return int(rng.integers(0, 4)), int(rng.integers(0, 4))
    top, bottom, left, right = (int(v) for v in rng.integers(0, 5, 4))
    return (top, bottom), (left, right)


def random_conv(rng: np.random.Generator) -> Conv:
    """Any kernel, stride, dilation, groups and padding; channels with odd tails; sometimes more than one block of each."""
    groups = int(rng.choice([1, 1, 1, 1, 2, 3, 5]))
    c, k = groups * _small(rng, 40), groups * _small(rng, 90)
    if rng.random() < 0.05:
        c = 400 + _small(rng, 30)  # the sum over c falls into several blocks
        groups = 1
    kh, kw = _small(rng, 5), _small(rng, 5)
    dilation = int(rng.choice([1, 1, 2, 3])), int(rng.choice([1, 1, 2, 3]))
    strides = int(rng.choice([1, 1, 2, 3])), int(rng.choice([1, 1, 2, 3]))
    h = (kh - 1) * dilation[0] + _small(rng, 20)
    w = (kw - 1) * dilation[1] + _small(rng, 20)
    n = _small(rng, 4)
    options = {"strides": strides, "padding": padding(rng), "dilation": dilation, "groups": groups}
    return Conv((n, h, w, c), (kh, kw, c // groups, k), options)


def random_winograd(rng: np.random.Generator) -> Conv:
    """3x3, no stride: what the Winograd algorithm takes."""
    c, k = _small(rng, 120), _small(rng, 160)
    if rng.random() < 0.1:
        c = 390 + _small(rng, 30)
    x = (_small(rng, 3), 2 + _small(rng, 24), 2 + _small(rng, 24), c)
    return Conv(x, (3, 3, c, k), {"padding": padding(rng)})


def random_product(rng: np.random.Generator) -> Product:
    m = int(rng.choice([_small(rng, 9), _small(rng, 70), 401 + _small(rng, 60)]))
    k, n = int(rng.choice([_small(rng, 20), 370 + _small(rng, 500)])), _small(rng, 200)
    lead: tuple[int, ...] = ()
    if rng.random() < 0.2:
        lead, m, n = (_small(rng, 6),), min(m, 20), min(n, 40)
    ta, tb = bool(rng.integers(2)), bool(rng.integers(2))
    lead_b = lead if rng.random() < 0.5 else ()
    return Product((*lead, *((k, m) if ta else (m, k))), (*lead_b, *((n, k) if tb else (k, n))), ta, tb)
