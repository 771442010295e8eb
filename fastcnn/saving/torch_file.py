"""PyTorch's ``.pth`` and ``.pt`` files: weights by name, in an archive or, before PyTorch 1.6, in a row of pickles."""

import io
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from fastcnn.saving.gate import Source, admit
from fastcnn.saving.torch_pickle import Storage, StoredTensor, read_pickle
from fastcnn.saving.zips import open_member, open_zip, read_member

__all__ = ["read_torch"]

Array = np.ndarray[Any, Any]

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_BLOCK = 1 << 20
_INSIDE = ("state_dict", "model_state_dict", "model")
_WIDTHS = {"bfloat16": 2}


def read_torch(path: Any) -> dict[str, Array]:
    """The tensors of a state dict that PyTorch saved. Nothing in the file is called, imported or run.

    Args:
        path: a ``.pth`` or ``.pt`` file: a state dict, or a dict that has one as its ``state_dict``,
            ``model_state_dict`` or ``model``. Everything else in it is left aside.

    Returns:
        The arrays by name, in the order of the file; bfloat16 is widened to float32, other dtypes stay as they are.

    Raises:
        fastcnn.saving.gate.FileFormatError: ...resnet.pth: its pickle has the instruction b.n., which no...

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "resnet.pth")
        >>> _ = path.write_bytes(b"")
        >>> read_torch(path)
        Traceback (most recent call last):
        fastcnn.saving.gate.FileFormatError: ...resnet.pth: its pickle is cut off
    """
    with Path(path).open("rb") as file:
        source = Source(path, os.fstat(file.fileno()).st_size)
        begin = file.read(4)
        file.seek(0)
        if begin[:2] == b"PK":
            return _from_archive(file, source)
        return _from_pickles(file, source)


