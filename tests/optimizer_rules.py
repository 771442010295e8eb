"""Keras 3's update rules, written out in NumPy, and runs of them on one recorded sequence of gradients."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn.optimizers import SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, Lion, Nadam, Optimizer, RMSprop
from fastcnn.tensor import Variable

Array = np.ndarray[Any, Any]
Rule = Callable[[Array, Array, int, dict[str, Any]], Array]
START = [np.linspace(-1, 1, 6).reshape(2, 3), np.array([0.5, -0.25, 2.0])]


def gradients(steps: int = 100) -> list[list[Array]]:
    random = np.random.default_rng(11)
    return [[random.standard_normal(w.shape) for w in START] for _ in range(steps)]


# Keras 3's rules, written out: the new w from w, g, the number of the update and what is kept, which starts empty.


def sgd(momentum: float, nesterov: bool) -> Rule:
    def rule(w: Array, g: Array, t: int, kept: dict[str, Any]) -> Array:
        m = kept["m"] = momentum * kept.get("m", 0) - 0.01 * g
        return w + (momentum * m - 0.01 * g if nesterov else m)

    return rule


def adagrad(w: Array, g: Array, t: int, kept: dict[str, Any]) -> Array:
    a = kept["a"] = kept.get("a", 0.1) + g**2
    return w - 0.001 * g / np.sqrt(a + 1e-7)


def rmsprop(momentum: float, centered: bool) -> Rule:
    def rule(w: Array, g: Array, t: int, kept: dict[str, Any]) -> Array:
        v = kept["v"] = 0.9 * kept.get("v", 0) + 0.1 * g**2
        a = kept["a"] = 0.9 * kept.get("a", 0) + 0.1 * g
        step = 0.001 * g / np.sqrt(v - (a**2 if centered else 0) + 1e-7)
        m = kept["m"] = momentum * kept.get("m", 0) + step
        return w - m

    return rule


def adadelta(w: Array, g: Array, t: int, kept: dict[str, Any]) -> Array:
    a = kept["a"] = 0.95 * kept.get("a", 0) + 0.05 * g**2
    step = np.sqrt(kept.get("d", 0) + 1e-7) / np.sqrt(a + 1e-7) * g
    kept["d"] = 0.95 * kept.get("d", 0) + 0.05 * step**2
    return w - 0.001 * step


def adam(amsgrad: bool, decay: float = 0.0) -> Rule:
    def rule(w: Array, g: Array, t: int, kept: dict[str, Any]) -> Array:
        w = w - 0.001 * decay * w
        m = kept["m"] = 0.9 * kept.get("m", 0) + 0.1 * g
        v = kept["v"] = 0.999 * kept.get("v", 0) + 0.001 * g**2
        top = kept["top"] = np.maximum(kept.get("top", 0), v) if amsgrad else v
        return w - 0.001 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(top) + 1e-7)

    return rule


def adamax(w: Array, g: Array, t: int, kept: dict[str, Any]) -> Array:
    m = kept["m"] = 0.9 * kept.get("m", 0) + 0.1 * g
    u = kept["u"] = np.maximum(0.999 * kept.get("u", 0), abs(g))
    return w - 0.001 / (1 - 0.9**t) * m / (u + 1e-7)


def nadam(w: Array, g: Array, t: int, kept: dict[str, Any]) -> Array:
    now, then = (0.9 * (1 - 0.5 * 0.96**n) for n in (t, t + 1))
    product = kept["product"] = kept.get("product", 1) * now
    m = kept["m"] = 0.9 * kept.get("m", 0) + 0.1 * g
    v = kept["v"] = 0.999 * kept.get("v", 0) + 0.001 * g**2
    m_hat = then * m / (1 - product * then) + (1 - now) * g / (1 - product)
    return w - 0.001 * m_hat / (np.sqrt(v / (1 - 0.999**t)) + 1e-7)


def lion(w: Array, g: Array, t: int, kept: dict[str, Any]) -> Array:
    m = kept.get("m", 0)
    kept["m"] = 0.99 * m + 0.01 * g
    return w - 0.001 * np.sign(0.9 * m + 0.1 * g)


RULES: dict[str, tuple[Callable[..., Optimizer], Rule]] = {
    "SGD": (SGD, sgd(0.0, False)),
    "momentum": (lambda **k: SGD(momentum=0.9, **k), sgd(0.9, False)),
    "nesterov": (lambda **k: SGD(momentum=0.9, nesterov=True, **k), sgd(0.9, True)),
    "Adagrad": (Adagrad, adagrad),
    "RMSprop": (RMSprop, rmsprop(0.0, False)),
    "RMSprop centered": (lambda **k: RMSprop(momentum=0.5, centered=True, **k), rmsprop(0.5, True)),
    "Adadelta": (Adadelta, adadelta),
    "Adam": (Adam, adam(False)),
    "amsgrad": (lambda **k: Adam(amsgrad=True, **k), adam(True)),
    "AdamW": (AdamW, adam(False, 0.004)),
    "Adamax": (Adamax, adamax),
    "Nadam": (Nadam, nadam),
    "Lion": (Lion, lion),
}
CLASSES = [SGD, Adagrad, RMSprop, Adadelta, Adam, AdamW, Adamax, Nadam, Lion]


def variables(dtype: str = "float32") -> list[Variable]:
    made = [Variable(w, dtype=dtype, name=name) for w, name in zip(START, ("kernel", "bias"), strict=True)]
    for variable in made:
        variable.path = f"dense/{variable.name}"
    return made


def trained(optimizer: Optimizer, steps: int = 5, dtype: str = "float32") -> list[Array]:
    weights = variables(dtype)
    for g in gradients(steps):
        optimizer.apply(g, weights)
    return [w.numpy() for w in weights]


def formula(rule: Rule, steps: int) -> list[Array]:
    weights = [w.copy() for w in START]
    kept: list[dict[str, Any]] = [{}, {}]
    for t, g in enumerate(gradients(steps), 1):
        weights = [rule(w, d, t, k) for w, d, k in zip(weights, g, kept, strict=True)]
    return weights
