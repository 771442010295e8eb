"""Where the files of a data set are looked for, and how one comes from the network: only when asked, and checked."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Download", "cache_folder", "fetch", "find", "first_file"]


class Download(NamedTuple):
    """A file that may be downloaded: its name, address, SHA-256 and size in bytes."""

    name: str
    url: str
    sha256: str
    size: int


def cache_folder() -> Path:
    """Where downloads go: ``FASTCNN_HOME``, else ``~/.cache/fastcnn``."""
    home = os.environ.get("FASTCNN_HOME")
    return Path(home).expanduser() if home else Path.home() / ".cache" / "fastcnn"


def find(
    name: str,
    path: str | os.PathLike[str] | None,
    read: Callable[[Path], Any],
    *,
    keras_folder: str = "",
    wanted: str,
    download: bool = False,
    source: Download | None = None,
) -> Any:
    """The data set from the first place that has its files.

    Args:
        name: of the set, and of its folders.
        path: a file or folder that the user named; the only place to look in, unless it is a bare name as in Keras.
        read: ``read(file_or_folder)`` returns the data, or None where the files are not there.
        keras_folder: the set's place below ``~/.keras/datasets``.
        wanted: which files to put there, for the message.
        download: whether to download it where it is nowhere.
        source: what to download.
    """
    places = _places(name, path, keras_folder)
    for place in places:
        if place.exists() and (data := read(place)) is not None:
            return data
    if download:
        if source is None:
            raise ValueError(
                f"{name} cannot be downloaded: no checksum of its files is known for sure. Download {wanted} yourself "
                f"into {cache_folder() / name}"
            )
        return read(fetch(source, cache_folder() / name))
    looked = "\n".join(f"  {place}" for place in places)
    how = "; load_data(download=True) fetches it." if source else "."
    raise FileNotFoundError(
        f"{name} is not on this machine. Looked in\n{looked}\nPut {wanted} into {cache_folder() / name}, give its "
        f"folder as path=, or set FASTCNN_DATA to the folder that holds {name}/{how}"
    )


def _places(name: str, path: str | os.PathLike[str] | None, keras_folder: str) -> list[Path]:
    caches = [cache_folder() / name, Path.home() / ".keras" / "datasets" / keras_folder]
    if os.environ.get("FASTCNN_DATA"):
        caches.insert(0, Path(os.environ["FASTCNN_DATA"]) / name)
    if path is None:
        return caches
    given = Path(path).expanduser()
    if given.name == str(path) and not given.exists():  # load_data("mnist.npz"), a name in the cache
        return [given, *caches]
    return [given]


def fetch(source: Download, folder: Path) -> Path:
    """Downloads a file into a folder; it appears there whole and with the right checksum, or not at all."""
    import hashlib
    from urllib.error import URLError
    from urllib.request import urlopen

    folder.mkdir(parents=True, exist_ok=True)
    target = folder / source.name
    part = folder / f"{source.name}.{os.getpid()}.part"
    digest, left = hashlib.sha256(), source.size + 1
    try:
        with urlopen(source.url, timeout=60) as response, part.open("wb") as out:
            while left and (block := response.read(min(left, 1 << 20))):
                digest.update(block)
                out.write(block)
                left -= len(block)
            out.flush()
            os.fsync(out.fileno())
        if left != 1 or digest.hexdigest() != source.sha256:
            raise ValueError(
                f"{source.url}: the file is not the one that is known: checksum or size differ; nothing is kept"
            )
        part.replace(target)
    except URLError as error:
        raise OSError(
            f"{source.url} cannot be reached ({error.reason}); put {source.name} into {folder} yourself"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return target


def first_file(folder: Path, names: Sequence[str]) -> Path | None:
    """The first of these files that the folder has."""
    return next((folder / name for name in names if (folder / name).is_file()), None)
