"""Dense, Identity, and what layers' arguments may be."""

import json

import numpy as np
import pytest

from fastcnn import GradientTape, activations, layers, ops
from fastcnn.layers.arguments import choice, integers, sides, window_padding

RNG = np.random.default_rng(6)


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4), (2, 2, 3, 4)])
@pytest.mark.parametrize("activation", [None, "relu", "relu6", "tanh", "softmax"])
def test_dense(shape, activation):
    x = RNG.integers(-4, 5, shape).astype(np.float32)
    layer = layers.Dense(5, activation)
    y = layer(x)
    layer.set_weights([RNG.integers(-4, 5, w.shape) for w in layer.weights])
    y = layer(x)
    plain = x.astype(np.float64) @ layer.kernel.numpy() + layer.bias.numpy()
    expected = activations.get(activation)(plain.astype(np.float32)).numpy() if activation else plain
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-6, atol=1e-30)
    assert layer.compute_output_shape((None, *shape[1:])) == (None, *y.shape[1:])


def test_dense_has_the_weights_of_keras():
    layer = layers.Dense(5)
    layer(np.ones((2, 4)))
    assert [(w.name, w.shape) for w in layer.weights] == [("kernel", (4, 5)), ("bias", (5,))]
    assert abs(layer.kernel.numpy()).max() <= np.sqrt(6 / 9)
    assert layers.Dense(5, use_bias=False)(np.ones((2, 4))).shape == (2, 5)
    assert layer.count_flops((None, 4), (None, 5)) == 40
    assert layer.count_flops((None, 7, 4), (None, 7, 5)) == 280
    assert layer.count_flops((None, None, 4), (None, None, 5)) is None


def test_dense_configs():
    layer = layers.Dense(5, "relu", False, "he_normal", "ones", "l2", "l1", "l2", "max_norm", "non_neg", name="d")
    config = layer.get_config()
    assert set(config) == {
        "name", "trainable", "dtype", "units", "activation", "use_bias", "kernel_initializer", "bias_initializer",
        "kernel_regularizer", "bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint",
    }  # fmt: skip
    again = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    assert again.get_config() == config
    assert config["kernel_initializer"]["class_name"] == "HeNormal"


def test_dense_rules_reach_the_weights():
    layer = layers.Dense(
        5, kernel_regularizer="l2", bias_regularizer="l1", kernel_constraint="max_norm", bias_initializer="ones"
    )
    layer(np.ones((2, 4)))
    losses = sorted(float(loss) for loss in layer.losses)
    np.testing.assert_allclose(losses, sorted([0.01 * (layer.kernel.numpy() ** 2).sum(), 0.05]), rtol=1e-5)
    assert layer.kernel.constraint is layer.kernel_constraint is not None


def test_dense_gradients():
    x = ops.convert_to_tensor(np.array([[1.0, 2.0]], np.float32))
    layer = layers.Dense(1, kernel_initializer="ones")
    with GradientTape() as tape:
        tape.watch(x)
        y = ops.square(layer(x))
    dx, dw, db = tape.gradient(y, [x, *layer.weights])
    assert (dx.numpy().tolist(), dw.numpy().tolist(), db.numpy().tolist()) == ([[6.0, 6.0]], [[6.0], [12.0]], [6.0])


def test_dense_gradients_over_several_axes():
    x = ops.convert_to_tensor(RNG.integers(-4, 5, (2, 3, 4)).astype(np.float32))
    layer = layers.Dense(5)
    layer(x)
    factor = RNG.integers(-4, 5, (2, 3, 5)).astype(np.float32)
    with GradientTape() as tape:
        tape.watch(x)
        loss = ops.sum(layer(x) * factor)
    dx, dw, db = tape.gradient(loss, [x, *layer.weights])
    np.testing.assert_allclose(dx.numpy(), factor @ layer.kernel.numpy().T, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(dw.numpy(), np.einsum("abc,abk->ck", x.numpy(), factor))
    np.testing.assert_array_equal(db.numpy(), factor.sum((0, 1)))


def test_a_layer_may_be_the_activation():
    class Twice(layers.Layer):
        def call(self, x):
            return x * 2.0

    layer = layers.Dense(1, activation=Twice(), kernel_initializer="ones")
    assert layer(np.ones((1, 3))).numpy().tolist() == [[6.0]]
    layer.activation = activations.relu
    assert layer(np.ones((1, 3))).numpy().tolist() == [[3.0]]


def test_identity():
    x = ops.convert_to_tensor([1.0, 2.0])
    assert layers.Identity()(x) is x
    assert layers.Identity().compute_output_shape((None, 3)) == (None, 3)
    assert set(layers.Identity().get_config()) == {"name", "trainable", "dtype"}


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: layers.Dense(0), "units must be an integer of at least 1, got 0"),
        (lambda: layers.Dense(2.5), "units must be an integer of at least 1, got 2.5"),
        (lambda: layers.Dense(True), "units must be an integer of at least 1, got True"),
        (lambda: layers.Dense(2, name="d")(np.ones(3)), "Dense 'd': expected at least 2 dimensions (batch, ..., features), got (3,)"),
        (lambda: layers.Dense(2, name="d").build((None, None)), "Dense 'd': the last axis of the input must have a known size, got (None, None)"),
        (lambda: layers.Dense(2, colour="red"), "Dense got an unknown argument 'colour'"),
    ],
)  # fmt: skip
def test_mistakes_are_explained(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert message in str(caught.value)


def test_a_built_dense_wants_the_features_it_was_built_for():
    layer = layers.Dense(2, name="d")
    layer(np.ones((1, 3)))
    with pytest.raises(ValueError, match=r"Dense 'd': expected 3 input features, got 4(\n|$)"):
        layer(np.ones((1, 4)))
    with pytest.raises(
        ValueError, match=r"expected 3 input features, got 8; put Flatten\(\) or GlobalAveragePooling2D\(\)"
    ):
        layer.compute_output_shape((None, 4, 4, 8))


@pytest.mark.parametrize("name", ["lora_rank", "lora_alpha", "quantization_config"])
def test_what_is_not_supported_says_so(name):
    with pytest.raises(NotImplementedError, match=f"Dense: {name} is not supported, got 4; leave it out"):
        layers.Dense(2, **{name: 4})


def test_arguments_are_made_uniform():
    assert integers(np.int64(3), 2, "strides") == (3, 3)
    assert integers([1, 2], 2, "strides") == (1, 2)
    assert sides([1, [2, 3]], "padding") == ((1, 1), (2, 3))
    assert window_padding([[1, 2], [3, 4]], 2) == ((1, 2), (3, 4))
    assert window_padding("Causal", 1, causal=True) == "causal"
    assert choice("VALID", ("valid", "same"), "padding") == "valid"
    for value in (1.5, "a", None, [1, None], (True, 1)):
        with pytest.raises(ValueError, match="strides must be an integer of at least 1 or a tuple of 2 of them, got"):
            integers(value, 2, "strides")


@pytest.mark.parametrize("word", ["optional", "allow_last_axis_squeeze"])
def test_what_an_input_spec_does_not_know(word):
    with pytest.raises(NotImplementedError, match=f"InputSpec does not support {word}=True; leave it out"):
        layers.InputSpec(**{word: True})


def test_maxout_of_sizes_that_do_not_divide():
    with pytest.raises(ValueError, match="num_units must divide the size of axis -1, 5, got 2"):
        ops.maxout(layers.Input((5,)), 2)
