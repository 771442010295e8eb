"""SwapEMAWeights: evaluate, and save, the moving average of the weights."""

from typing import Any

from fastcnn.callbacks.callback import Callback

__all__ = ["SwapEMAWeights"]


class SwapEMAWeights(Callback):
    """Puts the optimizer's moving averages in the weights' place during evaluation and prediction.

    Needs an optimizer with ``use_ema=True``, which leaves the averages in the model when ``fit`` ends.

    Args:
        swap_on_epoch: also at the end of each epoch, before other callbacks such as ModelCheckpoint save the model; put
            this callback before them.

    Example:
        >>> callback = SwapEMAWeights()
    """

    def __init__(self, swap_on_epoch: bool = False):
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._held: list[Any] | None = None  # the weights themselves, while the averages stand in their place

    def _optimizer(self) -> Any:
        optimizer = self.model.optimizer
        if not getattr(optimizer, "use_ema", False):
            raise ValueError("SwapEMAWeights needs an optimizer with use_ema=True")
        return optimizer

    def _show_averages(self) -> None:
        optimizer = self._optimizer()
        if optimizer.built and self._held is None:
            self._held = [v.numpy() for v in optimizer._trainable_variables]
            self._assign(optimizer._model_variables_moving_average)

    def _show_weights(self) -> None:
        optimizer = self._optimizer()
        if optimizer.built and self._held is not None:
            held, self._held = self._held, None
            self._assign(held)

    def _assign(self, values: list[Any]) -> None:
        for v, value in zip(self.model.optimizer._trainable_variables, values, strict=True):
            v.assign(value)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Training goes on with the weights themselves."""
        self._show_weights()

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Evaluation sees the averages."""
        self._show_averages()

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Back to the weights."""
        self._show_weights()

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Prediction sees the averages."""
        self._show_averages()

    def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
        """Back to the weights."""
        self._show_weights()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Other callbacks see the averages, where asked to."""
        if self.swap_on_epoch:
            self._show_averages()
        else:
            self._show_weights()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """The optimizer has left the averages in the model: nothing is put back."""
        self._held = None

    def get_state(self) -> dict[str, Any]:
        """What a checkpoint must hold to continue."""
        return {"held": self._held}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continues from a checkpoint."""
        self._held = state["held"]
