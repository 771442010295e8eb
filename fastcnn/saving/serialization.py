"""Objects as configs and back, in Keras 3's form. A config is data: it names classes, and only known ones are found."""

import importlib
from typing import Any

import numpy as np

from fastcnn.registry import Registry, custom_object_scope, get_custom_objects, suggestion

__all__ = ["deserialize_keras_object", "normalize", "serialize_keras_object"]

_KINDS = ("activations", "initializers", "regularizers", "constraints", "losses", "metrics", "optimizers", "models")
_LAYERS = ("keras", "keras.models", "keras.src.models.functional", "keras.src.models.sequential")
# What newer or older versions of Keras write into configs, with the value that says: not used.
_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "quantization_config": (None,), "input_axes": (None,), "output_axes": (None,), "synchronized": (False,),
    "renorm": (False,), "renorm_clipping": (None,), "renorm_momentum": (0.99,), "optional": (False,),
    "ragged": (False,), "sparse": (False,), "dynamic": (False,), "virtual_batch_size": (None,), "adjustment": (None,),
    "fused": (None,), "lora_rank": (None,), "lora_alpha": (None,),
}  # fmt: skip
_NUMBERS = {*"float64 float32 float16 int64 int32 int16 int8 uint64 uint32 uint16 uint8 bool".split()}  # noqa: SIM905
_LAMBDA = (
    "it holds a Lambda, which is code in a file, and fastcnn runs no code from files. Give its function a name with "
    "def, or make a Layer subclass of it, decorate that with @fastcnn.saving.register_keras_serializable(), build the "
    "model in Python and load weights only"
)


def serialize_keras_object(obj: Any) -> Any:
    """The config of an object: a dict of its class and what its constructor needs; nests of lists and dicts of such.

    Args:
        obj: a layer, model, initializer, loss..., a number, string, array, or a list, tuple or dict of them.

    Example:
        >>> serialize_keras_object({"shape": (3, 3), "scale": np.float32(0.5)})
        {'shape': (3, 3), 'scale': 0.5}
    """
    if obj is None or isinstance(obj, (bool, int, float, str)):
        return obj
    if isinstance(obj, np.generic):
        return obj.item()
    if isinstance(obj, (list, tuple)):
        return type(obj)([serialize_keras_object(v) for v in obj])
    if isinstance(obj, dict):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    if isinstance(obj, np.ndarray):
        return {"class_name": "__numpy__", "config": {"value": obj.tolist(), "dtype": obj.dtype.name}}
    if hasattr(obj, "get_config"):
        return _owner(type(obj)).serialize(obj)
    if callable(obj) and hasattr(obj, "__name__"):
        return _function(obj)
    raise TypeError(f"cannot make a config of {type(obj).__name__}: it needs get_config and from_config")


def _function(function: Any) -> dict[str, Any]:
    if function.__name__ == "<lambda>":
        raise ValueError("a lambda cannot be saved; give the function a name with def, and register it")
    name = getattr(function, "_registered_name", None)
    config = name or function.__name__
    return {
        "module": None if name else "builtins",
        "class_name": "function",
        "config": config,
        "registered_name": config,
    }


def _registries() -> dict[str, Registry]:
    """All of them, by the names of Keras's modules; for this the modules must be there."""
    for name in _KINDS:
        importlib.import_module(f"fastcnn.{name}")
    return Registry.by_module


def _owner(cls: type) -> Registry:
    """The registry that knows the class, or the nearest of its bases."""
    for base in cls.__mro__:
        for registry in _registries().values():
            if any(known is base for known in registry.names.values()) or _is_root(base, registry):
                return registry
    raise TypeError(
        f"{cls.__name__} is neither a layer nor an initializer, loss, metric... of fastcnn, nor derived from one"
    )


def _is_root(base: type, registry: Registry) -> bool:
    """Whether a class is the common base of a kind: Layer, Loss, Metric."""
    return base.__name__.lower() == registry.kind and base.__module__.startswith("fastcnn.")


