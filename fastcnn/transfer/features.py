"""Bottleneck features: what a base gives for each image, computed once, kept on disk, and a head trained on them."""

import operator
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn.layers.global_pooling import GlobalAveragePooling2D, GlobalMaxPooling2D
from fastcnn.layers.layer import Layer
from fastcnn.models.model import Model
from fastcnn.tensor import SymbolicTensor
from fastcnn.training.arrays import as_arrays, check_lengths, map_leaves, unpack
from fastcnn.training.data import is_array_like
from fastcnn.training.progress import Progress
from fastcnn.transfer import cache as files
from fastcnn.transfer.fingerprints import DataSum, model_sum
from fastcnn.transfer.parts import graph_of, parts

__all__ = ["bottleneck", "extract_features"]

Array = np.ndarray[Any, Any]


def bottleneck(model: Any, layer: Any = None, *, pooling: str | None = None) -> Any:
    """The part of a model that computes its bottleneck features: up to the last convolutional block.

    Args:
        model: functional or Sequential; with a head, before whose pooling or flattening it is cut, or without.
        layer: the last layer, by name or as an object, where it is another.
        pooling: "avg" or "max" adds global pooling, where the features have width and height.

    Returns:
        A functional model of the very same layers.

    Example:
        >>> from fastcnn import layers, models
        >>> model = models.Sequential([
        ...     layers.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(2),
        ... ])
        >>> bottleneck(model).output_shape, bottleneck(model, pooling="avg").output_shape
        ((None, 3, 3, 4), (None, 4))
    """
    if pooling not in (None, "avg", "max"):
        raise ValueError(f"pooling must be None, 'avg' or 'max', got {pooling!r}")
    return cut(model, parts(model).bottleneck if layer is None else _output(model, layer), pooling)


def _output(model: Any, layer: Any) -> SymbolicTensor:
    graph = graph_of(model)
    found = layer if isinstance(layer, Layer) else model.get_layer(layer)
    calls = graph.calls_of(found)
    if not calls:
        raise ValueError(
            f"layer {found.name!r} is not among the layers of {model.name!r}; of a model inside it, cut that one"
        )
    return calls[-1].outputs[0]


def cut(model: Any, tensor: SymbolicTensor, pooling: str | None = None) -> Any:
    """The model up to one of its tensors."""
    graph = graph_of(model)
    if any(tensor is t for t in graph.flat_inputs):
        raise ValueError(f"model {model.name!r} has nothing before its head that could give features")
    if pooling and len(tensor.shape) == 4:
        tensor = (GlobalAveragePooling2D if pooling == "avg" else GlobalMaxPooling2D)()(tensor)
    return Model(graph.inputs, tensor)


def extract_features(
    model: Any,
    data: Any,
    layer: Any = None,
    cache: Any = None,
    *,
    pooling: str | None = None,
    batch_size: int = 32,
    verbose: int = 0,
) -> Any:
    """The bottleneck features of images, from the disk where they have been computed before.

    A head that is trained on features costs a small part of what training the whole model costs. The images must be as
    they will be: no random augmentation.

    Args:
        model: functional or Sequential, with a head or without.
        data: an array (or a list or dict of arrays, for several inputs), preprocessed as the model wants it; a
            ``PyDataset`` such as a folder of images, or an iterable of batches.
        layer: up to which layer, by name or as an object; the last convolutional block unless given.
        cache: a ``.npy`` or ``.npz`` file. It is read where it was computed by the same network, with the same weights,
            of the same data; else computed anew and written. Files of others are never overwritten.
        pooling: "avg" or "max": global pooling of features that have width and height.
        batch_size: of arrays.
        verbose: 1 shows progress and tells where the features come from.

    Returns:
        An array (n, ...), memory-mapped and read-only where it comes from the disk. Of a dataset whose batches have
        labels: the features and the labels, in its order.

    Example:
        >>> from fastcnn import layers, models
        >>> model = models.Sequential([
        ...     layers.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.GlobalAveragePooling2D(), layers.Dense(2),
        ... ])
        >>> extract_features(model, np.zeros((5, 8, 8, 3)), pooling="avg").shape
        (5, 4)
    """
    features, labels = extracted(bottleneck(model, layer, pooling=pooling), data, cache, batch_size, verbose)
    return features if labels is None else (features, labels)


def extracted(model: Any, data: Any, cache: Any, batch_size: int, verbose: int) -> tuple[Array, Array | None]:
    """The outputs of a model for data, and the labels that came with them; kept in a file where one is given."""
    if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise ValueError(f"batch_size must be a positive int, got {batch_size!r}")
    if cache is None:
        return _computed(model, data, batch_size, verbose, None)
    if not is_array_like(data) and not (hasattr(data, "__getitem__") and hasattr(data, "__len__")):
        raise TypeError(f"cache needs data that can be read twice, arrays or a PyDataset, got {type(data).__name__}")
    network = model_sum(model)
    if Path(cache).exists():
        seen, labels = DataSum(), []
        for x, y in _batches(data, batch_size):
            seen.add(x)
            labels.append(y)
        found = files.read(cache, _key(network, seen))
        if verbose:
            print(f"features: {'read from' if found is not None else 'other than those in'} {cache}", flush=True)
        if found is not None:
            return found, _joined(labels)
    else:
        files.read(cache, "")  # a wrong suffix is better told now than after the work
    seen = DataSum()
    features, known = _computed(model, data, batch_size, verbose, seen)
    files.write(cache, _key(network, seen), features)
    if verbose:
        print(f"features: written to {cache}", flush=True)
    return features, known


def _key(network: str, seen: DataSum) -> str:
    return f"{network}-{seen.hexdigest()}"


def _computed(model: Any, data: Any, batch_size: int, verbose: int, seen: DataSum | None) -> tuple[Array, Array | None]:
    steps = len(data) if hasattr(data, "__len__") and not is_array_like(data) else None
    if is_array_like(data):
        steps = -(-check_lengths(data=as_arrays(data, "data")) // batch_size)
    progress = Progress(steps, verbose)
    features, labels = [], []
    try:
        for step, (x, y) in enumerate(_batches(data, batch_size)):
            if seen is not None:
                seen.add(x)
            features.append(model.predict_on_batch(x))
            labels.append(y)
            progress.update(step + 1, {})
        progress.finish({})
    finally:
        progress.close()
    if not features:
        raise ValueError("data is empty: it gave no batch")
    return np.concatenate(features), _joined(labels)


def _batches(data: Any, size: int) -> Iterator[tuple[Any, Any]]:
    """The batches ``(x, y)`` in the order of the data."""
    if is_array_like(data):
        arrays = as_arrays(data, "data")
        for start in range(0, check_lengths(data=arrays), size):
            rows = slice(start, start + size)
            yield map_leaves(operator.itemgetter(rows), arrays), None
        return
    if not hasattr(data, "__getitem__") and not hasattr(data, "__iter__"):
        raise TypeError(f"data must be arrays, a PyDataset or an iterable of batches, got {type(data).__name__}")
    indexed = hasattr(data, "__getitem__") and hasattr(data, "__len__")
    for batch in (data[i] for i in range(len(data))) if indexed else data:
        x, y, _ = unpack(batch)
        yield as_arrays(x, "x"), y


def _joined(labels: list[Any]) -> Array | None:
    if not labels or labels[0] is None:
        return None
    return np.concatenate([np.asarray(getattr(y, "array", y)) for y in labels])
