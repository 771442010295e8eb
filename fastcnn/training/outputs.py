"""What belongs to which output: losses, targets, metrics and weights given as lists or dicts, put in one order."""

from typing import Any

from fastcnn._arrays import keys_of
from fastcnn.registry import suggestion

__all__ = ["are_named", "by_output", "flat_outputs", "output_names"]


def flat_outputs(y_pred: Any) -> list[Any]:
    """The outputs of a model, one after another."""
    if isinstance(y_pred, dict):
        return [leaf for key in keys_of(y_pred) for leaf in flat_outputs(y_pred[key])]
    if isinstance(y_pred, (list, tuple)):
        return [leaf for value in y_pred for leaf in flat_outputs(value)]
    return [y_pred]


def are_named(y_pred: Any, names: list[str] | None) -> bool:
    """Whether the outputs are called something, which is part of the names in the logs."""
    return isinstance(y_pred, dict) or bool(names and len(names) == len(flat_outputs(y_pred)))


def output_names(y_pred: Any, names: list[str] | None) -> list[str]:
    """The outputs' names: the keys of a dict, those of a functional model, else output_1, output_2..."""
    if isinstance(y_pred, dict):
        for key, value in y_pred.items():
            if isinstance(value, (dict, list, tuple)):
                raise ValueError(
                    f"a compiled model must return a tensor, or a list or a dict of tensors, got a "
                    f"{type(value).__name__} under the key {key!r}; give each of its tensors a key"
                )
        return [str(key) for key in keys_of(y_pred)]
    if are_named(y_pred, names):
        return list(names or ())
    return [f"output_{i + 1}" for i in range(len(flat_outputs(y_pred)))]


def by_output(value: Any, names: list[str], argument: str) -> list[Any]:
    """One entry for each output, from a list, a dict by the outputs' names, or the entry itself if there is one.

    Args:
        value: what the user gave. A dict may leave outputs out; they get None.
        names: of the outputs.
        argument: for messages.
    """
    if isinstance(value, dict):
        unknown = [key for key in value if key not in names]
        if unknown:
            hint = suggestion(str(unknown[0]), names)
            raise ValueError(f"{argument} has the key {unknown[0]!r}, but the outputs are {names}.{hint}")
        return [value.get(name) for name in names]
    if isinstance(value, (list, tuple)):
        if len(value) != len(names):
            raise ValueError(f"{argument} must have an entry for each of the outputs {names}, got {len(value)}")
        return list(value)
    if len(names) == 1:
        return [value]
    raise ValueError(
        f"{argument} must be a list or dict with an entry for each of the outputs {names}, got one for all"
    )
