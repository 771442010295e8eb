"""An optimizer's update as the last steps of a program: few calls of kernels, numbers read when it runs."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn import _core, kernels
from fastcnn.optimizers.flat import in_order_of_memory, joined, span
from fastcnn.seam import state
from fastcnn.tensor import Tensor, Variable

__all__ = ["RecordedUpdate", "group_of"]

Array = np.ndarray[Any, Any]
_SIMPLE = (bool, int, float, type(None), np.generic)


def group_of(optimizer: Any, variable: Variable) -> tuple[float, bool]:
    """What may differ from variable to variable: the factor of its learning rate, and whether it decays."""
    factor = optimizer._multiplier(variable.path) if optimizer.learning_rate_multipliers else 1.0
    return factor, optimizer._decays(variable)


class RecordedUpdate:
    """The steps that update variables along gradients, recorded at the end of a program.

    Learning rate, the number of the update and the factors of clipping by norm are inputs: ``before()`` writes them, or
    a step computes them. All else, such as ``beta_1``, is part of the steps, which are recorded anew when it changes.

    Args:
        optimizer: has state for the variables.
        core: the program.
        variables: those that have a gradient.
        gradients: their arrays, which the program fills.

    Attributes:
        begin: the first of its steps.
        calls: of kernels that update.
    """

    def __init__(self, optimizer: Any, core: Any, variables: Sequence[Variable], gradients: Sequence[Array]):
        self.optimizer, self.core = optimizer, core
        order = in_order_of_memory(variables)
        self.variables = [variables[i] for i in order]
        self.gradients = [gradients[i] for i in order]
        self.begin = len(core)
        self._record()

    def _numbers(self) -> list[Any]:
        """All numbers that the optimizer holds, other than in variables."""
        found = [value for value in vars(self.optimizer).values() if isinstance(value, _SIMPLE)]
        return [*found, dict(self.optimizer.learning_rate_multipliers)]

    def _record(self) -> None:
        optimizer = self.optimizer
        self._recorded = self._numbers()
        groups = [group_of(optimizer, v) for v in self.variables]
        factors = sorted({factor for factor, _ in groups})
        self._factors = np.array(factors)
        self._rates = np.zeros(len(factors))
        self._step = np.zeros(1)
        rates = {factor: self._rates[i : i + 1] for i, factor in enumerate(factors)}
        slots = [optimizer._slots[optimizer._index[id(v)]] for v in self.variables]
        self.core.truncate(self.begin)
        self.core.begin([])
        state.recording = True
        try:
            scales = self._scales()
            runs = self._runs(groups, slots)
            for first, last in runs:
                factor, decays = groups[first]
                joint = {name: Tensor(span(slots[first][name].array, slots[last][name].array)) for name in slots[first]}
                arguments = optimizer.arguments(joint)
                if optimizer.steps:
                    arguments["step"] = self._step
                getattr(kernels, optimizer.kernel)(
                    span(self.variables[first].array, self.variables[last].array),
                    span(self.gradients[first], self.gradients[last]),
                    learning_rate=rates[factor],
                    weight_decay=optimizer.weight_decay if decays else None,
                    clipvalue=optimizer.clipvalue,
                    scale=scales[first],
                    **arguments,
                )
            self.calls = len(runs)
        finally:
            state.recording = False
            self.core.end()

    def _scales(self) -> list[Any]:
        """What each gradient is multiplied by: 1, or where a step will write it."""
        optimizer, count = self.optimizer, len(self.gradients)
        if optimizer.global_clipnorm is not None:
            scale = np.ones(1)
            _core.clip_scale(self.gradients, optimizer.global_clipnorm, scale)
            return [scale] * count
        if optimizer.clipnorm is None:
            return [1.0] * count
        scales = [np.ones(1) for _ in range(count)]
        for gradient, scale in zip(self.gradients, scales, strict=True):
            _core.clip_scale([gradient], optimizer.clipnorm, scale)
        return scales

    def _runs(self, groups: list[Any], slots: list[Any]) -> list[tuple[int, int]]:
        """First and last of the variables that one call updates: neighbours in every buffer, with the same numbers."""
        alone = self.optimizer.clipnorm is not None
        runs: list[tuple[int, int]] = []
        for i, (variable, gradient) in enumerate(zip(self.variables, self.gradients, strict=True)):
            if (
                i
                and not alone
                and groups[i] == groups[i - 1]
                and joined(self.variables[i - 1].array, variable.array)
                and joined(self.gradients[i - 1], gradient)
                and all(joined(slots[i - 1][name].array, slots[i][name].array) for name in slots[i])
            ):
                runs[-1] = (runs[-1][0], i)
            else:
                runs.append((i, i))
        return runs

    def before(self) -> bool:
        """Writes the numbers of the next update; False where the optimizer has changed to what no program does."""
        optimizer = self.optimizer
        if self._numbers() != self._recorded:
            if not optimizer.may_record(self.variables):
                self.core.truncate(self.begin)
                return False
            self._record()
        optimizer._advance()
        self._step[0] = int(optimizer._iterations.array) + 1
        np.multiply(self._factors, float(optimizer.learning_rate), out=self._rates)
        return True

    def after(self) -> None:
        """What follows an update in Python: averages, constraints, the counter."""
        optimizer = self.optimizer
        for variable in self.variables:
            variable.version += 1
        Variable.changes += 1
        if optimizer.use_ema:
            optimizer._average()
        for variable in self.variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable))
        optimizer._iterations.array += 1
