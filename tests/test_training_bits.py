"""The same seed gives the same weights, for any number of threads."""

import hashlib

import numpy as np
import pytest

import fastcnn
from fastcnn import layers, optimizers, random
from fastcnn.models.sequential import Sequential

RNG = np.random.default_rng(5)
X = RNG.normal(size=(70, 12, 12, 2)).astype("float32")
Y = RNG.integers(0, 4, 70)


def train(optimizer, seed=11):
    """The digest of all weights after two epochs, and their losses."""
    random.set_global_seed(seed)
    model = Sequential(
        [
            layers.Input((12, 12, 2)),
            layers.Conv2D(9, 3, padding="same", activation="relu", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.DepthwiseConv2D(3, padding="same"),
            layers.LayerNormalization(),
            layers.SpatialDropout2D(0.2),
            layers.SeparableConv2D(17, 3, activation="elu"),
            layers.GaussianNoise(0.1),
            layers.GlobalAveragePooling2D(),
            layers.Dense(33, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(4, activation="softmax"),
        ]
    )
    model.compile(getattr(optimizers, optimizer)(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(X, Y, batch_size=16, epochs=2, verbose=0, validation_split=0.2)
    found = hashlib.sha256()
    for v in [*model.variables, *model.optimizer.variables]:
        found.update(v.numpy().tobytes())
    return found.hexdigest(), history.history


@pytest.fixture
def threads():
    before = fastcnn.get_num_threads()
    yield fastcnn.set_num_threads
    fastcnn.set_num_threads(before)


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_threads_change_no_bit(threads, optimizer):
    runs = []
    for count in (1, 2, 4, 1):
        threads(count)
        runs.append(train(optimizer))
    assert runs[1:] == runs[:1] * 3
    assert train(optimizer, seed=12) != runs[0]
