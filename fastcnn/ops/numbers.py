"""What NumPy programs reach for next, made of other operations: logarithms to other bases, grids, rolls."""

import math
from typing import Any

import numpy as np

from fastcnn.tensor import Tensor

from . import arithmetic, comparison, conversion, creation, elementary, joining, reductions, repeating, shaping
from .indexing import getitem
from .operands import as_tensor, normalized_axes, pair

__all__ = [
    "amax",
    "amin",
    "array",
    "average",
    "diag",
    "eye",
    "hstack",
    "identity",
    "isclose",
    "isinf",
    "linspace",
    "log2",
    "log10",
    "log_sigmoid",
    "logaddexp",
    "logical_xor",
    "meshgrid",
    "nan_to_num",
    "ndim",
    "outer",
    "roll",
    "size",
    "trace",
    "tril",
    "triu",
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

    return elementary.negative(softplus(elementary.negative(x)))


def logaddexp(x1: Any, x2: Any) -> Any:
    """``log(exp(x1) + exp(x2))``, without overflow.

    Example:
        >>> logaddexp([0.0, 200.0], [0.0, 0.0]).numpy().round(4)
        array([  0.6931, 200.    ], dtype=float32)
    """
    x1, x2 = pair(x1, x2)
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
    x1, x2 = as_tensor(x1), as_tensor(x2)
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


def _made(values: Any, dtype: Any) -> Any:
    return conversion.convert_to_tensor(values, dtype or "float")


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """A matrix with ones on a diagonal.

    Args:
        N: rows.
        M: columns; as many as rows unless given.
        k: which diagonal; those above the main one count from 1.
        dtype: ``floatx()`` unless given.

    Example:
        >>> eye(2).numpy()
        array([[1., 0.],
               [0., 1.]], dtype=float32)
    """
    return _made(np.eye(N, M, k), dtype)


def identity(n: int, dtype: Any = None) -> Any:
    """``eye(n, dtype=dtype)``.

    Example:
        >>> identity(3).shape
        (3, 3)
    """
    return eye(n, dtype=dtype)


def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0
) -> Any:
    """Numbers at equal distances.

    Args:
        start: the first.
        stop: the last.
        num: how many.
        endpoint: whether the last is one of them.
        retstep: also return the distance.
        dtype: ``floatx()`` unless given.
        axis: where they stand, where start and stop are arrays.

    Example:
        >>> linspace(0.0, 1.0, 3).numpy()
        array([0. , 0.5, 1. ], dtype=float32)
    """
    ends = [as_tensor(end).numpy() for end in (start, stop)]
    values, step = np.linspace(ends[0], ends[1], num, endpoint, retstep=True, axis=axis)
    return (_made(values, dtype), _made(step, dtype)) if retstep else _made(values, dtype)


def meshgrid(*x: Any, indexing: str = "xy") -> list[Any]:
    """Coordinates of a grid, a tensor for each axis.

    Args:
        x: vectors.
        indexing: "xy": the first runs along columns; "ij": along rows.

    Example:
        >>> [g.numpy().tolist() for g in meshgrid([1, 2], [3, 4])]
        [[[1, 2], [1, 2]], [[3, 3], [4, 4]]]
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"indexing must be 'xy' or 'ij', got {indexing!r}")
    vectors = [shaping.ravel(v) for v in x]
    order = list(range(len(vectors)))
    if indexing == "xy":
        order[:2] = order[:2][::-1]
    shape = tuple(vectors[i].shape[0] for i in order)
    ones = [tuple(-1 if i == axis else 1 for i in order) for axis in range(len(vectors))]
    return [repeating.broadcast_to(shaping.reshape(v, one), shape) for v, one in zip(vectors, ones, strict=True)]


def _half(x: Any, k: int, function: Any) -> Any:
    x = as_tensor(x)
    kept = Tensor(function(np.ones(x.shape[-2:], bool), k))
    return comparison.where(kept, x, creation.zeros_like(x))


def tril(x: Any, k: int = 0) -> Any:
    """``x`` on and below diagonal ``k`` of its last two axes, zeros above.

    Example:
        >>> tril([[1.0, 2.0], [3.0, 4.0]]).numpy()
        array([[1., 0.],
               [3., 4.]], dtype=float32)
    """
    return _half(x, k, np.tril)


def triu(x: Any, k: int = 0) -> Any:
    """``x`` on and above diagonal ``k`` of its last two axes, zeros below.

    Example:
        >>> triu([[1.0, 2.0], [3.0, 4.0]]).numpy()
        array([[1., 2.],
               [0., 4.]], dtype=float32)
    """
    return _half(x, k, np.triu)


def diag(x: Any, k: int = 0) -> Any:
    """A matrix with a vector on its diagonal, or the diagonal of a matrix.

    Args:
        x: (n,) or (n, m).
        k: which diagonal; those above the main one count from 1.

    Example:
        >>> diag([[1.0, 2.0], [3.0, 4.0]]).numpy()
        array([1., 4.], dtype=float32)
        >>> diag([1.0, 2.0]).numpy()
        array([[1., 0.],
               [0., 2.]], dtype=float32)
    """
    x = as_tensor(x)
    if len(x.shape) == 2:
        rows, columns = np.nonzero(np.eye(x.shape[0], x.shape[1], k))
        return getitem(x, (rows, columns))
    if len(x.shape) != 1:
        raise ValueError(f"diag: x must be a vector or a matrix, got shape {x.shape}")
    n = int(x.shape[0]) + max(k, -k)
    places = np.diag(np.arange(int(x.shape[0])), k)
    return arithmetic.multiply(getitem(x, (places,)), eye(n, k=k, dtype=x.dtype))


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of a diagonal.

    Args:
        x: at least two axes.
        offset: which diagonal; those above the main one count from 1.
        axis1, axis2: the axes of the matrices.

    Example:
        >>> float(trace([[1.0, 2.0], [3.0, 4.0]]))
        5.0
    """
    x = shaping.moveaxis(as_tensor(x), (axis1, axis2), (-2, -1))
    rows, columns = np.nonzero(np.eye(x.shape[-2], x.shape[-1], offset))
    return reductions.sum(getitem(x, (..., rows, columns)), -1)
