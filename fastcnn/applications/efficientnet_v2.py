"""EfficientNet V2: the first stages without depthwise convolutions, smaller pictures (Tan and Le, 2021)."""

import functools
import math
from collections.abc import Callable
from typing import Any

from fastcnn import layers
from fastcnn.applications.building import Application, Building, named_like
from fastcnn.applications.efficientnet import preprocess_input
from fastcnn.applications.efficientnet_layers import conv, depthwise, excited, head, joined, normal
from fastcnn.applications.imagenet_utils import decode_predictions
from fastcnn.models import Model

__all__ = [
    "EfficientNetV2B0",
    "EfficientNetV2B1",
    "EfficientNetV2B2",
    "EfficientNetV2B3",
    "EfficientNetV2L",
    "EfficientNetV2M",
    "EfficientNetV2S",
    "decode_predictions",
    "preprocess_input",
]

# How many blocks, filters, widening, strides of the first, whether a block has a depthwise convolution.
_Stages = list[tuple[int, int, int, int, bool]]
_B: _Stages = [
    (1, 16, 1, 1, False), (2, 32, 4, 2, False), (2, 48, 4, 2, False),
    (3, 96, 4, 2, True), (5, 112, 6, 1, True), (8, 192, 6, 2, True),
]  # fmt: skip
_S: _Stages = [
    (2, 24, 1, 1, False), (4, 48, 4, 2, False), (4, 64, 4, 2, False),
    (6, 128, 4, 2, True), (9, 160, 6, 1, True), (15, 256, 6, 2, True),
]  # fmt: skip
_M: _Stages = [
    (3, 24, 1, 1, False), (5, 48, 4, 2, False), (5, 80, 4, 2, False),
    (7, 160, 4, 2, True), (14, 176, 6, 1, True), (18, 304, 6, 2, True), (5, 512, 6, 1, True),
]  # fmt: skip
_L: _Stages = [
    (4, 32, 1, 1, False), (7, 64, 4, 2, False), (7, 96, 4, 2, False),
    (10, 192, 4, 2, True), (19, 224, 6, 1, True), (25, 384, 6, 2, True), (7, 640, 6, 1, True),
]  # fmt: skip
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_DROPPED = 0.2  # of the samples of the last of the stages' blocks; of those before, less and less

_normal = functools.partial(normal, momentum=0.9)


