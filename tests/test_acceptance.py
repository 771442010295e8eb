"""The acceptance tests of the notes, by number: what a reader of the notes expects, with its value."""

import numpy as np
import pytest

import fastcnn
from fastcnn import backend, initializers, layers, losses, ops, optimizers, regularizers, utils
from fastcnn.models import Model, Sequential


@pytest.fixture(autouse=True)
def _seed():
    utils.set_random_seed(1)


def blobs(n=120, features=4, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % classes
    return rng.normal(size=(classes, features))[y] + rng.normal(size=(n, features)), y


def derivative(f, at):
    x = fastcnn.Variable([at])
    with fastcnn.GradientTape() as tape:
        y = f(x)
    return float(tape.gradient(y, x)[0])


def test_01_a_thousand_samples_in_batches_of_a_hundred_are_ten_steps():
    x, y = blobs(1000)
    model = Sequential([layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    history = model.fit(x, y, batch_size=100, epochs=3, verbose=0)
    assert history.params["steps"] == history.steps_per_epoch == 10
    assert int(model.optimizer.iterations) == 30


def test_02_full_batch_descent_is_the_mean_of_the_samples_gradients():
    x, y = blobs(24)

    def stepped(xs, ys, batch_size):
        utils.set_random_seed(3)
        model = Sequential([layers.Dense(5, activation="tanh"), layers.Dense(3, activation="softmax")])
        model.build((None, 4))
        before = model.get_weights()
        model.compile(optimizers.SGD(1.0), "sparse_categorical_crossentropy")
        model.fit(xs, ys, batch_size=batch_size, verbose=0)
        assert int(model.optimizer.iterations) == 1
        return [a - b for a, b in zip(before, model.get_weights(), strict=True)]

    singly = [stepped(x[i : i + 1], y[i : i + 1], 1) for i in range(24)]
    for whole, *parts in zip(stepped(x, y, "full"), *singly, strict=True):
        np.testing.assert_allclose(whole, np.mean(parts, axis=0), atol=1e-6)


def test_03_slopes_far_out():
    backend.set_floatx("float64")
    try:
        assert derivative(ops.sigmoid, 10.0) == pytest.approx(4.5396e-5, rel=1e-5)
        assert derivative(ops.tanh, 10.0) == pytest.approx(8.2446e-9, rel=1e-5)
    finally:
        backend.set_floatx("float32")
    assert derivative(ops.sigmoid, -10.0) == pytest.approx(4.5396e-5, rel=1e-5)
    assert derivative(ops.sigmoid, 10.0) == pytest.approx(4.5396e-5, abs=6e-8)  # 1 - sigmoid(10) has this grain
    assert derivative(ops.tanh, 10.0) == pytest.approx(8.2446e-9, abs=6e-8)


def test_04_activations_at_minus_one():
    minus_one = np.array([-1.0])
    assert float(layers.LeakyReLU(0.01)(minus_one)[0]) == np.float32(-0.01)
    assert float(layers.ELU()(minus_one)[0]) == pytest.approx(-0.632121, abs=1e-6)
    assert float(layers.ReLU()(minus_one)[0]) == 0.0


def test_05_softmax_of_huge_logits():
    logits = np.random.default_rng(0).choice([-1000.0, 0.0, 1000.0], (50, 10))
    p = ops.softmax(logits).numpy()
    assert np.isfinite(p).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)


def test_06_one_hot_and_integers_have_one_cross_entropy():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 64)
    for logits in (True, False):
        output = rng.normal(size=(64, 10))
        output = output if logits else ops.softmax(output)
        one_hot = losses.CategoricalCrossentropy(from_logits=logits)(utils.to_categorical(labels, 10), output)
        integers = losses.SparseCategoricalCrossentropy(from_logits=logits)(labels, output)
        assert float(one_hot) == pytest.approx(float(integers), abs=1e-7)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("hidden", ["dense", "conv"])
def test_07_first_loss_of_ten_classes_is_that_of_guessing(hidden, seed):
    utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    model = Sequential([layers.Input((16, 16, 1))])
    if hidden == "conv":
        for filters in (8, 16):
            model.add(layers.Conv2D(filters, 3, activation="relu", kernel_initializer="he_normal"))
            model.add(layers.AveragePooling2D(2))
    model.add(layers.Flatten())
    model.add(layers.Dense(64, activation="relu", kernel_initializer="he_normal"))
    model.add(layers.Dense(10, activation="softmax", kernel_initializer="glorot_uniform"))
    model.compile(loss="sparse_categorical_crossentropy")
    strokes = rng.random((200, 16, 16, 1)) * (rng.random((200, 16, 16, 1)) < 0.3)  # as dark as MNIST
    loss = model.evaluate(strokes, rng.integers(0, 10, 200), verbose=0)
    assert loss == pytest.approx(2.30, abs=0.25)


def test_08_one_neuron_is_a_logistic_regression():
    linear_model = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3))
    y = (x @ [1.5, -2.0, 0.5] + 0.3 + rng.logistic(size=300) > 0).astype(int)
    model = Sequential([layers.Input((3,)), layers.Dense(1, activation="sigmoid")])
    model.compile(optimizers.SGD(2.0, momentum=0.9), "binary_crossentropy")
    model.fit(x, y, batch_size="full", epochs=400, verbose=0)
    kernel, bias = model.get_weights()
    expected = linear_model.LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(x, y)
    np.testing.assert_allclose(kernel[:, 0], expected.coef_[0], atol=1e-3)
    np.testing.assert_allclose(bias, expected.intercept_, atol=1e-3)


