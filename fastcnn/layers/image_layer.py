"""What layers that change images have in common: single images and batches, labels beside them, where channels are."""

from typing import Any

from fastcnn import ops, random
from fastcnn._arrays import NUMBER
from fastcnn.layers.arguments import data_layout
from fastcnn.layers.draws import Draws, drawn
from fastcnn.layers.input_spec import as_float
from fastcnn.layers.layer import Layer

__all__ = ["BORDERS", "INTERPOLATIONS", "ImageLayer", "RandomImageLayer", "pair_of", "span"]

# Keras's words -> the kernels'.
BORDERS = {"constant": "constant", "nearest": "replicate", "wrap": "wrap", "reflect": "reflect"}
INTERPOLATIONS = {"nearest": "nearest", "bilinear": "linear"}


def pair_of(value: Any, name: str, low: float, high: float) -> tuple[float, float]:
    """Two numbers in order, given as two; each between ``low`` and ``high``."""
    numbers = tuple(value) if isinstance(value, (tuple, list)) else ()
    if len(numbers) != 2 or not all(isinstance(v, NUMBER) and low <= v <= high for v in numbers):
        raise ValueError(f"{name} must be a number, or two, from {low:g} to {high:g}, got {value!r}")
    return min(numbers), max(numbers)


def span(value: Any, name: str, low: float = -1.0, high: float = 1.0) -> tuple[float, float]:
    """From where to where a factor is drawn: two numbers, or one for both directions, as far as the bounds allow.

    Example:
        >>> span(0.2, "factor"), span((0.1, 0.3), "factor"), span(0.5, "factor", 0.0)
        ((-0.2, 0.2), (0.1, 0.3), (0.0, 0.5))
    """
    if isinstance(value, NUMBER) and not isinstance(value, bool):
        pair_of((value, value), name, low, high)
        return max(-abs(value), low), abs(value)
    return pair_of(value, name, low, high)


class ImageLayer(Layer):
    """A layer over images: ``(height, width, channels)`` or a batch of them; or a dict with "images" and "labels", or
    a pair of them."""

    def __init__(self, data_format: str | None = None, **kwargs: Any):
        boxes = kwargs.pop("bounding_box_format", None)
        if boxes is not None:
            raise NotImplementedError(f"bounding_box_format={boxes!r} is not supported by fastcnn; leave it out")
        super().__init__(**kwargs)
        self.data_format = data_layout(data_format)

    def call(self, data: Any, training: bool | None = True) -> Any:
        if isinstance(data, dict):
            for word in ("bounding_boxes", "segmentation_masks"):
                if word in data:
                    raise NotImplementedError(f"{self.name}: {word} are not supported by fastcnn; leave them out")
            if "images" not in data:
                raise ValueError(f"{self.name}: data must have the key 'images', got {sorted(data)}")
            images, labels = self._changed(data["images"], data.get("labels"), training)
            return {**data, "images": images, **({"labels": labels} if "labels" in data else {})}
        if isinstance(data, (tuple, list)):
            if len(data) != 2:
                raise ValueError(f"{self.name}: data must be images or (images, labels), got {len(data)} things")
            return self._changed(data[0], data[1], training)
        return self._changed(data, None, training)[0]

    def _changed(self, images: Any, labels: Any, training: Any) -> tuple[Any, Any]:
        rank = len(images.shape)
        if rank not in (3, 4):
            raise ValueError(
                f"{self.name}: expected 3 or 4 dimensions, (height, width, channels) or a batch, "
                f"got shape {tuple(images.shape)}"
            )
        x = as_float(images)
        if not self._active(training):
            return x, labels
        if rank == 3:
            x = ops.expand_dims(x, 0)
            labels = None if labels is None else ops.expand_dims(labels, 0)
        first = self.data_format == "channels_first"
        x, labels = self.transform(ops.to_channels_last(x) if first else x, labels, bool(training))
        x = ops.to_channels_first(x) if first else x
        if rank == 3:
            x, labels = ops.squeeze(x, 0), None if labels is None else ops.squeeze(labels, 0)
        return x, labels

    def _active(self, training: Any) -> bool:
        """Whether there is anything to do."""
        return True

    def transform(self, x: Any, labels: Any, training: bool) -> tuple[Any, Any]:
        """Images (n, h, w, c) and their labels, or None, as they shall be."""
        raise NotImplementedError(f"{type(self).__name__} has no transform method")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}

    def _resized_shape(self, shape: Any, height: int, width: int) -> Any:
        if isinstance(shape, dict):
            return {k: self._resized_shape(v, height, width) if k == "images" else v for k, v in shape.items()}
        if shape and isinstance(shape[0], (tuple, list)):
            return (self._resized_shape(shape[0], height, width), *shape[1:])
        last = self.data_format == "channels_last"
        return (*shape[:-3], height, width, shape[-1]) if last else (*shape[:-3], shape[-3], height, width)


class RandomImageLayer(ImageLayer):
    """One that draws numbers, in training only."""

    def __init__(self, seed: int | None = None, data_format: str | None = None, **kwargs: Any):
        super().__init__(data_format=data_format, **kwargs)
        self.seed = seed
        self.seed_generator = random.SeedGenerator(seed)

    def _active(self, training: Any) -> bool:
        return bool(training)

    def _drawn(self, shape: Any, dtype: str, compute: Any) -> Any:
        return drawn(self.seed_generator, shape, dtype, compute)

    def _each(self, x: Any, bounds: tuple[float, float], dtype: str = "float32") -> Any:
        """A number for each image, (n, 1, 1, 1)."""

        def numbers(draws: Draws) -> Any:
            return draws.uniform(x.shape[0], *bounds).reshape(-1, 1, 1, 1)

        return self._drawn((x.shape[0], 1, 1, 1), dtype, numbers)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}
