"""Passes that save memory in a training step: results that are read through what made them, or made once more."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from fastcnn.ops.pooling import MAX_POOL_INDICES
from fastcnn.plan import fused
from fastcnn.plan.steps import node, rebuilt, size_of, users
from fastcnn.seam import Node
from fastcnn.tensor import SymbolicTensor

__all__ = ["make_again", "read_through"]

# Bytes of a result that is worth making twice. Smaller ones hardly count beside the kernels' own scratch.
WORTHWHILE = 1 << 20


def read_through(steps: list[Node], outputs: list[Any]) -> list[Node]:
    """A batch normalisation that only convolutions and a pooling read is not stored: they normalise what they read.

    What they need is three numbers a channel. It saves writing the result, reading it, and keeping it for the
    gradients of the weights.
    """
    read = users(steps, outputs)
    replaced: dict[int, list[Node]] = {}
    for norm in steps:
        if norm.operation is not fused.BATCH_NORM or not norm.attrs["return_affine"] or norm.inputs[-1] is not None:
            continue
        readers = read.get(id(norm.outputs[0]), [])
        if not readers or not all(_reads_through(reader, norm.outputs[0]) for reader in readers):
            continue
        affine, x = norm.outputs[3], norm.inputs[0]
        attrs = {k: v for k, v in norm.attrs.items() if k not in ("activation", "return_affine")}
        replaced[id(norm)] = [node(fused.BATCH_NORM_STATISTICS, norm.inputs[:-1], attrs, norm.outputs[1:])]
        for reader in readers:
            assert reader is not None
            if reader.operation is MAX_POOL_INDICES:
                attrs = reader.attrs | {"read_activation": norm.attrs["activation"]}
                replaced[id(reader)] = [node(fused.MAX_POOL_THROUGH, (x, affine), attrs, reader.outputs)]
                continue
            operation = fused.CONV_THROUGH if reader.operation.name == "conv2d" else fused.CONV_DW_THROUGH
            attrs = reader.attrs | {"read_activation": norm.attrs["activation"]}
            if reader.operation.name == "conv2d_dw_db":
                attrs["return_db"] = True
            replaced[id(reader)] = [node(operation, (x, *reader.inputs[1:], affine), attrs, reader.outputs)]
    return rebuilt(steps, replaced)


def _reads_through(reader: Node | None, t: Any) -> bool:
    """Whether it pools the maxima of t, or is a convolution or its weights' gradient, over images padded with zeros."""
    if reader is not None and reader.operation is MAX_POOL_INDICES:
        return len(t.shape) == 4
    return (
        reader is not None
        and reader.operation.name in ("conv2d", "conv2d_dw", "conv2d_dw_db")
        and reader.inputs[0] is t
        and all(other is not t for other in reader.inputs[1:])
        and len(t.shape) == 4
        and "padding_mode" not in reader.attrs
    )


def make_again(steps: list[Node], outputs: list[Any]) -> list[Node]:
    """A normalised result that the gradients need long after the layers is forgotten between, and made once more.

    One pass over memory; and only where all that it is made of is kept for others anyway, or made again itself from
    what is kept. Of the results of a row of residual blocks, each of which is a term of the next, two of three.
    """
    position = {id(step): i for i, step in enumerate(steps)}
    read = users(steps, outputs)
    last = {t: max(position.get(id(s), len(steps)) for s in readers) for t, readers in read.items()}
    forgotten: dict[int, _Again] = {}
    swapped: dict[int, dict[int, Any]] = {}  # what that step and later ones read instead
    for norm in steps:
        if norm.operation is not fused.BATCH_NORM or not norm.attrs["return_affine"]:
            continue
        y, x, residual = norm.outputs[0], norm.inputs[0], norm.inputs[-1]
        late = _late(read.get(id(y), []), position, steps)
        if not late or size_of(y) < WORTHWHILE:
            continue
        first = position[id(late[0])]
        term = forgotten.get(id(residual))
        kept = [x] if term is not None or residual is None else [x, residual]
        if id(x) in forgotten or any(last[id(t)] < first for t in kept) or (term is not None and term.term is not None):
            continue
        if term is not None:
            term.first = min(term.first, first)
            residual = term.result
        again = SymbolicTensor(y.shape, "float32")
        attrs = {"activation": norm.attrs["activation"]}
        made = node(fused.BATCH_NORM_APPLY, (x, norm.outputs[3], residual), attrs, (again,))
        forgotten[id(y)] = _Again(first, made, again, term)
        for reader in late:
            swapped.setdefault(id(reader), {})[id(y)] = again
    before: dict[int, list[Node]] = {}
    for one in forgotten.values():  # terms come before what is made of them
        before.setdefault(id(steps[one.first]), []).append(one.made)
    return _with_made_again(steps, before, swapped)


@dataclass
class _Again:
    """What is made once more: ahead of which step, how, and of which other that is made again."""

    first: int
    made: Node
    result: SymbolicTensor
    term: "_Again | None"


def _late(readers: list[Node | None], position: dict[int, int], steps: list[Node]) -> list[Node]:
    """The readers after the longest pause, where it is a long one: the gradients."""
    if None in readers:
        return []
    order = sorted((r for r in readers if r is not None), key=lambda r: position[id(r)])
    pauses = [position[id(b)] - position[id(a)] for a, b in pairwise(order)]
    if not pauses or max(pauses) < max(16, len(steps) // 8):
        return []
    return order[pauses.index(max(pauses)) + 1 :]


def _with_made_again(
    steps: list[Node], before: dict[int, list[Node]], swapped: dict[int, dict[int, Any]]
) -> list[Node]:
    result: list[Node] = []
    for step in steps:
        result += before.get(id(step), [])
        instead = swapped.get(id(step))
        if instead:
            inputs = tuple(instead.get(id(t), t) for t in step.inputs)
            step = node(step.operation, inputs, step.attrs, step.outputs)
        result.append(step)
    return result
