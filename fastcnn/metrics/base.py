"""What a metric is: states that batches are added to, and a result computed from them."""

from typing import Any, Self

import numpy as np

from fastcnn.checked import Checked
from fastcnn.naming import automatic_name
from fastcnn.registry import Registry
from fastcnn.seam import float_dtype
from fastcnn.tensor import Tensor, Variable, is_tensor

__all__ = ["Metric"]

Array = np.ndarray[Any, Any]
registry = Registry("metric", "keras.metrics", functions=True)


def array(value: Any) -> Array:
    """The numbers of a tensor or an array-like."""
    return value.array if is_tensor(value) else np.asarray(value)


def same_rank(a: Array, b: Array) -> tuple[Array, Array]:
    """Both with as many axes, where they differ by a last axis of length 1."""
    if a.ndim == b.ndim + 1 and a.shape[-1] == 1:
        return (a, b[:, None]) if b.ndim == 1 else (a[..., 0], b)
    if b.ndim == a.ndim + 1 and b.shape[-1] == 1:
        return (a[:, None], b) if a.ndim == 1 else (a, b[..., 0])
    return a, b


def pair(name: str, y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    """Both as arrays of one shape, or an error that names both shapes."""
    t, p = same_rank(array(y_true), array(y_pred))
    if t.shape != p.shape:
        raise ValueError(f"{name}: y_true and y_pred must have the same shape, got {t.shape} and {p.shape}")
    return t, p


def ratio(a: Any, b: Any) -> Any:
    """``a / b``, and 0 where ``b`` is 0."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return np.divide(a, b, out=np.zeros(np.broadcast_shapes(a.shape, b.shape)), where=b != 0)


def scalar(value: Any) -> Tensor:
    """A result: a number or an array, in floatx."""
    return Tensor(np.asarray(value, float_dtype()))


class Metric(Checked):
    """What the metrics inherit: a subclass makes states with ``add_weight``, writes ``update_state`` and ``result``.

    States are float64, so that counts stay exact up to 2**53; results are float32.

    Args:
        dtype: of the result; ``floatx()``.
        name: the key in logs; the class's name in small letters, with a number from the second on.

    Example:
        >>> class Positives(Metric):
        ...     def __init__(self, name="positives", dtype=None):
        ...         super().__init__(dtype=dtype, name=name)
        ...         self.n = self.add_weight(name="n")
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.n.assign_add((np.asarray(y_pred) > 0.5).sum())
        ...     def result(self):
        ...         return self.n.value
        >>> float(Positives()([1, 0], [0.9, 0.1]))
        1.0
    """

    _direction: str | None = None  # "up" or "down": which way is better, for callbacks with mode="auto"

    def __init__(self, dtype: Any = None, name: str | None = None):
        self.name = automatic_name(type(self).__name__) if name is None else name
        self.dtype = "float32" if dtype is None else str(getattr(dtype, "name", dtype))
        self._variables: list[Variable] = []

    def add_variable(
        self,
        shape: Any,
        initializer: Any,
        dtype: Any = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:
        """A state; zero where the initializer is None. ``aggregation`` is of no consequence on one machine."""
        from fastcnn import initializers

        make = initializers.get(initializer or "zeros")
        variable = Variable(make, shape=shape, dtype=dtype or "float64", trainable=False, name=name)
        variable.path = f"{self.name}/{variable.name}"
        self._variables.append(variable)
        return variable

    def add_weight(
        self, shape: Any = (), initializer: Any = None, dtype: Any = None, name: str | None = None
    ) -> Variable:
        """``add_variable`` with defaults: a number, zero."""
        return self.add_variable(shape, initializer, dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """All states, those of metrics held as attributes too."""
        inner = [m for m in vars(self).values() if isinstance(m, Metric)]
        return [*self._variables, *(v for m in inner for v in m.variables)]

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Adds a batch: ``update_state(y_true, y_pred, sample_weight=None)``."""
        raise NotImplementedError(
            f"{type(self).__name__} must define update_state(self, y_true, y_pred, sample_weight=None)"
        )

    def result(self) -> Any:
        """What the metric says of all batches since ``reset_state``."""
        raise NotImplementedError(f"{type(self).__name__} must define result(self)")

    def reset_state(self) -> None:
        """Sets all states to zero."""
        for v in self.variables:
            v.array[...] = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Adds a batch and gives the result of all."""
        self.update_state(*args, **kwargs)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A metric with the arguments that ``get_config`` gave."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def weights_like(name: str, sample_weight: Any, shape: tuple[int, ...]) -> Array:
    """A weight for each value: of the same shape, or of its beginning."""
    w = array(sample_weight)
    if w.ndim == len(shape) + 1 and w.shape[-1] == 1:
        w = w[..., 0]
    w = w.reshape(w.shape + (1,) * (len(shape) - w.ndim)) if w.ndim else w
    if w.ndim > len(shape) or any(m not in (n, 1) for m, n in zip(w.shape, shape, strict=False)):
        raise ValueError(
            f"{name}: sample_weight must have shape {shape} or a beginning of it, got {array(sample_weight).shape}"
        )
    return np.broadcast_to(w, shape)
