"""Learning rates that change from step to step: the schedules of Keras 3, steps, and the one-cycle policy.

A schedule is a function of the step, counted from 0. Ours compute in double precision, a number or an array of them.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np

from fastcnn.checked import Checked
from fastcnn.registry import Registry

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "OneCycle",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "StepDecay",
    "deserialize",
    "serialize",
]

registry = Registry("learning rate schedule", "keras.optimizers.schedules")
Array = np.ndarray[Any, Any]


class Rate(float):
    """A learning rate: a float that can also be asked for ``.numpy()``, as a tensor can."""

    def numpy(self) -> np.float64:
        """The number."""
        return np.float64(self)


class LearningRateSchedule(Checked):
    """A function of the step. One's own override ``__call__(step)`` and ``get_config``.

    Example:
        >>> class Halving(LearningRateSchedule):
        ...     def __call__(self, step):
        ...         return 0.5**step
        >>> from fastcnn.optimizers import SGD
        >>> SGD(Halving()).learning_rate
        1.0
    """

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step, a number counted from 0."""
        raise NotImplementedError(f"{type(self).__name__} must override __call__(step)")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        raise NotImplementedError(f"{type(self).__name__} must override get_config() to be saved")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The schedule that ``get_config`` described."""
        return cls(**config)


class _Formula(LearningRateSchedule):
    """A schedule that is a formula of the step, for numbers and arrays alike."""

    def __init__(self, **arguments: Any):
        self._arguments = arguments
        for name, value in arguments.items():
            setattr(self, name, value)

    def __call__(self, step: Any) -> Any:
        value = self.at(np.asarray(getattr(step, "array", step), np.float64))
        return Rate(value) if np.ndim(value) == 0 else value

    def at(self, step: Array) -> Any:
        """The formula, in float64."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        return dict(self._arguments)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self._arguments.items() if k != 'name')})"


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f"{name} must be above 0, got {value!r}")


@registry.register()
class ExponentialDecay(_Formula):
    """``initial_learning_rate * decay_rate ** (step / decay_steps)``.

    Args:
        initial_learning_rate: at step 0.
        decay_steps: after so many steps it has changed by the factor ``decay_rate``.
        decay_rate: the factor.
        staircase: whether it changes only every ``decay_steps`` steps, not in between.
        name: kept for configs.

    Example:
        >>> ExponentialDecay(0.1, 10, 0.5)(20)
        0.025
    """

    initial_learning_rate: float
    decay_steps: float
    decay_rate: float
    staircase: bool

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ):
        _positive(decay_steps=decay_steps)
        super().__init__(
            initial_learning_rate=initial_learning_rate,
            decay_steps=decay_steps,
            decay_rate=decay_rate,
            staircase=staircase,
            name=name,
        )

    def at(self, step: Array) -> Any:
        p = step / self.decay_steps
        return self.initial_learning_rate * self.decay_rate ** (np.floor(p) if self.staircase else p)


@registry.register()
class PiecewiseConstantDecay(_Formula):
    """``values[0]`` up to and with step ``boundaries[0]``, then ``values[1]`` up to ``boundaries[1]``, and so on.

    Args:
        boundaries: steps, rising.
        values: one more than boundaries.
        name: kept for configs.

    Example:
        >>> [PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.1])(step) for step in (10, 11, 21)]
        [1.0, 0.5, 0.1]
    """

    boundaries: Sequence[float]
    values: Sequence[float]

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant"):
        if len(boundaries) != len(values) - 1:
            raise ValueError(f"values must be one more than boundaries, got {len(values)} and {len(boundaries)}")
        if any(a >= b for a, b in pairwise(boundaries)):
            raise ValueError(f"boundaries must rise, got {list(boundaries)}")
        super().__init__(boundaries=list(boundaries), values=list(values), name=name)

    def at(self, step: Array) -> Any:
        return np.asarray(self.values, np.float64)[np.searchsorted(np.asarray(self.boundaries, np.float64), step)]


@registry.register()
class PolynomialDecay(_Formula):
    """``(initial - end) * (1 - step / decay_steps) ** power + end``; after ``decay_steps`` it stays at ``end``.

    Args:
        initial_learning_rate: at step 0.
        decay_steps: the step at which the end is reached.
        end_learning_rate: the end.
        power: 1 is a straight line.
        cycle: whether to begin anew, with ``decay_steps`` times 2, 3..., in place of staying at the end.
        name: kept for configs.

    Example:
        >>> PolynomialDecay(1.0, 10, end_learning_rate=0.0)(5)
        0.5
    """

    initial_learning_rate: float
    decay_steps: float
    end_learning_rate: float
    power: float
    cycle: bool

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ):
        _positive(decay_steps=decay_steps)
        super().__init__(
            initial_learning_rate=initial_learning_rate,
            decay_steps=decay_steps,
            end_learning_rate=end_learning_rate,
            power=power,
            cycle=cycle,
            name=name,
        )

    def at(self, step: Array) -> Any:
        if self.cycle:
            p = step / (self.decay_steps * np.maximum(np.ceil(step / self.decay_steps), 1))
        else:
            p = np.minimum(step / self.decay_steps, 1)
        return (self.initial_learning_rate - self.end_learning_rate) * (1 - p) ** self.power + self.end_learning_rate


