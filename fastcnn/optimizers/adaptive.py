"""Rules with two moments: Adam, AdamW, Adamax, Nadam. Defaults are Keras 3's."""

from collections.abc import Iterable
from typing import Any

from fastcnn.optimizers.kernel_optimizer import KernelOptimizer
from fastcnn.optimizers.optimizer import registry
from fastcnn.optimizers.state import Slots
from fastcnn.tensor import Variable

__all__ = ["Adam", "AdamW", "Adamax", "Nadam"]


@registry.register()
class Adam(KernelOptimizer):
    """Moments of the gradient: ``w -= alpha * m / (sqrt(v) + epsilon)``, ``alpha`` corrected for the first steps.

    Args:
        learning_rate: the step's size; a number, a schedule or a function without arguments.
        beta_1: decay of the first moment.
        beta_2: decay of the second.
        epsilon: keeps the divisor from 0.
        amsgrad: whether the greatest ``v`` so far takes the place of ``v``.
        weight_decay and the rest: as for ``Optimizer``.

    Example:
        >>> from fastcnn.tensor import Variable
        >>> w = Variable([1.0, 2.0], name="w")
        >>> Adam(0.5).apply([[3.0, -5.0]], [w])
        >>> w.numpy().round(3).tolist()
        [0.5, 2.5]
    """

    kernel = "adam"
    steps = True

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.amsgrad = amsgrad

    def slot_groups(self) -> list[dict[str, float]]:
        moments = {"momentum": 0.0, "velocity": 0.0}
        return [moments, {"velocity_hat": 0.0}] if self.amsgrad else [moments]

    def arguments(self, slots: Slots) -> dict[str, Any]:
        return {
            "m": slots["momentum"].array,
            "v": slots["velocity"].array,
            "v_max": slots["velocity_hat"].array if self.amsgrad else None,
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
        }

    def get_config(self) -> dict[str, Any]:
        """With the rule's own numbers."""
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "amsgrad": self.amsgrad,
        }


@registry.register()
class AdamW(Adam):
    """Adam with decoupled weight decay.

    Args:
        learning_rate: the step's size; a number, a schedule or a function without arguments.
        weight_decay: ``w -= learning_rate * weight_decay * w`` before each update; not None.
        beta_1 and the rest: as for ``Adam``.

    Example:
        >>> from fastcnn.tensor import Variable
        >>> w = Variable([1.0, 2.0], name="w")
        >>> AdamW(1.0, weight_decay=0.5).apply([[0.0, 0.0]], [w])
        >>> w.numpy().tolist()
        [0.5, 1.0]
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
            beta_1,
            beta_2,
            epsilon,
            amsgrad,
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
        if weight_decay is None:
            raise ValueError("weight_decay must be a number, got None; Adam is AdamW without decay")


@registry.register()
class Adamax(KernelOptimizer):
    """Adam with the infinity norm, ``u = max(beta_2 * u, |g|)``, in place of the root of ``v``.

    Args:
        learning_rate: the step's size; a number, a schedule or a function without arguments.
        beta_1: decay of the first moment.
        beta_2: decay of the norm.
        epsilon: keeps the divisor from 0.
        weight_decay and the rest: as for ``Optimizer``.

    Example:
        >>> from fastcnn.tensor import Variable
        >>> w = Variable([1.0, 2.0], name="w")
        >>> Adamax(0.5).apply([[3.0, -5.0]], [w])
        >>> w.numpy().round(3).tolist()
        [0.5, 2.5]
    """

    kernel = "adamax"
    steps = True

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
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
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def slot_groups(self) -> list[dict[str, float]]:
        return [{"momentum": 0.0, "norm": 0.0}]

    def arguments(self, slots: Slots) -> dict[str, Any]:
        return {
            "m": slots["momentum"].array,
            "u": slots["norm"].array,
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
        }

    def get_config(self) -> dict[str, Any]:
        """With the rule's own numbers."""
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}


@registry.register()
class Nadam(KernelOptimizer):
    """Adam with Nesterov's momentum, whose schedule is ``beta_1 * (1 - 0.96**step / 2)``.

    Args:
        learning_rate: the step's size; a number, a schedule or a function without arguments.
        beta_1: decay of the first moment.
        beta_2: decay of the second moment.
        epsilon: keeps the divisor from 0.
        weight_decay and the rest: as for ``Optimizer``.

    Example:
        >>> from fastcnn.tensor import Variable
        >>> w = Variable([1.0, 2.0], name="w")
        >>> Nadam(0.5).apply([[3.0, -5.0]], [w])
        >>> w.numpy().round(3)
        array([0.469, 2.531], dtype=float32)
    """

    kernel = "nadam"
    steps = True

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
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
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def slot_groups(self) -> list[dict[str, float]]:
        return [{"momentum": 0.0, "velocity": 0.0}]

    def arguments(self, slots: Slots) -> dict[str, Any]:
        return {
            "m": slots["momentum"].array,
            "v": slots["velocity"].array,
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
        }

    def build(self, variables: Iterable[Variable]) -> None:
        """Also makes the product of the momenta, which Keras's files hold; the kernel has it from the step's number."""
        wanted = list(variables)
        if not self.built:
            self.product = self.add_variable((), "ones", wanted[0].dtype if wanted else None, name="u_product")
        super().build(wanted)

    def _advance(self) -> None:
        self.product.assign(self.product.array * self.beta_1 * (1 - 0.5 * 0.96 ** (int(self.iterations) + 1)))

    def get_config(self) -> dict[str, Any]:
        """With the rule's own numbers."""
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
