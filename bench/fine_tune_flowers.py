"""What fine-tuning adds to the best head: SqueezeNet with ImageNet's weights, five flowers, five stratified folds.

usage: python bench/fine_tune_flowers.py [--seeds 0 1 2] [--folds 5] [--epochs 6] [--lr 1e-3] [--held 3] [--json]

Reads FASTCNN_DATA/flowers-small and FASTCNN_DATA/onnx/squeezenet11_torchvision_fp32.onnx; needs Pillow. Each seed is
another partition into folds. Of each fold 8 photographs of a class are seen at the very end only (test), 3 tell
``fine_tune`` which epoch is best (validation), 29 are trained on. Phase 1: the head learns from the features of four
views of each (the middle or the whole, mirrored or not): roots, unit length, a whitening by the training features,
which stays frozen, and a classifier. Phase 2: ``fine_tune`` trains the base with it, on views cut at random. It is
given the head as it is (``head_epochs=0``), and keeps it where no epoch is better. With ``--held 0`` all 32 are trained
on, and the training loss tells which epoch is best. Test: the probabilities of four
views, added.
"""

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn import augment, layers, models, ops, transfer
from fastcnn.applications.squeezenet import SqueezeNet, preprocess_input
from fastcnn.data import list_folder, read_image
from fastcnn.optimizers import SGD, Adam
from fastcnn.utils import PyDataset, set_random_seed

CLASSES = ["daisy", "dandelion", "roses", "sunflowers", "tulips"]
SIZE, FOLDS, HELD = 224, 5, 3  # HELD: photographs of a class for validation
CUT = augment.Compose(
    [augment.RandomResizedCrop((SIZE, SIZE), scale=(0.6, 1.0), ratio=(1.0, 1.0)), augment.HorizontalFlip(p=0.5)], p=1.0
)


class Roots(layers.Layer):
    """Square roots: what is in a picture counts, not so much how much of it."""

    def call(self, x: Any) -> Any:
        """The roots of numbers from 0; a little is added for the slope at 0."""
        return ops.sqrt(x + 1e-4)


class Cuts(PyDataset):
    """Parts of photographs, others in each epoch: a function of (seed, epoch, photograph) alone."""

    def __init__(self, photographs: Any, labels: Any, batch_size: int = 32):
        super().__init__()
        self.photographs, self.labels, self.batch_size, self.epoch = photographs, labels, batch_size, 0

    def __len__(self) -> int:
        return len(self.labels) // self.batch_size

    def __getitem__(self, index: int) -> Any:
        rng = np.random.default_rng((0, self.epoch))
        order, views = rng.permutation(len(self.labels)), rng.integers(len(self.photographs), size=len(self.labels))
        chosen = order[index * self.batch_size : (index + 1) * self.batch_size]
        cuts = [augment.apply(CUT, self.photographs[views[i]][i], (0, self.epoch, int(i))) for i in chosen]
        return preprocess_input(np.stack(cuts).astype("float32")), self.labels[chosen]

    def on_epoch_end(self) -> None:
        """The next epoch's cuts."""
        self.epoch += 1


