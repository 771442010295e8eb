import numpy as np
import pytest
from oprules import check_all, check_channels_first, check_kernel, check_shape, numbers

from fastcnn import ops
from fastcnn.tensor import SymbolicTensor

X, W, B = numbers(2, 5, 4, 2), numbers(3, 2, 2, 3, seed=1), numbers(3, seed=2)
X1, W1 = numbers(2, 6, 2), numbers(3, 2, 3, seed=1)
ARGUMENTS = [
    {},
    {"padding": "same"},
    {"padding": "same", "strides": 2},
    {"padding": ((1, 2), (0, 1)), "strides": (2, 1)},
    {"padding": 1, "dilation_rate": (2, 1)},
    {"padding": (1, 0), "padding_value": 0.5},
    {"padding": 1, "padding_mode": "reflect"},
    {"padding": 1, "padding_mode": "replicate", "strides": 2},
    {"padding": 1, "padding_mode": "circular"},
]


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=str)
def test_conv(arguments):
    check_all(lambda x, w, b: ops.conv(x, w, bias=b, **arguments), X, W, B)


@pytest.mark.parametrize("padding", ["valid", "same", "causal", 1, (2, 0)], ids=str)
@pytest.mark.parametrize("spread", [{"strides": 2}, {"dilation_rate": 2}, {"strides": (1,)}], ids=str)
def test_conv_one_dimension(padding, spread):
    check_all(lambda x, w: ops.conv(x, w, padding=padding, **spread), X1, W1)


def test_groups_follow_from_the_kernel():
    check_all(lambda x, w: ops.conv(x, w, padding="same"), numbers(1, 3, 3, 4), numbers(2, 2, 2, 6, seed=1))


@pytest.mark.parametrize("activation", ["relu", "relu6"])
@pytest.mark.parametrize("name", ["conv", "conv_transpose", "depthwise_conv"])
def test_fused_activation(activation, name):
    function = getattr(ops, name)
    w = numbers(3, 2, 2, 2, seed=1)
    check_all(lambda x, w, b: function(x, w, bias=b, activation=activation), X, w, numbers(4 if "depth" in name else 2))
    plain = function(X, w)
    np.testing.assert_allclose(
        function(X, w, activation=activation).array, getattr(ops, activation)(plain).array, atol=1e-5
    )


TRANSPOSED = [
    {},
    {"strides": 2},
    {"strides": (3, 2), "padding": "same"},
    {"strides": 2, "padding": "same", "output_padding": 1},
    {"strides": 2, "output_padding": (0, 1)},
    {"padding": "same", "dilation_rate": 2},
    {"padding": 1, "strides": 2, "output_padding": 1},
]


@pytest.mark.parametrize("arguments", TRANSPOSED, ids=str)
def test_conv_transpose(arguments):
    w = numbers(3, 2, 3, 2, seed=1)
    check_all(lambda x, w, b: ops.conv_transpose(x, w, bias=b, **arguments), numbers(2, 3, 2, 2), w, B)


@pytest.mark.parametrize(
    "arguments", [{}, {"strides": 2, "padding": "same"}, {"strides": 2, "output_padding": 1}], ids=str
)
def test_conv_transpose_one_dimension(arguments):
    check_all(lambda x, w: ops.conv_transpose(x, w, **arguments), numbers(2, 4, 2), numbers(3, 3, 2, seed=1))


def test_conv_transpose_is_keras():
    """ones against ones: each cell counts the windows over it."""

    def row(**arguments):
        return ops.conv_transpose(np.ones((1, 3, 1)), np.ones((3, 1, 1)), **arguments).array.ravel().tolist()

    assert row() == [1, 2, 3, 2, 1]
    assert row(padding="same") == [2, 3, 2]
    assert row(strides=2) == [1, 1, 2, 1, 2, 1, 1]
    assert row(strides=2, padding="same") == [1, 1, 2, 1, 2, 1]
    assert row(strides=2, padding="same", output_padding=0) == [1, 2, 1, 2, 1]
    assert row(strides=2, output_padding=1) == [1, 1, 2, 1, 2, 1, 1, 0]


@pytest.mark.parametrize(
    "arguments", [{}, {"padding": "same", "strides": 2}, {"padding": ((1, 0), (0, 2)), "dilation_rate": 2}], ids=str
)
def test_depthwise_conv(arguments):
    check_all(lambda x, w, b: ops.depthwise_conv(x, w, bias=b, **arguments), X, numbers(2, 2, 2, 2, seed=1), numbers(4))


@pytest.mark.parametrize(
    "arguments", [{}, {"padding": "causal", "dilation_rate": 2}, {"padding": "same", "strides": 2}], ids=str
)
def test_depthwise_conv_one_dimension(arguments):
    check_all(lambda x, w: ops.depthwise_conv(x, w, **arguments), X1, numbers(3, 2, 2, seed=1))


