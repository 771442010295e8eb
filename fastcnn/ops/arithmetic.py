"""Elementwise arithmetic and comparisons, with broadcasting."""

import builtins
from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import _core, kernels, reference
from fastcnn.seam import Primitive, Shape, apply, differentiable_nowhere, float_dtype, gradient_of
from fastcnn.tensor import Operators, Tensor, Variable, convert_to_tensor

from . import reductions, shaping

__all__ = [
    "abs",
    "absolute",
    "add",
    "add_scaled",
    "cast",
    "ceil",
    "clip",
    "convert_to_numpy",
    "convert_to_tensor",
    "divide",
    "equal",
    "exp",
    "expm1",
    "floor",
    "greater",
    "greater_equal",
    "identity_primitive",
    "isfinite",
    "isnan",
    "less",
    "less_equal",
    "log",
    "log1p",
    "logical_and",
    "logical_not",
    "logical_or",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "not_equal",
    "power",
    "reciprocal",
    "round",
    "rsqrt",
    "shape",
    "sign",
    "sqrt",
    "square",
    "squared_difference",
    "stop_gradient",
    "subtract",
    "true_divide",
    "where",
]


def _scalar(value: Any, like: Any) -> Any:
    """A number beside a tensor takes the tensor's dtype, unless it has a fraction and the tensor has none."""
    kind = value.__class__
    if kind is float:
        return Tensor(np.array(value, float_dtype()))
    if kind is int:
        floating = like.dtype.startswith("float")
        return Tensor(np.array(value, float_dtype() if floating else "int32" if like.dtype == "bool" else like.dtype))
    return convert_to_tensor(value)


def _pair(x1: Any, x2: Any) -> tuple[Any, Any]:
    if isinstance(x1, Operators):
        return x1, x2 if isinstance(x2, Operators) else _scalar(x2, x1)
    if isinstance(x2, Operators):
        return _scalar(x1, x2), x2
    return convert_to_tensor(x1), convert_to_tensor(x2)


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

    return Primitive(name, kernel, in_double, shaping.broadcast_shapes, dtype)


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
        x1, x2 = _pair(x1, x2)
    return apply(ADD, (x1, x2), {})


def subtract(x1: Any, x2: Any) -> Any:
    """x1 - x2.

    Example:
        >>> subtract([1.0, 2.0], 1.0).numpy()
        array([0., 1.], dtype=float32)
    """
    if not (isinstance(x1, Operators) and isinstance(x2, Operators)):
        x1, x2 = _pair(x1, x2)
    return apply(SUBTRACT, (x1, x2), {})


def multiply(x1: Any, x2: Any) -> Any:
    """x1 * x2, element by element.

    Example:
        >>> multiply([1.0, 2.0], 3.0).numpy()
        array([3., 6.], dtype=float32)
    """
    if not (isinstance(x1, Operators) and isinstance(x2, Operators)):
        x1, x2 = _pair(x1, x2)
    return apply(MULTIPLY, (x1, x2), {})


def divide(x1: Any, x2: Any) -> Any:
    """x1 / x2; a fraction for integers too.

    Example:
        >>> divide([1, 2], 4).numpy()
        array([0.25, 0.5 ], dtype=float32)
    """
    if not (isinstance(x1, Operators) and isinstance(x2, Operators)):
        x1, x2 = _pair(x1, x2)
    return apply(DIVIDE, (x1, x2), {})


def maximum(x1: Any, x2: Any) -> Any:
    """The larger of both; NaN where either is. Where they are equal the gradient is halved between them.

    Example:
        >>> maximum([1.0, 5.0], 3.0).numpy()
        array([3., 5.], dtype=float32)
    """
    return apply(MAXIMUM, _pair(x1, x2), {})


def minimum(x1: Any, x2: Any) -> Any:
    """The smaller of both; NaN where either is. Where they are equal the gradient is halved between them.

    Example:
        >>> minimum([1.0, 5.0], 3.0).numpy()
        array([1., 3.], dtype=float32)
    """
    return apply(MINIMUM, _pair(x1, x2), {})


