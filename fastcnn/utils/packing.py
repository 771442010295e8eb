"""Data in the shape that models take: sequences of one length, batches of one, two or three parts."""

from typing import Any

import numpy as np

__all__ = ["pack_x_y_sample_weight", "pad_sequences", "unpack_x_y_sample_weight"]


def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: float = 0.0,
) -> np.ndarray[Any, Any]:
    """Lists of different lengths as one array.

    Args:
        sequences: a list of lists.
        maxlen: the length of all; that of the longest unless given.
        dtype: of the array.
        padding: "pre" or "post": where short ones are filled up.
        truncating: "pre" or "post": where long ones are cut.
        value: what fills up.

    Example:
        >>> pad_sequences([[1], [2, 3, 4]], maxlen=2)
        array([[0, 1],
               [3, 4]], dtype=int32)
    """
    for name, word in (("padding", padding), ("truncating", truncating)):
        if word not in ("pre", "post"):
            raise ValueError(f"{name} must be 'pre' or 'post', got {word!r}")
    rows = [np.asarray(row) for row in sequences]
    length = max((len(row) for row in rows), default=0) if maxlen is None else int(maxlen)
    inner = next((row.shape[1:] for row in rows if len(row)), ())
    padded = np.full((len(rows), length, *inner), value, dtype)
    for into, row in zip(padded, rows, strict=True):
        kept = row[max(0, len(row) - length) :] if truncating == "pre" else row[:length]
        if len(kept):
            into[slice(len(kept)) if padding == "post" else slice(length - len(kept), None)] = kept
    return padded


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """A batch as ``train_step`` gets it: what is None at the end is left out.

    Args:
        x: the input.
        y: the targets.
        sample_weight: weights of the samples.

    Example:
        >>> pack_x_y_sample_weight(1, 2)
        (1, 2)
    """
    if y is None:
        return (x,) if isinstance(x, (tuple, list)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """x, y and sample_weight of a batch, None for those that it has not.

    Args:
        data: x alone, or a tuple or list of one to three parts.

    Example:
        >>> unpack_x_y_sample_weight((1, 2))
        (1, 2, None)
    """
    parts = tuple(data) if isinstance(data, (tuple, list)) else (data,)
    if not 1 <= len(parts) <= 3:
        raise ValueError(f"data must be x, (x,), (x, y) or (x, y, sample_weight), got {len(parts)} parts")
    return (*parts, None, None)[:3]
