"""Pooling, global pooling, adaptive pooling, upsampling and resizing, with their gradients. Layout (n, h, w, c)."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn import _core

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_dx",
    "avg_pool1d",
    "avg_pool1d_dx",
    "avg_pool2d",
    "avg_pool2d_dx",
    "global_avg_pool1d",
    "global_avg_pool1d_dx",
    "global_avg_pool2d",
    "global_avg_pool2d_dx",
    "global_max_pool1d",
    "global_max_pool1d_dx",
    "global_max_pool2d",
    "global_max_pool2d_dx",
    "max_pool1d",
    "max_pool1d_dx",
    "max_pool2d",
    "max_pool2d_dx",
    "resize2d",
    "resize2d_dx",
    "upsample2d",
    "upsample2d_dx",
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


def global_avg_pool2d(x: ArrayLike, keepdims: bool = False, out: Array | None = None) -> Array:
    """The mean over all pixels.

    Args:
        x: (n, h, w, c).
        keepdims: keep the pooled axes, of length 1.
        out: where to put the result.

    Returns:
        y: (n, c), or (n, 1, 1, c).

    Example:
        >>> global_avg_pool2d([[[[1.0], [2.0]], [[4.0], [3.0]]]])
        array([[2.5]], dtype=float32)
    """
    return _core.global_avg_pool(x, 4, keepdims, out)


def global_avg_pool2d_dx(dy: ArrayLike, x_shape: tuple[int, ...], out: Array | None = None) -> Array:
    """The gradient of :func:`global_avg_pool2d`.

    Args:
        dy: (n, c) or (n, 1, 1, c).
        x_shape: the shape (n, h, w, c) of the forward's input.
        out: where to put the result.

    Returns:
        dx: (n, h, w, c).

    Example:
        >>> global_avg_pool2d_dx([[4.0]], (1, 1, 2, 1)).ravel()
        array([2., 2.], dtype=float32)
    """
    return _core.global_avg_pool_dx(dy, x_shape, 4, out)


def global_max_pool2d(x: ArrayLike, keepdims: bool = False, out: Array | None = None) -> Array:
    """The maximum over all pixels; NaN counts as the largest.

    Args:
        x: (n, h, w, c).
        keepdims: keep the pooled axes, of length 1.
        out: where to put the result.

    Returns:
        y: (n, c), or (n, 1, 1, c).

    Example:
        >>> global_max_pool2d([[[[1.0], [2.0]], [[4.0], [3.0]]]])
        array([[4.]], dtype=float32)
    """
    return _core.global_max_pool(x, 4, keepdims, out)


def global_max_pool2d_dx(dy: ArrayLike, x: ArrayLike, out: Array | None = None) -> Array:
    """The gradient of :func:`global_max_pool2d`: it goes to the first of equals.

    Args:
        dy: (n, c) or (n, 1, 1, c).
        x: (n, h, w, c), the forward's input.
        out: where to put the result.

    Returns:
        dx: (n, h, w, c).

    Example:
        >>> global_max_pool2d_dx([[5.0]], [[[[1.0], [2.0]], [[4.0], [3.0]]]]).ravel()
        array([0., 0., 5., 0.], dtype=float32)
    """
    return _core.global_max_pool_dx(dy, x, 4, out)


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


def global_avg_pool1d(x: ArrayLike, keepdims: bool = False, out: Array | None = None) -> Array:
    """The mean over all steps.

    Args:
        x: (n, w, c).
        keepdims: keep the pooled axes, of length 1.
        out: where to put the result.

    Returns:
        y: (n, c), or (n, 1, c).

    Example:
        >>> global_avg_pool1d([[[1.0], [4.0], [3.0], [2.0]]])
        array([[2.5]], dtype=float32)
    """
    return _core.global_avg_pool(x, 3, keepdims, out)


def global_avg_pool1d_dx(dy: ArrayLike, x_shape: tuple[int, ...], out: Array | None = None) -> Array:
    """The gradient of :func:`global_avg_pool1d`.

    Args:
        dy: (n, c) or (n, 1, c).
        x_shape: the shape (n, w, c) of the forward's input.
        out: where to put the result.

    Returns:
        dx: (n, w, c).

    Example:
        >>> global_avg_pool1d_dx([[4.0]], (1, 2, 1)).ravel()
        array([2., 2.], dtype=float32)
    """
    return _core.global_avg_pool_dx(dy, x_shape, 3, out)


def global_max_pool1d(x: ArrayLike, keepdims: bool = False, out: Array | None = None) -> Array:
    """The maximum over all steps; NaN counts as the largest.

    Args:
        x: (n, w, c).
        keepdims: keep the pooled axes, of length 1.
        out: where to put the result.

    Returns:
        y: (n, c), or (n, 1, c).

    Example:
        >>> global_max_pool1d([[[1.0], [4.0], [3.0], [2.0]]])
        array([[4.]], dtype=float32)
    """
    return _core.global_max_pool(x, 3, keepdims, out)


def global_max_pool1d_dx(dy: ArrayLike, x: ArrayLike, out: Array | None = None) -> Array:
    """The gradient of :func:`global_max_pool1d`: it goes to the first of equals.

    Args:
        dy: (n, c) or (n, 1, c).
        x: (n, w, c), the forward's input.
        out: where to put the result.

    Returns:
        dx: (n, w, c).

    Example:
        >>> global_max_pool1d_dx([[5.0]], [[[1.0], [4.0], [3.0], [2.0]]]).ravel()
        array([0., 5., 0., 0.], dtype=float32)
    """
    return _core.global_max_pool_dx(dy, x, 3, out)


def adaptive_avg_pool2d(x: ArrayLike, output_size: Pair, out: Array | None = None) -> Array:
    """The mean of each of ``output_size`` bins; bin i covers cells floor(i h / oh) to ceil((i + 1) h / oh) - 1.

    Args:
        x: (n, h, w, c).
        output_size: int or (oh, ow).
        out: where to put the result.

    Returns:
        y: (n, oh, ow, c).

    Example:
        >>> adaptive_avg_pool2d([[[[1.0], [2.0], [6.0]]]], (1, 2)).ravel()
        array([1.5, 4. ], dtype=float32)
    """
    return _core.adaptive_avg_pool2d(x, output_size, out)


def adaptive_avg_pool2d_dx(dy: ArrayLike, x_shape: tuple[int, int, int, int], out: Array | None = None) -> Array:
    """The gradient of :func:`adaptive_avg_pool2d`.

    Args:
        dy: (n, oh, ow, c).
        x_shape: the shape (n, h, w, c) of the forward's input.
        out: where to put the result.

    Returns:
        dx: (n, h, w, c).

    Example:
        >>> adaptive_avg_pool2d_dx([[[[2.0], [4.0]]]], (1, 1, 3, 1)).ravel()
        array([1., 3., 2.], dtype=float32)
    """
    return _core.adaptive_avg_pool2d_dx(dy, x_shape, out)


def resize2d(x: ArrayLike, size: Pair, interpolation: str = "bilinear", out: Array | None = None) -> Array:
    """Images of another size, sampled at y's pixel centres; edges repeat, and shrinking does not smooth first.

    Args:
        x: (n, h, w, c).
        size: int or (oh, ow), the new height and width.
        interpolation: "nearest" or "bilinear".
        out: where to put the result.

    Returns:
        y: (n, oh, ow, c).

    Example:
        >>> resize2d([[[[0.0], [4.0]]]], (1, 4)).ravel()
        array([0., 1., 3., 4.], dtype=float32)
    """
    return _core.resize2d(x, size, interpolation, out)


def resize2d_dx(
    dy: ArrayLike, x_shape: tuple[int, int, int, int], interpolation: str = "bilinear", out: Array | None = None
) -> Array:
    """The gradient of :func:`resize2d`.

    Args:
        dy: (n, oh, ow, c).
        x_shape: the shape (n, h, w, c) of the forward's input.
        interpolation: as in the forward.
        out: where to put the result.

    Returns:
        dx: (n, h, w, c).

    Example:
        >>> resize2d_dx([[[[1.0], [1.0], [1.0], [4.0]]]], (1, 1, 2, 1)).ravel()
        array([2., 5.], dtype=float32)
    """
    return _core.resize2d_dx(dy, x_shape, interpolation, out)


def upsample2d(x: ArrayLike, size: Pair = (2, 2), interpolation: str = "nearest", out: Array | None = None) -> Array:
    """Images enlarged by whole factors, as Keras' UpSampling2D.

    Args:
        x: (n, h, w, c).
        size: int or (h, w), the factors.
        interpolation: "nearest" repeats each pixel; "bilinear" as in :func:`resize2d`.
        out: where to put the result.

    Returns:
        y: (n, h * size[0], w * size[1], c).

    Example:
        >>> upsample2d([[[[1.0], [2.0]]]], (1, 2)).ravel()
        array([1., 1., 2., 2.], dtype=float32)
    """
    return _core.upsample2d(x, size, interpolation, out)


def upsample2d_dx(
    dy: ArrayLike, size: Pair = (2, 2), interpolation: str = "nearest", out: Array | None = None
) -> Array:
    """The gradient of :func:`upsample2d`.

    Args:
        dy: (n, h * size[0], w * size[1], c).
        size: as in the forward.
        interpolation: as in the forward.
        out: where to put the result.

    Returns:
        dx: (n, h, w, c).

    Example:
        >>> upsample2d_dx([[[[1.0], [2.0], [3.0], [4.0]]]], (1, 2)).ravel()
        array([3., 7.], dtype=float32)
    """
    return _core.upsample2d_dx(dy, size, interpolation, out)
