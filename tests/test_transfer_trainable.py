"""What is trainable may change after ``compile``: programs, optimizer and batch normalisation hear of it."""

import numpy as np
import pytest

import fastcnn
from fastcnn import layers, models, optimizers

RULES = ["sgd", "adam", "adamw", "nadam", "adamax", "rmsprop", "adagrad", "adadelta", "lion"]


def network():
    fastcnn.utils.set_random_seed(3)
    base = models.Sequential(
        [
            layers.Input((6, 6, 2)),
            layers.Conv2D(4, 3, name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
        ],
        name="base",
    )
    model = models.Sequential([layers.Input((6, 6, 2)), base, layers.Dense(3, activation="softmax", name="out")])
    return base, model


def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(12, 6, 6, 2)).astype("float32"), np.arange(12) % 3


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("rule", RULES)
def test_what_is_unfrozen_after_compile_is_trained(rule, eagerly):
    base, model = network()
    x, y = data()
    base.trainable = False
    model.compile(rule, "sparse_categorical_crossentropy", run_eagerly=eagerly)
    frozen = base.get_weights()
    model.fit(x, y, batch_size=4, verbose=0)
    for before, after in zip(frozen, base.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    base.trainable = True
    model.fit(x, y, batch_size=4, verbose=0)
    for before, after in zip(frozen, base.get_weights(), strict=True):
        assert (before != after).any()


def test_what_is_frozen_after_compile_is_left_alone():
    base, model = network()
    x, y = data()
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, y, verbose=0)
    frozen = base.get_weights()
    base.trainable = False
    model.fit(x, y, verbose=0)
    for before, after in zip(frozen, base.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_frozen_normalisation_uses_its_moving_statistics():
    base, model = network()
    x, y = data()
    model.compile(optimizers.SGD(0.0), "sparse_categorical_crossentropy")
    for trainable, agrees in ((True, False), (False, True), (True, False)):
        base.get_layer("norm").trainable = trainable
        expected = model.evaluate(x, y, verbose=0)
        model.reset_metrics()
        assert (model.train_on_batch(x, y) == pytest.approx(expected, rel=1e-5)) is agrees


def test_new_variables_begin_as_in_a_new_optimizer():
    base, model = network()
    x, y = data()
    base.trainable = False
    model.compile(optimizers.SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=12, epochs=3, verbose=0)
    momentum = model.optimizer._slots[0]["momentum"]
    base.trainable = True
    before = base.get_layer("conv").kernel.numpy()
    model.train_on_batch(x, y)
    kept = model.optimizer._slots[model.optimizer._index[id(model.layers[-1].kernel)]]["momentum"]
    assert kept is momentum
    fresh = model.optimizer._slots[model.optimizer._index[id(base.get_layer("conv").kernel)]]["momentum"]
    np.testing.assert_array_equal(before + fresh.numpy(), base.get_layer("conv").kernel.numpy())


def test_the_average_of_a_variable_that_comes_later_begins_with_its_value():
    base, model = network()
    x, y = data()
    base.trainable = False
    model.compile(optimizers.SGD(1e-3, use_ema=True, ema_momentum=0.99), "sparse_categorical_crossentropy")
    model.fit(x, y, verbose=0)
    base.trainable = True
    before = base.get_layer("conv").kernel.numpy()
    model.fit(x, y, verbose=0)
    np.testing.assert_allclose(base.get_layer("conv").kernel.numpy(), before, atol=1e-3)


def test_an_optimizer_that_stands_alone_still_refuses_what_it_does_not_know():
    known, unknown = fastcnn.Variable([1.0], name="a"), fastcnn.Variable([1.0], name="b")
    optimizer = optimizers.SGD(0.1)
    optimizer.build([known])
    with pytest.raises(ValueError, match="Unknown variable: \\['b'\\]"):
        optimizer.apply([[1.0]], [unknown])
    optimizer.follow([known])
    assert len(optimizer._trainable_variables) == 1
