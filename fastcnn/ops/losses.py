"""Losses, one value a sample. Each primitive's gradient comes from a kernel that computes it fused with the loss.

The gradients' own gradients are found by a tape from the loss written in operations.
"""

from collections.abc import Callable
from typing import Any

from fastcnn import kernels, ops, reference
from fastcnn.seam import Primitive, Shape, apply, gradient_of, state
from fastcnn.tensor import Operators, convert_to_tensor

from .normalization import composed_gradient

__all__ = [
    "binary_crossentropy",
    "categorical_crossentropy",
    "huber",
    "mean_absolute_error",
    "mean_squared_error",
    "sparse_categorical_crossentropy",
]

EPSILON = 1e-7  # probabilities are clipped to [EPSILON, 1 - EPSILON]


def _pair(target: Any, output: Any) -> tuple[Any, Any]:
    target = target if isinstance(target, Operators) else convert_to_tensor(target)
    return target, output if isinstance(output, Operators) else convert_to_tensor(output, "float")


def _unrounded(output: Any, activation: str, from_logits: bool) -> tuple[Any, bool]:
    """The logits, where ``output`` is what the activation made of them: a probability that has rounded to 0 or 1 does
    not tell how wrong it is, and has no gradient. But where a tape watches the probabilities, they are wanted.
    """
    name, logits = getattr(output, "logits", (None, None))
    if from_logits or name != activation or any(output is t for tape in state.tapes for t in tape.watched):
        return output, from_logits
    return logits, True


def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1, *, label_smoothing: float = 0.0
) -> Any:
    """``-sum(target * log(p))`` over the classes.

    Args:
        target: (..., c), one-hot or probabilities.
        output: (..., c), logits or probabilities.
        from_logits: whether output still has to go through softmax; if not, it is scaled to sum 1 and clipped to
            [1e-7, 1 - 1e-7]. What ``softmax`` returned is not: its logits are known, and exact.
        axis: where the classes are.
        label_smoothing: between 0 and 1; ``t`` becomes ``t * (1 - s) + s / c``.

    Returns:
        The shape of output without the classes.

    Example:
        >>> categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy()
        array([0.6931472], dtype=float32)
    """
    target, output = _pair(target, output)
    if not _same(target.shape, output.shape):
        raise ValueError(
            f"categorical_crossentropy: target must have the shape of output, {tuple(output.shape)}, got "
            f"{tuple(target.shape)}; for integer labels there is sparse_categorical_crossentropy"
        )
    if axis != -1 and axis != len(output.shape) - 1:
        target, output = ops.moveaxis(target, axis, -1), ops.moveaxis(output, axis, -1)
    output, from_logits = _unrounded(output, "softmax", from_logits)
    return apply(CATEGORICAL, (target, output), {"from_logits": from_logits, "label_smoothing": label_smoothing})


def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1, *, ignore_class: int | None = None
) -> Any:
    """``-log(p[target])``, the cross-entropy of integer labels.

    Args:
        target: (...) or (..., 1), integers from 0 to c - 1.
        output: (..., c), logits or probabilities.
        from_logits: as in ``categorical_crossentropy``.
        axis: where the classes are.
        ignore_class: a label whose loss is 0.

    Returns:
        The shape of output without the classes.

    Example:
        >>> sparse_categorical_crossentropy([1], [[0.5, 0.5]]).numpy()
        array([0.6931472], dtype=float32)
    """
    target, output = _pair(target, output)
    rank = len(output.shape)
    if len(target.shape) == rank and target.shape[-1] == 1:
        target = ops.squeeze(target, -1)
    if axis != -1 and axis != rank - 1:
        output = ops.moveaxis(output, axis, -1)
    if not _same(target.shape, output.shape[:-1]):
        raise ValueError(
            f"sparse_categorical_crossentropy: target must have the shape of output without its classes, "
            f"{tuple(output.shape[:-1])}, got {tuple(target.shape)}; for one-hot labels, use categorical_crossentropy"
        )
    output, from_logits = _unrounded(output, "softmax", from_logits)
    if target.dtype != "int64":  # what the kernel counts in
        target = ops.cast(target, "int64")
    attrs = {"from_logits": from_logits}
    if ignore_class is None:
        return apply(SPARSE, (target, output), attrs)
    counts = ops.not_equal(target, ignore_class)
    losses = apply(SPARSE, (ops.where(counts, target, ops.zeros_like(target)), output), attrs)
    return ops.where(counts, losses, ops.zeros_like(losses))


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """``-(t * log(p) + (1 - t) * log(1 - p))``, element by element.

    Args:
        target: the shape of output, between 0 and 1.
        output: logits or probabilities.
        from_logits: whether output still has to go through sigmoid; if not, it is clipped to [1e-7, 1 - 1e-7], unless
            it is what ``sigmoid`` returned.

    Returns:
        The shape of output.

    Example:
        >>> binary_crossentropy([1.0, 0.0], [0.5, 0.5]).numpy()
        array([0.6931472, 0.6931472], dtype=float32)
    """
    target, output = _alike(target, output, "binary_crossentropy")
    output, from_logits = _unrounded(output, "sigmoid", from_logits)
    return apply(BINARY, (target, output), {"from_logits": from_logits})


