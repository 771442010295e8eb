"""Shapes: concatenation, slices, padding, transposition, repetition, gathering."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn import _core

__all__ = [
    "concat",
    "flip",
    "from_uint8",
    "nchw_to_nhwc",
    "nhwc_to_nchw",
    "one_hot",
    "pad",
    "pad_dx",
    "repeat",
    "slice",
    "slice_dx",
    "split",
    "stack",
    "take",
    "tile",
    "transpose",
]

Array = np.ndarray[Any, np.dtype[np.float32]]
Bounds = Sequence[int | None] | None
Paddings = int | Sequence[int | Sequence[int]]


def concat(arrays: Sequence[ArrayLike], axis: int = 0, out: Array | None = None) -> Array:
    """Puts arrays one after the other along an axis.

    Args:
        arrays: one or more, of one shape but for the axis.
        axis: the axis to join; negative from the end.
        out: where to put the result.

    Returns:
        float32, as long along the axis as all the arrays together.

    Example:
        >>> concat([[1.0, 2.0], [3.0]])
        array([1., 2., 3.], dtype=float32)
    """
    return _core.concat(arrays, axis, False, out)


def stack(arrays: Sequence[ArrayLike], axis: int = 0, out: Array | None = None) -> Array:
    """Puts arrays of one shape side by side along a new axis.

    Args:
        arrays: one or more.
        axis: where the new axis stands in the result; negative from the end.
        out: where to put the result.

    Returns:
        float32, one dimension more than the arrays.

    Example:
        >>> stack([[1.0, 2.0], [3.0, 4.0]], axis=1)
        array([[1., 3.],
               [2., 4.]], dtype=float32)
    """
    return _core.concat(arrays, axis, True, out)


def split(x: ArrayLike, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Array]:
    """Cuts an array into pieces along an axis: the inverse and the gradient of ``concat``.

    Args:
        x: any array-like.
        indices_or_sections: how many equal pieces, or where to cut.
        axis: the axis to cut; negative from the end.

    Returns:
        The pieces, float32.

    Example:
        >>> split([1.0, 2.0, 3.0], [1])
        [array([1.], dtype=float32), array([2., 3.], dtype=float32)]
    """
    x = _core.floats(x, "x")
    axis = _core.integer(axis, "axis")
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"axis must be between {-x.ndim} and {x.ndim - 1}, got {axis}")
    axis %= x.ndim
    size = x.shape[axis]
    if isinstance(indices_or_sections, Sequence):
        cuts = [_core.integer(cut, "indices_or_sections") for cut in indices_or_sections]
    else:
        sections = _core.integer(indices_or_sections, "indices_or_sections")
        if sections < 1 or size % sections:
            raise ValueError(f"indices_or_sections must divide the {size} elements of axis {axis}, got {sections}")
        cuts = [size // sections * i for i in range(1, sections)]
    before = [None] * axis
    return [
        _core.slice(x, [*before, begin], [*before, end], None, None)
        for begin, end in zip([0, *cuts], [*cuts, size], strict=True)
    ]


def slice(x: ArrayLike, begin: Bounds, end: Bounds, strides: Bounds = None, out: Array | None = None) -> Array:
    """Returns x[begin:end:strides] along each axis, with Python's rules for negative and missing bounds.

    Args:
        x: any array-like.
        begin: the first index of each of the leading axes; None, or missing: from the start.
        end: where each stops, exclusive; None, or missing: at the end.
        strides: the steps, not 0, negative to walk backwards; None, or missing: 1.
        out: where to put the result.

    Returns:
        float32, a copy.

    Example:
        >>> slice([1.0, 2.0, 3.0, 4.0], [1], [None], [2])
        array([2., 4.], dtype=float32)
    """
    return _core.slice(x, begin, end, strides, out)


def slice_dx(
    dy: ArrayLike,
    x_shape: Sequence[int],
    begin: Bounds,
    end: Bounds,
    strides: Bounds = None,
    out: Array | None = None,
) -> Array:
    """The gradient of ``slice``: ``dy`` where the slice took an element, 0 elsewhere.

    Args:
        dy: the shape of the slice.
        x_shape: the shape of what was sliced.
        begin: as in ``slice``.
        end: as in ``slice``.
        strides: as in ``slice``.
        out: where to put the result.

    Returns:
        float32 of ``x_shape``.

    Example:
        >>> slice_dx([5.0, 6.0], (4,), [1], [None], [2])
        array([0., 5., 0., 6.], dtype=float32)
    """
    return _core.slice_dx(dy, x_shape, begin, end, strides, out)


def pad(
    x: ArrayLike,
    paddings: Paddings,
    mode: str = "constant",
    constant_values: float = 0.0,
    out: Array | None = None,
) -> Array:
    """Pads any axes.

    Args:
        x: any array-like.
        paddings: an int for all sides, or for each axis an int or (before, after).
        mode: "constant", "reflect" (without the edge), "symmetric" (with it), "edge" or "wrap".
        constant_values: what "constant" pads with.
        out: where to put the result.

    Returns:
        float32, larger by the paddings.

    Example:
        >>> pad([1.0, 2.0, 3.0], [(2, 1)], mode="reflect")
        array([3., 2., 1., 2., 3., 2.], dtype=float32)
    """
    return _core.pad(x, paddings, mode, constant_values, out)


def pad_dx(dy: ArrayLike, paddings: Paddings, mode: str = "constant", out: Array | None = None) -> Array:
    """The gradient of ``pad``: every element of x gets the sum of ``dy`` over the places it was copied to.

    Args:
        dy: the shape of the padded array.
        paddings: as in ``pad``.
        mode: as in ``pad``.
        out: where to put the result.

    Returns:
        float32, smaller by the paddings.

    Example:
        >>> pad_dx([1.0, 1.0, 1.0, 1.0, 1.0], [(2, 0)], mode="edge")
        array([3., 1., 1.], dtype=float32)
    """
    return _core.pad_dx(dy, paddings, mode, out)


def transpose(x: ArrayLike, axes: Sequence[int] | None = None, out: Array | None = None) -> Array:
    """Permutes the axes, into a contiguous array.

    Args:
        x: any array-like.
        axes: axis i of the result is axis ``axes[i]`` of x; None reverses them.
        out: where to put the result.

    Returns:
        float32, a copy.

    Example:
        >>> transpose([[1.0, 2.0], [3.0, 4.0]])
        array([[1., 3.],
               [2., 4.]], dtype=float32)
    """
    return _core.transpose(x, axes, out)


def nchw_to_nhwc(x: ArrayLike, out: Array | None = None) -> Array:
    """Moves the channels of images from axis 1 to the end.

    Args:
        x: (n, c, h, w).
        out: where to put the result.

    Returns:
        float32 (n, h, w, c).

    Example:
        >>> nchw_to_nhwc(np.zeros((1, 3, 4, 5))).shape
        (1, 4, 5, 3)
    """
    return _core.transpose(x, (0, 2, 3, 1), out)


def nhwc_to_nchw(x: ArrayLike, out: Array | None = None) -> Array:
    """Moves the channels of images from the end to axis 1.

    Args:
        x: (n, h, w, c).
        out: where to put the result.

    Returns:
        float32 (n, c, h, w).

    Example:
        >>> nhwc_to_nchw(np.zeros((1, 4, 5, 3))).shape
        (1, 3, 4, 5)
    """
    return _core.transpose(x, (0, 3, 1, 2), out)


def flip(x: ArrayLike, axis: int | Sequence[int] | None = None, out: Array | None = None) -> Array:
    """Reverses the order of the elements along some axes.

    Args:
        x: any array-like.
        axis: one axis, several, or None for all.
        out: where to put the result.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> flip([1.0, 2.0, 3.0])
        array([3., 2., 1.], dtype=float32)
    """
    return _core.flip(x, axis, out)


def tile(x: ArrayLike, repeats: int | Sequence[int], out: Array | None = None) -> Array:
    """Repeats the array as a whole along each axis.

    Args:
        x: any array-like.
        repeats: how often, one for each axis.
        out: where to put the result.

    Returns:
        float32, each axis ``repeats`` times as long.

    Example:
        >>> tile([1.0, 2.0], 2)
        array([1., 2., 1., 2.], dtype=float32)
    """
    return _core.tile(x, repeats, out)


def repeat(x: ArrayLike, repeats: int, axis: int = 0, out: Array | None = None) -> Array:
    """Repeats every element along one axis.

    Args:
        x: any array-like.
        repeats: how often.
        axis: the axis; negative from the end.
        out: where to put the result.

    Returns:
        float32, the axis ``repeats`` times as long.

    Example:
        >>> repeat([1.0, 2.0], 2)
        array([1., 1., 2., 2.], dtype=float32)
    """
    return _core.repeat(x, repeats, axis, out)


def take(x: ArrayLike, indices: ArrayLike, out: Array | None = None) -> Array:
    """Gathers rows: x[indices], every index checked.

    Args:
        x: (rows, ...).
        indices: integers of any shape, each from 0 to rows - 1.
        out: where to put the result.

    Returns:
        float32, the shape of ``indices`` followed by that of a row.

    Example:
        >>> take([10.0, 20.0, 30.0], [2, 0])
        array([30., 10.], dtype=float32)
    """
    return _core.take(x, indices, out)


def one_hot(x: ArrayLike, num_classes: int, out: Array | None = None) -> Array:
    """Turns labels into rows with a 1 at the label and 0 elsewhere.

    Args:
        x: integers of any shape, each from 0 to num_classes - 1.
        num_classes: the length of a row.
        out: where to put the result.

    Returns:
        float32, the shape of ``x`` followed by num_classes.

    Example:
        >>> one_hot([1, 0], 3)
        array([[0., 1., 0.],
               [1., 0., 0.]], dtype=float32)
    """
    return _core.one_hot(x, num_classes, out)


def from_uint8(x: ArrayLike, scale: float = 1.0, offset: float = 0.0, out: Array | None = None) -> Array:
    """Turns bytes into floats, x * scale + offset: how images come in.

    Args:
        x: uint8 of any shape (other integers must fit).
        scale: what the bytes are multiplied by.
        offset: what is added.
        out: where to put the result.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> from_uint8(np.array([0, 128], dtype=np.uint8), scale=1 / 128, offset=-1.0)
        array([-1.,  0.], dtype=float32)
    """
    return _core.from_uint8(x, scale, offset, out)
