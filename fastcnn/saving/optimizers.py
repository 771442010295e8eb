"""The state of an optimizer as arrays, and back: checked before anything changes."""

import warnings
from typing import Any

import numpy as np

__all__ = ["load_optimizer", "optimizer_arrays"]

Array = np.ndarray[Any, Any]


def optimizer_arrays(model: Any) -> dict[str, Array]:
    """What the optimizer of a compiled model keeps, by ``0``, ``1``...; nothing where there is none."""
    optimizer = getattr(model, "optimizer", None)
    store: dict[str, Any] = {}
    if optimizer is not None:
        optimizer.save_own_variables(store)
    return {key: value.numpy() if hasattr(value, "numpy") else np.asarray(value) for key, value in store.items()}


def load_optimizer(model: Any, arrays: dict[str, Array], source: Any) -> None:
    """Gives the optimizer of a compiled model its state back; warns where the state is that of another optimizer.

    Args:
        model: compiled or not; without an optimizer, the state is left alone.
        arrays: what ``optimizer_arrays`` gave.
        source: the file's name, for messages.
    """
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None or not arrays:
        return
    if not optimizer.built:
        optimizer.build(model.trainable_variables)
    shapes = {key: array.shape for key, array in optimizer_arrays(model).items()}
    given = {key: array.shape for key, array in arrays.items()}
    if given == shapes:
        optimizer.load_own_variables(arrays)
    elif given.items() <= shapes.items() and not optimizer.iterations.numpy() and not arrays["0"]:
        # Neither took a step yet: what the file does not have is as it was made.
        for key, array in arrays.items():
            optimizer.variables[int(key)].assign(array)
    else:
        warnings.warn(
            f"{source}: the state of the optimizer was not loaded: the file has {len(arrays)} variables, "
            f"{type(optimizer).__name__} has {len(shapes)}, or their shapes differ",
            stacklevel=4,
        )
