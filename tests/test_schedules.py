"""Learning-rate schedules against their formulas, step by step."""

from math import cos, pi
from typing import Any

import numpy as np
import pytest

from fastcnn import seam  # noqa: F401 (tensors need it first)
from fastcnn.optimizers import SGD, schedules
from fastcnn.tensor import Tensor, Variable

STEPS = [0, 1, 2, 5, 9, 10, 11, 19, 20, 21, 35, 69, 70, 71, 100]


def restarts(step: float, first: float, t_mul: float, m_mul: float, alpha: float) -> float:
    height, length = 1.0, first
    while step >= length:
        step, length, height = step - length, length * t_mul, height * m_mul
    return (1 - alpha) * 0.5 * height * (1 + cos(pi * step / length)) + alpha


def cycled(step: int) -> float:
    length = 10 * max(-(-step // 10), 1)
    return (0.1 - 0.01) * (1 - step / length) ** 2 + 0.01


def one_cycle(step: float) -> float:
    low, least, top, last = 0.1 / 25, 0.1 / 25 / 1e4, 0.3 * 50 - 1, 49
    if step <= top:
        return 0.1 + (low - 0.1) * 0.5 * (1 + cos(pi * step / top))
    return least + (0.1 - least) * 0.5 * (1 + cos(pi * min((step - top) / (last - top), 1)))


FORMULAS: list[tuple[Any, Any]] = [
    (schedules.ExponentialDecay(0.1, 10, 0.5), lambda s: 0.1 * 0.5 ** (s / 10)),
    (schedules.ExponentialDecay(0.1, 10, 0.5, staircase=True), lambda s: 0.1 * 0.5 ** (s // 10)),
    (
        schedules.PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.1]),
        lambda s: 1.0 if s <= 10 else 0.5 if s <= 20 else 0.1,
    ),
    (schedules.PolynomialDecay(0.1, 20, 0.01, 2.0), lambda s: (0.1 - 0.01) * (1 - min(s, 20) / 20) ** 2 + 0.01),
    (schedules.PolynomialDecay(0.1, 10, 0.01, 2.0, cycle=True), cycled),
    (schedules.InverseTimeDecay(0.1, 10, 0.5), lambda s: 0.1 / (1 + 0.5 * s / 10)),
    (schedules.InverseTimeDecay(0.1, 10, 0.5, staircase=True), lambda s: 0.1 / (1 + 0.5 * (s // 10))),
    (schedules.CosineDecay(0.1, 20, 0.2), lambda s: 0.1 * (0.8 * 0.5 * (1 + cos(pi * min(s, 20) / 20)) + 0.2)),
    (
        schedules.CosineDecay(0.02, 20, 0.2, warmup_target=0.1, warmup_steps=10),
        lambda s: 0.02 + 0.08 * s / 10 if s < 10 else 0.1 * (0.4 * (1 + cos(pi * min(s - 10, 20) / 20)) + 0.2),
    ),
    (schedules.CosineDecayRestarts(0.1, 10, alpha=0.1), lambda s: 0.1 * restarts(s, 10, 2, 1, 0.1)),
    (schedules.CosineDecayRestarts(0.1, 10, 1.0, 0.5), lambda s: 0.1 * restarts(s, 10, 1, 0.5, 0)),
    (schedules.CosineDecayRestarts(0.1, 7, 3.0, 0.8, 0.2), lambda s: 0.1 * restarts(s, 7, 3, 0.8, 0.2)),
    (schedules.StepDecay(0.1, 10), lambda s: 0.1 * 0.5 ** (s // 10)),
    (schedules.StepDecay(0.1, 10, 0.1, min_learning_rate=0.005), lambda s: max(0.1 * 0.1 ** (s // 10), 0.005)),
    (schedules.OneCycle(0.1, 50), one_cycle),
]


@pytest.mark.parametrize(("schedule", "formula"), FORMULAS, ids=[repr(s) for s, _ in FORMULAS])
def test_formula(schedule: Any, formula: Any) -> None:
    expected = [formula(step) for step in STEPS]
    assert [schedule(step) for step in STEPS] == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(schedule(np.array(STEPS)), expected, rtol=1e-12)
    assert schedule(Tensor(np.array(5))) == schedule(Variable(5, dtype="int64")) == schedule(5)
    assert isinstance(schedule(5), float)
    assert schedule(5).numpy() == schedule(5)


@pytest.mark.parametrize("schedule", [s for s, _ in FORMULAS], ids=repr)
def test_config(schedule: Any) -> None:
    config = schedules.serialize(schedule)
    ours = type(schedule) in (schedules.StepDecay, schedules.OneCycle)
    assert config["module"] == ("fastcnn" if ours else "keras") + ".optimizers.schedules"
    again = schedules.deserialize(config)
    assert type(again) is type(schedule)
    assert again.get_config() == schedule.get_config()
    assert again(33) == schedule(33)


def test_restarts_begin_exactly() -> None:
    schedule = schedules.CosineDecayRestarts(1.0, 10)
    assert [schedule(step) for step in (10, 30, 70, 150, 310, 630)] == pytest.approx([1.0] * 6)


def test_one_cycle_ends() -> None:
    schedule = schedules.OneCycle(0.1, 50, final_div_factor=100)
    assert [schedule(0), schedule(14), schedule(49), schedule(1000)] == pytest.approx([0.004, 0.1, 0.00004, 0.00004])
    assert np.argmax(schedule(np.arange(50))) == 14


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schedules.ExponentialDecay(0.1, 0, 0.5), "decay_steps must be above 0, got 0"),
        (lambda: schedules.PolynomialDecay(0.1, -1), "decay_steps must be above 0, got -1"),
        (lambda: schedules.InverseTimeDecay(0.1, 0, 1.0), "decay_steps must be above 0, got 0"),
        (lambda: schedules.CosineDecay(0.1, 0), "decay_steps must be above 0, got 0"),
        (lambda: schedules.CosineDecayRestarts(0.1, 0), "first_decay_steps must be above 0, got 0"),
        (lambda: schedules.CosineDecayRestarts(0.1, 1, 0.5), "t_mul must be at least 1, got 0.5"),
        (lambda: schedules.StepDecay(0.1, 0), "drop_steps must be above 0, got 0"),
        (lambda: schedules.PiecewiseConstantDecay([1], [1.0]), "values must be one more than boundaries, got 1 and 1"),
        (lambda: schedules.PiecewiseConstantDecay([2, 1], [1.0, 2.0, 3.0]), r"boundaries must rise, got \[2, 1\]"),
        (lambda: schedules.OneCycle(0.1, 1), "total_steps must be at least 2, got 1"),
        (lambda: schedules.OneCycle(0.1, 10, 0.1), "pct_start must be below 1 and leave more than one step"),
        (lambda: schedules.deserialize({"class_name": "CosineDecoy", "config": {}}), "Did you mean 'CosineDecay'"),
    ],
)
def test_refusals(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_a_schedule_of_ones_own() -> None:
    class Falling(schedules.LearningRateSchedule):
        def __init__(self, start: float):
            self.start = start

        def __call__(self, step: Any) -> float:
            return self.start / (step + 1)

        def get_config(self) -> dict[str, Any]:
            return {"start": self.start}

    optimizer = SGD(Falling(1.0))
    w = Variable([0.0], name="w")
    for _ in range(3):
        optimizer.apply([[1.0]], [w])
    assert w.numpy()[0] == np.float32(-1 - 1 / 2 - 1 / 3)
    again = SGD.from_config(optimizer.get_config(), {"Falling": Falling})
    assert again.learning_rate == 1.0
    with pytest.raises(NotImplementedError, match=r"LearningRateSchedule must override __call__\(step\)"):
        schedules.LearningRateSchedule()(0)
    with pytest.raises(NotImplementedError, match=r"must override get_config\(\)"):
        schedules.LearningRateSchedule().get_config()


@pytest.mark.parametrize(
    "rate", [0.5, schedules.ExponentialDecay(0.5, 10, 0.9), lambda: 0.5], ids=["number", "schedule", "function"]
)
def test_the_learning_rate_can_be_asked_for_numpy_wherever_it_comes_from(rate: Any) -> None:
    assert SGD(rate).learning_rate.numpy() == 0.5
