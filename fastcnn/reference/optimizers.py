"""Optimizer updates in plain NumPy, in place, in the precision of the arrays: the rules of Keras 3."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "lion",
    "moving_average",
    "nadam",
    "rmsprop",
    "sgd",
]

Array = np.ndarray[Any, Any]


def _begin(
    w: Array, g: ArrayLike, learning_rate: float, options: tuple[float | None, float, float | None, float]
) -> tuple[Array, Array, Array]:
    """A copy of w, w decayed, and the gradient scaled, regularized and clipped."""
    weight_decay, l2, clipvalue, scale = options
    gradient = scale * np.asarray(g) + 2 * l2 * w
    if clipvalue is not None:
        gradient = np.clip(gradient, -clipvalue, clipvalue)
    return w.copy(), w - learning_rate * (weight_decay or 0.0) * w, gradient


def _finish(w: Array, old: Array, new: Array, return_ratio: bool) -> float | None:
    """Stores the new weights."""
    w[...] = new
    return float(np.linalg.norm(new - old) / np.linalg.norm(old)) if return_ratio else None


def sgd(
    w: Array,
    g: ArrayLike,
    velocity: Array | None = None,
    learning_rate: float = 0.01,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float | None = 0.0,
    l2: float = 0.0,
    clipvalue: float | None = None,
    scale: float = 1.0,
    return_ratio: bool = False,
) -> float | None:
    """Keras's SGD."""
    old, start, gradient = _begin(w, g, learning_rate, (weight_decay, l2, clipvalue, scale))
    if momentum == 0 or velocity is None:
        return _finish(w, old, start - learning_rate * gradient, return_ratio)
    velocity[...] = momentum * velocity - learning_rate * gradient
    step = momentum * velocity - learning_rate * gradient if nesterov else velocity
    return _finish(w, old, start + step, return_ratio)


def adagrad(
    w: Array,
    g: ArrayLike,
    accumulator: Array,
    learning_rate: float = 0.001,
    epsilon: float = 1e-7,
    weight_decay: float | None = 0.0,
    l2: float = 0.0,
    clipvalue: float | None = None,
    scale: float = 1.0,
    return_ratio: bool = False,
) -> float | None:
    """Keras's Adagrad."""
    old, start, gradient = _begin(w, g, learning_rate, (weight_decay, l2, clipvalue, scale))
    accumulator += gradient**2
    return _finish(w, old, start - learning_rate * gradient / np.sqrt(accumulator + epsilon), return_ratio)


def rmsprop(
    w: Array,
    g: ArrayLike,
    velocity: Array,
    average: Array | None = None,
    momentum_slot: Array | None = None,
    learning_rate: float = 0.001,
    rho: float = 0.9,
    momentum: float = 0.0,
    epsilon: float = 1e-7,
    weight_decay: float | None = 0.0,
    l2: float = 0.0,
    clipvalue: float | None = None,
    scale: float = 1.0,
    return_ratio: bool = False,
) -> float | None:
    """Keras's RMSprop; ``average`` is there where it is centered."""
    old, start, gradient = _begin(w, g, learning_rate, (weight_decay, l2, clipvalue, scale))
    velocity[...] = rho * velocity + (1 - rho) * gradient**2
    spread = velocity + epsilon
    if average is not None:
        average[...] = rho * average + (1 - rho) * gradient
        spread = velocity - average**2 + epsilon
    step = learning_rate * gradient / np.sqrt(spread)
    if momentum > 0 and momentum_slot is not None:
        momentum_slot[...] = momentum * momentum_slot + step
        step = momentum_slot
    return _finish(w, old, start - step, return_ratio)


def adadelta(
    w: Array,
    g: ArrayLike,
    accumulated_g: Array,
    accumulated_d: Array,
    learning_rate: float = 0.001,
    rho: float = 0.95,
    epsilon: float = 1e-7,
    weight_decay: float | None = 0.0,
    l2: float = 0.0,
    clipvalue: float | None = None,
    scale: float = 1.0,
    return_ratio: bool = False,
) -> float | None:
    """Keras's Adadelta."""
    old, start, gradient = _begin(w, g, learning_rate, (weight_decay, l2, clipvalue, scale))
    accumulated_g[...] = rho * accumulated_g + (1 - rho) * gradient**2
    step = np.sqrt(accumulated_d + epsilon) * gradient / np.sqrt(accumulated_g + epsilon)
    accumulated_d[...] = rho * accumulated_d + (1 - rho) * step**2
    return _finish(w, old, start - learning_rate * step, return_ratio)


