"""Arguments that stand in signatures because Keras has them: refused where they would matter, idle where they cannot."""

import numpy as np
import pytest

import fastcnn
from fastcnn import Variable, callbacks, initializers, layers, metrics, ops, optimizers, regularizers, saving
from fastcnn._arrays import plain


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Variable([1.0], layout="rows"), "layout is not supported"),
        (lambda: optimizers.SGD().add_variable((2,), layout="rows"), "layout is not supported"),
        (lambda: fastcnn.KerasTensor((2,), sparse=True), "sparse=True is not supported"),
        (lambda: fastcnn.KerasTensor((2,), ragged=True), "ragged=True is not supported"),
        (lambda: ops.convert_to_tensor([1.0], sparse=True), "sparse=True is not supported"),
        (lambda: ops.convert_to_tensor([1.0], ragged=True), "ragged=True is not supported"),
        (lambda: ops.moments([1.0], 0, synchronized=True), "synchronized=True is not supported"),
        (lambda: ops.where([True, False]), r"where needs x1: .* use numpy\.nonzero"),
        (lambda: ops.where([True, False], 1.0), "where needs x2"),
        (lambda: saving.save_weights(None, "a.npz", max_shard_size=1), "max_shard_size is not supported"),
    ],
)
def test_refused(call, message):
    with pytest.raises(NotImplementedError, match=message):
        call()


def test_idle():
    v = Variable([1.0, 2.0], None, "float32", False, True, "mean", "on_read", "w", None)
    assert (v.name, v.trainable, v.numpy().tolist()) == ("w", False, [1.0, 2.0])
    assert fastcnn.KerasTensor((2,), "int32", False, False, False, "x").name == "x"
    assert optimizers.SGD().add_variable((2,), "ones", None, "mean", None, "w").name == "w"
    assert ops.convert_to_tensor([1.0], sparse=False, ragged=False).numpy().tolist() == [1.0]


def test_product_in_another_type():
    y = ops.prod(np.array([[1, 2], [3, 4]], np.int32), 0, dtype="float32")
    assert (y.dtype, y.numpy().tolist()) == ("float32", [3.0, 8.0])
    assert ops.prod(np.array([2, 3], np.int32), dtype="int64").dtype == "int64"


def test_states_of_metrics():
    metric = metrics.Metric("m")
    assert metric.add_weight().numpy() == 0
    assert metric.add_variable((2,), "ones", name="w").numpy().tolist() == [1, 1]
    assert metric.add_variable((2,), None).numpy().tolist() == [0, 0]


def test_keywords_of_keras():
    assert initializers.serialize(initializer=initializers.Zeros())["class_name"] == "Zeros"
    assert regularizers.serialize(regularizer=regularizers.L2())["class_name"] == "L2"
    assert fastcnn.constraints.serialize(constraint=fastcnn.constraints.NonNeg())["class_name"] == "NonNeg"
    assert saving.get_registered_name(obj=Variable) == "Variable"
    assert ops.convert_to_tensor(x=[1.0]).shape == (1,)
    assert ops.adaptive_average_pool(inputs=np.ones((1, 4, 4, 1)), output_size=2).shape == (1, 2, 2, 1)


def test_axes_of_initializers():
    """Limits as in Keras: sqrt(3 scale / fan), the fan being the product of the named axes."""
    make = initializers.VarianceScaling(2.0, "fan_out", "uniform", 3, [0, 1], [2])
    limit = np.sqrt(6 / 30)
    drawn = np.abs(make((50, 20, 30)).numpy()).max()
    assert 0.99 * limit < drawn <= limit
    config = make.get_config()
    assert (config["input_axes"], config["output_axes"]) == ([0, 1], [2])
    again = initializers.VarianceScaling.from_config(config)
    np.testing.assert_array_equal(again((50, 20, 30)).numpy(), make((50, 20, 30)).numpy())
    glorot = initializers.GlorotUniform(1, (0,), (1, 2))
    assert np.abs(glorot((10, 20, 30)).numpy()).max() <= np.sqrt(6 / 610)
    assert glorot.get_config() == {"seed": 1, "input_axes": [0], "output_axes": [1, 2]}
    # Keras 3.15 writes them always; older ones do not know them, so fastcnn writes them only where they are.
    assert initializers.GlorotUniform.from_config(
        {"seed": 1, "input_axes": None, "output_axes": None}
    ).get_config() == {"seed": 1}
    with pytest.raises(ValueError, match="input_axes and output_axes must be given both or neither"):
        initializers.HeNormal(input_axes=[0])


