"""Layers against overfitting: they drop or disturb in training and do nothing otherwise."""

import math
from typing import Any

from fastcnn import ops, random, regularizers
from fastcnn._arrays import INT, NUMBER
from fastcnn.layers.arguments import data_layout
from fastcnn.layers.input_spec import InputSpec, SameShape
from fastcnn.layers.registry import registry

__all__ = [
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "SpatialDropout1D",
    "SpatialDropout2D",
]


class _Random(SameShape):
    """A layer that draws numbers, in training only."""

    def __init__(self, argument: str, strength: float, seed: int | None, below_one: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        if not isinstance(strength, NUMBER) or not 0 <= strength <= 1:
            raise ValueError(f"{argument} must be a number from 0 to 1, got {strength!r}")
        if below_one and strength == 1:
            raise ValueError(f"{argument} must be below 1, or nothing is left of the input, got {strength!r}")
        self.seed = seed
        if strength > 0:
            self.seed_generator = random.SeedGenerator(seed)


def _dropped(inputs: Any, rate: float, key: Any, noise_shape: tuple[int | None, ...] | None) -> Any:
    """Dropout with a mask of any shape that broadcasts; the kernel knows full masks and those of whole channels."""
    own = tuple(inputs.shape)
    shape = own if noise_shape is None else tuple(n or size for n, size in zip(noise_shape, own, strict=True))
    if shape == own or (shape[0] == own[0] and shape[-1] == own[-1] and set(shape[1:-1]) <= {1}):
        return ops.dropout(inputs, rate, key, noise_shape)
    if None in shape:  # dropping does not change a shape
        return inputs
    return inputs * ops.dropout(ops.ones(shape), rate, key)


def _checked_noise_shape(noise_shape: Any) -> tuple[int | None, ...] | None:
    if noise_shape is None:
        return None
    if isinstance(noise_shape, str) or not hasattr(noise_shape, "__iter__"):
        raise ValueError(f"noise_shape must be a tuple of ints and Nones, got {noise_shape!r}")
    shape = tuple(noise_shape)
    if any(size is not None and (not isinstance(size, INT) or size < 1) for size in shape):
        raise ValueError(f"noise_shape must consist of positive ints and Nones, got {noise_shape!r}")
    return shape


@registry.register()
class Dropout(_Random):
    """Zeros with probability ``rate`` in training, the others divided by ``1 - rate``, so that the expectation stays.

    Args:
        rate: which share to drop.
        noise_shape: shape of the mask, 1 where it is the same along an axis, None where as large as the input.
        seed: of this layer's random numbers; drawn from the global seed unless given.

    Input and output shape: any, the same.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layer = layers.Dropout(0.5, seed=1)
        >>> x = np.ones((1, 1000), "float32")
        >>> sorted(set(layer(x, training=True).numpy().ravel().tolist()))
        [0.0, 2.0]
        >>> bool((layer(x).numpy() == x).all())
        True
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any):
        super().__init__("rate", rate, seed, **kwargs)
        self.rate = rate
        self.noise_shape = _checked_noise_shape(noise_shape)
        if self.noise_shape is not None:
            self.input_spec = InputSpec(ndim=len(self.noise_shape))

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        self._check(inputs)
        if not training or not self.rate:
            return inputs
        if self.rate == 1:
            return ops.zeros_like(inputs)
        return _dropped(inputs, self.rate, self.seed_generator.next(), self.noise_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}


class _SpatialDropout(Dropout):
    def __init__(self, rate: float, seed: int | None, name: str | None, dtype: Any, **kwargs: Any):
        super().__init__(rate, seed=seed, name=name, dtype=dtype, **kwargs)

    def get_config(self) -> dict[str, Any]:
        # Keras's spatial dropouts know neither of these, and do not load with them.
        return {k: v for k, v in super().get_config().items() if k not in ("noise_shape", "trainable")}


@registry.register()
class SpatialDropout1D(_SpatialDropout):
    """Dropout of whole channels of a sequence.

    Args:
        rate: which share of the channels to drop.
        seed: of this layer's random numbers.

    Input and output shape: ``(batch, steps, channels)``.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> y = layers.SpatialDropout1D(0.5, seed=1)(np.ones((2, 9, 8), "float32"), training=True).numpy()
        >>> bool((y == y[:, :1]).all())
        True
    """

    def __init__(self, rate: float, seed: int | None = None, name: str | None = None, dtype: Any = None, **kwargs: Any):
        super().__init__(rate, seed, name, dtype, **kwargs)
        self.noise_shape = (None, 1, None)
        self.input_spec = InputSpec(ndim=3)


@registry.register()
class SpatialDropout2D(_SpatialDropout):
    """Dropout of whole channels of an image.

    Args:
        rate: which share of the channels to drop.
        data_format: ``"channels_last"`` unless given, or ``"channels_first"``.
        seed: of this layer's random numbers.

    Input and output shape: ``(batch, height, width, channels)``, or ``(batch, channels, height, width)``.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> y = layers.SpatialDropout2D(0.5, seed=1)(np.ones((2, 5, 5, 8), "float32"), training=True).numpy()
        >>> bool((y == y[:, :1, :1]).all())
        True
    """

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ):
        super().__init__(rate, seed, name, dtype, **kwargs)
        self.data_format = data_layout(data_format)
        self.noise_shape = (None, None, 1, 1) if self.data_format == "channels_first" else (None, 1, 1, None)
        self.input_spec = InputSpec(ndim=4)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


@registry.register()
class AlphaDropout(_Random):
    """Dropout for SELU networks: drops to SELU's lower limit and rescales, so that mean and variance stay.

    Args:
        rate: which share to drop, below 1.
        noise_shape: as in ``Dropout``.
        seed: of this layer's random numbers.

    Input and output shape: any, the same.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> y = layers.AlphaDropout(0.5, seed=1)(np.zeros((1, 1000), "float32"), training=True).numpy()
        >>> len(set(y.ravel().tolist()))
        2
    """

    LIMIT = -1.6732632423543772 * 1.0507009873554805

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any):
        super().__init__("rate", rate, seed, below_one=True, **kwargs)
        self.rate = rate
        self.noise_shape = _checked_noise_shape(noise_shape)
        if self.noise_shape is not None:
            self.input_spec = InputSpec(ndim=len(self.noise_shape))

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        self._check(inputs)
        if not training or not self.rate:
            return inputs
        limit, rate = self.LIMIT, self.rate
        scale = ((1 - rate) * (1 + rate * limit * limit)) ** -0.5
        kept = ops.sign(_dropped(ops.ones_like(inputs), rate, self.seed_generator.next(), self.noise_shape))
        return (inputs * kept + (1.0 - kept) * limit) * scale - scale * limit * rate

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}


class _Gaussian(_Random):
    def _noise(self, inputs: Any, mean: float, stddev: float) -> Any:
        return random.normal(inputs.shape, mean, stddev, seed=self.seed_generator)


@registry.register()
class GaussianNoise(_Gaussian):
    """Adds normal noise of mean 0 in training.

    Args:
        stddev: its standard deviation, 0 to 1.
        seed: of this layer's random numbers.

    Input and output shape: any, the same.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> y = layers.GaussianNoise(0.1, seed=1)(np.zeros((100, 100), "float32"), training=True).numpy()
        >>> bool(abs(y.std() - 0.1) < 0.01)
        True
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any):
        super().__init__("stddev", stddev, seed, **kwargs)
        self.stddev = stddev

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        if not training or not self.stddev or None in inputs.shape:  # noise does not change a shape
            return inputs
        return inputs + self._noise(inputs, 0.0, self.stddev)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}


