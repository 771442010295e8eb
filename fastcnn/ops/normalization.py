"""Batch, layer and group normalisation, channels last; moments and unit vectors."""

from collections.abc import Callable
from typing import Any

from fastcnn import kernels, ops, reference
from fastcnn.seam import Primitive, Shape, apply, gradient_of
from fastcnn.tensor import Operators, Variable, convert_to_tensor

from . import operands

__all__ = ["batch_norm", "group_norm", "layer_norm", "moments", "normalize"]


def _tensor(x: Any) -> Any:
    return x if x is None or isinstance(x, Operators) else convert_to_tensor(x, "float")


def composed_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    """A gradient rule for a primitive that ``function`` computes in operations: a tape differentiates those.

    For the gradients' own gradients, which are rarely wanted and need not be fast.
    """

    def rule(g: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, ...]:
        from fastcnn.autograd import GradientTape

        wanted = [t for t, need in zip(inputs, needs, strict=True) if need]
        with GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(wanted)
            results = function(*inputs, **attrs)
        if g.__class__ is tuple:
            pairs = [(r, d) for r, d in zip(results, g, strict=True) if d is not None]
        else:
            pairs = [(results, g)]
        found = iter(tape.gradient([r for r, _ in pairs], wanted, [d for _, d in pairs]))
        return tuple(next(found) if need else None for need in needs)

    return rule


def batch_norm(
    x: Any,
    gamma: Any,
    beta: Any,
    moving_mean: Any,
    moving_variance: Any,
    *,
    training: bool,
    momentum: float = 0.99,
    epsilon: float = 1e-3,
) -> Any:
    """``gamma * (x - mean) / sqrt(variance + epsilon) + beta``, every channel over all other axes.

    Args:
        x: (..., c).
        gamma: (c,), or None for 1.
        beta: (c,), or None for 0.
        moving_mean: (c,), a Variable where training: changed in place.
        moving_variance: (c,), likewise.
        training: whether mean and variance are this batch's (and the moving ones follow them) or the moving ones.
        momentum: how much of the moving statistics stays.
        epsilon: added to the variance.

    Returns:
        The shape of x.

    Example:
        >>> from fastcnn.tensor import Variable
        >>> mean, variance = Variable([0.0], trainable=False), Variable([1.0], trainable=False)
        >>> batch_norm([[1.0], [3.0]], None, None, mean, variance, training=True, epsilon=0.0).numpy().ravel()
        array([-1.,  1.], dtype=float32)
        >>> mean.numpy()
        array([0.02], dtype=float32)
    """
    x, gamma, beta = _tensor(x), _tensor(gamma), _tensor(beta)
    if training:
        attrs = {"momentum": momentum, "epsilon": epsilon}
        Variable.changes += 1
        return apply(BATCH_NORM, (x, gamma, beta, moving_mean, moving_variance), attrs)[0]
    mean, variance = _tensor(moving_mean), _tensor(moving_variance)
    return apply(BATCH_NORM_INFERENCE, (x, mean, variance, gamma, beta), {"epsilon": epsilon})


def _batch_norm(module: Any) -> Callable[..., Any]:
    function = module.batch_norm

    def run(x: Any, gamma: Any, beta: Any, mean: Any, variance: Any, momentum: float, epsilon: float) -> Any:
        return function(x, gamma, beta, moving_mean=mean, moving_variance=variance, momentum=momentum, epsilon=epsilon)

    return run


def _batch_norm_backward(module: Any) -> Callable[..., Any]:
    function = module.batch_norm_backward

    def run(dy: Any, x: Any, mean: Any, inv_std: Any, gamma: Any, training: bool, epsilon: float) -> Any:
        return function(dy, x, mean, inv_std, gamma, training=training)[:3]

    return run


def _channels_checked(x: Shape, gamma: Shape | None, beta: Shape | None) -> Shape:
    for name, shape in (("gamma", gamma), ("beta", beta)):
        if shape is not None and shape != x[-1:]:
            raise ValueError(f"{name} must have shape {x[-1:]} for x of shape {x}, got {shape}")
    return x


