"""The layers by name, and the names that layers get by themselves."""

from typing import Any

from fastcnn.registry import Registry, snake_case

__all__ = ["automatic_name", "deserialize", "forget_names", "get", "registry", "serialize"]

registry = Registry("layer", "keras.layers")
_used: dict[str, int] = {}


def get(identifier: Any) -> Any:
    """A layer from its name, its config or itself."""
    return registry.get(identifier)


def serialize(layer: Any) -> Any:
    """The config of a layer, in Keras 3's form."""
    return registry.serialize(layer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The layer that a config describes, without its weights."""
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
