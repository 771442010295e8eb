"""Batches, as programs see them: nests of arrays, of which shapes and kinds count."""

from typing import Any

from fastcnn.gathered import Gathered
from fastcnn.layers.nests import contents, map_tensors
from fastcnn.tensor import SymbolicTensor, Tensor

__all__ = ["filled", "flat", "key_of", "samples", "stand_in"]


def key_of(data: Any) -> Any:
    """What a program for a batch is kept under; None where the batch holds other things than arrays."""
    try:
        return _shapes(data)
    except TypeError:
        return None


def _shapes(data: Any) -> Any:
    if data.__class__ is Tensor:
        return (data.array.shape, data.array.dtype.kind)
    if data.__class__ is Gathered:
        return (data.shape, "f")
    if isinstance(data, (list, tuple)):
        return tuple([_shapes(d) for d in data])
    if isinstance(data, dict):
        return tuple([(k, _shapes(v)) for k, v in data.items()])
    if data is None:
        return None
    raise TypeError(f"a batch holds {type(data).__name__}")


def stand_in(t: Tensor) -> SymbolicTensor:
    """The stand-in of a batch's array: numbers with a fraction are float32, labels int64, as the kernels want them."""
    kind = t.array.dtype.kind
    return SymbolicTensor(t.array.shape, "float32" if kind == "f" else "int64" if kind in "iu" else "bool")


def flat(data: Any) -> list[Tensor]:
    """The arrays of a batch, one after the other."""
    return [t for t in contents(data) if t is not None]


def samples(x: Any) -> int:
    """How many samples a batch has.

    Example:
        >>> import numpy as np
        >>> samples([Tensor(np.zeros((3, 2)))])
        3
    """
    while not isinstance(x, Tensor):
        x = next(iter(x.values())) if isinstance(x, dict) else x[0]
    return len(x.array)


def filled(data: Any, stand_ins: list[SymbolicTensor]) -> Any:
    """The stand-ins in the form of the batch."""
    rest = iter(stand_ins)
    return map_tensors(data, lambda t: next(rest))
