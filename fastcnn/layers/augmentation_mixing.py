"""Layers that paint over parts of images, or mix images with each other, in training only."""

import math
from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn._arrays import NUMBER
from fastcnn.layers.augmentation_colors import checked_range
from fastcnn.layers.draws import Draws
from fastcnn.layers.image_layer import RandomImageLayer, span
from fastcnn.layers.input_spec import as_float
from fastcnn.layers.registry import registry

__all__ = ["CutMix", "MixUp", "RandomErasing"]


def _inside(draws: Draws, n: int, size: int, part: Any) -> tuple[Any, Any]:
    """Where boxes begin and end along an axis, each as long as a part of the size, (n,)."""
    length = part * size
    begin = draws.uniform(n) * (size - length)
    return begin, begin + length


def _boxes(draws: Draws, n: int, height: int, width: int, down: Any, across: Any) -> tuple[Any, Any]:
    """Which pixels lie in a box of each image, (n, height, width, 1); which part of the image it is."""
    left, right = _inside(draws, n, width, across)
    top, bottom = _inside(draws, n, height, down)
    u, v = np.arange(width), np.arange(height)
    columns = (u >= left[:, None]) & (u < right[:, None])
    rows = (v >= top[:, None]) & (v < bottom[:, None])
    return (rows[:, :, None] & columns[:, None, :])[..., None], (right - left) * (bottom - top) / (width * height)


@registry.register()
class RandomErasing(RandomImageLayer):
    """Paints a box over each image.

    Args:
        factor: how likely an image is painted over: the probability is drawn for each image between 0 and this, or
            between two numbers.
        scale: the box's size as a part of the image's, two numbers between which it is drawn for each side.
        fill_value: a number or one for each of three channels; None paints normal noise, times the upper end of
            ``value_range``.
        value_range: what is painted lies within.
        seed: of this layer's random numbers.
        data_format: "channels_last" (unless given) or "channels_first".

    Input and output shape: ``(batch, height, width, channels)``, or one image without the first axis.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layer = layers.RandomErasing((1.0, 1.0), scale=(0.25, 0.25), fill_value=7, seed=1)
        >>> float((layer(np.zeros((8, 8, 1)), training=True).numpy() == 7).mean())
        0.25
    """

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = (0.02, 0.33),
        fill_value: Any = None,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: Any = None,
        **kwargs: Any,
    ):
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor, self.scale, self.fill_value = factor, scale, fill_value
        self._chance, self._sides = span(factor, "factor", 0.0), span(scale, "scale", 0.0)
        self.value_range = checked_range(value_range)
        numbers = fill_value if isinstance(fill_value, (tuple, list)) else (fill_value,)
        if fill_value is not None and (not all(isinstance(v, NUMBER) for v in numbers) or len(numbers) not in (1, 3)):
            raise ValueError(f"fill_value must be None, a number or three, got {fill_value!r}")

    def _masks(self, draws: Draws, n: int, height: int, width: int) -> Any:
        across, down = (np.sqrt(draws.uniform(n, *self._sides)) for _ in range(2))
        boxes, _ = _boxes(draws, n, height, width, down, across)
        chosen = draws.uniform(n) < draws.uniform(n, *self._chance)
        return boxes & chosen[:, None, None, None]

    def transform(self, x: Any, labels: Any, training: bool) -> tuple[Any, Any]:
        n, height, width, c = x.shape
        if None in (height, width):
            return x, labels
        if isinstance(self.fill_value, (tuple, list)) and len(self.fill_value) != c:
            raise ValueError(f"{self.name}: fill_value has {len(self.fill_value)} numbers, the images {c} channels")
        masks = self._drawn((n, height, width, 1), "bool", lambda draws: self._masks(draws, n, height, width))
        low, high = self.value_range
        if self.fill_value is not None:
            fill: Any = np.clip(np.asarray(self.fill_value, np.float32), low, high)
        else:
            size = (height, width, c)

            def noise(draws: Draws) -> Any:
                return np.clip(draws.normal(n * math.prod(size)).reshape(n, *size) * high, low, high)

            fill = self._drawn((n, *size), "float32", noise)
        return ops.where(masks, fill, x), labels

    def get_config(self) -> dict[str, Any]:
        own = {"factor": self.factor, "scale": self.scale, "fill_value": self.fill_value}
        return {**super().get_config(), **own, "value_range": list(self.value_range)}


