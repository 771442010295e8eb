"""LeNet-5, the network that read cheques (LeCun, Bottou, Bengio and Haffner, 1998)."""

from typing import Any

from fastcnn import layers
from fastcnn.applications.building import Building, application
from fastcnn.preprocessing.modes import preprocess_input as _preprocess

__all__ = ["LeNet5", "preprocess_input"]


@application
def LeNet5(build: Building) -> Any:
    """LeNet-5 in the form that is taught today: 61,706 parameters with 10 classes.

    Of 1998 it keeps the sizes and tanh. The third layer sees all six maps of the second instead of a table of
    combinations, averages have no weights of their own, and the radial basis functions at the end are a Dense layer
    with softmax. Images are (32, 32, 1): a digit of MNIST with a border of two. There are no published weights.

    Arguments are those of ``fastcnn.applications.building.Building``; ``classes`` is 1000 unless given.

    Example:
        >>> LeNet5(weights=None, classes=10).count_params()
        61706
    """
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
