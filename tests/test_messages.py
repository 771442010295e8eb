"""What layers, models, optimizers and files are handed in place of what they need: told by name, not by Python."""

import numpy as np
import pytest

from fastcnn import layers, models, optimizers, utils
from fastcnn.preprocessing.image import ImageDataGenerator
from fastcnn.tensor import Variable

X = np.ones((2, 4), "float32")
ONE_TENSOR = [
    layers.Dense(3), layers.Conv2D(3, 3), layers.DepthwiseConv2D(3), layers.Conv2DTranspose(3, 3),
    layers.SeparableConv2D(3, 3), layers.MaxPooling2D(), layers.GlobalMaxPooling2D(), layers.BatchNormalization(),
    layers.LayerNormalization(), layers.GroupNormalization(1), layers.UnitNormalization(), layers.Flatten(),
    layers.Reshape((2,)), layers.Permute((1,)), layers.RepeatVector(2), layers.Embedding(4, 3), layers.PReLU(),
    layers.Softmax(), layers.Normalization(), layers.ZeroPadding2D(), layers.Cropping2D(), layers.UpSampling2D(),
    layers.Maxout(2), layers.ZCAWhitening(), layers.Standardization(),
]  # fmt: skip


@pytest.mark.parametrize("layer", ONE_TENSOR, ids=lambda layer: layer.name)
def test_layers_of_one_tensor(layer):
    label = f"{type(layer).__name__} '{layer.name}'"
    for given, told in (([X, X], "a list of 2; layers.Concatenate joins"), ({"a": X}, "a dict of 1"), (None, "None")):
        with pytest.raises(TypeError, match=f"{label} takes an array or a tensor, got {told}"):
            layer(given)
    if not isinstance(layer, layers.Embedding):
        with pytest.raises(ValueError, match=rf"{label}: expected at least 1 dimension, got shape \(\)"):
            layer(3.0)


def test_a_call_of_ones_own_takes_what_it_likes():
    class Summed(layers.Dense):
        def build(self, input_shape):
            super().build(input_shape[0])

        def call(self, inputs):
            return super().call(inputs[0] + inputs[1])

    assert Summed(3)([X, X]).shape == (2, 3)


def _model():
    return models.Sequential([layers.Input((4,)), layers.Dense(3)])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda _: models.load_model(3), "filepath must be the path of a file for a model, got 3"),
        (lambda _: models.load_model(None), "filepath must be the path of a file for a model, got None"),
        (lambda _: _model().save(3), "filepath must be the path of a file for a model, got 3"),
        (lambda _: _model().save_weights(3), "filepath must be the path of a file for weights, got 3"),
        (lambda _: _model().load_weights(3), "filepath must be the path of a file for weights, got 3"),
        (lambda _: _model().set_weights(3), r"sequential\w*: set_weights takes a list of 2 arrays, got 3"),
        (lambda _: _model().layers[0].set_weights(None), r"dense\w*: set_weights takes a list of 2 arrays, got None"),
        (lambda _: models.Sequential([layers.Dense(3)]).build(4), "input_shape must be the shape of a batch, .* got 4"),
        (lambda _: layers.Layer().add_weight(shape="a"), r"a weight needs a shape of known sizes, got \('a',\)"),
        (lambda p: utils.save_img(p / "x.abc", np.ones((2, 2, 3))), "file_format must be one .* got 'abc'"),
        (lambda p: utils.save_img(p / "x.png", np.ones((2, 2, 3)), file_format="q"), "file_format must be .* got 'q'"),
        (lambda _: optimizers.SGD().apply_gradients([(1, 2)]), "an optimizer changes a list of variables, got 2 among"),
        (lambda _: optimizers.SGD().apply_gradients(3), "grads_and_vars must be pairs of .* got 3"),
        (lambda _: optimizers.SGD().apply_gradients([(1, 2, 3)]), r"grads_and_vars must be pairs of .* got \(1, 2, 3\)"),
        (lambda _: optimizers.SGD().apply(3, [Variable(1.0)]), "grads must be a list of gradients, got 3"),
        (lambda _: optimizers.SGD().apply([1.0], [3]), "an optimizer changes a list of variables, got 3"),
        (lambda _: optimizers.SGD().build(3), "an optimizer changes a list of variables, got 3"),
        (lambda p: ImageDataGenerator().flow_from_directory(p, target_size=None), "target_size must be .* got None"),
        (lambda p: ImageDataGenerator().flow_from_directory(p, target_size="a"), "target_size must be .* got 'a'"),
        (lambda _: layers.PReLU(shared_axes="a"), r"shared_axes must be None, an int or a list of ints, got \['a'\]"),
        (lambda _: layers.PReLU(shared_axes=[1.5]), r"shared_axes must be None, an int or a list of ints, got \[1.5\]"),
        (lambda _: layers.Normalization(axis="a"), r"axis must be None, an int or a list of ints, got 'a'"),
        (lambda _: layers.Normalization(axis=[1.5]), r"axis must be None, an int or a list of ints, got \[1.5\]"),
    ],
)  # fmt: skip
def test_what_is_no_argument(call, message, tmp_path):
    (tmp_path / "a").mkdir()
    utils.save_img(tmp_path / "a" / "x.png", np.ones((2, 2, 3)))
    with pytest.raises((TypeError, ValueError), match=message):
        call(tmp_path)


def test_one_number_is_a_size(tmp_path):
    (tmp_path / "a").mkdir()
    utils.save_img(tmp_path / "a" / "x.png", np.ones((2, 2, 3)))
    assert ImageDataGenerator().flow_from_directory(tmp_path, target_size=8).image_shape == (8, 8, 3)


def test_formats_by_what_files_end_in(tmp_path):
    for suffix in ("tif", "jpe", "JPG", "bmp"):
        utils.save_img(tmp_path / f"x.{suffix}", np.ones((2, 2, 3)))
        assert utils.load_img(tmp_path / f"x.{suffix}").size == (2, 2)


def test_normalization_of_one_sample_is_a_batch_of_one():
    layer = layers.Normalization()
    layer.adapt(np.arange(96.0).reshape(2, 4, 4, 3))
    image = np.ones((4, 4, 3), "float32")
    assert (layer(image).numpy() == layer(image[None]).numpy()).all()  # Keras broadcasts, which gives that shape
    assert layers.Normalization(mean=[1.0, 2], variance=[1.0, 1])(np.ones((5, 2))).shape == (5, 2)
    with pytest.raises(ValueError, match="expects an input with size 3 along axis 3, got shape"):
        layer(np.ones((4, 4, 4)))
    with pytest.raises(ValueError, match="expects an input with 4 dimensions, got shape"):
        layer(np.ones((4, 3)))
