"""Pooling, global and adaptive pooling, upsampling and resizing."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import _core, kernels, ops, reference
from fastcnn.seam import Primitive, Shape, apply, gradient_of, state
from fastcnn.tensor import Operators, convert_to_tensor

from .conv import _channels_first, output_size, to_channels_first, to_channels_last

__all__ = [
    "adaptive_average_pool",
    "average_pool",
    "global_average_pool",
    "global_max_pool",
    "max_pool",
    "resize",
    "upsample",
]


def max_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: Any = "valid", data_format: str | None = None
) -> Any:
    """The maximum of each window. Padding does not take part.

    Args:
        inputs: (n, h, w, c) or (n, length, c).
        pool_size: an int, or one an axis.
        strides: likewise; None means ``pool_size``.
        padding: "valid", "same", an int, one an axis, or pairs (before, after).
        data_format: "channels_last" (unless given) or "channels_first".

    Returns:
        (n, oh, ow, c) or (n, out length, c).

    Example:
        >>> max_pool([[[[1.0], [2.0]], [[4.0], [3.0]]]], 2).numpy().ravel()
        array([4.], dtype=float32)
    """
    x = _spatial_tensor(inputs, data_format)
    attrs = _window(len(x.shape), pool_size, strides, padding)
    if state.tapes and _cells(attrs["pool_size"], len(x.shape)) <= 256:
        y = apply(MAX_POOL_INDICES, (x,), attrs)[0]
    else:
        y = apply(MAX_POOL, (x,), attrs)
    return to_channels_first(y) if data_format == "channels_first" else y


def average_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: Any = "valid", data_format: str | None = None
) -> Any:
    """The mean of each window; padding does not count.

    Args:
        inputs: (n, h, w, c) or (n, length, c).
        pool_size: an int, or one an axis.
        strides: likewise; None means ``pool_size``.
        padding: "valid", "same", an int, one an axis, or pairs (before, after).
        data_format: "channels_last" (unless given) or "channels_first".

    Returns:
        (n, oh, ow, c) or (n, out length, c).

    Example:
        >>> average_pool([[[[1.0], [2.0]], [[4.0], [3.0]]]], 2).numpy().ravel()
        array([2.5], dtype=float32)
    """
    x = _spatial_tensor(inputs, data_format)
    y = apply(AVERAGE_POOL, (x,), _window(len(x.shape), pool_size, strides, padding))
    return to_channels_first(y) if data_format == "channels_first" else y


def _spatial_tensor(inputs: Any, data_format: str | None, ranks: tuple[int, ...] = (3, 4)) -> Any:
    """The inputs with their channels last."""
    x = inputs if isinstance(inputs, Operators) else convert_to_tensor(inputs, "float")
    if len(x.shape) not in ranks:
        wanted = " or ".join({3: "(n, length, c)", 4: "(n, h, w, c)"}[rank] for rank in ranks)
        raise ValueError(f"inputs must be {wanted}, got shape {tuple(x.shape)}")
    return to_channels_last(x) if data_format is not None and _channels_first(data_format) else x


def _window(rank: int, pool_size: Any, strides: Any, padding: Any) -> dict[str, Any]:
    if rank == 3:
        pool_size, strides, padding = (
            v[0] if isinstance(v, (tuple, list)) and len(v) == 1 else v for v in (pool_size, strides, padding)
        )
    return {"pool_size": pool_size, "strides": strides, "padding": padding}


def _cells(pool_size: Any, rank: int) -> int:
    return pool_size ** (rank - 2) if isinstance(pool_size, int) else int(np.prod(pool_size))


def _ranked(module: Any, name: str, **fixed: Any) -> Callable[..., Any]:
    """The function of that name for signals or for images, as the first array's rank has it."""
    signals, images = getattr(module, name.format(1)), getattr(module, name.format(2))

    def either(x: Any, *rest: Any, **attrs: Any) -> Any:
        return (images if x.ndim == 4 else signals)(x, *rest, **fixed, **attrs)

    return either


def _ranked_dx(module: Any, name: str) -> Callable[..., Any]:
    """Likewise for gradients that take the shape of x."""
    signals, images = getattr(module, name.format(1)), getattr(module, name.format(2))

    def either(dy: Any, *, x_shape: Any, **attrs: Any) -> Any:
        return (images if len(x_shape) == 4 else signals)(dy, (dy.shape[0], *x_shape[1:]), **attrs)

    return either


