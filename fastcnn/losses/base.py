"""What a loss is: values for each sample, weighted and reduced to one number."""

import math
from collections.abc import Callable
from typing import Any, Self

from fastcnn import ops
from fastcnn.registry import Configured, Registry, suggestion
from fastcnn.tensor import Operators, convert_to_tensor

__all__ = ["Loss", "LossFunctionWrapper", "reduce_weighted_values", "squeeze_or_expand_to_same_rank"]

registry = Registry("loss", "keras.losses", functions=True)
REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


def squeeze_or_expand_to_same_rank(x1: Any, x2: Any) -> tuple[Any, Any]:
    """Both with as many axes, where they differ by a last axis of length 1: (n,) beside (n, 1) becomes (n, 1).

    Args:
        x1: the targets.
        x2: the outputs.

    Example:
        >>> a, b = squeeze_or_expand_to_same_rank(convert_to_tensor([1.0, 2.0]), convert_to_tensor([[3.0], [4.0]]))
        >>> a.shape, b.shape
        ((2, 1), (2, 1))
    """
    a, b = x1.shape, x2.shape
    if len(a) == len(b) + 1 and a[-1] == 1:
        return (x1, ops.expand_dims(x2, -1)) if len(b) == 1 else (ops.squeeze(x1, -1), x2)
    if len(b) == len(a) + 1 and b[-1] == 1:
        return (ops.expand_dims(x1, -1), x2) if len(a) == 1 else (x1, ops.squeeze(x2, -1))
    return x1, x2


def same_shape(a: Any, b: Any) -> bool:
    """Whether the shapes can be equal, a size None being any."""
    return len(a) == len(b) and all(m == n or m is None or n is None for m, n in zip(a, b, strict=True))


def tensor(value: Any, dtype: str | None = None) -> Any:
    """The value itself where it is a tensor of floating-point numbers already."""
    if isinstance(value, Operators) and value.dtype[0] == "f":
        return value
    return convert_to_tensor(value, dtype or "float")


def _spread(values: Any, sample_weight: Any) -> tuple[Any, Any]:
    """A weight for each sample, beside values with more axes, counts for all the values of its sample."""
    values, sample_weight = squeeze_or_expand_to_same_rank(values, sample_weight)
    v, w = tuple(values.shape), tuple(sample_weight.shape)
    if 0 < len(w) < len(v) and same_shape(v[: len(w)], w):
        sample_weight = ops.reshape(sample_weight, tuple(-1 if n is None else n for n in w) + (1,) * (len(v) - len(w)))
    elif v and (
        len(w) > len(v) or any(m not in (n, 1, None) and n is not None for m, n in zip(w[::-1], v[::-1], strict=False))
    ):
        raise ValueError(f"sample_weight: expected shape {v}, or a beginning of it such as {v[:1]}, got {w}")
    return values, sample_weight


def _number_of(values: Any) -> Any:
    if None not in values.shape:
        return float(math.prod(values.shape))
    return ops.sum(ops.ones_like(values))


def reduce_weighted_values(
    values: Any, sample_weight: Any = None, mask: Any = None, reduction: str | None = "sum_over_batch_size"
) -> Any:
    """Multiplies losses by their weights and reduces them to one number, as Keras does.

    Args:
        values: the losses, of any shape.
        sample_weight: of the same shape, or of its beginning: (n,) for losses of (n, t).
        mask: of the losses' shape; False where a loss does not count, also not in the number that a mean divides by.
        reduction: ``"sum_over_batch_size"`` or ``"mean"`` divide the weighted sum by the number of losses,
            ``"mean_with_sample_weight"`` by the sum of the weights; ``"sum"``; ``"none"`` or None keep them.

    Example:
        >>> float(reduce_weighted_values([1.0, 2.0], [1.0, 0.0]))
        0.5
    """
    values = tensor(values)
    if mask is not None:
        mask = ops.cast(mask, values.dtype)
        if reduction in ("mean", "sum_over_batch_size"):
            mask = mask * (_number_of(mask) / ops.maximum(ops.sum(mask), 1.0))
    if sample_weight is not None:
        sample_weight = tensor(sample_weight)
        if mask is not None:
            mask, sample_weight = _spread(mask, sample_weight)
            sample_weight = mask * sample_weight
    else:
        sample_weight = mask
    if sample_weight is not None:
        values, sample_weight = _spread(values, sample_weight)
        values = values * sample_weight
    if reduction in (None, "none") or values.shape == ():
        return values
    if reduction == "sum":
        return ops.sum(values)
    if reduction == "mean_with_sample_weight" and sample_weight is not None:
        total = ops.sum(sample_weight)
        return ops.sum(values) / ops.where(ops.equal(total, 0.0), ops.ones_like(total), total)
    return ops.mean(values) if 0 not in values.shape else ops.sum(values)


