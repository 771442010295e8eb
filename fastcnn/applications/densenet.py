"""DenseNet: each layer sees the maps of all before it (Huang and others, 2017)."""

from typing import Any, NamedTuple

from fastcnn import layers
from fastcnn.applications.building import Building, application
from fastcnn.applications.imagenet_utils import decode_predictions
from fastcnn.applications.vgg import preprocess_input

__all__ = ["DenseNet121", "DenseNet169", "DenseNet201", "decode_predictions", "preprocess_input"]

_GROWTH = 32  # maps that a layer adds


class _Style(NamedTuple):
    """Names and arithmetic of a variant. Blocks and transitions are numbered from 1, layers of a block, too.

    Args:
        first: the names of padding, convolution, normalisation, ReLU, padding and maximum.
        layer: what names in a layer begin with, of ``block`` and ``number``.
        parts: what they end with.
        transition: what names in a transition begin with, of ``block``.
        rest: what they end with.
        last: the names of normalisation, ReLU, mean and classifier.
    """

    first: tuple[str, ...]
    layer: str
    parts: tuple[str, ...]
    transition: str
    rest: tuple[str, ...]
    last: tuple[str, ...]
    normal: dict[str, Any]
    kernel: str


_KERAS = _Style(
    ("zero_padding2d", "conv1_conv", "conv1_bn", "conv1_relu", "zero_padding2d_1", "pool1"),
    "conv{stage}_block{number}_",
    ("0_bn", "0_relu", "1_conv", "1_bn", "1_relu", "2_conv", "concat"),
    "pool{stage}_",
    ("bn", "relu", "conv", "pool"),
    ("bn", "relu", "avg_pool", "predictions"),
    {"momentum": 0.99, "epsilon": 1.001e-5},
    "glorot_uniform",
)
_TORCHVISION = _Style(
    ("features.pad", "features.conv0", "features.norm0", "features.relu0", "features.pad0", "features.pool0"),
    "features.denseblock{block}.denselayer{number}.",
    ("norm1", "relu1", "conv1", "norm2", "relu2", "conv2", "concat"),
    "features.transition{block}.",
    ("norm", "relu", "conv", "pool"),
    ("features.norm5", "features.relu5", "avgpool", "classifier"),
    {"momentum": 0.9, "epsilon": 1e-5},
    "he_normal",
)


def _normal(x: Any, style: _Style, norm: str, relu: str) -> Any:
    x = layers.BatchNormalization(axis=3, name=norm, **style.normal)(x)
    return layers.Activation("relu", name=relu)(x)


def _conv(x: Any, style: _Style, filters: int, size: int, name: str, strides: int = 1, padding: str = "valid") -> Any:
    return layers.Conv2D(filters, size, strides, padding, use_bias=False, kernel_initializer=style.kernel, name=name)(x)


def _first(x: Any, style: _Style) -> Any:
    pad, conv, norm, relu, pad_again, pool = style.first
    x = layers.ZeroPadding2D(3, name=pad)(x)
    x = _normal(_conv(x, style, 64, 7, conv, 2), style, norm, relu)
    x = layers.ZeroPadding2D(1, name=pad_again)(x)
    return layers.MaxPooling2D(3, 2, name=pool)(x)


def _dense(x: Any, style: _Style, begin: str) -> Any:
    """A layer of a block: what came in and, beside it, what it makes of that."""
    norm, relu, conv, norm2, relu2, conv2, concat = (begin + part for part in style.parts)
    y = _conv(_normal(x, style, norm, relu), style, 4 * _GROWTH, 1, conv)
    y = _conv(_normal(y, style, norm2, relu2), style, _GROWTH, 3, conv2, padding="same")
    return layers.Concatenate(axis=3, name=concat)([x, y])


def _transition(x: Any, style: _Style, begin: str) -> Any:
    """Half the channels, half the size."""
    norm, relu, conv, pool = (begin + part for part in style.rest)
    x = _conv(_normal(x, style, norm, relu), style, x.shape[-1] // 2, 1, conv)
    return layers.AveragePooling2D(2, name=pool)(x)


def _network(build: Building, blocks: tuple[int, ...]) -> Any:
    style = _KERAS if build.variant == "keras" else _TORCHVISION
    x = _first(build.start(), style)
    for block, count in enumerate(blocks, 1):
        for number in range(1, count + 1):
            x = _dense(x, style, style.layer.format(block=block, stage=block + 1, number=number))
        if block < len(blocks):
            x = _transition(x, style, style.transition.format(block=block, stage=block + 1))
    norm, relu, mean, classifier = style.last
    return build.head(_normal(x, style, norm, relu), classifier, mean)


@application
def DenseNet121(build: Building) -> Any:
    """DenseNet-121: 8,062,504 parameters, for images of 224x224.

    The variants differ in names and in the epsilon of normalisations. Arguments are those of
    ``fastcnn.applications.building.Building``.

    Example:
        >>> DenseNet121(weights=None, include_top=False, pooling="avg").output_shape
        (None, 1024)
    """
    return _network(build, (6, 12, 24, 16))


@application
def DenseNet169(build: Building) -> Any:
    """DenseNet-169: 14,307,880 parameters, for images of 224x224.

    Arguments are those of ``fastcnn.applications.building.Building``.

    Example:
        >>> DenseNet169(weights=None, include_top=False, pooling="avg").output_shape
        (None, 1664)
    """
    return _network(build, (6, 12, 32, 32))


@application
def DenseNet201(build: Building) -> Any:
    """DenseNet-201: 20,242,984 parameters, for images of 224x224.

    Arguments are those of ``fastcnn.applications.building.Building``.

    Example:
        >>> DenseNet201(weights=None, include_top=False, pooling="avg").output_shape
        (None, 1920)
    """
    return _network(build, (6, 12, 48, 32))