def binary_crossentropy_mean(target: Any, output: Any, from_logits: bool = False, label_smoothing: float = 0.0) -> Any:
    """``binary_crossentropy`` averaged over the last axis, in one pass; ``t`` becomes ``t * (1 - s) + s / 2``."""
    target, output = _alike(target, output, "binary_crossentropy")
    output, from_logits = _unrounded(output, "sigmoid", from_logits)
    return apply(BINARY_MEAN, (target, output), {"from_logits": from_logits, "label_smoothing": label_smoothing})


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """``(y_pred - y_true) ** 2``, the mean over the last axis.

    Example:
        >>> mean_squared_error([[0.0, 0.0]], [[1.0, 3.0]]).numpy()
        array([5.], dtype=float32)
    """
    return apply(SQUARED, _alike(y_true, y_pred, "mean_squared_error"), {})


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """``|y_pred - y_true|``, the mean over the last axis.

    Example:
        >>> mean_absolute_error([[0.0, 0.0]], [[1.0, -3.0]]).numpy()
        array([2.], dtype=float32)
    """
    return apply(ABSOLUTE, _alike(y_true, y_pred, "mean_absolute_error"), {})


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """``d ** 2 / 2`` for ``d = y_pred - y_true`` within ``delta``, linear beyond; the mean over the last axis.

    Example:
        >>> huber([[0.0, 0.0]], [[1.0, -3.0]]).numpy()
        array([1.5], dtype=float32)
    """
    if not delta > 0:
        raise ValueError(f"delta must be positive, got {delta!r}")
    return apply(HUBER, _alike(y_true, y_pred, "huber"), {"delta": delta})


def _same(a: Any, b: Any) -> bool:
    """Whether the shapes can be equal."""
    return a == b or (len(a) == len(b) and all(None in (m, n) or m == n for m, n in zip(a, b, strict=True)))


def _alike(target: Any, output: Any, name: str) -> tuple[Any, Any]:
    """Both of one shape: a last axis of length 1 that one of them lacks is added or dropped, as in Keras."""
    target, output = _pair(target, output)
    t, o = target.shape, output.shape
    if _same(t, o):
        return target, output
    if len(t) == len(o) + 1 and t[-1] == 1:
        return _alike(ops.squeeze(target, -1), output, name)
    if len(o) == len(t) + 1 and o[-1] == 1:
        return _alike(ops.expand_dims(target, -1), output, name)
    try:
        shape = ops.broadcast_shapes(t, o)
    except ValueError:
        raise ValueError(f"{name}: expected a target of shape {tuple(o)}, that of the output, got {tuple(t)}") from None
    return ops.broadcast_to(target, shape), ops.broadcast_to(output, shape)


def _loss_shape(target: Shape, output: Shape, **attrs: Any) -> Shape:
    return output[:-1]


def _row(function: Callable[..., Any]) -> Callable[..., Any]:
    """The kernels take (n,) for (n, 1); here, as everywhere, the last axis is the one averaged over."""

    def run(t: Any, x: Any, **attrs: Any) -> Any:
        return function(t, x, **attrs) if x.ndim != 1 else function(t[None], x[None], **attrs).reshape(())

    return run


def _row_dx(function: Callable[..., Any]) -> Callable[..., Any]:
    """Loss and gradient, likewise."""

    def run(t: Any, x: Any, weight: Any, **attrs: Any) -> Any:
        if x.ndim != 1:
            return function(t, x, weight, **attrs)
        loss, dx = function(t[None], x[None], weight.reshape(1), **attrs)
        return loss.reshape(()), dx[0]

    return run


