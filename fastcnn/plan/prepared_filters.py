"""Filters in the form in which convolutions multiply with them, made once for a program and not in every run.

Packing or transforming a filter costs as much for one pixel as for a thousand; a batch of one picture spends a tenth to
a third of its time on it.
"""

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import _core
from fastcnn.plan import fused
from fastcnn.plan.batch_parts import samples_of
from fastcnn.plan.costs import geometry
from fastcnn.plan.steps import node
from fastcnn.seam import Node
from fastcnn.tensor import Derived, Tensor, Valued

__all__ = ["Prepared", "kept", "prepare_filters"]

Array = np.ndarray[Any, Any]

# Up to so many pixels of the result. Beyond it, the products take so long that the filter hardly matters; and Winograd
# transforms it all the same, but for a small one, which is kept transformed (winograd_prepare).
FEW_PIXELS = {"direct": 1024, "winograd": 256}
SMALL_FILTER = 1 << 15
FIXED = ("strides", "padding", "dilation", "groups")

_kept: "weakref.WeakValueDictionary[Any, Derived]" = weakref.WeakValueDictionary()


class Prepared(Derived):
    """A filter as ``_core.conv2d_prepare`` leaves it: in memory of its own, which is aligned."""

    __slots__ = ()

    def __init__(self, compute: Callable[[], Array]):
        Tensor.__init__(self, compute())
        self._compute = compute


def kept(key: Any, kind: type[Derived], compute: Callable[[], Array]) -> Derived:
    """The tensor under a key, up to date: programs of one model, for other batches and threads, share it.

    Args:
        key: holds the ids of all that ``compute`` keeps alive, so that they belong to nothing else.
        kind: Derived, or Prepared.
        compute: computes it.
    """
    found = _kept.get(key)
    if found is None:
        return _kept.setdefault(key, kind(compute))
    found.refresh()
    return found


def prepare_filters(steps: list[Node], outputs: list[Any]) -> list[Node]:
    """Convolutions with few pixels get their filter prepared."""
    samples = samples_of(steps)
    return [_prepared(s) if _has_few_pixels(s, samples.get(id(s))) else s for s in steps]


def _has_few_pixels(step: Node, samples: int | None) -> bool:
    if step.operation.name not in ("conv2d", "conv2d_fused", "conv2d_max_pool"):
        return False
    found = geometry(step) if isinstance(step.inputs[1], Valued) and len(step.outputs[0].shape) == 4 else None
    if found is None or 0 in found.y:
        return False
    strides, padding, dilation, groups = (step.attrs[name] for name in FIXED)
    algorithm = _core.conv2d_algorithm(found.x, found.w, strides, padding, dilation, groups, "high", "forward")
    few = FEW_PIXELS["direct" if int(np.prod(found.w)) <= SMALL_FILTER else algorithm]
    return int(np.prod(found.y[1:3])) * (samples or found.y[0]) <= few


def _prepared(step: Node) -> Node:
    x, w, bias, *others = step.inputs
    fixed = [step.attrs[name] for name in FIXED]

    def prepare() -> Array:
        made: Array = _core.conv2d_prepare(x.shape, w.array, *fixed)
        return made

    filters = kept((id(w), x.shape[1:], repr(fixed)), Prepared, prepare)
    operation = fused.CONV_MAX_POOL if step.operation is fused.CONV_MAX_POOL else fused.CONV_PREPARED
    inputs = (x, w, bias, others[0] if others else None, filters)
    return node(operation, inputs, step.attrs, step.outputs)
