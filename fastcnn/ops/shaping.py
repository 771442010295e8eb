"""The same elements in another shape or another order of axes."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.seam import Primitive, Shape, apply, gradient_of
from fastcnn.tensor import Variable

from . import conversion
from .operands import as_tensor, moving, normalized_axes, own_dtype

__all__ = [
    "expand_dims",
    "flatten",
    "flip",
    "moveaxis",
    "ravel",
    "reshape",
    "squeeze",
    "swapaxes",
    "to_channels_first",
    "to_channels_last",
    "transpose",
]


def _unchanging(x: Any) -> Any:
    """Not a variable: what shares its memory would change when the variable does."""
    return conversion.identity_primitive(x) if isinstance(x, Variable) else as_tensor(x)


def reshape(x: Any, newshape: Any) -> Any:
    """The same elements in order, in another shape.

    Args:
        x: any tensor.
        newshape: an int or sizes; one may be -1. Where x is symbolic, None keeps the size at that place.

    Example:
        >>> reshape([1.0, 2.0, 3.0, 4.0], (2, -1)).numpy()
        array([[1., 2.],
               [3., 4.]], dtype=float32)
    """
    x = _unchanging(x)
    target = (newshape,) if isinstance(newshape, (int, np.integer)) else tuple(newshape)
    target = tuple(None if size is None else int(size) for size in target)
    if sum(size in (None, -1) for size in target) == 1:
        target = tuple(-1 if size is None else size for size in target)
    return apply(RESHAPE, (x,), {"shape": target})


def _reshape(x: Any, shape: Shape) -> Any:
    return x.reshape([x.shape[i] if size is None else size for i, size in enumerate(shape)] if None in shape else shape)


def _reshape_shape(x: Shape, shape: Shape) -> Shape:
    if shape.count(-1) > 1:
        raise ValueError(f"newshape may hold one -1, got {shape}")
    kept = [i for i, size in enumerate(shape) if size is None]
    if any(i >= len(x) for i in kept):
        raise ValueError(f"newshape {shape}: None keeps the size at its place, but x has {len(x)} dimensions: {x}")
    target = [x[i] if size is None else size for i, size in enumerate(shape)]
    free = [size for i, size in enumerate(x) if i not in kept]
    wanted = math.prod([size for size in shape if size not in (None, -1)])
    if None in free:
        return tuple(None if size == -1 else size for size in target)
    have = math.prod(free)  # type: ignore[arg-type]
    if have != wanted if -1 not in shape else wanted == 0 or have % wanted:
        raise ValueError(f"cannot reshape {x} to {shape}: {have} elements do not fit")
    return tuple(have // wanted if size == -1 else size for size in target)


RESHAPE = Primitive("reshape", _reshape, _reshape, _reshape_shape, own_dtype)
RESHAPE_LIKE = Primitive(
    "reshape_like",
    lambda x, like: x.reshape(like.shape),
    lambda x, like: x.reshape(like.shape),
    lambda x, like: like,
    own_dtype,
)


@gradient_of(RESHAPE)
def _reshape_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(RESHAPE_LIKE, (dy, inputs[0]), {}),)


@gradient_of(RESHAPE_LIKE)
def _reshape_like_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, None]:
    return apply(RESHAPE_LIKE, (dy, inputs[0]), {}) if needs[0] else None, None


def ravel(x: Any) -> Any:
    """All elements in one row.

    Args:
        x: any tensor.

    Example:
        >>> ravel([[1.0], [2.0]]).numpy()
        array([1., 2.], dtype=float32)
    """
    return reshape(x, (-1,))


flatten = ravel


def squeeze(x: Any, axis: Any = None) -> Any:
    """Without the axes of size 1.

    Args:
        x: any tensor.
        axis: one axis or several; None: all whose size is 1.

    Example:
        >>> squeeze([[1.0], [2.0]]).numpy()
        array([1., 2.], dtype=float32)
    """
    x = _unchanging(x)
    if axis is None:
        axes = tuple(i for i, size in enumerate(x.shape) if size == 1)
    else:
        axes = normalized_axes(axis, len(x.shape))
    for a in axes:
        if x.shape[a] not in (1, None):
            raise ValueError(f"squeeze: axis {a} of shape {x.shape} has size {x.shape[a]}, expected 1")
    return apply(SQUEEZE, (x,), {"axis": axes})


def _squeeze_shape(x: Shape, axis: tuple[int, ...]) -> Shape:
    return tuple(size for i, size in enumerate(x) if i not in axis)


def expand_dims(x: Any, axis: Any) -> Any:
    """With new axes of size 1.

    Args:
        x: any tensor.
        axis: where they stand in the result; one or several.

    Example:
        >>> expand_dims([1.0, 2.0], -1).shape
        (2, 1)
    """
    x = _unchanging(x)
    count = 1 if isinstance(axis, (int, np.integer)) else len(axis)
    return apply(EXPAND_DIMS, (x,), {"axis": normalized_axes(axis, len(x.shape) + count)})


def _expand_shape(x: Shape, axis: tuple[int, ...]) -> Shape:
    sizes = iter(x)
    return tuple(1 if i in axis else next(sizes) for i in range(len(x) + len(axis)))


SQUEEZE = Primitive("squeeze", np.squeeze, np.squeeze, _squeeze_shape, own_dtype)
EXPAND_DIMS = Primitive("expand_dims", np.expand_dims, np.expand_dims, _expand_shape, own_dtype)


@gradient_of(SQUEEZE)
def _squeeze_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(EXPAND_DIMS, (dy,), attrs),)


@gradient_of(EXPAND_DIMS)
def _expand_dims_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(SQUEEZE, (dy,), attrs),)


def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """The axes in another order.

    Args:
        x: any tensor.
        axes: axis i of the result is axis ``axes[i]`` of x; None reverses them.

    Example:
        >>> transpose([[1.0, 2.0]]).shape
        (2, 1)
    """
    x = as_tensor(x)
    ndim = len(x.shape)
    order = tuple(range(ndim))[::-1] if axes is None else tuple(a % ndim if -ndim <= a < ndim else a for a in axes)
    if sorted(order) != list(range(ndim)):
        raise ValueError(f"axes must name each of the {ndim} axes of shape {x.shape} once, got {axes}")
    return apply(TRANSPOSE, (x,), {"axes": order})


TRANSPOSE = moving(
    "transpose",
    kernels.transpose,
    lambda x, axes: np.array(np.transpose(x, axes), order="C"),
    lambda x, axes: tuple(x[a] for a in axes),
)


@gradient_of(TRANSPOSE)
def _transpose_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(TRANSPOSE, (dy,), {"axes": tuple(np.argsort(attrs["axes"]).tolist())}),)


def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """Axes moved to other places; the rest keep their order.

    Args:
        x: any tensor.
        source: an axis or several.
        destination: where they go, as many.

    Example:
        >>> from fastcnn.ops import ones
        >>> moveaxis(ones((1, 2, 3)), 0, -1).shape
        (2, 3, 1)
    """
    x = as_tensor(x)
    ndim = len(x.shape)
    sources, destinations = [
        [normalized_axes(a, ndim)[0] for a in ([given] if isinstance(given, (int, np.integer)) else given)]
        for given in (source, destination)
    ]
    if len(sources) != len(destinations):
        raise ValueError(f"source and destination must name as many axes, got {len(sources)} and {len(destinations)}")
    order = [a for a in range(ndim) if a not in sources]
    for to, a in sorted(zip(destinations, sources, strict=True)):
        order.insert(to, a)
    return transpose(x, order)


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged.

    Args:
        x: any tensor.
        axis1: one axis.
        axis2: the other.

    Example:
        >>> from fastcnn.ops import ones
        >>> swapaxes(ones((1, 2, 3)), 0, 2).shape
        (3, 2, 1)
    """
    x = as_tensor(x)
    order = list(range(len(x.shape)))
    a, b = normalized_axes(axis1, len(order))[0], normalized_axes(axis2, len(order))[0]
    order[a], order[b] = b, a
    return transpose(x, order)


