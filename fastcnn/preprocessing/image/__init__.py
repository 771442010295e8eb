"""Keras's ``preprocessing.image``: pictures from files, changed at random while a network trains."""

from fastcnn.preprocessing.image.affine import apply_affine_transform
from fastcnn.preprocessing.image.arrays import NumpyArrayIterator
from fastcnn.preprocessing.image.directory import DirectoryIterator
from fastcnn.preprocessing.image.generator import ImageDataGenerator
from fastcnn.preprocessing.image.iterator import Iterator
from fastcnn.preprocessing.image.pixels import (
    apply_brightness_shift,
    apply_channel_shift,
    random_brightness,
    random_channel_shift,
)
from fastcnn.preprocessing.image.random_affine import random_rotation, random_shear, random_shift, random_zoom
from fastcnn.preprocessing.image.table import DataFrameIterator
from fastcnn.utils.image_utils import array_to_img, img_to_array, load_img, save_img, smart_resize

__all__ = [
    "DataFrameIterator",
    "DirectoryIterator",
    "ImageDataGenerator",
    "Iterator",
    "NumpyArrayIterator",
    "apply_affine_transform",
    "apply_brightness_shift",
    "apply_channel_shift",
    "array_to_img",
    "img_to_array",
    "load_img",
    "random_brightness",
    "random_channel_shift",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
    "save_img",
    "smart_resize",
]
