"""Operations between layers in the form of Keras's configs, so that Keras reads our models and we read Keras's."""

import functools
import inspect
from typing import Any

from fastcnn import ops
from fastcnn.naming import snake_case
from fastcnn.seam import Node
from fastcnn.tensor import Tensor

__all__ = ["keras_form", "operation_of_keras", "run_operation"]

# The names of primitives without settings, and what Keras calls their classes.
_PLAIN = {
    "add": "Add", "subtract": "Subtract", "multiply": "Multiply", "divide": "Divide", "maximum": "Maximum",
    "minimum": "Minimum", "exp": "Exp", "log": "Log", "sqrt": "Sqrt", "square": "Square", "negative": "Negative",
    "abs": "Absolute", "power": "Power", "log1p": "Log1p", "where": "Where", "greater": "Greater",
    "greater_equal": "GreaterEqual", "less": "Less", "less_equal": "LessEqual", "equal": "Equal",
    "not_equal": "NotEqual",
}  # fmt: skip
# Those whose settings have Keras's names: module, class, the settings.
_SAME = {
    "softmax": ("nn", "Softmax", {"axis"}), "log_softmax": ("nn", "LogSoftmax", {"axis"}),
    "clip": ("numpy", "Clip", {"x_min", "x_max"}), "transpose": ("numpy", "Transpose", {"axes"}),
    "expand_dims": ("numpy", "ExpandDims", {"axis"}), "squeeze": ("numpy", "Squeeze", {"axis"}),
    "flip": ("numpy", "Flip", {"axis"}), "repeat": ("numpy", "Repeat", {"repeats", "axis"}),
    "tile": ("numpy", "Tile", {"repeats"}),
    **{n: ("numpy", n.title(), {"axis", "keepdims"}) for n in ("mean", "sum", "max", "min", "prod", "var", "std")},
}  # fmt: skip
# Activations: module, class, Keras's name of the setting where there is one.
_ACTIVATIONS = {
    "relu": ("nn", "Relu", None), "sigmoid": ("nn", "Sigmoid", None), "tanh": ("numpy", "Tanh", None),
    "silu": ("nn", "Silu", None), "softplus": ("nn", "Softplus", None), "relu6": ("nn", "Relu6", None),
    "hard_sigmoid": ("nn", "HardSigmoid", None), "elu": ("nn", "Elu", "alpha"),
    "leaky_relu": ("nn", "LeakyRelu", "negative_slope"),
}  # fmt: skip

_UNUSED = (None, False, 0.0, "constant")  # values of settings that we have not, which change nothing


def keras_form(node: Node) -> tuple[str, str, tuple[Any, ...], dict[str, Any]] | None:
    """Keras's module and class for the operation of a node, its arguments and settings; None where it has none."""
    name, attrs = node.operation.name, node.attrs
    inputs = tuple(t.item() if isinstance(t, Tensor) and t.shape == () else t for t in node.inputs)
    if name in _PLAIN and not attrs:
        return "numpy", _PLAIN[name], inputs, {}
    if name == "matmul" and not any(attrs.values()):
        return "numpy", "Matmul", inputs, {}
    if name == "getitem":
        return "numpy", "GetItem", (*inputs, list(attrs["key"])), {}
    if name in _SAME and set(attrs) == _SAME[name][2]:
        module, kind, _ = _SAME[name]
        return module, kind, inputs, {key: _setting(value) for key, value in attrs.items()}
    if name == "activate":
        return _activation(inputs, **attrs)
    if name == "concatenate" and set(attrs) == {"axis"}:
        return "numpy", "Concatenate", (list(inputs),), dict(attrs)
    if name == "reshape" and set(attrs) == {"shape"}:
        return "numpy", "Reshape", inputs, {"newshape": list(attrs["shape"])}
    return None


def _setting(value: Any) -> Any:
    """Keras's own classes keep one axis as a number."""
    if not isinstance(value, tuple):
        return value.item() if hasattr(value, "item") else value
    return value[0] if len(value) == 1 else list(value)


def _activation(inputs: Any, activation: str, **attrs: Any) -> Any:
    if activation in ("gelu", "gelu_tanh") and not attrs:
        return "nn", "Gelu", inputs, {"approximate": activation == "gelu_tanh"}
    module, kind, setting = _ACTIVATIONS.get(activation, (None, None, None))
    if module is None or set(attrs) != ({"alpha"} if setting else set()):
        return None
    return module, kind, inputs, {setting: attrs["alpha"]} if setting else {}


def operation_of_keras(data: dict[str, Any]) -> Any:
    """The function of ``ops`` that Keras's class of an operation stands for, with the settings it was made with."""
    kind = str(data["class_name"])
    function = getattr(ops, {"GetItem": "getitem", "Absolute": "abs"}.get(kind, snake_case(kind)), None)
    if function is None:
        raise ValueError(f"the config has the operation {kind!r} of Keras, which fastcnn.ops has not; use a Layer")
    passed_over = ("name",) if kind == "Cast" else ("name", "dtype")
    settings = {key: value for key, value in data["config"].items() if key not in passed_over}
    if kind == "Reshape":
        return functools.partial(function, newshape=tuple(settings["newshape"]))
    for key in settings.keys() - inspect.signature(function).parameters.keys():
        if settings.pop(key) not in _UNUSED:
            raise ValueError(f"the config has the operation {kind!r} of Keras with {key}, which fastcnn.ops has not")
    return functools.partial(function, **settings)


def run_operation(operation: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Calls what ``operation_of_keras`` found; indices come as lists and are meant as tuples."""
    if operation.func is ops.getitem and isinstance(args[1], list):
        args = [args[0], tuple(args[1]), *args[2:]]
    return operation(*args, **kwargs)
