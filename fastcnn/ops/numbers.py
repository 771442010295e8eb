"""What NumPy programs reach for next, made of other operations: logarithms to other bases, averages, rolls."""

import math
from typing import Any

import numpy as np

from . import arithmetic, comparison, conversion, elementary, joining, reductions, shaping
from .indexing import getitem
from .operands import as_tensor, floating, normalized_axes

__all__ = [
    "amax",
    "amin",
    "array",
    "average",
    "hstack",
    "isclose",
    "isinf",
    "log2",
    "log10",
    "log_sigmoid",
    "logaddexp",
    "logical_xor",
    "nan_to_num",
    "ndim",
    "outer",
    "roll",
    "size",
    "vstack",
]

amax, amin = reductions.max, reductions.min


def log2(x: Any) -> Any:
    """The logarithm of ``x`` to base 2.

    Example:
        >>> log2([1.0, 8.0]).numpy().round(4)
        array([0., 3.], dtype=float32)
    """
    return arithmetic.multiply(elementary.log(x), 1.0 / math.log(2.0))


def log10(x: Any) -> Any:
    """The logarithm of ``x`` to base 10.

    Example:
        >>> log10([1.0, 100.0]).numpy().round(4)
        array([0., 2.], dtype=float32)
    """
    return arithmetic.multiply(elementary.log(x), 1.0 / math.log(10.0))


def log_sigmoid(x: Any) -> Any:
    """``log(sigmoid(x))``, without its underflow.

    Example:
        >>> log_sigmoid([0.0, -200.0]).numpy().round(4)
        array([  -0.6931, -200.    ], dtype=float32)
    """
    from .activations import softplus

    return elementary.negative(softplus(elementary.negative(floating(x))))


def logaddexp(x1: Any, x2: Any) -> Any:
    """``log(exp(x1) + exp(x2))``, without overflow.

    Example:
        >>> logaddexp([0.0, 200.0], [0.0, 0.0]).numpy().round(4)
        array([  0.6931, 200.    ], dtype=float32)
    """
    x1, x2 = floating(x1), floating(x2)
    apart = elementary.abs(arithmetic.subtract(x1, x2))
    apart = comparison.where(comparison.equal(x1, x2), 0.0, apart)  # two infinities: their difference is no number
    return arithmetic.add(arithmetic.maximum(x1, x2), elementary.log1p(elementary.exp(elementary.negative(apart))))


def isinf(x: Any) -> Any:
    """Where ``x`` is infinite.

    Example:
        >>> isinf([1.0, -float("inf")]).numpy()
        array([False,  True])
    """
    return comparison.equal(elementary.abs(x), math.inf)


