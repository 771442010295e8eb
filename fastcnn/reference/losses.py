"""Losses and their gradients in float64; a ``..._dx`` function returns both."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "binary_crossentropy",
    "binary_crossentropy_dx",
    "categorical_crossentropy",
    "categorical_crossentropy_dx",
    "huber",
    "huber_dx",
    "mean_absolute_error",
    "mean_absolute_error_dx",
    "mean_squared_error",
    "mean_squared_error_dx",
    "sparse_categorical_crossentropy",
    "sparse_categorical_crossentropy_dx",
]

Array = np.ndarray[Any, Any]
Pair = tuple[Array, Array]

EPSILON = 1e-7  # Keras clips probabilities to [EPSILON, 1 - EPSILON]


def _rows(x: ArrayLike) -> Array:
    """In float64, at least two-dimensional: (n,) is (n, 1)."""
    x = np.asarray(x, np.float64)
    return x[:, None] if x.ndim == 1 else x


def _scaled(dx: Array, weight: ArrayLike) -> Array:
    """Each row times its weight."""
    return dx * (np.asarray(weight, np.float64)[..., None] if np.ndim(weight) else weight)


def categorical_crossentropy_dx(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    weight: ArrayLike = 1.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
) -> Pair:
    """-sum(t * log(p)) over the classes."""
    t, x = np.asarray(y_true, np.float64), np.asarray(y_pred, np.float64)
    t = t * (1 - label_smoothing) + label_smoothing / x.shape[-1]
    if from_logits:
        x = x - x.max(axis=-1, keepdims=True)
        e = np.exp(x)
        log_p = x - np.log(e.sum(axis=-1, keepdims=True))
        dx = e / e.sum(axis=-1, keepdims=True) * t.sum(axis=-1, keepdims=True) - t
    else:
        total = x.sum(axis=-1, keepdims=True)
        q = x / total
        p = np.clip(q, EPSILON, 1 - EPSILON)
        log_p = np.log(p)
        g = np.where(p == q, -t / p, 0)
        dx = (g - (g * q).sum(axis=-1, keepdims=True)) / total
    return -np.where(t == 0, 0, t * log_p).sum(axis=-1), _scaled(dx, weight)


def categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0
) -> Array:
    """-sum(t * log(p)) over the classes."""
    return categorical_crossentropy_dx(y_true, y_pred, 1.0, from_logits, label_smoothing)[0]


def sparse_categorical_crossentropy_dx(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    weight: ArrayLike = 1.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
) -> Pair:
    """-log(p[label])."""
    one_hot = np.eye(np.shape(y_pred)[-1])[np.asarray(y_true)]
    return categorical_crossentropy_dx(one_hot, y_pred, weight, from_logits, label_smoothing)


def sparse_categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0
) -> Array:
    """-log(p[label])."""
    return sparse_categorical_crossentropy_dx(y_true, y_pred, 1.0, from_logits, label_smoothing)[0]


def _mean(loss: Array, slope: Array, weight: ArrayLike, y_pred: ArrayLike) -> Pair:
    return loss.mean(axis=-1), _scaled(slope / slope.shape[-1], weight).reshape(np.shape(y_pred))


def binary_crossentropy_dx(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    weight: ArrayLike = 1.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
) -> Pair:
    """-(t * log(p) + (1 - t) * log(1 - p))."""
    t, x = _rows(y_true) * (1 - label_smoothing) + label_smoothing / 2, _rows(y_pred)
    if from_logits:
        z = np.exp(-np.abs(x))
        loss = np.maximum(x, 0) - x * t + np.log1p(z)
        slope = np.where(x < 0, z, 1) / (1 + z) - t
    else:
        p = np.clip(x, EPSILON, 1 - EPSILON)
        loss = -(t * np.log(p) + (1 - t) * np.log(1 - p))
        slope = np.where(p == x, (p - t) / (p * (1 - p)), 0)
    return _mean(loss, slope, weight, y_pred)


def binary_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0
) -> Array:
    """-(t * log(p) + (1 - t) * log(1 - p))."""
    return binary_crossentropy_dx(y_true, y_pred, 1.0, from_logits, label_smoothing)[0]


def mean_squared_error_dx(y_true: ArrayLike, y_pred: ArrayLike, weight: ArrayLike = 1.0) -> Pair:
    """(y_pred - y_true) ** 2."""
    d = _rows(y_pred) - _rows(y_true)
    return _mean(d * d, 2 * d, weight, y_pred)


def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """(y_pred - y_true) ** 2."""
    return mean_squared_error_dx(y_true, y_pred)[0]


def mean_absolute_error_dx(y_true: ArrayLike, y_pred: ArrayLike, weight: ArrayLike = 1.0) -> Pair:
    """|y_pred - y_true|."""
    d = _rows(y_pred) - _rows(y_true)
    return _mean(np.abs(d), np.sign(d), weight, y_pred)


def mean_absolute_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """|y_pred - y_true|."""
    return mean_absolute_error_dx(y_true, y_pred)[0]


def huber_dx(y_true: ArrayLike, y_pred: ArrayLike, weight: ArrayLike = 1.0, delta: float = 1.0) -> Pair:
    """d ** 2 / 2 within delta, linear beyond."""
    d = _rows(y_pred) - _rows(y_true)
    a = np.abs(d)
    loss = np.where(a > delta, delta * (a - delta / 2), d * d / 2)
    return _mean(loss, np.clip(d, -delta, delta), weight, y_pred)


def huber(y_true: ArrayLike, y_pred: ArrayLike, delta: float = 1.0) -> Array:
    """d ** 2 / 2 within delta, linear beyond."""
    return huber_dx(y_true, y_pred, 1.0, delta)[0]
