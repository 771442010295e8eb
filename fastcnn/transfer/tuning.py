"""Fine-tuning in one call: the head first, then the base with it, at a small learning rate."""

from typing import Any

import numpy as np

from fastcnn._arrays import INT, NUMBER
from fastcnn.callbacks.backup import BackupAndRestore
from fastcnn.callbacks.history import History
from fastcnn.callbacks.stopping import EarlyStopping
from fastcnn.training.data import split_validation
from fastcnn.transfer.best import BestWeights
from fastcnn.transfer.freezing import position, release
from fastcnn.transfer.parts import leaves, parts
from fastcnn.transfer.rates import factors
from fastcnn.transfer.strategies import Outcome, Snapshot, apply

__all__ = ["FineTuning", "fine_tune"]


class FineTuning(History):
    """The history of ``fine_tune``: that of all its fits, the epochs numbered on.

    Attributes:
        phase: "head" or "tune" for each epoch.
        rates: the learning rate that each epoch began with.
        monitor: the number that decided which epoch was best.
        best: its best value.
        best_epoch: the epoch, from 0, whose weights the model has now; None where it has those it came with.
        outcome: how many of the base's weights have changed.

    Example:
        >>> history = FineTuning()
        >>> history.phase, history.epoch
        ([], [])
    """

    def __init__(self) -> None:
        super().__init__()
        self.phase: list[str] = []
        self.rates: list[float] = []
        self.monitor = ""
        self.best: float | None = None
        self.best_epoch: int | None = None
        self.outcome = Outcome(0, 0)
        self._now = "head"

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Notes the learning rate."""
        super().on_epoch_begin(epoch, logs)
        self.rates.append(float(self.model.optimizer.learning_rate))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keeps the epoch's numbers and its phase."""
        super().on_epoch_end(epoch, logs)
        self.phase.append(self._now)

    @property
    def mode(self) -> str:
        """What has really happened: "feature_extraction" where the base is as it was, else "fine_tuning"."""
        return self.outcome.mode

    def __str__(self) -> str:
        if self.best is None or self.best_epoch is None:
            return str(self.outcome)
        phase = self.phase[self.best_epoch - self.epoch[0]]
        return f"{self.outcome}; best {self.monitor} {self.best:.4f} in epoch {self.best_epoch + 1} ({phase})"


