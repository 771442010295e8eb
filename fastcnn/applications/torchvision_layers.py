"""Layers as torchvision has them: cells on both sides, its epsilon, its random weights; named by the module's path."""

from typing import Any

from fastcnn import layers
from fastcnn.initializers import VarianceScaling

__all__ = ["conv", "conv_norm"]


def conv(
    x: Any, name: str, filters: int, size: int, strides: int = 1, padding: int = 0, use_bias: bool = True, **rest: Any
) -> Any:
    """A convolution with He's normal weights by the number of outputs.

    Args:
        x: (n, h, w, c).
        name: the path of the module.
        filters, size, strides: of the window.
        padding: cells on each side.
        use_bias: whether there is one.
        rest: other arguments of ``Conv2D``.

    Example:
        >>> conv(layers.Input((8, 8, 3)), "features.0", 4, 3, 2, 1).shape
        (None, 4, 4, 4)
    """
    random = VarianceScaling(2.0, "fan_out", "untruncated_normal")
    layer = layers.Conv2D(
        filters, size, strides, padding, use_bias=use_bias, kernel_initializer=random, name=name, **rest
    )
    return layer(x)


def conv_norm(
    x: Any, name: str, norm: str, filters: int, size: int, strides: int = 1, padding: int = 0, **rest: Any
) -> Any:
    """A convolution and batch normalisation.

    Args:
        x: (n, h, w, c).
        name, norm: the paths of the two modules.
        filters, size, strides, padding, rest: see ``conv``.

    Example:
        >>> conv_norm(layers.Input((8, 8, 3)), "conv1", "bn1", 4, 3).shape
        (None, 6, 6, 4)
    """
    x = conv(x, name, filters, size, strides, padding, **rest)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=norm)(x)
