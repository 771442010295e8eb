"""What functions that draw check alike: images, labels, the names of classes."""

from typing import Any

import numpy as np

__all__ = ["check_choice", "class_labels", "labels_of", "one_image", "plain", "shown", "several_images", "whole"]

Array = np.ndarray[Any, Any]


def plain(value: Any, argument: str) -> Array:
    """The numbers of a tensor, an array or a list."""
    array = np.asarray(getattr(value, "array", value))
    if array.dtype.kind not in "biuf":
        hint = "; names of classes go into class_names" if array.dtype.kind in "US" else ""
        raise TypeError(f"{argument} must hold numbers, got {type(value).__name__} of {array.dtype}{hint}")
    return array


def whole(value: Any, argument: str, least: int = 1) -> int:
    """A number that counts things."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{argument} must be an int of at least {least}, got {value!r}")
    return int(value)


def check_choice(value: Any, argument: str, known: Any) -> None:
    """Raises where a word is not among those known."""
    if value not in known:
        from fastcnn.registry import suggestion

        words = ", ".join(repr(k) for k in known)
        raise ValueError(f"{argument} must be one of {words}, got {value!r}.{suggestion(str(value), known)}")


def labels_of(values: Any, argument: str) -> Array:
    """Classes as ints (n,): from ints, one-hot rows or probabilities; one probability a row is above or below 0.5.

    Example:
        >>> labels_of([[0.1, 0.9], [0.8, 0.2]], "y").tolist(), labels_of([[0.7], [0.2]], "y").tolist()
        ([1, 0], [1, 0])
    """
    array = plain(values, argument)
    if array.ndim == 2 and array.shape[1] > 1:
        return array.argmax(1)
    if array.ndim == 2:
        array = array[:, 0]
    if array.ndim != 1:
        raise ValueError(f"{argument} must be (n,) or (n, classes), got shape {array.shape}")
    if not np.all(np.isfinite(array)):
        raise ValueError(f"{argument} must be finite, but holds NaN or infinity")
    if array.dtype.kind == "f" and np.any(array != np.round(array)):
        if np.any((array < 0) | (array > 1)):
            raise ValueError(f"{argument} must be classes or probabilities; a column of neither has {array.max():g}")
        return (array > 0.5).astype(np.int64)
    found = array.astype(np.int64)
    if found.size and found.min() < 0:
        raise ValueError(f"{argument} must be classes from 0, got {found.min()}")
    return found


def class_labels(class_names: Any, count: int, argument: str = "class_names") -> list[str]:
    """The names of so many classes; their numbers where there are no names."""
    if class_names is None:
        return [str(i) for i in range(count)]
    if isinstance(class_names, str):
        raise TypeError(f"{argument} must be a list of names, got the string {class_names!r}")
    names = [str(name) for name in class_names]
    if len(names) < count:
        raise ValueError(f"{argument} must have a name for each of {count} classes, got {len(names)}")
    return names


def one_image(image: Any, argument: str = "image") -> Array:
    """An image (h, w, c), from one without channels or a batch of one as well."""
    array = plain(image, argument)
    if array.ndim == 4 and len(array) == 1:
        array = array[0]
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or 0 in array.shape:
        raise ValueError(f"{argument} must be one image, (h, w, c), (h, w) or (1, h, w, c), got shape {array.shape}")
    return array


def several_images(images: Any, argument: str = "images") -> list[Array]:
    """Images (h, w, c), of any sizes."""
    if isinstance(images, (list, tuple)):
        found = [one_image(image, f"{argument}[{i}]") for i, image in enumerate(images)]
    else:
        array = plain(images, argument)
        if array.ndim not in (3, 4):
            raise ValueError(
                f"{argument} must be a list of images or an array (n, h, w, c) or (n, h, w), got shape {array.shape}"
            )
        found = [one_image(image, argument) for image in array]
    if not found:
        raise ValueError(f"{argument} is empty: there is nothing to show")
    return found


def shown(image: Array) -> Array:
    """An image as matplotlib draws it: (h, w) or (h, w, 3 or 4), uint8, or float32 from 0 to 1.

    Floats up to 255 are taken for pixels; numbers of any other range, as preprocessing leaves them, are stretched.

    Example:
        >>> shown(np.array([[[-1.0], [1.0]]])).tolist(), shown(np.array([[[0.0], [127.5]]])).tolist()
        ([[0.0, 1.0]], [[0.0, 0.5]])
    """
    channels = image.shape[-1]
    if channels not in (1, 3, 4):
        image = image.mean(-1, keepdims=True)
    if image.dtype != np.uint8:
        image = np.nan_to_num(image.astype(np.float32), posinf=0.0, neginf=0.0)
        low, high = float(image.min()), float(image.max())
        if low < 0 or high > 255:
            image = (image - low) / max(high - low, 1e-12)
        elif high > 1:
            image = image / 255
    return image[..., 0] if image.shape[-1] == 1 else image
