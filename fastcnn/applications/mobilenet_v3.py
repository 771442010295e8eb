"""MobileNet V3: blocks found by search, some with weighted channels, cheap activations (Howard and others, 2019)."""

from typing import Any, NamedTuple

from fastcnn import initializers, layers
from fastcnn.applications.building import Building
from fastcnn.applications.catalog import Files, find_entry
from fastcnn.applications.efficientnet import preprocess_input
from fastcnn.applications.imagenet_utils import decode_predictions
from fastcnn.applications.mobilenet_v2 import eighths, padded
from fastcnn.applications.published_sizes import published_size
from fastcnn.applications.torchvision_layers import conv
from fastcnn.models import Model

__all__ = ["MobileNetV3Large", "MobileNetV3Small", "decode_predictions", "preprocess_input"]


class _Block(NamedTuple):
    """Filters are the published numbers, of which alpha takes a part."""

    size: int
    wide: int
    filters: int
    weighted: bool
    activation: str
    strides: int


_SWISH = "hard_swish"
_SMALL = [
    _Block(3, 16, 16, True, "relu", 2),
    _Block(3, 72, 24, False, "relu", 2),
    _Block(3, 88, 24, False, "relu", 1),
    _Block(5, 96, 40, True, _SWISH, 2),
    *[_Block(5, 240, 40, True, _SWISH, 1)] * 2,
    _Block(5, 120, 48, True, _SWISH, 1),
    _Block(5, 144, 48, True, _SWISH, 1),
    _Block(5, 288, 96, True, _SWISH, 2),
    *[_Block(5, 576, 96, True, _SWISH, 1)] * 2,
]
_LARGE = [
    _Block(3, 16, 16, False, "relu", 1),
    _Block(3, 64, 24, False, "relu", 2),
    _Block(3, 72, 24, False, "relu", 1),
    _Block(5, 72, 40, True, "relu", 2),
    *[_Block(5, 120, 40, True, "relu", 1)] * 2,
    _Block(3, 240, 80, False, _SWISH, 2),
    _Block(3, 200, 80, False, _SWISH, 1),
    *[_Block(3, 184, 80, False, _SWISH, 1)] * 2,
    _Block(3, 480, 112, True, _SWISH, 1),
    _Block(3, 672, 112, True, _SWISH, 1),
    _Block(5, 672, 160, True, _SWISH, 2),
    *[_Block(5, 960, 160, True, _SWISH, 1)] * 2,
]


def _activate(x: Any, kind: str, name: str | None = None) -> Any:
    return layers.ReLU(name=name)(x) if kind == "relu" else layers.Activation(kind, name=name)(x)


class _Keras:
    """Names and arithmetic of Keras: odd cells of the padding at the end; blocks widen what comes in."""

    first, last = "conv", "conv_1"

    def stem(self, alpha: float) -> int:
        return 16

    def wide(self, block: _Block, before: int, channels: int, alpha: float) -> int:
        return eighths(channels * (block.wide / before))

    def expands(self, number: int, wide: int, channels: int) -> bool:
        return number > 0

    def names(self, number: int, expands: bool, weighted: bool) -> list[str]:
        begin = f"expanded_conv_{number}_" if number else "expanded_conv_"
        return [begin + part for part in ("expand", "depthwise", "squeeze_excite", "project", "add")]

    def normal(self, x: Any, name: str, activation: str | None) -> Any:
        x = layers.BatchNormalization(momentum=0.999, epsilon=0.001, name=f"{name}_bn")(x)
        return x if activation is None else _activate(x, activation)

    def conv(self, x: Any, name: str, filters: int, activation: str | None, size: int = 1, strides: int = 1) -> Any:
        x = layers.Conv2D(filters, size, strides, "same", use_bias=False, name=name)(x)
        return self.normal(x, name, activation)

    def depthwise(self, x: Any, name: str, block: _Block) -> Any:
        if block.strides == 2:
            x = padded(x, block.size, f"{name}_pad")
        padding = "valid" if block.strides == 2 else "same"
        x = layers.DepthwiseConv2D(block.size, block.strides, padding, use_bias=False, name=name)(x)
        return self.normal(x, name, block.activation)

    def weigh(self, x: Any, name: str) -> Any:
        channels = x.shape[-1]
        y = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_avg_pool")(x)
        y = layers.Conv2D(eighths(channels / 4), 1, padding="same", name=f"{name}_conv")(y)
        y = layers.ReLU(name=f"{name}_relu")(y)
        y = layers.Conv2D(channels, 1, padding="same", name=f"{name}_conv_1")(y)
        y = layers.ReLU(6.0)(y + 3.0) * (1 / 6)  # Keras has no layer here, and numbers its ReLUs
        return layers.Multiply(name=f"{name}_mul")([x, y])

    def top(self, build: Building, x: Any, filters: int, alpha: float, activation: str, dropout: float) -> Any:
        x = layers.GlobalAveragePooling2D(keepdims=True)(x)
        filters = eighths(filters * max(1.0, alpha))
        x = _activate(layers.Conv2D(filters, 1, padding="same", name="conv_2")(x), activation)
        x = layers.Dropout(dropout)(x) if dropout else x
        x = layers.Flatten()(layers.Conv2D(build.classes, 1, padding="same", name="logits")(x))
        return layers.Activation(build.classifier_activation, name="predictions")(x)


