"""Which images a folder holds, and which class each belongs to."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn.data.reading import SUFFIXES

__all__ = ["files_below", "list_folder"]

Array = np.ndarray[Any, Any]


def list_folder(directory: Any, classes: Any = None, follow_links: bool = False) -> tuple[list[str], Array, list[str]]:
    """The images of a folder that holds a folder of each class.

    Class folders are in the order of their names, or in that of ``classes``; in each, files are in the order of their
    names, folders within after it. Hidden folders and files that are no images are passed over.

    Args:
        directory: the folder of class folders.
        classes: names of class folders, where not all are wanted or their order matters.
        follow_links: whether links to folders are gone into.

    Returns:
        The paths, the class of each as int32, the names of the classes.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     for name in ("dog/1.png", "cat/2.png", "cat/1.png", "cat/notes.txt"):
        ...         (Path(folder) / name).parent.mkdir(exist_ok=True)
        ...         _ = (Path(folder) / name).write_bytes(b"")
        ...     paths, labels, names = list_folder(folder)
        >>> [Path(p).name for p in paths], labels.tolist(), names
        (['1.png', '2.png', '1.png'], [0, 0, 1], ['cat', 'dog'])
    """
    root = existing(directory)
    found = sorted(entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    names = found if classes is None else [str(name) for name in classes]
    missing = [name for name in names if name not in found]
    if missing:
        from fastcnn.registry import suggestion

        raise ValueError(f"{root} has no class folder {missing[0]!r}; it has {found}.{suggestion(missing[0], found)}")
    if len(set(names)) != len(names):
        raise ValueError(f"classes must name each class once, got {names}")
    if not names:
        images = len(files_below(root, follow_links))
        how = f"its {images} images lie side by side: pass labels=None, or move them into a folder of each class"
        raise ValueError(f"{root} has no class folders{'; ' + how if images else ' and no images'}")
    paths: list[str] = []
    labels: list[int] = []
    for label, name in enumerate(names):
        files = files_below(root / name, follow_links)
        paths += files
        labels += [label] * len(files)
    if not paths:
        raise ValueError(f"{root} has no images in its class folders {names}; images end in {' '.join(SUFFIXES)}")
    return paths, np.array(labels, np.int32), names


def existing(directory: Any) -> Path:
    """The folder, which must be there."""
    root = Path(directory).expanduser()
    if not root.exists():
        raise FileNotFoundError(f"directory {root} does not exist")
    if not root.is_dir():
        raise NotADirectoryError(f"directory must be a folder, got the file {root}")
    return root


def files_below(root: Path, follow_links: bool = False) -> list[str]:
    """All images below a folder: folder by folder, in the order of names."""
    found: list[str] = []
    seen: set[tuple[int, int]] = set()
    for folder, files in sorted(_walk(root, follow_links, seen)):
        found += [str(Path(folder) / name) for name in sorted(files) if name.lower().endswith(SUFFIXES)]
    return found


def _walk(root: Path, follow_links: bool, seen: set[tuple[int, int]]) -> Iterator[tuple[str, list[str]]]:
    """``os.walk``, which a link to a folder above does not make endless."""
    for folder, inner, files in os.walk(root, followlinks=follow_links):
        if follow_links:
            status = Path(folder).stat()
            if (status.st_dev, status.st_ino) in seen:
                inner.clear()
                continue
            seen.add((status.st_dev, status.st_ino))
        yield folder, files
