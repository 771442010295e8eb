"""Random numbers as a function of a seed and a counter, never of what ran before on which thread."""

import threading
from typing import Any

import numpy as np

from fastcnn import kernels, ops, reference
from fastcnn._arrays import INT
from fastcnn.absent import explain_absent
from fastcnn.seam import float_dtype, state
from fastcnn.tensor import SymbolicTensor, Tensor, Variable

__all__ = [
    "SeedGenerator",
    "draw_seed",
    "dropout",
    "normal",
    "randint",
    "set_global_seed",
    "shuffle",
    "truncated_normal",
    "uniform",
]
explain_absent(__name__)

_lock = threading.Lock()
_global: dict[str, int | None] = {"seed": None, "drawn": 0}


def set_global_seed(seed: int | None) -> None:
    """All seeds drawn from now on are a function of this one; None: of the system's entropy.

    Args:
        seed: an integer or None.

    Example:
        >>> set_global_seed(1); a = draw_seed(); set_global_seed(1); a == draw_seed()
        True
    """
    with _lock:
        _global["seed"], _global["drawn"] = None if seed is None else _checked(seed), 0


def _checked(seed: Any) -> int:
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or not 0 <= seed < 2**63:
        raise ValueError(f"seed must be None or an integer from 0 to 2**63 - 1, got {seed!r}")
    return int(seed)


def draw_seed() -> int:
    """A new seed, which follows from the global seed and the number of seeds drawn before.

    Example:
        >>> draw_seed() >= 0
        True
    """
    with _lock:
        if _global["seed"] is None:
            _global["seed"] = int(np.random.SeedSequence().generate_state(1, np.uint64)[0]) >> 1
        seed, drawn = _global["seed"], _global["drawn"] or 0
        _global["drawn"] = drawn + 1
    block = kernels.philox(1, int(seed or 0) & (2**64 - 1), drawn)
    return int(np.asarray(block).ravel().view(np.uint32)[0]) & 0x7FFFFFFF


def global_state() -> tuple[int | None, int]:
    """The global seed, and how many seeds were drawn: what a checkpoint must hold."""
    return _global["seed"], _global["drawn"] or 0


def set_global_state(seed: int | None, drawn: int) -> None:
    """Continues where ``global_state`` was taken."""
    with _lock:
        _global["seed"], _global["drawn"] = seed, drawn


class SeedGenerator:
    """Keys for random operations: the same seed, and a counter that counts up.

    Args:
        seed: 0 or more; drawn from the global seed unless given.
        name: of the state in files.

    Example:
        >>> generator = SeedGenerator(7)
        >>> generator.next().numpy().tolist(), generator.next().numpy().tolist()
        ([7, 0], [7, 1])
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any):
        if kwargs:
            raise TypeError(f"SeedGenerator got an unknown argument {next(iter(kwargs))!r}")
        self._given = None if seed is None else _checked(seed)
        self.name = name or "seed_generator"
        start = draw_seed() if self._given is None else self._given
        self.state = Variable(
            np.array([start, 0], np.int64), dtype="int64", trainable=False, name="seed_generator_state"
        )

    def next(self, ordered: bool = True) -> Any:
        """The next key: an int64 tensor ``[seed, counter]``."""
        if state.steps is not None:
            symbol = SymbolicTensor((2,), "int64", name="key")
            state.keys.append((self, symbol))
            return symbol
        key = np.empty(2, np.int64)
        self.draw_into(key)
        return Tensor(key)

    def draw_into(self, key: np.ndarray[Any, Any]) -> None:
        """Writes the next key into an array."""
        with _lock:  # two threads must not get the same key
            key[:] = self.state.array
            self.state.array[1] = self.state.array.item(1) + 1

    def peek_into(self, key: np.ndarray[Any, Any]) -> None:
        """Writes the next key into an array; it is still the next one afterwards."""
        key[:] = self.state.array

    def get_config(self) -> dict[str, Any]:
        """The seed as given."""
        return {"seed": self._given}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "SeedGenerator":
        """The generator that ``get_config`` described."""
        return cls(**config)


def _given(seed: Any) -> Any:
    """The seed, or one of its own for each call: in a program that is being captured, a generator's."""
    if seed is not None:
        return seed
    return draw_seed() if state.steps is None else SeedGenerator()


