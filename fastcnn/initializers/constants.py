"""Initializers without chance: zeros, ones, a constant, the identity."""

from typing import Any

import numpy as np

from fastcnn.tensor import Tensor

from .base import Initializer, Shape, dtype_of, registry

__all__ = ["Constant", "Identity", "Ones", "Zeros"]


@registry.register("zero")
class Zeros(Initializer):
    """Zeros.

    Example:
        >>> Zeros()((2,)).numpy()
        array([0., 0.], dtype=float32)
    """

    def __call__(self, shape: Shape, dtype: Any = None) -> Any:
        return Tensor(np.zeros(tuple(shape), dtype_of(dtype)))


@registry.register("one")
class Ones(Initializer):
    """Ones.

    Example:
        >>> Ones()((2,)).numpy()
        array([1., 1.], dtype=float32)
    """

    def __call__(self, shape: Shape, dtype: Any = None) -> Any:
        return Tensor(np.ones(tuple(shape), dtype_of(dtype)))


@registry.register()
class Constant(Initializer):
    """One number, or an array that broadcasts to the shape.

    Args:
        value: a number or an array-like.

    Example:
        >>> Constant(0.01)((2,)).numpy()
        array([0.01, 0.01], dtype=float32)
    """

    def __init__(self, value: Any = 0.0):
        self.value = value

    def __call__(self, shape: Shape, dtype: Any = None) -> Any:
        value = np.asarray(self.value)
        try:
            return Tensor(np.array(np.broadcast_to(value, tuple(shape)), dtype_of(dtype), order="C"))
        except ValueError:
            raise ValueError(
                f"Constant: a value of shape {value.shape} does not broadcast to the weight's shape {tuple(shape)}"
            ) from None

    def get_config(self) -> dict[str, Any]:
        value = self.value if isinstance(self.value, (int, float)) else np.asarray(self.value).tolist()
        return {"value": value}


@registry.register("IdentityInitializer")
class Identity(Initializer):
    """``gain`` times the identity matrix; for shapes of two dimensions.

    Args:
        gain: what the diagonal holds.

    Example:
        >>> Identity(2.0)((2, 2)).numpy()
        array([[2., 0.],
               [0., 2.]], dtype=float32)
    """

    def __init__(self, gain: float = 1.0):
        self.gain = gain

    def __call__(self, shape: Shape, dtype: Any = None) -> Any:
        if len(shape) != 2:
            raise ValueError(f"Identity makes matrices, shapes of two dimensions; got shape {tuple(shape)}")
        return Tensor(self.gain * np.eye(*shape, dtype=dtype_of(dtype)))

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}
