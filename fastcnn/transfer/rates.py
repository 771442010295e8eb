"""Learning rates by layer: layers near the input, which know the most general things, learn slower."""

from typing import Any

from fastcnn._arrays import NUMBER
from fastcnn.layers.layer import Layer
from fastcnn.registry import suggestion
from fastcnn.tensor import Variable
from fastcnn.transfer.freezing import trained_layers

__all__ = ["by_depth", "learning_rates"]


def by_depth(model: Any, low: float, high: float = 1.0) -> dict[Layer, float]:
    """Factors for ``learning_rates`` that grow from the first layer to the last, each by the same ratio.

    Args:
        model: built.
        low: of the first layer that training changes.
        high: of the last one.

    Returns:
        The layers that training changes, and their factors.

    Example:
        >>> from fastcnn import layers, models
        >>> model = models.Sequential([layers.Input((4,)), *(layers.Dense(4, name=n) for n in "abc")])
        >>> {layer.name: round(factor, 4) for layer, factor in by_depth(model, 0.01).items()}
        {'a': 0.01, 'b': 0.1, 'c': 1.0}
    """
    for argument, value in (("low", low), ("high", high)):
        if not value > 0:
            raise ValueError(f"{argument} must be positive, got {value!r}")
    trained = [layer for layer in trained_layers(model) if layer.trainable_weights]
    steps = max(len(trained) - 1, 1)
    return {layer: high * (low / high) ** ((len(trained) - 1 - i) / steps) for i, layer in enumerate(trained)}


def learning_rates(model: Any, rates: dict[Any, float], *, absolute: bool = False) -> dict[str, float]:
    """Gives layers learning rates of their own. Takes effect with the next step, with every optimizer.

    The factors are kept in ``optimizer.learning_rate_multipliers``, by the paths of weights, and saved with the model.
    Schedules and callbacks that change the learning rate change all of them in proportion. Weight decay follows them.

    Args:
        model: compiled and built.
        rates: factors of the optimizer's learning rate, by layer: the object; its name, also of a model inside the
            model; the beginning of names ("block1_"); or a weight's path. Of several that fit, the longest name
            decides, a layer inside a model before that model. What none fits keeps the factor
            1. An empty dict takes all away.
        absolute: the numbers are learning rates, not factors; they hold for the optimizer's learning rate of now.

    Returns:
        The factors by the paths of weights.

    Example:
        >>> from fastcnn import layers, models, optimizers
        >>> stack = [layers.Input((2,)), layers.Dense(2, name="a"), layers.Dense(1, name="b")]
        >>> model = models.Sequential(stack, name="m")
        >>> model.compile(optimizers.SGD(0.1), "mse")
        >>> learning_rates(model, {"a": 0.5})
        {'m/a/kernel': 0.5, 'm/a/bias': 0.5}
    """
    if not getattr(model, "compiled", False):
        raise ValueError("learning_rates needs a compiled model: call model.compile(optimizer=..., loss=...) first")
    optimizer = model.optimizer
    if absolute:
        now = float(optimizer.learning_rate)
        if now == 0:
            raise ValueError("absolute learning rates need an optimizer whose learning_rate is not 0; give factors")
        rates = {key: rate / now for key, rate in rates.items()}
    optimizer.learning_rate_multipliers = factors(model, rates)
    return dict(optimizer.learning_rate_multipliers)


def factors(model: Any, rates: dict[Any, float]) -> dict[str, float]:
    """The factor of each weight that a key fits, by its path."""
    found: dict[str, float] = {}
    ranks: dict[str, tuple[int, int]] = {}
    for key, factor in rates.items():
        if isinstance(factor, bool) or not isinstance(factor, NUMBER) or not 0 <= factor < float("inf"):
            raise ValueError(f"rates[{_named(key)}] must be a number of 0 or more, got {factor!r}")
        for variable, rank in _fitting(model, key):
            path = variable.path
            if rank >= ranks.get(path, rank):
                ranks[path], found[path] = rank, float(factor)
    paths = [v.path for v in model.weights if v.path in found]
    for path in paths:
        if paths.count(path) > 1:
            raise ValueError(f"two weights have the path {path!r}: give one of their layers another name")
    return {path: found[path] for path in paths}


def _fitting(model: Any, key: Any) -> list[tuple[Variable, tuple[int, int]]]:
    """The weights that a key fits, and how closely: how deep the layer is, how long the name."""
    inside = list(model._flatten_layers(include_self=False))
    if isinstance(key, Layer):
        if not any(layer is key for layer in inside):
            raise ValueError(f"rates: layer {key.name!r} is not in model {model.name!r}")
        return [(v, (_depth(model, key), 1000)) for v in key.weights]
    if not isinstance(key, str) or not key:
        raise TypeError(f"the keys of rates must be layers, or names or their beginnings, got {key!r}")
    fitting = [(v, (_depth(model, layer), len(key))) for layer in inside if layer.name == key for v in layer.weights]
    fitting = fitting or [
        (v, (_depth(model, layer), len(key))) for layer in inside if layer.name.startswith(key) for v in layer.weights
    ]
    fitting = fitting or [(v, (1000, len(key))) for v in model.weights if f"{v.path}/".startswith(f"{key}/")]
    if not fitting:
        names = [layer.name for layer in inside]
        raise ValueError(f"rates: no layer's name begins with {key!r}.{suggestion(key, names)}")
    return fitting


def _depth(model: Any, wanted: Layer) -> int:
    """How many layers are around one."""
    stack = [(model, 0)]
    while stack:
        layer, depth = stack.pop()
        if layer is wanted:
            return depth
        stack += [(child, depth + 1) for child in layer._children()]
    return 0


def _named(key: Any) -> str:
    return key.name if isinstance(key, Layer) else repr(key)
