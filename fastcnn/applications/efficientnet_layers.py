"""Layers that both generations of EfficientNet have, by Keras's names."""

from typing import Any

from fastcnn import initializers, layers
from fastcnn.applications.building import Building

__all__ = ["conv", "depthwise", "excited", "head", "joined", "normal"]


def _start(distribution: str, scale: float = 2.0) -> Any:
    return initializers.VarianceScaling(scale, "fan_out", distribution)


def conv(x: Any, filters: int, name: str, size: int = 1, strides: int = 1, **options: Any) -> Any:
    """A convolution without bias.

    Args:
        x: (n, h, w, c).
        filters, name, size, strides, options: of the layer.

    Example:
        >>> conv(layers.Input((8, 8, 3)), 4, "stem_conv", 3, 2).shape
        (None, 4, 4, 4)
    """
    options = {"use_bias": False, "padding": "same", **options}
    start = _start("truncated_normal")
    return layers.Conv2D(filters, size, strides, kernel_initializer=start, name=name, **options)(x)


def normal(x: Any, name: str, activation: str | None = None, momentum: float = 0.99) -> Any:
    """Batch normalisation.

    Args:
        x: (n, h, w, c).
        name, momentum: of the layer.
        activation: the name of a swish behind it.

    Example:
        >>> normal(layers.Input((8, 8, 3)), "stem_bn", "stem_activation").shape
        (None, 8, 8, 3)
    """
    x = layers.BatchNormalization(momentum=momentum, name=name)(x)
    return x if activation is None else layers.Activation("swish", name=activation)(x)


def excited(x: Any, name: str, reduced: int) -> Any:
    """Channels weighted by what they have on the average.

    Args:
        x: (n, h, w, c).
        name: what the layers' names begin with.
        reduced: how many numbers the weights are made from.

    Example:
        >>> excited(layers.Input((8, 8, 16)), "block1a_", 4).shape
        (None, 8, 8, 16)
    """
    weight = layers.GlobalAveragePooling2D(name=f"{name}se_squeeze")(x)
    weight = layers.Reshape((1, 1, x.shape[-1]), name=f"{name}se_reshape")(weight)
    weight = conv(weight, reduced, f"{name}se_reduce", use_bias=True, activation="swish")
    weight = conv(weight, x.shape[-1], f"{name}se_expand", use_bias=True, activation="sigmoid")
    return layers.Multiply(name=f"{name}se_excite")([x, weight])


def joined(y: Any, x: Any, name: str, dropped: float) -> Any:
    """What a block adds to its input; training drops it for some of the samples.

    Args:
        y, x: (n, h, w, c).
        name: what the layers' names begin with.
        dropped: for which part of the samples.

    Example:
        >>> x = layers.Input((8, 8, 16))
        >>> joined(layers.ReLU()(x), x, "block1a_", 0.2).shape
        (None, 8, 8, 16)
    """
    if dropped:
        y = layers.Dropout(dropped, noise_shape=(None, 1, 1, 1), name=f"{name}drop")(y)
    return layers.Add(name=f"{name}add")([y, x])


def head(build: Building, x: Any, dropout: float) -> Any:
    """How the network ends.

    Args:
        build: its arguments.
        x: (n, h, w, c).
        dropout: of the features before the classifier.

    Example:
        >>> build = Building("EfficientNetB0", weights=None, classes=5)
        >>> head(build, build.start(), 0.2).shape
        (None, 5)
    """
    if not build.include_top:
        return build.pool(x)
    x = layers.Dropout(dropout, name="top_dropout")(layers.GlobalAveragePooling2D(name="avg_pool")(x))
    return build.top(x, kernel_initializer=_start("uniform", 1 / 3))


def depthwise(x: Any, name: str, size: int, strides: int, padding: str) -> Any:
    """A depthwise convolution without bias.

    Args:
        x: (n, h, w, c).
        name, size, strides, padding: of the layer.

    Example:
        >>> depthwise(layers.Input((8, 8, 3)), "dwconv", 3, 2, "same").shape
        (None, 4, 4, 3)
    """
    start = _start("truncated_normal")
    layer = layers.DepthwiseConv2D(size, strides, padding, use_bias=False, depthwise_initializer=start, name=name)
    return layer(x)
