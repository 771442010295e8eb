"""NumPy's ``.npz``: a zip archive of arrays; read without pickle, and without believing the shapes that it claims."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn.saving.atomic import atomic_write
from fastcnn.saving.gate import Source, admit
from fastcnn.saving.zips import open_zip, read_member

__all__ = ["read_npz", "write_npz"]

Array = np.ndarray[Any, Any]
_HEADER_LIMIT = 10_000


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
    import io

    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"version {version} of the .npy format holds no plain numbers")
        shape, fortran, dtype = read(stream, max_header_size=_HEADER_LIMIT)
    except (
        ValueError,
        TypeError,
        SyntaxError,
        RecursionError,
        MemoryError,
        OverflowError,
        UnicodeError,
        EOFError,
    ) as error:
        raise source.refuse(f"member {member!r} is no valid array: {str(error)[:200]}") from None
    if dtype.kind not in "biuf" or dtype.hasobject or dtype.names or dtype.itemsize > 8:
        raise source.refuse(f"member {member!r} must hold numbers, got dtype {str(dtype)[:80]}")
    if len(shape) > 32 or any(type(n) is not int or n < 0 for n in shape):
        raise source.refuse(f"member {member!r} has an impossible shape, {str(shape)[:80]}")
    count = 1
    for n in shape:
        count *= n
    if count * dtype.itemsize != len(data) - stream.tell():
        raise source.refuse(
            f"member {member!r} of shape {shape} and dtype {dtype} has {count * dtype.itemsize} bytes, "
            f"not {len(data) - stream.tell()}"
        )
    admit(count * dtype.itemsize, source, f"member {member!r}")
    flat: Array = np.frombuffer(data, dtype, offset=stream.tell())
    if dtype.kind == "b" and flat.view(np.uint8).max(initial=0) > 1:
        raise source.refuse(f"member {member!r} holds bools that are neither 0 nor 1")
    array = flat.reshape(shape, order="F" if fortran else "C")
    return np.array(array, dtype.newbyteorder("="), order="C")
