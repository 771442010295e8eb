"""What augmentation is worth: one small network on few sign-language digits, with it and without, for several seeds.

usage: python bench/augmentation_helps.py [--seeds 5] [--epochs 40] [--size 32]

Reads FASTCNN_DATA/sign-language-digits; needs Pillow. Both arms have the same network, initial weights, order of the
images, number of steps and 300 images; only the augmentation differs, drawn anew for each image of each epoch. The
error is that of the last epoch, on 1,000 other images: no epoch is chosen by it. Whose hand is on an image the data
set does not tell, so one hand may be in both parts.
"""

import argparse
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn import augment as A
from fastcnn.data import ImageDataset, list_folder
from fastcnn.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D, Rescaling
from fastcnn.models import Sequential
from fastcnn.utils import set_random_seed

TRAINING, VALIDATION = 30, 100  # images of each digit
AUGMENT = A.Compose(
    [
        A.ShiftScaleRotate(shift_limit=0.1, scale_limit=0.15, rotate_limit=15, border_mode=A.BORDER_REPLICATE, p=1.0),
        A.RandomBrightnessContrast(brightness_limit=0.2, contrast_limit=0.2, p=0.5),
    ]
)


def split(folder: Path) -> tuple[tuple[list[str], Any], tuple[list[str], Any]]:
    """Files and digits to train on and to validate with: the same for each seed, as many of each digit."""
    paths, labels, _ = list_folder(folder)
    digits, rng = np.asarray(labels), np.random.default_rng(0)
    mixed = [rng.permutation(np.flatnonzero(digits == digit)) for digit in range(10)]
    training = np.concatenate([own[:TRAINING] for own in mixed])
    validation = np.concatenate([own[TRAINING : TRAINING + VALIDATION] for own in mixed])
    return ([str(paths[i]) for i in training], digits[training]), (
        [str(paths[i]) for i in validation],
        digits[validation],
    )


def network(size: int) -> Any:
    """A small CNN, from RGB pixels to ten classes."""
    model = Sequential([Input((size, size, 3)), Rescaling(1 / 127.5, offset=-1)])
    for filters in (16, 32, 64):
        model.add(Conv2D(filters, 3, padding="same", activation="relu"))
        model.add(MaxPooling2D())
    model.add(Flatten())
    model.add(Dense(10, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def errors(folder: Path, seeds: int, epochs: int, size: int) -> Any:
    """Validation errors (seeds, 2): without augmentation, with it. Each file is decoded once for each arm."""
    train, validation = split(folder)
    settings: dict[str, Any] = {"image_size": (size, size), "interpolation": "area", "cache": "memory", "workers": 0}
    valid = ImageDataset(*validation, batch_size=100, augment=A.NoOp(), **settings)
    arms = [ImageDataset(*train, batch_size=32, shuffle=True, augment=a, **settings) for a in (A.NoOp(), AUGMENT)]
    found = np.empty((seeds, len(arms)))
    for seed in range(seeds):
        for arm, data in enumerate(arms):
            set_random_seed(seed)
            data.seed, data.epoch = seed, 0
            model = network(size)
            model.fit(data, epochs=epochs, verbose=0)
            found[seed, arm] = 1 - model.evaluate(valid, verbose=0)[1]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--size", type=int, default=32, help="of the images, width and height")
    options = parser.parse_args()
    start = time.perf_counter()
    folder = Path(os.environ.get("FASTCNN_DATA", "data")) / "sign-language-digits"
    found = 100 * errors(folder, options.seeds, options.epochs, options.size)
    print(f"{'validation error in %':<24}{'without':>10}{'with':>10}{'difference':>12}")
    rows = [*((f"seed {i}", row) for i, row in enumerate(found)), ("mean", found.mean(0))]
    for name, (without, having) in rows:
        print(f"{name:<24}{without:>10.1f}{having:>10.1f}{having - without:>+12.1f}")
    paired = found[:, 1] - found[:, 0]
    if len(paired) > 1:
        print(f"paired difference: {paired.mean():+.2f}, standard error {paired.std(ddof=1) / len(paired) ** 0.5:.2f}")
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
