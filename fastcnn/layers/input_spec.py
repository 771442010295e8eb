"""What a layer expects of its input, checked before it computes."""

from typing import Any

from fastcnn import ops
from fastcnn.layers.layer import Layer

__all__ = ["InputSpec", "SameShape", "as_float"]


def as_float(inputs: Any) -> Any:
    """Whole numbers as floats: pixels in uint8 would wrap around at 256, and below 0."""
    return inputs if inputs.dtype in ("float32", "float64") else ops.cast(inputs, "float")


class InputSpec:
    """Rank and sizes that an input must have; None where anything will do.

    Args:
        dtype: not checked, for every input becomes float32 where it matters.
        shape: sizes of all axes.
        ndim: how many axes.
        max_ndim: at most so many.
        min_ndim: at least so many.
        axes: sizes by axis, as a dict.
        allow_last_axis_squeeze: not supported.
        name: of the input.
        optional: not supported.

    Example:
        >>> InputSpec(ndim=4, axes={-1: 3}).check("conv2d", (8, 32, 32, 3))
    """

    def __init__(
        self,
        dtype: str | None = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ):
        for word, value in (("allow_last_axis_squeeze", allow_last_axis_squeeze), ("optional", optional)):
            if value:
                raise NotImplementedError(f"InputSpec does not support {word}={value!r}; leave it out")
        self.dtype, self.name = dtype, name
        self.shape = None if shape is None else tuple(shape)
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        self.axes = {int(a): n for a, n in (axes or {}).items() if n is not None}
        if self.shape is not None:
            self.axes |= {a: n for a, n in enumerate(self.shape) if n is not None}

    def check(self, layer: str, shape: Any) -> None:
        """Raises a ValueError that names the layer, unless the shape is as expected."""
        rank = len(shape)
        expected = None
        if self.ndim is not None and rank != self.ndim:
            expected = f"{self.ndim} dimensions"
        elif self.min_ndim is not None and rank < self.min_ndim:
            expected = f"at least {self.min_ndim} dimensions"
        elif self.max_ndim is not None and rank > self.max_ndim:
            expected = f"at most {self.max_ndim} dimensions"
        else:
            for axis, size in self.axes.items():
                if not -rank <= axis < rank or shape[axis] not in (size, None):
                    expected = f"size {size} along axis {axis}"
                    break
        if expected is not None:
            raise ValueError(f"layer {layer!r} expects an input with {expected}, got shape {tuple(shape)}")


class SameShape(Layer):
    """A layer whose output has the shape of its input, which must be as ``input_spec`` says."""

    input_spec: InputSpec | None = None

    def _check(self, inputs: Any) -> None:
        if self.input_spec is not None:
            self.input_spec.check(self.name, inputs.shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The same."""
        if self.input_spec is not None:
            self.input_spec.check(self.name, input_shape)
        return tuple(input_shape)
