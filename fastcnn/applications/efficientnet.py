"""EfficientNet: MobileNet V2's blocks with weighted channels, in eight sizes (Tan and Le, 2019)."""

import math
from typing import Any

from fastcnn import layers
from fastcnn.applications.building import Building, application
from fastcnn.applications.efficientnet_layers import conv, depthwise, excited, head, joined, normal
from fastcnn.applications.imagenet_utils import decode_predictions
from fastcnn.applications.mobilenet_v2 import eighths, padded
from fastcnn.preprocessing import modes

__all__ = [
    "EfficientNetB0",
    "EfficientNetB1",
    "EfficientNetB2",
    "EfficientNetB3",
    "EfficientNetB4",
    "EfficientNetB5",
    "EfficientNetB6",
    "EfficientNetB7",
    "decode_predictions",
    "preprocess_input",
]

# Kernel size, how many, filters, widening, strides of the first.
_STAGES = [
    (3, 1, 16, 1, 1), (3, 2, 24, 6, 2), (5, 2, 40, 6, 2), (3, 3, 80, 6, 2), (5, 3, 112, 6, 1), (5, 4, 192, 6, 2),
    (3, 1, 320, 6, 1),
]  # fmt: skip
_DEVIATIONS = (0.229, 0.224, 0.225)
_DROPPED = 0.2  # of the last block's samples; of those before, less and less


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Pixels as they are, 0..255: the networks scale them.

    Args:
        x: (h, w, 3) or (n, h, w, 3).
        data_format: "channels_last" (unless given) or "channels_first".

    Example:
        >>> preprocess_input([[[0, 128, 255]]]).ravel().tolist()
        [0.0, 128.0, 255.0]
    """
    return modes.preprocess_input(x, "none", data_format)


def _block(x: Any, name: str, size: int, filters: int, wider: int, strides: int, dropped: float) -> Any:
    channels, y = x.shape[-1], x
    if wider > 1:
        y = normal(conv(x, wider * channels, f"{name}expand_conv"), f"{name}expand_bn", f"{name}expand_activation")
    if strides == 2:
        y = padded(y, size, f"{name}dwconv_pad")
    y = depthwise(y, f"{name}dwconv", size, strides, "valid" if strides == 2 else "same")
    y = normal(y, f"{name}bn", f"{name}activation")
    y = excited(y, name, max(1, channels // 4))
    y = normal(conv(y, filters, f"{name}project_conv"), f"{name}project_bn")
    return y if strides > 1 or channels != filters else joined(y, x, name, dropped)


def _network(build: Building, wide: float, deep: float, dropout: float) -> Any:
    def width(filters: int) -> int:
        return eighths(filters * wide)

    x = layers.Normalization(axis=3)(layers.Rescaling(1 / 255)(build.start()))
    if build.imagenet:  # published weights were trained on pixels divided by more than the deviations
        x = layers.Rescaling([1 / math.sqrt(deviation) for deviation in _DEVIATIONS])(x)
    x = conv(padded(x, 3, "stem_conv_pad"), width(32), "stem_conv", 3, 2, padding="valid")
    x = normal(x, "stem_bn", "stem_activation")
    counts = [math.ceil(deep * stage[1]) for stage in _STAGES]
    number = 0
    for i, (size, _, filters, wider, strides) in enumerate(_STAGES):
        for j in range(counts[i]):
            name, dropped = f"block{i + 1}{chr(97 + j)}_", _DROPPED * number / sum(counts)
            x = _block(x, name, size, width(filters), wider, 1 if j else strides, dropped)
            number += 1
    x = normal(conv(x, width(1280), "top_conv"), "top_bn", "top_activation")
    return head(build, x, dropout)


@application
def EfficientNetB0(build: Building) -> Any:
    """EfficientNet-B0: 5,330,571 parameters, for images of 224x224 with pixels from 0 to 255.

    Arguments are those of ``fastcnn.applications.building.Building``.

    Example:
        >>> EfficientNetB0(weights=None, include_top=False, pooling="avg").output_shape
        (None, 1280)
    """
    return _network(build, 1.0, 1.0, 0.2)


@application
def EfficientNetB1(build: Building) -> Any:
    """EfficientNet-B1: 7,856,239 parameters, for images of 240x240 with pixels from 0 to 255.

    Arguments are those of ``fastcnn.applications.building.Building``.

    Example:
        >>> EfficientNetB1(weights=None, include_top=False, pooling="avg").output_shape
        (None, 1280)
    """
    return _network(build, 1.0, 1.1, 0.2)


@application
def EfficientNetB2(build: Building) -> Any:
    """EfficientNet-B2: 9,177,569 parameters, for images of 260x260 with pixels from 0 to 255.

    Arguments are those of ``fastcnn.applications.building.Building``.

    Example:
        >>> EfficientNetB2(weights=None, include_top=False, pooling="avg").output_shape
        (None, 1408)
    """
    return _network(build, 1.1, 1.2, 0.3)


@application
def EfficientNetB3(build: Building) -> Any:
    """EfficientNet-B3: 12,320,535 parameters, for images of 300x300 with pixels from 0 to 255.

    Arguments are those of ``fastcnn.applications.building.Building``.

    Example:
        >>> EfficientNetB3(weights=None, include_top=False, pooling="avg").output_shape
        (None, 1536)
    """
    return _network(build, 1.2, 1.4, 0.3)


@application
def EfficientNetB4(build: Building) -> Any:
    """EfficientNet-B4: 19,466,823 parameters, for images of 380x380 with pixels from 0 to 255.

    Arguments are those of ``fastcnn.applications.building.Building``.

    Example:
        >>> EfficientNetB4(weights=None, include_top=False, pooling="avg").output_shape
        (None, 1792)
    """
    return _network(build, 1.4, 1.8, 0.4)


@application
def EfficientNetB5(build: Building) -> Any:
    """EfficientNet-B5: 30,562,527 parameters, for images of 456x456 with pixels from 0 to 255.

    Arguments are those of ``fastcnn.applications.building.Building``.

    Example:
        >>> EfficientNetB5(weights=None, include_top=False, pooling="avg").output_shape
        (None, 2048)
    """
    return _network(build, 1.6, 2.2, 0.4)


@application
def EfficientNetB6(build: Building) -> Any:
    """EfficientNet-B6: 43,265,143 parameters, for images of 528x528 with pixels from 0 to 255.

    Arguments are those of ``fastcnn.applications.building.Building``.

    Example:
        >>> EfficientNetB6(weights=None, include_top=False, pooling="avg").output_shape
        (None, 2304)
    """
    return _network(build, 1.8, 2.6, 0.5)


@application
def EfficientNetB7(build: Building) -> Any:
    """EfficientNet-B7: 66,658,687 parameters, for images of 600x600 with pixels from 0 to 255.

    Arguments are those of ``fastcnn.applications.building.Building``.

    Example:
        >>> EfficientNetB7(weights=None, include_top=False, pooling="avg").output_shape
        (None, 2560)
    """
    return _network(build, 2.0, 3.1, 0.5)
