"""Memory that a thread lends to its calls: results do not change, and what would have been enough is told."""

import ctypes
from ctypes import byref, c_size_t, c_void_p

import numpy as np
import pytest
from guard_workspace import library

from fastcnn import _core, kernels

LIBRARY = library()
LEND = LIBRARY.fastcnn_lend_workspace
LEND.argtypes = [c_void_p, c_size_t, c_void_p]
LIBRARY.fastcnn_last_error.restype = ctypes.c_char_p
X = np.random.default_rng(0).normal(size=(64, 200)).astype("float32")
W = np.random.default_rng(1).normal(size=(200, 70)).astype("float32")


@pytest.fixture(autouse=True)
def ended():
    yield
    assert LEND(None, 0, None) == 0


@pytest.mark.parametrize("enough", [True, False])
def test_calls_take_what_they_need_where_there_is_enough(enough):
    expected = kernels.matmul(X, W)
    wanted = c_size_t(0)
    assert LEND(None, 0, byref(wanted)) == 0
    kernels.matmul(X, W)
    assert wanted.value > 0
    size = wanted.value if enough else 64
    memory = _core.aligned_bytes(size)
    memory[...] = 7
    assert LEND(memory.ctypes.data, size, byref(wanted)) == 0
    np.testing.assert_array_equal(kernels.matmul(X, W), expected)
    assert wanted.value >= size
    assert (memory != 7).any() == enough


@pytest.mark.parametrize(
    ("address", "size", "told", "message"),
    [
        (1, 64, True, "memory must be aligned to 64 bytes"),
        (0, 64, True, "memory must be given where bytes is not 0, got 64 bytes"),
        (64, 64, False, "wanted must be given with memory"),
    ],
)
def test_what_cannot_be_lent_is_refused(address, size, told, message):
    wanted = c_size_t(0)
    assert LEND(address, size, byref(wanted) if told else None) != 0
    assert message in LIBRARY.fastcnn_last_error().decode()
