"""Gradients compared with differences of the function itself, in float64."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.autograd import GradientTape
from fastcnn.seam import state
from fastcnn.tensor import Operators, Tensor, Valued, Variable, convert_to_tensor

__all__ = ["GradientError", "gradcheck"]

SMALL = 12  # tensors of so few elements are checked element by element


class GradientError(AssertionError):
    """A gradient is not the derivative of its function."""


def gradcheck(
    f_or_layer: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    rtol: float = 1e-5,
    atol: float = 1e-7,
    seed: int = 0,
    raise_exception: bool = True,
    variables: Any = None,
    **kwargs: Any,
) -> bool:
    """Checks the gradients of a function, or of a layer and its weights, in float64 on the NumPy references.

    Each tensor is moved along one random direction (small ones along each axis too), and the change of the result
    compared with what the gradient promises. Where the function has a corner, as ReLU at 0, there is no derivative to
    compare with: keep inputs away from there.

    Args:
        f_or_layer: takes tensors, returns one tensor or several. Random functions must repeat their numbers.
        inputs: an array, or a list of them, one an argument; integers and bools are not differentiated.
        eps: how far to move.
        rtol, atol: ``|numeric - analytic| <= atol + rtol * scale`` passes.
        seed: of the directions.
        raise_exception: False returns False instead of raising.
        variables: those that a function reads and whose gradients are checked too; a layer's are known.
        kwargs: passed on to the function, such as ``training=True``.

    Returns:
        True where all gradients agree.

    Example:
        >>> gradcheck(lambda x: x * x, [[1.0, 2.0]])
        True
    """
    arrays = list(inputs) if isinstance(inputs, (list, tuple)) and not _is_nest_of_numbers(inputs) else [inputs]
    with double(f_or_layer, variables) as weights:
        tensors = [a if isinstance(a, Valued) else convert_to_tensor(np.asarray(a)) for a in arrays]
        tensors = [Tensor(t.array.astype(np.float64)) if t.array.dtype.kind == "f" else t for t in tensors]
        checked = [(f"input {i}", t) for i, t in enumerate(tensors) if t.array.dtype.kind == "f"]
        checked += [(w.path, w) for w in weights if w.trainable]
        try:
            _check(lambda: f_or_layer(*tensors, **kwargs), checked, eps, rtol, atol, np.random.default_rng(seed))
        except GradientError:
            if raise_exception:
                raise
            return False
    return True


def _is_nest_of_numbers(inputs: Any) -> bool:
    return all(isinstance(v, (int, float)) or (isinstance(v, (list, tuple)) and _is_nest_of_numbers(v)) for v in inputs)


@contextmanager
def double(f_or_layer: Any, given: Any = None) -> Iterator[list[Variable]]:
    """float64 mode, with a layer's variables in float64; all is as before afterwards."""
    before = vars(state).get("precise")
    state.precise = True
    variables: list[Variable] = list(given or getattr(f_or_layer, "variables", []))
    held = [(v, v.array) for v in variables]
    try:
        for v, array in held:
            if array.dtype.kind == "f":
                v.array = array.astype(np.float64)
        yield variables
    finally:
        if before is None:
            del state.precise  # so that set_floatx is heard again
        else:
            state.precise = before
        for v, array in held:
            v.array = array


def _check(run: Callable[[], Any], checked: list[Any], eps: float, rtol: float, atol: float, rng: Any) -> None:
    frozen = [(v, v.array.copy()) for v in _variables_of(checked)]

    def again() -> list[np.ndarray[Any, Any]]:
        return [np.asarray(y.array, np.float64) for y in _flat(run())]

    with GradientTape(persistent=True) as tape:
        tape.watch([t for _, t in checked])
        outputs = _flat(run())
    weights = [rng.standard_normal(y.shape) for y in outputs]
    found = tape.gradient(outputs, [t for _, t in checked], [Tensor(w) for w in weights])
    for (name, t), gradient in zip(checked, found, strict=True):
        analytic = np.zeros(t.shape) if gradient is None else np.asarray(gradient.array, np.float64)
        if analytic.shape != tuple(t.shape):
            raise GradientError(f"{name}: expected a gradient of shape {t.shape}, got {analytic.shape}")
        for direction in _directions(t.shape, rng):
            start = t.array
            values = []
            for sign in (1, -1):
                t.array = start + sign * eps * direction
                values.append(sum(float((w * y).sum()) for w, y in zip(weights, again(), strict=True)))
            t.array = start
            for v, array in frozen:
                v.array = array
            numeric = (values[0] - values[1]) / (2 * eps)
            promised = float((analytic * direction).sum())
            scale = max(abs(numeric), abs(promised), float(np.abs(analytic * direction).sum()))
            noise = 1e-15 * (abs(values[0]) + 1) / eps
            if not abs(numeric - promised) <= atol + rtol * scale + 8 * noise:
                raise GradientError(
                    f"{name}, of shape {tuple(t.shape)}: the gradient promises {promised:.10g} along a direction, "
                    f"the function changes by {numeric:.10g}"
                )


def _variables_of(checked: list[Any]) -> list[Variable]:
    return [t for _, t in checked if isinstance(t, Variable)]


def _directions(shape: Any, rng: Any) -> list[np.ndarray[Any, Any]]:
    directions = [np.asarray(rng.standard_normal(shape))]
    size = int(np.prod(shape))
    if size <= SMALL:
        directions += [np.asarray(row.reshape(shape)) for row in np.eye(size)]
    return directions


def _flat(outputs: Any) -> list[Any]:
    if isinstance(outputs, dict):
        outputs = list(outputs.values())
    if isinstance(outputs, (list, tuple)):
        return [t for y in outputs for t in _flat(y)]
    if not isinstance(outputs, Operators):
        raise TypeError(f"the function must return tensors, got {type(outputs).__name__}")
    return [outputs] if outputs.dtype.startswith("float") else [ops.cast(outputs, "float64")]
