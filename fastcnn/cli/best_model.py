"""What training is after: the best model so far, in its file."""

import math
from typing import Any

from fastcnn.callbacks.monitor import MonitorCallback
from fastcnn.cli import notes

__all__ = ["BestModel"]


class BestModel(MonitorCallback):
    """Writes the model whenever it is better than before, in any of several fits, and keeps the numbers of all epochs.

    Args:
        model: the whole model, also where a fit trains a part of it.
        path: of the file.
        about: the notes in the file.
        monitor: the number that decides, "val_loss" or "loss".

    Attributes:
        epochs: the numbers of each epoch, with its phase: "train", "head" or "tune".
        best_epoch: its place in ``epochs``; None before the first.
    """

    def __init__(self, model: Any, path: Any, about: dict[str, Any], monitor: str):
        super().__init__(monitor, "min")
        self.whole, self.path, self.about = model, path, about
        self.epochs: list[dict[str, Any]] = []
        self.best_epoch: int | None = None
        self.phase = "train"

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Notes the numbers, and writes."""
        numbers = {name: float(value) if math.isfinite(value) else None for name, value in (logs or {}).items()}
        self.epochs.append({"phase": self.phase, **numbers})
        value = self._value(logs)
        if value is not None and math.isfinite(value) and self._improves(value, self.best):
            self.best, self.best_epoch = value, len(self.epochs) - 1
            notes.save(self.whole, self.path, {**self.about, "best": self.epochs[-1]})

    def get_state(self) -> dict[str, Any]:
        """What a backup must hold to continue."""
        return {"best": self.best, "epochs": self.epochs, "best_epoch": self.best_epoch}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continues from a backup."""
        self.best, self.epochs, self.best_epoch = state["best"], list(state["epochs"]), state["best_epoch"]
