"""Kinds of steps, what is asked of a list of them, and how passes make new ones."""

from collections.abc import Container, Mapping
from typing import Any

import numpy as np

from fastcnn.layers.nests import contents
from fastcnn.seam import Node
from fastcnn.tensor import SymbolicTensor

__all__ = ["ALIASES", "CONSTANTS", "EFFECTS", "VIEWS", "live_steps", "made_by", "node", "rebuilt", "size_of", "users"]

VIEWS = frozenset({"reshape", "reshape_like", "expand_dims", "squeeze"})
# Copies of which a program, whose memory stays, has no need.
ALIASES = frozenset({"identity", "stop_gradient"})
# Steps whose results follow from shapes alone: computed once.
CONSTANTS = frozenset({"ones_like", "zeros_like", "full_like"})
# Steps that change variables: they are run even where nobody reads their results.
EFFECTS = frozenset({"batch_norm", "batch_norm_fused", "batch_norm_statistics"})


def live_steps(steps: list[Node], outputs: Any) -> list[Node]:
    """The steps that the outputs depend on, and those that change variables."""
    needed = {id(t) for t in contents(outputs)}
    kept = []
    for node in reversed(steps):
        if any(id(t) in needed for t in node.outputs) or node.operation.name in EFFECTS:
            kept.append(node)
            needed |= {id(t) for t in node.inputs if t is not None}
    return kept[::-1]


def users(steps: list[Node], outputs: list[Any]) -> dict[int, list[Node | None]]:
    """Who reads each tensor; None stands for the caller."""
    found: dict[int, list[Node | None]] = {}
    for step in steps:
        for t in step.inputs:
            if isinstance(t, SymbolicTensor):
                found.setdefault(id(t), []).append(step)
    for t in outputs:
        found.setdefault(id(t), []).append(None)
    return found


def made_by(steps: list[Node]) -> dict[int, Node]:
    """Which step makes each tensor."""
    return {id(t): step for step in steps for t in step.outputs}


def node(operation: Any, inputs: tuple[Any, ...], attrs: dict[str, Any], outputs: tuple[Any, ...]) -> Node:
    """A step that makes existing tensors."""
    made = Node(operation, inputs, attrs)
    made.outputs = outputs
    return made


def rebuilt(steps: list[Node], replaced: Mapping[int, list[Node]], dropped: Container[int] = ()) -> list[Node]:
    """The steps with some of them, by identity, replaced or left out."""
    result: list[Node] = []
    for step in steps:
        if id(step) not in dropped:
            result += replaced.get(id(step), [step])
    return result


def size_of(t: Any) -> int:
    """The bytes of a tensor whose shape is known."""
    return int(np.prod(t.shape)) * np.dtype(t.dtype).itemsize
