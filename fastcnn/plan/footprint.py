"""What memory a model's programs will need, before they run."""

from typing import Any

from fastcnn.plan.likeness import batch_like
from fastcnn.plan.model_steps import Inference, TrainingStep
from fastcnn.plan.program import Program
from fastcnn.plan.steps import size_of

__all__ = ["gradient_bytes", "memory", "scratch_bytes"]


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
    report["inference total"] = weights + report["inference weights"] + report["inference arena"]
    if model.compiled:
        model._make_ready((x, y))
        step = TrainingStep(model, (x, y, None))
        training = step.program
        model.optimizer.build(model.trainable_variables)
        report["optimizer"] = sum(v.array.nbytes for v in model.optimizer.variables)
        report["gradients"] = gradient_bytes(step)
        report["training arena"] = training.arena_bytes + sum(a.nbytes for a in training.inputs)
        report["training scratch"] = scratch_bytes(training)
        report["training total"] = weights + report["optimizer"] + report["training arena"]
    return report


def scratch_bytes(program: Program) -> int:
    """The most scratch memory that a convolution takes: it lies in the arena while that runs.

    Args:
        program: laid out; it need not have run.
    """
    return max((size for _, size in program.layout.scratch.values()), default=0)


def gradient_bytes(step: TrainingStep) -> int:
    """The most that there are of gradients of variables at one time, which lie in the arena.

    Args:
        step: laid out; it need not have run.
    """
    if not step.early:
        return sum(t.array.nbytes for t in step.gradients if t is not None)
    program = step.program
    made = {id(t): i for i, node in enumerate(program.steps) for t in node.outputs}
    lives = [(made[id(p.gradient)], u.after, size_of(p.gradient)) for u in program.updates for p in u.parts]
    return max(sum(n for first, last, n in lives if first <= i <= last) for i in range(len(program.steps)))
