"""What steps return, as numbers and arrays of the caller's own."""

from typing import Any

import numpy as np

__all__ = ["plain_logs", "to_array"]


def plain_logs(logs: Any) -> dict[str, Any]:
    """Python numbers, sorted by name as in Keras."""
    if not isinstance(logs, dict):
        raise TypeError(f"train_step and test_step must return a dict of names and numbers, got {type(logs).__name__}")
    found: dict[str, Any] = {}
    for name, value in sorted(logs.items()):
        if isinstance(value, dict):
            found.update(plain_logs(value))
        elif isinstance(value, (int, float)):
            found[name] = value
        else:
            array = value.array if hasattr(value, "array") else value
            size = getattr(array, "size", 1)
            found[name] = array.item() if size == 1 and hasattr(array, "item") else array
    return found


def to_array(value: Any) -> np.ndarray[Any, Any]:
    """An array of one's own, which may be written to."""
    return np.array(value.array if hasattr(value, "array") else value)
