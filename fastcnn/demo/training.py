"""``make demo``: trains a convolutional network on handwritten digits, shows what it learned and how fast that went."""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn import config, datasets, metrics, optimizers, picture, quickbench, utils
from fastcnn._core import get_isa, get_num_threads
from fastcnn.callbacks import EarlyStopping, ModelCheckpoint
from fastcnn.demo import charts, numpy_network
from fastcnn.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D, ReLU
from fastcnn.models import Model, Sequential

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Task:
    """What is learned: images in [0, 1] with labels, and how long to look at them."""

    source: str
    train: tuple[Array, Array]
    test: tuple[Array, Array]
    names: list[str]
    batch_size: int
    epochs: int


def load() -> Task:
    """The best data that is there: MNIST, or scikit-learn's digits, or shapes drawn for the purpose."""
    digits = [str(i) for i in range(10)]
    try:
        (x, y), (x_test, y_test) = datasets.mnist.load_data()
        train = x[:20000, ..., None] / np.float32(255), y[:20000]
        return Task("MNIST", train, (x_test[..., None] / np.float32(255), y_test), digits, batch_size=128, epochs=8)
    except FileNotFoundError:
        pass
    try:
        (x, y), (x_test, y_test) = datasets.digits.load_data()
        train, test = (x / np.float32(16), y), (x_test / np.float32(16), y_test)
        return Task("scikit-learn's digits", train, test, digits, batch_size=32, epochs=24)
    except ImportError:
        (x, y), (x_test, y_test) = datasets.shapes.load_data(6000, 1000, size=24)
        train, test = (x / np.float32(255), y), (x_test / np.float32(255), y_test)
        return Task("drawn shapes", train, test, list(datasets.shapes.CLASSES), batch_size=64, epochs=12)


def network(shape: tuple[int, ...], classes: int) -> Sequential:
    """Two blocks of convolution, batch normalisation and pooling, then two dense layers."""
    return Sequential(
        [
            Input(shape),
            Conv2D(32, 3, padding="same", use_bias=False, kernel_initializer="he_normal"),
            BatchNormalization(momentum=0.9),
            ReLU(),
            MaxPooling2D(),
            Conv2D(64, 3, padding="same", use_bias=False, kernel_initializer="he_normal"),
            BatchNormalization(momentum=0.9),
            ReLU(),
            MaxPooling2D(),
            Flatten(),
            Dense(128, activation="relu", kernel_initializer="he_normal"),
            Dropout(0.25),
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


def train(model: Sequential, task: Task, checkpoint: Path) -> Any:
    """Trains with a falling learning rate until the validation part is no longer better, and keeps the best weights."""
    x, y = task.train
    steps = task.epochs * math.ceil(len(x) * 0.9 / task.batch_size)
    rate = optimizers.schedules.CosineDecay(2e-3, steps)
    model.compile(optimizers.Adam(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    callbacks = [
        EarlyStopping(monitor="val_loss", patience=max(2, task.epochs // 4), restore_best_weights=True, verbose=1),
        ModelCheckpoint(checkpoint, monitor="val_loss", save_best_only=True, save_weights_only=True),
    ]
    return model.fit(x, y, batch_size=task.batch_size, epochs=task.epochs, validation_split=0.1, callbacks=callbacks)


def draw(
    folder: Path, model: Sequential, task: Task, history: dict[str, list[float]], probabilities: Array
) -> list[Path]:
    """Writes the pictures: learning curves, the first layer's filters, the images that were hardest."""
    x, y = task.test
    first = model.layers[0]
    answers = Model(model.inputs, first.output).predict(x[:1], verbose=0)[0]
    hardest = np.argsort(probabilities[np.arange(len(y)), y])[:24]
    taken_for = probabilities[hardest].argmax(axis=1)
    names = [name.upper() for name in task.names]
    pictures = {
        "learning_curves.png": charts.learning_curves(history),
        "filters.png": charts.filters(first.get_weights()[0], answers),
        "misclassified.png": charts.gallery(x[hardest], y[hardest], taken_for, names),
    }
    for name, image in pictures.items():
        picture.write_png(folder / name, image)
    return [folder / name for name in pictures]


def speeds(model: Sequential, task: Task, seconds: float = 1.0) -> str:
    """Images a second, beside the same network in NumPy."""
    x, y = task.train
    sample, weights = task.test[0][:256], model.get_weights()
    theirs = numpy_network.predict(weights, sample)
    difference = float(np.abs(theirs - model.predict(sample, batch_size=256, verbose=0)).max())
    ours = images_per_second(lambda: model.predict(sample, batch_size=256, verbose=0), len(sample), seconds)
    numpy = images_per_second(lambda: numpy_network.predict(weights, sample), len(sample), seconds)
    steps = images_per_second(lambda: model.train_on_batch(x[:128], y[:128]), len(x[:128]), seconds)
    lines = [
        ("prediction", ours, f"{ours / numpy:.1f} times NumPy's"),
        ("prediction in NumPy", numpy, f"the same network: probabilities differ by {difference:.0e} at most"),
        ("training", steps, f"forward, backward and update, batches of {len(x[:128])}"),
    ]
    title = f"Images a second on {config.cpu_model()}, {get_num_threads()} threads, {get_isa()}:"
    return "\n".join([title, *(f"  {name:<20}{rate:>9,.0f}   {remark}" for name, rate, remark in lines)])


def main(output: str = "demo-output") -> int:
    """Trains, evaluates, draws, compares."""
    started = time.perf_counter()
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    utils.set_random_seed(1)
    task = load()
    x_test, y_test = task.test
    print(f"{len(task.train[0]):,} images of {task.source} to learn from, {len(x_test):,} to be tested on\n")
    model = network(task.train[0].shape[1:], len(task.names))
    model.summary()
    print()
    checkpoint = folder / "best.weights.npz"
    learning = time.perf_counter()
    history = train(model, task, checkpoint)
    learning = time.perf_counter() - learning

    probabilities = model.predict(x_test, batch_size=256, verbose=0)
    taken_for = probabilities.argmax(axis=1)
    right = int((taken_for == y_test).sum())
    print(
        f"\nTest accuracy: {right / len(y_test):.2%} ({len(y_test) - right} of {len(y_test):,} wrong), "
        f"after {len(history.epoch)} epochs in {learning:.1f} s"
    )
    print("\nConfusion matrix: rows are what it is, columns what the network took it for")
    print(confusion_table(metrics.confusion_matrix(y_test, taken_for, len(task.names)), task.names))

    pictures = draw(folder, model, task, history.history, probabilities)
    print("\n" + speeds(model, task))
    print("\nWritten:", *pictures, checkpoint, sep="\n  ")
    print(f"\n{time.perf_counter() - started:.0f} s in all")
    return 0
