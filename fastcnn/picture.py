"""Pictures for the demo: PNG files, palettes, labels and sheets. float32 in [0, 1], (h, w, 3)."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
PAPER = 0.11  # the grey behind the pictures

# Letters of 5 x 7 cells: a column is a number, its lowest bit the top cell.
_FONT = {
    " ": "0000000000", "0": "3E5149453E", "1": "00427F4000", "2": "4261514946", "3": "2141454B31", "4": "1814127F10",
    "5": "2745454539", "6": "3C4A494930", "7": "0171090503", "8": "3649494936", "9": "064949291E", ".": "0060600000",
    "A": "7E1111117E", "B": "7F49494936", "C": "3E41414122", "D": "7F4141221C", "E": "7F49494941", "F": "7F09090901",
    "G": "3E4149497A", "H": "7F0808087F", "I": "00417F4100", "J": "2040413F01", "K": "7F08142241", "L": "7F40404040",
    "M": "7F020C027F", "N": "7F0408107F", "O": "3E4141413E", "P": "7F09090906", "Q": "3E4151215E", "R": "7F09192946",
    "S": "4649494931", "T": "01017F0101", "U": "3F4040403F", "V": "1F2040201F", "W": "3F4038403F", "X": "6314081463",
    "Y": "0708700807", "Z": "6151494543",
}  # fmt: skip


def read(path: Path) -> Array:
    """Reads any picture that Pillow reads, at most 640 pixels wide."""
    try:
        from PIL import Image
    except ImportError:
        raise ImportError('reading a picture needs Pillow: pip install "fastcnn[images]"') from None
    with Image.open(path) as file:
        image = file.convert("RGB")
        if image.width > 640:
            image = image.resize((640, round(image.height * 640 / image.width)))
        return np.asarray(image, np.float32) / 255


def write_png(path: Path, image: Array) -> None:
    """Writes (h, w, 3) in [0, 1] as a PNG file of 8 bits per channel."""
    pixels = (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
    h, w, _ = pixels.shape
    rows = np.zeros((h, 1 + 3 * w), np.uint8)  # each row starts with its filter: 0, none
    rows[:, 1:] = pixels.reshape(h, -1)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)), chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def rgb(red: float, green: float, blue: float) -> Array:
    return np.array([red, green, blue], np.float32)


def synthesise(h: int, w: int) -> Array:
    """An evening by a lake: gradients, ridges, a sun, its path on the water: something for every filter."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    horizon = 0.62 * h
    sky = (y / horizon).clip(0, 1)[..., None]
    image = (1 - sky) * rgb(0.16, 0.22, 0.46) + sky * rgb(0.98, 0.66, 0.42)
    sun_x, sun_y, radius = 0.66 * w, 0.40 * h, 0.085 * h
    distance = np.hypot(x - sun_x, y - sun_y)[..., None]
    image += np.exp(-distance / (0.22 * h)) * rgb(0.55, 0.33, 0.10)
    image = np.where(distance < radius, rgb(1.0, 0.93, 0.72), image)
    for layer, (base, height, colour) in enumerate(
        [(0.50, 0.16, (0.45, 0.38, 0.52)), (0.56, 0.13, (0.30, 0.25, 0.40)), (0.60, 0.08, (0.15, 0.14, 0.24))]
    ):
        ridge = np.zeros(w, np.float32)
        for octave in range(1, 8):
            frequency = 1.3 * 1.9**octave * (1 + 0.3 * layer)
            ridge += np.sin(frequency * np.arange(w) / w * 2 + rng.uniform(0, 6.28)) / 1.75**octave
        image = np.where((y > h * base - h * height * ridge)[..., None], rgb(*colour), image)
    depth = ((y - horizon) / (h - horizon)).clip(0, 1)
    mirrored = image[np.clip(2 * horizon - y, 0, h - 1).astype(int), np.arange(w)]
    waves = np.sin(y * 0.9 / (0.25 + depth) + 1.5 * np.sin(x * 0.02 + y * 0.11) + rng.uniform(0, 1.2, (h, w)))
    path = np.exp(-(((x - sun_x) / (0.05 * w + 0.25 * w * depth)) ** 2)) * (waves > 0.45)
    water = mirrored * (0.62 - 0.25 * depth[..., None]) + 0.07 * waves[..., None] * rgb(0.5, 0.6, 0.8)
    water = water + path[..., None] * rgb(0.75, 0.52, 0.28)
    image = np.where((y > horizon)[..., None], water, image)
    for _ in range(90):  # reeds in front
        root, bend, top = rng.uniform(-0.05, 0.32) * w, rng.normal(0, 0.04) * w, rng.uniform(0.55, 0.95) * h
        along = ((h - y) / (h - top)).clip(0, 1)
        stem = (np.abs(x - root - bend * along**2) < 1.6 * (1.15 - along)) & (y > top)
        image = np.where(stem[..., None], rgb(0.06, 0.07, 0.09), image)
    image += rng.normal(0, 0.012, (h, w, 1))
    return image.clip(0, 1).astype(np.float32)


