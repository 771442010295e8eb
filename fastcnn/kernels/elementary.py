"""Functions of one number: signs, roots, rounding, exponentials and logarithms."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn import _core

__all__ = [
    "abs",
    "ceil",
    "exp",
    "expm1",
    "floor",
    "log",
    "log1p",
    "negative",
    "reciprocal",
    "round",
    "rsqrt",
    "sign",
    "sqrt",
    "square",
]

Array = np.ndarray[Any, np.dtype[np.float32]]


def negative(x: ArrayLike, out: Array | None = None) -> Array:
    """Returns -x.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> negative([1.0, -2.0])
        array([-1.,  2.], dtype=float32)
    """
    return _core.unary(0, x, out)


def abs(x: ArrayLike, out: Array | None = None) -> Array:
    """Returns the absolute values.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> abs([1.0, -2.0])
        array([1., 2.], dtype=float32)
    """
    return _core.unary(1, x, out)


def square(x: ArrayLike, out: Array | None = None) -> Array:
    """Returns x * x.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> square([1.0, -2.0])
        array([1., 4.], dtype=float32)
    """
    return _core.unary(2, x, out)


def sqrt(x: ArrayLike, out: Array | None = None) -> Array:
    """Returns the square roots; NaN below 0.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> sqrt([1.0, 4.0])
        array([1., 2.], dtype=float32)
    """
    return _core.unary(3, x, out)


def rsqrt(x: ArrayLike, out: Array | None = None) -> Array:
    """Returns 1 / sqrt(x).

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> rsqrt([1.0, 4.0])
        array([1. , 0.5], dtype=float32)
    """
    return _core.unary(4, x, out)


def reciprocal(x: ArrayLike, out: Array | None = None) -> Array:
    """Returns 1 / x.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> reciprocal([1.0, 4.0])
        array([1.  , 0.25], dtype=float32)
    """
    return _core.unary(5, x, out)


def sign(x: ArrayLike, out: Array | None = None) -> Array:
    """Returns -1, 0 or 1; NaN stays NaN.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> sign([3.0, -2.0])
        array([ 1., -1.], dtype=float32)
    """
    return _core.unary(6, x, out)


def floor(x: ArrayLike, out: Array | None = None) -> Array:
    """Returns the largest integers that are not above x.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> floor([1.5, -1.5])
        array([ 1., -2.], dtype=float32)
    """
    return _core.unary(7, x, out)


def ceil(x: ArrayLike, out: Array | None = None) -> Array:
    """Returns the smallest integers that are not below x.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> ceil([1.5, -1.5])
        array([ 2., -1.], dtype=float32)
    """
    return _core.unary(8, x, out)


def round(x: ArrayLike, out: Array | None = None) -> Array:
    """Returns the nearest integers, halves to the even one.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> round([1.5, 2.5])
        array([2., 2.], dtype=float32)
    """
    return _core.unary(9, x, out)


def exp(x: ArrayLike, out: Array | None = None) -> Array:
    """``e ** x``.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> exp([0.0, 1.0])
        array([1.       , 2.7182817], dtype=float32)
    """
    return _core.activate(x, "exp", 0.0, out)


def expm1(x: ArrayLike, out: Array | None = None) -> Array:
    """``e ** x - 1``, exact near 0.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> expm1([0.0, 1e-8])
        array([0.e+00, 1.e-08], dtype=float32)
    """
    return _core.elementary(x, "expm1", out)


def log(x: ArrayLike, out: Array | None = None) -> Array:
    """The natural logarithm: -infinity of 0, NaN below.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> log([1.0, 2.0])
        array([0.       , 0.6931472], dtype=float32)
    """
    return _core.elementary(x, "log", out)


def log1p(x: ArrayLike, out: Array | None = None) -> Array:
    """``log(1 + x)``, exact near 0.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> log1p([0.0, 1e-8])
        array([0.e+00, 1.e-08], dtype=float32)
    """
    return _core.elementary(x, "log1p", out)
