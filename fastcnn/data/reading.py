"""An image file becomes an array: every mode that Pillow knows, upright, 8 bits; or an error that names the file."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn.mistaken import mistaken

__all__ = [
    "COLOR_MODES",
    "MAX_PIXELS",
    "RESAMPLING",
    "SUFFIXES",
    "UnreadableImageError",
    "check_choice",
    "converted",
    "decoded",
    "fitted",
    "import_pillow",
    "read_image",
    "standard_size",
]

Array = np.ndarray[Any, Any]

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp")
# Pillow would try them all: one of them runs Ghostscript, others are seldom used and seldom looked at.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "PPM", "TIFF", "WEBP", "DIB")
# A few hundred bytes of a file can claim any size; decoding takes up to eight bytes a pixel.
MAX_PIXELS = 89_478_485
MAX_BYTES = 8 * MAX_PIXELS
COLOR_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
RESAMPLING = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")
_EXIF_ORIENTATION = 0x0112
_DEEP = ("I", "F")  # modes of more than eight bits begin so: I, I;16, I;16B, F


class UnreadableImageError(ValueError):
    """The file is no image, is damaged or truncated, or is larger than is allowed. Its message names the file."""


def import_pillow() -> Any:
    """``PIL.Image``."""
    try:
        from PIL import (  # noqa: F401 (the plugins of FORMATS: they make themselves known)
            BmpImagePlugin,
            GifImagePlugin,
            Image,
            JpegImagePlugin,
            PngImagePlugin,
            PpmImagePlugin,
            TiffImagePlugin,
            WebPImagePlugin,
        )
    except ImportError:
        raise ImportError('images need Pillow: pip install "fastcnn[images]"') from None
    return Image


def read_image(
    source: Any,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Array:
    """The pixels of an image file, upright, in 8 bits.

    The rotation that a camera has noted (EXIF) is applied. Deeper pixels are scaled to 8 bits, palettes and CMYK become
    colours, alpha is dropped unless ``color_mode`` is "rgba"; of an animation the first picture counts.

    Args:
        source: a path, the bytes of a file, or a file open for reading.
        color_mode: "rgb", "grayscale" or "rgba".
        target_size: (height, width), or None for that of the file.
        interpolation: how it is resized: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos", which all
            look at every pixel when they shrink.
        keep_aspect_ratio: whether the centre is cut out first, so that nothing is distorted.

    Returns:
        uint8 (h, w, 3), (h, w, 1) or (h, w, 4).

    Raises:
        UnreadableImageError: it is no image, damaged, truncated, or has more than 89,478,485 pixels.

    Example:
        >>> grey = b"P5 2 1 255 " + bytes([0, 200])
        >>> read_image(grey).tolist()
        [[[0, 0, 0], [200, 200, 200]]]
    """
    check_choice("color_mode", color_mode, COLOR_MODES)
    if target_size is not None:
        check_choice("interpolation", interpolation, RESAMPLING)
        target_size = standard_size(target_size, "target_size")

    def pixels(picture: Any) -> Array:
        return np.array(
            fitted(converted(picture, COLOR_MODES[color_mode]), target_size, interpolation, keep_aspect_ratio)
        )

    array = decoded(source, pixels)
    return array[:, :, None] if array.ndim == 2 else array


def standard_size(size: Any, name: str = "image_size") -> tuple[int, int]:
    """(height, width) of a pair or of one number for both."""
    pair = (size, size) if isinstance(size, (int, np.integer)) and not isinstance(size, bool) else size
    if (
        not isinstance(pair, (tuple, list))
        or len(pair) != 2
        or not all(isinstance(n, (int, np.integer)) and n > 0 for n in pair)
    ):
        raise ValueError(f"{name} must be (height, width), two positive ints, got {size!r}")
    return int(pair[0]), int(pair[1])


def check_choice(name: str, value: str, known: Any) -> None:
    """Refuses a value that is not among the known ones."""
    if value not in known:
        from fastcnn.registry import suggestion

        raise ValueError(
            f"{name} must be one of {', '.join(map(repr, known))}, got {value!r}.{suggestion(value, known)}"
        )


def decoded(source: Any, use: Callable[[Any], Any], draft: bool = False) -> Any:
    """``use(picture)`` of the decoded, upright Pillow image of a file; what fails is the file's fault.

    Args:
        source: as in ``read_image``.
        use: what is made of the picture.
        draft: whether a JPEG may be decoded at an eighth of its size: enough to see whether it is whole.
    """
    data, name = _bytes_of(source)
    Image = import_pillow()
    from io import BytesIO

    try:
        picture = Image.open(BytesIO(data), formats=FORMATS)
        width, height = picture.size
        if width * height > MAX_PIXELS:
            raise Image.DecompressionBombError(f"{width} x {height} pixels")
        if draft:
            picture.draft(None, (max(1, width // 8), max(1, height // 8)))
        picture.load()
        return use(_upright(picture, Image))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadableImageError(f"{name}: more pixels than the {MAX_PIXELS} allowed: {error}") from None
    except Image.UnidentifiedImageError:
        what = mistaken(data[:200]) or "this is no image of a known format, or its first bytes are damaged"
        raise UnreadableImageError(f"{name}: {what}") from None
    except MemoryError:
        raise UnreadableImageError(f"{name}: there is not enough memory to decode it") from None
    except Exception as error:  # damaged files make Pillow raise nearly anything
        raise UnreadableImageError(f"{name}: cannot be decoded: {error or type(error).__name__}") from error


def _bytes_of(source: Any) -> tuple[bytes, str]:
    """All of a file, and what to call it in messages."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source), f"image of {len(source)} bytes"
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        with path.open("rb") as file:
            return _bounded(file.read(MAX_BYTES + 1), str(path)), str(path)
    if hasattr(source, "read"):
        data = source.read(MAX_BYTES + 1)
        if not isinstance(data, bytes):
            raise TypeError(f"source must be open in binary mode, but its read() gave {type(data).__name__}")
        name = str(getattr(source, "name", "image file"))
        return _bounded(data, name), name
    raise TypeError(f"source must be a path, bytes or a file open for reading, got {type(source).__name__}")


