"""Activations and softmax on a map of VGG16 at batch 8 (past the caches): each array read once, written once."""

from bench.measure import Case, benchmarks, normal, uniform

SHAPE = (8, 112, 112, 128)
SIZE = 4.0 * 8 * 112 * 112 * 128
NAMES = ["step", "relu", "relu6", "leaky_relu", "elu", "selu", "sigmoid", "hard_sigmoid", "tanh", "softplus"]
NAMES += ["softsign", "silu", "hard_silu", "gelu", "mish", "exp"]
ROWS = (8192, 1000)

CASES = [Case(name, name, lambda: (normal(*SHAPE),), bytes=2 * SIZE) for name in NAMES]
CASES += [
    Case(f"activate_dx {name}", "activate_dx", lambda name=name: (normal(*SHAPE), normal(*SHAPE), name), bytes=3 * SIZE)
    for name in ("relu", "tanh", "gelu")
]
CASES += [
    Case(f"{name} 8192x1000", name, lambda: (normal(*ROWS),), bytes=8.0 * ROWS[0] * ROWS[1])
    for name in ("softmax", "log_softmax")
]
CASES += [
    Case("softmax_dx 8192x1000", "softmax_dx", lambda: (normal(*ROWS), uniform(*ROWS)), bytes=12.0 * ROWS[0] * ROWS[1]),
    Case("prelu", "prelu", lambda: (normal(*SHAPE), normal(SHAPE[-1])), bytes=2 * SIZE),
    Case("maxout 2", "maxout", lambda: (normal(*SHAPE), SHAPE[-1] // 2), bytes=1.5 * SIZE),
]
test_activations = benchmarks(CASES)
