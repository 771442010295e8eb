"""Which class was taken for which: the confusion matrix, and what is read from it: F-scores, a report."""

from typing import Any

import numpy as np

from .base import Array, Metric, array, ratio, registry, scalar

__all__ = ["ConfusionMatrix", "F1Score", "FBetaScore", "classification_report", "confusion_matrix"]


def _as_labels(values: Any, other: Any) -> Array:
    """Integer labels, also of one-hot rows or of outputs; of single outputs those above 0.5."""
    v = array(values)
    if v.ndim >= 2 and v.shape[-1] > 1 and (v.ndim > array(other).ndim or v.shape == array(other).shape or v.ndim == 2):
        v = v.argmax(-1)
    elif v.dtype.kind == "f" and (v != np.floor(v)).any():
        v = v > 0.5
    return v.reshape(-1).astype(np.int64)


def confusion_matrix(y_true: Any, y_pred: Any, num_classes: int | None = None, sample_weight: Any = None) -> Array:
    """How often each class (rows) was taken for each (columns).

    Args:
        y_true: integer labels (n,) or one-hot (n, c).
        y_pred: integer labels, or a model's outputs (n, c).
        num_classes: one more than the greatest label unless given.
        sample_weight: (n,).

    Returns:
        int64 (c, c); float64 with weights.

    Example:
        >>> confusion_matrix([0, 1, 1], [0, 1, 0])
        array([[1, 0],
               [1, 1]])
    """
    t, p = _as_labels(y_true, y_pred), _as_labels(y_pred, y_true)
    if t.shape != p.shape:
        hint = "; one number for each class needs sparse_y_pred=False, or argmax(-1)" if p.size > t.size else ""
        raise ValueError(f"confusion_matrix: y_true holds {t.size} labels and y_pred {p.size}{hint}")
    if num_classes is None:
        widths = [array(v).shape[-1] for v in (y_true, y_pred) if array(v).ndim > 1]
        num_classes = max([int(t.max(initial=0)) + 1, int(p.max(initial=0)) + 1, *widths])
    for name, labels in (("y_true", t), ("y_pred", p)):
        if labels.size and not 0 <= labels.min() <= labels.max() < num_classes:
            raise ValueError(f"{name}: labels must lie in 0..{num_classes - 1}, got {labels.min()}..{labels.max()}")
    weights = None if sample_weight is None else array(sample_weight).reshape(-1)
    counts = np.bincount(t * num_classes + p, weights, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes)


def classification_report(y_true: Any, y_pred: Any, class_names: Any = None) -> dict[str, Any]:
    """Precision, recall, F1 and the number of samples of each class, the accuracy, and the classes' means.

    Args:
        y_true: integer labels (n,) or one-hot (n, c).
        y_pred: integer labels, or a model's outputs (n, c).
        class_names: keys of the dict; the labels unless given.

    Example:
        >>> classification_report([0, 1, 1], [0, 1, 0])["accuracy"]
        0.6666666666666666
    """
    matrix = confusion_matrix(y_true, y_pred, None if class_names is None else len(class_names))
    hits, support = np.diag(matrix), matrix.sum(axis=1)
    precision, recall = ratio(hits, matrix.sum(axis=0)), ratio(hits, support)
    f1 = ratio(2 * precision * recall, precision + recall)
    columns = {"precision": precision, "recall": recall, "f1": f1}
    names = [str(i) for i in range(len(matrix))] if class_names is None else [str(n) for n in class_names]
    report: dict[str, Any] = {
        name: {key: float(column[i]) for key, column in columns.items()} | {"support": int(support[i])}
        for i, name in enumerate(names)
    }
    report["accuracy"] = float(ratio(hits.sum(), matrix.sum()))
    report["mean"] = {key: float(column.mean()) for key, column in columns.items()} | {"support": int(support.sum())}
    return report


