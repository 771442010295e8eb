"""Shares of right answers."""

import math
from typing import Any

import numpy as np

from .base import Array, array, pair, registry
from .reduction import MeanMetricWrapper

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "accuracy",
    "binary_accuracy",
    "categorical_accuracy",
    "get_accuracy",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]


def accuracy(y_true: Any, y_pred: Any) -> Array:
    """Whether ``y_pred`` equals ``y_true``, value by value; for labels, not for probabilities.

    Example:
        >>> accuracy([1, 2], [1, 3])
        array([ True, False])
    """
    t, p = pair("accuracy", y_true, y_pred)
    return np.asarray(t == p)


@registry.register()
def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Array:
    """Whether ``y_pred > threshold`` agrees with the label, 0 or 1.

    Args:
        y_true: (..., n), 0 and 1.
        y_pred: (..., n).
        threshold: above which the answer is 1.

    Example:
        >>> binary_accuracy([1, 0], [0.6, 0.7])
        array([ True, False])
    """
    t, p = pair("binary_accuracy", y_true, y_pred)
    return np.asarray(t == (p > threshold))


@registry.register()
def categorical_accuracy(y_true: Any, y_pred: Any) -> Array:
    """Whether the greatest of ``y_pred`` stands where that of the one-hot ``y_true`` does.

    Example:
        >>> categorical_accuracy([[0, 1], [1, 0]], [[0.2, 0.8], [0.3, 0.7]])
        array([ True, False])
    """
    t, p = array(y_true), array(y_pred)
    if t.shape != p.shape:
        raise ValueError(
            f"categorical_accuracy: y_true must be one-hot, of shape {p.shape}, got {t.shape}; for integer labels "
            "there is sparse_categorical_accuracy"
        )
    return np.asarray(t.argmax(-1) == p.argmax(-1))


@registry.register()
def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Array:
    """Whether the greatest of ``y_pred`` stands at the integer label.

    Args:
        y_true: (...) or (..., 1), integers.
        y_pred: (..., classes).

    Example:
        >>> sparse_categorical_accuracy([1, 0], [[0.2, 0.8], [0.3, 0.7]])
        array([ True, False])
    """
    t, p = _labels("sparse_categorical_accuracy", y_true, y_pred)
    return np.asarray(t == p.argmax(-1))


def _labels(name: str, y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    t, p = array(y_true), array(y_pred)
    if t.ndim == p.ndim and t.shape[-1] == 1:
        t = t[..., 0]
    if t.shape != p.shape[:-1]:
        raise ValueError(
            f"{name}: y_true must be integer labels, of shape {p.shape[:-1]}, got {t.shape}; for one-hot labels there "
            f"is {name.removeprefix('sparse_')}"
        )
    return t, p


@registry.register()
def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Array:
    """Whether the class of the one-hot ``y_true`` is among the ``k`` greatest of ``y_pred``.

    Example:
        >>> top_k_categorical_accuracy([[0, 1, 0]], [[0.5, 0.3, 0.2]], k=2)
        array([ True])
    """
    t, p = array(y_true), array(y_pred)
    if t.shape != p.shape:
        raise ValueError(f"top_k_categorical_accuracy: y_true must be one-hot, of shape {p.shape}, got {t.shape}")
    return _in_top_k(t.argmax(-1), p, k)


@registry.register()
def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> Array:
    """Whether the integer label is among the ``k`` greatest of ``y_pred``.

    Args:
        y_true: integer labels.
        y_pred: an output for each class; or class numbers, the likeliest first, if ``from_sorted_ids``.
        k: how many may be tried.
        from_sorted_ids: what ``y_pred`` holds.

    Example:
        >>> sparse_top_k_categorical_accuracy([1], [[0.5, 0.3, 0.2]], k=2)
        array([ True])
    """
    t, p = _labels("sparse_top_k_categorical_accuracy", y_true, y_pred)
    if from_sorted_ids:
        return np.asarray((p[..., :k] == t[..., None]).any(-1))
    return _in_top_k(t.astype(np.int64), p, k)


def _in_top_k(labels: Array, p: Array, k: int) -> Array:
    of_label = np.take_along_axis(p, labels[..., None], axis=-1)
    inside = np.asarray((p > of_label).sum(-1) < k)  # among equals, all are in
    return inside & ~np.isnan(p).any(-1)


@registry.register()
class Accuracy(MeanMetricWrapper):
    """The share of values of ``y_pred`` that equal those of ``y_true``: for labels, not for probabilities.

    Of one-hot labels and softmax outputs ``CategoricalAccuracy`` gives the accuracy; ``metrics=["accuracy"]`` finds the
    right one by itself.

    Example:
        >>> float(Accuracy()([1, 2, 3, 4], [0, 2, 3, 4]))
        0.75
    """

    def __init__(self, name: str | None = "accuracy", dtype: Any = None):
        super().__init__(accuracy, name, dtype)
        self._direction = "up"


@registry.register()
class BinaryAccuracy(MeanMetricWrapper):
    """The share of answers on the right side of ``threshold``.

    Args:
        name: the key in logs.
        dtype: of the result.
        threshold: above it, the answer is 1; 0 for outputs that are logits.

    Example:
        >>> float(BinaryAccuracy()([1, 1, 0, 0], [0.98, 1, 0, 0.6]))
        0.75
    """

    def __init__(self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5):
        if not math.isfinite(threshold):
            raise ValueError(f"threshold must be a finite number, got {threshold}")
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)
        self._direction = "up"


