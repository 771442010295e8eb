"""Updates amid the backward pass: gradients are used as soon as they are complete, and their memory is free again.

A variable is updated once its gradient is complete and nothing reads the variable any more. Neighbours in memory that
are small are updated together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastcnn.plan import fused
from fastcnn.plan.steps import ALIASES, CONSTANTS, VIEWS, made_by, node, rebuilt, size_of, users
from fastcnn.seam import Node
from fastcnn.tensor import SymbolicTensor, Variable

__all__ = ["Part", "Update", "early_updates", "in_rows", "may_be_early", "whole"]

# Bytes of gradients that make a call of their own worth while: a call costs microseconds, these take tens of them.
ENOUGH = 1 << 20
# Bytes of a gradient that is made and used some rows at a time: they stay in the caches between the two. Gradients of
# few such parts are made whole.
ROWS, FEW = 4 << 20, 4


@dataclass(frozen=True)
class Part:
    """A gradient, or some rows of one.

    Args:
        variable: the number of its variable.
        gradient: what the program computes.
        rows: first and last + 1 of the variable's; None for all.
    """

    variable: int
    gradient: SymbolicTensor
    rows: tuple[int, int] | None = None


@dataclass(frozen=True)
class Update:
    """Parts that are used together.

    Args:
        parts: as the variables lie in memory.
        after: the number of the step that they follow.
    """

    parts: tuple[Part, ...]
    after: int


def may_be_early(steps: list[Node], gradients: Sequence[Any]) -> bool:
    """Whether there are gradients, and each is something that the program computes, which no update changes.

    Args:
        steps: as captured.
        gradients: one for each variable; None where it has none.
    """
    made = made_by(steps)

    def computed(t: Any) -> bool:
        while id(t) in made and made[id(t)].operation.name in VIEWS | ALIASES:
            t = made[id(t)].inputs[0]
        return id(t) in made and made[id(t)].operation.name not in CONSTANTS

    given = [g for g in gradients if g is not None]
    return bool(given) and all(map(computed, given))


def whole(gradients: Sequence[Any]) -> list[tuple[Part, ...]]:
    """The parts of gradients that are not divided.

    Args:
        gradients: one for each variable; None where it has none.
    """
    return [() if gradient is None else (Part(i, gradient),) for i, gradient in enumerate(gradients)]


def in_rows(
    steps: list[Node], gradients: Sequence[Any], others: list[Any]
) -> tuple[list[Node], list[tuple[Part, ...]]]:
    """Makes large gradients of dense layers some rows at a time.

    Args:
        steps: of a training step, after all passes.
        gradients: one for each variable; None where it has none.
        others: what else the steps compute.

    Returns:
        The steps, and the parts of each gradient.
    """
    read, made = users(steps, [*others, *(g for g in gradients if g is not None)]), made_by(steps)
    replaced: dict[int, list[Node]] = {}
    parts = whole(gradients)
    for i, gradient in enumerate(gradients):
        step = made.get(id(gradient))
        if step is None or not _divides(step) or read[id(gradient)] != [None]:
            continue
        (x, dy), (height, width) = step.inputs, gradient.shape
        turned = SymbolicTensor((height, x.shape[0]), "float32")
        replaced[id(step)] = [_like(step, fused.TURNED, (x,), {}, turned)]
        rows = max(1, ROWS // (4 * width))
        parts[i] = tuple(
            Part(i, SymbolicTensor((min(rows, height - begin), width), "float32"), (begin, min(begin + rows, height)))
            for begin in range(0, height, rows)
        )
        for part in parts[i]:
            attrs = {"rows": part.rows}
            replaced[id(step)].append(_like(step, fused.DENSE_DW_ROWS, (turned, dy), attrs, part.gradient))
    return rebuilt(steps, replaced), parts


def _divides(step: Node) -> bool:
    return (
        step.operation.name == "dense_dw"
        and all(isinstance(t, SymbolicTensor) and len(t.shape) == 2 for t in step.inputs)
        and size_of(step.outputs[0]) > FEW * ROWS
    )


def _like(step: Node, operation: Any, inputs: tuple[Any, ...], attrs: dict[str, Any], output: Any) -> Node:
    """A step that does part of the work of another."""
    made = node(operation, inputs, attrs, (output,))
    made.layer, made.backward = step.layer, step.backward
    return made


def early_updates(
    steps: list[Node],
    variables: Sequence[Variable],
    parts: Sequence[tuple[Part, ...]],
    order: Sequence[int],
    groups: Sequence[Any],
) -> list[Update]:
    """What is updated together, and when.

    Args:
        steps: all that the program does besides.
        variables: with a gradient or without.
        parts: of each variable's gradient.
        order: the numbers of the variables as they lie in memory.
        groups: of each variable; one call updates such as have the same.

    Returns:
        In the order in which they are done.
    """
    complete = {id(t): i for i, step in enumerate(steps) for t in step.outputs}
    free = _last_reads(steps, variables)
    found: list[Update] = []
    waiting: list[Part] = []

    def close() -> None:
        if waiting:
            after = max(max(complete[id(p.gradient)], free[p.variable]) for p in waiting)
            found.append(Update(tuple(waiting[::-1]), after))
            waiting.clear()

    # The backward pass comes from the end; what lies before a gradient in memory is complete after it.
    for i in reversed(order):
        if waiting and not (len(parts[i]) == 1 and groups[i] == groups[waiting[-1].variable]):
            close()
        for part in parts[i]:
            waiting.append(part)
            if len(parts[i]) > 1 or sum(size_of(p.gradient) for p in waiting) >= ENOUGH:
                close()
    close()
    return sorted(found, key=lambda update: update.after)


def _last_reads(steps: list[Node], variables: Sequence[Variable]) -> list[int]:
    """The last step that reads each variable; -1 where none does."""
    number = {id(v): i for i, v in enumerate(variables)}
    last = [-1] * len(variables)
    same = dict(number)  # results that are the variable's own memory, too
    for i, step in enumerate(steps):
        for t in step.inputs:
            if id(t) in same:
                last[same[id(t)]] = i
                if step.operation.name in VIEWS | ALIASES:
                    same[id(step.outputs[0])] = same[id(t)]
    return last
