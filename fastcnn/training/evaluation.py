"""The loops of ``evaluate`` and ``predict``."""

from contextlib import closing
from typing import Any

import numpy as np

from fastcnn.callbacks.callback_list import CallbackList
from fastcnn.plan import stepping
from fastcnn.plan.answering import answer
from fastcnn.seam import state
from fastcnn.tensor import Tensor
from fastcnn.training.arrays import map_leaves, unpack
from fastcnn.training.data import Data, open_data, standard_batch_size
from fastcnn.training.fitting import close_progress, grouped, make_callbacks
from fastcnn.training.progress import standard_verbose
from fastcnn.training.results import plain_logs

__all__ = ["evaluate", "predict", "run"]

Array = np.ndarray[Any, Any]


def evaluate(
    model: Any, x: Any, y: Any, batch_size: Any, verbose: Any, sample_weight: Any, steps: Any, callbacks: Any
) -> dict[str, Any]:
    """``model.evaluate``, as a dict."""
    data = open_data(x, y, sample_weight, batch_size=batch_size, steps=steps, argument="steps")
    listed = make_callbacks(model, callbacks, verbose, epochs=1, steps=data.steps)
    model._make_ready(data.first())
    try:
        return run(model, data, listed)
    finally:
        close_progress(listed)


def run(model: Any, data: Data, callbacks: CallbackList) -> dict[str, Any]:
    """The loss and the metrics over the data; within ``fit`` too."""
    model.reset_metrics()
    logs: dict[str, Any] = {}
    callbacks.on_test_begin({})
    with closing(data.epoch(0)) as loaded:  # type: ignore[type-var]  # a generator
        for step, batches in grouped(loaded, model.steps_per_execution, 0):
            callbacks.on_test_batch_begin(step, {})
            for batch in batches:
                raw = model.test_step(batch)
            logs = plain_logs(raw)
            callbacks.on_test_batch_end(step + len(batches) - 1, logs)
    data.ended()
    callbacks.on_test_end(logs)
    return logs


def _own_array(t: Any) -> Array:
    """What a step has returned belongs to nobody else, unless it is a view of something."""
    array: Array = t.array
    return array if array.base is None and array.flags.owndata else array.copy()


def predict(model: Any, x: Any, batch_size: Any, verbose: Any, steps: Any, callbacks: Any) -> Any:
    """``model.predict``."""
    if (
        x.__class__ is np.ndarray
        and callbacks is None
        and steps is None
        and (verbose == "auto" or verbose == 0)
        and x.ndim
        and 0 < len(x) <= (32 if batch_size is None else standard_batch_size(batch_size, len(x)))
        and x.dtype.kind in "biuf"
        and not model._has_own_predict_step()
    ):
        # One batch: none of what follows would do anything.
        y = answer(model, x)
        if y is not None:
            return y
        batch = Tensor(x if x.dtype == np.float32 else np.asarray(x, np.float64 if state.precise else np.float32))
        return map_leaves(_own_array, model.predict_step((batch,)))
    data = open_data(x, batch_size=batch_size, steps=steps, argument="steps")
    if verbose == "auto" and data.steps == 1:
        verbose = 0
    listed = make_callbacks(model, callbacks, standard_verbose(verbose), steps=data.steps)
    results = _Results(data.samples if steps is None else None)
    plain = not model._has_own_predict_step()
    listed.on_predict_begin({})
    try:
        with closing(data.epoch(0)) as loaded:  # type: ignore[type-var]  # a generator
            for step, batch in enumerate(loaded):
                listed.on_predict_batch_begin(step, {})
                x = unpack(batch)[0]
                outputs = stepping.inference(model, x, results.add) if plain else None
                if outputs is None:
                    outputs = results.add(model.predict_step((x,)))
                listed.on_predict_batch_end(step, {"outputs": outputs})
        data.ended()
        listed.on_predict_end({})
    finally:
        close_progress(listed)
    return results.whole()


class _Results:
    """The batches of all outputs, each copied once."""

    def __init__(self, rows: int | None):
        self.rows, self.collected = rows, None

    def add(self, outputs: Any) -> Any:
        """Takes a batch, whose memory may be written to again, and returns it in memory of its own."""
        if self.collected is None:
            self.collected = map_leaves(lambda _: _Collected(self.rows), outputs)
        return _add(self.collected, outputs)

    def whole(self) -> Any:
        if self.collected is None:
            raise ValueError("x is empty: it gave no batch")
        return map_leaves(lambda c: c.whole(), self.collected)


class _Collected:
    """The batches of one output, written into one array where the number of samples is known."""

    def __init__(self, rows: int | None):
        self.rows, self.at = rows, 0
        self.array: Array | None = None
        self.parts: list[Array] = []

    def add(self, batch: Any) -> Tensor:
        array = batch.array if hasattr(batch, "array") else np.asarray(batch)
        if self.rows is None:
            self.parts.append(np.array(array))
            return Tensor(self.parts[-1])
        if self.array is None:
            self.array = np.empty((self.rows, *array.shape[1:]), array.dtype)
        begin, self.at = self.at, self.at + len(array)
        self.array[begin : self.at] = array
        return Tensor(self.array[begin : self.at])

    def whole(self) -> Array:
        return np.concatenate(self.parts) if self.array is None else self.array


def _add(collected: Any, outputs: Any) -> Any:
    if isinstance(collected, dict):
        return {key: _add(collected[key], value) for key, value in outputs.items()}
    if isinstance(collected, (list, tuple)):
        return type(outputs)([_add(one, value) for one, value in zip(collected, outputs, strict=True)])
    return None if collected is None else collected.add(outputs)
