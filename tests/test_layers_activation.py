"""Activation layers and Maxout: exact values and messages."""

from typing import Any

import numpy as np
import pytest

from fastcnn import layers


@pytest.mark.parametrize(
    ("make", "x", "expected"),
    [
        (lambda: layers.ReLU(), [-1.0, 0.0, 2.0], [0.0, 0.0, 2.0]),
        (lambda: layers.ReLU(max_value=6), [-1.0, 2.0, 9.0], [0.0, 2.0, 6.0]),
        (lambda: layers.ReLU(negative_slope=0.5), [-2.0, 4.0], [-1.0, 4.0]),
        (lambda: layers.ReLU(max_value=8, threshold=5), [6.0, 7.0, 0.0, 5.0, 10.0], [6.0, 7.0, 0.0, 0.0, 8.0]),
        (lambda: layers.ReLU(negative_slope=0.5, threshold=1), [-1.0, 3.0], [-1.0, 3.0]),
        (lambda: layers.LeakyReLU(negative_slope=0.01), [-1.0, 3.0], [-0.01, 3.0]),
        (lambda: layers.LeakyReLU(), [-1.0, 3.0], [-0.3, 3.0]),
        (lambda: layers.LeakyReLU(alpha=0.25), [-1.0, 3.0], [-0.25, 3.0]),
        (lambda: layers.ELU(), [-1.0, 3.0], [-0.63212056, 3.0]),
        (lambda: layers.ELU(alpha=2.0), [-1.0, 3.0], [-1.2642411, 3.0]),
        (lambda: layers.Activation("leaky_relu"), [-1.0, 3.0], [-0.2, 3.0]),
        (lambda: layers.Activation("relu"), [-1.0, 3.0], [0.0, 3.0]),
        (lambda: layers.Softmax(), [0.0, 0.0], [0.5, 0.5]),
        (lambda: layers.PReLU(), [-1.0, 3.0], [0.0, 3.0]),
        (lambda: layers.PReLU("ones"), [-1.0, 3.0], [-1.0, 3.0]),
    ],
)
def test_values(make: Any, x: list[float], expected: list[float]) -> None:
    np.testing.assert_allclose(make()(np.array([x], np.float32)).numpy()[0], expected, atol=1e-6)


def test_softmax_over_several_axes_sums_to_one(rng: np.random.Generator) -> None:
    y = layers.Softmax(axis=[1, 2])(rng.normal(size=(2, 3, 4)).astype(np.float32)).numpy()
    np.testing.assert_allclose(y.sum((1, 2)), 1, rtol=1e-6)


def test_softmax_mask() -> None:
    x = np.array([[1.0, 2.0, 5.0], [1.0, 1.0, 1.0]], np.float32)
    mask = np.array([[True, True, False], [False, False, False]])
    y = layers.Softmax()(x, mask=mask).numpy()
    np.testing.assert_allclose(y, [[0.2689414, 0.7310586, 0.0], [0.0, 0.0, 0.0]], atol=1e-6)


def test_prelu_shares_slopes() -> None:
    layer = layers.PReLU(shared_axes=[1, 2])
    layer.build((None, 2, 2, 3))
    layer.set_weights([np.array([[[0.5, 1.0, 2.0]]])])
    y = layer(np.full((1, 2, 2, 3), -2.0, np.float32)).numpy()
    np.testing.assert_array_equal(y, np.broadcast_to(np.array([-1.0, -2.0, -4.0]), y.shape))


@pytest.mark.parametrize("pieces", [1, 2, 5])
def test_maxout(rng: np.random.Generator, pieces: int) -> None:
    layer = layers.Maxout(4, num_pieces=pieces, bias_initializer="ones")
    x = rng.normal(size=(3, 6)).astype(np.float32)
    y = layer(x).numpy()
    kernel, bias = (w.astype(np.float64) for w in layer.get_weights())
    np.testing.assert_allclose(y, (x @ kernel + bias).reshape(3, 4, pieces).max(-1), atol=1e-5)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.ReLU(max_value=-1), ValueError, "max_value must be a number not below 0, got -1"),
        (lambda: layers.ReLU(negative_slope=None), ValueError, "negative_slope must be a number not below 0, got None"),
        (lambda: layers.ReLU(threshold=-0.5), ValueError, "threshold must be a number not below 0, got -0.5"),
        (lambda: layers.LeakyReLU(-1), ValueError, "negative_slope must be a number not below 0, got -1"),
        (lambda: layers.Softmax("x"), TypeError, "axis must be an int or a list of ints, got 'x'"),
        (lambda: layers.Activation("rleu"), ValueError, "Did you mean 'relu'"),
        (lambda: layers.PReLU(shared_axes=[4]).build((None, 2, 3)), ValueError, "shared_axes must lie in 1 to 2"),
        (lambda: layers.PReLU().build((None, None, 3)), ValueError, "add the others to shared_axes"),
        (lambda: layers.Maxout(0), ValueError, "units must be a positive int, got 0"),
        (lambda: layers.Maxout(3, num_pieces=1.5), ValueError, "num_pieces must be a positive int, got 1.5"),
        (lambda: layers.Maxout(3)(np.zeros(4, np.float32)), ValueError, "at least 2 dimensions"),
        (lambda: layers.Maxout(3).build((None, None)), ValueError, "the size of the last axis must be known"),
    ],
)
def test_messages(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
