"""The layers by name, and the names that layers get by themselves."""

from typing import Any

from fastcnn.registry import Registry, snake_case

__all__ = ["automatic_name", "deserialize", "forget_names", "get", "registry", "serialize"]

registry = Registry("layer", "keras.layers")
_used: dict[str, int] = {}


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


def automatic_name(prefix: str) -> str:
    """``conv2d``, ``conv2d_1``, ``conv2d_2``, ..."""
    prefix = snake_case(prefix)
    number = _used.get(prefix, 0)
    _used[prefix] = number + 1
    return f"{prefix}_{number}" if number else prefix


def forget_names() -> None:
    """Starts counting names anew."""
    _used.clear()
