"""A batch as rows of a larger array, which nobody copies but who reads them."""

from typing import Any

import numpy as np

from fastcnn import _core
from fastcnn.seam import float_dtype
from fastcnn.tensor import Tensor

__all__ = ["Gathered"]

Array = np.ndarray[Any, Any]


class Gathered(Tensor):
    """Rows of an array. A program has them copied straight to where it reads them; ``array`` is a copy like any other.

    Args:
        source: contiguous, float32.
        rows: their numbers, int64, each within the array.

    Example:
        >>> batch = Gathered(np.arange(6, dtype=np.float32).reshape(3, 2), np.array([2, 0]))
        >>> batch.shape, batch.numpy().tolist()
        ((2, 2), [[4.0, 5.0], [0.0, 1.0]])
    """

    __slots__ = ("_copy", "_rows", "_source")

    def __init__(self, source: Array, rows: Array):
        self._source, self._rows = source, rows
        self._copy: Array | None = None

    @property
    def array(self) -> Array:  # type: ignore[override] # of a Tensor, it is there from the beginning
        """The rows, copied when first asked for."""
        if self._copy is None:
            self._copy = _core.take(self._source, self._rows, None)
        return self._copy

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the rows together."""
        return (len(self._rows), *self._source.shape[1:])

    @property
    def dtype(self) -> str:
        """That of the source."""
        return str(self._source.dtype)

    def copy_to(self, array: Array) -> None:
        """Writes the rows into an array of their shape.

        Example:
            >>> batch, to = Gathered(np.eye(3, dtype=np.float32), np.array([1])), np.zeros((1, 3), np.float32)
            >>> batch.copy_to(to)
            >>> to.tolist()
            [[0.0, 1.0, 0.0]]
        """
        if self._copy is None:
            _core.take(self._source, self._rows, array)
        else:
            np.copyto(array, self._copy)


def may_gather(source: Array, rows: Any) -> bool:
    """Whether these rows can be a ``Gathered``.

    Example:
        >>> may_gather(np.zeros((3, 2), np.float32), np.array([2])), may_gather(np.zeros((3, 2)), np.array([2]))
        (True, False)
    """
    plain = source.dtype == np.float32 == float_dtype() and source.flags.c_contiguous
    return plain and isinstance(rows, np.ndarray)
