"""The best weights over several fits, by the first of some numbers; where that stays the same, by the next."""

import math
from typing import Any

import numpy as np

from fastcnn.callbacks.callback import Callback
from fastcnn.callbacks.monitor import MonitorCallback, find
from fastcnn.training.arrays import unpack

__all__ = ["BestWeights", "monitored"]


def monitored(logs: dict[str, Any]) -> tuple[str, ...]:
    """What tells which epoch is best: an accuracy of validation, where there is one, then the loss of validation.

    The loss alone would do no good: of a classifier that becomes surer of itself it falls, while fewer of its answers
    are right. The accuracy of few samples is often the same twice; then the loss tells more.

    Args:
        logs: the numbers of an epoch.

    Example:
        >>> monitored({"loss": 1.0, "val_loss": 1.2, "val_accuracy": 0.5}), monitored({"loss": 1.0, "val_loss": 1.2})
        (('val_accuracy', 'val_loss'), ('val_loss',))
    """
    for name in logs:
        word = name.removeprefix("val_")
        accuracy = word in ("acc", "accuracy") or (word.endswith("_accuracy") and "top_k" not in word)
        if accuracy and word != name:
            return name, "val_loss"
    return ("val_loss",)


class BestWeights(Callback):
    """Keeps the weights of the best epoch; of equal ones, the first.

    Args:
        monitors: names of logged numbers; each decides where those before it are the same. None: ``monitored`` of the
            first logs with numbers of validation.
        mode: of the first: "min", "max" or "auto".

    Attributes:
        monitor: the first number's name.
        best: its best value.
        epoch: the epoch it is from; None before the first, and where nothing was better than what ``begin`` measured.
        weights: of that epoch.

    Example:
        >>> best = BestWeights(("val_accuracy", "val_loss"))
        >>> best.better({"val_accuracy": 0.5, "val_loss": 2.0})
        True
    """

    _after_others = True

    def __init__(self, monitors: tuple[str, ...] | None = None, mode: str = "auto"):
        super().__init__()
        self.mode = mode
        self._rules: list[MonitorCallback] = []
        if monitors is not None:
            self._watch(monitors)
        self.epoch: int | None = None
        self.weights: list[np.ndarray[Any, Any]] | None = None

    @property
    def monitor(self) -> str:
        """The first number's name."""
        return self._rules[0].monitor if self._rules else "val_loss"

    @property
    def best(self) -> float | None:
        """The first number's best value."""
        return self._rules[0].best if self._rules else None

    def _watch(self, monitors: tuple[str, ...]) -> None:
        self._rules = [MonitorCallback(name, "auto" if k else self.mode) for k, name in enumerate(monitors)]

    def set_model(self, model: Any) -> None:
        """The model knows which way its metrics should go."""
        super().set_model(model)
        for rule in self._rules:
            rule.set_model(model)

    def begin(self, validation_data: Any, batch_size: Any, steps: Any) -> None:
        """What the model can do before it is trained is the first to compare with."""
        x, y, weights = unpack(validation_data)
        logs = self.model.evaluate(x, y, batch_size, sample_weight=weights, steps=steps, verbose=0, return_dict=True)
        logs = {f"val_{name}": number for name, number in logs.items()}
        if (not self._rules or find(logs, self.monitor) is not None) and self.better(logs):
            self.weights = self.model.get_weights()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Compares."""
        if self.better(logs or {}):
            self.epoch, self.weights = epoch, self.model.get_weights()

    def better(self, logs: dict[str, Any]) -> bool:
        """Whether these numbers are the best so far; if so, they are kept."""
        if not self._rules:
            if not any(name.startswith("val_") for name in logs):
                return False  # no validation in this epoch
            self._watch(monitored(logs))
            self.set_model(self.model)
        first, *others = self._rules
        values = [first._value(logs), *(find(logs, rule.monitor) for rule in others)]
        for rule, value in zip(self._rules, values, strict=True):
            if value is None:
                return False
            if rule._improves(value, rule.best):
                for kept, number in zip(self._rules, values, strict=True):
                    kept.best = None if number is None or math.isnan(number) else number
                return True
            if value != rule.best:
                return False
        return False
