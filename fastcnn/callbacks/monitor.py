"""Callbacks that watch one number of the logs and know which way is better."""

import math
import warnings
from typing import Any

from fastcnn.callbacks.callback import Callback

__all__ = ["MonitorCallback"]

_UP = (
    "accuracy",
    "acc",
    "auc",
    "precision",
    "recall",
    "f1_score",
    "fbeta_score",
    "r2_score",
    "iou",
    "cosine_similarity",
)


class MonitorCallback(Callback):
    """The base of callbacks that compare a logged number with the best so far.

    Args:
        monitor: the number's name in the logs. "acc" and "accuracy" mean each other.
        mode: "min", "max", or "auto": by the metric's name or its own direction.
        baseline: what the first value must improve upon.
        min_delta: a smaller change is no improvement.
    """

    def __init__(
        self, monitor: str = "val_loss", mode: str = "auto", baseline: float | None = None, min_delta: float = 0.0
    ):
        super().__init__()
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"mode must be 'auto', 'min' or 'max', got {mode!r}")
        if not isinstance(monitor, str):
            raise TypeError(f"monitor must be the name of a number in the logs, got {monitor!r}")
        self.monitor, self.mode = monitor, mode
        self.min_delta = abs(float(min_delta))
        self.best: float | None = baseline
        self._upwards: bool | None = {"min": False, "max": True, "auto": None}[mode]

    def _direction(self) -> bool:
        """Whether more is better."""
        if self._upwards is None:
            name = self.monitor.removeprefix("val_")
            metrics = {m.name: m for m in _plain_metrics(getattr(self.model, "metrics", None) or [])}
            own = getattr(metrics.get(name), "_direction", None)
            if own is not None:
                self._upwards = own == "up"
            elif any(name == up or name.endswith("_" + up) or name.startswith("top_k") for up in _UP):
                self._upwards = True
            elif name == "loss" or name.endswith(("_loss", "error", "_entropy", "crossentropy")):
                self._upwards = False
            else:
                raise ValueError(
                    f"{type(self).__name__} cannot tell whether {self.monitor!r} should grow or shrink: "
                    "pass mode='max' or mode='min'"
                )
        return self._upwards

    def _improves(self, value: float, reference: float | None) -> bool:
        if reference is None:
            return not math.isnan(value)
        return value - self.min_delta > reference if self._direction() else value + self.min_delta < reference

    def _value(self, logs: dict[str, Any] | None) -> float | None:
        value = find(logs or {}, self.monitor)
        if value is None:
            warnings.warn(
                f"{type(self).__name__} watches {self.monitor!r}, which is not in the logs; there are: "
                f"{', '.join(logs or {}) or 'none'}"
                + (". Give fit validation_data or validation_split" if self.monitor.startswith("val_") else ""),
                stacklevel=3,
            )
        return value

    def get_state(self) -> dict[str, Any]:
        """What a checkpoint must hold to continue."""
        return {"best": self.best}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continues from a checkpoint."""
        self.best = state["best"]


def _plain_metrics(metrics: Any) -> list[Any]:
    found = []
    for metric in metrics:
        inner = getattr(metric, "metrics", None)
        found += _plain_metrics(inner) if inner else [metric]
    return found


def spellings(name: str) -> list[str]:
    """``acc`` and ``accuracy`` are one word, with and without ``val_``."""
    prefix = "val_" if name.startswith("val_") else ""
    word = name.removeprefix("val_")
    return [name, prefix + {"acc": "accuracy", "accuracy": "acc"}[word]] if word in ("acc", "accuracy") else [name]


def find(logs: dict[str, Any], name: str) -> float | None:
    """A number of the logs under either spelling."""
    for spelling in spellings(name):
        if logs.get(spelling) is not None:
            value = logs[spelling]
            if getattr(value, "ndim", 0):
                raise ValueError(
                    f"{spelling!r} has a number for each class, {value.tolist()}, which cannot be compared: give the "
                    "metric average='macro'"
                )
            return float(value)
    return None
