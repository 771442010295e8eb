"""Concatenation along the channels without copies, for inference: what is joined is computed where it belongs."""

from typing import Any

from fastcnn.plan import fused
from fastcnn.plan.steps import made_by, node, users
from fastcnn.seam import Node
from fastcnn.tensor import SymbolicTensor

__all__ = ["write_slices"]

# Kernels whose result may be a slice of the channels of a larger array, and those whose input may be one.
WRITERS = frozenset({"conv2d", "conv2d_fused", "conv2d_max_pool", "max_pool", "average_pool"})
READERS = frozenset({"batch_norm_inference", "batch_norm_inference_fused"})


def write_slices(steps: list[Node], outputs: list[Any]) -> list[Node]:
    """Concatenations whose inputs can all be slices of their result become ``joined`` steps, which do nothing.

    A concatenation may be an input of another: of a dense block nothing is copied, its layers read what there is so
    far as the first channels of the block's result.
    """
    read, made = users(steps, outputs), made_by(steps)
    joined: dict[int, Node] = {}
    for step in steps:
        if _along_channels(step) and all(_may_be_a_slice(t, step, read, made, joined) for t in step.inputs):
            joined[id(step)] = node(fused.JOINED, step.inputs, step.attrs, step.outputs)
    return [joined.get(id(s), s) for s in steps]


def _along_channels(step: Node) -> bool:
    return step.operation.name == "concatenate" and step.attrs["axis"] == 3 == len(step.outputs[0].shape) - 1


def _may_be_a_slice(t: Any, join: Node, read: Any, made: dict[int, Node], joined: dict[int, Node]) -> bool:
    """Whether a tensor can be computed in its place, and all who read it can read it there."""
    maker = made.get(id(t)) if isinstance(t, SymbolicTensor) else None
    if maker is None or not (id(maker) in joined or _writes_slices(maker)):
        return False
    others = [reader for reader in read[id(t)] if reader is not join]
    return len(others) == len(read[id(t)]) - 1 and all(_reads_slices(reader, t) for reader in others)


def _writes_slices(step: Node) -> bool:
    residual = step.operation.name == "conv2d_fused" and step.inputs[3] is not None
    return step.operation.name in WRITERS and not residual


def _reads_slices(step: Node | None, t: Any) -> bool:
    return (
        step is not None
        and step.operation.name in READERS
        and step.inputs[0] is t
        and all(other is not t for other in step.inputs[1:])
    )
