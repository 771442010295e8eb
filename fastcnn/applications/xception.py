"""Xception: convolutions taken apart into depthwise and pointwise ones, in residual blocks (Chollet, 2017)."""

from typing import Any

from fastcnn import layers
from fastcnn.applications.building import Building, application
from fastcnn.applications.imagenet_utils import decode_predictions
from fastcnn.applications.resnet_v2 import preprocess_input

__all__ = ["Xception", "decode_predictions", "preprocess_input"]


def _normal(x: Any, name: str) -> Any:
    return layers.BatchNormalization(name=name)(x)


def _separable(x: Any, filters: int, name: str) -> Any:
    x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False, name=name)(x)
    return _normal(x, f"{name}_bn")


def _relu(x: Any, name: str) -> Any:
    return layers.Activation("relu", name=f"{name}_act")(x)


def _numbered(stem: str, number: int) -> str:
    return f"{stem}_{number}" if number else stem


def _shrink(x: Any, block: int, filters: tuple[int, int], number: int) -> Any:
    """Half the size: two convolutions and a maximum, plus a 1x1 convolution of what came in."""
    short = layers.Conv2D(filters[1], 1, 2, "same", use_bias=False, name=_numbered("conv2d", number))(x)
    short = _normal(short, _numbered("batch_normalization", number))
    for i, count in enumerate(filters, 1):
        name = f"block{block}_sepconv{i}"
        if (block, i) != (2, 1):  # the first has its ReLU behind it already
            x = _relu(x, name)
        x = _separable(x, count, name)
    x = layers.MaxPooling2D(3, 2, "same", name=f"block{block}_pool")(x)
    return layers.Add(name=_numbered("add", block - 2))([x, short])


def _middle(x: Any, block: int) -> Any:
    """Three convolutions, plus what came in."""
    y = x
    for i in (1, 2, 3):
        name = f"block{block}_sepconv{i}"
        y = _separable(_relu(y, name), 728, name)
    return layers.Add(name=_numbered("add", block - 2))([y, x])


@application
def Xception(build: Building) -> Any:
    """Xception: 22,910,480 parameters, for images of 299x299.

    Arguments are those of ``fastcnn.applications.building.Building``.

    Example:
        >>> Xception(weights=None, include_top=False, pooling="avg").output_shape
        (None, 2048)
    """
    x = build.start()
    for i, (filters, strides) in enumerate([(32, 2), (64, 1)], 1):
        x = layers.Conv2D(filters, 3, strides, use_bias=False, name=f"block1_conv{i}")(x)
        x = _relu(_normal(x, f"block1_conv{i}_bn"), f"block1_conv{i}")
    for number, filters in enumerate([128, 256, 728]):
        x = _shrink(x, number + 2, (filters, filters), number)
    for block in range(5, 13):
        x = _middle(x, block)
    x = _shrink(x, 13, (728, 1024), 3)
    for i, filters in enumerate([1536, 2048], 1):
        x = _relu(_separable(x, filters, f"block14_sepconv{i}"), f"block14_sepconv{i}")
    if build.include_top:
        return build.head(x)
    return build.pool(x, "global_average_pooling2d", "global_max_pooling2d")
