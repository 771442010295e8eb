"""Geometry of pictures: rotation, shift, shear and zoom in one matrix."""

import math
from typing import Any

import numpy as np

from fastcnn import kernels, random
from fastcnn.layers.arguments import choice

__all__ = [
    "BORDERS",
    "affine_matrix",
    "apply_affine_transform",
    "checked",
    "flip_axis",
    "generator_from",
    "interpolation_of",
]

Array = np.ndarray[Any, Any]
BORDERS = {"nearest": "replicate", "reflect": "reflect", "constant": "constant", "wrap": "wrap"}
_ORDERS = {0: "nearest", 1: "linear", 3: "cubic"}


def interpolation_of(order: Any, name: str) -> str:
    """What the kernels call an order of interpolation.

    Args:
        order: 0, 1 or 3.
        name: of the argument, for messages.

    Example:
        >>> interpolation_of(1, "order")
        'linear'
    """
    if order not in _ORDERS:
        if order in (2, 4, 5):
            raise NotImplementedError(f"{name}={order} is not supported: take 0 (nearest), 1 (linear) or 3 (cubic)")
        raise ValueError(f"{name} must be 0 (nearest), 1 (linear) or 3 (cubic), got {order!r}")
    return _ORDERS[order]


def generator_from(seed: int | None) -> np.random.RandomState:
    """The numbers that a seed stands for: the same as NumPy's and so Keras's; without one, from the global seed.

    Example:
        >>> generator_from(1).randint(10) == generator_from(1).randint(10)
        True
    """
    return np.random.RandomState(random.draw_seed() if seed is None else seed)


def affine_matrix(
    height: int,
    width: int,
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
) -> Array:
    """Where each pixel of the result comes from: rotation @ shift @ shear @ zoom about the middle of the picture.

    Args:
        height: of the picture.
        width: of the picture.
        theta: rotation in degrees.
        tx: how many pixels further right the source lies: the picture moves to the left.
        ty: how many pixels further down.
        shear: in degrees.
        zx: how many columns of the source a column of the result spans: above 1 the picture shrinks.
        zy: the same of rows.

    Returns:
        (2, 3) float64: ``matrix @ (x, y, 1)`` of a pixel of the result is a point (x, y) of the source.

    Example:
        >>> affine_matrix(3, 3, tx=1, zx=2).tolist()
        [[2.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    turn, lean = math.radians(theta), math.radians(shear)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    linear = rotation @ np.array([[1, -math.sin(lean)], [0, math.cos(lean)]]) @ np.diag([zx, zy])
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    return np.column_stack([linear, rotation @ np.array([tx, ty], np.float64) + middle - linear @ middle])


def apply_affine_transform(
    x: Any,
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    order: int = 1,
) -> Array:
    """Rotates, shifts, shears and zooms a picture about its middle.

    Args:
        x: a picture with three axes.
        theta: rotation in degrees.
        tx: shift in pixels; above 0, to the left.
        ty: shift in pixels; above 0, up.
        shear: in degrees.
        zx: zoom of the columns: 2 makes the picture half as wide.
        zy: zoom of the rows.
        row_axis: which axis has the rows.
        col_axis: which has the columns.
        channel_axis: which has the channels: 0 or 2.
        fill_mode: what is beyond the edges: "nearest", "constant", "reflect" or "wrap".
        cval: the value of "constant".
        order: of interpolation: 0 (nearest), 1 (linear) or 3 (cubic convolution; Keras has splines there).

    Returns:
        The picture, of the same shape and type. Unlike in Keras, the middle is the middle where the picture is not
        square, too.

    Example:
        >>> import numpy as np
        >>> x = np.arange(6.0).reshape(2, 3, 1)
        >>> apply_affine_transform(x, tx=1, row_axis=0, col_axis=1, channel_axis=2)[..., 0].tolist()
        [[1.0, 2.0, 2.0], [4.0, 5.0, 5.0]]
    """
    x = checked(x, row_axis, col_axis, channel_axis)
    border = BORDERS[choice(fill_mode, tuple(BORDERS), "fill_mode")]
    interpolation = interpolation_of(order, "order")
    if (theta, tx, ty, shear, zx, zy) == (0, 0, 0, 0, 1, 1):
        return x
    height, width = x.shape[row_axis], x.shape[col_axis]
    matrix = affine_matrix(height, width, theta, tx, ty, shear, zx, zy)
    axes = (row_axis, col_axis, channel_axis)
    image = np.ascontiguousarray(x.transpose(axes), None if x.dtype == np.uint8 else np.float32)
    warped = kernels.image_warp(image, matrix, interpolation=interpolation, border=border, fill=cval)
    warped = warped.transpose(np.argsort(axes))
    if x.dtype.kind in "iu" and x.dtype != np.uint8:
        warped = np.rint(warped)
    return warped.astype(x.dtype, copy=False)


def checked(x: Any, row_axis: int, col_axis: int, channel_axis: int) -> Array:
    """The picture as an array; an error where it is none, or the axes are not its three."""
    x = np.asarray(x)
    if x.ndim != 3:
        raise ValueError(f"x must be one picture with three axes, got shape {x.shape}")
    if sorted((row_axis, col_axis, channel_axis)) != [0, 1, 2]:
        raise ValueError(
            "row_axis, col_axis and channel_axis must be 0, 1 and 2 in some order, "
            f"got {row_axis}, {col_axis} and {channel_axis}"
        )
    if channel_axis == 1:
        raise ValueError("channel_axis must be 0 or 2, got 1")
    return x


def flip_axis(x: Array, axis: int) -> Array:
    """The picture mirrored along an axis.

    Example:
        >>> import numpy as np
        >>> flip_axis(np.array([[1, 2, 3]]), 1).tolist()
        [[3, 2, 1]]
    """
    return np.flip(x, axis)
