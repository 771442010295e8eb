"""HDF5 files, read strictly: hard links, plain numbers, no filters but gzip and shuffle, nothing out of the file."""

import io
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np

from fastcnn.saving.gate import Source, admit
from fastcnn.saving.h5heaps import longest_text
from fastcnn.saving.h5texts import AttributeTexts

__all__ = ["H5File", "import_h5py"]

Array = np.ndarray[Any, Any]
_DEPTH = 64
_NODE = 1024  # what h5py keeps of one object, about
_ATTRIBUTES_ELSEWHERE = 1 << 0x15  # the header may refer to a heap that holds the attributes
_FILTERS = {1: "gzip", 2: "shuffle", 3: "checksum"}


def import_h5py() -> Any:
    """h5py, or an error that says how to get it."""
    try:
        import h5py
    except ImportError:
        raise ImportError('HDF5 files need h5py: pip install "fastcnn[h5]"') from None
    return h5py


class H5File:
    """An HDF5 file that was looked through before anything is read: only what is harmless is in ``datasets``.

    Args:
        path: the file.
        data: its bytes, where it is part of an archive.
        source: the gate of that archive.
    """

    def __init__(self, path: Any, data: bytes | None = None, source: Source | None = None):
        self._h5py, self._path, self._data = import_h5py(), path, data
        self._longest = 0
        self._texts: AttributeTexts | None = None
        self._closing = ExitStack()
        if data is None:
            self.source = Source(path, Path(path).stat().st_size)
        else:
            self.source = source or Source(path, len(data))
        self.datasets: dict[str, Any] = {}
        self.groups: dict[str, Any] = {}
        self._file = self._open(path, data)
        try:
            self._guard(self._scan, self._file, "", set(), 0)
        except BaseException:
            self.close()
            raise

    def _open(self, path: Any, data: bytes | None) -> Any:
        try:
            return self._h5py.File(os.fspath(path) if data is None else io.BytesIO(data), "r")
        except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
            raise self.source.refuse(f"this is no valid HDF5 file: {error}") from None

    def _guard(self, action: Any, *args: Any) -> Any:
        """What libhdf5 finds wrong becomes one kind of error."""
        from fastcnn.saving.gate import FileFormatError

        try:
            return action(*args)
        except (FileFormatError, MemoryError):
            raise
        except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError, UnicodeError) as error:
            raise self.source.refuse(f"the HDF5 file is damaged: {str(error)[:300]}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
        self._closing.close()

    def _scan(self, group: Any, prefix: str, seen: set[Any], depth: int) -> None:
        h5py = self._h5py
        address = h5py.h5o.get_info(group.id).addr
        if address in seen or depth > _DEPTH:
            raise self.source.refuse(f"group {prefix or '/'!r} is reached twice or lies too deep")
        seen.add(address)
        self.groups[prefix] = group
        for name in group:
            path = f"{prefix}/{name}" if prefix else name
            admit(_NODE, self.source, path)
            kind = group.get(name, getclass=True, getlink=True)
            if kind is not h5py.HardLink:
                raise self.source.refuse(f"{path!r} is a {kind.__name__}; a file of weights holds no links")
            child = group[name]
            if isinstance(child, h5py.Group):
                self._scan(child, path, seen, depth + 1)
            elif isinstance(child, h5py.Dataset):
                self._check(child, path)
                self.datasets[path] = child
            else:
                raise self.source.refuse(f"{path!r} is a {type(child).__name__}; only groups and datasets are read")

    def _check(self, dataset: Any, path: str) -> None:
        plist, dtype = dataset.id.get_create_plist(), dataset.dtype
        if dataset.is_virtual or dataset.external:
            raise self.source.refuse(f"dataset {path!r} takes its numbers from other files; that is not allowed")
        if dtype.kind not in "biuf" or dtype.itemsize > 8 or dtype.hasobject:
            raise self.source.refuse(f"dataset {path!r} must hold numbers, got dtype {dtype}")
        if dataset.shape is None:
            raise self.source.refuse(f"dataset {path!r} has no shape")
        filters = [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
        if any(f not in _FILTERS for f in filters):
            raise self.source.refuse(
                f"dataset {path!r}: only the filters {', '.join(_FILTERS.values())} are read, got {filters}"
            )
        declared, stored = _product(dataset.shape) * dtype.itemsize, dataset.id.get_storage_size()
        if dataset.chunks is None and declared > stored:
            raise self.source.refuse(
                f"dataset {path!r} of shape {dataset.shape} has {declared} bytes, stored are {stored}"
            )

    def read(self, path: str) -> Array:
        """The numbers of a dataset."""
        dataset = self.datasets.get(path)
        if dataset is None:
            raise self.source.refuse(f"there is no dataset {path!r}")
        return self._guard(self._read, dataset, path)

    def _read(self, dataset: Any, path: str) -> Array:
        admit(_product(dataset.shape) * dataset.dtype.itemsize, self.source, f"dataset {path!r}")
        if dataset.chunks is not None:
            admit(_product(dataset.chunks) * dataset.dtype.itemsize, self.source, f"a chunk of {path!r}")
        array: Array = np.zeros(dataset.shape, dataset.dtype)
        if array.size:
            dataset.read_direct(array)
        return array.astype(array.dtype.newbyteorder("="), copy=False)

    def attribute(self, group: str, name: str) -> Any:
        """A text or a list of texts kept with a group, None where there is none."""
        return self._guard(self._attribute, group, name)

    def _attribute(self, group: str, name: str) -> Any:
        holder = self.groups[group]
        if name not in holder.attrs:
            return None
        info = holder.attrs.get_id(name)
        if info.shape is None:
            return None
        if info.dtype.kind == "O":
            if self._h5py.check_string_dtype(info.dtype) is None:
                raise self.source.refuse(f"attribute {name!r} of {group or '/'!r} must hold text")
            admit(self._text_bytes(holder, name, _product(info.shape)), self.source, f"attribute {name!r}")
        admit(4 * _product(info.shape) * info.dtype.itemsize, self.source, f"attribute {name!r}")
        value = holder.attrs[name]
        if info.shape == ():
            return _text(value)
        if info.dtype.kind not in "SUO" and info.shape != (0,):
            raise self.source.refuse(
                f"attribute {name!r} of {group or '/'!r} must be a list of texts, got {info.dtype}"
            )
        return [_text(v) for v in value]

    def _text_bytes(self, holder: Any, name: str, count: int) -> int:
        """What the texts of an attribute need: what the file says where it can be told, else all as long as can be."""
        if self._texts is None:
            raw = self._closing.enter_context(self._bytes())
            self._longest = longest_text(raw, self.source)
            self._texts = AttributeTexts(raw, self.source)
        elsewhere = self._h5py.h5o.get_info(holder.id).hdr.mesg.present & _ATTRIBUTES_ELSEWHERE
        told = None if elsewhere else self._texts.longest(name, count)
        return count * self._longest if told is None else told

    def _bytes(self) -> BinaryIO:
        return io.BytesIO(self._data) if self._data is not None else Path(self._path).open("rb")

    def texts(self, group: str, name: str) -> list[str]:
        """A list of texts, maybe spread over attributes ``name0``, ``name1``...: one attribute holds 64 KB at most."""
        whole = self.attribute(group, name)
        if whole is not None:
            return list(whole)
        parts: list[str] = []
        chunk = self.attribute(group, f"{name}0")
        number = 0
        while chunk is not None:
            parts += chunk
            number += 1
            chunk = self.attribute(group, f"{name}{number}")
        return parts


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _product(sizes: Any) -> int:
    count = 1
    for n in sizes:
        count *= int(n)
    return count