def _batch_norm_shape(x: Shape, gamma: Any, beta: Any, mean: Any, variance: Any, **attrs: Any) -> list[Shape]:
    return [_channels_checked(x, gamma, beta), x[-1:], x[-1:]]


BATCH_NORM = Primitive("batch_norm", _batch_norm(kernels), _batch_norm(reference), _batch_norm_shape)
BATCH_NORM_INFERENCE = Primitive(
    "batch_norm_inference",
    kernels.batch_norm_inference,
    reference.batch_norm_inference,
    lambda x, mean, variance, gamma, beta, epsilon: _channels_checked(x, gamma, beta),
)
BATCH_NORM_BACKWARD = Primitive(
    "batch_norm_backward",
    _batch_norm_backward(kernels),
    _batch_norm_backward(reference),
    lambda dy, x, *others, **attrs: [x, x[-1:], x[-1:]],
)


@gradient_of(BATCH_NORM)
def _batch_norm_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, ...]:
    x, gamma = inputs[:2]
    attrs = {"training": True, "epsilon": attrs["epsilon"]}
    found = apply(BATCH_NORM_BACKWARD, (dy[0], x, outputs[1], outputs[2], gamma), attrs)
    return (*found, None, None)


@gradient_of(BATCH_NORM_INFERENCE)
def _batch_norm_inference_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> tuple[Any, ...]:
    x, mean, variance, gamma, _ = inputs
    inv_std = ops.rsqrt(variance + attrs["epsilon"])
    attrs = {"training": False, "epsilon": attrs["epsilon"]}
    dx, dgamma, dbeta = apply(BATCH_NORM_BACKWARD, (dy, x, mean, inv_std, gamma), attrs)
    return dx, None, None, dgamma, dbeta


def _centred(x: Any, axes: tuple[int, ...], epsilon: float) -> tuple[Any, Any]:
    """x normalised, and 1 / the standard deviation."""
    centred = x - ops.mean(x, axis=axes, keepdims=True)
    inv_std = 1.0 / ops.sqrt(ops.mean(centred * centred, axis=axes, keepdims=True) + epsilon)
    return centred * inv_std, inv_std


def _through(scaled: Any, xhat: Any, inv_std: Any, axes: tuple[int, ...]) -> Any:
    """The gradient of what was normalised."""
    along = ops.mean(scaled * xhat, axis=axes, keepdims=True)
    return inv_std * (scaled - ops.mean(scaled, axis=axes, keepdims=True) - xhat * along)


@gradient_of(BATCH_NORM_BACKWARD)
@composed_gradient
def _batch_norm_backward_composed(
    dy: Any, x: Any, mean: Any, inv_std: Any, gamma: Any, training: bool, epsilon: float
) -> tuple[Any, Any, Any]:
    axes = tuple(range(len(x.shape) - 1))
    scaled = dy if gamma is None else dy * gamma
    if training:  # mean and inv_std are functions of x here: their share of the gradient comes through x
        xhat, inv_std = _centred(x, axes, epsilon)
        dx = _through(scaled, xhat, inv_std, axes)
    else:
        xhat, dx = (x - mean) * inv_std, scaled * inv_std
    return dx, ops.sum(dy * xhat, axis=axes), ops.sum(dy, axis=axes)


