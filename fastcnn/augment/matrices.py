"""Where the pixels of an image go when it is shifted, scaled, turned and sheared."""

import math
from typing import Any

import numpy as np


def affine_matrix(
    shape: tuple[int, ...],
    scale: tuple[float, float] = (1, 1),
    angle: float = 0,
    shear: tuple[float, float] = (0, 0),
    translate: tuple[float, float] = (0, 0),
) -> Any:
    """Where the pixels of an image go: (3, 3), from (x, y, 1) to (x, y, 1).

    Scaled, then turned against the clock, then sheared, all about the middle of the image, then shifted.

    Args:
        shape: (h, w, ...).
        scale: along x and y.
        angle: in degrees.
        shear: along x and y, in degrees.
        translate: along x and y, in pixels.

    Example:
        >>> affine_matrix((4, 4), translate=(1, 2)).tolist()
        [[1.0, 0.0, 1.0], [0.0, 1.0, 2.0], [0.0, 0.0, 1.0]]
    """
    turn = math.radians(angle % 360)
    cos, sin = math.cos(turn), math.sin(turn)
    # y points down: against the clock is from x to -y.
    a, b, c, d = cos * scale[0], sin * scale[1], -sin * scale[0], cos * scale[1]
    tan_x, tan_y = math.tan(math.radians(shear[0])), math.tan(math.radians(shear[1]))
    a, b, c, d = a + tan_x * c, b + tan_x * d, tan_y * a + c, tan_y * b + d
    x, y = (shape[1] - 1) / 2, (shape[0] - 1) / 2
    return np.array(
        [[a, b, x + translate[0] - a * x - b * y], [c, d, y + translate[1] - c * x - d * y], [0.0, 0.0, 1.0]]
    )


def inverse(matrix: Any) -> Any:
    """The (2, 3) matrix from places in the result to places in the image."""
    (a, b, x), (c, d, y) = matrix[:2].tolist()
    determinant = a * d - b * c
    if abs(determinant) < 1e-12:
        raise ValueError("scale and shear leave nothing of the image: its area becomes 0")
    a, b, c, d = d / determinant, -b / determinant, -c / determinant, a / determinant
    return np.array([[a, b, -a * x - b * y], [c, d, -c * x - d * y]])


def inner_box(height: int, width: int, angle: float) -> tuple[int, int, int, int]:
    """Top, left, bottom, right of the largest upright rectangle inside a rectangle turned about its middle."""
    turn = math.radians(angle)
    sin, cos = abs(math.sin(turn)), abs(math.cos(turn))
    short, long = sorted((height, width))
    if short <= 2 * sin * cos * long or abs(sin - cos) < 1e-10:
        # Two of its corners touch the long sides, in their middle.
        along_long, along_short = (short / 2 / sin, short / 2 / cos)
        wide, high = (along_long, along_short) if width >= height else (along_short, along_long)
    else:
        # All four corners touch a side each.
        both = cos * cos - sin * sin
        wide, high = (width * cos - height * sin) / both, (height * cos - width * sin) / both
    top, left = max(0, int((height - high) / 2)), max(0, int((width - wide) / 2))
    bottom, right = min(height, int((height + high) / 2)), min(width, int((width + wide) / 2))
    return top, left, max(bottom, top + 1), max(right, left + 1)


def fitted(matrix: Any, height: int, width: int) -> tuple[Any, tuple[int, int]]:
    """The matrix and the size with which the whole image is seen: a pixel more than needed, as in albumentations."""
    corners = matrix @ np.array([[0, width, width, 0], [0, 0, height, height], [1, 1, 1, 1]])
    low, high = np.floor(corners[:2].min(axis=1)), np.ceil(corners[:2].max(axis=1))
    matrix[:2, 2] -= low
    return matrix, (int(high[1] - low[1]) + 1, int(high[0] - low[0]) + 1)
