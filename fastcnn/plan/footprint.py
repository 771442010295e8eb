"""What memory a model's programs will need, before they run."""

from typing import Any

from fastcnn.plan.costs import geometry
from fastcnn.plan.likeness import batch_like
from fastcnn.plan.program import Program
from fastcnn.plan.stepping import Inference, TrainingStep

__all__ = ["memory", "scratch_bytes"]

# The kernels' scratch memory as csrc/runtime/memory.cpp keeps it: freed blocks of CACHED_FROM bytes and more are handed
# out again for requests that fill four fifths of them.
HEADER, CACHED_FROM, MAPPED_FROM, PAGE, CACHE_LIMIT = 64, 64 << 10, 4 << 20, 4096, 1 << 30


def memory(model: Any, batch_size: int) -> dict[str, int]:
    """Bytes that training and inference with a batch size will need, by what they are for.

    Nothing is computed: the programs are captured and laid out.
    """
    x, y = batch_like(model, batch_size)
    weights = sum(v.array.nbytes for v in model.variables)
    report = {"weights": weights}
    inference = Inference(model, x).program
    derived = {id(t): t.array.nbytes for t in inference.derived}  # folded, packed or transformed
    report["inference weights"] = sum(derived.values())
    report["inference arena"] = inference.arena_bytes + sum(a.nbytes for a in inference.inputs)
    report["inference scratch"] = scratch_bytes(inference)
    report["inference total"] = sum(report.values())
    if model.compiled:
        model._make_ready((x, y))
        training = TrainingStep(model, (x, y, None)).program
        trained = sum(v.array.nbytes for v in model.trainable_variables)
        model.optimizer.build(model.trainable_variables)
        report["optimizer"] = sum(v.array.nbytes for v in model.optimizer.variables)
        report["gradients"] = trained
        report["training arena"] = training.arena_bytes + sum(a.nbytes for a in training.inputs)
        report["training scratch"] = scratch_bytes(training)
        parts = ("optimizer", "training arena", "training scratch")
        report["training total"] = weights + sum(report[name] for name in parts)
    return report


def scratch_bytes(program: Program) -> int:
    """What the convolutions' scratch memory comes to after a run, kept blocks of all sizes together.

    Args:
        program: laid out; it need not have run.
    """
    kept: list[int] = []
    for step in program.steps:
        conv = geometry(step)
        if conv is None:
            continue
        size = _block(conv.workspace())
        if size >= CACHED_FROM and not any(size <= block <= size + size // 4 for block in kept):
            kept.append(size)
    return min(sum(kept), CACHE_LIMIT)


def _block(size: int) -> int:
    """The block that a request gets: rounded up by an eighth at most."""
    step, size = 64, size + HEADER
    while step * 16 < size:
        step *= 2
    size = -(-size // step) * step
    return -(-size // PAGE) * PAGE if size >= MAPPED_FROM else size
