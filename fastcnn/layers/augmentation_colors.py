"""Layers that change the brightness or contrast of images at random, in training only."""

from typing import Any

from fastcnn import ops
from fastcnn._arrays import NUMBER
from fastcnn.layers.image_layer import RandomImageLayer, span
from fastcnn.layers.registry import registry

__all__ = ["RandomBrightness", "RandomContrast"]


def checked_range(value: Any) -> tuple[float, float]:
    """Black and white."""
    numbers = tuple(value) if isinstance(value, (tuple, list)) else ()
    if len(numbers) != 2 or not all(isinstance(v, NUMBER) for v in numbers) or numbers[0] >= numbers[1]:
        raise ValueError(f"value_range must be two numbers in order, as in (0, 255), got {value!r}")
    return numbers


class _Color(RandomImageLayer):
    def __init__(self, factor: Any, value_range: Any, seed: int | None, **kwargs: Any):
        super().__init__(seed=seed, **kwargs)
        self.factor = factor
        self.value_range = checked_range(value_range)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor, "value_range": list(self.value_range)}


@registry.register()
class RandomBrightness(_Color):
    """Adds a number to each image, the same for all its pixels, and cuts off at black and white.

    Args:
        factor: how much at most, as a part of the range of values: a number for both directions, or two between which
            it is drawn; -1 to 1.
        value_range: black and white.
        seed: of this layer's random numbers.

    Input and output shape: ``(batch, height, width, channels)``, or one image without the first axis.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layers.RandomBrightness((0.5, 0.5), (0, 1))(np.array([[[0.0, 0.25, 0.75]]]), training=True).numpy().ravel()
        array([0.5 , 0.75, 1.  ], dtype=float32)
    """

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any):
        super().__init__(factor, value_range, seed, **kwargs)
        self._bounds = span(factor, "factor")

    def transform(self, x: Any, labels: Any, training: bool) -> tuple[Any, Any]:
        low, high = self.value_range
        shift = self._each(x, (self._bounds[0] * (high - low), self._bounds[1] * (high - low)))
        return ops.clip(ops.add(x, shift), low, high), labels


@registry.register()
class RandomContrast(_Color):
    """Stretches or squeezes the distance of each pixel from its channel's mean, and cuts off at black and white.

    Args:
        factor: by how much at most, 0 to 1: the distance is multiplied by 1 - factor to 1 + factor; or two numbers
            (a, b) for 1 - a to 1 + b.
        value_range: black and white.
        seed: of this layer's random numbers.

    Input and output shape: ``(batch, height, width, channels)``, or one image without the first axis.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> y = layers.RandomContrast(0.5, (0, 1), seed=2)(np.array([[[0.4], [0.6]]]), training=True).numpy()
        >>> bool(abs(y.mean() - 0.5) < 1e-6), bool(0.1 < np.ptp(y) < 0.3)
        (True, True)
    """

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any):
        super().__init__(factor, value_range, seed, **kwargs)
        if isinstance(factor, NUMBER):
            self._less, self._more = span((factor, factor), "factor", 0.0)
        else:
            span(factor, "factor", 0.0)
            self._less, self._more = factor

    def transform(self, x: Any, labels: Any, training: bool) -> tuple[Any, Any]:
        mean = ops.mean(x, axis=(1, 2), keepdims=True)
        by = self._each(x, (1.0 - self._less, 1.0 + self._more))
        return ops.clip(ops.add(ops.multiply(ops.subtract(x, mean), by), mean), *self.value_range), labels