def diverging(values: Array) -> Array:
    """-1 blue, 0 nearly black, 1 orange: the sign of an edge is seen at once."""
    up, down = np.clip(values, 0, 1)[..., None] ** 0.75, np.clip(-values, 0, 1)[..., None] ** 0.75
    return 0.06 + up * rgb(0.94, 0.62, 0.22) + down * rgb(0.18, 0.52, 0.94)


def hue(turn: Array, brightness: Array) -> Array:
    """A colour circle: turn in [0, 1), brightness in [0, 1]."""
    channels = [0.5 + 0.5 * np.cos(2 * np.pi * (turn - shift)) for shift in (0.0, 1 / 3, 2 / 3)]
    return (0.15 + 0.85 * np.stack(channels, axis=-1)) * np.clip(brightness, 0, 1)[..., None]


def enlarge(image: Array, times: int) -> Array:
    return image.repeat(times, axis=0).repeat(times, axis=1)


def text(words: str, scale: int = 2) -> Array:
    """The words as a mask of letters, (7 * scale, width)."""
    columns: list[list[int]] = []
    for letter in words.upper():
        code = bytes.fromhex(_FONT.get(letter, _FONT[" "]))
        columns += [[column >> row & 1 for row in range(7)] for column in code]
        columns.append([0] * 7)
    mask: Array = np.array(columns, np.float32).T
    return enlarge(mask, scale)


def labelled(image: Array, words: str) -> Array:
    """The picture with its name above."""
    mask = text(words)[:, : image.shape[1]]
    head = np.full((26, image.shape[1], 3), PAPER, np.float32)
    head[6 : 6 + mask.shape[0], : mask.shape[1]] += mask[..., None] * 0.75
    return np.concatenate([head, image], axis=0)


def sheet(tiles: list[Array], columns: int, gap: int = 12) -> Array:
    """Tiles of one width and height, side by side."""
    h, w = max(t.shape[0] for t in tiles), max(t.shape[1] for t in tiles)
    rows = -(-len(tiles) // columns)
    canvas = np.full((rows * (h + gap) + gap, columns * (w + gap) + gap, 3), PAPER, np.float32)
    for i, picture in enumerate(tiles):
        top, left = gap + i // columns * (h + gap), gap + i % columns * (w + gap)
        canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return canvas


def ladder(steps: list[Array], gap: int = 12) -> Array:
    """Pictures in a row, their lower edges in line."""
    h = max(step.shape[0] for step in steps)
    padded = []
    for step in steps:
        canvas = np.full((h, step.shape[1] + gap, 3), PAPER, np.float32)
        canvas[h - step.shape[0] :, : step.shape[1]] = step
        padded.append(canvas)
    return np.concatenate(padded, axis=1)[:, :-gap]
