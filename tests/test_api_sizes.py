"""The C API with sizes that no array has: refused, though there may be nothing to read."""

import ctypes
from ctypes import byref, c_int64, c_size_t

import pytest
from guard_workspace import Depthwise, Dims, Matmul, library

LIBRARY = library()
LIBRARY.fastcnn_last_error.restype = ctypes.c_char_p
FAR = 1 << 40


def refuses(status: int, words: bytes) -> bool:
    return status == 1 and words in LIBRARY.fastcnn_last_error()


def test_padding_that_does_not_fit() -> None:
    p = Depthwise(1, 1, 1, 1, 1, 1, 1, FAR, FAR, 1, 1, FAR, 0, FAR, 0)
    assert refuses(LIBRARY.fastcnn_depthwise_conv2d_db(byref(p), None, None, None, c_size_t(0)), b"the padded x")


@pytest.mark.parametrize("empty", [0, 1, 2])
def test_other_sides_of_empty_arrays(empty: int) -> None:
    sides, bytes_ = [FAR, FAR, FAR], c_size_t(0)
    sides[empty] = 0
    dims = Dims(3, (c_int64 * 8)(*sides))
    for axes in range(8):
        assert refuses(LIBRARY.fastcnn_reduce_workspace(0, byref(dims), axes, byref(bytes_)), b"too large")
    matmul = Matmul(*sides, 1, 0, 0, 1, 1, 0)
    assert refuses(LIBRARY.fastcnn_matmul_workspace(byref(matmul), byref(bytes_)), b"too large")
    few = Dims(3, (c_int64 * 8)(*(side and 1000 for side in sides)))
    assert LIBRARY.fastcnn_reduce_workspace(0, byref(few), 1, byref(bytes_)) == 0


def test_a_size_below_zero_is_not_told_as_a_pointer() -> None:
    bytes_ = c_size_t(0)
    assert refuses(
        LIBRARY.fastcnn_matmul_workspace(byref(Matmul(1, -1, 2, 3)), byref(bytes_)), b"the sizes of a must be"
    )
    assert refuses(LIBRARY.fastcnn_unary(0, c_int64(-1), None, None), b"unary: size must be at least 0, got -1")


def test_defaults_of_nothing() -> None:
    """A void function has no status; the next function that is given NULL has one."""
    LIBRARY.fastcnn_conv2d_defaults(None)
    assert refuses(LIBRARY.fastcnn_conv2d_output_shape(None, None, None), b"params must not be NULL")
