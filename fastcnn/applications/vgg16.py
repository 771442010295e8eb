"""VGG16: Keras's names and order of layers, or torchvision's."""

from typing import Any

from fastcnn.applications.building import Building, application
from fastcnn.applications.imagenet_utils import decode_predictions
from fastcnn.applications.vgg import vgg
from fastcnn.preprocessing import modes

__all__ = ["VGG16", "decode_predictions", "preprocess_input"]


@application
def VGG16(build: Building) -> Any:
    """VGG with 16 layers of weights: 138,357,544 parameters.

    Arguments are those of ``fastcnn.applications.building.Building``. ``preprocess_input`` of this module fits
    Keras's weights; torchvision's want ``fastcnn.preprocessing.preprocess_input(x, "torch")``.

    Example:
        >>> VGG16(include_top=False, weights=None, input_shape=(64, 64, 3)).output_shape
        (None, 2, 2, 512)
    """
    return vgg(build, (2, 2, 3, 3, 3))


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Pixels as Caffe's networks want them: blue, green, red, less ImageNet's mean of each.

    Args:
        x: (h, w, 3) or (n, h, w, 3), RGB from 0 to 255; it does not change.
        data_format: "channels_last" (unless given) or "channels_first".

    Example:
        >>> import numpy as np
        >>> preprocess_input(np.zeros((1, 1, 3), "uint8")).ravel()
        array([-103.939, -116.779, -123.68 ], dtype=float32)
    """
    return modes.preprocess_input(x, "caffe", data_format)
