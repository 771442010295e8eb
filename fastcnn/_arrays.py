"""What counts as an array: the slow path of the bindings, for all that is not a contiguous float32 array yet.

And what counts as a number where one is asked for: NumPy's, which computations on arrays give, are as good as Python's.
"""

import contextlib
from typing import Any

import numpy as np

INT: tuple[Any, ...] = (int, np.integer)
NUMBER: tuple[Any, ...] = (int, float, np.integer, np.floating)


def plain(value: Any) -> Any:
    """A number of NumPy's as Python's, for ``json.dumps``."""
    if isinstance(value, np.generic):
        return value.item()
    if callable(value):
        raise ValueError(
            f"{getattr(value, '__name__', value)} cannot be saved: files hold no code. Give the function a name with "
            "def and decorate it with @fastcnn.saving.register_keras_serializable()"
        )
    raise TypeError(f"cannot be written as JSON: {value!r}, of type {type(value).__name__}")


def convert(value: Any, dtype: np.dtype[Any], name: str) -> np.ndarray[Any, Any]:
    """Returns ``value`` as a C-contiguous, aligned, native array of ``dtype``; copies only where it must.

    Numbers of any kind become float32; only integers (and bools) become integers. Complex numbers, strings, objects and
    masked arrays are refused: there is no right answer for them.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} must not be a masked array; fill it first, as in {name}.filled(0)")
    if not isinstance(value, np.ndarray) and hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
        value = np.from_dlpack(value)
    try:
        array = np.asarray(value)
    except ValueError as error:  # lists of unequal length
        raise ValueError(f"{name} is not an array: {error}") from None
    kinds = "biuf" if dtype.kind == "f" else "biu"
    if array.dtype.kind not in kinds:
        expected = "numbers" if dtype.kind == "f" else "integers"
        raise TypeError(f"{name} must hold {expected}, got dtype {array.dtype}")
    if dtype.kind in "iu" and array.dtype != dtype and array.size:
        bounds = np.iinfo(dtype)
        if int(array.min()) < bounds.min or int(array.max()) > bounds.max:
            raise ValueError(f"{name} must fit {dtype}, got values from {array.min()} to {array.max()}")
    try:
        with np.errstate(over="ignore"):
            return np.require(array, dtype=dtype, requirements=["C", "A"])
    except MemoryError:
        raise MemoryError(f"no memory for a contiguous copy of {name}, of shape {array.shape}") from None


def keys_of(value: dict[Any, Any]) -> list[Any]:
    """A plain dict's keys, sorted where that is possible; those of other kinds of dicts as they are.

    Example:
        >>> keys_of({"b": 4, "a": 3})
        ['a', 'b']
    """
    keys = list(value)
    if value.__class__ is dict and len(keys) > 1:
        with contextlib.suppress(TypeError):
            keys.sort()
    return keys
