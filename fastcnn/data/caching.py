"""Decoded images kept: in memory, or in a ``.npy`` file that is mapped into it."""

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn.data.loader import in_order

__all__ = ["FileCache", "MemoryCache", "watched"]

Array = np.ndarray[Any, Any]
Read = Callable[[int], Array]


def watched(results: Any, total: int, what: str, verbose: bool) -> Any:
    """The same results, with a progress bar where it takes longer than a few seconds."""
    if not verbose:
        return results
    from tqdm import tqdm

    return tqdm(results, total=total, desc=what, unit="image", delay=2, leave=False)


class MemoryCache:
    """Each image is kept when it is first read.

    Args:
        count: how many images there are.
        read: the image of a number.

    Example:
        >>> cache = MemoryCache(2, lambda i: np.full((1, 1, 1), i))
        >>> int(cache[1].sum()), sum(kept is not None for kept in cache.kept)
        (1, 1)
    """

    def __init__(self, count: int, read: Read):
        self.read = read
        self.kept: list[Array | None] = [None] * count

    def __getitem__(self, index: int) -> Array:
        found = self.kept[index]
        if found is None:
            # Two threads may both read it; they read the same.
            self.kept[index] = found = self.read(index)
        return found


class FileCache:
    """All images in one ``.npy`` file of shape (n, h, w, c), written at once, by the thread that asks for it.

    A second file beside it, ``.npy.json``, says what the images were made of: file names, sizes, times, settings. Where
    that has changed, the cache is written anew. Both appear whole or not at all.

    Args:
        path: of the ``.npy`` file.
        shape: (n, h, w, c).
        dtype: of the pixels.
        read: the image of a number.
        made_of: all that the images depend on, as plain data.
        workers: how many threads read.
        verbose: whether to show progress.
    """

    def __init__(
        self, path: Any, shape: tuple[int, ...], dtype: str, read: Read, made_of: Any, workers: int, verbose: bool
    ):
        self.path, self.shape, self.dtype = Path(path), shape, dtype
        self._described = _description(shape, dtype, made_of)
        if not self._is_there():
            self._write(read, workers, verbose)
        self._images = np.load(self.path, mmap_mode="r")

    def __getitem__(self, index: int) -> Array:
        image: Array = self._images[index]
        return image

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_images": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._images = np.load(self.path, mmap_mode="r")

    @property
    def _note(self) -> Path:
        return self.path.with_name(self.path.name + ".json")

    def _is_there(self) -> bool:
        try:
            same = self._note.read_text() == self._described
            images = np.load(self.path, mmap_mode="r") if same else None
        except (OSError, ValueError):
            return False
        return images is not None and images.shape == self.shape and images.dtype == self.dtype

    def _write(self, read: Read, workers: int, verbose: bool) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
        try:
            images = np.lib.format.open_memmap(part, "w+", np.dtype(self.dtype), self.shape)
            with closing(in_order(read, range(len(images)), workers, 4 * workers)) as found:  # type: ignore[type-var]
                for i, image in enumerate(watched(found, len(images), f"caching in {self.path.name}", verbose)):
                    images[i] = image
            images.flush()
            self._note.unlink(missing_ok=True)
            part.replace(self.path)
            self._note.write_text(self._described)
        finally:
            part.unlink(missing_ok=True)


def _description(shape: tuple[int, ...], dtype: str, made_of: Any) -> str:
    import hashlib
    import json

    digest = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()
    return json.dumps({"shape": list(shape), "dtype": dtype, "sha256_of_sources": digest})
