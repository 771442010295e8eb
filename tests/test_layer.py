"""Layers of one's own: weights, sublayers, building, training, losses, freezing, calls, errors."""

import numpy as np
import pytest
from own_layers import Block, Scale, X

import fastcnn
from fastcnn import GradientTape, Model, Sequential, Variable, backend, layers, ops
from fastcnn.layers import Layer


class Training(Layer):
    """Tells what training it was called with."""

    def call(self, x, training=None):
        return x + (1.0 if training else 0.0)


class Outer(Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = Training()

    def call(self, x):
        return self.inner(x)


def test_weights_are_found_in_the_order_of_keras():
    backend.clear_session()
    block = Block(name="blk")
    block(X)
    assert [v.path for v in block.weights] == [
        "blk/scale", "blk/counter", "blk/dense/kernel", "blk/dense/bias",
        "blk/dense_1/kernel", "blk/dense_1/bias", "blk/dense_2/kernel", "blk/dense_2/bias",
    ]  # fmt: skip
    assert len(block.trainable_weights) == 7 and block.non_trainable_weights == [block.counter]
    assert block.count_params() == 2 + 2 + 4 * 3 + 3 + 3 * 3 + 3 + 3 * 2 + 2


def test_sequential_gives_paths_as_keras():
    backend.clear_session()
    model = Sequential([layers.Input((4,)), layers.Dense(3), layers.BatchNormalization()])
    assert [v.path for v in model.weights][:3] == [
        "sequential/dense/kernel", "sequential/dense/bias", "sequential/batch_normalization/gamma",
    ]  # fmt: skip
    x = layers.Input((4,))
    assert Model(x, layers.Dense(2, name="last")(x)).weights[0].path == "last/kernel"


def test_layers_appended_later_count():
    class Grown(Layer):
        def __init__(self):
            super().__init__()
            self.parts = []
            self.named = {}

        def call(self, x):
            for part in [*self.parts, *self.named.values()]:
                x = part(x)
            return x

    grown, ready = Grown(), layers.Dense(4)
    ready(X)
    assert grown.weights == []
    grown.parts.append(ready)
    assert len(grown.weights) == 2
    grown.named["b"] = ready
    assert len(grown.weights) == 2
    grown.parts += [Scale()]
    grown(X)
    assert len(grown.weights) == 3
    grown.parts.pop()
    assert len(grown.weights) == 2
    del grown.parts
    assert len(grown.weights) == 2
    grown.named.clear()
    assert grown.weights == []


def test_a_variable_as_an_attribute_is_a_weight():
    class Own(Layer):
        def __init__(self):
            super().__init__()
            self.v = Variable([2.0])
            self.fixed = [Variable([1.0], trainable=False)]

        def call(self, x):
            return x * self.v

    own = Own()
    assert own.weights == [own.v, own.fixed[0]] and own.trainable_weights == [own.v]
    own.v = None
    assert own.weights == [own.fixed[0]]


def test_build_by_hand_happens_once():
    before = Scale.builds
    layer = Scale()
    assert not layer.built
    layer.build((None, 4))
    assert layer.built and Scale.builds == before + 1
    weight = layer.factor
    layer(X)
    layer.build((None, 4))
    assert Scale.builds == before + 1 and layer.weights == [weight]
    assert layer.get_build_config() == {"input_shape": (None, 4)}


def test_super_build_within_build():
    class Twice(Scale):
        def build(self, input_shape):
            super().build(input_shape)
            assert not self.built
            self.shift = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="shift")
            Layer.build(self, input_shape)
            assert not self.built

    layer = Twice()
    layer(X)
    assert layer.built and [v.name for v in layer.weights] == ["factor", "shift"]


def test_build_of_a_layer_made_of_layers_builds_them():
    outer = Sequentially([layers.Dense(3), layers.Dense(2)])
    outer.build((None, 4))
    assert outer.built and [v.shape for v in outer.weights] == [(4, 3), (3,), (3, 2), (2,)]


class Sequentially(Layer):
    def __init__(self, parts, **kwargs):
        super().__init__(**kwargs)
        self.parts = parts

    def call(self, x):
        for part in self.parts:
            x = part(x)
        return x