def test_separable_conv():
    depthwise, pointwise = numbers(2, 2, 2, 2, seed=1), numbers(1, 1, 4, 3, seed=2)
    check_all(lambda x, d, p, b: ops.separable_conv(x, d, p, padding="same", bias=b), X, depthwise, pointwise, B)
    check_shape(lambda x: ops.separable_conv(x, depthwise[0], pointwise[0]), X1)


@pytest.mark.parametrize(
    "f",
    [
        lambda x, form: ops.conv(x, W, data_format=form, padding="same"),
        lambda x, form: ops.conv_transpose(x, numbers(2, 2, 3, 2), data_format=form),
        lambda x, form: ops.depthwise_conv(x, numbers(2, 2, 2, 1), data_format=form),
        lambda x, form: ops.separable_conv(x, numbers(2, 2, 2, 1), numbers(1, 1, 2, 3), data_format=form),
    ],
    ids=["conv", "conv_transpose", "depthwise", "separable"],
)
def test_channels_first(f):
    check_channels_first(f, X)


def test_channels_first_in_one_dimension():
    check_channels_first(lambda x, form: ops.conv(x, W1, data_format=form, padding="same"), X1)


@pytest.mark.parametrize(
    ("size", "k", "s", "out", "sides"),
    [(28, 3, 1, 28, (1, 1)), (224, 7, 2, 112, (2, 3)), (32, 3, 2, 16, (0, 1)), (5, 4, 1, 5, (1, 2))],
)
def test_same_padding_is_tensorflow(size, k, s, out, sides):
    x, w = numbers(1, size, size, 1), numbers(k, k, 1, 1, seed=1)
    same = ops.conv(x, w, s, "same")
    assert same.shape == (1, out, out, 1)
    padded = np.pad(x, ((0, 0), sides, sides, (0, 0)))
    np.testing.assert_allclose(same.array, ops.conv(padded, w, s).array, atol=1e-5)


def test_padding_value_is_np_pad():
    padded = np.pad(X, ((0, 0), (2, 1), (1, 1), (0, 0)), constant_values=0.75)
    got = ops.conv(X, W, padding=((2, 1), (1, 1)), padding_value=0.75)
    np.testing.assert_allclose(got.array, ops.conv(padded, W).array, atol=1e-5)


def test_pointwise_conv_is_a_dense_layer():
    w = numbers(1, 1, 2, 3, seed=1)
    np.testing.assert_allclose(ops.conv(X, w).array, ops.dense(X.astype("f"), w[0, 0].astype("f")).array, atol=1e-5)


def test_unknown_sizes():
    w = numbers(3, 3, 2, 4)
    assert ops.conv(SymbolicTensor((None, None, None, 2)), w).shape == (None, None, None, 4)
    assert ops.conv_transpose(SymbolicTensor((None, None, 4, 2)), numbers(3, 3, 4, 2), 2).shape == (None, None, 9, 4)
    assert ops.conv(SymbolicTensor((None, None, 2)), w[0]).shape == (None, None, 4)


def test_second_step_does_not_see_the_first_batch():
    """The shape of x is an attribute of the gradient; its batch is not part of the rule."""
    check_kernel(lambda x, w: ops.conv(ops.conv(x, w), w), numbers(3, 6, 6, 2), numbers(2, 2, 2, 2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.conv(X, W, padding="smae"), "padding"),
        (
            lambda: ops.conv(X, W, data_format="NHWC"),
            "data_format must be 'channels_last' or 'channels_first', got 'NHWC'",
        ),
        (
            lambda: ops.conv(X, W, activation="tanh"),
            "activation must be None, 'relu' or 'relu6', got 'tanh'; apply others",
        ),
        (lambda: ops.conv(X[0], W), r"inputs must be \(n, h, w, c\) with a kernel of 4"),
        (
            lambda: ops.conv(X, numbers(2, 2, 3, 3)),
            r"conv: kernel of shape \(2, 2, 3, 3\) needs inputs with 3 channels or a multiple",
        ),
        (lambda: ops.conv(X1, W1, strides=(1, 2)), r"strides must be one int in one dimension, got \(1, 2\)"),
        (lambda: ops.conv(SymbolicTensor((None, 2, 2, 2)), W), "a window of 3 does not fit into the 2 cells of axis 1"),
        (lambda: ops.conv_transpose(X, W), r"needs inputs with 3 channels"),
        (
            lambda: ops.conv_transpose(X, numbers(2, 2, 3, 2), 2, output_padding=2),
            "output_padding must be less than strides",
        ),
        (
            lambda: ops.conv_transpose(SymbolicTensor((None, 1, 1, 2)), numbers(1, 1, 3, 2), padding=2),
            "is more than the result has",
        ),
        (lambda: ops.depthwise_conv(X, W[:, :, :1]), "depthwise_conv: a kernel of shape .* needs 1 channels"),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()
