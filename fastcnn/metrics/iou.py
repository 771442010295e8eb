"""How far maps of classes overlap: TP / (TP + FP + FN) of each class, and the mean of some or all."""

from typing import Any

import numpy as np

from fastcnn._arrays import INT

from .base import Metric, array, ratio, registry, scalar, weights_like
from .matrix import confusion_matrix

__all__ = ["BinaryIoU", "IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"]


@registry.register()
class IoU(Metric):
    """The mean over some classes of TP / (TP + FP + FN): how far two maps of classes overlap.

    Args:
        num_classes: how many.
        target_class_ids: the classes that count; one that is nowhere is left out of the mean.
        name: the key in logs.
        dtype: of the result.
        ignore_class: a label that does not count.
        sparse_y_true: whether the targets are integers; else one-hot along ``axis``.
        sparse_y_pred: whether the predictions are integers; else an output a class.
        axis: where the classes are; the last.

    Example:
        >>> round(float(IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1])), 4)
        0.3333
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Any,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ):
        super().__init__(name=name, dtype=dtype)
        self.target_class_ids = list(target_class_ids)
        if any(not isinstance(i, INT) or not 0 <= i < num_classes for i in self.target_class_ids):
            raise ValueError(f"target_class_ids must be integers from 0 to {num_classes - 1}, got {target_class_ids}")
        self.num_classes, self.ignore_class, self.axis = num_classes, ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        self.total_cm = self.add_weight((num_classes, num_classes), name="total_confusion_matrix")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        t, p = array(y_true), array(y_pred)
        t = t if self.sparse_y_true else t.argmax(self.axis)
        p = p if self.sparse_y_pred else p.argmax(self.axis)
        shape = t.shape
        t, p = t.reshape(-1).astype(np.int64), p.reshape(-1).astype(np.int64)
        w = None if sample_weight is None else weights_like(self.name, sample_weight, shape).reshape(-1)
        if self.ignore_class is not None:
            counts = t != self.ignore_class
            t, p, w = t[counts], p[counts], None if w is None else w[counts]
        self.total_cm.array += confusion_matrix(t, p, self.num_classes, w)

    def result(self) -> Any:
        matrix = self.total_cm.array
        both = np.diag(matrix)
        union = (matrix.sum(axis=0) + matrix.sum(axis=1) - both)[self.target_class_ids]
        return scalar(ratio(ratio(both[self.target_class_ids], union).sum(), np.count_nonzero(union)))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "target_class_ids": self.target_class_ids,
            "ignore_class": self.ignore_class,
            "sparse_y_true": self.sparse_y_true,
            "sparse_y_pred": self.sparse_y_pred,
            "axis": self.axis,
        }

    def _config_without(self, *words: str) -> dict[str, Any]:
        return {word: value for word, value in IoU.get_config(self).items() if word not in words}


@registry.register()
class BinaryIoU(IoU):
    """``IoU`` of two classes, told apart by one output for each place.

    Args:
        target_class_ids: the classes that count: ``[0]``, ``[1]`` or both.
        threshold: outputs from here on are class 1.
        name: the key in logs.
        dtype: of the result.

    Example:
        >>> round(float(BinaryIoU(threshold=0.3)([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])), 4)
        0.3333
    """

    def __init__(
        self, target_class_ids: Any = (0, 1), threshold: float = 0.5, name: str | None = None, dtype: Any = None
    ):
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(y_true, array(y_pred) >= self.threshold, sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {word: getattr(self, word) for word in ("name", "dtype", "target_class_ids", "threshold")}


@registry.register()
class MeanIoU(IoU):
    """The mean of ``IoU`` over all classes.

    Args:
        num_classes: how many.
        name: the key in logs.
        dtype: of the result.
        ignore_class: a label that does not count.
        sparse_y_true: whether the targets are integers; else one-hot along ``axis``.
        sparse_y_pred: whether the predictions are integers; else an output a class.
        axis: where the classes are; the last.

    Example:
        >>> round(float(MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1])), 4)
        0.3333
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ):
        classes = range(num_classes)
        super().__init__(num_classes, classes, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self._config_without("target_class_ids")


@registry.register()
class OneHotIoU(IoU):
    """``IoU`` for one-hot targets.

    Args:
        num_classes: how many.
        target_class_ids: the classes that count.
        name: the key in logs.
        dtype: of the result.
        ignore_class: a label that does not count.
        sparse_y_pred: whether the predictions are integers; else an output a class.
        axis: where the classes are; the last.

    Example:
        >>> y_true, y_pred = np.eye(3)[[2, 0, 1]], np.eye(3)[[2, 2, 1]]
        >>> float(OneHotIoU(3, [2])(y_true, y_pred))
        0.5
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Any,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ):
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self._config_without("sparse_y_true")


@registry.register()
class OneHotMeanIoU(MeanIoU):
    """``MeanIoU`` for one-hot targets.

    Args:
        num_classes: how many.
        name: the key in logs.
        dtype: of the result.
        ignore_class: a label that does not count.
        sparse_y_pred: whether the predictions are integers; else an output a class.
        axis: where the classes are; the last.

    Example:
        >>> y_true, y_pred = np.eye(3)[[2, 0, 1]], np.eye(3)[[2, 2, 1]]
        >>> float(OneHotMeanIoU(3)(y_true, y_pred))
        0.5
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ):
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self._config_without("target_class_ids", "sparse_y_true")
