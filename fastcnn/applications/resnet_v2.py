"""ResNet V2: batch normalisation and ReLU come before the convolutions (He, Zhang, Ren and Sun, 2016)."""

from typing import Any

from fastcnn.applications.building import Building, application
from fastcnn.applications.imagenet_utils import decode_predictions
from fastcnn.applications.residual import resnet_v2
from fastcnn.preprocessing import modes

__all__ = ["ResNet50V2", "ResNet101V2", "ResNet152V2", "decode_predictions", "preprocess_input"]


@application
def ResNet50V2(build: Building) -> Any:
    """ResNet V2 with 50 layers of weights: 25,613,800 parameters with moving statistics.

    Arguments are those of ``fastcnn.applications.building.Building``. ``preprocess_input`` of this module fits it.

    Example:
        >>> ResNet50V2(include_top=False, weights=None, input_shape=(32, 32, 3)).output_shape
        (None, 1, 1, 2048)
    """
    return resnet_v2(build, (3, 4, 6, 3))


@application
def ResNet101V2(build: Building) -> Any:
    """ResNet V2 with 101 layers of weights: 44,675,560 parameters with moving statistics.

    Arguments are those of ``fastcnn.applications.building.Building``. ``preprocess_input`` of this module fits it.

    Example:
        >>> ResNet101V2(include_top=False, weights=None, input_shape=(32, 32, 3)).output_shape
        (None, 1, 1, 2048)
    """
    return resnet_v2(build, (3, 4, 23, 3))


@application
def ResNet152V2(build: Building) -> Any:
    """ResNet V2 with 152 layers of weights: 60,380,648 parameters with moving statistics.

    Arguments are those of ``fastcnn.applications.building.Building``. ``preprocess_input`` of this module fits it.

    Example:
        >>> ResNet152V2(include_top=False, weights=None, input_shape=(32, 32, 3)).output_shape
        (None, 1, 1, 2048)
    """
    return resnet_v2(build, (3, 8, 36, 3))


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Pixels from 0..255 to -1..1.

    Args:
        x: (h, w, 3) or (n, h, w, 3), RGB; it does not change.
        data_format: "channels_last" (unless given) or "channels_first".

    Example:
        >>> preprocess_input([[[0, 255, 51]]]).ravel().tolist()
        [-1.0, 1.0, -0.6000000238418579]
    """
    return modes.preprocess_input(x, "tf", data_format)
