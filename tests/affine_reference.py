"""Affine transformations pixel by pixel, in plain Python: what ``apply_affine_transform`` must equal."""

import math

import numpy as np


def fold(i, n, mode):
    """Which pixel stands for number i of n; None where there is none."""
    if 0 <= i < n:
        return i
    if mode == "constant":
        return None
    if mode == "nearest":
        return 0 if i < 0 else n - 1
    if mode == "wrap":
        return i % n
    i %= 2 * n
    return i if i < n else 2 * n - 1 - i


def weights(at, order):
    """The pixels around a place on an axis, and what each counts."""
    low = math.floor(at)
    if order == 0:
        return [(math.floor(at + 0.5), 1.0)]
    return [(low, 1 - (at - low)), (low + 1, at - low)]


def affine(x, theta=0, tx=0, ty=0, shear=0, zx=1, zy=1, fill_mode="nearest", cval=0.0, order=1):
    """(h, w, c) to (h, w, c), float64."""
    h, w, channels = x.shape
    a, s = math.radians(theta), math.radians(shear)
    middle_x, middle_y = (w - 1) / 2, (h - 1) / 2
    y = np.zeros((h, w, channels))
    for row in range(h):
        for column in range(w):
            u, v = zx * (column - middle_x), zy * (row - middle_y)
            u, v = u - math.sin(s) * v, math.cos(s) * v
            u, v = u + tx, v + ty
            u, v = math.cos(a) * u - math.sin(a) * v + middle_x, math.sin(a) * u + math.cos(a) * v + middle_y
            for r, of_row in weights(v, order):
                for c, of_column in weights(u, order):
                    i, j = fold(r, h, fill_mode), fold(c, w, fill_mode)
                    value = cval if i is None or j is None else x[i, j]
                    y[row, column] += of_row * of_column * value
    return y
