"""What a model's programs change as they run, as it was."""

from typing import Any, Self

import numpy as np

from fastcnn import random
from fastcnn.tensor import Variable

__all__ = ["Snapshot"]


class Snapshot:
    """A context after which weights, statistics, optimizer, metrics and random generators are as before.

    Args:
        model: the model whose programs run meanwhile.
    """

    def __init__(self, model: Any):
        self._model = model

    def __enter__(self) -> Self:
        self._seed = random.global_state()
        self._kept = [(v, v.array.copy()) for v in _variables(self._model)]
        return self

    def __exit__(self, *exception: object) -> None:
        for v, array in self._kept:
            np.copyto(v.array, array)
        random.set_global_state(*self._seed)


def _variables(model: Any) -> list[Variable]:
    """All of them, each once."""
    found = list(model.variables)
    found += [seed.state for layer in model._flatten_layers() for seed in layer._seeds()]
    if model.compiled:
        found += [v for v in getattr(model.optimizer, "variables", ()) if isinstance(v, Variable)]
        found += [v for metric in model.metrics for v in metric.variables]
    return list({id(v): v for v in found}.values())
