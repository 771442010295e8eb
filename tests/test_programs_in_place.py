"""Inference reads a batch where the caller has it, if convolutions alone look at it; else it is copied."""

import gc

import numpy as np
import pytest
from checks import assert_threads_predict_alike

from fastcnn import _core, layers, models
from fastcnn.plan import model_steps
from fastcnn.tensor import Tensor

SHAPE = (12, 11, 4)


def batch(n=2, seed=3):
    return np.random.default_rng(seed).standard_normal((n, *SHAPE), dtype=np.float32)


def network(after, dtype="float32"):
    x = layers.Input(SHAPE, dtype=dtype)
    return models.Model(x, after(x))


def conv(filters=4, **options):
    return layers.Conv2D(filters, 3, padding="same", activation="relu", **options)


READ_IN_PLACE = {
    "convolution": lambda x: conv()(x),
    "1x1": lambda x: layers.Conv2D(7, 1)(x),
    "two readers": lambda x: layers.Add()([conv()(x), conv()(x)]),
    "pooled": lambda x: layers.MaxPooling2D(2)(conv(16)(x)),
    "normalised behind": lambda x: layers.ReLU()(layers.BatchNormalization()(conv()(x))),
}
COPIED = {
    "added to the result": lambda x: layers.Add()([x, conv()(x)]),
    "pooling": lambda x: conv()(layers.AveragePooling2D(2)(x)),
    "scaled": lambda x: conv()(layers.Rescaling(0.5)(x)),
    "flattened": lambda x: layers.Dense(3)(layers.Flatten()(x)),
    "returned, too": lambda x: [conv()(x), x],
    "depthwise": lambda x: layers.DepthwiseConv2D(3)(x),
}


@pytest.mark.parametrize("name", [*READ_IN_PLACE, *COPIED])
def test_results_are_those_of_a_copy(name):
    model = network({**READ_IN_PLACE, **COPIED}[name])
    step = model_steps.Inference(model, Tensor(batch()))
    assert step.program.can_move() == (name in READ_IN_PLACE)
    for seed in (1, 2):
        x = batch(seed=seed)
        elsewhere = np.zeros((*x.shape[:-1], 9), np.float32)[..., :4]  # neither contiguous nor in one piece: copied
        elsewhere[...] = x
        results = [model.predict_on_batch(given) for given in (x, x.astype(np.float64), elsewhere, x.copy())]
        for found in results[1:]:
            for a, b in zip(np.atleast_1d(results[0]), np.atleast_1d(found), strict=True):
                np.testing.assert_array_equal(a, b)


def test_nothing_of_the_batch_is_kept_or_changed():
    model = network(READ_IN_PLACE["convolution"])
    x = batch()
    before = x.copy()
    first = model.predict_on_batch(x)
    np.testing.assert_array_equal(x, before)
    x[...] = 0
    del x
    gc.collect()
    np.testing.assert_array_equal(model.predict_on_batch(before), first)


def test_an_array_that_begins_anywhere():
    model = network(READ_IN_PLACE["convolution"])
    x = batch()
    room = np.zeros(x.size + 1, np.float32)
    room[1:] = x.ravel()
    np.testing.assert_array_equal(model.predict_on_batch(room[1:].reshape(x.shape)), model.predict_on_batch(x))
    raw = np.zeros(x.nbytes + 1, np.uint8)
    odd = raw[1:].view(np.float32).reshape(x.shape)
    odd[...] = x
    np.testing.assert_array_equal(model.predict_on_batch(odd), model.predict_on_batch(x))


def test_threads_with_batches_of_their_own():
    assert_threads_predict_alike(network(READ_IN_PLACE["pooled"]), [batch(seed=i) for i in range(4)])


def test_another_input_is_copied():
    x, z = layers.Input(SHAPE), layers.Input((5,))
    model = models.Model([x, z], layers.Add()([layers.Dense(4)(z), layers.GlobalAveragePooling2D()(conv()(x))]))
    rng = np.random.default_rng(0)
    for seed in (1, 2):
        a, b = batch(seed=seed), rng.standard_normal((2, 5), dtype=np.float32)
        np.testing.assert_array_equal(
            model.predict_on_batch([a, b]), model.predict_on_batch([a.astype(np.float64), b.astype(np.float64)])
        )


def test_a_run_on_an_array_of_another_shape():
    program = model_steps.Inference(network(READ_IN_PLACE["convolution"]), Tensor(batch())).program
    with pytest.raises(ValueError, match=r"given must have shape \(2, 12, 11, 4\), got \(3, 12, 11, 4\)"):
        program._core.run_on(program.inputs[0], batch(3))


def test_a_program_that_reads_nothing_of_it():
    assert not _core.Program().can_move(batch())
