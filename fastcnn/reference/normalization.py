"""Batch, group, instance and layer normalisation and their gradients in float64, channels last."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "batch_norm",
    "batch_norm_apply",
    "batch_norm_backward",
    "batch_norm_inference",
    "batch_norm_statistics",
    "group_norm",
    "group_norm_backward",
    "layer_norm",
    "layer_norm_backward",
]

Array = np.ndarray[Any, Any]


def _double(x: ArrayLike | None, default: float = 0.0) -> Array:
    return np.asarray(default if x is None else x, np.float64)


def _activate(y: Array, activation: str | None) -> Array:
    ceiling = {None: None, "linear": None, "relu": np.inf, "relu6": 6.0}[activation]
    return y if ceiling is None else np.minimum(np.maximum(y, 0), ceiling)


def _masked(dy: ArrayLike, y: ArrayLike | None, activation: str | None) -> Array:
    """dy where the activation lets it through."""
    if activation in (None, "linear"):
        return _double(dy)
    y = _double(y)
    passes = y > 0 if activation == "relu" else (y > 0) & (y < 6)
    return np.where(passes, _double(dy), np.where(np.isnan(y), y, 0))


def _statistics(x: Array, axes: tuple[int, ...], epsilon: float) -> tuple[Array, Array]:
    """Mean and 1 / sqrt(variance + epsilon), the axes kept with size 1; of nothing: mean 0, variance 0."""
    if x.size == 0:
        mean = np.zeros([1 if i in axes else d for i, d in enumerate(x.shape)])
        return mean, mean + 1 / np.sqrt(epsilon)
    mean = x.mean(axes, keepdims=True)
    return mean, 1 / np.sqrt(((x - mean) ** 2).mean(axes, keepdims=True) + epsilon)


def _dx(g: Array, xhat: Array, inv_std: Array, axes: tuple[int, ...]) -> Array:
    """The gradient through (x - mean) * inv_std, both statistics taken over the axes."""
    if g.size == 0:
        return g
    return inv_std * (g - g.mean(axes, keepdims=True) - xhat * (g * xhat).mean(axes, keepdims=True))


def batch_norm(
    x: ArrayLike,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    *,
    moving_mean: Array | None = None,
    moving_variance: Array | None = None,
    momentum: float = 0.99,
    epsilon: float = 1e-3,
    unbiased: bool = False,
    residual: ArrayLike | None = None,
    activation: str | None = None,
    return_affine: bool = False,
) -> tuple[Array, ...]:
    """Every channel over all other axes; moving statistics are updated in place."""
    x = _double(x)
    axes = tuple(range(x.ndim - 1))
    mean, inv_std = (a.reshape(x.shape[-1]) for a in _statistics(x, axes, epsilon))
    rows = x.size // x.shape[-1] if x.size else 0
    if moving_mean is not None and rows:
        moving_mean[...] = momentum * moving_mean + (1 - momentum) * mean
    if moving_variance is not None and rows:
        variance = x.var(axes) * (rows / (rows - 1) if unbiased and rows > 1 else 1)
        moving_variance[...] = momentum * moving_variance + (1 - momentum) * variance
    y = _double(gamma, 1) * ((x - mean) * inv_std) + _double(beta) + _double(residual)
    found = _activate(y, activation), mean, inv_std
    if not return_affine:
        return found
    return (*found, np.stack([mean, _double(gamma, 1) * inv_std, np.broadcast_to(_double(beta), mean.shape)]))


def batch_norm_statistics(
    x: ArrayLike, gamma: ArrayLike | None = None, beta: ArrayLike | None = None, **options: Any
) -> tuple[Array, ...]:
    """batch_norm without its result."""
    return batch_norm(x, gamma, beta, **options, return_affine=True)[1:]


def batch_norm_apply(
    x: ArrayLike,
    affine: ArrayLike,
    *,
    residual: ArrayLike | None = None,
    activation: str | None = None,
    residual_affine: ArrayLike | None = None,
) -> Array:
    """activation((x - mean) * scale + shift + residual)."""
    mean, scale, shift = _double(affine)
    if residual is not None and residual_affine is not None:
        residual = batch_norm_apply(residual, residual_affine)
    return _activate((_double(x) - mean) * scale + shift + _double(residual), activation)


def batch_norm_inference(
    x: ArrayLike,
    moving_mean: ArrayLike,
    moving_variance: ArrayLike,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    *,
    epsilon: float = 1e-3,
    residual: ArrayLike | None = None,
    activation: str | None = None,
) -> Array:
    """batch_norm with given statistics."""
    scale = _double(gamma, 1) / np.sqrt(_double(moving_variance) + epsilon)
    return _activate((_double(x) - _double(moving_mean)) * scale + _double(beta) + _double(residual), activation)


def batch_norm_backward(
    dy: ArrayLike,
    x: ArrayLike,
    mean: ArrayLike,
    inv_std: ArrayLike,
    gamma: ArrayLike | None = None,
    *,
    y: ArrayLike | None = None,
    activation: str | None = None,
    training: bool = True,
    residual: bool = False,
    affine: ArrayLike | None = None,
) -> tuple[Array, Array, Array, Array | None]:
    """dx, dgamma, dbeta and, where asked for, dresidual."""
    inv_std = _double(inv_std)
    xhat = (_double(x) - _double(mean)) * inv_std
    g = _masked(dy, y if affine is None else batch_norm_apply(x, affine), activation)
    axes = tuple(range(g.ndim - 1))
    scaled = _double(gamma, 1) * g
    dx = _dx(scaled, xhat, inv_std, axes) if training else scaled * inv_std
    return dx, (g * xhat).sum(axes), g.sum(axes), g if residual else None


def _grouped(x: Array, groups: int) -> Array:
    """(n, ..., c) as (n, positions, groups, c / groups)."""
    n, c = x.shape[0], x.shape[-1]
    groups = c if groups == -1 else groups
    return x.reshape(n, int(np.prod(x.shape[1:-1])), groups, c // groups)


def group_norm(
    x: ArrayLike,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    groups: int = 32,
    *,
    epsilon: float = 1e-3,
    residual: ArrayLike | None = None,
    activation: str | None = None,
) -> tuple[Array, Array, Array]:
    """Each sample, each group of neighbouring channels, over all positions."""
    x = _double(x)
    split = _grouped(x, groups)
    mean, inv_std = _statistics(split, (1, 3), epsilon)
    xhat = ((split - mean) * inv_std).reshape(x.shape)
    y = _double(gamma, 1) * xhat + _double(beta) + _double(residual)
    return _activate(y, activation), mean[:, 0, :, 0], inv_std[:, 0, :, 0]


def group_norm_backward(
    dy: ArrayLike,
    x: ArrayLike,
    mean: ArrayLike,
    inv_std: ArrayLike,
    gamma: ArrayLike | None = None,
    groups: int = 32,
    *,
    y: ArrayLike | None = None,
    activation: str | None = None,
    residual: bool = False,
) -> tuple[Array, Array, Array, Array | None]:
    """dx, dgamma, dbeta and, where asked for, dresidual."""
    g = _masked(dy, y, activation)
    axes = tuple(range(g.ndim - 1))
    inv_std = _double(inv_std)[:, None, :, None]
    split = (_grouped(_double(x), groups) - _double(mean)[:, None, :, None]) * inv_std
    dx = _dx(_grouped(_double(gamma, 1) * g, groups), split, inv_std, (1, 3)).reshape(g.shape)
    return dx, (g * split.reshape(g.shape)).sum(axes), g.sum(axes), g if residual else None


def _last(axis: int | tuple[int, ...]) -> tuple[int, ...]:
    return tuple(range(-(len(axis) if isinstance(axis, tuple) else 1), 0))


def layer_norm(
    x: ArrayLike,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    axis: int | tuple[int, ...] = -1,
    *,
    epsilon: float = 1e-3,
) -> tuple[Array, Array, Array]:
    """Over the last axis or the last few."""
    x = _double(x)
    axes = tuple(a + x.ndim for a in _last(axis))
    mean, inv_std = _statistics(x, axes, epsilon)
    y = _double(gamma, 1) * ((x - mean) * inv_std) + _double(beta)
    return y, mean.squeeze(axes), inv_std.squeeze(axes)


def layer_norm_backward(
    dy: ArrayLike,
    x: ArrayLike,
    mean: ArrayLike,
    inv_std: ArrayLike,
    gamma: ArrayLike | None = None,
    axis: int | tuple[int, ...] = -1,
) -> tuple[Array, Array, Array]:
    """dx, dgamma and dbeta."""
    dy, x, axes = _double(dy), _double(x), _last(axis)
    mean, inv_std = (np.expand_dims(_double(a), axes) for a in (mean, inv_std))
    xhat = (x - mean) * inv_std
    outer = tuple(range(x.ndim - len(axes)))
    return _dx(_double(gamma, 1) * dy, xhat, inv_std, axes), (dy * xhat).sum(outer), dy.sum(outer)
