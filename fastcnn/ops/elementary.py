"""Functions of one number: signs, rounding, roots, powers of e and logarithms."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import kernels, reference
from fastcnn.seam import Primitive, apply, differentiable_nowhere, gradient_of

from . import arithmetic, conversion
from .operands import as_tensor, same_shape

__all__ = [
    "abs",
    "absolute",
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


def _unary_primitive(name: str, kernel: Callable[..., Any], whole: Callable[..., Any] | None = None) -> Primitive:
    precise = getattr(reference, name)

    def run(x: Any) -> Any:
        return kernel(x) if whole is None or x.dtype.kind == "f" else whole(x)

    def in_double(x: Any) -> Any:
        return precise(x) if whole is None or x.dtype.kind == "f" else whole(x)

    def dtype(x: str) -> str:
        return "float" if whole is None or x.startswith("float") else "int32" if whole is _square and x == "bool" else x

    return Primitive(name, run if whole else kernel, in_double, same_shape, dtype)


def _square(x: Any) -> Any:
    return np.square(x, dtype=np.int32) if x.dtype == bool else np.square(x)


NEGATIVE = _unary_primitive("negative", kernels.negative, np.negative)
ABS = _unary_primitive("abs", kernels.abs, np.abs)
SQUARE = _unary_primitive("square", kernels.square, _square)
SQRT = _unary_primitive("sqrt", kernels.sqrt)
RSQRT = _unary_primitive("rsqrt", kernels.rsqrt)
RECIPROCAL = _unary_primitive("reciprocal", kernels.reciprocal)
SIGN = _unary_primitive("sign", kernels.sign, np.sign)
FLOOR = _unary_primitive("floor", kernels.floor, np.copy)
CEIL = _unary_primitive("ceil", kernels.ceil, np.copy)
ROUND = _unary_primitive("round", kernels.round, np.copy)
EXP = _unary_primitive("exp", kernels.exp)
LOG = _unary_primitive("log", kernels.log)
LOG1P = _unary_primitive("log1p", kernels.log1p)
EXPM1 = _unary_primitive("expm1", kernels.expm1)
SIGN.gradient = FLOOR.gradient = CEIL.gradient = ROUND.gradient = differentiable_nowhere


def negative(x: Any) -> Any:
    """-x.

    Example:
        >>> negative([1.0, -2.0]).numpy()
        array([-1.,  2.], dtype=float32)
    """
    return apply(NEGATIVE, (as_tensor(x),), {})


def abs(x: Any) -> Any:
    """The absolute values; gradient 0 at 0.

    Args:
        x: any tensor.

    Example:
        >>> abs([1.0, -2.0]).numpy()
        array([1., 2.], dtype=float32)
    """
    return apply(ABS, (as_tensor(x),), {})


absolute = abs


def square(x: Any) -> Any:
    """x * x.

    Example:
        >>> square([1.0, -2.0]).numpy()
        array([1., 4.], dtype=float32)
    """
    return apply(SQUARE, (as_tensor(x),), {})


def sqrt(x: Any) -> Any:
    """The square root; NaN below 0.

    Args:
        x: any tensor.

    Example:
        >>> sqrt([1.0, 4.0]).numpy()
        array([1., 2.], dtype=float32)
    """
    return apply(SQRT, (as_tensor(x),), {})


def rsqrt(x: Any) -> Any:
    """1 / sqrt(x).

    Example:
        >>> rsqrt([1.0, 4.0]).numpy()
        array([1. , 0.5], dtype=float32)
    """
    return apply(RSQRT, (as_tensor(x),), {})


def reciprocal(x: Any) -> Any:
    """1 / x.

    Example:
        >>> reciprocal([1.0, 4.0]).numpy()
        array([1.  , 0.25], dtype=float32)
    """
    return apply(RECIPROCAL, (as_tensor(x),), {})


def sign(x: Any) -> Any:
    """-1, 0 or 1.

    Args:
        x: any tensor.

    Example:
        >>> sign([3.0, -2.0, 0.0]).numpy()
        array([ 1., -1.,  0.], dtype=float32)
    """
    return apply(SIGN, (as_tensor(x),), {})


def floor(x: Any) -> Any:
    """The largest whole number that is not larger.

    Args:
        x: any tensor.

    Example:
        >>> floor([1.5, -1.5]).numpy()
        array([ 1., -2.], dtype=float32)
    """
    return apply(FLOOR, (as_tensor(x),), {})


def ceil(x: Any) -> Any:
    """The smallest whole number that is not smaller.

    Args:
        x: any tensor.

    Example:
        >>> ceil([1.5, -1.5]).numpy()
        array([ 2., -1.], dtype=float32)
    """
    return apply(CEIL, (as_tensor(x),), {})


def round(x: Any, decimals: int = 0) -> Any:
    """The nearest whole number, ties to the even one.

    Args:
        x: any tensor.
        decimals: how many digits after the point to keep.

    Example:
        >>> round([1.5, 2.5, 1.26], 1).numpy()
        array([1.5, 2.5, 1.3], dtype=float32)
    """
    x = as_tensor(x)
    if not decimals:
        return apply(ROUND, (x,), {})
    y = arithmetic.divide(round(arithmetic.multiply(x, 10.0**decimals)), 10.0**decimals)
    return y if x.dtype.startswith("float") else conversion.cast(y, x.dtype)


def exp(x: Any) -> Any:
    """e ** x.

    Example:
        >>> exp([0.0, 1.0]).numpy()
        array([1.       , 2.7182817], dtype=float32)
    """
    return apply(EXP, (as_tensor(x),), {})


def log(x: Any) -> Any:
    """The natural logarithm; -inf of 0, NaN below.

    Args:
        x: any tensor.

    Example:
        >>> log([1.0, 2.0]).numpy()
        array([0.       , 0.6931472], dtype=float32)
    """
    return apply(LOG, (as_tensor(x),), {})


def log1p(x: Any) -> Any:
    """log(1 + x).

    Example:
        >>> log1p([0.0, 1.0]).numpy()
        array([0.       , 0.6931472], dtype=float32)
    """
    return apply(LOG1P, (as_tensor(x),), {})


def expm1(x: Any) -> Any:
    """e ** x - 1.

    Example:
        >>> expm1([0.0]).numpy()
        array([0.], dtype=float32)
    """
    return apply(EXPM1, (as_tensor(x),), {})


@gradient_of(NEGATIVE)
def _negative_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (negative(dy),)


@gradient_of(ABS)
def _abs_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (arithmetic.multiply(dy, sign(inputs[0])),)


@gradient_of(SQUARE)
def _square_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (arithmetic.multiply(arithmetic.multiply(dy, 2.0), inputs[0]),)


@gradient_of(SQRT)
def _sqrt_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (arithmetic.divide(arithmetic.multiply(dy, 0.5), y),)


@gradient_of(RSQRT)
def _rsqrt_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (arithmetic.multiply(arithmetic.multiply(dy, -0.5), arithmetic.multiply(square(y), y)),)


@gradient_of(RECIPROCAL)
def _reciprocal_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (arithmetic.multiply(negative(dy), square(y)),)


@gradient_of(EXP)
def _exp_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (arithmetic.multiply(dy, y),)


@gradient_of(LOG)
def _log_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (arithmetic.divide(dy, inputs[0]),)


@gradient_of(LOG1P)
def _log1p_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (arithmetic.divide(dy, arithmetic.add(inputs[0], 1.0)),)


@gradient_of(EXPM1)
def _expm1_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (arithmetic.multiply(dy, arithmetic.add(y, 1.0)),)
