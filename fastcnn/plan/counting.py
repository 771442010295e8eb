"""The loss's mean and accuracy, counted by the program: it adds to the metrics' variables what they would add."""

from typing import Any

from fastcnn import _core
from fastcnn.layers.nests import contents
from fastcnn.metrics import BinaryAccuracy, CategoricalAccuracy, Mean, SparseCategoricalAccuracy
from fastcnn.tensor import Tensor

__all__ = ["count"]


def count(core: Any, model: Any, y: Any, y_pred: Any, trackers: list[tuple[Any, Tensor, int]]) -> frozenset[int] | None:
    """Records what a step counts.

    Args:
        core: the program, a ``_core.Program``.
        model: compiled, its metrics built.
        y: the targets in the program's memory.
        y_pred: the outputs there.
        trackers: ``(mean, number, samples)``: the mean over samples of numbers that the program computes.

    Returns:
        The ids of the model's metrics that the program keeps up to date; None where it counts nothing, because the
        model does so in a way of its own.
    """
    if not model._counts_plainly() or any(type(tracker) is not Mean for tracker, _, _ in trackers):
        return None
    counted = []
    core.begin([])
    try:
        for tracker, value, n in trackers:
            _core.add_to_mean(value.array, n, tracker.total.array, tracker.count.array)
        for metric, target, output in _pairs(model, y, y_pred):
            if _record(metric, target, output):
                counted.append(id(metric))
    finally:
        core.end()
    return frozenset(counted)


def _pairs(model: Any, y: Any, y_pred: Any) -> list[tuple[Any, Tensor, Tensor]]:
    """Metrics that take no weights, each with its target and its output."""
    compiled = model._compile_metrics
    if compiled is None or y is None:
        return []
    targets, outputs = compiled.targets(model._targets(y), y_pred), contents(y_pred)
    return [(m, targets[i], outputs[i]) for i, some in enumerate(compiled.plain) for m in some]


def _record(metric: Any, target: Tensor, output: Tensor) -> bool:
    """Whether the program can count for this metric, and if so, does."""
    t, p = target.array, output.array
    if p.dtype != "float32" or p.ndim < 1 or not p.size:
        return False
    sums = metric.total.array, metric.count.array
    kind = type(metric)
    one_for_each = t.shape in (p.shape, p.shape[:-1]) if p.shape[-1:] == (1,) else t.shape == p.shape
    if kind is BinaryAccuracy and one_for_each and t.dtype in ("float32", "int64"):
        _core.count_binary(t, p, metric._fn_kwargs["threshold"], *sums)
    elif kind is SparseCategoricalAccuracy and t.shape in (p.shape[:-1], (*p.shape[:-1], 1)) and t.dtype == "int64":
        _core.count_sparse(t, p, *sums)
    elif kind is CategoricalAccuracy and t.shape == p.shape and t.dtype == "float32":
        _core.count_categorical(t, p, *sums)
    else:
        return False
    return True
