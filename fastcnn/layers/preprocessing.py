"""Layers that bring raw numbers into a range that networks like."""

from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn._arrays import INT, NUMBER
from fastcnn.layers.adapting import arrays_of, moments, plain
from fastcnn.layers.input_spec import InputSpec, SameShape
from fastcnn.layers.registry import registry
from fastcnn.seam import state
from fastcnn.tensor import Derived, Tensor, convert_to_tensor

__all__ = ["Normalization", "Rescaling"]


def _numbers(value: Any, name: str) -> Any:
    try:
        return value if isinstance(value, NUMBER) else np.asarray(value, np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"Rescaling: {name} must be a number, or one for each channel, got {value!r}") from None


@registry.register()
class Rescaling(SameShape):
    """``inputs * scale + offset``, of integers too: ``Rescaling(1 / 255)`` brings pixels to 0..1.

    Args:
        scale: a number, or one for each channel.
        offset: likewise.

    Input and output shape: any, the same.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layers.Rescaling(1 / 127.5, offset=-1)(np.array([[0, 255]], "uint8")).numpy().tolist()
        [[-1.0, 1.0]]
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.scale, self.offset = scale, offset
        self._scale, self._offset = _numbers(scale, "scale"), _numbers(offset, "offset")

    def call(self, inputs: Any) -> Any:
        return ops.add(ops.multiply(convert_to_tensor(inputs, "float"), self._scale), self._offset)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": plain(self.scale), "offset": plain(self.offset)}


@registry.register()
class Normalization(SameShape):
    """``(inputs - mean) / sqrt(variance)``, with mean and variance given or found in data by ``adapt``.

    Args:
        axis: the axes, an int or several, that keep a mean and variance for each index; None has one for everything.
        mean: a number or an array over the kept axes; found by ``adapt`` unless given.
        variance: likewise; give both or none.
        invert: whether to undo instead: ``inputs * sqrt(variance) + mean``.

    Input and output shape: any, the same. One sample, without the batch's axis, becomes a batch of one, as in Keras.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layer = layers.Normalization()
        >>> layer.adapt(np.array([[1.0, 10.0], [3.0, 30.0]]))
        >>> layer(np.array([[1.0, 30.0]], "float32")).numpy().tolist()
        [[-1.0, 1.0]]
    """

    _least_axes = 1

    LEAST_STDDEV = 1e-7

    def __init__(self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        given = () if axis is None else tuple(axis) if isinstance(axis, (list, tuple)) else (axis,)
        if not all(isinstance(a, INT) and not isinstance(a, bool) for a in given):
            raise TypeError(f"axis must be None, an int or a list of ints, got {axis!r}")
        self.axis: tuple[int, ...] = given
        if (mean is None) != (variance is None):
            raise ValueError(
                f"give both mean and variance or none of them, got mean={mean!r} and variance={variance!r}"
            )
        if variance is not None and (np.asarray(variance) < 0).any():
            raise ValueError(f"variance must not be negative, got {variance!r}")
        if np.shape(mean) != np.shape(variance):
            raise ValueError(
                f"mean and variance must have the same shape, got {np.shape(mean)} and {np.shape(variance)}"
            )
        if np.ndim(mean) > len(self.axis):
            raise ValueError(
                f"mean must have at most one dimension for each of axis={axis}, got shape {np.shape(mean)}"
            )
        self.input_mean, self.input_variance, self.invert = mean, variance, invert
        self._keep: tuple[int, ...] = ()
        self._kept_sizes: tuple[int, ...] = ()
        self._rank = 0
        self._ready: tuple[Any, Tensor, Tensor, Tensor] | None = None

    def build(self, input_shape: Any) -> None:
        rank = len(input_shape)
        if any(not -rank <= a < rank for a in self.axis):
            raise ValueError(f"{self.name}: axis {self.axis} does not exist in inputs of shape {tuple(input_shape)}")
        self._rank = rank
        self._keep = tuple(sorted(a % rank for a in self.axis))
        self._kept_sizes = tuple(input_shape[a] for a in self._keep)
        if None in self._kept_sizes:
            raise ValueError(f"{self.name}: the sizes along axis {self.axis} must be known, got {tuple(input_shape)}")
        if self.input_mean is None:
            self.adapt_mean = self.add_weight(shape=self._kept_sizes, initializer="zeros", trainable=False, name="mean")
            self.adapt_variance = self.add_weight(
                shape=self._kept_sizes, initializer="ones", trainable=False, name="variance"
            )
            # Keras keeps a count that nothing reads any more; its files hold one.
            self.count = self.add_weight(shape=(), initializer="zeros", dtype="int32", trainable=False, name="count")
        self.input_spec = InputSpec(ndim=rank, axes=dict(zip(self._keep, self._kept_sizes, strict=True)))
        self.built = True

    def adapt(self, data: Any) -> None:
        """Finds mean and variance, exactly, in float64; what an earlier call found is forgotten.

        Args:
            data: an array, or batches: a list or generator of arrays, or of tuples that begin with one.
        """
        if self.input_mean is not None:
            raise ValueError(f"{self.name} was given mean and variance; adapt is for a Normalization without them")
        first, arrays = arrays_of(data)
        if not self.built:
            self.build(first.shape)
        mean, variance = moments(arrays, self._keep, (self._rank, self._kept_sizes), self.name)
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(variance)

    def _constants(self) -> tuple[Any, Tensor, Tensor, Tensor]:
        """Mean, standard deviation and its inverse, in a shape that broadcasts; made anew when the weights change."""
        given = self.input_mean is not None
        key = (given or (self.adapt_mean.version, self.adapt_variance.version), convert_to_tensor(0.0).dtype)
        if self._ready is None or self._ready[0] != key:
            mean = np.asarray(self.input_mean if given else self.adapt_mean.array, np.float64)
            variance = np.asarray(self.input_variance if given else self.adapt_variance.array, np.float64)
            stddev = np.maximum(np.sqrt(variance), self.LEAST_STDDEV)
            mean, stddev = self._broadcastable(mean), self._broadcastable(stddev)
            self._ready = (key, *(convert_to_tensor(a, "float") for a in (mean, stddev, 1.0 / stddev)))
        return self._ready

    def _broadcastable(self, values: Any) -> Any:
        """Over the kept axes, counted from the right, to the rank of the inputs."""
        shape = [1] * self._rank
        for i in range(1, values.ndim + 1):
            shape[self._keep[-i]] = values.shape[-i]
        return values.reshape(shape)

    @property
    def mean(self) -> Tensor:
        """The mean in use, in a shape that broadcasts with the inputs."""
        return self._constants()[1]

    @property
    def variance(self) -> Tensor:
        """The variance in use, in a shape that broadcasts with the inputs."""
        return Tensor(self._constants()[2].array ** 2)

    def call(self, inputs: Any) -> Any:
        if len(inputs.shape) == self._rank - 1 and 0 not in self._keep:
            inputs = ops.expand_dims(inputs, 0)
        self._check(inputs)
        _, mean, stddev, inverse = self._constants()
        if state.steps is not None:  # a program follows what adapt and set_weights change
            mean, stddev, inverse = (
                Derived(lambda: self._constants()[1].array),
                Derived(lambda: self._constants()[2].array),
                Derived(lambda: self._constants()[3].array),
            )
        inputs = convert_to_tensor(inputs, "float")
        if self.invert:
            return ops.add(ops.multiply(inputs, stddev), mean)
        return ops.multiply(ops.subtract(inputs, mean), inverse)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": list(self.axis) if len(self.axis) != 1 else self.axis[0],
            "invert": self.invert,
            "mean": plain(self.input_mean),
            "variance": plain(self.input_variance),
        }