@registry.register()
class ConfusionMatrix(Metric):
    """How often each class (rows) was taken for each (columns), over all batches; ``result`` is the matrix.

    Args:
        num_classes: how many.
        name: the key in logs.
        dtype: of the result.

    Example:
        >>> m = ConfusionMatrix(2)
        >>> m([0, 1, 1], [0, 1, 0]).numpy()
        array([[1., 0.],
               [1., 1.]], dtype=float32)
    """

    serialized_as = ("fastcnn.metrics", "ConfusionMatrix")

    def __init__(self, num_classes: int, name: str | None = "confusion_matrix", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.num_classes = num_classes
        self.total = self.add_weight((num_classes, num_classes), name="total")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.total.array += confusion_matrix(y_true, y_pred, self.num_classes, sample_weight)

    def result(self) -> Any:
        return scalar(self.total.array)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_classes": self.num_classes}


@registry.register()
class FBetaScore(Metric):
    """``(1 + b**2) * precision * recall / (b**2 * precision + recall)`` of each class, or an average of them.

    Args:
        average: None for a score a class, ``"micro"`` for all taken together, ``"macro"`` for the mean over classes,
            ``"weighted"`` for the mean weighted by the classes' numbers of samples.
        beta: how much more recall counts than precision.
        threshold: above which an output is a yes; None for the greatest output of each sample.
        name: the key in logs.
        dtype: of the result.

    Example:
        >>> y = np.eye(3)[[0, 1, 2]]
        >>> FBetaScore(beta=2.0)(y, y[[0, 1, 1]]).numpy().round(4)
        array([1.    , 0.8333, 0.    ], dtype=float32)
    """

    _direction = "up"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ):
        if average not in (None, "micro", "macro", "weighted"):
            raise ValueError(f"average must be None, 'micro', 'macro' or 'weighted', got {average!r}")
        if not beta > 0:
            raise ValueError(f"beta must be positive, got {beta}")
        if threshold is not None and not 0 < threshold <= 1:
            raise ValueError(f"threshold must be above 0 and at most 1, got {threshold}")
        super().__init__(name=name, dtype=dtype)
        self.average, self.beta, self.threshold = average, beta, threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        t, p = array(y_true), array(y_pred)
        if t.ndim != 2 or t.shape != p.shape:
            raise ValueError(
                f"{self.name}: y_true and y_pred must both have shape (n, classes), got {t.shape} and {p.shape}"
            )
        if not self._variables:
            for name in ("true_positives", "false_positives", "false_negatives", "intermediate_weights"):
                self.add_weight((t.shape[1],), name=name)
        greatest = p.max(axis=-1, keepdims=True)
        yes = (p >= greatest) & (abs(p) > 1e-9) if self.threshold is None else p > self.threshold
        w = np.ones((len(t), 1)) if sample_weight is None else array(sample_weight).reshape(-1, 1)
        for v, count in zip(self._variables, (yes * t, yes * (1 - t), (1 - yes) * t, t), strict=True):
            v.array += (count * w).sum(axis=0)

    def result(self) -> Any:
        if not self._variables:
            return scalar(0.0)
        states = [v.array.sum() if self.average == "micro" else v.array for v in self._variables]
        tp, fp, fn, support = states
        b2 = self.beta**2
        score = ratio((1 + b2) * tp, (1 + b2) * tp + b2 * fn + fp)
        if self.average == "macro":
            return scalar(score.mean())
        if self.average == "weighted":
            return scalar((score * ratio(support, support.sum())).sum())
        return scalar(score)

    def get_config(self) -> dict[str, Any]:
        options = {"average": self.average, "beta": self.beta, "threshold": self.threshold}
        return {**super().get_config(), **options}


@registry.register()
class F1Score(FBetaScore):
    """``2 * precision * recall / (precision + recall)`` of each class, or an average of them.

    Args:
        average: as in ``FBetaScore``.
        threshold: as in ``FBetaScore``.
        name: the key in logs.
        dtype: of the result.

    Example:
        >>> y = np.eye(3)[[0, 1, 2]]
        >>> float(F1Score("micro")(y, y))
        1.0
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ):
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["beta"]
        return config
