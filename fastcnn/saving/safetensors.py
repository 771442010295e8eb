"""The safetensors format: the length of a header, the header in JSON, the arrays one after the other."""

import os
import struct
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from fastcnn.saving.atomic import atomic_write
from fastcnn.saving.gate import Source, admit, parse_json

__all__ = ["read_safetensors", "write_safetensors"]

Array = np.ndarray[Any, Any]

HEADER_LIMIT = 100_000_000
_ALIGNMENT = 64
_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip
_CODES = {np.dtype(d).newbyteorder("=").name: code for code, d in _DTYPES.items()}
_BLOCK = 1 << 20


def write_safetensors(path: Any, tensors: dict[str, Any], metadata: dict[str, str] | None = None) -> None:
    """Writes arrays to a ``.safetensors`` file, at once or not at all.

    Args:
        path: where.
        tensors: names and arrays; numbers and bools of any width that the format knows.
        metadata: strings by name, kept in the header.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "w.safetensors")
        >>> write_safetensors(path, {"dense/bias": np.zeros(3, np.float32)})
        >>> read_safetensors(path)[0]
        {'dense/bias': array([0., 0., 0.], dtype=float32)}
    """
    with atomic_write(path) as file:
        write_to(file, tensors, metadata)


def write_to(file: BinaryIO, tensors: dict[str, Any], metadata: dict[str, str] | None = None) -> None:
    """The same into an open file."""
    import json

    arrays = {name: _plain(name, value) for name, value in tensors.items()}
    header: dict[str, Any] = {}
    if metadata:
        if not all(isinstance(k, str) and isinstance(v, str) for k, v in metadata.items()):
            raise TypeError(f"metadata must be strings by name, got {metadata!r}")
        header["__metadata__"] = metadata
    at = 0
    for name, a in arrays.items():
        header[name] = {"dtype": _CODES[a.dtype.name], "shape": list(a.shape), "data_offsets": [at, at + a.nbytes]}
        at += a.nbytes
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-(len(text) + 8) % _ALIGNMENT)
    if len(text) > HEADER_LIMIT:
        raise ValueError(f"the header would have {len(text)} bytes; the format allows {HEADER_LIMIT}")
    file.write(struct.pack("<Q", len(text)) + text)
    for a in arrays.values():
        file.write(a.reshape(-1).view(np.uint8).data if a.size else b"")


def _plain(name: str, value: Any) -> Array:
    if not isinstance(name, str) or name == "__metadata__":
        raise ValueError(f"a tensor cannot be called {name!r}")
    array = np.asarray(value)
    if array.dtype.name not in _CODES:
        raise TypeError(f"tensor {name!r}: dtype must be one of {', '.join(_CODES)}, got {array.dtype.name}")
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(array.shape)


def read_safetensors(path: Any) -> tuple[dict[str, Array], dict[str, str]]:
    """Reads a ``.safetensors`` file.

    Args:
        path: the file. Anything odd in it is refused: gaps, overlaps, bytes left over, repeated names, sizes that do
            not fit the shapes, a header of more than 100 MB.

    Returns:
        The arrays by name, in the order of the file (bfloat16 widened to float32), and the metadata.

    Raises:
        FileFormatError: a ValueError.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "w.safetensors")
        >>> write_safetensors(path, {"step": np.int64(7)}, {"by": "me"})
        >>> read_safetensors(path)
        ({'step': array(7)}, {'by': 'me'})
    """
    with Path(path).open("rb") as file:
        source = Source(path, os.fstat(file.fileno()).st_size)
        return read_from(file, source)


def read_from(file: BinaryIO, source: Source) -> tuple[dict[str, Array], dict[str, str]]:
    """The same from an open file that stands at its beginning."""
    entries, metadata, at = _header(file, source)
    tensors = {}
    for name, (code, shape, begin, end) in entries.items():
        file.seek(at + begin)
        tensors[name] = _tensor(file, source, name, code, shape, end - begin)
    return tensors, metadata


