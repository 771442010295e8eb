"""Pooling over all positions."""

from collections.abc import Callable
from typing import Any

from fastcnn import kernels, ops, reference
from fastcnn.seam import Primitive, Shape, apply, gradient_of

from .conv import to_channels_first
from .pooling import input_shape, linear_pair, ranked, ranked_dx, spatial_tensor

__all__ = ["global_average_pool", "global_max_pool"]


def global_average_pool(x: Any, keepdims: bool = False, data_format: str | None = None) -> Any:
    """The mean over all positions.

    Args:
        x: (n, h, w, c) or (n, length, c).
        keepdims: keep the pooled axes, of length 1.
        data_format: "channels_last" (unless given) or "channels_first".

    Returns:
        (n, c), or (n, 1, 1, c).

    Example:
        >>> global_average_pool([[[[1.0], [2.0]], [[4.0], [3.0]]]]).numpy()
        array([[2.5]], dtype=float32)
    """
    y = apply(GLOBAL_AVERAGE_POOL, (spatial_tensor(x, data_format),), {"keepdims": bool(keepdims)})
    return to_channels_first(y) if keepdims and data_format == "channels_first" else y


def global_max_pool(x: Any, keepdims: bool = False, data_format: str | None = None) -> Any:
    """The maximum over all positions.

    Args:
        x: (n, h, w, c) or (n, length, c).
        keepdims: keep the pooled axes, of length 1.
        data_format: "channels_last" (unless given) or "channels_first".

    Returns:
        (n, c), or (n, 1, 1, c).

    Example:
        >>> global_max_pool([[[[1.0], [2.0]], [[4.0], [3.0]]]]).numpy()
        array([[4.]], dtype=float32)
    """
    y = apply(GLOBAL_MAX_POOL, (spatial_tensor(x, data_format),), {"keepdims": bool(keepdims)})
    return to_channels_first(y) if keepdims and data_format == "channels_first" else y


def _global_shape(x: Shape, keepdims: bool) -> Shape:
    return (x[0], *((1,) * (len(x) - 2) if keepdims else ()), x[-1])


def _global_dx(module: Any) -> Callable[..., Any]:
    dx = ranked_dx(module, "global_avg_pool{}d_dx")
    return lambda dy, keepdims, x_shape: dx(dy, x_shape=x_shape)


def _global_max_dx(module: Any) -> Callable[..., Any]:
    signals, images = module.global_max_pool1d_dx, module.global_max_pool2d_dx
    return lambda dy, x: (images if x.ndim == 4 else signals)(dy, x)


GLOBAL_AVERAGE_POOL = Primitive(
    "global_average_pool",
    ranked(kernels, "global_avg_pool{}d"),
    ranked(reference, "global_avg_pool{}d"),
    _global_shape,
)
GLOBAL_AVERAGE_POOL_DX = Primitive("global_average_pool_dx", _global_dx(kernels), _global_dx(reference), input_shape)
linear_pair(GLOBAL_AVERAGE_POOL, GLOBAL_AVERAGE_POOL_DX)
GLOBAL_MAX_POOL = Primitive(
    "global_max_pool",
    ranked(kernels, "global_max_pool{}d"),
    ranked(reference, "global_max_pool{}d"),
    _global_shape,
)
GLOBAL_MAX_POOL_DX = Primitive(
    "global_max_pool_dx", _global_max_dx(kernels), _global_max_dx(reference), lambda dy, x: x
)


@gradient_of(GLOBAL_MAX_POOL)
def _global_max_pool_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(GLOBAL_MAX_POOL_DX, (dy, inputs[0]), {}),)


@gradient_of(GLOBAL_MAX_POOL_DX)
def _global_max_pool_dx_gradient(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, None]:
    dy, x = inputs
    chosen = g * apply(GLOBAL_MAX_POOL_DX, (ops.ones_like(dy), x), {})
    axes = tuple(range(1, len(x.shape) - 1))
    return ops.sum(chosen, axis=axes, keepdims=len(dy.shape) == len(x.shape)), None