def squared_difference(x1: Any, x2: Any) -> Any:
    """(x1 - x2) ** 2.

    Example:
        >>> squared_difference([1.0, 5.0], 3.0).numpy()
        array([4., 4.], dtype=float32)
    """
    return apply(SQUARED_DIFFERENCE, _pair(x1, x2), {})


def power(x1: Any, x2: Any) -> Any:
    """x1 ** x2.

    Example:
        >>> power([1.0, 2.0], 3.0).numpy()
        array([1., 8.], dtype=float32)
    """
    if x2.__class__ in (int, float) and x2 == 2:
        return square(x1)
    return apply(POWER, _pair(x1, x2), {})


def add_scaled(x1: Any, x2: Any, scale: float) -> Any:
    """x1 + scale * x2, in one pass.

    Example:
        >>> add_scaled([1.0], [4.0], 0.5).numpy()
        array([3.], dtype=float32)
    """
    return apply(ADD_SCALED, _pair(x1, x2), {"scale": scale})


ADD_SCALED = Primitive(
    "add_scaled", kernels.add_scaled, reference.add_scaled, lambda a, b, scale: shaping.broadcast_shapes(a, b)
)


@gradient_of(ADD)
def _add_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    a, b = inputs
    return reductions.unbroadcast(dy, a) if needs[0] else None, reductions.unbroadcast(dy, b) if needs[1] else None


@gradient_of(SUBTRACT)
def _subtract_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    a, b = inputs
    db = negative(reductions.unbroadcast(dy, b)) if needs[1] else None
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
    return da, reductions.unbroadcast(negative(multiply(share, y)), b) if needs[1] else None


@gradient_of(SQUARED_DIFFERENCE)
def _squared_difference_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    a, b = inputs
    slope = multiply(multiply(subtract(a, b), 2.0), dy)
    da = reductions.unbroadcast(slope, a) if needs[0] else None
    return da, negative(reductions.unbroadcast(slope, b)) if needs[1] else None


@gradient_of(POWER)
def _power_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    a, b = inputs
    da = db = None
    if needs[0]:
        # 0 where the exponent is 0, though the factor to its right is infinite at a = 0.
        slope = where(equal(b, 0.0), 0.0, multiply(b, power(a, where(equal(b, 0.0), 1.0, subtract(b, 1.0)))))
        da = reductions.unbroadcast(multiply(dy, slope), a)
    if needs[1]:
        positive = greater(a, 0.0)
        slope = where(positive, multiply(y, log(where(positive, a, 1.0))), 0.0)
        db = reductions.unbroadcast(multiply(dy, slope), b)
    return da, db


@gradient_of(ADD_SCALED)
def _add_scaled_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    a, b = inputs
    db = multiply(reductions.unbroadcast(dy, b), attrs["scale"]) if needs[1] else None
    return reductions.unbroadcast(dy, a) if needs[0] else None, db


def _extremum_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    a, b = inputs
    half = multiply(dy, where(equal(a, b), 0.5, 1.0))
    da = reductions.unbroadcast(where(equal(a, y), half, 0.0), a) if needs[0] else None
    return da, reductions.unbroadcast(where(equal(b, y), half, 0.0), b) if needs[1] else None


MAXIMUM.gradient = MINIMUM.gradient = _extremum_gradient


def _compare_primitive(name: str, code: int, whole: Callable[..., Any]) -> Primitive:
    core = _core.compare

    def kernel(a: Any, b: Any) -> Any:
        return core(code, a, b, None) if a.dtype.kind == "f" or b.dtype.kind == "f" else whole(a, b)

    primitive = Primitive(name, kernel, lambda a, b: whole(a, b), shaping.broadcast_shapes, "bool")
    primitive.gradient = differentiable_nowhere
    return primitive


