"""Single images: files, Pillow images and arrays, each made of the other."""

import os
import warnings
from typing import Any

import numpy as np

__all__ = ["array_to_img", "img_to_array", "load_img", "save_img", "smart_resize"]

Array = np.ndarray[Any, Any]


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """The Pillow image of a file.

    The rotation that a camera has noted is applied, as in data sets of images; Keras leaves such photographs lying on
    their side. Grey images of more than 8 bits stay as they are where ``color_mode`` is "grayscale", as in Keras; as
    colours they are scaled to 8 bits.

    Args:
        path: of the file; or a file open for reading.
        color_mode: "rgb", "grayscale" or "rgba".
        target_size: (height, width), or None for that of the file.
        interpolation: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos".
        keep_aspect_ratio: whether the centre is cut out first, so that nothing is distorted.

    Returns:
        A ``PIL.Image.Image``.

    Raises:
        UnreadableImageError: it is no image, damaged, truncated, or larger than is allowed.

    Example:
        >>> from io import BytesIO
        >>> image = load_img(BytesIO(b"P6 2 1 255 " + bytes(range(6))), target_size=(4, 4))
        >>> image.mode, image.size
        ('RGB', (4, 4))
    """
    from fastcnn.data.reading import COLOR_MODES, RESAMPLING, check_choice, converted, decoded, fitted, standard_size

    check_choice("color_mode", color_mode, COLOR_MODES)
    if target_size is not None:
        check_choice("interpolation", interpolation, RESAMPLING)
        target_size = standard_size(target_size, "target_size")

    def use(image: Any) -> Any:
        if color_mode != "grayscale" or image.mode not in ("L", "I;16", "I"):
            image = converted(image, COLOR_MODES[color_mode])
        return fitted(image, target_size, interpolation, keep_aspect_ratio)

    return decoded(path, use)


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> Array:
    """The pixels of a Pillow image, or of anything with two or three axes, as numbers with a fraction.

    Args:
        img: the image.
        data_format: of the result: "channels_last" (unless given) or "channels_first".
        dtype: float32 unless given.

    Returns:
        (h, w, c), or (c, h, w).

    Example:
        >>> img_to_array([[0, 255]]).tolist()
        [[[0.0], [255.0]]]
    """
    first = _is_channels_first(data_format)
    if isinstance(img, (str, bytes)):
        raise TypeError(f"img must be an image or an array, got {img!r}; load_img reads a file")
    x = np.asarray(img, _float_type(dtype))
    if x.ndim == 2:
        return x[None] if first else x[:, :, None]
    if x.ndim != 3:
        raise ValueError(f"img must have shape (h, w) or (h, w, c), got {x.shape}")
    return x.transpose(2, 0, 1) if first else x


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Any:
    """A Pillow image of an array.

    Args:
        x: (h, w, c) with 1, 3 or 4 channels, or (c, h, w).
        data_format: of ``x``: "channels_last" (unless given) or "channels_first".
        scale: whether the least number becomes 0 and the greatest 255; where not, numbers must be 0 to 255 already.
        dtype: in which this is calculated: float32 unless given.

    Returns:
        A ``PIL.Image.Image`` of mode "L", "RGB" or "RGBA"; "I" for one channel with numbers above 255.

    Example:
        >>> image = array_to_img([[[0.0], [0.5], [1.0]]])
        >>> image.mode, list(image.tobytes())
        ('L', [0, 127, 255])
    """
    from fastcnn.data.reading import import_pillow

    Image = import_pillow()
    a = np.asarray(x, _float_type(dtype))
    if a.ndim != 3:
        raise ValueError(f"x must be one image of shape (h, w, c), got shape {a.shape}")
    if _is_channels_first(data_format):
        a = a.transpose(1, 2, 0)
    if a.shape[2] not in (1, 3, 4) or 0 in a.shape:
        raise ValueError(f"x must have pixels and 1, 3 or 4 channels, got shape {a.shape} (h, w, c)")
    if not np.isfinite(a).all():
        raise ValueError("x must have finite numbers, got NaN or infinity")
    if scale:
        a = a - a.min()
        greatest = a.max()
        a = (a / greatest if greatest else a) * 255
    if a.shape[2] == 1 and a.max() > 255:
        return Image.fromarray(a[:, :, 0].astype(np.int32))
    # By way of int64: numbers outside 0..255 wrap around on every machine alike.
    pixels = a.astype(np.int64).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(pixels[:, :, 0] if a.shape[2] == 1 else pixels))


