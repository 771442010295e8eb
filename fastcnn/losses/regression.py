"""Losses of numbers: how far a prediction is from the truth. Functions give one a sample, classes reduce them."""

import math
from typing import Any

from fastcnn import ops

from .base import LossFunctionWrapper, paired, registry

__all__ = [
    "CosineSimilarity",
    "Huber",
    "LogCosh",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "cosine_similarity",
    "huber",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
]

EPSILON = 1e-7
_MEAN = "sum_over_batch_size"


@registry.register("mse", "MSE")
def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """``mean((y_true - y_pred) ** 2)`` over the last axis.

    Example:
        >>> mean_squared_error([[0.0, 0.0]], [[1.0, 3.0]]).numpy()
        array([5.], dtype=float32)
    """
    return ops.mean_squared_error(*paired("mean_squared_error", y_true, y_pred))


@registry.register("mae", "MAE")
def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """``mean(|y_true - y_pred|)`` over the last axis.

    Example:
        >>> mean_absolute_error([[0.0, 0.0]], [[1.0, -3.0]]).numpy()
        array([2.], dtype=float32)
    """
    return ops.mean_absolute_error(*paired("mean_absolute_error", y_true, y_pred))


@registry.register("mape", "MAPE")
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """``100 * mean(|y_true - y_pred| / max(|y_true|, 1e-7))`` over the last axis.

    Example:
        >>> mean_absolute_percentage_error([[2.0, 4.0]], [[1.0, 4.0]]).numpy()
        array([25.], dtype=float32)
    """
    y_true, y_pred = paired("mean_absolute_percentage_error", y_true, y_pred)
    return 100.0 * ops.mean(ops.abs((y_true - y_pred) / ops.maximum(ops.abs(y_true), EPSILON)), axis=-1)


@registry.register("msle", "MSLE")
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """``mean((log(1 + y_true) - log(1 + y_pred)) ** 2)`` over the last axis; what is below 1e-7 counts as 1e-7.

    Example:
        >>> mean_squared_logarithmic_error([[0.0]], [[1.0]]).numpy().round(4)
        array([0.4805], dtype=float32)
    """
    y_true, y_pred = paired("mean_squared_logarithmic_error", y_true, y_pred)
    first, second = ops.log(ops.maximum(y_true, EPSILON) + 1.0), ops.log(ops.maximum(y_pred, EPSILON) + 1.0)
    return ops.mean(ops.square(first - second), axis=-1)


@registry.register("huber_loss")
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """``d ** 2 / 2`` for ``d = |y_true - y_pred|`` up to ``delta``, linear beyond; the mean over the last axis.

    Example:
        >>> huber([[0.0, 0.0]], [[1.0, -3.0]]).numpy()
        array([1.5], dtype=float32)
    """
    return ops.huber(*paired("huber", y_true, y_pred), delta)


@registry.register("logcosh")
def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """``mean(log(cosh(y_pred - y_true)))`` over the last axis.

    Example:
        >>> log_cosh([[0.0]], [[1.0]]).numpy().round(4)
        array([0.4338], dtype=float32)
    """
    y_true, y_pred = paired("log_cosh", y_true, y_pred)
    d = y_pred - y_true
    return ops.mean(d + ops.softplus(d * -2.0) - math.log(2.0), axis=-1)


@registry.register()
def poisson(y_true: Any, y_pred: Any) -> Any:
    """``mean(y_pred - y_true * log(y_pred + 1e-7))`` over the last axis.

    Example:
        >>> poisson([[1.0]], [[1.0]]).numpy().round(4)
        array([1.], dtype=float32)
    """
    y_true, y_pred = paired("poisson", y_true, y_pred)
    return ops.mean(y_pred - y_true * ops.log(y_pred + EPSILON), axis=-1)