def test_bytes_become_floats_where_a_layer_is_called():
    pixels = np.array([[0, 127, 255]], np.uint8)
    both = layers.Identity()([pixels, pixels.astype(np.int64)])
    assert [t.dtype for t in both] == ["float32", "int64"]
    assert layers.Identity()(ops.convert_to_tensor(pixels)).dtype == "uint8"
    np.testing.assert_array_equal(layers.Softmax()(pixels).numpy(), layers.Softmax()(pixels.astype("float32")).numpy())

    class Chosen(layers.Layer):
        def call(self, x, labels):
            return ops.one_hot(labels, 3) * x

    assert Chosen()(pixels, labels=np.array([2], np.uint8)).numpy().tolist() == [[0, 0, 255]]


N, F = np.int64, np.float32


@pytest.mark.parametrize(
    "made",
    [
        lambda: layers.Dropout(F(0.5), seed=N(3)),
        lambda: layers.Dropout(0.5, noise_shape=(None, N(1), N(1), N(3))),
        lambda: layers.SpatialDropout2D(F(0.5)),
        lambda: layers.GaussianNoise(F(0.5)),
        lambda: layers.GaussianDropout(F(0.5)),
        lambda: layers.LayerNormalization(axis=N(-1), epsilon=F(1e-3)),
        lambda: layers.LayerNormalization(axis=(N(-1), N(1))),
        lambda: layers.GroupNormalization(N(3)),
        lambda: layers.UnitNormalization(N(-1)),
        lambda: layers.Softmax(N(-1)),
        lambda: layers.LeakyReLU(F(0.1)),
        lambda: layers.PReLU(shared_axes=[N(1), N(2)]),
        lambda: layers.Permute((N(2), N(1), N(3))),
        lambda: layers.Normalization(N(-1), mean=F(0.5), variance=F(0.2)),
        lambda: layers.RandomRotation(F(0.1), fill_value=F(0.5)),
        lambda: layers.RandomZoom((F(-0.1), F(0.1))),
        lambda: layers.RandomContrast(F(0.1)),
        lambda: layers.RandomBrightness(F(0.1), value_range=(N(0), N(1))),
        lambda: layers.ActivityRegularization(F(0.1)),
        lambda: layers.Dense(2, kernel_regularizer=regularizers.L1L2(F(0.01), F(0.02))),
        lambda: layers.Maxout(N(4)),
        lambda: layers.Dense(N(4), kernel_constraint=fastcnn.constraints.MaxNorm(F(2.0))),
    ],
)
def test_numbers_of_numpy_are_numbers(made, tmp_path):
    pytest.importorskip("h5py")
    model = fastcnn.Sequential([layers.Input((N(4), N(4), N(3)), batch_size=N(2)), made()])
    model.compile(optimizers.SGD(F(0.1), momentum=F(0.9)), "mse", loss_weights=F(2), steps_per_execution=N(1))
    x = np.random.default_rng(0).random((2, 4, 4, 3))
    y = model.predict(x)
    model.fit(
        x, y, epochs=N(2), initial_epoch=np.argmin([1, 0]), validation_data=(x, y), validation_freq=N(1), verbose=0
    )
    y = model.predict(x)
    fastcnn.models.model_from_json(model.to_json()).set_weights(model.get_weights())
    for name in ("m.keras", "m.fastcnn"):
        model.save(tmp_path / name)
        np.testing.assert_array_equal(fastcnn.models.load_model(tmp_path / name).predict(x), y)


def test_callbacks_and_axes_take_numbers_of_numpy(tmp_path):
    model = fastcnn.Sequential([layers.Input(np.prod([2, 2])), layers.Dense(1)])
    model.compile("sgd", "mse")
    listed = [
        callbacks.ModelCheckpoint(tmp_path / "{epoch}.fastcnn", save_freq=N(1)),
        callbacks.BackupAndRestore(tmp_path / "backup", save_freq=N(1)),
        callbacks.TensorBoard(tmp_path / "logs", update_freq=N(1)),
    ]
    model.fit(np.ones((2, 4)), np.ones(2), callbacks=listed[:2], verbose=0)
    assert layers.Dot(axes=N(1))([layers.Input((3,)), layers.Input((3,))]).shape == (None, 1)
    assert fastcnn.random.normal(N(2)).shape == (2,)
    base = fastcnn.Sequential([layers.Input((8, 8, 3)), layers.Conv2D(2, 3)])
    assert fastcnn.transfer.build(base, classes=np.array([0, 2]).max() + 1).output_shape == (None, 3)


def test_json_of_what_is_no_number():
    with pytest.raises(TypeError, match="cannot be written as JSON: .* of type object"):
        plain(object())
