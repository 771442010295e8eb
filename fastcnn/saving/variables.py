"""The variables of a model by name, and arrays of a file onto them: all is checked before anything is assigned."""

from typing import Any

import numpy as np

from fastcnn.tensor import Variable

__all__ = ["assign_all", "layers_of", "listed", "match", "named_seeds", "named_weights"]

Array = np.ndarray[Any, Any]
_FEW = 5


def named_weights(model: Any) -> dict[str, Variable]:
    """The weights by ``layer/weight``, or ``block/layer/weight``; the name of the model itself is no part of it."""
    named: dict[str, Variable] = {}
    for prefix, layer in layers_of(model):
        for v in layer._ordered_own():
            named[_unique(f"{prefix}{v.name}", named)] = v
    return named


def named_seeds(model: Any) -> dict[str, Variable]:
    """The states of the random generators of layers, by ``layer/seed_generator``."""
    named: dict[str, Variable] = {}
    for prefix, layer in layers_of(model):
        for seed in layer._seeds():
            named[_unique(f"{prefix}seed_generator", named)] = seed.state
    return named


def layers_of(model: Any) -> list[tuple[str, Any]]:
    """The model and its layers, each once, with the names down to it: ``block/layer/``."""
    found: list[tuple[str, Any]] = []
    seen: set[int] = set()

    def walk(layer: Any, prefix: str) -> None:
        if id(layer) in seen:
            return
        seen.add(id(layer))
        found.append((prefix, layer))
        for child in layer._children():
            walk(child, f"{prefix}{child.name}/")

    walk(model, "")
    return found


def _unique(name: str, taken: Any) -> str:
    number, result = 0, name
    while result in taken:
        number += 1
        result = f"{name}_{number}"
    return result


def match(
    arrays: dict[str, Array], variables: dict[str, Variable], source: Any, skip_mismatch: bool = False
) -> list[tuple[Variable, Array]]:
    """Which array is for which variable: by name; by order where names differ only in those of layers, or are numbers.

    Args:
        arrays: what the file holds.
        variables: what the model has.
        source: the file's name, for messages.
        skip_mismatch: leave variables alone whose array is missing or has another shape.

    Raises:
        ValueError: arrays are missing, unexpected or of another shape; all are named, at least the first few.
    """
    if set(arrays) != set(variables) and _same_order(arrays, variables):
        arrays = dict(zip(variables, arrays.values(), strict=True))
    missing = [name for name in variables if name not in arrays]
    unexpected = [name for name in arrays if name not in variables]
    wrong = [
        f"{name} has shape {variables[name].shape}, the file has {a.shape}"
        for name, a in arrays.items()
        if name in variables and variables[name].shape != a.shape
    ]
    if not skip_mismatch and (missing or unexpected or wrong):
        raise ValueError(
            f"{source}: the weights do not fit the model; nothing was loaded." + listed(missing, unexpected, wrong)
        )
    return [(v, arrays[name]) for name, v in variables.items() if name in arrays and arrays[name].shape == v.shape]


def _same_order(arrays: dict[str, Array], variables: dict[str, Variable]) -> bool:
    """Names of layers count up from model to model; the order, the shapes and the last part of the names do not."""
    if len(arrays) != len(variables):
        return False
    pairs = list(zip(arrays.items(), variables.items(), strict=True))
    numbered = all(name.removeprefix("arr_").isdecimal() for name in arrays)
    leaves = numbered or all(a.rpartition("/")[2] == v.rpartition("/")[2] for (a, _), (v, _) in pairs)
    return leaves and all(array.shape == variable.shape for (_, array), (_, variable) in pairs)


def listed(missing: list[str], unexpected: list[str], wrong: list[str]) -> str:
    """What does not fit, for a message: the first few names of each kind."""
    text = ""
    for title, names in (
        ("Missing in the file", missing),
        ("Not in the model", unexpected),
        ("Of another shape", wrong),
    ):
        if names:
            more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
            text += f"\n  {title}: {'; '.join(names[:_FEW])}{more}"
    return text


def assign_all(pairs: list[tuple[Variable, Array]]) -> None:
    """Assigns what was matched. Types are checked for all before the first one changes."""
    for v, array in pairs:
        if array.dtype.kind not in "biuf":
            raise TypeError(f"{v.path}: expected numbers, got dtype {array.dtype}")
    for v, array in pairs:
        v.assign(array)
