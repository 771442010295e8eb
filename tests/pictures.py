"""Image files for tests, made on the spot."""

import struct
import zlib
from io import BytesIO

import numpy as np


def noise(height=20, width=30, channels=3, seed=0):
    shape = (height, width, channels) if channels else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def smooth(height=20, width=30):
    """Colours that a JPEG keeps to a few grey levels."""
    y, x = np.mgrid[:height, :width]
    return np.stack([255 * y / height, 255 * x / width, 128 + 0 * x], -1).astype(np.uint8)


def encoded(array, kind, mode=None, **options):
    """The bytes of a file of this kind."""
    from PIL import Image

    image = array if hasattr(array, "save") else Image.fromarray(array)
    if mode:
        image = image.convert(mode)
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def with_orientation(array, orientation, kind="PNG"):
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(array, kind, exif=exif)


def huge_png(width, height):
    """A file of a few bytes that claims so many pixels."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def folder_of_classes(root, classes=("cat", "dog"), each=4, size=(6, 8)):
    """A folder of class folders; the image ``i`` of class ``c`` is of one colour, (40 c + i, 10, 200)."""
    for c, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        for i in range(each):
            pixels = np.full((*size, 3), (40 * c + i, 10, 200), np.uint8)
            (root / name / f"{i}.png").write_bytes(encoded(pixels, "PNG"))
    return root
