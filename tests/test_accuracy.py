"""Real pictures, learned from nothing: the accuracies that small networks must reach, with fixed seeds."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastcnn import datasets, layers, optimizers, utils
from fastcnn.models import Sequential


def folder(name: str) -> Path:
    path = Path(os.environ.get("FASTCNN_DATA", "")) / name
    if "FASTCNN_DATA" not in os.environ or not path.is_dir():
        pytest.skip(f"FASTCNN_DATA does not name a folder with {name}/")
    return path


@pytest.fixture(autouse=True)
def _one_seed() -> None:
    utils.set_random_seed(1)  # before layers are made: each Dropout draws a seed of its own then


def block(filters: int, padding: str = "same") -> list[Any]:
    return [
        layers.Conv2D(filters, 3, padding=padding, use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
    ]


def accuracy_of(body: list[Any], train: Any, test: Any, *, epochs: int, batch_size: int, rate: float) -> float:
    """Trains the layers and a softmax on top with Adam and a decaying rate; the accuracy on the test data."""
    (x, y), (x_test, y_test) = train, test
    model = Sequential([layers.Input(x.shape[1:]), *body, layers.Dense(10, activation="softmax")])
    schedule = optimizers.schedules.CosineDecay(rate, epochs * -(-len(x) // batch_size))
    model.compile(optimizers.Adam(schedule), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=batch_size, epochs=epochs, verbose=0)
    _, accuracy = model.evaluate(x_test, y_test, batch_size=256, verbose=0)
    print(f"accuracy {accuracy:.4f} of {len(y_test)} pictures")
    return accuracy


def test_mnist() -> None:
    folder("mnist")
    (x, y), (x_test, y_test) = datasets.mnist.load_data()
    assert (len(x), len(x_test)) == (60_000, 10_000)
    x, x_test = ((a[..., None] / 255).astype(np.float32) for a in (x, x_test))
    body = [
        *block(32, "valid"),
        layers.MaxPooling2D(),
        *block(64, "valid"),
        layers.MaxPooling2D(),
        *block(64, "valid"),
        layers.Flatten(),
        layers.Dropout(0.3),
    ]
    assert accuracy_of(body, (x, y), (x_test, y_test), epochs=2, batch_size=128, rate=3e-3) >= 0.990


def test_digits() -> None:
    pytest.importorskip("sklearn")
    (x, y), (x_test, y_test) = datasets.digits.load_data()
    body = [*block(32), *block(32), layers.MaxPooling2D(), *block(64), layers.Flatten(), layers.Dropout(0.4)]
    found = accuracy_of(body, (x / 16, y), (x_test / 16, y_test), epochs=15, batch_size=32, rate=2e-3)
    assert found >= 0.985


def signs(root: Path) -> tuple[Any, Any]:
    """The sign-language digits as grey pictures of 64 x 64, of each class a fifth for the test."""
    image = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(42)
    parts: dict[bool, tuple[list[Any], list[int]]] = {False: ([], []), True: ([], [])}
    for digit in range(10):
        files = sorted((root / str(digit)).glob("*.JPG"))
        for place, i in enumerate(rng.permutation(len(files))):
            with image.open(files[i]) as picture:
                small = picture.convert("L").resize((64, 64), image.Resampling.BILINEAR)
            x, y = parts[place < round(len(files) / 5)]
            x.append(np.asarray(small, np.float32)[..., None] / 255)
            y.append(digit)
    train, test = ((np.stack(x), np.array(y)) for x, y in (parts[False], parts[True]))
    return train, test


def test_sign_language_digits() -> None:
    train, test = signs(folder("sign-language-digits"))
    assert (len(train[1]), len(test[1])) == (1651, 411)
    body = []
    for filters in (16, 32, 64, 64):
        body += [*block(filters), layers.MaxPooling2D()]
    body += [layers.Flatten(), layers.Dropout(0.5)]
    assert accuracy_of(body, train, test, epochs=20, batch_size=32, rate=2e-3) >= 0.95
