"""The C API: a residual or gate may be the very array that the result goes to; Python's functions copy it before."""

import ctypes
from ctypes import byref, c_size_t, c_void_p

import numpy as np
import pytest
from checks import integers
from guard_workspace import Conv, Epilogue, Matmul, library

RELU = 2
AUTO, DIRECT = 0, 1
SIDES = [(1, 2600, 75, 1, AUTO), (7, 64, 64, 3, DIRECT), (28, 64, 64, 3, DIRECT), (28, 64, 64, 3, AUTO)]


def computed(name: str, given: ctypes.Structure, arrays: list[np.ndarray], role: str, values: np.ndarray) -> np.ndarray:
    """What a call writes where the residual or gate is the result (role of two words), or is not."""
    lib = library()
    lib.fastcnn_last_error.restype = ctypes.c_char_p
    y, other = np.full_like(values, -7), values.copy()
    field, *in_place = role.split()
    if in_place:
        y = other
    epilogue = Epilogue(activation=RELU if field == "residual" else 0, **{field: other.ctypes.data})
    places = [c_void_p(a.ctypes.data) for a in arrays]
    call = getattr(lib, f"fastcnn_{name}")
    status = call(byref(given), *places, byref(epilogue), c_void_p(y.ctypes.data), None, c_size_t(0))
    assert status == 0, lib.fastcnn_last_error()
    return y


@pytest.mark.parametrize("field", ["residual", "gate"])
@pytest.mark.parametrize(("rows", "depth", "columns"), [(1, 9000, 75), (5, 16, 30), (40, 600, 75), (500, 600, 75)])
def test_of_matrix_products(
    isa: str, field: str, rows: int, depth: int, columns: int, rng: np.random.Generator
) -> None:
    a, b = integers(rng, (rows, depth)), integers(rng, (depth, columns))
    call = "matmul", Matmul(1, rows, columns, depth), [a, b]
    values = integers(rng, (rows, columns))
    assert np.array_equal(computed(*call, f"{field} y", values), computed(*call, field, values))


@pytest.mark.parametrize("field", ["residual", "gate"])
@pytest.mark.parametrize("name", ["conv2d", "conv2d_dx"])
@pytest.mark.parametrize(("side", "c", "k", "kernel", "algorithm"), SIDES)
def test_of_convolutions(
    isa: str,
    name: str,
    field: str,
    side: int,
    c: int,
    k: int,
    kernel: int,
    algorithm: int,
    rng: np.random.Generator,
) -> None:
    pad, ones = kernel // 2, dict.fromkeys(("stride_h", "stride_w", "dilation_h", "dilation_w", "groups", "n"), 1)
    margins = dict.fromkeys(("top", "bottom", "left", "right"), pad)
    given = Conv(h=side, w=side, c=c, k=k, kh=kernel, kw=kernel, algorithm=algorithm, **ones, **margins)
    read, written = (c, k) if name == "conv2d" else (k, c)
    source, filter = integers(rng, (1, side, side, read)), integers(rng, (kernel, kernel, c, k))
    values = integers(rng, (1, side, side, written))
    call = name, given, [source, filter]
    assert np.array_equal(computed(*call, f"{field} y", values), computed(*call, field, values))
