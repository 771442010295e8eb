"""What Python costs: an operation forward and backward beside its kernels alone, and predict of one sample.

usage: python -m bench.overhead

On tiny tensors, where nothing else is left. "tape" is the operation run under a GradientTape and its gradient computed,
less what an empty tape costs; "kernels" are the same kernel calls on arrays. The difference is the overhead.
"""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import GradientTape, Variable, kernels, layers, models, ops

Call = Callable[[], Any]


def microseconds(call: Call, repeats: int = 300, rounds: int = 15) -> float:
    """The median over rounds of the mean time of a call."""
    call()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(repeats):
            call()
        times.append((time.perf_counter() - start) / repeats * 1e6)
    return statistics.median(times)


def cases() -> dict[str, tuple[Call, list[Variable], Call]]:
    """By name: the operation, what it is differentiated by, and its kernels."""
    rng = np.random.default_rng(0)

    def variable(*shape: int) -> Variable:
        return Variable(rng.standard_normal(shape).astype(np.float32))

    x, z, w, b = variable(4, 8), variable(4, 8), variable(8, 8), variable(8)
    image, kernel = variable(1, 8, 8, 8), variable(3, 3, 8, 8)
    dy, pixels = np.ones((4, 8), np.float32), np.ones((1, 6, 6, 8), np.float32)
    pooled, row, four = np.ones((1, 4, 4, 8), np.float32), np.ones((1, 8), np.float32), np.array(4.0, np.float32)

    def conv() -> None:
        kernels.conv2d(image.array, kernel.array, b.array)
        kernels.conv2d_dx(pixels, kernel.array, (1, 8, 8, 8))
        kernels.conv2d_dw(image.array, pixels, (3, 3, 8, 8))
        kernels.conv2d_db(pixels)

    def dense() -> None:
        kernels.dense(x.array, w.array, b.array)
        kernels.dense_dx(dy, w.array)
        kernels.dense_dw(x.array, dy)
        kernels.sum(dy, 0)

    def product() -> None:
        kernels.matmul(x.array, w.array)
        kernels.matmul(dy, w.array, False, True)
        kernels.matmul(x.array, dy, True)

    def pool() -> None:
        _, indices = kernels.max_pool2d(image.array, 2, return_indices=True)
        kernels.max_pool2d_dx(pooled, (1, 8, 8, 8), 2, indices=indices)

    def both(forward: Any, *backward: Any) -> Call:
        def run() -> None:
            forward()
            for call in backward:
                call()

        return run

    return {
        "add": (lambda: ops.add(x, z), [x, z], both(lambda: kernels.add(x.array, z.array))),
        "multiply": (
            lambda: ops.multiply(x, z), [x, z],
            both(*[lambda: kernels.multiply(x.array, z.array)] * 3),
        ),
        "relu": (lambda: ops.relu(x), [x], both(
            lambda: kernels.activate(x.array, "relu"), lambda: kernels.activate_dx(dy, x.array, "relu"))),
        "tanh": (lambda: ops.tanh(x), [x], both(
            lambda: kernels.activate(x.array, "tanh"), lambda: kernels.activate_dx(dy, x.array, "tanh"))),
        "softmax": (lambda: ops.softmax(x), [x], both(
            lambda: kernels.softmax(x.array), lambda: kernels.softmax_dx(dy, dy))),
        "mean": (lambda: ops.mean(x, axis=0), [x], both(
            lambda: kernels.mean(x.array, 0), lambda: kernels.divide(row, four), lambda: kernels.tile(row, (4, 1)))),
        "reshape": (lambda: ops.reshape(x, (8, 4)), [x], both(lambda: x.array.reshape(8, 4))),
        "matmul": (lambda: ops.matmul(x, w), [x, w], product),
        "dense": (lambda: ops.dense(x, w, b), [x, w, b], dense),
        "conv": (lambda: ops.conv(image, kernel, bias=b), [image, kernel, b], conv),
        "max_pool": (lambda: ops.max_pool(image, 2), [image], pool),
    }  # fmt: skip


def taped(operation: Call, variables: list[Variable]) -> Call:
    """One operation under a tape, and its gradient."""
    ones = ops.ones_like(operation())

    def run() -> None:
        with GradientTape() as tape:
            y = operation()
        tape.gradient(y, variables, ones)

    return run


def empty(variables: list[Variable]) -> Call:
    """A tape around nothing."""
    y = ops.ones(())

    def run() -> None:
        with GradientTape() as tape:
            pass
        tape.gradient(y, variables, y)

    return run


def lenet() -> models.Sequential:
    """LeNet-5 with ReLU and max pooling."""
    return models.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(6, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(120, activation="relu"),
            layers.Dense(84, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def main() -> int:
    print(f"{'operation':<12}{'tape us':>9}{'kernels us':>12}{'overhead us':>13}")
    worst = 0.0
    for name, (operation, variables, direct) in cases().items():
        base = microseconds(empty(variables))
        whole = microseconds(taped(operation, variables)) - base
        alone = microseconds(direct)
        worst = max(worst, whole - alone)
        print(f"{name:<12}{whole:>9.1f}{alone:>12.1f}{whole - alone:>13.1f}")
    print(f"the most: {worst:.1f} us an operation, forward and backward")
    model, x = lenet(), np.zeros((1, 28, 28, 1), np.float32)
    print(f"LeNet, one sample: predict {microseconds(lambda: model.predict(x, verbose=0)):.0f} us,", end=" ")
    print(f"model(x) {microseconds(lambda: model(x)):.0f} us")
    return 0


if __name__ == "__main__":
    sys.exit(main())