EQUAL = _compare_primitive("equal", 0, np.equal)
NOT_EQUAL = _compare_primitive("not_equal", 1, np.not_equal)
LESS = _compare_primitive("less", 2, np.less)
LESS_EQUAL = _compare_primitive("less_equal", 3, np.less_equal)
GREATER = _compare_primitive("greater", 4, np.greater)
GREATER_EQUAL = _compare_primitive("greater_equal", 5, np.greater_equal)


def equal(x1: Any, x2: Any) -> Any:
    """Where x1 == x2.

    Example:
        >>> equal([1, 2], 2).numpy()
        array([False,  True])
    """
    return apply(EQUAL, _pair(x1, x2), {})


def not_equal(x1: Any, x2: Any) -> Any:
    """Where x1 != x2.

    Example:
        >>> not_equal([1, 2], 2).numpy()
        array([ True, False])
    """
    return apply(NOT_EQUAL, _pair(x1, x2), {})


def less(x1: Any, x2: Any) -> Any:
    """Where x1 < x2.

    Example:
        >>> less([1, 2], 2).numpy()
        array([ True, False])
    """
    return apply(LESS, _pair(x1, x2), {})


def less_equal(x1: Any, x2: Any) -> Any:
    """Where x1 <= x2.

    Example:
        >>> less_equal([2, 3], 2).numpy()
        array([ True, False])
    """
    return apply(LESS_EQUAL, _pair(x1, x2), {})


def greater(x1: Any, x2: Any) -> Any:
    """Where x1 > x2.

    Example:
        >>> greater([2, 3], 2).numpy()
        array([False,  True])
    """
    return apply(GREATER, _pair(x1, x2), {})


def greater_equal(x1: Any, x2: Any) -> Any:
    """Where x1 >= x2.

    Example:
        >>> greater_equal([1, 2], 2).numpy()
        array([False,  True])
    """
    return apply(GREATER_EQUAL, _pair(x1, x2), {})


def _logical_primitive(name: str, function: Callable[..., Any]) -> Primitive:
    primitive = Primitive(name, function, function, shaping.broadcast_shapes, "bool")
    primitive.gradient = differentiable_nowhere
    return primitive


LOGICAL_AND = _logical_primitive("logical_and", np.logical_and)
LOGICAL_OR = _logical_primitive("logical_or", np.logical_or)
LOGICAL_NOT = _logical_primitive("logical_not", np.logical_not)
ISNAN = _logical_primitive("isnan", np.isnan)
ISFINITE = _logical_primitive("isfinite", np.isfinite)


def logical_and(x1: Any, x2: Any) -> Any:
    """Where both are true (not 0).

    Example:
        >>> logical_and([True, True], [True, False]).numpy()
        array([ True, False])
    """
    return apply(LOGICAL_AND, _pair(x1, x2), {})


def logical_or(x1: Any, x2: Any) -> Any:
    """Where either is true (not 0).

    Example:
        >>> logical_or([True, False], [False, False]).numpy()
        array([ True, False])
    """
    return apply(LOGICAL_OR, _pair(x1, x2), {})


def logical_not(x: Any) -> Any:
    """Where x is false (0).

    Example:
        >>> logical_not([True, False]).numpy()
        array([False,  True])
    """
    return apply(LOGICAL_NOT, (_tensor(x),), {})


def isnan(x: Any) -> Any:
    """Where x is no number.

    Example:
        >>> isnan([1.0, float("nan")]).numpy()
        array([False,  True])
    """
    return apply(ISNAN, (_tensor(x),), {})


def isfinite(x: Any) -> Any:
    """Where x is neither infinite nor NaN.

    Example:
        >>> isfinite([1.0, float("inf")]).numpy()
        array([ True, False])
    """
    return apply(ISFINITE, (_tensor(x),), {})


def _tensor(x: Any) -> Any:
    return x if isinstance(x, Operators) else convert_to_tensor(x)


def _same(x: Shape, **attrs: Any) -> Shape:
    return x


