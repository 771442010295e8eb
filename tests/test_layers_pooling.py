"""Pooling layers, against loops written out here."""

import json

import numpy as np
import pytest

import fastcnn
from fastcnn import layers

RNG = np.random.default_rng(8)


def naive(x, pool, strides, padding, f):
    """``f`` of each window of (n, h, w, c); cells outside do not exist."""
    sizes = x.shape[1:3]
    if padding == "same":
        out = [-(-n // s) for n, s in zip(sizes, strides, strict=True)]
        starts = [max((o - 1) * s + p - n, 0) // 2 for o, s, p, n in zip(out, strides, pool, sizes, strict=True)]
    else:
        out = [(n - p) // s + 1 for n, p, s in zip(sizes, pool, strides, strict=True)]
        starts = [0, 0]
    y = np.zeros((len(x), *out, x.shape[-1]))
    for i in range(out[0]):
        for j in range(out[1]):
            top, left = i * strides[0] - starts[0], j * strides[1] - starts[1]
            window = x[:, max(top, 0) : top + pool[0], max(left, 0) : left + pool[1]]
            y[:, i, j] = f(window.astype(np.float64), axis=(1, 2))
    return y


@pytest.mark.parametrize("pool, strides", [((2, 2), None), ((3, 3), (2, 2)), ((2, 3), (1, 2)), ((3, 2), (3, 3))])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("first", [False, True], ids=["last", "first"])
@pytest.mark.parametrize("name, f", [("MaxPooling2D", np.max), ("AveragePooling2D", np.mean)])
def test_pooling_of_images(name, f, pool, strides, padding, first):
    x = RNG.integers(-20, 20, (2, 7, 8, 3)).astype(np.float32)
    shown = x.transpose(0, 3, 1, 2) if first else x
    layer = getattr(layers, name)(pool, strides, padding, "channels_first" if first else None)
    y = layer(shown)
    assert layer.compute_output_shape((None, *shown.shape[1:])) == (None, *y.shape[1:])
    expected = naive(x, pool, strides or pool, padding, f)
    np.testing.assert_allclose(np.moveaxis(y.numpy(), 1, -1) if first else y.numpy(), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("first", [False, True], ids=["last", "first"])
@pytest.mark.parametrize("name, f", [("MaxPooling1D", np.max), ("AveragePooling1D", np.mean)])
def test_pooling_of_sequences(name, f, padding, first):
    x = RNG.integers(-20, 20, (2, 7, 3)).astype(np.float32)
    shown = x.transpose(0, 2, 1) if first else x
    layer = getattr(layers, name)(3, 2, padding, "channels_first" if first else None)
    y = layer(shown)
    assert layer.compute_output_shape(shown.shape) == y.shape
    expected = naive(x[:, None], (1, 3), (1, 2), padding, f)[:, 0]
    np.testing.assert_allclose(np.moveaxis(y.numpy(), 1, -1) if first else y.numpy(), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("rank", [1, 2])
@pytest.mark.parametrize("first", [False, True], ids=["last", "first"])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("kind, f", [("Max", np.max), ("Average", np.mean)])
def test_global_pooling(kind, f, rank, first, keepdims):
    x = RNG.integers(-20, 20, (2, 3, 4, 5)[: rank + 2]).astype(np.float32)
    layer = getattr(layers, f"Global{kind}Pooling{rank}D")("channels_first" if first else None, keepdims)
    axes = tuple(range(2, 2 + rank)) if first else tuple(range(1, 1 + rank))
    y = layer(x)
    assert layer.compute_output_shape(x.shape) == y.shape
    np.testing.assert_allclose(y.numpy(), f(x, axis=axes, keepdims=keepdims), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("size", [1, (2, 3), (5, 7), (4, 9)])
@pytest.mark.parametrize("first", [False, True], ids=["last", "first"])
def test_adaptive_pooling(size, first):
    x = RNG.integers(-20, 20, (2, 5, 7, 3)).astype(np.float32)
    shown = x.transpose(0, 3, 1, 2) if first else x
    layer = layers.AdaptiveAveragePooling2D(size, "channels_first" if first else None)
    rows, columns = layer.output_size
    y = layer(shown)
    assert layer.compute_output_shape(shown.shape) == y.shape
    part = lambda i, m, n: slice(i * n // m, -(-(i + 1) * n // m))  # noqa: E731
    expected = np.array(
        [[x[:, part(i, rows, 5), part(j, columns, 7)].mean((1, 2)) for j in range(columns)] for i in range(rows)]
    ).transpose(2, 0, 1, 3)
    np.testing.assert_allclose(np.moveaxis(y.numpy(), 1, -1) if first else y.numpy(), expected, rtol=1e-5, atol=1e-5)


def test_red_and_blue_average_to_purple():
    flag = np.zeros((1, 2, 2, 3), np.float32)
    flag[0, 0], flag[0, 1] = (255, 0, 0), (0, 0, 255)
    assert layers.AveragePooling2D(2)(flag).numpy().tolist() == [[[[127.5, 0.0, 127.5]]]]
    assert layers.GlobalAveragePooling2D()(flag).numpy().tolist() == [[127.5, 0.0, 127.5]]
    assert layers.MaxPooling2D(2)(flag).numpy().tolist() == [[[[255.0, 0.0, 255.0]]]]


NAMED = {"name", "trainable", "dtype"}
WINDOW = NAMED | {"pool_size", "strides", "padding", "data_format"}
GLOBAL = NAMED | {"data_format", "keepdims"}


@pytest.mark.parametrize(
    "layer, keys",
    [
        (layers.MaxPooling1D(3, 2, "same"), WINDOW),
        (layers.MaxPooling2D((2, 3), 1, "same", "channels_first"), WINDOW),
        (layers.AveragePooling1D(3), WINDOW),
        (layers.AveragePooling2D(3), WINDOW),
        (layers.GlobalMaxPooling1D(), GLOBAL),
        (layers.GlobalMaxPooling2D("channels_first"), GLOBAL),
        (layers.GlobalAveragePooling1D(keepdims=True), GLOBAL),
        (layers.GlobalAveragePooling2D(), GLOBAL),
        (layers.AdaptiveAveragePooling2D(3), NAMED | {"output_size", "data_format"}),
    ],
    ids=lambda v: type(v).__name__,
)
def test_configs_have_the_keys_of_keras_and_survive_json(layer, keys):
    config = layer.get_config()
    assert set(config) == keys
    assert layers.deserialize(json.loads(json.dumps(layers.serialize(layer)))).get_config() == config
    assert layer.weights == []


@pytest.mark.parametrize(
    "short, long",
    [
        ("MaxPool", "MaxPooling"),
        ("AvgPool", "AveragePooling"),
        ("GlobalMaxPool", "GlobalMaxPooling"),
        ("GlobalAvgPool", "GlobalAveragePooling"),
    ],
)
@pytest.mark.parametrize("rank", ["1D", "2D"])
def test_short_names(short, long, rank):
    assert getattr(layers, short + rank) is getattr(layers, long + rank)
    assert type(
        layers.deserialize({"class_name": short + rank, "config": {"pool_size": 2} if "Global" not in short else {}})
    ) is getattr(layers, long + rank)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: layers.MaxPooling2D(0), "pool_size must be an integer of at least 1 or a tuple of 2 of them, got 0"),
        (lambda: layers.MaxPooling2D(2, (1, 2, 3)), "strides must be an integer of at least 1"),
        (lambda: layers.MaxPooling2D(2, padding="smae"), "padding must be 'valid' or 'same', got 'smae'. Did you mean 'same'?"),
        (lambda: layers.AveragePooling2D(2, data_format="last"), "data_format must be 'channels_last' or 'channels_first', got 'last'"),
        (lambda: layers.AdaptiveAveragePooling2D((1, 2, 3)), "output_size must be an integer of at least 1 or a tuple of 2 of them"),
        (lambda: layers.MaxPooling2D(name="p")(np.ones((2, 4, 4))), "MaxPooling2D 'p': expected 4 dimensions (batch, height, width, channels), got shape (2, 4, 4)"),
        (lambda: layers.MaxPooling2D()(np.ones((2, 4))), "after Flatten, Dense and global pooling there are no rows and columns"),
        (lambda: layers.AveragePooling1D(2, name="p")(np.ones((2, 4))), "AveragePooling1D 'p': expected 3 dimensions (batch, steps, channels)"),
        (lambda: layers.GlobalAveragePooling2D(name="p")(np.ones((2, 4))), "GlobalAveragePooling2D 'p': expected 4 dimensions"),
        (lambda: layers.GlobalMaxPooling1D(name="p")(np.ones((2, 4))), "GlobalMaxPooling1D 'p': expected 3 dimensions"),
        (lambda: layers.AdaptiveAveragePooling2D(2, name="p")(np.ones((2, 4))), "AdaptiveAveragePooling2D 'p': expected 4 dimensions"),
        (lambda: layers.MaxPooling2D(3, name="p").compute_output_shape((None, 2, 9, 1)), "MaxPooling2D 'p': the window 3x3 does not fit into 2x9"),
    ],
)  # fmt: skip
def test_mistakes_are_explained(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert message in str(caught.value)


def test_average_pooling_has_no_default_window():
    with pytest.raises(TypeError, match="pool_size"):
        layers.AveragePooling2D()


@pytest.mark.parametrize("padding, pairs", [(1, ((1, 1), (1, 1))), (((0, 1), (2, 0)), ((0, 1), (2, 0)))])
@pytest.mark.parametrize("first", [False, True], ids=["last", "first"])
@pytest.mark.parametrize("name, f", [("MaxPooling2D", np.max), ("AveragePooling2D", np.mean)])
def test_cells_around_the_image_do_not_take_part(name, f, padding, pairs, first):
    x = RNG.integers(-20, 20, (2, 6, 7, 3)).astype(np.float32)
    nan = np.pad(x, ((0, 0), *pairs, (0, 0)), constant_values=np.nan)
    expected = naive(nan, (3, 3), (2, 2), "valid", {np.max: np.nanmax, np.mean: np.nanmean}[f])
    layer = getattr(layers, name)(3, 2, padding, "channels_first" if first else None)
    shown = x.transpose(0, 3, 1, 2) if first else x
    y = layer(shown)
    assert layer.compute_output_shape((None, *shown.shape[1:])) == (None, *y.shape[1:])
    np.testing.assert_allclose(np.moveaxis(y.numpy(), 1, -1) if first else y.numpy(), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name, f", [("MaxPooling1D", np.nanmax), ("AveragePooling1D", np.nanmean)])
def test_cells_around_a_sequence_do_not_take_part(name, f):
    x = RNG.integers(-20, 20, (2, 7, 3)).astype(np.float32)
    nan = np.pad(x, ((0, 0), (2, 1), (0, 0)), constant_values=np.nan)
    layer = getattr(layers, name)(3, 2, (2, 1))
    y = layer(x)
    assert layer.compute_output_shape(x.shape) == y.shape
    np.testing.assert_allclose(y.numpy(), naive(nan[:, None], (1, 3), (1, 2), "valid", f)[:, 0], rtol=1e-6, atol=1e-6)


# PyTorch 2.13: how many windows MaxPool2d(window, stride, padding, ceil_mode=True) finds in so many cells.
@pytest.mark.parametrize(
    "size, window, stride, padding, count",
    [
        *[(7, 3, 2, 0, 3), (8, 3, 2, 0, 4), (2, 3, 2, 0, 1), (7, 2, 3, 0, 3), (6, 2, 3, 0, 2)],
        *[(7, 2, 2, 1, 4), (8, 3, 2, 1, 5), (7, 3, 1, 1, 7), (4, 2, 4, 1, 2), (10, 3, 4, 1, 3)],
    ],
)
def test_ceil_mode(size, window, stride, padding, count):
    x = RNG.integers(-20, 20, (1, size, 9, 2)).astype(np.float32)
    layer = layers.MaxPooling2D((window, 1), (stride, 1), (padding, 0), ceil_mode=True)
    y = layer(x)
    assert y.shape == layer.compute_output_shape(x.shape) == (1, count, 9, 2)
    assert layer.compute_output_shape((None, None, None, 2)) == (None, None, None, 2)
    parts = [x[:, max(i * stride - padding, 0) : i * stride - padding + window] for i in range(count)]
    assert np.array_equal(y, np.stack([part.max(1) for part in parts], 1))
    again = layers.MaxPooling2D.from_config(json.loads(json.dumps(layer.get_config())))
    assert np.array_equal(again(x), y)
    plain = layers.MaxPooling2D((window, 1), (stride, 1), "same")
    assert np.array_equal(layers.MaxPooling2D((window, 1), (stride, 1), "same", ceil_mode=True)(x), plain(x))
    assert "ceil_mode" not in plain.get_config()


def test_ceil_mode_is_trained_through():
    x = fastcnn.Variable(np.arange(8, dtype=np.float32).reshape(1, 2, 4, 1))
    layer = layers.MaxPooling2D(3, 2, ceil_mode=True)
    with fastcnn.GradientTape() as tape:
        loss = fastcnn.ops.sum(layer(x) * np.float32([2, 3]).reshape(1, 1, 2, 1))
    assert tape.gradient(loss, x).numpy().ravel().tolist() == [0, 0, 0, 0, 0, 0, 2, 3]


@pytest.mark.parametrize("padding", [-1, 1.5, (1, 2, 3)])
def test_padding_that_is_none(padding):
    with pytest.raises(ValueError, match="padding must be an int"):
        layers.MaxPooling2D(2, padding=padding)
