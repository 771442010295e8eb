"""From pixels to what the networks want, and from what they say to names of ImageNet's classes."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn.applications.weights import weight_folders
from fastcnn.layers.arguments import integers
from fastcnn.preprocessing import modes

__all__ = ["decode_predictions", "preprocess_input", "read_class_names"]

_FILES = ("imagenet_class_index.json", "synset_words.txt")


def preprocess_input(x: Any, data_format: str | None = None, mode: str = "caffe") -> Any:
    """Brings pixels from 0..255 to what a network was trained on; what is given does not change.

    Args:
        x: (h, w, 3) or (n, h, w, 3), RGB; an array or tensor.
        data_format: "channels_last" (unless given) or "channels_first".
        mode: "caffe", "tf", "torch" or "unit"; see ``fastcnn.preprocessing.preprocess_input``.

    Example:
        >>> import numpy as np
        >>> preprocess_input(np.zeros((1, 1, 3)))[0, 0].tolist()
        [-103.939, -116.779, -123.68]
    """
    return modes.preprocess_input(x, mode, data_format)


def decode_predictions(preds: Any, top: int = 5, class_names: Any = None) -> list[list[tuple[str, str, float]]]:
    """The classes that a network finds most likely, by name.

    Args:
        preds: (n, 1000), or (n, k) where ``class_names`` has k names.
        top: how many of each image.
        class_names: the file with the names: Keras's ``imagenet_class_index.json``, Caffe's ``synset_words.txt``, or
            a name on each line. None: the first two are looked for in ``FASTCNN_WEIGHTS`` and ``~/.keras/models``.

    Returns:
        For each image a list of (WordNet's number, name, score), the likeliest first.

    Example:
        >>> import pathlib, tempfile
        >>> file = pathlib.Path(tempfile.mkdtemp(), "names.txt")
        >>> _ = file.write_text("n02124075 Egyptian cat\\nn07920052 espresso\\n")
        >>> decode_predictions([[0.25, 0.75]], top=1, class_names=file)
        [[('n07920052', 'espresso', 0.75)]]
    """
    scores = np.asarray(preds)
    if scores.ndim != 2 or (class_names is None and scores.shape[1] != 1000):
        raise ValueError(
            f"preds must be (n, 1000), a row of ImageNet's classes for each image, got shape {scores.shape}; "
            "for other classes pass class_names, a file with their names"
        )
    names = read_class_names(class_names)
    if len(names) != scores.shape[1]:
        raise ValueError(f"class_names has {len(names)} names, but preds has {scores.shape[1]} columns")
    count = min(integers(top, 1, "top")[0], len(names))
    order = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    return [[(*names[i], float(row[i])) for i in best] for row, best in zip(scores, order.tolist(), strict=True)]


def read_class_names(path: Any = None) -> list[tuple[str, str]]:
    """(WordNet's number, name) of each class, in order.

    Args:
        path: see ``class_names`` of ``decode_predictions``. Of the names in ``synset_words.txt`` the first is taken,
            with underscores for spaces, as Keras has it. Where a line begins with no number, that is "".

    Example:
        >>> import pathlib, tempfile
        >>> file = pathlib.Path(tempfile.mkdtemp(), "synset_words.txt")
        >>> _ = file.write_text("n01440764 tench, Tinca tinca\\nn01443537 goldfish\\n")
        >>> read_class_names(file)
        [('n01440764', 'tench'), ('n01443537', 'goldfish')]
    """
    file = _find() if path is None else Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"class_names: there is no file {str(file)!r}")
    text = file.read_text(encoding="utf-8")
    if file.suffix.lower() == ".json":
        return _from_json(text, file)
    names = []
    for line in text.splitlines():
        found = re.match(r"(n\d{8})\s+(.*)", line.strip())
        number, name = found.groups() if found else ("", line.strip())
        if name:
            names.append((number, name.split(",")[0].strip().replace(" ", "_")))
    return names


def _from_json(text: str, file: Path) -> list[tuple[str, str]]:
    import json

    try:
        table = json.loads(text)
        pairs = [table[str(i)] if isinstance(table, dict) else table[i] for i in range(len(table))]
        return [("", str(p)) if isinstance(p, str) else (str(p[0]), str(p[1])) for p in pairs]
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(
            f'class_names: {file} must hold {{"0": ["n01440764", "tench"], ...}} or a list of names, got {error!r}'
        ) from None


def _find() -> Path:
    folders = weight_folders()[:-1]
    for folder in folders:
        for name in _FILES:
            if (folder / name).is_file():
                return folder / name
    places = " or ".join(map(str, folders))
    raise FileNotFoundError(
        f"the names of ImageNet's classes are nowhere: put {' or '.join(_FILES)} into {places}, name its folder in the "
        "environment variable FASTCNN_WEIGHTS, or pass class_names=path"
    )
