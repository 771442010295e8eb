"""Optimizers whose step, with clipping and decay, is one kernel for each variable."""

from typing import Any

import numpy as np

from fastcnn.optimizers.gradients import arithmetic, as_array
from fastcnn.optimizers.optimizer import Optimizer, Slots
from fastcnn.tensor import Variable

__all__ = ["KernelOptimizer"]


class KernelOptimizer(Optimizer):
    """An optimizer whose whole step is one kernel a variable.

    Attributes:
        kernel: its name in ``fastcnn.kernels``.
        steps: whether it wants to know which update this is.
    """

    kernel = ""
    steps = False
    _fused = True

    def arguments(self, slots: Slots) -> dict[str, Any]:
        """The rule's own arguments: its slots' arrays and its numbers."""
        raise NotImplementedError

    def update_step(self, gradient: Any, variable: Variable, learning_rate: float) -> None:
        """Changes one variable, and its slots, in place."""
        self._rule(as_array(gradient, variable), variable, float(learning_rate), weight_decay=None)

    def _rule(self, gradient: Any, variable: Variable, learning_rate: float, **options: Any) -> float | None:
        arguments = self.arguments(self._slots[self._index[id(variable)]])
        if self.steps:
            arguments["step"] = int(self.iterations) + 1
        rule = getattr(arithmetic(variable.array), self.kernel)
        with np.errstate(divide="ignore", invalid="ignore"):  # the ratio to weights that are all 0
            ratio: float | None = rule(variable.array, gradient, learning_rate=learning_rate, **arguments, **options)
        variable.version += 1
        return ratio