class Perceptron(Model):
    """Rosenblatt's rule: a sample that is answered wrongly is added to the weights, or taken from them."""

    def __init__(self):
        super().__init__()
        self.neuron = layers.Dense(1, kernel_initializer="zeros")

    def call(self, inputs):
        return ops.cast(self.neuron(inputs) >= 0, "float32")

    def train_step(self, data):
        x, y = data
        error = ops.reshape(y, (-1, 1)) - self(x)
        self.neuron.kernel.assign_add(0.1 * ops.matmul(ops.transpose(x), error))
        self.neuron.bias.assign_add(0.1 * ops.sum(error, axis=0))
        return {"wrong": ops.sum(ops.abs(error))}


CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
AND, OR, XOR = ([0, 0, 0, 1], [0, 1, 1, 1], [0, 1, 1, 0])


def test_09_the_perceptron_learns_and_and_or_but_not_xor():
    def wrong(y):
        model = Perceptron()
        model.compile()
        y = np.array(y, np.float32)
        model.fit(CORNERS, y, batch_size=1, epochs=50, verbose=0)
        return np.abs(model.predict(CORNERS, verbose=0)[:, 0] - y).sum()

    assert wrong(AND) == 0
    assert wrong(OR) == 0
    assert wrong(XOR) > 0

    utils.set_random_seed(3)
    mlp = Sequential([layers.Input((2,)), layers.Dense(2, activation="tanh"), layers.Dense(1, activation="sigmoid")])
    mlp.compile(optimizers.Adam(0.1), "binary_crossentropy")
    mlp.fit(CORNERS, np.array(XOR), batch_size=4, epochs=300, verbose=0)
    assert ((mlp.predict(CORNERS, verbose=0)[:, 0] > 0.5) == XOR).all()


def test_10_adaline_reaches_the_least_squares_solution():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 3))
    y = np.sign(x @ [1.0, -2.0, 0.5] + 0.2 + 0.5 * rng.normal(size=100))
    adaline = Sequential([layers.Input((3,)), layers.Dense(1)])
    adaline.compile(optimizers.SGD(0.1), "mse")
    adaline.fit(x, y, batch_size="full", epochs=200, verbose=0)
    expected = np.linalg.lstsq(np.c_[x, np.ones(100)], y, rcond=None)[0]
    np.testing.assert_allclose(np.concatenate([w.ravel() for w in adaline.get_weights()]), expected, atol=1e-3)
    assert ((adaline.predict(x, verbose=0)[:, 0] > 0) == (x @ expected[:3] + expected[3] > 0)).all()


