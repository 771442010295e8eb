"""How long each of a program's results lives, which are parts of another, and their arrays in one arena."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn import _core
from fastcnn.layers.nests import contents
from fastcnn.plan.batch_parts import JOINED, Stretch
from fastcnn.plan.capture import NotCapturable
from fastcnn.plan.costs import workspace
from fastcnn.plan.memory import ALIGNMENT, place
from fastcnn.plan.steps import ALIASES, CONSTANTS, VIEWS
from fastcnn.seam import Node
from fastcnn.tensor import SymbolicTensor

__all__ = ["Layout", "sizes_of"]

Array = np.ndarray[Any, Any]


class Layout:
    """The arrays of a program's tensors.

    Args:
        steps: in the order in which they run.
        arrays: what is there before the first of them, by the tensor's id.
        kept: what is read after the last of them.
        updates: what is done amid them, with gradients that live until then and are to lie side by side.
        stretches: of the steps that run for a part of the batch after the other.
        together: results that are to lie side by side, in this order, each at a multiple of 64 bytes.
        arena: memory to use where it is large enough.

    Attributes:
        arrays: by the tensor's id.
        scratch: the first byte in the arena, and the number of bytes, of each step's workspace, by the step's number.
        arena_bytes: what the results and workspaces take there.
        unshared_bytes: what they would take side by side.
    """

    def __init__(
        self,
        steps: list[Node],
        arrays: dict[int, Array],
        kept: Any,
        updates: Sequence[Any] = (),
        stretches: Sequence[Stretch] = (),
        together: Sequence[Any] = (),
        arena: Array | None = None,
    ):
        self.steps, self.arrays = steps, arrays
        self._updates, self._stretches, self._together = updates, stretches, together
        self._samples: dict[int, int] = {}  # that a result has room for, where it lives inside a stretch
        self._roots: dict[int, int] = {}
        slices = self._slices()
        self._compute_constants()
        results, first, last = self._results(slices)
        self._keep_until_read(kept, last)
        self._keep_within(first, last)
        shapes = [self._shape(t) for t in results]
        sizes = [int(np.prod(s)) * np.dtype(t.dtype).itemsize for t, s in zip(results, shapes, strict=True)]
        lives = [(first[id(t)], last[id(t)], _padded(n)) for t, n in zip(results, sizes, strict=True)]
        offsets = self._offsets(results, lives)
        self.unshared_bytes = sum(sizes) + sum(n for _, n in self.scratch.values())
        if arena is None or arena.nbytes < self.arena_bytes:
            arena = _core.aligned_bytes(max(self.arena_bytes, ALIGNMENT))
        self.arena: Array = arena
        for t, offset, size, shape in zip(results, offsets, sizes, shapes, strict=True):
            arrays[id(t)] = arena[offset : offset + size].view(t.dtype).reshape(shape)
        for part, (larger, begin, end) in slices.items():
            arrays[part] = arrays[id(larger)][..., begin:end]

    def array(self, t: Any) -> Any:
        """Of a tensor, a variable or None."""
        if t is None or not isinstance(t, SymbolicTensor):
            return None if t is None else t.array
        return self.arrays[id(t)]

    def part(self, t: Any, part: tuple[int, int] | None) -> Any:
        """A tensor's array, as the steps of a stretch see it that compute a part of the batch."""
        array = self.array(t)
        if part is None or not isinstance(t, SymbolicTensor):
            return array
        begin, end = part
        return array[: end - begin] if self._root(t) in self._samples else array[begin:end]

    def _compute_constants(self) -> None:
        for node in self.steps:
            if node.operation.name in CONSTANTS:
                like = [np.zeros(sizes_of(t), t.dtype) for t in node.inputs[:1]]
                self.arrays[id(node.outputs[0])] = np.array(node.operation.kernel(*like, **node.attrs), order="C")

    def _results(
        self, slices: dict[int, tuple[SymbolicTensor, int, int]]
    ) -> tuple[list[SymbolicTensor], dict[int, int], dict[int, int]]:
        """What needs memory of its own, and the steps that make and last read it."""
        results: list[SymbolicTensor] = []
        first: dict[int, int] = {}
        last: dict[int, int] = {}
        for i, node in enumerate(self.steps):
            if node.operation.name in CONSTANTS:
                continue
            for t in node.inputs:
                if isinstance(t, SymbolicTensor):
                    last[self._root(t)] = i
            for t in node.outputs:
                if node.operation.name in VIEWS | ALIASES and isinstance(node.inputs[0], SymbolicTensor):
                    self._roots[id(t)] = self._root(node.inputs[0])
                elif node.operation.name in ALIASES:
                    self.arrays[id(t)] = node.inputs[0].array
                else:
                    whole = self._root(t)
                    if whole not in first:
                        results.append(slices[id(t)][0] if id(t) in slices else t)
                    last[whole] = i
                    first.setdefault(whole, i)
        return results, first, last

    def _keep_until_read(self, kept: Any, last: dict[int, int]) -> None:
        """The caller reads after the last step, updates amid them."""
        for t in contents(kept):
            if isinstance(t, SymbolicTensor):
                last[self._root(t)] = len(self.steps)
        for update in self._updates:
            for part in update.parts:
                root = self._root(part.gradient)
                last[root] = max(last[root], update.after)

    def _keep_within(self, first: dict[int, int], last: dict[int, int]) -> None:
        """What only one stretch knows needs room for a part of the batch; all else that it touches lives through it."""
        for stretch in self._stretches:
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
        whole = sizes_of(t)
        samples = self._samples.get(self._root(t))
        return whole if samples is None else (samples, *whole[1:])

    def _offsets(self, results: list[SymbolicTensor], lives: list[tuple[int, int, int]]) -> list[int]:
        """Where each result begins in the arena; workspaces lie there, too, while their steps run."""
        blocks = self._blocks(results)
        joint = [_joint([lives[i] for i in block]) for block in blocks]
        fixed = self._side_by_side(results, [n for _, _, n in lives])
        samples = {i: s.samples for s in self._stretches for i in range(s.first, s.end)}
        scratch = [(i, i, n) for i, step in enumerate(self.steps) if (n := workspace(step, samples.get(i)))]
        begins, self.arena_bytes = place([*joint, *scratch], fixed)
        offsets = [0] * len(results)
        for block, begin in zip(blocks, begins, strict=False):
            for i in block:
                offsets[i] = begin
                begin += lives[i][2]
        self.scratch = {i: (o, n) for (i, _, n), o in zip(scratch, begins[len(blocks) :], strict=True)}
        return offsets

    def _blocks(self, results: list[SymbolicTensor]) -> list[list[int]]:
        """Results by number: the gradients of an update together, all others by themselves."""
        index = {id(t): i for i, t in enumerate(results)}
        blocks: list[list[int]] = []
        for update in self._updates:
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


def _padded(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _joint(lives: list[tuple[int, int, int]]) -> tuple[int, int, int]:
    """From the first birth to the last death, with room for all."""
    births, deaths, sizes = zip(*lives, strict=True)
    return min(births), max(deaths), sum(sizes)


def sizes_of(t: SymbolicTensor) -> tuple[int, ...]:
    """The shape, all of which must be known."""
    if any(n is None for n in t.shape):
        raise NotCapturable(f"the size of {t} is not known")
    return tuple(int(n) for n in t.shape if n is not None)
