"""Optimizer updates by the rules of Keras 3, in place, one pass over each buffer.

An update changes ``w`` and its slots: writable, contiguous float32 arrays of one size. All share these options:

- ``weight_decay``: decoupled decay, ``w -= learning_rate * weight_decay * w`` before the update. None is 0.
- ``l2``: adds ``2 * l2 * w`` to the gradient, the gradient of ``l2 * sum(w**2)``.
- ``clipvalue``: bounds the gradient's elements, after ``scale`` and ``l2``. None does not.
- ``scale``: multiplies the gradient: ``clip_factor(global_norm(gradients), clipnorm)`` clips by norm without a pass.
  A NaN spreads to all of ``w``.
- ``return_ratio``: whether to return ``|new w - w| / |w|`` instead of None.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn import _core

__all__ = [
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "lion",
    "moving_average",
    "nadam",
    "rmsprop",
    "sgd",
]

Array = np.ndarray[Any, np.dtype[np.float32]]


def sgd(
    w: Array,
    g: ArrayLike,
    velocity: Array | None = None,
    learning_rate: float = 0.01,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float | None = 0.0,
    l2: float = 0.0,
    clipvalue: float | None = None,
    scale: float = 1.0,
    return_ratio: bool = False,
) -> float | None:
    """Gradient descent, with momentum: ``velocity = momentum * velocity - learning_rate * g; w += velocity``.

    Args:
        w: float32 array, updated in place.
        g: its gradient, the shape of ``w``.
        velocity: updated in place; begins as zeros. Not touched, and may be None, where ``momentum`` is 0.
        learning_rate: the step's size.
        momentum: 0 to 1, the part of the last step that is kept.
        nesterov: whether to look one step ahead: ``w += momentum * velocity - learning_rate * g``.
        weight_decay, l2, clipvalue, scale, return_ratio: the options of all updates, above.

    Returns:
        None, or where asked for, ``|new w - w| / |w|``.

    Example:
        >>> w = np.array([1.0, 2.0], np.float32)
        >>> sgd(w, [0.5, 0.5], learning_rate=1.0)
        >>> w.tolist()
        [0.5, 1.5]
    """
    return _core.sgd(
        w, g, velocity, learning_rate, momentum, nesterov, (weight_decay, l2, clipvalue, scale, return_ratio)
    )


def adagrad(
    w: Array,
    g: ArrayLike,
    accumulator: Array,
    learning_rate: float = 0.001,
    epsilon: float = 1e-7,
    weight_decay: float | None = 0.0,
    l2: float = 0.0,
    clipvalue: float | None = None,
    scale: float = 1.0,
    return_ratio: bool = False,
) -> float | None:
    """Adagrad: ``accumulator += g**2; w -= learning_rate * g / sqrt(accumulator + epsilon)``.

    Args:
        w: float32 array, updated in place.
        g: its gradient, the shape of ``w``.
        accumulator: updated in place; begins as 0.1 in Keras.
        learning_rate: the step's size.
        epsilon: keeps the divisor from 0.
        weight_decay, l2, clipvalue, scale, return_ratio: the options of all updates, above.

    Returns:
        None, or where asked for, ``|new w - w| / |w|``.

    Example:
        >>> w = np.array([1.0, 2.0], np.float32)
        >>> adagrad(w, [0.5, -0.5], np.zeros(2, np.float32), learning_rate=1.0, epsilon=0.0, clipvalue=0.25)
        >>> w.round(3).tolist()
        [0.0, 3.0]
    """
    return _core.adagrad(w, g, accumulator, learning_rate, epsilon, (weight_decay, l2, clipvalue, scale, return_ratio))


def rmsprop(
    w: Array,
    g: ArrayLike,
    velocity: Array,
    average: Array | None = None,
    momentum_slot: Array | None = None,
    learning_rate: float = 0.001,
    rho: float = 0.9,
    momentum: float = 0.0,
    epsilon: float = 1e-7,
    weight_decay: float | None = 0.0,
    l2: float = 0.0,
    clipvalue: float | None = None,
    scale: float = 1.0,
    return_ratio: bool = False,
) -> float | None:
    """RMSprop: ``w -= learning_rate * g / sqrt(velocity + epsilon)``, ``velocity`` the moving average of ``g**2``.

    Args:
        w: float32 array, updated in place.
        g: its gradient, the shape of ``w``.
        velocity: updated in place; begins as zeros.
        average: moving average of ``g``, updated in place; where it is given, its square is taken off ``velocity``
            (``centered=True`` in Keras). Begins as zeros.
        momentum_slot: updated in place; begins as zeros. Not touched, and may be None, where ``momentum`` is 0.
        learning_rate: the step's size.
        rho: decay of the averages, below 1.
        momentum: 0 to 1, the part of the last step that is kept.
        epsilon: keeps the divisor from 0.
        weight_decay, l2, clipvalue, scale, return_ratio: the options of all updates, above.

    Returns:
        None, or where asked for, ``|new w - w| / |w|``.

    Example:
        >>> w = np.array([1.0, 2.0], np.float32)
        >>> rmsprop(w, [3.0, 5.0], np.zeros(2, np.float32), learning_rate=0.5, rho=0.75, epsilon=0.0)
        >>> w.tolist()
        [0.0, 1.0]
    """
    return _core.rmsprop(
        w,
        g,
        velocity,
        average,
        momentum_slot,
        learning_rate,
        rho,
        momentum,
        epsilon,
        (weight_decay, l2, clipvalue, scale, return_ratio),
    )


def adadelta(
    w: Array,
    g: ArrayLike,
    accumulated_g: Array,
    accumulated_d: Array,
    learning_rate: float = 0.001,
    rho: float = 0.95,
    epsilon: float = 1e-7,
    weight_decay: float | None = 0.0,
    l2: float = 0.0,
    clipvalue: float | None = None,
    scale: float = 1.0,
    return_ratio: bool = False,
) -> float | None:
    """Adadelta: the step is ``g`` times the ratio of the moving root mean squares of steps and of gradients.

    Args:
        w: float32 array, updated in place.
        g: its gradient, the shape of ``w``.
        accumulated_g: average of ``g**2``, updated in place; begins as zeros.
        accumulated_d: average of the steps' squares, updated in place; begins as zeros.
        learning_rate: the step's size.
        rho: decay of the averages, below 1.
        epsilon: keeps the divisor from 0.
        weight_decay, l2, clipvalue, scale, return_ratio: the options of all updates, above.

    Returns:
        None, or where asked for, ``|new w - w| / |w|``.

    Example:
        >>> w = np.array([1.0, 2.0], np.float32)
        >>> adadelta(w, [0.0, 0.0], np.zeros(2, np.float32), np.zeros(2, np.float32))
        >>> w.tolist()
        [1.0, 2.0]
    """
    return _core.adadelta(
        w,
        g,
        accumulated_g,
        accumulated_d,
        learning_rate,
        rho,
        epsilon,
        (weight_decay, l2, clipvalue, scale, return_ratio),
    )


def adam(
    w: Array,
    g: ArrayLike,
    m: Array,
    v: Array,
    step: int,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    v_max: Array | None = None,
    weight_decay: float | None = 0.0,
    l2: float = 0.0,
    clipvalue: float | None = None,
    scale: float = 1.0,
    return_ratio: bool = False,
) -> float | None:
    """Adam: ``w -= alpha * m / (sqrt(v) + epsilon)``, ``alpha`` the learning rate with the bias correction of ``step``.

    Args:
        w: float32 array, updated in place.
        g: its gradient, the shape of ``w``.
        m: first moment, updated in place; begins as zeros.
        v: second moment, updated in place; begins as zeros.
        step: which update this is, from 1.
        learning_rate: the step's size.
        beta_1: decay of the first moment, below 1.
        beta_2: decay of the second moment, below 1.
        epsilon: keeps the divisor from 0.
        v_max: the greatest ``v`` so far, updated in place, which takes the place of ``v`` (``amsgrad=True`` in Keras).
        weight_decay, l2, clipvalue, scale, return_ratio: the options of all updates, above.

    Returns:
        None, or where asked for, ``|new w - w| / |w|``.

    Example:
        >>> w = np.array([1.0, 2.0], np.float32)
        >>> adam(w, [3.0, -5.0], np.zeros(2, np.float32), np.zeros(2, np.float32), 1, learning_rate=0.5, epsilon=0.0)
        >>> w.round(3).tolist()
        [0.5, 2.5]
    """
    return _core.adam(
        w,
        g,
        m,
        v,
        step,
        learning_rate,
        beta_1,
        beta_2,
        epsilon,
        v_max,
        (weight_decay, l2, clipvalue, scale, return_ratio),
    )


def adamw(
    w: Array,
    g: ArrayLike,
    m: Array,
    v: Array,
    step: int,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    v_max: Array | None = None,
    weight_decay: float | None = 0.004,
    l2: float = 0.0,
    clipvalue: float | None = None,
    scale: float = 1.0,
    return_ratio: bool = False,
) -> float | None:
    """AdamW: Adam whose weights decay by 0.004 times the learning rate unless told otherwise.

    Args:
        w: float32 array, updated in place.
        g: its gradient, the shape of ``w``.
        m: first moment, updated in place; begins as zeros.
        v: second moment, updated in place; begins as zeros.
        step: which update this is, from 1.
        learning_rate: the step's size.
        beta_1: decay of the first moment, below 1.
        beta_2: decay of the second moment, below 1.
        epsilon: keeps the divisor from 0.
        v_max: as for ``adam``.
        weight_decay, l2, clipvalue, scale, return_ratio: the options of all updates, above.

    Returns:
        None, or where asked for, ``|new w - w| / |w|``.

    Example:
        >>> w = np.array([1.0, 2.0], np.float32)
        >>> m, v = np.zeros((2, 2), np.float32)
        >>> adamw(w, [0.0, 0.0], m, v, 1, learning_rate=1.0, weight_decay=0.5)
        >>> w.tolist()
        [0.5, 1.0]
    """
    return _core.adam(
        w,
        g,
        m,
        v,
        step,
        learning_rate,
        beta_1,
        beta_2,
        epsilon,
        v_max,
        (weight_decay, l2, clipvalue, scale, return_ratio),
    )


def adamax(
    w: Array,
    g: ArrayLike,
    m: Array,
    u: Array,
    step: int,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    weight_decay: float | None = 0.0,
    l2: float = 0.0,
    clipvalue: float | None = None,
    scale: float = 1.0,
    return_ratio: bool = False,
) -> float | None:
    """Adamax: Adam with the infinity norm, ``u = max(beta_2 * u, |g|)``, in place of the root of ``v``.

    Args:
        w: float32 array, updated in place.
        g: its gradient, the shape of ``w``.
        m: first moment, updated in place; begins as zeros.
        u: decayed maximum of ``|g|``, updated in place; begins as zeros.
        step: which update this is, from 1.
        learning_rate: the step's size.
        beta_1: decay of the first moment, below 1.
        beta_2: decay of the second moment, below 1.
        epsilon: keeps the divisor from 0.
        weight_decay, l2, clipvalue, scale, return_ratio: the options of all updates, above.

    Returns:
        None, or where asked for, ``|new w - w| / |w|``.

    Example:
        >>> w = np.array([1.0, 2.0], np.float32)
        >>> adamax(w, [3.0, -5.0], np.zeros(2, np.float32), np.zeros(2, np.float32), 1, learning_rate=0.5, epsilon=0.0)
        >>> w.round(3).tolist()
        [0.5, 2.5]
    """
    return _core.adamax(
        w, g, m, u, step, learning_rate, beta_1, beta_2, epsilon, (weight_decay, l2, clipvalue, scale, return_ratio)
    )


def nadam(
    w: Array,
    g: ArrayLike,
    m: Array,
    v: Array,
    step: int,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    weight_decay: float | None = 0.0,
    l2: float = 0.0,
    clipvalue: float | None = None,
    scale: float = 1.0,
    return_ratio: bool = False,
) -> float | None:
    """Nadam: Adam with Nesterov's momentum, whose schedule is Keras's: ``beta_1 * (1 - 0.96**step / 2)``.

    Args:
        w: float32 array, updated in place.
        g: its gradient, the shape of ``w``.
        m: first moment, updated in place; begins as zeros.
        v: second moment, updated in place; begins as zeros.
        step: which update this is, from 1.
        learning_rate: the step's size.
        beta_1: decay of the first moment, below 1.
        beta_2: decay of the second moment, below 1.
        epsilon: keeps the divisor from 0.
        weight_decay, l2, clipvalue, scale, return_ratio: the options of all updates, above.

    Returns:
        None, or where asked for, ``|new w - w| / |w|``.

    Example:
        >>> w = np.array([1.0, 2.0], np.float32)
        >>> nadam(w, [0.0, 0.0], np.zeros(2, np.float32), np.zeros(2, np.float32), 1)
        >>> w.tolist()
        [1.0, 2.0]
    """
    return _core.nadam(
        w, g, m, v, step, learning_rate, beta_1, beta_2, epsilon, (weight_decay, l2, clipvalue, scale, return_ratio)
    )


def lion(
    w: Array,
    g: ArrayLike,
    m: Array,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.99,
    weight_decay: float | None = 0.0,
    l2: float = 0.0,
    clipvalue: float | None = None,
    scale: float = 1.0,
    return_ratio: bool = False,
) -> float | None:
    """Lion: steps of one size, ``w -= learning_rate * sign(beta_1 * m + (1 - beta_1) * g)``.

    Args:
        w: float32 array, updated in place.
        g: its gradient, the shape of ``w``.
        m: first moment, updated in place; begins as zeros.
        learning_rate: the step's size.
        beta_1: weight of ``m`` in the step, below 1.
        beta_2: decay of ``m``, below 1.
        weight_decay, l2, clipvalue, scale, return_ratio: the options of all updates, above.

    Returns:
        None, or where asked for, ``|new w - w| / |w|``.

    Example:
        >>> w = np.array([1.0, 2.0], np.float32)
        >>> lion(w, [3.0, -5.0], np.zeros(2, np.float32), learning_rate=0.5)
        >>> w.tolist()
        [0.5, 2.5]
    """
    return _core.lion(w, g, m, learning_rate, beta_1, beta_2, (weight_decay, l2, clipvalue, scale, return_ratio))


def moving_average(average: Array, w: ArrayLike, momentum: float = 0.99) -> None:
    """``average = momentum * average + (1 - momentum) * w``, in place: ``use_ema`` of Keras's optimizers.

    Args:
        average: float32 array, updated in place.
        w: the weights, the shape of ``average``.
        momentum: 0 to 1.

    Example:
        >>> average = np.array([1.0, 2.0], np.float32)
        >>> moving_average(average, [3.0, 2.0], momentum=0.5)
        >>> average.tolist()
        [2.0, 2.0]
    """
    _core.moving_average(average, w, momentum)