def fine_tune(
    model: Any,
    x: Any,
    y: Any = None,
    *,
    validation_data: Any = None,
    validation_split: float = 0.0,
    head_epochs: int = 5,
    epochs: Any = 10,
    head_lr: float = 1e-3,
    lr: Any = 1e-4,
    unfreeze: Any = "all",
    batch_norm: bool = False,
    learning_rates: dict[Any, float] | None = None,
    head: str | None = None,
    monitor: str | None = None,
    mode: str = "auto",
    callbacks: Any = None,
    batch_size: Any = None,
    verbose: Any = "auto",
    **fit_arguments: Any,
) -> FineTuning:
    """Trains a network with a pretrained base in two phases: the head alone, then the base with it.

    At first a new head knows nothing, and its gradients would spoil what the base knows; so the base stays frozen. Then
    it learns, too, slowly: a high learning rate would wipe out what it brought along. Each phase has the model's
    optimizer in a new state. What is frozen in the head, such as a whitening, stays frozen. What is best so far counts
    on from phase to phase: for the weights that the next phase begins with and the model has in the end, for
    ``ModelCheckpoint`` and for ``EarlyStopping``, whose patience begins anew. So by the validation that it is given the
    model never becomes worse, of equal epochs the first is kept. Without validation the training loss decides, which
    falls also where the network begins to know its samples by heart: on 32 flowers of a class it cost one photograph
    in a hundred.

    With few samples ``SGD`` with momentum is safer than ``Adam`` in the second phase: Adam moves every weight by about
    the learning rate, also those whose gradient is little else than chance.

    Args:
        model: base and head, as ``build`` and ``replace_head`` give it. Where it is not compiled, it is for Adam, a
            crossentropy that suits the output, and accuracy.
        x, y, validation_data, validation_split, batch_size, verbose: as of ``fit``.
        head_epochs: of the first phase; 0 skips it, for a head that is trained already, in whatever way: where
            validation finds no epoch better than that, the model stays as it was.
        epochs: of the second phase; a list for several learning rates. 0 leaves the base frozen.
        head_lr: the learning rate of the first phase.
        lr: of the second phase; of several, ``lr=(1e-4, 1e-5)``, each in its turn: ``epochs`` is divided among them.
        unfreeze: what of the base the second phase trains: "all"; a fraction, 0.3 being the last 30 % of its layers
            with weights; the name or index of the first layer.
        batch_norm: whether batch normalisations of the base are trained; if not they keep their moving statistics.
        learning_rates: factors by layer for the second phase, as of ``learning_rates``.
        head: the name of the head's first layer; found out unless given.
        monitor: the logged number that tells which epoch is best. Unless given: the accuracy of validation, if there is
            one among the metrics, and where it is the same "val_loss"; without validation "loss".
        mode: whether it should grow: "max", "min" or "auto".
        callbacks: for all phases.
        fit_arguments: others of ``fit``: ``class_weight``, ``steps_per_epoch``...

    Returns:
        A ``FineTuning``: one ``History`` of all epochs. Printed, it tells what has happened. The model has the weights
        of the best epoch, and stays unfrozen as the second phase had it.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers, models, transfer
        >>> rng = np.random.default_rng(0)
        >>> base = models.Sequential([layers.Input((8, 8, 1)), layers.Conv2D(4, 3, activation="relu")])
        >>> model = transfer.build(base, classes=2)
        >>> x, y = rng.random((16, 8, 8, 1)), rng.integers(0, 2, 16)
        >>> history = fine_tune(model, x, y, head_epochs=1, epochs=2, lr=(1e-4, 1e-5), verbose=0)
        >>> history.phase, history.rates
        (['head', 'tune', 'tune'], [0.001, 0.0001, 1e-05])
    """
    stages = _stages(head_epochs, epochs, head_lr, lr)
    _check_arguments(fit_arguments, callbacks)
    found = parts(model, head)
    first = _first_trained(model, found.body, unfreeze)
    multipliers = factors(model, learning_rates or {})  # a wrong name is better told now than after the first phase
    if not model.compiled:
        model.compile("adam", "crossentropy", metrics=["accuracy"])
    held = validation_data
    if held is None and validation_split:
        _, held = split_validation(x, y, fit_arguments.get("sample_weight"), validation_split)
    if monitor is None and (held is None or mode != "auto"):
        monitor = "loss" if held is None else "val_loss"
    history, best = FineTuning(), BestWeights(None if monitor is None else (monitor,), mode)
    best.set_model(model)
    before, done = Snapshot(model, head), 0
    if not head_epochs and hasattr(held, "__len__"):  # what can be read but once is left to fit
        steps = fit_arguments.get("validation_steps")
        best.begin(held, fit_arguments.get("validation_batch_size") or batch_size, steps)
    for phase, count, rate in stages:
        if best.weights is not None:
            model.set_weights(best.weights)
        apply(model, 3, head=head)
        if phase == "tune":
            release(model, found.body[first:], batch_norm)
        _restart(model, rate, multipliers if phase == "tune" and learning_rates is not None else None)
        history._now = phase
        model.fit(
            x, y, batch_size=batch_size, verbose=verbose, validation_data=validation_data,
            validation_split=validation_split, initial_epoch=done, epochs=done + count,
            callbacks=[history, *_carried_on(callbacks, done > 0), best], **fit_arguments,
        )  # fmt: skip
        history.set_state(history.get_state())  # the next fit goes on with it
        done = history.epoch[-1] + 1 if history.epoch else done
    history.set_params({**history.params, "epochs": done})
    if best.weights is not None:
        model.set_weights(best.weights)
    history.monitor, history.best, history.best_epoch = best.monitor, best.best, best.epoch
    history.outcome = before.outcome()
    if verbose != 0:
        print(history, flush=True)
    return history


