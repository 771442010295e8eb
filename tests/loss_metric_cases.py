"""Losses and metrics on one small set of numbers, for any library with Keras's names.

``loss_metric_values.json`` holds what Keras 3.15.1 gives; ``python tests/loss_metric_cases.py`` writes it anew.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

FROZEN = Path(__file__).with_name("loss_metric_values.json")

P = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.25, 0.35, 0.4], [0.5, 0.3, 0.2]], np.float32)
Z = np.array([[2.0, 0.5, -1.0], [-0.5, 1.5, 0.0], [0.1, 0.2, 0.3], [1.0, -1.0, 0.25]], np.float32)
I = np.array([0, 1, 1, 2])  # noqa: E741
H = np.eye(3, dtype=np.float32)[I]
B = np.array([[1.0], [0.0], [1.0], [0.0]], np.float32)
Q = np.array([[0.9], [0.3], [0.4], [0.6]], np.float32)
R = np.array([[1.0, 2.0], [3.0, 0.5], [0.25, 4.0], [2.0, 2.0]], np.float32)
S = np.array([[1.5, 1.0], [2.5, 0.75], [3.0, 4.0], [0.5, 2.25]], np.float32)
W = np.array([1.0, 2.0, 0.0, 0.5], np.float32)

Case = tuple[str, dict[str, Any], Any, Any]  # class, arguments, y_true, y_pred


def losses() -> list[Case]:
    numbers = (
        "MeanSquaredError MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredLogarithmicError Huber LogCosh "
    )
    reductions = ("sum_over_batch_size", "sum", "mean_with_sample_weight", "none")
    cases: list[Case] = [
        (name, {"reduction": r}, R, S) for name in (numbers + "Poisson CosineSimilarity").split() for r in reductions
    ]
    cases.append(("Huber", {"delta": 0.5}, R, S))
    for name in (
        "BinaryCrossentropy",
        "CategoricalCrossentropy",
        "BinaryFocalCrossentropy",
        "CategoricalFocalCrossentropy",
    ):
        cases += [(name, {}, H, P), (name, {"from_logits": True, "label_smoothing": 0.1}, H, Z)]
    cases += [(name, {}, H, P) for name in ("Hinge", "SquaredHinge", "CategoricalHinge", "KLDivergence")]
    return [
        *cases,
        ("Hinge", {}, 2 * H - 1, Z),
        ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "gamma": 1.5}, H, P),
        ("BinaryCrossentropy", {}, B[:, 0], Q),
        ("SparseCategoricalCrossentropy", {}, I, P),
        ("SparseCategoricalCrossentropy", {"from_logits": True}, I[:, None], Z),
        ("SparseCategoricalCrossentropy", {"ignore_class": 1}, I, P),
        ("SparseCategoricalCrossentropy", {"ignore_class": 1, "reduction": "sum"}, I, P),
        ("Dice", {"axis": 1}, H, P),
        ("Tversky", {"axis": 1, "alpha": 0.3, "beta": 0.7}, H, P),
    ]


def metrics() -> list[Case]:
    numbers = "MeanSquaredError MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredLogarithmicError LogCoshError "
    classes = "KLDivergence Hinge SquaredHinge CategoricalHinge BinaryCrossentropy CategoricalCrossentropy "
    labels = P.argmax(1)
    sides = {"num_classes": 3, "target_class_ids": [0, 2], "dtype": "float32"}
    cases: list[Case] = [
        (n, {}, R, S) for n in (numbers + "RootMeanSquaredError R2Score Poisson CosineSimilarity").split()
    ]
    cases += [(n, {}, H, P) for n in (classes + "CategoricalAccuracy").split()]
    for n in ("Precision", "Recall", "TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives"):
        cases += [(n, {}, B, Q), (n, {"thresholds": [0.7, 0.25]}, H, P), (n, {}, B[:, 0], Q[:, 0])]
    for n in ("Precision", "Recall"):
        cases += [(n, {"top_k": 2}, H, P), (n, {"class_id": 1, "thresholds": 0.3}, H, P)]
    for curve in ("ROC", "PR"):
        for method in ("interpolation", "minoring", "majoring"):
            options = {"curve": curve, "summation_method": method}
            cases += [("AUC", options, B, Q), ("AUC", {**options, "num_thresholds": 11}, H, P)]
    for average in (None, "micro", "macro", "weighted"):
        cases.append(("F1Score", {"average": average}, H, P))
        cases.append(("FBetaScore", {"average": average, "beta": 2.0, "threshold": 0.35}, H, P))
    return [
        *cases,
        ("R2Score", {"class_aggregation": None}, R, S),
        ("R2Score", {"class_aggregation": "variance_weighted_average", "num_regressors": 1}, R, S),
        ("SparseCategoricalCrossentropy", {}, I, P),
        ("SparseCategoricalAccuracy", {}, I, P),
        ("SparseCategoricalAccuracy", {}, I[:, None], P),
        ("Accuracy", {}, I, labels),
        ("Accuracy", {}, I[:, None], labels),
        ("Accuracy", {}, H, np.round(P)),
        ("BinaryAccuracy", {}, B, Q),
        ("BinaryAccuracy", {"threshold": 0.35}, B[:, 0], Q),
        ("BinaryAccuracy", {}, H, P),
        ("TopKCategoricalAccuracy", {"k": 2}, H, P),
        ("SparseTopKCategoricalAccuracy", {"k": 2}, I, P),
        ("AUC", {"multi_label": True, "num_labels": 3}, H, P),
        ("AUC", {"multi_label": True, "num_labels": 3, "label_weights": [1.0, 2.0, 0.5], "curve": "PR"}, H, P),
        ("AUC", {"thresholds": [0.3, 0.5]}, B, Q),
        ("AUC", {"from_logits": True}, H, Z),
        ("IoU", sides, I, labels),
        ("IoU", {**sides, "sparse_y_pred": False}, I, P),
        ("IoU", {**sides, "ignore_class": 1, "sparse_y_true": False}, H, labels),
        ("BinaryIoU", {"threshold": 0.4, "dtype": "float32"}, B, Q),
        ("BinaryIoU", {"target_class_ids": [1], "dtype": "float32"}, B[:, 0], Q[:, 0]),
        ("MeanIoU", {"num_classes": 3, "dtype": "float32"}, I, labels),
        ("MeanIoU", {"num_classes": 4, "dtype": "float32", "sparse_y_pred": False}, I, np.pad(P, ((0, 0), (0, 1)))),
        ("OneHotIoU", sides, H, P),
        ("OneHotMeanIoU", {"num_classes": 3, "dtype": "float32"}, H, P),
    ]


def _number(x: Any) -> list[float]:
    x = x.detach() if hasattr(x, "detach") else x.numpy() if hasattr(x, "numpy") else x
    return np.asarray(x, np.float64).round(7).tolist()


def loss_values(make: Callable[..., Any], case: Case) -> list[Any]:
    """Without and with weights."""
    name, options, t, p = case
    loss = make(name)(**options)
    return [_number(loss(t, p)), _number(loss(t, p, sample_weight=W))]


def metric_values(make: Callable[..., Any], case: Case) -> list[Any]:
    """After a batch without weights; after a reset, a batch with weights and one without."""
    name, options, t, p = case
    metric = make(name)(**options)
    metric.update_state(t, p)
    first = _number(metric.result())
    metric.reset_state()
    metric.update_state(t, p, sample_weight=W)
    metric.update_state(t[:2], p[:2])
    return [first, _number(metric.result())]


def all_values(of_losses: Any, of_metrics: Any) -> dict[str, list[Any]]:
    return {
        "losses": [loss_values(lambda n: getattr(of_losses, n), case) for case in losses()],
        "metrics": [metric_values(lambda n: getattr(of_metrics, n), case) for case in metrics()],
    }


if __name__ == "__main__":
    import keras

    FROZEN.write_text(json.dumps(all_values(keras.losses, keras.metrics)))
