"""ResNet as torchvision has it: no biases, and where a bottleneck shrinks, its 3x3 convolution has the stride."""

from typing import Any

from fastcnn import layers
from fastcnn.applications.building import Building, application
from fastcnn.applications.imagenet_utils import decode_predictions
from fastcnn.applications.torchvision_layers import conv_norm
from fastcnn.applications.vgg import preprocess_input

__all__ = ["ResNet18", "ResNet34", "decode_predictions", "preprocess_input"]


def torchvision_resnet(build: Building, counts: tuple[int, ...], bottleneck: bool) -> Any:
    """The network.

    Args:
        build: the arguments.
        counts: how many blocks each of the four stages has.
        bottleneck: blocks of 1x1, 3x3, 1x1 with four times the channels; else of two 3x3.
    """
    x = conv_norm(build.start(), "conv1", "bn1", 64, 7, 2, 3, use_bias=False)
    x = layers.Activation("relu", name="relu")(x)
    x = layers.MaxPooling2D(3, 2, padding=1, name="maxpool")(x)
    for stage, count in enumerate(counts):
        for i in range(count):
            stride = 2 if stage and not i else 1
            x = _block(x, f"layer{stage + 1}.{i}", 64 << stage, stride, bottleneck)
    return build.head(x, "fc", "avgpool", "maxpool_global")


def _block(x: Any, path: str, filters: int, stride: int, bottleneck: bool) -> Any:
    """(filters, window, stride) of each convolution; what is added is the input, or a 1x1 convolution of it."""
    if bottleneck:
        sizes = [(filters, 1, 1), (filters, 3, stride), (4 * filters, 1, 1)]
    else:
        sizes = [(filters, 3, stride), (filters, 3, 1)]
    y, shortcut = x, x
    for n, (width, window, step) in enumerate(sizes, 1):
        y = conv_norm(y, f"{path}.conv{n}", f"{path}.bn{n}", width, window, step, window // 2, use_bias=False)
        if n < len(sizes):
            y = layers.Activation("relu", name=f"{path}.relu{n}")(y)
    if stride > 1 or x.shape[-1] != sizes[-1][0]:
        names = f"{path}.downsample.0", f"{path}.downsample.1"
        shortcut = conv_norm(x, *names, sizes[-1][0], 1, stride, use_bias=False)
    y = layers.Add(name=f"{path}.add")([y, shortcut])
    return layers.Activation("relu", name=f"{path}.relu")(y)


@application
def ResNet18(build: Building) -> Any:
    """ResNet with 18 layers of weights: 11,689,512 parameters, and 9,600 moving statistics.

    Arguments are those of ``fastcnn.applications.building.Building``. ``preprocess_input`` of this module fits it.

    Example:
        >>> ResNet18(include_top=False, weights=None, input_shape=(64, 64, 3)).output_shape
        (None, 2, 2, 512)
    """
    return torchvision_resnet(build, (2, 2, 2, 2), bottleneck=False)


@application
def ResNet34(build: Building) -> Any:
    """ResNet with 34 layers of weights: 21,797,672 parameters, and 17,024 moving statistics.

    Arguments are those of ``fastcnn.applications.building.Building``. ``preprocess_input`` of this module fits it.

    Example:
        >>> ResNet34(include_top=False, weights=None, pooling="avg").output_shape
        (None, 512)
    """
    return torchvision_resnet(build, (3, 4, 6, 3), bottleneck=False)
