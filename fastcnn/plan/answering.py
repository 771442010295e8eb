"""The short way from an array to a prediction, where a program for it is there and nothing else is asked for.

Of one image, what Python does before and after the program counts: once kernels have filled the caches, each function
called on the way costs as much as a small kernel. Meanwhile the threads fall asleep, and are late for the first kernel.
"""

from typing import Any
from weakref import ref

from numpy import ndarray

from fastcnn.plan.stepping import answered, plans_of
from fastcnn.seam import state
from fastcnn.tensor import Changes, Tensor, Variable

__all__ = ["answer", "called"]

_latest: Any = lambda: None  # noqa: E731 (as a weak reference to the programs of the model that was asked last)


def answer(model: Any, x: Any) -> Any:
    """The output for an array of floats, in memory of its own; None where the long way has to be gone.

    That is where no program for such a batch waits, where the model has several inputs or outputs, adds to the loss or
    changes variables, and wherever ``predict`` runs eagerly.

    Args:
        model: its ``predict_step`` is that of all models.
        x: a batch.
    """
    global _latest
    if x.__class__ is not ndarray:
        return None
    plans = _latest()
    if (
        plans is None
        or plans.model() is not model
        or plans.changes != Changes.count
        or plans.compiled is not model._compile_arguments
        or plans.forgotten
    ):
        plans = plans_of(model)
        _latest = ref(plans)
    pool = plans.inference.get((x.shape, "f"))
    if not pool or state.precise or state.tapes or state.steps is not None or model.run_eagerly or not model.built:
        return None
    try:
        one = pool.pop()
    except IndexError:  # another thread was quicker
        return None
    try:
        program = one.program
        if program._changes != Variable.changes:
            program.refresh()
        return program._core.answer(x) if one.answers else None
    finally:
        pool.append(one)


def called(model: Any, x: Any) -> Any:
    """What ``model(x)`` returns, as ``answered`` tells; None where the call has to run as it is written.

    Args:
        model: no tape records what it does.
        x: a batch.
    """
    y = answer(model, x) if plans_of(model).replayed and model._graph is not None else None
    return answered(model, x) if y is None else Tensor(y)
