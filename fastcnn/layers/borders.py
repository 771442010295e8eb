"""Layers that add a border to images and sequences, or take one away."""

from typing import Any

from fastcnn import ops
from fastcnn.layers.arguments import data_layout, integers, sides
from fastcnn.layers.registry import registry
from fastcnn.layers.spatial import Spatial
from fastcnn.seam import Shape

__all__ = ["Cropping1D", "Cropping2D", "ZeroPadding1D", "ZeroPadding2D"]


class Border(Spatial):
    """A layer that changes sizes by ``_sign`` times so many cells before and after."""

    _sign = 1
    _argument = "padding"

    def __init__(self, cells: Any, **kwargs: Any):
        super().__init__(**kwargs)
        if self.rank == 1:
            found: Any = integers(cells, 2, self._argument, 0)
            self._pairs: tuple[tuple[int, int], ...] = (found,)
        else:
            found = self._pairs = sides(cells, self._argument)
        setattr(self, self._argument, found)
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The sizes with what is added or taken away."""
        batch, sizes, channels = self._split(input_shape)
        new = [None if n is None else n + self._sign * sum(p) for n, p in zip(sizes, self._pairs, strict=True)]
        if any(n is not None and n < 1 for n in new):
            raise ValueError(f"{self._label()}: cropping {self._pairs} leaves nothing of sizes {sizes}")
        return self._join(batch, new, channels)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {self._argument: getattr(self, self._argument)}


class _ZeroPadding(Border):
    padding: Any

    def call(self, inputs: Any) -> Any:
        """Zeros around the input."""
        self._split(inputs.shape)
        return ops.pad(inputs, self._join((0, 0), self._pairs, (0, 0)))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"data_format": self.data_format}


class _Cropping(Border):
    cropping: Any
    _sign = -1
    _argument = "cropping"

    def call(self, inputs: Any) -> Any:
        """The input without its border."""
        self.compute_output_shape(inputs.shape)
        parts = [slice(before, -after or None) for before, after in self._pairs]
        return inputs[self._join(slice(None), parts, slice(None))]


@registry.register()
class ZeroPadding1D(_ZeroPadding):
    """Zeros before and after a sequence.

    Args:
        padding: int or (before, after).
        data_format: "channels_last" (n, steps, c) or "channels_first" (n, c, steps).

    Shapes: (n, steps, c) to (n, before + steps + after, c).

    Example:
        >>> ZeroPadding1D((0, 2))([[[1.0], [2.0]]]).numpy().ravel()
        array([1., 2., 0., 0.], dtype=float32)
    """

    rank = 1

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any):
        super().__init__(padding, **kwargs)
        self.data_format = data_layout(data_format)


@registry.register()
class ZeroPadding2D(_ZeroPadding):
    """Zeros around images.

    Args:
        padding: int, (height, width) or ((top, bottom), (left, right)).
        data_format: "channels_last" (n, h, w, c) or "channels_first" (n, c, h, w).

    Shapes: (n, h, w, c) to (n, top + h + bottom, left + w + right, c).

    Example:
        >>> import numpy as np
        >>> ZeroPadding2D(((0, 1), (2, 2)))(np.ones((1, 3, 3, 1))).shape
        (1, 4, 7, 1)
    """

    rank = 2

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any):
        super().__init__(padding, **kwargs)
        self.data_format = data_layout(data_format)


@registry.register()
class Cropping1D(_Cropping):
    """A sequence without its first and last steps.

    Args:
        cropping: int or (before, after).

    Shapes: (n, steps, c) to (n, steps - before - after, c).

    Example:
        >>> Cropping1D((1, 0))([[[1.0], [2.0], [3.0]]]).numpy().ravel()
        array([2., 3.], dtype=float32)
    """

    rank = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any):
        super().__init__(cropping, **kwargs)


@registry.register()
class Cropping2D(_Cropping):
    """Images without their border.

    Args:
        cropping: int, (height, width) or ((top, bottom), (left, right)).
        data_format: "channels_last" (n, h, w, c) or "channels_first" (n, c, h, w).

    Shapes: (n, h, w, c) to (n, h - top - bottom, w - left - right, c).

    Example:
        >>> import numpy as np
        >>> Cropping2D(((1, 0), (1, 1)))(np.ones((1, 5, 5, 2))).shape
        (1, 4, 3, 2)
    """

    rank = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any):
        super().__init__(cropping, **kwargs)
        self.data_format = data_layout(data_format)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"data_format": self.data_format}
