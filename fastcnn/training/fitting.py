"""The loop of ``fit``: epochs, batches, callbacks, validation."""

import math
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from fastcnn._arrays import INT
from fastcnn.callbacks.backup import BackupAndRestore
from fastcnn.callbacks.callback_list import CallbackList
from fastcnn.callbacks.stopping import TerminateOnNaN
from fastcnn.random import draw_seed
from fastcnn.tensor import Tensor
from fastcnn.training.arrays import check_class_weight, weighted
from fastcnn.training.data import Data, open_data, split_validation, standard_batch_size
from fastcnn.training.interrupts import Interrupts
from fastcnn.training.progress import standard_verbose
from fastcnn.training.results import plain_logs
from fastcnn.training.state import TrainingState
from fastcnn.training.trainer import Trainer

__all__ = ["Fitting", "grouped", "make_callbacks"]


def make_callbacks(model: Any, callbacks: Any, verbose: Any, history: bool = False, **params: Any) -> CallbackList:
    """The callbacks of one call, with a progress bar where it is wanted."""
    params["verbose"] = standard_verbose(verbose)
    if isinstance(callbacks, CallbackList):
        if callbacks.model is None:
            callbacks.set_params(params)
            callbacks.set_model(model)
        return callbacks
    return CallbackList(callbacks, add_history=history, add_progbar=verbose != 0, model=model, **params)


def close_progress(callbacks: CallbackList) -> None:
    """Ends a bar that was interrupted, so that what is printed next has a line of its own."""
    for callback in callbacks.callbacks:
        getattr(callback, "close", lambda: None)()


class Fitting:
    """One ``fit``.

    Args:
        model: compiled.
        data: the training data.
        validation: the arguments of the model's ``_evaluate``, or None.
        validation_freq: every how many epochs, or in which (from 1).
        class_weight: weights by class, or None.
        epochs: the number of the last epoch.
        callbacks: all of them.
        state: where to begin.
    """

    def __init__(
        self,
        model: Any,
        data: Data,
        validation: dict[str, Any] | None,
        validation_freq: Any,
        class_weight: dict[int, float] | None,
        epochs: int,
        callbacks: CallbackList,
        state: TrainingState,
    ):
        self.model, self.data, self.validation, self.validation_freq = model, data, validation, validation_freq
        self.class_weight, self.epochs, self.callbacks, self.state = class_weight, epochs, callbacks, state
        self._warned = any(isinstance(c, TerminateOnNaN) for c in callbacks.callbacks)  # it says so itself

    def run(self, resumed: bool) -> Any:
        """All epochs."""
        model, state = self.model, self.state
        model.stop_training = state.stopped
        if resumed:
            self.callbacks.set_state(state.callbacks)
        unfinished = resumed and state.step > 0
        state.finished = False
        state._model, state._callbacks = model, self.callbacks
        try:
            with Interrupts() as interrupts:
                self.callbacks.on_train_begin({})
                while state.epoch < self.epochs and (unfinished or not model.stop_training):
                    if not self._epoch(interrupts, fresh=not unfinished):
                        break
                    unfinished = False
                state.finished = True
                # EMA: the averages take the weights' place.
                if model.optimizer is not None and model.optimizer.built:
                    model.optimizer.finalize_variable_values(model.trainable_variables)
                self.callbacks.on_train_end(state.logs)
        finally:
            state.get()
            close_progress(self.callbacks)
            state._model = state._callbacks = None
        return model.history

    def _epoch(self, interrupts: Interrupts, fresh: bool) -> bool:
        """One epoch; False where the data had ended before it began."""
        model, state = self.model, self.state
        epoch = state.epoch
        if fresh:
            model.reset_metrics()
        else:
            state.restore_metrics(model.metrics_variables)
        self.callbacks.on_epoch_begin(epoch, {})
        batches: Iterator[Any] = iter(()) if model.stop_training else self.data.epoch(epoch, state.step)
        steps = grouped(batches, model.steps_per_execution, state.step)
        try:
            logs, seen = self._batches(steps, interrupts)
        finally:
            getattr(batches, "close", lambda: None)()  # threads that load ahead end here, whatever has happened
        self.data.ended()
        if not seen and fresh:
            return False
        if not seen:  # the epoch's last batch was done already
            logs = state.logs
        if self.validation is not None and self._validates(epoch):
            numbers = model._evaluate(**self.validation, callbacks=self.callbacks)
            logs = dict(sorted({**logs, **{f"val_{name}": value for name, value in numbers.items()}}.items()))
        state.epoch, state.step = epoch + 1, 0
        state.logs = logs
        self.callbacks.on_epoch_end(epoch, logs)
        return True

    def _batches(self, steps: Iterator[tuple[int, list[Any]]], interrupts: Interrupts) -> tuple[dict[str, Any], int]:
        model, state, callbacks = self.model, self.state, self.callbacks
        logs: dict[str, Any] = {}
        end = 0
        for step, batches in steps:
            callbacks.on_train_batch_begin(step, {})
            interrupts.busy = True
            for batch in batches:
                raw = model.train_step(weighted(batch, self.class_weight))
            end = state.step = step + len(batches)
            interrupts.check()
            state.logs = logs = plain_logs(raw)
            if not self._warned and not math.isfinite(logs.get("loss", 0.0)):
                self._warn(logs["loss"], end)
            callbacks.on_train_batch_end(end - 1, logs)
            if model.stop_training:
                break
        return logs, end

    def _warn(self, loss: float, step: int) -> None:
        self._warned = True
        warnings.warn(
            f"the loss is {loss} since step {step} of epoch {self.state.epoch + 1}: lower the learning_rate, look for "
            "NaN or large numbers in the data, or set clipnorm; the callback TerminateOnNaN ends training here",
            RuntimeWarning,
            stacklevel=8,
        )

    def _validates(self, epoch: int) -> bool:
        when = self.validation_freq
        return (epoch + 1) % when == 0 if isinstance(when, INT) else epoch + 1 in when