@registry.register()
class InverseTimeDecay(_Formula):
    """``initial_learning_rate / (1 + decay_rate * step / decay_steps)``.

    Args:
        initial_learning_rate: at step 0.
        decay_steps: the unit in which steps are counted.
        decay_rate: how fast.
        staircase: whether it changes only every ``decay_steps`` steps, not in between.
        name: kept for configs.

    Example:
        >>> InverseTimeDecay(1.0, 1, 0.5)(2)
        0.5
    """

    initial_learning_rate: float
    decay_steps: float
    decay_rate: float
    staircase: bool

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ):
        _positive(decay_steps=decay_steps)
        super().__init__(
            initial_learning_rate=initial_learning_rate,
            decay_steps=decay_steps,
            decay_rate=decay_rate,
            staircase=staircase,
            name=name,
        )

    def at(self, step: Array) -> Any:
        p = step / self.decay_steps
        return self.initial_learning_rate / (1 + self.decay_rate * (np.floor(p) if self.staircase else p))


@registry.register()
class CosineDecay(_Formula):
    """Half a cosine from the initial rate down to ``alpha`` times it; before it a straight rise to ``warmup_target``.

    Args:
        initial_learning_rate: at step 0.
        decay_steps: how many steps the fall takes, after those of the rise.
        alpha: the part that remains at the end.
        name: kept for configs.
        warmup_target: the rate to rise to in ``warmup_steps``, from which it then falls; None has no rise.
        warmup_steps: how many steps the rise takes.

    Example:
        >>> [CosineDecay(0.0, 10, warmup_target=1.0, warmup_steps=4)(step) for step in (2, 4, 9)]
        [0.5, 1.0, 0.5]
    """

    initial_learning_rate: float
    decay_steps: float
    alpha: float
    warmup_target: float | None
    warmup_steps: float

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ):
        _positive(decay_steps=decay_steps)
        super().__init__(
            initial_learning_rate=initial_learning_rate,
            decay_steps=decay_steps,
            alpha=alpha,
            name=name,
            warmup_target=warmup_target,
            warmup_steps=warmup_steps,
        )

    def at(self, step: Array) -> Any:
        if self.warmup_target is None:
            return self._fall(self.initial_learning_rate, step)
        part = step / max(self.warmup_steps, 1)
        rise = self.initial_learning_rate + (self.warmup_target - self.initial_learning_rate) * part
        return np.where(step < self.warmup_steps, rise, self._fall(self.warmup_target, step - self.warmup_steps))[()]

    def _fall(self, top: float, step: Array) -> Any:
        cosine = 0.5 * (1 + np.cos(np.pi * np.minimum(step / self.decay_steps, 1)))
        return top * ((1 - self.alpha) * cosine + self.alpha)


@registry.register()
class CosineDecayRestarts(_Formula):
    """Falls of half a cosine, each ``t_mul`` times as long and ``m_mul`` times as high as the one before.

    Args:
        initial_learning_rate: at step 0.
        first_decay_steps: length of the first fall.
        t_mul: factor of the lengths, at least 1.
        m_mul: factor of the heights.
        alpha: the part that remains at the end of each fall.
        name: kept for configs.

    Example:
        >>> [CosineDecayRestarts(1.0, 10)(step) for step in (0, 5, 10, 20)]
        [1.0, 0.5, 1.0, 0.5]
    """

    initial_learning_rate: float
    first_decay_steps: float
    t_mul: float
    m_mul: float
    alpha: float

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ):
        _positive(first_decay_steps=first_decay_steps)
        if t_mul < 1:
            raise ValueError(f"t_mul must be at least 1, got {t_mul!r}")
        super().__init__(
            initial_learning_rate=initial_learning_rate,
            first_decay_steps=first_decay_steps,
            t_mul=t_mul,
            m_mul=m_mul,
            alpha=alpha,
            name=name,
        )

    def at(self, step: Array) -> Any:
        p = step / self.first_decay_steps
        if self.t_mul == 1:
            restarts = np.floor(p)
            p = p - restarts
        else:
            # Falls before the n-th take (1 - t**n) / (1 - t) in all; the logarithm may miss a whole n by its rounding.
            restarts = np.floor(np.log(1 - p * (1 - self.t_mul)) / np.log(self.t_mul) + 1e-12)
            p = (p - (1 - self.t_mul**restarts) / (1 - self.t_mul)) / self.t_mul**restarts
        cosine = 0.5 * self.m_mul**restarts * (1 + np.cos(np.pi * p))
        return self.initial_learning_rate * ((1 - self.alpha) * cosine + self.alpha)


