"""NumPy's ``.npz``: a zip archive of arrays; read without pickle, and without believing the shapes that it claims."""

import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn.saving.atomic import atomic_write
from fastcnn.saving.gate import Source, admit
from fastcnn.saving.zips import open_zip, read_member

__all__ = ["read_npz", "write_npz"]

Array = np.ndarray[Any, Any]
_HEADER_LIMIT = 10_000
_PATTERN = (
    r"\{'descr': '(?P<descr>[<>][iu][248]|[<>]f[248]|\|[iu]1|\|b1)', 'fortran_order': (?P<fortran>True|False), "
    r"'shape': \((?P<shape>(?:\d{1,19}, ?)*(?:\d{1,19},?)?)\),? ?\} *\n?"
)


def write_npz(path: Any, tensors: dict[str, Any]) -> None:
    """Writes arrays to a ``.npz`` file that ``numpy.load`` reads, at once or not at all.

    Args:
        path: where.
        tensors: names and arrays of numbers or bools.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "w.npz")
        >>> write_npz(path, {"dense/bias": np.zeros(3, np.float32)})
        >>> read_npz(path)
        {'dense/bias': array([0., 0., 0.], dtype=float32)}
    """
    import zipfile

    arrays = {name: np.asarray(value) for name, value in tensors.items()}
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf":
            raise TypeError(f"tensor {name!r}: expected numbers, got dtype {array.dtype}")
    with atomic_write(path) as file, zipfile.ZipFile(file, "w", allowZip64=True) as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=array.nbytes > 1 << 30) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def read_npz(path: Any) -> dict[str, Array]:
    """Reads a ``.npz`` file.

    Args:
        path: the file. Objects, records and strings are refused, and arrays that claim another size than is stored.

    Returns:
        The arrays by name, in the order of the file.

    Raises:
        FileFormatError: a ValueError.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "w.npz")
        >>> np.savez(path, a=np.arange(3))
        >>> read_npz(path)
        {'a': array([0, 1, 2])}
    """
    with Path(path).open("rb") as file:
        source = Source(path, os.fstat(file.fileno()).st_size)
        archive = open_zip(file, source)
        tensors = {}
        for member in archive.namelist():
            if not member.endswith(".npy"):
                raise source.refuse(f"the archive holds {member!r}, which is no .npy array")
            tensors[member.removesuffix(".npy")] = _array(read_member(archive, member, source), member, source)
        return tensors


def _array(data: bytes, member: str, source: Source) -> Array:
    shape, fortran, dtype, begin = _header(data, member, source)
    count = 1
    for n in shape:
        count *= n
    nbytes = count * dtype.itemsize
    if nbytes != len(data) - begin:
        raise source.refuse(
            f"member {member!r} of shape {shape} and dtype {dtype} has {nbytes} bytes, not {len(data) - begin}"
        )
    admit(nbytes, source, f"member {member!r}")
    flat: Array = np.frombuffer(data, dtype, offset=begin)
    if dtype.kind == "b" and flat.view(np.uint8).max(initial=0) > 1:
        raise source.refuse(f"member {member!r} holds bools that are neither 0 nor 1")
    array = flat.reshape(shape, order="F" if fortran else "C")
    return np.array(array, dtype.newbyteorder("="), order="C")


def _header(data: bytes, member: str, source: Source) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """What NumPy has the Python parser read is simple enough for a pattern."""
    width = {b"\x93NUMPY\1\0": 2, b"\x93NUMPY\2\0": 4}.get(data[:8])
    if width is None:
        raise source.refuse(f"member {member!r} is no array of numbers in the .npy format")
    begin = 8 + width + int.from_bytes(data[8 : 8 + width], "little")
    text = data[8 + width : begin].decode("latin-1")
    match = re.fullmatch(_PATTERN, text) if len(text) <= _HEADER_LIMIT and begin <= len(data) else None
    if match is None:
        raise source.refuse(f"member {member!r} must hold numbers, and say so in its header; it says {text[:100]!r}")
    shape = tuple(int(n) for n in match["shape"].replace(" ", "").split(",") if n)
    if len(shape) > 32:
        raise source.refuse(f"member {member!r} has {len(shape)} dimensions, more than 32")
    return shape, match["fortran"] == "True", np.dtype(match["descr"]), begin
