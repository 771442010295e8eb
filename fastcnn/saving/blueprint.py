"""A model from the config in a file: only known classes, no more memory for its weights than the file accounts for."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastcnn.saving.gate import FileFormatError, Source, admit
from fastcnn.saving.serialization import deserialize_keras_object, serialize_keras_object
from fastcnn.seam import state

__all__ = ["compile_config_of", "compile_from", "model_config", "model_from", "warn_of_lambdas"]


def model_config(model: Any) -> dict[str, Any]:
    """The architecture, in Keras 3's form."""
    return dict(serialize_keras_object(model))


def compile_config_of(model: Any) -> dict[str, Any] | None:
    """What ``compile`` was called with, None where it was not."""
    config = model.get_compile_config() if getattr(model, "compiled", False) else None
    return None if config is None else dict(serialize_keras_object(config))


def warn_of_lambdas(model: Any, compiled: Any) -> None:
    """Warns where the config of a model, or of its compilation, has a lambda: the file has no more than that word."""
    found = list(dict.fromkeys([*_lambdas(model, "model"), *_lambdas(compiled, "compile")]))
    if found:
        alone = "" if _lambdas(model, "") else "compile=False or "
        warnings.warn(
            f"the file will not hold the lambda that is given as {', '.join(found)}: load_model will need {alone}"
            "custom_objects={'<lambda>': the function}; give the function a name with def, and register it",
            UserWarning,
            stacklevel=5,
        )


def _lambdas(config: Any, place: str) -> list[str]:
    if isinstance(config, (list, tuple)):
        return [found for value in config for found in _lambdas(value, place)]
    if not isinstance(config, dict):
        return []
    if config.get("class_name") == "function" and config.get("config") == "<lambda>":
        return [place]
    return [found for key, value in config.items() for found in _lambdas(value, place if key == "config" else str(key))]


def model_from(config: Any, custom_objects: dict[str, Any] | None, source: Source) -> Any:
    """Builds the model. Its weights are admitted like everything else that the file makes us allocate."""
    from fastcnn.layers.layer import Layer

    if not isinstance(config, dict) or "class_name" not in config:
        raise source.refuse("the config of the model must be a dict with a class_name")
    with _bounded(source):
        try:
            model = deserialize_keras_object(config, custom_objects)
        except (KeyError, IndexError, AttributeError, RecursionError, OverflowError, ArithmeticError) as error:
            what = f"{type(error).__name__}: {str(error)[:200]}"
            raise source.refuse(f"the config does not describe a model ({what})") from error
        except (TypeError, ValueError, NotImplementedError) as error:
            if not isinstance(error, FileFormatError):
                error.add_note(f"while the model in {source.name} was built from its config")
            raise
    if not isinstance(model, Layer) or not hasattr(model, "save_weights"):
        raise source.refuse(f"the config describes a {type(model).__name__}, not a model")
    return model


@contextmanager
def _bounded(source: Source) -> Iterator[None]:
    """Weights have a gate of their own, of the same size: the file's arrays and the model's weights are both needed."""
    weights = Source(source.name, source.size)
    before = state.admit
    state.admit = lambda nbytes, what: admit(nbytes, weights, what)
    try:
        yield
    finally:
        state.admit = before


def compile_from(model: Any, config: Any, custom_objects: dict[str, Any] | None) -> None:
    """Compiles the model as it was compiled when it was saved."""
    from fastcnn.registry import custom_object_scope
    from fastcnn.saving.serialization import normalize

    if config:
        with custom_object_scope(custom_objects or {}):
            model.compile_from_config(normalize(config))