def test_15_the_flag_of_red_and_blue_is_purple_on_average():
    flag = np.zeros((1, 4, 4, 3))
    flag[:, :, ::2, 0] = 255
    flag[:, :, 1::2, 2] = 255
    np.testing.assert_array_equal(layers.AveragePooling2D(2)(flag).numpy(), np.full((1, 2, 2, 3), [127.5, 0, 127.5]))
    np.testing.assert_array_equal(layers.GlobalAveragePooling2D()(flag).numpy(), [[127.5, 0, 127.5]])


@pytest.mark.parametrize("channels", [1, 8, 64])
def test_17_two_3x3_convolutions_see_what_one_5x5_sees(channels):
    inputs = layers.Input((14, 14, channels))
    two = Sequential([inputs, *(layers.Conv2D(channels, 3, use_bias=False) for _ in range(2))])
    one = Sequential([layers.Input((14, 14, channels)), layers.Conv2D(channels, 5, use_bias=False)])
    assert two.output_shape == one.output_shape == (None, 10, 10, channels)
    assert two.count_params() == 18 * channels**2
    assert one.count_params() == 25 * channels**2


def test_18_a_1x1_convolution_is_a_dense_layer_at_each_pixel():
    x = np.random.default_rng(0).normal(size=(2, 7, 5, 12))
    conv, dense = layers.Conv2D(20, 1), layers.Dense(20)
    conv.build(x.shape)
    dense.build(x.shape)
    dense.set_weights([conv.get_weights()[0][0, 0], conv.get_weights()[1]])
    np.testing.assert_allclose(conv(x).numpy(), dense(x).numpy(), atol=1e-5)


def test_19_a_residual_block_without_weights_is_the_identity():
    inputs = layers.Input((9, 9, 6))
    h = layers.Conv2D(6, 3, padding="same", kernel_initializer="zeros")(inputs)
    h = layers.ReLU()(layers.BatchNormalization()(h))
    h = layers.Conv2D(6, 3, padding="same", kernel_initializer="zeros")(h)
    block = Model(inputs, layers.add([inputs, h]))
    x = np.random.default_rng(0).normal(size=(3, 9, 9, 6)).astype(np.float32)
    np.testing.assert_array_equal(block.predict(x, verbose=0), x)
    np.testing.assert_array_equal(block(x, training=True).numpy(), x)


@pytest.mark.parametrize("start", [0.0, 0.3])
@pytest.mark.parametrize("units", [3, 8, 37])
def test_21_units_that_begin_alike_stay_alike(start, units):
    x, y = blobs(90, features=5)
    alike = initializers.Constant(start)
    model = Sequential([
        layers.Dense(units, activation="tanh", kernel_initializer=alike),
        layers.Dense(3, activation="softmax", kernel_initializer=alike),
    ])  # fmt: skip
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=5, verbose=0)
    hidden, _, out, out_bias = model.get_weights()
    np.testing.assert_array_equal(hidden, np.repeat(hidden[:, :1], units, axis=1))
    np.testing.assert_array_equal(out, np.repeat(out[:1], units, axis=0))
    assert np.ptp(out_bias) > 0 or start == 0.0
    assert (np.ptp(hidden[:, 0]) > 0) == (start != 0.0)  # zeros do not even move


