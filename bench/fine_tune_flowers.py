"""What fine-tuning adds to a new head: SqueezeNet with ImageNet's weights, five flowers, five stratified folds.

usage: python bench/fine_tune_flowers.py [--head-epochs 5] [--epochs 5] [--lr 1e-5]

Reads FASTCNN_DATA/flowers-small and FASTCNN_DATA/onnx/squeezenet11_torchvision_fp32.onnx; needs Pillow. Of each fold
24 photographs of a class are trained on, 8 choose the epoch (validation), 8 are seen at the very end only (test). Each
photograph is there twice: its middle, and mirrored and squeezed into a square. Validation counts both as the training
does; for the test the probabilities of both are added. The head is trained by SGD, on whitened features; then the whole
network by Adam at the small learning rate. ``fine_tune`` keeps the best weights, those of the head alone among them.
"""

import argparse
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn import layers, ops, transfer
from fastcnn.applications.squeezenet import SqueezeNet, preprocess_input
from fastcnn.data import list_folder, read_image
from fastcnn.optimizers import SGD, Adam
from fastcnn.utils import set_random_seed

CLASSES = ["daisy", "dandelion", "roses", "sunflowers", "tulips"]
FOLDS, SIZE = 5, 224


class Roots(layers.Layer):
    """Square roots: what is in a picture counts, not so much how much of it."""

    def call(self, x: Any) -> Any:
        """The roots of numbers from 0; a little is added for the slope at 0."""
        return ops.sqrt(x + 1e-4)


def photographs(folder: Path) -> tuple[list[Any], Any]:
    """The two views of all photographs as SqueezeNet wants them, and their classes."""
    paths, labels, _ = list_folder(folder, classes=CLASSES)
    settings: dict[str, Any] = {"target_size": (SIZE, SIZE), "interpolation": "bilinear"}
    middle = np.stack([read_image(path, keep_aspect_ratio=True, **settings) for path in paths])
    whole = np.stack([read_image(path, **settings) for path in paths])[:, :, ::-1]
    return [preprocess_input(view.astype("float32")) for view in (middle, whole)], np.asarray(labels)


def folds(labels: Any) -> Any:
    """The number of the fold of each photograph, each with as many of each class."""
    rng, found = np.random.default_rng(0), np.empty(len(labels), int)
    for c in np.unique(labels):
        own = np.flatnonzero(labels == c)
        found[own] = rng.permutation(len(own)) % FOLDS
    return found


def network(weights: Path, x: Any) -> Any:
    """SqueezeNet and a new head: roots of its mean features, of unit length, whitened as those of x, a classifier."""
    base = SqueezeNet(include_top=False, weights=weights, input_shape=(SIZE, SIZE, 3))
    start = [layers.GlobalAveragePooling2D(), Roots(), layers.UnitNormalization()]
    z = transfer.build(base, classes=None, head=start).predict(x, verbose=0).astype(float)
    mean = z.mean(0)
    _, spread, axes = np.linalg.svd(z - mean, full_matrices=False)
    white = axes.T / np.sqrt(spread**2 / len(z) + (spread**2).sum() / len(z) ** 2)
    whitening = layers.Dense(white.shape[1], name="whitening")
    classifier = layers.Dense(len(CLASSES), activation="softmax", kernel_initializer="zeros", name="flowers")
    model = transfer.build(base, classes=None, head=[*start, whitening, classifier])
    whitening.set_weights([0.3 * white, -0.3 * mean @ white])
    return model


def accuracies(model: Any, validation: Any, test: list[Any], y: Any) -> list[float]:
    """Of validation, each view by itself; and of the test, with the views of a photograph taken together."""
    found = sum(model.predict(view, verbose=0) for view in test)
    return [model.evaluate(*validation, verbose=0)[1], float((found.argmax(1) == y).mean())]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--head-epochs", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--lr", type=float, default=1e-5)
    parser.add_argument("--monitor", default="val_accuracy", help="what tells which epoch is best; or val_loss")
    options = parser.parse_args()
    start = time.perf_counter()
    data = Path(os.environ.get("FASTCNN_DATA", "data"))
    views, y = photographs(data / "flowers-small")
    fold, found = folds(y), np.empty((FOLDS, 2, 2))
    print(f"{'':8}{'validation':>20}{'test':>20}\n{'fold':8}" + f"{'head':>10}{'tuned':>10}" * 2 + "   best of tuning")
    for k in range(FOLDS):
        test, valid = fold == k, fold == (k + 1) % FOLDS
        train = ~(test | valid)
        x, x_valid = (np.concatenate([view[rows] for view in views]) for rows in (train, valid))
        validation = (x_valid, np.tile(y[valid], len(views)))
        settings = {"validation_data": validation, "head": "flowers", "monitor": options.monitor, "verbose": 0}
        set_random_seed(k)
        model = network(data / "onnx" / "squeezenet11_torchvision_fp32.onnx", x)
        for arm, (optimizer, phases) in enumerate(
            (
                (SGD(), {"head_epochs": options.head_epochs, "epochs": 0, "head_lr": 0.01}),
                (Adam(), {"head_epochs": 0, "epochs": options.epochs, "lr": options.lr}),
            )
        ):
            model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
            history = transfer.fine_tune(model, x, np.tile(y[train], len(views)), **phases, **settings)
            found[k, :, arm] = accuracies(model, validation, [view[test] for view in views], y[test])
        epoch = "the head as it was" if history.best_epoch is None else f"epoch {history.best_epoch + 1}"
        print(f"{k:<8}" + "".join(f"{v:>10.3f}" for v in found[k].ravel()) + f"   {epoch}", flush=True)
    print(f"{'mean':8}" + "".join(f"{v:>10.3f}" for v in found.mean(0).ravel()))
    change = np.sign(found[:, 0, 1] - found[:, 0, 0])
    counts = ", ".join(
        f"{word} in {(change == sign).sum()}" for word, sign in (("raised", 1), ("kept", 0), ("lowered", -1))
    )
    print(f"validation accuracy {counts} of {FOLDS} folds; {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
