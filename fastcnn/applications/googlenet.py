"""GoogLeNet: windows of several sizes side by side (Szegedy and others, 2015), as torchvision has it."""

from typing import Any

from fastcnn import initializers, layers
from fastcnn.applications.building import Building
from fastcnn.applications.imagenet_utils import decode_predictions
from fastcnn.applications.transform_input import to_minus_one_to_one
from fastcnn.applications.vgg import preprocess_input
from fastcnn.models import Model

__all__ = ["GoogLeNet", "decode_predictions", "preprocess_input"]

# Filters of each module: 1x1; 3x3 behind 1x1; the larger window behind 1x1; 1x1 behind the maximum.
_MODULES = {
    "inception3a": (64, (96, 128), (16, 32), 32),
    "inception3b": (128, (128, 192), (32, 96), 64),
    "inception4a": (192, (96, 208), (16, 48), 64),
    "inception4b": (160, (112, 224), (24, 64), 64),
    "inception4c": (128, (128, 256), (24, 64), 64),
    "inception4d": (112, (144, 288), (32, 64), 64),
    "inception4e": (256, (160, 320), (32, 128), 128),
    "inception5a": (256, (160, 320), (32, 128), 128),
    "inception5b": (384, (192, 384), (48, 128), 128),
}
_AUXILIARY = {"inception4a": "aux1", "inception4d": "aux2"}
_HALVED = {"inception3b": ("maxpool3", 3), "inception4e": ("maxpool4", 2)}  # behind what: name, window


def _conv(x: Any, filters: int, size: int, path: str, strides: int = 1) -> Any:
    start = initializers.TruncatedNormal(stddev=0.01)
    padding, name = size // 2, f"{path}.conv"
    x = layers.Conv2D(filters, size, strides, padding, use_bias=False, kernel_initializer=start, name=name)(x)
    x = layers.BatchNormalization(momentum=0.9, epsilon=0.001, name=f"{path}.bn")(x)
    return layers.Activation("relu", name=f"{path}.relu")(x)


def _dense(x: Any, units: int, activation: Any, path: str) -> Any:
    start = initializers.TruncatedNormal(stddev=0.01)
    return layers.Dense(units, activation, kernel_initializer=start, name=path)(x)


def _module(x: Any, path: str) -> Any:
    """Four ways side by side. The paper's 5x5 has been 3x3 in torchvision from the beginning, and so in its weights."""
    one, three, five, pool = _MODULES[path]
    parts = [_conv(x, one, 1, f"{path}.branch1")]
    for branch, (narrow, wide) in ((2, three), (3, five)):
        y = _conv(x, narrow, 1, f"{path}.branch{branch}.0")
        parts.append(_conv(y, wide, 3, f"{path}.branch{branch}.1"))
    y = layers.MaxPooling2D(3, 1, 1, name=f"{path}.branch4.0")(x)
    parts.append(_conv(y, pool, 1, f"{path}.branch4.1"))
    return layers.Concatenate(name=path)(parts)


def _halve(x: Any, name: str, window: int) -> Any:
    return layers.MaxPooling2D(window, 2, ceil_mode=True, name=name)(x)


def _auxiliary(build: Building, x: Any, path: str) -> Any:
    """A classifier on maps from the middle of the network, which brings gradients there."""
    x = layers.AdaptiveAveragePooling2D(4, name=f"{path}.pool")(x)
    x = layers.Flatten(name=f"{path}.flatten")(_conv(x, 128, 1, f"{path}.conv"))
    x = layers.Dropout(0.7, name=f"{path}.dropout")(_dense(x, 1024, "relu", f"{path}.fc1"))
    return _dense(x, build.classes, build.classifier_activation, f"{path}.fc2")


def _network(build: Building, transform: bool, auxiliary: bool) -> Any:
    x = build.start()
    x = to_minus_one_to_one(x) if transform else x
    x = _halve(_conv(x, 64, 7, "conv1", 2), "maxpool1", 3)
    x = _halve(_conv(_conv(x, 64, 1, "conv2"), 192, 3, "conv3"), "maxpool2", 3)
    sides: list[Any] = []
    for path in _MODULES:
        x = _module(x, path)
        if auxiliary and path in _AUXILIARY:
            sides.insert(0, _auxiliary(build, x, _AUXILIARY[path]))
        x = _halve(x, *_HALVED[path]) if path in _HALVED else x
    if not build.include_top:
        return build.pool(x)
    x = layers.GlobalAveragePooling2D(name="avgpool")(x)
    x = layers.Dropout(0.2, name="dropout")(x)
    x = _dense(x, build.classes, build.classifier_activation, "fc")
    return [x, *sides] if sides else x


def GoogLeNet(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = None,
    *,
    variant: str | None = None,
    aux_logits: bool = False,
    transform_input: bool | None = None,
) -> Model:
    """GoogLeNet (Inception V1) with batch normalisation: 6,624,904 parameters, for images of 224x224.

    Args:
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name, variant: see
            ``fastcnn.applications.building.Building``.
        aux_logits: whether the two auxiliary classifiers are outputs, too: [classes, aux2, aux1]. torchvision trains
            with ``loss_weights=[1, 0.3, 0.3]``.
        transform_input: whether images normalised as torchvision does are brought to -1..1 first, which its published
            weights expect; None means where weights are loaded.

    Example:
        >>> GoogLeNet(weights=None, include_top=False, pooling="avg").output_shape
        (None, 1024)
        >>> len(GoogLeNet(weights=None, aux_logits=True, classes=2).outputs)
        3
    """
    if aux_logits and not include_top:
        raise ValueError("aux_logits=True needs include_top=True: auxiliary classifiers are parts of the top")
    build = Building(
        "GoogLeNet",
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
    transform = weights is not None if transform_input is None else bool(transform_input)
    return build.model(_network(build, transform, aux_logits))
