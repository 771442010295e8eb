"""Layers that decorrelate the numbers of a sample, by the directions in which the training data vary."""

import math
from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.layers.adapting import arrays_of, moments
from fastcnn.layers.arguments import integers
from fastcnn.layers.input_spec import InputSpec, as_float
from fastcnn.layers.layer import Layer
from fastcnn.layers.registry import registry
from fastcnn.tensor import convert_to_tensor

__all__ = ["PCAWhitening", "ZCAWhitening", "directions"]

Array = np.ndarray[Any, Any]


def directions(x: Array) -> tuple[Array, Array]:
    """The directions in which samples vary, orthonormal, by falling variance.

    Args:
        x: (n, d), of mean 0.

    Returns:
        Variances (k,) and directions (d, k), k the smaller of d and the rank of samples that are fewer than d. The
        largest number of a direction is above 0.

    Example:
        >>> variances, found = directions(np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]]))
        >>> variances.round(6).tolist(), found.round(6).tolist()
        ([4.5, 0.5], [[1.0, 0.0], [0.0, 1.0]])
    """
    n, d = x.shape
    if n > d:
        variances, found = np.linalg.eigh(x.T @ x / n)
    else:
        variances, left = np.linalg.eigh(x @ x.T / n)
        real = variances > variances[-1] * d * np.finfo(np.float64).eps
        variances = variances[real]
        found = x.T @ (left[:, real] / np.sqrt(n * variances))
    variances, found = np.maximum(variances[::-1], 0), found[:, ::-1]
    largest = found[np.abs(found).argmax(axis=0), np.arange(found.shape[1])]
    return variances, found * np.where(largest < 0, -1.0, 1.0)


class _Whitening(Layer):
    """Flattens samples, subtracts their mean and multiplies by a matrix, both found by ``adapt``."""

    _least_axes = 1

    input_spec: InputSpec | None = None

    def __init__(self, epsilon: float, **kwargs: Any):
        super().__init__(**kwargs)
        if not epsilon >= 0:
            raise ValueError(f"epsilon must be at least 0, got {epsilon!r}")
        self.epsilon = float(epsilon)

    def _columns(self, size: int) -> int:
        return size

    def build(self, input_shape: Any) -> None:
        sizes = tuple(input_shape[1:])
        if not sizes or None in sizes:
            raise ValueError(f"{self.name}: all sizes but the first must be known, got {tuple(input_shape)}")
        size = math.prod(sizes)
        columns = self._columns(size)
        self.input_spec = InputSpec(ndim=len(input_shape), axes=dict(enumerate(sizes, 1)))
        self.mean = self.add_weight(shape=(size,), initializer="zeros", trainable=False, name="mean")
        self.projection = self.add_weight(
            shape=(size, columns),
            initializer=lambda shape, dtype=None: np.eye(*shape, dtype=np.float32),
            trainable=False,
            name="projection",
        )
        self.built = True

    def adapt(self, data: Any) -> None:
        """Finds mean and directions, in float64; what an earlier call found is forgotten.

        Args:
            data: an array, or batches: a list or generator of arrays, or of tuples that begin with one. All of it must
                fit into memory.
        """
        first, arrays = arrays_of(data)
        if not self.built:
            self.build((None, *first.shape[1:]))
        flat = np.concatenate([self._flat(array) for array in arrays])
        mean, _ = moments([flat], (1,), (2, self.mean.shape), self.name)
        variances, found = directions(flat - mean)
        matrix = self._matrix(variances, found, len(flat))
        self.mean.assign(mean)
        self.projection.assign(matrix)

    def _flat(self, array: Array) -> Array:
        assert self.input_spec is not None
        self.input_spec.check(self.name, array.shape)
        return array.reshape(len(array), -1).astype(np.float64)

    def _matrix(self, variances: Array, found: Array, samples: int) -> Array:
        raise NotImplementedError

    def _projected(self, inputs: Any) -> Any:
        assert self.input_spec is not None
        self.input_spec.check(self.name, inputs.shape)
        flat = ops.reshape(as_float(convert_to_tensor(inputs)), (-1, self.mean.shape[0]))
        return ops.matmul(ops.subtract(flat, self.mean), self.projection)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "epsilon": self.epsilon}


@registry.register()
class PCAWhitening(_Whitening):
    """The principal components of samples, each divided by ``sqrt(variance + epsilon)``: few numbers, uncorrelated.

    Args:
        n_components: how many components to keep, those of largest variance; all unless given.
        epsilon: keeps components of little variance small.
        whiten: whether to divide; otherwise the layer turns only, and drops what varies least.

    Input shape: (n, ...). Output shape: (n, n_components).

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layer = layers.PCAWhitening(n_components=1, epsilon=0)
        >>> layer.adapt(np.array([[2.0, 1.0], [2.0, -1.0], [-2.0, 1.0], [-2.0, -1.0]]))
        >>> layer(np.array([[6.0, 7.0]], "float32")).numpy().tolist()
        [[3.0]]
    """

    def __init__(self, n_components: int | None = None, epsilon: float = 1e-6, whiten: bool = True, **kwargs: Any):
        super().__init__(epsilon, **kwargs)
        if n_components is not None:
            (n_components,) = integers(n_components, 1, "n_components")
        self.n_components, self.whiten = n_components, bool(whiten)

    def _columns(self, size: int) -> int:
        if self.n_components is not None and self.n_components > size:
            raise ValueError(
                f"{self.name}: n_components must be at most {size}, the numbers in a sample, got {self.n_components}"
            )
        return self.n_components or size

    def _matrix(self, variances: Array, found: Array, samples: int) -> Array:
        columns = self.projection.shape[1]
        if len(variances) < columns:
            raise ValueError(
                f"{self.name}: {samples} samples have {len(variances)} components, {columns} are wanted; "
                f"give adapt more samples, or n_components={len(variances)}"
            )
        found = found[:, :columns]
        return found / np.sqrt(variances[:columns] + self.epsilon) if self.whiten else found

    def call(self, inputs: Any) -> Any:
        return self._projected(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """(n, n_components)."""
        if self.input_spec is not None:
            self.input_spec.check(self.name, input_shape)
        return (input_shape[0], self._columns(math.prod(input_shape[1:])))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n_components": self.n_components, "whiten": self.whiten}


@registry.register()
class ZCAWhitening(_Whitening):
    """Whitens samples and turns them back: uncorrelated numbers of variance 1 that still look like the picture.

    ``(x - mean) @ U / sqrt(variances + epsilon) @ U.T``, U the directions in which the training data vary. Fewer
    samples than numbers in one leave directions in which nothing varied: what lies there is dropped.

    Args:
        epsilon: keeps directions of little variance small.

    Input and output shape: (n, ...), the same.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layer = layers.ZCAWhitening(epsilon=0)
        >>> layer.adapt(np.array([[2.0, 1.0], [2.0, -1.0], [-2.0, 1.0], [-2.0, -1.0]]))
        >>> layer(np.array([[6.0, 7.0]], "float32")).numpy().tolist()
        [[3.0, 7.0]]
    """

    def __init__(self, epsilon: float = 1e-6, **kwargs: Any):
        super().__init__(epsilon, **kwargs)

    def _matrix(self, variances: Array, found: Array, samples: int) -> Array:
        return (found / np.sqrt(variances + self.epsilon)) @ found.T

    def call(self, inputs: Any) -> Any:
        whitened = self._projected(inputs)
        return ops.reshape(whitened, (-1, *inputs.shape[1:]))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The same."""
        if self.input_spec is not None:
            self.input_spec.check(self.name, input_shape)
        return tuple(input_shape)
