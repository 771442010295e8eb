"""Class numbers to one-hot rows, and rows to unit norm."""

from typing import Any

import numpy as np

from fastcnn._arrays import INT

__all__ = ["normalize", "to_categorical"]

Array = np.ndarray[Any, Any]


def to_categorical(x: Any, num_classes: int | None = None) -> Array:
    """Class numbers as one-hot rows: what ``categorical_crossentropy`` wants.

    Args:
        x: whole numbers from 0, of any shape; a last axis of size 1 goes.
        num_classes: length of a row; the greatest number plus one unless given.

    Returns:
        float64, the shape of ``x`` with one more axis.

    Example:
        >>> to_categorical([0, 2]).tolist()
        [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    given = np.asarray(x)
    if given.dtype.kind not in "biuf":
        raise TypeError(
            f"x must be class numbers, got dtype {given.dtype}; make numbers of names by "
            "np.unique(x, return_inverse=True)"
        )
    labels = given.astype(np.int64)
    if given.dtype.kind == "f" and not (labels == given).all():
        raise ValueError("x must be whole class numbers, got numbers with a fraction")
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.size == 0 and not num_classes:
        raise ValueError("num_classes must be given where x is empty")
    if num_classes is not None and (not isinstance(num_classes, INT) or num_classes < 1):
        raise ValueError(f"num_classes must be a positive int or None, got {num_classes!r}")
    count = int(num_classes or labels.max() + 1)
    if labels.size and (labels.min() < 0 or labels.max() >= count):
        wrong = labels.min() if labels.min() < 0 else labels.max()
        raise ValueError(f"x must be from 0 to num_classes - 1, which is {count - 1}, got {wrong}")
    return (labels[..., None] == np.arange(count)).astype(np.float64)


def normalize(x: Any, axis: int = -1, order: float = 2) -> Array:
    """``x`` over its norm along an axis; zeros stay zeros.

    Args:
        x: any array-like.
        axis: the one that gets norm 1.
        order: of the norm: 2, 1, ``np.inf``...

    Returns:
        float64 (float32 where ``x`` is), the shape of ``x``.

    Example:
        >>> normalize([[3.0, 4.0]]).tolist()
        [[0.6, 0.8]]
    """
    array = np.asarray(x)
    norms = np.linalg.norm(array, order, axis, keepdims=True)
    return array / np.where(norms == 0, 1, norms)
