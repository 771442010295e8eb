"""Arrays that do not begin with a cache line, as most of NumPy's: other ways to read them, the same bits."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from checks import normal

from fastcnn import kernels

Array = np.ndarray[Any, Any]


def beginning(array: Array, offset: int) -> Array:
    """A copy that begins so many floats past a cache line."""
    memory = np.empty(array.size + 32, np.float32)
    start = -memory.ctypes.data // 4 % 16 + offset
    found = memory[start : start + array.size].reshape(array.shape)
    found[...] = array
    return found


# Columns of weight gradients that may be read where they lie, of dy and, exchanged, of x; rows of matrices; filters of
# few tiles; pixels whose lines are asked for.
CALLS: dict[str, tuple[list[tuple[int, ...]], Callable[[Array, Array], Array]]] = {
    "columns": ([(4, 20, 20, 96), (4, 20, 20, 128)], lambda x, dy: kernels.conv2d_dw(x, dy, (1, 1, 96, 128))),
    "exchanged": ([(4, 28, 28, 128), (4, 28, 28, 512)], lambda x, dy: kernels.conv2d_dw(x, dy, (1, 1, 128, 512))),
    "windows": (
        [(2, 15, 17, 32), (2, 8, 9, 256)],
        lambda x, dy: kernels.conv2d_dw(x, dy, (3, 3, 32, 256), strides=2, padding="same"),
    ),
    "rows": ([(70, 90), (90, 128)], kernels.matmul),
    "panels": ([(500, 90), (90, 200)], kernels.matmul),
    "turned": ([(90, 500), (90, 200)], lambda a, b: kernels.matmul(a, b, transpose_a=True)),
    "streamed": ([(1, 7, 7, 160), (3, 3, 160, 96)], lambda x, w: kernels.conv2d(x, w, padding="same")),
    "strided": ([(2, 13, 13, 80), (1, 1, 80, 96)], lambda x, w: kernels.conv2d(x, w, strides=2)),
    "depthwise": ([(2, 24, 20, 40), (3, 3, 40, 1)], lambda x, w: kernels.depthwise_conv2d(x, w, padding="same")),
}


@pytest.mark.parametrize("call", CALLS)
def test_the_same_bits_wherever_arrays_begin(isa: str, call: str, rng: np.random.Generator) -> None:
    shapes, run = CALLS[call]
    arrays = [normal(rng, shape) for shape in shapes]
    expected = run(*(beginning(array, 0) for array in arrays)).tobytes()
    for first, second in ((4, 0), (0, 4), (12, 1), (8, 8)):
        assert run(beginning(arrays[0], first), beginning(arrays[1], second)).tobytes() == expected