@registry.register()
class CategoricalAccuracy(MeanMetricWrapper):
    """The share of samples whose greatest output is that of the one-hot label's class.

    Example:
        >>> float(CategoricalAccuracy()([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]]))
        0.5
    """

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None):
        super().__init__(categorical_accuracy, name, dtype)
        self._direction = "up"


@registry.register()
class SparseCategoricalAccuracy(MeanMetricWrapper):
    """The share of samples whose greatest output is that of the integer label.

    Example:
        >>> float(SparseCategoricalAccuracy()([2, 1], [[0.1, 0.6, 0.3], [0.05, 0.95, 0]]))
        0.5
    """

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None):
        super().__init__(sparse_categorical_accuracy, name, dtype)
        self._direction = "up"


@registry.register()
class TopKCategoricalAccuracy(MeanMetricWrapper):
    """The share of samples whose one-hot label's class is among the ``k`` greatest outputs.

    Example:
        >>> float(TopKCategoricalAccuracy(k=1)([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]]))
        0.5
    """

    def __init__(self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None):
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)
        self._direction = "up"


@registry.register()
class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """The share of samples whose integer label is among the ``k`` greatest outputs.

    Example:
        >>> float(SparseTopKCategoricalAccuracy(k=1)([2, 1], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]]))
        0.5
    """

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ):
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=k, from_sorted_ids=from_sorted_ids)
        self._direction = "up"


def kind_of_labels(y_true_shape: Any, y_pred_shape: Any) -> str:
    """``"binary"``, ``"sparse_categorical"`` or ``"categorical"``: what targets and outputs of these shapes mean."""
    t, p = tuple(y_true_shape), tuple(y_pred_shape)
    if p[-1:] == (1,):
        return "binary"
    if len(t) < len(p) or (t[-1:] == (1,) and (p[-1] is None or p[-1] > 1)):
        return "sparse_categorical"
    return "categorical"


def get_accuracy(y_true_shape: Any, y_pred_shape: Any, name: str = "accuracy") -> Any:
    """What ``"accuracy"`` means for targets and outputs of these shapes: binary, categorical or sparse.

    Args:
        y_true_shape: the targets'.
        y_pred_shape: the model's output's.
        name: the key in logs, ``"accuracy"`` or ``"acc"``.

    Example:
        >>> get_accuracy((None,), (None, 10), "acc")
        <SparseCategoricalAccuracy name=acc>
    """
    kinds: dict[str, Any] = {
        "binary": BinaryAccuracy,
        "categorical": CategoricalAccuracy,
        "sparse_categorical": SparseCategoricalAccuracy,
    }
    return kinds[kind_of_labels(y_true_shape, y_pred_shape)](name=name)