def layer_norm(x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: float = 1e-3) -> Any:
    """``gamma * (x - mean) / sqrt(variance + epsilon) + beta``, every sample over its last axes.

    Args:
        x: a tensor of at least one dimension.
        gamma: the shape of the axes normalised, or None for 1.
        beta: likewise, or None for 0.
        axis: the axis, or axes, to normalise over.
        epsilon: added to the variance.

    Returns:
        The shape of x.

    Example:
        >>> layer_norm([[1.0, 3.0]], epsilon=0.0).numpy()
        array([[-1.,  1.]], dtype=float32)
    """
    x, gamma, beta = _tensor(x), _tensor(gamma), _tensor(beta)
    rank = len(x.shape)
    given = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    if not given or any(a.__class__ is not int or not -rank <= a < rank for a in given):
        raise ValueError(f"axis must be from {-rank} to {rank - 1} for x of shape {tuple(x.shape)}, got {axis!r}")
    axes = tuple(sorted(a % rank for a in given))
    sizes = tuple(x.shape[a] for a in axes)
    for name, weight in (("gamma", gamma), ("beta", beta)):
        if weight is not None and tuple(weight.shape) != sizes:
            raise ValueError(f"{name} must have shape {sizes}, that of axis {axis!r}, got {tuple(weight.shape)}")
    if axes == tuple(range(rank - len(axes), rank)):
        attrs = {"axis": tuple(range(-len(axes), 0)), "epsilon": epsilon}
        return apply(LAYER_NORM, (x, gamma, beta), attrs)[0]
    y = _centred(x, axes, epsilon)[0]
    shape = tuple(n if a in axes else 1 for a, n in enumerate(x.shape))
    y = y if gamma is None else y * ops.reshape(gamma, shape)
    return y if beta is None else y + ops.reshape(beta, shape)


def _layer_norm_backward(module: Any) -> Callable[..., Any]:
    function = module.layer_norm_backward
    return lambda dy, x, mean, inv_std, gamma, axis, epsilon: function(dy, x, mean, inv_std, gamma, axis)


def _layer_norm_shape(x: Shape, gamma: Any, beta: Any, axis: tuple[int, ...], epsilon: float) -> list[Shape]:
    return [x, x[: -len(axis)], x[: -len(axis)]]


LAYER_NORM = Primitive("layer_norm", kernels.layer_norm, reference.layer_norm, _layer_norm_shape)
LAYER_NORM_BACKWARD = Primitive(
    "layer_norm_backward",
    _layer_norm_backward(kernels),
    _layer_norm_backward(reference),
    lambda dy, x, *others, axis, epsilon: [x, x[-len(axis) :], x[-len(axis) :]],
)


@gradient_of(LAYER_NORM)
def _layer_norm_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> Any:
    return apply(LAYER_NORM_BACKWARD, (dy[0], inputs[0], outputs[1], outputs[2], inputs[1]), attrs)


@gradient_of(LAYER_NORM_BACKWARD)
@composed_gradient
def _layer_norm_backward_composed(
    dy: Any, x: Any, mean: Any, inv_std: Any, gamma: Any, axis: tuple[int, ...], epsilon: float
) -> tuple[Any, Any, Any]:
    xhat, scale = _centred(x, axis, epsilon)
    dx = _through(dy if gamma is None else dy * gamma, xhat, scale, axis)
    outer = tuple(range(len(x.shape) - len(axis)))
    return dx, ops.sum(dy * xhat, axis=outer), ops.sum(dy, axis=outer)


def group_norm(x: Any, gamma: Any = None, beta: Any = None, groups: int = 32, epsilon: float = 1e-3) -> Any:
    """Each sample, each group of neighbouring channels, normalised over all positions.

    Args:
        x: (n, ..., c).
        gamma: (c,), or None for 1.
        beta: (c,), or None for 0.
        groups: how many groups the channels form; divides c. -1 is one for each channel: instance normalisation.
        epsilon: added to the variance.

    Returns:
        The shape of x.

    Example:
        >>> group_norm([[1.0, 3.0, 5.0, 9.0]], groups=2, epsilon=0.0).numpy()
        array([[-1.,  1., -1.,  1.]], dtype=float32)
    """
    return apply(GROUP_NORM, (_tensor(x), _tensor(gamma), _tensor(beta)), {"groups": groups, "epsilon": epsilon})[0]


