"""Convolution in two and one dimensions, its gradients, and the transposed convolution."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn import _core

__all__ = [
    "conv1d",
    "conv2d",
    "conv2d_algorithm",
    "conv2d_db",
    "conv2d_dw",
    "conv2d_dx",
    "conv2d_output_shape",
    "conv2d_transpose",
]

Array = np.ndarray[Any, np.dtype[np.float32]]
Pair = int | tuple[int, int]
Padding = str | int | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]]
Shape = tuple[int, int, int, int]
Prologue = tuple[ArrayLike, str | None]


def conv2d(
    x: ArrayLike,
    w: ArrayLike,
    bias: ArrayLike | None = None,
    strides: Pair = (1, 1),
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
    groups: int = 1,
    activation: str | None = None,
    out: Array | None = None,
    *,
    residual: ArrayLike | None = None,
    alpha: float = 0.01,
    algorithm: str = "auto",
    precision: str = "high",
    padding_mode: str = "constant",
    padding_value: float = 0.0,
    prologue: Prologue | None = None,
) -> Array:
    """Cross-correlates images with filters: ``activation(conv(x, w) + bias + residual)``.

    Args:
        x: images ``(n, h, w, c)``.
        w: filters ``(kh, kw, c / groups, k)``.
        bias: ``(k,)`` or None.
        strides: one step or ``(h, w)``.
        padding: ``"valid"``, ``"same"`` (TensorFlow's rule: the odd cell comes last), an int, ``(h, w)`` or
            ``((top, bottom), (left, right))``.
        dilation: one spacing of the filter's taps or ``(h, w)``.
        groups: channels are cut into this many independent convolutions.
        activation: a name such as ``"relu"``, or None.
        out: where to put the result; it may be a slice of the channels of a larger array where there is no residual.
        residual: added before the activation; the result's shape. May be ``out``.
        alpha: the slope or scale of ``"leaky_relu"`` and ``"elu"``.
        algorithm: ``"auto"`` chooses by the shape of the layer; ``"direct"`` or ``"winograd"`` force one.
        precision: ``"strict"`` never uses Winograd.
        padding_mode: what surrounds x: ``"constant"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.
        padding_value: the constant.
        prologue: ``(affine, activation)``: not x is convolved but ``batch_norm_apply(x, affine, activation)``, which
            is never stored; or None. Needs padding with zeros.

    Returns:
        float32 ``(n, oh, ow, k)``.

    Example:
        >>> import numpy as np
        >>> x = np.ones((1, 4, 4, 1), np.float32)
        >>> conv2d(x, np.ones((3, 3, 1, 1)), padding="same")[0, :, :, 0]
        array([[4., 6., 6., 4.],
               [6., 9., 9., 6.],
               [6., 9., 9., 6.],
               [4., 6., 6., 4.]], dtype=float32)
    """
    return _core.conv2d(
        x, w, bias, strides, padding, dilation, groups, activation, alpha, residual, algorithm, precision,
        padding_mode, padding_value, out, prologue,
    )  # fmt: skip


def conv2d_dx(
    dy: ArrayLike,
    w: ArrayLike,
    x_shape: Shape,
    strides: Pair = (1, 1),
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
    groups: int = 1,
    out: Array | None = None,
    *,
    algorithm: str = "auto",
    precision: str = "high",
    padding_mode: str = "constant",
    residual: ArrayLike | None = None,
    gate: ArrayLike | None = None,
) -> Array:
    """The gradient of ``conv2d`` with respect to its images.

    Args:
        dy: the gradient with respect to the result, ``(n, oh, ow, k)``.
        w: filters ``(kh, kw, c / groups, k)``.
        x_shape: ``(n, h, w, c)``.
        strides, padding, dilation, groups, algorithm, precision, padding_mode: as in ``conv2d``.
        out: where to put the result.
        residual: ``x_shape``, added: another gradient of the same images; or None. Needs padding with zeros.
        gate: ``x_shape``: where it is not above 0, the result is 0, so that the images' ReLU is gone through as well;
            or None. Needs padding with zeros.

    Returns:
        float32 ``x_shape``.

    Example:
        >>> import numpy as np
        >>> conv2d_dx(np.ones((1, 2, 2, 1)), np.ones((2, 2, 1, 1)), (1, 3, 3, 1))[0, :, :, 0]
        array([[1., 2., 1.],
               [2., 4., 2.],
               [1., 2., 1.]], dtype=float32)
    """
    return _core.conv2d_dx(
        dy, w, x_shape, strides, padding, dilation, groups, None, None, 0.0, algorithm, precision, padding_mode, out,
        residual, gate,
    )  # fmt: skip


def conv2d_dw(
    x: ArrayLike,
    dy: ArrayLike,
    w_shape: Shape,
    strides: Pair = (1, 1),
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
    groups: int = 1,
    out: Array | None = None,
    *,
    algorithm: str = "auto",
    precision: str = "high",
    padding_mode: str = "constant",
    padding_value: float = 0.0,
    prologue: Prologue | None = None,
    return_db: bool = False,
) -> Any:
    """The gradient of ``conv2d`` with respect to its filters.

    Args:
        x: images ``(n, h, w, c)``.
        dy: the gradient with respect to the result, ``(n, oh, ow, k)``.
        w_shape: ``(kh, kw, c / groups, k)``.
        strides, padding, dilation, groups, algorithm, precision, padding_mode, padding_value, prologue: as in
            ``conv2d``.
        out: where to put the result.
        return_db: whether to return the bias's gradient as well, which is found on the way.

    Returns:
        float32 ``w_shape``; or ``(dw, db)``, db ``(k,)``.

    Example:
        >>> import numpy as np
        >>> conv2d_dw(np.ones((1, 3, 3, 1)), np.ones((1, 2, 2, 1)), (2, 2, 1, 1))[:, :, 0, 0]
        array([[4., 4.],
               [4., 4.]], dtype=float32)
    """
    return _core.conv2d_dw(
        x, dy, w_shape, strides, padding, dilation, groups, algorithm, precision, padding_mode, padding_value, out,
        prologue, return_db,
    )  # fmt: skip


def conv2d_db(dy: ArrayLike, out: Array | None = None) -> Array:
    """The gradient of ``conv2d`` or a dense layer with respect to its bias: ``dy`` summed over all but the last axis.

    Args:
        dy: the gradient with respect to the result, ``(..., k)``.
        out: where to put the result.

    Returns:
        float32 ``(k,)``.

    Example:
        >>> import numpy as np
        >>> conv2d_db(np.ones((2, 3, 3, 2)))
        array([18., 18.], dtype=float32)
    """
    return _core.conv2d_db(dy, out)


def conv2d_transpose(
    x: ArrayLike,
    w: ArrayLike,
    bias: ArrayLike | None = None,
    strides: Pair = (1, 1),
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
    groups: int = 1,
    activation: str | None = None,
    out: Array | None = None,
    *,
    output_size: tuple[int, int] | None = None,
    alpha: float = 0.01,
) -> Array:
    """The transposed convolution: what ``conv2d``'s input gradient computes, as an operation of its own.

    Args:
        x: images ``(n, h, w, k)``.
        w: filters ``(kh, kw, c / groups, k)``, Keras's order: ``c`` channels come out.
        bias: ``(c,)`` or None.
        strides, padding, dilation, groups: those of the convolution that this one transposes.
        activation: a name such as ``"relu"``, or None.
        out: where to put the result.
        output_size: ``(h, w)`` of the result. A strided convolution maps several sizes to one; by default the result
            is Keras's: ``size * stride`` for ``"same"``, the smallest otherwise, but at least ``size * stride``
            for ``"valid"``.
        alpha: the slope or scale of ``"leaky_relu"`` and ``"elu"``.

    Returns:
        float32 ``(n, oh, ow, c)``.

    Example:
        >>> import numpy as np
        >>> conv2d_transpose(np.ones((1, 2, 2, 1)), np.ones((2, 2, 1, 1)), strides=2).shape
        (1, 4, 4, 1)
    """
    x, w = _core.floats(x, "x"), _core.floats(w, "w")
    if x.ndim != 4 or w.ndim != 4:
        raise ValueError(f"x and w must have 4 dimensions, got shapes {x.shape} and {w.shape}")
    groups = _core.integer(groups, "groups")
    if output_size is None:
        steps, spread = _core.pair(strides, "strides"), _core.pair(dilation, "dilation")
        sizes = (_transposed_size(x.shape[1 + i], w.shape[i], steps[i], spread[i], padding, i) for i in range(2))
        output_size = next(sizes), next(sizes)
    else:
        output_size = _core.pair(output_size, "output_size")
    if min(output_size) < 0 or groups < 1:
        raise ValueError(
            f"groups must be at least 1 and the result's size not negative, got groups {groups} and, "
            f"from output_size or padding, {output_size}"
        )
    shape = (x.shape[0], *output_size, w.shape[2] * groups)
    return _core.conv2d_dx(
        x, w, shape, strides, padding, dilation, groups, bias, activation, alpha, "auto", "high", "constant", out,
        None, None,
    )  # fmt: skip


def _transposed_size(size: int, kernel: int, stride: int, dilation: int, padding: Padding, axis: int) -> int:
    reach = (kernel - 1) * dilation + 1
    sides = _core.padding(padding)
    if isinstance(padding, str):
        return size * stride if sides is None else size * stride + max(reach - stride, 0)
    before, after = sides[axis]
    return (size - 1) * stride + reach - before - after


def conv2d_output_shape(
    x_shape: Shape,
    w_shape: Shape,
    strides: Pair = (1, 1),
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Shape:
    """The shape of ``conv2d``'s result, without computing it.

    Args:
        x_shape: ``(n, h, w, c)``.
        w_shape: ``(kh, kw, c / groups, k)``.
        strides, padding, dilation, groups: as in ``conv2d``.

    Returns:
        ``(n, oh, ow, k)``.

    Example:
        >>> conv2d_output_shape((8, 224, 224, 3), (7, 7, 3, 64), strides=2, padding="same")
        (8, 112, 112, 64)
    """
    return _core.conv2d_output_shape(x_shape, w_shape, strides, padding, dilation, groups)


def conv2d_algorithm(
    x_shape: Shape,
    w_shape: Shape,
    strides: Pair = (1, 1),
    padding: Padding = "valid",
    dilation: Pair = (1, 1),
    groups: int = 1,
    precision: str = "high",
    of: str = "forward",
) -> str:
    """Which algorithm ``"auto"`` stands for: a function of the layer's shape and the precision alone.

    Args:
        x_shape: ``(n, h, w, c)``.
        w_shape: ``(kh, kw, c / groups, k)``.
        strides, padding, dilation, groups, precision: as in ``conv2d``.
        of: ``"forward"``, ``"dx"`` or ``"dw"``.

    Returns:
        ``"direct"`` or ``"winograd"``.

    Example:
        >>> conv2d_algorithm((8, 56, 56, 64), (3, 3, 64, 64), padding="same")
        'winograd'
    """
    return _core.conv2d_algorithm(x_shape, w_shape, strides, padding, dilation, groups, precision, of)


def conv1d(
    x: ArrayLike,
    w: ArrayLike,
    bias: ArrayLike | None = None,
    strides: int = 1,
    padding: str | int | tuple[int, int] = "valid",
    dilation: int = 1,
    groups: int = 1,
    activation: str | None = None,
    *,
    alpha: float = 0.01,
) -> Array:
    """Convolution along one axis, by the kernels of ``conv2d``.

    Args:
        x: sequences ``(n, length, c)``.
        w: filters ``(kernel, c / groups, k)``.
        bias: ``(k,)`` or None.
        strides, dilation: ints.
        padding: ``"valid"``, ``"same"``, ``"causal"`` (nothing sees its future), an int or ``(before, after)``.
        groups, activation, alpha: as in ``conv2d``.

    Returns:
        float32 ``(n, out_length, k)``.

    Example:
        >>> import numpy as np
        >>> conv1d(np.arange(4.0).reshape(1, 4, 1), np.ones((2, 1, 1)))[0, :, 0]
        array([1., 3., 5.], dtype=float32)
    """
    x, w = _core.floats(x, "x"), _core.floats(w, "w")
    if x.ndim != 3 or w.ndim != 3:
        raise ValueError(f"x must be (n, length, c) and w (kernel, c / groups, k), got shapes {x.shape} and {w.shape}")
    flat: Padding
    if padding == "causal":
        flat = ((0, 0), ((w.shape[0] - 1) * dilation, 0))
    elif isinstance(padding, str):
        flat = padding
    else:
        flat = ((0, 0), (padding, padding) if isinstance(padding, int) else padding)
    y = conv2d(x[:, None], w[None], bias, (1, strides), flat, (1, dilation), groups, activation, alpha=alpha)
    return y[:, 0]