def test_build_takes_the_shape_of_each_tensor():
    class Pair(Layer):
        def build(self, a_shape, b_shape):
            self.shapes = (a_shape, b_shape)
            self.w = self.add_weight(shape=(a_shape[-1], b_shape[-1]), name="w")

        def call(self, a, b):
            return ops.matmul(a, self.w) + b

    pair = Pair()
    assert pair(X, np.ones((2, 3))).shape == (2, 3)
    assert pair.shapes == ((2, 4), (2, 3))
    again = Pair.from_config(pair.get_config())
    again.build_from_config(pair.get_build_config())
    assert again.w.shape == (4, 3)

    class Wrong(Pair):
        def build(self, a_shape, c_shape):
            pass

    with pytest.raises(ValueError, match="Wrong.build takes 'c_shape', but call has no such tensor"):
        Wrong()(X, b=ops.ones((2, 3)))


def test_weights_made_in_the_first_call():
    class Late(Layer):
        def call(self, x):
            if not hasattr(self, "w"):
                self.w = self.add_weight(shape=(4,), initializer="ones")
            return x * self.w

    late = Late()
    late(X)
    late(X)
    assert late.built and len(late.weights) == 1


def test_an_error_in_build_names_the_layer():
    class Bad(Layer):
        def build(self, input_shape):
            raise ValueError("no")

        def call(self, x):
            return x

    bad = Bad(name="bad")
    with pytest.raises(ValueError, match="no") as caught:
        bad(X)
    assert "while building layer 'bad' (Bad) for input shape (2, 4)" in caught.value.__notes__[0]
    assert not bad.built


def test_an_error_in_call_names_the_layer():
    class Bad(Layer):
        def call(self, x):
            return ops.matmul(x, x)

    with pytest.raises(ValueError) as caught:
        Bad(name="bad")(X)
    assert caught.value.__notes__ == ["in layer 'bad' (Bad), called on shape (2, 4)"]


# ---- training


def test_training_is_resolved_explicit_then_parent_then_default():
    layer, outer = Training(), Outer()

    def told(y):
        return bool(y.numpy()[0, 0])

    x = np.zeros((1, 1), np.float32)
    assert not told(layer(x)) and told(layer(x, training=True)) and told(layer(x, True)) and not told(layer(x, False))
    assert told(outer(x, training=True)) and not told(outer(x)) and not told(outer(x, training=False))

    class Always(Layer):
        def call(self, x, training=True):
            return x + float(training)

    assert told(Always()(x)) and not told(Always()(x, training=False))

    class Frozen(Outer):
        def call(self, x):
            return self.inner(x, training=False)

    assert not told(Frozen()(x, training=True))


def test_explicit_training_stays_in_a_functional_model():
    x = layers.Input((1,))
    model = Model(x, Training()(x, training=True) + Training()(x, training=False) * 10.0 + Training()(x) * 100.0)
    zero = np.zeros((1, 1), np.float32)
    assert model(zero).numpy().item() == 1 and model(zero, training=True).numpy().item() == 101
    again = fastcnn.models.model_from_json(model.to_json(), {"Training": Training})
    assert again(zero).numpy().item() == 1 and again(zero, training=True).numpy().item() == 101


def test_the_input_by_its_name():
    assert Scale()(x=X).shape == (2, 4)
    with pytest.raises(ValueError, match="must be called with its input"):
        Scale()()


def test_inputs_of_any_type():
    layer = Scale()
    for x in (X, X.astype("float64"), X.astype("float16"), X.astype("uint8"), X.tolist(), ops.convert_to_tensor(X)):
        y = layer(x)
        assert y.dtype == "float32"
        np.testing.assert_array_equal(y.numpy(), X)


def test_masks_are_refused():
    with pytest.raises(NotImplementedError, match="mask is not supported"):
        Scale()(X, mask=np.ones((2, 4), bool))
    assert Scale()(X, mask=None).shape == (2, 4)


# ---- losses


class Sparse(Layer):
    def call(self, x):
        self.add_loss(ops.mean(x) * 2.0)
        return x


def test_losses_are_those_of_the_last_call():
    layer = Sparse()
    layer(np.ones((2, 4)))
    layer(np.full((2, 4), 3.0))
    assert [float(loss) for loss in layer.losses] == [6.0]
    parent = Sequentially([layer, layer])
    parent(np.ones((2, 4)))
    parent(np.ones((2, 4)))
    assert [float(loss) for loss in parent.losses] == [2.0, 2.0]
    layer(np.ones((2, 4)))
    assert [float(loss) for loss in layer.losses] == [2.0]
    other = Sequentially([layer])
    other(np.ones((2, 4)))
    assert [float(loss) for loss in other.losses] == [2.0] == [float(loss) for loss in parent.losses]


