"""Does the loader feed training without starving it? ResNet-18 on photographs of 224x224, in batches of 32.

usage: python bench/loader_feed.py [--rounds 3] [--threads 2] [--batches 6]

Reads FASTCNN_DATA/flowers-small; needs Pillow. Two datasets: files decoded in each epoch, and decoded images kept in
memory; both augmented (flip, shift, scale, rotation, brightness) and preprocessed in each epoch. Printed for each:

- load: what the loader alone takes for an epoch, beside the training alone, whose batches lie in memory (wall clock);
- CPU: the same in seconds of all threads together, which other programs on the machine disturb less;
- fed: how much longer an epoch takes that gets its batches from the loader.

Rounds of the three alternate; medians are printed. The first epoch, which captures the program, is not counted.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from fastcnn import applications, augment, config, optimizers
from fastcnn.data import ImageDataset, list_folder
from fastcnn.utils import PyDataset, set_random_seed

CLASSES = ["daisy", "dandelion", "roses", "sunflowers", "tulips"]
BATCH, SIZE = 32, 224


class InMemory(PyDataset):
    """Batches that were made before."""

    def __init__(self, batches: list[Any]):
        super().__init__()
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> Any:
        return self.batches[index]


def preprocess(x: Any) -> Any:
    """Levels to numbers around 0."""
    return (x / 255 - 0.45) / 0.22


def dataset(count: int, cache: str | None) -> ImageDataset:
    """So many photographs of all classes."""
    folder = Path(os.environ.get("FASTCNN_DATA", "data")) / "flowers-small"
    paths, labels, _ = list_folder(folder, classes=CLASSES)
    chosen = np.random.default_rng(0).permutation(len(paths))[:count]
    changes = augment.Compose(
        [augment.HorizontalFlip(), augment.ShiftScaleRotate(), augment.RandomBrightnessContrast()]
    )
    return ImageDataset(
        [paths[i] for i in chosen], np.asarray(labels)[chosen], image_size=(SIZE, SIZE), batch_size=BATCH, seed=0,
        augment=changes, preprocess=preprocess, cache=cache, verbose=False,
    )  # fmt: skip


def network() -> Any:
    """ResNet-18, new."""
    set_random_seed(0)
    model = applications.ResNet18(weights=None, classes=len(CLASSES))
    model.compile(optimizers.SGD(0.01, momentum=0.9), "sparse_categorical_crossentropy")
    return model


def timed(call: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of the clock, and of all cores."""
    clock, cores = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - clock, time.process_time() - cores


def measure(cache: str | None, batches: int, rounds: int) -> None:
    """One line of the table."""
    files = dataset(batches * BATCH, cache)
    ready = InMemory([(np.asarray(x), np.asarray(y)) for x, y in files])
    model = network()
    model.fit(ready, epochs=1, verbose=0)
    calls = {
        "load": lambda: [None for _ in files],
        "train": lambda: model.fit(ready, epochs=1, verbose=0),
        "both": lambda: model.fit(files, epochs=1, verbose=0),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            found[name].append(timed(call))
    clock, cores = ({name: median(t[k] for t in times) for name, times in found.items()} for k in (0, 1))
    print(
        f"{cache or 'none':8}{len(files):>8}{clock['train']:>10.2f}{clock['load'] / clock['train']:>10.1%}"
        f"{cores['load'] / cores['train']:>10.1%}{clock['both'] / clock['train'] - 1:>+10.1%}"
        f"{cores['both'] / cores['train'] - 1:>+10.1%}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batches", type=int, default=6, help=f"of {BATCH} photographs, in an epoch; 1 to 6")
    options = parser.parse_args()
    config.set_num_threads(options.threads)
    print(f"{'cache':8}{'batches':>8}{'train s':>10}{'load':>10}{'CPU':>10}{'fed':>10}{'fed CPU':>10}")
    for cache in (None, "memory"):
        measure(cache, options.batches, options.rounds)


if __name__ == "__main__":
    main()
