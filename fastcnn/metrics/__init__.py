"""Metrics, with Keras 3's names: what a model is judged by, batch after batch."""

from typing import Any

from fastcnn.absent import explain_absent
from fastcnn.losses import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)

from . import accuracy as _accuracy
from . import auc, confusion, iou, matrix, probabilistic, reduction, regression
from .accuracy import *  # noqa: F403
from .accuracy import kind_of_labels
from .auc import *  # noqa: F403
from .base import Metric, registry
from .confusion import *  # noqa: F403
from .iou import *  # noqa: F403
from .matrix import *  # noqa: F403
from .probabilistic import *  # noqa: F403
from .reduction import *  # noqa: F403
from .regression import *  # noqa: F403

__all__ = [
    "Metric",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "deserialize",
    "get",
    "get_crossentropy",
    "serialize",
    *reduction.__all__,
    *_accuracy.__all__,
    *confusion.__all__,
    *auc.__all__,
    *matrix.__all__,
    *iou.__all__,
    *regression.__all__,
    *probabilistic.__all__,
]
explain_absent(__name__)


def find(name: str) -> Any:
    """The class or the function that is a metric, or a loss's function, of that name.

    Args:
        name: in any case.

    Example:
        >>> find("auc").__name__, find("huber").__name__
        ('AUC', 'huber')
    """
    try:
        return registry.find(name)
    except ValueError:
        from fastcnn import losses

        function = getattr(losses, name, None)
        if function is None or isinstance(function, type) or name not in losses.__all__:
            raise
        return function


def get(identifier: Any) -> Any:
    """A metric from its name, its config, its class, or itself; a loss's name gives the mean of that loss.

    ``"accuracy"`` and ``"acc"`` depend on the shapes of targets and outputs: ``get_accuracy`` tells them.

    Args:
        identifier: a name, a config, a class, an object, a function or None.

    Example:
        >>> get("mae")
        <MeanAbsoluteError name=mean_absolute_error>
    """
    return registry.get(find(identifier) if isinstance(identifier, str) else identifier)


def serialize(metric: Any) -> Any:
    """The config of a metric, or the name of a function.

    Example:
        >>> serialize(get("mae"))["class_name"]
        'MeanAbsoluteError'
    """
    return registry.serialize(metric)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The metric that a config or a name describes.

    Args:
        config: a config, a name or None.
        custom_objects: classes and functions by name that take part besides the registered ones.

    Example:
        >>> deserialize(serialize(get("mae")))
        <MeanAbsoluteError name=mean_absolute_error>
    """
    return registry.deserialize(config, custom_objects)


def get_crossentropy(y_true_shape: Any, y_pred_shape: Any) -> str:
    """Which loss ``"crossentropy"`` and ``"ce"`` mean for targets and outputs of these shapes: its name.

    Args:
        y_true_shape: of the targets.
        y_pred_shape: of the outputs.

    Example:
        >>> get_crossentropy((None, 10), (None, 10))
        'categorical_crossentropy'
    """
    return f"{kind_of_labels(y_true_shape, y_pred_shape)}_crossentropy"
