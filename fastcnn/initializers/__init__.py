"""What weights are before training: constants, random numbers scaled by the number of inputs, orthogonal matrices.

A random initializer is a function of its seed and of the shape: called twice it gives the same numbers, unless its
seed is a ``SeedGenerator``. What a layer uses where its user named nothing is a matter of ``set_init_policy``.
"""

from typing import Any

from fastcnn.absent import explain_absent

from .base import Initializer, registry
from .constants import Constant, Identity, Ones, Zeros
from .distributions import Orthogonal, RandomInitializer, RandomNormal, RandomUniform, TruncatedNormal
from .policy import by_policy, get_init_policy, set_init_policy, with_fan_in
from .scaling import (
    FanInUniform,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
    XavierFanIn,
    compute_fans,
)

__all__ = [
    "Constant",
    "FanInUniform",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "XavierFanIn",
    "Zeros",
    "by_policy",
    "compute_fans",
    "deserialize",
    "get",
    "get_init_policy",
    "serialize",
    "set_init_policy",
    "with_fan_in",
]
explain_absent(__name__)

get, deserialize = registry.get, registry.deserialize


def serialize(initializer: Any) -> Any:
    """The config of an initializer, in Keras 3's form.

    Args:
        initializer: the object.

    Example:
        >>> serialize(Zeros())["class_name"]
        'Zeros'
    """
    return registry.serialize(initializer)


zeros, ones, constant, identity, orthogonal = Zeros, Ones, Constant, Identity, Orthogonal
random_normal, random_uniform, truncated_normal = RandomNormal, RandomUniform, TruncatedNormal
variance_scaling = VarianceScaling
glorot_normal, glorot_uniform = GlorotNormal, GlorotUniform
he_normal, he_uniform = HeNormal, HeUniform
lecun_normal, lecun_uniform = LecunNormal, LecunUniform
