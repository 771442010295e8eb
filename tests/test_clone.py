"""Copies with fresh weights, models to JSON and back."""

import json

import numpy as np
import pytest

from fastcnn import Model, Sequential, layers, metrics, models, ops, optimizers
from fastcnn.models import clone_model, model_from_json

X = np.arange(8.0, dtype=np.float32).reshape(2, 4)


def sequential():
    return Sequential([layers.Input((4,)), layers.Dense(3, "relu"), layers.Dropout(0.5), layers.Dense(2)])


def shared():
    a, b = layers.Input((4,), name="a"), layers.Input((4,), name="b")
    dense = layers.Dense(3)
    y = ops.concatenate([dense(a), dense(b)], axis=-1)[:, 1:] * 2.0 - 1
    return Model([a, b], {"y": layers.Dense(2, name="y")(y), "z": ops.relu(y)})


def nested():
    x = layers.Input((4,))
    inner = Sequential([layers.Input((4,)), layers.Dense(4, name="inside")], name="inner")
    return Model(x, layers.Add()([inner(x), inner(inner(x))]))


def branching():
    x = layers.Input((6, 6, 2))
    y = layers.Conv2D(2, 3, padding="same", use_bias=False)(x)
    y = layers.BatchNormalization()(y)
    return Model(x, layers.GlobalAveragePooling2D()(layers.Activation("relu")(layers.Add()([x, y]))))


MAKERS = [sequential, shared, nested, branching]


def data(model):
    rng = np.random.default_rng(4)
    arrays = [rng.normal(size=(3, *t.shape[1:])).astype(np.float32) for t in model.inputs]
    return arrays if len(arrays) > 1 else arrays[0]


def results(model):
    y = model(data(model))
    return [t.numpy() for t in (y.values() if isinstance(y, dict) else [y])]


