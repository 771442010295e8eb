"""Datasets of image files: from a folder of class folders, or from a table of file names."""

import os
from typing import Any

import numpy as np

from fastcnn.checked import checked

__all__ = ["image_dataset_from_dataframe", "image_dataset_from_directory"]

# What both functions hand on to ImageDataset as it is.
SETTINGS = (
    "label_mode", "color_mode", "batch_size", "image_size", "shuffle", "interpolation", "crop_to_aspect_ratio",
    "pad_to_aspect_ratio", "data_format", "augment", "preprocess", "cache", "workers", "verbose",
)  # fmt: skip


@checked
def image_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Any = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: Any = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str = "tf",
    verbose: bool = True,
    *,
    augment: Any = None,
    preprocess: Any = None,
    cache: Any = None,
    on_error: str = "raise",
    workers: int | None = None,
) -> Any:
    """A dataset of the images in a folder that holds a folder of each class.

    Files, labels and the two sides of a split are those that Keras gives for the same seed. The order of batches in an
    epoch is our own; a validation subset keeps one order, so that predictions and labels can be laid side by side.

    Args:
        directory: the folder.
        labels: "inferred" from the class folders; None for images without labels, anywhere below the folder; or a
            list of class numbers, for the files in the order of their paths.
        label_mode: "int", "categorical" (one-hot), "binary" (two classes, 0.0 or 1.0) or None.
        class_names: names of the class folders, where not all are wanted or their order matters.
        color_mode: "rgb", "grayscale" or "rgba".
        batch_size: None gives single images.
        image_size: (height, width), or a number for both.
        shuffle: whether files are shuffled before they are split, and in each epoch; else they are in order of paths.
        seed: of that and of ``augment``; must be given where a split is shuffled.
        validation_split: which part of the files, the last, is for validation.
        subset: "training", "validation", or "both" for the two datasets.
        interpolation: "bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian" or "mitchellcubic".
        follow_links: whether links to folders are gone into.
        crop_to_aspect_ratio: whether the centre is cut out, so that nothing is distorted.
        pad_to_aspect_ratio: whether the whole image is kept, with zeros around it.
        data_format: "channels_last" (unless given) or "channels_first".
        format: "tf"; the dataset is an ``ImageDataset`` anyway.
        verbose: whether to say how many files there are.
        augment: as in ``ImageDataset``; not for validation.
        preprocess: as in ``ImageDataset``, as are the following.
        cache: None, "memory", or a path that ends in ".npy"; with "both", "-validation" is added to it for the second.
        on_error: "raise" or "skip".
        workers: how many threads load ahead.

    Returns:
        An ``ImageDataset``, or two where ``subset`` is "both". Images are float32 0..255 of shape (n, h, w, c).

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     for name in ("cat/1.ppm", "cat/2.ppm", "dog/1.ppm"):
        ...         (Path(folder) / name).parent.mkdir(exist_ok=True)
        ...         _ = (Path(folder) / name).write_bytes(b"P6 1 1 255 abc")
        ...     data = image_dataset_from_directory(folder, image_size=(8, 8), seed=1)
        ...     x, y = next(iter(data))
        Found 3 files belonging to 2 classes.
        >>> data.class_names, x.shape, sorted(y.tolist())
        (['cat', 'dog'], (3, 8, 8, 3), [0, 0, 1])
    """
    given = locals()
    if format not in ("tf", "grain"):
        raise ValueError(f"format must be 'tf' or 'grain', got {format!r}")
    _check_split(validation_split, subset, shuffle, seed)
    paths, numbers, names = _indexed(directory, labels, class_names, follow_links, verbose)
    if label_mode is None:
        numbers = None
    if numbers is not None and names is not None and len(names) == 1:
        _warn_of_one_class(directory, names[0])
    settings = {name: given[name] for name in SETTINGS}
    return _datasets(paths, numbers, names, seed, validation_split, subset, on_error, settings)


