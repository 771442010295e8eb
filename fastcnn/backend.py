"""What Keras programs expect of ``keras.backend``: the type of numbers, the layout, a clean slate."""

import math
from typing import Any

from fastcnn import _core, ops
from fastcnn.absent import explain_absent
from fastcnn.naming import forget_names
from fastcnn.seam import _State, state
from fastcnn.tensor import Variable

__all__ = [
    "clear_session",
    "epsilon",
    "floatx",
    "image_data_format",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
]
explain_absent(__name__)

# What older programs write as ``K.sum``: operations of the same name and arguments, and those with others.
_OLDER = """
    abs all any binary_crossentropy categorical_crossentropy clip equal exp flatten greater greater_equal less
    less_equal log max maximum mean min minimum not_equal ones_like prod relu reshape round sigmoid sign
    softmax softplus sparse_categorical_crossentropy square squeeze stack std sum tanh tile transpose var
    zeros_like
"""
vars().update({name: getattr(ops, name) for name in _OLDER.split()})
vars().update(
    argmax=lambda x, axis=-1: ops.argmax(x, axis),
    argmin=lambda x, axis=-1: ops.argmin(x, axis),
    batch_flatten=lambda x: ops.reshape(x, (-1, math.prod(x.shape[1:]))),
    cast=ops.cast,
    cast_to_floatx=lambda x: ops.convert_to_numpy(ops.cast(x, floatx())),
    concatenate=lambda tensors, axis=-1: ops.concatenate(tensors, axis),
    constant=lambda value, dtype=None: ops.convert_to_tensor(value, dtype or floatx()),
    dot=ops.dot,
    eval=ops.convert_to_numpy,
    expand_dims=lambda x, axis=-1: ops.expand_dims(x, axis),
    gather=lambda reference, indices: ops.take(reference, indices, 0),
    get_value=ops.convert_to_numpy,
    int_shape=lambda x: tuple(x.shape),
    l2_normalize=lambda x, axis=None: x * ops.rsqrt(ops.maximum(ops.sum(ops.square(x), axis, keepdims=True), 1e-12)),
    ndim=ops.ndim,
    one_hot=ops.one_hot,
    permute_dimensions=ops.transpose,
    pow=ops.power,
    set_value=lambda x, value: x.assign(value),
    shape=ops.shape,
    sqrt=lambda x: ops.sqrt(ops.maximum(x, 0.0)),
    switch=ops.where,
    variable=Variable,
)

_values: dict[str, Any] = {"epsilon": 1e-7}


def floatx() -> str:
    """The type of weights and of numbers with a fraction: "float32", unless ``set_floatx`` said otherwise.

    Example:
        >>> floatx()
        'float32'
    """
    return "float64" if state.precise else "float32"


def set_floatx(value: str) -> None:
    """Chooses "float32", the kernels, or "float64", the NumPy references: slow, for checking numbers.

    Args:
        value: "float32" or "float64".

    Example:
        >>> set_floatx("float32")
        >>> floatx()
        'float32'
    """
    if value not in ("float32", "float64"):
        raise ValueError(f"floatx must be 'float32' or 'float64', got {value!r}")
    _State.precise = value == "float64"
    vars(state).pop("precise", None)  # what this thread had for itself would hide it


def epsilon() -> float:
    """The small number that keeps logarithms finite.

    Example:
        >>> epsilon()
        1e-07
    """
    return float(_values["epsilon"])


def set_epsilon(value: float) -> None:
    """Sets ``epsilon()``; the fused losses keep 1e-7.

    Args:
        value: the new number.

    Example:
        >>> set_epsilon(1e-7)
        >>> epsilon()
        1e-07
    """
    _values["epsilon"] = float(value)


def image_data_format() -> str:
    """The layout of layers that are not told one: always "channels_last".

    Example:
        >>> image_data_format()
        'channels_last'
    """
    return "channels_last"


def set_image_data_format(data_format: str) -> None:
    """Accepts "channels_last" only; layers take ``data_format="channels_first"`` one by one.

    Args:
        data_format: "channels_last".

    Example:
        >>> set_image_data_format("channels_last")
    """
    if data_format != "channels_last":
        raise NotImplementedError(
            f"the default data_format is 'channels_last', got {data_format!r}; "
            "pass data_format='channels_first' to the layers"
        )


def clear_session(free_memory: bool = True) -> None:
    """Forgets the names given to layers, so that the next ``Dense`` is ``dense`` again, and frees what nobody uses.

    Args:
        free_memory: whether garbage is collected, and memory that is kept for the next arrays goes back to the system.

    Example:
        >>> from fastcnn import layers
        >>> clear_session()
        >>> layers.Dense(1).name, layers.Dense(1).name
        ('dense', 'dense_1')
    """
    forget_names()
    if free_memory:
        import gc

        gc.collect()
        _core.clear_cache()