def deserialize_keras_object(config: Any, custom_objects: dict[str, Any] | None = None, safe_mode: bool = True) -> Any:
    """The object that a config describes. Nothing is imported and nothing run but constructors of known classes.

    Args:
        config: what ``serialize_keras_object`` or Keras gave.
        custom_objects: classes and functions by name, besides those of fastcnn and the registered ones.
        safe_mode: must be True; there is no unsafe mode.

    Example:
        >>> deserialize_keras_object([1, {"class_name": "__numpy__", "config": {"value": [1, 2], "dtype": "int32"}}])
        [1, array([1, 2], dtype=int32)]
    """
    if not safe_mode:
        raise NotImplementedError("safe_mode=False is not supported by fastcnn: no file may run code")
    with custom_object_scope(custom_objects or {}):
        return _object(normalize(config))


def _object(config: Any) -> Any:
    if isinstance(config, (list, tuple)):
        return type(config)([_object(v) for v in config])
    if not isinstance(config, dict):
        return config
    kind, inner = config.get("class_name"), config.get("config")
    if kind == "__numpy__" and isinstance(inner, dict):
        return np.array(inner["value"], dtype=_number_type(inner["dtype"]))
    if kind is None or "config" not in config:
        return {key: _object(value) for key, value in config.items()}
    return _registry(config).deserialize(config)


def _number_type(name: Any) -> Any:
    if name not in _NUMBERS:
        raise ValueError(f"an array in a config must hold numbers, got dtype {name!r}")
    return np.dtype(name)


def _registry(config: dict[str, Any]) -> Registry:
    """The registry that knows the class of a config: that of the module it names, else the first that has the class."""
    name = config["class_name"] if config["class_name"] != "function" else config["config"]
    module = str(config.get("module"))
    registries = _registries()
    named = registries.get("keras.layers" if module in _LAYERS else module)
    for registry in [named] if named else registries.values():
        if name in registry.names:
            return registry
    if _is_custom(config):
        return named or registries["keras.layers"]
    raise unknown(str(name))


def _is_custom(config: dict[str, Any]) -> bool:
    names = (config.get("class_name"), config.get("registered_name"), str(config.get("config"))[:200])
    return any(full in names or full.partition(">")[2] in names for full in get_custom_objects())


def unknown(name: str) -> ValueError:
    """The error for a class that nobody knows."""
    every = [known for registry in _registries().values() for known in registry.names]
    return ValueError(
        f"the config names {name!r}, which fastcnn does not know.{suggestion(name, every)} If it is yours, pass "
        f"custom_objects={{{name!r}: {name}}} or decorate it with @fastcnn.saving.register_keras_serializable()"
    )


def normalize(config: Any) -> Any:
    """A config as our classes expect it: dtype policies as names, and without what only says that a feature is unused.

    Raises:
        ValueError: the config holds a Lambda, or names a class that nobody knows.
    """
    if isinstance(config, (list, tuple)):
        return type(config)([normalize(v) for v in config])
    if not isinstance(config, dict):
        return config
    kind, inner = config.get("class_name"), config.get("config")
    if kind == "__lambda__" or (kind == "Lambda" and not _names_a_function(inner)):
        raise ValueError(f"the config cannot be loaded: {_LAMBDA}")
    if kind in ("DTypePolicy", "Policy") and isinstance(inner, dict):
        return inner.get("name")
    if kind is not None and isinstance(inner, dict):
        operation = kind in ("function", "Primitive") or str(config.get("module")).startswith("keras.src.ops.")
        if "module" in config and not operation and not str(kind).startswith("__"):
            _registry(config)
        inner = {key: value for key, value in inner.items() if not _is_neutral(key, value)}
        config = {**config, "config": inner}
    return {key: normalize(value) for key, value in config.items()}


def _names_a_function(inner: Any) -> bool:
    """Whether a Lambda's config holds a function's name in place of its code, or a function that is no file's."""
    function = inner.get("function") if isinstance(inner, dict) else None
    return callable(function) or (isinstance(function, dict) and function.get("class_name") == "function")


def _is_neutral(key: str, value: Any) -> bool:
    return key in _NEUTRAL and any(value is v or (type(value) is type(v) and value == v) for v in _NEUTRAL[key])