def _bounded(data: bytes, name: str) -> bytes:
    if len(data) > MAX_BYTES:
        raise UnreadableImageError(f"{name}: the file is larger than the {MAX_BYTES} bytes allowed")
    return data


def _upright(picture: Any, Image: Any) -> Any:
    try:
        turned = picture.getexif().get(_EXIF_ORIENTATION, 1)
    except Exception:  # a damaged note about the rotation is as good as none
        return picture
    turns = Image.Transpose
    how = {
        2: turns.FLIP_LEFT_RIGHT,
        3: turns.ROTATE_180,
        4: turns.FLIP_TOP_BOTTOM,
        5: turns.TRANSPOSE,
        6: turns.ROTATE_270,
        7: turns.TRANSVERSE,
        8: turns.ROTATE_90,
    }.get(turned)
    return picture if how is None else picture.transpose(how)


def converted(picture: Any, mode: str) -> Any:
    """The Pillow image in mode "L", "RGB" or "RGBA"."""
    if picture.mode == mode:
        return picture
    if picture.mode.startswith(_DEEP):
        picture = import_pillow().fromarray(_eight_bits(np.asarray(picture), picture.mode))
    # Palettes and grey with transparency: by way of RGBA, for Pillow loses colours on the straight way or warns of it.
    if picture.mode in ("P", "PA", "La", "RGBa") and ("transparency" in picture.info or picture.mode != "P"):
        picture = picture.convert("LA" if picture.mode == "La" else "RGBA")
    return picture.convert(mode)


def _eight_bits(deep: Array, mode: str) -> Array:
    """16-bit grey levels over 257; whole numbers of 32 bits likewise where they need it; floats are cut off."""
    if mode != "F" and (mode != "I" or deep.max(initial=0) > 255):
        deep = (deep.clip(0, 65535).astype(np.uint32) + 128) // 257
    return np.nan_to_num(deep).clip(0, 255).round().astype(np.uint8)


def fitted(picture: Any, size: tuple[int, int] | None, interpolation: str, keep_aspect_ratio: bool) -> Any:
    """The Pillow image at ``size``, (height, width)."""
    if size is None:
        return picture
    height, width = int(size[0]), int(size[1])
    if picture.size == (width, height):
        return picture
    box = _middle(picture.size, width, height) if keep_aspect_ratio else None
    resampling = getattr(import_pillow().Resampling, interpolation.upper())
    return picture.resize((width, height), resampling, box=box)


def _middle(size: tuple[int, int], width: int, height: int) -> tuple[int, int, int, int]:
    """The largest box of this shape in the middle: left, top, right, bottom."""
    w, h = min(size[0], size[1] * width // height), min(size[1], size[0] * height // width)
    left, top = (size[0] - w) // 2, (size[1] - h) // 2
    return left, top, left + w, top + h
