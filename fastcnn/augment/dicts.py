"""Transforms as dictionaries that JSON can hold, and back."""

from typing import Any

from fastcnn.augment.base import Transform
from fastcnn.registry import get_custom_objects, suggestion

__all__ = ["from_dict", "to_dict"]


def to_dict(transform: Transform) -> dict[str, Any]:
    """A transform as class name and config.

    Args:
        transform: one of this package, or a pipeline of them.

    Example:
        >>> from fastcnn.augment import HorizontalFlip
        >>> to_dict(HorizontalFlip(p=0.3))
        {'class_name': 'HorizontalFlip', 'config': {'p': 0.3}}
    """
    if not isinstance(transform, Transform):
        raise TypeError(f"transform must be a transform of fastcnn.augment, got {type(transform).__name__}")
    return transform.to_dict()


def from_dict(description: dict[str, Any]) -> Any:
    """The transform that ``to_dict`` described; what albumentations 2 wrote is read, too.

    Args:
        description: of a transform or a pipeline. Classes of one's own are found by the name under which
            ``fastcnn.saving.register_keras_serializable`` or a ``custom_object_scope`` knows them.

    Example:
        >>> from_dict({"class_name": "HorizontalFlip", "config": {"p": 0.3}})
        HorizontalFlip(p=0.3)
    """
    if not isinstance(description, dict):
        raise TypeError(f"description must be a dict as to_dict makes it, got {type(description).__name__}")
    if "__class_fullname__" in description.get("transform", description):
        return _of_albumentations(description.get("transform", description))
    if "class_name" not in description:
        raise ValueError(f"description has no 'class_name'; it has {', '.join(map(repr, description))}")
    return _class(description["class_name"]).from_config(description.get("config", {}))


def _of_albumentations(description: dict[str, Any]) -> Any:
    config = {name: value for name, value in description.items() if name != "__class_fullname__"}
    if "transforms" in config:
        config["transforms"] = [_of_albumentations(t) for t in config["transforms"]]
    if not config.get("additional_targets", True):
        del config["additional_targets"]
    return _class(description["__class_fullname__"].rsplit(".", 1)[-1])(**config)


def _class(name: Any) -> Any:
    from fastcnn import augment

    custom = get_custom_objects()
    for known, found in custom.items():
        if name in (known, known.rpartition(">")[2]):
            return found
    found = getattr(augment, str(name), None)
    if not (isinstance(found, type) and issubclass(found, Transform)):
        raise ValueError(f"no transform is called {name!r}.{suggestion(name, augment.__all__)}".removesuffix("."))
    return found