class _Mixing(RandomImageLayer):
    """Mixes images with others of their batch, and their labels in the same proportion."""

    def _partners(self, x: Any) -> Any:
        return self._drawn((x.shape[0],), "int64", lambda draws: draws.order(x.shape[0]))

    def _mixed_labels(self, labels: Any, partners: Any, own: Any) -> Any:
        if labels is None:
            return None
        if len(labels.shape) != 2:
            raise ValueError(
                f"{self.name}: labels must have the shape (batch, classes), as to_categorical makes them, "
                f"got {tuple(labels.shape)}"
            )
        labels = as_float(labels)
        return self._blend(labels, partners, ops.reshape(own, (-1, 1)))

    def _blend(self, x: Any, partners: Any, own: Any) -> Any:
        return ops.add(ops.multiply(own, x), ops.multiply(ops.subtract(1.0, own), ops.take(x, partners, axis=0)))


@registry.register()
class MixUp(_Mixing):
    """Blends each image with another of its batch, and their labels alike (Zhang et al., 2018).

    Args:
        alpha: how much: the share is drawn from the beta distribution (alpha, alpha); small alphas leave most images
            nearly as they are.
        data_format: "channels_last" (unless given) or "channels_first".
        seed: of this layer's random numbers.

    Input: a dict of "images" (batch, height, width, channels) and "labels" (batch, classes), or a pair of them, or
    images alone. Output: the same.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> x, y = np.zeros((4, 2, 2, 1)), np.eye(4)
        >>> _, labels = layers.MixUp(seed=1)((x, y), training=True)
        >>> labels.numpy().sum(axis=1).round(5).tolist()
        [1.0, 1.0, 1.0, 1.0]
    """

    def __init__(self, alpha: float = 0.2, data_format: Any = None, seed: int | None = None, **kwargs: Any):
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        if not isinstance(alpha, NUMBER) or not 0 < alpha <= 1e6:
            raise ValueError(f"alpha must be a number above 0, got {alpha!r}")
        self.alpha = alpha

    def transform(self, x: Any, labels: Any, training: bool) -> tuple[Any, Any]:
        n = x.shape[0]
        partners = self._partners(x)
        own = self._drawn((n, 1, 1, 1), "float32", lambda draws: draws.beta(n, self.alpha).reshape(-1, 1, 1, 1))
        return self._blend(x, partners, own), self._mixed_labels(labels, partners, own)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


@registry.register()
class CutMix(_Mixing):
    """Replaces a box of each image by that of another of its batch, and mixes labels by area (Yun et al., 2019).

    Args:
        factor: of the beta distribution that the box's size is drawn from: a number drawn between 0 and this, or
            between two numbers; 0 to 1.
        seed: of this layer's random numbers.
        data_format: "channels_last" (unless given) or "channels_first".

    Input: a dict of "images" (batch, height, width, channels) and "labels" (batch, classes), or a pair of them, or
    images alone. Output: the same.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> x, y = np.arange(4.0).reshape(4, 1, 1, 1) * np.ones((4, 8, 8, 1)), np.eye(4)
        >>> data = layers.CutMix(seed=1)({"images": x, "labels": y}, training=True)
        >>> data["labels"].numpy().sum(axis=1).round(5).tolist()
        [1.0, 1.0, 1.0, 1.0]
    """

    def __init__(self, factor: Any = 1.0, seed: int | None = None, data_format: Any = None, **kwargs: Any):
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor = factor
        self._bounds = span(factor, "factor", 0.0)

    def _plan(self, draws: Draws, n: int, height: int, width: int) -> tuple[Any, Any]:
        alpha = float(draws.uniform(1, *self._bounds)[0]) + 1e-6
        side = np.sqrt(1 - draws.beta(n, alpha))
        return _boxes(draws, n, height, width, side, side)

    def transform(self, x: Any, labels: Any, training: bool) -> tuple[Any, Any]:
        n, height, width, _ = x.shape
        if None in (n, height, width):
            return x, labels
        partners = self._partners(x)

        def both(draws: Draws) -> Any:
            boxes, part = self._plan(draws, n, height, width)
            return np.concatenate([boxes.reshape(n, -1), 1 - part[:, None]], axis=1)

        plan = self._drawn((n, height * width + 1), "float32", both)
        masks = ops.reshape(plan[:, : height * width], (n, height, width, 1))
        own = ops.reshape(plan[:, height * width :], (n, 1, 1, 1))
        mixed = ops.where(ops.greater(masks, 0.5), ops.take(x, partners, axis=0), x)
        return mixed, self._mixed_labels(labels, partners, own)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}