def _loss(name: str, formula: Callable[..., Any], kernel: str | None = None) -> Primitive:
    """The primitive of a loss, with that of its gradient."""
    at = kernel or name
    fast, slow = (_row(getattr(module, at)) for module in (kernels, reference))
    fast_dx, slow_dx = (_row_dx(getattr(module, at + "_dx")) for module in (kernels, reference))
    forward = Primitive(name, fast, slow, _loss_shape)
    _rules(forward, Primitive(name + "_dx", fast_dx, slow_dx, lambda t, x, weight, **attrs: [x[:-1], x]), formula)
    return forward


def _rules(forward: Primitive, backward: Primitive, formula: Callable[..., Any]) -> None:
    by_target = composed_gradient(formula)

    @gradient_of(forward)
    def _forward(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, Any]:
        target = by_target(dy, inputs, outputs, attrs, (True, False))[0] if needs[0] else None
        return target, apply(backward, (*inputs, dy), attrs)[1] if needs[1] else None

    @composed_gradient
    def _backward(target: Any, output: Any, weight: Any, **attrs: Any) -> tuple[Any, Any]:
        from fastcnn.autograd import GradientTape

        with GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(output)
            loss = formula(target, output, **attrs)
        return loss, tape.gradient(loss, output, weight)

    gradient_of(backward)(_backward)


def _smooth(target: Any, label_smoothing: float, share: float) -> Any:
    return target * (1.0 - label_smoothing) + label_smoothing * share if label_smoothing else target


def _categorical(target: Any, output: Any, from_logits: bool, label_smoothing: float = 0.0) -> Any:
    target = _smooth(target, label_smoothing, 1.0 / output.shape[-1])
    if from_logits:
        log_p = ops.log_softmax(output)
    else:
        log_p = ops.log(ops.clip(output / ops.sum(output, axis=-1, keepdims=True), EPSILON, 1.0 - EPSILON))
    return -ops.sum(target * log_p, axis=-1)


def _sparse(target: Any, output: Any, from_logits: bool) -> Any:
    return _categorical(ops.one_hot(target, output.shape[-1]), output, from_logits)


def _binary(target: Any, output: Any, from_logits: bool) -> Any:
    if from_logits:
        return ops.softplus(output) - target * output
    p = ops.clip(output, EPSILON, 1.0 - EPSILON)
    return -(target * ops.log(p) + (1.0 - target) * ops.log(1.0 - p))


def _binary_mean(target: Any, output: Any, from_logits: bool, label_smoothing: float) -> Any:
    return ops.mean(_binary(_smooth(target, label_smoothing, 0.5), output, from_logits), axis=-1)


def _squared(target: Any, output: Any) -> Any:
    difference = output - target
    return ops.mean(difference * difference, axis=-1)


def _huber(target: Any, output: Any, delta: float) -> Any:
    difference = output - target
    inside = ops.clip(difference, -delta, delta)
    return ops.mean(inside * (difference - 0.5 * inside), axis=-1)


def _each(function: Callable[..., Any]) -> Callable[..., Any]:
    """The kernel's mean over a last axis of length 1: element by element."""
    return lambda t, x, **attrs: function(t.reshape(-1, 1), x.reshape(-1, 1), **attrs).reshape(x.shape)


def _each_dx(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(t: Any, x: Any, weight: Any, **attrs: Any) -> Any:
        loss, dx = function(t.reshape(-1, 1), x.reshape(-1, 1), weight.reshape(-1), **attrs)
        return loss.reshape(x.shape), dx.reshape(x.shape)

    return run


CATEGORICAL = _loss("categorical_crossentropy", _categorical)
SPARSE = _loss("sparse_categorical_crossentropy", _sparse)
BINARY_MEAN = _loss("binary_crossentropy_mean", _binary_mean, "binary_crossentropy")
SQUARED = _loss("mean_squared_error", _squared)
ABSOLUTE = _loss("mean_absolute_error", lambda t, x: ops.mean(ops.abs(x - t), axis=-1))
HUBER = _loss("huber", _huber)
BINARY = Primitive(
    "binary_crossentropy",
    _each(kernels.binary_crossentropy),
    _each(reference.binary_crossentropy),
    lambda t, x, from_logits: x,
)
BINARY_DX = Primitive(
    "binary_crossentropy_dx",
    _each_dx(kernels.binary_crossentropy_dx),
    _each_dx(reference.binary_crossentropy_dx),
    lambda t, x, weight, from_logits: [x, x],
)
_rules(BINARY, BINARY_DX, _binary)
