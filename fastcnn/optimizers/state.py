"""What an optimizer keeps: counters, learning rate, averages and slots; Keras 3's names and order of variables."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from fastcnn.checked import Checked
from fastcnn.optimizers import schedules
from fastcnn.optimizers.arguments import rate_of, variables_of
from fastcnn.tensor import Tensor, Variable

__all__ = ["OptimizerState", "Slots"]

Slots = dict[str, Variable]


class OptimizerState(Checked):
    """The variables of an optimizer: made, listed, read and written.

    Args:
        learning_rate: a number, a schedule, or a function without arguments that returns a number.
        use_ema: whether there is a moving average of each variable.
        gradient_accumulation_steps: if any, there is a sum of gradients for each variable.
        name: what the variables' paths begin with.
    """

    def __init__(self, learning_rate: Any, use_ema: bool, gradient_accumulation_steps: int | None, name: str):
        self.name, self.use_ema, self.gradient_accumulation_steps = name, use_ema, gradient_accumulation_steps
        self.built = False
        self._iterations = self._variable(0, "int64", "iteration")
        self._learning_rate: Any = learning_rate
        if not callable(learning_rate):
            self._learning_rate = self._variable(rate_of(learning_rate), "float64", "learning_rate")
        self._trainable_variables: list[Variable] = []
        self._index: dict[int, int] = {}  # by id: variables compare elementwise
        self._model_variables_moving_average: list[Variable] = []
        self._accumulators: list[Variable] = []
        self._slots: list[Slots] = []
        self._own: list[Variable] = []  # made by add_variable, in the order in which they were made

    def slot_groups(self) -> list[dict[str, float]]:
        """What the rule keeps for each variable: names and first values.

        Variables of a group take turns, ``[{"momentum": 0.0, "velocity": 0.0}]`` gives m1 v1 m2 v2. Groups follow.
        """
        return []

    def build(self, variables: Iterable[Variable]) -> None:
        """Makes the state for these variables.

        Called again, it adds what new variables need (of a layer that was frozen until now) and keeps the rest.
        """
        wanted = variables_of(variables)
        if self.built and all(id(v) in self._index for v in wanted):
            return
        known = {id(v) for v in wanted}
        order = wanted + [v for v in self._trainable_variables if id(v) not in known]
        for variable in order:
            if np.dtype(variable.dtype).kind != "f":
                raise TypeError(f"{variable.path}: an optimizer changes variables of floats, got {variable.dtype}")

        def renewed(kept: list[Any], make: Callable[[Variable], Any]) -> list[Any]:
            return [kept[self._index[id(v)]] if id(v) in self._index else make(v) for v in order]

        if self.use_ema:
            # The first update sets the averages; of a variable that comes later, its value is the average so far.
            late = int(self._iterations) > 0
            self._model_variables_moving_average = renewed(
                self._model_variables_moving_average, lambda v: self._slot(v, "average", v.array if late else 0.0)
            )
        if self.gradient_accumulation_steps:
            self._accumulators = renewed(self._accumulators, lambda v: self._slot(v, "gradient_accumulator", 0.0))
        names = {name: first for group in self.slot_groups() for name, first in group.items()}
        self._slots = renewed(
            self._slots, lambda v: {name: self._slot(v, name, first) for name, first in names.items()}
        )
        self._trainable_variables, self._index = order, {id(v): i for i, v in enumerate(order)}
        self.built = True

    def follow(self, variables: Sequence[Variable]) -> None:
        """Makes the state of variables that were frozen when the optimizer was built and no longer are."""
        if self.built and any(id(v) not in self._index for v in variables):
            self.build(variables)

    @property
    def variables(self) -> list[Variable]:
        """Everything that a checkpoint must hold, in Keras's order."""
        rate = [self._learning_rate] if isinstance(self._learning_rate, Variable) else []
        grouped = [slots[name] for group in self.slot_groups() for slots in self._slots for name in group]
        return [
            self._iterations,
            *rate,
            *self._model_variables_moving_average,
            *self._accumulators,
            *grouped,
            *self._own,
        ]

    @property
    def iterations(self) -> Any:
        """How many updates there were."""
        if self.gradient_accumulation_steps:
            return Tensor(self._iterations.array // self.gradient_accumulation_steps)
        return self._iterations

    @property
    def learning_rate(self) -> Any:
        """The learning rate of the next update. May be set, but not where a schedule gives it."""
        rate = self._learning_rate
        if isinstance(rate, Variable):
            return rate
        now = rate(int(self._iterations)) if isinstance(rate, schedules.LearningRateSchedule) else rate()
        return schedules.Rate(now)

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if callable(value):
            self._learning_rate = value
        elif isinstance(self._learning_rate, Variable):
            self._learning_rate.assign(rate_of(value))
        else:
            raise TypeError(
                f"the learning_rate of this {type(self).__name__} comes from {self._learning_rate!r} and cannot be "
                "set to a number; make the optimizer with a number as learning_rate, or set another schedule"
            )

    @property
    def lr(self) -> Any:
        """What Keras 2 called ``learning_rate``; set, it would change nothing, so it says so."""
        raise AttributeError(f"{type(self).__name__} has no lr; write learning_rate")

    @lr.setter
    def lr(self, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} has no lr; write optimizer.learning_rate = {value!r}")

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: str | None = None,
        aggregation: str = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Variable:
        """A variable of the optimizer's own, for rules that keep state; saved with the others.

        Args:
            shape: of the variable.
            initializer: ``"zeros"``, ``"ones"``, a number, an array, or a function of ``(shape, dtype=...)``.
            dtype: that of ``floatx()`` unless given.
            aggregation: of no consequence on one machine.
            layout: must be None.
            name: a word without slashes.
        """
        named: dict[Any, float] = {"zeros": 0.0, "ones": 1.0}
        if isinstance(initializer, str):
            if initializer not in named:
                raise ValueError(f"initializer must be 'zeros', 'ones', an array or a function, got {initializer!r}")
            initializer = named[initializer]
        value = initializer if callable(initializer) else np.broadcast_to(initializer, tuple(shape))
        variable = Variable(value, shape=tuple(shape), dtype=dtype, trainable=False, name=name, layout=layout)
        variable.path = f"{self.name}/{variable.name}"
        self._own.append(variable)
        return variable

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """A variable of the shape and dtype of another, named after it."""
        name = f"{reference_variable.path.replace('/', '_')}_{name or 'var'}"
        return self.add_variable(reference_variable.shape, initializer, reference_variable.dtype, name=name)

    def add_optimizer_variables(
        self, trainable_variables: Iterable[Variable], name: Any, initializer: Any = "zeros"
    ) -> Any:
        """One variable of the optimizer's own for each of these; a list for each name where there are several names."""
        names = [name] if isinstance(name, str) else list(name)
        first = initializer if isinstance(initializer, (list, tuple)) else [initializer] * len(names)
        if len(first) != len(names):
            raise ValueError(f"initializer must be one, or as many as the names, {len(names)}, got {len(first)}")
        made: list[list[Variable]] = [[] for _ in names]
        for variable in trainable_variables:
            for column, word, value in zip(made, names, first, strict=True):
                column.append(self.add_variable_from_reference(variable, word, value))
        return made[0] if isinstance(name, str) else tuple(made)

    def _get_variable_index(self, variable: Variable) -> int:
        # Keras's name, which its guide to rules of one's own uses.
        return self._index[id(variable)]

    def _variable(self, value: Any, dtype: str, name: str) -> Variable:
        variable = Variable(value, dtype=dtype, trainable=False, name=name)
        variable.path = f"{self.name}/{name}"
        return variable

    def _slot(self, variable: Variable, name: str, first: Any) -> Variable:
        value = np.full(variable.shape, first, variable.dtype)
        return self._variable(value, variable.dtype, f"{variable.path.replace('/', '_')}_{name}")

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets all variables, in the order of ``variables``."""
        if not self.built:
            raise ValueError("set_weights() needs an optimizer that is built: call build(trainable_variables) first")
        if len(weights) != len(self.variables):
            raise ValueError(
                f"weights must be as many as the optimizer's variables, {len(self.variables)}, got {len(weights)}"
            )
        for variable, value in zip(self.variables, weights, strict=True):
            variable.assign(value)

    def save_own_variables(self, store: Any) -> None:
        """Writes the variables to ``store["0"]``, ``store["1"]``..."""
        for i, variable in enumerate(self.variables):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Reads what ``save_own_variables`` wrote; warns, and reads nothing, where the number of variables differs."""
        count = len(store.keys())
        if count != len(self.variables):
            unbuilt = "" if self.built else " It has not been built: call build(model.trainable_variables) first."
            warnings.warn(
                f"Skipping variable loading for optimizer '{self.name}', because it has {len(self.variables)} "
                f"variables whereas the saved optimizer has {count} variables.{unbuilt}",
                stacklevel=2,
            )
            return
        for i, variable in enumerate(self.variables):
            variable.assign(np.asarray(store[str(i)]))

    def __setstate__(self, saved: dict[str, Any]) -> None:
        self.__dict__.update(saved)
        self._index = {id(v): i for i, v in enumerate(self._trainable_variables)}  # copies live elsewhere
