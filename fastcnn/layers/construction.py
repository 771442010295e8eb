"""How layers are constructed: Keras's old arguments, the types of weights, the arguments as a config."""

import inspect
from typing import Any

from fastcnn.layers.tracking import holds_state
from fastcnn.registry import suggestion
from fastcnn.seam import float_dtype

__all__ = ["accepts", "constructor_arguments", "dtype_name", "legacy_shape", "near_argument"]

_SIMPLE = (bool, int, float, str, type(None), list, tuple, dict)


def legacy_shape(kwargs: dict[str, Any]) -> tuple[int | None, ...] | None:
    """The batch shape from Keras's old arguments input_shape, input_dim, batch_input_shape, batch_size: taken away.

    Example:
        >>> legacy_shape({"input_shape": (28, 28, 1)}), legacy_shape({"input_dim": 4, "batch_size": 8})
        ((None, 28, 28, 1), (8, 4))
    """
    size = kwargs.pop("batch_size", None)
    shape, width = kwargs.pop("input_shape", None), kwargs.pop("input_dim", None)
    for word in ("batch_input_shape", "batch_shape"):
        whole = kwargs.pop(word, None)
        if whole is not None:
            return tuple(whole)
    if width is not None:
        shape = (width,)
    if shape is None:
        return None
    return (size, shape) if isinstance(shape, int) else (size, *shape)


def dtype_name(dtype: Any) -> str:
    """The type of a layer's weights: that of ``floatx()``, and no other.

    Example:
        >>> dtype_name({"class_name": "DTypePolicy", "config": {"name": "float32"}})
        'float32'
    """
    given = dtype
    if isinstance(dtype, dict):
        dtype = dtype.get("config", {}).get("name")
    own = float_dtype().name
    if dtype is None:
        return own
    name = dtype if isinstance(dtype, str) else getattr(dtype, "name", None) or getattr(dtype, "__name__", repr(dtype))
    if name not in ("float32", own):
        raise NotImplementedError(f"dtype must be {own!r}, got {given!r}: fastcnn computes in {own}; leave dtype out")
    return str(name)


def accepts(cls: type, word: str) -> bool:
    """Whether the constructor of a class takes a keyword."""
    parameters = inspect.signature(cls.__init__).parameters  # type: ignore[misc]
    return word in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def near_argument(cls: type, word: str) -> str:
    """``" Did you mean 'units'?"``, where an argument of the class or of one that it comes from is called much like it.

    Example:
        >>> from fastcnn import layers
        >>> near_argument(layers.Dense, "unit")
        " Did you mean 'units'?"
    """
    own = (base.__init__ for base in cls.__mro__ if base is not object and "__init__" in vars(base))  # type: ignore[misc]
    known = {name for init in own for name in inspect.signature(init).parameters}
    return suggestion(word, known - {"self", "args", "kwargs"})


def constructor_arguments(layer: Any) -> dict[str, Any]:
    """The arguments of a subclass that did not write get_config, where they are plain values."""
    args, kwargs = layer._arguments
    signature = inspect.signature(type(layer).__init__)
    values: dict[str, Any] = {}
    for name, value in list(signature.bind(layer, *args, **kwargs).arguments.items())[1:]:
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            raise NotImplementedError(
                f"{type(layer).__name__} must define get_config: it takes any number of arguments"
            )
        values.update(value if kind is inspect.Parameter.VAR_KEYWORD else {name: value})
    for name in ("name", "trainable", "dtype", "activity_regularizer"):
        values.pop(name, None)
    for key, value in values.items():
        if not isinstance(value, _SIMPLE) or holds_state(value):
            raise NotImplementedError(
                f"{type(layer).__name__} must define get_config: its argument {key!r} is no plain value"
            )
    return values
