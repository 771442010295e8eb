"""Pooling through the C API: workspaces, strides of results, what is refused."""

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checks import assert_same, normal

from fastcnn import _core, kernels

Array = np.ndarray[Any, Any]


class Pool2d(ctypes.Structure):
    """fastcnn_pool2d."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("n", "h", "w", "c", "kh", "kw", "stride_h", "stride_w")),
        *((name, ctypes.c_int64) for name in ("dilation_h", "dilation_w", "top", "bottom", "left", "right")),
        *((name, ctypes.c_int32) for name in ("ceil_mode", "count_include_pad")),
        ("y_pixel", ctypes.c_int64),
    )


@pytest.fixture
def library() -> ctypes.CDLL:
    """The C API: the very library that the Python module has loaded."""
    loaded = [line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "libfastcnn" in line]
    lib = ctypes.CDLL(loaded[0])
    lib.fastcnn_last_error.restype = ctypes.c_char_p
    return lib


def test_workspaces_of_the_c_api(library: ctypes.CDLL, rng: np.random.Generator) -> None:
    """What the library asks for is enough, wherever it starts; one byte less is refused, none past it touched."""
    x = normal(rng, (2, 30, 29, 7))
    y = kernels.max_pool2d(x, 3, 2, 1)
    window = Pool2d(*x.shape, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 0, 0)
    dx, mean = np.empty_like(x), np.empty((2, 7), np.float32)
    bytes_ = ctypes.c_size_t()

    def pointer(a: Array, offset: int = 0) -> ctypes.c_void_p:
        return ctypes.c_void_p(a.ctypes.data + offset)

    def max_pool_dx(workspace: Array, offset: int, size: int) -> int:
        where = pointer(workspace, offset), ctypes.c_size_t(size)
        call = library.fastcnn_max_pool2d_dx
        return int(call(ctypes.byref(window), pointer(y), None, pointer(x), pointer(dx), *where))

    def global_avg(workspace: Array, offset: int, size: int) -> int:
        dims = (ctypes.c_int64(d) for d in (2, 30 * 29, 7))
        where = pointer(workspace, offset), ctypes.c_size_t(size)
        return int(library.fastcnn_global_avg_pool(*dims, pointer(x), pointer(mean), *where))

    assert library.fastcnn_max_pool2d_dx_workspace(ctypes.byref(window), ctypes.byref(bytes_)) == 0
    max_bytes = bytes_.value
    assert library.fastcnn_global_pool_workspace(*(ctypes.c_int64(d) for d in (2, 870, 7)), ctypes.byref(bytes_)) == 0
    for call, size in ((max_pool_dx, max_bytes), (global_avg, bytes_.value)):
        for offset in (0, 1, 63):
            workspace = np.full(offset + size + 64, 77, np.uint8)
            assert call(workspace, offset, size) == 0
            assert np.all(workspace[:offset] == 77)
            assert np.all(workspace[offset + size :] == 77)
        assert call(workspace, 0, size - 1) == 3
        assert f"workspace must hold {size} bytes, got {size - 1}" in library.fastcnn_last_error().decode()
    assert_same(dx, kernels.max_pool2d_dx(y, x, 3, 2, 1), trust=False)
    assert_same(mean, kernels.global_avg_pool2d(x))

    p, nothing = ctypes.byref(window), ctypes.c_size_t(0)
    assert library.fastcnn_max_pool2d_dx(p, pointer(y), None, None, pointer(dx), None, nothing) == 1
    assert library.fastcnn_last_error() == b"max_pool2d_dx: x must not be NULL"
    assert library.fastcnn_max_pool2d(None, pointer(x), pointer(y), None) == 1
    assert library.fastcnn_last_error() == b"max_pool2d: p must not be NULL"
    window.h = window.w = 2**40
    assert library.fastcnn_max_pool2d(p, pointer(x), pointer(y), None) == 1
    assert b"x is too large" in library.fastcnn_last_error()


def test_indices_lie_as_the_result_does(library: ctypes.CDLL, rng: np.random.Generator) -> None:
    x = normal(rng, (1, 6, 6, 4))
    larger = np.zeros((1, 3, 3, 8), np.float32)
    with pytest.raises(ValueError, match="out must be C-contiguous and aligned$"):
        kernels.max_pool2d(x, 2, return_indices=True, out=larger[..., :4])
    window = Pool2d(*x.shape, 2, 2, 2, 2, 1, 1, 0, 0, 0, 0, 0, 0, 8)
    indices = np.zeros((1, 3, 3, 4), np.uint8)
    places = [ctypes.c_void_p(a.ctypes.data) for a in (x, larger, indices)]
    assert library.fastcnn_max_pool2d(ctypes.byref(window), *places) != 0
    assert b"y_pixel must be 0 or c = 4 here, got 8" in library.fastcnn_last_error()
    window.y_pixel = 3
    assert library.fastcnn_avg_pool2d(ctypes.byref(window), *places[:2]) != 0
    assert b"y_pixel must be 0 or at least c = 4, got 3" in library.fastcnn_last_error()


def test_nonsense_about_reading_through_is_refused(library: ctypes.CDLL) -> None:
    x, affine = np.ones((1, 4, 4, 2), np.float32), np.ones((3, 2), np.float32)
    for given, message in (
        ((x[0], affine, None, 2, 2, 0), r"x must have 4 dimensions \(n, h, w, c\)"),
        ((x, affine[:2], None, 2, 2, 0), r"affine must have shape \(3, 2\)"),
        ((x, affine, "tanh", 2, 2, 0), "the prologue's activation must be linear, relu or relu6"),
        ((np.ones((1, 20, 20, 2)), affine, None, 17, 2, 0), "indices need a pool size of at most 256 cells, got 289"),
    ):
        with pytest.raises(ValueError, match=message):
            _core.max_pool2d_through(*given)
    assert library.fastcnn_max_pool2d_through(None, None, None, None, None) != 0
