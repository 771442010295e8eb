"""ConvNeXt: a residual network made modern, large depthwise windows and few activations (Liu and others, 2022)."""

from collections.abc import Callable
from typing import Any

from fastcnn import initializers, layers
from fastcnn.applications.building import Application, Building, named_like
from fastcnn.applications.efficientnet import preprocess_input
from fastcnn.applications.imagenet_utils import decode_predictions
from fastcnn.models import Model, Sequential

__all__ = ["ConvNeXtBase", "ConvNeXtSmall", "ConvNeXtTiny", "decode_predictions", "preprocess_input"]

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_SCALE = 1e-6  # how much of a block is added in the beginning


def _normal(name: str | None = None) -> layers.Layer:
    return layers.LayerNormalization(epsilon=1e-6, name=name)


class _Keras:
    """Names and arithmetic of Keras: layers between stages are models of their own."""

    start: Any = "glorot_uniform"

    def __init__(self, name: str):
        self.name = name

    def conv(self, filters: int, size: int, name: str, **options: Any) -> layers.Layer:
        return layers.Conv2D(filters, size, name=name, kernel_initializer=self.start, **options)

    def dense(self, units: int, name: str) -> layers.Layer:
        return layers.Dense(units, kernel_initializer=self.start, name=name)

    def between(self, x: Any, stage: int, filters: int) -> Any:
        """What makes maps smaller: the stem, and before each of the other stages."""
        if stage:
            name = f"{self.name}_downsampling"
            norm, conv = _normal(f"{name}_layernorm_{stage - 1}"), f"{name}_conv_{stage - 1}"
            parts, name = [norm, self.conv(filters, 2, conv, strides=2)], f"{name}_block_{stage - 1}"
        else:
            name = f"{self.name}_stem"
            parts = [self.conv(filters, 4, f"{name}_conv", strides=4), _normal(f"{name}_layernorm")]
        return Sequential(parts, name=name)(x)

    def names(self, stage: int, block: int) -> list[str]:
        begin = f"{self.name}_stage_{stage}_block_{block}_"
        parts = (
            "depthwise_conv",
            "layernorm",
            "pointwise_conv_1",
            "gelu",
            "pointwise_conv_2",
            "layer_scale",
            "identity",
        )
        return [begin + part for part in parts]

    def path(self, x: Any, name: str, dropped: float) -> Any:
        return layers.Activation("linear", name=name)(x)

    def end(self, build: Building, x: Any) -> Any:
        if not build.include_top:
            return _normal()(build.pool(x, None, None))
        x = layers.GlobalAveragePooling2D(name=f"{self.name}_head_gap")(x)
        return build.top(_normal(f"{self.name}_head_layernorm")(x), f"{self.name}_head_dense")


class _Torchvision(_Keras):
    """Names and arithmetic of torchvision: blocks are dropped in training."""

    start = initializers.TruncatedNormal(stddev=0.02)

    def between(self, x: Any, stage: int, filters: int) -> Any:
        begin = f"features.{2 * stage}"
        if stage:
            return self.conv(filters, 2, f"{begin}.1", strides=2)(_normal(f"{begin}.0")(x))
        return _normal(f"{begin}.1")(self.conv(filters, 4, f"{begin}.0", strides=4)(x))

    def names(self, stage: int, block: int) -> list[str]:
        begin = f"features.{2 * stage + 1}.{block}"
        return [*(f"{begin}.block.{step}" for step in (0, 2, 3, 4, 5)), begin, f"{begin}.stochastic_depth"]

    def path(self, x: Any, name: str, dropped: float) -> Any:
        return layers.StochasticDepth(dropped, name=name)(x) if dropped else x

    def end(self, build: Building, x: Any) -> Any:
        if not build.include_top:
            return build.pool(x)
        x = _normal("classifier.0")(layers.GlobalAveragePooling2D(name="avgpool")(x))
        return build.top(x, "classifier.2", kernel_initializer=self.start)


def _block(parts: _Keras, x: Any, stage: int, block: int, dropped: float) -> Any:
    channels = x.shape[-1]
    depthwise, norm, wide, gelu, narrow, scale, path = parts.names(stage, block)
    y = _normal(norm)(parts.conv(channels, 7, depthwise, padding="same", groups=channels)(x))
    y = layers.Activation("gelu", name=gelu)(parts.dense(4 * channels, wide)(y))
    y = layers.LayerScale(_SCALE, channels, name=scale)(parts.dense(channels, narrow)(y))
    return x + parts.path(y, path, dropped)


def _network(build: Building, counts: tuple[int, ...], filters: int, dropped: float, preprocessing: bool) -> Any:
    keras = build.variant == "keras"
    parts = _Keras(build.name) if keras else _Torchvision(build.name)
    x = build.start()
    if preprocessing and keras and x.shape[-1] == 3:
        mean, variance = [255 * m for m in _MEAN], [(255 * d) ** 2 for d in _DEVIATION]
        x = layers.Normalization(mean=mean, variance=variance, name=f"{build.name}_prestem_normalization")(x)
    number = 0
    for stage, count in enumerate(counts):
        x = parts.between(x, stage, filters << stage)
        for block in range(count):
            x = _block(parts, x, stage, block, dropped * number / (sum(counts) - 1))
            number += 1
    return parts.end(build, x)


def _application(counts: tuple[int, ...], filters: int, dropped: float) -> Callable[..., Any]:
    """Keras's function, for a name and a docstring."""

    def decorate(body: Callable[[], None]) -> Application:
        def function(
            include_top: bool = True,
            include_preprocessing: bool = True,
            weights: Any = "imagenet",
            input_tensor: Any = None,
            input_shape: Any = None,
            pooling: str | None = None,
            classes: int = 1000,
            classifier_activation: Any = "softmax",
            name: str | None = f"convnext_{body.__name__.removeprefix('ConvNeXt').lower()}",
            *,
            variant: str | None = None,
        ) -> Model:
            build = Building(
                body.__name__,
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
            return build.model(_network(build, counts, filters, dropped, include_preprocessing))

        return named_like(body, function)

    return decorate


@_application((3, 3, 9, 3), 96, 0.1)
def ConvNeXtTiny() -> None:
    """ConvNeXt-Tiny: 28,589,128 parameters, for images of 224x224 with pixels from 0 to 255.

    The variants differ in names, in the pixels (torchvision's wants those of
    ``preprocessing.preprocess_input(x, "torch")``), in blocks that torchvision's drops in training, and without the
    top in a last normalisation that only Keras's has.

    Args:
        include_preprocessing: whether Keras's variant begins by scaling the pixels of images with three channels.
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name, variant: see
            ``fastcnn.applications.building.Building``.

    Example:
        >>> ConvNeXtTiny(weights=None, include_top=False, pooling="avg").output_shape
        (None, 768)
    """


@_application((3, 3, 27, 3), 96, 0.4)
def ConvNeXtSmall() -> None:
    """ConvNeXt-Small: 50,223,688 parameters, for images of 224x224 with pixels from 0 to 255.

    Arguments as in ``ConvNeXtTiny``.

    Example:
        >>> ConvNeXtSmall(weights=None, include_top=False, pooling="avg").output_shape
        (None, 768)
    """


@_application((3, 3, 27, 3), 128, 0.5)
def ConvNeXtBase() -> None:
    """ConvNeXt-Base: 88,591,464 parameters, for images of 224x224 with pixels from 0 to 255.

    Arguments as in ``ConvNeXtTiny``.

    Example:
        >>> ConvNeXtBase(weights=None, include_top=False, pooling="avg").output_shape
        (None, 1024)
    """
