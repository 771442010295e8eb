"""Functions and layers inside of layers: Lambda, Wrapper, TimeDistributed."""

import numpy as np
import pytest
from layer_check import CHECKS

from fastcnn import GradientTape, layers, models, ops, saving

RNG = np.random.default_rng(0)


def halve(x):
    return x * 0.5


def noisy(x, training=False):
    return x + 100.0 if training else x


def around(layer, *shape):
    inputs = layers.Input(shape)
    return models.Model(inputs, layer(inputs))


def test_a_lambda_is_captured_and_trains():
    x = RNG.random((16, 6, 6, 2), np.float32)
    model = models.Sequential([
        layers.Input((6, 6, 2)), layers.Lambda(lambda t: t * 2 - 1), layers.Conv2D(3, 3),
        layers.Lambda(lambda t: ops.mean(ops.square(t), axis=(1, 2)), output_shape=(3,)), layers.Dense(1),
    ])  # fmt: skip
    model.compile("sgd", "mse")
    losses = model.fit(x, np.ones((16, 1)), epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert "steps" in str(model.explain_plan()) and "eagerly" not in str(model.explain_plan())
    np.testing.assert_allclose(model.predict(x, verbose=0), model(x).numpy(), rtol=1e-5, atol=1e-6)


def test_gradients_pass_through():
    x = ops.convert_to_tensor([1.0, 2.0])
    with GradientTape() as tape:
        tape.watch(x)
        y = ops.sum(layers.Lambda(lambda t: t**3)(x))
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), [3, 12], rtol=1e-6)


def test_a_function_is_told_whether_it_trains():
    layer = layers.Lambda(noisy)
    assert layer(np.float32([1]), training=True).numpy().tolist() == [101]
    assert layer(np.float32([1])).numpy().tolist() == [1]


def test_several_inputs_and_shapes():
    one, two = layers.Input((4,)), layers.Input((4,))
    model = models.Model(
        [one, two], layers.Lambda(lambda t: ops.sqrt(ops.sum((t[0] - t[1]) ** 2, 1, keepdims=True)))([one, two])
    )
    assert model.output_shape == (None, 1)
    a, b = RNG.random((2, 3, 4), np.float32)
    np.testing.assert_allclose(model.predict([a, b], verbose=0)[:, 0], np.linalg.norm(a - b, axis=1), rtol=1e-5)
    assert layers.Lambda(lambda t: t, output_shape=(7,)).compute_output_shape((None, 2)) == (None, 7)
    assert layers.Lambda(lambda t: t, output_shape=lambda s: (s[0], 9)).compute_output_shape((None, 2)) == (None, 9)
    assert layers.Lambda(lambda t: t[:, :1]).compute_output_shape((None, 2)) == (None, 1)


@pytest.mark.parametrize("ending", ["keras", "fastcnn"])
def test_a_named_function_comes_back_by_its_name(tmp_path, ending):
    path = tmp_path / f"model.{ending}"
    around(layers.Lambda(halve), 3).save(path)
    with pytest.raises(ValueError, match="names 'halve', which fastcnn does not know.* custom_objects"):
        saving.load_model(path)
    model = saving.load_model(path, custom_objects={"halve": halve})
    np.testing.assert_array_equal(model.predict(np.ones((2, 3)), verbose=0), np.full((2, 3), 0.5))


@pytest.mark.parametrize("ending", ["keras", "fastcnn"])
def test_a_lambda_is_not_saved_but_cloned(tmp_path, ending):
    model = around(layers.Lambda(lambda x: x + 1), 3)
    with pytest.raises(
        ValueError, match="<lambda> cannot be saved: files hold no code. Give the function a name with def"
    ):
        model.save(tmp_path / f"model.{ending}")
    assert not list(tmp_path.iterdir())
    for again in (models.clone_model(model), models.Model.from_config(model.get_config())):
        np.testing.assert_array_equal(again.predict(np.ones((2, 3)), verbose=0), np.full((2, 3), 2.0))


