"""Dot: sums of products of two tensors, sample by sample."""

import math
from collections.abc import Iterable
from typing import Any

from fastcnn import ops
from fastcnn._arrays import INT
from fastcnn.layers.merging import Merge, floating
from fastcnn.layers.registry import registry
from fastcnn.seam import Shape

__all__ = ["Dot", "dot"]

_SMALL = 1e-7  # Keras's epsilon, the least length of a vector that is normalized


@registry.register()
class Dot(Merge):
    """Sums of products of two tensors along an axis of each, sample by sample.

    Args:
        axes: an int, or one for each tensor; the batch is axis 0 and cannot be summed over.
        normalize: whether vectors along the axes get length 1 before: the cosine similarity.

    Shapes: (n, a..., k) and (n, k, b...) to (n, a..., b...); (n, k) and (n, k) to (n, 1).

    Example:
        >>> import numpy as np
        >>> Dot(1)([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])]).numpy()
        array([[11.]], dtype=float32)
    """

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        given = axes if isinstance(axes, (tuple, list)) else (axes, axes)
        if len(given) != 2 or not all(isinstance(a, INT) for a in given):
            raise ValueError(f"axes must be an int or two of them, got {axes!r}")
        if 0 in given:
            raise ValueError(f"axes must not hold 0, the batch, got {axes!r}; for one sample use ops.expand_dims(x, 0)")
        self.axes = axes
        self.normalize = bool(normalize)

    def _pair(self, input_shape: Any) -> tuple[tuple[int | None, ...], tuple[int | None, ...], int, int]:
        """Both shapes, and the axis of each."""
        shapes = self._shapes(input_shape)
        if len(shapes) != 2:
            raise ValueError(f"{self._label()}: expected 2 tensors, got {len(shapes)}")
        left, right = shapes
        given = self.axes if isinstance(self.axes, (tuple, list)) else (self.axes, self.axes)
        for axis, shape in zip(given, shapes, strict=True):
            if not -len(shape) < axis < len(shape):
                raise ValueError(f"{self._label()}: axes {self.axes} are no axes of the shapes {left} and {right}")
        i, j = given[0] % len(left), given[1] % len(right)
        if left[i] is not None and right[j] is not None and left[i] != right[j]:
            raise ValueError(
                f"{self._label()}: axis {i} of {left} has size {left[i]}, axis {j} of {right} has size {right[j]}"
            )
        return left, right, i, j

    def call(self, inputs: Any) -> Any:
        """A product of matrices for each sample."""
        if not isinstance(inputs, (list, tuple)):
            self._shapes(tuple(inputs.shape))
        left, right, i, j = self._pair([tuple(x.shape) for x in inputs])
        a, b = floating(inputs[0]), floating(inputs[1])
        if self.normalize:
            a, b = _unit(a, i), _unit(b, j)
        rows = [n for n in range(1, len(left)) if n != i]
        columns = [n for n in range(1, len(right)) if n != j]
        batch, size = left[0], left[i]
        many = [_product(left[n] for n in rows), _product(right[n] for n in columns)]
        a = ops.reshape(ops.transpose(a, (0, *rows, i)), _known((batch, many[0], size)))
        b = ops.reshape(ops.transpose(b, (0, j, *columns)), _known((batch, size, many[1])))
        shape = self.compute_output_shape([left, right])
        return ops.reshape(ops.matmul(a, b), _known(shape))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """Batch, the first shape without its axis, the second without its axis."""
        left, right, i, j = self._pair(input_shape)
        batch = left[0] if left[0] is not None else right[0]
        rest = left[1:i] + left[i + 1 :] + right[1:j] + right[j + 1 :]
        return (batch, *(rest or (1,)))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"axes": self.axes, "normalize": self.normalize}


def _product(sizes: Iterable[int | None]) -> int | None:
    known = list(sizes)
    return None if None in known else math.prod(n or 0 for n in known)


def _known(shape: Any) -> tuple[int, ...]:
    return tuple(-1 if n is None else n for n in shape)


def _unit(x: Any, axis: int) -> Any:
    squares = ops.sum(ops.square(x), axis=axis, keepdims=True)
    return x / ops.sqrt(ops.maximum(squares, _SMALL**2))


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """Sums of products of two tensors: ``Dot(axes)(inputs)``.

    Example:
        >>> import numpy as np
        >>> dot([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])]).numpy()
        array([[11.]], dtype=float32)
    """
    return Dot(axes, **kwargs)(inputs)
