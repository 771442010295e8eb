"""MobileNet: a depthwise convolution and a pointwise one in place of each convolution (Howard and others, 2017)."""

from typing import Any

from fastcnn import layers
from fastcnn.applications.building import Building
from fastcnn.applications.catalog import Files
from fastcnn.applications.imagenet_utils import decode_predictions
from fastcnn.applications.published_sizes import published_size, rows_of
from fastcnn.applications.resnet_v2 import preprocess_input
from fastcnn.models import Model

__all__ = ["MobileNet", "decode_predictions", "preprocess_input"]

# Filters and strides of the blocks.
_BLOCKS = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]
_SIZES = (128, 160, 192, 224)
_ALPHAS = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}


def _normal(x: Any, name: str) -> Any:
    return layers.ReLU(6.0, name=f"{name}_relu")(layers.BatchNormalization(name=f"{name}_bn")(x))


def _block(x: Any, filters: int, strides: int, multiplier: int, number: int) -> Any:
    if strides == 2:
        x = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"conv_pad_{number}")(x)
    name, padding = f"conv_dw_{number}", "same" if strides == 1 else "valid"
    x = layers.DepthwiseConv2D(3, strides, padding, depth_multiplier=multiplier, use_bias=False, name=name)(x)
    x = _normal(x, name)
    name = f"conv_pw_{number}"
    return _normal(layers.Conv2D(filters, 1, padding="same", use_bias=False, name=name)(x), name)


def _top(build: Building, x: Any, dropout: float) -> Any:
    x = layers.GlobalAveragePooling2D(keepdims=True, name="global_average_pooling2d")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Conv2D(build.classes, 1, padding="same", name="conv_preds")(x)
    x = layers.Reshape((build.classes,), name="reshape_2")(x)
    return layers.Activation(build.classifier_activation, name="predictions")(x)


def MobileNet(
    input_shape: Any = None,
    alpha: float = 1.0,
    depth_multiplier: int = 1,
    dropout: float = 0.001,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = None,
    *,
    variant: str | None = None,
) -> Model:
    """MobileNet: 4,253,864 parameters, for images of 224x224.

    Args:
        input_shape: (h, w, c); at least 32x32.
        alpha: how many filters there are, as a part of the published number.
        depth_multiplier: how many filters a depthwise convolution has for each channel.
        dropout: which part of the features training drops before the classifier.
        include_top, weights, input_tensor, pooling, classes, classifier_activation, name, variant: see
            ``fastcnn.applications.building.Building``. There are published weights for an alpha of 0.25, 0.5, 0.75
            and 1.0, each for images of 128, 160, 192 and 224.

    Example:
        >>> MobileNet(weights=None, alpha=0.25, classes=10).count_params()
        221114
    """
    if weights == "imagenet" and depth_multiplier != 1:
        raise ValueError(f"weights='imagenet' has depth_multiplier=1, got {depth_multiplier!r}")
    size = published_size("MobileNet", weights, alpha, tuple(_ALPHAS), _SIZES, input_shape, input_tensor)
    stem = f"mobilenet_{_ALPHAS.get(alpha)}_{size}_tf"
    build = Building(
        "MobileNet",
        include_top,
        weights,
        input_tensor,
        input_shape,
        pooling,
        classes,
        classifier_activation,
        name or f"mobilenet_{alpha:0.2f}_{rows_of(input_shape, input_tensor, size, include_top, weights)}",
        variant=variant,
        files=Files((f"{stem}.h5", f"{stem}_no_top.h5")),
        size=size,
    )
    x = layers.Conv2D(int(32 * alpha), 3, 2, "same", use_bias=False, name="conv1")(build.start())
    x = _normal(x, "conv1")
    for number, (filters, strides) in enumerate(_BLOCKS, 1):
        x = _block(x, int(filters * alpha), strides, depth_multiplier, number)
    if build.include_top:
        return build.model(_top(build, x, dropout))
    return build.model(build.pool(x, "global_average_pooling2d", "global_max_pooling2d"))
