"""MobileNet V2: narrow maps between the blocks, wide ones inside them (Sandler and others, 2018)."""

from typing import Any

from fastcnn import initializers, layers
from fastcnn.applications.building import Building
from fastcnn.applications.catalog import Files
from fastcnn.applications.imagenet_utils import decode_predictions
from fastcnn.applications.published_sizes import published_size, rows_of
from fastcnn.applications.resnet_v2 import preprocess_input
from fastcnn.applications.torchvision_layers import conv_norm
from fastcnn.models import Model

__all__ = ["MobileNetV2", "decode_predictions", "preprocess_input"]

# Widening, filters, how many, strides of the first.
_STAGES = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
_SIZES = (96, 128, 160, 192, 224)
_ALPHAS = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)


def eighths(filters: float) -> int:
    """The multiple of eight nearest to it, but not less than nine tenths of it.

    Args:
        filters: what a width makes of the published number.

    Example:
        >>> eighths(24 * 0.75), eighths(11)
        (24, 16)
    """
    near = max(8, int(filters + 4) // 8 * 8)
    return near + 8 if near < 0.9 * filters else near


def padded(x: Any, size: int, name: str) -> Any:
    """Cells around maps whose windows are two cells apart, as Keras has them: the last window ends at the last row of
    images whose size is even, or not known.

    Args:
        x: (n, h, w, c).
        size: of the window.
        name: of the layer.

    Example:
        >>> padded(layers.Input((6, 7, 1)), 3, "pad").shape
        (None, 7, 9, 1)
    """
    sides = tuple((size // 2 - (n is None or n % 2 == 0), size // 2) for n in x.shape[1:3])
    return layers.ZeroPadding2D(sides, name=name)(x)


def _blocks(width: Any) -> list[tuple[int, int, int]]:
    """Widening, filters and strides of each block."""
    return [
        (wider, width(filters), strides if i == 0 else 1)
        for wider, filters, count, strides in _STAGES
        for i in range(count)
    ]


class _Keras:
    """Names and arithmetic of Keras: odd cells of the padding at the end."""

    def normal(self, x: Any, name: str, relu: str | None) -> Any:
        x = layers.BatchNormalization(momentum=0.999, epsilon=0.001, name=name)(x)
        return x if relu is None else layers.ReLU(6.0, name=relu)(x)

    def first(self, x: Any, filters: int) -> Any:
        x = layers.Conv2D(filters, 3, 2, "same", use_bias=False, name="Conv1")(x)
        return self.normal(x, "bn_Conv1", "Conv1_relu")

    def last(self, x: Any, filters: int) -> Any:
        x = layers.Conv2D(filters, 1, use_bias=False, name="Conv_1")(x)
        return self.normal(x, "Conv_1_bn", "out_relu")

    def block(self, x: Any, number: int, wider: int, filters: int, strides: int) -> Any:
        name = f"block_{number}" if number else "expanded_conv"
        channels, y = x.shape[-1], x
        if wider > 1:
            y = layers.Conv2D(wider * channels, 1, padding="same", use_bias=False, name=f"{name}_expand")(y)
            y = self.normal(y, f"{name}_expand_BN", f"{name}_expand_relu")
        if strides == 2:
            y = padded(y, 3, f"{name}_pad")
        padding = "valid" if strides == 2 else "same"
        y = layers.DepthwiseConv2D(3, strides, padding, use_bias=False, name=f"{name}_depthwise")(y)
        y = self.normal(y, f"{name}_depthwise_BN", f"{name}_depthwise_relu")
        y = layers.Conv2D(filters, 1, padding="same", use_bias=False, name=f"{name}_project")(y)
        y = self.normal(y, f"{name}_project_BN", None)
        return layers.Add(name=f"{name}_add")([x, y]) if strides == 1 and channels == filters else y


class _Torchvision:
    """Names and arithmetic of torchvision: padding on each side, other normalisation."""

    def conv(self, x: Any, path: str, filters: int, size: int = 1, strides: int = 1) -> Any:
        x = conv_norm(x, f"{path}.0", f"{path}.1", filters, size, strides, size // 2, use_bias=False)
        return layers.ReLU(6.0, name=f"{path}.2")(x)

    def first(self, x: Any, filters: int) -> Any:
        return self.conv(x, "features.0", filters, 3, 2)

    def last(self, x: Any, filters: int) -> Any:
        return self.conv(x, "features.18", filters)

    def block(self, x: Any, number: int, wider: int, filters: int, strides: int) -> Any:
        path, step = f"features.{number + 1}.conv", 0
        channels, y = x.shape[-1], x
        if wider > 1:
            y, step = self.conv(y, f"{path}.0", wider * channels), 1
        name, start = f"{path}.{step}.0", "he_normal"
        y = layers.DepthwiseConv2D(3, strides, 1, use_bias=False, depthwise_initializer=start, name=name)(y)
        y = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{path}.{step}.1")(y)
        y = layers.ReLU(6.0, name=f"{path}.{step}.2")(y)
        y = conv_norm(y, f"{path}.{step + 1}", f"{path}.{step + 2}", filters, 1, use_bias=False)
        return layers.Add(name=f"{path}.add")([x, y]) if strides == 1 and channels == filters else y


def MobileNetV2(
    input_shape: Any = None,
    alpha: float = 1.0,
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
    """MobileNet V2: 3,538,984 parameters, for images of 224x224.

    The variants differ in the padding of convolutions with strides (Keras: the odd cell at the end; torchvision: one
    on each side), in the epsilon of normalisations and in a dropout before torchvision's classifier.

    Args:
        input_shape: (h, w, c); at least 32x32.
        alpha: how many filters there are, as a part of the published number.
        include_top, weights, input_tensor, pooling, classes, classifier_activation, name, variant: see
            ``fastcnn.applications.building.Building``. Keras published weights for an alpha of 0.35, 0.5, 0.75, 1.0,
            1.3 and 1.4, each for images of 96, 128, 160, 192 and 224; torchvision for 1.0.

    Example:
        >>> MobileNetV2(weights=None, include_top=False, alpha=0.35).count_params()
        410208
    """
    size = published_size("MobileNetV2", weights, alpha, _ALPHAS, _SIZES, input_shape, input_tensor)
    stem = f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{float(alpha)}_{size}"
    build = Building(
        "MobileNetV2",
        include_top,
        weights,
        input_tensor,
        input_shape,
        pooling,
        classes,
        classifier_activation,
        name or f"mobilenetv2_{alpha:0.2f}_{rows_of(input_shape, input_tensor, size, include_top, weights)}",
        variant=variant,
        files=Files((f"{stem}.h5", f"{stem}_no_top.h5"), "mobilenet_v2" if alpha == 1 else None),
        size=size,
    )
    keras = build.variant == "keras"
    parts = _Keras() if keras else _Torchvision()
    x = parts.first(build.start(), eighths(32 * alpha))
    blocks = _blocks(lambda filters: eighths(int(filters * alpha) if keras else filters * alpha))
    for number, (wider, filters, strides) in enumerate(blocks):
        x = parts.block(x, number, wider, filters, strides)
    x = parts.last(x, eighths(1280 * max(1.0, alpha)))
    if keras or not build.include_top:
        return build.model(build.head(x, "predictions", "global_average_pooling2d", "global_max_pooling2d"))
    x = layers.GlobalAveragePooling2D(name="global_average_pooling2d")(x)
    x = layers.Dropout(0.2, name="classifier.0")(x)
    return build.model(build.top(x, "classifier.1", kernel_initializer=initializers.RandomNormal(stddev=0.01)))
