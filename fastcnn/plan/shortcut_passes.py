"""Passes over sums of two normalised results in a training step: where a residual network's shortcut is a convolution.

Both terms are read through what normalises them, and their gradients, which read the same gradient, are taken together.
"""

from typing import Any

from fastcnn.plan import fused
from fastcnn.plan.steps import node, rebuilt, users
from fastcnn.seam import Node
from fastcnn.tensor import SymbolicTensor

__all__ = ["normalise_shortcuts", "pair_gradients"]


def normalise_shortcuts(steps: list[Node], outputs: list[Any]) -> list[Node]:
    """A normalised shortcut that is only added to another normalised result is not stored: it is read through.

    It saves writing it and reading it again.
    """
    read = users(steps, outputs)
    replaced: dict[int, list[Node]] = {}
    for norm in steps:
        if norm.operation.name != "batch_norm" or len(read.get(id(norm.outputs[0]), [])) != 1:
            continue
        (total,) = read[id(norm.outputs[0])]
        if total is None or not _adds(total, norm.outputs[0]):
            continue
        affine = SymbolicTensor((3, *norm.outputs[1].shape), "float32")
        replaced[id(norm)] = [_statistics(norm, (*norm.outputs[1:], affine))]
        inputs = (total.inputs[0], total.outputs[3], norm.inputs[0], affine)
        attrs = {"activation": total.attrs["activation"]}
        added = node(fused.BATCH_NORM_SUM, inputs, attrs, total.outputs[:1])
        replaced[id(total)] = [_statistics(total, total.outputs[1:]), added]
    return rebuilt(steps, replaced)


def _adds(total: Node, shortcut: Any) -> bool:
    """Whether it is a batch normalisation to whose result the shortcut is added."""
    return (
        total.operation is fused.BATCH_NORM
        and total.attrs["return_affine"]
        and total.inputs[-1] is shortcut
        and all(t is not shortcut for t in total.inputs[:-1])
    )


def _statistics(norm: Node, results: tuple[Any, ...]) -> Node:
    attrs = {k: v for k, v in norm.attrs.items() if k not in ("activation", "return_affine")}
    return node(fused.BATCH_NORM_STATISTICS, norm.inputs[:5], attrs, results)


def pair_gradients(steps: list[Node], outputs: list[Any]) -> list[Node]:
    """Two gradients of batch normalisations that read the same gradient become one step, which reads it once."""
    position = {id(t): i for i, step in enumerate(steps) for t in step.outputs}
    waiting: dict[int, tuple[int, Node]] = {}  # the first that reads a gradient, by that
    replaced: dict[int, list[Node]] = {}
    dropped: set[int] = set()
    for i, step in enumerate(steps):
        if step.operation.name != "batch_norm_backward" or not step.attrs["training"]:
            continue
        dy = id(step.inputs[0])
        if dy not in waiting:
            waiting[dy] = i, step
            continue
        at, first = waiting.pop(dy)
        if first.inputs[1].shape != step.inputs[1].shape or any(position.get(id(t), -1) >= at for t in step.inputs):
            continue
        inputs, results = (*first.inputs, *step.inputs[1:]), (*first.outputs, *step.outputs)
        replaced[id(first)] = [node(fused.BATCH_NORM_BACKWARD_PAIR, inputs, {}, results)]
        dropped.add(id(step))
    return rebuilt(steps, replaced, dropped)
