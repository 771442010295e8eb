"""A model's programs in words: what each step does, for whom, how, and where its result lies."""

from typing import Any

from fastcnn.plan.capture import NotCapturable
from fastcnn.plan.costs import cost
from fastcnn.plan.likeness import batch_like
from fastcnn.plan.model_steps import Inference, TrainingStep
from fastcnn.plan.origins import origins
from fastcnn.plan.program import Program
from fastcnn.plan.stepping import plans_of
from fastcnn.seam import Node

__all__ = ["explain", "signature", "update_in_words"]

SHOWN = ("strides", "padding", "dilation", "groups", "pool_size", "axis", "rate")
USUAL = {"strides": (1, 1, (1, 1), None), "dilation": (1, (1, 1)), "groups": (1,), "padding": ("valid",)}


def explain(model: Any, batch_size: int | None = None) -> str:
    """The programs that ``fit`` and ``predict`` have made so far, or those for a batch size; or why there are none.

    Args:
        model: the model.
        batch_size: capture programs for batches of this size; nothing is computed.
    """
    lines = ["The model runs eagerly: compile(run_eagerly=True)."] if model.run_eagerly else []
    if batch_size is None:
        found, reasons = _made(model)
    else:
        found, reasons = _captured(model, batch_size)
    lines += [f"{kind.capitalize()} runs eagerly: {reason}" for kind, reason in dict.fromkeys(reasons)]
    for title, program, update in found:
        lines += _describe(title, program, update)
    return "\n".join(lines or ["No program yet: fit, evaluate or predict captures one for each shape of batch."])


def _made(model: Any) -> tuple[list[tuple[str, Program, Any]], list[tuple[str, str]]]:
    plans = plans_of(model)
    programs = [("Training", step.program, step.update) for step in plans.training.values()]
    programs += [("Inference", pool[0].program, None) for pool in plans.inference.values() if pool]
    return programs, [(key[0], reason) for key, reason in plans.eager.items()]


def _captured(model: Any, batch_size: int) -> tuple[list[tuple[str, Program, Any]], list[tuple[str, str]]]:
    x, y = batch_like(model, batch_size)
    programs: list[tuple[str, Program, Any]] = []
    reasons = []
    for kind in ("training", "inference") if model.compiled else ("inference",):
        try:
            if kind == "training":
                model._make_ready((x, y))
                programs.append(("Training", TrainingStep(model, (x, y, None)).program, None))
            else:
                programs.append(("Inference", Inference(model, x).program, None))
        except NotCapturable as error:
            reasons.append((kind, str(error)))
    return programs, reasons


def _describe(title: str, program: Program, update: Any) -> list[str]:
    shown = _shown(program)
    rows = [_row(i, step, origin, program) for i, (step, origin) in enumerate(shown)]
    names = ("", "layer", "step", "with", "algorithm", "MFLOP", "arena: offset + bytes")
    widths = [max(len(row[i]) for row in [names, *(row for _, row in rows)]) for i in range(len(names))]
    batch = f", batch {program.inputs[0].shape[0]}" if program.inputs and program.inputs[0].ndim else ""
    lines = [
        f"{title}{batch}: {len(rows)} steps, one arena of {program.arena_bytes / 2**20:.1f} MB "
        f"for {program.unshared_bytes / 2**20:.1f} MB of results and scratch",
        _aligned(names, widths),
    ]
    stage = None
    for own, row in rows:
        if own != stage and title == "Training":
            lines.append(f"  -- {own}")
        stage = own
        lines.append(_aligned(row, widths))
    if update is not None:
        lines.append(f"  -- update: {update_in_words(update)}")
    costs = [cost(step) for step, _ in shown]
    direct, work, moved = sum(c.flops for c in costs), sum(c.work for c in costs), sum(c.bytes for c in costs)
    less = f", {work / 1e9:.3f} after Winograd" if work < direct else ""
    lines.append(f"  total: {direct / 1e9:.3f} GFLOP{less}; {moved / 2**20:.1f} MB read and written once")
    return lines


def update_in_words(update: Any) -> str:
    """The optimizer's kernel and how often it is called.

    Args:
        update: of a training step, a ``RecordedUpdate``.
    """
    calls = f"{update.calls} call{'s' * (update.calls != 1)}"
    return f"{update.optimizer.kernel}, {calls} for {len(update.variables)} variables"


def _shown(program: Program) -> list[tuple[Node, Any]]:
    """The steps that a run executes: views and constants are free."""
    pairs = zip(program.steps, origins(program), program.calls, strict=True)
    return [(step, origin) for step, origin, calls in pairs if calls]


def _row(i: int, step: Node, origin: Any, program: Program) -> tuple[str, tuple[str, ...]]:
    found = cost(step)
    flops = f"{found.work / 1e6:.2f}" if found.work else ""
    layer = origin.layer or ("loss" if origin.stage == "forward" else "")
    row = (str(i), layer, signature(step), ", ".join(origin.fused), found.algorithm, flops, _place(step, program))
    return origin.stage, row


def _aligned(row: tuple[str, ...], widths: list[int]) -> str:
    right = (0, 5)
    cells = [
        cell.rjust(width) if i in right else cell.ljust(width)
        for i, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return ("  " + "  ".join(cells)).rstrip()


def signature(step: Node) -> str:
    """Operation, shapes and what matters of the other arguments, on one line.

    Args:
        step: of a program.

    Example:
        >>> from fastcnn import Input, ops
        >>> signature(ops.conv(Input((8, 8, 3), 2), ops.ones((3, 3, 3, 4)), strides=2).node)
        'conv2d (2,8,8,3) (3,3,3,4) -> (2,3,3,4) strides=2'
    """
    shapes = " ".join(_text(t.shape) for t in step.inputs if t is not None and len(t.shape) > 1)
    results = [_text(t.shape) for t in step.outputs if len(t.shape) > 1] or [_text(step.outputs[0].shape)]
    attrs = {k: step.attrs[k] for k in SHOWN if k in step.attrs}
    extra = [f"{k}={str(v).replace(' ', '')}" for k, v in attrs.items() if v is not None and v not in USUAL.get(k, ())]
    return " ".join([step.operation.name, *([shapes] if shapes else []), "->", ", ".join(results), *extra])


def _text(shape: Any) -> str:
    return "(" + ",".join(str(n) for n in shape) + ")"


def _place(step: Node, program: Program) -> str:
    """Offset and bytes of the first result."""
    result = program.layout.array(step.outputs[0])
    arena: Any = program.arena
    offset = result.ctypes.data - arena.ctypes.data
    if 0 <= offset < arena.nbytes:
        return f"{offset} + {result.nbytes}"
    return f"outside, {result.nbytes}"