class Loss(Configured):
    """What the losses inherit; a subclass writes ``call(y_true, y_pred)``, which gives a loss for each sample.

    Args:
        name: for logs.
        reduction: what becomes of the samples' losses: see ``reduce_weighted_values``.
        dtype: of the computation; ``floatx()``.

    Example:
        >>> class Cubed(Loss):
        ...     def call(self, y_true, y_pred):
        ...         return ops.mean(abs(y_pred - y_true) ** 3, axis=-1)
        >>> float(Cubed()([[0.0], [0.0]], [[1.0], [2.0]]))
        4.5
    """

    def __init__(self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None):
        if reduction not in REDUCTIONS:
            raise ValueError(
                "reduction must be 'sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none' or None, "
                f"got {reduction!r}.{suggestion(str(reduction), [r for r in REDUCTIONS if r])}"
            )
        self.name = name or type(self).__name__
        self.reduction = "none" if reduction is None else reduction
        self.dtype = "float32" if dtype is None else str(getattr(dtype, "name", dtype))
        if self.dtype not in ("float32", "float64"):
            raise NotImplementedError(f"dtype: losses are computed in float32, got {self.dtype!r}")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        y_pred = tensor(y_pred)
        y_true = y_true if isinstance(y_true, Operators) else convert_to_tensor(y_true)
        losses = self.call(y_true, y_pred)
        if losses is None or isinstance(losses, str):
            raise TypeError(f"loss {self.name!r} must return numbers computed from y_pred, got {losses!r}")
        return reduce_weighted_values(losses, sample_weight, self.compute_mask(y_true, y_pred), self.reduction)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each sample."""
        raise NotImplementedError(f"{type(self).__name__} must define call(self, y_true, y_pred)")

    def compute_mask(self, y_true: Any, y_pred: Any) -> Any:
        """Which of the samples' losses count; None for all."""
        return None

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {"name": self.name, "reduction": self.reduction}


class LossFunctionWrapper(Loss):
    """A loss made of a function ``(y_true, y_pred, **kwargs)`` that gives a loss for each sample.

    Args:
        fn: the function.
        reduction: see ``reduce_weighted_values``.
        name: the function's unless given.
        dtype: ``floatx()``.
        kwargs: passed on to the function.

    Example:
        >>> loss = LossFunctionWrapper(lambda y_true, y_pred: ops.mean(abs(y_pred - y_true), axis=-1))
        >>> float(loss([[0.0], [0.0]], [[1.0], [2.0]]))
        1.5
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ):
        super().__init__(name or getattr(fn, "__name__", None), reduction, dtype)
        self.fn, self.fn_kwargs = fn, kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
        return self.fn(y_true, y_pred, **self.fn_kwargs)

    def get_config(self) -> dict[str, Any]:
        if type(self) is LossFunctionWrapper:
            return {**super().get_config(), "fn": registry.serialize(self.fn), **self.fn_kwargs}
        return {**super().get_config(), **self.fn_kwargs}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        if cls is LossFunctionWrapper and not callable(config.get("fn")):
            config = {**config, "fn": registry.find(str(config["fn"]))}
        return cls(**config)


def paired(name: str, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Both as floating-point tensors of one shape, or an error that names both shapes."""
    y_pred, y_true = tensor(y_pred), tensor(y_true)
    y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
    if not same_shape(y_true.shape, y_pred.shape):
        raise ValueError(
            f"{name}: y_true and y_pred must have the same shape, got {tuple(y_true.shape)} and {tuple(y_pred.shape)}; "
            "change the model's output layer or the targets"
        )
    return y_true, y_pred
