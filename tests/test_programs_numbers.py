"""What a program computes from the batch it runs on, and not from the zeros it was recorded with: masks, labels."""

import numpy as np
import pytest

from fastcnn import Model, layers, ops

A = np.arange(1.0, 7.0, dtype=np.float32).reshape(2, 3)
MASK = np.array([[True, False, True], [False, True, False]])
CHOSEN = np.where(MASK, A, -A)
LABELS = np.array([[0, 1], [2, 1]])


@pytest.mark.parametrize("declared", ["bool", "float32", "int32", "uint8"])
@pytest.mark.parametrize("given", ["bool", "float32", "int32", "uint8"])
def test_masks_among_the_inputs(declared, given):
    a, mask = layers.Input((3,)), layers.Input((3,), dtype=declared)
    model = Model([a, mask], ops.where(mask, a, -a))
    x = [A, MASK.astype(given)]
    np.testing.assert_array_equal(model(x).numpy(), CHOSEN)
    np.testing.assert_array_equal(model.predict(x, verbose=0), CHOSEN)
    np.testing.assert_array_equal(model.predict_on_batch([A, ~MASK * 1.0]), -CHOSEN)


def test_numbers_taken_for_truths():
    x = layers.Input((3,))
    model = Model(x, ops.where(x, 1.0, 0.0) + 2.0 * ops.cast(ops.cast(x, "bool"), "float32"))
    for batch in (A * MASK, A * ~MASK, A * np.nan):
        expected = 3.0 * batch.astype(bool)
        np.testing.assert_array_equal(model.predict(batch, verbose=0), expected)
        np.testing.assert_array_equal(model(batch).numpy(), expected)


@pytest.mark.parametrize("declared", ["int32", "int64"])
def test_whole_numbers_among_the_inputs(declared):
    labels = layers.Input((2,), dtype=declared)
    assert ops.one_hot(labels, 3).shape == (None, 2, 3)
    features = ops.reshape(ops.one_hot(labels, 3) + ops.take(np.eye(3, dtype="f"), labels, axis=0), (-1, 6))
    model = Model(labels, features)
    expected = 2 * np.eye(3)[LABELS].reshape(2, 6)
    for given in ("int64", "int32", "uint8", "float32"):
        np.testing.assert_array_equal(model(LABELS.astype(given)).numpy(), expected)
        np.testing.assert_array_equal(model.predict(LABELS.astype(given), verbose=0), expected)
    model = Model(labels, layers.Dense(1)(features))
    model.compile("sgd", "mse")
    model.fit(LABELS, np.ones((2, 1)), verbose=0)


def test_one_number_taken_by_a_program():
    x = layers.Input(batch_shape=(2, 3))
    model = Model(x, ops.take(x, -1) + ops.take(x, 0, axis=0))
    np.testing.assert_array_equal(model(A).numpy(), A[0] + 6)