def _unary_primitive(name: str, kernel: Callable[..., Any], whole: Callable[..., Any] | None = None) -> Primitive:
    precise = getattr(reference, name)

    def run(x: Any) -> Any:
        return kernel(x) if whole is None or x.dtype.kind == "f" else whole(x)

    def in_double(x: Any) -> Any:
        return precise(x) if whole is None or x.dtype.kind == "f" else whole(x)

    def dtype(x: str) -> str:
        return "float" if whole is None or x.startswith("float") else x

    return Primitive(name, run if whole else kernel, in_double, _same, dtype)


NEGATIVE = _unary_primitive("negative", kernels.negative, np.negative)
ABS = _unary_primitive("abs", kernels.abs, np.abs)
SQUARE = _unary_primitive("square", kernels.square, np.square)
SQRT = _unary_primitive("sqrt", kernels.sqrt)
RSQRT = _unary_primitive("rsqrt", kernels.rsqrt)
RECIPROCAL = _unary_primitive("reciprocal", kernels.reciprocal)
SIGN = _unary_primitive("sign", kernels.sign, np.sign)
FLOOR = _unary_primitive("floor", kernels.floor, np.copy)
CEIL = _unary_primitive("ceil", kernels.ceil, np.copy)
ROUND = _unary_primitive("round", kernels.round, np.copy)
EXP = _unary_primitive("exp", kernels.exp)


