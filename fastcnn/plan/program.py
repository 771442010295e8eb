"""A captured function on memory of its own: recorded kernel by kernel, then run with one call into C++."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastcnn import _core
from fastcnn.layers.nests import contents, map_tensors
from fastcnn.plan.batch_parts import JOINED, Stretch
from fastcnn.plan.capture import Captured, NotCapturable
from fastcnn.plan.layout import Layout, sizes_of
from fastcnn.plan.steps import ALIASES, CONSTANTS, live_steps
from fastcnn.seam import Node, state
from fastcnn.tensor import Derived, SymbolicTensor, Tensor, Variable

__all__ = ["Program"]

Array = np.ndarray[Any, Any]


class Program:
    """Steps recorded on one arena.

    Args:
        captured: the function; its shapes must all be known.
        passes: ``passes(steps, outputs)`` makes better steps of them.
        arena: memory to use where it is large enough: that of another program that never runs at the same time.
        together: results that are to lie side by side, in this order, each at a multiple of 64 bytes.
        updates: ``updates(steps)`` gives the steps, and what is done amid them with the last of the function's results,
            which do not outlive that: ``Update``s, of which the gradients are to lie side by side.
        parts: ``parts(steps)`` tells which stretches of the steps run for a part of the batch after the other.

    Attributes:
        calls: of each step, its numbers among the recorded calls.
        included: of each of the ``updates``, a program that runs after its step, empty at first.
        marks: where they are among the recorded calls.
    """

    def __init__(
        self,
        captured: Captured,
        passes: Any = None,
        arena: Array | None = None,
        together: Sequence[Any] = (),
        updates: Callable[[list[Node]], tuple[list[Node], Sequence[Any]]] | None = None,
        parts: Callable[[Sequence[Node]], list[Stretch]] | None = None,
    ):
        self.captured = captured
        self.steps = live_steps(captured.steps, captured.outputs)
        if passes is not None:
            results = [t for t in contents(captured.outputs) if isinstance(t, SymbolicTensor)]
            self.steps = live_steps(passes(self.steps, results), captured.outputs)
        kept = captured.outputs
        self.updates: Sequence[Any] = ()
        if updates is not None:
            kept = captured.outputs[:-1]
            self.steps, self.updates = updates(self.steps)
        self.stretches = [] if parts is None else parts(self.steps)
        self.inputs = [np.zeros(sizes_of(t), t.dtype) for t in captured.inputs]
        self.keys = [(generator, np.zeros(sizes_of(t), t.dtype)) for generator, t in captured.keys]
        given = [*zip(captured.inputs, self.inputs, strict=True)]
        given += [(t, array) for (_, t), (_, array) in zip(captured.keys, self.keys, strict=True)]
        arrays = {id(t): array for t, array in given}
        self.layout = Layout(self.steps, arrays, kept, self.updates, self.stretches, together, arena)
        self.derived = [t for step in self.steps for t in step.inputs if isinstance(t, Derived)]
        self._changes = Variable.changes
        self._record()
        self.outputs = map_tensors(kept, lambda t: Tensor(self.layout.array(t)))

    @property
    def arena(self) -> Array:
        """The memory of all results and workspaces."""
        return self.layout.arena

    @property
    def arena_bytes(self) -> int:
        """What this program takes of it."""
        return self.layout.arena_bytes

    @property
    def unshared_bytes(self) -> int:
        """What its results and workspaces would take side by side."""
        return self.layout.unshared_bytes

    def _record(self) -> None:
        self._core = _core.Program()
        self.calls: list[list[int]] = [[] for _ in self.steps]
        self.included: list[Any] = []
        self.marks: list[int] = []
        after = [update.after for update in self.updates]
        stretches = {s.first: s for s in self.stretches}
        i = 0
        while i < len(self.steps):
            end = i + 1
            if i in stretches:
                end = stretches[i].end
                for part in stretches[i].parts:
                    for j in range(i, end):
                        self._record_step(j, part)
            else:
                self._record_step(i)
            for _ in range(after.count(i)):
                self.include()
            i = end

    def include(self) -> None:
        """Makes all that another program will do, empty as yet, the next of the recorded calls."""
        self.marks.append(len(self._core))
        self.included.append(_core.Program())
        self._core.include(self.included[-1])

    def _record_step(self, i: int, part: tuple[int, int] | None = None) -> None:
        node, layout, scratch = self.steps[i], self.layout, self.layout.scratch.get(i)
        if node.operation.name in CONSTANTS or node.operation.name == JOINED:
            return
        if node.operation.name in ALIASES:
            layout.arrays[id(node.outputs[0])] = layout.array(node.inputs[0])
            return
        places = [layout.part(t, part) for t in node.outputs if id(t) in layout.arrays]
        arrays = [layout.part(t, part) for t in node.inputs]
        before = len(self._core)
        self._core.lend(None if scratch is None else layout.arena[scratch[0] : sum(scratch)])
        self._core.begin(places)
        state.recording = True
        try:
            made = node.operation.kernel(*arrays, **node.attrs)
        except (TypeError, ValueError) as error:
            raise NotCapturable(f"{node.operation.name}: {error}") from error
        finally:
            state.recording = False
            complete = self._core.end()
            self._core.lend(None)
        self.calls[i] += range(before, len(self._core))
        made = made if isinstance(made, tuple) else (made,)
        for t, array in zip(node.outputs, made, strict=True):
            if id(t) not in layout.arrays:
                if not np.shares_memory(array, arrays[0]):
                    raise NotCapturable(f"{node.operation.name} copies, and has no kernel that a program could run")
                layout.arrays[id(t)] = array
            elif array.ctypes.data != layout.part(t, part).ctypes.data or not complete:
                kinds = [f"{a.dtype}{a.shape}" for a in arrays if a is not None]
                raise NotCapturable(
                    f"{node.operation.name} of {', '.join(kinds)} has no kernel that a program could run"
                )

    def can_move(self) -> bool:
        """Whether a run can read its first input where the caller has it, for convolutions alone read it."""
        own = self.inputs[0] if self.inputs else None
        results = [t.array for t in contents(self.outputs) if isinstance(t, Tensor)]
        return (
            own is not None
            and own.dtype == np.float32
            and self._core.can_move(own)
            and not any(np.may_share_memory(own, result) for result in results)
        )

    def run(self, x: Array | None = None) -> None:
        """Draws the random keys, brings derived weights up to date, and runs all steps.

        Args:
            x: read in the place of the first input, where it ``can_move``.
        """
        if self._changes != Variable.changes:
            self.refresh()
        for generator, key in self.keys:
            generator.draw_into(key)
        if x is None:
            self._core.run()
        else:
            self._core.run_on(self.inputs[0], x)

    def refresh(self) -> None:
        """Brings derived weights up to date."""
        self._changes = Variable.changes
        for t in self.derived:
            t.refresh()

    def answers(self, moves: bool) -> bool:
        """Whether its recorded calls can be asked for an answer: one input, one result, of floats; nothing is random.

        Args:
            moves: what ``can_move`` tells.
        """
        if len(self.inputs) != 1 or self.keys or self.outputs.__class__ is not Tensor:
            return False
        ends = self.inputs[0], self.outputs.array
        if not all(array.dtype == np.float32 and array.flags.c_contiguous for array in ends):
            return False
        self._core.answer_with(*ends, moves)
        return True
