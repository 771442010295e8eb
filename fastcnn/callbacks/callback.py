"""Callback: what a program may do at each moment of training."""

from typing import Any

from fastcnn.checked import Checked

__all__ = ["Callback"]

Logs = dict[str, Any] | None


class Callback(Checked):
    """The base of callbacks. Every method is called at the moment it is named after; override those you need.

    ``self.model`` is the model, ``self.params`` a dict with "epochs", "steps", "verbose". Set
    ``self.model.stop_training`` to True to end training after the batch.

    Example:
        >>> class Shout(Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         print(f"epoch {epoch} has ended, loss {logs['loss']:.3f}")
        >>> Shout().on_epoch_end(0, {"loss": 0.5})
        epoch 0 has ended, loss 0.500
    """

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}
        self._model: Any = None

    @property
    def model(self) -> Any:
        """The model in training."""
        return self.__dict__.get("_model")

    def set_params(self, params: dict[str, Any]) -> None:
        """Called before training, with "epochs", "steps" and "verbose"."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Called before training."""
        self._model = model

    def get_state(self) -> dict[str, Any]:
        """What a checkpoint must hold for this callback to continue: plain numbers and arrays."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continues from what ``get_state`` gave."""

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """The old name of ``on_train_batch_begin``."""

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """The old name of ``on_train_batch_end``."""

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """An epoch begins; ``epoch`` counts from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """An epoch has ended; ``logs`` holds the losses and metrics, those of validation with ``val_``."""

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """A batch of training begins; ``batch`` counts from 0 in each epoch."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """A batch of training has ended; ``logs`` holds the means since the epoch began."""
        self.on_batch_end(batch, logs)

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """A batch of evaluation begins."""

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """A batch of evaluation has ended."""

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """A batch of prediction begins."""

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """A batch of prediction has ended; ``logs["outputs"]`` holds what came out."""

    def on_train_begin(self, logs: Logs = None) -> None:
        """``fit`` begins."""

    def on_train_end(self, logs: Logs = None) -> None:
        """``fit`` ends; ``logs`` is that of the last epoch."""

    def on_test_begin(self, logs: Logs = None) -> None:
        """``evaluate``, or validation within ``fit``, begins."""

    def on_test_end(self, logs: Logs = None) -> None:
        """``evaluate``, or validation within ``fit``, ends."""

    def on_predict_begin(self, logs: Logs = None) -> None:
        """``predict`` begins."""

    def on_predict_end(self, logs: Logs = None) -> None:
        """``predict`` ends."""
