"""Metrics of numbers: errors, and the share of variance explained."""

from typing import Any

import numpy as np

from fastcnn import losses

from .base import Metric, array, pair, ratio, registry, scalar
from .reduction import Mean, MeanMetricWrapper

__all__ = [
    "CosineSimilarity",
    "LogCoshError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "R2Score",
    "RootMeanSquaredError",
]


@registry.register("mse", "MSE")
class MeanSquaredError(MeanMetricWrapper):
    """The mean of ``(y_true - y_pred) ** 2``.

    Example:
        >>> float(MeanSquaredError()([[0.0, 1.0]], [[1.0, 1.0]]))
        0.5
    """

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None):
        super().__init__(losses.mean_squared_error, name, dtype)


@registry.register("mae", "MAE")
class MeanAbsoluteError(MeanMetricWrapper):
    """The mean of ``|y_true - y_pred|``.

    Example:
        >>> float(MeanAbsoluteError()([[0.0, 1.0]], [[1.0, 1.0]]))
        0.5
    """

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None):
        super().__init__(losses.mean_absolute_error, name, dtype)


@registry.register("mape", "MAPE")
class MeanAbsolutePercentageError(MeanMetricWrapper):
    """The mean of ``100 * |y_true - y_pred| / |y_true|``.

    Example:
        >>> float(MeanAbsolutePercentageError()([[2.0, 1.0]], [[1.0, 1.0]]))
        25.0
    """

    def __init__(self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None):
        super().__init__(losses.mean_absolute_percentage_error, name, dtype)


@registry.register("msle", "MSLE")
class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """The mean of ``(log(1 + y_true) - log(1 + y_pred)) ** 2``.

    Example:
        >>> float(MeanSquaredLogarithmicError()([[2.0, 1.0]], [[2.0, 1.0]]))
        0.0
    """

    def __init__(self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None):
        super().__init__(losses.mean_squared_logarithmic_error, name, dtype)


@registry.register("logcosh")
class LogCoshError(MeanMetricWrapper):
    """The mean of ``log(cosh(y_pred - y_true))``.

    Example:
        >>> float(LogCoshError()([[1.0]], [[1.0]]))
        0.0
    """

    def __init__(self, name: str | None = "logcosh", dtype: Any = None):
        super().__init__(losses.log_cosh, name, dtype)


def _cosine(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    return -array(losses.cosine_similarity(y_true, y_pred, axis))


@registry.register()
class CosineSimilarity(MeanMetricWrapper):
    """The mean cosine of the angle between ``y_true`` and ``y_pred``; plus, where the loss of that name has minus.

    Args:
        name: the key in logs.
        dtype: of the result.
        axis: along which the vectors lie.

    Example:
        >>> float(CosineSimilarity()([[0.0, 2.0]], [[0.0, 1.0]]))
        1.0
    """

    def __init__(self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1):
        super().__init__(_cosine, name, dtype, axis=axis)
        self._direction = "up"


@registry.register("rmse", "RMSE")
class RootMeanSquaredError(Mean):
    """The root of the mean of ``(y_true - y_pred) ** 2``.

    Example:
        >>> float(RootMeanSquaredError()([[0.0], [0.0]], [[3.0], [3.0]]))
        3.0
    """

    _direction = "down"

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None):
        super().__init__(name, dtype)

    def update_state(  # type: ignore[override] # as in Keras: a mean of a function of two
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        t, p = pair(self.name, y_true, y_pred)
        super().update_state(np.square(np.subtract(p, t, dtype=np.float64)), sample_weight)

    def result(self) -> Any:
        return scalar(np.sqrt(ratio(self.total.array, self.count.array)))


@registry.register()
class R2Score(Metric):
    """The share of the targets' variance that the predictions explain: 1 is perfect, 0 no better than the mean.

    Args:
        class_aggregation: ``"uniform_average"``, ``"variance_weighted_average"``, or None for a score a column.
        num_regressors: for the adjusted score: how many inputs the model has.
        name: the key in logs.
        dtype: of the result.

    Example:
        >>> round(float(R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])), 4)
        0.5714
    """

    _direction = "up"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ):
        if class_aggregation not in (None, "uniform_average", "variance_weighted_average"):
            raise ValueError(
                "class_aggregation must be None, 'uniform_average' or 'variance_weighted_average', "
                f"got {class_aggregation!r}"
            )
        if num_regressors < 0:
            raise ValueError(f"num_regressors must be at least 0, got {num_regressors}")
        super().__init__(name=name, dtype=dtype)
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        self.num_samples = self.add_weight(name="num_samples")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        t, p = pair(self.name, y_true, y_pred)
        if t.ndim != 2:
            raise ValueError(f"{self.name}: y_true and y_pred must have shape (n, outputs), got {t.shape}")
        if len(self._variables) == 1:
            for name in ("sum", "squared_sum", "total_mse", "count"):
                self.add_weight((t.shape[1],), name=name)
        t, p = t.astype(np.float64), p.astype(np.float64)
        w = np.ones((1, 1)) if sample_weight is None else array(sample_weight).reshape(-1, 1)
        w = np.broadcast_to(w, t.shape)
        batch = (w * t, w * t * t, w * (t - p) ** 2, w)
        for v, terms in zip(self._variables[1:], batch, strict=True):
            v.array += terms.sum(axis=0)
        self.num_samples.array += t.size

    def result(self) -> Any:
        if len(self._variables) == 1:
            return scalar(0.0)
        sums, squares, errors, count = (v.array for v in self._variables[1:])
        total = squares - sums * ratio(sums, count)
        scores = np.where(total != 0, 1.0 - ratio(errors, total), 0.0)
        if self.class_aggregation == "uniform_average":
            scores = scores.mean()
        elif self.class_aggregation == "variance_weighted_average":
            scores = ratio((total * scores).sum(), total.sum())
        n = float(self.num_samples.array)
        if 0 < self.num_regressors < n - 1:
            scores = 1.0 - (1.0 - scores) * (n - 1.0) / (n - self.num_regressors - 1.0)
        return scalar(scores)

    def get_config(self) -> dict[str, Any]:
        options = {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
        return {**super().get_config(), **options}
