"""Keras's ``keras.utils``: labels, splits, batches by number, images, seeds and names for objects of one's own."""

from fastcnn.absent import explain_absent
from fastcnn.backend import clear_session
from fastcnn.registry import (
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    register_keras_serializable,
)
from fastcnn.utils.image_datasets import image_dataset_from_dataframe, image_dataset_from_directory
from fastcnn.utils.image_utils import array_to_img, img_to_array, load_img, save_img, smart_resize
from fastcnn.utils.labels import normalize, to_categorical
from fastcnn.utils.packing import pack_x_y_sample_weight, pad_sequences, unpack_x_y_sample_weight
from fastcnn.utils.plotting import plot_model
from fastcnn.utils.seeding import set_random_seed
from fastcnn.utils.sequences import PyDataset, Sequence
from fastcnn.utils.splits import split_dataset

CustomObjectScope = custom_object_scope

__all__ = [
    "CustomObjectScope",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "clear_session",
    "custom_object_scope",
    "get_custom_objects",
    "get_registered_name",
    "image_dataset_from_dataframe",
    "image_dataset_from_directory",
    "img_to_array",
    "load_img",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "save_img",
    "set_random_seed",
    "smart_resize",
    "split_dataset",
    "to_categorical",
    "unpack_x_y_sample_weight",
]
explain_absent(__name__)
