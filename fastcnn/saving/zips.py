"""Zip archives, read strictly: nothing is extracted to the disk, nothing is larger than the gate allows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from fastcnn.saving.gate import FileFormatError, Source, admit

__all__ = ["open_member", "open_zip", "read_member"]

_END = b"PK\x05\x06"
_LOCATOR = b"PK\x06\x07"  # of a second, larger end that takes the place of the first
_SECOND = b"PK\x06\x06"
_MEMBER = 800  # what Python keeps of one member, and more


def open_zip(file: BinaryIO, source: Source) -> Any:
    """The archive, its directory checked: no comment, no name twice, only stored or deflated members."""
    import zipfile

    _directory(file, source)
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, UnicodeError, EOFError) as error:
        raise source.refuse(f"this is no valid zip archive: {error}") from None
    names = set()
    for info in archive.infolist():
        if info.filename in names:
            raise source.refuse(f"the archive holds {info.filename!r} twice")
        names.add(info.filename)
        if info.filename.startswith("/") or "\\" in info.filename or ".." in info.filename.split("/"):
            raise source.refuse(f"the archive holds a member outside of it, {info.filename!r}")
        if info.flag_bits & 0x1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise source.refuse(f"member {info.filename!r} must be stored or deflated, and not encrypted")
    return archive


def _directory(file: BinaryIO, source: Source) -> None:
    """Python reads the whole directory at once, so how long it is must be known before."""
    file.seek(max(0, source.size - 98))
    tail = file.read(98)
    second, locator, end = tail[:-42], tail[-42:-22], tail[-22:]
    if len(end) < 22 or not end.startswith(_END) or end[20:] != b"\0\0":
        raise source.refuse("this is no zip archive, or it is cut off or has something behind its end")
    members, length = int.from_bytes(end[10:12], "little"), int.from_bytes(end[12:16], "little")
    if locator.startswith(_LOCATOR):
        if not second.startswith(_SECOND):
            raise source.refuse("the directory of the archive is not where it should be")
        members, length = int.from_bytes(second[32:40], "little"), int.from_bytes(second[40:48], "little")
    if length > source.size or 46 * members > source.size:
        raise source.refuse("the directory of the archive claims to be larger than the archive")
    admit(_MEMBER * (length // 46), source, "the directory of the archive")
    file.seek(0)


def read_member(archive: Any, name: str, source: Source) -> bytes:
    """All of one member, if the gate allows the size that the directory tells, and size and checksum are right."""
    with open_member(archive, name, source) as (member, size):
        admit(size, source, f"member {name!r}")
        return bytes(member.read(size))


@contextmanager
def open_member(archive: Any, name: str, source: Source) -> Iterator[tuple[BinaryIO, int]]:
    """A member to read from, and its size; when all is read, size and checksum must be right."""
    import zipfile
    import zlib

    try:
        info = archive.getinfo(name)
    except KeyError:
        raise source.refuse(f"the archive has no member {name!r}, only {sorted(archive.namelist())[:5]}") from None
    try:
        with archive.open(info) as member:
            yield member, info.file_size
            rest = len(member.read(1))
            if member.tell() != info.file_size or rest:
                more = " and more" if rest else ""
                raise source.refuse(
                    f"member {name!r} has {member.tell() - rest} bytes{more}, its directory says {info.file_size}"
                )
    except FileFormatError:
        raise
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, NotImplementedError, EOFError, RuntimeError) as error:
        raise source.refuse(f"member {name!r} cannot be read: {error}") from None
