"""What users give as data, as NumPy arrays: checked once, converted a batch at a time."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from fastcnn.checked import is_number
from fastcnn.seam import float_dtype
from fastcnn.tensor import Operators, Tensor, Valued

__all__ = [
    "as_arrays",
    "check_lengths",
    "class_weights",
    "leaves",
    "map_leaves",
    "pack",
    "to_target",
    "to_tensor",
    "unpack",
]

Array = np.ndarray[Any, Any]


def pack(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``; a single x that is no tuple stays as it is.

    Example:
        >>> pack(1, 2)
        (1, 2)
    """
    if y is None:
        return (x,) if isinstance(x, (tuple, list)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack(data: Any) -> tuple[Any, Any, Any]:
    """The opposite of ``pack``: x, y and sample_weight, None where there is none.

    Example:
        >>> unpack((1, 2))
        (1, 2, None)
    """
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(
            f"a batch must be x, (x, y) or (x, y, sample_weight), got a tuple of {len(data)}; "
            "several inputs go into a list or dict: ([a, b], y)"
        )
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight


def map_leaves(f: Callable[[Any], Any], nest: Any) -> Any:
    """``f`` applied to what a nest of lists, tuples and dicts holds; None stays None."""
    if nest is None:
        return None
    if isinstance(nest, dict):
        return {key: map_leaves(f, value) for key, value in nest.items()}
    if isinstance(nest, (list, tuple)):
        return type(nest)([map_leaves(f, value) for value in nest])
    return f(nest)


def leaves(nest: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """What a nest holds, each with its place: ``x[0]``, ``x['left']``."""
    if isinstance(nest, dict):
        for key, value in nest.items():
            yield from leaves(value, f"{name}[{key!r}]")
    elif isinstance(nest, (list, tuple)):
        for i, value in enumerate(nest):
            yield from leaves(value, f"{name}[{i}]")
    elif nest is not None:
        yield name, nest


def _of_numbers(value: Any) -> bool:
    """Whether a list is one array written as numbers, rather than several arrays."""
    while isinstance(value, (list, tuple)):
        if not value:
            return True
        value = value[0]
    return isinstance(value, (bool, int, float, str, np.generic))


def as_arrays(value: Any, name: str) -> Any:
    """Arrays of anything array-like, without copies where that can be; lists and dicts of arrays stay lists and dicts.

    Args:
        value: arrays, tensors, DataFrames, Series, whatever has ``__array__`` or DLPack; numbers in lists.
        name: for messages.
    """
    if value is None:
        return None
    if isinstance(value, dict):
        return {key: as_arrays(v, f"{name}[{key!r}]") for key, v in value.items()}
    if isinstance(value, (list, tuple)) and not _of_numbers(value):
        return [as_arrays(v, f"{name}[{i}]") for i, v in enumerate(value)]
    array = _one_array(value, name)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold numbers, got dtype {array.dtype}{_what_is_held(value, array, name)}")
    if array.ndim == 0:
        raise ValueError(f"{name} must have a first axis of samples, got a single number")
    return array


def _what_is_held(value: Any, array: Array, name: str) -> str:
    """Behind the type of an array that holds no numbers: what it holds, and how numbers are made of it."""
    dtypes: Any = getattr(value, "dtypes", None)
    if hasattr(dtypes, "items") and (
        columns := [c for c, d in dtypes.items() if getattr(d, "kind", "O") not in "biuf"]
    ):
        return f", because of the columns {columns}; pandas.get_dummies({name}) makes numbers of words"
    if array.dtype.kind in "US" or any(isinstance(v, str) for v in array.flat[:100]):
        return f": words. np.unique({name}, return_inverse=True)[1] makes numbers of them"
    shapes = list(dict.fromkeys(getattr(v, "shape", ()) for v in array.flat))
    if array.dtype == object and len(shapes) > 1 and all(shapes):
        return f" of arrays of different shapes, {shapes[0]} and {shapes[1]}: give them one size, then np.stack({name})"
    return f"; {name}.astype('float32') converts numbers kept as objects" if array.dtype == object else ""


def _columns_of_numbers(value: Any) -> bool:
    """Whether it is a table, of whose columns some hold numbers and others booleans: together they are objects."""
    dtypes: Any = getattr(value, "dtypes", None)
    return hasattr(dtypes, "__iter__") and all(getattr(dtype, "kind", "O") in "biuf" for dtype in dtypes)


def _one_array(value: Any, name: str) -> Array:
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, Valued):
        return value.array
    if getattr(value, "requires_grad", False):
        value = value.detach()
    try:
        if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
            return np.from_dlpack(value)
        array = np.asarray(value)
        return np.asarray(value, float_dtype()) if array.dtype == object and _columns_of_numbers(value) else array
    except ValueError as error:
        raise ValueError(f"{name} cannot be made an array: {error}") from None


def check_lengths(**parts: Any) -> int:
    """The number of samples; an error that names both where two parts differ, or where there are none."""
    found = [(name, len(array)) for part, nest in parts.items() for name, array in leaves(nest, part)]
    if not found:
        raise ValueError("x is empty: there is no array in it")
    first, n = found[0]
    for name, length in found[1:]:
        if length != n:
            several = [part for part, nest in parts.items() if isinstance(nest, list) and len(nest) == length > 1]
            hint = f". A list is taken for several arrays: np.array({several[0]}) makes one of it" if several else ""
            raise ValueError(f"{first} has {n} samples, but {name} has {length}; they must be as many{hint}")
    if n == 0:
        raise ValueError(f"{first} is empty: it has no samples")
    return n


def to_tensor(value: Any) -> Any:
    """A tensor of floats, as layers want it."""
    if isinstance(value, Operators):
        if value.dtype == "float32" or not isinstance(value, Valued):
            return value
        value = value.array
    return Tensor(np.ascontiguousarray(_one_array(value, "x"), dtype=float_dtype()))


def to_target(value: Any) -> Any:
    """A tensor of labels or targets: integers stay integers, booleans become 0.0 and 1.0."""
    if isinstance(value, Operators):
        return value
    array = _one_array(value, "y")
    if array.dtype.kind in "iu":
        return Tensor(np.ascontiguousarray(array))
    return Tensor(np.ascontiguousarray(array, dtype=float_dtype()))


def tensors(data: Any) -> Any:
    """A batch as users yield it, as tensors; None where the part is missing."""
    x, y, sample_weight = unpack(data)
    if x is None:
        raise ValueError("a batch has no x: it is None")
    x, y, sample_weight = as_arrays(x, "x"), as_arrays(y, "y"), as_arrays(sample_weight, "sample_weight")
    check_lengths(x=x, y=y, sample_weight=sample_weight)
    return pack(map_leaves(to_tensor, x), map_leaves(to_target, y), map_leaves(to_tensor, sample_weight))


def class_weights(y: Any, weights: dict[int, float]) -> Any:
    """The weight of each sample of a batch, by its class; classes not named weigh 1."""
    if isinstance(y, (list, tuple, dict)):
        raise ValueError("class_weight is only for models with a single output; pass sample_weight")
    labels = y.array
    if labels.ndim > 2:
        raise ValueError(
            f"class_weight needs one class for each sample, got y of shape {labels.shape}; pass sample_weight"
        )
    labels = (
        labels.argmax(axis=-1) if labels.ndim > 1 and labels.shape[-1] > 1 else labels.reshape(len(labels), -1)[:, 0]
    )
    labels = np.rint(labels).astype(np.int64)
    found = np.ones(labels.shape, float_dtype())
    for label, weight in weights.items():
        found[labels == label] = weight
    return Tensor(found)


def weighted(data: Any, class_weight: dict[int, float] | None) -> Any:
    """The batch with sample weights that follow from ``class_weight``."""
    if class_weight is None:
        return data
    x, y, sample_weight = unpack(data)
    if sample_weight is not None:
        raise ValueError("class_weight and sample_weight cannot both be given: multiply them into sample_weight")
    if y is None:
        raise ValueError("class_weight needs y")
    return pack(x, y, class_weights(y, class_weight))


def check_class_weight(class_weight: Any) -> None:
    """Refuses what is no dict of numbers."""
    if class_weight is not None and not isinstance(class_weight, dict):
        raise TypeError(f"class_weight must be a dict of class: weight, got {type(class_weight).__name__}")
    for label, weight in (class_weight or {}).items():
        if isinstance(label, str) or int(label) != label:
            raise TypeError(f"class_weight must have integer classes as keys, got {label!r}")
        if not is_number(weight):
            raise TypeError(f"class_weight must have numbers as values, got {weight!r} for class {label!r}")
