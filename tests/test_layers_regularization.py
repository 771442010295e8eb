"""Dropout and noise: expectations, seeds, threads, nothing outside training."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastcnn
from fastcnn import layers

RANDOM: list[Callable[..., Any]] = [
    lambda **kw: layers.Dropout(0.4, **kw),
    lambda **kw: layers.SpatialDropout2D(0.4, **kw),
    lambda **kw: layers.AlphaDropout(0.4, **kw),
    lambda **kw: layers.GaussianDropout(0.4, **kw),
    lambda **kw: layers.GaussianNoise(0.4, **kw),
]


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_mean(rate: float) -> None:
    y = layers.Dropout(rate, seed=3)(np.ones((1000, 1000), np.float32), training=True).numpy()
    assert y.mean(dtype=np.float64) == pytest.approx(1.0, rel=0.01)
    assert (y == 0).mean() == pytest.approx(rate, rel=0.01)
    kept = y[y != 0]
    np.testing.assert_allclose(kept, 1 / (1 - rate), rtol=1e-6)


@pytest.mark.parametrize("make", RANDOM)
def test_same_numbers_for_1_2_and_8_threads(make: Callable[..., Any]) -> None:
    x = np.ones((4, 64, 64, 16), np.float32)
    results = []
    for threads in (1, 2, 8):
        fastcnn.set_num_threads(threads)
        results.append(make(seed=11)(x, training=True).numpy())
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


@pytest.mark.parametrize("make", RANDOM)
def test_calls_differ_and_seeds_repeat(make: Callable[..., Any]) -> None:
    x = np.ones((2, 8, 8, 16), np.float32)
    a, b = make(seed=1), make(seed=1)
    first = a(x, training=True).numpy()
    np.testing.assert_array_equal(first, b(x, training=True).numpy())
    assert not np.array_equal(first, a(x, training=True).numpy())
    assert not np.array_equal(first, make(seed=2)(x, training=True).numpy())


@pytest.mark.parametrize("make", RANDOM)
def test_the_global_seed_decides_where_none_is_given(make: Callable[..., Any]) -> None:
    x = np.ones((2, 8, 8, 16), np.float32)
    results = []
    for _ in range(2):
        fastcnn.utils.set_random_seed(5)
        one, other = make(), make()
        results.append((one(x, training=True).numpy(), other(x, training=True).numpy()))
    np.testing.assert_array_equal(results[0][0], results[1][0])
    np.testing.assert_array_equal(results[0][1], results[1][1])
    assert not np.array_equal(*results[0])


@pytest.mark.parametrize("make", RANDOM)
def test_nothing_happens_outside_training(make: Callable[..., Any]) -> None:
    x = np.arange(2 * 4 * 4 * 3, dtype=np.float32).reshape(2, 4, 4, 3)
    layer = make(seed=1)
    for y in (layer(x), layer(x, training=False)):
        np.testing.assert_array_equal(y.numpy(), x)
    assert layer.seed_generator.state.numpy().tolist() == [1, 0]
    assert len(layer.variables) == 1
    assert layer.weights == []


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.Dropout(0),
        lambda: layers.GaussianNoise(0),
        lambda: layers.GaussianDropout(0.0),
        lambda: layers.AlphaDropout(0),
    ],
)
def test_rate_0_does_nothing(make: Callable[[], Any]) -> None:
    x = np.ones((2, 3), np.float32)
    layer = make()
    np.testing.assert_array_equal(layer(x, training=True).numpy(), x)
    assert layer.variables == []


def test_rate_1_drops_everything() -> None:
    assert not layers.Dropout(1.0)(np.ones((2, 3), np.float32), training=True).numpy().any()


def test_noise_shape_repeats_the_mask() -> None:
    y = layers.Dropout(0.5, noise_shape=(None, 1, None), seed=1)(np.ones((4, 9, 32), np.float32), training=True).numpy()
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1], y.shape))
    assert 0 < (y == 0).mean() < 1


@pytest.mark.parametrize("noise_shape", [(4, 1, 1), (1, None, 1), (1, 1, 1), (None, None, 1)])
@pytest.mark.parametrize("make", [layers.Dropout, layers.AlphaDropout])
def test_any_noise_shape(make: Any, noise_shape: tuple[int | None, ...]) -> None:
    y = make(0.5, noise_shape=noise_shape, seed=1)(np.ones((4, 9, 32), np.float32), training=True).numpy()
    shape = tuple(n or size for n, size in zip(noise_shape, y.shape, strict=True))
    part = y[tuple(slice(n) for n in shape)]
    np.testing.assert_array_equal(y, np.broadcast_to(part, y.shape))
    assert len(set(part.ravel().tolist())) == min(2, part.size)


@pytest.mark.parametrize(("data_format", "axes"), [("channels_last", (1, 2)), ("channels_first", (2, 3))])
def test_spatial_dropout_takes_whole_channels(data_format: str, axes: tuple[int, int]) -> None:
    y = layers.SpatialDropout2D(0.5, data_format=data_format, seed=1)(
        np.ones((16, 16, 16, 16), np.float32), training=True
    ).numpy()
    per_channel = y.mean(axes)
    assert set(per_channel.ravel().tolist()) == {0.0, 2.0}


def test_gaussian_layers_have_the_moments_they_promise() -> None:
    x = np.full((1000, 1000), 2.0, np.float32)
    y = layers.GaussianNoise(0.3, seed=1)(x, training=True).numpy()
    assert y.mean(dtype=np.float64) == pytest.approx(2.0, abs=0.002)
    assert y.std(dtype=np.float64) == pytest.approx(0.3, rel=0.01)
    z = layers.GaussianDropout(0.2, seed=1)(x, training=True).numpy()
    assert z.mean(dtype=np.float64) == pytest.approx(2.0, rel=0.002)
    assert z.std(dtype=np.float64) == pytest.approx(2.0 * 0.5, rel=0.01)


def test_alpha_dropout_keeps_mean_and_variance(rng: np.random.Generator) -> None:
    x = rng.normal(size=(1000, 1000)).astype(np.float32)
    y = layers.AlphaDropout(0.3, seed=1)(x, training=True).numpy()
    assert y.mean(dtype=np.float64) == pytest.approx(0.0, abs=0.01)
    assert y.std(dtype=np.float64) == pytest.approx(1.0, rel=0.01)


def test_the_gradient_goes_through_the_same_mask() -> None:
    x = fastcnn.ops.convert_to_tensor(np.ones((4, 50), np.float32))
    with fastcnn.GradientTape() as tape:
        tape.watch(x)
        y = layers.Dropout(0.5, seed=1)(x, training=True)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), y.numpy())


def test_activity_regularization() -> None:
    layer = layers.ActivityRegularization(l1=0.5, l2=0.25)
    x = np.array([[1.0, -3.0], [2.0, 0.0]], np.float32)
    np.testing.assert_array_equal(layer(x).numpy(), x)
    assert float(layer.losses[0]) == pytest.approx((0.5 * 6 + 0.25 * 14) / 2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Dropout(1.5), "rate must be a number from 0 to 1, got 1.5"),
        (lambda: layers.Dropout("half"), "rate must be a number from 0 to 1, got 'half'"),
        (lambda: layers.Dropout(0.5, noise_shape="no"), "noise_shape must be a tuple of ints and Nones, got 'no'"),
        (lambda: layers.Dropout(0.5, noise_shape=(0, 1)), "noise_shape must consist of positive ints and Nones"),
        (lambda: layers.GaussianNoise(-1), "stddev must be a number from 0 to 1, got -1"),
        (lambda: layers.GaussianDropout(1.0), "rate must be below 1"),
        (lambda: layers.AlphaDropout(1), "rate must be below 1"),
        (lambda: layers.SpatialDropout2D(0.5, data_format="nchw"), "data_format must be"),
        (lambda: layers.SpatialDropout1D(0.5)(np.zeros((2, 3), np.float32)), "3 dimensions"),
    ],
)
def test_messages(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_residual_branches_name_what_is_wrong():
    for rate in (-0.1, 1.5, "0.1"):
        with pytest.raises((ValueError, TypeError), match="drop_path_rate must be a number"):
            layers.StochasticDepth(rate)
    with pytest.raises((ValueError, TypeError), match="init_values must be a number, got '1'"):
        layers.LayerScale("1", 3)
    with pytest.raises(ValueError, match="projection_dim must be an integer of at least 1"):
        layers.LayerScale(1.0, 0)
    with pytest.raises(ValueError, match="expects an input with size 3 along axis -1"):
        layers.LayerScale(1.0, 3)(np.ones((2, 4)))
