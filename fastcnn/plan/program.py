"""A captured function on memory of its own: recorded kernel by kernel, then run with one call into C++."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastcnn import _core
from fastcnn.layers.nests import contents, map_tensors
from fastcnn.plan.batch_parts import JOINED, Stretch
from fastcnn.plan.capture import Captured, NotCapturable
from fastcnn.plan.costs import workspace
from fastcnn.plan.memory import ALIGNMENT, place
from fastcnn.seam import Node, state
from fastcnn.tensor import Derived, SymbolicTensor, Tensor, Variable

__all__ = ["Program", "live_steps"]

Array = np.ndarray[Any, Any]

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
        self.captured, self._together = captured, together
        self.arena = arena
        self.steps = live_steps(captured.steps, captured.outputs)
        if passes is not None:
            results = [t for t in contents(captured.outputs) if isinstance(t, SymbolicTensor)]
            self.steps = live_steps(passes(self.steps, results), captured.outputs)
        self._kept = captured.outputs
        self.updates: Sequence[Any] = ()
        if updates is not None:
            self._kept = captured.outputs[:-1]
            self.steps, self.updates = updates(self.steps)
        self.stretches = [] if parts is None else parts(self.steps)
        self._arrays: dict[int, Array] = {}
        self._samples: dict[int, int] = {}  # that a result has room for, where it lives inside a stretch
        self._roots: dict[int, int] = {}
        self.inputs = [np.zeros(_sizes(t), t.dtype) for t in captured.inputs]
        self.keys = [(generator, np.zeros(_sizes(t), t.dtype)) for generator, t in captured.keys]
        for t, array in zip(captured.inputs, self.inputs, strict=True):
            self._arrays[id(t)] = array
        for (_, t), (_, array) in zip(captured.keys, self.keys, strict=True):
            self._arrays[id(t)] = array
        self._lay_out()
        self.derived = [t for step in self.steps for t in step.inputs if isinstance(t, Derived)]
        self._changes = Variable.changes
        self._record()
        self.outputs = map_tensors(self._kept, lambda t: Tensor(self._array(t)))

    def _lay_out(self) -> None:
        """Finds out how long each result lives, and gives it a place in the arena."""
        results: list[SymbolicTensor] = []
        first: dict[int, int] = {}
        last: dict[int, int] = {}
        slices = self._slices()
        for i, node in enumerate(self.steps):
            if node.operation.name in CONSTANTS:
                like = [np.zeros(_sizes(t), t.dtype) for t in node.inputs[:1]]
                self._arrays[id(node.outputs[0])] = np.array(node.operation.kernel(*like, **node.attrs), order="C")
                continue
            for t in node.inputs:
                if isinstance(t, SymbolicTensor):
                    last[self._root(t)] = i
            for t in node.outputs:
                if node.operation.name in VIEWS | ALIASES and isinstance(node.inputs[0], SymbolicTensor):
                    self._roots[id(t)] = self._root(node.inputs[0])
                elif node.operation.name in ALIASES:
                    self._arrays[id(t)] = node.inputs[0].array
                else:
                    whole = self._root(t)
                    if whole not in first:
                        results.append(slices[id(t)][0] if id(t) in slices else t)
                    last[whole] = i
                    first.setdefault(whole, i)
        for t in contents(self._kept):
            if isinstance(t, SymbolicTensor):
                last[self._root(t)] = len(self.steps)
        for update in self.updates:
            for part in update.parts:
                root = self._root(part.gradient)
                last[root] = max(last[root], update.after)
        self._keep_within(first, last)
        shapes = [self._shape(t) for t in results]
        sizes = [int(np.prod(s)) * np.dtype(t.dtype).itemsize for t, s in zip(results, shapes, strict=True)]
        lives = [(first[id(t)], last[id(t)], _padded(n)) for t, n in zip(results, sizes, strict=True)]
        offsets = self._offsets(results, lives)
        self.unshared_bytes = sum(sizes) + sum(n for _, n in self._scratch.values())
        if self.arena is None or self.arena.nbytes < self.arena_bytes:
            self.arena = _core.aligned_bytes(max(self.arena_bytes, ALIGNMENT))
        memory = self.arena
        for t, offset, size, shape in zip(results, offsets, sizes, shapes, strict=True):
            self._arrays[id(t)] = memory[offset : offset + size].view(t.dtype).reshape(shape)
        for part, (larger, begin, end) in slices.items():
            self._arrays[part] = self._arrays[id(larger)][..., begin:end]

    def _keep_within(self, first: dict[int, int], last: dict[int, int]) -> None:
        """What only one stretch knows needs room for a part of the batch; all else that it touches lives through it."""
        for stretch in self.stretches:
            inside = range(stretch.first, stretch.end)
            for root in first:
                if first[root] in inside and last[root] in inside:
                    self._samples[root] = stretch.samples
                elif first[root] in inside:
                    first[root] = stretch.first
                elif last[root] in inside:
                    last[root] = stretch.end - 1

    def _shape(self, t: SymbolicTensor) -> tuple[int, ...]:
        """Of the result's array."""
        whole = _sizes(t)
        samples = self._samples.get(self._root(t))
        return whole if samples is None else (samples, *whole[1:])

    def _offsets(self, results: list[SymbolicTensor], lives: list[tuple[int, int, int]]) -> list[int]:
        """Where each result begins in the arena; workspaces lie there, too, while their steps run."""
        blocks = self._blocks(results)
        joint = [_joint([lives[i] for i in block]) for block in blocks]
        fixed = self._side_by_side(results, [n for _, _, n in lives])
        samples = {i: s.samples for s in self.stretches for i in range(s.first, s.end)}
        scratch = [(i, i, n) for i, step in enumerate(self.steps) if (n := workspace(step, samples.get(i)))]
        begins, self.arena_bytes = place([*joint, *scratch], fixed)
        offsets = [0] * len(results)
        for block, begin in zip(blocks, begins, strict=False):
            for i in block:
                offsets[i] = begin
                begin += lives[i][2]
        self._scratch = {i: (o, n) for (i, _, n), o in zip(scratch, begins[len(blocks) :], strict=True)}
        return offsets

    def _blocks(self, results: list[SymbolicTensor]) -> list[list[int]]:
        """Results by number: the gradients of an update together, all others by themselves."""
        index = {id(t): i for i, t in enumerate(results)}
        blocks: list[list[int]] = []
        for update in self.updates:
            found = (index.pop(self._root(part.gradient), None) for part in update.parts)
            blocks.append([i for i in found if i is not None])
        return [*filter(None, blocks), *([i] for i in index.values())]

    def _slices(self) -> dict[int, tuple[SymbolicTensor, int, int]]:
        """Of the tensors that are slices of a larger one: that one, its first of their channels, the one behind."""
        found: dict[int, tuple[SymbolicTensor, int, int]] = {}
        for node in reversed(self.steps):
            if node.operation.name != JOINED:
                continue
            larger, begin, _ = found.get(id(node.outputs[0]), (node.outputs[0], 0, 0))
            for t in node.inputs:
                end = begin + t.shape[-1]
                found[id(t)] = larger, begin, end
                self._roots[id(t)] = id(larger)
                begin = end
        return found

    def _side_by_side(self, results: list[SymbolicTensor], sizes: list[int]) -> dict[int, int]:
        """Offsets of the results that are to lie together; what is a constant, or there twice, is left out."""
        index = {id(t): i for i, t in enumerate(results)}
        offsets: dict[int, int] = {}
        end = 0
        for t in self._together:
            i = index.get(self._root(t))
            if i is not None and i not in offsets:
                offsets[i] = end
                end += sizes[i]
        return offsets

    def _root(self, t: SymbolicTensor) -> int:
        return self._roots.get(id(t), id(t))

    def _array(self, t: Any) -> Any:
        if t is None or not isinstance(t, SymbolicTensor):
            return None if t is None else t.array
        return self._arrays[id(t)]

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

    def _part(self, t: Any, part: tuple[int, int] | None) -> Any:
        """A tensor's array, as the steps of a stretch see it that compute a part of the batch."""
        array = self._array(t)
        if part is None or not isinstance(t, SymbolicTensor):
            return array
        begin, end = part
        return array[: end - begin] if self._root(t) in self._samples else array[begin:end]

    def _record_step(self, i: int, part: tuple[int, int] | None = None) -> None:
        node, scratch = self.steps[i], self._scratch.get(i)
        if node.operation.name in CONSTANTS or node.operation.name == JOINED:
            return
        if node.operation.name in ALIASES:
            self._arrays[id(node.outputs[0])] = self._array(node.inputs[0])
            return
        places = [self._part(t, part) for t in node.outputs if id(t) in self._arrays]
        arrays = [self._part(t, part) for t in node.inputs]
        arena: Any = self.arena
        before = len(self._core)
        self._core.lend(None if scratch is None else arena[scratch[0] : sum(scratch)])
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
            if id(t) not in self._arrays:
                if not np.shares_memory(array, arrays[0]):
                    raise NotCapturable(f"{node.operation.name} copies, and has no kernel that a program could run")
                self._arrays[id(t)] = array
            elif array.ctypes.data != self._part(t, part).ctypes.data or not complete:
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


def _padded(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _joint(lives: list[tuple[int, int, int]]) -> tuple[int, int, int]:
    """From the first birth to the last death, with room for all."""
    births, deaths, sizes = zip(*lives, strict=True)
    return min(births), max(deaths), sum(sizes)


def _sizes(t: SymbolicTensor) -> tuple[int, ...]:
    if any(n is None for n in t.shape):
        raise NotCapturable(f"the size of {t} is not known")
    return tuple(int(n) for n in t.shape if n is not None)
