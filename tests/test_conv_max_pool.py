"""A convolution by Winograd and the pooling behind it in one pass: the bits of the two, forward and in both gradients."""

import ctypes
from ctypes import byref, c_size_t, c_void_p

import numpy as np
import pytest
from checks import assert_same_bits_everywhere, normal
from guard_workspace import Conv, Epilogue, library

from fastcnn import _core, kernels

MAPS = [(8, 8), (12, 10), (13, 9), (7, 11), (26, 26), (50, 34)]
CHANNELS = [(32, 32), (33, 48), (64, 96), (300, 80)]
PADDINGS = ["same", "valid", 2, ((1, 1), (3, 2)), ((0, 3), (2, 1))]


def special(a, rng):
    """With numbers that comparisons treat apart; equal ones, too."""
    a = np.round(a, 1)
    for value in (np.nan, np.inf, -np.inf, -0.0):
        a.reshape(-1)[rng.integers(0, a.size, 2)] = value
    return a


def apart(x, w, bias, dy, padding, activation, prologue=None):
    """(y without indices, y, indices, dw, db, dx) with the map stored between convolution and pooling."""
    y = kernels.conv2d(x, w, bias, padding=padding, activation=activation, prologue=prologue)
    pooled, indices = kernels.max_pool2d(y, 2, return_indices=True)
    spread = kernels.max_pool2d_dx(dy, y.shape, 2, indices=indices)
    dw, db = kernels.conv2d_dw(x, spread, w.shape, padding=padding, prologue=prologue, return_db=True)
    dx = kernels.conv2d_dx(spread, w, x.shape, padding=padding, residual=x, gate=x)
    return kernels.max_pool2d(y, 2), pooled, indices, dw, db, dx


def together(x, w, bias, dy, padding, activation, prologue=None, prepared=None):
    given = (x, w, bias, 1, padding, 1, 1, activation, prologue, prepared)
    plain = _core.conv2d_max_pool(*given, False)
    pooled, indices = _core.conv2d_max_pool(*given, True)
    dw, db = _core.conv2d_max_pool_dw(x, dy, indices, w.shape, 1, padding, 1, 1, prologue, True)
    dx = _core.conv2d_max_pool_dx(dy, indices, w, x.shape, 1, padding, 1, 1, x, x)
    return plain, pooled, indices, dw, db, dx


def pooled_shape(x, w, padding):
    n, h, width, k = _core.conv2d_output_shape(x.shape, w.shape, 1, padding, 1, 1)
    return n, h // 2, width // 2, k


def bits(a):
    """NaN is NaN: its sign is nobody's business."""
    return np.where(np.isnan(a), np.float32(np.nan), a).tobytes() if a.dtype.kind == "f" else a.tobytes()


def assert_bits(found, expected):
    for name, a, b in zip(("plain", "y", "indices", "dw", "db", "dx"), found, expected, strict=True):
        assert a.dtype == b.dtype and a.shape == b.shape and bits(a) == bits(b), name


@pytest.mark.parametrize("size", MAPS)
@pytest.mark.parametrize("channels", CHANNELS)
def test_the_bits_of_the_two(isa, size, channels, rng):
    (c, k), chosen = channels, 0
    for i, padding in enumerate(PADDINGS):
        x, w, bias = normal(rng, (3, *size, c)), normal(rng, (3, 3, c, k)), normal(rng, (k,))
        if _core.conv2d_algorithm(x.shape, w.shape, 1, padding, 1, 1, "high", "forward") != "winograd":
            continue
        chosen += 1
        dy = special(normal(rng, pooled_shape(x, w, padding)), rng)
        given = (special(x, rng) if i % 2 else x, w, bias if i % 3 else None, dy, padding)
        for activation in (None, "relu", "relu6"):
            found = together(*given, activation)
            assert_bits(found, apart(*given, activation))
        assert np.unique(found[2]).tolist() == [0, 1, 2, 3]
    assert chosen >= 3


