"""What layers with a kernel, a bias and an activation have in common."""

from typing import Any

from fastcnn import activations, constraints, initializers, regularizers
from fastcnn.layers.layer import Layer
from fastcnn.tensor import Variable

__all__ = ["Weighted"]

_KINDS: dict[str, Any] = {"initializer": initializers, "regularizer": regularizers, "constraint": constraints}


class Weighted(Layer):
    """A layer with kernels, perhaps a bias, and an activation.

    Args:
        activation: a name, a function or None.
        use_bias: whether there is a bias.
        rules: the constructor's arguments that end in ``_initializer``, ``_regularizer`` or ``_constraint``.
        activity_regularizer: a function of the output, added to the loss.
    """

    _least_axes = 1

    bias: Variable | None
    bias_initializer: Any

    def __init__(
        self, activation: Any, use_bias: bool, rules: dict[str, Any], activity_regularizer: Any, **kwargs: Any
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.activation = activation
        self.use_bias = bool(use_bias)
        self._rules = tuple(rules)
        for name, rule in rules.items():
            kind = name.rpartition("_")[2]
            if kind == "initializer":
                role = "bias" if name.startswith("bias") else "kernel"
                setattr(self, name, initializers.by_policy(rule, activation, role))
            else:
                setattr(self, name, _KINDS[kind].get(rule))

    @property
    def activation(self) -> Any:
        """The function applied to the result; may be replaced at any time."""
        return self._activation

    @activation.setter
    def activation(self, activation: Any) -> None:
        self._activation = function = activations.get(activation)
        # The kernels apply these two while a result is still in registers.
        self._fused = "relu" if function is activations.relu else "relu6" if function is activations.relu6 else None
        self._after = None if self._fused or function is None or function is activations.linear else function

    def _weight(self, name: str, shape: tuple[int, ...], rules: str | None = None, initializer: Any = None) -> Variable:
        """Makes a weight by the rules of its name, or of another one."""
        rules = rules or name
        return self.add_weight(
            shape,
            initializer or getattr(self, f"{rules}_initializer"),
            regularizer=getattr(self, f"{rules}_regularizer"),
            constraint=getattr(self, f"{rules}_constraint"),
            name=name,
        )

    def _make_bias(self, size: int, kernel: Variable) -> None:
        """Makes the bias, where there is one; some initializers want to know the kernel beside it."""
        initializer = initializers.with_fan_in(self.bias_initializer, kernel.shape)
        self.bias = self._weight("bias", (size,), initializer=initializer) if self.use_bias else None

    def get_config(self) -> dict[str, Any]:
        """The activation and the rules of the weights; subclasses add their sizes."""
        config = super().get_config() | {
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
        }
        for name in self._rules:
            config[name] = _KINDS[name.rpartition("_")[2]].serialize(getattr(self, name))
        return config