class _Torchvision(_Keras):
    """Names and arithmetic of torchvision: padding on each side; alpha takes its part of all filters."""

    def __init__(self, blocks: int):
        self.first, self.last = "features.0", f"features.{blocks + 1}"

    def stem(self, alpha: float) -> int:
        return eighths(16 * alpha)

    def wide(self, block: _Block, before: int, channels: int, alpha: float) -> int:
        return eighths(block.wide * alpha)

    def expands(self, number: int, wide: int, channels: int) -> bool:
        return wide != channels

    def names(self, number: int, expands: bool, weighted: bool) -> list[str]:
        begin, one = f"features.{number + 1}.block", int(expands)
        steps = (0, one, one + 1, one + 1 + weighted)
        return [*(f"{begin}.{step}" for step in steps), f"{begin}.add"]

    def normal(self, x: Any, name: str, activation: str | None) -> Any:
        x = layers.BatchNormalization(momentum=0.99, epsilon=0.001, name=f"{name}.1")(x)
        return x if activation is None else _activate(x, activation, f"{name}.2")

    def conv(self, x: Any, name: str, filters: int, activation: str | None, size: int = 1, strides: int = 1) -> Any:
        x = conv(x, f"{name}.0", filters, size, strides, size // 2, use_bias=False)
        return self.normal(x, name, activation)

    def depthwise(self, x: Any, name: str, block: _Block) -> Any:
        x = layers.DepthwiseConv2D(
            block.size, block.strides, block.size // 2, use_bias=False, depthwise_initializer="he_normal",
            name=f"{name}.0",
        )(x)  # fmt: skip
        return self.normal(x, name, block.activation)

    def weigh(self, x: Any, name: str) -> Any:
        channels = x.shape[-1]
        y = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}.avgpool")(x)
        y = layers.ReLU(name=f"{name}.activation")(conv(y, f"{name}.fc1", eighths(channels // 4), 1))
        y = layers.Activation("hard_sigmoid", name=f"{name}.scale_activation")(conv(y, f"{name}.fc2", channels, 1))
        return layers.Multiply(name=f"{name}.mul")([x, y])

    def top(self, build: Building, x: Any, filters: int, alpha: float, activation: str, dropout: float) -> Any:
        start = initializers.RandomNormal(stddev=0.01)
        x = layers.GlobalAveragePooling2D(name="avgpool")(x)
        x = layers.Dense(eighths(filters * alpha), kernel_initializer=start, name="classifier.0")(x)
        x = _activate(x, activation, "classifier.1")
        x = layers.Dropout(dropout, name="classifier.2")(x) if dropout else x
        return build.top(x, "classifier.3", kernel_initializer=start)


def _network(
    network: str,
    blocks: list[_Block],
    last: int,
    alpha: float,
    minimalistic: bool,
    dropout_rate: float,
    include_preprocessing: bool,
    weights: Any,
    **arguments: Any,
) -> Model:
    label = f"{network} with minimalistic=True" if minimalistic else network
    published_size(label, weights, alpha, (1.0,) if minimalistic else (0.75, 1.0), (224,), None, None)
    kind = network.removeprefix("MobileNetV3").lower()
    stem = f"weights_mobilenet_v3_{kind}{'_minimalistic' * bool(minimalistic)}_224_{float(alpha)}_float"
    files = Files((f"{stem}.h5", f"{stem}_no_top_v2.h5"), find_entry(network).files.torch, whole=False)
    if minimalistic or alpha != 1:
        files = files._replace(torch=None)
    build = Building(network, weights=weights, files=files, any_size=True, **arguments)
    keras = build.variant == "keras"
    if minimalistic and not keras:
        raise ValueError("minimalistic=True is of variant='keras' alone, got variant='torchvision'")
    if minimalistic:
        blocks = [block._replace(size=3, weighted=False, activation="relu") for block in blocks]
    activation = "relu" if minimalistic else _SWISH
    parts = _Keras() if keras else _Torchvision(len(blocks))
    x = build.start()
    if include_preprocessing and keras:
        x = layers.Rescaling(1 / 127.5, -1.0)(x)
    x, before = parts.conv(x, parts.first, parts.stem(alpha), activation, 3, 2), 16
    for number, block in enumerate(blocks):
        x, before = _block(parts, x, number, block, before, alpha), block.filters
    x = parts.conv(x, parts.last, eighths(6 * x.shape[-1]), activation)
    top = parts.top(build, x, last, alpha, activation, dropout_rate) if build.include_top else build.pool(x)
    return build.model(top)


def _block(parts: _Keras, x: Any, number: int, block: _Block, before: int, alpha: float) -> Any:
    channels, y = x.shape[-1], x
    wide = parts.wide(block, before, channels, alpha)
    expands = parts.expands(number, wide, channels)
    expand, depthwise, weigh, project, add = parts.names(number, expands, block.weighted)
    if expands:
        y = parts.conv(y, expand, wide, block.activation)
    y = parts.depthwise(y, depthwise, block)
    if block.weighted:
        y = parts.weigh(y, weigh)
    y = parts.conv(y, project, eighths(block.filters * alpha), None)
    return layers.Add(name=add)([x, y]) if block.strides == 1 and channels == y.shape[-1] else y


def MobileNetV3Small(
    input_shape: Any = None,
    alpha: float = 1.0,
    minimalistic: bool = False,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    classes: int = 1000,
    pooling: str | None = None,
    dropout_rate: float = 0.2,
    classifier_activation: Any = "softmax",
    include_preprocessing: bool = True,
    name: str | None = "MobileNetV3Small",
    *,
    variant: str | None = None,
) -> Model:
    """The smaller MobileNet V3: 2,554,968 parameters, for images of 224x224 with pixels from 0 to 255, and others.

    The variants differ in the padding of convolutions with strides (Keras: the odd cell at the end; torchvision: one
    on each side), in momenta, in what alpha means inside the blocks, and in the pixels: torchvision's wants those of
    ``preprocessing.preprocess_input(x, "torch")``.

    Args:
        input_shape: (h, w, c); at least 32x32. None for images of any size, with the top, too.
        alpha: how many filters there are, as a part of the published number.
        minimalistic: neither weighted channels nor ``hard_swish`` nor windows of 5x5; Keras's variant only.
        dropout_rate: which part of the features training drops before the classifier.
        include_preprocessing: whether Keras's variant begins by bringing pixels from 0..255 to -1..1.
        include_top, weights, input_tensor, classes, pooling, classifier_activation, name, variant: see
            ``fastcnn.applications.building.Building``. Keras published weights for an alpha of 0.75 and 1.0 (1.0 if
            minimalistic), torchvision for 1.0.

    Example:
        >>> MobileNetV3Small(weights=None, include_top=False, alpha=0.75, pooling="avg").output_shape
        (None, 432)
    """
    return _network(
        "MobileNetV3Small", _SMALL, 1024, alpha, minimalistic, dropout_rate, include_preprocessing, weights,
        input_shape=input_shape, include_top=include_top, input_tensor=input_tensor, classes=classes, pooling=pooling,
        classifier_activation=classifier_activation, name=name, variant=variant,
    )  # fmt: skip


def MobileNetV3Large(
    input_shape: Any = None,
    alpha: float = 1.0,
    minimalistic: bool = False,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    classes: int = 1000,
    pooling: str | None = None,
    dropout_rate: float = 0.2,
    classifier_activation: Any = "softmax",
    include_preprocessing: bool = True,
    name: str | None = "MobileNetV3Large",
    *,
    variant: str | None = None,
) -> Model:
    """The larger MobileNet V3: 5,507,432 parameters, for images of 224x224 with pixels from 0 to 255, and others.

    Variants and arguments as in ``MobileNetV3Small``.

    Example:
        >>> MobileNetV3Large(weights=None, include_top=False, alpha=0.75, pooling="avg").output_shape
        (None, 720)
    """
    return _network(
        "MobileNetV3Large", _LARGE, 1280, alpha, minimalistic, dropout_rate, include_preprocessing, weights,
        input_shape=input_shape, include_top=include_top, input_tensor=input_tensor, classes=classes, pooling=pooling,
        classifier_activation=classifier_activation, name=name, variant=variant,
    )  # fmt: skip
