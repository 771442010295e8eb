"""ImageDataGenerator: batches of pictures, changed at random anew in every epoch, from arrays, folders or tables."""

from typing import Any

import numpy as np

from fastcnn import backend
from fastcnn.checked import Checked
from fastcnn.layers.arguments import choice
from fastcnn.preprocessing.image.affine import BORDERS, generator_from, interpolation_of
from fastcnn.preprocessing.image.arrays import NumpyArrayIterator
from fastcnn.preprocessing.image.directory import DirectoryIterator
from fastcnn.preprocessing.image.iterator import warn_of_channels
from fastcnn.preprocessing.image.statistics import check_centring, find_statistics, standardized
from fastcnn.preprocessing.image.table import DataFrameIterator
from fastcnn.preprocessing.image.transforming import drawn, transformed

__all__ = ["ImageDataGenerator"]

Array = np.ndarray[Any, Any]


class ImageDataGenerator(Checked):
    """Changes pictures at random while a network trains, and brings them to the range that it likes.

    Every picture is first changed (rotation, shift, shear and zoom in one go, then channel shift, flips, brightness),
    then standardized (``preprocessing_function``, ``rescale``, centring, scaling, whitening). What is drawn for a
    picture follows from the seed, the epoch and the number of the picture alone, so results do not depend on threads.

    Args:
        featurewise_center: whether to subtract the mean of each channel, found by ``fit``.
        samplewise_center: whether to subtract from each picture its own mean.
        featurewise_std_normalization: whether to divide by the standard deviation of each channel, found by ``fit``.
        samplewise_std_normalization: whether to divide each picture by its own standard deviation.
        zca_whitening: whether to whiten by ZCA, with the matrix found by ``fit``.
        zca_epsilon: added to the singular values there.
        rotation_range: the largest rotation, in degrees.
        width_shift_range: the largest shift to the side: a part of the width below 1, else pixels; an int n: fewer
            than n pixels, whole ones; a list: one of its elements, in either direction.
        height_shift_range: likewise, up and down. (Keras 3 exchanges the two.)
        brightness_range: two numbers, the smallest and the largest factor.
        shear_range: the largest shear, in degrees.
        zoom_range: z, for factors from 1 - z to 1 + z, or two numbers; above 1 the picture shrinks.
        channel_shift_range: the largest number added to all channels.
        fill_mode: what is beyond the edges: "nearest", "constant", "reflect" or "wrap".
        cval: the value of "constant".
        horizontal_flip: whether every other picture is mirrored left to right.
        vertical_flip: likewise, top to bottom.
        rescale: a factor for all values, such as 1 / 255; None or 0 for none.
        preprocessing_function: called with each picture (h, w, c) after it was changed; returns one of the same
            shape. Unless ``workers`` says otherwise, one thread does all calls, in order.
        data_format: "channels_last" or "channels_first".
        validation_split: the part of the pictures that ``subset="validation"`` gets.
        interpolation_order: 0 (nearest), 1 (linear) or 3 (cubic).
        dtype: of the batches, "float32".

    Example:
        >>> import numpy as np
        >>> pictures, labels = np.zeros((10, 8, 8, 3), "uint8"), np.arange(10)
        >>> batches = ImageDataGenerator(rotation_range=20, horizontal_flip=True).flow(pictures, labels, batch_size=4)
        >>> x, y = batches[0]
        >>> x.shape, y.shape, len(batches)
        ((4, 8, 8, 3), (4,), 3)
    """

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: Any = 0.0,
        height_shift_range: Any = 0.0,
        brightness_range: Any = None,
        shear_range: float = 0.0,
        zoom_range: Any = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Any = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: Any = None,
    ):
        self.featurewise_center, self.samplewise_center = featurewise_center, samplewise_center
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening, self.zca_epsilon = zca_whitening, zca_epsilon
        self.rotation_range, self.shear_range = rotation_range, shear_range
        self.width_shift_range, self.height_shift_range = width_shift_range, height_shift_range
        self.channel_shift_range = channel_shift_range
        self.fill_mode, self.cval = choice(fill_mode, tuple(BORDERS), "fill_mode"), cval
        self.horizontal_flip, self.vertical_flip = horizontal_flip, vertical_flip
        self.rescale, self.preprocessing_function = rescale, preprocessing_function
        self.interpolation_order, self.validation_split = interpolation_order, validation_split
        self.data_format = choice(
            data_format or backend.image_data_format(), ("channels_last", "channels_first"), "data_format"
        )
        self.dtype = np.dtype(dtype or backend.floatx()).name
        first = self.data_format == "channels_first"
        self.channel_axis, self.row_axis, self.col_axis = (1, 2, 3) if first else (3, 1, 2)
        self.zoom_range = _zoom_range(zoom_range)
        self.brightness_range = _two_or_none(brightness_range)
        self.mean: Array | None = None
        self.std: Array | None = None
        self.zca_whitening_matrix: Array | None = None
        self._check()
        check_centring(self)

    def _check(self) -> None:
        interpolation_of(self.interpolation_order, "interpolation_order")
        if not 0 <= self.validation_split < 1:
            raise ValueError(f"validation_split must be at least 0 and below 1, got {self.validation_split!r}")
        if np.dtype(self.dtype).kind != "f":
            raise ValueError(f"dtype must be a type of numbers with a fraction, such as 'float32', got {self.dtype!r}")
        if self.preprocessing_function is not None and not callable(self.preprocessing_function):
            raise TypeError(
                f"preprocessing_function must be a function of a picture, got {type(self.preprocessing_function)}"
            )
        for name in ("rotation_range", "shear_range", "channel_shift_range"):
            value = getattr(self, name)
            if not isinstance(value, (int, float)) or value < 0:
                raise ValueError(f"{name} must be a number of at least 0, got {value!r}")

    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        ignore_class_split: bool = False,
        subset: str | None = None,
        workers: int | None = None,
    ) -> NumpyArrayIterator:
        """Batches of pictures that are in memory.

        Args:
            x: (n, h, w, c); or ``(x, others)``, where the others are arrays of n rows that go along unchanged.
            y: n labels of any shape, or None.
            batch_size: pictures in a batch; the last one has what remains.
            shuffle: whether their order changes with each epoch.
            sample_weight: n numbers.
            seed: of the order and the changes; from the global seed unless given.
            save_to_dir: a folder where the pictures of the batches are stored, to look at.
            save_prefix: begins their names.
            save_format: of their files.
            ignore_class_split: whether to accept that training and validation have different classes.
            subset: "training" or "validation", the parts that ``validation_split`` makes.
            workers: how many threads prepare batches while a network trains.

        Returns:
            A ``NumpyArrayIterator``: for ``fit``, or to be asked for batches by number or by ``next``.

        Example:
            >>> import numpy as np
            >>> len(ImageDataGenerator().flow(np.zeros((10, 4, 4, 1)), batch_size=5))
            2
        """
        return NumpyArrayIterator(
            x,
            y,
            self,
            batch_size=batch_size,
            shuffle=shuffle,
            sample_weight=sample_weight,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            ignore_class_split=ignore_class_split,
            dtype=self.dtype,
            workers=workers,
        )

    def flow_from_directory(
        self,
        directory: Any,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Any = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        workers: int | None = None,
    ) -> DirectoryIterator:
        """Batches of the pictures in a folder that has a folder for each class.

        Args:
            directory: the folder; with ``class_mode=None`` it may have pictures only.
            target_size: (height, width) that all pictures get.
            color_mode: "rgb", "rgba" or "grayscale".
            classes: names of the class folders to take, in the order of their numbers; all, sorted, unless given.
            class_mode: what a batch has for y: "categorical" (one-hot), "binary" or "sparse" (numbers), "input" (the
                pictures themselves), None (no y at all).
            batch_size: pictures in a batch.
            shuffle: whether their order changes with each epoch.
            seed: of the order and the changes; from the global seed unless given.
            save_to_dir: a folder where the pictures of the batches are stored, to look at.
            save_prefix: begins their names.
            save_format: of their files.
            follow_links: whether links to folders are followed.
            subset: "training" or "validation", the parts that ``validation_split`` makes of each class.
            interpolation: "nearest", "bilinear", "bicubic", "lanczos", "box" or "hamming".
            keep_aspect_ratio: whether to cut the middle out rather than to distort.
            workers: how many threads read and prepare batches while a network trains.

        Returns:
            A ``DirectoryIterator`` with ``class_indices``, ``classes``, ``filenames``, ``filepaths`` and ``samples``.

        Example:
            >>> from pathlib import Path
            >>> from tempfile import TemporaryDirectory
            >>> with TemporaryDirectory() as folder:
            ...     for name in ("cat/1.ppm", "dog/1.ppm", "dog/2.ppm"):
            ...         (Path(folder) / name).parent.mkdir(exist_ok=True)
            ...         _ = (Path(folder) / name).write_bytes(b"P6 1 1 255 " + bytes([10, 20, 30]))
            ...     batches = ImageDataGenerator().flow_from_directory(folder, target_size=(2, 2), shuffle=False)
            ...     x, y = batches[0]
            Found 3 images belonging to 2 classes.
            >>> x.shape, y.tolist(), batches.class_indices
            ((3, 2, 2, 3), [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]], {'cat': 0, 'dog': 1})
        """
        return DirectoryIterator(
            directory,
            self,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            follow_links=follow_links,
            subset=subset,
            interpolation=interpolation,
            keep_aspect_ratio=keep_aspect_ratio,
            dtype=self.dtype,
            workers=workers,
        )

    def flow_from_dataframe(
        self,
        dataframe: Any,
        directory: Any = None,
        x_col: str = "filename",
        y_col: Any = "class",
        weight_col: str | None = None,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Any = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        validate_filenames: bool = True,
        keep_aspect_ratio: bool = False,
        workers: int | None = None,
    ) -> DataFrameIterator:
        """Batches of the pictures that a table names.

        Args:
            dataframe: a pandas DataFrame, or anything that gives a column for ``dataframe[name]``.
            directory: where the files are, unless the table has whole paths.
            x_col: the column with the files.
            y_col: the column with the labels; a list of columns for "multi_output", and for "raw" if there are many.
            weight_col: the column with weights of the samples.
            target_size: (height, width) that all pictures get.
            color_mode: "rgb", "rgba" or "grayscale".
            classes: the classes to take, in the order of their numbers; all, sorted, unless given. Rows of other
                classes are left out.
            class_mode: what a batch has for y: "categorical" (one-hot; a list of classes in a row gives several ones),
                "binary" or "sparse" (numbers), "raw" (what is in the column), "multi_output" (a list of arrays, one
                for each column), "input" (the pictures themselves), None (no y at all).
            batch_size: pictures in a batch.
            shuffle: whether their order changes with each epoch.
            seed: of the order and the changes; from the global seed unless given.
            save_to_dir: a folder where the pictures of the batches are stored, to look at.
            save_prefix: begins their names.
            save_format: of their files.
            subset: "training" or "validation", the parts that ``validation_split`` makes.
            interpolation: "nearest", "bilinear", "bicubic", "lanczos", "box" or "hamming".
            validate_filenames: whether rows whose file is missing or no picture by its name are left out.
            keep_aspect_ratio: whether to cut the middle out rather than to distort.
            workers: how many threads read and prepare batches while a network trains.

        Returns:
            A ``DataFrameIterator`` with ``class_indices``, ``classes``, ``filenames``, ``filepaths`` and ``samples``.

        Example:
            >>> from pathlib import Path
            >>> from tempfile import TemporaryDirectory
            >>> table = {"filename": ["1.ppm", "2.ppm"], "class": ["cat", "dog"]}
            >>> with TemporaryDirectory() as folder:
            ...     for name in table["filename"]:
            ...         _ = (Path(folder) / name).write_bytes(b"P6 1 1 255 " + bytes([10, 20, 30]))
            ...     batches = ImageDataGenerator().flow_from_dataframe(
            ...         table, folder, target_size=(2, 2), class_mode="binary", shuffle=False
            ...     )
            ...     x, y = batches[0]
            Found 2 validated image filenames belonging to 2 classes.
            >>> x.shape, y.tolist(), batches.filenames
            ((2, 2, 2, 3), [0.0, 1.0], ['1.ppm', '2.ppm'])
        """
        return DataFrameIterator(
            dataframe,
            directory,
            self,
            x_col=x_col,
            y_col=y_col,
            weight_col=weight_col,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            interpolation=interpolation,
            keep_aspect_ratio=keep_aspect_ratio,
            dtype=self.dtype,
            validate_filenames=validate_filenames,
            workers=workers,
        )

    def standardize(self, x: Any) -> Array:
        """Brings a picture or a batch to the range that the settings say, in place where that can be.

        Args:
            x: (h, w, c) or (n, h, w, c).

        Example:
            >>> import numpy as np
            >>> ImageDataGenerator(rescale=1 / 255).standardize(np.full((1, 1, 1), 255.0)).tolist()
            [[[1.0]]]
        """
        return standardized(self, x)

    def get_random_transform(self, img_shape: Any, seed: int | None = None) -> dict[str, Any]:
        """Draws what is to be done to a picture.

        Args:
            img_shape: of the picture, three numbers.
            seed: of the draws; from the global seed unless given.

        Returns:
            A dict with theta, tx, ty, shear, zx, zy, flip_horizontal, flip_vertical, channel_shift_intensity and
            brightness: see ``apply_transform``.

        Example:
            >>> ImageDataGenerator(rotation_range=10).get_random_transform((8, 8, 3), seed=1)["theta"]
            -1.6595599059485195
        """
        return drawn(self, img_shape, generator_from(seed))

    def apply_transform(self, x: Any, transform_parameters: dict[str, Any]) -> Array:
        """Does to a picture what is said.

        Args:
            x: (h, w, c), or (c, h, w) where the generator has "channels_first".
            transform_parameters: any of theta (rotation in degrees), tx and ty (how many pixels further right and
                down the source lies), shear (in degrees), zx and zy (zoom of columns and rows), flip_horizontal,
                flip_vertical, channel_shift_intensity, brightness.

        Example:
            >>> import numpy as np
            >>> ImageDataGenerator().apply_transform(np.array([[[1.0], [2.0]]]), {"flip_horizontal": True}).tolist()
            [[[2.0], [1.0]]]
        """
        return transformed(self, x, transform_parameters)

    def random_transform(self, x: Any, seed: int | None = None) -> Array:
        """Changes a picture at random.

        Args:
            x: (h, w, c), or (c, h, w) where the generator has "channels_first".
            seed: of the draws; from the global seed unless given.

        Example:
            >>> import numpy as np
            >>> ImageDataGenerator(rotation_range=10).random_transform(np.ones((8, 8, 3), "float32")).shape
            (8, 8, 3)
        """
        x = np.asarray(x)
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Finds mean, standard deviation and whitening matrix, where the settings ask for them.

        Args:
            x: (n, h, w, c), a sample of the training pictures.
            augment: whether to look at randomly changed pictures instead.
            rounds: how many of each, then.
            seed: of the changes; from the global seed unless given.

        Example:
            >>> import numpy as np
            >>> generator = ImageDataGenerator(featurewise_center=True)
            >>> generator.fit(np.array([1.0, 3.0]).reshape(2, 1, 1, 1))
            >>> generator.mean.tolist()
            [[[2.0]]]
        """
        x = np.array(x, self.dtype)
        if x.ndim != 4:
            raise ValueError(f"x must be pictures (n, h, w, c), got shape {x.shape}")
        if not len(x):
            raise ValueError("x has no pictures; fit needs one at least")
        warn_of_channels(x.shape, self.channel_axis, self.data_format)
        if self.rescale:
            x *= self.rescale
        if augment:
            numbers = generator_from(seed)
            x = np.stack(
                [
                    self.apply_transform(picture, drawn(self, picture.shape, numbers))
                    for _ in range(rounds)
                    for picture in x
                ]
            )
        find_statistics(self, x)


def _zoom_range(value: Any) -> list[float]:
    if isinstance(value, (int, float)):
        return [1 - value, 1 + value]
    if np.shape(value) != (2,):
        raise ValueError(f"zoom_range must be a number or two, the smallest and the largest factor, got {value!r}")
    return [value[0], value[1]]


def _two_or_none(value: Any) -> Any:
    if value is not None and np.shape(value) != (2,):
        raise ValueError(f"brightness_range must be two numbers, the smallest and the largest factor, got {value!r}")
    return value
