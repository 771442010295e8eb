"""What a model's programs are, what memory they need, where their time goes: for people."""

import json
from typing import Any

import numpy as np

from fastcnn.layers.nests import contents
from fastcnn.plan.program import Program
from fastcnn.plan.stepping import Inference, TrainingStep, plans_of
from fastcnn.seam import Node
from fastcnn.tensor import SymbolicTensor, Tensor

__all__ = ["explain", "memory", "profile"]


def _line(step: Node) -> str:
    shapes = [str(tuple(t.shape)) for t in step.inputs if t is not None]
    attrs = {
        k: v
        for k, v in step.attrs.items()
        if v is not None and k in ("strides", "padding", "activation", "axis", "rate")
    }
    extra = "  " + ", ".join(f"{k}={v}" for k, v in attrs.items()) if attrs else ""
    return (
        f"{step.operation.name:<28} {' '.join(shapes)} -> {', '.join(str(tuple(t.shape)) for t in step.outputs)}{extra}"
    )


def _describe(title: str, program: Program) -> list[str]:
    head = (
        f"{title}: {len(program.steps)} steps, one arena of {program.arena_bytes / 2**20:.1f} MB "
        f"for {program.unshared_bytes / 2**20:.1f} MB of results"
    )
    return [head, *(f"  {i:3} {_line(step)}" for i, step in enumerate(program.steps))]


def explain(model: Any) -> str:
    """The programs that ``fit`` and ``predict`` have made so far, or why there are none."""
    plans = plans_of(model)
    lines = []
    if model.run_eagerly:
        lines.append("The model runs eagerly: compile(run_eagerly=True).")
    lines += [f"The model runs eagerly: {reason}" for reason in dict.fromkeys(plans.eager.values())]
    for step in plans.training.values():
        lines += _describe(f"Training, batch {step.program.inputs[0].shape[0]}", step.program)
    for pool in plans.inference.values():
        for found in pool[:1]:
            lines += _describe(f"Inference, batch {found.program.inputs[0].shape[0]}", found.program)
    return "\n".join(lines or ["No program yet: fit, evaluate or predict captures one for each shape of batch."])


def _batch(model: Any, batch_size: int) -> tuple[Any, Any]:
    """Arrays like a batch: what the model's inputs and its loss expect."""
    x = [Tensor(np.zeros((batch_size, *t.shape[1:]), "float32")) for t in model.inputs]
    targets = []
    losses = (
        [loss for _, loss, *_ in model._compile_loss.terms] if model._compile_loss and model._compile_loss.built else []
    )
    for i, t in enumerate(model.outputs):
        name = f"{type(losses[i]).__name__} {losses[i].name}" if i < len(losses) else str(model.loss)
        sparse = "sparse" in name.lower()
        shape = (batch_size, *(t.shape[1:-1] if sparse else t.shape[1:]))
        targets.append(Tensor(np.zeros(shape, "int64" if sparse else "float32")))
    return (x[0] if len(x) == 1 else x), (targets[0] if len(targets) == 1 else targets)


def memory(model: Any, batch_size: int) -> dict[str, int]:
    """Bytes that training and inference with a batch size will need, by what they are for.

    Nothing is computed: the programs are captured and laid out.
    """
    weights = sum(v.array.nbytes for v in model.variables)
    report = {"weights": weights}
    x, y = _batch(model, batch_size)
    inference = Inference(model, x).program
    report["inference arena"] = inference.arena_bytes + sum(a.nbytes for a in inference.inputs)
    derived = {id(t): t.array.nbytes for t in inference.derived}
    report["inference filters"] = sum(derived.values())  # folded, packed or transformed
    report["inference total"] = weights + report["inference filters"] + report["inference arena"]
    if model.compiled:
        model._make_ready((x, y))
        training = TrainingStep(model, (x, y, None)).program
        trained = sum(v.array.nbytes for v in model.trainable_variables)
        model.optimizer.build(model.trainable_variables)
        report["optimizer"] = sum(v.array.nbytes for v in model.optimizer.variables)
        report["gradients"] = trained
        report["training arena"] = training.arena_bytes + sum(a.nbytes for a in training.inputs)
        report["training total"] = weights + report["optimizer"] + report["training arena"]
    return report


