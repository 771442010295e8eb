"""Elementwise arithmetic of two tensors, with broadcasting."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import _core, kernels, reference
from fastcnn._arrays import NUMBER
from fastcnn.seam import Primitive, apply, gradient_of
from fastcnn.tensor import Operators

from . import comparison, elementary, reductions
from .operands import as_tensor, broadcast_shapes, pair, same_shape

__all__ = [
    "add",
    "add_scaled",
    "clip",
    "divide",
    "maximum",
    "minimum",
    "multiply",
    "power",
    "squared_difference",
    "subtract",
    "true_divide",
]


def _binary_primitive(name: str, code: int, whole: Callable[..., Any] | None) -> Primitive:
    """``whole`` computes in integers where both operands are integers, for float32 counts only up to 2**24."""
    core, precise = _core.binary, getattr(reference, name)

    def integers(a: Any, b: Any) -> Any:
        assert whole is not None
        return whole(a, b, dtype=np.int32) if a.dtype == bool and b.dtype == bool else whole(a, b)

    def kernel(a: Any, b: Any) -> Any:
        if whole is None or a.dtype.kind == "f" or b.dtype.kind == "f":
            return core(code, a, b, None)
        return integers(a, b)

    def in_double(a: Any, b: Any) -> Any:
        return precise(a, b) if whole is None or a.dtype.kind == "f" or b.dtype.kind == "f" else integers(a, b)

    def dtype(a: str, b: str) -> str:
        if whole is None or a.startswith("float") or b.startswith("float"):
            return "float"
        return "int32" if a == b == "bool" else np.result_type(a, b).name

    return Primitive(name, kernel, in_double, broadcast_shapes, dtype)


def _squared_difference(a: Any, b: Any, dtype: Any = None) -> Any:
    return np.square(np.subtract(a, b, dtype=dtype))


ADD = _binary_primitive("add", 0, np.add)
SUBTRACT = _binary_primitive("subtract", 1, np.subtract)
MULTIPLY = _binary_primitive("multiply", 2, np.multiply)
DIVIDE = _binary_primitive("divide", 3, None)
MAXIMUM = _binary_primitive("maximum", 4, np.maximum)
MINIMUM = _binary_primitive("minimum", 5, np.minimum)
SQUARED_DIFFERENCE = _binary_primitive("squared_difference", 6, _squared_difference)
POWER = _binary_primitive("power", 7, np.power)


def add(x1: Any, x2: Any) -> Any:
    """x1 + x2.

    Example:
        >>> add([1.0, 2.0], 1.0).numpy()
        array([2., 3.], dtype=float32)
    """
    if not (isinstance(x1, Operators) and isinstance(x2, Operators)):
        x1, x2 = pair(x1, x2)
    return apply(ADD, (x1, x2), {})


def subtract(x1: Any, x2: Any) -> Any:
    """x1 - x2.

    Example:
        >>> subtract([1.0, 2.0], 1.0).numpy()
        array([0., 1.], dtype=float32)
    """
    if not (isinstance(x1, Operators) and isinstance(x2, Operators)):
        x1, x2 = pair(x1, x2)
    return apply(SUBTRACT, (x1, x2), {})


def multiply(x1: Any, x2: Any) -> Any:
    """x1 * x2, element by element.

    Example:
        >>> multiply([1.0, 2.0], 3.0).numpy()
        array([3., 6.], dtype=float32)
    """
    if not (isinstance(x1, Operators) and isinstance(x2, Operators)):
        x1, x2 = pair(x1, x2)
    return apply(MULTIPLY, (x1, x2), {})


def divide(x1: Any, x2: Any) -> Any:
    """x1 / x2; a fraction for integers too.

    Example:
        >>> divide([1, 2], 4).numpy()
        array([0.25, 0.5 ], dtype=float32)
    """
    if not (isinstance(x1, Operators) and isinstance(x2, Operators)):
        x1, x2 = pair(x1, x2)
    return apply(DIVIDE, (x1, x2), {})


def maximum(x1: Any, x2: Any) -> Any:
    """The larger of both; NaN where either is. Where they are equal the gradient is halved between them.

    Args:
        x1: any tensor.
        x2: one whose shape broadcasts with that of ``x1``.

    Example:
        >>> maximum([1.0, 5.0], 3.0).numpy()
        array([3., 5.], dtype=float32)
    """
    return apply(MAXIMUM, pair(x1, x2), {})


def minimum(x1: Any, x2: Any) -> Any:
    """The smaller of both; NaN where either is. Where they are equal the gradient is halved between them.

    Args:
        x1: any tensor.
        x2: one whose shape broadcasts with that of ``x1``.

    Example:
        >>> minimum([1.0, 5.0], 3.0).numpy()
        array([1., 3.], dtype=float32)
    """
    return apply(MINIMUM, pair(x1, x2), {})


def squared_difference(x1: Any, x2: Any) -> Any:
    """(x1 - x2) ** 2.

    Example:
        >>> squared_difference([1.0, 5.0], 3.0).numpy()
        array([4., 4.], dtype=float32)
    """
    return apply(SQUARED_DIFFERENCE, pair(x1, x2), {})


def power(x1: Any, x2: Any) -> Any:
    """x1 ** x2.

    Example:
        >>> power([1.0, 2.0], 3.0).numpy()
        array([1., 8.], dtype=float32)
    """
    if x2.__class__ in (int, float) and x2 == 2:
        return elementary.square(x1)
    return apply(POWER, pair(x1, x2), {})


def add_scaled(x1: Any, x2: Any, scale: float) -> Any:
    """x1 + scale * x2, in one pass.

    Example:
        >>> add_scaled([1.0], [4.0], 0.5).numpy()
        array([3.], dtype=float32)
    """
    return apply(ADD_SCALED, pair(x1, x2), {"scale": scale})


ADD_SCALED = Primitive(
    "add_scaled", kernels.add_scaled, reference.add_scaled, lambda a, b, scale: broadcast_shapes(a, b)
)


@gradient_of(ADD)
def _add_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    a, b = inputs
    return reductions.unbroadcast(dy, a) if needs[0] else None, reductions.unbroadcast(dy, b) if needs[1] else None


@gradient_of(SUBTRACT)
def _subtract_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    a, b = inputs
    db = elementary.negative(reductions.unbroadcast(dy, b)) if needs[1] else None
    return reductions.unbroadcast(dy, a) if needs[0] else None, db


@gradient_of(MULTIPLY)
def _multiply_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    a, b = inputs
    da = reductions.unbroadcast(multiply(dy, b), a) if needs[0] else None
    return da, reductions.unbroadcast(multiply(dy, a), b) if needs[1] else None


@gradient_of(DIVIDE)
def _divide_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    a, b = inputs
    share = divide(dy, b)
    da = reductions.unbroadcast(share, a) if needs[0] else None
    return da, reductions.unbroadcast(elementary.negative(multiply(share, y)), b) if needs[1] else None


@gradient_of(SQUARED_DIFFERENCE)
def _squared_difference_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    a, b = inputs
    slope = multiply(multiply(subtract(a, b), 2.0), dy)
    da = reductions.unbroadcast(slope, a) if needs[0] else None
    return da, elementary.negative(reductions.unbroadcast(slope, b)) if needs[1] else None


@gradient_of(POWER)
def _power_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    a, b = inputs
    da = db = None
    if needs[0]:
        # 0 where the exponent is 0, though the factor to its right is infinite at a = 0.
        slope = comparison.where(
            comparison.equal(b, 0.0),
            0.0,
            multiply(b, power(a, comparison.where(comparison.equal(b, 0.0), 1.0, subtract(b, 1.0)))),
        )
        da = reductions.unbroadcast(multiply(dy, slope), a)
    if needs[1]:
        positive = comparison.greater(a, 0.0)
        slope = comparison.where(positive, multiply(y, elementary.log(comparison.where(positive, a, 1.0))), 0.0)
        db = reductions.unbroadcast(multiply(dy, slope), b)
    return da, db


@gradient_of(ADD_SCALED)
def _add_scaled_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    a, b = inputs
    db = multiply(reductions.unbroadcast(dy, b), attrs["scale"]) if needs[1] else None
    return reductions.unbroadcast(dy, a) if needs[0] else None, db


def _extremum_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    a, b = inputs
    half = multiply(dy, comparison.where(comparison.equal(a, b), 0.5, 1.0))
    da = reductions.unbroadcast(comparison.where(comparison.equal(a, y), half, 0.0), a) if needs[0] else None
    return da, reductions.unbroadcast(comparison.where(comparison.equal(b, y), half, 0.0), b) if needs[1] else None


MAXIMUM.gradient = MINIMUM.gradient = _extremum_gradient
true_divide = divide


def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """x, but not below x_min and not above x_max; the gradient passes where nothing was cut.

    Args:
        x: any tensor.
        x_min: a number, a tensor that broadcasts with x, or None.
        x_max: a number, a tensor that broadcasts with x, or None.

    Example:
        >>> clip([-2.0, 0.5, 2.0], -1.0, 1.0).numpy()
        array([-1. ,  0.5,  1. ], dtype=float32)
    """
    if not all(bound is None or isinstance(bound, NUMBER) for bound in (x_min, x_max)):
        x = x if x_min is None else maximum(x, x_min)
        return x if x_max is None else minimum(x, x_max)
    return apply(CLIP, (as_tensor(x),), {"x_min": x_min, "x_max": x_max})


def _clip(x: Any, x_min: float | None, x_max: float | None) -> Any:
    return kernels.clip(x, x_min, x_max) if x.dtype.kind == "f" else np.clip(x, x_min, x_max).astype(x.dtype)


def _clip_precise(x: Any, x_min: float | None, x_max: float | None) -> Any:
    return reference.clip(x, x_min, x_max) if x.dtype.kind == "f" else np.clip(x, x_min, x_max).astype(x.dtype)


CLIP = Primitive("clip", _clip, _clip_precise, same_shape, lambda x: "float" if x.startswith("float") else x)


@gradient_of(CLIP)
def _clip_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (comparison.where(comparison.equal(inputs[0], y), dy, 0.0),)
