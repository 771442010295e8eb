"""Which files can be read, found out before training rather than in the middle of it."""

import warnings
from typing import Any

import numpy as np

from fastcnn.data.caching import watched
from fastcnn.data.loader import default_workers, in_order
from fastcnn.data.reading import UnreadableImageError, decoded

__all__ = ["readable"]


def readable(paths: list[str], labels: Any, workers: int | None, verbose: bool) -> tuple[list[str], Any]:
    """The files that can be decoded and their labels; one warning names the others."""
    workers = default_workers(workers)
    faults = list(watched(in_order(_fault, paths, workers, max(1, 4 * workers)), len(paths), "checking", verbose))
    bad = [fault for fault in faults if fault is not None]
    if not bad:
        return paths, labels
    named = "\n  ".join(bad[:20]) + (f"\n  and {len(bad) - 20} more" if len(bad) > 20 else "")
    warnings.warn(f"{len(bad)} of {len(paths)} images cannot be read and are left out:\n  {named}", stacklevel=5)
    good = [i for i, fault in enumerate(faults) if fault is None]
    return [paths[i] for i in good], None if labels is None else np.asarray(labels)[good]


def _fault(path: str) -> str | None:
    try:
        decoded(path, lambda picture: None, draft=True)
    except UnreadableImageError as error:
        return str(error)
    except OSError as error:
        return f"{path}: {error.strerror or error}"
    return None