class Flowers:
    """The photographs, their classes, and what the untouched base makes of four views of each."""

    def __init__(self, data: Path):
        paths, labels, _ = list_folder(data / "flowers-small", classes=CLASSES)
        settings: dict[str, Any] = {"target_size": (SIZE, SIZE), "interpolation": "bilinear"}
        read = [[read_image(p, keep_aspect_ratio=middle, **settings) for p in paths] for middle in (True, False)]
        self.photographs = [np.stack(images).astype("uint8") for images in read]
        self.labels = np.asarray(labels)
        straight = [preprocess_input(view.astype("float32")) for view in self.photographs]
        self.views = [view[:, :, ::step] for view in straight for step in (1, -1)]
        weights = data / "onnx" / "squeezenet11_torchvision_fp32.onnx"
        self.base = SqueezeNet(include_top=False, weights=weights, input_shape=(SIZE, SIZE, 3))
        self.start = self.base.get_weights()
        self.features = [transfer.extract_features(self.base, view, pooling="avg") for view in self.views]

    def network(self, rows: Any) -> Any:
        """The base as it was and a head on it that knows these photographs."""
        self.base.set_weights(self.start)
        features = np.concatenate([view[rows] for view in self.features])
        start = [Roots(), layers.UnitNormalization()]
        z = models.Sequential([layers.Input(features.shape[1:]), *start]).predict(features, verbose=0).astype(float)
        mean = z.mean(0)
        variances, axes = np.linalg.eigh(np.cov(z, rowvar=False, ddof=0))
        white = axes / np.sqrt(variances.clip(0) + variances.sum() / len(z))
        whitening = layers.Dense(white.shape[1], trainable=False, name="whitening")
        classifier = layers.Dense(len(CLASSES), activation="softmax", kernel_initializer="zeros", name="flowers")
        head = [*start, whitening, classifier]
        top = models.Sequential([layers.Input(features.shape[1:]), *head])
        whitening.set_weights([0.3 * white, -0.3 * mean @ white])
        top.compile(SGD(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
        top.fit(features, np.tile(self.labels[rows], len(self.views)), epochs=5, batch_size=32, verbose=0)
        return transfer.build(self.base, None, [layers.GlobalAveragePooling2D(), *head])

    def accuracy(self, model: Any, rows: Any) -> float:
        """Of photographs, whose views are taken together."""
        found = sum(model.predict(view[rows], verbose=0) for view in self.views)
        return float((found.argmax(1) == self.labels[rows]).mean())


def dealt(labels: Any, seed: int) -> Any:
    """The number of the fold of each photograph, each with as many of each class."""
    rng, found = np.random.default_rng(seed), np.empty(len(labels), int)
    for c in np.unique(labels):
        own = np.flatnonzero(labels == c)
        found[own] = rng.permutation(len(own)) % FOLDS
    return found


def held_out(labels: Any, rows: Any, seed: tuple[int, int], held: int) -> Any:
    """A few photographs of each class among these."""
    rng, found = np.random.default_rng(seed), np.zeros(len(labels), bool)
    for c in np.unique(labels):
        found[rng.permutation(np.flatnonzero((labels == c) & rows))[:held]] = True
    return found


def compare(
    flowers: Flowers, seed: int, k: int, epochs: int, lr: float, optimizer: Any, held: int = HELD
) -> tuple[float, float, Any]:
    """The accuracy of fold k before and after ``fine_tune``, and its history."""
    y, test = flowers.labels, dealt(flowers.labels, seed) == k
    valid = held_out(y, ~test, (seed, k), held)
    train = ~(test | valid)
    set_random_seed(k)
    model = flowers.network(train)
    before = flowers.accuracy(model, test)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    validation = None
    if held:
        validation = np.concatenate([view[valid] for view in flowers.views]), np.tile(y[valid], len(flowers.views))
    cuts = Cuts([view[train] for view in flowers.photographs], y[train])
    history = transfer.fine_tune(
        model, cuts, validation_data=validation, head_epochs=0, epochs=epochs, lr=lr, verbose=0
    )
    return before, flowers.accuracy(model, test), history


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="one partition for each")
    parser.add_argument("--folds", type=int, default=FOLDS, help=f"how many of the {FOLDS} folds")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--optimizer", choices=["sgd", "adam"], default="sgd", help="of phase 2; SGD with momentum 0.9")
    parser.add_argument("--held", type=int, default=HELD, help="photographs of a class for validation; 0: none")
    parser.add_argument("--json", action="store_true", help="the accuracies alone, for programs")
    options = parser.parse_args()
    begin, found = time.perf_counter(), np.empty((len(options.seeds), options.folds, 2))
    flowers = Flowers(Path(os.environ.get("FASTCNN_DATA", "data")))
    for i, seed in enumerate(options.seeds):
        start = time.perf_counter()
        for k in range(options.folds):
            optimizer = SGD(momentum=0.9) if options.optimizer == "sgd" else Adam()
            *found[i, k], history = compare(flowers, seed, k, options.epochs, options.lr, optimizer, options.held)
            if not options.json:
                best = "the head as it was" if history.best_epoch is None else f"epoch {history.best_epoch + 1}"
                print(
                    f"seed {seed} fold {k}: head {found[i, k, 0]:.3f}, tuned {found[i, k, 1]:.3f}   {best}", flush=True
                )
        if not options.json:
            means = "head {:.3f}, tuned {:.3f}".format(*found[i].mean(0))
            print(f"seed {seed} mean:   {means}   {time.perf_counter() - start:.0f} s", flush=True)
    if options.json:
        print(json.dumps(found.tolist()))
    else:
        means = "head {:.3f}, tuned {:.3f}".format(*found.mean((0, 1)))
        print(f"all:           {means}   {time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
