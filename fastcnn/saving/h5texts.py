"""How long the texts of an attribute are, read off the file itself: libhdf5 tells when it has allocated them.

An attribute lies in the header of its object as: version, sizes, name, type, shape, and for each text its length and
its place in a heap. The places of all attributes of a name are found by looking for the name.
"""

import struct
from typing import BinaryIO

import numpy as np

from fastcnn.saving.gate import Source, admit
from fastcnn.saving.h5heaps import find_all

__all__ = ["AttributeTexts"]

_COST = 128
_RECORD = 16


class AttributeTexts:
    """The lengths of texts in a file's attributes.

    Args:
        file: the whole HDF5 file, open while this is used.
        source: its gate.
    """

    def __init__(self, file: BinaryIO, source: Source):
        self._file, self._source = file, source
        self._found: dict[str, list[tuple[int, int]]] = {}
        self._sums: dict[tuple[str, int], int | None] = {}
        self._plain = _has_words_of_eight(file)

    def longest(self, name: str, count: int) -> int | None:
        """How many bytes the texts of an attribute have together: the most of all attributes with that name and count.

        None where the file does not tell.
        """
        if not self._plain:
            return None
        if name not in self._found:
            self._found[name] = self._attributes(name)
        if (name, count) not in self._sums:
            admit(_COST * len(self._found[name]), self._source, f"attribute {name!r}")
            sums = [self._sum(at, count) for at, declared in self._found[name] if declared == count]
            self._sums[name, count] = max((n for n in sums if n is not None), default=None)
        return self._sums[name, count]

    def _attributes(self, name: str) -> list[tuple[int, int]]:
        """Where the texts of attributes with that name are described, and how many there are."""
        text = name.encode() + b"\0"
        found = []
        for at in find_all(self._file, text):
            admit(_COST, self._source, f"attribute {name!r}")
            for version, head in ((1, 8), (2, 8), (3, 9)):
                place = self._parse(at, head, version, len(text))
                if place is not None:
                    found.append(place)
        return found

    def _parse(self, at: int, head: int, version: int, length: int) -> tuple[int, int] | None:
        if at < head:
            return None
        start = self._read(at - head, 8)
        if len(start) < 8 or start[0] != version:
            return None
        sizes = struct.unpack_from("<HHH", start, 2)
        if sizes[0] != length:
            return None
        _, kind, shape = [n + -n % 8 for n in sizes] if version == 1 else sizes
        at += length + -length % 8 if version == 1 else length
        count = _count(self._read(at + kind, sizes[2]))
        return None if count is None else (at + kind + shape, count)

    def _sum(self, at: int, count: int) -> int | None:
        data = self._read(at, _RECORD * count) if _RECORD * count <= self._source.size else b""
        if len(data) < _RECORD * count:
            return None
        return int(np.frombuffer(data, "<u4")[::4].sum(dtype=np.int64))

    def _read(self, at: int, n: int) -> bytes:
        self._file.seek(at)
        return self._file.read(n)


def _has_words_of_eight(file: BinaryIO) -> bool:
    """Whether addresses and lengths have eight bytes, as everywhere; the superblock says so."""
    file.seek(0)
    start = file.read(16)
    if len(start) < 16 or not start.startswith(b"\x89HDF\r\n\x1a\n"):
        return False
    return start[13:15] == b"\x08\x08" if start[8] < 2 else start[9:11] == b"\x08\x08"


def _count(shape: bytes) -> int | None:
    """The product of the sizes in a dataspace message."""
    head = {1: 8, 2: 4}.get(shape[0] if shape else 0)
    if head is None or len(shape) < head or len(shape) < head + 8 * shape[1] or shape[1] > 4:
        return None
    count = 1
    for n in struct.unpack_from(f"<{shape[1]}Q", shape, head):
        count *= n
    return count