def _from_archive(file: BinaryIO, source: Source) -> dict[str, Array]:
    archive = open_zip(file, source)
    names = archive.namelist()
    roots = [name.removesuffix("data.pkl") for name in names if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(roots) != 1:
        raise source.refuse("this is no file of PyTorch: it must hold one data.pkl, in a folder")
    root = roots[0]
    if f"{root}constants.pkl" in names or any(name.startswith(f"{root}code/") for name in names):
        raise source.refuse("this is a TorchScript program; save the model's state_dict() with PyTorch and read that")
    order = read_member(archive, f"{root}byteorder", source) if f"{root}byteorder" in names else b"little"
    if order != b"little":
        raise source.refuse(f"its numbers are in byte order {order[:20]!r}; only little-endian files are read")
    tensors = _tensors(read_pickle(io.BytesIO(read_member(archive, f"{root}data.pkl", source)), source), source)
    rows = {}
    for storage in _storages(tensors, source):
        name = f"{root}data/{storage.key}"
        with open_member(archive, name, source) as (member, size):
            if size != storage.whole * _width(storage.dtype):
                raise source.refuse(
                    f"storage {name!r} has {size} bytes, {storage.whole} numbers of {storage.dtype} are expected"
                )
            rows[storage.key] = _row(member, storage, source)
    return {name: _array(name, tensor, rows, source) for name, tensor in tensors.items()}


def _from_pickles(file: BinaryIO, source: Source) -> dict[str, Array]:
    """A magic number, a version, the machine that wrote it, the state dict, the keys of the storages, the storages."""
    if read_pickle(file, source, integers=10) != _MAGIC:
        raise source.refuse("this is no file of PyTorch: its magic number is missing")
    if read_pickle(file, source) != _PROTOCOL:
        raise source.refuse(f"it is written in an unknown protocol of PyTorch, not {_PROTOCOL}")
    machine = read_pickle(file, source)
    if not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise source.refuse("only files of little-endian machines are read")
    content = read_pickle(file, source)
    keys = read_pickle(file, source)
    if type(keys) is not list or not all(type(key) in (str, int) for key in keys) or len(set(keys)) < len(keys):
        raise source.refuse("the list of its storages is damaged")
    tensors = _tensors(content, source)
    wanted = {storage.key: storage for storage in _storages(tensors, source)}
    widths = {storage.key: _width(storage.dtype) for storage in _all_storages(content)}
    rows = {}
    for key in map(str, keys):
        count = int.from_bytes(file.read(8), "little", signed=True)
        if key not in widths or not 0 <= count * widths[key] <= source.size - file.tell():
            raise source.refuse(f"storage {key[:40]!r} claims {count} numbers; so many are not in the file")
        if key not in wanted:
            file.seek(count * widths[key], os.SEEK_CUR)
            continue
        if count != wanted[key].whole:
            raise source.refuse(f"storage {key[:40]!r} has {count} numbers, {wanted[key].whole} are expected")
        rows[key] = _row(file, wanted[key], source)
    missing = next((key for key in wanted if key not in rows), None)
    if missing is not None:
        raise source.refuse(f"storage {missing[:40]!r} is missing")
    return {name: _array(name, tensor, rows, source) for name, tensor in tensors.items()}


def _tensors(content: Any, source: Source) -> dict[str, StoredTensor]:
    """The state dict, found in what was saved."""
    if type(content) is not dict:
        raise source.refuse(f"it holds no state dict but a {type(content).__name__}; save model.state_dict()")
    inner = next((content[key] for key in _INSIDE if type(content.get(key)) is dict), content)
    tensors = {name: t for name, t in inner.items() if type(t) is StoredTensor and type(name) is str}
    if not tensors:
        raise source.refuse(f"there are no tensors in its dict; the keys are {[str(key)[:40] for key in inner][:5]}")
    return tensors


def _storages(tensors: dict[str, StoredTensor], source: Source) -> list[Storage]:
    """Each storage once."""
    found: dict[str, Storage] = {}
    for name, tensor in tensors.items():
        storage = tensor.storage
        first = found.setdefault(storage.key, storage)
        if (first.dtype, first.whole) != (storage.dtype, storage.whole):
            raise source.refuse(f"tensor {name[:100]!r}: its storage is described twice, and differently")
    return list(found.values())


def _all_storages(content: Any) -> Iterator[Storage]:
    """Those of the optimizer's state too, which are passed over."""
    seen: set[int] = set()
    stack = [content]
    while stack:
        item = stack.pop()
        if type(item) in (StoredTensor, Storage):
            yield item.storage if type(item) is StoredTensor else item
        elif type(item) in (dict, list, tuple) and id(item) not in seen:
            seen.add(id(item))
            stack.extend(item.values() if type(item) is dict else item)


def _width(dtype: str) -> int:
    return _WIDTHS.get(dtype) or np.dtype(dtype).itemsize


def _row(file: Any, storage: Storage, source: Source) -> Array:
    """All the numbers of a storage, in order."""
    name = f"storage {storage.key[:40]!r}"
    if storage.dtype == "bfloat16":
        admit(4 * storage.whole, source, name)
        wide = np.empty(storage.whole, np.uint32)
        for i in range(0, storage.whole, _BLOCK):
            part = wide[i : i + _BLOCK]
            np.left_shift(np.frombuffer(_exactly(file, 2 * part.size, source), "<u2"), 16, out=part, dtype=np.uint32)
        return wide.view(np.float32)
    dtype = np.dtype(storage.dtype)
    admit(storage.whole * dtype.itemsize, source, name)
    row: Array = np.empty(storage.whole, dtype.newbyteorder("<"))
    flat = row.view(np.uint8)
    for i in range(0, flat.size, _BLOCK):
        flat[i : i + _BLOCK] = np.frombuffer(_exactly(file, min(_BLOCK, flat.size - i), source), np.uint8)
    if dtype.kind == "b" and flat.max(initial=0) > 1:
        raise source.refuse(f"{name} holds bools that are neither 0 nor 1")
    return row.astype(dtype, copy=False)


def _exactly(file: Any, n: int, source: Source) -> bytes:
    data: bytes = file.read(n)
    if len(data) != n:
        raise source.refuse("the file ended while it was being read")
    return data


def _array(name: str, tensor: StoredTensor, rows: dict[str, Array], source: Source) -> Array:
    """The tensor as a view of its storage; views may share numbers with others, but have none twice themselves."""
    storage, offset, shape, strides = tensor
    label = f"tensor {name[:100]!r} of shape {_short(shape)}"
    if len(shape) > 32:
        raise source.refuse(f"tensor {name[:100]!r} has {len(shape)} dimensions, more than 32")
    row = rows[storage.key][storage.start : storage.start + storage.size]
    if 0 in shape:
        if math.prod(n for n in shape if n) >= 2**60:
            raise source.refuse(f"{label} is larger than any memory")
        return np.empty(shape, row.dtype)
    reach = 1
    for stride, n in sorted((stride, n) for stride, n in zip(strides, shape, strict=True) if n > 1):
        if stride < reach:
            raise source.refuse(f"{label} has overlapping strides {_short(strides)}; save tensor.contiguous()")
        reach += stride * (n - 1)
    if offset + reach > row.size:
        raise source.refuse(
            f"{label}, offset {offset} and strides {_short(strides)} reaches beyond its storage of {row.size} numbers"
        )
    steps = tuple(stride * row.itemsize if n > 1 else row.itemsize for stride, n in zip(strides, shape, strict=True))
    return np.lib.stride_tricks.as_strided(row[offset:], shape, steps)


def _short(sizes: tuple[int, ...]) -> str:
    return str(sizes)[:80]
