"""Models of one's own: a class with ``call``, perhaps with ``train_step``."""

import numpy as np
import pytest

from fastcnn import GradientTape, Model, layers, models, ops

X = np.arange(8.0, dtype=np.float32).reshape(2, 4)


class Net(Model):
    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.hidden = layers.Dense(units, "relu", name="hidden")
        self.drop = layers.Dropout(0.5, seed=1)
        self.heads = [layers.Dense(2, name="out")]

    def call(self, x, training=False):
        return self.heads[0](self.drop(self.hidden(x), training=training))


def test_built_by_the_first_call():
    net = Net(name="net")
    assert not net.built and [layer.name for layer in net.layers] == ["hidden", net.drop.name, "out"]
    assert net(X).shape == (2, 2)
    assert net.built and net.weights[0].path == "net/hidden/kernel" and len(net.weights) == 4
    assert net.output_names is None
    with pytest.raises(AttributeError, match="model 'net' has no inputs: it was not built from Input"):
        _ = net.inputs


def test_built_by_a_shape():
    net = Net()
    net.build((None, 4))
    net.build((None, 4))
    assert net.built and net.count_params() == 4 * 3 + 3 + 3 * 2 + 2
    assert net.compute_output_shape((None, 4)) == (None, 2)


def test_training_reaches_the_layers():
    net = Net(64)
    assert not (net(X, training=True).numpy() == net(X).numpy()).all()
    np.testing.assert_array_equal(net(X).numpy(), net(X, training=False).numpy())


def test_a_train_step_of_ones_own():
    class Own(Net):
        def train_step(self, data):
            x, y = data
            with GradientTape() as tape:
                loss = ops.mean(ops.square(self(x, training=True) - y))
            self.optimizer.apply_gradients(
                zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables, strict=True)
            )
            return {"mine": loss}

    net = Own()
    net.compile("sgd")
    history = net.fit(X, np.ones((2, 2), np.float32), epochs=3, verbose=0).history
    assert list(history) == ["mine"] and history["mine"][2] != history["mine"][0]


def test_as_a_layer_of_a_functional_model():
    x = layers.Input((4,))
    model = Model(x, layers.Dense(1)(Net(name="inside")(x)))
    assert model(X).shape == (2, 1) and len(model.weights) == 6
    assert model.get_layer("inside").built


def test_a_subclass_with_inputs_and_outputs():
    class Functional(Model):
        def __init__(self, units):
            x = layers.Input((4,))
            super().__init__(inputs=x, outputs=layers.Dense(units)(x))
            self.extra = 1

    net = Functional(3)
    assert net.built and net.output_shape == (None, 3) and len(net.weights) == 2
    assert net.get_config()["units"] == 3
    again = Functional.from_config(net.get_config())
    assert type(again) is Functional and again(X).shape == (2, 3)
    assert type(models.clone_model(net)) is Model  # as in Keras: the graph is copied, the constructor is not called


def test_several_outputs_and_inputs():
    class Pair(Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, inputs):
            return {"sum": inputs["a"] + inputs["b"], "dense": self.dense(inputs["a"])}

    y = Pair()({"a": X, "b": X})
    assert {k: v.shape for k, v in y.items()} == {"sum": (2, 4), "dense": (2, 2)}


def test_configs():
    net = Net(5, name="five")
    config = net.get_config()
    assert config["units"] == 5 and config["name"] == "five"
    again = Net.from_config(config)
    assert again.units == 5 and again.name == "five"
    assert models.model_from_json(net.to_json(), {"Net": Net}).units == 5
    with pytest.raises(ValueError, match="the config names 'Net', which fastcnn does not know"):
        models.model_from_json(net.to_json())


def test_errors():
    with pytest.raises(NotImplementedError, match="Empty needs a call method, or inputs and outputs"):
        type("Empty", (Model,), {})()(X)
    with pytest.raises(NotImplementedError, match="Model needs a call method, or inputs and outputs, to be built"):
        Model().build((None, 3))
    with pytest.raises(ValueError, match="fit needs a compiled model"):
        Net().fit(X, X)

    class Early(Model):
        def __init__(self):
            self.dense = layers.Dense(1)
            super().__init__()

    with pytest.raises(RuntimeError, match="must call super"):
        Early()


def test_build_of_ones_own():
    class Built(Model):
        def build(self, input_shape):
            self.dense = layers.Dense(input_shape[-1], name="d")
            self.dense.build(input_shape)

        def call(self, x):
            return self.dense(x)

    net = Built()
    assert net(X).shape == (2, 4) and net.built and len(net.weights) == 2
