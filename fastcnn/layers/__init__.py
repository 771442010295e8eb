"""Layers, with Keras 3's names, arguments and weight shapes."""

from .registry import deserialize, get, serialize
from .layer import Layer
from .input import Input, InputLayer

__all__ = ["Input", "InputLayer", "Layer", "deserialize", "get", "serialize"]
