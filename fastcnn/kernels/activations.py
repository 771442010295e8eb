"""Activation functions and their gradients, softmax, maxout."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn import _core

__all__ = ["relu"]

Array = np.ndarray[Any, np.dtype[np.float32]]


def relu(x: ArrayLike, out: Array | None = None) -> Array:
    """Rectified linear unit, ``max(x, 0)``; NaN stays NaN.

    Args:
        x: any array-like.
        out: where to put the result; may be ``x`` itself.

    Returns:
        float32, the shape of ``x``.

    Example:
        >>> relu([-1.0, 2.0])
        array([0., 2.], dtype=float32)
    """
    return _core.activate(x, "relu", 0.0, out)
