"""What the C API refuses of an epilogue's gate; Python's functions do not let it come so far."""

import ctypes
from ctypes import byref, c_void_p

import numpy as np
import pytest
from guard_workspace import Conv, Depthwise, Epilogue, Matmul, library

ONES = dict.fromkeys(("stride_h", "stride_w", "dilation_h", "dilation_w", "n", "h", "w", "kh", "kw"), 1)
SIGMOID = 7
CASES = [
    ("matmul", Matmul(1, 4, 4, 4), SIGMOID, "matmul: a gate goes with linear, relu and relu6 only"),
    ("conv2d", Conv(**ONES, c=4, k=4, groups=1), SIGMOID, "conv2d: a gate goes with linear, relu and relu6 only"),
    (
        "depthwise_conv2d",
        Depthwise(**ONES, c=4, multiplier=1),
        0,
        "gate must be NULL: depthwise convolutions have none",
    ),
]


@pytest.mark.parametrize(("name", "given", "activation", "message"), CASES, ids=[case[0] for case in CASES])
def test_gates_that_are_refused(name, given, activation, message):
    lib = library()
    lib.fastcnn_last_error.restype = ctypes.c_char_p
    memory = np.zeros(64, np.float32)
    numbers = c_void_p(memory.ctypes.data)
    epilogue = Epilogue(activation=activation, gate=memory.ctypes.data)
    workspace = () if name == "depthwise_conv2d" else (None, ctypes.c_size_t(0))
    status = getattr(lib, f"fastcnn_{name}")(byref(given), numbers, numbers, byref(epilogue), numbers, *workspace)
    assert status != 0 and message in lib.fastcnn_last_error().decode()
    assert not memory.any()