def grouped(batches: Iterator[Any], size: int, first: int) -> Iterator[tuple[int, list[Any]]]:
    """``steps_per_execution`` batches at a time, each group with the number of its first step."""
    group: list[Any] = []
    step = first
    for batch in batches:
        group.append(batch)
        if len(group) == size:
            yield step, group
            step += size
            group = []
    if group:
        yield step, group


def prepare(model: Any, arguments: dict[str, Any]) -> Any:
    """Checks the arguments of ``fit``, opens the data, runs the loop."""
    a = arguments
    check_class_weight(a["class_weight"])
    _check_counts(a)
    (x, y, sample_weight), held = _parted(a)
    saved, backup = _saved_state(model, a["callbacks"])
    state = TrainingState().set(saved) if saved is not None else TrainingState(draw_seed())
    if saved is None:
        state.epoch = a["initial_epoch"]
    data = open_data(
        x,
        y,
        sample_weight,
        batch_size=a["batch_size"],
        shuffle=a["shuffle"],
        seed=state.seed,
        steps=a["steps_per_epoch"],
    )
    if saved is None:
        state.passes = max(0, data.passes - state.epoch)  # a second fit goes on where the first one ended
    data.passes = state.passes
    validation = None
    if held is not None:
        validation = {"data": _validation_data(held, a), "class_weight": None}
    callbacks = make_callbacks(
        model, a["callbacks"], a["verbose"], history=True,
        epochs=a["epochs"], steps=data.steps, do_validation=validation is not None,
    )  # fmt: skip
    model._fit_state = state
    if state.epoch < a["epochs"] or saved is None:
        model._make_ready(data.first(state.epoch, state.step))
    elif saved is not None:
        model._make_ready(data.first())
    if type(model).train_step is Trainer.train_step and model.weights and not model.trainable_variables:
        warnings.warn(
            "the model has no trainable weights: fit learns nothing. Set trainable to True where it is to learn",
            UserWarning,
            stacklevel=4,
        )
    if backup is not None and saved is not None:
        backup.restore(model, data.steps)
    fitting = Fitting(model, data, validation, a["validation_freq"], a["class_weight"], a["epochs"], callbacks, state)
    return fitting.run(resumed=saved is not None)


def _parted(a: dict[str, Any]) -> tuple[tuple[Any, Any, Any], Any]:
    """What is trained on, and what is held back for validation."""
    given, held = (a["x"], a["y"], a["sample_weight"]), a["validation_data"]
    if a["validation_split"] and held is None:
        given, held = split_validation(*given, a["validation_split"])
    if a["class_weight"] is not None and given[2] is not None:
        raise ValueError("class_weight and sample_weight cannot both be given: multiply them into sample_weight")
    return given, held


def _saved_state(model: Any, callbacks: Any) -> tuple[Any, Any]:
    """What an interrupted training goes on from, and the callback that kept it; None where there is none."""
    saved, model._resume_state = model.__dict__.get("_resume_state"), None
    if saved is not None:
        return saved, None
    backup = _backup(callbacks)
    return (None if backup is None else backup.read()), backup


def _backup(callbacks: Any) -> Any:
    """The callback that keeps backups of the training, or None."""
    listed = getattr(callbacks, "callbacks", callbacks)
    for callback in listed if isinstance(listed, (list, tuple)) else [listed]:
        if isinstance(callback, BackupAndRestore):
            return callback
    return None


def _check_counts(a: dict[str, Any]) -> None:
    for name, least in (("epochs", 0), ("initial_epoch", 0)):
        if isinstance(a[name], bool) or not isinstance(a[name], INT) or a[name] < least:
            raise ValueError(f"{name} must be an int of at least {least}, got {a[name]!r}")
    standard_batch_size(a["validation_batch_size"], 1, "validation_batch_size")
    when = a["validation_freq"]
    if not (isinstance(when, INT) and when >= 1) and not isinstance(when, (list, tuple, set, frozenset)):
        raise ValueError(f"validation_freq must be a positive int or a list of epochs, got {when!r}")


def _validation_data(held: Any, a: dict[str, Any]) -> Data:
    steps, size = a["validation_steps"], a["validation_batch_size"]
    if isinstance(held, (tuple, list)):
        alone = len(held) == 1 and isinstance(held[0], (np.ndarray, Tensor))  # for losses that need no targets
        if not alone and not 2 <= len(held) <= 3:
            raise ValueError(f"validation_data must be (x, y) or (x, y, sample_weight), got {len(held)} parts")
        x, y, sample_weight = (*held, None, None)[:3]
        size = a["batch_size"] if size is None else size
        return open_data(x, y, sample_weight, batch_size=size, steps=steps, argument="validation_steps")
    return open_data(held, batch_size=size, steps=steps, argument="validation_steps")
