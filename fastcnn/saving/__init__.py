"""Files of models and weights. A file is data: it runs nothing, opens nothing, and gets a bounded amount of memory."""

from fastcnn.registry import custom_object_scope, get_custom_objects, get_registered_name, register_keras_serializable

from .api import load_model, load_weights, restore, save_model, save_weights
from .atomic import atomic_write
from .gate import FileFormatError
from .npz import read_npz, write_npz
from .safetensors import read_safetensors, write_safetensors
from .serialization import deserialize_keras_object, serialize_keras_object
from .torch_file import read_torch

CustomObjectScope = custom_object_scope

__all__ = [
    "CustomObjectScope",
    "FileFormatError",
    "atomic_write",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "load_model",
    "load_weights",
    "read_npz",
    "read_safetensors",
    "read_torch",
    "register_keras_serializable",
    "restore",
    "save_model",
    "save_weights",
    "serialize_keras_object",
    "write_npz",
    "write_safetensors",
]
