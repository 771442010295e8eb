"""Random numbers whose size the user names, and random orthogonal matrices.

A random initializer is a function of its seed and of the shape.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.tensor import Tensor

from .base import Initializer, Shape, dtype_of, registry

__all__ = ["Orthogonal", "RandomInitializer", "RandomNormal", "RandomUniform", "TruncatedNormal"]


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
        kind = dtype_of(dtype)
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


@registry.register("normal")
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


@registry.register()
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


@registry.register("uniform")
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


@registry.register("OrthogonalInitializer")
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
        return Tensor(np.ascontiguousarray((self.gain * q).reshape(shape), dtype_of(dtype)))

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain, **super().get_config()}
