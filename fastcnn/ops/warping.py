"""Batches of images moved by matrices, and resized; not differentiable: they stand before the first weights."""

from typing import Any

from fastcnn import kernels, reference
from fastcnn.seam import Primitive, Shape, apply, differentiable_nowhere, gradient_of
from fastcnn.tensor import Operators, convert_to_tensor

__all__ = ["resize_images", "warp_images"]


def _resized(x: Shape, matrices: Shape, size: Any, **_: Any) -> Shape:
    return (x[0], *(x[1:3] if size is None else size), x[3])


WARP = Primitive("images_warp", kernels.images_warp, reference.images_warp, _resized)
RESIZE = Primitive(
    "images_resize", kernels.images_resize, reference.images_resize, lambda x, size, **_: (x[0], *size, x[3])
)
gradient_of(WARP)(differentiable_nowhere)
gradient_of(RESIZE)(differentiable_nowhere)


def warp_images(
    x: Any,
    matrices: Any,
    size: Any = None,
    interpolation: str = "linear",
    border: str = "constant",
    fill: float = 0.0,
) -> Any:
    """Every image by its own matrix; arguments as in ``kernels.images_warp``.

    Example:
        >>> import numpy as np
        >>> warp_images([[[[1.0], [2.0]]]], np.array([[[-1.0, 0, 1], [0, 1, 0]]])).numpy().ravel()
        array([2., 1.], dtype=float32)
    """
    x = x if isinstance(x, Operators) else convert_to_tensor(x, "float")
    matrices = matrices if isinstance(matrices, Operators) else convert_to_tensor(matrices)
    attrs = {"size": size, "interpolation": interpolation, "border": border, "fill": fill}
    return apply(WARP, (x, matrices), attrs)


def resize_images(x: Any, size: Any, interpolation: str = "linear", antialias: bool = False) -> Any:
    """Images (n, h, w, c) of another size; arguments as in ``kernels.images_resize``.

    Example:
        >>> resize_images([[[[0.0], [1.0], [2.0], [3.0]]]], (1, 2), "area").numpy().ravel()
        array([0.5, 2.5], dtype=float32)
    """
    x = x if isinstance(x, Operators) else convert_to_tensor(x, "float")
    return apply(RESIZE, (x,), {"size": tuple(size), "interpolation": interpolation, "antialias": antialias})
