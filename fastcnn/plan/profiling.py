"""Runs a program step by step, and measures each against what this machine can do at all."""

from typing import Any

import numpy as np

from fastcnn.layers.nests import contents
from fastcnn.plan.capture import NotCapturable
from fastcnn.plan.costs import Limits, cost
from fastcnn.plan.explaining import signature
from fastcnn.plan.origins import origins
from fastcnn.plan.profile import Profile
from fastcnn.plan.program import Program
from fastcnn.plan.snapshot import Snapshot
from fastcnn.plan.stepping import Inference, TrainingStep

__all__ = ["profile"]


def profile(model: Any, x: Any, y: Any = None, training: bool = False, repeats: int = 5) -> Profile:
    """The program's steps, each with its milliseconds and its share of its floor.

    Args:
        model: compiled where ``training``.
        x: a batch of images.
        y: its targets, where ``training``.
        training: whether to profile a training step; else inference.
        repeats: how often the program runs; the times are medians.
    """
    from fastcnn import quickbench
    from fastcnn.training.arrays import pack, tensors, unpack

    if not isinstance(repeats, int) or isinstance(repeats, bool) or repeats < 1:
        raise ValueError(f"repeats must be an int of at least 1, got {repeats!r}")
    data = unpack(tensors(pack(x, y)))
    with Snapshot(model):
        try:
            program = _trained(model, data) if training else _inferred(model, data)
        except NotCapturable as error:
            raise ValueError(f"{model.name} has no program to profile, for it runs eagerly: {error}") from error
        with Snapshot(model):  # of what the capture built, too
            for generator, key in program.keys:
                generator.peek_into(key)
            times = np.median([program._core.time() for _ in range(repeats)], axis=0) * 1e-6
    limits = Limits(quickbench.machine_peak(), quickbench.machine_copy())
    return Profile("training step" if training else "inference", _rows(program, times, limits), limits)


def _trained(model: Any, data: Any) -> Program:
    model._check_compiled("profile(training=True)")
    model._make_ready(data[:2])
    step = TrainingStep(model, data)
    step.feed([t for t in contents(list(data)) if t is not None])
    return step.program


def _inferred(model: Any, data: Any) -> Program:
    step = Inference(model, data[0])
    step.feed(contents(data[0]))
    return step.program


def _rows(program: Program, times: Any, limits: Limits) -> list[dict[str, Any]]:
    ends = [*program.starts[1:], len(times)]
    rows: list[dict[str, Any]] = []
    for step, origin, first, last in zip(program.steps, origins(program), program.starts, ends, strict=True):
        if last == first:  # a view or a constant
            continue
        found = cost(step)
        ms, floor = float(times[first:last].sum()), limits.floor_ms(found.work, found.bytes)
        rows.append(
            {
                "step": len(rows),
                "layer": origin.layer,
                "layers": list(origin.layers),
                "stage": origin.stage,
                "operation": step.operation.name,
                "signature": signature(step),
                "fused": list(origin.fused),
                "algorithm": found.algorithm,
                "ms": ms,
                "flops": found.flops,
                "work": found.work,
                "bytes": found.bytes,
                "floor_ms": floor,
                "share": floor / ms if ms > 0 else 0.0,
            }
        )
    return rows
