"""The short way of a prediction: the bits of the long one, and not taken where the long one does more."""

import gc
import weakref

import numpy as np
import pytest
from checks import assert_threads_predict_alike

import fastcnn
from fastcnn import _core, layers, losses, models, utils
from fastcnn.plan import model_steps, stepping
from fastcnn.plan.answering import answer
from fastcnn.tensor import Tensor

SHAPE = (9, 8, 3)


def pictures(n=1, seed=0):
    return np.random.default_rng(seed).standard_normal((n, *SHAPE), dtype=np.float32)


def network(end=lambda x: x, start=lambda x: layers.Conv2D(4, 3, activation="relu")(x)):
    utils.set_random_seed(1)
    x = layers.Input(SHAPE)
    return models.Model(x, end(start(x)))


def long_way(model, x):
    step = model_steps.Inference(model, Tensor(np.ascontiguousarray(x)))
    return step.run([Tensor(np.ascontiguousarray(x))]).numpy().copy()


NETWORKS = {
    "read in place": network,
    "copied": lambda: network(start=layers.AveragePooling2D(2)),
    "normalised": lambda: network(layers.BatchNormalization()),
    "dropped": lambda: network(layers.Dropout(0.5)),
    "dense": lambda: network(lambda x: layers.Dense(5)(layers.Flatten()(x))),
    "flat": lambda: network(layers.Flatten()),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("n", [1, 3])
def test_answers_have_the_bits_of_the_long_way(name, n):
    model = NETWORKS[name]()
    assert answer(model, pictures(n)) is None  # nothing is there yet
    for seed in range(3):
        x = pictures(n, seed)
        before = x.copy()
        found = model.predict_on_batch(x)
        np.testing.assert_array_equal(found, long_way(model, x))
        np.testing.assert_array_equal(x, before)
        y = answer(model, x)
        np.testing.assert_array_equal(y, found)
        assert y.flags.owndata and y.flags.writeable and not np.may_share_memory(y, answer(model, x))


def test_calls_and_predictions_answer_too():
    model = network(layers.BatchNormalization())
    for seed in range(3):
        x = pictures(2, seed)
        y = model(x)
        assert isinstance(y, Tensor)
        for found in (y.numpy(), model.predict(x, verbose=0), model(x, training=False).numpy()):
            np.testing.assert_array_equal(found, long_way(model, x))
    assert np.ptp(model(x, training=True).numpy() - y.numpy()) > 0


def test_other_arrays_go_the_long_way():
    model = network()
    x = pictures(2)
    expected = model.predict_on_batch(x)
    odd = np.zeros(x.nbytes + 1, np.uint8)[1:].view(np.float32).reshape(x.shape)
    odd[...] = x
    wide = np.zeros((*x.shape[:-1], 5), np.float32)[..., :3]
    wide[...] = x
    swapped = x.astype(x.dtype.newbyteorder())
    for given in (odd, wide, swapped, x.astype(np.float64), x.astype(np.float64).tolist(), Tensor(x)):
        assert answer(model, given) is None
        np.testing.assert_array_equal(model.predict_on_batch(given), expected)
    assert answer(model, x[:1]) is None and answer(model, x[0]) is None and answer(model, x) is not None


class Twice(models.Model):
    """Its results are doubled on the way out."""

    def predict_step(self, data):
        return super().predict_step(data) * 2.0


def test_a_step_of_ones_own_is_taken():
    x = layers.Input(SHAPE)
    model = Twice(x, layers.Flatten()(x))
    for _ in range(3):
        np.testing.assert_array_equal(model.predict_on_batch(pictures()), 2 * pictures().reshape(1, -1))


def two_results():
    return network(lambda x: [x, layers.Flatten()(x)])


def lossy():
    return network(layers.ActivityRegularization(0.5))


def whole_numbers():
    return network(lambda x: fastcnn.ops.argmax(x, -1))


@pytest.mark.parametrize("make", [two_results, lossy, whole_numbers])
def test_models_that_do_more_go_the_long_way(make):
    model = make()
    model.predict_on_batch(pictures())
    model.predict_on_batch(pictures())
    assert answer(model, pictures()) is None


def test_answers_follow_the_weights_and_the_layers():
    model = network(layers.BatchNormalization())
    model.compile("sgd", losses.MeanSquaredError())
    x, y = pictures(2), np.ones((2, 7, 6, 4), np.float32)
    found = [model.predict_on_batch(x)]
    model.layers[1].kernel.assign(model.layers[1].kernel.numpy() * 2)
    found.append(model.predict_on_batch(x))
    model.fit(x, y, epochs=2, verbose=0)  # variables move to a flat memory
    found.append(model.predict_on_batch(x))
    model.train_on_batch(x, y)
    found.append(model.predict_on_batch(x))
    np.testing.assert_array_equal(answer(model, x), long_way(model, x))
    model.layers[1].activation = fastcnn.activations.tanh
    model.compile("sgd", losses.MeanSquaredError())
    found.append(model.predict_on_batch(x))
    for i, one in enumerate(found):
        assert not any(np.array_equal(one, other) for other in found[:i])


@pytest.mark.parametrize("before", ["predict", "predict_on_batch", "__call__"])
@pytest.mark.parametrize("after", ["predict", "predict_on_batch", "__call__"])
def test_an_edited_layer_answers_as_it_is_now(before, after):
    model = network(layers.Dense(5))
    x = pictures(2)
    first = np.asarray(getattr(model, before)(x))
    model.layers[-1].activation = fastcnn.activations.sigmoid
    np.testing.assert_allclose(getattr(model, after)(x), fastcnn.ops.sigmoid(first), rtol=1e-5)


def test_eager_models_and_tapes_have_no_answers():
    model = network()
    x = pictures()
    model.compile("sgd", losses.MeanSquaredError())
    model.predict_on_batch(x)
    assert answer(model, x) is not None
    model.run_eagerly = True
    assert answer(model, x) is None
    model.run_eagerly = False
    with fastcnn.GradientTape():
        assert answer(model, x) is None
    assert answer(model, x) is not None


def test_models_take_turns_and_are_forgotten():
    first, second = network(), network(layers.Flatten())
    x = pictures()
    expected = [m.predict_on_batch(x) for m in (first, second)]
    for _ in range(3):
        for model, y in zip((first, second), expected, strict=True):
            np.testing.assert_array_equal(answer(model, x), y)
    plans = weakref.ref(stepping.plans_of(second))
    del model, second
    gc.collect()
    assert plans() is None and stepping._latest() is None


def test_threads_have_programs_of_their_own():
    assert_threads_predict_alike(network(), [pictures(2, seed) for seed in range(4)])


def test_what_answers_run_on():
    program = _core.Program()
    x = pictures()
    assert program.answer(x) is None
    for own, result in ((x[..., :2], x), (x, x.astype(np.float64))):
        with pytest.raises(TypeError, match="answer_with takes contiguous arrays of float32 and no others"):
            program.answer_with(own, result, False)
    assert program.answer(x) is None
    result = np.arange(3, dtype=np.float32)
    program.answer_with(x.copy(), result, False)
    np.testing.assert_array_equal(program.answer(x), result)
