"""Comparisons, logic, and the choice between two tensors."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import _core
from fastcnn.seam import Primitive, apply, differentiable_nowhere, gradient_of

from . import conversion, reductions
from .operands import as_tensor, broadcast_shapes, pair

__all__ = [
    "equal",
    "greater",
    "greater_equal",
    "isfinite",
    "isnan",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "not_equal",
    "where",
]


def _compare_primitive(name: str, code: int, whole: Callable[..., Any]) -> Primitive:
    core = _core.compare

    def kernel(a: Any, b: Any) -> Any:
        return core(code, a, b, None) if a.dtype.kind == "f" or b.dtype.kind == "f" else whole(a, b)

    primitive = Primitive(name, kernel, lambda a, b: whole(a, b), broadcast_shapes, "bool")
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
    return apply(EQUAL, pair(x1, x2), {})


def not_equal(x1: Any, x2: Any) -> Any:
    """Where x1 != x2.

    Example:
        >>> not_equal([1, 2], 2).numpy()
        array([ True, False])
    """
    return apply(NOT_EQUAL, pair(x1, x2), {})


def less(x1: Any, x2: Any) -> Any:
    """Where x1 < x2.

    Example:
        >>> less([1, 2], 2).numpy()
        array([ True, False])
    """
    return apply(LESS, pair(x1, x2), {})


def less_equal(x1: Any, x2: Any) -> Any:
    """Where x1 <= x2.

    Example:
        >>> less_equal([2, 3], 2).numpy()
        array([ True, False])
    """
    return apply(LESS_EQUAL, pair(x1, x2), {})


def greater(x1: Any, x2: Any) -> Any:
    """Where x1 > x2.

    Example:
        >>> greater([2, 3], 2).numpy()
        array([False,  True])
    """
    return apply(GREATER, pair(x1, x2), {})


def greater_equal(x1: Any, x2: Any) -> Any:
    """Where x1 >= x2.

    Example:
        >>> greater_equal([1, 2], 2).numpy()
        array([False,  True])
    """
    return apply(GREATER_EQUAL, pair(x1, x2), {})


def _logical_primitive(name: str, function: Callable[..., Any]) -> Primitive:
    primitive = Primitive(name, function, function, broadcast_shapes, "bool")
    primitive.gradient = differentiable_nowhere
    return primitive


LOGICAL_AND = _logical_primitive("logical_and", np.logical_and)
LOGICAL_OR = _logical_primitive("logical_or", np.logical_or)
LOGICAL_NOT = _logical_primitive("logical_not", np.logical_not)
ISNAN = _logical_primitive("isnan", np.isnan)
ISFINITE = _logical_primitive("isfinite", np.isfinite)


def logical_and(x1: Any, x2: Any) -> Any:
    """Where both are true (not 0).

    Args:
        x1: any tensor; what is not 0 is true.
        x2: one whose shape broadcasts with that of ``x1``.

    Example:
        >>> logical_and([True, True], [True, False]).numpy()
        array([ True, False])
    """
    return apply(LOGICAL_AND, pair(x1, x2), {})


def logical_or(x1: Any, x2: Any) -> Any:
    """Where either is true (not 0).

    Args:
        x1: any tensor; what is not 0 is true.
        x2: one whose shape broadcasts with that of ``x1``.

    Example:
        >>> logical_or([True, False], [False, False]).numpy()
        array([ True, False])
    """
    return apply(LOGICAL_OR, pair(x1, x2), {})


def logical_not(x: Any) -> Any:
    """Where x is false (0).

    Example:
        >>> logical_not([True, False]).numpy()
        array([False,  True])
    """
    return apply(LOGICAL_NOT, (as_tensor(x),), {})


def isnan(x: Any) -> Any:
    """Where x is no number.

    Example:
        >>> isnan([1.0, float("nan")]).numpy()
        array([False,  True])
    """
    return apply(ISNAN, (as_tensor(x),), {})


def isfinite(x: Any) -> Any:
    """Where x is neither infinite nor NaN.

    Example:
        >>> isfinite([1.0, float("inf")]).numpy()
        array([ True, False])
    """
    return apply(ISFINITE, (as_tensor(x),), {})


def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """x1 where the condition holds, x2 elsewhere; the three broadcast.

    Example:
        >>> where([True, False], [1.0, 2.0], 0.0).numpy()
        array([1., 0.], dtype=float32)
    """
    if x1 is None or x2 is None:
        missing = "x1" if x1 is None else "x2"
        raise NotImplementedError(
            f"where needs {missing}: where(condition) alone, the indices, is not supported by fastcnn; "
            "use numpy.nonzero(condition)"
        )
    return apply(WHERE, (conversion.as_bool(condition), *pair(x1, x2)), {})


def _where(condition: Any, x1: Any, x2: Any) -> Any:
    if x1.dtype.kind == "f" or x2.dtype.kind == "f":
        return _core.where(condition, x1, x2, None)
    return np.where(condition, x1, x2)


def _where_precise(condition: Any, x1: Any, x2: Any) -> Any:
    y = np.where(condition, x1, x2)
    return y.astype(np.float64, copy=False) if y.dtype.kind == "f" else y


def _where_dtype(condition: str, x1: str, x2: str) -> str:
    return "float" if x1.startswith("float") or x2.startswith("float") else np.result_type(x1, x2).name


WHERE = Primitive("where", _where, _where_precise, broadcast_shapes, _where_dtype)


@gradient_of(WHERE)
def _where_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, Any, Any]:
    condition, a, b = inputs
    da = reductions.unbroadcast(where(condition, dy, 0.0), a) if needs[1] else None
    return None, da, reductions.unbroadcast(where(condition, 0.0, dy), b) if needs[2] else None
