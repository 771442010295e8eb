"""ImageDataset: batches of images from files."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.data.caching import FileCache, MemoryCache
from fastcnn.data.chaining import AUTOTUNE, Chaining
from fastcnn.data.checking import readable
from fastcnn.data.images import ImageFiles
from fastcnn.data.loader import default_workers, in_order
from fastcnn.data.stages import augmented, check_stages, preprocessed
from fastcnn.random import draw_seed
from fastcnn.training.pydataset import PyDataset

__all__ = ["AUTOTUNE", "ImageDataset"]

Array = np.ndarray[Any, Any]
LABEL_MODES = ("int", "categorical", "binary", "raw", None)


class _Shown(np.ndarray[Any, Any]):
    """An array that has TensorFlow's ``numpy()``, too: programs written for its datasets call it."""

    def numpy(self) -> Array:
        """The plain array."""
        return np.asarray(self)


def _shown(batch: Any) -> Any:
    if isinstance(batch, tuple):
        return tuple(_shown(part) for part in batch)
    return batch.view(_Shown) if type(batch) is np.ndarray else batch


class ImageDataset(Chaining, PyDataset):
    """Batches of images that are read, resized, augmented and preprocessed by threads, ahead of the training.

    It goes straight into ``fit``, ``evaluate`` and ``predict``, and can be iterated over. The order of an epoch and all
    random choices follow from (seed, epoch, index of the file) alone: any number of workers gives the same bits. Each
    pass is an epoch of its own; a ``fit`` that goes on after an interruption finds its place again.

    Args:
        file_paths: of the images.
        labels: the class of each, numbers from 0; with ``label_mode="raw"`` any numbers; or None.
        class_names: the names of the classes.
        label_mode: "int" gives labels as int32 (n,), "categorical" as float32 one-hot (n, classes), "binary" as float32
            (n, 1), "raw" as float32 as they are. None gives images without labels.
        color_mode: "rgb", "grayscale" or "rgba".
        batch_size: None gives single images.
        image_size: (height, width), or a number for both; None leaves each as it is, for ``augment`` to crop.
        shuffle: whether each epoch has an order of its own.
        seed: of the order and of ``augment``; drawn from the global seed unless given.
        interpolation: "bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian" or "mitchellcubic".
        crop_to_aspect_ratio: whether the centre is cut out, so that nothing is distorted.
        pad_to_aspect_ratio: whether the whole image is kept, with zeros around it, so that nothing is distorted.
        data_format: "channels_last" (unless given) or "channels_first".
        augment: a transform of ``fastcnn.augment`` or any function of an image, for each image of each epoch; it sees
            uint8 pixels 0..255.
        preprocess: a function of a batch of float32 pixels 0..255, such as ``applications.vgg16.preprocess_input``.
        cache: "memory" keeps decoded images in memory; a path that ends in ".npy" keeps them in that file, which is
            written now and mapped into memory.
        on_error: what is done about files that cannot be read: "raise", or "skip", which decodes all of them once now,
            leaves the unreadable ones out, and names them in one warning.
        workers: how many threads load batches ahead; 0 loads each when it is wanted. As many as there are cores, but at
            most 4, unless given.
        max_queue_size: how many batches are under way or waiting at most; two more than ``workers`` unless given.
        verbose: whether a progress bar is shown where it takes long.

    Attributes:
        class_names, file_paths, labels: as given, without the files that were skipped.
        epoch: the number of the pass that comes next.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     for i in range(3):
        ...         _ = (Path(folder) / f"{i}.ppm").write_bytes(b"P6 1 1 255 " + bytes([i, 10, 20]))
        ...     files = sorted(Path(folder).iterdir())
        ...     data = ImageDataset(files, [0, 1, 1], image_size=(2, 2), batch_size=2)
        ...     [(x.shape, y.tolist()) for x, y in data]
        [((2, 2, 2, 3), [0, 1]), ((1, 2, 2, 3), [1])]
    """

    def __init__(
        self,
        file_paths: Any,
        labels: Any = None,
        *,
        class_names: Any = None,
        label_mode: str | None = "int",
        color_mode: str = "rgb",
        batch_size: int | None = 32,
        image_size: Any = (256, 256),
        shuffle: bool = False,
        seed: int | None = None,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        data_format: str | None = None,
        augment: Any = None,
        preprocess: Any = None,
        cache: Any = None,
        on_error: str = "raise",
        workers: int | None = None,
        max_queue_size: int | None = None,
        verbose: bool = True,
    ):
        workers = default_workers(workers)
        super().__init__(workers, max_queue_size=workers + 2 if max_queue_size is None else max_queue_size)
        check_stages(augment, preprocess)
        if data_format not in (None, "channels_last", "channels_first"):
            raise ValueError(f"data_format must be 'channels_last' or 'channels_first', got {data_format!r}")
        if batch_size is not None and (isinstance(batch_size, bool) or batch_size != int(batch_size) or batch_size < 1):
            raise ValueError(f"batch_size must be a positive int or None, got {batch_size!r}")
        paths = [str(path) for path in file_paths]
        if on_error not in ("raise", "skip"):
            raise ValueError(f"on_error must be 'raise' or 'skip', got {on_error!r}")
        if on_error == "skip":
            paths, labels = readable(paths, labels, workers, verbose)
        if not paths:
            raise ValueError("file_paths is empty: there are no images")
        self.file_paths, self.verbose = paths, verbose
        self.class_names = None if class_names is None else list(class_names)
        self.label_mode = None if labels is None else label_mode
        self.labels, self._targets = labels, _targets(labels, self.label_mode, self.class_names, len(paths))
        self.batch_size, self.shuffling = batch_size, bool(shuffle)
        self.seed = draw_seed() if seed is None else int(seed)
        self.data_format = data_format or "channels_last"
        self.augment, self.preprocess = augment, preprocess
        self.files = ImageFiles(
            paths, color_mode, image_size, interpolation, crop_to_aspect_ratio, pad_to_aspect_ratio,
            whole_numbers=augment is not None,
        )  # fmt: skip
        self._images: Any = self._cached(cache)
        self.epoch = 0
        self._maps: tuple[Any, ...] = ()
        self._window = (0, -(-len(paths) // (batch_size or 1)))
        self._order: tuple[int, Any] = (-1, None)

    def _cached(self, cache: Any) -> Any:
        if cache is None:
            return self.files
        if cache == "memory":
            return MemoryCache(len(self.files), self.files.__getitem__)
        if not isinstance(cache, (str, os.PathLike)) or Path(cache).suffix != ".npy":
            raise ValueError(f"cache must be None, 'memory' or a path that ends in '.npy', got {cache!r}")
        if self.files.image_size is None:
            raise ValueError("cache: a .npy file needs images of one size, but image_size is None; use 'memory'")
        files = self.files
        return FileCache(
            cache, files.shape, files.dtype, files.__getitem__, files.identity(), max(1, self.workers), self.verbose
        )

    def __repr__(self) -> str:
        kinds = "" if self.class_names is None else f" of {len(self.class_names)} classes"
        size = f", {len(self)} batches of {self.batch_size}" if self.batch_size else ""
        return f"<ImageDataset: {len(self.file_paths)} images{kinds}{size}>"

    def __len__(self) -> int:
        return self._window[1] - self._window[0]

    def order(self, epoch: int) -> Any:
        """The numbers of the files, in the order of an epoch."""
        found = self._order
        if found[0] != epoch:
            n = len(self.file_paths)
            order = kernels.permutation(n, self.seed, stream=epoch) if self.shuffling else np.arange(n)
            self._order = found = (epoch, order)
        return found[1]

    def batch_at(self, epoch: int, index: int) -> Any:
        """A batch of an epoch, as a function of these two numbers; several threads may call it at a time."""
        size = self.batch_size or 1
        place = (self._window[0] + index) * size
        numbers = self.order(epoch)[place : place + size]
        images = [self._image(int(i), epoch) for i in numbers]
        shapes = {image.shape for image in images}
        if len(shapes) > 1:
            raise ValueError(
                f"the images of a batch must have one shape, got {sorted(shapes)}: set image_size, or let augment crop "
                "or resize to one size"
            )
        x = np.empty((len(images), *images[0].shape), np.float32)
        for row, image in zip(x, images, strict=True):
            row[...] = image
        if self.preprocess is not None:
            x = preprocessed(self.preprocess, x)
        if self.data_format == "channels_first":
            x = np.ascontiguousarray(np.moveaxis(x, -1, 1))
        y = None if self._targets is None else self._targets[numbers]
        if self.batch_size is None:
            x, y = x[0], None if y is None else y[0]
        return x if y is None else (x, y)

    def _image(self, index: int, epoch: int) -> Array:
        image = self._images[index]
        if self.augment is None:
            return image
        # A transform may work in place, but not on what is kept.
        own = image if self._images is self.files else np.array(image)
        try:
            return augmented(self.augment, own, (self.seed, epoch, index), self.preprocess)
        except Exception as error:
            error.add_note(f"while {self.file_paths[index]}, of shape {own.shape}, was augmented")
            raise

    def finish(self, batch: Any) -> Any:
        """What ``map`` asked for; one thread calls it, in the order of the batches."""
        for function in self._maps:
            batch = function(*batch) if isinstance(batch, tuple) else function(batch)
        return batch

    def __getitem__(self, index: int) -> Any:
        if not -len(self) <= index < len(self):
            raise IndexError(f"batch {index} of a dataset of {len(self)}")
        return _shown(self.finish(self.batch_at(self.epoch, index % len(self))))

    def __iter__(self) -> Iterator[Any]:
        epoch = self.epoch
        loaded = in_order(lambda i: self.batch_at(epoch, i), range(len(self)), self.workers, self.max_queue_size)
        with closing(loaded):  # type: ignore[type-var]  # a generator
            for batch in loaded:
                yield _shown(self.finish(batch))
        self.epoch = epoch + 1

    def on_epoch_end(self) -> None:
        """The next epoch has another order and other random choices."""
        self.epoch += 1


def _targets(labels: Any, mode: str | None, class_names: Any, count: int) -> Array | None:
    """The labels as batches will hold them."""
    if mode not in LABEL_MODES:
        raise ValueError(f"label_mode must be 'int', 'categorical', 'binary', 'raw' or None, got {mode!r}")
    if labels is None or mode is None:
        return None
    given = np.asarray(labels)
    if len(given) != count:
        raise ValueError(f"labels must be as many as the {count} files, got {len(given)}")
    if given.dtype.kind not in "biuf":
        raise TypeError(f"labels must be numbers, got {given.dtype}; class names belong into class_names")
    if mode == "raw":
        return given.astype(np.float32)
    if given.ndim != 1 or (given != given.astype(np.int64)).any() or given.min() < 0:
        raise ValueError(f"labels must be one class number from 0 for each file, got {given.dtype} {given.shape}")
    if mode == "int":
        return given.astype(np.int32)
    classes = len(class_names) if class_names is not None else int(given.max()) + 1
    if given.max() >= classes:
        raise ValueError(f"labels must be below the number of classes, {classes}, got {given.max()}")
    if mode == "binary":
        if classes != 2:
            raise ValueError(f"label_mode='binary' needs exactly 2 classes, got {classes}: {class_names}")
        return given.astype(np.float32)[:, None]
    one_hot: Array = np.eye(classes, dtype=np.float32)[given.astype(np.int64)]
    return one_hot
