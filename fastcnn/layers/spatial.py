"""What layers over images and sequences have in common: where rows, columns and channels are, and how windows move."""

from typing import Any

from fastcnn.layers.layer import Layer
from fastcnn.seam import Shape

__all__ = ["Spatial"]

_AXES = {1: "steps", 2: "height, width"}


def _missing(shape: Any, rank: int) -> str:
    """Which axis an input most likely lacks, and what gives it one."""
    if len(shape) == 2 and rank == 2:
        return ": after Flatten, Dense and global pooling there are no rows and columns; such layers come last"
    if len(shape) != rank + 1:
        return ""
    if shape[0] is not None and shape[-1] is not None and shape[-1] <= 4:
        return ": one sample needs a batch axis too, as np.expand_dims(x, 0) makes it"
    return f": a channel axis is missing, as np.expand_dims(x, -1) makes it, for samples of shape {(*shape[1:], 1)}"


class Spatial(Layer):
    """A layer over ``rank`` axes besides batch and channels."""

    _least_axes = 1

    rank: int
    data_format: str | None = None  # None: channels come last, and there is no choice
    _channels: int  # that the weights were made for

    def _split(self, shape: Any) -> tuple[Any, tuple[int | None, ...], int | None]:
        """Batch size, sizes, channels of an input's shape."""
        if len(shape) != self.rank + 2:
            axes = _AXES[self.rank]
            order = f"batch, channels, {axes}" if self.data_format == "channels_first" else f"batch, {axes}, channels"
            hint = "" if self.data_format == "channels_first" else _missing(tuple(shape), self.rank)
            raise ValueError(
                f"{self._label()}: expected {self.rank + 2} dimensions ({order}), got shape {tuple(shape)}{hint}"
            )
        if self.data_format == "channels_first":
            return shape[0], tuple(shape[2:]), shape[1]
        return shape[0], tuple(shape[1:-1]), shape[-1]

    def _join(self, batch: Any, sizes: Any, channels: Any) -> Shape:
        """The shape with that batch size, those sizes and channels."""
        return (batch, channels, *sizes) if self.data_format == "channels_first" else (batch, *sizes, channels)

    def _label(self) -> str:
        return f"{type(self).__name__} {self.name!r}"

    def _known_channels(self, shape: Any) -> int:
        """How many channels come in, where weights depend on it."""
        channels = self._split(shape)[2]
        if channels is None:
            raise ValueError(f"{self._label()}: the number of input channels must be known, got shape {tuple(shape)}")
        return channels

    def _check_channels(self, shape: Any) -> None:
        """Raises where an input does not fit the weights."""
        channels = self._split(shape)[2]
        if channels is not None and channels != self._channels:
            raise ValueError(f"{self._label()}: expected {self._channels} input channels, got {channels}")

    def _windows(
        self, sizes: Any, window: tuple[int, ...], strides: tuple[int, ...], padding: Any, dilation: tuple[int, ...]
    ) -> tuple[int | None, ...]:
        """How many places a window has along each axis.

        Args:
            sizes: of the input, None where unknown.
            window, strides, dilation: a number an axis.
            padding: "valid", "same", or pairs of cells before and after, one an axis.
        """
        counts: list[int | None] = []
        reaches = [(k - 1) * d + 1 for k, d in zip(window, dilation, strict=True)]
        for axis, (size, reach, stride) in enumerate(zip(sizes, reaches, strides, strict=True)):
            if size is None:
                counts.append(None)
            elif padding == "same":
                counts.append(-(-size // stride))
            else:
                padded = size + (0 if padding == "valid" else sum(padding[axis]))
                counts.append((padded - reach) // stride + 1)
        if any(n is not None and n < 1 for n in counts):
            kind = "dilated " if max(dilation) > 1 else ""
            where = "x".join("?" if n is None else str(n) for n in sizes)
            raise ValueError(
                f"{self._label()}: the {kind}window {'x'.join(map(str, reaches))} does not fit into {where}; "
                "use padding='same', a smaller window or a larger input"
            )
        return tuple(counts)
