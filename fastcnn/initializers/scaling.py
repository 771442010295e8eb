"""Random numbers scaled by the number of inputs and outputs of a weight."""

import math
from collections.abc import Sequence
from typing import Any

from fastcnn import kernels

from .base import Shape, registry
from .distributions import RandomInitializer

__all__ = [
    "FanInUniform",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "LecunNormal",
    "LecunUniform",
    "VarianceScaling",
    "XavierFanIn",
    "compute_fans",
]

_TRUNCATED_STDDEV = 0.87962566103423978  # of a standard normal that is cut at two standard deviations


def compute_fans(
    shape: Shape, input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
) -> tuple[int, int]:
    """How many inputs an output of a weight has, and how many outputs an input has.

    Args:
        shape: (in, out) of a dense kernel; (..., in, out) of a convolution's, each filter tap counting.
        input_axes, output_axes: both, or neither: the axes whose sizes are multiplied instead.

    Example:
        >>> compute_fans((3, 3, 16, 32))
        (144, 288)
    """
    shape = tuple(shape)
    if input_axes is not None and output_axes is not None:
        return math.prod(int(shape[i]) for i in input_axes), math.prod(int(shape[i]) for i in output_axes)
    if len(shape) < 2:
        size = int(shape[0]) if shape else 1
        return size, size
    taps = math.prod(shape[:-2])
    return int(shape[-2] * taps), int(shape[-1] * taps)


