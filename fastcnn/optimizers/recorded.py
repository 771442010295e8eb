"""An optimizer's update as steps of a program: few calls of kernels, numbers read when it runs."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from fastcnn import _core, kernels
from fastcnn.optimizers.flat import joined, span
from fastcnn.seam import state
from fastcnn.tensor import Tensor, Variable

__all__ = ["Part", "RecordedUpdate", "group_of"]

Array = np.ndarray[Any, Any]
_SIMPLE = (bool, int, float, type(None), np.generic)


def group_of(optimizer: Any, variable: Variable) -> tuple[float, bool]:
    """What may differ from variable to variable: the factor of its learning rate, and whether it decays."""
    factor = optimizer._multiplier(variable.path) if optimizer.learning_rate_multipliers else 1.0
    return factor, optimizer._decays(variable)


class Part(NamedTuple):
    """What an update changes a variable by: all of it, or some rows.

    Args:
        variable: which has state.
        gradient: the array that the program fills.
        rows: of the variable; None for all.
    """

    variable: Variable
    gradient: Array
    rows: slice | None = None

    def of(self, array: Array) -> Array:
        """The rows of the variable, or of one of its slots."""
        return array if self.rows is None else array[self.rows]


class RecordedUpdate:
    """The steps that update variables along gradients.

    Learning rate, the number of the update and the factors of clipping by norm are inputs: ``begin()`` writes them, or
    a step computes them. All else, such as ``beta_1``, is part of the steps, which are recorded anew when it changes.

    Args:
        optimizer: has state for the variables.
        groups: each a program, for these steps alone, and the parts that it updates, as their variables lie in memory.
            Clipping by the norm of all gradients takes a single group.

    Attributes:
        calls: of kernels that update.
        variables: that are updated.
    """

    def __init__(self, optimizer: Any, groups: Sequence[tuple[Any, Sequence[Part]]]):
        self.optimizer, self.groups = optimizer, groups
        self.variables = list({id(p.variable): p.variable for _, parts in groups for p in parts}.values())
        self._recorded: list[Any] | None = None
        self._record()

    def _numbers(self) -> list[Any]:
        """All numbers that the optimizer holds, other than in variables."""
        found = [value for value in vars(self.optimizer).values() if isinstance(value, _SIMPLE)]
        return [*found, dict(self.optimizer.learning_rate_multipliers)]

    def _record(self) -> None:
        self._recorded = None  # until all is: what raises is recorded again
        factors = sorted({group_of(self.optimizer, v)[0] for v in self.variables})
        self._factors = factors
        self._rates = np.zeros(len(factors))
        self._step = np.zeros(1)
        rates = {factor: self._rates[i : i + 1] for i, factor in enumerate(factors)}
        self.clear()
        self.calls = 0
        for core, parts in self.groups:
            core.begin([])
            state.recording = True
            try:
                self._record_group(parts, rates)
            finally:
                state.recording = False
                core.end()
        self._recorded = self._numbers()

    def _record_group(self, parts: Sequence[Part], rates: dict[float, Array]) -> None:
        optimizer = self.optimizer
        groups = [group_of(optimizer, p.variable) for p in parts]
        weights = [p.of(p.variable.array) for p in parts]
        slots = [
            {name: p.of(slot.array) for name, slot in optimizer._slots[optimizer._index[id(p.variable)]].items()}
            for p in parts
        ]
        gradients = [p.gradient for p in parts]
        scales = self._scales(gradients)
        runs = self._runs(groups, [weights, gradients, *([own[name] for own in slots] for name in slots[0])])
        for first, last in runs:
            factor, decays = groups[first]
            joint = {name: Tensor(span(slots[first][name], slots[last][name])) for name in slots[first]}
            arguments = optimizer.arguments(joint)
            if optimizer.steps:
                arguments["step"] = self._step
            getattr(kernels, optimizer.kernel)(
                span(weights[first], weights[last]),
                span(gradients[first], gradients[last]),
                learning_rate=rates[factor],
                weight_decay=optimizer.weight_decay if decays else None,
                clipvalue=optimizer.clipvalue,
                scale=scales[first],
                **arguments,
            )
        self.calls += len(runs)

    def _scales(self, gradients: list[Array]) -> list[Any]:
        """What each gradient is multiplied by: 1, or where a step will write it."""
        optimizer, count = self.optimizer, len(gradients)
        if optimizer.global_clipnorm is not None:
            scale = np.ones(1)
            _core.clip_scale(gradients, optimizer.global_clipnorm, scale)
            return [scale] * count
        if optimizer.clipnorm is None:
            return [1.0] * count
        scales = [np.ones(1) for _ in range(count)]
        for gradient, scale in zip(gradients, scales, strict=True):
            _core.clip_scale([gradient], optimizer.clipnorm, scale)
        return scales

    def _runs(self, groups: list[Any], rows: list[list[Array]]) -> list[tuple[int, int]]:
        """First and last of the parts that one call updates: neighbours in every buffer, with the same numbers."""
        alone = self.optimizer.clipnorm is not None
        runs: list[tuple[int, int]] = []
        for i, group in enumerate(groups):
            if i and not alone and group == groups[i - 1] and all(joined(row[i - 1], row[i]) for row in rows):
                runs[-1] = (runs[-1][0], i)
            else:
                runs.append((i, i))
        return runs

    def clear(self) -> None:
        """Takes the steps out of the programs."""
        for core, _ in self.groups:
            core.truncate(0)

    def refresh(self) -> bool:
        """Records the steps anew where numbers have changed; False where the optimizer now does what they cannot."""
        optimizer = self.optimizer
        if self._numbers() == self._recorded:
            return True
        apart = len(self.groups) > 1
        if not (optimizer.updates_apart(self.variables) if apart else optimizer.may_record(self.variables)):
            return False
        if optimizer.clipnorm is not None and any(p.rows is not None for _, parts in self.groups for p in parts):
            return False
        self._record()
        return True

    def begin(self) -> None:
        """Writes the numbers of the next update."""
        optimizer = self.optimizer
        optimizer._advance()
        self._step[0] = optimizer._iterations.array.item() + 1
        rate = float(optimizer.learning_rate)
        for i, factor in enumerate(self._factors):
            self._rates[i] = factor * rate

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
        done = optimizer._iterations.array
        done[()] = done.item() + 1