def test_symbolic_calls_leave_no_losses():
    x = layers.Input((4,))
    model = Model(x, Sequentially([Sparse(), layers.Dense(2, activity_regularizer="l2")])(x))
    assert model.losses == []
    model(np.ones((2, 4)))
    assert len(model.losses) == 2


def test_activity_and_weight_regularizers():
    layer = layers.Dense(2, kernel_initializer="ones", kernel_regularizer="l2", activity_regularizer="l1")
    layer(np.ones((2, 4)))
    np.testing.assert_allclose([float(loss) for loss in layer.losses], [0.01 * 16 / 2, 0.01 * 8], rtol=1e-6)
    layer.trainable = False
    assert len(layer.losses) == 1  # what is not trained is not regularised, as in Keras


def test_losses_have_gradients():
    layer = layers.Dense(1, kernel_initializer="ones", activity_regularizer="l2", use_bias=False)
    with GradientTape() as tape:
        layer(X)
        loss = layer.losses[0]
    y = X.sum(1)
    np.testing.assert_allclose(
        tape.gradient(loss, layer.kernel).numpy()[:, 0], 0.01 * (y[:, None] * X).sum(0), rtol=1e-5
    )


def test_add_loss_takes_scalars_only():
    with pytest.raises(ValueError, match="add_loss takes a scalar, got shape .2, 4.; use ops.mean"):
        Scale().add_loss(ops.ones((2, 4)))
    with pytest.raises(ValueError, match="add_loss takes a number computed in call, got <function"):
        Scale().add_loss(lambda: 1.0)


# ---- freezing


def test_freezing_reaches_all_and_is_undone():
    block = Block()
    block(X)
    with pytest.raises(ValueError, match="trainable must be True or False, got 'no'"):
        block.trainable = "no"
    block.trainable = False
    assert block.trainable_weights == [] and len(block.non_trainable_weights) == 8
    block.steps[0].trainable = True
    assert block.trainable_weights == [] and len(block.steps[0].trainable_weights) == 2
    block.trainable = True
    assert len(block.trainable_weights) == 7 and block.non_trainable_weights == [block.counter]


def test_freezing_one_weight_takes_effect_and_keeps_the_order():
    layer = layers.Dense(3)
    layer(X)
    before = layer.weights
    assert len(layer.trainable_weights) == 2
    layer.kernel.trainable = False
    assert layer.trainable_weights == [layer.bias] and layer.non_trainable_weights == [layer.kernel]
    assert layer.weights == before
    layer.kernel.trainable = True
    assert layer.trainable_weights == before


def test_freezing_takes_effect_without_compiling_again():
    model = Sequential([layers.Input((4,)), layers.Dense(3), layers.Dense(1)])
    model.compile("adam", "mse")
    y = np.ones((2, 1))
    model.fit(X, y, verbose=0)
    model.layers[0].trainable = False
    first, second = model.layers[0].kernel.numpy(), model.layers[1].kernel.numpy()
    model.fit(X, y, verbose=0)
    assert (model.layers[0].kernel.numpy() == first).all() and (model.layers[1].kernel.numpy() != second).any()
    model.layers[0].trainable = True
    model.fit(X, y, verbose=0)
    assert (model.layers[0].kernel.numpy() != first).any()


def test_weights_made_in_a_frozen_layer_are_frozen():
    layer = layers.Dense(3, trainable=False)
    layer(X)
    assert layer.trainable_weights == [] and not layer.kernel.trainable
    outer = Sequentially([layers.Dense(3)])
    outer.trainable = False
    outer(X)
    assert outer.trainable_weights == []


# ---- weights and calls


def test_get_and_set_weights():
    layer = layers.Dense(2)
    layer(X)
    arrays = layer.get_weights()
    arrays[0][:] = 7
    assert (layer.kernel.numpy() != 7).all()
    layer.set_weights(arrays)
    assert (layer.kernel.numpy() == 7).all()
    with pytest.raises(ValueError, match="set_weights expected 2 arrays, got 1"):
        layer.set_weights(arrays[:1])
    with pytest.raises(ValueError, match=r"bias: set_weights expected shape \(2,\), got \(3,\)"):
        layer.set_weights([np.zeros((4, 2)), np.zeros(3)])
    assert (layer.kernel.numpy() == 7).all()
    with pytest.raises(ValueError, match="has no weights yet; build it or call it first"):
        layers.Dense(2).count_params()


