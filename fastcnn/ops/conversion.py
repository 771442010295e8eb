"""The same numbers in another form: dtypes, copies, constants, NumPy arrays."""

import builtins
from typing import Any

import numpy as np

from fastcnn import _core
from fastcnn.seam import Primitive, apply, differentiable_nowhere, float_dtype, gradient_of, state
from fastcnn.tensor import Operators, Variable, convert_to_tensor

from .operands import as_tensor, same_shape

__all__ = [
    "cast",
    "convert_to_numpy",
    "convert_to_tensor",
    "identity_primitive",
    "shape",
    "stop_gradient",
]


def cast(x: Any, dtype: str) -> Any:
    """The same numbers in another dtype; ``"float"`` is ``floatx()``. Always a copy of a variable.

    Args:
        x: any tensor.
        dtype: such as "float32" or "int32".

    Example:
        >>> cast([1.7, -1.7], "int32").numpy()
        array([ 1, -1], dtype=int32)
    """
    x = as_tensor(x)
    name = float_dtype().name if dtype == "float" else np.dtype(dtype).name
    if x.dtype == name and not isinstance(x, Variable):
        return x
    return apply(_CASTS[name], (x,), {}) if name in _CASTS else apply(_cast_primitive(name), (x,), {})


def as_bool(x: Any) -> Any:
    x = as_tensor(x)
    return x if x.dtype == "bool" else cast(x, "bool")


_CASTS: dict[str, Primitive] = {}
_ZERO = np.zeros((), np.float32)


def _cast_primitive(name: str) -> Primitive:
    """One for each dtype, for the result's dtype belongs to the primitive."""

    def run(x: Any) -> Any:
        if state.recording and name == "float32" and x.dtype == np.int64:
            return _core.to_float(x)
        if name == "bool" and x.dtype == np.float32:
            return _core.compare(1, x, _ZERO, None)  # not equal: a program can hold it
        return x.astype(name)

    primitive = _CASTS[name] = Primitive(f"cast_{name}", run, run, same_shape, name)
    floating = name.startswith("float")
    primitive.gradient = _cast_gradient if floating else differentiable_nowhere
    return primitive


def _cast_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (cast(dy, inputs[0].dtype) if inputs[0].dtype.startswith("float") else None,)


for _name in ("float32", "float64", "int32", "int64", "uint8", "bool"):
    _cast_primitive(_name)


identity_primitive = Primitive("identity", np.copy, np.copy, same_shape, lambda x: x)


@gradient_of(identity_primitive)
def _identity_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (dy,)


STOP_GRADIENT = Primitive("stop_gradient", np.copy, np.copy, same_shape, lambda x: x)
STOP_GRADIENT.gradient = differentiable_nowhere


def stop_gradient(variable: Any) -> Any:
    """The same numbers, as a constant: no gradient flows through.

    Args:
        variable: a tensor or an array.

    Example:
        >>> stop_gradient([1.0]).numpy()
        array([1.], dtype=float32)
    """
    return apply(STOP_GRADIENT, (as_tensor(variable),), {})


def convert_to_numpy(x: Any) -> Any:
    """The numbers, as an array that is a copy.

    Args:
        x: a tensor, a variable or an array-like.

    Example:
        >>> convert_to_numpy(convert_to_tensor(2.0))
        array(2., dtype=float32)
    """
    return np.array(x.numpy() if isinstance(x, Operators) else x)  # type: ignore[attr-defined]


def shape(x: Any) -> tuple[int | None, ...]:
    """The sizes, None where a symbolic tensor leaves one open.

    Args:
        x: any tensor, symbolic ones too.

    Example:
        >>> shape([[1.0, 2.0]])
        (1, 2)
    """
    return builtins.tuple(as_tensor(x).shape)
