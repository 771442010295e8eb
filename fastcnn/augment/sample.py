"""The arrays of one call: taken out of the keywords, checked, brought into the form kernels take, and put back."""

from typing import Any

import numpy as np

__all__ = ["Sample"]

_NOT_HERE = {
    "bboxes": "bounding boxes",
    "keypoints": "keypoints",
    "images": "batches; call the transform for each image",
    "volume": "volumes",
    "volumes": "volumes",
}
_LARGEST = 2**24  # whole numbers up to here are floats exactly


class Sample:
    """Images and masks on their way through a pipeline, as (h, w, c), contiguous, uint8 or float32.

    Args:
        data: the keywords of the call.
        targets: names of further arrays, and whether each is treated as "image" or "mask".
        same_size: whether all arrays must be of the image's height and width.
    """

    __slots__ = ("_places", "images", "masks", "record")

    def __init__(self, data: dict[str, Any], targets: dict[str, str], same_size: bool = True):
        self.images: list[Any] = []
        self.masks: list[Any] = []
        self.record: list[tuple[str, dict[str, Any]]] | None = None
        self._places: list[tuple[str, str, Any]] = []  # name, kind, what came in
        if "image" not in data:
            raise KeyError("image is missing: call the transform as aug(image=img)")
        for name in _NOT_HERE:
            if data.get(name) is not None:
                raise NotImplementedError(f"{name}: fastcnn.augment has no {_NOT_HERE[name]}")
        for name, kind in [("image", "image"), ("mask", "mask"), ("masks", "masks"), *targets.items()]:
            if name == "image" or data.get(name) is not None:
                self._take(name, kind, data[name])
        if same_size and len(self.images) + len(self.masks) > 1:
            self._check_sizes()

    def _take(self, name: str, kind: str, value: Any) -> None:
        if kind == "image":
            _check_image(value, name)
            array = value if value.ndim == 3 else value[:, :, None]
            self.images.append(np.ascontiguousarray(array))
            self._places.append((name, kind, value))
            return
        self.masks += [_as_plane(mask, name) for mask in (value if kind == "masks" else [value])]
        self._places.append((name, kind, value))

    def _check_sizes(self) -> None:
        size = self.images[0].shape[:2]
        for array in self.images + self.masks:
            if array.shape[:2] != size:
                raise ValueError(
                    f"image and masks must be of one height and width, got {size} and {array.shape[:2]}; "
                    "Compose(..., is_check_shapes=False) takes them as they are"
                )

    def put_into(self, data: dict[str, Any]) -> dict[str, Any]:
        """The keywords with the arrays as they are now; number of axes and type of masks are those that came in."""
        result = dict(data)
        images, masks = iter(self.images), iter(self.masks)
        for name, kind, given in self._places:
            if kind == "image":
                result[name] = _with_axes(next(images), given)
            elif kind == "mask":
                result[name] = _as_given(next(masks), given)
            else:
                several = [_as_given(next(masks), one) for one in given]
                result[name] = np.stack(several) if isinstance(given, np.ndarray) else several
        return result


def _check_image(image: Any, name: str) -> None:
    if not isinstance(image, np.ndarray):
        able = isinstance(image, list) or hasattr(image, "__array__") or hasattr(image, "__array_interface__")
        hint = "; np.asarray(image) makes one" if able else ""
        raise TypeError(f"{name} must be a NumPy array, got {type(image).__name__}{hint}")
    if image.dtype != np.uint8 and image.dtype != np.float32:
        hint = (
            f"; {name}.astype(np.float32) makes it so, with values from 0 to 1"
            if image.dtype.kind == "f"
            else f"; {name}.astype(np.uint8) makes it so, with values from 0 to 255"
        )
        raise TypeError(f"{name} must be of dtype uint8 or float32, got {image.dtype}{hint}")
    if image.ndim not in (2, 3):
        hint = "; a transform takes one image, not a batch" if image.ndim == 4 else ""
        raise ValueError(f"{name} must have shape (h, w) or (h, w, c), got {image.shape}{hint}")
    if 0 in image.shape:
        raise ValueError(f"{name} is empty: it has shape {image.shape}")


def _as_plane(mask: Any, name: str) -> Any:
    """A mask as (h, w, c) of a type that kernels move about exactly."""
    if not isinstance(mask, np.ndarray):
        raise TypeError(f"{name} must be a NumPy array, got {type(mask).__name__}")
    if mask.ndim not in (2, 3) or 0 in mask.shape:
        raise ValueError(f"{name} must have shape (h, w) or (h, w, c), got {mask.shape}")
    array = mask if mask.ndim == 3 else mask[:, :, None]
    if array.dtype == np.bool_:
        return np.ascontiguousarray(array).view(np.uint8)
    if array.dtype != np.uint8 and array.dtype != np.float32:
        if array.dtype.kind not in "iuf":
            raise TypeError(f"{name} must hold numbers or truth values, got dtype {array.dtype}")
        if array.dtype.kind in "iu" and array.dtype.itemsize > 2 and np.abs(array).max() > _LARGEST:
            raise ValueError(f"{name}: labels must be within 2**24, got {np.abs(array).max()}")
        array = array.astype(np.float32)
    return np.ascontiguousarray(array)


def _with_axes(array: Any, given: Any) -> Any:
    return array[:, :, 0] if given.ndim == 2 and array.shape[2] == 1 else array


def _as_given(array: Any, given: Any) -> Any:
    array = _with_axes(array, given)
    return array if array.dtype == given.dtype else array.astype(given.dtype)
