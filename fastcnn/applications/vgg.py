"""VGG: 3x3 convolutions in blocks, three wide layers at the end (Simonyan and Zisserman, 2014). Torchvision's sizes."""

from typing import Any

from fastcnn import layers
from fastcnn.applications.building import Building, application
from fastcnn.applications.imagenet_utils import decode_predictions
from fastcnn.applications.torchvision_layers import conv, conv_norm
from fastcnn.initializers import RandomNormal
from fastcnn.preprocessing import modes

__all__ = ["VGG11", "VGG11_BN", "VGG13", "VGG13_BN", "VGG16_BN", "VGG19_BN", "decode_predictions", "preprocess_input"]

_FILTERS = (64, 128, 256, 512, 512)


def vgg(build: Building, counts: tuple[int, ...], norm: bool = False) -> Any:
    """The network of either variant.

    Args:
        build: the arguments.
        counts: how many convolutions each block has.
        norm: whether batch normalisation follows each; in torchvision's variant.
    """
    x = build.start()
    if build.variant == "torchvision":
        return _torchvision_top(build, _torchvision_maps(x, counts, norm))
    for block, (count, filters) in enumerate(zip(counts, _FILTERS, strict=True), 1):
        for i in range(1, count + 1):
            x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"block{block}_conv{i}")(x)
        x = layers.MaxPooling2D(2, 2, name=f"block{block}_pool")(x)
    if not build.include_top:
        return build.pool(x, None, None)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(4096, activation="relu", name="fc1")(x)
    return build.top(layers.Dense(4096, activation="relu", name="fc2")(x))


def _torchvision_maps(x: Any, counts: tuple[int, ...], norm: bool) -> Any:
    place = 0
    for count, filters in zip(counts, _FILTERS, strict=True):
        for _ in range(count):
            name = f"features.{place}"
            if norm:
                x = conv_norm(x, name, f"features.{place + 1}", filters, 3, padding=1)
                x = layers.Activation("relu", name=f"features.{place + 2}")(x)
            else:
                x = conv(x, name, filters, 3, padding=1, activation="relu")
            place += 3 if norm else 2
        x = layers.MaxPooling2D(2, 2, name=f"features.{place}")(x)
        place += 1
    return x


def _torchvision_top(build: Building, x: Any) -> Any:
    if not build.include_top:
        return build.pool(x)
    if tuple(x.shape[1:3]) != (7, 7):  # of images of another size; 7x7 bins of 7x7 cells are the cells
        x = layers.AdaptiveAveragePooling2D(7, name="avgpool")(x)
    x = layers.Flatten(name="flatten")(x)
    for place in (0, 3):
        x = layers.Dense(4096, "relu", kernel_initializer=RandomNormal(0.0, 0.01), name=f"classifier.{place}")(x)
        x = layers.Dropout(0.5, name=f"classifier.{place + 2}")(x)
    return build.top(x, "classifier.6", kernel_initializer=RandomNormal(0.0, 0.01))


@application
def VGG11(build: Building) -> Any:
    """VGG with 11 layers of weights, as torchvision has it: 132,863,336 parameters.

    Arguments are those of ``fastcnn.applications.building.Building``. ``preprocess_input`` of this module fits it.

    Example:
        >>> VGG11(include_top=False, weights=None).output_shape
        (None, None, None, 512)
    """
    return vgg(build, (1, 1, 2, 2, 2))


@application
def VGG11_BN(build: Building) -> Any:
    """VGG11 with batch normalisation after each convolution: 132,868,840 parameters.

    Arguments are those of ``fastcnn.applications.building.Building``. ``preprocess_input`` of this module fits it.

    Example:
        >>> VGG11_BN(include_top=False, weights=None).get_layer("features.1").name
        'features.1'
    """
    return vgg(build, (1, 1, 2, 2, 2), norm=True)


@application
def VGG13(build: Building) -> Any:
    """VGG with 13 layers of weights, as torchvision has it: 133,047,848 parameters.

    Arguments are those of ``fastcnn.applications.building.Building``. ``preprocess_input`` of this module fits it.

    Example:
        >>> VGG13(include_top=False, weights=None, pooling="avg").output_shape
        (None, 512)
    """
    return vgg(build, (2, 2, 2, 2, 2))


@application
def VGG13_BN(build: Building) -> Any:
    """VGG13 with batch normalisation after each convolution: 133,053,736 parameters.

    Arguments are those of ``fastcnn.applications.building.Building``. ``preprocess_input`` of this module fits it.

    Example:
        >>> VGG13_BN(include_top=False, weights=None, pooling="max").output_shape
        (None, 512)
    """
    return vgg(build, (2, 2, 2, 2, 2), norm=True)


@application
def VGG16_BN(build: Building) -> Any:
    """VGG16 with batch normalisation after each convolution: 138,365,992 parameters.

    Arguments are those of ``fastcnn.applications.building.Building``. ``preprocess_input`` of this module fits it.

    Example:
        >>> VGG16_BN(include_top=False, weights=None, input_shape=(64, 64, 3)).output_shape
        (None, 2, 2, 512)
    """
    return vgg(build, (2, 2, 3, 3, 3), norm=True)


@application
def VGG19_BN(build: Building) -> Any:
    """VGG19 with batch normalisation after each convolution: 143,678,248 parameters.

    Arguments are those of ``fastcnn.applications.building.Building``. ``preprocess_input`` of this module fits it.

    Example:
        >>> VGG19_BN(include_top=False, weights=None, input_shape=(32, 32, 3)).output_shape
        (None, 1, 1, 512)
    """
    return vgg(build, (2, 2, 4, 4, 4), norm=True)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Pixels as torchvision's networks want them: 0..1, less ImageNet's mean, divided by its standard deviation.

    Args:
        x: (h, w, 3) or (n, h, w, 3), RGB from 0 to 255; it does not change.
        data_format: "channels_last" (unless given) or "channels_first".

    Example:
        >>> import numpy as np
        >>> preprocess_input(np.zeros((1, 1, 3), "uint8")).ravel().round(4)
        array([-2.1179, -2.0357, -1.8044], dtype=float32)
    """
    return modes.preprocess_input(x, "torch", data_format)
