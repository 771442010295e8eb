"""True and false positives and negatives at thresholds, precision and recall."""

from typing import Any

import numpy as np

from .base import Array, Metric, pair, ratio, registry, scalar, weights_like

__all__ = ["FalseNegatives", "FalsePositives", "Precision", "Recall", "TrueNegatives", "TruePositives"]

_LOWEST = -1e10  # below any prediction: the threshold where top_k decides


def _thresholds(given: Any, default: float) -> list[float]:
    values = [default] if given is None else [float(t) for t in np.ravel(np.asarray(given))]
    wrong = [t for t in values if given is not None and not 0 <= t <= 1]
    if wrong:
        raise ValueError(f"thresholds must lie between 0 and 1, got {wrong[0]}")
    return values


def count_confusion(
    name: str,
    y_true: Any,
    y_pred: Any,
    thresholds: Array,
    sample_weight: Any = None,
    top_k: int | None = None,
    class_id: int | None = None,
) -> tuple[Array, Array, Array, Array]:
    """Weighted numbers of true positives, false positives, true negatives, false negatives, at each threshold.

    A prediction is positive where it is greater than the threshold; NaN never is. ``thresholds`` is float32, in any
    order.
    """
    t, p = pair(name, y_true, y_pred)
    w = None if sample_weight is None else weights_like(name, sample_weight, t.shape)
    if top_k is not None:
        kept = np.zeros(p.shape, bool)  # as many as were asked for: of equal ones the first
        np.put_along_axis(kept, np.argsort(-p, axis=-1, kind="stable")[..., :top_k], True, axis=-1)
        p = np.where(kept, p, np.float32(2 * _LOWEST))
    if class_id is not None:
        if p.ndim < 2 or not -p.shape[-1] <= class_id < p.shape[-1]:
            raise ValueError(
                f"class_id must be an axis-1 index of an output (n, classes), got {class_id} for {p.shape}"
            )
        t, p = t[..., class_id], p[..., class_id]
        w = None if w is None else w[..., class_id]
    return bucket_counts(t.reshape(-1), p.reshape(-1), thresholds, None if w is None else w.reshape(-1))


def bucket_counts(t: Array, p: Array, thresholds: Array, w: Array | None) -> tuple[Array, Array, Array, Array]:
    """The same for flat labels and predictions: each falls between two thresholds, and sums from above do the rest."""
    order = np.argsort(thresholds, kind="stable")
    n = len(thresholds)
    p = p.astype(np.float32, copy=False)
    bucket = np.searchsorted(thresholds[order], np.where(np.isnan(p), -np.inf, p))
    positive = t.astype(bool)
    total = np.bincount(bucket, w, minlength=n + 1).astype(np.float64)
    hits = np.bincount(bucket[positive], None if w is None else w[positive], minlength=n + 1).astype(np.float64)
    at_least, hits_above = total[::-1].cumsum()[::-1], hits[::-1].cumsum()[::-1]
    tp, fp = np.empty(n), np.empty(n)
    tp[order], fp[order] = hits_above[1:], (at_least - hits_above)[1:]
    return tp, fp, (at_least - hits_above)[0] - fp, hits_above[0] - tp


class _Count(Metric):
    """One of the four numbers; ``_which`` says the place in ``count_confusion``'s result."""

    _which: int

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self._given = thresholds
        self.thresholds = np.array(_thresholds(thresholds, 0.5), np.float32)
        self.accumulator = self.add_weight((len(self.thresholds),), name="accumulator")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        counts = count_confusion(self.name, y_true, y_pred, self.thresholds, sample_weight)
        self.accumulator.array += counts[self._which]

    def result(self) -> Any:
        return scalar(self.accumulator.array[0] if len(self.thresholds) == 1 else self.accumulator.array)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": _plain(self._given)}


def _plain(thresholds: Any) -> Any:
    return thresholds if thresholds is None or isinstance(thresholds, (int, float)) else np.ravel(thresholds).tolist()


@registry.register()
class TruePositives(_Count):
    """How many samples of class 1 were taken for 1.

    Args:
        thresholds: above which the answer is 1; a number (0.5) or several.
        name: the key in logs.
        dtype: of the result.

    Example:
        >>> float(TruePositives()([0, 1, 1, 1], [1, 0, 1, 1]))
        2.0
    """

    _which = 0
    _direction = "up"


@registry.register()
class FalsePositives(_Count):
    """How many samples of class 0 were taken for 1.

    Args:
        thresholds: above which the answer is 1; a number (0.5) or several.
        name: the key in logs.
        dtype: of the result.

    Example:
        >>> float(FalsePositives()([0, 1, 0, 0], [0, 0, 1, 1]))
        2.0
    """

    _which = 1
    _direction = "down"


@registry.register()
class TrueNegatives(_Count):
    """How many samples of class 0 were taken for 0.

    Args:
        thresholds: above which the answer is 1; a number (0.5) or several.
        name: the key in logs.
        dtype: of the result.

    Example:
        >>> float(TrueNegatives()([0, 1, 0, 0], [1, 1, 0, 0]))
        2.0
    """

    _which = 2
    _direction = "up"


@registry.register()
class FalseNegatives(_Count):
    """How many samples of class 1 were taken for 0.

    Args:
        thresholds: above which the answer is 1; a number (0.5) or several.
        name: the key in logs.
        dtype: of the result.

    Example:
        >>> float(FalseNegatives()([0, 1, 1, 1], [0, 1, 0, 0]))
        2.0
    """

    _which = 3
    _direction = "down"


class _Share(Metric):
    """True positives over true positives plus others."""

    _direction = "up"
    _other: tuple[str, int]

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(name=name, dtype=dtype)
        self._given, self.top_k, self.class_id = thresholds, top_k, class_id
        self.thresholds = np.array(_thresholds(thresholds, 0.5 if top_k is None else _LOWEST), np.float32)
        self.true_positives = self.add_weight((len(self.thresholds),), name="true_positives")
        self.others = self.add_weight((len(self.thresholds),), name=self._other[0])

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        counts = count_confusion(self.name, y_true, y_pred, self.thresholds, sample_weight, self.top_k, self.class_id)
        self.true_positives.array += counts[0]
        self.others.array += counts[self._other[1]]

    def result(self) -> Any:
        share = ratio(self.true_positives.array, self.true_positives.array + self.others.array)
        return scalar(share[0] if len(self.thresholds) == 1 else share)

    def get_config(self) -> dict[str, Any]:
        options = {"thresholds": _plain(self._given), "top_k": self.top_k, "class_id": self.class_id}
        return {**super().get_config(), **options}


@registry.register()
class Precision(_Share):
    """How many of those taken for 1 are 1: TP / (TP + FP).

    Args:
        thresholds: above which the answer is 1; a number (0.5) or several.
        top_k: instead of thresholds: the ``k`` greatest outputs of a sample are the answers.
        class_id: looks at one class only.
        name: the key in logs.
        dtype: of the result.

    Example:
        >>> round(float(Precision()([0, 1, 1, 1], [1, 0, 1, 1])), 4)
        0.6667
    """

    _other = ("false_positives", 1)


@registry.register()
class Recall(_Share):
    """How many of those that are 1 were taken for 1: TP / (TP + FN).

    Args:
        thresholds: above which the answer is 1; a number (0.5) or several.
        top_k: instead of thresholds: the ``k`` greatest outputs of a sample are the answers.
        class_id: looks at one class only.
        name: the key in logs.
        dtype: of the result.

    Example:
        >>> round(float(Recall()([0, 1, 1, 1], [1, 0, 1, 1])), 4)
        0.6667
    """

    _other = ("false_negatives", 3)
