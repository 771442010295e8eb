"""Where HDF5 keeps texts of any length: in heaps, which libhdf5 trusts more than a damaged file deserves."""

import struct
from typing import BinaryIO

from fastcnn.saving.gate import Source, admit

__all__ = ["find_all", "longest_text"]

_HEAP = b"GCOL"
_BLOCK = 1 << 20
_HEADER = 16


def longest_text(file: BinaryIO, source: Source) -> int:
    """How long a text can be: no longer than the largest heap. Many texts may be one and the same part of it.

    Heaps are walked through as libhdf5 does it, which hangs where an object has no length.

    Args:
        file: the whole HDF5 file.
        source: its gate.
    """
    longest = 0
    for at in find_all(file, _HEAP):
        file.seek(at)
        head = file.read(_HEADER)
        size = int.from_bytes(head[8:16], "little")
        if head[4:8] != b"\1\0\0\0" or not _HEADER <= size <= source.size - at:
            raise source.refuse(f"the heap at byte {at} is damaged")
        admit(size, source, "a heap of texts")
        _walk(file.read(size - _HEADER), at, source)
        longest = max(longest, size)
    return longest


def find_all(file: BinaryIO, pattern: bytes) -> list[int]:
    """The places of some bytes in a file, read block by block."""
    file.seek(0)
    found, begin, before = [], 0, b""
    while block := file.read(_BLOCK):
        both = before + block
        at = both.find(pattern)
        while at >= 0:
            found.append(begin - len(before) + at)
            at = both.find(pattern, at + 1)
        begin += len(block)
        before = both[-(len(pattern) - 1) :]
    return found


def _walk(data: bytes, at: int, source: Source) -> None:
    """Objects are a number, a count, a length and the bytes, up to a multiple of eight; number 0 is the rest."""
    place = 0
    while place + _HEADER <= len(data):
        number, _, length = struct.unpack_from("<HHxxxxQ", data, place)
        step = length if number == 0 else _HEADER + length + -length % 8
        if step < _HEADER or place + step > len(data):
            raise source.refuse(f"the heap at byte {at} holds an object of an impossible length, {length}")
        place += step
