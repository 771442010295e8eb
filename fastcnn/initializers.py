"""What weights are before training: constants, random numbers scaled by the number of inputs, orthogonal matrices.

A random initializer is a function of its seed and of the shape: called twice it gives the same numbers, unless its
seed is a ``SeedGenerator``. What a layer uses where its user named nothing is a matter of ``set_init_policy``.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from fastcnn import kernels
from fastcnn.initializer_policy import by_policy, get_init_policy, set_init_policy, with_fan_in
from fastcnn.registry import Registry
from fastcnn.seam import float_dtype
from fastcnn.tensor import Tensor

__all__ = [
    "Constant",
    "FanInUniform",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "XavierFanIn",
    "Zeros",
    "by_policy",
    "compute_fans",
    "deserialize",
    "get",
    "get_init_policy",
    "serialize",
    "set_init_policy",
    "with_fan_in",
]

Shape = Sequence[int]
_registry = Registry("initializer", "keras.initializers")
_TRUNCATED_STDDEV = 0.87962566103423978  # of a standard normal that is cut at two standard deviations


def _kind(dtype: Any) -> np.dtype[Any]:
    return float_dtype() if dtype in (None, "float") else np.dtype(dtype)


class Initializer:
    """A function ``(shape, dtype) -> tensor`` with a config; subclasses write ``__call__`` and ``get_config``.

    Example:
        >>> class Halves(Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         return np.full(shape, 0.5, dtype or "float32")
        >>> Halves()((2,))
        array([0.5, 0.5], dtype=float32)
    """

    def __call__(self, shape: Shape, dtype: Any = None) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, shape, dtype=None)")

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """An initializer with the arguments that ``get_config`` gave."""
        return cls(**config)

    def clone(self) -> Self:
        """Another one with the same arguments; without a seed among them it draws one of its own."""
        return self.from_config(self.get_config())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.get_config().items())})"


@_registry.register("zero")
class Zeros(Initializer):
    """Zeros.

    Example:
        >>> Zeros()((2,)).numpy()
        array([0., 0.], dtype=float32)
    """

    def __call__(self, shape: Shape, dtype: Any = None) -> Any:
        return Tensor(np.zeros(tuple(shape), _kind(dtype)))


@_registry.register("one")
class Ones(Initializer):
    """Ones.

    Example:
        >>> Ones()((2,)).numpy()
        array([1., 1.], dtype=float32)
    """

    def __call__(self, shape: Shape, dtype: Any = None) -> Any:
        return Tensor(np.ones(tuple(shape), _kind(dtype)))


@_registry.register()
class Constant(Initializer):
    """One number, or an array that broadcasts to the shape.

    Args:
        value: a number or an array-like.

    Example:
        >>> Constant(0.01)((2,)).numpy()
        array([0.01, 0.01], dtype=float32)
    """

    def __init__(self, value: Any = 0.0):
        self.value = value

    def __call__(self, shape: Shape, dtype: Any = None) -> Any:
        value = np.asarray(self.value)
        try:
            return Tensor(np.array(np.broadcast_to(value, tuple(shape)), _kind(dtype), order="C"))
        except ValueError:
            raise ValueError(
                f"Constant: a value of shape {value.shape} does not broadcast to the weight's shape {tuple(shape)}"
            ) from None

    def get_config(self) -> dict[str, Any]:
        value = self.value if isinstance(self.value, (int, float)) else np.asarray(self.value).tolist()
        return {"value": value}


@_registry.register("IdentityInitializer")
class Identity(Initializer):
    """``gain`` times the identity matrix; for shapes of two dimensions.

    Args:
        gain: what the diagonal holds.

    Example:
        >>> Identity(2.0)((2, 2)).numpy()
        array([[2., 0.],
               [0., 2.]], dtype=float32)
    """

    def __init__(self, gain: float = 1.0):
        self.gain = gain

    def __call__(self, shape: Shape, dtype: Any = None) -> Any:
        if len(shape) != 2:
            raise ValueError(f"Identity makes matrices, shapes of two dimensions; got shape {tuple(shape)}")
        return Tensor(self.gain * np.eye(*shape, dtype=_kind(dtype)))

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}


class RandomInitializer(Initializer):
    """What the random initializers have in common: the seed.

    Args:
        seed: an int; or a ``SeedGenerator``, which gives other numbers at each call; or None: drawn once, from the
            global seed, when the initializer is made.

    Example:
        >>> isinstance(RandomNormal(seed=1), RandomInitializer)
        True
    """

    def __init__(self, seed: Any = None):
        from fastcnn import random

        self._given_seed = seed
        if isinstance(seed, dict):
            seed = self._given_seed = random.SeedGenerator.from_config(dict(seed.get("config", seed)))
        if seed is None:
            seed = random.draw_seed()
        elif isinstance(seed, bool) or not (isinstance(seed, (int, np.integer)) or hasattr(seed, "next")):
            raise ValueError(f"seed must be an int, a SeedGenerator or None, got {seed!r}")
        self.seed = seed

    def _draw(self, kernel: Callable[..., Any], shape: Shape, a: float, b: float, dtype: Any) -> Any:
        kind = _kind(dtype)
        if kind.kind != "f":
            raise ValueError(f"{type(self).__name__} makes floating-point numbers, got dtype {kind.name!r}")
        seed, stream = self.seed, 0
        if hasattr(seed, "next"):
            seed, stream = (int(k) for k in seed.next().array)
        return Tensor(
            kernel(tuple(shape), a, b, seed=int(seed) % 2**64, stream=stream % 2**64).astype(kind, copy=False)
        )

    def get_config(self) -> dict[str, Any]:
        seed = self._given_seed
        if hasattr(seed, "next"):
            config = {"module": "keras.random", "class_name": "SeedGenerator", "config": seed.get_config()}
            return {"seed": config | {"registered_name": None}}
        return {"seed": seed if seed is None else int(seed)}


@_registry.register("normal")
class RandomNormal(RandomInitializer):
    """Normal numbers.

    Args:
        mean: their centre.
        stddev: their standard deviation.
        seed: int, ``SeedGenerator`` or None.

    Example:
        >>> RandomNormal(stddev=0.01, seed=1)((3, 4)).shape
        (3, 4)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None):
        super().__init__(seed)
        self.mean, self.stddev = mean, stddev

    def __call__(self, shape: Shape, dtype: Any = None) -> Any:
        return self._draw(kernels.random.normal, shape, self.mean, self.stddev, dtype)

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean, "stddev": self.stddev, **super().get_config()}


