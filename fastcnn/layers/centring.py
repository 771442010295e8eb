"""Layers that subtract what they found to be the mean of the training data, and divide by its spread."""

from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn._arrays import INT
from fastcnn.layers.adapting import arrays_of, moments, plain
from fastcnn.layers.arguments import data_layout
from fastcnn.layers.input_spec import InputSpec, SameShape
from fastcnn.layers.registry import registry
from fastcnn.tensor import convert_to_tensor

__all__ = ["ChannelMeanSubtraction", "MeanImageSubtraction", "Standardization", "ZeroCenter"]


class _Centring(SameShape):
    """Keeps a mean, given or found by ``adapt``, for each index of some axes; subclasses say which axes."""

    _least_axes = 1

    def __init__(self, mean: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.input_mean = mean
        self._keep: tuple[int, ...] = ()
        self._sizes: tuple[int, ...] = ()

    def _axes(self, rank: int) -> tuple[int, ...]:
        raise NotImplementedError

    def build(self, input_shape: Any) -> None:
        rank = len(input_shape)
        axes = self._axes(rank)
        if any(not -rank <= a < rank for a in axes):
            raise ValueError(f"{self.name}: axis {axes} does not exist in inputs of shape {tuple(input_shape)}")
        self._keep = tuple(sorted(a % rank for a in axes))
        if 0 in self._keep:
            raise ValueError(f"{self.name}: axis 0 counts the samples, which cannot have a mean each; got axis {axes}")
        self._sizes = tuple(input_shape[a] for a in self._keep)
        if None in self._sizes:
            raise ValueError(f"{self.name}: the sizes along axis {axes} must be known, got {tuple(input_shape)}")
        self.input_spec = InputSpec(ndim=rank, axes=dict(zip(self._keep, self._sizes, strict=True)))
        self.mean = self._kept("mean", self.input_mean, "zeros")
        self.built = True

    def _kept(self, name: str, given: Any, initializer: str) -> Any:
        """A weight for ``adapt`` to fill, or what was given."""
        if given is None:
            return self.add_weight(shape=self._sizes, initializer=initializer, trainable=False, name=name)
        values = np.asarray(given, np.float64)
        if values.shape not in (self._sizes, ()):
            raise ValueError(f"{self.name}: {name} must have the shape {self._sizes}, got {values.shape}")
        return np.broadcast_to(values, self._sizes)

    def _along(self, values: Any, rank: int) -> Any:
        """In a shape that broadcasts with the inputs."""
        first = min(self._keep, default=rank)
        sizes = dict(zip(self._keep, self._sizes, strict=True))
        shape = tuple(sizes.get(a, 1) for a in range(first, rank))
        if shape == self._sizes:
            return values
        return values.reshape(shape) if isinstance(values, np.ndarray) else ops.reshape(values, shape)

    def adapt(self, data: Any) -> None:
        """Finds the mean, exactly, in float64; what an earlier call found is forgotten.

        Args:
            data: an array, or batches: a list or generator of arrays, or of tuples that begin with one.
        """
        self._adapt(data)

    def _adapt(self, data: Any) -> Any:
        """Sets the mean; returns the variance."""
        if self.input_mean is not None:
            raise ValueError(f"{self.name} was given its mean; adapt is for a layer without")
        first, arrays = arrays_of(data)
        if not self.built:
            self.build((None, *first.shape[1:]))
        assert self.input_spec is not None
        mean, variance = moments(arrays, self._keep, (self.input_spec.ndim or 0, self._sizes), self.name)
        self.mean.assign(mean)
        return variance

    def call(self, inputs: Any) -> Any:
        self._check(inputs)
        return ops.subtract(convert_to_tensor(inputs, "float"), self._along(self.mean, len(inputs.shape)))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mean": plain(self.input_mean)}


@registry.register()
class ZeroCenter(_Centring):
    """``inputs - mean``, with the mean of the training data along some axes: what pictures need at least.

    Args:
        axis: the axes, an int or several, that keep a mean for each index; None has one mean for everything.
        mean: a number or an array over the kept axes; found by ``adapt`` unless given.

    Input and output shape: any, the same.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layer = layers.ZeroCenter()
        >>> layer.adapt(np.array([[1.0, 10.0], [3.0, 30.0]]))
        >>> layer(np.array([[1.0, 30.0]], "float32")).numpy().tolist()
        [[-1.0, 10.0]]
    """

    def __init__(self, axis: Any = -1, mean: Any = None, **kwargs: Any):
        super().__init__(mean, **kwargs)
        self.axis: tuple[int, ...] = () if axis is None else (axis,) if isinstance(axis, INT) else tuple(axis)

    def _axes(self, rank: int) -> tuple[int, ...]:
        return self.axis

    def get_config(self) -> dict[str, Any]:
        axis: Any = None if not self.axis else self.axis[0] if len(self.axis) == 1 else list(self.axis)
        return {**super().get_config(), "axis": axis}


@registry.register()
class MeanImageSubtraction(_Centring):
    """Subtracts the mean image of the training data, pixel by pixel, as AlexNet does.

    Args:
        mean: the image; found by ``adapt`` unless given.

    Input and output shape: (n, ...), the same; all images have one size.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layer = layers.MeanImageSubtraction()
        >>> layer.adapt(np.array([[0.0, 10.0], [2.0, 30.0]]).reshape(2, 2, 1, 1))
        >>> layer(np.ones((1, 2, 1, 1), "float32")).numpy().ravel().tolist()
        [0.0, -19.0]
    """

    def __init__(self, mean: Any = None, **kwargs: Any):
        super().__init__(mean, **kwargs)

    def _axes(self, rank: int) -> tuple[int, ...]:
        return tuple(range(1, rank))


@registry.register()
class ChannelMeanSubtraction(_Centring):
    """Subtracts one number from each channel, the mean of the training data, as VGG does.

    Args:
        mean: a number for each channel; found by ``adapt`` unless given.
        data_format: "channels_last" or "channels_first".

    Input and output shape: (n, ..., c), or (n, c, ...) with channels_first, the same.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layer = layers.ChannelMeanSubtraction(mean=[123.5, 116.75, 104.0])
        >>> layer(np.full((1, 1, 1, 3), 100, "uint8")).numpy().ravel().tolist()
        [-23.5, -16.75, -4.0]
    """

    def __init__(self, mean: Any = None, data_format: str | None = None, **kwargs: Any):
        super().__init__(mean, **kwargs)
        self.data_format = data_layout(data_format)

    def _axes(self, rank: int) -> tuple[int, ...]:
        return (1 if self.data_format == "channels_first" else rank - 1,)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


@registry.register()
class Standardization(ZeroCenter):
    """``(inputs - mean) / stddev``, the z-score. What never varies in the training data is only centred.

    Args:
        axis: the axes, an int or several, that keep both for each index; None has one mean for everything.
        mean: a number or an array over the kept axes; found by ``adapt`` unless given.
        stddev: likewise; give both or none.

    Input and output shape: any, the same.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layer = layers.Standardization()
        >>> layer.adapt(np.array([[1.0, 10.0], [3.0, 30.0]]))
        >>> layer(np.array([[1.0, 30.0]], "float32")).numpy().tolist()
        [[-1.0, 1.0]]
    """

    def __init__(self, axis: Any = -1, mean: Any = None, stddev: Any = None, **kwargs: Any):
        super().__init__(axis, mean, **kwargs)
        if (mean is None) != (stddev is None):
            raise ValueError(f"give both mean and stddev or none of them, got mean={mean!r} and stddev={stddev!r}")
        if stddev is not None and not (np.asarray(stddev) > 0).all():
            raise ValueError(f"stddev must be above 0, got {stddev!r}")
        self.input_stddev = stddev

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.stddev = self._kept("stddev", self.input_stddev, "ones")

    def _adapt(self, data: Any) -> Any:
        variance = super()._adapt(data)
        stddev = np.sqrt(variance)
        # Rounding leaves a little where all values are equal.
        varies = stddev > 1e-6 * np.maximum(np.abs(self.mean.numpy()), 1e-30)
        self.stddev.assign(np.where(varies, stddev, 1.0))
        return variance

    def call(self, inputs: Any) -> Any:
        return ops.divide(super().call(inputs), self._along(self.stddev, len(inputs.shape)))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "stddev": plain(self.input_stddev)}
