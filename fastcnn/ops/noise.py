"""Dropout, whose mask is drawn again for the gradient instead of being kept."""

from typing import Any

from fastcnn import kernels, reference
from fastcnn.seam import Primitive, apply, gradient_of
from fastcnn.tensor import Operators, convert_to_tensor

__all__ = ["dropout"]


def dropout(x: Any, rate: float, key: Any, noise_shape: Any = None) -> Any:
    """Zeros with probability ``rate``, the others divided by ``1 - rate``.

    Args:
        x: any tensor.
        rate: 0 to 1.
        key: int64 (2,), from ``SeedGenerator.next()``; the same key draws the same mask.
        noise_shape: the shape of the mask, that of x unless given; None in it stands for x's size.

    Example:
        >>> import numpy as np
        >>> sorted(set(dropout(np.ones(100), 0.75, np.array([1, 0])).numpy().tolist()))
        [0.0, 4.0]
    """
    x = x if isinstance(x, Operators) else convert_to_tensor(x)
    key = key if isinstance(key, Operators) else convert_to_tensor(key, "int64")
    shape = None if noise_shape is None else tuple(noise_shape)
    return apply(DROPOUT, (x, key), {"rate": float(rate), "noise_shape": shape})


def _keyed(draw: Any) -> Any:
    def run(x: Any, key: Any, rate: float, noise_shape: Any) -> Any:
        seed, stream = (int(k) & (2**64 - 1) for k in key)
        return draw(x, rate, seed, stream, noise_shape=noise_shape)

    return run


DROPOUT = Primitive("dropout", _keyed(kernels.dropout), _keyed(reference.dropout), lambda x, key, **attrs: x)
DROPOUT_DX = Primitive("dropout_dx", _keyed(kernels.dropout_dx), _keyed(reference.dropout_dx), lambda dy, key, **attrs: dy)


@gradient_of(DROPOUT)
def _dropout_gradient(dy: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, None]:
    return apply(DROPOUT_DX, (dy, inputs[1]), attrs), None


@gradient_of(DROPOUT_DX)
def _dropout_dx_gradient(g: Any, inputs: Any, y: Any, attrs: Any, needs: Any) -> tuple[Any, None]:
    return apply(DROPOUT_DX, (g, inputs[1]), attrs), None
