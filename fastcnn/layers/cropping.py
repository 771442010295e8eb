"""Layers that give images another size: random and central windows, resizing."""

from typing import Any

from fastcnn import ops
from fastcnn.layers.arguments import choice, integers
from fastcnn.layers.image_layer import ImageLayer, RandomImageLayer
from fastcnn.layers.registry import registry
from fastcnn.ops import image
from fastcnn.ops.warping import warp_images

__all__ = ["CenterCrop", "RandomCrop", "Resizing"]


def _largest(height: int, width: int, to_height: int, to_width: int) -> tuple[int, int, int, int]:
    """The largest window of these proportions in the middle of an image: top, left, height, width."""
    h = max(min(height, int(width * to_height / to_width)), 1)
    w = max(min(width, int(height * to_width / to_height)), 1)
    return int((height - h) / 2), int((width - w) / 2), h, w


def _cut(x: Any, top: int, left: int, height: int, width: int) -> Any:
    return x[:, top : top + height, left : left + width, :]


def _proportioned(x: Any, height: int, width: int) -> Any:
    h, w = x.shape[1:3]
    return _cut(x, *_largest(h, w, height, width))


def _smart_resized(x: Any, height: int, width: int) -> Any:
    """The largest window of the right proportions, resized."""
    return ops.resize(_proportioned(x, height, width), (height, width))


class _Sized(ImageLayer):
    """One whose result has a given size."""

    height: int
    width: int

    def _set_size(self, height: Any, width: Any) -> None:
        self.height, self.width = (integers(v, 1, k)[0] for v, k in ((height, "height"), (width, "width")))

    def _known(self, x: Any) -> bool:
        return None not in x.shape[1:3]

    def _blank(self, x: Any) -> Any:
        """The result's shape, where that of the images is not known."""
        return warp_images(x, ops.zeros((1, 2, 3)), (self.height, self.width))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self._resized_shape(input_shape, self.height, self.width)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "height": self.height, "width": self.width}


@registry.register()
class RandomCrop(RandomImageLayer, _Sized):
    """A window anywhere in the images, the same for a batch, in training; otherwise the largest one of its proportions
    in the middle, resized. So are images that are not larger than the window.

    Args:
        height: of the window.
        width: of the window.
        seed: of this layer's random numbers.
        data_format: "channels_last" (unless given) or "channels_first".

    Input shape: ``(batch, h, w, channels)``, or one image without the first axis. Output shape: the same, with
    ``height`` and ``width``.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layers.RandomCrop(3, 2)(np.zeros((4, 8, 8, 1))).shape
        (4, 3, 2, 1)
    """

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(seed=seed, data_format=data_format, name=name, **kwargs)
        self._set_size(height, width)

    def _active(self, training: Any) -> bool:
        return True

    def transform(self, x: Any, labels: Any, training: bool) -> tuple[Any, Any]:
        if not self._known(x):
            return self._blank(x), labels
        n, h, w = x.shape[:3]
        if not training or h <= self.height or w <= self.width:
            return _smart_resized(x, self.height, self.width), labels

        def matrices(draws: Any) -> Any:
            top, left = (int(draws.uniform(1, 0, size + 1)[0]) for size in (h - self.height, w - self.width))
            return [[[1, 0, left], [0, 1, top]]] * n

        places = self._drawn((n, 2, 3), "float64", matrices)
        return warp_images(x, places, (self.height, self.width), "nearest", "replicate"), labels

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self._resized_shape(input_shape, self.height, self.width)


@registry.register()
class CenterCrop(_Sized):
    """The window in the middle; where the image is smaller, the largest one of its proportions, resized.

    Args:
        height: of the window.
        width: of the window.
        data_format: "channels_last" (unless given) or "channels_first".

    Input shape: ``(batch, h, w, channels)``, or one image without the first axis. Output shape: the same, with
    ``height`` and ``width``.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layers.CenterCrop(1, 2)(np.array([[[0.0], [1.0], [2.0], [3.0]]])).numpy().ravel().tolist()
        [1.0, 2.0]
    """

    def __init__(self, height: int, width: int, data_format: Any = None, **kwargs: Any):
        super().__init__(data_format=data_format, **kwargs)
        self._set_size(height, width)

    def transform(self, x: Any, labels: Any, training: bool) -> tuple[Any, Any]:
        if not self._known(x):
            return self._blank(x), labels
        down, across = x.shape[1] - self.height, x.shape[2] - self.width
        if down < 0 or across < 0:
            return _smart_resized(x, self.height, self.width), labels
        return _cut(x, down // 2, across // 2, self.height, self.width), labels


@registry.register()
class Resizing(_Sized):
    """Images of another size.

    Args:
        height: of the result.
        width: of the result.
        interpolation: "bilinear", "nearest", "bicubic" (a = -0.75 as in PyTorch; -0.5 where it antialiases) or "area".
        crop_to_aspect_ratio: whether to cut off what does not have the result's proportions first.
        pad_to_aspect_ratio: whether to add what is missing to them instead.
        fill_mode: what to add: "constant" is all there is.
        fill_value: a number.
        antialias: whether every pixel counts when an image shrinks.
        data_format: "channels_last" (unless given) or "channels_first".

    Input shape: ``(batch, h, w, channels)``, or one image without the first axis. Output shape: the same, with
    ``height`` and ``width``.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layers.Resizing(1, 2)(np.array([[[0.0], [1.0], [2.0], [3.0]]])).numpy().ravel().tolist()
        [0.5, 2.5]
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: Any = None,
        **kwargs: Any,
    ):
        super().__init__(data_format=data_format, **kwargs)
        self._set_size(height, width)
        if interpolation in ("lanczos3", "lanczos5"):
            raise NotImplementedError(f"interpolation={interpolation!r} is not supported by fastcnn; use 'bicubic'")
        self.interpolation = choice(interpolation, image.INTERPOLATIONS, "interpolation")
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ValueError("give one of crop_to_aspect_ratio and pad_to_aspect_ratio, not both")
        self.crop_to_aspect_ratio, self.pad_to_aspect_ratio = crop_to_aspect_ratio, pad_to_aspect_ratio
        if fill_mode != "constant":
            raise ValueError(f"fill_mode must be 'constant', got {fill_mode!r}")
        self.fill_mode = fill_mode
        self.fill_value, self.antialias = fill_value, bool(antialias)

    def transform(self, x: Any, labels: Any, training: bool) -> tuple[Any, Any]:
        if not self._known(x):
            return self._blank(x), labels
        size, options = (self.height, self.width), (self.crop_to_aspect_ratio, self.pad_to_aspect_ratio)
        y = image.resize(x, size, self.interpolation, self.antialias, *options, self.fill_mode, self.fill_value)
        return y, labels

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "interpolation": self.interpolation,
            "crop_to_aspect_ratio": self.crop_to_aspect_ratio,
            "pad_to_aspect_ratio": self.pad_to_aspect_ratio,
            "fill_mode": self.fill_mode,
            "fill_value": self.fill_value,
            "antialias": self.antialias,
        }
