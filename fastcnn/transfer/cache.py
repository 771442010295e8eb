"""Features on disk: one file, ``.npy`` or ``.npz``, that knows what it was computed from."""

import struct
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn.saving.atomic import atomic_write

__all__ = ["read", "write"]

Array = np.ndarray[Any, Any]

_MARK = b"\nfastcnn features "  # stands behind the array of a .npy file, where NumPy does not look
_LONGEST = 4096  # bytes of a key in an archive


def _suffix(path: Path) -> str:
    if path.suffix not in (".npy", ".npz"):
        raise ValueError(f"cache must be the name of a .npy or .npz file, got {str(path)!r}")
    return path.suffix


def read(path: Any, key: str) -> Array | None:
    """The features in a file, memory-mapped; None where there is no file or it was made of other things.

    Args:
        path: of a ``.npy`` or ``.npz`` file.
        key: what they must have been computed from.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "features.npy")
        >>> write(path, "this", np.eye(2))
        >>> read(path, "this").tolist(), read(path, "that")
        ([[1.0, 0.0], [0.0, 1.0]], None)
    """
    path = Path(path)
    numpy_file = _suffix(path) == ".npy"
    if not path.exists():
        return None
    try:
        found = _key_of_npy(path) if numpy_file else _key_of_npz(path)
    except (OSError, ValueError, KeyError, EOFError, struct.error):
        found = None
    if found is None:
        raise ValueError(
            f"cache {str(path)!r} exists and holds no features written by extract_features; it is left alone: give "
            "another name, or delete it"
        )
    if found != key:
        return None
    with path.open("rb") as file:
        file.seek(0 if numpy_file else _offset(path))
        return _mapped(path, file)


def write(path: Any, key: str, features: Array) -> None:
    """Writes features and what they were computed from; the file is seen whole or not at all."""
    path = Path(path)
    with atomic_write(path) as file:
        if _suffix(path) == ".npy":
            np.lib.format.write_array(file, np.ascontiguousarray(features), allow_pickle=False)
            file.write(_MARK + key.encode())
        else:
            np.savez(file, features=features, fastcnn_key=np.array(key))


def _mapped(path: Path, file: Any) -> Array:
    version = np.lib.format.read_magic(file)
    reading = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = reading(file)
    if dtype.kind not in "biuf":
        raise ValueError(f"an array of {dtype}")
    return np.memmap(path, dtype, "r", file.tell(), shape, "F" if fortran else "C")


def _key_of_npy(path: Path) -> str | None:
    with path.open("rb") as file:
        _mapped(path, file)  # an array, at least
        file.seek(0, 2)
        file.seek(max(file.tell() - 256, 0))
        _, mark, key = file.read().rpartition(_MARK)
    return key.decode() if mark else None


def _key_of_npz(path: Path) -> str | None:
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            small = archive.getinfo("fastcnn_key.npy").file_size < _LONGEST
            if not small or archive.getinfo("features.npy").compress_type != zipfile.ZIP_STORED:
                return None
            with archive.open("fastcnn_key.npy") as member:
                return str(np.lib.format.read_array(member, allow_pickle=False))
    except zipfile.BadZipFile:
        return None


def _offset(path: Path) -> int:
    """Where the features begin in an archive without compression, as ``numpy.savez`` writes it."""
    import zipfile

    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        start = archive.getinfo("features.npy").header_offset
        file.seek(start)
        name, extra = struct.unpack("<26xHH", file.read(30))
        return int(start + 30 + name + extra)
