"""Layers that make one tensor of several."""

from collections.abc import Callable
from functools import reduce
from typing import Any

from fastcnn import ops
from fastcnn.layers.layer import Layer
from fastcnn.layers.registry import registry
from fastcnn.seam import Shape, float_dtype

__all__ = [
    "Add",
    "Average",
    "Concatenate",
    "Maximum",
    "Minimum",
    "Multiply",
    "Subtract",
    "add",
    "average",
    "concatenate",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]


class Merge(Layer):
    """A layer over a list of tensors, element by element; sizes of one, and missing leading axes, broadcast."""

    _operation: Callable[..., Any]

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)

    def _label(self) -> str:
        return f"{type(self).__name__} {self.name!r}"

    def _shapes(self, input_shape: Any) -> list[tuple[int | None, ...]]:
        """The inputs' shapes; raises where there is no list of them."""
        if not isinstance(input_shape, (list, tuple)) or not all(isinstance(s, (list, tuple)) for s in input_shape):
            raise ValueError(f"{self._label()}: expected a list of tensors, got one of shape {input_shape}")
        if not input_shape:
            raise ValueError(f"{self._label()}: expected a list of at least 1 tensor, got none")
        shapes = [tuple(s) for s in input_shape]
        if len({s[0] for s in shapes if s} - {None}) > 1:
            raise ValueError(f"{self._label()}: the batch sizes differ: {shapes}")
        return shapes

    def build(self, input_shape: Any) -> None:
        """Checks that the shapes fit together."""
        self.compute_output_shape(input_shape)

    def call(self, inputs: Any) -> Any:
        """The inputs, from left to right."""
        if not isinstance(inputs, (list, tuple)):
            self._shapes(tuple(inputs.shape))
        inputs = [floating(x) for x in inputs]
        ranks = [len(x.shape) for x in inputs]
        if min(ranks) != max(ranks):
            inputs = [_lifted(x, max(ranks)) for x in inputs]
        return self._merge(inputs)

    def _merge(self, inputs: Any) -> Any:
        return reduce(type(self)._operation, inputs)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The common shape."""
        shapes = self._shapes(input_shape)
        batch = next((s[0] for s in shapes if s[0] is not None), None)
        samples = [s[1:] for s in shapes]
        rank = max(map(len, samples))
        sizes = [_common(column) for column in zip(*((1,) * (rank - len(s)) + s for s in samples), strict=True)]
        if -1 in sizes:
            raise ValueError(f"{self._label()}: the shapes {shapes} do not fit together")
        return (batch, *sizes)

    def get_config(self) -> dict[str, Any]:
        """Name, type and whether it is trained."""
        return super().get_config()


def _common(sizes: tuple[int | None, ...]) -> int | None:
    """The size that all broadcast to, -1 where there is none."""
    others = {n for n in sizes if n != 1}
    if len(others - {None}) > 1:
        return -1
    return None if None in others else next(iter(others), 1)


def floating(x: Any) -> Any:
    """Whole numbers, of images perhaps, as floats: a sum of bytes would not fit into a byte."""
    return x if x.dtype.startswith("float") else ops.cast(x, float_dtype().name)


def _lifted(x: Any, rank: int) -> Any:
    """The tensor with axes of one after the batch."""
    while len(x.shape) < rank:
        x = ops.expand_dims(x, 1)
    return x


@registry.register()
class Add(Merge):
    """The sum of tensors: the end of a residual block.

    Example:
        >>> import numpy as np
        >>> Add()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])]).numpy()
        array([[11., 22.]], dtype=float32)
    """

    _operation = staticmethod(ops.add)


@registry.register()
class Subtract(Merge):
    """The first tensor less the second.

    Example:
        >>> import numpy as np
        >>> Subtract()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])]).numpy()
        array([[ -9., -18.]], dtype=float32)
    """

    _operation = staticmethod(ops.subtract)

    def _shapes(self, input_shape: Any) -> list[tuple[int | None, ...]]:
        shapes = super()._shapes(input_shape)
        if len(shapes) != 2:
            raise ValueError(f"{self._label()}: expected 2 tensors, got {len(shapes)}")
        return shapes


@registry.register()
class Multiply(Merge):
    """The product of tensors, element by element: gates, attention over channels.

    Example:
        >>> import numpy as np
        >>> Multiply()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])]).numpy()
        array([[10., 40.]], dtype=float32)
    """

    _operation = staticmethod(ops.multiply)


@registry.register()
class Average(Merge):
    """The mean of tensors.

    Example:
        >>> import numpy as np
        >>> Average()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])]).numpy()
        array([[ 5.5, 11. ]], dtype=float32)
    """

    def _merge(self, inputs: Any) -> Any:
        return reduce(ops.add, inputs) / len(inputs)


@registry.register()
class Maximum(Merge):
    """The largest of tensors, element by element.

    Example:
        >>> import numpy as np
        >>> Maximum()([np.array([[1.0, 5.0]]), np.array([[2.0, 3.0]])]).numpy()
        array([[2., 5.]], dtype=float32)
    """

    _operation = staticmethod(ops.maximum)


@registry.register()
class Minimum(Merge):
    """The smallest of tensors, element by element.

    Example:
        >>> import numpy as np
        >>> Minimum()([np.array([[1.0, 5.0]]), np.array([[2.0, 3.0]])]).numpy()
        array([[1., 3.]], dtype=float32)
    """

    _operation = staticmethod(ops.minimum)


@registry.register()
class Concatenate(Merge):
    """Tensors side by side.

    Args:
        axis: along which; the batch is axis 0.

    Shapes: the same but for that axis, whose sizes add up.

    Example:
        >>> import numpy as np
        >>> Concatenate()([np.array([[1.0, 2.0]]), np.array([[3.0]])]).numpy()
        array([[1., 2., 3.]], dtype=float32)
    """

    def __init__(self, axis: int = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any) -> Any:
        """The inputs side by side."""
        if not isinstance(inputs, (list, tuple)):
            self._shapes(tuple(inputs.shape))
        return ops.concatenate(inputs, self.axis)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The first shape, with the sizes along ``axis`` added up."""
        if not isinstance(input_shape, (list, tuple)) or not all(isinstance(s, (list, tuple)) for s in input_shape):
            self._shapes(input_shape)
        shapes = [tuple(s) for s in input_shape] or self._shapes(input_shape)
        rank = len(shapes[0])
        if any(len(s) != rank for s in shapes) or not -rank <= self.axis < rank:
            raise ValueError(f"{self._label()}: the shapes {shapes} have no common axis {self.axis}")
        axis = self.axis % rank
        result: list[int | None] = []
        for i, column in enumerate(zip(*shapes, strict=True)):
            known = {n for n in column if n is not None}
            if i == axis:
                result.append(None if None in column else sum(n or 0 for n in column))
            elif len(known) > 1:
                raise ValueError(
                    f"{self._label()}: the shapes {shapes} differ along axis {i}, not only along axis {axis}"
                )
            else:
                result.append(next(iter(known), None))
        return tuple(result)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"axis": self.axis}


