"""Where a training stands: enough, with the weights, the optimizer and the random generators, to go on bit by bit."""

from typing import Any

import numpy as np

__all__ = ["TrainingState"]


class TrainingState:
    """The position of a ``fit``: kept in ``model._fit_state`` while it runs and afterwards.

    ``get()`` gives a dict of numbers, strings, lists and arrays. To go on, load the model as it was at that moment
    (weights, optimizer, random generators), then ``model._resume_state = get()``'s dict, and call ``fit`` as before.

    ``seed``: of the order of the data in this fit. ``passes``: through the data before it. ``epoch``, ``step``: what
    comes next. ``metrics``: sums so far. ``logs``: the last ones. ``stopped``: a callback has asked for the end.

    Example:
        >>> state = TrainingState(seed=7)
        >>> state.epoch, state.step = 2, 31
        >>> TrainingState().set(state.get()).step
        31
    """

    def __init__(self, seed: int = 0, model: Any = None, callbacks: Any = None):
        self.seed, self.epoch, self.step = int(seed), 0, 0
        self.passes = 0
        self.finished = self.stopped = False
        self.logs: dict[str, Any] = {}
        self._model, self._callbacks = model, callbacks
        self.metrics: list[Any] = []
        self.callbacks: dict[str, Any] = {}

    def get(self) -> dict[str, Any]:
        """All of it, as plain data."""
        if self._model is not None:
            self.metrics = [v.numpy() for v in self._model.metrics_variables]
            self.callbacks = self._callbacks.get_state()
            self.stopped = bool(self._model.stop_training)
        return {
            "seed": self.seed,
            "epoch": self.epoch,
            "step": self.step,
            "passes": self.passes,
            "finished": self.finished,
            "stopped": self.stopped,
            "logs": dict(self.logs),
            "metrics": [np.array(a) for a in self.metrics],
            "callbacks": self.callbacks,
        }

    def set(self, saved: dict[str, Any]) -> "TrainingState":
        """Takes over what ``get`` gave."""
        missing = {"seed", "epoch", "step", "metrics"} - set(saved)
        if missing:
            raise ValueError(f"a training state needs {sorted(missing)}, got {sorted(saved)}")
        self.seed, self.epoch, self.step = int(saved["seed"]), int(saved["epoch"]), int(saved["step"])
        self.passes = int(saved.get("passes", 0))
        self.finished = bool(saved.get("finished", False))
        self.stopped = bool(saved.get("stopped", False)) and not self.finished  # who goes on from the end wants more
        self.logs = dict(saved.get("logs", {}))
        self.metrics = [np.asarray(a) for a in saved["metrics"]]
        self.callbacks = dict(saved.get("callbacks", {}))
        return self

    def restore_metrics(self, variables: list[Any]) -> None:
        """Puts the sums so far back, in the middle of an epoch."""
        if len(variables) != len(self.metrics):
            raise ValueError(
                f"the training state holds {len(self.metrics)} sums of metrics, the model has {len(variables)}: "
                "compile it with the same loss and metrics"
            )
        for variable, value in zip(variables, self.metrics, strict=True):
            variable.assign(value)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.get(), "_": None}

    def __setstate__(self, saved: dict[str, Any]) -> None:
        self._model = self._callbacks = None
        self.set(saved)
