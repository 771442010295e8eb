"""Losses of classes other than cross-entropies: hinges, the divergence of distributions, the overlap of regions."""

from typing import Any

from fastcnn import ops

from .base import LossFunctionWrapper, paired, registry

__all__ = [
    "CategoricalHinge",
    "Dice",
    "Hinge",
    "KLDivergence",
    "SquaredHinge",
    "Tversky",
    "categorical_hinge",
    "dice",
    "hinge",
    "kl_divergence",
    "squared_hinge",
    "tversky",
]

EPSILON = 1e-7
_MEAN = "sum_over_batch_size"


def _signs(y_true: Any) -> Any:
    """Labels 0 and 1 as -1 and 1; anything else, and -1 and 1, as they are."""
    binary = ops.all(ops.logical_or(ops.equal(y_true, 0.0), ops.equal(y_true, 1.0)))
    return ops.where(binary, y_true * 2.0 - 1.0, y_true)


@registry.register()
def hinge(y_true: Any, y_pred: Any) -> Any:
    """``mean(max(1 - t * y_pred, 0))`` over the last axis; ``t`` is -1 or 1, given so or as 0 and 1.

    Args:
        y_true: (..., n), -1 and 1 or 0 and 1.
        y_pred: (..., n).

    Example:
        >>> hinge([[-1.0, 1.0]], [[0.5, 0.5]]).numpy()
        array([1.], dtype=float32)
    """
    y_true, y_pred = paired("hinge", y_true, y_pred)
    return ops.mean(ops.maximum(1.0 - _signs(y_true) * y_pred, 0.0), axis=-1)


@registry.register()
def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """``mean(max(1 - t * y_pred, 0) ** 2)`` over the last axis; ``t`` is -1 or 1, given so or as 0 and 1.

    Args:
        y_true: (..., n), -1 and 1 or 0 and 1.
        y_pred: (..., n).

    Example:
        >>> squared_hinge([[-1.0, 1.0]], [[0.5, 0.5]]).numpy()
        array([1.25], dtype=float32)
    """
    y_true, y_pred = paired("squared_hinge", y_true, y_pred)
    return ops.mean(ops.square(ops.maximum(1.0 - _signs(y_true) * y_pred, 0.0)), axis=-1)


@registry.register()
def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """``max(neg - pos + 1, 0)``: ``pos`` is the true class's output, ``neg`` the greatest of the others.

    Args:
        y_true: (..., classes), one-hot.
        y_pred: (..., classes).

    Example:
        >>> categorical_hinge([[0.0, 1.0]], [[0.5, 0.75]]).numpy()
        array([0.75], dtype=float32)
    """
    y_true, y_pred = paired("categorical_hinge", y_true, y_pred)
    positive = ops.sum(y_true * y_pred, axis=-1)
    negative = ops.max((1.0 - y_true) * y_pred, axis=-1)
    return ops.maximum(negative - positive + 1.0, 0.0)


@registry.register("kld", "KLD", "kullback_leibler_divergence")
def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """``sum(y_true * log(y_true / y_pred))`` over the last axis, both clipped to [1e-7, 1].

    Example:
        >>> kl_divergence([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(4)
        array([0.6931], dtype=float32)
    """
    y_true, y_pred = paired("kl_divergence", y_true, y_pred)
    y_true, y_pred = ops.clip(y_true, EPSILON, 1.0), ops.clip(y_pred, EPSILON, 1.0)
    return ops.sum(y_true * ops.log(y_true / y_pred), axis=-1)


@registry.register()
def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """``1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred) + 1e-7)``: 0 where two regions are the same.

    Args:
        y_true: 0 or 1.
        y_pred: probabilities, of the same shape.
        axis: over which the sums go; all axes unless given.

    Example:
        >>> float(dice([[1.0, 0.0]], [[1.0, 0.0]])) < 1e-6
        True
    """
    y_true, y_pred = paired("dice", y_true, y_pred)
    both = ops.sum(y_true * y_pred, axis=axis)
    return 1.0 - 2.0 * both / (ops.sum(y_true, axis=axis) + ops.sum(y_pred, axis=axis) + EPSILON)


