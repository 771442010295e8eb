"""Optimizers with Keras 3's names: how gradients change variables."""

from typing import Any

from fastcnn.absent import explain_absent
from fastcnn.optimizers import schedules
from fastcnn.optimizers.adaptive import Adam, Adamax, AdamW, Nadam
from fastcnn.optimizers.optimizer import Optimizer, registry
from fastcnn.optimizers.rules import SGD, Adadelta, Adagrad, Lion, RMSprop

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]
explain_absent(__name__)

registry.names["momentum"] = lambda: SGD(momentum=0.9)


def get(identifier: Any) -> Any:
    """An optimizer from a name, a config, a class, or the object itself; None stays None.

    Args:
        identifier: ``"adam"``, ``"sgd"``... in any case; ``"momentum"`` is ``SGD(momentum=0.9)``.

    Example:
        >>> get("momentum").momentum
        0.9
    """
    found = registry.get(identifier)
    if found is registry.names["momentum"]:
        found = found()
    if found is not None and not isinstance(found, Optimizer):
        raise ValueError(f"optimizer must be a name, a config or an Optimizer, got {identifier!r}")
    return found


def serialize(optimizer: Optimizer) -> Any:
    """The config of an optimizer, in Keras 3's form.

    Example:
        >>> serialize(SGD())["class_name"]
        'SGD'
    """
    return registry.serialize(optimizer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The optimizer that a config describes.

    Args:
        config: what ``serialize`` returned, or a name.
        custom_objects: classes of one's own, by name.

    Example:
        >>> deserialize(serialize(SGD(momentum=0.5))).momentum
        0.5
    """
    if isinstance(config, str):
        return get(config)
    return registry.deserialize(config, custom_objects)
