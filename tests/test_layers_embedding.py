"""Embedding: rows of a table by number."""

import json

import numpy as np
import pytest

from fastcnn import GradientTape, layers, models, ops, saving, utils
from fastcnn.gradcheck import gradcheck

X = np.array([[2, 0, 2], [1, 1, 0]])


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "float32"])
def test_rows(dtype):
    layer = layers.Embedding(3, 4)
    y = layer(X.astype(dtype))
    np.testing.assert_array_equal(y.numpy(), layer.embeddings.numpy()[X])
    assert [(w.path.rpartition("/")[2], w.shape) for w in layer.weights] == [("embeddings", (3, 4))]
    assert layer.compute_output_shape((None, 3)) == (None, 3, 4)
    assert abs(layer.embeddings.numpy()).max() <= 0.05


def test_gradients_add_up():
    layer = layers.Embedding(3, 2, weights=np.ones((3, 2)))
    with GradientTape() as tape:
        y = ops.sum(layer(X) * np.float32([1, 10]))
    assert tape.gradient(y, layer.embeddings).numpy().tolist() == [[2, 20], [2, 20], [2, 20]]
    assert gradcheck(layer, X)


def test_config_and_file(tmp_path):
    layer = layers.Embedding(5, 2, "ones", "l2", "non_neg", input_length=3, name="table")
    again = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    assert again.get_config() == layer.get_config()
    model = models.Sequential([layer, layers.Conv1D(4, 2), layers.GlobalMaxPooling1D()])
    assert model.output_shape == (None, 4)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        saving.load_model(tmp_path / "model.keras").predict(X, verbose=0), model.predict(X, verbose=0)
    )


@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_words_are_learned(dtype):
    utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = rng.integers(0, 20, (256, 8))
    y = (x == 7).any(1).astype(np.float32)
    model = models.Sequential([
        layers.Input((8,), dtype=dtype), layers.Embedding(20, 4), layers.Conv1D(8, 1, activation="relu"),
        layers.GlobalMaxPooling1D(), layers.Dense(1, activation="sigmoid"),
    ])  # fmt: skip
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, epochs=40, batch_size=32, verbose=0).history
    assert history["accuracy"][-1] > 0.9
    other = rng.integers(0, 20, (5, 8))
    np.testing.assert_allclose(model.predict(other, verbose=0), model(other).numpy(), rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: layers.Embedding(3, 2, mask_zero=True),
            NotImplementedError,
            "Embedding: mask_zero is not supported, got True",
        ),
        (lambda: layers.Embedding(0, 2), ValueError, "input_dim"),
        (
            lambda: layers.Embedding(3, 2)([[3]]),
            IndexError,
            r"Embedding 'embedding\w*' has input_dim=3, but indices must be from -3 to 2, got 3 to 3",
        ),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error, match=message):
        call()
