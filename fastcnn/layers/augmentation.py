"""Layers that move images at random: they turn, mirror, shift, zoom and shear in training, and do nothing otherwise."""

import math
from typing import Any

import numpy as np

from fastcnn._arrays import NUMBER
from fastcnn.layers.arguments import choice
from fastcnn.layers.draws import Draws
from fastcnn.layers.image_layer import BORDERS, INTERPOLATIONS, RandomImageLayer, span
from fastcnn.layers.registry import registry
from fastcnn.ops.warping import warp_images

__all__ = ["RandomFlip", "RandomRotation", "RandomShear", "RandomTranslation", "RandomZoom"]


def _matrices(*columns: Any) -> Any:
    """Six numbers for each image, a column each, as (n, 2, 3)."""
    n = max(np.size(column) for column in columns)
    return np.stack([np.broadcast_to(column, (n,)) for column in columns], axis=1).reshape(n, 2, 3)


class _Warp(RandomImageLayer):
    """Draws a matrix for each image."""

    def __init__(
        self, fill_mode: str, interpolation: str, seed: int | None, fill_value: float, data_format: Any, **kwargs: Any
    ):
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.fill_mode = choice(fill_mode, tuple(BORDERS), "fill_mode")
        self.interpolation = choice(interpolation, tuple(INTERPOLATIONS), "interpolation")
        if not isinstance(fill_value, NUMBER):
            raise ValueError(f"fill_value must be a number, got {fill_value!r}")
        self.fill_value = fill_value

    def matrices(self, draws: Draws, n: int, height: int, width: int) -> Any:
        """What takes the places of the results to the places of the images, (n, 2, 3)."""
        raise NotImplementedError

    def transform(self, x: Any, labels: Any, training: bool) -> tuple[Any, Any]:
        n, height, width = x.shape[:3]
        if None in (height, width):  # only the shape is wanted, and that stays
            return x, labels
        matrices = self._drawn((n, 2, 3), "float64", lambda draws: self.matrices(draws, n, height, width))
        how, around = INTERPOLATIONS[self.interpolation], BORDERS[self.fill_mode]
        return warp_images(x, matrices, None, how, around, self.fill_value), labels

    def get_config(self) -> dict[str, Any]:
        own = {"fill_mode": self.fill_mode, "interpolation": self.interpolation, "fill_value": self.fill_value}
        return {**super().get_config(), **own}


@registry.register()
class RandomFlip(RandomImageLayer):
    """Mirrors each image with probability 1/2, in each of the directions by itself.

    Args:
        mode: "horizontal", "vertical" or "horizontal_and_vertical".
        seed: of this layer's random numbers; drawn from the global seed unless given.
        data_format: "channels_last" (unless given) or "channels_first".

    Input and output shape: ``(batch, height, width, channels)``, or one image without the first axis.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> x = np.array([[[1.0], [2.0]]] * 2)
        >>> found = {layers.RandomFlip("horizontal", seed=i)(x, training=True).numpy()[0, 0, 0] for i in range(20)}
        >>> sorted(map(float, found))
        [1.0, 2.0]
    """

    MODES = ("horizontal", "vertical", "horizontal_and_vertical")

    def __init__(
        self, mode: str = "horizontal_and_vertical", seed: int | None = None, data_format: Any = None, **kwargs: Any
    ):
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.mode = choice(mode, self.MODES, "mode")

    def _matrices(self, draws: Draws, n: int, height: int, width: int) -> Any:
        across = draws.chance(n) & ("horizontal" in self.mode)
        down = draws.chance(n) & ("vertical" in self.mode)
        x, y = np.where(across, -1, 1), np.where(down, -1, 1)
        return _matrices(x, 0, across * (width - 1), 0, y, down * (height - 1))

    def transform(self, x: Any, labels: Any, training: bool) -> tuple[Any, Any]:
        n, height, width = x.shape[:3]
        if None in (height, width):
            return x, labels
        matrices = self._drawn((n, 2, 3), "float64", lambda draws: self._matrices(draws, n, height, width))
        return warp_images(x, matrices, None, "nearest"), labels

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mode": self.mode}


