"""Batch, group, instance and layer normalisation, forward and backward; channels last.

All of them compute ``gamma * (x - mean) / sqrt(variance + epsilon) + beta`` and differ in what mean and (biased)
variance are taken over. ``inv_std`` is ``1 / sqrt(variance + epsilon)``.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn import _core

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

Array = np.ndarray[Any, np.dtype[np.float32]]


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
    out: Array | None = None,
    return_affine: bool = False,
) -> tuple[Array, ...]:
    """Batch normalisation with this batch's statistics: every channel over all other axes.

    ``y = activation(gamma * (x - mean) * inv_std + beta + residual)``

    Args:
        x: (..., c).
        gamma: (c,); None is 1.
        beta: (c,); None is 0.
        moving_mean: (c,) float32, updated in place to ``momentum * moving_mean + (1 - momentum) * mean``; or None.
        moving_variance: (c,) float32, updated in place likewise.
        momentum: how much of the moving statistics stays, 0 to 1.
        epsilon: added to the variance.
        unbiased: the moving variance divides by count - 1, as PyTorch's does; ``y`` never does.
        residual: the shape of x, added before the activation.
        activation: None or "linear", "relu", "relu6".
        out: where to put y; may be x or residual.
        return_affine: whether to return a fourth array, (3, c): mean, scale and shift with which ``y`` without its
            residual is ``activation((x - mean) * scale + shift)``, for :func:`batch_norm_backward`, which then does
            without y, and for :func:`batch_norm_apply`.

    Returns:
        (y, mean, inv_std): y the shape of x; mean and inv_std (c,), for :func:`batch_norm_backward`.

    Example:
        >>> y, mean, inv_std = batch_norm([[1.0, 5.0], [3.0, 5.0]], epsilon=0.0625, activation="relu")
        >>> mean
        array([2., 5.], dtype=float32)
        >>> inv_std[1]
        np.float32(4.0)
        >>> y.round(2)
        array([[0.  , 0.  ],
               [0.97, 0.  ]], dtype=float32)
    """
    return _core.batch_norm(
        x,
        gamma,
        beta,
        moving_mean,
        moving_variance,
        momentum,
        epsilon,
        unbiased,
        residual,
        activation,
        out,
        return_affine,
    )


def batch_norm_statistics(
    x: ArrayLike,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    *,
    moving_mean: Array | None = None,
    moving_variance: Array | None = None,
    momentum: float = 0.99,
    epsilon: float = 1e-3,
    unbiased: bool = False,
) -> tuple[Array, Array, Array]:
    """What :func:`batch_norm` finds out about a batch, without its result.

    Args:
        x: (..., c).
        gamma: (c,); None is 1.
        beta: (c,); None is 0.
        moving_mean: (c,) float32, updated in place, or None; see :func:`batch_norm`.
        moving_variance: likewise.
        momentum: how much of the moving statistics stays, 0 to 1.
        epsilon: added to the variance.
        unbiased: the moving variance divides by count - 1.

    Returns:
        (mean, inv_std, affine): (c,), (c,) and (3, c): mean, scale and shift, for :func:`batch_norm_apply`,
        :func:`batch_norm_backward` and convolutions that read x through them.

    Example:
        >>> mean, inv_std, affine = batch_norm_statistics([[1.0, 5.0], [3.0, 5.0]], epsilon=0.0625)
        >>> affine[:, 1]
        array([5., 4., 0.], dtype=float32)
    """
    return _core.batch_norm_statistics(x, gamma, beta, moving_mean, moving_variance, momentum, epsilon, unbiased)


def batch_norm_apply(
    x: ArrayLike,
    affine: ArrayLike,
    *,
    residual: ArrayLike | None = None,
    activation: str | None = None,
    out: Array | None = None,
    residual_affine: ArrayLike | None = None,
) -> Array:
    """The result of :func:`batch_norm` once more, from what it found out: the same bits.

    Args:
        x: (..., c).
        affine: (3, c), mean, scale and shift: ``y = activation((x - mean) * scale + shift + residual)``.
        residual: the shape of x, added before the activation.
        activation: None or "linear", "relu", "relu6".
        out: where to put the result; may be x or residual.
        residual_affine: (3, c); the residual is normalised with it as it is read.

    Returns:
        y, the shape of x.

    Example:
        >>> batch_norm_apply([[1.0, 5.0]], [[2.0, 3.0], [1.0, 0.5], [0.0, 1.0]])
        array([[-1.,  2.]], dtype=float32)
    """
    return _core.batch_norm_apply(x, affine, residual, activation, out, residual_affine)


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
    out: Array | None = None,
) -> Array:
    """Batch normalisation with given statistics.

    Args:
        x: (..., c); where it is a slice of the channels of a larger array, it is read in place.
        moving_mean: (c,).
        moving_variance: (c,).
        gamma: (c,); None is 1.
        beta: (c,); None is 0.
        epsilon: added to the variance.
        residual: the shape of x, added before the activation.
        activation: None or "linear", "relu", "relu6".
        out: where to put the result; may be x or residual.

    Returns:
        y, the shape of x.

    Example:
        >>> batch_norm_inference([[1.0, 5.0]], [2.0, 3.0], [1.0, 4.0], beta=[0.0, 1.0], epsilon=0.0)
        array([[-1.,  2.]], dtype=float32)
    """
    return _core.batch_norm_inference(x, moving_mean, moving_variance, gamma, beta, epsilon, residual, activation, out)


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
    out: Array | None = None,
    affine: ArrayLike | None = None,
) -> tuple[Array, Array, Array, Array | None]:
    """Gradients of :func:`batch_norm`.

    Args:
        dy: (..., c), the gradient of y.
        x: (..., c), as given to the forward pass.
        mean: (c,), as the forward pass returned it.
        inv_std: (c,), likewise.
        gamma: (c,); None is 1.
        y: the forward result; needed where there is an activation and no affine.
        activation: as in the forward pass.
        training: False where the statistics were given (:func:`batch_norm_inference`), so that no gradient passes
            through them.
        residual: whether to return the gradient of the residual too.
        out: where to put dx; may be dy.
        affine: what ``return_affine`` gave, instead of y, where there was no residual: one array less to read.

    Returns:
        (dx, dgamma, dbeta, dresidual): dx and dresidual the shape of x, dgamma and dbeta (c,); dresidual is None unless
        asked for.

    Example:
        >>> x = [[1.0], [3.0]]
        >>> y, mean, inv_std = batch_norm(x, epsilon=0.0)
        >>> dx, dgamma, dbeta, _ = batch_norm_backward([[1.0], [0.0]], x, mean, inv_std)
        >>> dx.ravel(), dgamma, dbeta
        (array([0., 0.], dtype=float32), array([-1.], dtype=float32), array([1.], dtype=float32))
    """
    return _core.batch_norm_backward(dy, x, mean, inv_std, gamma, y, activation, training, residual, out, affine)


def group_norm(
    x: ArrayLike,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    groups: int = 32,
    *,
    epsilon: float = 1e-3,
    residual: ArrayLike | None = None,
    activation: str | None = None,
    out: Array | None = None,
) -> tuple[Array, Array, Array]:
    """Group normalisation: each sample, each group of neighbouring channels, over all positions.

    Args:
        x: (n, ..., c).
        gamma: (c,); None is 1.
        beta: (c,); None is 0.
        groups: how many groups the channels form; must divide c. -1 is one for each channel: instance normalisation.
        epsilon: added to the variance.
        residual: the shape of x, added before the activation.
        activation: None or "linear", "relu", "relu6".
        out: where to put y; may be x or residual.

    Returns:
        (y, mean, inv_std): y the shape of x; mean and inv_std (n, groups), for :func:`group_norm_backward`.

    Example:
        >>> y, mean, inv_std = group_norm([[1.0, 3.0, 5.0, 5.0]], groups=2, epsilon=0.0625)
        >>> mean
        array([[2., 5.]], dtype=float32)
        >>> y.round(2)
        array([[-0.97,  0.97,  0.  ,  0.  ]], dtype=float32)
    """
    return _core.group_norm(x, gamma, beta, groups, epsilon, residual, activation, out)


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
    out: Array | None = None,
) -> tuple[Array, Array, Array, Array | None]:
    """Gradients of :func:`group_norm`.

    Args:
        dy: (n, ..., c), the gradient of y.
        x: (n, ..., c), as given to the forward pass.
        mean: (n, groups), as the forward pass returned it.
        inv_std: (n, groups), likewise.
        gamma: (c,); None is 1.
        groups: as in the forward pass.
        y: the forward result; needed where there is an activation.
        activation: as in the forward pass.
        residual: whether to return the gradient of the residual too.
        out: where to put dx; may be dy.

    Returns:
        (dx, dgamma, dbeta, dresidual): dx and dresidual the shape of x, dgamma and dbeta (c,); dresidual is None unless
        asked for.

    Example:
        >>> x = [[1.0, 3.0]]
        >>> y, mean, inv_std = group_norm(x, groups=1, epsilon=0.0)
        >>> dx, dgamma, dbeta, _ = group_norm_backward([[2.0, 1.0]], x, mean, inv_std, groups=1)
        >>> dgamma, dbeta
        (array([-2.,  1.], dtype=float32), array([2., 1.], dtype=float32))
    """
    return _core.group_norm_backward(dy, x, mean, inv_std, gamma, groups, y, activation, residual, out)


def layer_norm(
    x: ArrayLike,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    axis: int | tuple[int, ...] = -1,
    *,
    epsilon: float = 1e-3,
    out: Array | None = None,
) -> tuple[Array, Array, Array]:
    """Layer normalisation over the last axis or the last few.

    Args:
        x: any array of one dimension or more.
        gamma: the shape of the axes normalised; None is 1.
        beta: likewise; None is 0.
        axis: the last axis, or the last axes as a tuple.
        epsilon: added to the variance.
        out: where to put y; may be x.

    Returns:
        (y, mean, inv_std): y the shape of x; mean and inv_std the shape of the other axes, for
        :func:`layer_norm_backward`.

    Example:
        >>> y, mean, inv_std = layer_norm([[1.0, 3.0], [4.0, 4.0]], beta=[0.0, 1.0], epsilon=0.0625)
        >>> mean
        array([2., 4.], dtype=float32)
        >>> y.round(2)
        array([[-0.97,  1.97],
               [ 0.  ,  1.  ]], dtype=float32)
    """
    return _core.layer_norm(x, gamma, beta, axis, epsilon, out)


def layer_norm_backward(
    dy: ArrayLike,
    x: ArrayLike,
    mean: ArrayLike,
    inv_std: ArrayLike,
    gamma: ArrayLike | None = None,
    axis: int | tuple[int, ...] = -1,
    *,
    out: Array | None = None,
) -> tuple[Array, Array, Array]:
    """Gradients of :func:`layer_norm`.

    Args:
        dy: the gradient of y, the shape of x.
        x: as given to the forward pass.
        mean: as the forward pass returned it.
        inv_std: likewise.
        gamma: the shape of the axes normalised; None is 1.
        axis: as in the forward pass.
        out: where to put dx; may be dy.

    Returns:
        (dx, dgamma, dbeta): dx the shape of x, dgamma and dbeta that of gamma.

    Example:
        >>> x = [[1.0, 3.0]]
        >>> y, mean, inv_std = layer_norm(x, epsilon=0.0)
        >>> dx, dgamma, dbeta = layer_norm_backward([[2.0, 1.0]], x, mean, inv_std)
        >>> dgamma, dbeta
        (array([-2.,  1.], dtype=float32), array([2., 1.], dtype=float32))
    """
    return _core.layer_norm_backward(dy, x, mean, inv_std, gamma, axis, out)
