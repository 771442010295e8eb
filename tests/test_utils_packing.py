"""Sequences of one length, batches of one to three parts, and the short names of what every program needs."""

import numpy as np
import pytest

import fastcnn
from fastcnn import initializers, layers, losses, metrics, optimizers, preprocessing, regularizers, utils

ROWS = [[1], [2, 3, 4, 5], []]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[0, 0, 0, 1], [2, 3, 4, 5], [0, 0, 0, 0]]),
        ({"padding": "post", "value": 9}, [[1, 9, 9, 9], [2, 3, 4, 5], [9, 9, 9, 9]]),
        ({"maxlen": 2}, [[0, 1], [4, 5], [0, 0]]),
        ({"maxlen": 2, "truncating": "post", "padding": "post"}, [[1, 0], [2, 3], [0, 0]]),
        ({"maxlen": 0}, [[], [], []]),
    ],
)
def test_pad_sequences(options, expected):
    padded = utils.pad_sequences(ROWS, **options)
    assert padded.dtype == np.int32 and padded.tolist() == expected


def test_pad_sequences_of_vectors_and_floats():
    padded = utils.pad_sequences([[[1.5, 2.5]], [[1, 2], [3, 4]]], dtype="float32")
    assert padded.tolist() == [[[0, 0], [1.5, 2.5]], [[1, 2], [3, 4]]]
    assert utils.pad_sequences([]).shape == (0, 0)
    for word in ("padding", "truncating"):
        with pytest.raises(ValueError, match=f"{word} must be 'pre' or 'post', got 'left'"):
            utils.pad_sequences(ROWS, **{word: "left"})


def test_batches_are_packed_and_unpacked():
    for parts in ((1,), (1, 2), (1, 2, 3)):
        assert utils.unpack_x_y_sample_weight(parts) == (*parts, None, None)[:3]
        packed = utils.pack_x_y_sample_weight(*parts)
        assert utils.unpack_x_y_sample_weight(packed) == (*parts, None, None)[:3]
    assert utils.pack_x_y_sample_weight((1, 2)) == ((1, 2),)
    assert utils.unpack_x_y_sample_weight(5) == (5, None, None)
    with pytest.raises(ValueError, match="data must be x, .* got 4 parts"):
        utils.unpack_x_y_sample_weight((1, 2, 3, 4))


def test_short_names():
    for name, module in {
        "Initializer": initializers, "InputSpec": layers, "Loss": losses, "Metric": metrics, "Optimizer": optimizers,
        "Regularizer": regularizers,
    }.items():  # fmt: skip
        assert getattr(fastcnn, name) is getattr(module, name)
    assert preprocessing.image_dataset_from_directory is utils.image_dataset_from_directory
    assert utils.clear_session is fastcnn.backend.clear_session
