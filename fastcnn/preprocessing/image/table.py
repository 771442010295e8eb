"""Batches of the pictures that a table names, a row for each."""

import warnings
from typing import Any

import numpy as np

from fastcnn.preprocessing.image.files import FileIterator, absolute, check_class_mode, known_picture
from fastcnn.preprocessing.image.iterator import split_bounds
from fastcnn.registry import suggestion

__all__ = ["DataFrameIterator"]

_MODES = ("categorical", "binary", "sparse", "input", "raw", "multi_output")
_WITH_CLASSES = ("categorical", "binary", "sparse")


class DataFrameIterator(FileIterator):
    """Batches of the pictures that a table names: what ``ImageDataGenerator.flow_from_dataframe`` returns.

    ``class_indices`` has the number of each class by name, ``classes`` the number of each picture's class, in the order
    of ``filenames`` (as in the table) and ``filepaths``.

    Args:
        dataframe: a pandas DataFrame, or anything that gives a column for ``dataframe[name]``.
        directory: where the files are, unless the table has whole paths.
        image_data_generator: an ``ImageDataGenerator``.
        x_col: the column with the files.
        y_col: the column with the labels; a list of columns for "multi_output", and for "raw" if there are many.
        weight_col: the column with weights of the samples.
        target_size: (height, width) that all pictures get.
        color_mode: "rgb", "rgba" or "grayscale".
        classes: the classes to take; all, sorted, unless given.
        class_mode: "categorical", "binary", "sparse", "input", "raw", "multi_output" or None.
        batch_size: pictures in a batch.
        shuffle: whether their order changes with each epoch.
        seed: of the order and the changes.
        data_format: "channels_last" or "channels_first".
        save_to_dir: a folder where the pictures of the batches are stored.
        save_prefix: begins their names.
        save_format: of their files.
        subset: "training" or "validation".
        interpolation: of the change to ``target_size``.
        keep_aspect_ratio: whether to cut the middle out rather than to distort.
        dtype: of the batches.
        validate_filenames: whether rows whose file is missing or no picture by its name are left out.
        workers: how many threads read and prepare batches while a network trains.

    Example:
        >>> from fastcnn.preprocessing.image import ImageDataGenerator
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> table = {"filename": ["1.ppm", "2.ppm"], "class": ["cat", "dog"]}
        >>> with TemporaryDirectory() as folder:
        ...     for name in table["filename"]:
        ...         _ = (Path(folder) / name).write_bytes(b"P6 1 1 255 " + bytes([10, 20, 30]))
        ...     batches = DataFrameIterator(
        ...         table, folder, ImageDataGenerator(), target_size=(2, 2), class_mode="binary", shuffle=False
        ...     )
        ...     x, y = batches[0]
        Found 2 validated image filenames belonging to 2 classes.
        >>> x.shape, y.tolist(), batches.filenames
        ((2, 2, 2, 3), [0.0, 1.0], ['1.ppm', '2.ppm'])
    """

    def __init__(
        self,
        dataframe: Any,
        directory: Any = None,
        image_data_generator: Any = None,
        x_col: str = "filename",
        y_col: Any = "class",
        weight_col: str | None = None,
        target_size: Any = (256, 256),
        color_mode: str = "rgb",
        classes: Any = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = None,
        validate_filenames: bool = True,
        workers: int | None = None,
    ):
        check_class_mode(class_mode, _MODES)
        self.directory = directory
        names = _column(dataframe, x_col, "x_col")
        wrong = [name for name in names if not isinstance(name, str)]
        if wrong:
            raise TypeError(f"the column x_col={x_col!r} must have file names, got {wrong[0]!r}")
        rows = _rows_with_files(absolute(directory, names), x_col) if validate_filenames else np.arange(len(names))
        labels: Any = None
        if class_mode in _WITH_CLASSES:
            labels = _labels(dataframe, y_col, str(class_mode))
            rows, self.class_indices = _numbered(labels, rows, classes, str(class_mode))
        elif classes:
            warnings.warn(
                f"classes={classes!r} has no effect with class_mode={class_mode!r}", UserWarning, stacklevel=4
            )
        first, last = split_bounds(getattr(image_data_generator, "validation_split", 0), subset, len(rows))
        rows = rows[first:last]
        if labels is not None:
            self.classes = [self._number(labels[row]) for row in rows]
        self.filenames = [names[row] for row in rows]
        super().__init__(
            absolute(directory, self.filenames),
            image_data_generator,
            self.classes if labels is not None else _targets(dataframe, y_col, class_mode, rows),
            class_mode,
            len(self.class_indices) if labels is not None else 0,
            None if weight_col is None else _weights(dataframe, weight_col)[rows],
            target_size,
            color_mode,
            interpolation,
            keep_aspect_ratio,
            data_format,
            dtype,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            workers=workers,
        )
        kind = "validated" if validate_filenames else "non-validated"
        belonging = f" belonging to {self.num_classes} classes" if labels is not None else ""
        print(f"Found {self.samples} {kind} image filenames{belonging}.")

    def _number(self, label: Any) -> Any:
        if isinstance(label, (list, tuple)):
            return [self.class_indices[one] for one in label if one in self.class_indices]
        return self.class_indices[label]


