"""Keras's ``keras.utils``: labels, splits, batches by number, seeds and names for objects of one's own."""

from fastcnn.registry import (
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    register_keras_serializable,
)
from fastcnn.utils.labels import normalize, to_categorical
from fastcnn.utils.seeding import set_random_seed
from fastcnn.utils.sequences import PyDataset, Sequence
from fastcnn.utils.splits import split_dataset

CustomObjectScope = custom_object_scope

__all__ = [
    "CustomObjectScope",
    "PyDataset",
    "Sequence",
    "custom_object_scope",
    "get_custom_objects",
    "get_registered_name",
    "normalize",
    "register_keras_serializable",
    "set_random_seed",
    "split_dataset",
    "to_categorical",
]