@registry.register()
class GaussianDropout(_Gaussian):
    """Multiplies with normal noise of mean 1 and the variance that dropout would have: ``rate / (1 - rate)``.

    Args:
        rate: as in ``Dropout``, below 1.
        seed: of this layer's random numbers.

    Input and output shape: any, the same.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> y = layers.GaussianDropout(0.5, seed=1)(np.ones((100, 100), "float32"), training=True).numpy()
        >>> bool(abs(y.mean() - 1) < 0.05 and abs(y.std() - 1) < 0.05)
        True
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any):
        super().__init__("rate", rate, seed, below_one=True, **kwargs)
        self.rate = rate

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        if not training or not self.rate or None in inputs.shape:  # noise does not change a shape
            return inputs
        return inputs * self._noise(inputs, 1.0, math.sqrt(self.rate / (1.0 - self.rate)))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


@registry.register()
class ActivityRegularization(SameShape):
    """Gives its input back and adds ``l1 * sum(abs(x)) + l2 * sum(x ** 2)``, over the batch size, to the loss.

    Args:
        l1: the weight of the absolute values.
        l2: the weight of the squares.

    Input and output shape: any, the same.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layer = layers.ActivityRegularization(l1=0.5)
        >>> _ = layer(np.array([[1.0, -3.0]], "float32"))
        >>> [float(loss) for loss in layer.losses]
        [2.0]
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any):
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.l1, self.l2 = l1, l2

    def call(self, inputs: Any) -> Any:
        return inputs

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("activity_regularizer", None)
        return {**config, "l1": self.l1, "l2": self.l2}
