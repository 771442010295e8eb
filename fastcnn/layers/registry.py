"""The layers by name."""

from typing import Any

from fastcnn.registry import Registry

__all__ = ["deserialize", "get", "registry", "serialize"]

registry = Registry("layer", "keras.layers")


def get(identifier: Any) -> Any:
    """A layer from its name, its config or itself.

    Args:
        identifier: "ReLU", the dictionary that ``serialize`` returns, or a layer.

    Example:
        >>> from fastcnn import layers
        >>> type(layers.get("ReLU")).__name__
        'ReLU'
    """
    return registry.get(identifier)


def serialize(layer: Any) -> Any:
    """The config of a layer, in Keras 3's form.

    Args:
        layer: the layer; its weights are no part of the config.

    Example:
        >>> from fastcnn import layers
        >>> layers.serialize(layers.Dense(3, name="head"))["config"]["units"]
        3
    """
    return registry.serialize(layer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The layer that a config describes, without its weights.

    Args:
        config: what ``serialize`` returned.
        custom_objects: classes by name that take part besides the registered ones.

    Example:
        >>> from fastcnn import layers
        >>> layers.deserialize(layers.serialize(layers.Dense(3))).units
        3
    """
    return registry.deserialize(config, custom_objects)
