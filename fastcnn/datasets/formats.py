"""Readers of idx, npz and CIFAR's binary files. A file may claim anything: sizes are checked before memory is taken."""

import gzip
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np

__all__ = ["read_idx", "read_npz", "read_records"]

Array = np.ndarray[Any, Any]
LIMIT = 1 << 30  # bytes of one array: the greatest of these sets has 184 million


def read_idx(path: Path) -> Array:
    """An array of bytes from an idx file, as MNIST's; also where it is compressed by gzip.

    The file: two zero bytes, the type (8, bytes), the number of sizes, the sizes in 4 bytes each, the highest first,
    and the numbers.

    Args:
        path: of the file.

    Returns:
        uint8 of the shape that the file says.
    """
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            return _idx(file, path)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path}: the gzip file is damaged: {error}") from error


def _idx(file: Any, path: Path) -> Array:
    head = file.read(4)
    if len(head) < 4 or head[:3] != b"\x00\x00\x08" or not 1 <= head[3] <= 4:
        raise ValueError(f"{path}: not an idx file of bytes: it begins with {head!r}")
    sizes = file.read(4 * head[3])
    if len(sizes) < 4 * head[3]:
        raise ValueError(f"{path}: the file ends within its sizes")
    shape = tuple(int(n) for n in np.frombuffer(sizes, ">u4"))
    return _numbers(file, shape, np.dtype(np.uint8), path)


def _numbers(file: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any], path: Any) -> Array:
    """The rest of a file, which must be exactly an array of this shape."""
    size = dtype.itemsize
    for n in shape:
        size *= n  # Python's integers: no overflow
    if size > LIMIT:
        raise ValueError(f"{path}: claims an array of shape {shape}, more than {LIMIT} bytes")
    blocks, left = [], size + 1
    while left and (block := file.read(min(left, 1 << 24))):
        blocks.append(block)  # block by block: a claim alone takes no memory
        left -= len(block)
    if left != 1:
        found = "fewer" if left > 1 else "more"
        raise ValueError(f"{path}: claims an array of shape {shape}, {size} bytes, but has {found}")
    return np.frombuffer(bytearray(b"".join(blocks)), dtype).reshape(shape)


def read_npz(path: Path, names: tuple[str, ...]) -> list[Array]:
    """Arrays of whole numbers from a NumPy archive; nothing in it is executed.

    Args:
        path: of the file.
        names: the arrays wanted.
    """
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            return [_member(archive, name, path) for name in names]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ValueError(f"{path}: not an npz file, or a damaged one: {error}") from error


def _member(archive: Any, name: str, path: Path) -> Array:
    try:
        info = archive.getinfo(f"{name}.npy")
    except KeyError:
        raise ValueError(f"{path}: has no array {name!r}, only {archive.namelist()[:10]}") from None
    with archive.open(info) as file:
        try:
            version = np.lib.format.read_magic(file)
            read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
            shape, fortran, dtype = read(file)
        except KeyError:
            raise ValueError(f"{path}: {name} has version {version} of the npy format; 1.0 and 2.0 are known") from None
        except Exception as error:  # NumPy parses the header as Python's literals: many kinds of errors
            raise ValueError(f"{path}: {name} has no sound npy header: {error}") from error
        if dtype.kind not in "iu" or fortran or any(n < 0 for n in shape):
            raise ValueError(f"{path}: {name} must hold whole numbers in C order, got {dtype}")
        return _numbers(file, shape, dtype, f"{path}: {name}")


def read_records(data: bytes, labels: int, path: Any) -> tuple[Array, Array]:
    """CIFAR's binary records: label bytes, then 32 x 32 red, green and blue bytes.

    Args:
        data: whole records.
        labels: how many label bytes each begins with.
        path: for messages.

    Returns:
        Images, uint8 (n, 32, 32, 3), and labels, uint8 (n, labels).
    """
    length = labels + 3072
    if not data or len(data) % length:
        raise ValueError(f"{path}: expected records of {length} bytes, got {len(data)} bytes")
    records = np.frombuffer(data, np.uint8).reshape(-1, length)
    images = records[:, labels:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), records[:, :labels].copy()