@_registry.register()
class TruncatedNormal(RandomNormal):
    """Normal numbers, given that they lie within two ``stddev`` of the mean; ``stddev`` is that before truncation.

    Args:
        mean: their centre.
        stddev: their standard deviation, were they not truncated.
        seed: int, ``SeedGenerator`` or None.

    Example:
        >>> float(abs(TruncatedNormal(stddev=1.0, seed=1)((1000,)).numpy()).max()) <= 2.0
        True
    """

    def __call__(self, shape: Shape, dtype: Any = None) -> Any:
        return self._draw(kernels.random.truncated_normal, shape, self.mean, self.stddev, dtype)


@_registry.register("uniform")
class RandomUniform(RandomInitializer):
    """Uniform numbers in ``[minval, maxval)``.

    Args:
        minval: the least.
        maxval: never reached.
        seed: int, ``SeedGenerator`` or None.

    Example:
        >>> float(abs(RandomUniform(seed=1)((1000,)).numpy()).max()) <= 0.05
        True
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None):
        super().__init__(seed)
        self.minval, self.maxval = minval, maxval

    def __call__(self, shape: Shape, dtype: Any = None) -> Any:
        return self._draw(kernels.random.uniform, shape, self.minval, self.maxval, dtype)

    def get_config(self) -> dict[str, Any]:
        return {"minval": self.minval, "maxval": self.maxval, **super().get_config()}


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


@_registry.register()
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


@_registry.register()
class GlorotUniform(_Scaled):
    """Uniform in [-l, l], l = sqrt(6 / (fan_in + fan_out)): Glorot and Bengio 2010. Keras's default.

    Example:
        >>> float(abs(GlorotUniform(seed=1)((300, 300)).numpy()).max()) <= 0.1
        True
    """

    _rule = (1.0, "fan_avg", "uniform")


@_registry.register()
class GlorotNormal(_Scaled):
    """Truncated normal of standard deviation sqrt(2 / (fan_in + fan_out)).

    Example:
        >>> GlorotNormal(seed=1)((3, 4)).shape
        (3, 4)
    """

    _rule = (1.0, "fan_avg", "truncated_normal")


@_registry.register()
class HeNormal(_Scaled):
    """Truncated normal of standard deviation sqrt(2 / fan_in): for layers with ReLU (He et al. 2015).

    Example:
        >>> HeNormal(seed=1)((3, 4)).shape
        (3, 4)
    """

    _rule = (2.0, "fan_in", "truncated_normal")


@_registry.register()
class HeUniform(_Scaled):
    """Uniform in [-l, l], l = sqrt(6 / fan_in): for layers with ReLU.

    Example:
        >>> float(abs(HeUniform(seed=1)((600, 10)).numpy()).max()) <= 0.1
        True
    """

    _rule = (2.0, "fan_in", "uniform")


@_registry.register()
class LecunNormal(_Scaled):
    """Truncated normal of standard deviation sqrt(1 / fan_in): for layers with SELU.

    Example:
        >>> LecunNormal(seed=1)((3, 4)).shape
        (3, 4)
    """

    _rule = (1.0, "fan_in", "truncated_normal")


@_registry.register()
class LecunUniform(_Scaled):
    """Uniform in [-l, l], l = sqrt(3 / fan_in).

    Example:
        >>> float(abs(LecunUniform(seed=1)((300, 10)).numpy()).max()) <= 0.1
        True
    """

    _rule = (1.0, "fan_in", "uniform")


@_registry.register()
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


@_registry.register()
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


@_registry.register("OrthogonalInitializer")
class Orthogonal(RandomInitializer):
    """``gain`` times a random matrix with orthonormal rows or columns, whichever are fewer.

    Axes before the last are taken together. It comes from LAPACK's QR decomposition: the same numbers in each run,
    but their last bits may depend on the machine's LAPACK.

    Args:
        gain: a factor.
        seed: int, ``SeedGenerator`` or None.

    Example:
        >>> w = Orthogonal(seed=1)((5, 3)).numpy()
        >>> bool(abs(w.T @ w - np.eye(3)).max() < 1e-6)
        True
    """

    def __init__(self, gain: float = 1.0, seed: Any = None):
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape: Shape, dtype: Any = None) -> Any:
        shape = tuple(shape)
        if len(shape) < 2:
            raise ValueError(f"Orthogonal needs a shape of at least two dimensions, got {shape}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        tall = (max(rows, columns), min(rows, columns))
        q, r = np.linalg.qr(self._draw(kernels.random.normal, tall, 0.0, 1.0, "float64").array)
        q *= np.sign(np.diag(r))  # QR is unique only up to signs; with these it is uniform over the orthogonal matrices
        q = q if rows >= columns else q.T
        return Tensor(np.ascontiguousarray((self.gain * q).reshape(shape), _kind(dtype)))

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain, **super().get_config()}


get, deserialize = _registry.get, _registry.deserialize


def serialize(initializer: Any) -> Any:
    """The config of an initializer, in Keras 3's form.

    Args:
        initializer: the object.

    Example:
        >>> serialize(Zeros())["class_name"]
        'Zeros'
    """
    return _registry.serialize(initializer)


zeros, ones, constant, identity, orthogonal = Zeros, Ones, Constant, Identity, Orthogonal
random_normal, random_uniform, truncated_normal = RandomNormal, RandomUniform, TruncatedNormal
variance_scaling = VarianceScaling
glorot_normal, glorot_uniform = GlorotNormal, GlorotUniform
he_normal, he_uniform = HeNormal, HeUniform
lecun_normal, lecun_uniform = LecunNormal, LecunUniform
