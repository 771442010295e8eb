"""Checksums of networks and of data: whether features that were computed once are still right."""

import hashlib
import json
from typing import Any

import numpy as np

from fastcnn.layers.layer import Layer
from fastcnn.layers.nests import contents
from fastcnn.seam import Primitive
from fastcnn.tensor import SymbolicTensor, Valued
from fastcnn.training.arrays import leaves

__all__ = ["DataSum", "model_sum"]

_CHUNK = 1 << 22  # bytes of an array that is not contiguous are copied this many at a time


def model_sum(model: Any) -> str:
    """A checksum of what a functional or Sequential model computes: its calls, their settings, its weights.

    Names of layers do not count: another model made in the same way, with the same weights, has the same one.

    Example:
        >>> from fastcnn import layers, models
        >>> def made():
        ...     return models.Sequential([layers.Input((4,)), layers.Dense(3, kernel_initializer="ones")])
        >>> model_sum(made()) == model_sum(made())
        True
    """
    found = hashlib.blake2b(digest_size=16)
    found.update(json.dumps(_described(model._graph), sort_keys=True, default=repr).encode())
    for variable in model.weights:
        _add(found, variable.array)
    return found.hexdigest()


def _described(graph: Any) -> list[Any]:
    numbers: dict[int, int] = {}
    calls = []
    for node in graph.nodes:
        given = []
        for value in contents([list(node.inputs), node.attrs]):
            if isinstance(value, SymbolicTensor):
                given.append(numbers.get(id(value), -1))
            else:
                given.append(value.array.tolist() if isinstance(value, Valued) else value)
        calls.append([_operation(node.operation), given])
        for t in node.outputs:
            numbers[id(t)] = len(numbers)
    return [*calls, [numbers[id(t)] for t in graph.flat_outputs]]


def _operation(operation: Any) -> Any:
    if isinstance(operation, Primitive):
        return operation.name
    inner = getattr(operation, "_graph", None)
    if inner is not None:
        return _described(inner)
    assert isinstance(operation, Layer)
    return [
        type(operation).__name__,
        {k: v for k, v in operation.get_config().items() if k not in ("name", "trainable")},
    ]


def _add(found: Any, array: np.ndarray[Any, Any]) -> None:
    if array.flags.c_contiguous:
        found.update(array.reshape(-1).view(np.uint8).data)
        return
    rows = max(_CHUNK // max(array[:1].nbytes, 1), 1)
    for start in range(0, len(array), rows):
        found.update(np.ascontiguousarray(array[start : start + rows]).tobytes())


class DataSum:
    """A checksum of samples, fed batch by batch; how they are cut into batches is of no consequence.

    Example:
        >>> whole, parts = DataSum(), DataSum()
        >>> whole.add(np.arange(4.0))
        >>> parts.add(np.arange(2.0)), parts.add(np.arange(2.0, 4.0))
        (None, None)
        >>> whole.hexdigest() == parts.hexdigest()
        True
    """

    def __init__(self) -> None:
        self._sums: dict[str, Any] = {}
        self._kinds: list[str] = []
        self.samples = 0

    def add(self, x: Any) -> None:
        """Takes a batch: an array, or arrays in a list or dict."""
        first = not self._sums
        for place, array in leaves(x):
            array = np.asarray(getattr(array, "array", array))
            if first:
                self._sums[place] = hashlib.blake2b(digest_size=16)
                self._kinds.append(f"{place} {array.dtype} {array.shape[1:]}")
            _add(self._sums[place], array)
        self.samples += len(next(iter(leaves(x)))[1])

    def hexdigest(self) -> str:
        """The checksum of all so far."""
        found = hashlib.blake2b(f"{self._kinds} {self.samples}".encode(), digest_size=16)
        for part in self._sums.values():
            found.update(part.digest())
        return found.hexdigest()
