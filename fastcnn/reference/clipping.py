"""Clipping of gradients in NumPy, in the precision of the arrays."""

from collections.abc import Sequence
from math import isfinite, nan
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "clip_by_global_norm",
    "clip_by_norm",
    "clip_by_value",
    "clip_factor",
    "global_norm",
    "l2_norm",
]

Array = np.ndarray[Any, Any]


def clip_by_value(x: ArrayLike, low: float, high: float) -> Array:
    """np.clip."""
    clipped: Array = np.clip(np.asarray(x), low, high)
    return clipped


def l2_norm(x: ArrayLike) -> float:
    """The root of the sum of squares."""
    return float(np.sqrt((np.asarray(x, np.float64) ** 2).sum()))


def global_norm(arrays: Sequence[ArrayLike]) -> float:
    """The norm of the norms."""
    return l2_norm([l2_norm(x) for x in arrays])


def clip_factor(norm: float, clipnorm: float) -> float:
    """clipnorm / max(norm, clipnorm)."""
    return clipnorm / max(norm, clipnorm) if isfinite(norm) else nan


def clip_by_norm(x: ArrayLike, clipnorm: float) -> Array:
    """x, its norm at most clipnorm."""
    return np.asarray(x, np.float64) * clip_factor(l2_norm(x), clipnorm)


def clip_by_global_norm(arrays: Sequence[ArrayLike], clipnorm: float) -> tuple[list[Array], float]:
    """All by one factor, and the norm they had."""
    norm = global_norm(arrays)
    return [np.asarray(x, np.float64) * clip_factor(norm, clipnorm) for x in arrays], norm
