"""LeNet-5, the network that read cheques (LeCun, Bottou, Bengio and Haffner, 1998)."""

from typing import Any

from fastcnn import layers
from fastcnn.applications.building import Building
from fastcnn.models import Model
from fastcnn.preprocessing.modes import preprocess_input as _preprocess

__all__ = ["LeNet5", "preprocess_input"]


def LeNet5(
    include_top: bool = True,
    weights: Any = None,
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 10,
    classifier_activation: Any = "softmax",
    name: str | None = None,
) -> Model:
    """LeNet-5 in the form that is taught today: 61,706 parameters.

    Of 1998 it keeps the sizes and tanh. The third layer sees all six maps of the second instead of a table of
    combinations, averages have no weights of their own, and the radial basis functions at the end are a Dense layer
    with softmax. Images are (32, 32, 1): a digit of MNIST with a border of two. There are no published weights, so
    ``weights`` is None or a file of your own.

    Args:
        include_top: whether the three dense layers are there; the first is a convolution over all that is left.
        weights, input_tensor, input_shape, pooling: see ``fastcnn.applications.building.Building``.
        classes, classifier_activation, name: likewise.

    Example:
        >>> LeNet5().count_params()
        61706
    """
    build = Building(
        "LeNet5",
        include_top,
        weights,
        input_tensor,
        input_shape,
        pooling,
        classes,
        classifier_activation,
        name,
    )
    return build.model(_layers(build))


def _layers(build: Building) -> Any:
    x = build.start()
    for number, filters in ((1, 6), (3, 16)):
        x = layers.Conv2D(filters, 5, activation="tanh", name=f"c{number}")(x)
        x = layers.AveragePooling2D(2, name=f"s{number + 1}")(x)
    if not build.include_top:
        return build.pool(x)
    x = layers.Conv2D(120, 5, activation="tanh", name="c5")(x)
    x = layers.Flatten(name="flatten")(x)
    return build.top(layers.Dense(84, activation="tanh", name="f6")(x))


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Pixels from 0..255 to 0..1.

    Args:
        x: (h, w, 1) or (n, h, w, 1).
        data_format: "channels_last" (unless given) or "channels_first".

    Example:
        >>> preprocess_input([[[255]]])
        array([[[1.]]], dtype=float32)
    """
    return _preprocess(x, "unit", data_format)
