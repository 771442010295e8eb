"""One image augmented many times, by whatever can augment it."""

from typing import Any

import numpy as np

from fastcnn.augment import apply
from fastcnn.layers.layer import Layer
from fastcnn.models.model import Model
from fastcnn.models.sequential import Sequential

__all__ = ["augmented"]

Array = np.ndarray[Any, Any]


def augmented(transform: Any, image: Array, n: int, seed: int) -> list[Array]:
    """The results of ``n`` draws; nothing that the transform remembers is changed."""
    if isinstance(transform, Layer):
        return _by_layer(transform, image, n, seed)
    if hasattr(transform, "random_transform"):
        return [transform.random_transform(image.astype(np.float32), seed=seed * 1_000_003 + i) for i in range(n)]
    if not callable(transform):
        raise TypeError(
            "transform must be a transform of fastcnn.augment, a layer, an ImageDataGenerator or a function, "
            f"got {type(transform).__name__}"
        )
    return [np.asarray(apply(transform, image, key=(seed, 0, i))) for i in range(n)]


def _by_layer(layer: Any, image: Array, n: int, seed: int) -> list[Array]:
    """Each picture as an image of a batch, for a layer draws anew for each of them."""
    batch: Any = np.repeat(image[None].astype(np.float32), n, axis=0)
    for number, one in enumerate(_sequence(layer)):
        batch = _seeded(one, seed * 1_000_003 + number)(batch, training=True)
    return list(batch.numpy())


def _sequence(layer: Any) -> list[Any]:
    if isinstance(layer, Sequential):
        return [inner for one in layer.layers for inner in _sequence(one)]
    if isinstance(layer, Model):
        raise ValueError(f"transform must be a layer or a Sequential of layers, got the model {layer.name!r}")
    return [layer]


def _seeded(layer: Any, seed: int) -> Any:
    """A layer like it whose draws begin with the seed; itself where it draws nothing."""
    config = layer.get_config()
    return type(layer).from_config({**config, "seed": seed}) if "seed" in config else layer
