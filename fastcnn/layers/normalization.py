"""Layers that normalise: over the batch, over a sample, over groups of channels, to length one."""

from typing import Any

from fastcnn import constraints, initializers, ops, regularizers
from fastcnn._arrays import INT
from fastcnn.layers.input_spec import InputSpec, SameShape, as_float
from fastcnn.layers.layer import Layer
from fastcnn.layers.registry import registry

__all__ = ["BatchNormalization", "GroupNormalization", "LayerNormalization", "UnitNormalization"]


class _ScaleAndCenter(SameShape):
    """What the normalisations have in common: ``gamma`` and ``beta``, and how they are made."""

    _least_axes = 1

    def __init__(
        self,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        beta_regularizer: Any,
        gamma_regularizer: Any,
        beta_constraint: Any,
        gamma_constraint: Any,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if not epsilon >= 0:
            raise ValueError(f"epsilon must not be negative, got {epsilon!r}")
        self.epsilon = float(epsilon)
        self.center, self.scale = center, scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.gamma: Any = None
        self.beta: Any = None

    def _add_scale_and_center(self, shape: tuple[int, ...]) -> None:
        if self.scale:
            self.gamma = self.add_weight(
                shape=shape,
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                name="gamma",
            )
        if self.center:
            self.beta = self.add_weight(
                shape=shape,
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                name="beta",
            )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            "beta_regularizer": regularizers.serialize(self.beta_regularizer),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
            "beta_constraint": constraints.serialize(self.beta_constraint),
            "gamma_constraint": constraints.serialize(self.gamma_constraint),
        }


def _position(layer: Layer, axis: int, shape: Any) -> int:
    """The axis counted from the front; its size must be known."""
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"{layer.name}: axis {axis} does not exist in inputs of shape {tuple(shape)}")
    if shape[axis] is None:
        raise ValueError(f"{layer.name}: the size of axis {axis} must be known, got inputs of shape {tuple(shape)}")
    return axis % len(shape)


def _order_with_last(axis: int, rank: int) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The permutation that brings the axis to the end, and the one back; None where it is there already."""
    if axis == rank - 1:
        return None
    others = [i for i in range(rank) if i != axis]
    return (*others, axis), tuple(rank - 1 if i == axis else others.index(i) for i in range(rank))


@registry.register()
class BatchNormalization(_ScaleAndCenter):
    """Normalises each channel over the batch: ``gamma * (x - mean) / sqrt(variance + epsilon) + beta``.

    In training with the batch's own mean and variance, which also move the moving ones; otherwise with the moving
    ones. With ``trainable = False`` always with the moving ones, which then stay as they are.

    Args:
        axis: the channels' axis.
        momentum: how much of the moving statistics stays at each step.
        epsilon: added to the variance.
        center: whether there is a ``beta``.
        scale: whether there is a ``gamma``.
        beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer: where they start.
        beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: as for any weight.
        renorm, renorm_clipping, renorm_momentum, synchronized: not supported, must be as they are.

    Input and output shape: any of two axes or more, the same.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layer = layers.BatchNormalization(epsilon=0.0)
        >>> layer(np.array([[1.0], [3.0]], "float32"), training=True).numpy().ravel().tolist()
        [-1.0, 1.0]
        >>> [w.name for w in layer.weights]
        ['gamma', 'beta', 'moving_mean', 'moving_variance']
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ):
        for argument, given in (
            ("renorm", renorm),
            ("renorm_clipping", renorm_clipping),
            ("synchronized", synchronized),
        ):
            if given:
                raise NotImplementedError(f"BatchNormalization does not support {argument}={given!r}; leave it out")
        if not 0 <= momentum <= 1:
            raise ValueError(f"momentum must lie between 0 and 1, got {momentum!r}")
        super().__init__(
            epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer,
            beta_constraint, gamma_constraint, **kwargs,
        )  # fmt: skip
        self.axis, self.momentum = int(axis), float(momentum)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.renorm_momentum = renorm_momentum
        self._order: tuple[tuple[int, ...], tuple[int, ...]] | None = None

    def build(self, input_shape: Any) -> None:
        axis = _position(self, self.axis, input_shape)
        size = input_shape[axis]
        self._add_scale_and_center((size,))
        self.moving_mean = self.add_weight(
            shape=(size,), initializer=self.moving_mean_initializer, trainable=False, name="moving_mean"
        )
        self.moving_variance = self.add_weight(
            shape=(size,), initializer=self.moving_variance_initializer, trainable=False, name="moving_variance"
        )
        self.input_spec = InputSpec(ndim=len(input_shape), axes={axis: size})
        self._order = _order_with_last(axis, len(input_shape))
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        self._check(inputs)
        order = self._order
        outputs = ops.batch_norm(
            inputs if order is None else ops.transpose(inputs, order[0]),
            self.gamma,
            self.beta,
            self.moving_mean,
            self.moving_variance,
            training=bool(training and self.trainable),
            momentum=self.momentum,
            epsilon=self.epsilon,
        )
        return outputs if order is None else ops.transpose(outputs, order[1])

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "moving_mean_initializer": initializers.serialize(self.moving_mean_initializer),
            "moving_variance_initializer": initializers.serialize(self.moving_variance_initializer),
            "synchronized": False,
            "renorm": False,
            "renorm_clipping": None,
            "renorm_momentum": self.renorm_momentum,
        }


