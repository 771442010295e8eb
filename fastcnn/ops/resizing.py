"""Adaptive pooling, upsampling and resizing."""

from collections.abc import Callable
from typing import Any

from fastcnn import _core, kernels, ops, reference
from fastcnn.seam import Primitive, Shape, apply

from .conv import to_channels_first
from .pooling import input_shape, linear_pair, spatial_tensor

__all__ = ["adaptive_average_pool", "resize", "upsample"]


def adaptive_average_pool(inputs: Any, output_size: Any, data_format: str | None = None) -> Any:
    """The means of ``output_size`` bins; bin i covers cells floor(i h / oh) to ceil((i + 1) h / oh) - 1.

    Args:
        inputs: (n, h, w, c) or (n, length, c).
        output_size: an int, or one an axis.
        data_format: "channels_last" (unless given) or "channels_first".

    Returns:
        (n, oh, ow, c) or (n, output_size, c).

    Example:
        >>> adaptive_average_pool([[[[1.0], [2.0], [6.0]]]], (1, 2)).numpy().ravel()
        array([1.5, 4. ], dtype=float32)
    """
    x = spatial_tensor(inputs, data_format)
    if len(x.shape) == 3:
        size = output_size[0] if isinstance(output_size, (tuple, list)) else output_size
        y = ops.squeeze(apply(ADAPTIVE_POOL, (ops.expand_dims(x, 1),), {"output_size": (1, size)}), 1)
    else:
        y = apply(ADAPTIVE_POOL, (x,), {"output_size": _core.pair(output_size, "output_size")})
    return to_channels_first(y) if data_format == "channels_first" else y


def _adaptive_dx(module: Any) -> Callable[..., Any]:
    dx = module.adaptive_avg_pool2d_dx
    return lambda dy, output_size, x_shape: dx(dy, (dy.shape[0], *x_shape[1:]))


ADAPTIVE_POOL = Primitive(
    "adaptive_average_pool",
    kernels.adaptive_avg_pool2d,
    reference.adaptive_avg_pool2d,
    lambda x, output_size: (x[0], *output_size, x[-1]),
)
ADAPTIVE_POOL_DX = Primitive("adaptive_average_pool_dx", _adaptive_dx(kernels), _adaptive_dx(reference), input_shape)
linear_pair(ADAPTIVE_POOL, ADAPTIVE_POOL_DX)


def upsample(x: Any, size: Any = 2, interpolation: str = "nearest", data_format: str | None = None) -> Any:
    """Images, or signals, enlarged by whole factors.

    Args:
        x: (n, h, w, c) or (n, length, c).
        size: an int, or one an axis.
        interpolation: "nearest" repeats each cell; "bilinear" as in ``resize``.
        data_format: "channels_last" (unless given) or "channels_first".

    Returns:
        (n, h * size[0], w * size[1], c) or (n, length * size, c).

    Example:
        >>> upsample([[[[1.0], [2.0]]]], (1, 2)).numpy().ravel()
        array([1., 1., 2., 2.], dtype=float32)
    """
    x = spatial_tensor(x, data_format)
    _known_interpolation(interpolation)
    if len(x.shape) == 3:
        factor = size[0] if isinstance(size, (tuple, list)) else size
        attrs = {"size": (1, factor), "interpolation": interpolation}
        y = ops.squeeze(apply(UPSAMPLE, (ops.expand_dims(x, 1),), attrs), 1)
    else:
        y = apply(UPSAMPLE, (x,), {"size": _core.pair(size, "size"), "interpolation": interpolation})
    return to_channels_first(y) if data_format == "channels_first" else y


def resize(x: Any, size: Any, interpolation: str = "bilinear", data_format: str | None = None) -> Any:
    """Images of another size, sampled at the new pixels' centres; shrinking does not smooth first.

    Args:
        x: (n, h, w, c).
        size: an int, or (h, w).
        interpolation: "bilinear" or "nearest".
        data_format: "channels_last" (unless given) or "channels_first".

    Returns:
        (n, h, w, c) of the new size.

    Example:
        >>> resize([[[[0.0], [4.0]]]], (1, 4)).numpy().ravel()
        array([0., 1., 3., 4.], dtype=float32)
    """
    x = spatial_tensor(x, data_format, ranks=(4,))
    _known_interpolation(interpolation)
    y = apply(RESIZE, (x,), {"size": _core.pair(size, "size"), "interpolation": interpolation})
    return to_channels_first(y) if data_format == "channels_first" else y


def _known_interpolation(interpolation: Any) -> None:
    if interpolation not in ("nearest", "bilinear"):
        raise ValueError(f"interpolation must be 'nearest' or 'bilinear', got {interpolation!r}")


def _upsampled_shape(x: Shape, size: Any, interpolation: str) -> Shape:
    return (x[0], *(None if n is None else n * f for n, f in zip(x[1:3], size, strict=True)), x[-1])


def _upsample_dx(module: Any) -> Callable[..., Any]:
    dx = module.upsample2d_dx
    return lambda dy, size, interpolation, x_shape: dx(dy, size, interpolation)


def _resize_dx(module: Any) -> Callable[..., Any]:
    dx = module.resize2d_dx
    return lambda dy, size, interpolation, x_shape: dx(dy, (dy.shape[0], *x_shape[1:]), interpolation)


UPSAMPLE = Primitive("upsample2d", kernels.upsample2d, reference.upsample2d, _upsampled_shape)
UPSAMPLE_DX = Primitive("upsample2d_dx", _upsample_dx(kernels), _upsample_dx(reference), input_shape)
linear_pair(UPSAMPLE, UPSAMPLE_DX)
RESIZE = Primitive(
    "resize2d", kernels.resize2d, reference.resize2d, lambda x, size, interpolation: (x[0], *size, x[-1])
)
RESIZE_DX = Primitive("resize2d_dx", _resize_dx(kernels), _resize_dx(reference), input_shape)
linear_pair(RESIZE, RESIZE_DX)
