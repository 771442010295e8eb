"""Passes over a pass of inference: a list of steps in, a list of steps out, the same results."""

from typing import Any

from fastcnn.plan import fused
from fastcnn.plan.finite_weights import note_finite_weights
from fastcnn.plan.folding import fold_batch_norm, fold_padding
from fastcnn.plan.joining_passes import write_slices
from fastcnn.plan.padding_passes import imagine_padding
from fastcnn.plan.pooling_passes import pool_in_convolutions
from fastcnn.plan.prepared_filters import prepare_filters
from fastcnn.plan.steps import VIEWS, made_by, node, rebuilt, users
from fastcnn.plan.training_passes import CLAMPS
from fastcnn.seam import Node
from fastcnn.tensor import SymbolicTensor

__all__ = ["inference_passes"]


def inference_passes(steps: list[Node], outputs: list[Any]) -> list[Node]:
    """All of them, in order."""
    steps = fold_padding(steps, outputs)
    steps = fold_batch_norm(steps, outputs)
    steps = fuse_epilogues(steps, outputs)
    steps = imagine_padding(steps, outputs)
    steps = pool_in_convolutions(steps, outputs)
    steps = keep_axes(steps, outputs)
    steps = write_slices(steps, outputs)
    steps = note_finite_weights(steps, outputs)
    return prepare_filters(steps, outputs)


def keep_axes(steps: list[Node], outputs: list[Any]) -> list[Node]:
    """Means (n, c) that are only read as (n, 1, 1, c) are made so: no view interrupts steps for a part of a batch."""
    read, made = users(steps, outputs), made_by(steps)
    replaced: dict[int, list[Node]] = {}
    dropped: set[int] = set()
    for view in steps:
        mean = made.get(id(view.inputs[0])) if view.operation.name in VIEWS else None
        if mean is None or mean.operation.name != "global_average_pool" or read[id(mean.outputs[0])] != [view]:
            continue
        x, (y,) = mean.inputs[0], view.outputs
        if len(y.shape) == len(x.shape) and y.shape == (x.shape[0], *(1,) * (len(x.shape) - 2), x.shape[-1]):
            replaced[id(view)] = [node(mean.operation, mean.inputs, {"keepdims": True}, view.outputs)]
            dropped.add(id(mean))
    return rebuilt(steps, replaced, dropped)


def fuse_epilogues(steps: list[Node], outputs: list[Any]) -> list[Node]:
    """The addition of a shortcut and the activation go into the batch normalisation, or the product, before them."""
    for kinds in (("add",), ("activate",)):
        read, made = users(steps, outputs), made_by(steps)
        replaced: dict[int, Node] = {}
        dropped: set[int] = set()
        position = {id(n): i for i, n in enumerate(steps)}
        for step in steps:
            if step.operation.name not in kinds:
                continue
            for t in step.inputs:
                producer = made.get(id(t))
                if producer is None or id(producer) in dropped or len(read[id(t)]) != 1:
                    continue
                new = _absorbed(step, t, producer)
                if new is None:
                    continue
                others = [made[id(o)] for o in new.inputs if isinstance(o, SymbolicTensor) and id(o) in made]
                if any(position[id(o)] > position[id(step)] for o in others):
                    continue
                replaced[id(step)] = new
                dropped.add(id(producer))
                break
        steps = [replaced.get(id(s), s) for s in steps if id(s) not in dropped]
    return steps


def _absorbed(step: Node, t: Any, producer: Node) -> Node | None:
    """The producer with the step in its epilogue."""
    name = producer.operation.name
    if name not in (
        "batch_norm_inference",
        "batch_norm_inference_fused",
        "conv2d",
        "conv2d_fused",
        "dense",
        "dense_fused",
        "depthwise_conv2d",
    ):
        return None
    attrs = dict(producer.attrs)
    if attrs.get("activation") is not None:
        return None
    if name == "depthwise_conv2d":
        # Its tasks end in short runs of channels, in which other activations take longer than in a pass of their own.
        if step.operation.name != "activate" or step.attrs["activation"] not in CLAMPS:
            return None
        attrs["activation"] = step.attrs["activation"]
        return node(producer.operation, producer.inputs, attrs, step.outputs)
    inputs = producer.inputs if name.endswith("_fused") else (*producer.inputs, None)
    if step.operation.name == "add":
        other = step.inputs[1] if step.inputs[0] is t else step.inputs[0]
        if inputs[-1] is not None or not isinstance(other, SymbolicTensor) or other.shape != t.shape or other is t:
            return None
        inputs = (*inputs[:-1], other)
        attrs["activation"] = None
    else:
        if step.attrs["activation"] not in CLAMPS and (name.startswith("batch_norm") or "alpha" in step.attrs):
            return None
        attrs["activation"] = step.attrs["activation"]
    operation = {"b": fused.BATCH_NORM_INFERENCE, "c": fused.CONV, "d": fused.DENSE}[name[0]]
    return node(operation, inputs, attrs, step.outputs)
