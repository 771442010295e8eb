"""Whether a model's output, its loss and its targets go together: looked at once, on the first batch."""

from typing import Any

import numpy as np

__all__ = ["check_head"]

_LOGITS = "give the output layer activation={0!r}, or the loss from_logits=True"


def check_head(loss: Any, y_true: Any, y_pred: Any) -> list[str]:
    """Raises ValueError where loss, targets and output cannot go together; returns warnings where they hardly can.

    Args:
        loss: a loss object, a loss function or a name.
        y_true: the targets of a batch, as an array.
        y_pred: the model's output for it, as an array.

    Returns:
        Sentences to warn of; none if all is well.

    Example:
        >>> check_head("sparse_categorical_crossentropy", np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]]))
        []
        >>> check_head("mse", np.zeros((2, 3)), np.zeros((2, 1)))
        Traceback (most recent call last):
        ValueError: mean_squared_error: y_true has shape (2, 3) and the model's output (2, 1); they must agree
    """
    from fastcnn import losses

    if isinstance(loss, (str, dict)):
        loss = losses.get(loss)
    function = getattr(loss, "fn", loss)
    name = getattr(function, "__name__", "")
    if getattr(losses, name, None) is not function:
        return []  # somebody's own: who knows what it wants
    options = getattr(loss, "fn_kwargs", {})
    t, p = np.asarray(y_true), np.asarray(y_pred)
    axis = options.get("axis", -1)
    axis = -1 if axis is None else axis
    if p.size == 0:
        return []
    if "categorical" in name:
        if p.ndim == 0 or p.shape[axis] == 1:
            raise ValueError(
                f"{name}: the model's output has one unit, shape {p.shape}, but this loss needs one a class. For two "
                "classes use binary_crossentropy with a sigmoid, or two units with softmax"
            )
        if name == "sparse_categorical_crossentropy":
            _check_integers(name, t, p, axis, options.get("ignore_class"))
        else:
            _check_one_hot(name, t, p)
    elif t.shape != p.shape and t.shape != (*p.shape, 1) and (*t.shape, 1) != p.shape:
        raise ValueError(f"{name}: y_true has shape {t.shape} and the model's output {p.shape}; they must agree")
    if "crossentropy" in name:
        return _check_probabilities(name, t, p, axis, bool(options.get("from_logits")))
    return []


def _check_integers(name: str, t: Any, p: Any, axis: int, ignored: int | None) -> None:
    classes = p.shape[axis]
    expected = tuple(np.delete(p.shape, axis).tolist())
    if t.shape not in (expected, (*expected, 1)):
        if t.shape == p.shape:
            raise ValueError(
                f"{name}: y_true has shape {t.shape}, so it is one-hot; use categorical_crossentropy, or "
                "y_true.argmax(-1)"
            )
        raise ValueError(f"{name}: y_true must have shape {expected} for an output of shape {p.shape}, got {t.shape}")
    if t.dtype.kind == "f" and (t != np.floor(t)).any():
        raise ValueError(f"{name}: y_true must hold integers, got {t[t != np.floor(t)].flat[0]}; for numbers use 'mse'")
    counted = t if ignored is None else t[t != ignored]
    wrong = counted[(counted < 0) | (counted >= classes)]
    if wrong.size:
        hint = "labels start at 0" if counted.max(initial=0) == classes else f"the output layer has {classes} units"
        raise ValueError(f"{name}: labels must lie in 0..{classes - 1}, got {wrong.flat[0]}; {hint}")


def _check_one_hot(name: str, t: Any, p: Any) -> None:
    if t.shape == p.shape:
        return
    if t.shape in (p.shape[:-1], (*p.shape[:-1], 1)):
        raise ValueError(
            f"{name}: y_true has shape {t.shape}, so it holds integer labels; use sparse_categorical_crossentropy, or "
            f"utils.to_categorical(y_true, {p.shape[-1]})"
        )
    raise ValueError(
        f"{name}: y_true has shape {t.shape} and the model's output {p.shape}; the number of units in the output layer "
        "must be the number of classes"
    )


def _check_probabilities(name: str, t: Any, p: Any, axis: int, from_logits: bool) -> list[str]:
    if not np.isfinite(p).all():
        return []  # a matter for TerminateOnNaN
    binary = name.startswith("binary")
    if binary and ((t < 0) | (t > 1)).any():
        raise ValueError(f"{name}: y_true must lie between 0 and 1, got {t[(t < 0) | (t > 1)].flat[0]}")
    inside = bool(((p >= 0) & (p <= 1)).all())
    activation = "sigmoid" if binary else "softmax"
    if not from_logits:
        if not inside:
            wrong = p[(p < 0) | (p > 1)].flat[0]
            raise ValueError(
                f"{name}: the model's output holds {wrong:.4g}, which is no probability; {_LOGITS.format(activation)}"
            )
        return []
    sums_to_one = bool((abs(p.sum(axis=axis) - 1.0) < 1e-3).all())
    if inside and not binary and sums_to_one:
        return [
            f"{name}: from_logits=True, but the model's output looks like softmax's already; drop one of the two, or "
            "training will be slow"
        ]
    return []
