"""Losses, with Keras 3's names: classes give one number a batch, functions one a sample."""

from typing import Any

from fastcnn.absent import explain_absent

from . import classification, crossentropy, regression
from .base import Loss, LossFunctionWrapper, reduce_weighted_values, registry, squeeze_or_expand_to_same_rank
from .checks import check_head
from .classification import *  # noqa: F403
from .crossentropy import *  # noqa: F403
from .regression import *  # noqa: F403

__all__ = [
    "Loss",
    "LossFunctionWrapper",
    "check_head",
    "deserialize",
    "get",
    "reduce_weighted_values",
    "serialize",
    "squeeze_or_expand_to_same_rank",
    *regression.__all__,
    *crossentropy.__all__,
    *classification.__all__,
]
explain_absent(__name__)


def get(identifier: Any) -> Any:
    """A loss from its name, its config, its class, or itself. Names in small letters are functions, as in Keras.

    Args:
        identifier: a name, a config, a class, an object, a function or None.

    Example:
        >>> get("mse").__name__
        'mean_squared_error'
        >>> get("MeanSquaredError").name
        'mean_squared_error'
    """
    return registry.get(identifier)


def serialize(loss: Any) -> Any:
    """The config of a loss object, or the name of a loss function.

    Example:
        >>> serialize(get("mse"))
        'mean_squared_error'
    """
    return registry.serialize(loss)


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The loss that a config or a name describes.

    Args:
        name: a config, a name or None.
        custom_objects: classes and functions by name that take part besides the registered ones.

    Example:
        >>> deserialize(serialize(get("Huber"))).fn_kwargs
        {'delta': 1.0}
    """
    return registry.deserialize(name, custom_objects)
