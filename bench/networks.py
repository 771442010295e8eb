"""The networks that are compared end to end, in fastcnn."""

from collections.abc import Callable
from typing import Any, NamedTuple

from fastcnn import applications, initializers, layers, models

__all__ = ["NETWORKS", "Network", "build"]


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
        for _ in range(2):
            x = layers.Conv2D(filters, 3, padding=1, use_bias=False, kernel_initializer="he_normal")(x)
            x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x))
        x = layers.MaxPooling2D()(x)
    return models.Model(start, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)), name="cifar")


def efficientnet() -> Any:
    """EfficientNet-B0 as torchvision has it: as many zeros before an image as behind it.

    The published form, ``applications.EfficientNetB0``, has one zero less before windows two cells apart. PyTorch, and
    whatever reads its files, has to write such images anew; so all have the form that costs them nothing, as in the
    other networks. Keras adds layers of zeros for those five convolutions in either form.
    """
    # Size of the windows, how many blocks, filters, widening, strides of the first.
    stages = [(3, 1, 16, 1, 1), (3, 2, 24, 6, 2), (5, 2, 40, 6, 2), (3, 3, 80, 6, 2), (5, 3, 112, 6, 1),
              (5, 4, 192, 6, 2), (3, 1, 320, 6, 1)]  # fmt: skip
    blocks = [(*stage[:1], *stage[2:4], 1 if i else stage[4]) for stage in stages for i in range(stage[1])]

    def conv(x: Any, filters: int, size: int = 1, strides: int = 1, activation: str | None = None) -> Any:
        """With the normalisation behind it; as many filters as channels are depthwise where windows are wide."""
        # More than two: behind "silu" and halving weights values stay near one, and an error anywhere shows at the end.
        options = {"strides": strides, "padding": size // 2, "use_bias": False}
        if size > 1 and filters == x.shape[-1]:
            random = initializers.VarianceScaling(2.6, "fan_out", "untruncated_normal")
            x = layers.DepthwiseConv2D(size, depthwise_initializer=random, **options)(x)
        else:
            random = initializers.VarianceScaling(2.6, "fan_in", "untruncated_normal")
            x = layers.Conv2D(filters, size, kernel_initializer=random, **options)(x)
        x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
        return layers.Activation(activation)(x) if activation else x

    x = start = layers.Input((224, 224, 3))
    x = conv(x, 32, 3, 2, "silu")
    for number, (size, filters, wider, strides) in enumerate(blocks):
        channels, y = x.shape[-1], x
        if wider > 1:
            y = conv(y, wider * channels, activation="silu")
        y = conv(y, wider * channels, size, strides, "silu")
        weight = layers.GlobalAveragePooling2D(keepdims=True)(y)
        weight = layers.Conv2D(channels // 4, 1, activation="silu")(weight)
        weight = layers.Conv2D(wider * channels, 1, activation="sigmoid")(weight)
        y = conv(layers.Multiply()([y, weight]), filters)
        if strides == 1 and channels == filters:
            y = layers.Dropout(0.2 * number / len(blocks), noise_shape=(None, 1, 1, 1))(y)
            y = layers.Add()([y, x])
        x = y
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(conv(x, 1280, activation="silu")))
    return models.Model(start, layers.Dense(1000)(x), name="efficientnetb0")


def _published(name: str) -> Callable[[], Any]:
    """The published network as torchvision has it, which PyTorch can compute; with random weights, up to the logits."""

    def build() -> Any:
        return getattr(applications, name)(weights=None, classifier_activation=None, variant="torchvision")

    return build


class Network(NamedTuple):
    """How to build it, and what it is fed with."""

    make: Callable[[], Any]
    side: int  # of the square images
    channels: int
    classes: int
    training_batch: int
    inference_batch: int
    words: str  # for a reader


NETWORKS: dict[str, Network] = {
    "mnist": Network(mnist, 28, 1, 10, 128, 128, "MNIST CNN"),
    "cifar": Network(cifar, 32, 3, 10, 128, 128, "6-conv CIFAR net with batch norm"),
    "resnet18": Network(_published("ResNet18"), 224, 3, 1000, 32, 32, "ResNet-18"),
    "resnet50": Network(_published("ResNet50"), 224, 3, 1000, 32, 32, "ResNet-50"),
    "vgg16": Network(_published("VGG16"), 224, 3, 1000, 8, 32, "VGG16"),
    "googlenet": Network(_published("GoogLeNet"), 224, 3, 1000, 32, 32, "GoogLeNet"),
    "mobilenetv2": Network(_published("MobileNetV2"), 224, 3, 1000, 32, 32, "MobileNetV2"),
    "efficientnetb0": Network(efficientnet, 224, 3, 1000, 32, 32, "EfficientNet-B0"),
    "densenet121": Network(_published("DenseNet121"), 224, 3, 1000, 32, 32, "DenseNet-121"),
    "squeezenet": Network(_published("SqueezeNet"), 224, 3, 1000, 32, 32, "SqueezeNet 1.1"),
}


def build(name: str) -> Any:
    """The network, with fresh weights."""
    return NETWORKS[name].make()
