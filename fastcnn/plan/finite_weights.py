"""Dense layers of one image are told whether their weights are finite: then what of them meets zeros need not be read.

Such a layer takes as long as reading its weights does, and behind a ReLU or max pooling many of its inputs are zeros.
But a zero times an infinity is NaN, so the weights must have been looked at: once, until they change.
"""

from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.plan import fused
from fastcnn.plan.prepared_filters import kept
from fastcnn.plan.steps import node
from fastcnn.seam import Node
from fastcnn.tensor import Derived, Valued

__all__ = ["all_finite", "note_finite_weights"]

Array = np.ndarray[Any, Any]


def all_finite(w: Array) -> Array:
    """Whether a matrix holds neither infinities nor NaN, found while reading it once.

    Args:
        w: ``(inputs, units)``.

    Returns:
        float32 ``(1,)``: 1 or 0.

    Example:
        >>> all_finite(np.ones((2, 3), np.float32)), all_finite(np.array([[1, np.inf]], np.float32))
        (array([1.], dtype=float32), array([0.], dtype=float32))
    """
    products = kernels.matmul(np.zeros((1, len(w)), np.float32), w)
    return np.array([not np.isnan(products).any()], np.float32)


def note_finite_weights(steps: list[Node], outputs: list[Any]) -> list[Node]:
    """Dense layers of one row get what ``all_finite`` says of their weights."""
    return [_noted(step) if _has_one_row(step) else step for step in steps]


def _has_one_row(step: Node) -> bool:
    if step.operation.name not in ("dense", "dense_fused") or not isinstance(step.inputs[1], Valued):
        return False
    return int(np.prod(step.inputs[0].shape[:-1])) == 1


def _noted(step: Node) -> Node:
    x, w, bias, *others = step.inputs
    finite = kept((id(w), "finite"), Derived, lambda: all_finite(w.array))
    return node(fused.DENSE, (x, w, bias, others[0] if others else None, finite), step.attrs, step.outputs)
