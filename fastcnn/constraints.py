"""What weights must obey: functions that the optimizer applies to a variable after each update."""

from typing import Any

from fastcnn import ops
from fastcnn.absent import explain_absent
from fastcnn.registry import Configured, Registry
from fastcnn.tensor import convert_to_tensor

__all__ = [
    "ClipValue",
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "clip_value",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]
explain_absent(__name__)

_registry = Registry("constraint", "keras.constraints")
_EPSILON = 1e-7


class Constraint(Configured):
    """A function ``weight -> weight`` with a config; subclasses write ``__call__`` and ``get_config``.

    Example:
        >>> class Centred(Constraint):
        ...     def __call__(self, w):
        ...         return w - ops.mean(w)
        >>> Centred()(convert_to_tensor([1.0, 3.0])).numpy()
        array([-1.,  1.], dtype=float32)
    """

    def __call__(self, w: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, w)")


def _norm(w: Any, axis: Any) -> Any:
    return ops.sqrt(ops.sum(ops.square(w), axis=axis, keepdims=True))


@_registry.register()
class MaxNorm(Constraint):
    """Scales weights down whose norm over ``axis`` is more than ``max_value``.

    Args:
        max_value: of the norm of one unit's weights.
        axis: over which the norm is taken: 0 for a dense kernel (in, out), ``[0, 1, 2]`` for a convolution's.

    Example:
        >>> MaxNorm(1.0)([[3.0], [4.0]]).numpy().round(3)
        array([[0.6],
               [0.8]], dtype=float32)
    """

    def __init__(self, max_value: float = 2, axis: Any = 0):
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> Any:
        w = convert_to_tensor(w)
        norms = _norm(w, self.axis)
        return w * (ops.clip(norms, 0.0, self.max_value) / (norms + _EPSILON))

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value, "axis": self.axis}


@_registry.register()
class UnitNorm(Constraint):
    """Scales weights to norm 1 over ``axis``.

    Args:
        axis: 0 for a dense kernel (in, out), ``[0, 1, 2]`` for a convolution's.

    Example:
        >>> UnitNorm()([[3.0], [4.0]]).numpy().round(3)
        array([[0.6],
               [0.8]], dtype=float32)
    """

    def __init__(self, axis: Any = 0):
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        w = convert_to_tensor(w)
        return w / (_norm(w, self.axis) + _EPSILON)

    def get_config(self) -> dict[str, Any]:
        return {"axis": self.axis}


@_registry.register()
class NonNeg(Constraint):
    """Sets negative weights to zero.

    Example:
        >>> NonNeg()([-1.0, 2.0]).numpy()
        array([0., 2.], dtype=float32)
    """

    def __call__(self, w: Any) -> Any:
        return ops.maximum(w, 0.0)


@_registry.register()
class MinMaxNorm(Constraint):
    """Moves the norm over ``axis`` into ``[min_value, max_value]``, by ``rate`` of the way.

    Args:
        min_value: the least norm.
        max_value: the greatest.
        rate: 1.0 enforces it at once.
        axis: 0 for a dense kernel (in, out), ``[0, 1, 2]`` for a convolution's.

    Example:
        >>> MinMaxNorm(0.0, 1.0, rate=0.5)([[3.0], [4.0]]).numpy().round(3)
        array([[1.8],
               [2.4]], dtype=float32)
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0):
        if min_value > max_value:
            raise ValueError(f"min_value must be at most max_value, got {min_value} and {max_value}")
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Any:
        w = convert_to_tensor(w)
        norms = _norm(w, self.axis)
        desired = self.rate * ops.clip(norms, self.min_value, self.max_value) + (1.0 - self.rate) * norms
        return w * (desired / (norms + _EPSILON))

    def get_config(self) -> dict[str, Any]:
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}


@_registry.register()
class ClipValue(Constraint):
    """Clips each weight by itself to ``[-max_value, max_value]``.

    "No weight may be larger than ..." taken literally; ``MaxNorm`` limits the norm of a unit's weights instead.

    Args:
        max_value: at least 0.

    Example:
        >>> ClipValue(1.0)([-3.0, 0.5]).numpy()
        array([-1. ,  0.5], dtype=float32)
    """

    serialized_as = ("fastcnn.constraints", "ClipValue")

    def __init__(self, max_value: float = 2.0):
        if max_value < 0:
            raise ValueError(f"max_value must be at least 0, got {max_value}")
        self.max_value = max_value

    def __call__(self, w: Any) -> Any:
        return ops.clip(w, -self.max_value, self.max_value)

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value}


get, deserialize = _registry.get, _registry.deserialize


def serialize(constraint: Any) -> Any:
    """The config of a constraint, in Keras 3's form.

    Args:
        constraint: the object.

    Example:
        >>> serialize(NonNeg())["class_name"]
        'NonNeg'
    """
    return _registry.serialize(constraint)


max_norm, min_max_norm, non_neg, unit_norm, clip_value = MaxNorm, MinMaxNorm, NonNeg, UnitNorm, ClipValue