def profile(model: Any, x: Any, y: Any = None, training: bool = False, trace: Any = None) -> str:
    """A table of the program's steps: milliseconds, the rate, the share of this machine's peak or bandwidth.

    Args:
        model: compiled where ``training``.
        x: a batch of images.
        y: its targets, where ``training``.
        training: whether to profile a training step; else inference.
        trace: a file to write for chrome://tracing.
    """
    from fastcnn import quickbench
    from fastcnn.training.arrays import pack, tensors, unpack

    data = unpack(tensors(pack(x, y)))
    if training:
        model._make_ready(data[:2])
        found: Any = TrainingStep(model, data)
        found.feed([t for t in contents(list(data)) if t is not None])
    else:
        found = Inference(model, data[0])
        found.feed(contents(data[0]))
    program = found.program
    for generator, key in program.keys:
        generator.peek_into(key)
    variables = [(v, v.array.copy()) for v in model.variables]
    times = np.median([program._core.time() for _ in range(5)], axis=0) * 1e-6
    for v, array in variables:  # the moving statistics went on five times
        np.copyto(v.array, array)
    peak, copy = quickbench.machine_peak(), quickbench.machine_copy()
    ends = [*program.starts[1:], len(times)]
    rows = []
    for step, first, last in zip(program.steps, program.starts, ends, strict=True):
        if last > first:
            flops, moved = _flops(step), _bytes(step)
            rows.append((float(times[first:last].sum()), step, flops, moved))
    total = sum(row[0] for row in rows)
    lines = [
        f"{'training step' if training else 'inference'}: {total:.2f} ms in {len(rows)} steps; "
        f"peak {peak:.0f} GFLOP/s, copy {copy:.0f} GB/s",
        f"{'ms':>9} {'share':>6} {'GFLOP/s':>8} {'of peak':>8} {'GB/s':>7} {'of copy':>8}  step",
    ]
    for ms, step, flops, moved in sorted(rows, key=lambda row: -row[0]):
        rate = f"{flops / ms * 1e-6:8.0f} {flops / ms * 1e-6 / peak:8.0%}" if flops else f"{'':>8} {'':>8}"
        lines.append(
            f"{ms:9.3f} {ms / total:6.1%} {rate} {moved / ms * 1e-6:7.1f} {moved / ms * 1e-6 / copy:8.0%}  "
            + _line(step)
        )
    if trace is not None:
        _write_trace(trace, rows)
    return "\n".join(lines)


def _flops(step: Node) -> float:
    """Of a direct convolution or a product; 0 for all else, which memory limits."""
    name = step.operation.name
    if name.startswith(("conv2d", "dense", "matmul")) and name != "conv2d_db":
        x, w = step.inputs[0].shape, step.inputs[1].shape
        y = step.outputs[0].shape
        if name.endswith("_dw"):
            return 2.0 * np.prod(y) * np.prod(w[:-1])
        if name.startswith("conv2d"):
            pixels = np.prod(x[:-1]) if name.endswith("_dx") else np.prod(y[:-1])
            return float(2.0 * pixels * np.prod(w))
        return float(2.0 * np.prod(y) * x[-1])
    if name.startswith("depthwise_conv2d"):
        kernel = step.inputs[1].shape if not name.endswith("_dw") else step.outputs[0].shape
        out = (
            step.inputs[0].shape
            if name.endswith("_dx")
            else step.inputs[1].shape
            if name.endswith("_dw")
            else step.outputs[0].shape
        )
        return float(2.0 * np.prod(out) * np.prod(kernel[:2]))
    return 0.0


def _bytes(step: Node) -> float:
    """Everything read once and written once."""
    tensors = [t for t in (*step.inputs, *step.outputs) if t is not None]
    return float(
        sum(4.0 * np.prod(t.shape) for t in tensors if isinstance(t, (SymbolicTensor, Tensor)) or t.array.ndim)
    )


def _write_trace(path: Any, rows: list[Any]) -> None:
    events, at = [], 0.0
    for ms, step, flops, moved in rows:
        arguments = {"flops": flops, "bytes": moved, "step": _line(step)}
        events.append(
            {
                "name": step.operation.name,
                "ph": "X",
                "ts": at * 1e3,
                "dur": ms * 1e3,
                "pid": 0,
                "tid": 0,
                "args": arguments,
            }
        )
        at += ms
    from pathlib import Path

    Path(path).write_text(json.dumps({"traceEvents": events}))
