"""Rules with at most a moving average: SGD, Adagrad, RMSprop, Adadelta, Lion. Defaults are Keras 3's."""

from typing import Any

from fastcnn._arrays import NUMBER
from fastcnn.optimizers.kernel_optimizer import KernelOptimizer
from fastcnn.optimizers.optimizer import registry
from fastcnn.optimizers.state import Slots

__all__ = ["SGD", "Adadelta", "Adagrad", "Lion", "RMSprop"]


@registry.register()
class SGD(KernelOptimizer):
    """Gradient descent, with momentum: ``m = momentum * m - learning_rate * g; w += m``.

    Args:
        learning_rate: the step's size; a number, a schedule or a function without arguments.
        momentum: 0 to 1, the part of the last step that is kept. The name ``"momentum"`` is ``SGD(momentum=0.9)``.
        nesterov: whether to look one step ahead: ``w += momentum * m - learning_rate * g``.
        weight_decay and the rest: as for ``Optimizer``.

    Example:
        >>> from fastcnn.tensor import Variable
        >>> w = Variable([1.0, 2.0], name="w")
        >>> SGD(0.5, momentum=0.9).apply([[1.0, -1.0]], [w])
        >>> w.numpy().round(3).tolist()
        [0.5, 2.5]
    """

    kernel = "sgd"

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
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
        **kwargs: Any,
    ):
        super().__init__(
            learning_rate,
            weight_decay,
            clipnorm,
            clipvalue,
            global_clipnorm,
            use_ema,
            ema_momentum,
            ema_overwrite_frequency,
            loss_scale_factor,
            gradient_accumulation_steps,
            name,
            **kwargs,
        )
        if isinstance(momentum, bool) or not isinstance(momentum, NUMBER) or not 0 <= momentum <= 1:
            raise ValueError(f"momentum must be a number in [0, 1], got {momentum!r}")
        self.momentum = momentum
        self.nesterov = nesterov

    def slot_groups(self) -> list[dict[str, float]]:
        return [{"momentum": 0.0}] if self.momentum else []

    def arguments(self, slots: Slots) -> dict[str, Any]:
        velocity = slots["momentum"].array if self.momentum else None
        return {"velocity": velocity, "momentum": self.momentum, "nesterov": self.nesterov}

    def get_config(self) -> dict[str, Any]:
        """With the rule's own numbers."""
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}


@registry.register()
class Adagrad(KernelOptimizer):
    """Steps that shrink where gradients were great: ``a += g**2; w -= learning_rate * g / sqrt(a + epsilon)``.

    Args:
        learning_rate: the step's size; a number, a schedule or a function without arguments.
        initial_accumulator_value: what ``a`` begins with.
        epsilon: keeps the divisor from 0.
        weight_decay and the rest: as for ``Optimizer``.

    Example:
        >>> from fastcnn.tensor import Variable
        >>> w = Variable([1.0, 2.0], name="w")
        >>> Adagrad(1.0, initial_accumulator_value=0.0).apply([[2.0, -4.0]], [w])
        >>> w.numpy().round(3).tolist()
        [0.0, 3.0]
    """

    kernel = "adagrad"

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
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
        **kwargs: Any,
    ):
        super().__init__(
            learning_rate,
            weight_decay,
            clipnorm,
            clipvalue,
            global_clipnorm,
            use_ema,
            ema_momentum,
            ema_overwrite_frequency,
            loss_scale_factor,
            gradient_accumulation_steps,
            name,
            **kwargs,
        )
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def slot_groups(self) -> list[dict[str, float]]:
        return [{"accumulator": self.initial_accumulator_value}]

    def arguments(self, slots: Slots) -> dict[str, Any]:
        return {"accumulator": slots["accumulator"].array, "epsilon": self.epsilon}

    def get_config(self) -> dict[str, Any]:
        """With the rule's own numbers."""
        return {
            **super().get_config(),
            "initial_accumulator_value": self.initial_accumulator_value,
            "epsilon": self.epsilon,
        }


