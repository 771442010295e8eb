"""What operations have in common: their arguments as tensors, axes, shapes, dtypes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn.seam import Primitive, Shape, float_dtype
from fastcnn.tensor import Operators, Tensor, convert_to_tensor

__all__ = ["broadcast_shapes"]


def _scalar(value: Any, like: Any) -> Any:
    """A number beside a tensor takes the tensor's dtype, unless it has a fraction and the tensor has none."""
    kind = value.__class__
    if kind is float:
        return Tensor(np.array(value, float_dtype()))
    if kind is int:
        floating = like.dtype.startswith("float")
        dtype = float_dtype() if floating else "int32" if like.dtype == "bool" else like.dtype
        try:
            return Tensor(np.array(value, dtype))
        except OverflowError:  # -1 beside labels of 8 bits
            pass
    return convert_to_tensor(value)


def pair(x1: Any, x2: Any) -> tuple[Any, Any]:
    if isinstance(x1, Operators):
        return x1, x2 if isinstance(x2, Operators) else _scalar(x2, x1)
    if isinstance(x2, Operators):
        return _scalar(x1, x2), x2
    if x2.__class__ in (int, float):
        x1 = convert_to_tensor(x1)
        return x1, _scalar(x2, x1)
    x2 = convert_to_tensor(x2)
    return _scalar(x1, x2), x2


def floating(x: Any) -> Any:
    """As floats, for integers of few bits overflow."""
    from .conversion import cast

    x = as_tensor(x)
    return x if x.dtype.startswith("float") else cast(x, "float")


def as_tensor(x: Any) -> Any:
    return x if isinstance(x, Operators) else convert_to_tensor(x)


def same_shape(x: Shape, **attrs: Any) -> Shape:
    return x


def own_dtype(x: str, *others: str) -> str:
    return x


def moving(name: str, kernel: Any, in_numpy: Callable[..., Any], shape: Callable[..., Any]) -> Primitive:
    """The kernels move float32; whatever else there is, NumPy moves."""

    def run(x: Any, *others: Any, **attrs: Any) -> Any:
        return (kernel if x.dtype == np.float32 else in_numpy)(x, *others, **attrs)

    return Primitive(name, run, in_numpy, shape, own_dtype)


def broadcast_shapes(*shapes: Shape) -> Shape:
    """The shape that all of these broadcast to; None stands for a size that is not known yet.

    Example:
        >>> broadcast_shapes((None, 1, 3), (5, 1))
        (None, 5, 3)
    """
    ndim = max(len(shape) for shape in shapes)
    result: list[int | None] = []
    for sizes in zip(*[(1,) * (ndim - len(shape)) + tuple(shape) for shape in shapes], strict=True):
        large = {size for size in sizes if size != 1}
        known = large - {None}
        if len(known) > 1:
            raise ValueError(f"shapes {', '.join(map(str, shapes))} do not broadcast: sizes {sorted(known)} meet")
        result.append(known.pop() if known else None if large else 1)
    return tuple(result)


def normalized_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes counted from the front, in order; all of them for None."""
    if axis is None:
        return tuple(range(ndim))
    given = (axis,) if isinstance(axis, (int, np.integer)) else tuple(axis)
    for a in given:
        if not -ndim <= a < ndim:
            raise ValueError(f"axis {a} does not exist in {ndim} dimensions; expected {-ndim} to {ndim - 1}")
    axes = tuple(sorted(int(a) % ndim for a in given))
    if len(set(axes)) < len(axes):
        raise ValueError(f"axis must not name one axis twice, got {axis}")
    return axes