def _group_norm_backward(module: Any) -> Callable[..., Any]:
    function = module.group_norm_backward
    return lambda dy, x, mean, inv_std, gamma, groups, epsilon: function(dy, x, mean, inv_std, gamma, groups)[:3]


def _group_norm_shape(x: Shape, gamma: Any, beta: Any, groups: int, epsilon: float) -> list[Shape]:
    c = x[-1]
    if c is not None and groups != -1 and (groups < 1 or c % groups):
        raise ValueError(f"groups must divide the {c} channels of x, got {groups}")
    _channels_checked(x, gamma, beta)
    return [x, (x[0], c if groups == -1 else groups), (x[0], c if groups == -1 else groups)]


GROUP_NORM = Primitive("group_norm", kernels.group_norm, reference.group_norm, _group_norm_shape)
GROUP_NORM_BACKWARD = Primitive(
    "group_norm_backward",
    _group_norm_backward(kernels),
    _group_norm_backward(reference),
    lambda dy, x, *others, **attrs: [x, x[-1:], x[-1:]],
)


@gradient_of(GROUP_NORM)
def _group_norm_gradient(dy: Any, inputs: Any, outputs: Any, attrs: Any, needs: Any) -> Any:
    return apply(GROUP_NORM_BACKWARD, (dy[0], inputs[0], outputs[1], outputs[2], inputs[1]), attrs)


@gradient_of(GROUP_NORM_BACKWARD)
@composed_gradient
def _group_norm_backward_composed(
    dy: Any, x: Any, mean: Any, inv_std: Any, gamma: Any, groups: int, epsilon: float
) -> tuple[Any, Any, Any]:
    c = x.shape[-1]
    groups = c if groups == -1 else groups
    shape = tuple(x.shape)
    split = (shape[0], -1, groups, c // groups)
    xhat, scale = _centred(ops.reshape(x, split), (1, 3), epsilon)
    dx = _through(ops.reshape(dy if gamma is None else dy * gamma, split), xhat, scale, (1, 3))
    outer = tuple(range(len(shape) - 1))
    return ops.reshape(dx, shape), ops.sum(dy * ops.reshape(xhat, shape), axis=outer), ops.sum(dy, axis=outer)


def moments(x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False) -> tuple[Any, Any]:
    """Mean and (biased) variance over axes.

    Args:
        x: a tensor.
        axes: an int or several.
        keepdims: keep the axes, of length 1.
        synchronized: must be False: there is one machine.

    Example:
        >>> mean, variance = moments([[1.0, 3.0]], -1)
        >>> mean.numpy(), variance.numpy()
        (array([2.], dtype=float32), array([1.], dtype=float32))
    """
    if synchronized:
        raise NotImplementedError("synchronized=True is not supported by fastcnn: there is one machine")
    x = _tensor(x)
    mean = ops.mean(x, axis=axes, keepdims=True)
    centred = x - mean
    variance = ops.mean(centred * centred, axis=axes, keepdims=keepdims)
    return mean if keepdims else ops.squeeze(mean, axes), variance


def normalize(x: Any, axis: Any = -1, order: float = 2, epsilon: float | None = None) -> Any:
    """x divided by its norm along an axis.

    Args:
        x: a tensor.
        axis: an int or several.
        order: of the norm, ``sum(|x| ** order) ** (1 / order)``; positive.
        epsilon: the least norm to divide by, 1e-7 unless given.

    Example:
        >>> normalize([[3.0, 4.0]]).numpy()
        array([[0.6, 0.8]], dtype=float32)
    """
    x = operands.floating(x)
    if not order > 0:
        raise ValueError(f"order must be positive, got {order!r}")
    least = 1e-7 if epsilon is None else epsilon
    if order == 2:
        square = ops.sum(x * x, axis=axis, keepdims=True)
        return x / ops.sqrt(ops.maximum(square, least * least))
    norm = ops.sum(ops.abs(x) ** order, axis=axis, keepdims=True) ** (1.0 / order)
    return x / ops.maximum(norm, least)
