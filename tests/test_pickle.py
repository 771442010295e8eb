"""Pickle and deepcopy: layers, models of every kind, with the optimizer, so that training goes on bit by bit."""

import copy
import pickle

import numpy as np
import pytest

import fastcnn
from fastcnn import Model, Sequential, layers, ops

RNG = np.random.default_rng(5)
X = RNG.normal(size=(16, 6)).astype(np.float32)
Y = RNG.normal(size=(16, 2)).astype(np.float32)


def by_pickle(protocol):
    return lambda thing: pickle.loads(pickle.dumps(thing, protocol=protocol))


COPIES = {"pickle": by_pickle(4), "protocol 5": by_pickle(5), "deepcopy": copy.deepcopy}


@pytest.fixture(params=COPIES)
def duplicate(request):
    return COPIES[request.param]


class Doubled(layers.Layer):
    """Not registered anywhere."""

    def call(self, x):
        return x * 2


class Net(Model):
    def __init__(self, units=4, **kwargs):
        super().__init__(**kwargs)
        self.parts = [layers.Dense(units, "relu"), layers.BatchNormalization()]
        self.parts.append(layers.Dropout(0.3, seed=3))
        self.head = {"out": layers.Dense(2)}
        self.base = Sequential([layers.Input((6,)), layers.Dense(6)])

    def call(self, x, training=False):
        x = self.base(x)
        for part in self.parts:
            x = part(x, training=training)
        return self.head["out"](x)


def sequential():
    return Sequential(
        [
            layers.Input((6,)),
            layers.Dense(5, "relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.3, seed=2),
            layers.Dense(2),
        ]
    )


def functional():
    x = layers.Input((6,))
    inner = Sequential([layers.Input((6,)), layers.Dense(6)])
    y = ops.relu(inner(x)) + Doubled()(x)
    return Model(x, layers.Dense(2, kernel_regularizer="l2")(layers.Dropout(0.2, seed=1)(y)))


@pytest.mark.parametrize("make", [sequential, functional, Net])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_training_goes_on_as_if_nothing_had_happened(make, optimizer, duplicate):
    fastcnn.utils.set_random_seed(1)
    model = make()
    model.compile(optimizer, "mse", metrics=["mae"])
    model.fit(X, Y, epochs=2, batch_size=8, verbose=0, shuffle=False)
    twin = duplicate(model)
    assert type(twin) is type(model) and twin.compiled and twin.optimizer is not model.optimizer
    assert not {id(v) for v in twin.variables} & {id(v) for v in model.variables}
    np.testing.assert_array_equal(twin.predict(X, verbose=0), model.predict(X, verbose=0))
    assert twin.optimizer.iterations.numpy() == model.optimizer.iterations.numpy() == 4
    histories = [m.fit(X, Y, epochs=2, batch_size=8, verbose=0, shuffle=False).history for m in (model, twin)]
    assert histories[0] == histories[1]
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("make", [sequential, functional, Net])
def test_what_is_not_compiled(make, duplicate):
    model = make()
    model(X)
    twin = duplicate(model)
    assert not twin.compiled
    np.testing.assert_array_equal(twin(X).numpy(), model(X).numpy())
    twin.set_weights([w * 0 for w in twin.get_weights()])
    assert np.abs(model.get_weights()[0]).max() > 0


@pytest.mark.parametrize("make", [sequential, functional, Net])
def test_frozen_parts_stay_frozen(make, duplicate):
    model = make()
    model(X)
    model.layers[1].trainable = False
    model.weights[-1].trainable = False
    twin = duplicate(model)
    assert len(twin.trainable_weights) == len(model.trainable_weights)
    assert [v.path for v in twin.trainable_weights] == [v.path for v in model.trainable_weights]
    model.layers[1].trainable = twin.layers[1].trainable = True
    assert len(twin.trainable_weights) == len(model.trainable_weights)


def test_models_that_wait_for_data(duplicate):
    for model in (Sequential([layers.Dense(3)]), Net()):
        twin = duplicate(model)
        assert not twin.built
        assert twin(X).shape == model(X).shape


def test_layers(duplicate):
    layer = layers.Dense(3, "relu", kernel_regularizer="l2")
    fresh = duplicate(layer)
    assert not fresh.built and fresh(X).shape == (16, 3)
    layer(X)
    twin = duplicate(layer)
    np.testing.assert_array_equal(twin(X).numpy(), layer(X).numpy())
    assert twin.kernel is not layer.kernel and twin.weights == [twin.kernel, twin.bias]
    assert twin.name == layer.name and len(twin.losses) == 1


def test_a_layer_of_a_model_leaves_the_model_behind(duplicate):
    model = functional()
    layer = duplicate(model.layers[-1])
    assert len(layer.weights) == 2 and layer._calls == []
    assert len(pickle.dumps(model.layers[-1])) < 8000


def test_lists_of_layers_stay_watched(duplicate):
    net = Net()
    net(X)
    twin = duplicate(net)
    before = len(twin.weights)
    extra = layers.Dense(4)
    extra.build((None, 4))
    twin.parts.append(extra)
    assert len(twin.weights) == before + 2 and len(net.weights) == before
