"""Optimizer updates over a flat buffer of 25 million weights (ResNet-50), in place: every array in and out once."""

from collections.abc import Callable
from typing import Any

from bench.measure import Case, benchmarks, normal, uniform

SIZE = 25_000_000


def update(name: str, slots: int, *more: Any) -> Case:
    def arguments() -> tuple[Any, ...]:
        return (normal(SIZE), normal(SIZE), *(uniform(SIZE) for _ in range(slots)), *more)

    # The weights and slots are read and written, the gradient is read.
    return Case(f"{name}, {slots} slots", name, arguments, bytes=4.0 * SIZE * (2 * (1 + slots) + 1))


def reduction(name: str, wrap: Callable[[Any], Any]) -> Case:
    return Case(name, name, lambda: (wrap(normal(SIZE)),), bytes=4.0 * SIZE)


CASES = [
    update("sgd", 0),
    update("sgd", 1, 0.01, 0.9),
    update("adagrad", 1),
    update("rmsprop", 1),
    update("rmsprop", 3),
    update("adadelta", 2),
    update("adam", 2, 1),
    update("adamw", 2, 1),
    update("adamax", 2, 1),
    update("nadam", 2, 1),
    update("lion", 1),
    reduction("l2_norm", lambda x: x),
    reduction("global_norm", lambda x: [x]),
]
test_optimizers = benchmarks(CASES)
