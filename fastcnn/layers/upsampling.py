"""Layers that enlarge sequences and images by whole factors."""

from typing import Any

from fastcnn import ops
from fastcnn.layers.arguments import choice, data_layout, integers
from fastcnn.layers.registry import registry
from fastcnn.layers.spatial import Spatial
from fastcnn.seam import Shape

__all__ = ["UpSampling1D", "UpSampling2D"]


@registry.register()
class UpSampling1D(Spatial):
    """Each step of a sequence several times.

    Args:
        size: how many times.

    Shapes: (n, steps, c) to (n, steps * size, c).

    Example:
        >>> UpSampling1D(2)([[[1.0], [2.0]]]).numpy().ravel()
        array([1., 1., 2., 2.], dtype=float32)
    """

    rank = 1

    def __init__(self, size: int = 2, **kwargs: Any):
        super().__init__(**kwargs)
        self.size = integers(size, 1, "size")[0]
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Each step ``size`` times."""
        self._split(inputs.shape)
        return ops.repeat(inputs, self.size, 1)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """(n, steps * size, c)."""
        batch, (steps,), channels = self._split(input_shape)
        return (batch, None if steps is None else steps * self.size, channels)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"size": self.size}


@registry.register()
class UpSampling2D(Spatial):
    """Images enlarged by whole factors.

    Args:
        size: int or (height, width), the factors.
        data_format: "channels_last" (n, h, w, c) or "channels_first" (n, c, h, w).
        interpolation: "nearest" repeats each pixel, "bilinear" mixes neighbours.

    Shapes: (n, h, w, c) to (n, h * size[0], w * size[1], c).

    Example:
        >>> UpSampling2D((1, 2))([[[[1.0], [2.0]]]]).numpy().ravel()
        array([1., 1., 2., 2.], dtype=float32)
    """

    rank = 2

    def __init__(
        self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.size = integers(size, 2, "size")
        self.data_format = data_layout(data_format)
        words = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
        self.interpolation = choice(interpolation, words, "interpolation")
        if self.interpolation not in ("nearest", "bilinear"):
            raise NotImplementedError(f"interpolation={interpolation!r} is not supported; use 'nearest' or 'bilinear'")
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The enlarged images."""
        self._split(inputs.shape)
        if self.data_format == "channels_last":
            return ops.upsample(inputs, self.size, self.interpolation)
        enlarged = ops.upsample(ops.transpose(inputs, (0, 2, 3, 1)), self.size, self.interpolation)
        return ops.transpose(enlarged, (0, 3, 1, 2))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The sizes times the factors."""
        batch, sizes, channels = self._split(input_shape)
        larger = [None if n is None else n * factor for n, factor in zip(sizes, self.size, strict=True)]
        return self._join(batch, larger, channels)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {
            "size": self.size,
            "data_format": self.data_format,
            "interpolation": self.interpolation,
        }
