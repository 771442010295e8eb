"""The optimizer: what all rules have in common. Keras 3's names, arguments and order of events."""

import re
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np

from fastcnn.naming import automatic_name
from fastcnn.optimizers import schedules
from fastcnn.optimizers.arguments import check, refuse_unknown, variables_of
from fastcnn.optimizers.gradients import arithmetic, present, scales
from fastcnn.optimizers.state import OptimizerState
from fastcnn.registry import Registry
from fastcnn.tensor import Tensor, Variable

__all__ = ["Optimizer", "registry"]

registry = Registry("optimizer", "keras.optimizers")


class Optimizer(OptimizerState):
    """Changes variables along their gradients; the base of all rules.

    A rule of one's own overrides ``update_step(gradient, variable, learning_rate)``, and ``build`` where it keeps state
    (``add_variable_from_reference``). By then the gradient is clipped and the variable has decayed.

    Args:
        learning_rate: a number, a schedule, or a function without arguments that returns a number.
        weight_decay: decoupled decay, ``w -= learning_rate * weight_decay * w`` before each update.
        clipnorm: the greatest norm of a variable's gradient; one of the three clippings at most.
        clipvalue: the greatest absolute value of a gradient's elements.
        global_clipnorm: the greatest norm of all gradients together.
        use_ema: whether to keep a moving average of the variables, which takes their place at the end of ``fit``.
        ema_momentum: of the moving average.
        ema_overwrite_frequency: also replace the variables by their average every so many steps.
        loss_scale_factor: must be None: single precision needs no scaling of the loss.
        gradient_accumulation_steps: update once in so many calls, with the mean of their gradients.
        name: made from the class's name unless given: adam, adam_1...
        learning_rate_multipliers: factors of the learning rate, by a variable's path or the beginning of it:
            ``{"conv1": 0.1, "dense/bias": 2.0}``. The longest that fits decides. Keras has nothing like it.
        update_ratios: whether to note ``|new w - w| / |w|`` of each update, before constraints, in the attribute
            ``update_ratios``, by path. Keras has nothing like it.

    Example:
        >>> from fastcnn.optimizers import SGD
        >>> w = Variable([1.0, 2.0], name="w")
        >>> optimizer = SGD(learning_rate=0.5)
        >>> optimizer.apply([[1.0, -1.0]], [w])
        >>> w.numpy().tolist(), int(optimizer.iterations)
        ([0.5, 2.5], 1)
    """

    _fused = False  # whether clipping, decay and the update are one kernel

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "update_step" in vars(cls):
            cls._fused = "_fused" in vars(cls)

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        *,
        learning_rate_multipliers: dict[str, float] | None = None,
        update_ratios: bool = False,
        **kwargs: Any,
    ):
        refuse_unknown(type(self).__name__, kwargs)
        clippings = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        check(clippings, use_ema, ema_momentum, ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps)
        super().__init__(
            learning_rate, use_ema, gradient_accumulation_steps, name or automatic_name(type(self).__name__)
        )
        self.weight_decay = weight_decay
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.ema_momentum, self.ema_overwrite_frequency = ema_momentum, ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.learning_rate_multipliers = dict(learning_rate_multipliers or {})
        self.update_ratios: dict[str, float] | None = {} if update_ratios else None
        self._undecayed: list[Variable] = []
        self._undecayed_names: re.Pattern[str] | None = None
        self._warned: set[str] = set()

    # Updates

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """One step.

        Args:
            grads_and_vars: pairs of a gradient (or None) and its variable.

        Returns:
            The counter of calls.
        """
        pairs = list(grads_and_vars) if isinstance(grads_and_vars, Iterable) else [grads_and_vars]
        if not pairs:
            raise ValueError("No gradients provided: grads_and_vars is empty")
        for pair in pairs:
            if not isinstance(pair, (list, tuple)) or len(pair) != 2:
                raise TypeError(
                    f"grads_and_vars must be pairs of a gradient and its variable, zip(gradients, variables), got "
                    f"{pair!r}; apply takes two lists"
                )
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self._iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        """One step: clip, decay, update, average, constrain, in this order.

        Args:
            grads: gradients, one for each variable; None where there is none, of which you are warned once.
            trainable_variables: those that the optimizer was built for unless given.
        """
        if not isinstance(grads, (list, tuple, np.ndarray)):
            raise TypeError(f"grads must be a list of gradients, got {grads!r}")
        if len(grads) == 0:
            return
        if trainable_variables is None:
            if not self.built:
                raise ValueError(
                    "apply(grads) without variables needs an optimizer that is built: call build(variables)"
                )
            trainable_variables = self._trainable_variables
        else:
            trainable_variables = variables_of(trainable_variables)
            if not self.built:
                self.build(trainable_variables)
        if len(grads) != len(trainable_variables):
            raise ValueError(f"grads must be as many as the variables, {len(trainable_variables)}, got {len(grads)}")
        unknown = [v.path for v in trainable_variables if id(v) not in self._index]
        if unknown:
            raise ValueError(
                f"Unknown variable: {unknown}. The optimizer was built for other variables; call build() with all of "
                "them to add these, or make another optimizer for another model"
            )
        arrays, kept, missing = present(grads, trainable_variables)
        self._warn_of_missing(missing)
        self._step(arrays, kept)
        for variable in kept:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable))
        self._iterations.array += 1

    def update_step(self, gradient: Any, variable: Variable, learning_rate: float) -> None:
        """The rule: changes one variable. For subclasses to override."""
        raise NotImplementedError(f"{type(self).__name__} must override update_step(gradient, variable, learning_rate)")

    def assign(self, variable: Variable, value: Any) -> None:
        """Sets a variable: how rules of one's own change what they keep."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Adds to a variable."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Subtracts from a variable."""
        variable.assign_sub(value)

    def _step(self, gradients: list[Any], variables: list[Variable]) -> None:
        steps = self.gradient_accumulation_steps
        if steps:
            sums = [self._accumulators[self._index[id(v)]].array for v in variables]
            for total, gradient in zip(sums, gradients, strict=True):
                total += gradient
            if (int(self._iterations) + 1) % steps == 0:
                self._update(sums, variables, 1 / steps)
                for accumulator in self._accumulators:
                    accumulator.array[...] = 0
        else:
            self._update(gradients, variables, 1.0)
        if self.use_ema:
            self._average()

    def _advance(self) -> None:
        """What an update begins with, whoever does it: state that no kernel keeps."""

    def settle(self, variables: Sequence[Variable]) -> bool:
        """Prepares variables for updates that are part of a program, which not every optimizer can be.

        Args:
            variables: those of a model.

        Returns:
            Whether variables have moved in memory.
        """
        return False

    def updates_apart(self, variables: Sequence[Variable]) -> bool:
        """Whether a program can do the update of each variable by itself, as soon as its gradient is complete.

        Args:
            variables: of a model.
        """
        return False

    def record(self, groups: Sequence[Any], missing: Sequence[Variable]) -> Any:
        """Records the update as steps of programs; None where Python has to do it.

        Args:
            groups: pairs of a ``_core.Program`` and the parts of the update that it does.
            missing: the variables that have no gradient.
        """
        return None

    def _update(self, gradients: list[Any], variables: list[Variable], part: float) -> None:
        self._advance()
        rate = float(self.learning_rate)
        factors = scales(gradients, self.clipnorm, self.global_clipnorm, part)
        for gradient, variable, factor in zip(gradients, variables, factors, strict=True):
            multiplied = rate * self._multiplier(variable.path) if self.learning_rate_multipliers else rate
            decay = self.weight_decay if self._decays(variable) else None
            options: dict[str, Any] = {"weight_decay": decay, "clipvalue": self.clipvalue, "scale": factor}
            if self._fused:
                options["return_ratio"] = self.update_ratios is not None
                ratio = self._rule(gradient, variable, multiplied, **options)
            else:
                ratio = self._by_hand(gradient, variable, multiplied, **options)
            if self.update_ratios is not None and ratio is not None:
                self.update_ratios[variable.path] = ratio

    def _rule(self, gradient: Any, variable: Variable, learning_rate: float, **options: Any) -> float | None:
        raise NotImplementedError

    def _by_hand(
        self,
        gradient: Any,
        variable: Variable,
        rate: float,
        weight_decay: float | None,
        clipvalue: float | None,
        scale: float,
    ) -> float | None:
        """The options of a kernel around a rule of the user's."""
        before = variable.numpy()
        gradient = gradient if scale == 1 else (gradient * scale).astype(gradient.dtype)
        if clipvalue is not None:
            gradient = np.clip(gradient, -clipvalue, clipvalue)
        if weight_decay:
            variable.assign(variable.array - rate * weight_decay * variable.array)
        self.update_step(Tensor(np.asarray(gradient, variable.dtype)), variable, rate)
        if self.update_ratios is None:
            return None
        norm = arithmetic(before).l2_norm
        return norm(variable.array - before) / norm(before) if before.any() else float("inf")

    def _multiplier(self, path: str) -> float:
        parts = path.split("/")
        for end in range(len(parts), 0, -1):
            factor = self.learning_rate_multipliers.get("/".join(parts[:end]))
            if factor is not None:
                return factor
        return 1.0

    def _warn_of_missing(self, paths: list[str]) -> None:
        new = [path for path in paths if path not in self._warned]
        if new:
            self._warned.update(new)
            warnings.warn(
                f"Gradients do not exist for variables {new} when minimizing the loss. If using `model.compile()`, did "
                "you forget to provide a `loss` argument?",
                stacklevel=3,
            )

    # Decay and averages

    def exclude_from_weight_decay(
        self, var_list: Sequence[Variable] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Spares variables the weight decay. To be called before the optimizer is built.

        Args:
            var_list: these variables.
            var_names: all whose name contains one of these words (regular expressions), such as ``["bias"]``.
        """
        if self.built:
            raise ValueError("exclude_from_weight_decay() must be called before the optimizer is built")
        self._undecayed = list(var_list or [])
        self._undecayed_names = re.compile("|".join(sorted(set(var_names)))) if var_names else None

    def _decays(self, variable: Variable) -> bool:
        if self.weight_decay is None or any(v is variable for v in self._undecayed):
            return False
        return self._undecayed_names is None or not self._undecayed_names.search(variable.name)

    def _average(self) -> None:
        count = int(self.iterations)
        momentum = self.ema_momentum if count else 0.0  # the average begins as the variables after the first update
        for average, variable in zip(self._model_variables_moving_average, self._trainable_variables, strict=True):
            arithmetic(variable.array).moving_average(average.array, variable.array, momentum)
        if self.ema_overwrite_frequency and (count + 1) % self.ema_overwrite_frequency == 0:
            self.finalize_variable_values(self._trainable_variables)

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """Where ``use_ema`` is set, replaces the variables by their moving averages."""
        if self.use_ema:
            for variable in var_list:
                if id(variable) not in self._index:
                    raise ValueError(
                        f"{variable.path}: the optimizer was not built for this variable and has no average of it"
                    )
                variable.assign(self._model_variables_moving_average[self._index[id(variable)]].array)

    def scale_loss(self, loss: Any) -> Any:
        """The loss as it is: ``loss_scale_factor`` is not supported and always None."""
        return loss

    # Config

    def get_config(self) -> dict[str, Any]:
        """What it takes to make the same optimizer, without its state."""
        rate = self._learning_rate
        config = {
            "name": self.name,
            "learning_rate": float(rate) if isinstance(rate, Variable) else schedules.serialize(rate),
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": self.use_ema,
            "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency,
            "loss_scale_factor": self.loss_scale_factor,
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
        }
        if self.learning_rate_multipliers:
            config["learning_rate_multipliers"] = dict(self.learning_rate_multipliers)
        if self.update_ratios is not None:
            config["update_ratios"] = True
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Self:
        """The optimizer that ``get_config`` described, here or in Keras 2, whose ``jit_compile`` changes no number."""
        config = {k: v for k, v in config.items() if k not in ("jit_compile", "is_legacy_optimizer")}
        if not config.get("decay", 1):
            del config["decay"]
        rate = config.get("learning_rate")
        if isinstance(rate, (dict, str)):
            config["learning_rate"] = schedules.deserialize(rate, custom_objects)
        return cls(**config)

    def __repr__(self) -> str:
        rate = self._learning_rate
        return f"<{type(self).__name__} learning_rate={float(rate) if isinstance(rate, Variable) else rate!r}>"
