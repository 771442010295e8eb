"""Calls of a model that its programs may answer, and the short way to an answer from a program that waits.

Of one image, what Python does before and after the program counts: once kernels have filled the caches, each function
called on the way costs as much as a small kernel. Meanwhile the threads fall asleep, and are late for the first kernel.
"""

from typing import TYPE_CHECKING, Any

from numpy import float32, ndarray

from fastcnn.layers.nests import map_tensors, tensors_of
from fastcnn.plan.batches import flat
from fastcnn.plan.stepping import borrowed, copied, look_at_layers, may_replay, plans_of
from fastcnn.tensor import Tensor, Variable

if TYPE_CHECKING:
    from fastcnn.plan.model_steps import Inference

__all__ = ["answer", "called"]


def answer(model: Any, x: Any, for_loss: bool = False) -> Any:
    """The output for an array of floats, in memory of its own; None where the long way has to be gone.

    That is where no program for such a batch waits, where the model has several inputs or outputs, adds to the loss or
    changes variables, and wherever ``predict`` runs eagerly.

    Args:
        model: its ``predict_step`` is that of all models.
        x: a batch.
        for_loss: whether the logits of probabilities are wanted, too, which an array cannot tell.
    """
    if x.__class__ is not ndarray:
        return None
    pool = plans_of(model).inference.get((x.shape, "f"))
    if not pool or not may_replay(model):
        return None
    try:
        one = pool.pop()
    except IndexError:  # another thread was quicker
        return None
    try:
        program = one.program
        if program._changes != Variable.changes:
            program.refresh()
        return program._core.answer(x) if one.answers and (one.suffices or not for_loss) else None
    finally:
        pool.append(one)


def called(model: Any, x: Any) -> Any:
    """What ``model(x)`` returns, computed as ``predict`` does; None where the call has to run as it is written.

    That is where it runs Python of other people's, who may count their calls or print; where it adds to the loss or
    changes variables; and wherever ``predict`` runs eagerly.

    Args:
        model: no tape records what it does.
        x: a batch.
    """
    plans = plans_of(model)
    if plans.replayed is None:
        look_at_layers(model, plans)
    if not plans.replayed or model._graph is None:
        return None
    y = answer(model, x, for_loss=True)
    if y is not None:
        return Tensor(y)
    x = tensors_of(x)
    if all(t.dtype == "float32" for t in model.inputs):
        x = map_tensors(x, _in_floats)

    def use(one: "Inference") -> Any:
        if one.silent:
            return copied(one.run(flat(x)))
        plans.replayed = False
        return None

    return borrowed(model, x, use)


def _in_floats(t: Any) -> Any:
    """Integers as ``predict`` gives them to a network."""
    return Tensor(t.array.astype(float32)) if t.__class__ is Tensor and t.array.dtype.kind in "biu" else t
