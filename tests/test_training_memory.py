"""Memory stays flat, however long a program runs and however its batches vary."""

import gc
from pathlib import Path

import numpy as np
import pytest

import fastcnn
from fastcnn import layers
from fastcnn.models.sequential import Sequential

STATUS = Path("/proc/self/status")
pytestmark = pytest.mark.skipif(not STATUS.exists(), reason="needs /proc")
SIZES = (1, 3, 8, 2, 16, 5, 32, 7)
X = np.random.default_rng(0).normal(size=(32, 6, 6, 1)).astype("float32")
Y = np.arange(32) % 3


@pytest.fixture(autouse=True)
def one_thread():
    """Where other programs keep the cores busy, threads of such small work mostly wait for each other."""
    before = fastcnn.get_num_threads()
    fastcnn.set_num_threads(1)
    yield
    fastcnn.set_num_threads(before)


def resident():
    """Megabytes of what the process wrote: the system takes and brings back pages of files as it likes."""
    gc.collect()
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith("RssAnon:"))
    return int(line.split()[1]) / 2**10


def new():
    model = Sequential(
        [
            layers.Input((6, 6, 1)),
            layers.Conv2D(2, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["acc"])
    return model


def grown(step, steps):
    """By how many megabytes the process grows in so many steps, after as many as it takes to have seen all sizes."""
    for i in range(5 * len(SIZES)):
        step(SIZES[i % len(SIZES)])
    before = resident()
    for i in range(steps):
        step(SIZES[i % len(SIZES)])
    return resident() - before


def test_10000_predictions():
    model = new()
    assert abs(grown(lambda n: model.predict(X[:n], verbose=0), 10_000)) <= 2


def test_10000_batches_of_predictions():
    model = new()
    assert abs(grown(lambda n: model.predict_on_batch(X[:n]), 10_000)) <= 2


def test_1000_steps():
    model = new()
    assert abs(grown(lambda n: model.train_on_batch(X[:n], Y[:n]), 1000)) <= 2


def test_1000_steps_whose_numbers_change():
    """Steps that are recorded anew leave nothing of the old ones behind."""
    model = new()

    def step(n):
        model.optimizer.beta_1 = 0.9 - 0.01 * (n % 3)
        model.optimizer.learning_rate = 1e-4 * n
        model.train_on_batch(X[:n], Y[:n])

    assert abs(grown(step, 1000)) <= 2


def test_100_models():
    """Flat buffers go with the models whose weights they hold."""

    def step(n):
        model = new()
        model.train_on_batch(X[:n], Y[:n])
        model.predict_on_batch(X[:n])

    assert abs(grown(step, 100)) <= 2


def test_100_fits():
    model = new()
    assert abs(grown(lambda n: model.fit(X, Y, batch_size=n, verbose=0, validation_split=0.3), 100)) <= 2