def save_img(
    path: Any,
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Writes an array to an image file.

    Args:
        path: of the file; or a file open for writing.
        x: as in ``array_to_img``.
        data_format: likewise.
        file_format: "png", "jpeg"...; what the path ends in unless given.
        scale: as in ``array_to_img``.
        **kwargs: what Pillow's ``Image.save`` knows, such as ``quality``.

    Example:
        >>> from io import BytesIO
        >>> file = BytesIO()
        >>> save_img(file, np.ones((2, 2, 3)), file_format="png")
        >>> load_img(BytesIO(file.getvalue())).size
        (2, 2)
    """
    if isinstance(path, (str, os.PathLike)):
        from pathlib import Path  # here, as wherever few programs need it: it is long to import

        file_format = file_format or Path(path).suffix[1:].lower()
    elif not hasattr(path, "write"):
        raise TypeError(f"path must be the name of a file, or one open for writing, got {type(path).__name__}")
    if not file_format:
        raise ValueError(f"file_format must be given where the path has no suffix, got path={path!r}")
    image = array_to_img(x, data_format, scale)
    file_format = _pillow_format(file_format)
    if image.mode == "RGBA" and file_format == "JPEG":
        warnings.warn("a JPEG file has no alpha channel: it is left out", stacklevel=2)
        image = image.convert("RGB")
    image.save(path, format=file_format, **kwargs)


def _pillow_format(file_format: str) -> str:
    """Pillow's name of a format, which may be called by what its files end in: tif is TIFF."""
    from PIL import Image

    Image.init()
    name = Image.EXTENSION.get(f".{str(file_format).lower()}", str(file_format).upper())
    if name not in Image.SAVE:
        raise ValueError(f"file_format must be one that Pillow writes, such as png or jpeg, got {file_format!r}")
    return name


def smart_resize(
    x: Any, size: Any, interpolation: str = "bilinear", data_format: str = "channels_last", **kwargs: Any
) -> Any:
    """Images resized without distortion: the largest part in the middle that has the wanted shape, resized.

    Args:
        x: (h, w, c) or (n, h, w, c), an array or a tensor.
        size: (height, width).
        interpolation: "bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic".
        data_format: "channels_last" or "channels_first".
        **kwargs: ``backend_module``, ignored.

    Returns:
        float32 (height, width, c) or (n, height, width, c): a tensor where x is one, else an array.

    Example:
        >>> smart_resize(np.arange(8.0).reshape(2, 4, 1), (1, 1)).ravel().tolist()
        [3.5]
    """
    from fastcnn.data.reading import check_choice, standard_size
    from fastcnn.data.resizing import METHODS, center_crop, resize
    from fastcnn.tensor import Tensor

    kwargs.pop("backend_module", None)
    if kwargs:
        raise TypeError(f"smart_resize got an unknown argument {next(iter(kwargs))!r}")
    height, width = standard_size(size, "size")
    check_choice("interpolation", interpolation, METHODS)
    a = np.asarray(getattr(x, "array", x))
    if a.ndim not in (3, 4):
        raise ValueError(f"x must have shape (h, w, c) or (n, h, w, c), got {a.shape}")
    first = _is_channels_first(data_format)
    if first:
        a = np.moveaxis(a, -3, -1)
    images = [
        resize(center_crop(image, height, width), height, width, interpolation)
        for image in a.reshape(-1, *a.shape[-3:])
    ]
    found = np.stack(images) if a.ndim == 4 else images[0]
    if first:
        found = np.ascontiguousarray(np.moveaxis(found, -1, -3))
    return Tensor(found) if isinstance(x, Tensor) else found


def _is_channels_first(data_format: str | None) -> bool:
    if data_format not in (None, "channels_last", "channels_first"):
        raise ValueError(f"data_format must be 'channels_last' or 'channels_first', got {data_format!r}")
    return data_format == "channels_first"


def _float_type(dtype: Any) -> Any:
    from fastcnn.seam import float_dtype

    return float_dtype() if dtype is None else np.dtype(dtype)