def add(inputs: Any, **kwargs: Any) -> Any:
    """The sum of tensors: ``Add()(inputs)``.

    Example:
        >>> import numpy as np
        >>> add([np.array([[1.0]]), np.array([[2.0]])]).numpy()
        array([[3.]], dtype=float32)
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """The first tensor less the second: ``Subtract()(inputs)``.

    Example:
        >>> import numpy as np
        >>> subtract([np.array([[1.0]]), np.array([[2.0]])]).numpy()
        array([[-1.]], dtype=float32)
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """The product of tensors: ``Multiply()(inputs)``.

    Example:
        >>> import numpy as np
        >>> multiply([np.array([[3.0]]), np.array([[2.0]])]).numpy()
        array([[6.]], dtype=float32)
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """The mean of tensors: ``Average()(inputs)``.

    Example:
        >>> import numpy as np
        >>> average([np.array([[1.0]]), np.array([[2.0]])]).numpy()
        array([[1.5]], dtype=float32)
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """The largest of tensors: ``Maximum()(inputs)``.

    Example:
        >>> import numpy as np
        >>> maximum([np.array([[1.0]]), np.array([[2.0]])]).numpy()
        array([[2.]], dtype=float32)
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """The smallest of tensors: ``Minimum()(inputs)``.

    Example:
        >>> import numpy as np
        >>> minimum([np.array([[1.0]]), np.array([[2.0]])]).numpy()
        array([[1.]], dtype=float32)
    """
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """Tensors side by side: ``Concatenate(axis)(inputs)``.

    Example:
        >>> import numpy as np
        >>> concatenate([np.array([[1.0]]), np.array([[2.0]])]).numpy()
        array([[1., 2.]], dtype=float32)
    """
    return Concatenate(axis, **kwargs)(inputs)
