"""One picture rotated, shifted, sheared or zoomed by what is drawn at random."""

from typing import Any

import numpy as np

from fastcnn.preprocessing.image.affine import apply_affine_transform, checked, generator_from

__all__ = ["random_rotation", "random_shear", "random_shift", "random_zoom"]

Array = np.ndarray[Any, Any]


def _moved(x: Any, axes: tuple[int, int, int], border: tuple[str, float, int], **changes: float) -> Array:
    rows, columns, channels = axes
    mode, cval, order = border
    return apply_affine_transform(
        x,
        **changes,
        row_axis=rows,
        col_axis=columns,
        channel_axis=channels,
        fill_mode=mode,
        cval=cval,
        order=order,
    )


def random_rotation(
    x: Any,
    rg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
    seed: int | None = None,
) -> Array:
    """Rotates a picture by an angle between ``-rg`` and ``rg`` degrees.

    Args:
        x: a picture with three axes.
        rg: the largest angle, in degrees.
        row_axis: which axis has the rows.
        col_axis: which has the columns.
        channel_axis: which has the channels: 0 or 2.
        fill_mode: what is beyond the edges: "nearest", "constant", "reflect" or "wrap".
        cval: the value of "constant".
        interpolation_order: 0 (nearest), 1 (linear) or 3 (cubic).
        seed: of the angle; from the global seed unless given.

    Example:
        >>> import numpy as np
        >>> random_rotation(np.ones((3, 8, 8), "float32"), 20).shape
        (3, 8, 8)
    """
    theta = generator_from(seed).uniform(-rg, rg)
    return _moved(x, (row_axis, col_axis, channel_axis), (fill_mode, cval, interpolation_order), theta=theta)


def random_shift(
    x: Any,
    wrg: float,
    hrg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
    seed: int | None = None,
) -> Array:
    """Moves a picture by at most a part of its width and of its height.

    Args:
        x: a picture with three axes.
        wrg: the largest part of the width.
        hrg: the largest part of the height.
        row_axis: which axis has the rows.
        col_axis: which has the columns.
        channel_axis: which has the channels: 0 or 2.
        fill_mode: what is beyond the edges: "nearest", "constant", "reflect" or "wrap".
        cval: the value of "constant".
        interpolation_order: 0 (nearest), 1 (linear) or 3 (cubic).
        seed: of the shift; from the global seed unless given.

    Example:
        >>> import numpy as np
        >>> random_shift(np.ones((3, 8, 8), "float32"), 0.2, 0.2).shape
        (3, 8, 8)
    """
    numbers = generator_from(seed)
    x = checked(x, row_axis, col_axis, channel_axis)
    ty = numbers.uniform(-hrg, hrg) * x.shape[row_axis]
    tx = numbers.uniform(-wrg, wrg) * x.shape[col_axis]
    return _moved(x, (row_axis, col_axis, channel_axis), (fill_mode, cval, interpolation_order), tx=tx, ty=ty)


def random_shear(
    x: Any,
    intensity: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
    seed: int | None = None,
) -> Array:
    """Shears a picture by an angle between ``-intensity`` and ``intensity`` degrees.

    Args:
        x: a picture with three axes.
        intensity: the largest angle, in degrees.
        row_axis: which axis has the rows.
        col_axis: which has the columns.
        channel_axis: which has the channels: 0 or 2.
        fill_mode: what is beyond the edges: "nearest", "constant", "reflect" or "wrap".
        cval: the value of "constant".
        interpolation_order: 0 (nearest), 1 (linear) or 3 (cubic).
        seed: of the angle; from the global seed unless given.

    Example:
        >>> import numpy as np
        >>> random_shear(np.ones((3, 8, 8), "float32"), 10).shape
        (3, 8, 8)
    """
    shear = generator_from(seed).uniform(-intensity, intensity)
    return _moved(x, (row_axis, col_axis, channel_axis), (fill_mode, cval, interpolation_order), shear=shear)


def random_zoom(
    x: Any,
    zoom_range: tuple[float, float],
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
    seed: int | None = None,
) -> Array:
    """Zooms a picture, its columns and its rows by factors drawn from a range.

    Args:
        x: a picture with three axes.
        zoom_range: the smallest and the largest factor: above 1 the picture shrinks.
        row_axis: which axis has the rows.
        col_axis: which has the columns.
        channel_axis: which has the channels: 0 or 2.
        fill_mode: what is beyond the edges: "nearest", "constant", "reflect" or "wrap".
        cval: the value of "constant".
        interpolation_order: 0 (nearest), 1 (linear) or 3 (cubic).
        seed: of the factors; from the global seed unless given.

    Example:
        >>> import numpy as np
        >>> random_zoom(np.ones((3, 8, 8), "float32"), (0.8, 1.2)).shape
        (3, 8, 8)
    """
    if np.shape(zoom_range) != (2,):
        raise ValueError(f"zoom_range must be two numbers, the smallest and the largest factor, got {zoom_range!r}")
    zx, zy = generator_from(seed).uniform(zoom_range[0], zoom_range[1], 2)
    return _moved(x, (row_axis, col_axis, channel_axis), (fill_mode, cval, interpolation_order), zx=zx, zy=zy)