@registry.register()
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Minus the cosine of the angle between both: -1 where they point the same way.

    Args:
        y_true: (..., n).
        y_pred: (..., n).
        axis: along which the vectors lie.

    Example:
        >>> cosine_similarity([[0.0, 2.0]], [[0.0, 1.0]]).numpy()
        array([-1.], dtype=float32)
    """
    y_true, y_pred = paired("cosine_similarity", y_true, y_pred)
    return -ops.sum(_unit(y_true, axis) * _unit(y_pred, axis), axis=axis)


def _unit(x: Any, axis: int) -> Any:
    return x * ops.rsqrt(ops.maximum(ops.sum(ops.square(x), axis=axis, keepdims=True), 1e-12))


@registry.register()
class MeanSquaredError(LossFunctionWrapper):
    """The mean of ``mean_squared_error`` over the samples.

    Example:
        >>> float(MeanSquaredError()([[0.0], [0.0]], [[1.0], [3.0]]))
        5.0
    """

    def __init__(self, reduction: str | None = _MEAN, name: str | None = "mean_squared_error", dtype: Any = None):
        super().__init__(mean_squared_error, reduction, name, dtype)


@registry.register()
class MeanAbsoluteError(LossFunctionWrapper):
    """The mean of ``mean_absolute_error`` over the samples.

    Example:
        >>> float(MeanAbsoluteError()([[0.0], [0.0]], [[1.0], [3.0]]))
        2.0
    """

    def __init__(self, reduction: str | None = _MEAN, name: str | None = "mean_absolute_error", dtype: Any = None):
        super().__init__(mean_absolute_error, reduction, name, dtype)


@registry.register()
class MeanAbsolutePercentageError(LossFunctionWrapper):
    """The mean of ``mean_absolute_percentage_error`` over the samples.

    Example:
        >>> float(MeanAbsolutePercentageError()([[2.0], [2.0]], [[1.0], [2.0]]))
        25.0
    """

    def __init__(
        self, reduction: str | None = _MEAN, name: str | None = "mean_absolute_percentage_error", dtype: Any = None
    ):
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


@registry.register()
class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """The mean of ``mean_squared_logarithmic_error`` over the samples.

    Example:
        >>> float(MeanSquaredLogarithmicError()([[1.0], [2.0]], [[1.0], [2.0]]))
        0.0
    """

    def __init__(
        self, reduction: str | None = _MEAN, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None
    ):
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)


@registry.register()
class Huber(LossFunctionWrapper):
    """The mean of ``huber`` over the samples.

    Args:
        delta: where the parabola ends.
        reduction: see ``reduce_weighted_values``.
        name: for logs.
        dtype: ``floatx()``.

    Example:
        >>> float(Huber()([[0.0], [0.0]], [[1.0], [3.0]]))
        1.5
    """

    def __init__(
        self, delta: float = 1.0, reduction: str | None = _MEAN, name: str | None = "huber_loss", dtype: Any = None
    ):
        super().__init__(huber, reduction, name, dtype, delta=delta)


@registry.register()
class LogCosh(LossFunctionWrapper):
    """The mean of ``log_cosh`` over the samples.

    Example:
        >>> float(LogCosh()([[1.0]], [[1.0]]))
        0.0
    """

    def __init__(self, reduction: str | None = _MEAN, name: str | None = "log_cosh", dtype: Any = None):
        super().__init__(log_cosh, reduction, name, dtype)


@registry.register()
class Poisson(LossFunctionWrapper):
    """The mean of ``poisson`` over the samples.

    Example:
        >>> round(float(Poisson()([[1.0]], [[1.0]])), 4)
        1.0
    """

    def __init__(self, reduction: str | None = _MEAN, name: str | None = "poisson", dtype: Any = None):
        super().__init__(poisson, reduction, name, dtype)


@registry.register()
class CosineSimilarity(LossFunctionWrapper):
    """The mean of ``cosine_similarity`` over the samples.

    Args:
        axis: along which the vectors lie.
        reduction: see ``reduce_weighted_values``.
        name: for logs.
        dtype: ``floatx()``.

    Example:
        >>> float(CosineSimilarity()([[0.0, 2.0]], [[0.0, 1.0]]))
        -1.0
    """

    def __init__(
        self, axis: int = -1, reduction: str | None = _MEAN, name: str | None = "cosine_similarity", dtype: Any = None
    ):
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)
