"""Sums, means, extrema and what else takes an axis away, and the gradient of broadcasting."""

import builtins
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import kernels, reference
from fastcnn._arrays import NUMBER
from fastcnn.seam import Primitive, Shape, apply, gradient_of

from . import arithmetic, comparison, conversion, creation, elementary, repeating, shaping
from .operands import as_tensor, floating, normalized_axes

__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "logsumexp",
    "max",
    "mean",
    "min",
    "norm",
    "prod",
    "std",
    "sum",
    "sum_squares",
    "unbroadcast",
    "var",
]

Axis = int | tuple[int, ...] | None


def _reduced(x: Shape, axis: Axis, keepdims: bool) -> Shape:
    axes = normalized_axes(axis, len(x))
    return tuple(1 if i in axes else size for i, size in enumerate(x) if keepdims or i not in axes)


def _own_dtype(x: str) -> str:
    return "float" if x.startswith("float") else "int32" if x == "bool" else x


def wide_dtype(x: str) -> str:
    """Of sums and products: images of bytes add up to more than a byte holds."""
    return {"int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}.get(x, _own_dtype(x))


def _reduction(
    name: str, whole: Callable[..., Any] | None = None, whole_dtype: Callable[[str], str] = _own_dtype
) -> Primitive:
    """``whole`` reduces integers without going through float32."""
    kernel, precise = getattr(kernels, name), getattr(reference, name)

    def integers(x: Any, axis: Axis, keepdims: bool) -> Any:
        assert whole is not None
        y = whole(x, axis=axis, keepdims=keepdims)
        return np.asarray(y, whole_dtype(x.dtype.name))

    def run(x: Any, axis: Axis, keepdims: bool) -> Any:
        return kernel(x, axis, keepdims) if whole is None or x.dtype.kind == "f" else integers(x, axis, keepdims)

    def in_double(x: Any, axis: Axis, keepdims: bool) -> Any:
        return precise(x, axis, keepdims) if whole is None or x.dtype.kind == "f" else integers(x, axis, keepdims)

    return Primitive(name, run, in_double, _reduced, "float" if whole is None else whole_dtype)


SUM = _reduction("sum", np.sum, wide_dtype)
MEAN = _reduction("mean")
MAX = _reduction("max", np.max)
MIN = _reduction("min", np.min)
PROD = _reduction("prod", np.prod, wide_dtype)
VAR = _reduction("var")
STD = _reduction("std")
NORM = _reduction("norm")
SUM_SQUARES = _reduction("sum_squares")


def _reduce(primitive: Primitive, x: Any, axis: Any, keepdims: bool) -> Any:
    x = as_tensor(x)
    if axis is not None:
        axis = normalized_axes(axis, len(x.shape))
    return apply(primitive, (x,), {"axis": axis, "keepdims": keepdims})


def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum over some axes.

    Args:
        x: any tensor.
        axis: one axis, several, or None for all.
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> sum([[1.0, 2.0], [3.0, 4.0]], axis=0).numpy()
        array([4., 6.], dtype=float32)
    """
    return _reduce(SUM, x, axis, keepdims)


def sum_squares(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum of squares over some axes, in one pass. Arguments as in ``sum``.

    Example:
        >>> float(sum_squares([3.0, 4.0]))
        25.0
    """
    return _reduce(SUM_SQUARES, x, axis, keepdims)


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean over some axes; NaN of nothing. Arguments as in ``sum``.

    Example:
        >>> mean([[1.0, 2.0], [3.0, 4.0]], axis=0).numpy()
        array([2., 3.], dtype=float32)
    """
    return _reduce(MEAN, x, axis, keepdims)


def max(x: Any, axis: Any = None, keepdims: bool = False, initial: float | None = None) -> Any:
    """The largest element over some axes. Where several are largest, they share the gradient evenly.

    Args:
        x: any tensor.
        axis: one axis, several, or None for all.
        keepdims: keep the reduced axes with size 1.
        initial: the result is not smaller than this.

    Example:
        >>> max([[1.0, 2.0], [3.0, 4.0]], axis=0).numpy()
        array([3., 4.], dtype=float32)
    """
    if initial is not None and (y := _of_nothing(x, axis, keepdims, initial)) is not None:
        return y
    y = _reduce(MAX, x, axis, keepdims)
    return y if initial is None else arithmetic.maximum(y, initial)


def min(x: Any, axis: Any = None, keepdims: bool = False, initial: float | None = None) -> Any:
    """The smallest element over some axes. Where several are smallest, they share the gradient evenly.

    Args:
        x: any tensor.
        axis: one axis, several, or None for all.
        keepdims: keep the reduced axes with size 1.
        initial: the result is not larger than this.

    Example:
        >>> min([[1.0, 2.0], [3.0, 4.0]], axis=0).numpy()
        array([1., 2.], dtype=float32)
    """
    if initial is not None and (y := _of_nothing(x, axis, keepdims, initial)) is not None:
        return y
    y = _reduce(MIN, x, axis, keepdims)
    return y if initial is None else arithmetic.minimum(y, initial)


def _of_nothing(x: Any, axis: Axis, keepdims: bool, result: float) -> Any:
    """The result everywhere, where an axis that is reduced is empty; None where none is."""
    x = as_tensor(x)
    shape = _reduced(x.shape, axis, keepdims)
    if None in shape or 0 not in [x.shape[a] for a in normalized_axes(axis, len(x.shape))]:
        return None
    return creation.full(shape, result, x.dtype)


def prod(x: Any, axis: Any = None, keepdims: bool = False, dtype: str | None = None) -> Any:
    """The product over some axes, computed in ``dtype`` if that is given. Other arguments as in ``sum``.

    Example:
        >>> prod([[1.0, 2.0], [3.0, 4.0]], axis=0).numpy()
        array([3., 8.], dtype=float32)
    """
    if dtype is None:
        return _reduce(PROD, x, axis, keepdims)
    return conversion.cast(_reduce(PROD, conversion.cast(x, dtype), axis, keepdims), dtype)


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The variance of the population over some axes. Arguments as in ``sum``.

    Example:
        >>> var([[1.0, 2.0], [3.0, 4.0]], axis=0).numpy()
        array([1., 1.], dtype=float32)
    """
    return _reduce(VAR, x, axis, keepdims)


def std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard deviation of the population over some axes; gradient 0 where it is 0. Arguments as in ``sum``.

    Example:
        >>> std([[1.0, 2.0], [3.0, 4.0]], axis=0).numpy()
        array([1., 1.], dtype=float32)
    """
    return _reduce(STD, x, axis, keepdims)


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """A vector norm over some axes; gradient 0 of the Euclidean one where it is 0.

    Args:
        x: any tensor.
        ord: None, "fro" or 2 (the root of the sum of squares), 1 (sum of absolute values), infinity (the largest), its
            negative (the smallest), 0 (how many are not 0), or p (the p-th root of the sum of p-th powers).
        axis: one axis, several (only where ``ord`` is None), or None for all.
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> float(norm([3.0, 4.0]))
        5.0
    """
    x = as_tensor(x)
    if ord in (None, "fro"):
        return _reduce(NORM, x, axis, keepdims)
    axes = normalized_axes(axis, len(x.shape))
    if len(axes) != 1:
        raise NotImplementedError(
            f"ord={ord!r} over {len(axes)} axes is a matrix norm; only ord=None is supported there"
        )
    if not isinstance(ord, NUMBER):
        raise ValueError(f"ord must be a number, None or 'fro', got {ord!r}")
    if ord == 2:
        return _reduce(NORM, x, axes, keepdims)
    x = elementary.abs(floating(x))
    if ord == 1:
        return sum(x, axes, keepdims)
    if builtins.abs(ord) == math.inf:
        return (max if ord > 0 else min)(x, axes, keepdims)
    if ord == 0:
        return sum(conversion.cast(comparison.not_equal(x, 0.0), "float"), axes, keepdims)
    return arithmetic.power(sum(arithmetic.power(x, float(ord)), axes, keepdims), 1.0 / ord)


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) over some axes, without overflow. Arguments as in ``sum``.

    Example:
        >>> round(float(logsumexp([1000.0, 1000.0])), 3)
        1000.693
    """
    x = floating(x)
    if (y := _of_nothing(x, axis, keepdims, -math.inf)) is not None:
        return y
    top = conversion.stop_gradient(max(x, axis, keepdims=True))
    top = comparison.where(comparison.isfinite(top), top, 0.0)
    y = arithmetic.add(elementary.log(sum(elementary.exp(arithmetic.subtract(x, top)), axis, keepdims=True)), top)
    return y if keepdims else shaping.squeeze(y, normalized_axes(axis, len(x.shape)))


SPREAD_SUM = Primitive(
    "spread_sum",
    lambda dy, x, axis, keepdims: _tiled(_kept(dy, x, axis, keepdims), x.shape),
    lambda dy, x, axis, keepdims: np.broadcast_to(_kept(dy, x, axis, keepdims), x.shape).copy(),
    lambda dy, x, axis, keepdims: x,
)
SPREAD_MEAN = Primitive(
    "spread_mean",
    lambda dy, x, axis, keepdims: _tiled_shares(dy, x, axis, keepdims),
    lambda dy, x, axis, keepdims: _shares(dy, x, axis, keepdims),
    lambda dy, x, axis, keepdims: x,
)


def _kept(dy: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    if keepdims:
        return dy
    axes = normalized_axes(axis, x.ndim)
    return dy.reshape([1 if i in axes else size for i, size in enumerate(x.shape)])


def _tiled(dy: Any, shape: Any) -> Any:
    """Like np.broadcast_to, by a kernel: programs can hold it."""
    if dy.dtype != np.float32 or 0 in shape:
        return np.broadcast_to(dy, shape).copy()
    return kernels.tile(dy, [size // n for size, n in zip(shape, dy.shape, strict=True)])


def _tiled_shares(dy: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    if dy.dtype != np.float32 or x.size == 0:
        return _shares(dy, x, axis, keepdims)
    kept = _kept(dy, x, axis, keepdims)
    shares = kernels.divide(kept, np.array(x.size // builtins.max(kept.size, 1), np.float32))
    return shares if shares.shape == x.shape else _tiled(shares, x.shape)


def _shares(dy: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    kept = _kept(dy, x, axis, keepdims)
    count = builtins.max(1, x.size // builtins.max(1, kept.size))
    return np.broadcast_to(kept / kept.dtype.type(count), x.shape).copy()


def _spread(dy: Any, x: Any, attrs: dict[str, Any]) -> Any:
    """``dy`` at every element of x that went into it: the gradient of ``sum``."""
    return apply(SPREAD_SUM, (dy, x), {"axis": attrs["axis"], "keepdims": attrs["keepdims"]})


@gradient_of(SUM)
def _sum_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (_spread(dy, inputs[0], attrs),)


@gradient_of(MEAN)
def _mean_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(SPREAD_MEAN, (dy, inputs[0]), attrs),)


@gradient_of(SUM_SQUARES)
def _sum_squares_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    twice = arithmetic.multiply(dy, 2.0)
    if attrs["axis"] is not None and not attrs["keepdims"]:
        return (arithmetic.multiply(_spread(twice, inputs[0], attrs), inputs[0]),)
    return (arithmetic.multiply(inputs[0], twice),)


@gradient_of(SPREAD_SUM)
def _spread_sum_gradient(g: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, None]:
    return apply(SUM, (g,), attrs) if needs[0] else None, None


@gradient_of(SPREAD_MEAN)
def _spread_mean_gradient(g: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, None]:
    return apply(MEAN, (g,), attrs) if needs[0] else None, None


def _extremum_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    x = inputs[0]
    best = conversion.cast(comparison.equal(x, _spread(y, x, attrs)), "float")
    share = arithmetic.divide(dy, sum(best, attrs["axis"], attrs["keepdims"]))
    return (arithmetic.multiply(best, _spread(share, x, attrs)),)


MAX.gradient = MIN.gradient = _extremum_gradient


@gradient_of(PROD)
def _prod_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    """The product of all others, without a division: right at zeros, in every derivative."""
    x = inputs[0]
    axes = normalized_axes(attrs["axis"], len(x.shape))
    sizes = [x.shape[a] for a in axes]
    if None in sizes:
        raise NotImplementedError(
            f"prod: its gradient needs the sizes of axes {axes} of shape {x.shape}; use a batch size"
        )
    kept = [a for a in range(len(x.shape)) if a not in axes]
    order = [*kept, *axes]
    rows = shaping.reshape(shaping.transpose(x, order), [*[x.shape[a] for a in kept], math.prod(sizes)])
    backwards = shaping.flip(_products_before(shaping.flip(rows, -1)), -1)
    others = shaping.reshape(arithmetic.multiply(_products_before(rows), backwards), [x.shape[a] for a in order])
    places = [order.index(a) for a in range(len(order))]
    return (arithmetic.multiply(shaping.transpose(others, places), _spread(dy, x, attrs)),)


def _products_before(x: Any) -> Any:
    """For each element the product of those before it in its row: each step doubles how many are in."""
    size = x.shape[-1]
    y, reach = (_shifted(x, 1), 1) if size else (x, 0)
    while 0 < reach < size:
        y, reach = arithmetic.multiply(y, _shifted(y, reach)), 2 * reach
    return y


def _shifted(x: Any, by: int) -> Any:
    """Moved to the right, ones following."""
    return repeating.pad(x[..., :-by], [(0, 0)] * (len(x.shape) - 1) + [(by, 0)], constant_values=1.0)


@gradient_of(VAR)
def _var_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    x = inputs[0]
    centred = arithmetic.subtract(x, mean(x, attrs["axis"], keepdims=True))
    return (arithmetic.multiply(apply(SPREAD_MEAN, (arithmetic.multiply(dy, 2.0), x), attrs), centred),)


@gradient_of(STD)
def _std_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    x = inputs[0]
    centred = arithmetic.subtract(x, mean(x, attrs["axis"], keepdims=True))
    return (arithmetic.multiply(apply(SPREAD_MEAN, (_divide_unless_zero(dy, y), x), attrs), centred),)


@gradient_of(NORM)
def _norm_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (arithmetic.multiply(_spread(_divide_unless_zero(dy, y), inputs[0], attrs), inputs[0]),)


def _divide_unless_zero(dy: Any, y: Any) -> Any:
    zero = comparison.equal(y, 0.0)
    return comparison.where(zero, 0.0, arithmetic.divide(dy, comparison.where(zero, 1.0, y)))


def unbroadcast(dy: Any, like: Any) -> Any:
    """The gradient of broadcasting: the sum of ``dy`` over the axes along which ``like`` was repeated.

    Args:
        dy: a tensor.
        like: what was broadcast to the shape of ``dy``.

    Returns:
        The shape of ``like``; ``dy`` itself where that has it already.

    Example:
        >>> from fastcnn.ops import ones
        >>> unbroadcast(ones((4, 3)), ones((3,))).numpy()
        array([4., 4., 4.], dtype=float32)
    """
    if dy.shape == like.shape:
        return dy
    return apply(UNBROADCAST, (dy, like), {})


UNBROADCAST = Primitive(
    "unbroadcast",
    lambda dy, like: kernels.unbroadcast(dy, like.shape),
    lambda dy, like: reference.unbroadcast(dy, like.shape),
    lambda dy, like: like,
)
BROADCAST_LIKE = Primitive(
    "broadcast_like",
    lambda x, like: np.broadcast_to(x, like.shape).copy(),
    lambda x, like: np.broadcast_to(x, like.shape).copy(),
    lambda x, like: like,
)


@gradient_of(UNBROADCAST)
def _unbroadcast_gradient(g: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, None]:
    return apply(BROADCAST_LIKE, (g, inputs[0]), {}) if needs[0] else None, None


@gradient_of(BROADCAST_LIKE)
def _broadcast_like_gradient(g: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, None]:
    return unbroadcast(g, inputs[0]) if needs[0] else None, None


def _whole(name: str, function: Callable[..., Any], dtype: str) -> Primitive:
    def run(x: Any, axis: Axis, keepdims: bool) -> Any:
        return np.asarray(function(x, axis=axis, keepdims=keepdims), dtype)

    return Primitive(name, run, run, _reduced, dtype)


def _first_index(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(x: Any, axis: Axis, keepdims: bool) -> Any:
        return function(x, axis[0] if isinstance(axis, tuple) else axis, keepdims)

    return run


ARGMAX = _whole("argmax", _first_index(kernels.argmax), "int32")
ARGMIN = _whole("argmin", _first_index(kernels.argmin), "int32")
COUNT_NONZERO = _whole("count_nonzero", np.count_nonzero, "int32")
ANY = _whole("any", np.any, "bool")
ALL = _whole("all", np.all, "bool")


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The index of the first largest element, int32. It has no gradient.

    Args:
        x: any tensor.
        axis: one axis, or None for the flattened tensor.
        keepdims: keep the axis with size 1.

    Example:
        >>> argmax([[1.0, 2.0], [4.0, 3.0]], axis=1).numpy()
        array([1, 0], dtype=int32)
    """
    return _reduce(ARGMAX, x, axis, keepdims)


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The index of the first smallest element, int32. It has no gradient. Arguments as in ``argmax``.

    Example:
        >>> argmin([[1.0, 2.0], [4.0, 3.0]], axis=1).numpy()
        array([0, 1], dtype=int32)
    """
    return _reduce(ARGMIN, x, axis, keepdims)


def count_nonzero(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """How many elements are not 0, int32. Arguments as in ``sum``.

    Example:
        >>> int(count_nonzero([1.0, 0.0, 2.0]))
        2
    """
    return _reduce(COUNT_NONZERO, x, axis, keepdims)


def any(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether at least one is true (not 0). Arguments as in ``sum``.

    Example:
        >>> bool(any([False, True]))
        True
    """
    return _reduce(ANY, x, axis, keepdims)


def all(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether none is false (0). Arguments as in ``sum``.

    Example:
        >>> bool(all([False, True]))
        False
    """
    return _reduce(ALL, x, axis, keepdims)
