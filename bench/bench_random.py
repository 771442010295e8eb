"""Counter-based random numbers and dropout: bound by writing them. NumPy's own generators beside."""

import numpy as np

from bench.measure import Case, benchmarks, normal

SIZE = 1 << 24
GENERATOR = np.random.default_rng(0)

CASES = [
    Case(
        "uniform",
        "uniform",
        lambda: (SIZE,),
        {"seed": 1},
        bytes=4.0 * SIZE,
        others={"NumPy float32": lambda size: GENERATOR.random(size, dtype=np.float32)},
    ),
    Case(
        "normal",
        "normal",
        lambda: (SIZE,),
        {"seed": 1},
        bytes=4.0 * SIZE,
        others={"NumPy float32": lambda size: GENERATOR.standard_normal(size, dtype=np.float32)},
    ),
    Case("truncated_normal", "truncated_normal", lambda: (SIZE,), {"seed": 1}, bytes=4.0 * SIZE),
    Case("dropout", "dropout", lambda: (normal(SIZE), 0.5, 1), bytes=8.0 * SIZE),
    Case(
        "permutation 60000",
        "permutation",
        lambda: (60000, 1),
        bytes=8.0 * 60000,
        others={"NumPy": lambda size, _: GENERATOR.permutation(size)},
    ),
]
test_random = benchmarks(CASES)
