"""Predicting from several Python threads at once, and in batches of any size: always the same bits."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import fastcnn
from fastcnn import layers, utils
from fastcnn.models import Model, Sequential

THREADS = 8


def cnn() -> Any:
    model = Sequential([layers.Input((14, 14, 3))])
    for filters in (8, 13):
        model.add(layers.Conv2D(filters, 3, padding="same", use_bias=False))
        model.add(layers.BatchNormalization())
        model.add(layers.ReLU())
        model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    model.add(layers.Dense(19, activation="tanh"))
    model.add(layers.Dropout(0.5))
    model.add(layers.Dense(5, activation="softmax"))
    return model


def residual() -> Any:
    inputs = layers.Input((14, 14, 3))
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
    h = layers.BatchNormalization()(layers.DepthwiseConv2D(3, padding="same")(x))
    x = layers.ReLU()(layers.add([x, h]))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(16, 1, strides=2)(x))
    return Model(inputs, layers.Dense(5, activation="softmax")(x))


def pictures(n: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(3)
    return rng.random((n, 14, 14, 3), dtype=np.float32), rng.integers(0, 5, n)


@pytest.fixture(params=[cnn, residual])
def model(request: pytest.FixtureRequest) -> Any:
    """A network that has trained a little, so that batch normalization has statistics of its own."""
    utils.set_random_seed(5)
    made = request.param()
    made.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    made.fit(*pictures(64), batch_size=16, verbose=0)
    return made


def test_eight_threads_predict_on_one_model(model: Any) -> None:
    x, _ = pictures(96)
    expected = model.predict(x, verbose=0)
    weights = model.get_weights()

    def work(number: int) -> bool:
        for turn in range(6):
            start, size = 7 * number % 50, 1 + (number + turn) % 40
            part = slice(start, start + size)
            if not np.array_equal(model.predict(x[part], batch_size=16, verbose=0), expected[part]):
                return False
        return True

    with ThreadPoolExecutor(THREADS) as pool:
        assert all(pool.map(work, range(THREADS)))
    for before, after in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_eight_threads_on_a_model_that_nobody_has_called_yet() -> None:
    x, _ = pictures(32)
    utils.set_random_seed(5)
    expected = cnn().predict(x, verbose=0)
    utils.set_random_seed(5)
    fresh = cnn()
    with ThreadPoolExecutor(THREADS) as pool:
        for found in pool.map(lambda _: fresh.predict(x, verbose=0), range(THREADS)):
            np.testing.assert_array_equal(found, expected)


def test_calls_and_predictions_among_each_other(model: Any) -> None:
    x, _ = pictures(20)
    ways = [
        lambda: model.predict(x, verbose=0),
        lambda: model.predict_on_batch(x),
        lambda: model(x).numpy(),
        lambda: model(x, training=False).numpy(),
    ]
    expected = ways[0]()
    with ThreadPoolExecutor(THREADS) as pool:
        for found in pool.map(lambda i: ways[i % 4](), range(64)):
            np.testing.assert_array_equal(found, expected)


def test_the_first_calls_of_a_model_come_from_eight_threads() -> None:
    x, _ = pictures(32)
    utils.set_random_seed(5)
    expected = cnn().predict(x, verbose=0)
    utils.set_random_seed(5)
    fresh = cnn()
    with ThreadPoolExecutor(THREADS) as pool:
        for i, found in enumerate(pool.map(lambda i: fresh(x[i % 4 :]).numpy(), range(4 * THREADS))):
            np.testing.assert_array_equal(found, expected[i % 4 :])


def test_predict_sees_the_weights_of_now(model: Any) -> None:
    x, y = pictures(20)
    before = model.predict(x, verbose=0)
    model.fit(x, y, verbose=0)
    after = model.predict(x, verbose=0)
    assert np.abs(after - before).max() > 1e-4
    np.testing.assert_allclose(after, model(x).numpy(), rtol=1e-5, atol=1e-7)
    model.set_weights([0.5 * w for w in model.get_weights()])
    np.testing.assert_allclose(model.predict(x, verbose=0), model(x).numpy(), rtol=1e-5, atol=1e-7)


def test_a_tape_sees_its_own_thread_only(model: Any) -> None:
    x, y = pictures(16)
    loss_function = fastcnn.losses.SparseCategoricalCrossentropy()
    with fastcnn.GradientTape() as tape:
        loss = loss_function(y, model(x))
    alone = [g.numpy() for g in tape.gradient(loss, model.trainable_variables)]
    with ThreadPoolExecutor(THREADS) as pool:
        others = [pool.submit(model.predict, x, verbose=0) for _ in range(4 * THREADS)]
        with fastcnn.GradientTape() as tape:
            loss = loss_function(y, model(x))
        among_others = [g.numpy() for g in tape.gradient(loss, model.trainable_variables)]
        assert all(other.result().shape == (16, 5) for other in others)
    for a, b in zip(alone, among_others, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("batch_size", [1, 2, 7, 32, 33, "full"])
def test_a_picture_is_answered_alike_in_any_company(model: Any, threads: int, batch_size: Any) -> None:
    fastcnn.set_num_threads(threads)
    x, _ = pictures(40)
    together = model.predict(x, batch_size=batch_size, verbose=0)
    for i in (0, 1, 13, 38, 39):
        np.testing.assert_array_equal(together[i], model.predict(x[i : i + 1], verbose=0)[0])


def test_evaluate_is_alike_for_any_batches_and_threads(model: Any) -> None:
    x, y = pictures(48)
    probabilities = model.predict(x, verbose=0)
    accuracy = float((probabilities.argmax(1) == y).mean())
    loss = float(-np.log(probabilities[np.arange(48), y].astype(np.float64)).mean())
    for threads in (1, 2):
        fastcnn.set_num_threads(threads)
        one = model.evaluate(x, y, batch_size=16, verbose=0)
        assert one == model.evaluate(x, y, batch_size=16, verbose=0)
        for batch_size in (1, 5, 16, 48):
            found = model.evaluate(x, y, batch_size=batch_size, verbose=0)
            assert found == pytest.approx([loss, accuracy], rel=1e-6)


def test_threads_that_train_one_model_take_turns() -> None:
    utils.set_random_seed(3)
    made = cnn()
    made.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = pictures(32)
    made.train_on_batch(x, y)

    def work(number: int) -> None:
        for turn in range(25):
            n = 8 + (number + turn) % 2 * 24
            made.train_on_batch(x[:n], y[:n])

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(work, range(THREADS)))
    assert int(made.optimizer.iterations) == 1 + THREADS * 25
    assert all(np.isfinite(w).all() for w in made.get_weights())
    assert made.evaluate(x, y, verbose=0)[0] < 1.0