def _column(dataframe: Any, name: Any, argument: str) -> list[Any]:
    try:
        return list(dataframe[name])
    except KeyError:
        known = list(getattr(dataframe, "columns", dataframe))
        raise ValueError(
            f"{argument}={name!r} is no column of the table, which has {known}.{suggestion(str(name), known)}"
        ) from None


def _rows_with_files(paths: list[str], x_col: str) -> Any:
    rows = np.array([row for row, path in enumerate(paths) if known_picture(path)], np.int64)
    if len(rows) < len(paths):
        lost = next(path for path in paths if not known_picture(path))
        warnings.warn(
            f"{len(paths) - len(rows)} rows are left out: their {x_col!r} is no picture that exists, such as {lost!r}; "
            "is directory right?",
            UserWarning,
            stacklevel=6,
        )
    return rows


def _several(label: Any) -> Any:
    return label if isinstance(label, (list, tuple)) else (label,)


def _numbered(labels: Any, rows: Any, classes: Any, class_mode: str) -> tuple[Any, dict[Any, int]]:
    """The rows whose classes are wanted, and the classes' numbers: in the order given, else sorted."""
    given = list(dict.fromkeys(classes)) if classes else None
    if given is not None:
        rows = np.array([row for row in rows if _kept(labels[row], given)], np.int64)
    known = given or sorted({one for row in rows for one in _several(labels[row])})
    if class_mode == "binary" and len(known) != 2:
        raise ValueError(f"class_mode='binary' needs two classes, got {len(known)}: {known[:5]}")
    return rows, {name: number for number, name in enumerate(known)}


def _kept(label: Any, classes: list[Any]) -> bool:
    return any(one in classes for one in _several(label))


def _labels(dataframe: Any, y_col: Any, class_mode: str) -> list[Any]:
    labels = _column(dataframe, y_col, "y_col")
    allowed: Any = (str, list, tuple) if class_mode == "categorical" else str
    wrong = [label for label in labels if not isinstance(label, allowed)]
    if wrong:
        more = ", or lists of them" if class_mode == "categorical" else ""
        raise TypeError(
            f"with class_mode={class_mode!r}, the column y_col={y_col!r} must have names of classes as strings{more}, "
            f"got {wrong[0]!r}; convert them with astype(str), or use class_mode='raw' for numbers"
        )
    return labels


def _targets(dataframe: Any, y_col: Any, class_mode: str | None, rows: Any) -> Any:
    if class_mode == "multi_output":
        if not isinstance(y_col, list):
            raise TypeError(f"class_mode='multi_output' needs a list of columns as y_col, got {y_col!r}")
        return [np.array(_column(dataframe, name, "y_col"))[rows] for name in y_col]
    if class_mode == "raw":
        if isinstance(y_col, list):
            return np.column_stack([_column(dataframe, name, "y_col") for name in y_col])[rows]
        return np.array(_column(dataframe, y_col, "y_col"))[rows]
    return None


def _weights(dataframe: Any, weight_col: str) -> Any:
    weights = np.asarray(_column(dataframe, weight_col, "weight_col"))
    if weights.dtype.kind not in "biuf":
        raise TypeError(f"the column weight_col={weight_col!r} must have numbers, got {weights[:1].tolist()}")
    return weights
