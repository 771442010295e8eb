"""Tiny folders of pictures, for tests: the class is the colour of most of a picture."""

from pathlib import Path

import numpy as np

COLOURS = {"blue": (20, 30, 220), "green": (20, 200, 40), "red": (230, 20, 30)}


def pictures(n=12, size=24, classes=("blue", "green", "red"), seed=0):
    """(n, size, size, 3) uint8 and n numbers of classes, in turn."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % len(classes)
    x = np.array([COLOURS[classes[label]] for label in labels])[:, None, None, :] * rng.uniform(
        0.6, 1.0, (n, size, size, 1)
    )
    return (x + rng.uniform(0, 20, x.shape)).astype(np.uint8), labels


def fill(folder, n=12, size=24, classes=("blue", "green", "red"), seed=0, suffix=".png"):
    """Writes them into class folders; returns the folder."""
    from PIL import Image

    x, labels = pictures(n, size, classes, seed)
    for i, (image, label) in enumerate(zip(x, labels, strict=True)):
        path = Path(folder) / classes[label] / f"{i:03d}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return Path(folder)