def _block(x: Any, name: str, filters: int, wider: int, strides: int, late: bool, dropped: float) -> Any:
    channels, y = x.shape[-1], x
    size = 1 if late else 3
    if wider > 1:
        y = conv(y, wider * channels, f"{name}expand_conv", size, 1 if late else strides)
        y = _normal(y, f"{name}expand_bn", f"{name}expand_activation")
    if late:
        y = _normal(depthwise(y, f"{name}dwconv2", 3, strides, "same"), f"{name}bn", f"{name}activation")
        y = excited(y, name, max(1, channels // 4))
    if wider > 1 or late:
        y = _normal(conv(y, filters, f"{name}project_conv"), f"{name}project_bn")
    else:
        y = conv(y, filters, f"{name}project_conv", 3, strides)
        y = _normal(y, f"{name}project_bn", f"{name}project_activation")
    return y if strides > 1 or channels != filters else joined(y, x, name, dropped)


def _network(build: Building, stages: _Stages, wide: float, deep: float, include_preprocessing: bool) -> Any:
    def width(filters: int) -> int:
        return max(8, int(filters * wide + 4) // 8 * 8)

    x = build.start()
    if include_preprocessing and stages is _B and x.shape[-1] == 3:
        x = layers.Rescaling(1 / 255)(x)
        x = layers.Normalization(mean=_MEAN, variance=[deviation**2 for deviation in _DEVIATION], axis=3)(x)
    elif include_preprocessing:
        x = layers.Rescaling(1 / 128, -1)(x)
    first = 32 if stages in (_B, _L) else 24
    x = _normal(conv(x, width(first), "stem_conv", 3, 2), "stem_bn", "stem_activation")
    number, published = 0, sum(stage[0] for stage in stages)
    for i, (count, filters, wider, strides, late) in enumerate(stages):
        for j in range(math.ceil(deep * count)):
            name, dropped = f"block{i + 1}{chr(97 + j)}_", _DROPPED * number / published
            x = _block(x, name, width(filters), wider, 1 if j else strides, late, dropped)
            number += 1
    x = _normal(conv(x, width(1280), "top_conv"), "top_bn", "top_activation")
    return head(build, x, 0.2)


def _application(stages: _Stages, wide: float = 1.0, deep: float = 1.0) -> Callable[..., Any]:
    """Keras's function, for a name and a docstring."""

    def decorate(body: Callable[[], None]) -> Application:
        label = body.__name__.removeprefix("EfficientNetV2").lower()

        def function(
            include_top: bool = True,
            weights: Any = "imagenet",
            input_tensor: Any = None,
            input_shape: Any = None,
            pooling: str | None = None,
            classes: int = 1000,
            classifier_activation: Any = "softmax",
            include_preprocessing: bool = True,
            name: str | None = f"efficientnetv2-{label}",
            *,
            variant: str | None = None,
        ) -> Model:
            build = Building(
                body.__name__,
                include_top,
                weights,
                input_tensor,
                input_shape,
                pooling,
                classes,
                classifier_activation,
                name,
                variant=variant,
            )
            return build.model(_network(build, stages, wide, deep, include_preprocessing))

        return named_like(body, function)

    return decorate


@_application(_B)
def EfficientNetV2B0() -> None:
    """EfficientNet-V2-B0: 7,200,312 parameters, for images of 224x224 with pixels from 0 to 255.

    Args:
        include_preprocessing: whether the network begins by scaling the pixels: of three channels as torchvision does
            in the sizes B0 to B3, else to -1..1.
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name, variant: see
            ``fastcnn.applications.building.Building``.

    Example:
        >>> EfficientNetV2B0(weights=None, include_top=False, pooling="avg").output_shape
        (None, 1280)
    """


@_application(_B, 1.0, 1.1)
def EfficientNetV2B1() -> None:
    """EfficientNet-V2-B1: 8,212,124 parameters, for images of 240x240 with pixels from 0 to 255.

    Arguments as in ``EfficientNetV2B0``.

    Example:
        >>> EfficientNetV2B1(weights=None, include_top=False, pooling="avg").output_shape
        (None, 1280)
    """


@_application(_B, 1.1, 1.2)
def EfficientNetV2B2() -> None:
    """EfficientNet-V2-B2: 10,178,374 parameters, for images of 260x260 with pixels from 0 to 255.

    Arguments as in ``EfficientNetV2B0``.

    Example:
        >>> EfficientNetV2B2(weights=None, include_top=False, pooling="avg").output_shape
        (None, 1408)
    """


@_application(_B, 1.2, 1.4)
def EfficientNetV2B3() -> None:
    """EfficientNet-V2-B3: 14,467,622 parameters, for images of 300x300 with pixels from 0 to 255.

    Arguments as in ``EfficientNetV2B0``.

    Example:
        >>> EfficientNetV2B3(weights=None, include_top=False, pooling="avg").output_shape
        (None, 1536)
    """


@_application(_S)
def EfficientNetV2S() -> None:
    """EfficientNet-V2-S: 21,612,360 parameters, for images of 384x384 with pixels from 0 to 255.

    Arguments as in ``EfficientNetV2B0``.

    Example:
        >>> EfficientNetV2S(weights=None, include_top=False, pooling="avg").output_shape
        (None, 1280)
    """


@_application(_M)
def EfficientNetV2M() -> None:
    """EfficientNet-V2-M: 54,431,388 parameters, for images of 480x480 with pixels from 0 to 255.

    Arguments as in ``EfficientNetV2B0``.

    Example:
        >>> EfficientNetV2M(weights=None, include_top=False, pooling="avg").output_shape
        (None, 1280)
    """


@_application(_L)
def EfficientNetV2L() -> None:
    """EfficientNet-V2-L: 119,027,848 parameters, for images of 480x480 with pixels from 0 to 255.

    Arguments as in ``EfficientNetV2B0``.

    Example:
        >>> EfficientNetV2L(weights=None, include_top=False, pooling="avg").output_shape
        (None, 1280)
    """
