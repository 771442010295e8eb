"""The networks that are compared end to end, in fastcnn."""

from typing import Any

from fastcnn import layers, models

__all__ = ["NETWORKS", "build"]


def _conv(x: Any, filters: int, kernel: int, stride: int = 1, groups: str = "") -> Any:
    """A convolution padded as PyTorch pads, without bias: batch normalisation follows."""
    pad = kernel // 2
    if groups == "depthwise":
        if pad:
            x = layers.ZeroPadding2D(pad)(x)
        return layers.DepthwiseConv2D(kernel, strides=stride, use_bias=False)(x)
    return layers.Conv2D(filters, kernel, strides=stride, padding=pad, use_bias=False, kernel_initializer="he_normal")(
        x
    )


def _conv_norm(x: Any, filters: int, kernel: int, stride: int = 1, activation: str = "relu", groups: str = "") -> Any:
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(_conv(x, filters, kernel, stride, groups))
    return layers.Activation(activation)(x) if activation else x


def mnist() -> Any:
    """conv32, conv64, pool, dense128, dropout, 10."""
    x = start = layers.Input((28, 28, 1))
    x = layers.Conv2D(32, 3, activation="relu")(x)
    x = layers.Conv2D(64, 3, activation="relu")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Dense(128, activation="relu")(layers.Flatten()(x))
    return models.Model(start, layers.Dense(10)(layers.Dropout(0.5)(x)), name="mnist")


def cifar() -> Any:
    """Six convolutions with batch normalisation: 64, 64, pool, 128, 128, pool, 256, 256, pool, mean."""
    x = start = layers.Input((32, 32, 3))
    for filters in (64, 128, 256):
        x = _conv_norm(_conv_norm(x, filters, 3), filters, 3)
        x = layers.MaxPooling2D()(x)
    return models.Model(start, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)), name="cifar")


def _basic(x: Any, filters: int, stride: int) -> Any:
    shortcut = x
    if stride > 1 or x.shape[-1] != filters:
        shortcut = _conv_norm(x, filters, 1, stride, "")
    y = _conv_norm(_conv_norm(x, filters, 3, stride), filters, 3, 1, "")
    return layers.Activation("relu")(layers.Add()([y, shortcut]))


def _bottleneck(x: Any, filters: int, stride: int) -> Any:
    shortcut = x
    if stride > 1 or x.shape[-1] != 4 * filters:
        shortcut = _conv_norm(x, 4 * filters, 1, stride, "")
    y = _conv_norm(_conv_norm(_conv_norm(x, filters, 1), filters, 3, stride), 4 * filters, 1, 1, "")
    return layers.Activation("relu")(layers.Add()([y, shortcut]))


def _resnet(block: Any, counts: tuple[int, ...], name: str) -> Any:
    x = start = layers.Input((224, 224, 3))
    x = _conv_norm(x, 64, 7, 2)
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
    for stage, count in enumerate(counts):
        for i in range(count):
            x = block(x, 64 << stage, 2 if stage and not i else 1)
    return models.Model(start, layers.Dense(1000)(layers.GlobalAveragePooling2D()(x)), name=name)


def resnet18() -> Any:
    """ResNet-18."""
    return _resnet(_basic, (2, 2, 2, 2), "resnet18")


def resnet50() -> Any:
    """ResNet-50, the stride in the 3x3 convolutions."""
    return _resnet(_bottleneck, (3, 4, 6, 3), "resnet50")


def vgg16() -> Any:
    """VGG-16."""
    x = start = layers.Input((224, 224, 3))
    for filters, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            x = layers.Conv2D(filters, 3, padding="same", activation="relu", kernel_initializer="he_normal")(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(x)
    for _ in range(2):
        x = layers.Dropout(0.5)(layers.Dense(4096, activation="relu")(x))
    return models.Model(start, layers.Dense(1000)(x), name="vgg16")


def mobilenet_v2() -> Any:
    """MobileNetV2, width 1."""
    x = start = layers.Input((224, 224, 3))
    x = _conv_norm(x, 32, 3, 2, "relu6")
    for expansion, filters, count, stride in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ):  # fmt: skip
        for i in range(count):
            y = x if expansion == 1 else _conv_norm(x, expansion * x.shape[-1], 1, 1, "relu6")
            y = _conv_norm(y, y.shape[-1], 3, stride if not i else 1, "relu6", "depthwise")
            y = _conv_norm(y, filters, 1, 1, "")
            x = layers.Add()([x, y]) if i else y
    x = _conv_norm(x, 1280, 1, 1, "relu6")
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    return models.Model(start, layers.Dense(1000)(x), name="mobilenet_v2")


# Name: (builder, side of the images, channels, classes, batch of training, batch of inference).
NETWORKS: dict[str, tuple[Any, int, int, int, int, int]] = {
    "mnist": (mnist, 28, 1, 10, 128, 128),
    "cifar": (cifar, 32, 3, 10, 128, 128),
    "resnet18": (resnet18, 224, 3, 1000, 32, 32),
    "resnet50": (resnet50, 224, 3, 1000, 32, 32),
    "vgg16": (vgg16, 224, 3, 1000, 8, 32),
    "mobilenet_v2": (mobilenet_v2, 224, 3, 1000, 32, 32),
}


def build(name: str) -> Any:
    """The network, with fresh weights."""
    return NETWORKS[name][0]()
