"""What layers draw at random for a batch, as a function of a key: now, or before each run of a program."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.random import SeedGenerator
from fastcnn.seam import state
from fastcnn.tensor import SymbolicTensor, Tensor

__all__ = ["Draws", "drawn"]

Array = np.ndarray[Any, np.dtype[Any]]


class Draws:
    """Numbers from one key, one after the other.

    Args:
        key: ``[seed, counter]``.

    Example:
        >>> bool((Draws([1, 2]).uniform(3) == Draws([1, 2]).uniform(3)).all())
        True
    """

    def __init__(self, key: Any):
        self.seed, self.stream, self.used = int(key[0]), int(key[1]), 0

    def _next(self, draw: Callable[..., Array], n: int, *parameters: float) -> Array:
        numbers = draw(n, *parameters, seed=self.seed, stream=self.stream, offset=self.used)
        self.used += -(-n // 64) * 64  # normal numbers come in pairs, which must not be shared
        return np.asarray(numbers, np.float64)

    def uniform(self, n: int, low: float = 0.0, high: float = 1.0) -> Array:
        """N numbers from ``low`` to ``high``."""
        return low + (high - low) * self._next(kernels.uniform, n)

    def normal(self, n: int) -> Array:
        """N standard normal numbers."""
        return self._next(kernels.normal, n)

    def chance(self, n: int) -> Array:
        """N heads or tails."""
        return self.uniform(n) < 0.5

    def order(self, n: int) -> Array:
        """The numbers below n, shuffled."""
        return np.argsort(self.uniform(n), kind="stable")

    def _log_gamma(self, n: int, alpha: float) -> Array:
        """The logarithms of gamma variates, by Marsaglia and Tsang; small alphas by way of alpha + 1."""
        d = alpha + 1 - 1 / 3
        found = np.full(n, np.nan)
        while np.isnan(found).any():
            left = np.flatnonzero(np.isnan(found))
            z, u = self.normal(len(left)), self.uniform(len(left), 2.0**-25, 1.0)
            cube = np.maximum(1 + z / np.sqrt(9 * d), 1e-30) ** 3
            good = (cube > 1e-80) & (np.log(u) < 0.5 * z * z + d - d * cube + d * np.log(cube))
            found[left[good]] = np.log(d * cube[good])
        return found + np.log(self.uniform(n, 2.0**-25, 1.0)) / alpha

    def beta(self, n: int, alpha: float) -> Array:
        """N numbers of the symmetric beta distribution."""
        first, second = self._log_gamma(n, alpha), self._log_gamma(n, alpha)
        return np.asarray(1 / (1 + np.exp(np.clip(second - first, -700, 700))))


class _Drawing:
    """Stands where a program draws its keys: fills an array before each run."""

    def __init__(self, generator: SeedGenerator, compute: Callable[[Draws], Any]):
        self.generator, self.compute = generator, compute

    def draw_into(self, array: Array) -> None:
        key = np.empty(2, np.int64)
        self.generator.draw_into(key)
        array[...] = self.compute(Draws(key))

    def peek_into(self, array: Array) -> None:
        """What would be drawn next."""
        array[...] = self.compute(Draws(self.generator.state.array))


def drawn(generator: SeedGenerator, shape: Any, dtype: str, compute: Callable[[Draws], Any]) -> Any:
    """A tensor of this shape that ``compute(draws)`` fills with the generator's next key.

    Args:
        generator: whose key.
        shape: of the result; sizes may be None while only shapes are looked for.
        dtype: of the result.
        compute: returns an array of the shape.

    Example:
        >>> drawn(SeedGenerator(1), (2,), "float64", lambda draws: draws.uniform(2)).shape
        (2,)
    """
    if state.steps is not None or None in shape:
        symbol = SymbolicTensor(tuple(shape), dtype, name="draw")
        if state.steps is not None:
            state.keys.append((_Drawing(generator, compute), symbol))
        return symbol
    array = np.empty(shape, dtype)
    _Drawing(generator, compute).draw_into(array)
    return Tensor(array)
