"""One of two computations, and the error function, which is made of two."""

import math
from typing import Any

from fastcnn.seam import state
from fastcnn.tensor import SymbolicTensor, Variable

from . import activations, arithmetic, comparison, elementary
from .operands import as_tensor, floating

__all__ = ["cond", "erf"]


def cond(pred: Any, true_fn: Any, false_fn: Any) -> Any:
    """``true_fn()`` where ``pred`` holds, else ``false_fn()``.

    In a functional model or a program, where ``pred`` has no value yet, both run and the result is chosen.

    Args:
        pred: a truth value: a bool, or a tensor of one element without axes.
        true_fn, false_fn: functions without arguments; tensors, or nests of lists, tuples and dicts of one form.

    Example:
        >>> float(cond(3.0 > 2.0, lambda: 1.0, lambda: 0.0))
        1.0
    """
    if not callable(true_fn) or not callable(false_fn):
        wrong = ("false_fn", false_fn) if callable(true_fn) else ("true_fn", true_fn)
        raise TypeError(f"cond: {wrong[0]} must be a function without arguments, got {wrong[1]!r}")
    if getattr(pred, "shape", ()) != ():
        raise ValueError(f"cond: pred must be one truth value, got shape {pred.shape}")
    if not isinstance(pred, SymbolicTensor) and (state.steps is None or not isinstance(pred, Variable)):
        return true_fn() if pred else false_fn()
    return _chosen(pred, true_fn(), false_fn())


def _chosen(pred: Any, a: Any, b: Any) -> Any:
    if a is None and b is None:
        return None
    if a.__class__ is dict and b.__class__ is dict and a.keys() == b.keys():
        return {key: _chosen(pred, a[key], b[key]) for key in a}
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)) and len(a) == len(b):
        parts = [_chosen(pred, x, y) for x, y in zip(a, b, strict=True)]
        return parts if isinstance(a, list) else tuple(parts)
    a, b = as_tensor(a), as_tensor(b)
    if a.shape != b.shape:
        raise ValueError(f"cond: both functions must return one shape, got {a.shape} and {b.shape}")
    return comparison.where(pred, a, b)


def erf(x: Any) -> Any:
    """The error function: twice the probability that a normal variable of variance 1/2 is between 0 and x.

    Example:
        >>> erf([0.0, 0.5, -9.0]).numpy().round(4)
        array([ 0.    ,  0.5205, -1.    ], dtype=float32)
    """
    from fastcnn.autograd import custom_gradient

    def computed(x: Any) -> Any:
        def gradient(upstream: Any) -> Any:
            return upstream * elementary.exp(-elementary.square(x)) * (2.0 / math.sqrt(math.pi))

        return _erf(x), gradient

    return custom_gradient(computed)(floating(x))


# By the normal distribution in gelu, but near 0, where that would lose digits, by its series.
def _erf(x: Any) -> Any:
    size, square = elementary.abs(x), elementary.square(x)
    series: Any = _SERIES[-1]
    for coefficient in _SERIES[-2::-1]:
        series = arithmetic.add(arithmetic.multiply(series, square), coefficient)
    z = arithmetic.clip(size, 0.5, 6.0) * math.sqrt(2.0)
    far = elementary.sign(x) * (activations.gelu(z, approximate=False) * 2.0 / z - 1.0)
    return comparison.where(comparison.less(size, 0.5), x * series, comparison.where(comparison.isnan(x), x, far))


_SERIES = [2.0 / math.sqrt(math.pi) * (-1) ** n / (math.factorial(n) * (2 * n + 1)) for n in range(8)]
