"""Whole quotients and what is left, as NumPy has them: exact, where a rounded division would be off by a whole one."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn.seam import Primitive, apply, differentiable_nowhere, gradient_of

from . import arithmetic, elementary, reductions
from .operands import broadcast_shapes, pair

__all__ = ["floor_divide", "mod"]


def _primitive(name: str, function: Callable[..., Any]) -> Primitive:
    def run(a: Any, b: Any) -> Any:
        if a.dtype == bool and b.dtype == bool:
            a = a.astype(np.int32)
        with np.errstate(all="ignore"):  # by zero: infinities and NaN, of integers 0
            return function(a, b)

    def kernel(a: Any, b: Any) -> Any:
        y = run(a, b)
        return y.astype(np.float32) if y.dtype.kind == "f" else y

    def dtype(a: str, b: str) -> str:
        if a.startswith("float") or b.startswith("float"):
            return "float"
        return "int32" if a == b == "bool" else np.result_type(a, b).name

    return Primitive(name, kernel, run, broadcast_shapes, dtype)


FLOOR_DIVIDE, MOD = _primitive("floor_divide", np.floor_divide), _primitive("mod", np.mod)
FLOOR_DIVIDE.gradient = differentiable_nowhere


def floor_divide(x1: Any, x2: Any) -> Any:
    """x1 / x2, rounded down; of integers an integer.

    Example:
        >>> floor_divide([7.0, -7.0], 2.0).numpy()
        array([ 3., -4.], dtype=float32)
    """
    return apply(FLOOR_DIVIDE, pair(x1, x2), {})


def mod(x1: Any, x2: Any) -> Any:
    """What is left of x1 after ``floor_divide``; it has the sign of x2.

    Example:
        >>> mod([7.0, -7.0], 4.0).numpy()
        array([3., 1.], dtype=float32)
    """
    return apply(MOD, pair(x1, x2), {})


@gradient_of(MOD)
def _mod_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
    a, b = inputs
    db = None
    if needs[1]:
        db = reductions.unbroadcast(elementary.negative(arithmetic.multiply(dy, floor_divide(a, b))), b)
    return reductions.unbroadcast(dy, a) if needs[0] else None, db
