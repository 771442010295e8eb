"""Variables side by side in one buffer, so that one call of a kernel updates many of them."""

from collections.abc import Sequence
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from fastcnn import _core
from fastcnn.tensor import Variable

__all__ = ["ALIGNMENT", "address", "in_order_of_memory", "joined", "lay_flat", "span"]

Array = np.ndarray[Any, Any]
ALIGNMENT = 64
_buffers: "WeakValueDictionary[int, Array]" = WeakValueDictionary()


def _padded(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def address(array: Array) -> int:
    """Where the array begins."""
    return int(array.__array_interface__["data"][0])


def _settled(variable: Variable) -> bool:
    base = variable.array.base
    return base is not None and _buffers.get(id(base)) is base


def lay_flat(variables: Sequence[Variable]) -> bool:
    """Moves variables of float32 that lie on their own into one buffer, in this order; others stay where they are.

    A variable moves once: programs, and other models that share it, go on using its memory. So what was trained by
    itself before lies in several buffers.

    Args:
        variables: whose ``array`` becomes a view of the buffer. Each starts at a multiple of 64 bytes.

    Returns:
        Whether any has moved: programs that were recorded before are outdated then.

    Example:
        >>> a, b = Variable([1.0, 2.0]), Variable([[3.0]])
        >>> lay_flat([a, b]), lay_flat([b, a])
        (True, False)
        >>> address(b.array) - address(a.array), b.numpy().tolist()
        (64, [[3.0]])
    """
    alone = [v for v in variables if not _settled(v)]
    if not alone:
        return False
    starts = np.cumsum([0, *[_padded(v.array.nbytes) for v in alone]]).tolist()
    buffer = _core.aligned_bytes(max(starts[-1], ALIGNMENT))
    _buffers[id(buffer)] = buffer
    for variable, start, end in zip(alone, starts, starts[1:], strict=False):
        stop = start + variable.array.nbytes
        view = buffer[start:stop].view(variable.array.dtype).reshape(variable.array.shape)
        np.copyto(view, variable.array)
        buffer[stop:end] = 0
        variable.array = view
    return True


def in_order_of_memory(variables: Sequence[Variable]) -> list[int]:
    """The indices of the variables as they lie in memory; those that lie on their own come first, as they are given.

    Example:
        >>> a, b = Variable([1.0, 2.0]), Variable([[3.0]])
        >>> lay_flat([b, a]), in_order_of_memory([a, b])
        (True, [1, 0])
    """
    return sorted(range(len(variables)), key=lambda i: address(variables[i].array) if _settled(variables[i]) else 0)


def joined(a: Array, b: Array) -> bool:
    """Whether ``b`` begins where ``a``, padded, ends, in the same buffer.

    Example:
        >>> a, b = Variable([1.0, 2.0]), Variable([[3.0]])
        >>> lay_flat([a, b]), joined(a.array, b.array), joined(b.array, a.array)
        (True, True, False)
    """
    return a.base is not None and a.base is b.base and address(b) - address(a) == _padded(a.nbytes)


def span(first: Array, last: Array) -> Array:
    """All from the first array to the end of the last, padding included, as one.

    Example:
        >>> a, b = Variable([1.0, 2.0]), Variable([[3.0]])
        >>> lay_flat([a, b]), span(a.array, b.array).shape
        (True, (17,))
    """
    size = (address(last) + last.nbytes - address(first)) // first.itemsize
    return np.lib.stride_tricks.as_strided(first.reshape(-1), (size,), (first.itemsize,))