@registry.register()
class RandomRotation(_Warp):
    """Turns each image about its centre.

    Args:
        factor: how far at most, in parts of a whole turn, counter-clockwise where positive: a number for both
            directions, or two between which the angle is drawn.
        fill_mode: what lies beyond the edge: "constant" (``fill_value``), "nearest" (the edge), "reflect" (cba|abc) or
            "wrap" (abc|abc).
        interpolation: "nearest" or "bilinear".
        seed: of this layer's random numbers.
        fill_value: a number.
        data_format: "channels_last" (unless given) or "channels_first".

    Input and output shape: ``(batch, height, width, channels)``, or one image without the first axis.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> x = np.array([[[1.0], [2.0]], [[3.0], [4.0]]])
        >>> layers.RandomRotation((0.25, 0.25))(x, training=True).numpy()[..., 0].round(3).tolist()
        [[2.0, 4.0], [1.0, 3.0]]
    """

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: Any = None,
        **kwargs: Any,
    ):
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.factor = factor
        self._bounds = span(factor, "factor")

    def matrices(self, draws: Draws, n: int, height: int, width: int) -> Any:
        angle = draws.uniform(n, *self._bounds) * (2 * math.pi)
        cos, sin, x, y = np.cos(angle), np.sin(angle), (width - 1) / 2, (height - 1) / 2
        return _matrices(cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


class _TwoFactors(_Warp):
    """One that has a factor for each direction; the second may be as the first."""

    def __init__(self, height_factor: Any, width_factor: Any, *arguments: Any, **kwargs: Any):
        super().__init__(*arguments, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._height = span(height_factor, "height_factor")
        self._width = None if width_factor is None else span(width_factor, "width_factor")

    def factors(self, draws: Draws, n: int) -> tuple[Any, Any]:
        """Of height and width, for each image."""
        height = draws.uniform(n, *self._height)
        return height, height if self._width is None else draws.uniform(n, *self._width)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "height_factor": self.height_factor, "width_factor": self.width_factor}


@registry.register()
class RandomZoom(_TwoFactors):
    """Enlarges or shrinks each image about its centre.

    Args:
        height_factor: by how much at most, as a part of the height: positive shrinks, -0.5 doubles; a number for both,
            or two between which it is drawn.
        width_factor: likewise; None keeps the proportions.
        fill_mode: as in ``RandomRotation``.
        interpolation: "nearest" or "bilinear".
        seed: of this layer's random numbers.
        fill_value: what "constant" fills with.
        data_format: "channels_last" (unless given) or "channels_first".

    Input and output shape: ``(batch, height, width, channels)``, or one image without the first axis.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> x = np.array([[[0.0], [1.0], [2.0], [3.0]]])
        >>> layers.RandomZoom(0.0, (-0.5, -0.5))(x, training=True).numpy().ravel().tolist()
        [0.75, 1.25, 1.75, 2.25]
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: Any = None,
        **kwargs: Any,
    ):
        super().__init__(height_factor, width_factor, fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        for name, bounds in (("height_factor", self._height), ("width_factor", self._width)):
            if bounds is not None and bounds[0] <= -1:
                raise ValueError(f"{name} must be above -1, at which nothing would be left, got {bounds[0]:g}")

    def matrices(self, draws: Draws, n: int, height: int, width: int) -> Any:
        down, across = self.factors(draws, n)
        return _matrices(1 + across, 0, -across * (width - 1) / 2, 0, 1 + down, -down * (height - 1) / 2)


@registry.register()
class RandomTranslation(_TwoFactors):
    """Shifts each image.

    Args:
        height_factor: how far at most, as a part of the height, down where positive: a number for both directions, or
            two between which it is drawn.
        width_factor: likewise of the width, to the right where positive.
        fill_mode: as in ``RandomRotation``.
        interpolation: "nearest" or "bilinear".
        seed: of this layer's random numbers.
        fill_value: what "constant" fills with.
        data_format: "channels_last" (unless given) or "channels_first".

    Input and output shape: ``(batch, height, width, channels)``, or one image without the first axis.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> x = np.array([[[0.0], [1.0], [2.0], [3.0]]])
        >>> layers.RandomTranslation(0, (0.25, 0.25), fill_mode="nearest")(x, training=True).numpy().ravel().tolist()
        [0.0, 0.0, 1.0, 2.0]
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: Any = None,
        **kwargs: Any,
    ):
        super().__init__(height_factor, width_factor, fill_mode, interpolation, seed, fill_value, data_format, **kwargs)

    def matrices(self, draws: Draws, n: int, height: int, width: int) -> Any:
        down, across = self.factors(draws, n)
        return _matrices(1, 0, -across * width, 0, 1, -down * height)


@registry.register()
class RandomShear(_Warp):
    """Slants each image, about its upper left corner.

    Args:
        x_factor: by how much at most rows shift against each other, in either direction: 0 to 1, or two such numbers
            between which it is drawn.
        y_factor: likewise columns.
        interpolation: "nearest" or "bilinear".
        fill_mode: as in ``RandomRotation``.
        fill_value: what "constant" fills with.
        data_format: "channels_last" (unless given) or "channels_first".
        seed: of this layer's random numbers.

    Input and output shape: ``(batch, height, width, channels)``, or one image without the first axis.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> x = np.tile(np.arange(8.0), (3, 1))[:, :, None]
        >>> y = layers.RandomShear((0.5, 0.5), seed=3)(x, training=True).numpy()[..., 0]
        >>> abs(y[:, 4] - 4).tolist()
        [0.0, 0.5, 1.0]
    """

    def __init__(
        self,
        x_factor: Any = 0.0,
        y_factor: Any = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.x_factor, self.y_factor = x_factor, y_factor
        self._x, self._y = (self._two_ways(v, k) for v, k in ((x_factor, "x_factor"), (y_factor, "y_factor")))

    @staticmethod
    def _two_ways(value: Any, name: str) -> tuple[float, float]:
        low, high = span(value, name, 0.0)
        return (-high, high) if isinstance(value, NUMBER) else (low, high)

    def matrices(self, draws: Draws, n: int, height: int, width: int) -> Any:
        sign = np.where(draws.chance(n), 1, -1)
        y = sign * draws.uniform(n, *self._y)
        return _matrices(1, sign * draws.uniform(n, *self._x), 0, y, 1, 0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "x_factor": self.x_factor, "y_factor": self.y_factor}