def test_own_variables_are_stored_by_number():
    layer, store = layers.Dense(2), {}
    layer(X)
    layer.save_own_variables(store)
    assert list(store) == ["0", "1"]
    other = layers.Dense(2, name="other")
    other.build((None, 4))
    other.load_own_variables(store)
    assert (other.kernel.numpy() == layer.kernel.numpy()).all()
    with pytest.raises(ValueError, match="layer 'other' has 2 weights, the file has 1"):
        other.load_own_variables({"0": store["0"]})


def test_add_weight_makes_what_it_is_told():
    layer = Layer()
    assert [layer.add_weight(shape=s).shape for s in ((), 3, (2, 3), None)] == [(), (3,), (2, 3), ()]
    assert layer.add_weight(shape=(2,), initializer=np.array([1.0, 2.0])).numpy().tolist() == [1.0, 2.0]
    assert layer.add_weight(shape=(), dtype="int64", trainable=False).numpy() == 0
    weight = layer.add_weight(shape=(2,), regularizer="l2", constraint="non_neg", name="w")
    assert weight.name == "w" and weight.path == f"{layer.name}/w" and callable(weight.regularizer)


def test_input_and_output():
    layer = layers.Dense(2)
    with pytest.raises(AttributeError, match="has no output yet: it was never called on a symbolic tensor"):
        _ = layer.output
    x = layers.Input((4,))
    y = layer(x)
    assert layer.input is x and layer.output is y
    flat = layers.Flatten()
    flat(layers.Input((2, 2)))
    flat(layers.Input((2, 3)))
    with pytest.raises(AttributeError, match="was called 2 times, so it has several outputs"):
        _ = flat.output


def test_layers_within_layers_keep_no_calls():
    inner = layers.Dense(4)
    outer = Sequentially([inner])
    for _ in range(3):
        outer(layers.Input((4,)))
    assert len(outer._calls) == 3 and inner._calls == []


def test_compute_output_shape_of_any_layer():
    assert Block().compute_output_shape((None, 4)) == (None, 2)
    assert Sequentially([layers.Conv2D(3, 2)]).compute_output_shape((None, 5, 5, 1)) == (None, 4, 4, 3)


def test_a_model_made_within_build():
    class Holder(Layer):
        def build(self, input_shape):
            x = layers.Input(input_shape[1:])
            self.model = Model(x, layers.Dense(3)(x))
            self.more = Sequential([layers.Dense(2)])

        def call(self, x):
            return self.more(self.model(x))

    outer = Sequentially([Holder()])
    assert outer(X).shape == (2, 2) and len(outer.weights) == 4
    x = layers.Input((4,))
    assert Model(x, Sequentially([Holder()])(x))(X).shape == (2, 2)


class Sampling(Layer):
    """The usual way to draw a code in a variational autoencoder."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = fastcnn.random.SeedGenerator(3)

    def call(self, inputs):
        mean, log_variance = inputs
        batch, width = ops.shape(mean)[0], ops.shape(mean)[1]
        noise = fastcnn.random.normal(shape=(batch, width), seed=self.seed_generator)
        return mean + ops.exp(0.5 * log_variance) * noise


def test_a_call_may_compute_with_the_batch_size():
    class Pairs(Layer):
        def call(self, x, scale=1.0):
            n = ops.shape(x)[0]
            return {"flat": ops.reshape(x, (n * 2, 2)) * scale, "range": ops.arange(n), "same": x}

    x = layers.Input((4,))
    assert Sampling()([layers.Dense(2)(x), layers.Dense(2)(x)]).shape == (None, 2)
    shapes = {k: v.shape for k, v in Pairs()(x).items()}
    assert shapes == {"flat": (None, 2), "range": (None,), "same": (None, 4)}
    model = Model(x, Sampling()([x, layers.Dense(4)(x)]))
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(X / 8, X / 8, batch_size=1, epochs=2, verbose=0).history["loss"]).all()
    assert model.predict(X / 8, verbose=0).shape == (2, 4)
    assert (model.predict(X / 8, verbose=0) != model.predict(X / 8, verbose=0)).any()


def test_a_call_that_fails_for_any_size_tells_its_first_error():
    class Wrong(Layer):
        def call(self, x):
            raise KeyError(ops.shape(x)[0])

    with pytest.raises(KeyError, match="None"):
        Wrong()(layers.Input((4,)))