def test_code_in_a_config_is_refused():
    config = layers.serialize(layers.Lambda(halve))
    config["config"]["function"] = {
        "class_name": "__lambda__",
        "config": {"code": "4wEA", "defaults": None, "closure": None},
    }
    with pytest.raises(ValueError, match="Lambda, which is code in a file"):
        saving.deserialize_keras_object(config)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.Lambda("relu"), TypeError, "Lambda: function must be a function of a tensor, got 'relu'"),
        (lambda: layers.Lambda(halve, mask=halve), NotImplementedError, "Lambda: mask is not supported"),
        (lambda: layers.TimeDistributed(halve), TypeError, "TimeDistributed: layer must be a layer, got"),
        (
            lambda: layers.TimeDistributed(layers.Dense(2), name="t")(np.ones((2, 3))),
            ValueError,
            r"t: expected an input \(n, steps, ...\), got shape \(2, 3\)",
        ),
        (
            lambda: layers.TimeDistributed(layers.Dense(2), name="t")(layers.Input((None, 3))),
            ValueError,
            r"t: the number of steps must be known, got shape \(None, None, 3\)",
        ),
    ],
)
def test_messages(make, error, message):
    with pytest.raises(error, match=message):
        make()


STEPS = [
    ("TimeDistributed", {"layer": layers.Dense(3, name="steps")}, (2, 4, 5), {}),
    ("TimeDistributed", {"layer": layers.Conv2D(3, 2, padding="same", name="steps")}, (2, 3, 4, 5, 2), {}),
    ("TimeDistributed", {"layer": layers.BatchNormalization(name="steps")}, (2, 3, 4, 5), {}),
]


@pytest.mark.parametrize("aspect", sorted({*CHECKS} - {"weights", "wrong_rank"}))  # those are the other layer's
@pytest.mark.parametrize("case", STEPS, ids=["Dense", "Conv2D", "BatchNormalization"])
def test_steps_are_checked_like_any_layer(case, aspect):
    CHECKS[aspect](case)


def test_each_step_goes_through_the_same_layer():
    inner = layers.Conv2D(4, 3, activation="relu")
    layer = layers.TimeDistributed(inner)
    x = RNG.random((2, 3, 5, 5, 2), np.float32)
    y = layer(x).numpy()
    assert layer.weights == inner.weights
    for i in range(3):
        np.testing.assert_allclose(y[:, i], inner(x[:, i]).numpy(), rtol=1e-5, atol=1e-6)


def test_statistics_see_one_step_after_the_other():
    inner = layers.BatchNormalization(momentum=0.5)
    x = RNG.random((8, 2, 3), np.float32)
    layers.TimeDistributed(inner)(x, training=True)
    expected = np.zeros(3)
    for i in range(2):
        expected = 0.5 * expected + 0.5 * x[:, i].mean(0)
    np.testing.assert_allclose(inner.moving_mean.numpy(), expected, rtol=1e-5)
    quiet = layers.TimeDistributed(layers.Dropout(0.5))
    np.testing.assert_array_equal(quiet(x).numpy(), x)
    assert (quiet(x, training=True).numpy() == 0).any()


def test_wrappers_of_ones_own(tmp_path):
    class Twice(layers.Wrapper):
        def call(self, inputs):
            return self.layer(self.layer(inputs))

    model = around(Twice(layers.Dense(3)), 3)
    model.save(tmp_path / "model.keras")
    x = RNG.random((2, 3), np.float32)
    again = saving.load_model(tmp_path / "model.keras", custom_objects={"Twice": Twice})
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


def test_a_layers_own_shape_rule_may_ask_the_base():
    class Pair(layers.Layer):
        def call(self, x):
            return ops.concatenate([x, x], axis=-1)

        def compute_output_shape(self, input_shape):
            return super().compute_output_shape(input_shape)

    assert Pair()(layers.Input((3,))).shape == (None, 6)
