"""Models: Sequential, functional, and classes of one's own."""

from .clone import clone_model, model_from_json
from .model import Model
from .sequential import Sequential

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]


def __getattr__(name: str) -> object:
    if name in ("load_model", "save_model"):
        from fastcnn.saving import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
