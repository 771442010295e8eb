"""Operations between layers in the form of Keras's configs, so that Keras reads our models and we read Keras's."""

import functools
from typing import Any

from fastcnn import ops
from fastcnn.registry import snake_case
from fastcnn.seam import Node
from fastcnn.tensor import Tensor

__all__ = ["keras_form", "operation_of_keras", "run_operation"]

# The names of primitives without settings, and what Keras calls their classes.
_PLAIN = {
    "add": "Add", "subtract": "Subtract", "multiply": "Multiply", "divide": "Divide", "maximum": "Maximum",
    "minimum": "Minimum", "exp": "Exp", "log": "Log", "sqrt": "Sqrt", "square": "Square", "negative": "Negative",
    "abs": "Absolute", "power": "Power", "matmul": "Matmul",
}  # fmt: skip
_ACTIVATIONS = {"relu": ("nn", "Relu"), "sigmoid": ("nn", "Sigmoid"), "tanh": ("numpy", "Tanh")}


def keras_form(node: Node) -> tuple[str, str, tuple[Any, ...], dict[str, Any]] | None:
    """Keras's module and class for the operation of a node, its arguments and settings; None where it has none."""
    name, attrs = node.operation.name, node.attrs
    inputs = tuple(t.item() if isinstance(t, Tensor) and t.shape == () else t for t in node.inputs)
    if any(isinstance(t, Tensor) for t in inputs):
        return None
    if name in _PLAIN and not attrs:
        return "numpy", _PLAIN[name], inputs, {}
    if name == "activate" and set(attrs) == {"activation"} and attrs["activation"] in _ACTIVATIONS:
        return *_ACTIVATIONS[attrs["activation"]], inputs, {}
    if name == "softmax" and set(attrs) == {"axis"}:
        return "nn", "Softmax", inputs, dict(attrs)
    if name == "concatenate" and set(attrs) == {"axis"}:
        return "numpy", "Concatenate", (list(inputs),), dict(attrs)
    if name == "reshape" and set(attrs) == {"shape"}:
        return "numpy", "Reshape", inputs, {"newshape": list(attrs["shape"])}
    return None


def operation_of_keras(data: dict[str, Any]) -> Any:
    """The function of ``ops`` that Keras's class of an operation stands for, with the settings it was made with."""
    kind = str(data["class_name"])
    function = getattr(ops, {"GetItem": "getitem", "Absolute": "abs"}.get(kind, snake_case(kind)), None)
    if function is None:
        raise ValueError(f"the config has the operation {kind!r} of Keras, which fastcnn.ops has not; use a Layer")
    settings = {key: value for key, value in data["config"].items() if key not in ("name", "dtype")}
    if kind == "Reshape":
        return functools.partial(function, newshape=tuple(settings["newshape"]))
    return functools.partial(function, **settings)


def run_operation(operation: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Calls what ``operation_of_keras`` found; indices come as lists and are meant as tuples."""
    if operation.func is ops.getitem and isinstance(args[1], list):
        args = [args[0], tuple(args[1]), *args[2:]]
    return operation(*args, **kwargs)
