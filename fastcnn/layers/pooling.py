"""Pooling: what stands for a window, or for a whole map."""

from typing import Any

from fastcnn import ops
from fastcnn.layers.arguments import data_layout, integers, window_padding
from fastcnn.layers.registry import registry
from fastcnn.layers.spatial import Spatial
from fastcnn.seam import Shape

__all__ = [
    "AdaptiveAveragePooling2D",
    "AveragePooling1D",
    "AveragePooling2D",
    "AvgPool1D",
    "AvgPool2D",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPooling1D",
    "MaxPooling2D",
]


class Pooling(Spatial):
    """One number for each window of each channel."""

    def __init__(
        self,
        pool_size: Any,
        strides: Any = None,
        padding: Any = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        self.pool_size = integers(pool_size, self.rank, "pool_size")
        self.strides = self.pool_size if strides is None else integers(strides, self.rank, "strides")
        self.padding = window_padding(padding, self.rank)
        self.data_format = data_layout(data_format)
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """Batch, places of the window, the same channels."""
        batch, sizes, channels = self._split(input_shape)
        counts = self._windows(sizes, self.pool_size, self.strides, self._cells(sizes), (1,) * self.rank)
        return self._join(batch, counts, channels)

    def _cells(self, sizes: Any) -> Any:
        """The padding for images of those sizes: a word, or cells before and after for each axis."""
        return (self.padding,) if self.rank == 1 and not isinstance(self.padding, str) else self.padding

    def _pooled(self, pool: Any, inputs: Any, padding: Any) -> Any:
        try:
            return pool(inputs, self.pool_size, self.strides, padding, self.data_format)
        except ValueError:
            self.compute_output_shape(inputs.shape)  # says what does not fit in the layer's words
            raise

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {
            "pool_size": self.pool_size,
            "padding": self.padding,
            "strides": self.strides,
            "data_format": self.data_format,
        }


class _MaxPooling(Pooling):
    ceil_mode = False

    def call(self, inputs: Any) -> Any:
        """The maximum of each window."""
        padding = self.padding
        if self.ceil_mode or len(inputs.shape) != self.rank + 2:
            sizes = self._split(inputs.shape)[1]
            padding = self._cells(sizes) if self.ceil_mode else padding
        return self._pooled(ops.max_pool, inputs, padding)


def _after(size: int | None, window: int, stride: int, before: int, after: int) -> int:
    """How many cells must follow an axis so that its last window, begun inside, is a whole one."""
    if size is None:
        return after
    count = -(-(size + before + after - window) // stride) + 1
    if (count - 1) * stride >= size + before:
        count -= 1
    return max(after, (count - 1) * stride + window - size - before)


class _AveragePooling(Pooling):
    def call(self, inputs: Any) -> Any:
        """The mean of each window."""
        if len(inputs.shape) != self.rank + 2:
            self._split(inputs.shape)
        return self._pooled(ops.average_pool, inputs, self.padding)


@registry.register("MaxPool1D")
class MaxPooling1D(_MaxPooling):
    """The maximum of each window of a sequence.

    Args:
        pool_size: length of the window.
        strides: step of the window; None means ``pool_size``.
        padding: "valid", "same", an int or (before, after); padding does not take part.
        data_format: "channels_last" (n, steps, c) or "channels_first" (n, c, steps).
        name: of the layer.

    Shapes: (n, steps, c) to (n, places, c).

    Example:
        >>> MaxPooling1D()([[[1.0], [5.0], [2.0], [3.0]]]).numpy().ravel()
        array([5., 3.], dtype=float32)
    """

    rank = 1

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: Any = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)


@registry.register("MaxPool2D")
class MaxPooling2D(_MaxPooling):
    """The maximum of each window of an image.

    Args:
        pool_size: int or (height, width) of the window.
        strides: int or (height, width), the step of the window; None means ``pool_size``.
        padding: "valid", "same", an int, (height, width) or ((top, bottom), (left, right)); padding does not take part.
        data_format: "channels_last" (n, h, w, c) or "channels_first" (n, c, h, w).
        name: of the layer.
        ceil_mode: whether a last window that leaves the image counts, too, if it starts inside the image or before it.

    Shapes: (n, h, w, c) to (n, oh, ow, c).

    Example:
        >>> MaxPooling2D()([[[[1.0], [2.0]], [[4.0], [3.0]]]]).numpy().ravel()
        array([4.], dtype=float32)
        >>> MaxPooling2D((1, 2), ceil_mode=True)([[[[1.0], [2.0], [3.0]]]]).numpy().ravel()
        array([2., 3.], dtype=float32)
    """

    rank = 2

    def __init__(
        self,
        pool_size: Any = (2, 2),
        strides: Any = None,
        padding: Any = "valid",
        data_format: str | None = None,
        name: str | None = None,
        *,
        ceil_mode: bool = False,
        **kwargs: Any,
    ):
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)
        self.ceil_mode = bool(ceil_mode)

    def _cells(self, sizes: Any) -> Any:
        if not self.ceil_mode or self.padding == "same":
            return self.padding
        pairs = ((0, 0), (0, 0)) if self.padding == "valid" else self.padding
        axes = zip(sizes, self.pool_size, self.strides, pairs, strict=True)
        return tuple((before, _after(size, k, s, before, after)) for size, k, s, (before, after) in axes)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; ``ceil_mode``, which Keras does not know, only where it is used."""
        return super().get_config() | ({"ceil_mode": True} if self.ceil_mode else {})


@registry.register("AvgPool1D")
class AveragePooling1D(_AveragePooling):
    """The mean of each window of a sequence.

    Args:
        pool_size: length of the window.
        strides: step of the window; None means ``pool_size``.
        padding: "valid", "same", an int or (before, after); padding does not count.
        data_format: "channels_last" (n, steps, c) or "channels_first" (n, c, steps).
        name: of the layer.

    Shapes: (n, steps, c) to (n, places, c).

    Example:
        >>> AveragePooling1D(2)([[[1.0], [5.0], [2.0], [3.0]]]).numpy().ravel()
        array([3. , 2.5], dtype=float32)
    """

    rank = 1


@registry.register("AvgPool2D")
class AveragePooling2D(_AveragePooling):
    """The mean of each window of an image.

    Args:
        pool_size: int or (height, width) of the window.
        strides: int or (height, width), the step of the window; None means ``pool_size``.
        padding: "valid", "same", an int, (height, width) or ((top, bottom), (left, right)); padding does not count.
        data_format: "channels_last" (n, h, w, c) or "channels_first" (n, c, h, w).
        name: of the layer.

    Shapes: (n, h, w, c) to (n, oh, ow, c).

    Example:
        >>> AveragePooling2D(2)([[[[1.0], [2.0]], [[4.0], [3.0]]]]).numpy().ravel()
        array([2.5], dtype=float32)
    """

    rank = 2


@registry.register()
class AdaptiveAveragePooling2D(Spatial):
    """Means over as many bins as are asked for, whatever the size of the image.

    Bin i of m covers rows floor(i h / m) to ceil((i + 1) h / m) - 1; bins overlap where m does not divide h.

    Args:
        output_size: int or (height, width): how many bins.
        data_format: "channels_last" (n, h, w, c) or "channels_first" (n, c, h, w).

    Shapes: (n, h, w, c) to (n, *output_size, c).

    Example:
        >>> AdaptiveAveragePooling2D((1, 2))([[[[1.0], [2.0], [6.0]]]]).numpy().ravel()
        array([1.5, 4. ], dtype=float32)
    """

    rank = 2

    def __init__(self, output_size: Any, data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.output_size = integers(output_size, 2, "output_size")
        self.data_format = data_layout(data_format)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The mean of each bin."""
        if len(inputs.shape) != 4:
            self._split(inputs.shape)
        return ops.adaptive_average_pool(inputs, self.output_size, self.data_format)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """Batch, bins, the same channels."""
        batch, _, channels = self._split(input_shape)
        return self._join(batch, self.output_size, channels)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"output_size": self.output_size, "data_format": self.data_format}


MaxPool1D, MaxPool2D = MaxPooling1D, MaxPooling2D
AvgPool1D, AvgPool2D = AveragePooling1D, AveragePooling2D
