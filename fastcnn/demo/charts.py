"""Drawings for the demo, in NumPy: learning curves, filters, digits with what the network took them for."""

from itertools import pairwise
from typing import Any

import numpy as np

from fastcnn import picture

Array = np.ndarray[Any, Any]
COLOURS = {"TRAINING": (0.30, 0.62, 0.98), "VALIDATION": (0.98, 0.66, 0.28)}
WIDTH, HEIGHT = 520, 300


def polyline(canvas: Array, points: Array, colour: tuple[float, float, float], thickness: float = 1.6) -> None:
    """Draws straight lines through points (n, 2) of (x, y), with soft edges."""
    h, w, _ = canvas.shape
    y, x = np.mgrid[:h, :w].astype(np.float32)
    distance = np.full((h, w), np.inf, np.float32)
    for (x0, y0), (x1, y1) in pairwise(points):
        dx, dy = x1 - x0, y1 - y0
        along = np.clip(((x - x0) * dx + (y - y0) * dy) / max(dx * dx + dy * dy, 1e-9), 0, 1)
        distance = np.minimum(distance, np.hypot(x - x0 - along * dx, y - y0 - along * dy))
    ink = np.clip(thickness + 0.5 - distance, 0, 1)[..., None]
    canvas[:] = canvas * (1 - ink) + np.array(colour, np.float32) * ink


def write(canvas: Array, words: str, x: float, y: float, align: float = 0.0) -> None:
    """Writes onto the canvas, centred on the height y; ``align`` is the part of the words that is left of x."""
    mask = picture.text(words)
    top, left = round(y - mask.shape[0] / 2), round(x - align * mask.shape[1])
    canvas[top : top + mask.shape[0], left : left + mask.shape[1]] += mask[..., None] * 0.5


def curve(series: dict[str, list[float]], title: str) -> Array:
    """One chart: a line for each series over the epochs, which the axes number."""
    canvas = np.full((HEIGHT, WIDTH, 3), 0.06, np.float32)
    top, bottom, left, right = 20, HEIGHT - 40, 80, WIDTH - 24
    every = [v for values in series.values() for v in values]
    low, high = min(every), max(every)
    span = (high - low) or 1.0
    for part in range(5):
        line = top + part * (bottom - top) // 4
        canvas[line, left:right] = 0.16
        write(canvas, f"{high - part * span / 4:.3f}", left - 8, line, align=1.0)
    n = max(map(len, series.values()))
    for epoch in range(0, n, -(-n // 12)):
        write(canvas, str(epoch + 1), left + epoch / max(n - 1, 1) * (right - left), HEIGHT - 18, align=0.5)
    for name, values in series.items():
        across = left + np.arange(len(values)) / max(n - 1, 1) * (right - left)
        down = top + (high - np.array(values)) / span * (bottom - top)
        points = np.stack([across, down], axis=1)
        polyline(canvas, points if n > 1 else np.vstack([points, points + np.array([3, 0])]), COLOURS[name])
    return picture.labelled(canvas, title)


def learning_curves(history: dict[str, list[float]]) -> Array:
    """Loss and accuracy over the epochs; blue is training, orange validation."""
    charts = [
        curve({"TRAINING": history[key], "VALIDATION": history[f"val_{key}"]}, f"{key.upper()} BY EPOCH")
        for key in ("loss", "accuracy")
    ]
    names = [
        np.concatenate([np.full((14, 30, 3), COLOURS[name], np.float32), _words(name)], axis=1) for name in COLOURS
    ]
    legend = _padded(picture.ladder(names, gap=40), 2 * WIDTH + 36)
    return np.concatenate([picture.sheet(charts, columns=2), legend], axis=0)


def _words(name: str) -> Array:
    mask = picture.text("  " + name)
    return picture.PAPER + mask[..., None].repeat(3, axis=2) * 0.75


def _padded(image: Array, width: int) -> Array:
    canvas = np.full((image.shape[0] + 20, width, 3), picture.PAPER, np.float32)
    canvas[: image.shape[0], 12 : 12 + image.shape[1]] = image
    return canvas


def filters(kernel: Array, answers: Array) -> Array:
    """A first layer's filters (kh, kw, c, k), orange adds and blue subtracts, each beside its answer (h, w, k)."""
    scale = np.abs(kernel).max() + 1e-9
    strongest = np.abs(answers).max() + 1e-9
    times = max(1, 84 // answers.shape[0])
    tiles = []
    for k in range(kernel.shape[-1]):
        weights = picture.enlarge(picture.diverging(kernel[:, :, 0, k] / scale), 84 // kernel.shape[0])
        answer = picture.enlarge(picture.diverging(answers[:, :, k] / strongest), times)
        tiles.append(picture.ladder([weights, answer], gap=4))
    return picture.sheet(tiles, columns=4, gap=16)


def gallery(images: Array, truth: Array, taken_for: Array, names: list[str]) -> Array:
    """Images (n, h, w, c) in [0, 1], each below what it is and, where it is another, what the network took it for."""
    times = max(1, 112 // images.shape[1])
    words = [names[t] if t == p else f"{names[t]} NOT {names[p]}" for t, p in zip(truth, taken_for, strict=True)]
    width = max(images.shape[2] * times, *(picture.text(w).shape[1] + 12 for w in words))
    tiles = []
    for image, label in zip(images, words, strict=True):
        colour = image if image.shape[-1] == 3 else np.repeat(image, 3, axis=-1)
        tile = picture.enlarge(colour, times)
        tile = np.pad(tile, ((0, 0), (0, width - tile.shape[1]), (0, 0)), constant_values=picture.PAPER)
        tiles.append(picture.labelled(tile, label))
    return picture.sheet(tiles, columns=6)