def _header(file: BinaryIO, source: Source) -> tuple[dict[str, Any], dict[str, str], int]:
    start = file.read(8)
    if len(start) < 8:
        raise source.refuse("a safetensors file has at least 8 bytes")
    (length,) = struct.unpack("<Q", start)
    if length > min(HEADER_LIMIT, source.size - 8):
        raise source.refuse(
            f"its header claims {length} bytes; at most {min(HEADER_LIMIT, source.size - 8)} are possible"
        )
    text = file.read(length)
    if len(text) != length or not text.startswith(b"{"):
        raise source.refuse("this is no safetensors file: its header must begin with '{'")
    header = parse_json(text, source, "the header")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise source.refuse("__metadata__ must hold strings")
    entries = {name: _entry(name, entry, source) for name, entry in header.items()}
    entries = dict(sorted(entries.items(), key=lambda item: item[1][2:]))
    at = 0
    for name, (_, _, begin, end) in entries.items():
        if begin != at:
            raise source.refuse(f"tensor {name!r} begins at {begin}, but the one before it ends at {at}")
        at = end
    if 8 + length + at != source.size:
        raise source.refuse(f"the tensors end at byte {8 + length + at}, the file at {source.size}")
    return entries, metadata, 8 + length


def _entry(name: str, entry: Any, source: Source) -> tuple[str, tuple[int, ...], int, int]:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise source.refuse(f"tensor {name!r} needs dtype, shape and data_offsets, nothing else")
    code, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(code, str) or (code not in _DTYPES and code != "BF16"):
        raise source.refuse(f"tensor {name!r}: dtype must be one of BF16, {', '.join(_DTYPES)}, got {code!r}")
    if not _sizes(shape) or len(shape) > 32:
        raise source.refuse(f"tensor {name!r}: shape must be at most 32 sizes, got {str(shape)[:80]}")
    if not _sizes(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise source.refuse(f"tensor {name!r}: data_offsets must be two places in order, got {str(offsets)[:80]}")
    count = 1
    for n in shape:
        count *= n
    expected = count * (2 if code == "BF16" else np.dtype(_DTYPES[code]).itemsize)
    if offsets[1] - offsets[0] != expected:
        raise source.refuse(
            f"tensor {name!r} of shape {shape} and dtype {code} has {expected} bytes, not {offsets[1] - offsets[0]}"
        )
    return code, tuple(shape), offsets[0], offsets[1]


def _sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(n) is int and 0 <= n < 2**63 for n in value)


def _tensor(file: BinaryIO, source: Source, name: str, code: str, shape: tuple[int, ...], nbytes: int) -> Array:
    if code == "BF16":
        return _widen(file, source, name, shape, nbytes)
    admit(nbytes, source, f"tensor {name!r}")
    array: Array = np.empty(shape, _DTYPES[code])
    if array.size:
        _fill(file, source, array.reshape(-1).view(np.uint8))
    if code == "BOOL" and array.view(np.uint8).max(initial=0) > 1:
        raise source.refuse(f"tensor {name!r} holds bools that are neither 0 nor 1")
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _widen(file: BinaryIO, source: Source, name: str, shape: tuple[int, ...], nbytes: int) -> Array:
    """bfloat16 is the upper half of a float32."""
    admit(2 * nbytes, source, f"tensor {name!r}")
    wide = np.empty(nbytes // 2, np.uint32)
    part = np.empty(min(_BLOCK, nbytes // 2), "<u2")
    for i in range(0, len(wide), _BLOCK):
        half = part[: len(wide) - i]
        _fill(file, source, half.view(np.uint8))
        np.left_shift(half, 16, out=wide[i : i + len(half)], dtype=np.uint32)
    return wide.view(np.float32).reshape(shape)


def _fill(file: BinaryIO, source: Source, out: Array) -> None:
    done = file.readinto(out)  # type: ignore[attr-defined]
    if done != out.nbytes:
        raise source.refuse("the file ended while it was being read")
