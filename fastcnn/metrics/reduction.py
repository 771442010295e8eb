"""Sums and means over batches, and metrics that are the mean of a function."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from .base import Array, Metric, array, registry, same_rank, scalar

__all__ = ["Mean", "MeanMetricWrapper", "Sum"]


def _by_sample(values: Any, sample_weight: Any, reduce: Any) -> tuple[Array, Array | None]:
    """A value for each sample, weighted, and the weights: axes beyond those of the weights are reduced first."""
    v = array(values)
    w: Array | None = None
    if sample_weight is not None:
        v, w = same_rank(v, array(sample_weight).astype(np.float64, copy=False))
        if v.ndim > w.ndim:
            v = reduce(v, axis=tuple(range(w.ndim, v.ndim)), dtype=np.float64)
        try:
            w = np.broadcast_to(w, v.shape)
        except ValueError:
            raise ValueError(
                f"sample_weight: expected shape {v.shape}, or a beginning of it, got {array(sample_weight).shape}"
            ) from None
        v = v * w
        if w.ndim > 1:
            w = reduce(w, axis=tuple(range(1, w.ndim)))
    if v.ndim > 1:
        v = reduce(v, axis=tuple(range(1, v.ndim)), dtype=np.float64)
    return v, w


@registry.register()
class Sum(Metric):
    """The weighted sum of all values.

    Args:
        name: the key in logs.
        dtype: of the result.

    Example:
        >>> m = Sum()
        >>> m.update_state([1.0, 3.0, 5.0])
        >>> float(m.result())
        9.0
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None):
        super().__init__(dtype=dtype, name=name)
        self.total = self.add_weight(name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        v, _ = _by_sample(values, sample_weight, np.sum)
        self.total.array += v.sum(dtype=np.float64)

    def result(self) -> Any:
        return scalar(self.total.array)


@registry.register()
class Mean(Metric):
    """The weighted mean of all values: each sample counts once, however many values it has.

    Args:
        name: the key in logs.
        dtype: of the result.

    Example:
        >>> m = Mean()
        >>> m.update_state([1.0, 3.0])
        >>> m.update_state([8.0])
        >>> float(m.result())
        4.0
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None):
        super().__init__(dtype=dtype, name=name)
        self.total = self.add_weight(name="total")
        self.count = self.add_weight(name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        if sample_weight is None:
            v = array(values)
            n = v.shape[0] if v.ndim else 1
            total = np.count_nonzero(v) if v.dtype == bool else np.add.reduce(v, axis=None, dtype=np.float64)
            if v.ndim > 1 and v.size:
                total = total * (n / v.size)
            self.total.array += total
            self.count.array += n
            return
        v, w = _by_sample(values, sample_weight, np.mean)
        assert w is not None
        self.total.array += v.sum(dtype=np.float64)
        self.count.array += w.sum(dtype=np.float64)

    def result(self) -> Any:
        count = self.count.array.item()
        return scalar(self.total.array.item() / count if count else 0.0)


@registry.register()
class MeanMetricWrapper(Mean):
    """The mean of a function ``(y_true, y_pred, **kwargs)`` that gives a value for each sample.

    Args:
        fn: the function.
        name: the key in logs; the function's name unless given.
        dtype: of the result.
        kwargs: passed on to the function.

    Example:
        >>> m = MeanMetricWrapper(lambda y_true, y_pred: abs(np.subtract(y_true, y_pred)), name="distance")
        >>> float(m([1.0, 2.0], [1.0, 4.0]))
        1.0
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any):
        super().__init__(name=name or getattr(fn, "__name__", None), dtype=dtype)
        self._fn, self._fn_kwargs = fn, kwargs
        self._direction = "up" if getattr(fn, "_direction", "") == "up" else "down" if _is_loss(fn) else None

    def update_state(  # type: ignore[override] # as in Keras: a mean of a function of two
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        values = self._fn(y_true, y_pred, **self._fn_kwargs)
        if values is None or isinstance(values, str):
            raise TypeError(f"metric {self.name!r}: the function must return numbers, got {values!r}")
        super().update_state(values, sample_weight)

    def get_config(self) -> dict[str, Any]:
        if type(self) is MeanMetricWrapper:
            return {**super().get_config(), "fn": registry.serialize(self._fn), **self._fn_kwargs}
        return {**super().get_config(), **self._fn_kwargs}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        if cls is MeanMetricWrapper and not callable(config.get("fn")):
            config = {**config, "fn": registry.find(str(config["fn"]))}
        return cls(**config)


def _is_loss(fn: Any) -> bool:
    from fastcnn import losses

    return getattr(losses, getattr(fn, "__name__", ""), None) is fn
