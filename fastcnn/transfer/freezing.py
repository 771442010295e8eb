"""Freezing and unfreezing: which layers training may change, in models within models too."""

from typing import Any

from fastcnn.layers.layer import Layer
from fastcnn.layers.normalization import BatchNormalization
from fastcnn.models.model import Model
from fastcnn.registry import suggestion
from fastcnn.tensor import Changes
from fastcnn.transfer.parts import leaves

__all__ = ["freeze", "position", "trained_layers", "unfreeze"]


def trained_layers(model: Any) -> list[Layer]:
    """The layers that hold weights made for training, frozen or not, with models inside taken apart.

    Example:
        >>> from fastcnn import layers, models
        >>> model = models.Sequential([layers.Input((4,)), layers.Dense(3, name="a"), layers.ReLU()])
        >>> [layer.name for layer in trained_layers(model)]
        ['a']
    """
    return [layer for layer in leaves(model) if any(v._made_trainable for v in layer.weights)]


def position(model: Any, where: Any, argument: str) -> int:
    """The place among ``leaves(model)`` that a name, an index or a fraction means.

    Args:
        model: the model.
        where: the name of a layer; an index as of a slice; a fraction from 0.0 to 1.0 of the layers with weights.
        argument: its name in messages.
    """
    found = leaves(model)
    if isinstance(where, bool) or not isinstance(where, (str, int, float, Layer)):
        raise TypeError(
            f"{argument} must be the name of a layer, an index or a fraction from 0.0 to 1.0, got {where!r}"
        )
    if isinstance(where, float):
        if not 0 <= where <= 1:
            raise ValueError(f"{argument} as a fraction must be from 0.0 to 1.0, got {where!r}")
        trained = trained_layers(model)
        cut = round(where * len(trained))
        return len(found) if cut == len(trained) else found.index(trained[cut])
    if isinstance(where, int):
        if not -len(found) <= where <= len(found):
            raise ValueError(f"{argument} as an index must be within the {len(found)} layers, got {where}")
        return where % len(found) if where < 0 else where
    first = _first_leaf(model, where)
    if first is None:
        name = where.name if isinstance(where, Layer) else where
        known = [layer.name for layer in found]
        raise ValueError(f"{argument}: there is no layer {name!r} in {model.name!r}.{suggestion(name, known)}")
    return next(i for i, layer in enumerate(found) if layer is first)


def _first_leaf(model: Any, where: Any) -> Layer | None:
    """The layer of that name, or the first one of the model of that name."""
    for layer in model.layers:
        inside = leaves(layer) if isinstance(layer, Model) else [layer]
        if (layer is where or layer.name == where) and inside:
            return inside[0]
        deeper = _first_leaf(layer, where) if isinstance(layer, Model) else None
        if deeper is not None:
            return deeper
    return None


def freeze(model: Any, until: Any = None) -> Any:
    """Keeps training from changing layers; those of models inside the model too. Takes effect at once.

    A frozen batch normalisation uses its moving statistics, in training too, and leaves them as they are.

    Args:
        model: any model.
        until: which layer is the first not to be frozen: its name; its index, where -4 leaves the last four alone; or a
            fraction: 0.7 freezes the first 70 % of the layers that have weights. All are frozen unless given.

    Returns:
        The model.

    Example:
        >>> from fastcnn import layers, models
        >>> model = models.Sequential([layers.Input((4,)), layers.Dense(3, name="a"), layers.Dense(2, name="b")])
        >>> model = freeze(model, until="b")
        >>> [layer.name for layer in model.layers if layer.trainable]
        ['b']
    """
    if until is None:
        model.trainable = False
        return model
    for layer in leaves(model)[: position(model, until, "until")]:
        layer.trainable = False
    return model


def unfreeze(model: Any, from_: Any = None, *, batch_norm: bool = True) -> Any:
    """Lets training change layers again. Takes effect at once; the rest stays as it is.

    Args:
        model: any model.
        from_: which layer is the first to be trained: a name, an index or a fraction, as of ``freeze``; all are unless
            given.
        batch_norm: whether batch normalisations among them are trained, too. With few samples their moving statistics
            are better left as they are.

    Returns:
        The model.

    Example:
        >>> from fastcnn import layers, models
        >>> model = models.Sequential([layers.Input((4,)), layers.Dense(3, name="a"), layers.Dense(2, name="b")])
        >>> len(unfreeze(freeze(model), from_=-1).trainable_weights)
        2
    """
    first = 0 if from_ is None else position(model, from_, "from_")
    release(model, leaves(model)[first:], batch_norm)
    return model


def release(model: Any, chosen: list[Layer], batch_norm: bool = True) -> None:
    """Makes these layers trainable, and what is around them open, without touching other layers."""
    wanted = {id(layer) for layer in chosen}
    for layer in chosen:
        layer.trainable = True
        for inner in layer._flatten_layers():
            if isinstance(inner, BatchNormalization) and not batch_norm:
                inner.trainable = False
    _open(model, wanted)


def release_head(model: Any, head: list[Layer]) -> None:
    """Makes a head trainable. What is frozen in it stays so, unless all is: then the freeze was not meant for it."""
    learning = {id(layer) for layer in head if layer.trainable_weights}
    if learning:
        _open(model, learning)
    else:
        release(model, head)


def _open(model: Any, wanted: set[int]) -> bool:
    """Takes the freeze off models that hold one of these layers; what else was frozen with them stays frozen."""
    inside = [_open(layer, wanted) if isinstance(layer, Model) else id(layer) in wanted for layer in model.layers]
    if any(inside):
        model._trainable = True
        for variable in model._own_variables():
            variable._layer_trainable = True
        Changes.count += 1
    return any(inside)
