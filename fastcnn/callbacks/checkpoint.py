"""ModelCheckpoint: the model, or its weights, written to files as training goes."""

import string
import warnings
from pathlib import Path
from typing import Any

from fastcnn.callbacks.counting import Every
from fastcnn.callbacks.monitor import MonitorCallback, find, spellings

__all__ = ["ModelCheckpoint"]

WEIGHTS = (".weights.h5", ".safetensors", ".npz", ".fastcnn")
MODELS = (".keras", ".fastcnn")


class ModelCheckpoint(MonitorCallback):
    """Writes the model after each epoch, or only when it is the best so far.

    The file's name may contain the epoch (from 1) and any logged number, as in
    ``"weights.{epoch:03d}-{val_loss:.4f}-{acc:.4f}.weights.h5"``; names that will not be there are refused before
    training. The best value is kept with the model: a second ``fit`` with a new ModelCheckpoint for the same file does
    not overwrite the better one. Epochs without validation (``validation_freq``) write nothing where the best of a
    ``val_`` number is asked for or the file's name contains one.

    Args:
        filepath: ``.keras`` or ``.fastcnn`` for whole models; ``.weights.h5``, ``.safetensors``, ``.npz`` for weights.
        monitor: the number that tells which is best.
        verbose: 1 says what is written.
        save_best_only: whether to write only improvements.
        save_weights_only: whether to write only the weights; always so for ``.weights.h5``, ``.safetensors``, ``.npz``.
        mode: "min", "max" or "auto".
        save_freq: "epoch", or a number of batches.
        initial_value_threshold: what the first value must improve upon.
        max_to_keep: how many files of this callback to keep, the newest; None for all.
        save_weight_only: another spelling of save_weights_only.

    Example:
        >>> callback = ModelCheckpoint("weights.{epoch:03d}-{val_loss:.4f}.weights.h5", save_best_only=True)
    """

    def __init__(
        self,
        filepath: Any,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: Any = "epoch",
        initial_value_threshold: float | None = None,
        *,
        max_to_keep: int | None = None,
        save_weight_only: bool | None = None,
    ):
        super().__init__(monitor, mode, initial_value_threshold)
        if save_weight_only is not None:
            warnings.warn("save_weight_only is taken for save_weights_only", stacklevel=3)
            save_weights_only = save_weight_only
        self.filepath, self.verbose, self.save_best_only = str(filepath), verbose, save_best_only
        only_weights = tuple(suffix for suffix in WEIGHTS if suffix not in MODELS)
        self.save_weights_only = save_weights_only or self.filepath.endswith(only_weights)
        allowed = WEIGHTS if self.save_weights_only else MODELS + only_weights
        if not self.filepath.endswith(allowed):
            raise ValueError(f"filepath must end with one of {', '.join(allowed)}, got {self.filepath!r}")
        if max_to_keep is not None and max_to_keep < 1:
            raise ValueError(f"max_to_keep must be 1 or more, got {max_to_keep}")
        self.save_freq, self.max_to_keep = save_freq, max_to_keep
        self.fields = _fields(self.filepath)
        self._every = Every(save_freq)
        self._epoch = 0
        self._written: list[str] = []
        self._resumed = False
        self.logged_before: set[str] | None = set()  # by callbacks before this one; None where nobody knows

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Checks the file's name against what will be logged, and takes over the best value of an earlier ``fit``."""
        if self.save_freq != "epoch" or self.logged_before is not None:
            self._check_fields()
        kept = self._kept().get(self._key())
        if self._resumed and self.best is not None and kept is None:
            self._kept()[self._key()] = self.best
        self._resumed = False
        if kept is not None and (self.best is None or self._improves(kept, self.best)):
            self.best = kept

    def _check_fields(self) -> None:
        by_epoch = self.save_freq == "epoch"
        expected = self.model.expected_logs(by_epoch and bool(self.params.get("do_validation")))
        if by_epoch:
            expected |= self.logged_before or set()
        for field in self.fields:
            if field in ("epoch", "batch") or any(s in expected for s in spellings(field)):
                continue
            hint = ""
            if field.startswith("val_"):
                hint = (
                    ": give fit validation_data or validation_split" if by_epoch else " where save_freq counts batches"
                )
            raise ValueError(
                f"filepath {self.filepath!r} asks for {{{field}}}, which will not be logged{hint}. "
                f"There will be: epoch, {', '.join(sorted(expected))}"
            )

    def _kept(self) -> dict[Any, float]:
        """The best values that the model remembers."""
        kept: dict[Any, float] = self.model.__dict__.setdefault("_best_values", {})
        return kept

    def _key(self) -> tuple[str, str]:
        return str(Path(self.filepath).absolute()), self.monitor

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Notes the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes, where ``save_freq`` counts batches."""
        if self._every.due(batch):
            self._write(self._epoch, batch, logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes, where ``save_freq`` is the epoch."""
        if self.save_freq == "epoch":
            self._write(epoch, None, logs)

    def _write(self, epoch: int, batch: int | None, logs: dict[str, Any] | None) -> None:
        logs = logs or {}
        missing = [f for f in self.fields if f.startswith("val_") and find(logs, f) is None]
        if missing and self.params.get("do_validation"):
            return  # no validation in this epoch
        path = self._path(epoch, batch, logs)
        if self.save_best_only:
            value = self._value(logs)
            if value is None:
                return
            if not self._improves(value, self.best):
                if self.verbose:
                    print(f"\nEpoch {epoch + 1}: {self.monitor} did not improve from {self.best:.5f}")
                return
            if self.verbose:
                before = "None" if self.best is None else f"{self.best:.5f}"
                print(
                    f"\nEpoch {epoch + 1}: {self.monitor} improved from {before} to {value:.5f}, saving model to {path}"
                )
            self.best = self._kept()[self._key()] = value
        elif self.verbose:
            print(f"\nEpoch {epoch + 1}: saving model to {path}")
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        self._forget_old(path)

    def _path(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> str:
        values: dict[str, Any] = {"epoch": epoch + 1, "batch": 0 if batch is None else batch + 1}
        for field in self.fields:
            if field not in values:
                found = find(logs, field)
                if found is None:
                    raise KeyError(f"filepath {self.filepath!r} asks for {{{field}}}, but the logs have {sorted(logs)}")
                values[field] = found
        return self.filepath.format(**values)

    def _forget_old(self, path: str) -> None:
        if path in self._written:
            self._written.remove(path)
        self._written.append(path)
        while self.max_to_keep is not None and len(self._written) > self.max_to_keep:
            Path(self._written.pop(0)).unlink(missing_ok=True)

    def get_state(self) -> dict[str, Any]:
        """What a checkpoint must hold to continue."""
        return {"best": self.best, "every": self._every.get_state(), "written": list(self._written)}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continues from a checkpoint."""
        self.best, self._written = state["best"], list(state["written"])
        self._every.set_state(state["every"])
        self._resumed = True


def _fields(filepath: str) -> list[str]:
    """The names in a template, which is tried out: better now than after an hour of training."""
    try:
        fields = [field for _, field, _, _ in string.Formatter().parse(filepath) if field is not None]
        if "" in fields:
            raise ValueError("a field has no name")
        filepath.format(**{field: 1 if field in ("epoch", "batch") else 0.5 for field in fields})
    except (ValueError, KeyError, AttributeError, IndexError, TypeError) as error:
        raise ValueError(f"filepath {filepath!r} is no valid template: {error}") from None
    return fields