def to_channels_last(x: Any) -> Any:
    """The channels moved from axis 1 to the end.

    Args:
        x: (n, c, ...).

    Example:
        >>> from fastcnn.ops import ones
        >>> to_channels_last(ones((1, 3, 5, 4))).shape
        (1, 5, 4, 3)
    """
    return moveaxis(x, 1, -1)


def to_channels_first(x: Any) -> Any:
    """The channels moved from the end to axis 1.

    Args:
        x: (n, ..., c).

    Example:
        >>> from fastcnn.ops import ones
        >>> to_channels_first(ones((1, 5, 4, 3))).shape
        (1, 3, 5, 4)
    """
    return moveaxis(x, -1, 1)


def flip(x: Any, axis: Any = None) -> Any:
    """The elements in reverse order along some axes; all of them for None.

    Args:
        x: any tensor.
        axis: one axis, several, or None for all.

    Example:
        >>> flip([1.0, 2.0]).numpy()
        array([2., 1.], dtype=float32)
    """
    x = as_tensor(x)
    return apply(FLIP, (x,), {"axis": normalized_axes(axis, len(x.shape))})


FLIP = moving("flip", kernels.flip, lambda x, axis: np.array(np.flip(x, axis), order="C"), lambda x, axis: x)


@gradient_of(FLIP)
def _flip_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(FLIP, (dy,), attrs),)
