"""Callbacks that end training: when it no longer helps, when it broke."""

import math
from typing import Any

import numpy as np

from fastcnn.callbacks.callback import Callback
from fastcnn.callbacks.monitor import MonitorCallback

__all__ = ["EarlyStopping", "TerminateOnNaN"]


class EarlyStopping(MonitorCallback):
    """Stops when the monitored number has not improved for some epochs.

    Args:
        monitor: the number's name in the logs.
        min_delta: a smaller change is no improvement.
        patience: how many epochs without improvement to wait for a better one.
        verbose: 1 says when and why it stopped.
        mode: "min", "max" or "auto".
        baseline: improvements must also pass this value, or patience runs out.
        restore_best_weights: whether to go back to the best epoch's weights at the end; else the last ones stay.
        start_from_epoch: the number is not looked at before.

    Example:
        >>> EarlyStopping(patience=3, restore_best_weights=True).monitor
        'val_loss'
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ):
        super().__init__(monitor, mode, None, min_delta)
        if patience < 0:
            raise ValueError(f"patience must be 0 or more, got {patience}")
        self.patience, self.verbose, self.baseline = patience, verbose, baseline
        self.restore_best_weights, self.start_from_epoch = restore_best_weights, start_from_epoch
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best_weights: list[np.ndarray[Any, Any]] | None = None
        self._resumed = False

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forgets an earlier ``fit``, unless this one continues it from a checkpoint."""
        if self._resumed:
            self._resumed = False
            return
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best = self.best_weights = None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Compares, and stops training where patience has run out."""
        value = self._value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if self._improves(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self._improves(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Brings the best weights back, where asked to."""
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                print(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)

    def get_state(self) -> dict[str, Any]:
        """What a checkpoint must hold to continue."""
        return {
            "best": self.best,
            "wait": self.wait,
            "stopped_epoch": self.stopped_epoch,
            "best_epoch": self.best_epoch,
            "best_weights": self.best_weights,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Continues from a checkpoint."""
        self.best, self.wait, self.best_epoch = state["best"], state["wait"], state["best_epoch"]
        self.best_weights, self.stopped_epoch = state["best_weights"], state["stopped_epoch"]
        self._resumed = True


class TerminateOnNaN(Callback):
    """Stops as soon as a batch's loss is not a finite number.

    Args:
        raise_error: raises instead of stopping.

    Example:
        >>> callback = TerminateOnNaN()
    """

    def __init__(self, raise_error: bool = False):
        super().__init__()
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks at the loss."""
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            if self.raise_error:
                raise RuntimeError(f"the loss became {float(loss)} at batch {batch}")
            print(f"Batch {batch}: Invalid loss, terminating training")
            self.model.stop_training = True
