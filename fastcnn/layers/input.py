"""Input: where a functional or Sequential model begins."""

from typing import Any

from fastcnn._arrays import INT
from fastcnn.layers.layer import Layer
from fastcnn.layers.registry import registry
from fastcnn.seam import Node
from fastcnn.tensor import SymbolicTensor

__all__ = ["Input", "InputLayer"]


@registry.register()
class InputLayer(Layer):
    """The layer behind ``Input``: it computes nothing.

    Args:
        shape: of one sample.
        batch_size: None for any.
        dtype: of the numbers.
        sparse, ragged, optional: must be False: there are dense tensors only, and each input must be given.
        batch_shape: shape and batch size in one, instead of both.
        input_tensor: its shape and type are taken, where these are not given.
        name: how the input is called in dicts of inputs.

    Example:
        >>> InputLayer((28, 28, 1)).output.shape
        (None, 28, 28, 1)
    """

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: str | None = None,
        sparse: Any = None,
        ragged: Any = None,
        batch_shape: Any = None,
        input_tensor: Any = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ):
        for word, value in (("sparse", sparse), ("ragged", ragged), ("optional", optional)):
            if value:
                raise NotImplementedError(f"{word} inputs are not supported by fastcnn")
        if "input_shape" in kwargs:
            shape = kwargs.pop("input_shape")
        if "batch_input_shape" in kwargs:
            batch_shape = kwargs.pop("batch_input_shape")
        super().__init__(name=name or None, **kwargs)
        if input_tensor is not None:
            batch_shape, dtype = input_tensor.shape, dtype or input_tensor.dtype
        self.batch_shape = _with_batch(shape, batch_size, batch_shape)
        self._dtype = dtype or "float32"
        self.built = True
        node = Node(self, (), {})
        tensor = SymbolicTensor(self.batch_shape, self._dtype, name=self.name, node=node)
        node.outputs = (tensor,)
        self._calls.append(node)

    def call(self, x: Any) -> Any:
        """The input itself."""
        return x

    def get_config(self) -> dict[str, Any]:
        """Shape, type and name."""
        common = {"dtype": self._dtype, "sparse": False, "ragged": False, "name": self.name}
        return {"batch_shape": self.batch_shape, **common}


def _with_batch(shape: Any, batch_size: int | None, batch_shape: Any) -> tuple[int | None, ...]:
    """The shape of a batch, which is given whole or as two parts."""
    if batch_shape is None:
        if shape is None:
            raise ValueError("Input needs a shape, such as Input((28, 28, 1))")
        batch_shape = (batch_size, *((shape,) if isinstance(shape, INT) else shape))
    elif shape is not None:
        raise ValueError("Input takes shape or batch_shape, not both")
    for n in batch_shape:
        if n is not None and (not isinstance(n, INT) or n < 0):
            raise ValueError(f"shape must hold sizes or None, got {tuple(batch_shape)}")
    return tuple(None if n is None else int(n) for n in batch_shape)


def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: str | None = None,
    sparse: Any = None,
    ragged: Any = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: Any = None,
    optional: bool = False,
) -> SymbolicTensor:
    """The symbolic tensor that a model begins with.

    Args:
        shape: of one sample, None where any size will do.
        batch_size: None for any.
        dtype: of the numbers.
        sparse, ragged, optional: must be False: there are dense tensors only, and each input must be given.
        batch_shape: shape and batch size in one, instead of both.
        name: how the input is called in dicts of inputs.
        tensor: its shape and type are taken, where these are not given.

    Example:
        >>> Input((28, 28, 1)).shape
        (None, 28, 28, 1)
    """
    if isinstance(shape, INT) and isinstance(dtype, INT):
        raise TypeError(f"Input: shape must be a tuple, as in Input(({shape}, {batch_size}, {dtype})), got {shape}")
    layer = InputLayer(shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name)
    return layer._calls[0].outputs[0]