def _stages(head_epochs: Any, epochs: Any, head_lr: Any, lr: Any) -> list[tuple[str, int, float]]:
    """Phase, epochs and learning rate of each fit."""
    rates = list(lr) if isinstance(lr, (list, tuple)) else [lr]
    if isinstance(epochs, (list, tuple)):
        counts = list(epochs)
        if len(counts) != len(rates):
            raise ValueError(f"epochs must be as many as lr, {len(rates)}, got {len(counts)}")
    elif _whole(epochs):
        counts = [len(part) for part in np.array_split(np.arange(epochs), max(len(rates), 1))]
    else:
        counts = [epochs]
    for name, count in (("head_epochs", head_epochs), *(("epochs", n) for n in counts)):
        if not _whole(count):
            raise ValueError(f"{name} must be 0 or a positive int, got {count!r}")
    for name, rate in (("head_lr", head_lr), *(("lr", r) for r in rates)):
        if isinstance(rate, bool) or not isinstance(rate, NUMBER) or not 0 < rate < float("inf"):
            raise ValueError(f"{name} must be a positive number, got {rate!r}")
    stages = [("head", head_epochs, head_lr), *(("tune", n, r) for n, r in zip(counts, rates, strict=True))]
    stages = [stage for stage in stages if stage[1]]
    if not stages:
        raise ValueError("head_epochs and epochs are both 0: there is nothing to do")
    return stages


def _whole(count: Any) -> bool:
    return isinstance(count, INT) and not isinstance(count, bool) and count >= 0


def _check_arguments(fit_arguments: dict[str, Any], callbacks: Any) -> None:
    if "initial_epoch" in fit_arguments:
        raise ValueError("initial_epoch is fine_tune's own: it numbers the epochs of all phases")
    for callback in callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]:
        if isinstance(callback, BackupAndRestore):
            raise NotImplementedError(
                "BackupAndRestore is not supported by fine_tune, which has several fits; call fit for each phase"
            )
        if isinstance(callback, History):
            raise ValueError("callbacks must not hold a History: fine_tune returns its own, of all phases")


def _first_trained(model: Any, body: list[Any], unfreeze: Any) -> int:
    """Where among the layers of the base the second phase begins."""
    if unfreeze is None or unfreeze == "all":
        return 0
    if isinstance(unfreeze, float):
        if not 0 < unfreeze <= 1:
            raise ValueError(f"unfreeze as a fraction must be above 0.0 and at most 1.0, got {unfreeze!r}")
        learned = [layer for layer in body if any(v._made_trainable for v in layer.weights)]
        return body.index(learned[len(learned) - max(round(unfreeze * len(learned)), 1)]) if learned else 0
    chosen = {id(layer) for layer in leaves(model)[position(model, unfreeze, "unfreeze") :]}
    return next((i for i, layer in enumerate(body) if id(layer) in chosen), len(body))


def _restart(model: Any, rate: float, multipliers: dict[str, float] | None) -> None:
    """An optimizer like the model's, as if nothing had been trained yet: averages of gradients belong to a phase."""
    old = model.optimizer
    new = type(old).from_config({**old.get_config(), "learning_rate": rate})
    new._undecayed, new._undecayed_names = old._undecayed, old._undecayed_names
    if multipliers is not None:
        new.learning_rate_multipliers = multipliers
    model.compile(**{**model._compile_arguments, "optimizer": new})


def _carried_on(callbacks: Any, again: bool) -> list[Any]:
    """The callbacks, where those that stop early know the best value of the phase before, if there was one."""
    found = list(callbacks) if isinstance(callbacks, (list, tuple)) else [] if callbacks is None else [callbacks]
    for callback in found:
        if again and isinstance(callback, EarlyStopping):
            callback.set_state({**callback.get_state(), "wait": 0, "stopped_epoch": 0})
    return found
