"""What the passes ask of a list of steps, and how they make new ones."""

from typing import Any

from fastcnn.seam import Node
from fastcnn.tensor import SymbolicTensor

__all__ = ["made_by", "node", "users"]


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
