"""Nests of lists, tuples and dicts: what is in them, and the same nest with something else in it."""

from typing import Any

import numpy as np

from fastcnn._arrays import keys_of
from fastcnn.tensor import Operators, SymbolicTensor, convert_to_tensor

__all__ = ["any_symbolic", "common_spec", "contents", "map_shapes", "map_tensors", "tensors_of", "unlinked"]


def contents(value: Any) -> list[Any]:
    """What is in a nest, in order: a dict's values as in Keras by their keys, for files of weights know no other order.

    Example:
        >>> contents([1, (2, {"b": 4, "a": 3})])
        [1, 2, 3, 4]
    """
    if isinstance(value, (list, tuple)):
        return [c for v in value for c in contents(v)]
    if isinstance(value, dict):
        return [c for k in keys_of(value) for c in contents(value[k])]
    return [value]


def map_tensors(value: Any, f: Any) -> Any:
    """``f`` applied to every tensor of a nest of lists, tuples and dicts; all else stays."""
    if isinstance(value, Operators):
        return f(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*[map_tensors(v, f) for v in value])
    if isinstance(value, (list, tuple)):
        return type(value)([map_tensors(v, f) for v in value])
    if isinstance(value, dict):
        mapped = {k: map_tensors(value[k], f) for k in keys_of(value)}
        return {k: mapped[k] for k in value}
    return value


def map_shapes(shapes: Any, f: Any) -> Any:
    """``f`` applied to every shape: a tuple or list of sizes."""
    if isinstance(shapes, dict):
        return {k: map_shapes(v, f) for k, v in shapes.items()}
    if all(n is None or isinstance(n, (int, np.integer)) for n in shapes):
        return f(tuple(shapes))
    return [map_shapes(s, f) for s in shapes]


def tensors_of(value: Any) -> Any:
    """Arrays, numbers and lists of numbers as tensors; nests of tensors stay nests. Bytes, images, become floats."""
    if isinstance(value, Operators) or value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, dict):
        return {k: tensors_of(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)) and not _of_numbers(value):
        return [tensors_of(v) for v in value]
    if hasattr(value, "compute_output_shape"):
        raise TypeError(f"a tensor is wanted here, got the layer {value.name!r}: call it on a tensor first")
    is_image = isinstance(value, np.ndarray) and value.dtype == np.uint8
    return convert_to_tensor(value, "float" if is_image else None)


def _of_numbers(value: Any) -> bool:
    if not isinstance(value, (list, tuple)) or not value:
        return isinstance(value, (int, float, list, tuple))
    return all(isinstance(v, (int, float, list, tuple)) for v in value) and _of_numbers(value[0])


def any_symbolic(args: Any, kwargs: dict[str, Any]) -> bool:
    """Whether a call has a symbolic tensor among its arguments."""
    return any(v.__class__ is SymbolicTensor for v in contents([args, kwargs]))


def common_spec(one: Any, other: Any) -> Any:
    """Symbolic tensors as in two nests of the same form, their sizes None where the two differ.

    Example:
        >>> common_spec(SymbolicTensor((64, 3)), SymbolicTensor((96, 3))).shape
        (None, 3)
    """
    others = iter([t for t in contents(other) if isinstance(t, Operators)])

    def joined(t: Any) -> SymbolicTensor:
        sizes = zip(t.shape, next(others).shape, strict=True)
        return SymbolicTensor(tuple([a if a == b else None for a, b in sizes]), t.dtype)

    return map_tensors(one, joined)


def unlinked(x: SymbolicTensor, size: int | None) -> SymbolicTensor:
    """A tensor of the same shape that no call made; its open sizes may be a number.

    Example:
        >>> unlinked(SymbolicTensor((None, 3)), 64).shape
        (64, 3)
    """
    return SymbolicTensor(tuple([size if n is None else n for n in x.shape]), x.dtype)
