"""Layers that move numbers without changing them: other shapes, borders, parts."""

import math
from collections.abc import Sequence
from typing import Any

from fastcnn import ops
from fastcnn.layers.arguments import data_layout, integers
from fastcnn.layers.layer import Layer
from fastcnn.layers.registry import registry
from fastcnn.seam import Shape
from fastcnn.tensor import SymbolicTensor

__all__ = ["Flatten", "Permute", "RepeatVector", "Reshape"]


class Moving(Layer):
    """A layer without weights whose output has the input's dtype."""

    _least_axes = 1

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.built = True

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """A symbolic tensor of the output's shape and the input's dtype."""
        x = args[0]
        return SymbolicTensor(self.compute_output_shape(x.shape), x.dtype)

    def _expect(self, rank: int, shape: Any, axes: str) -> None:
        if len(shape) != rank:
            kind = f"{type(self).__name__} {self.name!r}"
            raise ValueError(f"{kind}: expected {rank} dimensions ({axes}), got shape {tuple(shape)}")


def _reshaped(x: Any, sample: tuple[int | None, ...]) -> Any:
    """The tensor with samples of another shape; one size may be unknown, of the samples or how many there are."""
    sizes = (x.shape[0], *sample)
    return ops.reshape(x, tuple(-1 if n is None else n for n in sizes))


@registry.register()
class Flatten(Moving):
    """Each sample as a row of numbers.

    Args:
        data_format: "channels_first" inputs are moved to channels last before, so that both formats give the same row.

    Shapes: (n, ...) to (n, product of the rest).

    Example:
        >>> Flatten()([[[1.0, 2.0], [3.0, 4.0]]]).numpy()
        array([[1., 2., 3., 4.]], dtype=float32)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format = data_layout(data_format)

    def call(self, inputs: Any) -> Any:
        """(n, ...) to (n, product of the rest)."""
        rank = len(inputs.shape)
        if rank == 2:
            return inputs
        if self.data_format == "channels_first" and rank > 2:
            inputs = ops.transpose(inputs, (0, *range(2, rank), 1))
        return _reshaped(inputs, self.compute_output_shape(inputs.shape)[1:])

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """(n, product of the rest)."""
        rest = input_shape[1:]
        return (input_shape[0], None if None in rest else math.prod(rest))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"data_format": self.data_format}


@registry.register()
class Reshape(Moving):
    """Each sample in another shape.

    Args:
        target_shape: of a sample, without the batch; one size may be -1 and follows from the others.

    Shapes: (n, ...) to (n, *target_shape).

    Example:
        >>> Reshape((2, -1))([[1.0, 2.0, 3.0, 4.0]]).shape
        (1, 2, 2)
    """

    def __init__(self, target_shape: Any, **kwargs: Any):
        super().__init__(**kwargs)
        given = tuple(target_shape) if isinstance(target_shape, (tuple, list)) else (target_shape,)
        self.target_shape = integers(given, len(given), "target_shape", -1) if given else ()
        if self.target_shape.count(-1) > 1:
            raise ValueError(f"target_shape may have one -1, got {target_shape!r}")

    def call(self, inputs: Any) -> Any:
        """(n, ...) to (n, *target_shape)."""
        return _reshaped(inputs, self.compute_output_shape(inputs.shape)[1:])

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """(n, *target_shape), the -1 resolved where the input's sizes are known."""
        batch, *sample = input_shape
        target, known = self.target_shape, math.prod(n for n in self.target_shape if n != -1)
        if None in sample:
            return (batch, *(None if n == -1 else n for n in target))
        size = math.prod(sample)
        missing = size // known if known and -1 in target else 1
        if known * missing != size:
            raise ValueError(
                f"Reshape {self.name!r}: samples of shape {tuple(sample)} hold {size} numbers, "
                f"target_shape {target} does not"
            )
        return (batch, *(missing if n == -1 else n for n in target))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"target_shape": self.target_shape}


@registry.register()
class Permute(Moving):
    """The axes of each sample in another order.

    Args:
        dims: which axis comes where, counted from 1; the batch stays first.

    Example:
        >>> import numpy as np
        >>> Permute((3, 1, 2))(np.ones((1, 28, 20, 3))).shape
        (1, 3, 28, 20)
    """

    def __init__(self, dims: Sequence[int], **kwargs: Any):
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(f"dims must hold each of 1 to {len(self.dims)} once, got {dims!r}")

    def call(self, inputs: Any) -> Any:
        """The input with its axes in the order of ``dims``."""
        self._expect(len(self.dims) + 1, inputs.shape, "batch and one for each of dims")
        return ops.transpose(inputs, (0, *self.dims))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The sizes in the order of ``dims``."""
        self._expect(len(self.dims) + 1, input_shape, "batch and one for each of dims")
        return (input_shape[0], *(input_shape[d] for d in self.dims))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"dims": self.dims}


@registry.register()
class RepeatVector(Moving):
    """Each sample, a row of numbers, several times.

    Args:
        n: how many times.

    Shapes: (batch, c) to (batch, n, c).

    Example:
        >>> RepeatVector(2)([[1.0, 2.0]]).numpy()
        array([[[1., 2.],
                [1., 2.]]], dtype=float32)
    """

    def __init__(self, n: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.n = integers(n, 1, "n")[0]

    def call(self, inputs: Any) -> Any:
        """(batch, c) to (batch, n, c)."""
        self._expect(2, inputs.shape, "batch, features")
        return ops.repeat(ops.expand_dims(inputs, 1), self.n, 1)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """(batch, n, c)."""
        self._expect(2, input_shape, "batch, features")
        return (input_shape[0], self.n, input_shape[1])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"n": self.n}
