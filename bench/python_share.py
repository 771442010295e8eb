"""Python's share of an epoch: what ``fit`` spends outside the program that runs its steps.

usage: python -m bench.python_share [batches]

The network for MNIST (conv32-conv64-pool-dense128-dropout-10) at batches of 128 on random pictures; then one whose
steps cost next to nothing, which shows the microseconds a step.
"""

import statistics
import sys
import time
from typing import Any

import numpy as np

from fastcnn import layers, models
from fastcnn.plan import stepping

BATCH = 128
SHAPE = (28, 28, 1)


def mnist() -> Any:
    """The network for MNIST, compiled."""
    stack = [
        layers.Conv2D(32, 3, activation="relu"),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.5),
    ]
    return compiled(stack)


def tiny() -> Any:
    """As many layers with weights, on four pixels."""
    return compiled([layers.AveragePooling2D(14), layers.Flatten(), *(layers.Dense(4) for _ in range(3))])


def compiled(stack: list[Any]) -> Any:
    """A model of these layers and a classifier."""
    model = models.Sequential([layers.Input(SHAPE), *stack, layers.Dense(10, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class Timed:
    """A program that adds up the seconds of its runs."""

    def __init__(self, core: Any):
        self.core, self.seconds = core, 0.0

    def run(self) -> None:
        """One run."""
        start = time.perf_counter()
        self.core.run()
        self.seconds += time.perf_counter() - start

    def __getattr__(self, name: str) -> Any:
        return getattr(self.core, name)


def measure(model: Any, batches: int, rounds: int = 5) -> tuple[float, float]:
    """Python's share of ``fit``, and its microseconds a step: medians over epochs."""
    rng = np.random.default_rng(0)
    x = rng.random((batches * BATCH, *SHAPE), dtype=np.float32)
    y = rng.integers(0, 10, len(x))
    model.fit(x[:BATCH], y[:BATCH], batch_size=BATCH, verbose=0)
    (step,) = stepping.plans_of(model).training.values()
    timed = step.program._core = Timed(step.program._core)
    shares, spent = [], []
    for _ in range(rounds):
        timed.seconds = 0.0
        start = time.perf_counter()
        model.fit(x, y, batch_size=BATCH, verbose=0)
        whole = time.perf_counter() - start
        shares.append(1 - timed.seconds / whole)
        spent.append((whole - timed.seconds) / batches * 1e6)
    return statistics.median(shares), statistics.median(spent)


def main() -> None:
    """Prints both."""
    batches = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    share, spent = measure(mnist(), batches)
    print(f"MNIST network, batch {BATCH}: Python's share of fit {share:.2%}, {spent:.0f} us a step")
    share, spent = measure(tiny(), 4 * batches)
    print(f"tiny network, batch {BATCH}: Python's share of fit {share:.1%}, {spent:.0f} us a step")


if __name__ == "__main__":
    main()