def check_twin(model, twin):
    assert twin is not model and [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]
    assert [v.shape for v in twin.weights] == [v.shape for v in model.weights]
    assert not {id(v) for v in twin.weights} & {id(v) for v in model.weights}
    twin.set_weights(model.get_weights())
    for a, b in zip(results(model), results(twin), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("make", MAKERS)
def test_clones(make):
    model = make()
    twin = clone_model(model)
    assert type(twin) is type(model) and twin.name == model.name
    check_twin(model, twin)


@pytest.mark.parametrize("make", MAKERS)
def test_json_round_trip(make):
    model = make()
    text = model.to_json()
    twin = model_from_json(text)
    check_twin(model, twin)
    assert json.loads(twin.to_json()) == json.loads(text)


@pytest.mark.parametrize("make", MAKERS)
def test_config_round_trip(make):
    model = make()
    check_twin(model, type(model).from_config(model.get_config()))


def test_to_json_takes_the_arguments_of_dumps():
    assert sequential().to_json(indent=2).startswith('{\n  "module": "keras"')


def test_a_clone_with_other_layers():
    model = sequential()

    def swap(layer):
        return (
            layers.Dense(7, name=layer.name) if isinstance(layer, layers.Dense) else type(layer)(**layer.get_config())
        )

    assert [v.shape for v in clone_model(model, clone_function=swap).weights] == [(4, 7), (7,), (7, 7), (7,)]

    def dense(layer):
        return layers.Dense(4, use_bias=False, name=layer.name) if isinstance(layer, layers.Dense) else layer

    deep = nested()
    assert len(clone_model(deep, clone_function=dense, recursive=True).weights) == 1
    assert clone_model(deep, clone_function=lambda layer: layer).weights == deep.weights


def test_a_clone_on_other_inputs():
    x = layers.Input((4,), name="other")
    for model in (sequential(), nested()):
        twin = clone_model(model, input_tensors=x)
        assert twin.input_names == ["other"] and twin.output_shape == model.output_shape
    with pytest.raises(ValueError, match="input_tensors must be 2 tensors, got 1"):
        clone_model(shared(), input_tensors=x)


def test_what_is_no_model_or_no_layer():
    with pytest.raises(TypeError, match="model must be a model, got 3"):
        clone_model(3)
    for make in (sequential, nested):
        with pytest.raises(TypeError, match="clone_function must return a layer, got None for '"):
            clone_model(make(), clone_function=lambda layer: None)


def test_refused_arguments():
    with pytest.raises(NotImplementedError, match="call_function is not supported"):
        clone_model(sequential(), call_function=lambda layer, *a: layer(*a))
    with pytest.raises(TypeError, match="clone_model got an unknown argument 'deep'"):
        clone_model(sequential(), deep=True)


class Net(Model):
    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.dense = layers.Dense(units)

    def call(self, x):
        return self.dense(x)


def test_a_clone_of_a_class_of_ones_own():
    net = Net(5)
    net(X)
    twin = clone_model(net)
    assert type(twin) is Net and twin.units == 5 and twin.dense is not net.dense
    with pytest.raises(ValueError, match="a model with a call of its own has no graph"):
        clone_model(net, clone_function=lambda layer: layer)


def test_a_functional_subclass_keeps_its_class():
    class Tuned(Model):
        def train_step(self, data):
            return {}

    x = layers.Input((4,))
    model = Tuned(x, layers.Dense(2)(x))
    assert type(clone_model(model)) is Tuned
    assert type(model_from_json(model.to_json(), {"Tuned": Tuned})) is Tuned


def test_custom_layers_need_their_class():
    class Twice(layers.Layer):
        def call(self, x):
            return x * 2

    x = layers.Input((4,))
    text = Model(x, Twice()(x)).to_json()
    np.testing.assert_array_equal(model_from_json(text, {"Twice": Twice})(X).numpy(), 2 * X)
    with pytest.raises(ValueError, match="the config names 'Twice', which fastcnn does not know"):
        model_from_json(text)


def test_configs_that_do_not_fit():
    config = nested().get_config()
    broken = json.loads(json.dumps(config))
    broken["output_layers"] = [["nowhere", 0, 0]]
    with pytest.raises(ValueError, match=r"the config names the tensor \['nowhere', 0, 0\], which no layer makes"):
        Model.from_config(broken)
    broken = json.loads(json.dumps(config).replace('"keras_history": ["inner', '"keras_history": ["outer'))
    with pytest.raises(ValueError, match="the config has calls whose inputs nothing makes"):
        Model.from_config(broken)
    x = layers.Input((4,))
    text = Model(x, ops.norm(x, axis=1)).to_json().replace('"norm"', '"normm"')
    with pytest.raises(ValueError, match="there is no operation 'normm'"):
        model_from_json(text)


def test_variables_between_layers_cannot_be_saved():
    from fastcnn import Variable

    x = layers.Input((4,))
    model = Model(x, x * Variable([1.0, 2.0, 3.0, 4.0]))
    with pytest.raises(NotImplementedError, match="an operation on the variable .* between layers cannot be saved"):
        model.to_json()


def test_what_keras_wrote():
    """The JSON of Keras 3.15 for relu(Dense(4)(x) + x) * 2, [:, 1:], times 2, joined with x, and a Dense."""
    model = model_from_json(json.dumps(keras_config()))
    x = model(X).numpy()
    kernel, bias, last, shift = (v.numpy() for v in model.weights)
    y = 4 * np.maximum(X @ kernel + bias + X, 0)[:, 1:]
    np.testing.assert_allclose(x, np.concatenate([y, X], 1) @ last + shift, rtol=1e-5)


def keras_config():
    def tensor(name):
        return {
            "class_name": "__keras_tensor__",
            "config": {"shape": [None, 4], "dtype": "float32", "keras_history": [name, 0, 0]},
        }

    def operation(module, kind, name, args, **config):
        return {
            "module": f"keras.src.ops.{module}", "class_name": kind, "config": {"name": name, **config},
            "registered_name": kind, "name": name, "inbound_nodes": [{"args": args, "kwargs": {}}],
        }  # fmt: skip

    def dense(name, units, source, width):
        policy = {
            "module": "keras",
            "class_name": "DTypePolicy",
            "config": {"name": "float32"},
            "registered_name": None,
        }
        glorot = {
            "module": "keras.initializers", "class_name": "GlorotUniform", "registered_name": None,
            "config": {"seed": None, "input_axes": None, "output_axes": None},
        }  # fmt: skip
        config = {
            "name": name, "trainable": True, "dtype": policy, "units": units, "activation": "linear", "use_bias": True,
            "kernel_initializer": glorot, "kernel_constraint": None, "quantization_config": None,
        }  # fmt: skip
        return {
            "module": "keras.layers", "class_name": "Dense", "config": config, "registered_name": None,
            "build_config": {"input_shape": [None, width]}, "name": name,
            "inbound_nodes": [{"args": [tensor(source)], "kwargs": {}}],
        }  # fmt: skip

    def part(start):
        return {"class_name": "__slice__", "config": {"start": start, "stop": None, "step": None}}

    entry = {
        "module": "keras.layers", "class_name": "InputLayer", "registered_name": None, "name": "x", "inbound_nodes": [],
        "config": {"batch_shape": [None, 4], "dtype": "float32", "sparse": False, "ragged": False, "name": "x", "optional": False},
    }  # fmt: skip
    found = [
        entry,
        dense("dense", 4, "x", 4),
        operation("numpy", "Add", "add", [tensor("dense"), tensor("x")]),
        operation("nn", "Relu", "relu", [tensor("add")]),
        operation("numpy", "Multiply", "multiply", [tensor("relu"), 2]),
        operation("numpy", "GetItem", "get_item", [tensor("multiply"), [part(None), part(1)]]),
        operation("numpy", "Multiply", "multiply_1", [2, tensor("get_item")]),
        operation("numpy", "Concatenate", "concatenate", [[tensor("multiply_1"), tensor("x")]], axis=1),
        dense("dense_1", 2, "concatenate", 7),
    ]
    config = {
        "name": "functional",
        "trainable": True,
        "layers": found,
        "input_layers": ["x", 0, 0],
        "output_layers": ["dense_1", 0, 0],
    }
    return {
        "module": "keras.src.models.functional", "class_name": "Functional", "config": config,
        "registered_name": "Functional", "build_config": {"input_shape": None}, "compile_config": {},
    }  # fmt: skip


def noted_by_keras(model, **kwargs):
    """The model of a config in which the only call has these arguments: Keras notes a layer's default of ``training``."""
    config = json.loads(model.to_json())
    config["config"]["layers"][1]["inbound_nodes"][0]["kwargs"] = kwargs
    return model_from_json(json.dumps(config))


@pytest.mark.parametrize("layer", [layers.Dropout(0.5), layers.GaussianNoise(1.0), layers.AlphaDropout(0.5)])
def test_noise_that_keras_has_written_is_there_in_training(layer):
    x = layers.Input((64,))
    model = noted_by_keras(Model(x, layer(x)), training=False)
    ones = np.ones((2, 64), np.float32)
    assert (model(ones, training=True).numpy() != 1).any()
    assert (model.predict(ones, verbose=0) == 1).all()


def test_layers_of_ones_own_need_not_be_registered():
    class Twice(layers.Layer):
        def __init__(self, units=2, **kwargs):
            super().__init__(**kwargs)
            self.dense = layers.Dense(units)

        def call(self, x):
            return self.dense(x) * 2

    stack = Sequential([layers.Input((4,)), Twice(3, name="twice")])
    x = layers.Input((4,))
    for model in (stack, Model(x, Twice(3, name="twice")(x))):
        twin = clone_model(model)
        assert type(twin.get_layer("twice")) is Twice and twin.output_shape == (None, 3)
        twin.set_weights(model.get_weights())
        np.testing.assert_array_equal(twin(X).numpy(), model(X).numpy())


def test_random_layers_that_keras_has_written_rest_outside_of_training():
    x = layers.Input((8, 8, 1))
    model = noted_by_keras(Model(x, layers.RandomRotation(0.5, seed=1)(x)), training=True)
    images = np.random.default_rng(0).random((4, 8, 8, 1), np.float32)
    np.testing.assert_array_equal(model.predict(images, verbose=0), images)
    assert (model(images, training=True).numpy() != images).any()


@pytest.mark.parametrize("training", [False, True])
def test_training_that_was_asked_for_at_a_call_is_kept(training):
    """Also where it is what the layer does anyway, and for models in models: a base that stays in inference mode."""
    x = layers.Input((64,))
    base = Sequential([layers.Input((64,)), layers.BatchNormalization()])
    model = model_from_json(Model(x, base(layers.Dropout(0.5)(x, training=training), training=False)).to_json())
    ones = np.ones((2, 64), np.float32)
    assert (model.predict(ones, verbose=0) == model.predict(ones, verbose=0)).all() != training
    assert (np.abs(model(ones, training=True).numpy() - 1) < 0.01).all() != training  # by batch norm the mean were 0


def test_an_operation_of_keras_that_is_unknown():
    config = keras_config()
    config["config"]["layers"][3]["class_name"] = "Bessel"
    with pytest.raises(ValueError, match="the config has the operation 'Bessel' of Keras, which fastcnn.ops has not"):
        model_from_json(json.dumps(config))


def test_public_names():
    assert models.clone_model is clone_model and callable(models.load_model) and callable(models.save_model)
    with pytest.raises(AttributeError, match="has no attribute 'lode_model'"):
        _ = models.lode_model


def test_clones_of_compiled_models_are_compiled_alike():
    def gap(y, z):
        return ops.mean(ops.abs(y - z))

    x, y, twin = np.ones((8, 4), "float32"), np.ones((8, 1), "float32"), layers.Input((4,))
    for model in (Sequential([layers.Input((4,)), layers.Dense(1)]), Model(twin, layers.Dense(1)(twin))):
        assert not clone_model(model).compiled
        model.compile(optimizers.Adam(0.5), gap, metrics=[metrics.MeanAbsoluteError(name="error")])
        model.fit(x, y, verbose=0)
        copied = clone_model(model)
        assert (int(copied.optimizer.iterations), float(copied.optimizer.learning_rate)) == (0, 0.5)
        assert sorted(copied.fit(x, y, epochs=2, verbose=0).history) == ["error", "loss"]
        assert (int(model.optimizer.iterations), int(copied.optimizer.iterations)) == (1, 2)
        assert copied._compile_metrics.metrics[0] is not model._compile_metrics.metrics[0]
