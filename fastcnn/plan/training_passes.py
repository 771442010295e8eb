"""Passes over a training step: a list of steps in, a list of steps out, the same results."""

from typing import Any

from fastcnn.plan import fused
from fastcnn.plan.gradient_passes import (
    add_means,
    join_gradients,
    joins,
    mask_before_pooling,
    mask_dense_gradients,
    pool_by_index,
)
from fastcnn.plan.padding_passes import imagine_padding
from fastcnn.plan.pooling_passes import pool_in_convolutions, read_pooled_gradients
from fastcnn.plan.shortcut_passes import normalise_shortcuts, pair_gradients
from fastcnn.plan.steps import made_by, node, rebuilt, users
from fastcnn.plan.unstored import make_again, read_through
from fastcnn.seam import Node
from fastcnn.tensor import SymbolicTensor

__all__ = ["CLAMPS", "fuse_batch_norm", "training_passes"]

CLAMPS = ("relu", "relu6")


def training_passes(steps: list[Node], outputs: list[Any]) -> list[Node]:
    """All of them, in order."""
    for improve in (
        imagine_padding,
        fuse_batch_norm,
        mask_before_pooling,
        pool_by_index,
        join_gradients,
        add_means,
        mask_dense_gradients,
        read_through,
        make_again,
        normalise_shortcuts,
        pair_gradients,
        pool_in_convolutions,
        read_pooled_gradients,
    ):
        steps = improve(steps, outputs)
    return steps


def fuse_batch_norm(steps: list[Node], outputs: list[Any]) -> list[Node]:
    """Batch normalisation, the addition of a shortcut and ReLU in one pass; their gradients in two.

    Forward ``relu(batch_norm(x) + shortcut)`` becomes one kernel. Backward, the ReLU's mask comes from the result: its
    argument need not be kept, and the masked gradient is the shortcut's. Without a shortcut it comes from the batch
    norm's argument, which is read anyway, and four numbers a channel.
    """
    read = users(steps, outputs)
    made = made_by(steps)
    replaced: dict[int, list[Node]] = {}
    dropped: set[int] = set()
    for relu in steps:
        if relu.operation.name != "activate" or relu.attrs["activation"] not in CLAMPS:
            continue
        match = _forward_match(relu, made, read)
        if match is None:
            continue
        norm, add, shortcut = match
        backward = _backward_match(relu, norm, read)
        if backward is None:
            continue
        masks, gradients = backward
        after = made.get(id(shortcut)) if shortcut is not None else None
        if after is not None and steps.index(after) > steps.index(relu):
            continue
        attrs = norm.attrs | {"activation": relu.attrs["activation"], "return_affine": True}
        affine = SymbolicTensor((3, *norm.outputs[1].shape), "float32")
        results = (relu.outputs[0], *norm.outputs[1:], affine)
        forward = node(fused.BATCH_NORM, (*norm.inputs, shortcut), attrs, results)
        replaced[id(relu)] = [forward]
        dropped.add(id(norm))
        if add is not None:
            dropped.add(id(add))
        if masks is not None and gradients is not None:
            if add is not None and _convolution_masks(masks, made, read):
                by_result = (masks.inputs[0], relu.outputs[0])
                replaced[id(masks)] = [node(masks.operation, by_result, masks.attrs, masks.outputs)]
                continue
            replaced[id(masks)] = [_fused_gradient(relu, masks, gradients, affine, add is not None)]
            dropped.add(id(gradients))
    return rebuilt(steps, replaced, dropped)


def _fused_gradient(relu: Node, masks: Node, gradients: Node, affine: SymbolicTensor, added: bool) -> Node:
    """The mask and the batch norm's gradients in one step; what was ``added`` gets the masked gradient."""
    x, mean, inv_std, gamma = gradients.inputs[1:]
    attrs = gradients.attrs | {"activation": relu.attrs["activation"], "residual": added}
    results = (*gradients.outputs, masks.outputs[0]) if added else gradients.outputs
    mask = (relu.outputs[0], None) if added else (None, affine)
    return node(fused.BATCH_NORM_BACKWARD, (masks.inputs[0], x, mean, inv_std, gamma, *mask), attrs, results)


def _forward_match(relu: Node, made: dict[int, Node], read: dict[int, list[Node | None]]) -> Any:
    """(batch norm, addition or None, shortcut or None) whose result only this ReLU, and its gradient, read."""
    argument = relu.inputs[0]
    producer = made.get(id(argument))
    if producer is None:
        return None
    if producer.operation.name == "batch_norm" and argument is producer.outputs[0]:
        return producer, None, None
    if producer.operation.name != "add":
        return None
    left, right = producer.inputs
    for normal, shortcut in ((left, right), (right, left)):
        norm = made.get(id(normal))
        if (
            norm is not None
            and norm.operation.name == "batch_norm"
            and normal is norm.outputs[0]
            and read[id(normal)] == [producer]
            and isinstance(shortcut, SymbolicTensor)
            and shortcut.shape == normal.shape
            and shortcut is not normal
        ):
            return norm, producer, shortcut
    return None


def _backward_match(relu: Node, norm: Node, read: dict[int, list[Node | None]]) -> Any:
    """(the ReLU's gradient, the batch norm's gradient), or (None, None) where the step has none; None: no match."""
    others = [step for step in read[id(relu.inputs[0])] if step is not relu]
    if not others:
        return None, None
    if len(others) != 1:
        return None
    masks = others[0]
    if masks is None or masks.operation.name != "activate_dx" or masks.inputs[1] is not relu.inputs[0]:
        return None
    masked = masks.outputs[0]
    gradients = [
        step
        for step in read.get(id(masked), [])
        if step is not None and step.operation.name == "batch_norm_backward" and step.inputs[2] is norm.outputs[1]
    ]
    if len(gradients) != 1 or gradients[0].inputs[0] is not masked:
        return None
    if _made_alone(masked, gradients[0], read) or relu.inputs[0] is not norm.outputs[0]:
        return masks, gradients[0]
    return None


def _made_alone(masked: Any, gradient: Node, read: dict[int, list[Node | None]]) -> bool:
    """Whether only the batch norm's gradient reads the masked gradient: with no shortcut, nobody else may."""
    return read[id(masked)] == [gradient]


def _convolution_masks(masks: Node, made: dict[int, Node], read: dict[int, list[Node | None]]) -> bool:
    """Whether a convolution's gradient, or its sum with another, can be masked where it is made."""
    gradient = masks.inputs[0]
    if masks.attrs["activation"] != "relu" or read[id(gradient)] != [masks]:
        return False
    producer = made.get(id(gradient))
    if producer is not None and producer.operation.name == "add":
        terms = [made[id(t)] for t in producer.inputs if read.get(id(t)) == [producer] and id(t) in made]
        return any(joins(term) for term in terms)
    return producer is not None and joins(producer)
