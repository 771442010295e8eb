"""What an optimizer's arguments may be, and what to say where they are not."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from fastcnn.registry import suggestion
from fastcnn.tensor import Variable

__all__ = ["check", "rate_of", "refuse_unknown", "variables_of"]


def rate_of(value: Any) -> float:
    """A learning rate as a number."""
    try:
        rate = float(value)
    except (TypeError, ValueError):
        rate = float("nan")
    if isinstance(value, (bool, str)) or not np.isfinite(rate):
        raise ValueError(
            "learning_rate must be a finite number, a LearningRateSchedule, or a function without arguments that "
            f"returns a number, got {value!r}"
        )
    return rate


def variables_of(given: Any) -> list[Variable]:
    """What an optimizer is to change, as a list."""
    found = list(given) if isinstance(given, Iterable) else [given]
    for one in found:
        if not isinstance(one, Variable):
            raise TypeError(f"an optimizer changes a list of variables, got {one!r} among them")
    return found


_OLD_NAMES = {"lr": "learning_rate", "decay": "a schedule, optimizers.schedules.InverseTimeDecay, as learning_rate"}
# What other arguments an optimizer may have been meant to get.
_OPTIONS = (
    *("learning_rate", "weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "use_ema", "ema_momentum"),
    *("ema_overwrite_frequency", "gradient_accumulation_steps", "learning_rate_multipliers", "update_ratios", "name"),
    *("momentum", "nesterov", "rho", "epsilon", "centered", "beta_1", "beta_2", "amsgrad"),
)


def refuse_unknown(cls: str, kwargs: dict[str, Any]) -> None:
    for name in kwargs:
        hint = f" Write {_OLD_NAMES[name]}." if name in _OLD_NAMES else suggestion(name, _OPTIONS)
        raise ValueError(f"{cls} got an unknown argument {name!r}.{hint}")


def check(
    clippings: dict[str, float | None],
    use_ema: bool,
    ema_momentum: float,
    ema_overwrite_frequency: int | None,
    loss_scale_factor: float | None,
    gradient_accumulation_steps: int | None,
) -> None:
    given = {name: value for name, value in clippings.items() if value is not None}
    if len(given) > 1:
        raise ValueError(f"only one of clipnorm, clipvalue and global_clipnorm can be set, got {given}")
    for name, value in given.items():
        if not value > 0:
            raise ValueError(f"{name} must be None or positive, got {value!r}")
    if use_ema and not 0 <= ema_momentum <= 1:
        raise ValueError(f"ema_momentum must be in [0, 1], got {ema_momentum!r}")
    if use_ema and ema_overwrite_frequency is not None and not _whole(ema_overwrite_frequency, 1):
        raise ValueError(f"ema_overwrite_frequency must be None or an integer >= 1, got {ema_overwrite_frequency!r}")
    if loss_scale_factor is not None:
        raise NotImplementedError(
            f"loss_scale_factor is not supported and must be None, got {loss_scale_factor!r}: "
            "training is in single precision, where gradients do not vanish for want of range"
        )
    if gradient_accumulation_steps is not None and not _whole(gradient_accumulation_steps, 2):
        raise ValueError(
            f"gradient_accumulation_steps must be None or an integer >= 2, got {gradient_accumulation_steps!r}"
        )


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and bool(value >= least)
