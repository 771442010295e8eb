"""The demo's network in plain NumPy, float32: what its speed is compared with."""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def convolve(x: Array, w: Array) -> Array:
    """3x3, "same": windows gathered (im2col), then one matrix product, which is how one does it in NumPy."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))  # (n, h, w, c, 3, 3)
    columns = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, 9 * x.shape[-1])
    return (columns @ w.reshape(-1, w.shape[-1])).reshape(*x.shape[:3], -1)


def pool(x: Array) -> Array:
    """The largest of 2x2."""
    n, h, w, c = x.shape
    return x[:, : h // 2 * 2, : w // 2 * 2].reshape(n, h // 2, 2, w // 2, 2, c).max(axis=(2, 4))


def normalise(x: Array, gamma: Array, beta: Array, mean: Array, variance: Array) -> Array:
    """Batch normalisation with the moving statistics."""
    scale = gamma / np.sqrt(variance + np.float32(1e-3))
    return x * scale + (beta - mean * scale)


def predict(weights: list[Array], x: Array) -> Array:
    """The probabilities, from the weights in the order of ``model.get_weights()``."""
    take = iter(weights)
    for _ in range(2):
        x = convolve(x, next(take))
        x = np.maximum(normalise(x, next(take), next(take), next(take), next(take)), 0)
        x = pool(x)
    x = x.reshape(len(x), -1)
    x = np.maximum(x @ next(take) + next(take), 0)
    logits = x @ next(take) + next(take)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
