"""Normalisation layers: exact values, moving statistics, frozen layers, messages."""

from typing import Any

import numpy as np
import pytest

from fastcnn import layers


@pytest.mark.parametrize(("axis", "shape"), [(-1, (8, 5, 6, 3)), (1, (8, 3, 5, 6)), (-1, (64, 3))])
def test_training_output_has_mean_0_and_variance_1(rng: np.random.Generator, axis: int, shape: tuple[int, ...]) -> None:
    x = rng.normal(3.0, 2.0, shape).astype(np.float32)
    layer = layers.BatchNormalization(axis=axis, epsilon=0.0)
    y = layer(x, training=True).numpy()
    over = tuple(i for i in range(len(shape)) if i != axis % len(shape))
    np.testing.assert_allclose(y.mean(over, dtype=np.float64), 0, atol=1e-5)
    np.testing.assert_allclose(y.var(over, dtype=np.float64), 1, atol=1e-5)
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.01 * x.mean(over), rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance.numpy(), 0.99 + 0.01 * x.var(over), rtol=1e-5)


def test_evaluation_uses_the_moving_statistics() -> None:
    layer = layers.BatchNormalization(epsilon=0.0)
    layer.build((None, 1))
    layer.set_weights([np.array([2.0]), np.array([1.0]), np.array([10.0]), np.array([4.0])])
    before = layer.get_weights()
    assert layer(np.array([[12.0], [8.0]])).numpy().ravel().tolist() == [3.0, -1.0]
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_frozen_layer_is_in_inference_mode() -> None:
    layer = layers.BatchNormalization(epsilon=0.0)
    x = np.array([[1.0], [3.0]], np.float32)
    layer(x)
    layer.trainable = False
    np.testing.assert_array_equal(layer(x, training=True).numpy(), x)
    assert layer.moving_mean.numpy().tolist() == [0.0]
    layer.trainable = True
    assert layer(x, training=True).numpy().ravel().tolist() == [-1.0, 1.0]
    assert layer.moving_mean.numpy() == pytest.approx([0.02])


def test_momentum_0_and_1() -> None:
    x = np.array([[1.0], [3.0]], np.float32)
    for momentum, expected in ((0.0, [2.0]), (1.0, [0.0])):
        layer = layers.BatchNormalization(momentum=momentum)
        layer(x, training=True)
        assert layer.moving_mean.numpy().tolist() == expected


def test_weight_names_and_order() -> None:
    layer = layers.BatchNormalization()
    layer.build((None, 4))
    assert [w.name for w in layer.weights] == ["gamma", "beta", "moving_mean", "moving_variance"]
    assert [w.name for w in layer.trainable_weights] == ["gamma", "beta"]


@pytest.mark.parametrize("axis", [-1, 1, [1, 2], [2, 3], [-1, -2, -3]])
def test_layer_normalization(rng: np.random.Generator, axis: Any) -> None:
    x = rng.normal(3.0, 2.0, (4, 3, 5, 6)).astype(np.float32)
    y = layers.LayerNormalization(axis=axis)(x).numpy()
    over = tuple(axis) if isinstance(axis, list) else axis
    wide = x.astype(np.float64)
    expected = (wide - wide.mean(over, keepdims=True)) / np.sqrt(wide.var(over, keepdims=True) + 1e-3)
    np.testing.assert_allclose(y, expected, atol=2e-6)


@pytest.mark.parametrize(("groups", "axis"), [(1, -1), (2, -1), (-1, -1), (3, 1)])
def test_group_normalization(rng: np.random.Generator, groups: int, axis: int) -> None:
    x = rng.normal(3.0, 2.0, (2, 6, 5, 6)).astype(np.float32)
    layer = layers.GroupNormalization(groups=groups, axis=axis)
    y = layer(x).numpy()
    wide = np.moveaxis(x.astype(np.float64), axis, -1)
    split = wide.reshape(2, -1, layer.groups, 6 // layer.groups)
    split = (split - split.mean((1, 3), keepdims=True)) / np.sqrt(split.var((1, 3), keepdims=True) + 1e-3)
    np.testing.assert_allclose(y, np.moveaxis(split.reshape(wide.shape), -1, axis), atol=2e-6)


def test_unit_normalization_leaves_zeros() -> None:
    y = layers.UnitNormalization()(np.array([[3.0, 4.0], [0.0, 0.0]], np.float32)).numpy()
    np.testing.assert_allclose(y, [[0.6, 0.8], [0.0, 0.0]], rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.BatchNormalization(renorm=True), NotImplementedError, "renorm=True"),
        (lambda: layers.BatchNormalization(synchronized=True), NotImplementedError, "synchronized=True"),
        (lambda: layers.BatchNormalization(renorm_clipping={"rmax": 1}), NotImplementedError, "renorm_clipping="),
        (lambda: layers.BatchNormalization(momentum=1.5), ValueError, "momentum must lie between 0 and 1, got 1.5"),
        (lambda: layers.BatchNormalization(epsilon=-1.0), ValueError, "epsilon must not be negative, got -1.0"),
        (lambda: layers.BatchNormalization(axis=4).build((None, 3)), ValueError, "axis 4 does not exist"),
        (lambda: layers.BatchNormalization().build((2, None)), ValueError, "the size of axis -1 must be known"),
        (lambda: layers.LayerNormalization(rms_scaling=True), NotImplementedError, "rms_scaling=True"),
        (
            lambda: layers.LayerNormalization(axis="last"),
            TypeError,
            "axis must be an int or a list of ints, got 'last'",
        ),
        (lambda: layers.GroupNormalization(groups=0), ValueError, "groups must be a positive int, or -1"),
        (lambda: layers.GroupNormalization(4).build((None, 6)), ValueError, "groups=4 and 6 channels"),
        (lambda: layers.GroupNormalization(2, axis=0).build((6, 6)), ValueError, "samples' axis 0"),
        (lambda: layers.UnitNormalization(axis=1.5), TypeError, "axis must be an int or a list of ints, got 1.5"),
    ],
)
def test_messages(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message.replace("(", r"\(")):
        make()


def test_other_channels_than_built_for() -> None:
    layer = layers.BatchNormalization(name="norm")
    layer(np.zeros((2, 3), np.float32))
    with pytest.raises(ValueError, match=r"layer 'norm' expects an input with size 3 along axis 1, got shape \(2, 4\)"):
        layer(np.zeros((2, 4), np.float32))
