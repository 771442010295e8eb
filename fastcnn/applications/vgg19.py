"""VGG19: Keras's names and order of layers, or torchvision's."""

from typing import Any

from fastcnn.applications.building import Building, application
from fastcnn.applications.imagenet_utils import decode_predictions
from fastcnn.applications.vgg import vgg
from fastcnn.applications.vgg16 import preprocess_input

__all__ = ["VGG19", "decode_predictions", "preprocess_input"]


@application
def VGG19(build: Building) -> Any:
    """VGG with 19 layers of weights: 143,667,240 parameters.

    Arguments are those of ``fastcnn.applications.building.Building``. ``preprocess_input`` of this module fits
    Keras's weights; torchvision's want ``fastcnn.preprocessing.preprocess_input(x, "torch")``.

    Example:
        >>> VGG19(include_top=False, weights=None, input_shape=(64, 64, 3)).output_shape
        (None, 2, 2, 512)
    """
    return vgg(build, (2, 2, 4, 4, 4))
