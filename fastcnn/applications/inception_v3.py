"""Inception V3: large windows as sequences of small ones, side by side (Szegedy and others, 2016)."""

from typing import Any

from fastcnn import initializers, layers
from fastcnn.applications.building import Building
from fastcnn.applications.imagenet_utils import decode_predictions
from fastcnn.applications.resnet_v2 import preprocess_input
from fastcnn.applications.transform_input import to_minus_one_to_one
from fastcnn.models import Model

__all__ = ["InceptionV3", "decode_predictions", "preprocess_input"]


class _Keras:
    """Layers as Keras has them: without names of their own, numbered in the order in which they are made."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}

    def named(self, stem: str) -> str:
        number = self._used.get(stem, 0)
        self._used[stem] = number + 1
        return f"{stem}_{number}" if number else stem

    def conv(self, x: Any, path: str, filters: int, size: Any, strides: int = 1, padding: str = "same") -> Any:
        """A convolution, normalised, and ReLU; ``path`` is its name in torchvision."""
        x = layers.Conv2D(filters, size, strides, padding, use_bias=False, name=self.named("conv2d"))(x)
        x = layers.BatchNormalization(axis=3, scale=False, name=self.named("batch_normalization"))(x)
        return layers.Activation("relu", name=self.named("activation"))(x)

    def maximum(self, x: Any) -> Any:
        """Half the size."""
        return layers.MaxPooling2D(3, 2, name=self.named("max_pooling2d"))(x)

    def average(self, x: Any) -> Any:
        """The mean of a pixel and its neighbours; at the border there are fewer."""
        return layers.AveragePooling2D(3, 1, "same", name=self.named("average_pooling2d"))(x)

    def join(self, parts: list[Any], name: str | None = None) -> Any:
        """Their channels side by side."""
        return layers.Concatenate(axis=3, name=name or self.named("concatenate"))(parts)


class _Torchvision(_Keras):
    """Layers as torchvision has them: named by their place, a scale in the normalisation, zeros in the means."""

    def conv(self, x: Any, path: str, filters: int, size: Any, strides: int = 1, padding: str = "same") -> Any:
        kernel = initializers.TruncatedNormal(stddev=0.1)
        x = layers.Conv2D(
            filters, size, strides, padding, use_bias=False, kernel_initializer=kernel, name=f"{path}.conv"
        )(x)
        x = layers.BatchNormalization(momentum=0.9, epsilon=0.001, name=f"{path}.bn")(x)
        return layers.Activation("relu", name=f"{path}.relu")(x)

    def average(self, x: Any) -> Any:
        x = layers.ZeroPadding2D(1, name=self.named("zero_padding2d"))(x)
        return layers.AveragePooling2D(3, 1, name=self.named("average_pooling2d"))(x)


def _chain(on: _Keras, x: Any, path: str, steps: list[tuple[int, Any]], strides: int = 1) -> Any:
    """Convolutions one after the other; the last has the strides, and no padding where they are not 1."""
    for i, (filters, size) in enumerate(steps, 1):
        last = i == len(steps) and strides > 1
        x = on.conv(x, f"{path}_{i}", filters, size, strides if last else 1, "valid" if last else "same")
    return x


def _windows(on: _Keras, x: Any, path: str, pool: int, name: str) -> Any:
    """1x1, 5x5, two 3x3 and means, side by side."""
    one = on.conv(x, f"{path}.branch1x1", 64, 1)
    five = _chain(on, x, f"{path}.branch5x5", [(48, 1), (64, 5)])
    three = _chain(on, x, f"{path}.branch3x3dbl", [(64, 1), (96, 3), (96, 3)])
    mean = on.conv(on.average(x), f"{path}.branch_pool", pool, 1)
    return on.join([one, five, three, mean], name)


def _first_halving(on: _Keras, x: Any, path: str, name: str) -> Any:
    three = on.conv(x, f"{path}.branch3x3", 384, 3, 2, "valid")
    double = _chain(on, x, f"{path}.branch3x3dbl", [(64, 1), (96, 3), (96, 3)], 2)
    return on.join([three, double, on.maximum(x)], name)


def _rows_and_columns(on: _Keras, x: Any, path: str, inner: int, name: str) -> Any:
    """7x7 as a row and a column, once and twice, beside 1x1 and means."""
    row, column = (1, 7), (7, 1)
    one = on.conv(x, f"{path}.branch1x1", 192, 1)
    seven = _chain(on, x, f"{path}.branch7x7", [(inner, 1), (inner, row), (192, column)])
    steps = [(inner, 1), (inner, column), (inner, row), (inner, column), (192, row)]
    double = _chain(on, x, f"{path}.branch7x7dbl", steps)
    mean = on.conv(on.average(x), f"{path}.branch_pool", 192, 1)
    return on.join([one, seven, double, mean], name)


def _second_halving(on: _Keras, x: Any, path: str, name: str) -> Any:
    three = _chain(on, x, f"{path}.branch3x3", [(192, 1), (320, 3)], 2)
    seven = _chain(on, x, f"{path}.branch7x7x3", [(192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3)], 2)
    return on.join([three, seven, on.maximum(x)], name)


def _widest(on: _Keras, x: Any, path: str, name: str, inner_name: str) -> Any:
    """3x3 as a row beside a column, behind 1x1 and behind 3x3."""
    row, column = (1, 3), (3, 1)
    one = on.conv(x, f"{path}.branch1x1", 320, 1)
    three = on.conv(x, f"{path}.branch3x3_1", 384, 1)
    parts = [on.conv(three, f"{path}.branch3x3_2{a}", 384, size) for a, size in (("a", row), ("b", column))]
    three = on.join(parts, inner_name)
    double = _chain(on, x, f"{path}.branch3x3dbl", [(448, 1), (384, 3)])
    parts = [on.conv(double, f"{path}.branch3x3dbl_3{a}", 384, size) for a, size in (("a", row), ("b", column))]
    double = on.join(parts)
    mean = on.conv(on.average(x), f"{path}.branch_pool", 192, 1)
    return on.join([one, three, double, mean], name)


def _features(on: _Keras, x: Any) -> Any:
    x = on.conv(x, "Conv2d_1a_3x3", 32, 3, 2, "valid")
    x = on.conv(x, "Conv2d_2a_3x3", 32, 3, 1, "valid")
    x = on.maximum(on.conv(x, "Conv2d_2b_3x3", 64, 3))
    x = on.conv(x, "Conv2d_3b_1x1", 80, 1, 1, "valid")
    x = on.maximum(on.conv(x, "Conv2d_4a_3x3", 192, 3, 1, "valid"))
    for i, pool in enumerate([32, 64, 64]):
        x = _windows(on, x, f"Mixed_5{'bcd'[i]}", pool, f"mixed{i}")
    x = _first_halving(on, x, "Mixed_6a", "mixed3")
    for i, inner in enumerate([128, 160, 160, 192]):
        x = _rows_and_columns(on, x, f"Mixed_6{'bcde'[i]}", inner, f"mixed{4 + i}")
    x = _second_halving(on, x, "Mixed_7a", "mixed8")
    for i in range(2):
        x = _widest(on, x, f"Mixed_7{'bc'[i]}", f"mixed{9 + i}", f"mixed9_{i}")
    return x


def InceptionV3(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = "inception_v3",
    *,
    variant: str | None = None,
    transform_input: bool | None = None,
) -> Model:
    """Inception V3: 23,851,784 parameters, for images of 299x299.

    The variants differ in the scale of normalisations (torchvision has one), in the means at borders (torchvision
    counts zeros) and in a dropout before torchvision's classifier. Its auxiliary classifier is not built.

    Args:
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name, variant: see
            ``fastcnn.applications.building.Building``.
        transform_input: of the variant "torchvision": whether images normalised as torchvision does are brought to
            -1..1 first, which its published weights expect; None means where weights are loaded.

    Example:
        >>> InceptionV3(weights=None, include_top=False, pooling="avg").output_shape
        (None, 2048)
    """
    build = Building(
        "InceptionV3",
        include_top,
        weights,
        input_tensor,
        input_shape,
        pooling,
        classes,
        classifier_activation,
        name,
        variant=variant,
    )
    keras = build.variant == "keras"
    x = build.start()
    if not keras and (weights is not None if transform_input is None else transform_input):
        x = to_minus_one_to_one(x)
    elif keras and transform_input:
        raise ValueError("transform_input=True is of variant='torchvision'; Keras's takes pixels from -1 to 1")
    x = _features(_Keras() if keras else _Torchvision(), x)
    if not build.include_top:
        return build.model(build.pool(x, "global_average_pooling2d", "global_max_pooling2d"))
    if keras:
        return build.model(build.head(x))
    x = layers.Dropout(0.5, name="dropout")(layers.GlobalAveragePooling2D(name="avgpool")(x))
    return build.model(build.top(x, "fc", kernel_initializer=initializers.TruncatedNormal(stddev=0.1)))
