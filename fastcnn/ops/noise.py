"""Dropout: random zeros that are a function of a key."""

from typing import Any

from fastcnn import _core, reference
from fastcnn.seam import Primitive, apply, gradient_of
from fastcnn.tensor import Operators, convert_to_tensor

__all__ = ["dropout"]


def _by_key(function: Any) -> Any:
    def run(x: Any, key: Any, rate: float, noise_shape: Any) -> Any:
        return function(x, rate, int(key[0]), int(key[1]), noise_shape=noise_shape)

    return run


def _kernel(x: Any, key: Any, rate: float, noise_shape: Any) -> Any:
    return _core.dropout_by_key(x, key, rate, noise_shape)


DROPOUT = Primitive("dropout", _kernel, _by_key(reference.dropout), lambda x, key, rate, noise_shape: x)
DROPOUT_DX = Primitive("dropout_dx", _kernel, _by_key(reference.dropout_dx), lambda dy, key, rate, noise_shape: dy)


def dropout(x: Any, rate: float, key: Any, noise_shape: Any = None) -> Any:
    """Zeros with probability ``rate``, the others divided by ``1 - rate``.

    Args:
        x: any tensor.
        rate: 0 to 1.
        key: an int64 tensor ``[seed, counter]``, as ``SeedGenerator.next`` gives it: the zeros are a function of it.
        noise_shape: the shape of the mask: that of x, or ``(n, 1, ..., 1, c)`` to drop whole channels.

    Example:
        >>> import numpy as np
        >>> sorted(set(dropout(np.ones(100), 0.75, np.array([1, 0])).numpy().tolist()))
        [0.0, 4.0]
    """
    x = x if isinstance(x, Operators) else convert_to_tensor(x, "float")
    key = key if isinstance(key, Operators) else convert_to_tensor(key)
    return apply(DROPOUT, (x, key), {"rate": rate, "noise_shape": noise_shape})


@gradient_of(DROPOUT)
def _dropout_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, None]:
    return apply(DROPOUT_DX, (dy, inputs[1]), attrs), None


@gradient_of(DROPOUT_DX)
def _dropout_dx_gradient(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, None]:
    return apply(DROPOUT, (g, inputs[1]), attrs), None
