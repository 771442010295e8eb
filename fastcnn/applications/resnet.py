"""ResNet: what a block computes is added to what it was given (He, Zhang, Ren and Sun, 2015)."""

from typing import Any

from fastcnn.applications.building import Building, application
from fastcnn.applications.imagenet_utils import decode_predictions
from fastcnn.applications.residual import resnet_v1
from fastcnn.applications.resnet_torchvision import torchvision_resnet
from fastcnn.applications.vgg16 import preprocess_input

__all__ = ["ResNet50", "ResNet101", "ResNet152", "decode_predictions", "preprocess_input"]


def _resnet(build: Building, counts: tuple[int, ...]) -> Any:
    if build.variant == "torchvision":
        return torchvision_resnet(build, counts, bottleneck=True)
    return resnet_v1(build, counts)


@application
def ResNet50(build: Building) -> Any:
    """ResNet with 50 layers of weights: 25,636,712 parameters in Keras's variant, with moving statistics.

    Torchvision's variant (files ``.pth``) has no biases, and the stride in the 3x3 convolutions. Arguments are those of
    ``fastcnn.applications.building.Building``. ``preprocess_input`` of this module fits Keras's weights; torchvision's
    want ``fastcnn.preprocessing.preprocess_input(x, "torch")``.

    Example:
        >>> ResNet50(include_top=False, weights=None, input_shape=(32, 32, 3)).output_shape
        (None, 1, 1, 2048)
    """
    return _resnet(build, (3, 4, 6, 3))


@application
def ResNet101(build: Building) -> Any:
    """ResNet with 101 layers of weights: 44,707,176 parameters in Keras's variant, with moving statistics.

    Torchvision's variant (files ``.pth``) has no biases, and the stride in the 3x3 convolutions. Arguments are those of
    ``fastcnn.applications.building.Building``. ``preprocess_input`` of this module fits Keras's weights; torchvision's
    want ``fastcnn.preprocessing.preprocess_input(x, "torch")``.

    Example:
        >>> ResNet101(include_top=False, weights=None, input_shape=(32, 32, 3)).output_shape
        (None, 1, 1, 2048)
    """
    return _resnet(build, (3, 4, 23, 3))


@application
def ResNet152(build: Building) -> Any:
    """ResNet with 152 layers of weights: 60,419,944 parameters in Keras's variant, with moving statistics.

    Torchvision's variant (files ``.pth``) has no biases, and the stride in the 3x3 convolutions. Arguments are those of
    ``fastcnn.applications.building.Building``. ``preprocess_input`` of this module fits Keras's weights; torchvision's
    want ``fastcnn.preprocessing.preprocess_input(x, "torch")``.

    Example:
        >>> ResNet152(include_top=False, weights=None, input_shape=(32, 32, 3)).output_shape
        (None, 1, 1, 2048)
    """
    return _resnet(build, (3, 8, 36, 3))
