"""ResNet as Keras has it: version 1, activation after the sum, and version 2, normalisation before the convolutions."""

from typing import Any

from fastcnn import layers
from fastcnn.applications.building import Building

__all__ = ["resnet_v1", "resnet_v2"]


def resnet_v1(build: Building, counts: tuple[int, ...]) -> Any:
    """The first version: its shrinking blocks have the stride in the first 1x1 convolution.

    Args:
        build: the arguments.
        counts: how many blocks each of the four stages has.
    """
    x = _stem(build, norm=True)
    for stage, count in enumerate(counts, 2):
        for i in range(1, count + 1):
            stride = 2 if stage > 2 and i == 1 else 1
            x = _block_v1(x, f"conv{stage}_block{i}", 16 << stage, stride, widen=i == 1)
    return build.head(x)


def resnet_v2(build: Building, counts: tuple[int, ...]) -> Any:
    """The second version: its stages shrink in their last block.

    Args:
        build: the arguments.
        counts: how many blocks each of the four stages has.
    """
    x = _stem(build, norm=False)
    for stage, count in enumerate(counts, 2):
        for i in range(1, count + 1):
            stride = 2 if stage < 5 and i == count else 1
            x = _block_v2(x, f"conv{stage}_block{i}", 16 << stage, stride, widen=i == 1)
    return build.head(_norm_relu(x, "post"))


def _stem(build: Building, norm: bool) -> Any:
    x = layers.ZeroPadding2D(3, name="conv1_pad")(build.start())
    x = layers.Conv2D(64, 7, 2, name="conv1_conv")(x)
    if norm:
        x = _norm_relu(x, "conv1")
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    return layers.MaxPooling2D(3, 2, name="pool1_pool")(x)


def _norm(x: Any, name: str) -> Any:
    return layers.BatchNormalization(epsilon=1.001e-5, name=f"{name}_bn")(x)


def _norm_relu(x: Any, name: str) -> Any:
    return layers.Activation("relu", name=f"{name}_relu")(_norm(x, name))


def _block_v1(x: Any, name: str, filters: int, stride: int, widen: bool) -> Any:
    shortcut = x
    if widen:
        shortcut = _norm(layers.Conv2D(4 * filters, 1, stride, name=f"{name}_0_conv")(x), f"{name}_0")
    x = _norm_relu(layers.Conv2D(filters, 1, stride, name=f"{name}_1_conv")(x), f"{name}_1")
    x = _norm_relu(layers.Conv2D(filters, 3, padding="same", name=f"{name}_2_conv")(x), f"{name}_2")
    x = _norm(layers.Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x), f"{name}_3")
    x = layers.Add(name=f"{name}_add")([shortcut, x])
    return layers.Activation("relu", name=f"{name}_out")(x)


def _block_v2(x: Any, name: str, filters: int, stride: int, widen: bool) -> Any:
    before = _norm_relu(x, f"{name}_preact")
    shortcut = x
    if widen:
        shortcut = layers.Conv2D(4 * filters, 1, stride, name=f"{name}_0_conv")(before)
    elif stride > 1:
        shortcut = layers.MaxPooling2D(1, stride)(x)
    y = _norm_relu(layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_1_conv")(before), f"{name}_1")
    y = layers.ZeroPadding2D(1, name=f"{name}_2_pad")(y)
    y = _norm_relu(layers.Conv2D(filters, 3, stride, use_bias=False, name=f"{name}_2_conv")(y), f"{name}_2")
    y = layers.Conv2D(4 * filters, 1, name=f"{name}_3_conv")(y)
    return layers.Add(name=f"{name}_out")([shortcut, y])