def _elementary(name: str, in_numpy: Callable[..., Any]) -> Primitive:
    def precise(x: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return in_numpy(np.asarray(x, np.float64))

    return Primitive(name, lambda x: _core.elementary(x, name, None), precise, _same)


LOG = _elementary("log", np.log)
LOG1P = _elementary("log1p", np.log1p)
EXPM1 = _elementary("expm1", np.expm1)
SIGN.gradient = FLOOR.gradient = CEIL.gradient = ROUND.gradient = differentiable_nowhere


def negative(x: Any) -> Any:
    """-x.

    Example:
        >>> negative([1.0, -2.0]).numpy()
        array([-1.,  2.], dtype=float32)
    """
    return apply(NEGATIVE, (_tensor(x),), {})


def abs(x: Any) -> Any:
    """The absolute values; gradient 0 at 0.

    Example:
        >>> abs([1.0, -2.0]).numpy()
        array([1., 2.], dtype=float32)
    """
    return apply(ABS, (_tensor(x),), {})


absolute = abs
true_divide = divide


def square(x: Any) -> Any:
    """x * x.

    Example:
        >>> square([1.0, -2.0]).numpy()
        array([1., 4.], dtype=float32)
    """
    return apply(SQUARE, (_tensor(x),), {})


def sqrt(x: Any) -> Any:
    """The square root; NaN below 0.

    Example:
        >>> sqrt([1.0, 4.0]).numpy()
        array([1., 2.], dtype=float32)
    """
    return apply(SQRT, (_tensor(x),), {})


def rsqrt(x: Any) -> Any:
    """1 / sqrt(x).

    Example:
        >>> rsqrt([1.0, 4.0]).numpy()
        array([1. , 0.5], dtype=float32)
    """
    return apply(RSQRT, (_tensor(x),), {})


def reciprocal(x: Any) -> Any:
    """1 / x.

    Example:
        >>> reciprocal([1.0, 4.0]).numpy()
        array([1.  , 0.25], dtype=float32)
    """
    return apply(RECIPROCAL, (_tensor(x),), {})


def sign(x: Any) -> Any:
    """-1, 0 or 1.

    Example:
        >>> sign([3.0, -2.0, 0.0]).numpy()
        array([ 1., -1.,  0.], dtype=float32)
    """
    return apply(SIGN, (_tensor(x),), {})


def floor(x: Any) -> Any:
    """The largest whole number that is not larger.

    Example:
        >>> floor([1.5, -1.5]).numpy()
        array([ 1., -2.], dtype=float32)
    """
    return apply(FLOOR, (_tensor(x),), {})


def ceil(x: Any) -> Any:
    """The smallest whole number that is not smaller.

    Example:
        >>> ceil([1.5, -1.5]).numpy()
        array([ 2., -1.], dtype=float32)
    """
    return apply(CEIL, (_tensor(x),), {})


def round(x: Any, decimals: int = 0) -> Any:
    """The nearest whole number, ties to the even one.

    Args:
        x: any tensor.
        decimals: how many digits after the point to keep.

    Example:
        >>> round([1.5, 2.5, 1.26], 1).numpy()
        array([1.5, 2.5, 1.3], dtype=float32)
    """
    if decimals:
        return divide(round(multiply(x, 10.0**decimals)), 10.0**decimals)
    return apply(ROUND, (_tensor(x),), {})


def exp(x: Any) -> Any:
    """e ** x.

    Example:
        >>> exp([0.0, 1.0]).numpy()
        array([1.       , 2.7182817], dtype=float32)
    """
    return apply(EXP, (_tensor(x),), {})


def log(x: Any) -> Any:
    """The natural logarithm; -inf of 0, NaN below.

    Example:
        >>> log([1.0, 2.0]).numpy()
        array([0.       , 0.6931472], dtype=float32)
    """
    return apply(LOG, (_tensor(x),), {})


def log1p(x: Any) -> Any:
    """log(1 + x).

    Example:
        >>> log1p([0.0, 1.0]).numpy()
        array([0.       , 0.6931472], dtype=float32)
    """
    return apply(LOG1P, (_tensor(x),), {})


def expm1(x: Any) -> Any:
    """e ** x - 1.

    Example:
        >>> expm1([0.0]).numpy()
        array([0.], dtype=float32)
    """
    return apply(EXPM1, (_tensor(x),), {})


@gradient_of(NEGATIVE)
def _negative_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (negative(dy),)


@gradient_of(ABS)
def _abs_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (multiply(dy, sign(inputs[0])),)


@gradient_of(SQUARE)
def _square_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (multiply(multiply(dy, 2.0), inputs[0]),)


@gradient_of(SQRT)
def _sqrt_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (divide(multiply(dy, 0.5), y),)


@gradient_of(RSQRT)
def _rsqrt_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (multiply(multiply(dy, -0.5), multiply(square(y), y)),)


@gradient_of(RECIPROCAL)
def _reciprocal_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (multiply(negative(dy), square(y)),)


@gradient_of(EXP)
def _exp_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (multiply(dy, y),)


@gradient_of(LOG)
def _log_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (divide(dy, inputs[0]),)


@gradient_of(LOG1P)
def _log1p_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (divide(dy, add(inputs[0], 1.0)),)


@gradient_of(EXPM1)
def _expm1_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (multiply(dy, add(y, 1.0)),)


def clip(x: Any, x_min: float | None, x_max: float | None) -> Any:
    """x, but not below x_min and not above x_max; the gradient passes where nothing was cut.

    Args:
        x: any tensor.
        x_min: a number, or None.
        x_max: a number, or None.

    Example:
        >>> clip([-2.0, 0.5, 2.0], -1.0, 1.0).numpy()
        array([-1. ,  0.5,  1. ], dtype=float32)
    """
    return apply(CLIP, (_tensor(x),), {"x_min": x_min, "x_max": x_max})


def _clip(x: Any, x_min: float | None, x_max: float | None) -> Any:
    return kernels.clip(x, x_min, x_max) if x.dtype.kind == "f" else np.clip(x, x_min, x_max).astype(x.dtype)


def _clip_precise(x: Any, x_min: float | None, x_max: float | None) -> Any:
    return reference.clip(x, x_min, x_max) if x.dtype.kind == "f" else np.clip(x, x_min, x_max).astype(x.dtype)


CLIP = Primitive("clip", _clip, _clip_precise, _same, lambda x: "float" if x.startswith("float") else x)


@gradient_of(CLIP)
def _clip_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (where(equal(inputs[0], y), dy, 0.0),)


def where(condition: Any, x1: Any, x2: Any) -> Any:
    """x1 where the condition holds, x2 elsewhere; the three broadcast.

    Example:
        >>> where([True, False], [1.0, 2.0], 0.0).numpy()
        array([1., 0.], dtype=float32)
    """
    return apply(WHERE, (_tensor(condition), *_pair(x1, x2)), {})


def _where(condition: Any, x1: Any, x2: Any) -> Any:
    if x1.dtype.kind == "f" or x2.dtype.kind == "f":
        return _core.where(condition if condition.dtype.kind in "bi" else condition != 0, x1, x2, None)
    return np.where(condition, x1, x2)


def _where_precise(condition: Any, x1: Any, x2: Any) -> Any:
    y = np.where(condition, x1, x2)
    return y.astype(np.float64, copy=False) if y.dtype.kind == "f" else y


def _where_dtype(condition: str, x1: str, x2: str) -> str:
    return "float" if x1.startswith("float") or x2.startswith("float") else np.result_type(x1, x2).name


WHERE = Primitive("where", _where, _where_precise, shaping.broadcast_shapes, _where_dtype)


@gradient_of(WHERE)
def _where_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, Any, Any]:
    condition, a, b = inputs
    da = reductions.unbroadcast(where(condition, dy, 0.0), a) if needs[1] else None
    return None, da, reductions.unbroadcast(where(condition, 0.0, dy), b) if needs[2] else None