@registry.register()
class VarianceScaling(RandomInitializer):
    """Random numbers whose variance is ``scale / n``, so that activations keep their size from layer to layer.

    Args:
        scale: positive.
        mode: ``n`` is the number of inputs ("fan_in"), of outputs ("fan_out"), or their mean ("fan_avg").
        distribution: ``"truncated_normal"``, ``"untruncated_normal"`` or ``"uniform"``, in
            [-l, l], l = sqrt(3 scale / n).
        seed: int, ``SeedGenerator`` or None.
        input_axes, output_axes: the axes of the shape that are inputs and outputs, for weights that are no kernels of
            dense or convolutional layers; both or neither.

    Example:
        >>> w = VarianceScaling(2.0, "fan_in", "uniform", seed=1)((600, 10)).numpy()
        >>> float(abs(w).max()) <= 0.1
        True
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ):
        if scale <= 0:
            raise ValueError(f"scale must be positive, got {scale}")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(f"mode must be 'fan_in', 'fan_out' or 'fan_avg', got {mode!r}")
        distribution = "truncated_normal" if distribution == "normal" else distribution
        if distribution not in ("uniform", "truncated_normal", "untruncated_normal"):
            raise ValueError(
                f"distribution must be 'uniform', 'truncated_normal' or 'untruncated_normal', got {distribution!r}"
            )
        if (input_axes is None) != (output_axes is None):
            raise ValueError(
                f"input_axes and output_axes must be given both or neither, got {input_axes!r} and {output_axes!r}"
            )
        super().__init__(seed)
        self.scale, self.mode, self.distribution = scale, mode, distribution
        self.input_axes, self.output_axes = input_axes, output_axes

    def __call__(self, shape: Shape, dtype: Any = None) -> Any:
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, n)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return self._draw(kernels.random.uniform, shape, -limit, limit, dtype)
        if self.distribution == "untruncated_normal":
            return self._draw(kernels.random.normal, shape, 0.0, math.sqrt(variance), dtype)
        return self._draw(kernels.random.truncated_normal, shape, 0.0, math.sqrt(variance) / _TRUNCATED_STDDEV, dtype)

    def get_config(self) -> dict[str, Any]:
        return {
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            **RandomInitializer.get_config(self),
            **self._axes(),
        }

    def _axes(self) -> dict[str, list[int]]:
        # Older versions of Keras do not know them: configs name them only where they are.
        if self.input_axes is None or self.output_axes is None:
            return {}
        return {"input_axes": list(self.input_axes), "output_axes": list(self.output_axes)}


class _Scaled(VarianceScaling):
    """A VarianceScaling whose arguments are the seed and the axes."""

    _rule: tuple[float, str, str]

    def __init__(
        self, seed: Any = None, input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
    ):
        super().__init__(*self._rule, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        return {**RandomInitializer.get_config(self), **self._axes()}


@registry.register()
class GlorotUniform(_Scaled):
    """Uniform in [-l, l], l = sqrt(6 / (fan_in + fan_out)): Glorot and Bengio 2010. Keras's default.

    Example:
        >>> float(abs(GlorotUniform(seed=1)((300, 300)).numpy()).max()) <= 0.1
        True
    """

    _rule = (1.0, "fan_avg", "uniform")


@registry.register()
class GlorotNormal(_Scaled):
    """Truncated normal of standard deviation sqrt(2 / (fan_in + fan_out)).

    Example:
        >>> GlorotNormal(seed=1)((3, 4)).shape
        (3, 4)
    """

    _rule = (1.0, "fan_avg", "truncated_normal")


@registry.register()
class HeNormal(_Scaled):
    """Truncated normal of standard deviation sqrt(2 / fan_in): for layers with ReLU (He et al. 2015).

    Example:
        >>> HeNormal(seed=1)((3, 4)).shape
        (3, 4)
    """

    _rule = (2.0, "fan_in", "truncated_normal")


@registry.register()
class HeUniform(_Scaled):
    """Uniform in [-l, l], l = sqrt(6 / fan_in): for layers with ReLU.

    Example:
        >>> float(abs(HeUniform(seed=1)((600, 10)).numpy()).max()) <= 0.1
        True
    """

    _rule = (2.0, "fan_in", "uniform")


@registry.register()
class LecunNormal(_Scaled):
    """Truncated normal of standard deviation sqrt(1 / fan_in): for layers with SELU.

    Example:
        >>> LecunNormal(seed=1)((3, 4)).shape
        (3, 4)
    """

    _rule = (1.0, "fan_in", "truncated_normal")


@registry.register()
class LecunUniform(_Scaled):
    """Uniform in [-l, l], l = sqrt(3 / fan_in).

    Example:
        >>> float(abs(LecunUniform(seed=1)((300, 10)).numpy()).max()) <= 0.1
        True
    """

    _rule = (1.0, "fan_in", "uniform")


@registry.register()
class XavierFanIn(_Scaled):
    """Normal of standard deviation 1 / sqrt(fan_in): ``randn(fan_in, fan_out) / sqrt(fan_in)``.

    Xavier's rule as it is often taught. Keras's Glorot initializers use the mean of both fans, and ``LecunNormal``
    has the variance of this one but is truncated.

    Example:
        >>> round(float(XavierFanIn(seed=1)((400, 400)).numpy().std()), 3)
        0.05
    """

    _rule = (1.0, "fan_in", "untruncated_normal")
    serialized_as = ("fastcnn.initializers", "XavierFanIn")


@registry.register()
class FanInUniform(RandomInitializer):
    """Uniform in [-l, l], l = 1 / sqrt(fan_in): what PyTorch gives biases, ``fan_in`` being the kernel's.

    Args:
        fan_in: the kernel's number of inputs; layers fill it in with ``with_fan_in``.
        seed: int, ``SeedGenerator`` or None.

    Example:
        >>> float(abs(FanInUniform(100, seed=1)((1000,)).numpy()).max()) <= 0.1
        True
    """

    serialized_as = ("fastcnn.initializers", "FanInUniform")

    def __init__(self, fan_in: int | None = None, seed: Any = None):
        super().__init__(seed)
        self.fan_in = fan_in

    def __call__(self, shape: Shape, dtype: Any = None) -> Any:
        if self.fan_in is None:
            raise ValueError("FanInUniform needs fan_in, the number of inputs of the kernel beside the bias")
        limit = 1.0 / math.sqrt(max(1, self.fan_in))
        return self._draw(kernels.random.uniform, shape, -limit, limit, dtype)

    def get_config(self) -> dict[str, Any]:
        return {"fan_in": self.fan_in, **super().get_config()}
