"""The networks that are compared end to end, in fastcnn."""

from collections.abc import Callable
from typing import Any, NamedTuple

from fastcnn import applications, layers, models

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
}


def build(name: str) -> Any:
    """The network, with fresh weights."""
    return NETWORKS[name].make()
