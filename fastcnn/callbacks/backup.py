"""BackupAndRestore: a training that was killed goes on where it was, to the same bits."""

import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from fastcnn import random
from fastcnn.callbacks.callback import Callback
from fastcnn.callbacks.counting import Every

__all__ = ["BackupAndRestore"]


class BackupAndRestore(Callback):
    """Keeps a backup of the training in a folder; ``fit``, called again after a crash, goes on from there.

    The backup is one file, written at once or not at all: weights and all other variables, the state of the optimizer,
    the random generators, the position in the data, the sums of the metrics, the states of all callbacks of this
    ``fit``. The training that goes on ends with the same bits as one that was never interrupted, wherever the data can
    be indexed or a generator starts from its beginning again. Make model, data and callbacks as before, then call
    ``fit`` as before.

    It is called after all other callbacks, wherever it stands in the list. Callbacks of your own keep their state in
    ``get_state`` and ``set_state``; an epoch that goes on in its middle calls ``on_epoch_begin`` again.

    Args:
        backup_dir: the folder; for one training at a time.
        save_freq: "epoch", or a number of batches.
        double_checkpoint: whether to keep the backup before the last one too, for disks that lose data.
        delete_checkpoint: whether the backup is deleted when ``fit`` has come to its end. If not, a further ``fit``
            goes on from that end: with a greater number of epochs it trains the rest.

    Example:
        >>> callback = BackupAndRestore("backup", save_freq=100)
    """

    _after_others = True

    def __init__(
        self,
        backup_dir: Any,
        save_freq: Any = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ):
        super().__init__()
        if not str(backup_dir):
            raise ValueError("backup_dir must be the path of a folder, got an empty one")
        self.backup_dir, self.save_freq = Path(backup_dir), save_freq
        self.double_checkpoint, self.delete_checkpoint = double_checkpoint, delete_checkpoint
        self._every = Every(save_freq)
        self._latest, self._previous = self.backup_dir / "latest.fastcnn", self.backup_dir / "previous.fastcnn"
        self._found: tuple[Path, dict[str, Any], Callable[[Any], None]] | None = None

    # ---- fit calls these two before training

    def read(self) -> dict[str, Any] | None:
        """Where the training stood that the backup is of; None where there is no backup."""
        self._found = None
        for path in (self._latest, self._previous):
            if path.is_file():
                self._found = self._open(path)
            if self._found is not None:
                saved: dict[str, Any] = self._found[1]["fit"]
                return saved
        return None

    def _open(self, path: Path) -> tuple[Path, dict[str, Any], Callable[[Any], None]] | None:
        from fastcnn.saving.native import read_state

        try:
            training, assign = read_state(path)
        except (ValueError, OSError) as error:
            if path == self._latest and self._previous.is_file():
                warnings.warn(f"the last backup cannot be read, so the one before is used: {error}", stacklevel=6)
                return None
            raise ValueError(f"the backup cannot be read; delete {self.backup_dir} to begin anew: {error}") from error
        if not isinstance(training, dict) or not {"fit", "random", "optimizer", "steps"} <= set(training):
            raise ValueError(f"{path} is no backup of a training; give BackupAndRestore a folder of its own")
        return path, training, assign

    def restore(self, model: Any, steps: int | None) -> None:
        """Puts the model, once it is built, into the state that ``read`` has found.

        Args:
            model: built and compiled.
            steps: in an epoch of this ``fit``.
        """
        assert self._found is not None
        path, training, assign = self._found
        self._found = None
        anew = f"; go on as it was, or delete {self.backup_dir} to begin anew"
        kind, count = training["optimizer"]
        own, variables = _optimizer(model)
        if count and (kind, count) != (own, variables):
            raise ValueError(
                f"{path} is the backup of a training with {kind} ({count} variables), but the model is compiled with "
                f"{own} ({variables} variables){anew}"
            )
        if training["fit"]["step"] and training["steps"] != steps:
            raise ValueError(
                f"{path} stands at step {training['fit']['step']} of {training['steps']} of an epoch, but this fit has "
                f"{steps} steps: the data or batch_size changed{anew}"
            )
        try:
            assign(model)
        except ValueError as error:
            raise ValueError(f"{error}\nThe backup is of another model{anew}") from None
        random.set_global_state(*training["random"])

    # ---- hooks

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Removes what a killed process left half-written, and writes the beginning: an interrupt may come any time."""
        for path in self.backup_dir.glob(".*.fastcnn.*.tmp"):
            path.unlink(missing_ok=True)
        if not self._latest.is_file() and not self._previous.is_file():
            self._write()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes the backup, where ``save_freq`` counts batches."""
        if self._every.due(batch):
            self._write()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes the backup, where ``save_freq`` is the epoch."""
        if self.save_freq == "epoch":
            self._write()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Deletes the backup, or writes the last one."""
        if not self.delete_checkpoint:
            self._write()
            return
        for path in (self._previous, self._latest):
            path.unlink(missing_ok=True)
        with suppress(OSError):  # something else is in it, or it never was
            self.backup_dir.rmdir()

    def _write(self) -> None:
        from fastcnn.saving.native import save_state

        model = self.model
        training = {
            "fit": model._fit_state.get(),
            "random": random.global_state(),
            "optimizer": _optimizer(model),
            "steps": self.params.get("steps"),
        }
        if self.double_checkpoint and self._latest.is_file():
            self._latest.replace(self._previous)
        save_state(model, self._latest, training)

    def get_state(self) -> dict[str, Any]:
        """What a checkpoint must hold to continue."""
        return self._every.get_state()

    def set_state(self, state: dict[str, Any]) -> None:
        """Continues from a checkpoint."""
        self._every.set_state(state)


def _optimizer(model: Any) -> tuple[str, int]:
    """Of which kind the optimizer is, and how many variables it keeps."""
    optimizer = model.optimizer
    if not optimizer.built:
        optimizer.build(model.trainable_variables)
    return type(optimizer).__name__, len(optimizer.variables)
