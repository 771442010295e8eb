"""Losses and their gradients, each pair in one pass.

As in Keras, a loss is averaged (or, for the crossentropies over classes, summed) over the last axis and keeps the
others: ``y_pred`` of shape (n, c) gives losses of shape (n,), and one of shape (n,) counts as (n, 1). A ``..._dx``
function returns the losses and the gradient with respect to ``y_pred`` of ``sum(weight * loss)``: pass
``weight=1 / n`` for the mean over the batch, or one weight a loss.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn import _core

__all__ = [
    "binary_crossentropy",
    "binary_crossentropy_dx",
    "categorical_crossentropy",
    "categorical_crossentropy_dx",
    "huber",
    "huber_dx",
    "mean_absolute_error",
    "mean_absolute_error_dx",
    "mean_squared_error",
    "mean_squared_error_dx",
    "sparse_categorical_crossentropy",
    "sparse_categorical_crossentropy_dx",
]

Array = np.ndarray[Any, np.dtype[np.float32]]

# fastcnn_pointwise_loss
_BINARY_LOGITS, _BINARY_PROBABILITIES, _SQUARED, _ABSOLUTE, _HUBER = range(5)


def categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0
) -> Array:
    """``-sum(y_true * log(p))`` over the classes.

    Args:
        y_true: (..., c), one-hot or probabilities.
        y_pred: (..., c), logits or probabilities.
        from_logits: whether ``y_pred`` still has to go through softmax; if not, it is scaled to sum 1 and clipped to
            [1e-7, 1 - 1e-7].
        label_smoothing: between 0 and 1; ``t`` becomes ``t * (1 - s) + s / c``.

    Returns:
        float32, of shape ``y_pred.shape[:-1]``.

    Example:
        >>> categorical_crossentropy([[0, 1]], [[0.5, 0.5]])
        array([0.6931472], dtype=float32)
    """
    result: Array = _core.cross_entropy(y_true, y_pred, 1.0, from_logits, label_smoothing, False)
    return result


def categorical_crossentropy_dx(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    weight: ArrayLike = 1.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
) -> tuple[Array, Array]:
    """``categorical_crossentropy`` and its gradient with respect to ``y_pred``.

    Args:
        y_true: (..., c), one-hot or probabilities.
        y_pred: (..., c), logits or probabilities.
        weight: a number, or an array of the losses' shape, that the gradient is multiplied by.
        from_logits: whether ``y_pred`` still has to go through softmax; if not, it is scaled to sum 1 and clipped to
            [1e-7, 1 - 1e-7].
        label_smoothing: between 0 and 1; ``t`` becomes ``t * (1 - s) + s / c``.

    Returns:
        ``(loss, dx)``, float32: of shapes ``y_pred.shape[:-1]`` and ``y_pred.shape``.

    Example:
        >>> categorical_crossentropy_dx([[0, 1]], [[2.0, 2.0]], from_logits=True)[1]
        array([[ 0.5, -0.5]], dtype=float32)
    """
    result: tuple[Array, Array] = _core.cross_entropy(y_true, y_pred, weight, from_logits, label_smoothing, True)
    return result


def sparse_categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0
) -> Array:
    """``-log(p[y_true])``, the cross-entropy of integer labels.

    Args:
        y_true: (...), integers in [0, c).
        y_pred: (..., c), logits or probabilities.
        from_logits: whether ``y_pred`` still has to go through softmax; if not, it is scaled to sum 1 and clipped to
            [1e-7, 1 - 1e-7].
        label_smoothing: between 0 and 1; ``t`` becomes ``t * (1 - s) + s / c``.

    Returns:
        float32, of shape ``y_pred.shape[:-1]``.

    Example:
        >>> sparse_categorical_crossentropy([1], [[0.5, 0.5]])
        array([0.6931472], dtype=float32)
    """
    result: Array = _core.sparse_cross_entropy(y_true, y_pred, 1.0, from_logits, label_smoothing, False)
    return result


def sparse_categorical_crossentropy_dx(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    weight: ArrayLike = 1.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
) -> tuple[Array, Array]:
    """``sparse_categorical_crossentropy`` and its gradient with respect to ``y_pred``.

    Args:
        y_true: (...), integers in [0, c).
        y_pred: (..., c), logits or probabilities.
        weight: a number, or an array of the losses' shape, that the gradient is multiplied by.
        from_logits: whether ``y_pred`` still has to go through softmax; if not, it is scaled to sum 1 and clipped to
            [1e-7, 1 - 1e-7].
        label_smoothing: between 0 and 1; ``t`` becomes ``t * (1 - s) + s / c``.

    Returns:
        ``(loss, dx)``, float32: of shapes ``y_pred.shape[:-1]`` and ``y_pred.shape``.

    Example:
        >>> sparse_categorical_crossentropy_dx([1], [[2.0, 2.0]], from_logits=True)[1]
        array([[ 0.5, -0.5]], dtype=float32)
    """
    result: tuple[Array, Array] = _core.sparse_cross_entropy(y_true, y_pred, weight, from_logits, label_smoothing, True)
    return result


def binary_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0
) -> Array:
    """``-(t * log(p) + (1 - t) * log(1 - p))``, the mean over the last axis.

    Args:
        y_true: the shape of ``y_pred``, between 0 and 1.
        y_pred: (..., c), logits or probabilities.
        from_logits: whether ``y_pred`` still has to go through sigmoid; if not, it is clipped to [1e-7, 1 - 1e-7].
        label_smoothing: between 0 and 1; ``t`` becomes ``t * (1 - s) + s / 2``.

    Returns:
        float32, of shape ``y_pred.shape[:-1]``.

    Example:
        >>> binary_crossentropy([[1, 0]], [[0.5, 0.5]])
        array([0.6931472], dtype=float32)
    """
    kind = _BINARY_LOGITS if from_logits else _BINARY_PROBABILITIES
    result: Array = _core.pointwise_loss(y_true, y_pred, 1.0, kind, label_smoothing, False)
    return result


def binary_crossentropy_dx(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    weight: ArrayLike = 1.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
) -> tuple[Array, Array]:
    """``binary_crossentropy`` and its gradient with respect to ``y_pred``.

    Args:
        y_true: the shape of ``y_pred``, between 0 and 1.
        y_pred: (..., c), logits or probabilities.
        weight: a number, or an array of the losses' shape, that the gradient is multiplied by.
        from_logits: whether ``y_pred`` still has to go through sigmoid; if not, it is clipped to [1e-7, 1 - 1e-7].
        label_smoothing: between 0 and 1; ``t`` becomes ``t * (1 - s) + s / 2``.

    Returns:
        ``(loss, dx)``, float32: of shapes ``y_pred.shape[:-1]`` and ``y_pred.shape``.

    Example:
        >>> binary_crossentropy_dx([[1, 0]], [[0.0, 0.0]], from_logits=True)[1]
        array([[-0.25,  0.25]], dtype=float32)
    """
    kind = _BINARY_LOGITS if from_logits else _BINARY_PROBABILITIES
    result: tuple[Array, Array] = _core.pointwise_loss(y_true, y_pred, weight, kind, label_smoothing, True)
    return result


def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """``(y_pred - y_true) ** 2``, the mean over the last axis.

    Args:
        y_true: the shape of ``y_pred``.
        y_pred: (..., c).

    Returns:
        float32, of shape ``y_pred.shape[:-1]``.

    Example:
        >>> mean_squared_error([[0, 0]], [[1, 3]])
        array([5.], dtype=float32)
    """
    result: Array = _core.pointwise_loss(y_true, y_pred, 1.0, _SQUARED, 0.0, False)
    return result


def mean_squared_error_dx(y_true: ArrayLike, y_pred: ArrayLike, weight: ArrayLike = 1.0) -> tuple[Array, Array]:
    """``mean_squared_error`` and its gradient with respect to ``y_pred``.

    Args:
        y_true: the shape of ``y_pred``.
        y_pred: (..., c).
        weight: a number, or an array of the losses' shape, that the gradient is multiplied by.

    Returns:
        ``(loss, dx)``, float32: of shapes ``y_pred.shape[:-1]`` and ``y_pred.shape``.

    Example:
        >>> mean_squared_error_dx([[0, 0]], [[1, 3]])
        (array([5.], dtype=float32), array([[1., 3.]], dtype=float32))
    """
    result: tuple[Array, Array] = _core.pointwise_loss(y_true, y_pred, weight, _SQUARED, 0.0, True)
    return result


def mean_absolute_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """``|y_pred - y_true|``, the mean over the last axis.

    Args:
        y_true: the shape of ``y_pred``.
        y_pred: (..., c).

    Returns:
        float32, of shape ``y_pred.shape[:-1]``.

    Example:
        >>> mean_absolute_error([[0, 0]], [[1, -3]])
        array([2.], dtype=float32)
    """
    result: Array = _core.pointwise_loss(y_true, y_pred, 1.0, _ABSOLUTE, 0.0, False)
    return result


def mean_absolute_error_dx(y_true: ArrayLike, y_pred: ArrayLike, weight: ArrayLike = 1.0) -> tuple[Array, Array]:
    """``mean_absolute_error`` and its gradient with respect to ``y_pred``.

    Args:
        y_true: the shape of ``y_pred``.
        y_pred: (..., c).
        weight: a number, or an array of the losses' shape, that the gradient is multiplied by.

    Returns:
        ``(loss, dx)``, float32: of shapes ``y_pred.shape[:-1]`` and ``y_pred.shape``.

    Example:
        >>> mean_absolute_error_dx([[0, 0]], [[1, -3]])
        (array([2.], dtype=float32), array([[ 0.5, -0.5]], dtype=float32))
    """
    result: tuple[Array, Array] = _core.pointwise_loss(y_true, y_pred, weight, _ABSOLUTE, 0.0, True)
    return result


def huber(y_true: ArrayLike, y_pred: ArrayLike, delta: float = 1.0) -> Array:
    """``d**2 / 2`` for ``d = y_pred - y_true`` within ``delta``, linear beyond; the mean over the last axis.

    Args:
        y_true: the shape of ``y_pred``.
        y_pred: (..., c).
        delta: where the parabola ends; positive.

    Returns:
        float32, of shape ``y_pred.shape[:-1]``.

    Example:
        >>> huber([[0, 0]], [[1, -3]])
        array([1.5], dtype=float32)
    """
    result: Array = _core.pointwise_loss(y_true, y_pred, 1.0, _HUBER, delta, False)
    return result


def huber_dx(y_true: ArrayLike, y_pred: ArrayLike, weight: ArrayLike = 1.0, delta: float = 1.0) -> tuple[Array, Array]:
    """``huber`` and its gradient with respect to ``y_pred``.

    Args:
        y_true: the shape of ``y_pred``.
        y_pred: (..., c).
        weight: a number, or an array of the losses' shape, that the gradient is multiplied by.
        delta: where the parabola ends; positive.

    Returns:
        ``(loss, dx)``, float32: of shapes ``y_pred.shape[:-1]`` and ``y_pred.shape``.

    Example:
        >>> huber_dx([[0, 0]], [[1, -3]])
        (array([1.5], dtype=float32), array([[ 0.5, -0.5]], dtype=float32))
    """
    result: tuple[Array, Array] = _core.pointwise_loss(y_true, y_pred, weight, _HUBER, delta, True)
    return result
