"""Which initializer a layer takes where its user named none."""

from collections.abc import Sequence
from typing import Any

from .base import registry
from .scaling import FanInUniform, HeNormal, VarianceScaling, compute_fans

__all__ = ["by_policy", "get_init_policy", "set_init_policy", "with_fan_in"]

_POLICIES = ("keras", "notes", "torch")
_RELUS = {"relu", "relu6", "leaky_relu", "prelu", "elu", "celu", "selu", "gelu", "silu", "swish", "mish"}
_DEFAULTS = {"kernel": "glorot_uniform", "bias": "zeros"}
_policy = "keras"


def set_init_policy(policy: str) -> None:
    """Sets what layers made from now on take where their user left an initializer at its default.

    * ``"keras"``: Glorot uniform kernels, zero biases.
    * ``"notes"``: He normal kernels in layers whose activation is of ReLU's family, the hidden ones; Glorot uniform
      where it is softmax, sigmoid, tanh or none, as at the output. (Convolutions that a batch normalization follows
      have no activation of their own: name ``"he_normal"`` there.)
    * ``"torch"``: kernels and biases uniform in [-l, l], l = 1 / sqrt(fan_in): Kaiming's with a = sqrt(5).

    Only the untouched default changes, which is the string ``"glorot_uniform"`` or ``"zeros"``; an object, such as
    ``GlorotUniform()``, stays what it is. Configs hold the initializer that was chosen, so loading a model does not
    depend on the policy.

    Args:
        policy: ``"keras"``, ``"notes"`` or ``"torch"``.

    Example:
        >>> set_init_policy("notes")
        >>> type(by_policy("glorot_uniform", "relu")).__name__
        'HeNormal'
        >>> set_init_policy("keras")
    """
    global _policy
    if policy not in _POLICIES:
        from fastcnn.registry import suggestion

        raise ValueError(f"policy must be 'keras', 'notes' or 'torch', got {policy!r}.{suggestion(policy, _POLICIES)}")
    _policy = policy


def get_init_policy() -> str:
    """What ``set_init_policy`` has set.

    Example:
        >>> get_init_policy()
        'keras'
    """
    return _policy


def by_policy(initializer: Any, activation: Any = None, role: str = "kernel") -> Any:
    """The initializer that a layer is to use: the one named, or the policy's where that is the untouched default.

    Layers call it in their constructors, and ``with_fan_in`` on the bias's when they are built.

    Args:
        initializer: what the layer's user gave.
        activation: the layer's: a name, a function, a layer or None.
        role: ``"kernel"`` or ``"bias"``.

    Example:
        >>> by_policy("glorot_uniform", "softmax")
        GlorotUniform(seed=None)
    """
    if role not in _DEFAULTS:
        raise ValueError(f"role must be 'kernel' or 'bias', got {role!r}")
    if _policy != "keras" and isinstance(initializer, str) and initializer == _DEFAULTS[role]:
        if _policy == "torch":
            return FanInUniform() if role == "bias" else VarianceScaling(1.0 / 3.0, "fan_in", "uniform")
        if role == "kernel" and _activation_name(activation) in _RELUS:
            return HeNormal()
    return registry.get(initializer)


def _activation_name(activation: Any) -> str:
    if isinstance(activation, str):
        return activation.lower()
    if isinstance(activation, dict):
        activation = activation.get("class_name", "")
        return _activation_name(activation)
    name = getattr(activation, "__name__", None) or type(activation).__name__
    return {"LeakyReLU": "leaky_relu", "ReLU": "relu", "PReLU": "prelu", "ELU": "elu"}.get(name, name.lower())


def with_fan_in(initializer: Any, kernel_shape: Sequence[int]) -> Any:
    """The same initializer, told the fan-in of the kernel beside it where it asks for that.

    Args:
        initializer: a bias's.
        kernel_shape: that of the kernel in the same layer.

    Example:
        >>> from fastcnn.initializers import Zeros
        >>> with_fan_in(Zeros(), (3, 3, 16, 32))
        Zeros()
    """
    if isinstance(initializer, FanInUniform) and initializer.fan_in is None:
        initializer.fan_in = compute_fans(kernel_shape)[0]
    return initializer
