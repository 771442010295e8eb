"""A head trained on bottleneck features: by itself, and back in its place, for the layers are the same."""

from pathlib import Path
from typing import Any

from fastcnn.layers.input import Input
from fastcnn.models.model import Model
from fastcnn.training.data import is_array_like
from fastcnn.transfer.features import cut, extracted
from fastcnn.transfer.freezing import release_head
from fastcnn.transfer.parts import Parts, graph_of, parts, replay
from fastcnn.transfer.strategies import require_head

__all__ = ["train_head"]


def train_head(
    model: Any,
    x: Any,
    y: Any = None,
    *,
    epochs: int = 10,
    lr: float = 1e-3,
    validation_data: Any = None,
    cache: Any = None,
    batch_size: int = 32,
    head: str | None = None,
    verbose: Any = "auto",
    **fit_arguments: Any,
) -> Any:
    """Trains the head of a model on features that the base computes once, not once an epoch.

    It is what ``feature_extraction`` and ``fit`` do, 10 to 100 times cheaper; the images must be the same in each
    epoch, so not augmented. The model has the trained head afterwards.

    Args:
        model: base and head. Its loss and metrics, and an optimizer like its own, where it is compiled; else a
            crossentropy that suits the output, accuracy, and Adam.
        x: images, preprocessed as the base wants them, or a dataset that brings labels along.
        y: labels.
        epochs: of the head.
        lr: the learning rate.
        validation_data: ``(x, y)`` or a dataset.
        cache: a ``.npy`` or ``.npz`` file for the features, as of ``extract_features``; those of validation get a file
            beside it, with "-validation" in its name.
        batch_size: of features and of training.
        head: the name of the head's first layer; found out unless given.
        verbose: as of ``fit``.
        fit_arguments: others of ``fit``. Callbacks see the head as their model.

    Returns:
        A ``History``.

    Example:
        >>> import numpy as np
        >>> from fastcnn import layers, models, transfer
        >>> rng = np.random.default_rng(0)
        >>> base = models.Sequential([layers.Input((8, 8, 1)), layers.Conv2D(4, 3, activation="relu")])
        >>> model = transfer.build(base, classes=2)
        >>> history = train_head(model, rng.random((16, 8, 8, 1)), np.arange(16) % 2, epochs=3, verbose=0)
        >>> len(history.history["loss"])
        3
    """
    found = parts(model, head)
    require_head(model, found.head)
    given = _labelled(x, y, "x")
    base = cut(model, found.features)
    shown = 0 if verbose in (0, "auto") else 1
    features, labels = extracted(base, given[0], cache, batch_size, shown)
    held = None
    if validation_data is not None:
        both = validation_data if isinstance(validation_data, (tuple, list)) else (validation_data, None)
        if len(both) != 2:
            raise ValueError(f"validation_data must be (x, y) or a dataset, got {len(both)} parts")
        pair = _labelled(both[0], both[1], "validation_data")
        beside = None if cache is None else Path(cache).with_stem(Path(cache).stem + "-validation")
        held_features, held_labels = extracted(base, pair[0], beside, batch_size, shown)
        held = (held_features, _chosen(held_labels, pair[1], "validation_data"))
    release_head(model, found.head)
    top = _top(model, found)
    _compile_like(top, model, lr)
    try:
        history = top.fit(
            features, _chosen(labels, given[1], "x"), epochs=epochs, batch_size=batch_size, validation_data=held,
            verbose=verbose, **fit_arguments,
        )  # fmt: skip
    finally:
        _forget_calls(top)
    return history


def _labelled(x: Any, y: Any, argument: str) -> tuple[Any, Any]:
    if is_array_like(x) and y is None:
        raise ValueError(f"{argument}: arrays need labels, y is missing")
    if not is_array_like(x) and y is not None:
        raise ValueError(
            f"{argument}: y must not be given where x is a {type(x).__name__}: its batches bring theirs along"
        )
    return x, y


def _chosen(labels: Any, y: Any, argument: str) -> Any:
    if labels is None and y is None:
        raise ValueError(f"{argument}: the batches have no labels; give batches (x, y)")
    return y if labels is None else labels


def _top(model: Any, found: Parts) -> Any:
    """The head as a model of its own, of the very same layers."""
    graph = graph_of(model)
    inputs = Input(found.features.shape[1:])
    values = replay(graph, {id(found.features): inputs})
    output = values.get(id(graph.flat_outputs[0]))
    if output is None:
        raise ValueError(
            f"the head of {model.name!r} takes more than the features before it: name its first layer, head='...'"
        )
    return Model(inputs, output, name=f"{model.name}_head")


def _compile_like(top: Any, model: Any, lr: float) -> None:
    from fastcnn.optimizers import Adam

    if not model.compiled:
        top.compile(Adam(lr), "crossentropy", metrics=["accuracy"])
        return
    old = model.optimizer
    optimizer = type(old).from_config({**old.get_config(), "learning_rate": lr})
    top.compile(**{**model._compile_arguments, "optimizer": optimizer})


def _forget_calls(top: Any) -> None:
    """The layers belong to the whole model: they need not remember that they were called for the head alone."""
    gone = {id(node) for node in top._graph.nodes}
    for layer in top.layers:
        layer._calls[:] = [node for node in layer._calls if id(node) not in gone]
