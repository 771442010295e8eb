"""Runs a program step by step, and measures each against what this machine can do at all."""

from typing import Any

import numpy as np

from fastcnn.layers.nests import contents
from fastcnn.plan.capture import NotCapturable
from fastcnn.plan.costs import Cost, Limits, cost
from fastcnn.plan.explaining import signature, update_in_words
from fastcnn.plan.model_steps import Inference, TrainingStep
from fastcnn.plan.origins import Origin, origins
from fastcnn.plan.profile import Profile
from fastcnn.plan.program import Program
from fastcnn.plan.snapshot import Snapshot
from fastcnn.plan.stepping import settle

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
        step: Any
        try:
            step = _trained(model, data) if training else _inferred(model, data)
        except NotCapturable as error:
            raise ValueError(f"{model.name} has no program to profile, for it runs eagerly: {error}") from error
        program = step.program
        with Snapshot(model):  # of what the capture built, too
            for generator, key in program.keys:
                generator.peek_into(key)
            if training:
                _attach(step, model, data)
            times = np.median([program._core.time() for _ in range(repeats)], axis=0) * 1e-6
    limits = Limits(quickbench.machine_peak(), quickbench.machine_copy())
    rows = _rows(program, times, limits)
    if training:
        rows += _afterwards(step, times, limits, len(rows))
    return Profile("training step" if training else "inference", rows, limits)


def _trained(model: Any, data: Any) -> TrainingStep:
    model._check_compiled("profile(training=True)")
    model._make_ready(data[:2])
    settle(model)
    step = TrainingStep(model, data)
    step.feed([t for t in contents(list(data)) if t is not None])
    return step


def _inferred(model: Any, data: Any) -> Inference:
    if not model.built:
        model(data[0])  # makes the weights, which a capture must not
    step = Inference(model, data[0])
    step.feed(contents(data[0]))
    return step


def _attach(step: TrainingStep, model: Any, data: Any) -> None:
    """Has the program count for the logs and update the weights, as ``fit`` does."""
    step.attach(model, data)
    if step.update is not None:
        step.update.begin()


def _afterwards(step: TrainingStep, times: Any, limits: Limits, number: int) -> list[dict[str, Any]]:
    """What the program does with what it has computed: bytes alone, for these steps come without shapes."""
    outputs = sum(t.array.nbytes for t in contents(step.y_pred))
    parts = [
        (
            "counts for the logs",
            "counts for the logs: passes over the outputs",
            times[step.counts.start : step.counts.stop],
            2.0 * outputs,
        )
    ]
    if step.update is not None:
        optimizer = step.optimizer
        slots = [own for v in step.update.variables for own in optimizer._slots[optimizer._index[id(v)]].values()]
        weights = sum(v.array.nbytes for v in step.update.variables)
        moved = 3.0 * weights + 2.0 * sum(own.array.nbytes for own in slots)
        parts.append((optimizer.kernel, update_in_words(step.update), times[step.program.marks], moved))
    found = [
        _row(Origin("", (), "update", ()), name, title, Cost(0.0, 0.0, moved, "pass"), spent, limits)
        for name, title, spent, moved in parts
        if len(spent)
    ]
    return [{"step": number + i, **row} for i, row in enumerate(found)]


def _rows(program: Program, times: Any, limits: Limits) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for step, origin, calls in zip(program.steps, origins(program), program.calls, strict=True):
        if not calls:  # a view or a constant
            continue
        row = _row(origin, step.operation.name, signature(step), cost(step), times[calls], limits)
        rows.append({"step": len(rows), **row})
    return rows


def _row(origin: Origin, name: str, title: str, found: Cost, times: Any, limits: Limits) -> dict[str, Any]:
    ms, floor = float(times.sum()), limits.floor_ms(found.work, found.bytes)
    return {
        "layer": origin.layer,
        "layers": list(origin.layers),
        "stage": origin.stage,
        "operation": name,
        "signature": title,
        "fused": list(origin.fused),
        "algorithm": found.algorithm,
        "ms": ms,
        "flops": found.flops,
        "work": found.work,
        "bytes": found.bytes,
        "floor_ms": floor,
        "share": floor / ms if ms > 0 else 0.0,
    }