def _pooled_shape(x: Shape, pool_size: Any, strides: Any, padding: Any) -> Shape:
    strides = pool_size if strides is None else strides
    if len(x) == 3:
        pool_size, strides = (1, pool_size), (1, strides)
        padding = padding if isinstance(padding, str) else (0, padding if isinstance(padding, int) else tuple(padding))
        padding = ((0, 0), padding[1]) if isinstance(padding, tuple) and isinstance(padding[1], tuple) else padding
    size, step = _core.pair(pool_size, "pool_size"), _core.pair(strides, "strides")
    axes = (0, 1) if len(x) == 4 else (1,)
    return (x[0], *(output_size(x[1 + a - (4 - len(x))], size[a], step[a], padding, 1, a) for a in axes), x[-1])


def _x_shape(dy: Shape, *others: Shape, x_shape: Any, **attrs: Any) -> Shape:
    return (dy[0], *x_shape[1:])


MAX_POOL = Primitive("max_pool", _ranked(kernels, "max_pool{}d"), _ranked(reference, "max_pool{}d"), _pooled_shape)
MAX_POOL_INDICES = Primitive(
    "max_pool_indices",
    _ranked(kernels, "max_pool{}d", return_indices=True),
    _ranked(reference, "max_pool{}d", return_indices=True),
    lambda x, **attrs: [_pooled_shape(x, **attrs)] * 2,
)
MAX_POOL_DX = Primitive(
    "max_pool_dx", _ranked(kernels, "max_pool{}d_dx"), _ranked(reference, "max_pool{}d_dx"), lambda dy, x, **attrs: x
)


def _scatter(module: Any) -> Callable[..., Any]:
    dx = _ranked_dx(module, "max_pool{}d_dx")
    return lambda dy, indices, **attrs: dx(dy, indices=indices, **attrs)


MAX_POOL_SCATTER = Primitive("max_pool_scatter", _scatter(kernels), _scatter(reference), _x_shape)


def _gather(g: Any, indices: Any, *, pool_size: Any, strides: Any, padding: Any) -> Any:
    """g where each window had its maximum."""
    if g.ndim == 3:
        strides = (1, pool_size if strides is None else strides)
        if not isinstance(padding, str):
            padding = ((0, 0), (padding, padding) if isinstance(padding, int) else padding)
        window = {"pool_size": (1, pool_size), "strides": strides, "padding": padding}
        return _gather(g[:, None], indices[:, None], **window)[:, 0]
    (_, width), steps = (
        _core.pair(pool_size, "pool_size"),
        _core.pair(pool_size if strides is None else strides, "strides"),
    )
    sides = reference.conv.conv2d_padding(g.shape[1:3], _core.pair(pool_size, "pool_size"), steps, padding, 1)
    n, oh, ow, c = indices.shape
    at = indices.astype(np.int64)
    rows = np.arange(oh)[:, None, None] * steps[0] - sides[0][0] + at // width
    columns = np.arange(ow)[:, None] * steps[1] - sides[1][0] + at % width
    return g[np.arange(n)[:, None, None, None], rows, columns, np.arange(c)]


MAX_POOL_GATHER = Primitive("max_pool_gather", _gather, _gather, lambda g, indices, **attrs: indices)


@gradient_of(MAX_POOL)
def _max_pool_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(MAX_POOL_DX, (dy, inputs[0]), attrs),)


@gradient_of(MAX_POOL_INDICES)
def _max_pool_indices_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any]:
    return (apply(MAX_POOL_SCATTER, (dy[0], outputs[1]), {**attrs, "x_shape": inputs[0].shape}),)


@gradient_of(MAX_POOL_SCATTER)
def _max_pool_scatter_gradient(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, None]:
    window = {name: value for name, value in attrs.items() if name != "x_shape"}
    return apply(MAX_POOL_GATHER, (g, inputs[1]), window), None


@gradient_of(MAX_POOL_GATHER)
def _max_pool_gather_gradient(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, None]:
    return apply(MAX_POOL_SCATTER, (g, inputs[1]), {**attrs, "x_shape": inputs[0].shape}), None