def cast(x: Any, dtype: str) -> Any:
    """The same numbers in another dtype; ``"float"`` is ``floatx()``. Always a copy of a variable.

    Example:
        >>> cast([1.7, -1.7], "int32").numpy()
        array([ 1, -1], dtype=int32)
    """
    x = _tensor(x)
    name = float_dtype().name if dtype == "float" else np.dtype(dtype).name
    if x.dtype == name and not isinstance(x, Variable):
        return x
    return apply(_CASTS[name], (x,), {}) if name in _CASTS else apply(_cast_primitive(name), (x,), {})


_CASTS: dict[str, Primitive] = {}


def _cast_primitive(name: str) -> Primitive:
    """One for each dtype, for the result's dtype belongs to the primitive."""

    def run(x: Any) -> Any:
        return x.astype(name)

    primitive = _CASTS[name] = Primitive(f"cast_{name}", run, run, _same, name)
    floating = name.startswith("float")
    primitive.gradient = _cast_gradient if floating else differentiable_nowhere
    return primitive


def _cast_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (cast(dy, inputs[0].dtype) if inputs[0].dtype.startswith("float") else None,)


for _name in ("float32", "float64", "int32", "int64", "uint8", "bool"):
    _cast_primitive(_name)


identity_primitive = Primitive("identity", np.copy, np.copy, _same, lambda x: x)


@gradient_of(identity_primitive)
def _identity_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (dy,)


STOP_GRADIENT = Primitive("stop_gradient", np.copy, np.copy, _same, lambda x: x)
STOP_GRADIENT.gradient = differentiable_nowhere


def stop_gradient(variable: Any) -> Any:
    """The same numbers, as a constant: no gradient flows through.

    Example:
        >>> stop_gradient([1.0]).numpy()
        array([1.], dtype=float32)
    """
    return apply(STOP_GRADIENT, (_tensor(variable),), {})


def convert_to_numpy(x: Any) -> Any:
    """The numbers, as an array that is a copy.

    Example:
        >>> convert_to_numpy(add(1.0, 1.0))
        array(2., dtype=float32)
    """
    return np.array(x.numpy() if isinstance(x, Operators) else x)  # type: ignore[attr-defined]


def shape(x: Any) -> tuple[int | None, ...]:
    """The sizes, None where a symbolic tensor leaves one open.

    Example:
        >>> shape([[1.0, 2.0]])
        (1, 2)
    """
    return builtins.tuple(_tensor(x).shape)