def test_22_batch_normalization_in_training_evaluation_and_frozen():
    x = np.random.default_rng(0).normal(3, 5, (64, 4, 4, 6))
    layer = layers.BatchNormalization(epsilon=1e-7)
    y = layer(x, training=True).numpy().astype(np.float64)
    np.testing.assert_allclose(y.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(y.var(axis=(0, 1, 2)), 1, atol=1e-5)
    _, _, mean, variance = moving = layer.get_weights()
    expected = (x - mean) / np.sqrt(variance + 1e-7)
    np.testing.assert_allclose(layer(x, training=False).numpy(), expected, rtol=1e-5, atol=1e-5)
    layer.trainable = False
    np.testing.assert_array_equal(layer(x, training=True).numpy(), layer(x, training=False).numpy())
    for before, after in zip(moving, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_23_l2_is_weight_decay_of_twice_its_strength_under_sgd():
    x, y = blobs(100)

    def trained(regularizer, weight_decay):
        utils.set_random_seed(5)
        model = Sequential([
            layers.Dense(8, activation="relu", use_bias=False, kernel_regularizer=regularizer),
            layers.Dense(3, activation="softmax", use_bias=False, kernel_regularizer=regularizer),
        ])  # fmt: skip
        model.compile(optimizers.SGD(0.1, weight_decay=weight_decay), "sparse_categorical_crossentropy")
        model.fit(x, y, batch_size=10, epochs=5, verbose=0)
        assert int(model.optimizer.iterations) == 50
        return model.get_weights()

    plain, decayed = trained(None, None), trained(None, 0.02)
    for a, b, c in zip(trained(regularizers.L2(0.01), None), decayed, plain, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
        assert np.abs(a - c).max() > 1e-3


def test_24_dropout_keeps_the_mean_and_its_mask_for_any_threads():
    x = np.ones((400, 500), np.float32)
    results = []
    for threads in (1, 2, 8):
        fastcnn.set_num_threads(threads)
        results.append(layers.Dropout(0.4, seed=9)(x, training=True).numpy())
    assert results[0].mean() == pytest.approx(1, rel=0.01)
    assert np.unique(results[0]).tolist() == [0.0, np.float32(1 / 0.6)]
    for other in results[1:]:
        np.testing.assert_array_equal(results[0], other)


def test_28_a_frozen_base_keeps_its_bits_until_it_is_unfrozen():
    rng = np.random.default_rng(0)
    x, y = rng.random((32, 8, 8, 3)), rng.integers(0, 2, 32)
    base = Sequential([
        layers.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU(),
        layers.GlobalAveragePooling2D(),
    ])  # fmt: skip
    model = Sequential([base, layers.Dropout(0.2), layers.Dense(2, activation="softmax")])
    start = base.get_weights()
    head = model.layers[-1].get_weights()

    base.trainable = False
    model.compile(optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=3, batch_size=8, verbose=0)
    for before, after in zip(start, base.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    assert np.abs(head[0] - model.layers[-1].get_weights()[0]).max() > 0

    base.trainable = True
    model.compile(optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=1, batch_size=8, verbose=0)
    for name, before, after in zip([w.path for w in base.weights], start, base.get_weights(), strict=True):
        assert (before != after).all() or (name.endswith("bias") and (before != after).any()), name


@pytest.mark.parametrize("kind", [optimizers.SGD, optimizers.Adam])
def test_36_update_ratio_is_the_length_of_the_step_over_that_of_the_weights(kind):
    x, y = blobs(64)
    model = Sequential([layers.Input((4,)), layers.Dense(5, activation="tanh"), layers.Dense(3, activation="softmax")])
    model.compile(kind(0.1, update_ratios=True), "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=16, verbose=0)  # biases are no longer zero
    before = [w.numpy().astype(np.float64) for w in model.weights]
    model.train_on_batch(x, y)
    for variable, w in zip(model.weights, before, strict=True):
        expected = np.linalg.norm(variable.numpy() - w) / np.linalg.norm(w)
        assert model.optimizer.update_ratios[variable.path] == pytest.approx(expected, rel=1e-5, abs=1e-6)
