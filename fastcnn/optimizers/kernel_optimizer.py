"""Optimizers whose step, with clipping and decay, is one kernel for each variable, or for many that lie together."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastcnn.optimizers.gradients import arithmetic, as_array
from fastcnn.optimizers.optimizer import Optimizer
from fastcnn.optimizers.state import Slots
from fastcnn.tensor import Variable

if TYPE_CHECKING:
    from fastcnn.optimizers.recorded import Part

__all__ = ["KernelOptimizer"]

Array = np.ndarray[Any, Any]
_OWN = {"apply", "apply_gradients", "update_step", "_step", "_update", "_rule"}


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
        variable.touch()
        return ratio

    def may_record(self, variables: Sequence[Variable]) -> bool:
        """Whether a program can do the update: not where methods are the user's, or results are looked at."""
        cls: Any = type(self)
        return (
            all(getattr(cls, name) is getattr(KernelOptimizer, name) for name in _OWN)
            and cls.arguments.__module__.startswith("fastcnn.optimizers.")
            and not (self.gradient_accumulation_steps or self.update_ratios is not None or vars(self).keys() & _OWN)
            and all(v.array.dtype == np.float32 for v in variables)
        )

    def settle(self, variables: Sequence[Variable]) -> bool:
        """Makes the state of variables, and lays them and their slots flat.

        Args:
            variables: those of a model.

        Returns:
            Whether variables have moved: programs that were recorded before are outdated then.
        """
        if not variables or not self.may_record(variables):
            return False
        from fastcnn.optimizers.flat import lay_flat  # here: what programs need comes with the first
        from fastcnn.optimizers.recorded import group_of

        if not self.built:
            self.build(variables)
        self.follow(variables)
        ordered = sorted(variables, key=lambda v: group_of(self, v))
        moved = lay_flat(ordered)
        slots = [self._slots[self._index[id(v)]] for v in ordered]
        for name in slots[0]:
            lay_flat([own[name] for own in slots])
        return moved

    def updates_apart(self, variables: Sequence[Variable]) -> bool:
        """Whether a program can do the update of each variable by itself: not where the norm of all gradients counts.

        Args:
            variables: of a model.
        """
        return self.global_clipnorm is None and self.may_record(variables)

    def record(self, groups: "Sequence[tuple[Any, Sequence[Part]]]", missing: Sequence[Variable]) -> Any:
        """Records the update as steps of programs; None where Python has to do it.

        Args:
            groups: programs, each with the parts of the update that it does. ``settle`` was called for the variables.
            missing: the variables that have no gradient.
        """
        variables = [p.variable for _, parts in groups for p in parts]
        if not variables or any(id(v) not in self._index for v in (*variables, *missing)):
            return None
        if not self.may_record([*variables, *missing]):
            return None
        from fastcnn.optimizers.recorded import RecordedUpdate  # here: as above

        self._warn_of_missing([v.path for v in missing])
        return RecordedUpdate(self, groups)
