"""Inference in parts of a batch: stretches of steps that run for some images, then for the next ones.

A map of a large batch is gone from the caches before the next step reads it; that of a few images is still there, and
needs less memory. Results do not change: that of one image does not depend on the others of its batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fastcnn.plan.costs import cost, geometry
from fastcnn.plan.steps import size_of
from fastcnn.seam import Node
from fastcnn.tensor import SymbolicTensor

__all__ = ["Stretch", "samples_of", "stretches"]

# What a step reads and writes of a part: kernels store larger results past the caches (csrc/kernels/stream.h).
CACHED_BYTES = 8 << 20
# A part is to have so many times the bytes of the filter, which each part reads, packs or transforms anew.
FILTERS = 2
# The most FLOPs for each byte: products that wait for the ports gain nothing, and lose a little on each part.
DENSE = 48
WINOGRAD = 4  # a transformed filter of 3x3 has this many times its elements
# Steps that compute each image by itself, and which of their inputs hold images.
APART = {
    "activate": (0,), "add": (0, 1), "average_pool": (0,), "batch_norm_inference": (0,),
    "batch_norm_inference_fused": (0, 5), "conv2d": (0,), "conv2d_fused": (0, 3), "conv2d_max_pool": (0,),
    "conv2d_prepared": (0, 3), "depthwise_conv2d": (0,), "global_average_pool": (0,), "max_pool": (0,),
    "multiply": (0, 1), "pad": (0,),
}  # fmt: skip
# Its inputs are slices of the channels of its result, computed there.
JOINED = "joined"


@dataclass(frozen=True)
class Stretch:
    """Neighbouring steps that all run for one part of the batch, then for the next.

    Args:
        first: the number of its first step.
        end: that of the first step behind it.
        parts: the bounds of the parts: ``(first sample, first behind them)``.

    Example:
        >>> Stretch(0, 3, ((0, 2), (2, 4), (4, 5))).samples
        2
    """

    first: int
    end: int
    parts: tuple[tuple[int, int], ...]

    @property
    def samples(self) -> int:
        """Of the largest part."""
        return max(end - begin for begin, end in self.parts)


def stretches(steps: Sequence[Node]) -> list[Stretch]:
    """Where a program runs in parts.

    Args:
        steps: of a pass of inference.
    """
    found: list[Stretch] = []
    run: list[tuple[int, int]] = []  # the steps' most samples
    batch = 0
    for i, step in enumerate(steps):
        own = _batch(step)
        most = _samples(step, own) if own else 0
        if run and (not most or own != batch):
            found += _cut(run, i, batch, steps)
            run = []
        if most:
            batch = own
            run.append((i, most))
    found += _cut(run, len(steps), batch, steps)
    return [s for s in (_where_memory_counts(s, steps) for s in found) if s.end - s.first > 1]


def _where_memory_counts(stretch: Stretch, steps: Sequence[Node]) -> Stretch:
    """The stretch up to where it is not too dense."""
    costs = [cost(s) if s.operation.name != JOINED else None for s in steps[stretch.first : stretch.end]]
    while costs and sum(c.work for c in costs if c) > DENSE * sum(c.bytes for c in costs if c):
        costs.pop()
    return Stretch(stretch.first, stretch.first + len(costs), stretch.parts)


def _cut(run: list[tuple[int, int]], end: int, batch: int, steps: Sequence[Node]) -> list[Stretch]:
    """A run of steps as stretches. Maps become smaller and parts larger: a new stretch where twice as large ones do."""
    found: list[Stretch] = []
    least = 1 << 62
    for i, most in reversed(run):
        if found and min(least, most).bit_length() == least.bit_length():
            found[-1] = Stretch(i, found[-1].end, _parts(batch, min(least, most)))
        else:
            found.append(Stretch(i, found[-1].first if found else end, _parts(batch, min(least, most))))
        least = min(least, most)
    return [s for s in _narrowed(found[::-1], batch, steps) if len(s.parts) > 1]


def _narrowed(found: list[Stretch], batch: int, steps: Sequence[Node]) -> list[Stretch]:
    """Neighbouring stretches with their bounds moved to where less is handed over, for that goes through memory."""
    last = {id(t): i for i, step in enumerate(steps) for t in step.inputs if isinstance(t, SymbolicTensor)}

    def handed_over(at: int) -> int:
        return sum(size_of(t) for step in steps[:at] for t in step.outputs if last.get(id(t), -1) >= at)

    for i in range(len(found) - 1):
        before, behind = found[i : i + 2]
        end = before.end
        while (
            end + 1 < behind.end
            and handed_over(end + 1) < handed_over(end)
            and before.samples * _image_bytes(steps[end], batch) >= FILTERS * _filter_bytes(steps[end])
        ):
            end += 1
        found[i : i + 2] = Stretch(before.first, end, before.parts), Stretch(end, behind.end, behind.parts)
    return found


def _parts(batch: int, most: int) -> tuple[tuple[int, int], ...]:
    count = -(-batch // most)
    return tuple((batch * i // count, batch * (i + 1) // count) for i in range(count))


def _batch(step: Node) -> int:
    """How many images a step computes, each by itself; 0 where it does not."""
    name = step.operation.name
    which = range(len(step.inputs)) if name == JOINED else APART.get(name)
    if which is None or len(step.outputs) != 1:
        return 0
    shape = step.outputs[0].shape
    images = [t for i, t in enumerate(step.inputs) if i in which and t is not None]
    others = [t for i, t in enumerate(step.inputs) if i not in which]
    if any(isinstance(t, SymbolicTensor) for t in others) or len(shape) < 2 or None in shape:
        return 0
    # Of fewer axes, the first would not be the batch.
    apart = all(isinstance(t, SymbolicTensor) and len(t.shape) == len(shape) for t in images)
    return int(shape[0]) if apart and all(t.shape[0] == shape[0] for t in images) else 0


def _samples(step: Node, batch: int) -> int:
    """The most images of which all that the step reads and writes fits the caches.

    0 where one image does not, and where the filter is large beside so many.
    """
    each = _image_bytes(step, batch)
    most = CACHED_BYTES // max(each, 1)
    return min(most, batch) if most * each >= FILTERS * _filter_bytes(step) else 0


def _image_bytes(step: Node, batch: int) -> int:
    """What a step reads and writes of one image."""
    tensors = {id(t): t for t in (*step.inputs, *step.outputs) if isinstance(t, SymbolicTensor)}
    return sum(size_of(t) for t in tensors.values()) // batch


def _filter_bytes(step: Node) -> int:
    conv = geometry(step)
    if conv is None:
        return 0
    return size_of(step.inputs[1]) * (WINOGRAD if conv.algorithm() == "winograd" else 1)


def samples_of(steps: Sequence[Node]) -> dict[int, int]:
    """How many images a step computes at a time, by the step's identity: of those in stretches."""
    return {id(step): s.samples for s in stretches(steps) for step in steps[s.first : s.end]}
