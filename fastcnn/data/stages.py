"""What happens to pixels between file and network: augmentation first, on pixels 0..255, then preprocessing."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

__all__ = ["augmented", "check_stages", "preprocessed"]

Array = np.ndarray[Any, Any]

_NORMALIZING = ("Normalize", "ToFloat")  # transforms after which pixels are 0..255 no more
_HARMLESS = (*_NORMALIZING, "Compose", "Sequential", "Lambda", "NoOp")
_AUGMENTING_LAYERS = ("Random", "MixUp", "CutMix")
_LIBRARIES = ("fastcnn.augment", "albumentations")


def _parts(transform: Any) -> Iterator[Any]:
    """A transform, and all that it is composed of."""
    yield transform
    for name in ("transforms", "layers"):
        inner = getattr(transform, name, None)
        for part in inner if isinstance(inner, (list, tuple)) else ():
            yield from _parts(part)


def _of_library(transform: Any) -> bool:
    """Whether it is a transform of images as albumentations has them, rather than just any function."""
    return any(kind.__module__.startswith(_LIBRARIES) for kind in type(transform).__mro__)


def _is_layer(thing: Any) -> bool:
    from fastcnn.layers import Layer

    return isinstance(thing, Layer)


def check_stages(augment: Any, preprocess: Any) -> None:
    """Refuses what stands in the wrong place, where that can be seen before any image is."""
    for name, stage in (("augment", augment), ("preprocess", preprocess)):
        if stage is not None and not callable(stage):
            raise TypeError(f"{name} must be a function of an image, a transform or None, got {stage!r}")
    if augment is not None and _is_layer(augment):
        raise TypeError(
            f"augment must be a function of one image or a transform of fastcnn.augment, got the layer "
            f"{augment.name!r}: put it into the model, or use dataset.map(lambda x, y: (layer(x, training=True), y))"
        )
    kinds = [type(part).__name__ for part in _parts(augment)]
    normalizing = [kind for kind in kinds if kind in _NORMALIZING]
    if normalizing and preprocess is not None:
        raise ValueError(
            f"augment ends with {normalizing[0]}, and preprocess would come after it and expects pixels 0..255: "
            "take one of the two out"
        )
    for part in _parts(preprocess):
        kind = type(part).__name__
        draws = _of_library(part) and kind not in _HARMLESS
        if draws or (kind.startswith(_AUGMENTING_LAYERS) and _is_layer(part)):
            raise ValueError(
                f"preprocess has {kind}, which changes images at random or in shape: pass it as augment, which comes "
                "before preprocess and sees pixels 0..255"
            )


def augmented(transform: Callable[..., Any], image: Array, key: tuple[int, ...], preprocess: Any) -> Array:
    """An image as the transform makes it.

    Args:
        transform: of ``fastcnn.augment``, of albumentations, or any function of an image.
        image: uint8 (h, w, c).
        key: all that random choices depend on.
        preprocess: what comes afterwards, or None.
    """
    from fastcnn.augment import apply

    found = np.asarray(getattr(out := apply(transform, image, key), "array", out))
    if found.ndim == 2:
        found = found[:, :, None]
    if found.ndim != 3:
        raise ValueError(f"augment must return an image of shape (h, w, c), got shape {found.shape}")
    if preprocess is not None and found.dtype.kind == "f" and _no_pixels(found, image):
        raise ValueError(
            f"augment must return pixels 0..255 where preprocess follows, got numbers from {found.min():.3g} to "
            f"{found.max():.3g} of pixels up to {image.max()}: it seems to rescale or normalise; leave that to "
            "preprocess, or leave preprocess out"
        )
    return found


def _no_pixels(found: Array, image: Array) -> bool:
    """Whether these are no pixels 0..255 any more, as far as one can tell from one image."""
    least, most = float(found.min()), float(found.max())
    small = image.max() > 50 and 0 < max(-least, most) <= 8
    return small or least < -16 or most > 271


def preprocessed(function: Callable[..., Any], batch: Array) -> Array:
    """A batch as the network wants it: a transform of a library gets image by image, all else the whole batch."""
    if _of_library(function):
        return np.stack([function(image=image)["image"] for image in batch])
    found = np.asarray(getattr(out := function(batch), "array", out))
    if len(found.shape) == 0 or len(found) != len(batch):
        raise ValueError(
            f"preprocess gets a batch of shape {batch.shape} and must return as many images, got shape {found.shape}"
        )
    return found
