"""What CIFAR-10 and CIFAR-100 have in common: 32 x 32 colour images, the binary version of the files."""

import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn.datasets import files, formats

__all__ = ["load"]

Array = np.ndarray[Any, Any]
Split = tuple[tuple[Array, Array], tuple[Array, Array]]
_MEMBERS = 64  # entries of an archive that are looked at


def load(
    name: str,
    path: str | os.PathLike[str] | None,
    download: bool,
    archive: str,
    folder: str,
    members: tuple[list[str], list[str]],
    labels: int,
) -> Split:
    """The set from its archive, or from the folder that was in it.

    Args:
        name: of the set.
        path: a file or folder that the user named.
        download: refused.
        archive: the file's name.
        folder: what it holds.
        members: the files of the training and the test part.
        labels: how many label bytes a record begins with.
    """

    def read(place: Path) -> Split | None:
        if place.is_file():
            return _split(_unpack(place, members, labels), members, labels, place)
        if (place / archive).is_file():
            return read(place / archive)
        for home in (place, place / folder):
            if (home / members[0][0]).is_file():
                return _split(_plain(home, members, labels), members, labels, home)
        return None

    pickled = archive.replace("binary", "python")
    wanted = (
        f"{archive} (https://www.cs.toronto.edu/~kriz/{archive}; {pickled} holds pickles, which can run "
        "code, and is not read)"
    )
    found: Split = files.find(name, path, read, wanted=wanted, download=download)
    return found


def _most(labels: int) -> int:
    return 50_000 * (labels + 3072)


def _plain(home: Path, members: tuple[list[str], list[str]], labels: int) -> dict[str, bytes]:
    found = {}
    for name in members[0] + members[1]:
        file = home / name
        if not file.is_file():
            raise FileNotFoundError(f"{home} has {members[0][0]} but not {name}")
        if file.stat().st_size > _most(labels):
            raise ValueError(f"{file}: expected at most {_most(labels)} bytes, got {file.stat().st_size}")
        found[name] = file.read_bytes()
    return found


def _unpack(path: Path, members: tuple[list[str], list[str]], labels: int) -> dict[str, bytes]:
    """The files in the archive, by their last name; none is written anywhere."""
    import tarfile

    wanted, found = set(members[0] + members[1]), {}
    try:
        with tarfile.open(path, "r:*") as archive:
            for number, member in enumerate(archive):
                if member.size > _most(labels) or number == _MEMBERS:
                    raise ValueError(
                        f"{path}: too many or too large files to be {' and '.join(sorted(wanted))}: {member.name!r}"
                    )
                name = member.name.rpartition("/")[2]
                if member.isreg() and name in wanted:
                    file = archive.extractfile(member)
                    found[name] = file.read() if file else b""
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path}: not a tar archive, or a damaged one: {error}") from error
    if missing := sorted(wanted - set(found)):
        python = (
            "; it seems to be the python version, whose pickles are not read: get the binary version"
            if not found
            else ""
        )
        raise ValueError(f"{path}: has no {missing}{python}")
    return found


def _split(data: dict[str, bytes], members: tuple[list[str], list[str]], labels: int, path: Path) -> Split:
    parts = []
    for names in members:
        batches = [formats.read_records(data[name], labels, f"{path}: {name}") for name in names]
        parts.append((np.concatenate([x for x, _ in batches]), np.concatenate([y for _, y in batches])))
    return parts[0], parts[1]


def check_labels(split: Split, classes: int, name: str) -> Split:
    """The split, if its labels are below the number of classes."""
    for _, y in split:
        if y.max() >= classes:
            raise ValueError(f"{name}: labels must be from 0 to {classes - 1}, got {y.max()}")
    return split
