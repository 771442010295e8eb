"""Maximum and average pooling of windows, with their gradients. Layout (n, h, w, c)."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn import _core

__all__ = [
    "avg_pool1d",
    "avg_pool1d_dx",
    "avg_pool2d",
    "avg_pool2d_dx",
    "max_pool1d",
    "max_pool1d_dx",
    "max_pool2d",
    "max_pool2d_dx",
]

Array = np.ndarray[Any, np.dtype[np.float32]]
Indices = np.ndarray[Any, np.dtype[np.uint8]]
Pair = int | tuple[int, int]
Padding = str | int | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]]


def max_pool2d(
    x: ArrayLike,
    pool_size: Pair,
    strides: Pair | None = None,
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
    ceil_mode: bool = False,
    return_indices: bool = False,
    out: Array | None = None,
) -> Array | tuple[Array, Indices]:
    """The maximum of each window. Padding does not take part; NaN counts as the largest; the first of equals wins.

    Args:
        x: (n, h, w, c).
        pool_size: int or (h, w), the window.
        strides: int or (h, w); None means ``pool_size``.
        padding: "valid", "same" (TensorFlow's rule: the odd cell at the end), an int, (h, w) or
            ((top, bottom), (left, right)); smaller than the window.
        dilation: int or (h, w), the distance between the cells of a window.
        ceil_mode: whether a last window that leaves the padded input counts, if it starts inside the input or the
            padding before it.
        return_indices: also return, for the gradient, which cell of its window each output is, ``i * width + j``;
            for windows of at most 256 cells.
        out: where to put the result; it may be a slice of the channels of a larger array where there are no indices.

    Returns:
        y: (n, oh, ow, c), and uint8 indices of the same shape where asked for.

    Example:
        >>> max_pool2d([[[[1.0], [2.0]], [[4.0], [3.0]]]], 2).ravel()
        array([4.], dtype=float32)
    """
    return _core.max_pool(x, 4, pool_size, strides, padding, dilation, ceil_mode, return_indices, out)


def max_pool2d_dx(
    dy: ArrayLike,
    x: ArrayLike,
    pool_size: Pair,
    strides: Pair | None = None,
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
    ceil_mode: bool = False,
    indices: ArrayLike | None = None,
    out: Array | None = None,
) -> Array:
    """The gradient of :func:`max_pool2d`: each window's goes to its maximum, the first of equals.

    Args:
        dy: (n, oh, ow, c).
        x: (n, h, w, c), the forward's input; with ``indices`` its shape, a tuple, will do.
        pool_size: int or (h, w), the window.
        strides: int or (h, w); None means ``pool_size``.
        padding: "valid", "same" (TensorFlow's rule: the odd cell at the end), an int, (h, w) or
            ((top, bottom), (left, right)); smaller than the window.
        dilation: int or (h, w), the distance between the cells of a window.
        ceil_mode: whether a last window that leaves the padded input counts, if it starts inside the input or the
            padding before it.
        indices: what the forward returned; None finds them again from ``x``.
        out: where to put the result.

    Returns:
        dx: (n, h, w, c).

    Example:
        >>> max_pool2d_dx([[[[5.0]]]], [[[[1.0], [2.0]], [[4.0], [3.0]]]], 2).ravel()
        array([0., 0., 5., 0.], dtype=float32)
    """
    return _core.max_pool_dx(dy, x, 4, pool_size, strides, padding, dilation, ceil_mode, indices, out)


def avg_pool2d(
    x: ArrayLike,
    pool_size: Pair,
    strides: Pair | None = None,
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
    ceil_mode: bool = False,
    count_include_pad: bool = False,
    out: Array | None = None,
) -> Array:
    """The mean of each window.

    Args:
        x: (n, h, w, c).
        pool_size: int or (h, w), the window.
        strides: int or (h, w); None means ``pool_size``.
        padding: "valid", "same" (TensorFlow's rule: the odd cell at the end), an int, (h, w) or
            ((top, bottom), (left, right)); smaller than the window.
        dilation: int or (h, w), the distance between the cells of a window.
        ceil_mode: whether a last window that leaves the padded input counts, if it starts inside the input or the
            padding before it.
        count_include_pad: whether padding counts, as zeros; Keras leaves it out.
        out: where to put the result; it may be a slice of the channels of a larger array.

    Returns:
        y: (n, oh, ow, c).

    Example:
        >>> avg_pool2d([[[[1.0], [2.0]], [[4.0], [3.0]]]], 2).ravel()
        array([2.5], dtype=float32)
    """
    return _core.avg_pool(x, 4, pool_size, strides, padding, dilation, ceil_mode, count_include_pad, out)


def avg_pool2d_dx(
    dy: ArrayLike,
    x_shape: tuple[int, ...],
    pool_size: Pair,
    strides: Pair | None = None,
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
    ceil_mode: bool = False,
    count_include_pad: bool = False,
    out: Array | None = None,
) -> Array:
    """The gradient of :func:`avg_pool2d`.

    Args:
        dy: (n, oh, ow, c).
        x_shape: the shape (n, h, w, c) of the forward's input.
        pool_size: int or (h, w), the window.
        strides: int or (h, w); None means ``pool_size``.
        padding: "valid", "same" (TensorFlow's rule: the odd cell at the end), an int, (h, w) or
            ((top, bottom), (left, right)); smaller than the window.
        dilation: int or (h, w), the distance between the cells of a window.
        ceil_mode: whether a last window that leaves the padded input counts, if it starts inside the input or the
            padding before it.
        count_include_pad: as in the forward.
        out: where to put the result.

    Returns:
        dx: (n, h, w, c).

    Example:
        >>> avg_pool2d_dx([[[[4.0]]]], (1, 2, 2, 1), 2).ravel()
        array([1., 1., 1., 1.], dtype=float32)
    """
    return _core.avg_pool_dx(dy, x_shape, 4, pool_size, strides, padding, dilation, ceil_mode, count_include_pad, out)


def max_pool1d(
    x: ArrayLike,
    pool_size: int,
    strides: int | None = None,
    padding: str | int | tuple[int, int] = "valid",
    dilation: int = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    out: Array | None = None,
) -> Array | tuple[Array, Indices]:
    """The maximum of each window. Padding does not take part; NaN counts as the largest; the first of equals wins.

    Args:
        x: (n, w, c).
        pool_size: int, the window.
        strides: int; None means ``pool_size``.
        padding: "valid", "same" (TensorFlow's rule: the odd cell at the end), an int or (left, right);
            smaller than the window.
        dilation: int, the distance between the cells of a window.
        ceil_mode: whether a last window that leaves the padded input counts, if it starts inside the input or the
            padding before it.
        return_indices: also return, for the gradient, which cell of its window each output is, ``j``;
            for windows of at most 256 cells.
        out: where to put the result; it may be a slice of the channels of a larger array where there are no indices.

    Returns:
        y: (n, ow, c), and uint8 indices of the same shape where asked for.

    Example:
        >>> max_pool1d([[[1.0], [4.0], [3.0], [2.0]]], 2).ravel()
        array([4., 3.], dtype=float32)
    """
    return _core.max_pool(x, 3, pool_size, strides, padding, dilation, ceil_mode, return_indices, out)


def max_pool1d_dx(
    dy: ArrayLike,
    x: ArrayLike,
    pool_size: int,
    strides: int | None = None,
    padding: str | int | tuple[int, int] = "valid",
    dilation: int = 1,
    ceil_mode: bool = False,
    indices: ArrayLike | None = None,
    out: Array | None = None,
) -> Array:
    """The gradient of :func:`max_pool1d`: each window's goes to its maximum, the first of equals.

    Args:
        dy: (n, ow, c).
        x: (n, w, c), the forward's input; with ``indices`` its shape, a tuple, will do.
        pool_size: int, the window.
        strides: int; None means ``pool_size``.
        padding: "valid", "same" (TensorFlow's rule: the odd cell at the end), an int or (left, right);
            smaller than the window.
        dilation: int, the distance between the cells of a window.
        ceil_mode: whether a last window that leaves the padded input counts, if it starts inside the input or the
            padding before it.
        indices: what the forward returned; None finds them again from ``x``.
        out: where to put the result.

    Returns:
        dx: (n, w, c).

    Example:
        >>> max_pool1d_dx([[[5.0], [6.0]]], [[[1.0], [4.0], [3.0], [2.0]]], 2).ravel()
        array([0., 5., 6., 0.], dtype=float32)
    """
    return _core.max_pool_dx(dy, x, 3, pool_size, strides, padding, dilation, ceil_mode, indices, out)


def avg_pool1d(
    x: ArrayLike,
    pool_size: int,
    strides: int | None = None,
    padding: str | int | tuple[int, int] = "valid",
    dilation: int = 1,
    ceil_mode: bool = False,
    count_include_pad: bool = False,
    out: Array | None = None,
) -> Array:
    """The mean of each window.

    Args:
        x: (n, w, c).
        pool_size: int, the window.
        strides: int; None means ``pool_size``.
        padding: "valid", "same" (TensorFlow's rule: the odd cell at the end), an int or (left, right);
            smaller than the window.
        dilation: int, the distance between the cells of a window.
        ceil_mode: whether a last window that leaves the padded input counts, if it starts inside the input or the
            padding before it.
        count_include_pad: whether padding counts, as zeros; Keras leaves it out.
        out: where to put the result; it may be a slice of the channels of a larger array.

    Returns:
        y: (n, ow, c).

    Example:
        >>> avg_pool1d([[[1.0], [4.0], [3.0], [2.0]]], 2).ravel()
        array([2.5, 2.5], dtype=float32)
    """
    return _core.avg_pool(x, 3, pool_size, strides, padding, dilation, ceil_mode, count_include_pad, out)


def avg_pool1d_dx(
    dy: ArrayLike,
    x_shape: tuple[int, ...],
    pool_size: int,
    strides: int | None = None,
    padding: str | int | tuple[int, int] = "valid",
    dilation: int = 1,
    ceil_mode: bool = False,
    count_include_pad: bool = False,
    out: Array | None = None,
) -> Array:
    """The gradient of :func:`avg_pool1d`.

    Args:
        dy: (n, ow, c).
        x_shape: the shape (n, w, c) of the forward's input.
        pool_size: int, the window.
        strides: int; None means ``pool_size``.
        padding: "valid", "same" (TensorFlow's rule: the odd cell at the end), an int or (left, right);
            smaller than the window.
        dilation: int, the distance between the cells of a window.
        ceil_mode: whether a last window that leaves the padded input counts, if it starts inside the input or the
            padding before it.
        count_include_pad: as in the forward.
        out: where to put the result.

    Returns:
        dx: (n, w, c).

    Example:
        >>> avg_pool1d_dx([[[4.0], [2.0]]], (1, 4, 1), 2).ravel()
        array([2., 2., 1., 1.], dtype=float32)
    """
    return _core.avg_pool_dx(dy, x_shape, 3, pool_size, strides, padding, dilation, ceil_mode, count_include_pad, out)
