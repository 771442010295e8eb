"""``python -m fastcnn demo --gallery``: the kernels at work on a picture, and how fast they are.

A filter bank (one convolution with sixteen 15x15 filters), the direction of every edge (Gabor filters) and a
pooling pyramid, written as PNG files. Then a table of the kernels' speed beside the same functions in NumPy.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from fastcnn import kernels, picture, quickbench

Array = np.ndarray[Any, Any]
SIZE = 15  # of every filter; odd, so that it has a middle
DIRECTIONS = 8


def centred(small: Array) -> Array:
    """A small filter in the middle of a large one."""
    filter = np.zeros((SIZE, SIZE), np.float32)
    h, w = small.shape
    top, left = (SIZE - h) // 2, (SIZE - w) // 2
    filter[top : top + h, left : left + w] = small
    return filter


def gaussian(sigma: float) -> Array:
    at = np.arange(SIZE) - SIZE // 2
    bell = np.exp(-(at**2) / (2 * sigma**2))
    return np.outer(bell, bell) / bell.sum() ** 2


def gabor(angle: float, wavelength: float = 6.0, sigma: float = 2.6, phase: float = 0.0) -> Array:
    """A wave under a bell: answers to edges and lines at right angles to ``angle``. Sums to zero."""
    y, x = np.mgrid[:SIZE, :SIZE] - SIZE // 2
    along = x * np.cos(angle) + y * np.sin(angle)
    bell = np.exp(-(x**2 + y**2) / (2 * sigma**2))
    wave = bell * np.cos(2 * np.pi * along / wavelength + phase)
    wave -= bell * wave.sum() / bell.sum()
    return wave / np.abs(wave).sum()


def filter_bank() -> dict[str, Array]:
    """The filters by name."""
    identity = centred(np.ones((1, 1)))
    sobel = np.outer([1, 2, 1], [-1, 0, 1]) / 4
    bank = {
        "IDENTITY": identity,
        "BLUR": gaussian(2.5),
        "SHARPEN": identity * 3 - gaussian(1.2) * 2,
        "EMBOSS": centred(np.array([[-2.0, -1, 0], [-1, 1, 1], [0, 1, 2]])),
        "EDGES ACROSS": centred(sobel),
        "EDGES DOWN": centred(sobel.T),
        "LAPLACIAN": centred(np.array([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])),
        "BLOBS": gaussian(1.6) - gaussian(3.0),
    }
    for i in range(DIRECTIONS):
        bank[f"GABOR {180 * i // DIRECTIONS}"] = gabor(np.pi * i / DIRECTIONS)
    return bank


def tile(response: Array, label: str, signed: bool) -> Array:
    if signed:
        shown = picture.diverging(response / (np.quantile(np.abs(response), 0.98) + 1e-9))
    else:
        shown = np.repeat(np.clip(response, 0, 1)[..., None], 3, axis=2)
    return picture.labelled(kernels.avg_pool2d(shown[None], 2)[0], label)


def convolve(grey: Array, weights: Array) -> Array:
    """The answers (h, w, k) of filters (SIZE, SIZE, 1, k); the border mirrors the picture: it is no edge."""
    return kernels.conv2d(grey[None, :, :, None], weights, padding="same", padding_mode="reflect")[0]


def filters_sheet(grey: Array) -> Array:
    """Every filter's answer, from one convolution."""
    bank = filter_bank()
    weights = np.stack(list(bank.values()), axis=-1)[:, :, None, :].astype(np.float32)
    responses = convolve(grey, weights)
    signed = [abs(float(weights[..., i].sum())) < 0.5 for i in range(len(bank))]
    tiles = [tile(responses[..., i], name, signed[i]) for i, name in enumerate(bank)]
    return picture.sheet(tiles, columns=4)


def directions(grey: Array) -> Array:
    """Colour = the direction of the strongest edge, brightness = its strength: even and odd Gabor filters, squared."""
    angles = [np.pi * i / DIRECTIONS for i in range(DIRECTIONS)]
    pairs = [gabor(a, phase=p) for p in (0.0, np.pi / 2) for a in angles]
    weights = np.stack(pairs, axis=-1)[:, :, None, :].astype(np.float32)
    even, odd = np.split(convolve(grey, weights), 2, axis=-1)
    energy = even**2 + odd**2
    turn = np.exp(2j * np.array(angles))  # a direction and its opposite are the same: twice the angle
    mean = (energy * turn).sum(axis=-1)
    strength = np.abs(mean) ** 0.25  # the eye wants to see the weak ones too
    strength = strength / (np.quantile(strength, 0.99) + 1e-9)
    return picture.hue(np.angle(mean) / (2 * np.pi) % 1.0, np.clip(strength * 1.5 - 0.25, 0, 1))


def pyramid(image: Array) -> Array:
    """Maximum (above) and mean (below) over ever larger squares, drawn as ladders of halves."""
    levels: dict[str, list[Array]] = {"MAX POOLING": [], "AVERAGE POOLING": []}
    for name, pool in (("MAX POOLING", kernels.max_pool2d), ("AVERAGE POOLING", kernels.avg_pool2d)):
        level: Any = image[None]
        while min(level.shape[1:3]) >= 8 and len(levels[name]) < 5:
            level = pool(level, 2)
            levels[name].append(level[0])
    rows = [
        picture.labelled(picture.ladder([picture.enlarge(v, 2**i) for i, v in enumerate(steps)]), name)
        for name, steps in levels.items()
    ]
    return picture.sheet(rows, columns=1)


def load(path: str | None) -> tuple[Array, str]:
    """The picture as float32 in [0, 1], (h, w, 3), and where it is from."""
    data = os.environ.get("FASTCNN_DATA")
    candidate = Path(path) if path else Path(data or "", "photos", "skimage", "chelsea.png")
    if path or (data and candidate.is_file()):
        try:
            return picture.read(candidate), candidate.name
        except ImportError:
            if path:
                raise
    return picture.synthesise(480, 640), "a synthesised picture"


def main(path: str | None = None, output: str = "demo-output") -> int:
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    image, source = load(path)
    grey_weights = np.array([0.299, 0.587, 0.114], np.float32).reshape(1, 1, 3, 1)
    grey = kernels.conv2d(image[None], grey_weights)[0, :, :, 0]  # a 1x1 convolution mixes the colours

    pictures: dict[str, Callable[[], Array]] = {
        "input.png": lambda: image,
        "filters.png": lambda: filters_sheet(grey),
        "directions.png": lambda: directions(grey),
        "pyramid.png": lambda: pyramid(image),
    }
    cases = quickbench.cases()
    rows = []
    start = time.perf_counter()
    with tqdm(total=len(pictures) + len(cases), desc="demo", unit="step", disable=not sys.stderr.isatty()) as bar:
        for name, draw in pictures.items():
            bar.set_postfix_str(name)
            picture.write_png(folder / name, draw())
            bar.update()
        for case in cases:
            bar.set_postfix_str(case.name)
            rows.append(quickbench.measure(case, seconds=0.2))
            bar.update()
    print(f"From {source}, {image.shape[1]} x {image.shape[0]}:")
    for name in pictures:
        print(f"  {folder / name}")
    print()
    print(quickbench.as_table(rows))
    print(f"\n{time.perf_counter() - start:.1f} s in all")
    return 0
