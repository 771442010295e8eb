"""Callbacks that change the learning rate."""

from collections.abc import Callable
from typing import Any

from fastcnn.callbacks.callback import Callback
from fastcnn.callbacks.monitor import MonitorCallback
from fastcnn.checked import is_number

__all__ = ["LearningRateScheduler", "ReduceLROnPlateau"]


class ReduceLROnPlateau(MonitorCallback):
    """Multiplies the learning rate by ``factor`` when the monitored number has not improved for some epochs.

    Args:
        monitor: the number's name in the logs.
        factor: below 1.
        patience: how many epochs without improvement to wait.
        verbose: 1 says when the rate changes.
        mode: "min", "max" or "auto".
        min_delta: a smaller change is no improvement.
        cooldown: how many epochs to wait after a change before counting again.
        min_lr: the rate never goes below.

    Example:
        >>> ReduceLROnPlateau(patience=2).factor
        0.1
    """

    _logged_names = ("learning_rate",)

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: Any,
    ):
        if kwargs:
            word = next(iter(kwargs))
            hint = "; it is called min_delta" if word == "epsilon" else ""
            raise TypeError(f"ReduceLROnPlateau got an unknown argument {word!r}{hint}")
        super().__init__(monitor, mode, None, min_delta)
        if factor >= 1.0:
            raise ValueError(f"factor must be below 1, got {factor}: the learning rate would not get smaller")
        self.factor, self.patience, self.verbose, self.cooldown, self.min_lr = (
            factor,
            patience,
            verbose,
            cooldown,
            min_lr,
        )
        self.wait = self.cooldown_counter = 0
        self._resumed = False

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forgets an earlier ``fit``, unless this one continues it from a checkpoint."""
        if self._resumed:
            self._resumed = False
            return
        self.best, self.wait, self.cooldown_counter = None, 0, 0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Compares, and lowers the learning rate where patience has run out."""
        optimizer = self.model.optimizer
        if logs is not None:
            logs["learning_rate"] = float(optimizer.learning_rate)
        value = self._value(logs)
        if value is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self._improves(value, self.best):
            self.best, self.wait = value, 0
        elif self.cooldown_counter <= 0:
            self.wait += 1
            before = float(optimizer.learning_rate)
            if self.wait >= self.patience and before > self.min_lr:
                after = max(before * self.factor, self.min_lr)
                optimizer.learning_rate = after
                self.cooldown_counter, self.wait = self.cooldown, 0
                if self.verbose:
                    print(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {after}.")

    def get_state(self) -> dict[str, Any]:
        """What a checkpoint must hold to continue."""
        return {"best": self.best, "wait": self.wait, "cooldown_counter": self.cooldown_counter}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continues from a checkpoint."""
        self.best, self.wait, self.cooldown_counter = state["best"], state["wait"], state["cooldown_counter"]
        self._resumed = True


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch.

    Args:
        schedule: ``schedule(epoch, learning_rate)`` or ``schedule(epoch)``, returns the new rate; epochs count from 0.
        verbose: 1 says which rate is set.

    Example:
        >>> callback = LearningRateScheduler(lambda epoch, rate: rate * 0.9)
    """

    _logged_names = ("learning_rate",)

    def __init__(self, schedule: Callable[..., float], verbose: int = 0):
        super().__init__()
        if not callable(schedule):
            raise TypeError(f"schedule must be a function of the epoch, got {schedule!r}")
        self.schedule, self.verbose = schedule, verbose
        self._epoch = self._resumed = -1

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Sets the rate."""
        if epoch == self._resumed:
            return  # this epoch has begun already; a rule such as rate * 0.9 must not apply twice
        self._epoch = epoch
        two = self._takes_two()
        rate = self.schedule(epoch, float(self.model.optimizer.learning_rate)) if two else self.schedule(epoch)
        if not is_number(rate):
            raise TypeError(f"schedule must return a number, got {rate!r}")
        value = float(rate)
        self.model.optimizer.learning_rate = value
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {value}.")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Logs the rate."""
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """A further ``fit`` begins its epochs anew."""
        self._epoch = self._resumed = -1

    def _takes_two(self) -> bool:
        import inspect

        try:
            inspect.signature(self.schedule).bind(0, 0.1)
        except TypeError:
            return False
        except ValueError:
            return True  # a function that tells nothing of its parameters
        return True

    def get_state(self) -> dict[str, Any]:
        """What a checkpoint must hold to continue."""
        return {"epoch": self._epoch}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continues from a checkpoint."""
        self._epoch = self._resumed = state["epoch"]