@registry.register()
class RMSprop(KernelOptimizer):
    """Gradients over their root mean square: ``w -= learning_rate * g / sqrt(v + epsilon)``, ``v`` averages ``g**2``.

    Args:
        learning_rate: the step's size; a number, a schedule or a function without arguments.
        rho: decay of the averages.
        momentum: 0 to 1, the part of the last step that is kept.
        epsilon: keeps the divisor from 0; it stands inside the root.
        centered: whether the square of the gradients' average is taken off ``v``: their variance.
        weight_decay and the rest: as for ``Optimizer``.

    Example:
        >>> from fastcnn.tensor import Variable
        >>> w = Variable([1.0, 2.0], name="w")
        >>> RMSprop(0.5, rho=0.75).apply([[3.0, 5.0]], [w])
        >>> w.numpy().round(3).tolist()
        [0.0, 1.0]
    """

    kernel = "rmsprop"

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
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
        **kwargs: Any,
    ):
        super().__init__(
            learning_rate,
            weight_decay,
            clipnorm,
            clipvalue,
            global_clipnorm,
            use_ema,
            ema_momentum,
            ema_overwrite_frequency,
            loss_scale_factor,
            gradient_accumulation_steps,
            name,
            **kwargs,
        )
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered

    def slot_groups(self) -> list[dict[str, float]]:
        groups = [{"velocity": 0.0}]
        if self.momentum > 0:
            groups.append({"momentum": 0.0})
        if self.centered:
            groups.append({"average_gradient": 0.0})
        return groups

    def arguments(self, slots: Slots) -> dict[str, Any]:
        return {
            "velocity": slots["velocity"].array,
            "average": slots["average_gradient"].array if self.centered else None,
            "momentum_slot": slots["momentum"].array if self.momentum > 0 else None,
            "rho": self.rho,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
        }

    def get_config(self) -> dict[str, Any]:
        """With the rule's own numbers."""
        return {
            **super().get_config(),
            "rho": self.rho,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "centered": self.centered,
        }


@registry.register()
class Adadelta(KernelOptimizer):
    """Gradients times the ratio of the root mean squares of past steps and of past gradients.

    Args:
        learning_rate: the step's size; a number, a schedule or a function without arguments.
        rho: decay of both averages.
        epsilon: keeps the divisor from 0, and starts the first step.
        weight_decay and the rest: as for ``Optimizer``.

    Example:
        >>> from fastcnn.tensor import Variable
        >>> w = Variable([1.0, 2.0], name="w")
        >>> Adadelta(1.0, rho=0.75, epsilon=0.75).apply([[3.0, 0.0]], [w])
        >>> w.numpy().round(3).tolist()
        [-0.5, 2.0]
    """

    kernel = "adadelta"

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
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
        **kwargs: Any,
    ):
        super().__init__(
            learning_rate,
            weight_decay,
            clipnorm,
            clipvalue,
            global_clipnorm,
            use_ema,
            ema_momentum,
            ema_overwrite_frequency,
            loss_scale_factor,
            gradient_accumulation_steps,
            name,
            **kwargs,
        )
        self.rho = rho
        self.epsilon = epsilon

    def slot_groups(self) -> list[dict[str, float]]:
        return [{"accumulated_grad": 0.0, "accumulated_delta_var": 0.0}]

    def arguments(self, slots: Slots) -> dict[str, Any]:
        return {
            "accumulated_g": slots["accumulated_grad"].array,
            "accumulated_d": slots["accumulated_delta_var"].array,
            "rho": self.rho,
            "epsilon": self.epsilon,
        }

    def get_config(self) -> dict[str, Any]:
        """With the rule's own numbers."""
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}


@registry.register()
class Lion(KernelOptimizer):
    """Steps of one size: ``w -= learning_rate * sign(beta_1 * m + (1 - beta_1) * g)``.

    Args:
        learning_rate: the step's size; a number, a schedule or a function without arguments.
        beta_1: weight of ``m`` in the step.
        beta_2: decay of ``m``, the average of the gradients.
        weight_decay and the rest: as for ``Optimizer``.

    Example:
        >>> from fastcnn.tensor import Variable
        >>> w = Variable([1.0, 2.0], name="w")
        >>> Lion(0.5).apply([[3.0, -5.0]], [w])
        >>> w.numpy().round(3).tolist()
        [0.5, 2.5]
    """

    kernel = "lion"

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
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
        **kwargs: Any,
    ):
        super().__init__(
            learning_rate,
            weight_decay,
            clipnorm,
            clipvalue,
            global_clipnorm,
            use_ema,
            ema_momentum,
            ema_overwrite_frequency,
            loss_scale_factor,
            gradient_accumulation_steps,
            name,
            **kwargs,
        )
        if not 0 < beta_1 < 1:
            raise ValueError(f"beta_1 must be above 0 and below 1, got {beta_1!r}")
        self.beta_1 = beta_1
        self.beta_2 = beta_2

    def slot_groups(self) -> list[dict[str, float]]:
        return [{"momentum": 0.0}]

    def arguments(self, slots: Slots) -> dict[str, Any]:
        return {"m": slots["momentum"].array, "beta_1": self.beta_1, "beta_2": self.beta_2}

    def get_config(self) -> dict[str, Any]:
        """With the rule's own numbers."""
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2}