@registry.register()
class StepDecay(_Formula):
    """``initial_learning_rate * drop ** floor(step / drop_steps)``. Keras has no such name.

    Args:
        initial_learning_rate: at step 0.
        drop_steps: the rate drops every so many steps.
        drop: the factor by which.
        min_learning_rate: the least it comes to.
        name: kept for configs.

    Example:
        >>> [StepDecay(1.0, 10)(step) for step in (9, 10, 20)]
        [1.0, 0.5, 0.25]
    """

    serialized_as = ("fastcnn.optimizers.schedules", "StepDecay")
    initial_learning_rate: float
    drop_steps: float
    drop: float
    min_learning_rate: float

    def __init__(
        self,
        initial_learning_rate: float,
        drop_steps: float,
        drop: float = 0.5,
        min_learning_rate: float = 0.0,
        name: str = "StepDecay",
    ):
        _positive(drop_steps=drop_steps, drop=drop)
        super().__init__(
            initial_learning_rate=initial_learning_rate,
            drop_steps=drop_steps,
            drop=drop,
            min_learning_rate=min_learning_rate,
            name=name,
        )

    def at(self, step: Array) -> Any:
        rate = self.initial_learning_rate * self.drop ** np.floor(step / self.drop_steps)
        return np.maximum(rate, self.min_learning_rate)


@registry.register()
class OneCycle(_Formula):
    """Half a cosine up to ``max_lr``, then half a cosine far down: one cycle a training. Keras has no such name.

    Args:
        max_lr: the greatest rate, at step ``pct_start * total_steps - 1``.
        total_steps: steps of the whole training; the last is ``total_steps - 1``, and then it stays.
        pct_start: the part of the steps in which it rises.
        div_factor: it begins at ``max_lr / div_factor``.
        final_div_factor: it ends at that divided by ``final_div_factor``.
        name: kept for configs.

    Example:
        >>> [round(OneCycle(1.0, 10)(step), 3) for step in (0, 2, 9)]
        [0.04, 1.0, 0.0]
    """

    serialized_as = ("fastcnn.optimizers.schedules", "OneCycle")
    max_lr: float
    total_steps: int
    pct_start: float
    div_factor: float
    final_div_factor: float

    def __init__(
        self,
        max_lr: float,
        total_steps: int,
        pct_start: float = 0.3,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        name: str = "OneCycle",
    ):
        _positive(max_lr=max_lr, div_factor=div_factor, final_div_factor=final_div_factor)
        if total_steps < 2:
            raise ValueError(f"total_steps must be at least 2, got {total_steps!r}")
        if not 0 < pct_start < 1 or pct_start * total_steps <= 1:
            raise ValueError(
                f"pct_start must be below 1 and leave more than one step to rise, above {1 / total_steps:g}, "
                f"got {pct_start!r}"
            )
        super().__init__(
            max_lr=max_lr,
            total_steps=total_steps,
            pct_start=pct_start,
            div_factor=div_factor,
            final_div_factor=final_div_factor,
            name=name,
        )

    def at(self, step: Array) -> Any:
        top, last = self.pct_start * self.total_steps - 1, self.total_steps - 1
        first = self.max_lr / self.div_factor
        rise = _cosine(first, self.max_lr, np.minimum(step / top, 1))
        fall = _cosine(self.max_lr, first / self.final_div_factor, np.clip((step - top) / (last - top), 0, 1))
        return np.where(step <= top, rise, fall)[()]


def _cosine(start: float, end: float, part: Array) -> Any:
    return end + (start - end) * 0.5 * (1 + np.cos(np.pi * part))


def serialize(learning_rate_schedule: Any) -> Any:
    """The config of a schedule, in Keras 3's form; of a function its registered name.

    Args:
        learning_rate_schedule: the schedule or function.

    Example:
        >>> serialize(StepDecay(0.1, 5))["config"]["drop_steps"]
        5
    """
    if not isinstance(learning_rate_schedule, LearningRateSchedule):
        name = str(getattr(learning_rate_schedule, "_registered_name", None) or learning_rate_schedule.__name__)
        return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}
    return registry.serialize(learning_rate_schedule)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The schedule that a config describes.

    Args:
        config: what ``serialize`` returned.
        custom_objects: classes and functions of one's own, by name.

    Example:
        >>> deserialize(serialize(StepDecay(1.0, 10)))(10)
        0.5
    """
    return registry.deserialize(config, custom_objects)
