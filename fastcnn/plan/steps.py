"""What the passes ask of a list of steps, and how they make new ones."""

from collections.abc import Container, Mapping
from typing import Any

import numpy as np

from fastcnn.seam import Node
from fastcnn.tensor import SymbolicTensor

__all__ = ["made_by", "node", "rebuilt", "size_of", "users"]


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
