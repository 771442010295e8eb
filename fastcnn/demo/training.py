"""``make demo``: trains a convolutional network on handwritten digits, then shows what it learned and how fast that went."""

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn import config, datasets, metrics, picture, quickbench, utils
from fastcnn._core import get_isa, get_num_threads
from fastcnn.callbacks import EarlyStopping, ModelCheckpoint
from fastcnn.demo import charts, numpy_network
from fastcnn.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D, ReLU
from fastcnn.models import Sequential

Array = np.ndarray[Any, Any]


def load() -> tuple[str, tuple[Array, Array], tuple[Array, Array], list[str]]:
    """The best data that is there: MNIST, or scikit-learn's digits, or shapes drawn for the purpose."""
    digits = [str(i) for i in range(10)]
    try:
        (x, y), (x_test, y_test) = datasets.mnist.load_data()
        return "MNIST", (x[:20000, ..., None] / np.float32(255), y[:20000]), (x_test[..., None] / np.float32(255), y_test), digits
    except FileNotFoundError:
        pass
    try:
        (x, y), (x_test, y_test) = datasets.digits.load_data()
        return "scikit-learn's digits", (x / np.float32(16), y), (x_test / np.float32(16), y_test), digits
    except ImportError:
        (x, y), (x_test, y_test) = datasets.shapes.load_data()
        return "drawn shapes", (x / np.float32(255), y), (x_test / np.float32(255), y_test), datasets.shapes.CLASSES


def network(shape: tuple[int, ...], classes: int) -> Sequential:
    """Two blocks of convolution, batch normalisation and pooling, then two dense layers."""
    return Sequential(
        [
            Input(shape),
            Conv2D(32, 3, padding="same", use_bias=False, kernel_initializer="he_normal"),
            BatchNormalization(),
            ReLU(),
            MaxPooling2D(),
            Conv2D(64, 3, padding="same", use_bias=False, kernel_initializer="he_normal"),
            BatchNormalization(),
            ReLU(),
            MaxPooling2D(),
            Flatten(),
            Dense(128, activation="relu", kernel_initializer="he_normal"),
            Dropout(0.4),
            Dense(classes, activation="softmax"),
        ],
        name="demo",
    )


def images_per_second(run: Any, n: int, seconds: float) -> float:
    """The best of several runs over n images."""
    run()
    return n / quickbench.best_time(run, seconds)


def confusion_table(matrix: Array, names: list[str]) -> str:
    """Rows are what the images are, columns what they were taken for; a dot is none."""
    width = max(5, *(len(name) + 1 for name in names))
    lines = [" " * (width + 2) + "".join(name.rjust(width) for name in names)]
    for name, row in zip(names, matrix, strict=True):
        lines.append(name.rjust(width) + "  " + "".join((str(int(n)) if n else "·").rjust(width) for n in row))
    return "\n".join(lines)


def main(output: str = "demo-output", epochs: int = 8) -> int:
    """Trains, evaluates, compares, draws."""
    started = time.perf_counter()
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    utils.set_random_seed(1)
    source, (x, y), (x_test, y_test), names = load()
    print(f"{len(x):,} images of {source} to learn from, {len(x_test):,} to be tested on; {get_num_threads()} threads, {get_isa()}\n")

    model = network(x.shape[1:], len(names))
    model.summary()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    checkpoint = folder / "best.weights.npz"
    callbacks = [
        EarlyStopping(monitor="val_accuracy", patience=2, restore_best_weights=True, verbose=1),
        ModelCheckpoint(checkpoint, monitor="val_accuracy", save_best_only=True),
    ]
    print()
    learning = time.perf_counter()
    batch = 128 if len(x) > 5000 else 32
    epochs = epochs if len(x) > 5000 else 3 * epochs
    history = model.fit(x, y, batch_size=batch, epochs=epochs, validation_split=0.1, callbacks=callbacks)
    learning = time.perf_counter() - learning

    probabilities = model.predict(x_test, batch_size=256, verbose=0)
    taken_for = probabilities.argmax(axis=1)
    accuracy = float((taken_for == y_test).mean())
    print(f"\nTest accuracy: {accuracy:.2%}, after {len(history.epoch)} epochs in {learning:.1f} s")
    print("\nConfusion matrix (rows: what it is, columns: what the network took it for)")
    print(confusion_table(metrics.confusion_matrix(y_test, taken_for, len(names)), names))

    wrong = np.flatnonzero(taken_for != y_test)
    wrong = wrong[np.argsort(-probabilities[wrong].max(axis=1))][:24]
    pictures = {
        "learning_curves.png": charts.learning_curves(history.history),
        "filters.png": charts.filters(model.get_weights()[0]),
        "misclassified.png": charts.gallery(x_test[wrong], y_test[wrong], taken_for[wrong], [n.upper() for n in names]),
    }
    for name, image in pictures.items():
        picture.write_png(folder / name, image)

    sample = x_test[:256]
    weights = model.get_weights()
    theirs = numpy_network.predict(weights, sample)
    difference = float(np.abs(theirs - model.predict(sample, batch_size=256, verbose=0)).max())
    ours = images_per_second(lambda: model.predict(sample, batch_size=256, verbose=0), len(sample), 1.0)
    numpy = images_per_second(lambda: numpy_network.predict(weights, sample), len(sample), 1.0)
    steps = images_per_second(lambda: model.train_on_batch(x[:128], y[:128]), len(x[:128]), 1.0)
    print(f"\nSpeed on {config.cpu_model()}:")
    print(f"  prediction  {ours:10,.0f} images/s    NumPy {numpy:8,.0f} images/s    {ours / numpy:.0f} times faster")
    print(f"  training    {steps:10,.0f} images/s")
    print(f"  (the same network in NumPy gives the same probabilities to {difference:.0e})")
    print("\nWritten:", *[folder / name for name in [*pictures, checkpoint.name]], sep="\n  ")
    print(f"\n{time.perf_counter() - started:.0f} s in all", file=sys.stdout)
    return 0