def _key(seed: Any) -> tuple[int, int]:
    """(seed, stream) of an int, a SeedGenerator, a key, or nothing."""
    seed = _given(seed)
    if isinstance(seed, SeedGenerator):
        seed = seed.next()
    if isinstance(seed, Tensor):
        if seed.shape != (2,):
            raise ValueError(f"seed: a key has shape (2,), got a tensor of shape {seed.shape}")
        return int(seed.array[0]), int(seed.array[1])
    if isinstance(seed, (int, np.integer)):
        return _checked(seed), 0
    raise TypeError(f"seed must be None, an integer of 0 or more or a SeedGenerator, got {seed!r}")


def _generate(name: str, shape: Any, seed: Any, *parameters: float) -> Tensor:
    number, stream = _key(seed)
    function = getattr(reference if state.precise else kernels, name)
    size = (shape,) if isinstance(shape, INT) else tuple(int(n) for n in shape)
    return Tensor(np.asarray(function(size, *parameters, seed=number, stream=stream), float_dtype()))


def normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: str | None = None, seed: Any = None) -> Any:
    """Normally distributed numbers.

    Args:
        shape: of the result.
        mean: the mean.
        stddev: the standard deviation.
        dtype: "float32".
        seed: an integer, for the same numbers each time; a SeedGenerator; or None.

    Example:
        >>> normal((2, 3), seed=1).shape
        (2, 3)
    """
    return _typed(_generate("normal", shape, seed, mean, stddev), dtype)


def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: str | None = None, seed: Any = None
) -> Any:
    """Normally distributed numbers, none farther than two standard deviations off. Arguments as in ``normal``.

    Example:
        >>> bool(abs(truncated_normal((100,), seed=1).numpy()).max() <= 2)
        True
    """
    return _typed(_generate("truncated_normal", shape, seed, mean, stddev), dtype)


def uniform(shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: str | None = None, seed: Any = None) -> Any:
    """Numbers evenly distributed from ``minval`` to below ``maxval``. Other arguments as in ``normal``.

    Example:
        >>> bool(uniform((100,), 2.0, 3.0, seed=1).numpy().min() >= 2)
        True
    """
    return _typed(_generate("uniform", shape, seed, minval, maxval), dtype)


def randint(shape: Any, minval: int, maxval: int, dtype: str = "int32", seed: Any = None) -> Any:
    """Integers from ``minval`` to below ``maxval``.

    Args:
        shape: of the result.
        minval: the least.
        maxval: never reached.
        dtype: of integers.
        seed: as in ``normal``.

    Example:
        >>> sorted(set(randint((100,), 0, 3, seed=1).numpy().tolist()))
        [0, 1, 2]
    """
    number, stream = _key(seed)
    size = (shape,) if isinstance(shape, INT) else tuple(shape)
    return Tensor(np.asarray(kernels.integers(size, minval, maxval, seed=number, stream=stream), dtype))


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Any:
    """The slices along an axis in random order.

    Args:
        x: any tensor.
        axis: whose slices change places.
        seed: as in ``normal``.

    Example:
        >>> sorted(shuffle([1.0, 2.0, 3.0], seed=1).numpy().tolist())
        [1.0, 2.0, 3.0]
    """
    x = ops.convert_to_tensor(x)
    number, stream = _key(seed)
    return ops.take(x, kernels.permutation(x.shape[axis], number, stream), axis=axis)


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """Zeros with probability ``rate``, the others divided by ``1 - rate``.

    Args:
        inputs: any tensor.
        rate: from 0 to 1.
        noise_shape: a shape that broadcasts to that of ``inputs``: where it has 1, all share what is drawn.
        seed: as in ``normal``.

    Example:
        >>> import numpy as np
        >>> sorted(set(dropout(np.ones(100), 0.75, seed=1).numpy().tolist()))
        [0.0, 4.0]
    """
    seed = _given(seed)
    key = seed.next() if isinstance(seed, SeedGenerator) else Tensor(np.array(_key(seed), np.int64))
    return ops.dropout(inputs, rate, key, noise_shape)


def _typed(x: Tensor, dtype: str | None) -> Any:
    return x if dtype is None or dtype == "float" or x.dtype == dtype else ops.cast(x, dtype)
