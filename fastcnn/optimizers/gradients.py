"""What happens to gradients before an update: missing ones are taken out, steps are summed, norms are bounded."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn import kernels, reference
from fastcnn.seam import state

__all__ = ["arithmetic", "as_array", "present", "scales"]

Array = np.ndarray[Any, Any]


def arithmetic(array: Array) -> Any:
    """The module that computes on this array: the kernels in float32, the references otherwise."""
    return kernels if array.dtype == np.float32 and not state.precise else reference


def as_array(gradient: Any, variable: Any) -> Array:
    """The gradient's numbers, which must have the variable's shape."""
    array: Array = np.asarray(getattr(gradient, "array", gradient))
    if array.shape != variable.shape:
        raise ValueError(f"{variable.path}: expected a gradient of shape {variable.shape}, got {array.shape}")
    return array


def present(gradients: Sequence[Any], variables: Sequence[Any]) -> tuple[list[Array], list[Any], list[str]]:
    """The gradients that are there, their variables, and the paths of the variables that have none."""
    arrays, kept, missing = [], [], []
    for gradient, variable in zip(gradients, variables, strict=True):
        if gradient is None:
            missing.append(variable.path)
        else:
            arrays.append(as_array(gradient, variable))
            kept.append(variable)
    if not kept:
        raise ValueError(
            f"No gradients provided for any variable, of {missing}. The loss must be computed from the variables, "
            "by fastcnn.ops or layers, within the tape's block"
        )
    return arrays, kept, missing


def scales(
    gradients: Sequence[Array], clipnorm: float | None, global_clipnorm: float | None, part: float
) -> list[float]:
    """What each gradient is multiplied by: ``part`` (1 / steps of a sum), and less where a norm is too great.

    Args:
        gradients: arrays.
        clipnorm: the greatest norm of one gradient, after ``part``.
        global_clipnorm: the greatest norm of all together, after ``part``.
        part: applies to all.

    Example:
        >>> scales([np.array([3.0, 4.0]), np.array([0.5])], 2.5, None, 1.0)
        [0.5, 1.0]
    """
    if clipnorm is None and global_clipnorm is None:
        return [part] * len(gradients)
    module = arithmetic(gradients[0])
    if clipnorm is not None:
        return [part * module.clip_factor(part * module.l2_norm(g), clipnorm) for g in gradients]
    factor = part * module.clip_factor(part * module.global_norm(list(gradients)), global_clipnorm)
    return [factor] * len(gradients)
