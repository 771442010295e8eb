"""What initializers have in common: the call, the config, the registry."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from fastcnn.registry import Configured, Registry
from fastcnn.seam import float_dtype

__all__ = ["Initializer", "Shape", "dtype_of", "registry"]

Shape = Sequence[int]
registry = Registry("initializer", "keras.initializers")


def dtype_of(dtype: Any) -> np.dtype[Any]:
    """The type of the weights: the one named, or the global one of floating-point numbers."""
    return float_dtype() if dtype in (None, "float") else np.dtype(dtype)


class Initializer(Configured):
    """A function ``(shape, dtype) -> tensor`` with a config; subclasses write ``__call__`` and ``get_config``.

    Example:
        >>> class Halves(Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         return np.full(shape, 0.5, dtype or "float32")
        >>> Halves()((2,))
        array([0.5, 0.5], dtype=float32)
    """

    def __call__(self, shape: Shape, dtype: Any = None) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, shape, dtype=None)")

    def clone(self) -> Self:
        """Another one with the same arguments; without a seed among them it draws one of its own."""
        return self.from_config(self.get_config())