def adam(
    w: Array,
    g: ArrayLike,
    m: Array,
    v: Array,
    step: int,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    v_max: Array | None = None,
    weight_decay: float | None = 0.0,
    l2: float = 0.0,
    clipvalue: float | None = None,
    scale: float = 1.0,
    return_ratio: bool = False,
) -> float | None:
    """Keras's Adam; ``v_max`` is there with amsgrad."""
    old, start, gradient = _begin(w, g, learning_rate, (weight_decay, l2, clipvalue, scale))
    alpha = learning_rate * np.sqrt(1 - beta_2**step) / (1 - beta_1**step)
    m += (gradient - m) * (1 - beta_1)
    v += (gradient**2 - v) * (1 - beta_2)
    if v_max is not None:
        v_max[...] = np.maximum(v_max, v)
        v = v_max
    return _finish(w, old, start - alpha * m / (np.sqrt(v) + epsilon), return_ratio)


def adamw(
    w: Array,
    g: ArrayLike,
    m: Array,
    v: Array,
    step: int,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    v_max: Array | None = None,
    weight_decay: float | None = 0.004,
    l2: float = 0.0,
    clipvalue: float | None = None,
    scale: float = 1.0,
    return_ratio: bool = False,
) -> float | None:
    """Keras's AdamW: Adam with another default."""
    options = (weight_decay, l2, clipvalue, scale, return_ratio)
    return adam(w, g, m, v, step, learning_rate, beta_1, beta_2, epsilon, v_max, *options)


def adamax(
    w: Array,
    g: ArrayLike,
    m: Array,
    u: Array,
    step: int,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    weight_decay: float | None = 0.0,
    l2: float = 0.0,
    clipvalue: float | None = None,
    scale: float = 1.0,
    return_ratio: bool = False,
) -> float | None:
    """Keras's Adamax."""
    old, start, gradient = _begin(w, g, learning_rate, (weight_decay, l2, clipvalue, scale))
    m += (gradient - m) * (1 - beta_1)
    u[...] = np.maximum(beta_2 * u, np.abs(gradient))
    return _finish(w, old, start - learning_rate * m / ((1 - beta_1**step) * (u + epsilon)), return_ratio)


def nadam(
    w: Array,
    g: ArrayLike,
    m: Array,
    v: Array,
    step: int,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    weight_decay: float | None = 0.0,
    l2: float = 0.0,
    clipvalue: float | None = None,
    scale: float = 1.0,
    return_ratio: bool = False,
) -> float | None:
    """Keras's Nadam."""
    old, start, gradient = _begin(w, g, learning_rate, (weight_decay, l2, clipvalue, scale))
    mu = [beta_1 * (1 - 0.5 * 0.96**t) for t in range(1, step + 2)]  # mu(1) ... mu(step + 1)
    m += (gradient - m) * (1 - beta_1)
    v += (gradient**2 - v) * (1 - beta_2)
    m_hat = mu[-1] * m / (1 - np.prod(mu)) + (1 - mu[-2]) * gradient / (1 - np.prod(mu[:-1]))
    v_hat = v / (1 - beta_2**step)
    return _finish(w, old, start - learning_rate * m_hat / (np.sqrt(v_hat) + epsilon), return_ratio)


def lion(
    w: Array,
    g: ArrayLike,
    m: Array,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.99,
    weight_decay: float | None = 0.0,
    l2: float = 0.0,
    clipvalue: float | None = None,
    scale: float = 1.0,
    return_ratio: bool = False,
) -> float | None:
    """Keras's Lion."""
    old, start, gradient = _begin(w, g, learning_rate, (weight_decay, l2, clipvalue, scale))
    direction = np.sign(beta_1 * m + (1 - beta_1) * gradient)
    m[...] = beta_2 * m + (1 - beta_2) * gradient
    return _finish(w, old, start - learning_rate * direction, return_ratio)


def moving_average(average: Array, w: ArrayLike, momentum: float = 0.99) -> None:
    """Keras's use_ema."""
    average[...] = momentum * average + (1 - momentum) * np.asarray(w)
