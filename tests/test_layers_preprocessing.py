"""Rescaling and Normalization: exact values, adapt on arrays and batches, messages."""

from typing import Any

import numpy as np
import pytest

from fastcnn import layers


@pytest.mark.parametrize(
    ("scale", "offset", "expected"),
    [(1 / 255, 0.0, [0.0, 1.0]), (1 / 127.5, -1, [-1.0, 1.0]), (2, 0.5, [0.5, 510.5])],
)
def test_rescaling(scale: float, offset: float, expected: list[float]) -> None:
    for dtype in (np.uint8, np.int64, np.float32, np.float64):
        y = layers.Rescaling(scale, offset)(np.array([[0, 255]], dtype)).numpy()
        assert y.dtype == np.float32
        np.testing.assert_allclose(y[0], expected, atol=1e-6)


def test_rescaling_by_channel() -> None:
    layer = layers.Rescaling([1.0, 2.0, 3.0], offset=np.array([0.0, 0.0, 1.0]))
    assert layer(np.ones((1, 2, 2, 3), np.uint8)).numpy()[0, 1, 1].tolist() == [1.0, 2.0, 4.0]
    assert layer.get_config()["offset"] == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("axis", [-1, None, 1, (1, 3), [0, 1, 2, 3]])
@pytest.mark.parametrize("batches", [None, 1, 7])
def test_adapt(rng: np.random.Generator, axis: Any, batches: int | None) -> None:
    x = rng.normal(100.0, 0.5, (24, 4, 5, 3)).astype(np.float32)
    if axis == [0, 1, 2, 3] and batches is not None:
        pytest.skip("the samples' axis is kept: there is one batch only")
    layer = layers.Normalization(axis=axis)
    layer.adapt(x if batches is None else (x[i : i + batches] for i in range(0, len(x), batches)))
    keep = tuple(range(4))[axis] if isinstance(axis, int) else axis
    kept = () if keep is None else (keep,) if isinstance(keep, int) else tuple(keep)
    over = tuple(i for i in range(4) if i not in kept)
    wide = x.astype(np.float64)
    np.testing.assert_array_equal(
        layer.adapt_mean.numpy(), wide.mean(over).astype(np.float32)
    ) if batches is None else None
    np.testing.assert_allclose(layer.adapt_mean.numpy(), wide.mean(over), rtol=1e-7)
    np.testing.assert_allclose(layer.adapt_variance.numpy(), wide.var(over), rtol=1e-6)
    mean, stddev = wide.mean(over, keepdims=True), np.maximum(wide.std(over, keepdims=True), 1e-7)
    np.testing.assert_allclose(layer(x).numpy(), (wide - mean) / stddev, atol=2e-4)


def test_adapt_forgets_what_it_knew_and_takes_tuples_and_pixels() -> None:
    layer = layers.Normalization()
    layer.adapt(np.array([[5.0], [5.0]]))
    layer.adapt([(np.array([[0], [2]], np.uint8), np.array([0, 1]))])
    assert layer(np.array([[0.0], [2.0]])).numpy().ravel().tolist() == [-1.0, 1.0]
    assert layer.mean.numpy().tolist() == [[1.0]]
    assert layer.variance.numpy().tolist() == [[1.0]]


def test_given_mean_and_variance() -> None:
    layer = layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0])
    x = np.array([[3.0, 5.0], [1.0, -1.0]], np.float32)
    np.testing.assert_allclose(layer(x).numpy(), [[1.0, 1.0], [0.0, -1.0]], rtol=1e-6)
    assert layer.weights == []
    back = layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0], invert=True)
    np.testing.assert_allclose(back(layer(x)).numpy(), x, rtol=1e-6)
    scalar = layers.Normalization(axis=None, mean=1.0, variance=4.0)
    np.testing.assert_allclose(scalar(np.array([[3.0, 5.0]])).numpy(), [[1.0, 2.0]])


def test_weights_set_by_hand_take_effect() -> None:
    layer = layers.Normalization()
    layer.adapt(np.array([[0.0], [2.0]]))
    layer(np.zeros((1, 1), np.float32))
    layer.set_weights([np.array([10.0]), np.array([4.0]), np.array(0)])
    assert layer(np.array([[14.0]])).numpy().tolist() == [[2.0]]


def test_a_constant_feature_does_not_divide_by_zero() -> None:
    layer = layers.Normalization()
    layer.adapt(np.full((3, 1), 7.0))
    assert layer(np.array([[7.0]])).numpy().tolist() == [[0.0]]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.Normalization(mean=1.0), ValueError, "give both mean and variance or none of them"),
        (lambda: layers.Normalization(mean=[1.0], variance=[1.0, 2.0]), ValueError, "must have the same shape"),
        (
            lambda: layers.Normalization(axis=None, mean=[1.0], variance=[1.0]),
            ValueError,
            "at most one dimension for each",
        ),
        (
            lambda: layers.Normalization(mean=1.0, variance=1.0).adapt(np.ones((2, 2))),
            ValueError,
            "was given mean and variance",
        ),
        (lambda: layers.Normalization(axis=3).adapt(np.ones((2, 2))), ValueError, "does not exist in inputs of shape"),
        (lambda: layers.Normalization().build((None, None)), ValueError, "must be known"),
        (lambda: layers.Normalization().adapt([]), ValueError, "no batch"),
        (lambda: layers.Normalization().adapt(np.ones((0, 2))), ValueError, "no samples"),
        (lambda: layers.Normalization().adapt([np.ones((2, 2)), np.ones((2, 3))]), ValueError, "was built for"),
        (lambda: layers.Normalization().adapt([[1.0, 2.0]]), TypeError, "is the data batched"),
        (lambda: layers.Normalization().adapt(5), TypeError, "adapt takes an array or batches of arrays, got int"),
    ],
)
def test_messages(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
