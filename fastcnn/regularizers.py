"""Penalties on weights or activations: scalars that are added to the loss and differentiated with it."""

import math
from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn._arrays import NUMBER
from fastcnn.absent import explain_absent
from fastcnn.registry import Configured, Registry
from fastcnn.tensor import convert_to_tensor

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]
explain_absent(__name__)

_registry = Registry("regularizer", "keras.regularizers")


def _factor(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, NUMBER) or not math.isfinite(value) or value < 0:
        raise ValueError(f"{name} must be a number of at least 0, got {value!r}")
    return float(value)


class Regularizer(Configured):
    """A function ``tensor -> scalar`` with a config; subclasses write ``__call__`` and ``get_config``.

    Example:
        >>> class Mean(Regularizer):
        ...     def __call__(self, x):
        ...         return ops.mean(x)
        >>> float(Mean()([1.0, 3.0]))
        2.0
    """

    def __call__(self, x: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, x)")


@_registry.register("l1_l2", "l1l2")
class L1L2(Regularizer):
    """``l1 * sum(|x|) + l2 * sum(x ** 2)``.

    Args:
        l1: at least 0.
        l2: at least 0.

    Example:
        >>> float(L1L2(l1=1.0, l2=0.5)([[2.0, -2.0]]))
        8.0
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0):
        self.l1 = 0.0 if l1 is None else _factor("l1", l1)
        self.l2 = 0.0 if l2 is None else _factor("l2", l2)

    def __call__(self, x: Any) -> Any:
        penalties = []
        if self.l1:
            penalties.append(self.l1 * ops.sum(ops.abs(x)))
        if self.l2:
            penalties.append(self.l2 * ops.sum_squares(x))
        if not penalties:
            return convert_to_tensor(0.0)
        return penalties[0] if len(penalties) == 1 else penalties[0] + penalties[1]

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


@_registry.register()
class L1(Regularizer):
    """``l1 * sum(|x|)``: pushes weights to exactly zero.

    Args:
        l1: at least 0.

    Example:
        >>> float(L1(0.5)([[2.0, -2.0]]))
        2.0
    """

    def __init__(self, l1: float = 0.01):
        self.l1 = 0.01 if l1 is None else _factor("l1", l1)

    def __call__(self, x: Any) -> Any:
        return self.l1 * ops.sum(ops.abs(x))

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


@_registry.register()
class L2(Regularizer):
    """``l2 * sum(x ** 2)``: keeps weights small. There is no factor 1/2, so its gradient is ``2 * l2 * x``.

    Args:
        l2: at least 0.

    Example:
        >>> float(L2(0.5)([[2.0, -2.0]]))
        4.0
    """

    def __init__(self, l2: float = 0.01):
        self.l2 = 0.01 if l2 is None else _factor("l2", l2)

    def __call__(self, x: Any) -> Any:
        return self.l2 * ops.sum_squares(x)

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


@_registry.register()
class OrthogonalRegularizer(Regularizer):
    """``factor`` times the mean of ``|cosine|`` over all pairs of rows, or of columns: zero where they are orthogonal.

    Args:
        factor: at least 0.
        mode: ``"rows"`` or ``"columns"``.

    Example:
        >>> float(OrthogonalRegularizer(1.0)([[1.0, 0.0], [0.0, 3.0]]))
        0.0
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows"):
        self.factor = _factor("factor", factor)
        if mode not in ("rows", "columns"):
            raise ValueError(f"mode must be 'rows' or 'columns', got {mode!r}")
        self.mode = mode

    def __call__(self, x: Any) -> Any:
        x = convert_to_tensor(x)
        if len(x.shape) != 2:
            raise ValueError(f"OrthogonalRegularizer takes matrices, tensors of two dimensions; got shape {x.shape}")
        if self.mode == "columns":
            x = ops.transpose(x)
        n = x.shape[0]
        if n < 2:
            return convert_to_tensor(0.0)  # there are no pairs
        x = x / ops.sqrt(ops.maximum(ops.sum(ops.square(x), axis=1, keepdims=True), 1e-12))
        cosines = ops.matmul(x, ops.transpose(x)) * (1.0 - np.eye(n))
        return (self.factor / (n * (n - 1))) * ops.sum(ops.abs(cosines))

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}


get, deserialize = _registry.get, _registry.deserialize


def serialize(regularizer: Any) -> Any:
    """The config of a regularizer, in Keras 3's form.

    Args:
        regularizer: the object.

    Example:
        >>> serialize(L2(0.1))["class_name"]
        'L2'
    """
    return _registry.serialize(regularizer)


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer
