"""Cross-entropies: of classes one-hot or as integers, of yes and no; and focal ones, which mind easy samples less."""

from typing import Any

from fastcnn import ops
from fastcnn.ops.losses import binary_crossentropy_mean
from fastcnn.tensor import Operators, convert_to_tensor

from .base import LossFunctionWrapper, paired, registry, same_shape, tensor

__all__ = [
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "SparseCategoricalCrossentropy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "sparse_categorical_crossentropy",
]

EPSILON = 1e-7
_MEAN = "sum_over_batch_size"


def _several_classes(name: str, y_pred: Any, axis: int) -> None:
    if y_pred.shape and y_pred.shape[axis] == 1:
        raise ValueError(
            f"{name} needs an output for each class, got y_pred of shape {tuple(y_pred.shape)} with only one. For two "
            "classes use binary_crossentropy and a sigmoid, or an output layer with two units and softmax"
        )


@registry.register("bce", "BCE")
def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """``-(t * log(p) + (1 - t) * log(1 - p))``, the mean over ``axis``.

    Args:
        y_true: between 0 and 1, the shape of ``y_pred``.
        y_pred: probabilities, or logits.
        from_logits: whether ``y_pred`` still has to go through sigmoid.
        label_smoothing: between 0 and 1; ``t`` becomes ``t * (1 - s) + s / 2``.
        axis: over which the mean is taken.

    Example:
        >>> binary_crossentropy([[1.0, 0.0]], [[0.5, 0.5]]).numpy()
        array([0.6931472], dtype=float32)
    """
    y_true, y_pred = paired("binary_crossentropy", y_true, y_pred)
    if axis in (-1, len(y_pred.shape) - 1):
        return binary_crossentropy_mean(y_true, y_pred, from_logits, float(label_smoothing))
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    return ops.mean(ops.binary_crossentropy(y_true, y_pred, from_logits), axis=axis)


@registry.register("cce")
def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """``-sum(t * log(p))`` over the classes, for one-hot targets.

    Args:
        y_true: (..., c), one-hot or probabilities.
        y_pred: (..., c), probabilities, or logits.
        from_logits: whether ``y_pred`` still has to go through softmax.
        label_smoothing: between 0 and 1; ``t`` becomes ``t * (1 - s) + s / c``.
        axis: where the classes are.

    Example:
        >>> categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy()
        array([0.6931472], dtype=float32)
    """
    y_true, y_pred = _one_hot("categorical_crossentropy", y_true, y_pred, axis)
    return ops.categorical_crossentropy(y_true, y_pred, from_logits, axis, label_smoothing=label_smoothing)


def _one_hot(name: str, y_true: Any, y_pred: Any, axis: int) -> tuple[Any, Any]:
    y_true, y_pred = tensor(y_true), tensor(y_pred)
    _several_classes(name, y_pred, axis)
    if not same_shape(y_true.shape, y_pred.shape):
        t, p = tuple(y_true.shape), tuple(y_pred.shape)
        integers = t in (p[:-1], (*p[:-1], 1)) or same_shape(t, p[:-1])
        remedy = (
            "these look like integer labels: use sparse_categorical_crossentropy, or make them one-hot with "
            "utils.to_categorical"
            if integers
            else "the number of classes in the targets and of units in the output layer must agree"
        )
        raise ValueError(f"{name}: expected y_true of shape {p}, that of y_pred, got {t}; {remedy}")
    return y_true, y_pred


@registry.register("scce")
def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Any:
    """``-log(p[t])``, the cross-entropy of integer labels.

    Args:
        y_true: (...) or (..., 1), integers from 0 to c - 1.
        y_pred: (..., c), probabilities, or logits.
        from_logits: whether ``y_pred`` still has to go through softmax.
        ignore_class: a label whose loss is 0.
        axis: where the classes are.

    Example:
        >>> sparse_categorical_crossentropy([1], [[0.5, 0.5]]).numpy()
        array([0.6931472], dtype=float32)
    """
    y_pred = tensor(y_pred)
    y_true = y_true if isinstance(y_true, Operators) else convert_to_tensor(y_true)
    _several_classes("sparse_categorical_crossentropy", y_pred, axis)
    t, p = list(y_true.shape), list(y_pred.shape)
    classes = p.pop(axis)
    if not same_shape(t, p) and not same_shape(t, [*p, 1]):
        one_hot = len(t) == len(p) + 1 and t[-1] == classes
        remedy = "these look one-hot: use categorical_crossentropy" if one_hot else "one integer a sample is needed"
        raise ValueError(
            f"sparse_categorical_crossentropy: expected y_true of shape {tuple(p)}, y_pred's without its classes, "
            f"got {tuple(t)}; {remedy}"
        )
    if ignore_class is None:
        return ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits, axis)
    return ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits, axis, ignore_class=ignore_class)


@registry.register()
def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Binary cross-entropy times ``(1 - q) ** gamma``, ``q`` the probability of the true answer (Lin et al. 2017).

    Args:
        y_true: between 0 and 1, the shape of ``y_pred``.
        y_pred: probabilities, or logits.
        apply_class_balancing: whether class 1 is weighted by ``alpha`` and class 0 by ``1 - alpha``.
        alpha: the weight of class 1.
        gamma: how little easy samples count.
        from_logits: whether ``y_pred`` still has to go through sigmoid.
        label_smoothing: between 0 and 1; ``t`` becomes ``t * (1 - s) + s / 2``.
        axis: over which the mean is taken.

    Example:
        >>> binary_focal_crossentropy([[1.0, 0.0]], [[0.5, 0.5]]).numpy().round(4)
        array([0.1733], dtype=float32)
    """
    y_true, y_pred = paired("binary_focal_crossentropy", y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    p = ops.sigmoid(y_pred) if from_logits else y_pred
    right = y_true * p + (1.0 - y_true) * (1.0 - p)
    losses = ops.power(1.0 - right, gamma) * ops.binary_crossentropy(y_true, p)
    if apply_class_balancing:
        losses = losses * (y_true * alpha + (1.0 - y_true) * (1.0 - alpha))
    return ops.mean(losses, axis=axis)


@registry.register()
def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """``-alpha * sum((1 - p) ** gamma * t * log(p))`` over the classes (Lin et al. 2017).

    Args:
        y_true: (..., c), one-hot or probabilities.
        y_pred: (..., c), probabilities, or logits.
        alpha: a factor.
        gamma: how little easy samples count.
        from_logits: whether ``y_pred`` still has to go through softmax.
        label_smoothing: between 0 and 1; ``t`` becomes ``t * (1 - s) + s / c``.
        axis: where the classes are.

    Example:
        >>> categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(4)
        array([0.0433], dtype=float32)
    """
    y_true, y_pred = _one_hot("categorical_focal_crossentropy", y_true, y_pred, axis)
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + label_smoothing / y_pred.shape[axis]
    p = ops.softmax(y_pred, axis=axis) if from_logits else y_pred
    p = ops.clip(p / ops.sum(p, axis=axis, keepdims=True), EPSILON, 1.0 - EPSILON)
    return ops.sum(ops.power(1.0 - p, gamma) * alpha * (-y_true * ops.log(p)), axis=axis)


@registry.register()
class BinaryCrossentropy(LossFunctionWrapper):
    """The mean of ``binary_crossentropy`` over the samples; arguments as there.

    Example:
        >>> round(float(BinaryCrossentropy()([[1.0], [0.0]], [[0.5], [0.5]])), 4)
        0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = _MEAN,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ):
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(binary_crossentropy, reduction, name, dtype, **options)


@registry.register()
class CategoricalCrossentropy(LossFunctionWrapper):
    """The mean of ``categorical_crossentropy`` over the samples; arguments as there.

    Example:
        >>> round(float(CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
        0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = _MEAN,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ):
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(categorical_crossentropy, reduction, name, dtype, **options)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return categorical_crossentropy(y_true, y_pred, **self.fn_kwargs)


@registry.register()
class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """The mean of ``sparse_categorical_crossentropy`` over the samples that count; arguments as there.

    Example:
        >>> round(float(SparseCategoricalCrossentropy(ignore_class=0)([1, 0], [[0.5, 0.5], [0.1, 0.9]])), 4)
        0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = _MEAN,
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ):
        options = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(sparse_categorical_crossentropy, reduction, name, dtype, **options)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return sparse_categorical_crossentropy(y_true, y_pred, **self.fn_kwargs)

    def compute_mask(self, y_true: Any, y_pred: Any) -> Any:
        ignored = self.fn_kwargs["ignore_class"]
        if ignored is None:
            return None
        if len(y_true.shape) == len(y_pred.shape):
            y_true = ops.squeeze(y_true, -1)
        return ops.not_equal(y_true, ignored)


@registry.register()
class BinaryFocalCrossentropy(LossFunctionWrapper):
    """The mean of ``binary_focal_crossentropy`` over the samples; arguments as there.

    Example:
        >>> round(float(BinaryFocalCrossentropy()([[1.0, 0.0]], [[0.5, 0.5]])), 4)
        0.1733
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = _MEAN,
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ):
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        options |= {"apply_class_balancing": apply_class_balancing, "alpha": alpha, "gamma": gamma}
        super().__init__(binary_focal_crossentropy, reduction, name, dtype, **options)


@registry.register()
class CategoricalFocalCrossentropy(LossFunctionWrapper):
    """The mean of ``categorical_focal_crossentropy`` over the samples; arguments as there.

    Example:
        >>> round(float(CategoricalFocalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
        0.0433
    """

    def __init__(
        self,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = _MEAN,
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ):
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(categorical_focal_crossentropy, reduction, name, dtype, alpha=alpha, gamma=gamma, **options)
