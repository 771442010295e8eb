"""Maximum and average pooling in one and two dimensions."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import _core, kernels, reference
from fastcnn.seam import Primitive, Shape, apply, gradient_of, state
from fastcnn.tensor import Operators, convert_to_tensor

from .conv import is_channels_first, output_size, to_channels_first, to_channels_last

__all__ = ["average_pool", "max_pool"]


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
    x = spatial_tensor(inputs, data_format)
    attrs = _window(len(x.shape), pool_size, strides, padding)
    # A program's places are floats: there the gradient finds the maxima again.
    if state.tapes and state.steps is None and _cells(attrs["pool_size"], len(x.shape)) <= 256:
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
    x = spatial_tensor(inputs, data_format)
    y = apply(AVERAGE_POOL, (x,), _window(len(x.shape), pool_size, strides, padding))
    return to_channels_first(y) if data_format == "channels_first" else y


def spatial_tensor(inputs: Any, data_format: str | None, ranks: tuple[int, ...] = (3, 4)) -> Any:
    """The inputs with their channels last."""
    x = inputs if isinstance(inputs, Operators) else convert_to_tensor(inputs, "float")
    if len(x.shape) not in ranks:
        wanted = " or ".join({3: "(n, length, c)", 4: "(n, h, w, c)"}[rank] for rank in ranks)
        raise ValueError(f"inputs must be {wanted}, got shape {tuple(x.shape)}")
    return to_channels_last(x) if data_format is not None and is_channels_first(data_format) else x


def _window(rank: int, pool_size: Any, strides: Any, padding: Any) -> dict[str, Any]:
    if rank == 3:
        pool_size, strides, padding = (
            v[0] if isinstance(v, (tuple, list)) and len(v) == 1 else v for v in (pool_size, strides, padding)
        )
    return {"pool_size": pool_size, "strides": strides, "padding": padding}


def _cells(pool_size: Any, rank: int) -> int:
    return pool_size ** (rank - 2) if isinstance(pool_size, int) else int(np.prod(pool_size))


def ranked(module: Any, name: str, **fixed: Any) -> Callable[..., Any]:
    """The function of that name for signals or for images, as the first array's rank has it."""
    signals, images = getattr(module, name.format(1)), getattr(module, name.format(2))

    def either(x: Any, *rest: Any, **attrs: Any) -> Any:
        return (images if x.ndim == 4 else signals)(x, *rest, **fixed, **attrs)

    return either


def ranked_dx(module: Any, name: str) -> Callable[..., Any]:
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


def input_shape(dy: Shape, *others: Shape, x_shape: Any, **attrs: Any) -> Shape:
    return (dy[0], *x_shape[1:])


MAX_POOL = Primitive("max_pool", ranked(kernels, "max_pool{}d"), ranked(reference, "max_pool{}d"), _pooled_shape)
MAX_POOL_INDICES = Primitive(
    "max_pool_indices",
    ranked(kernels, "max_pool{}d", return_indices=True),
    ranked(reference, "max_pool{}d", return_indices=True),
    lambda x, **attrs: [_pooled_shape(x, **attrs)] * 2,
)
MAX_POOL_DX = Primitive(
    "max_pool_dx", ranked(kernels, "max_pool{}d_dx"), ranked(reference, "max_pool{}d_dx"), lambda dy, x, **attrs: x
)


def _scatter(module: Any) -> Callable[..., Any]:
    dx = ranked_dx(module, "max_pool{}d_dx")
    return lambda dy, indices, **attrs: dx(dy, indices=indices, **attrs)


MAX_POOL_SCATTER = Primitive("max_pool_scatter", _scatter(kernels), _scatter(reference), input_shape)


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
    "average_pool", ranked(kernels, "avg_pool{}d"), ranked(reference, "avg_pool{}d"), _pooled_shape
)
AVERAGE_POOL_DX = Primitive(
    "average_pool_dx", ranked_dx(kernels, "avg_pool{}d_dx"), ranked_dx(reference, "avg_pool{}d_dx"), input_shape
)


def linear_pair(forward: Primitive, backward: Primitive) -> None:
    """The gradient rules of a linear primitive and its gradient: each is the other's."""

    @gradient_of(forward)
    def _forward(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any]:
        return (apply(backward, (dy,), {**attrs, "x_shape": inputs[0].shape}),)

    @gradient_of(backward)
    def _backward(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any]:
        return (apply(forward, (g,), {name: value for name, value in attrs.items() if name != "x_shape"}),)


linear_pair(AVERAGE_POOL, AVERAGE_POOL_DX)
