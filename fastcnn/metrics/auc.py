"""The area under the ROC curve and under the precision-recall curve."""

from typing import Any

import numpy as np

from .base import Array, Metric, pair, ratio, registry, scalar, weights_like
from .confusion import bucket_counts

__all__ = ["AUC"]


@registry.register()
class AUC(Metric):
    """The area under a curve whose points are thresholds, by Keras's algorithm.

    Args:
        num_thresholds: how many, evenly between 0 and 1.
        curve: ``"ROC"`` or ``"PR"``.
        summation_method: ``"interpolation"``, ``"minoring"`` or ``"majoring"``.
        name: the key in logs.
        dtype: of the result.
        thresholds: instead of ``num_thresholds``: those between 0 and 1.
        multi_label: whether each column is a question of its own, whose areas are averaged.
        num_labels: the number of columns; found from the first batch unless given.
        label_weights: for that average; else for the columns' samples.
        from_logits: whether predictions still have to go through sigmoid.

    Example:
        >>> float(AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]))
        0.75
    """

    _direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ):
        if str(curve).upper() not in ("ROC", "PR"):
            raise ValueError(f"curve must be 'ROC' or 'PR', got {curve!r}")
        if str(summation_method).lower() not in ("interpolation", "minoring", "majoring"):
            raise ValueError(
                f"summation_method must be 'interpolation', 'minoring' or 'majoring', got {summation_method!r}"
            )
        if thresholds is None and num_thresholds <= 1:
            raise ValueError(f"num_thresholds must be greater than 1, got {num_thresholds}")
        super().__init__(name=name, dtype=dtype)
        self.curve, self.summation_method = str(curve).upper(), str(summation_method).lower()
        self.multi_label, self.num_labels, self.from_logits = multi_label, num_labels, from_logits
        self.label_weights = None if label_weights is None else np.asarray(label_weights, np.float64)
        self._given = None if thresholds is None else sorted(float(t) for t in thresholds)
        inner = self._given or [(i + 1) / (num_thresholds - 1) for i in range(num_thresholds - 2)]
        if any(not 0 <= t <= 1 for t in inner):
            raise ValueError(f"thresholds must lie between 0 and 1, got {inner}")
        self.num_thresholds = len(inner) + 2
        # Beyond 0 and 1, so that the curve begins where everything is taken for 1 and ends where nothing is.
        self.thresholds = np.array([-1e-7, *inner, 1.0 + 1e-7], np.float32)
        self._built = False
        if not multi_label or num_labels:
            self._build(num_labels or 1)

    def _build(self, columns: int) -> None:
        shape = (self.num_thresholds, columns) if self.multi_label else (self.num_thresholds,)
        self.true_positives = self.add_weight(shape, name="true_positives")
        self.false_positives = self.add_weight(shape, name="false_positives")
        self.true_negatives = self.add_weight(shape, name="true_negatives")
        self.false_negatives = self.add_weight(shape, name="false_negatives")
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        t, p = pair(self.name, y_true, y_pred)
        if self.multi_label and t.ndim != 2:
            raise ValueError(
                f"{self.name}: multi_label=True needs y_true and y_pred of shape (n, labels), got {t.shape}"
            )
        if not self._built:
            self._build(t.shape[-1])
        if self.from_logits:
            p = 1.0 / (1.0 + np.exp(-p.astype(np.float64)))
        p = np.clip(p, 0.0, 1.0)
        w = None if sample_weight is None else weights_like(self.name, sample_weight, t.shape)
        if self.multi_label:
            columns = [self._counts(t[:, i], p[:, i], None if w is None else w[:, i]) for i in range(t.shape[1])]
            counts = [np.stack(c, axis=-1) for c in zip(*columns, strict=True)]
        else:
            if self.label_weights is not None:
                w = self.label_weights * (np.ones(t.shape) if w is None else w)
            counts = list(self._counts(t.reshape(-1), p.reshape(-1), None if w is None else w.reshape(-1)))
        for variable, count in zip(self.variables, counts, strict=True):
            variable.array += count

    def _counts(self, t: Array, p: Array, w: Array | None) -> tuple[Array, Array, Array, Array]:
        return bucket_counts(t, p, self.thresholds, w)

    def result(self) -> Any:
        if not self._built:
            return scalar(0.0)
        tp, fp, tn, fn = (v.array for v in self.variables)
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self._average(_interpolated_pr(tp, fp, fn))
        recall = ratio(tp, tp + fn)
        x, y = (ratio(fp, fp + tn), recall) if self.curve == "ROC" else (recall, ratio(tp, tp + fp))
        heights = {
            "interpolation": (y[:-1] + y[1:]) / 2,
            "minoring": np.minimum(y[:-1], y[1:]),
            "majoring": np.maximum(y[:-1], y[1:]),
        }[self.summation_method]
        return self._average((x[:-1] - x[1:]) * heights)

    def _average(self, areas: Array) -> Any:
        by_label = areas.sum(axis=0)
        if self.multi_label and self.label_weights is not None:
            return scalar(ratio((by_label * self.label_weights).sum(), self.label_weights.sum()))
        return scalar(by_label.mean())

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "thresholds": self._given,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": None if self.label_weights is None else self.label_weights.tolist(),
            "from_logits": self.from_logits,
        }


def _interpolated_pr(tp: Array, fp: Array, fn: Array) -> Array:
    """Areas between thresholds, TP taken as linear in TP + FP (Davis and Goadrich 2006)."""
    positive = tp + fp
    d_tp, d_positive = tp[:-1] - tp[1:], positive[:-1] - positive[1:]
    slope = ratio(d_tp, np.maximum(d_positive, 0))
    intercept = tp[1:] - slope * positive[1:]
    both = (positive[:-1] > 0) & (positive[1:] > 0)
    growth = np.where(both, ratio(positive[:-1], positive[1:]), 1.0)
    return np.asarray(ratio(slope * (d_tp + intercept * np.log(np.where(both, growth, 1.0))), tp[1:] + fn[1:]))
