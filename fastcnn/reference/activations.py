"""Activation functions and their gradients in float64."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["relu"]

Array = np.ndarray[Any, Any]


def relu(x: ArrayLike) -> Array:
    """max(x, 0)."""
    return np.maximum(np.asarray(x), 0)