def image_dataset_from_dataframe(
    dataframe: Any,
    directory: Any = None,
    x_col: str = "filename",
    y_col: Any = "class",
    label_mode: str | None = "int",
    class_names: Any = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: Any = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    verbose: bool = True,
    *,
    augment: Any = None,
    preprocess: Any = None,
    cache: Any = None,
    on_error: str = "raise",
    workers: int | None = None,
) -> Any:
    """A dataset of the images that a table names, a row each.

    Args:
        dataframe: of pandas, or a dict of columns.
        directory: the folder that file names are relative to, or None.
        x_col: the column of file names.
        y_col: the column of classes, names or numbers; with ``label_mode="raw"`` a column of numbers, or a list of
            such columns; or None.
        label_mode: "int", "categorical", "binary", "raw" or None.
        class_names: the classes in their order; sorted unless given.
        color_mode: as in ``image_dataset_from_directory``, as are all others.
        batch_size: None gives single images.
        image_size: (height, width), or a number for both.
        shuffle: whether rows are shuffled before they are split, and in each epoch.
        seed: of that and of ``augment``.
        validation_split: which part of the rows, the last, is for validation.
        subset: "training", "validation", or "both".
        interpolation: how images are resized.
        crop_to_aspect_ratio: whether the centre is cut out.
        pad_to_aspect_ratio: whether zeros are put around.
        data_format: "channels_last" (unless given) or "channels_first".
        verbose: whether to say how many files there are.
        augment: for each image of each epoch.
        preprocess: for each batch.
        cache: None, "memory", or a path that ends in ".npy".
        on_error: "raise" or "skip".
        workers: how many threads load ahead.

    Returns:
        An ``ImageDataset``, or two where ``subset`` is "both".

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     for name in ("1.ppm", "2.ppm"):
        ...         _ = (Path(folder) / name).write_bytes(b"P6 1 1 255 abc")
        ...     table = {"filename": ["1.ppm", "2.ppm"], "class": ["dog", "cat"]}
        ...     data = image_dataset_from_dataframe(table, folder, image_size=8, shuffle=False)
        ...     data[0][1].tolist(), data.class_names
        Found 2 files belonging to 2 classes.
        ([1, 0], ['cat', 'dog'])
    """
    given = locals()
    from pathlib import Path

    _check_split(validation_split, subset, shuffle, seed)
    paths = [str(name) if directory is None else str(Path(directory) / str(name)) for name in _column(dataframe, x_col)]
    if not paths:
        raise ValueError(f"dataframe has no rows: its column {x_col!r} is empty")
    missing = [path for path in paths if not Path(path).is_file()] if on_error == "raise" else []
    if missing:
        raise FileNotFoundError(
            f"{len(missing)} of {len(paths)} files of column {x_col!r} do not exist, the first is {missing[0]}: give "
            "the folder they are in as directory, or pass on_error='skip'"
        )
    numbers, names = _classes(dataframe, None if label_mode is None else y_col, label_mode, class_names)
    if verbose:
        print(f"Found {len(paths)} files" + (f" belonging to {len(names)} classes." if names is not None else "."))
    settings = {name: given[name] for name in SETTINGS}
    return _datasets(paths, numbers, names, seed, validation_split, subset, on_error, settings)


def _column(dataframe: Any, name: str) -> list[Any]:
    try:
        return list(dataframe[name])
    except KeyError:
        columns = [str(column) for column in dataframe]
        raise ValueError(f"dataframe has no column {name!r}; it has {columns}") from None


def _classes(dataframe: Any, y_col: Any, label_mode: str | None, class_names: Any) -> tuple[Any, Any]:
    """The labels of all rows, and the names of the classes."""
    if y_col is None:
        return None, None
    if label_mode == "raw":
        columns = [np.asarray(_column(dataframe, name)) for name in ([y_col] if isinstance(y_col, str) else y_col)]
        return columns[0] if isinstance(y_col, str) else np.stack(columns, axis=1), None
    given = _column(dataframe, y_col)
    names = sorted(set(given)) if class_names is None else list(class_names)
    numbers = {name: i for i, name in enumerate(names)}
    unknown = sorted({str(value) for value in given if value not in numbers})
    if unknown:
        raise ValueError(f"column {y_col!r} has classes that class_names lacks: {unknown}; class_names is {names}")
    return np.array([numbers[value] for value in given], np.int32), [str(name) for name in names]


