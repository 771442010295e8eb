"""Drawings for the demo, in NumPy: learning curves, filters, digits with what the network took them for."""

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
    for (x0, y0), (x1, y1) in zip(points[:-1], points[1:], strict=True):
        dx, dy = x1 - x0, y1 - y0
        along = np.clip(((x - x0) * dx + (y - y0) * dy) / max(dx * dx + dy * dy, 1e-9), 0, 1)
        distance = np.minimum(distance, np.hypot(x - x0 - along * dx, y - y0 - along * dy))
    ink = np.clip(thickness + 0.5 - distance, 0, 1)[..., None]
    canvas[:] = canvas * (1 - ink) + np.array(colour, np.float32) * ink


def curve(series: dict[str, list[float]], title: str) -> Array:
    """One chart: a line for each series over the epochs, its last value beside its name."""
    canvas = np.full((HEIGHT, WIDTH, 3), 0.06, np.float32)
    every = [v for values in series.values() for v in values]
    low, high = min(every), max(every)
    span = (high - low) or 1.0
    for part in range(5):
        canvas[20 + part * (HEIGHT - 40) // 4, 20 : WIDTH - 20] = 0.16
    words = f"{title}  {low:.3f} TO {high:.3f}"
    for name, values in series.items():
        n = len(values)
        across = 20 + np.arange(n) / max(n - 1, 1) * (WIDTH - 40)
        down = 20 + (high - np.array(values)) / span * (HEIGHT - 40)
        points = np.stack([across, down], axis=1)
        polyline(canvas, points if n > 1 else np.repeat(points, 2, axis=0) + [[0, 0], [3, 0]], COLOURS[name])
    return picture.labelled(canvas, words)


def learning_curves(history: dict[str, list[float]]) -> Array:
    """Loss and accuracy over the epochs; blue is training, orange validation."""
    charts = []
    for key, title in (("loss", "LOSS"), ("accuracy", "ACCURACY")):
        charts.append(curve({"TRAINING": history[key], "VALIDATION": history[f"val_{key}"]}, title))
    legend = [np.concatenate([np.full((14, 30, 3), COLOURS[name], np.float32), _words(name)], axis=1) for name in COLOURS]
    return np.concatenate([picture.sheet(charts, columns=2), _padded(picture.ladder(legend, gap=40), 2 * WIDTH + 36)], axis=0)


def _words(name: str) -> Array:
    mask = picture.text("  " + name)
    return picture.PAPER + mask[..., None].repeat(3, axis=2) * 0.75


def _padded(image: Array, width: int) -> Array:
    canvas = np.full((image.shape[0] + 20, width, 3), picture.PAPER, np.float32)
    canvas[: image.shape[0], 12 : 12 + image.shape[1]] = image
    return canvas


def filters(kernel: Array) -> Array:
    """The filters (kh, kw, c, k) of a first layer: orange adds, blue subtracts."""
    scale = np.abs(kernel).max() + 1e-9
    tiles = [picture.enlarge(picture.diverging(kernel[:, :, 0, k] / scale), 20) for k in range(kernel.shape[-1])]
    return picture.sheet(tiles, columns=8)


def gallery(images: Array, truth: Array, taken_for: Array, names: list[str]) -> Array:
    """Images (n, h, w, c) in [0, 1], each below what it is and what the network took it for."""
    times = max(1, 112 // images.shape[1])
    tiles = []
    for image, t, p in zip(images, truth, taken_for, strict=True):
        colour = image if image.shape[-1] == 3 else np.repeat(image, 3, axis=-1)
        tile = picture.enlarge(colour, times)
        padding = max(0, 160 - tile.shape[1])
        tile = np.pad(tile, ((0, 0), (0, padding), (0, 0)), constant_values=picture.PAPER)
        tiles.append(picture.labelled(tile, f"{names[t]} NOT {names[p]}"))
    return picture.sheet(tiles, columns=6)
