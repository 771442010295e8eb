"""ProgbarLogger: how far training is, for people."""

from typing import Any

from fastcnn.callbacks.callback import Callback
from fastcnn.training.progress import Progress

__all__ = ["ProgbarLogger"]


class ProgbarLogger(Callback):
    """Shows how far it is, the losses and the metrics. ``fit(verbose=...)`` adds it.

    On a terminal or in a notebook a bar with the time left; elsewhere, and with ``verbose=2``, one line an epoch.

    Example:
        >>> ProgbarLogger().set_params({"verbose": 0, "epochs": 1, "steps": 3})
    """

    def __init__(self) -> None:
        super().__init__()
        self.progress: Progress | None = None
        self._training = False

    def _start(self) -> None:
        self.progress = Progress(self.params.get("steps"), self.params.get("verbose", "auto"))

    def _finish(self, logs: dict[str, Any] | None) -> None:
        if self.progress is not None:
            self.progress.finish(logs or {})
            self.progress = None

    def close(self) -> None:
        """Leaves the bar as it is: something went wrong."""
        if self.progress is not None:
            self.progress.close()
            self.progress = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """From here on, evaluation is part of training and has no bar of its own."""
        self._training = True

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Starts a bar."""
        epochs = self.params.get("epochs") or 1
        if epochs > 1 and self.params.get("verbose", "auto"):
            print(f"Epoch {epoch + 1}/{epochs}", flush=True)
        self._start()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Moves the bar, now and then."""
        if self.progress is not None:
            self.progress.update(batch + 1, logs or {})

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Ends the bar, with the epoch's numbers."""
        self._finish(logs)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Evaluation has a bar of its own again."""
        self._training = False

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Starts a bar."""
        if not self._training:
            self._start()

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Moves the bar, now and then."""
        if not self._training and self.progress is not None:
            self.progress.update(batch + 1, logs or {})

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Ends the bar."""
        if not self._training:
            self._finish(logs)

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Starts a bar."""
        self._start()

    def on_predict_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Moves the bar, now and then."""
        if self.progress is not None:
            self.progress.update(batch + 1, {})

    def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
        """Ends the bar."""
        self._finish({})
