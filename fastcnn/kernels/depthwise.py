"""Depthwise convolution, its gradients, and separable convolution, which ends in a pointwise one."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn import _core

__all__ = [
    "depthwise_conv1d",
    "depthwise_conv1d_dw",
    "depthwise_conv1d_dx",
    "depthwise_conv2d",
    "depthwise_conv2d_db",
    "depthwise_conv2d_dw",
    "depthwise_conv2d_dx",
    "separable_conv2d",
]

Array = np.ndarray[Any, np.dtype[np.float32]]
Pair = int | tuple[int, int]
Padding = str | int | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]]


def depthwise_conv2d(
    x: ArrayLike,
    w: ArrayLike,
    bias: ArrayLike | None = None,
    strides: Pair = (1, 1),
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
    activation: str | None = None,
    out: Array | None = None,
) -> Array:
    """Convolves every input channel with ``m`` filters of its own.

    Args:
        x: (n, h, w, c).
        w: (kh, kw, c, m); ``m`` is the depth multiplier.
        bias: (c * m,), or None.
        strides: an int, or (h, w).
        padding: "valid", "same" (ceil(size / stride) outputs, the odd cell at the end), an int, (h, w) or
            ((top, bottom), (left, right)).
        dilation: an int, or (h, w).
        activation: the name of an activation, or None.
        out: where to put the result.

    Returns:
        (n, oh, ow, c * m); channel ``ch * m + j`` is input channel ``ch`` under filter ``j``.

    Example:
        >>> x = np.arange(9.0).reshape(1, 3, 3, 1)
        >>> depthwise_conv2d(x, np.ones((3, 3, 1, 2)), bias=[0, 1])
        array([[[[36., 37.]]]], dtype=float32)
    """
    return _core.depthwise_conv2d(x, w, bias, strides, padding, dilation, activation, out)


def depthwise_conv2d_dx(
    dy: ArrayLike,
    w: ArrayLike,
    x_shape: tuple[int, ...],
    strides: Pair = (1, 1),
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
    out: Array | None = None,
) -> Array:
    """Gradient of ``depthwise_conv2d`` with respect to ``x``.

    Args:
        dy: (n, oh, ow, c * m), the gradient of the result before its activation.
        w: (kh, kw, c, m).
        x_shape: (n, h, w, c); strides, padding and dilation as in the convolution.
        strides: an int, or (h, w).
        padding: as in ``depthwise_conv2d``.
        dilation: an int, or (h, w).
        out: where to put the result.

    Returns:
        (n, h, w, c).

    Example:
        >>> depthwise_conv2d_dx(np.ones((1, 1, 1, 2)), [[[[1, 2]], [[3, 4]]]], (1, 1, 2, 1)).ravel()
        array([3., 7.], dtype=float32)
    """
    return _core.depthwise_conv2d_dx(dy, w, x_shape, strides, padding, dilation, out)


def depthwise_conv2d_dw(
    x: ArrayLike,
    dy: ArrayLike,
    w_shape: tuple[int, ...],
    strides: Pair = (1, 1),
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
    out: Array | None = None,
) -> Array:
    """Gradient of ``depthwise_conv2d`` with respect to ``w``.

    Args:
        x: (n, h, w, c).
        dy: (n, oh, ow, c * m), the gradient of the result before its activation.
        w_shape: (kh, kw, c, m); strides, padding and dilation as in the convolution.
        strides: an int, or (h, w).
        padding: as in ``depthwise_conv2d``.
        dilation: an int, or (h, w).
        out: where to put the result.

    Returns:
        (kh, kw, c, m).

    Example:
        >>> x = np.arange(4.0).reshape(1, 2, 2, 1)
        >>> depthwise_conv2d_dw(x, np.ones((1, 1, 1, 1)), (2, 2, 1, 1)).ravel()
        array([0., 1., 2., 3.], dtype=float32)
    """
    return _core.depthwise_conv2d_dw(x, dy, w_shape, strides, padding, dilation, out)


def depthwise_conv2d_db(dy: ArrayLike, out: Array | None = None) -> Array:
    """Gradient with respect to the bias, in one dimension or two: the sums over everything but the channels.

    Args:
        dy: (..., c).
        out: where to put the result.

    Returns:
        (c,).

    Example:
        >>> depthwise_conv2d_db([[[1.0, 2.0], [3.0, 4.0]]])
        array([4., 6.], dtype=float32)
    """
    return _core.depthwise_conv_db(dy, out)


def depthwise_conv1d(
    x: ArrayLike,
    w: ArrayLike,
    bias: ArrayLike | None = None,
    strides: int = 1,
    padding: str | int | tuple[int, int] = "valid",
    dilation: int = 1,
    activation: str | None = None,
    out: Array | None = None,
) -> Array:
    """``depthwise_conv2d`` along one axis.

    Args:
        x: (n, length, c).
        w: (kernel, c, m).
        bias: (c * m,), or None.
        strides: an int.
        padding: "valid", "same", an int or (left, right).
        dilation: an int.
        activation: the name of an activation, or None.
        out: where to put the result.

    Returns:
        (n, out length, c * m).

    Example:
        >>> depthwise_conv1d(np.arange(4.0).reshape(1, 4, 1), np.ones((2, 1, 1))).ravel()
        array([1., 3., 5.], dtype=float32)
    """
    return _core.depthwise_conv1d(x, w, bias, strides, padding, dilation, activation, out)


def depthwise_conv1d_dx(
    dy: ArrayLike,
    w: ArrayLike,
    x_shape: tuple[int, ...],
    strides: int = 1,
    padding: str | int | tuple[int, int] = "valid",
    dilation: int = 1,
    out: Array | None = None,
) -> Array:
    """Gradient of ``depthwise_conv1d`` with respect to ``x``.

    Args:
        dy: (n, out length, c * m).
        w: (kernel, c, m).
        x_shape: (n, length, c); strides, padding and dilation as in the convolution.
        strides: an int.
        padding: "valid", "same", an int or (left, right).
        dilation: an int.
        out: where to put the result.

    Returns:
        (n, length, c).

    Example:
        >>> depthwise_conv1d_dx([[[1.0], [1.0]]], [[[1.0]], [[2.0]]], (1, 3, 1)).ravel()
        array([1., 3., 2.], dtype=float32)
    """
    return _core.depthwise_conv1d_dx(dy, w, x_shape, strides, padding, dilation, out)


def depthwise_conv1d_dw(
    x: ArrayLike,
    dy: ArrayLike,
    w_shape: tuple[int, ...],
    strides: int = 1,
    padding: str | int | tuple[int, int] = "valid",
    dilation: int = 1,
    out: Array | None = None,
) -> Array:
    """Gradient of ``depthwise_conv1d`` with respect to ``w``.

    Args:
        x: (n, length, c).
        dy: (n, out length, c * m).
        w_shape: (kernel, c, m); strides, padding and dilation as in the convolution.
        strides: an int.
        padding: "valid", "same", an int or (left, right).
        dilation: an int.
        out: where to put the result.

    Returns:
        (kernel, c, m).

    Example:
        >>> depthwise_conv1d_dw([[[1.0], [2.0], [3.0]]], [[[1.0], [1.0]]], (2, 1, 1)).ravel()
        array([3., 5.], dtype=float32)
    """
    return _core.depthwise_conv1d_dw(x, dy, w_shape, strides, padding, dilation, out)


def separable_conv2d(
    x: ArrayLike,
    depthwise_kernel: ArrayLike,
    pointwise_kernel: ArrayLike,
    bias: ArrayLike | None = None,
    strides: Pair = (1, 1),
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
    activation: str | None = None,
    out: Array | None = None,
) -> Array:
    """A depthwise convolution, then a 1x1 convolution that mixes its channels.

    Args:
        x: (n, h, w, c).
        depthwise_kernel: (kh, kw, c, m).
        pointwise_kernel: (1, 1, c * m, k).
        bias: (k,), or None; added to the result of the 1x1 convolution.
        strides: of the depthwise convolution, as its padding and dilation.
        padding: as in ``depthwise_conv2d``.
        dilation: an int, or (h, w).
        activation: the name of an activation, or None; applied last.
        out: where to put the result.

    Returns:
        (n, oh, ow, k).

    Example:
        >>> x = np.ones((1, 2, 2, 3))
        >>> separable_conv2d(x, np.ones((2, 2, 3, 1)), np.ones((1, 1, 3, 1)))
        array([[[[12.]]]], dtype=float32)
    """
    pointwise_kernel = _core.floats(pointwise_kernel, "pointwise_kernel")
    depthwise_kernel = _core.floats(depthwise_kernel, "depthwise_kernel")
    shape = pointwise_kernel.shape
    if len(shape) != 4 or shape[:2] != (1, 1):
        raise ValueError(f"pointwise_kernel must have shape (1, 1, c * m, k), got {shape}")
    from .conv import conv2d

    middle = depthwise_conv2d(x, depthwise_kernel, None, strides, padding, dilation)
    return conv2d(middle, pointwise_kernel, bias, activation=activation, out=out)
