"""Sequential: lists, add and pop, nesting, building late, errors."""

import numpy as np
import pytest

from fastcnn import Model, Sequential, backend, layers

X = np.arange(8.0, dtype=np.float32).reshape(2, 4)


def test_weights_at_once_or_with_the_first_batch():
    early = Sequential([layers.Input((4,)), layers.Dense(3, "relu"), layers.Dense(2)])
    late = Sequential([layers.Dense(3, "relu"), layers.Dense(2)])
    assert early.built and not late.built and late.weights == []
    assert late(X).shape == (2, 2)
    assert [v.shape for v in early.weights] == [v.shape for v in late.weights]
    assert late.input_shape == (None, 4) and late.output_shape == (None, 2)
    late.set_weights(early.get_weights())
    np.testing.assert_array_equal(late(X).numpy(), early(X).numpy())
    assert early.layers[0].name.startswith("dense")


def test_built_by_hand():
    model = Sequential([layers.Dense(3)])
    with pytest.raises(AttributeError, match="has no output: it was not built from Input"):
        _ = model.output
    model.build((None, 4))
    model.build((None, 4))
    assert model.count_params() == 15 and model.output.shape == (None, 3)
    assert len(model.layers) == 1


@pytest.mark.parametrize(
    "first",
    [
        [layers.Dense(3, input_shape=(4,))],
        [layers.Dense(3, input_dim=4)],
        [layers.Dense(3, batch_input_shape=(None, 4))],
        [layers.InputLayer(input_shape=(4,)), layers.Dense(3)],
    ],
    ids=["input_shape", "input_dim", "batch_input_shape", "InputLayer"],
)
def test_ways_to_tell_the_input_shape(first):
    model = Sequential(first)
    assert model.built and model.input_shape == (None, 4) and len(model.layers) == 1


def test_add_and_pop():
    model = Sequential()
    model.add(layers.Input((4,)))
    model.add(layers.Dense(3))
    assert model.output_shape == (None, 3)
    model.add(layers.Dense(2))
    kept = model.layers[0].kernel
    assert model.output_shape == (None, 2) and len(model.weights) == 4
    gone = model.pop()
    assert gone.units == 2 and model.output_shape == (None, 3) and len(model.weights) == 2
    assert model.layers[0].kernel is kept
    model.pop()
    with pytest.raises(ValueError, match="there is no layer to take away"):
        model.pop()


def test_nested():
    inner = Sequential([layers.Dense(3), layers.Dense(2)])
    model = Sequential([layers.Input((4,)), inner, Sequential([layers.Dense(1)])])
    assert model.output_shape == (None, 1) and len(model.weights) == 6 and inner.built
    assert model.layers[0] is inner
    x = layers.Input((4,))
    functional = Model(x, layers.Dense(3)(x))
    outer = Sequential([functional, layers.Dense(2)])
    assert outer.built and outer.input_shape == (None, 4)


def test_get_layer():
    model = Sequential([layers.Input((4,)), layers.Dense(3, name="one"), layers.Dense(2, name="two")])
    assert model.get_layer("one") is model.layers[0] is model.get_layer(index=0)
    part = Model(model.input, model.get_layer("one").output)
    assert part(X).shape == (2, 3)


def test_errors():
    dense = layers.Dense(2, name="a")
    with pytest.raises(TypeError, match="Sequential takes layers, got <function"):
        Sequential([lambda x: x])
    with pytest.raises(ValueError, match="Sequential begins with one Input, but 'late' comes at position 1"):
        Sequential([layers.Dense(2), layers.Input((3,), name="late")])
    with pytest.raises(ValueError, match="Sequential has layer 'a' already, and cannot share it; a functional model"):
        Sequential([dense, dense])
    with pytest.raises(ValueError, match="two layers are called 'a'; give one of them another name"):
        Sequential([dense, layers.Dense(3, name="a")])
    with pytest.raises(ValueError, match="has no layers yet"):
        Sequential()(X)
    with pytest.raises(ValueError, match="has no layers yet"):
        Sequential().call(X)
    with pytest.raises(ValueError, match="Sequential .* has one input, got 2; a functional model can have several"):
        Sequential([layers.Dense(2)])([X, X])
    x = layers.Input((4,))
    forked = Model(x, [x * 1.0, x * 2.0])
    with pytest.raises(ValueError, match="has several outputs; use a functional model"):
        Sequential([layers.Input((4,)), forked])
    with pytest.raises(ValueError, match="expected shape .None, 4., got .2, 3."):
        Sequential([layers.Input((4,)), layers.Dense(2)])(np.ones((2, 3)))


def test_a_failed_build_leaves_the_model_as_it_was():
    model = Sequential([layers.Conv2D(2, 3)])
    with pytest.raises(ValueError):
        model.build((None, 4))
    assert not model.built and len(model.layers) == 1
    assert model(np.ones((1, 5, 5, 1))).shape == (1, 3, 3, 2)


def test_a_layer_that_is_in_two_models():
    dense = layers.Dense(3)
    first, second = Sequential([layers.Input((4,)), dense]), Sequential([layers.Input((4,)), dense, layers.Dense(1)])
    assert first.weights[0] is second.weights[0]


def test_trainable_in_the_constructor():
    model = Sequential([layers.Input((4,)), layers.Dense(3)], trainable=False, name="still")
    assert model.trainable_weights == [] and model.name == "still"


def test_names():
    backend.clear_session()
    assert [Sequential().name, Sequential().name] == ["sequential", "sequential_1"]


def test_a_name_where_trainable_stands():
    with pytest.raises(ValueError, match="trainable must be True or False, got 'net'"):
        Sequential([layers.Dense(2)], "net")
    assert not layers.Dense(2, trainable=np.bool_(False)).trainable