def _check_split(split: float | None, subset: str | None, shuffle: bool, seed: int | None) -> None:
    if subset not in (None, "training", "validation", "both"):
        raise ValueError(f"subset must be 'training', 'validation', 'both' or None, got {subset!r}")
    if (split is None or split == 0) != (subset is None):
        raise ValueError(
            "validation_split and subset must be given both or neither, got "
            f"validation_split={split}, subset={subset!r}"
        )
    if split and not 0 < split < 1:
        raise ValueError(f"validation_split must be between 0 and 1, got {split}")
    if split and shuffle and seed is None:
        raise ValueError(
            "seed must be given where validation_split is, and shuffle is True: without it, images of one subset would "
            "be in the other, too"
        )


def _indexed(
    directory: Any, labels: Any, class_names: Any, follow_links: bool, verbose: bool
) -> tuple[list[str], Any, list[str] | None]:
    """Paths, class numbers or None, names of classes or None."""
    from fastcnn.data.folders import existing, files_below, list_folder

    numbers: Any = None
    names: list[str] | None = None
    if isinstance(labels, str) and labels == "inferred":
        paths, numbers, names = list_folder(directory, class_names, follow_links)
    else:
        if labels is not None and (isinstance(labels, str) or not hasattr(labels, "__len__")):
            raise ValueError(f"labels must be 'inferred', None or a list of class numbers, got {labels!r}")
        if class_names is not None:
            raise ValueError(f"class_names can only be given where labels is 'inferred', got labels={labels!r}")
        paths = files_below(existing(directory), follow_links)
        if not paths:
            raise ValueError(f"{directory} has no images in it or below it")
        if labels is not None:
            if len(labels) != len(paths):
                raise ValueError(f"labels must be as many as the {len(paths)} images in {directory}, got {len(labels)}")
            numbers, names = np.asarray(labels), [str(label) for label in sorted(set(labels))]
    if verbose:
        print(f"Found {len(paths)} files" + (f" belonging to {len(names)} classes." if names is not None else "."))
    return paths, numbers, names


def _warn_of_one_class(directory: Any, name: str) -> None:
    import warnings

    warnings.warn(
        f"{directory} has a single class folder, {name!r}: there is nothing to tell apart. If the class folders are in "
        "it, give it as directory; if there are no classes, pass labels=None",
        stacklevel=4,
    )


def _datasets(
    paths: list[str],
    numbers: Any,
    names: list[str] | None,
    seed: int | None,
    split: float | None,
    subset: str | None,
    on_error: str,
    settings: dict[str, Any],
) -> Any:
    """The dataset of all, of one subset, or those of both."""
    from fastcnn.data import ImageDataset
    from fastcnn.data.checking import readable
    from fastcnn.random import draw_seed

    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error must be 'raise' or 'skip', got {on_error!r}")
    if on_error == "skip":
        paths, numbers = readable(paths, numbers, settings["workers"], settings["verbose"])
    seed = draw_seed() if seed is None else seed
    if settings["shuffle"]:
        # Keras's order: the same files are on the same side of a split.
        order = np.arange(len(paths))
        np.random.RandomState(seed).shuffle(order)
        paths = [paths[i] for i in order]
        numbers = None if numbers is None else numbers[order]
    settings = {**settings, "class_names": names, "seed": seed}
    if subset is None:
        return ImageDataset(paths, numbers, **settings)
    held = int(len(paths) * (split or 0))
    if held in (0, len(paths)):
        raise ValueError(f"validation_split={split} of {len(paths)} images leaves one subset empty; give more images")
    cut = len(paths) - held
    made = []
    for name, part in (("training", slice(cut)), ("validation", slice(cut, None))):
        if subset not in (name, "both"):
            continue
        if settings["verbose"]:
            print(f"Using {len(paths[part])} files for {name}.")
        own = dict(settings)
        if name == "validation":
            own.update(shuffle=False, augment=None, cache=_second(settings["cache"], subset))
        made.append(ImageDataset(paths[part], None if numbers is None else numbers[part], **own))
    return made if subset == "both" else made[0]


def _second(cache: Any, subset: str) -> Any:
    """Where the validation images are cached."""
    if subset != "both" or cache in (None, "memory") or not isinstance(cache, (str, os.PathLike)):
        return cache
    from pathlib import Path

    return Path(cache).with_name(f"{Path(cache).stem}-validation{Path(cache).suffix}")
