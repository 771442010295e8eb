"""What ``fit`` spends in Python, beside the program that runs its steps, on the network for MNIST."""

import time

import numpy as np

from fastcnn import layers, models
from fastcnn.plan import stepping


class Timed:
    """A program that adds up the seconds of its runs."""

    def __init__(self, core):
        self.core, self.seconds = core, 0.0

    def run(self):
        start = time.perf_counter()
        self.core.run()
        self.seconds += time.perf_counter() - start

    def __getattr__(self, name):
        return getattr(self.core, name)


def test_python_takes_a_twentieth_of_an_epoch_at_most():
    stack = [
        layers.Input((28, 28, 1)),
        layers.Conv2D(32, 3, activation="relu"),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    ]
    model = models.Sequential(stack)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    rng = np.random.default_rng(0)
    x, y = rng.random((10 * 128, 28, 28, 1), dtype=np.float32), rng.integers(0, 10, 10 * 128)
    model.fit(x[:128], y[:128], batch_size=128, verbose=0)
    (step,) = stepping.plans_of(model).training.values()
    timed = step.program._core = Timed(step.program._core)
    share = 1.0
    for _ in range(5):  # the least disturbed of a few
        timed.seconds = 0.0
        start = time.perf_counter()
        model.fit(x, y, batch_size=128, epochs=3, verbose=0)  # what a fit begins with counts less in a whole epoch
        share = min(share, 1 - timed.seconds / (time.perf_counter() - start))
        assert timed.seconds > 0
        if share <= 0.05:
            break
    assert share <= 0.05
