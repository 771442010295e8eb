"""Gradients clipped by value, by norm, and by the norm of all together."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn import _core

__all__ = [
    "clip_by_global_norm",
    "clip_by_norm",
    "clip_by_value",
    "clip_factor",
    "global_norm",
    "l2_norm",
]

Array = np.ndarray[Any, np.dtype[np.float32]]


def clip_by_value(x: ArrayLike, low: float, high: float, out: Array | None = None) -> Array:
    """``min(max(x, low), high)``; NaN stays NaN.

    Args:
        x: any array-like.
        low: the least value.
        high: the greatest value.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> clip_by_value([-3.0, 0.5], -1.0, 1.0)
        array([-1. ,  0.5], dtype=float32)
    """
    return _core.clip_by_value(x, low, high, out)


def l2_norm(x: ArrayLike) -> float:
    """The square root of the sum of squares, summed in double precision.

    Args:
        x: any array-like.

    Returns:
        The norm.

    Example:
        >>> l2_norm([3.0, 4.0])
        5.0
    """
    return _core.l2_norm(x)


def global_norm(arrays: Sequence[ArrayLike]) -> float:
    """The norm of all arrays together, as if they were one.

    Args:
        arrays: a list or a tuple.

    Returns:
        The norm.

    Example:
        >>> global_norm([[3.0], [[0.0, 4.0]]])
        5.0
    """
    return _core.global_norm(arrays)


def clip_factor(norm: float, clipnorm: float) -> float:
    """``clipnorm / max(norm, clipnorm)``: the ``scale`` that shrinks a gradient of this norm to ``clipnorm``.

    Args:
        norm: at least 0. One that is not finite gives NaN, so that it shows.
        clipnorm: the greatest norm that passes.

    Returns:
        At most 1.

    Example:
        >>> clip_factor(4.0, 1.0)
        0.25
    """
    return _core.clip_factor(norm, clipnorm)


def clip_by_norm(x: ArrayLike, clipnorm: float, out: Array | None = None) -> Array:
    """``x``, shrunk to the norm ``clipnorm`` where its own is greater.

    Args:
        x: any array-like.
        clipnorm: the greatest norm that passes.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> clip_by_norm([3.0, 4.0], 2.5)
        array([1.5, 2. ], dtype=float32)
    """
    return _core.clip_by_norm(x, clipnorm, out)


def clip_by_global_norm(arrays: Sequence[ArrayLike], clipnorm: float) -> tuple[list[Array], float]:
    """The arrays, all shrunk by one factor where their common norm is above ``clipnorm``.

    An update's ``scale`` does the same without a pass of its own.

    Args:
        arrays: a list or a tuple.
        clipnorm: the greatest norm that passes.

    Returns:
        The float32 arrays, and the norm that they had.

    Example:
        >>> clip_by_global_norm([[3.0], [4.0]], 2.5)
        ([array([1.5], dtype=float32), array([2.], dtype=float32)], 5.0)
    """
    if not isinstance(arrays, (list, tuple)):
        raise TypeError(f"arrays must be a list or a tuple of arrays, got {type(arrays).__name__}")
    arrays = [_core.floats(x, "arrays") for x in arrays]
    norm = global_norm(arrays)
    factor = np.float32(clip_factor(norm, clipnorm))
    return [np.multiply(x, factor, dtype=np.float32) for x in arrays], norm
