"""AlexNet, with which it began (Krizhevsky, Sutskever and Hinton, 2012); in torchvision's sizes, those of 2014."""

from typing import Any

from fastcnn import layers
from fastcnn.applications.building import Building, application
from fastcnn.applications.imagenet_utils import decode_predictions
from fastcnn.applications.torchvision_layers import conv
from fastcnn.applications.vgg import preprocess_input

__all__ = ["AlexNet", "decode_predictions", "preprocess_input"]

# Place among the modules, filters, window, stride, padding; whether a pooling follows.
_CONVOLUTIONS = (
    (0, 64, 11, 4, 2, True),
    (3, 192, 5, 1, 2, True),
    (6, 384, 3, 1, 1, False),
    (8, 256, 3, 1, 1, False),
    (10, 256, 3, 1, 1, True),
)


@application
def AlexNet(build: Building) -> Any:
    """AlexNet on one machine, as torchvision has it: 61,100,840 parameters.

    Arguments are those of ``fastcnn.applications.building.Building``. ``preprocess_input`` of this module fits it.

    Example:
        >>> AlexNet(include_top=False, weights=None, input_shape=(224, 224, 3)).output_shape
        (None, 6, 6, 256)
    """
    x = build.start()
    for place, filters, size, stride, padding, pooled in _CONVOLUTIONS:
        x = conv(x, f"features.{place}", filters, size, stride, padding, activation="relu")
        if pooled:
            x = layers.MaxPooling2D(3, 2, name=f"features.{place + 2}")(x)
    if not build.include_top:
        return build.pool(x)
    if tuple(x.shape[1:3]) != (6, 6):  # of images of another size; 6x6 bins of 6x6 cells are the cells
        x = layers.AdaptiveAveragePooling2D(6, name="avgpool")(x)
    x = layers.Flatten(name="flatten")(x)
    for place in (0, 3):
        x = layers.Dropout(0.5, name=f"classifier.{place}")(x)
        x = layers.Dense(4096, "relu", name=f"classifier.{place + 1}")(x)
    return build.top(x, "classifier.6")