AVERAGE_POOL = Primitive(
    "average_pool", _ranked(kernels, "avg_pool{}d"), _ranked(reference, "avg_pool{}d"), _pooled_shape
)
AVERAGE_POOL_DX = Primitive(
    "average_pool_dx", _ranked_dx(kernels, "avg_pool{}d_dx"), _ranked_dx(reference, "avg_pool{}d_dx"), _x_shape
)


def _linear(forward: Primitive, backward: Primitive) -> None:
    """The gradient rules of a linear primitive and its gradient: each is the other's."""

    @gradient_of(forward)
    def _forward(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any]:
        return (apply(backward, (dy,), {**attrs, "x_shape": inputs[0].shape}),)

    @gradient_of(backward)
    def _backward(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any]:
        return (apply(forward, (g,), {name: value for name, value in attrs.items() if name != "x_shape"}),)


_linear(AVERAGE_POOL, AVERAGE_POOL_DX)


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
    y = apply(GLOBAL_AVERAGE_POOL, (_spatial_tensor(x, data_format),), {"keepdims": bool(keepdims)})
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
    y = apply(GLOBAL_MAX_POOL, (_spatial_tensor(x, data_format),), {"keepdims": bool(keepdims)})
    return to_channels_first(y) if keepdims and data_format == "channels_first" else y


def _global_shape(x: Shape, keepdims: bool) -> Shape:
    return (x[0], *((1,) * (len(x) - 2) if keepdims else ()), x[-1])


def _global_dx(module: Any) -> Callable[..., Any]:
    dx = _ranked_dx(module, "global_avg_pool{}d_dx")
    return lambda dy, keepdims, x_shape: dx(dy, x_shape=x_shape)


def _global_max_dx(module: Any) -> Callable[..., Any]:
    signals, images = module.global_max_pool1d_dx, module.global_max_pool2d_dx
    return lambda dy, x: (images if x.ndim == 4 else signals)(dy, x)


GLOBAL_AVERAGE_POOL = Primitive(
    "global_average_pool",
    _ranked(kernels, "global_avg_pool{}d"),
    _ranked(reference, "global_avg_pool{}d"),
    _global_shape,
)
GLOBAL_AVERAGE_POOL_DX = Primitive("global_average_pool_dx", _global_dx(kernels), _global_dx(reference), _x_shape)
_linear(GLOBAL_AVERAGE_POOL, GLOBAL_AVERAGE_POOL_DX)
GLOBAL_MAX_POOL = Primitive(
    "global_max_pool",
    _ranked(kernels, "global_max_pool{}d"),
    _ranked(reference, "global_max_pool{}d"),
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


def adaptive_average_pool(x: Any, output_size: Any, data_format: str | None = None) -> Any:
    """The means of ``output_size`` bins; bin i covers cells floor(i h / oh) to ceil((i + 1) h / oh) - 1.

    Args:
        x: (n, h, w, c) or (n, length, c).
        output_size: an int, or one an axis.
        data_format: "channels_last" (unless given) or "channels_first".

    Returns:
        (n, oh, ow, c) or (n, output_size, c).

    Example:
        >>> adaptive_average_pool([[[[1.0], [2.0], [6.0]]]], (1, 2)).numpy().ravel()
        array([1.5, 4. ], dtype=float32)
    """
    x = _spatial_tensor(x, data_format)
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
ADAPTIVE_POOL_DX = Primitive("adaptive_average_pool_dx", _adaptive_dx(kernels), _adaptive_dx(reference), _x_shape)
_linear(ADAPTIVE_POOL, ADAPTIVE_POOL_DX)


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
    x = _spatial_tensor(x, data_format)
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
    x = _spatial_tensor(x, data_format, ranks=(4,))
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
UPSAMPLE_DX = Primitive("upsample2d_dx", _upsample_dx(kernels), _upsample_dx(reference), _x_shape)
_linear(UPSAMPLE, UPSAMPLE_DX)
RESIZE = Primitive(
    "resize2d", kernels.resize2d, reference.resize2d, lambda x, size, interpolation: (x[0], *size, x[-1])
)
RESIZE_DX = Primitive("resize2d_dx", _resize_dx(kernels), _resize_dx(reference), _x_shape)
_linear(RESIZE, RESIZE_DX)
