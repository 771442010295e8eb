"""Broadcasting arithmetic, comparisons and reductions past the caches, beside NumPy itself in float32."""

import numpy as np

from bench.measure import Case, benchmarks, normal, uniform

SHAPE = (8, 112, 112, 128)
SIZE = 4.0 * 8 * 112 * 112 * 128


def numpy(name: str) -> dict[str, object]:
    return {"NumPy float32": getattr(np, name)}


CASES = [
    Case(name, name, lambda: (normal(*SHAPE), uniform(*SHAPE)), bytes=3 * SIZE, others=numpy(name))
    for name in ("add", "subtract", "multiply", "divide", "maximum", "minimum")
]
CASES += [
    Case(
        f"{name} a channel's value",
        name,
        lambda: (normal(*SHAPE), uniform(SHAPE[-1])),
        bytes=2 * SIZE,
        others=numpy(name),
    )
    for name in ("add", "multiply")
]
CASES += [
    Case(name, name, lambda: (normal(*SHAPE), uniform(*SHAPE)), bytes=2.25 * SIZE, others=numpy(name))
    for name in ("greater", "equal")
]
CASES += [
    Case(name, name, lambda: (uniform(*SHAPE),), bytes=2 * SIZE, others=numpy(name))
    for name in ("square", "sqrt", "abs", "floor")
]
CASES += [
    Case(f"{name} {label}", name, lambda axis=axis: (normal(*SHAPE), axis), bytes=SIZE, others=numpy(name))
    for name in ("sum", "mean", "max")
    for label, axis in (("all", None), ("channels", -1), ("pixels", (0, 1, 2)))
]
CASES += [
    Case(f"argmax {label}", "argmax", lambda axis=axis: (normal(*SHAPE), axis), bytes=SIZE, others=numpy("argmax"))
    for label, axis in (("all", None), ("channels", -1))
]
CASES += [
    Case("sum_squares all", "sum_squares", lambda: (normal(*SHAPE),), bytes=SIZE),
    Case("var pixels", "var", lambda: (normal(*SHAPE), (0, 1, 2)), bytes=SIZE, others=numpy("var")),
    Case("where", "where", lambda: (normal(*SHAPE) > 0, normal(*SHAPE), uniform(*SHAPE)), bytes=3.25 * SIZE),
]
test_arithmetic = benchmarks(CASES)