def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether elements differ by no more than ``atol + rtol * |x2|``.

    Args:
        x1, x2: any tensors that broadcast.
        rtol: the relative part.
        atol: the absolute part.
        equal_nan: whether NaN is close to NaN.

    Example:
        >>> isclose([1.0, 2.0], [1.0, 2.1]).numpy()
        array([ True, False])
    """
    x1, x2 = floating(x1), floating(x2)
    bound = arithmetic.add(atol, arithmetic.multiply(elementary.abs(x2), rtol))
    near = comparison.less_equal(elementary.abs(arithmetic.subtract(x1, x2)), bound)
    near = comparison.logical_or(comparison.logical_and(near, comparison.isfinite(x2)), comparison.equal(x1, x2))
    if equal_nan:
        near = comparison.logical_or(near, comparison.logical_and(comparison.isnan(x1), comparison.isnan(x2)))
    return near


def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    """Numbers in the place of NaN and of infinities.

    Args:
        x: any tensor.
        nan: in the place of NaN.
        posinf: in the place of infinity; the largest float32 unless given.
        neginf: in the place of minus infinity; the smallest float32 unless given.

    Example:
        >>> nan_to_num([1.0, float("nan"), float("inf")], posinf=9.0).numpy()
        array([1., 0., 9.], dtype=float32)
    """
    x = as_tensor(x)
    if "float" not in x.dtype:
        return x
    largest = float(np.finfo(x.dtype).max)
    x = comparison.where(comparison.isnan(x), float(nan), x)
    x = comparison.where(comparison.equal(x, math.inf), largest if posinf is None else float(posinf), x)
    return comparison.where(comparison.equal(x, -math.inf), -largest if neginf is None else float(neginf), x)


def logical_xor(x1: Any, x2: Any) -> Any:
    """Whether one of ``x1`` and ``x2`` is true, but not the other.

    Example:
        >>> logical_xor([True, True], [True, False]).numpy()
        array([False,  True])
    """
    return comparison.not_equal(conversion.cast(x1, "bool"), conversion.cast(x2, "bool"))


def average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    """The mean over some axes, with weights.

    Args:
        x: any tensor.
        axis: one axis, several, or None for all.
        weights: of the shape of x, or a vector along the axis; all the same unless given.

    Example:
        >>> float(average([1.0, 4.0], weights=[3.0, 1.0]))
        1.75
    """
    x = as_tensor(x)
    if weights is None:
        return reductions.mean(x, axis)
    weights = as_tensor(weights)
    if len(weights.shape) == 1 and len(x.shape) > 1 and axis is not None:
        place = normalized_axes(axis, len(x.shape))[0]
        along = shaping.reshape(weights, (-1,) + (1,) * (len(x.shape) - 1 - place))
        return arithmetic.divide(reductions.sum(arithmetic.multiply(x, along), axis), reductions.sum(weights))
    return arithmetic.divide(reductions.sum(arithmetic.multiply(x, weights), axis), reductions.sum(weights, axis))


def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    """Elements moved along an axis; those beyond its end come in at its beginning.

    Args:
        x: any tensor.
        shift: by how many places, one number or one for each axis.
        axis: one axis or several; None: along all elements in order.

    Example:
        >>> roll([1.0, 2.0, 3.0], 1).numpy()
        array([3., 1., 2.], dtype=float32)
    """
    x = as_tensor(x)
    if axis is None:
        return shaping.reshape(roll(shaping.ravel(x), shift, 0), x.shape)
    axes = list(axis) if isinstance(axis, (tuple, list)) else [axis]
    shifts = list(shift) if isinstance(shift, (tuple, list)) else [shift] * len(axes)
    for a, by in zip(axes, shifts, strict=True):
        place = normalized_axes(a, len(x.shape))[0]
        before: tuple[Any, ...] = (slice(None),) * place
        cut = -int(by) % max(1, int(x.shape[place]))
        if cut:
            x = joining.concatenate([getitem(x, (*before, slice(cut, None))), getitem(x, (*before, slice(cut)))], place)
    return x


def hstack(xs: Any) -> Any:
    """The tensors ``xs`` joined along the second axis, vectors along their only one.

    Example:
        >>> hstack([[1.0], [2.0, 3.0]]).numpy()
        array([1., 2., 3.], dtype=float32)
    """
    xs = [as_tensor(x) for x in xs]
    return joining.concatenate(xs, 0 if len(xs[0].shape) == 1 else 1)


def vstack(xs: Any) -> Any:
    """The tensors ``xs`` joined along the first axis, vectors as rows.

    Example:
        >>> vstack([[1.0, 2.0], [3.0, 4.0]]).shape
        (2, 2)
    """
    xs = [as_tensor(x) for x in xs]
    return joining.concatenate([shaping.reshape(x, (1, -1)) if len(x.shape) == 1 else x for x in xs], 0)


def outer(x1: Any, x2: Any) -> Any:
    """The products of all elements of ``x1`` with all of ``x2``.

    Example:
        >>> outer([1.0, 2.0], [3.0, 4.0]).numpy()
        array([[3., 4.],
               [6., 8.]], dtype=float32)
    """
    return arithmetic.multiply(shaping.reshape(x1, (-1, 1)), shaping.reshape(x2, (1, -1)))


def array(x: Any, dtype: Any = None) -> Any:
    """``x`` as a tensor, as ``convert_to_tensor`` makes it.

    Example:
        >>> array([1, 2], "float32").numpy()
        array([1., 2.], dtype=float32)
    """
    return conversion.convert_to_tensor(x, dtype)


def ndim(x: Any) -> int:
    """How many axes ``x`` has.

    Example:
        >>> ndim([[1.0]])
        2
    """
    return len(as_tensor(x).shape)


def size(x: Any) -> Any:
    """How many elements ``x`` has; None where a size is not known.

    Example:
        >>> size([[1.0, 2.0]])
        2
    """
    shape = as_tensor(x).shape
    return None if None in shape else math.prod(shape)
