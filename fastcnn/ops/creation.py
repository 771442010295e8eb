"""Tensors made of nothing: ones, zeros, ranges."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn.seam import Primitive, apply, differentiable_nowhere, float_dtype
from fastcnn.tensor import Operators, Tensor, Valued, convert_to_tensor

from . import conversion, repeating

__all__ = ["arange", "empty", "full", "full_like", "ones", "ones_like", "zeros", "zeros_like"]


def _dtype(dtype: str | None) -> Any:
    return float_dtype() if dtype in (None, "float") else np.dtype(dtype)


def zeros(shape: Any, dtype: str | None = None) -> Tensor:
    """Zeros of a shape.

    Example:
        >>> zeros((1, 2)).numpy()
        array([[0., 0.]], dtype=float32)
    """
    return Tensor(np.zeros(shape, _dtype(dtype)))


empty = zeros


def ones(shape: Any, dtype: str | None = None) -> Tensor:
    """Ones of a shape.

    Example:
        >>> ones(2, "int32").numpy()
        array([1, 1], dtype=int32)
    """
    return Tensor(np.ones(shape, _dtype(dtype)))


def full(shape: Any, fill_value: Any, dtype: str | None = None) -> Any:
    """One number, everywhere.

    Args:
        shape: of the result.
        fill_value: the number.
        dtype: "float32" unless given.

    Example:
        >>> full(2, 7.0).numpy()
        array([7., 7.], dtype=float32)
    """
    if isinstance(fill_value, Operators):
        sizes = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
        return repeating.broadcast_to(conversion.cast(fill_value, dtype or "float"), sizes)
    return Tensor(np.full(shape, fill_value, _dtype(dtype)))


def arange(start: Any, stop: Any = None, step: Any = None, dtype: str | None = None) -> Tensor:
    """Evenly spaced numbers, the end exclusive; int32 where all arguments are integers.

    Args:
        start: the first; or the end, where ``stop`` is None, and 0 is the first.
        stop: the end.
        step: the distance; 1 unless given.
        dtype: of the result.

    Example:
        >>> arange(3).numpy()
        array([0, 1, 2], dtype=int32)
    """
    values = [v.item() if isinstance(v, (Valued, np.generic)) else v for v in (start, stop, step)]
    first, end = (0, values[0]) if stop is None else (values[0], values[1])
    step = 1 if step is None else values[2]
    whole = all(isinstance(v, int) for v in (first, end, step))
    return Tensor(np.arange(first, end, step).astype("int32" if dtype is None and whole else _dtype(dtype)))


def _filled(name: str, make: Callable[..., Any]) -> Primitive:
    primitive = Primitive(name, make, make, lambda x, **attrs: x, lambda x: x)
    primitive.gradient = differentiable_nowhere
    return primitive


ZEROS_LIKE = _filled("zeros_like", lambda x: np.zeros(x.shape, x.dtype))
ONES_LIKE = _filled("ones_like", lambda x: np.ones(x.shape, x.dtype))
FULL_LIKE = _filled("full_like", lambda x, fill_value: np.full(x.shape, fill_value, x.dtype))


def _like(primitive: Primitive, x: Any, dtype: str | None, attrs: dict[str, Any]) -> Any:
    x = x if isinstance(x, Operators) else convert_to_tensor(x)
    return apply(primitive, (x if dtype is None else conversion.cast(x, dtype),), attrs)


def zeros_like(x: Any, dtype: str | None = None) -> Any:
    """Zeros of the shape and dtype of a tensor.

    Args:
        x: the tensor.
        dtype: in the place of the tensor's.

    Example:
        >>> zeros_like([1, 2]).numpy()
        array([0, 0], dtype=int32)
    """
    return _like(ZEROS_LIKE, x, dtype, {})


def ones_like(x: Any, dtype: str | None = None) -> Any:
    """Ones of the shape and dtype of a tensor.

    Args:
        x: the tensor.
        dtype: in the place of the tensor's.

    Example:
        >>> ones_like([1.0, 2.0]).numpy()
        array([1., 1.], dtype=float32)
    """
    return _like(ONES_LIKE, x, dtype, {})


def full_like(x: Any, fill_value: float, dtype: str | None = None) -> Any:
    """One number in the shape and dtype of a tensor.

    Args:
        x: the tensor.
        fill_value: the number.
        dtype: in the place of the tensor's.

    Example:
        >>> full_like([1.0, 2.0], 7.0).numpy()
        array([7., 7.], dtype=float32)
    """
    return _like(FULL_LIKE, x, dtype, {"fill_value": fill_value})
