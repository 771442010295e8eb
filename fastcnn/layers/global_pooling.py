"""Global pooling: one number for a whole map of a channel."""

from typing import Any

from fastcnn import ops
from fastcnn.layers.arguments import data_layout
from fastcnn.layers.registry import registry
from fastcnn.layers.spatial import Spatial
from fastcnn.seam import Shape

__all__ = [
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
]


class GlobalPooling(Spatial):
    """One number a channel."""

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format = data_layout(data_format)
        self.keepdims = bool(keepdims)
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """(n, c), or with sizes of one where they are kept."""
        batch, sizes, channels = self._split(input_shape)
        return self._join(batch, (1,) * len(sizes), channels) if self.keepdims else (batch, channels)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"data_format": self.data_format, "keepdims": self.keepdims}


class _GlobalAverage(GlobalPooling):
    def call(self, inputs: Any) -> Any:
        """The mean of each channel."""
        if len(inputs.shape) != self.rank + 2:
            self._split(inputs.shape)
        return ops.global_average_pool(inputs, self.keepdims, self.data_format)


class _GlobalMax(GlobalPooling):
    def call(self, inputs: Any) -> Any:
        """The maximum of each channel."""
        if len(inputs.shape) != self.rank + 2:
            self._split(inputs.shape)
        return ops.global_max_pool(inputs, self.keepdims, self.data_format)


@registry.register("GlobalAvgPool1D")
class GlobalAveragePooling1D(_GlobalAverage):
    """The mean over all steps.

    Args:
        data_format: "channels_last" (n, steps, c) or "channels_first" (n, c, steps).
        keepdims: keep the pooled axis, of length 1.

    Shapes: (n, steps, c) to (n, c).

    Example:
        >>> GlobalAveragePooling1D()([[[1.0, 2.0], [3.0, 4.0]]]).numpy()
        array([[2., 3.]], dtype=float32)
    """

    rank = 1


@registry.register("GlobalAvgPool2D")
class GlobalAveragePooling2D(_GlobalAverage):
    """The mean over all pixels: what replaces Flatten before the last Dense where there are many channels.

    Args:
        data_format: "channels_last" (n, h, w, c) or "channels_first" (n, c, h, w).
        keepdims: keep the pooled axes, of length 1.

    Shapes: (n, h, w, c) to (n, c).

    Example:
        >>> GlobalAveragePooling2D()([[[[1.0], [2.0]], [[4.0], [3.0]]]]).numpy()
        array([[2.5]], dtype=float32)
    """

    rank = 2


@registry.register("GlobalMaxPool1D")
class GlobalMaxPooling1D(_GlobalMax):
    """The maximum over all steps.

    Args:
        data_format: "channels_last" (n, steps, c) or "channels_first" (n, c, steps).
        keepdims: keep the pooled axis, of length 1.

    Shapes: (n, steps, c) to (n, c).

    Example:
        >>> GlobalMaxPooling1D()([[[1.0, 4.0], [3.0, 2.0]]]).numpy()
        array([[3., 4.]], dtype=float32)
    """

    rank = 1


@registry.register("GlobalMaxPool2D")
class GlobalMaxPooling2D(_GlobalMax):
    """The maximum over all pixels.

    Args:
        data_format: "channels_last" (n, h, w, c) or "channels_first" (n, c, h, w).
        keepdims: keep the pooled axes, of length 1.

    Shapes: (n, h, w, c) to (n, c).

    Example:
        >>> GlobalMaxPooling2D()([[[[1.0], [2.0]], [[4.0], [3.0]]]]).numpy()
        array([[4.]], dtype=float32)
    """

    rank = 2


GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
GlobalMaxPool1D, GlobalMaxPool2D = GlobalMaxPooling1D, GlobalMaxPooling2D