@registry.register()
class LayerNormalization(_ScaleAndCenter):
    """Normalises each sample by itself, over the given axes: ``gamma * (x - mean) / sqrt(variance + epsilon) + beta``.

    Args:
        axis: the axes, an int or several, that mean and variance are over; ``gamma`` and ``beta`` have their shape.
        epsilon: added to the variance.
        center: whether there is a ``beta``.
        scale: whether there is a ``gamma``.
        beta_initializer, gamma_initializer: what the weights begin as.
        beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: as for any weight.

    Input and output shape: any, the same.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layer = layers.LayerNormalization(epsilon=0.0)
        >>> layer(np.array([[1.0, 3.0], [10.0, 30.0]], "float32")).numpy().tolist()
        [[-1.0, 1.0], [-1.0, 1.0]]
    """

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ):
        if kwargs.pop("rms_scaling", False):
            raise NotImplementedError("LayerNormalization does not support rms_scaling=True; leave it out")
        super().__init__(
            epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer,
            beta_constraint, gamma_constraint, **kwargs,
        )  # fmt: skip
        self.axis = _axes_argument(axis)
        self._axes: tuple[int, ...] = ()

    def build(self, input_shape: Any) -> None:
        rank = len(input_shape)
        axes = sorted(
            {_position(self, a, input_shape) for a in ([self.axis] if isinstance(self.axis, int) else self.axis)}
        )
        self._add_scale_and_center(tuple(input_shape[a] for a in axes))
        self.input_spec = InputSpec(ndim=rank, axes={a: input_shape[a] for a in axes})
        self._axes = tuple(axes)
        self.built = True

    def call(self, inputs: Any) -> Any:
        self._check(inputs)
        return ops.layer_norm(inputs, self.gamma, self.beta, self._axes, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, "rms_scaling": False}


def _axes_argument(axis: Any) -> int | list[int]:
    if isinstance(axis, INT):
        return int(axis)
    if isinstance(axis, (list, tuple)) and axis and all(isinstance(a, INT) for a in axis):
        return [int(a) for a in axis]
    raise TypeError(f"axis must be an int or a list of ints, got {axis!r}")


@registry.register()
class GroupNormalization(_ScaleAndCenter):
    """Normalises each sample over all positions and the channels of a group.

    Args:
        groups: how many groups of neighbouring channels; divides their number. -1 makes every channel a group of its
            own: instance normalisation.
        axis: the channels' axis.
        epsilon: added to the variance.
        center: whether there is a ``beta``.
        scale: whether there is a ``gamma``.
        beta_initializer, gamma_initializer: what the weights begin as.
        beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: as for any weight.

    Input and output shape: ``(batch, ..., channels)``, the same.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layer = layers.GroupNormalization(groups=2, epsilon=0.0)
        >>> layer(np.array([[1.0, 3.0, 10.0, 30.0]], "float32")).numpy().tolist()
        [[-1.0, 1.0, -1.0, 1.0]]
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ):
        if not isinstance(groups, INT) or (groups < 1 and groups != -1):
            raise ValueError(f"groups must be a positive int, or -1 for one group a channel, got {groups!r}")
        super().__init__(
            epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer,
            beta_constraint, gamma_constraint, **kwargs,
        )  # fmt: skip
        self.groups, self.axis = groups, int(axis)
        self._order: tuple[tuple[int, ...], tuple[int, ...]] | None = None

    def build(self, input_shape: Any) -> None:
        axis = _position(self, self.axis, input_shape)
        size = input_shape[axis]
        if axis == 0:
            raise ValueError(f"{self.name}: axis must not be the samples' axis 0, got axis={self.axis}")
        if self.groups == -1:
            self.groups = size
        if size % self.groups:
            raise ValueError(
                f"{self.name}: groups must divide the number of channels, got groups={self.groups} and {size} channels"
            )
        self._add_scale_and_center((size,))
        self.input_spec = InputSpec(ndim=len(input_shape), axes={axis: size})
        self._order = _order_with_last(axis, len(input_shape))
        self.built = True

    def call(self, inputs: Any) -> Any:
        self._check(inputs)
        order = self._order
        if order is None:
            return ops.group_norm(inputs, self.gamma, self.beta, self.groups, self.epsilon)
        outputs = ops.group_norm(ops.transpose(inputs, order[0]), self.gamma, self.beta, self.groups, self.epsilon)
        return ops.transpose(outputs, order[1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "groups": self.groups, "axis": self.axis}


@registry.register()
class UnitNormalization(SameShape):
    """Divides by the Euclidean norm: ``x / sqrt(sum(x ** 2))``, zeros stay zeros.

    Args:
        axis: the axes, an int or several, that the sum runs over.

    Input and output shape: any, the same.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers
        >>> layers.UnitNormalization()(np.array([[3.0, 4.0]], "float32")).numpy().tolist()
        [[0.6000000238418579, 0.800000011920929]]
    """

    _least_axes = 1

    def __init__(self, axis: Any = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = _axes_argument(axis)

    def build(self, input_shape: Any) -> None:
        for axis in [self.axis] if isinstance(self.axis, int) else self.axis:
            _position(self, axis, input_shape)
        self.input_spec = InputSpec(ndim=len(input_shape))
        self.built = True

    def call(self, inputs: Any) -> Any:
        self._check(inputs)
        return ops.normalize(as_float(inputs), axis=self.axis, order=2, epsilon=1e-12)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