@pytest.mark.parametrize("activation", [None, "relu", "relu6"])
def test_through_a_prologue_and_with_a_prepared_filter(isa, activation, rng):
    x, w, bias = normal(rng, (2, 13, 18, 40)), normal(rng, (3, 3, 40, 48)), normal(rng, (48,))
    given = (x, w, bias, normal(rng, pooled_shape(x, w, "same")), "same", activation)
    prologue = (normal(rng, (3, 40)), "relu")
    assert_bits(together(*given, prologue), apart(*given, prologue))
    prepared = _core.conv2d_prepare(x.shape, w, 1, "same", 1, 1)
    assert_bits(together(*given, None, prepared), apart(*given))
    assert np.array_equal(_core.conv2d_max_pool(x, 0 * w, bias, 1, "same", 1, 1, activation, None, prepared, False),
                          together(*given)[0])  # fmt: skip


@pytest.mark.parametrize("shape", [(2, 26, 26, 32, 64), (1, 14, 14, 256, 256), (40, 24, 24, 64, 64)])
def test_same_bits_everywhere(shape, rng):
    *images, c, k = shape
    x, w = normal(rng, (*images, c)), normal(rng, (3, 3, c, k))
    dy = normal(rng, pooled_shape(x, w, "valid"))
    assert_same_bits_everywhere(lambda: together(x, w, None, dy, "valid", "relu"))


def test_images_do_not_depend_on_their_batch(rng):
    x, w = normal(rng, (9, 12, 12, 32)), normal(rng, (3, 3, 32, 48))
    dy = normal(rng, (9, 6, 6, 48))
    *whole, _, _, dx = together(x, w, None, dy, "same", "relu")
    for i in (0, 4, 8):
        *one, _, _, own = together(x[i : i + 1], w, None, dy[i : i + 1], "same", "relu")
        for a, b in zip((*whole, dx), (*one, own), strict=True):
            assert np.array_equal(a[i : i + 1], b)


def test_large_results_go_past_the_caches(rng):
    x, w = normal(rng, (1, 364, 364, 32)), normal(rng, (3, 3, 32, 64))  # y: 8.5 MB
    y, indices = _core.conv2d_max_pool(x, w, None, 1, "same", 1, 1, None, None, None, True)
    expected = kernels.max_pool2d(kernels.conv2d(x, w, padding="same"), 2, return_indices=True)
    assert y.nbytes >= 8 << 20 and np.array_equal(y, expected[0]) and np.array_equal(indices, expected[1])


def test_windows_without_a_winner_get_no_gradient(rng):
    w, dy = normal(rng, (3, 3, 32, 32)), normal(rng, (2, 4, 4, 32))
    x = normal(rng, (2, 8, 8, 32))
    nowhere = np.full(dy.shape, 4, np.uint8)
    assert not _core.conv2d_max_pool_dx(dy, nowhere, w, x.shape, 1, "same", 1, 1, None, None).any()
    assert not _core.conv2d_max_pool_dw(x, dy, nowhere, w.shape, 1, "same", 1, 1, None, False).any()


def test_no_images(rng):
    x, w = np.zeros((0, 8, 8, 32), np.float32), normal(rng, (3, 3, 32, 32))
    dy = np.zeros((0, 4, 4, 32), np.float32)
    y, indices, = _core.conv2d_max_pool(x, w, None, 1, "same", 1, 1, None, None, None, True)  # fmt: skip
    assert y.shape == indices.shape == dy.shape
    dw, db = _core.conv2d_max_pool_dw(x, dy, indices, w.shape, 1, "same", 1, 1, None, True)
    assert not dw.any() and not db.any()
    assert _core.conv2d_max_pool_dx(dy, indices, w, x.shape, 1, "same", 1, 1, None, None).shape == x.shape


