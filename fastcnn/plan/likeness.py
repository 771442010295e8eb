"""Batches that look like a model's data: what programs are captured for where nothing is computed."""

from typing import Any

import numpy as np

from fastcnn.tensor import Tensor

__all__ = ["batch_like"]


def batch_like(model: Any, batch_size: int) -> tuple[Any, Any]:
    """Arrays like a batch: what the model's inputs and its loss expect.

    Args:
        model: built, with symbolic inputs and outputs.
        batch_size: how many samples.
    """
    if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size < 1:
        raise ValueError(f"batch_size must be an int of at least 1, got {batch_size!r}")
    for t in model.inputs:
        if None in t.shape[1:]:
            raise ValueError(
                f"{model.name!r} takes images of any size, {tuple(t.shape[1:])}, and how much they need depends on it: "
                "make it for one size, Input((h, w, c))"
            )
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