@registry.register()
def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Any:
    """``dice`` with weights: ``1 - both / (both + alpha * missed + beta * wrong + 1e-7)``, sums of products.

    Args:
        y_true: 0 or 1.
        y_pred: probabilities, of the same shape.
        alpha: the weight of ``missed = sum(y_true * (1 - y_pred))``, as in Keras's code; its words say the reverse.
        beta: the weight of ``wrong = sum((1 - y_true) * y_pred)``.
        axis: over which the sums go; all axes unless given.

    Example:
        >>> round(float(tversky([[1.0, 1.0]], [[1.0, 0.0]], alpha=0.25)), 4)
        0.2
    """
    y_true, y_pred = paired("tversky", y_true, y_pred)
    both = ops.sum(y_true * y_pred, axis=axis)
    missed = ops.sum(y_true * (1.0 - y_pred), axis=axis)
    wrong = ops.sum((1.0 - y_true) * y_pred, axis=axis)
    return 1.0 - both / (both + alpha * missed + beta * wrong + EPSILON)


@registry.register()
class Hinge(LossFunctionWrapper):
    """The mean of ``hinge`` over the samples.

    Example:
        >>> float(Hinge()([[-1.0, 1.0]], [[0.5, 0.5]]))
        1.0
    """

    def __init__(self, reduction: str | None = _MEAN, name: str | None = "hinge", dtype: Any = None):
        super().__init__(hinge, reduction, name, dtype)


@registry.register()
class SquaredHinge(LossFunctionWrapper):
    """The mean of ``squared_hinge`` over the samples.

    Example:
        >>> float(SquaredHinge()([[-1.0, 1.0]], [[0.5, 0.5]]))
        1.25
    """

    def __init__(self, reduction: str | None = _MEAN, name: str | None = "squared_hinge", dtype: Any = None):
        super().__init__(squared_hinge, reduction, name, dtype)


@registry.register()
class CategoricalHinge(LossFunctionWrapper):
    """The mean of ``categorical_hinge`` over the samples.

    Example:
        >>> float(CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.75]]))
        0.75
    """

    def __init__(self, reduction: str | None = _MEAN, name: str | None = "categorical_hinge", dtype: Any = None):
        super().__init__(categorical_hinge, reduction, name, dtype)


@registry.register()
class KLDivergence(LossFunctionWrapper):
    """The mean of ``kl_divergence`` over the samples.

    Example:
        >>> round(float(KLDivergence()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
        0.6931
    """

    def __init__(self, reduction: str | None = _MEAN, name: str | None = "kl_divergence", dtype: Any = None):
        super().__init__(kl_divergence, reduction, name, dtype)


@registry.register()
class Dice(LossFunctionWrapper):
    """``dice`` of the whole batch, or of each sample with ``axis=(1, 2, 3)``, and then their mean.

    Args:
        reduction: see ``reduce_weighted_values``.
        name: for logs.
        axis: over which the sums go; all axes unless given.
        dtype: ``floatx()``.

    Example:
        >>> float(Dice()([[1.0, 0.0]], [[1.0, 0.0]])) < 1e-6
        True
    """

    def __init__(self, reduction: str | None = _MEAN, name: str | None = "dice", axis: Any = None, dtype: Any = None):
        super().__init__(dice, reduction, name, dtype, axis=axis)


@registry.register()
class Tversky(LossFunctionWrapper):
    """``tversky`` of the whole batch, or of each sample with ``axis=(1, 2, 3)``, and then their mean.

    Args:
        alpha: the weight of what is missed.
        beta: the weight of what is found where nothing is.
        reduction: see ``reduce_weighted_values``.
        name: for logs.
        axis: over which the sums go; all axes unless given.
        dtype: ``floatx()``.

    Example:
        >>> round(float(Tversky(alpha=0.25)([[1.0, 1.0]], [[1.0, 0.0]])), 4)
        0.2
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = _MEAN,
        name: str | None = "tversky",
        axis: Any = None,
        dtype: Any = None,
    ):
        super().__init__(tversky, reduction, name, dtype, axis=axis, alpha=alpha, beta=beta)