X, W, DY = (
    np.zeros((1, 8, 8, 32), np.float32),
    np.zeros((3, 3, 32, 32), np.float32),
    np.zeros((1, 4, 4, 32), np.float32),
)
AT = np.zeros(DY.shape, np.uint8)
UNEVEN = ((1, 1), (2, 0))
WRONG = [
    (lambda: _core.conv2d_max_pool(X, W, None, 2, 0, 1, 1, None, None, None, True), "whose algorithm is winograd"),
    (lambda: _core.conv2d_max_pool(X, W, None, 1, 0, 1, 1, "tanh", None, None, True), "linear, relu and relu6 only"),
    (lambda: _core.conv2d_max_pool(X, W, W, 1, 0, 1, 1, None, None, None, True), r"bias must have shape \(32,\)"),
    (lambda: _core.conv2d_max_pool(X, W, None, 1, 0, 1, 1, None, None, DY, True), "prepared must have shape"),
    (lambda: _core.conv2d_max_pool(X[0], W, None, 1, 0, 1, 1, None, None, None, True), "x must have 4 dimensions"),
    (lambda: _core.conv2d_max_pool_dx(DY, AT[:, :3], W, X.shape, 1, 1, 1, 1, None, None), "indices must have shape"),
    (lambda: _core.conv2d_max_pool_dx(X, AT, W, X.shape, 1, 1, 1, 1, None, None), r"dy must have shape \(1, 4, 4, 32\)"),
    (lambda: _core.conv2d_max_pool_dx(DY, AT, W, X.shape, 1, UNEVEN, 1, 1, None, None), "both even or both odd, got 1, 2"),
    (lambda: _core.conv2d_max_pool_dw(X, DY, AT[:, :3], W.shape, 1, 1, 1, 1, None, True), "indices must have shape"),
    (lambda: _core.conv2d_max_pool_dw(X, X, AT, W.shape, 1, 1, 1, 1, None, True), r"dy must have shape \(1, 4, 4, 32\)"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_what_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def params(**changes):
    sizes = {"n": 1, "h": 8, "w": 8, "c": 32, "k": 32, "kh": 3, "kw": 3, "top": 1, "bottom": 1, "left": 1, "right": 1}
    ones = dict.fromkeys(("stride_h", "stride_w", "dilation_h", "dilation_w", "groups"), 1)
    return Conv(**(sizes | ones | {"algorithm": 2} | changes))


REFUSED = [
    ("", params(), Epilogue(residual=64), "goes without a residual or gate"),
    ("", params(), Epilogue(gate=64), "goes without a residual or gate"),
    ("", params(), Epilogue(activation=9), "goes with linear, relu and relu6 only"),
    ("", params(algorithm=1), None, "a layer whose algorithm is winograd"),
    ("", params(k=40), None, "k must be a multiple of 16 for pooling in the same pass, got 40"),
    ("", params(h=1, bottom=1), None, "windows of 2x2 need a map as large, got (1, 8)"),
    ("_dx", params(w=1), None, "windows of 2x2 need a map as large, got (8, 1)"),
    ("_dx", params(), None, "indices must not be NULL"),
    ("_dw", params(algorithm=1), None, "a layer whose algorithm is winograd"),
    ("_dw", params(), None, "indices must not be NULL"),
]


@pytest.mark.parametrize(("name", "given", "epilogue", "message"), REFUSED)
def test_what_the_c_api_refuses(name, given, epilogue, message):
    lib = library()
    lib.fastcnn_last_error.restype = ctypes.c_char_p
    numbers = c_void_p(np.zeros(1 << 16, np.float32).ctypes.data)
    last = byref(epilogue) if epilogue is not None else None
    arguments = {
        "": (numbers, numbers, last, numbers, None),
        "_dx": (numbers, None, numbers, last, numbers),
        "_dw": (numbers, numbers, None, numbers, None),
    }[name]
    call = getattr(lib, f"fastcnn_conv2d_max_pool{name}")
    assert call(byref(given), *arguments, None, c_size_t(0)) != 0
    found = lib.fastcnn_last_error().decode()
    assert found.startswith(f"conv2d_max_pool{name}: ") and message in found
