"""SqueezeNet: as good as AlexNet with a fiftieth of its parameters (Iandola and others, 2016)."""

from typing import Any

from fastcnn import initializers, layers
from fastcnn.applications.building import Building
from fastcnn.applications.catalog import Files
from fastcnn.applications.imagenet_utils import decode_predictions
from fastcnn.applications.vgg import preprocess_input
from fastcnn.layers.arguments import choice
from fastcnn.models import Model

__all__ = ["SqueezeNet", "decode_predictions", "preprocess_input"]

# Behind the first convolution and its ReLU: a fire module by its filters (squeeze, expand), or None for a maximum.
_FEATURES = {
    "1.0": [None, (16, 64), (16, 64), (32, 128), None, (32, 128), (48, 192), (48, 192), (64, 256), None, (64, 256)],
    "1.1": [None, (16, 64), (16, 64), None, (32, 128), (32, 128), None, (48, 192), (48, 192), (64, 256), (64, 256)],
}
_FIRST = {"1.0": (96, 7), "1.1": (64, 3)}


def _conv(x: Any, filters: int, size: int, path: str, strides: int = 1, padding: Any = "valid") -> Any:
    return layers.Conv2D(
        filters, size, strides, padding, activation="relu", kernel_initializer="he_uniform", name=path
    )(x)


def _fire(x: Any, squeeze: int, expand: int, path: str) -> Any:
    """Few channels, then many: 1x1 and 3x3 side by side."""
    x = _conv(x, squeeze, 1, f"{path}.squeeze")
    one = _conv(x, expand, 1, f"{path}.expand1x1")
    three = _conv(x, expand, 3, f"{path}.expand3x3", padding="same")
    return layers.Concatenate(name=path)([one, three])


def _top(build: Building, x: Any) -> Any:
    x = layers.Dropout(0.5, name="classifier.0")(x)
    start = initializers.RandomNormal(stddev=0.01)
    x = layers.Conv2D(build.classes, 1, activation="relu", kernel_initializer=start, name="classifier.1")(x)
    x = layers.GlobalAveragePooling2D(name="classifier.3")(x)
    return layers.Activation(build.classifier_activation, name="predictions")(x)


def SqueezeNet(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = None,
    *,
    version: str = "1.1",
    variant: str | None = None,
) -> Model:
    """SqueezeNet: 1,235,496 parameters (version 1.0: 1,248,424), for images of 224x224.

    Args:
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name, variant: see
            ``fastcnn.applications.building.Building``.
        version: "1.1", which needs 2.4 times fewer operations, or "1.0", that of the paper.

    Example:
        >>> SqueezeNet(weights=None).count_params()
        1235496
    """
    version = choice(str(version), tuple(_FEATURES), "version")
    stem = "squeezenet" + version.replace(".", "_")
    build = Building(
        "SqueezeNet",
        include_top,
        weights,
        input_tensor,
        input_shape,
        pooling,
        classes,
        classifier_activation,
        name or stem,
        variant=variant,
        files=Files(torch=stem),
    )
    x = _conv(build.start(), *_FIRST[version], "features.0", strides=2)
    for number, fire in enumerate(_FEATURES[version], 2):
        path = f"features.{number}"
        x = layers.MaxPooling2D(3, 2, ceil_mode=True, name=path)(x) if fire is None else _fire(x, *fire, path)
    return build.model(_top(build, x) if build.include_top else build.pool(x))
