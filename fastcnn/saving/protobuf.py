"""Protobuf's wire format, as far as ONNX uses it: fields of a message, each a number or a stretch of bytes."""

import struct
from collections.abc import Iterator
from typing import Any

from fastcnn.saving.gate import Source, admit

__all__ = ["fields", "integers", "text"]

_COST = 160  # what Python needs for one field, at most
_FIXED = {1: 8, 5: 4}


def fields(message: memoryview, source: Source) -> Iterator[tuple[int, Any]]:
    """The fields of a message in order: their number, and an int or a view of the bytes. Messages in it stay bytes.

    Args:
        message: its bytes.
        source: the file; every field is accounted for.

    Raises:
        FileFormatError: lengths reach beyond the end, numbers are too long, or a field is of no known kind.
    """
    at, end = 0, len(message)
    while at < end:
        admit(_COST, source, "a field")
        tag, at = _varint(message, at, source)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, at = _varint(message, at, source)
            yield number, value
            continue
        if kind == 2:
            size, at = _varint(message, at, source)
        elif kind in _FIXED:
            size = _FIXED[kind]
        else:
            raise source.refuse(f"field {number} is of kind {kind}, which ONNX does not use")
        if number == 0 or size > end - at:
            raise source.refuse(f"field {number} claims {size} bytes, {end - at} are left")
        yield number, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int, source: Source) -> tuple[int, int]:
    """Seven bits a byte, the lowest first."""
    value = 0
    for i in range(10):
        if at + i >= len(message):
            raise source.refuse("a number is cut off")
        byte = message[at + i]
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at + i + 1
    raise source.refuse("a number has more than ten bytes")


def integers(value: Any, source: Source) -> list[int]:
    """The signed integers of a repeated field, which may come one by one or packed."""
    if isinstance(value, int):
        return [_signed(value)]
    found: list[int] = []
    at = 0
    admit(_COST * min(len(value), 1 << 16), source, "a list of integers")
    while at < len(value):
        if len(found) == 1 << 16:
            raise source.refuse("a list of integers is longer than 65536")
        number, at = _varint(value, at, source)
        found.append(_signed(number))
    return found


def _signed(value: int) -> int:
    return int(struct.unpack("<q", struct.pack("<Q", value))[0])


def text(value: Any, source: Source) -> str:
    """A name."""
    if isinstance(value, int) or len(value) > 4096:
        raise source.refuse("a name is no text, or too long")
    admit(4 * len(value), source, "a name")
    try:
        return bytes(value).decode()
    except UnicodeDecodeError as error:
        raise source.refuse(f"a name is no text: {error}") from None
