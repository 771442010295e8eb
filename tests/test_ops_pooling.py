import numpy as np
import pytest
from oprules import check_all, check_channels_first, check_gradient, check_shape, numbers

from fastcnn import ops
from fastcnn.autograd import GradientTape
from fastcnn.tensor import SymbolicTensor, Tensor

X, X1 = numbers(2, 5, 4, 2), numbers(2, 7, 2)
WINDOWS = [
    {"pool_size": 2},
    {"pool_size": (3, 2), "strides": 1},
    {"pool_size": 3, "strides": 2, "padding": "same"},
    {"pool_size": 2, "strides": (1, 2), "padding": ((1, 0), (0, 1))},
]


@pytest.mark.parametrize("arguments", WINDOWS, ids=str)
@pytest.mark.parametrize("name", ["max_pool", "average_pool"])
def test_pool(name, arguments):
    check_all(lambda x: getattr(ops, name)(x, **arguments), X)


@pytest.mark.parametrize(
    "arguments",
    [
        {"pool_size": 2},
        {"pool_size": (3,), "strides": (2,)},
        {"pool_size": 3, "padding": "same"},
        {"pool_size": 3, "padding": (1, 2), "strides": 1},
        {"pool_size": 3, "padding": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["max_pool", "average_pool"])
def test_pool_one_dimension(name, arguments):
    check_all(lambda x: getattr(ops, name)(x, **arguments), X1)


def test_a_window_of_more_than_256_cells_has_a_gradient():
    check_gradient(lambda x: ops.max_pool(x, 17), numbers(1, 17, 17, 1))


def test_average_leaves_padding_out():
    assert ops.average_pool(np.ones((1, 3, 3, 1)), 2, 1, "same").array.ravel().tolist() == [1.0] * 9


def test_average_of_a_flag():
    flag = np.zeros((1, 2, 2, 3))
    flag[:, :, 0, 0] = flag[:, :, 1, 2] = 255
    assert ops.average_pool(flag, 2).array.ravel().tolist() == [127.5, 0.0, 127.5]
    assert ops.global_average_pool(flag).array.ravel().tolist() == [127.5, 0.0, 127.5]


def test_first_of_equals_gets_the_gradient():
    x = Tensor(np.ones((1, 2, 2, 1), np.float32))
    with GradientTape() as tape:
        tape.watch(x)
        y = ops.max_pool(x, 2)
    assert tape.gradient(y, x).array.ravel().tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", ["global_max_pool", "global_average_pool"])
@pytest.mark.parametrize("x", [X, X1], ids=["2d", "1d"])
def test_global_pool(name, keepdims, x):
    check_all(lambda x: getattr(ops, name)(x, keepdims), x)
    check_channels_first(lambda x, form: getattr(ops, name)(x, keepdims, form), x)


def test_adaptive_average_pool():
    check_all(lambda x: ops.adaptive_average_pool(x, (3, 2)), X)
    check_all(lambda x: ops.adaptive_average_pool(x, 3), X1)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_upsample_and_resize(interpolation):
    check_all(lambda x: ops.upsample(x, (2, 3), interpolation), X)
    check_all(lambda x: ops.upsample(x, 2, interpolation), X1)
    check_all(lambda x: ops.resize(x, (3, 7), interpolation), X)


@pytest.mark.parametrize(
    "f",
    [
        lambda x, form: ops.max_pool(x, 2, data_format=form),
        lambda x, form: ops.average_pool(x, 2, data_format=form),
        lambda x, form: ops.adaptive_average_pool(x, 2, form),
        lambda x, form: ops.upsample(x, 2, data_format=form),
    ],
    ids=["max", "average", "adaptive", "upsample"],
)
def test_channels_first(f):
    check_channels_first(f, X)
    check_channels_first(f, X1)
    check_channels_first(lambda x, form: ops.resize(x, 3, data_format=form), X)


def test_unknown_sizes():
    x = SymbolicTensor((None, None, 6, 2))
    assert ops.max_pool(x, 2, padding="same").shape == (None, None, 3, 2)
    assert ops.upsample(x, 2).shape == (None, None, 12, 2)
    assert ops.global_max_pool(x).shape == (None, 2)
    check_shape(lambda x: ops.max_pool(x, 2), X)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.max_pool(X[0, 0], 2), r"inputs must be \(n, length, c\) or \(n, h, w, c\), got shape \(4, 2\)"),
        (lambda: ops.resize(X1, 2), r"inputs must be \(n, h, w, c\), got shape \(2, 7, 2\)"),
        (lambda: ops.max_pool(X, 2, data_format="NCHW"), "data_format must be"),
        (lambda: ops.upsample(X, 2, "cubic"), "interpolation must be 'nearest' or 'bilinear', got 'cubic'"),
        (lambda: ops.max_pool(SymbolicTensor((None, 1, 1, 2)), 2), "does not fit into the 1 cells of axis 1"),
        (lambda: ops.average_pool(X, 2, padding="smae"), "padding"),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()
