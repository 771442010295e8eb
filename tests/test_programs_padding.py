"""Programs imagine the zeros around images, wherever that gives the same bits, and write them where not."""

import numpy as np
import pytest

from fastcnn import layers, losses, models, ops, utils
from fastcnn.plan import inference_passes, stepping

SIZE = 12


def padded(x, widths=1):
    return layers.ZeroPadding2D(widths)(x)


def conv(x, kernel=3, strides=2, filters=6, **options):
    return layers.Conv2D(filters, kernel, strides=strides, **options)(x)


def relu(x):
    return layers.ReLU()(layers.BatchNormalization()(x))


def strided(x):
    return conv(padded(relu(conv(padded(x, ((0, 1), (2, 1))))), ((1, 0), (0, 2))), use_bias=False)


def winograd(x):
    return conv(padded(relu(conv(padded(x), 3, 1, 40))), 3, 1, 40)


def depthwise(x):
    x = layers.DepthwiseConv2D(3, depth_multiplier=2)(padded(relu(conv(x, 1, 1))))
    return layers.DepthwiseConv2D(5, strides=2)(padded(layers.ReLU(max_value=6.0)(x), ((1, 2), (2, 1))))


def pooled(x):
    return layers.MaxPooling2D(3, 2)(padded(relu(conv(x, 1, 1)), ((1, 1), (0, 1))))


def pooled_after_conv(x):
    return layers.MaxPooling2D(3, 2)(padded(conv(x, 3, 1, activation="relu")))


def pooled_beside_the_image(x):
    """The first windows hold nothing but zeros."""
    return layers.MaxPooling2D(2)(padded(conv(x, 3, 1, activation="relu"), ((2, 0), (0, 0))))


def read_twice(x):
    x = padded(relu(conv(x, 1, 1)))
    return layers.Add()([conv(x), layers.DepthwiseConv2D(3, strides=2)(x)])


def pooled_negative(x):
    return layers.MaxPooling2D(3, 2)(padded(conv(x, 1, 1)))


def averaged(x):
    return layers.AveragePooling2D(3, 2)(padded(relu(conv(x, 1, 1))))


def also_added(x):
    x = relu(conv(x, 1, 1))
    y = padded(x)
    return layers.Add()([layers.Cropping2D(1)(y), conv(y, strides=1)])


def trained(build, eager):
    utils.set_random_seed(3)
    start = layers.Input((SIZE, SIZE, 3))
    x = layers.Flatten()(build(start))
    model = models.Model(start, layers.Dense(5)(x))
    model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True), run_eagerly=eager)
    rng = np.random.default_rng(5)
    x = rng.integers(-1, 2, (16, SIZE, SIZE, 3)).astype(np.float32)  # ties and windows of zeros
    model.fit(x, rng.integers(0, 5, 16), batch_size=8, epochs=3, verbose=0)
    return model


def names(model):
    assert stepping.plans_of(model).reason is None
    (step,) = stepping.plans_of(model).training.values()
    return [step.operation.name for step in step.program.steps]


@pytest.mark.parametrize(
    ("build", "pads", "cuts"),
    [
        (strided, 0, 0),
        (winograd, 0, 1),  # tiles of the gradient begin elsewhere: other sums
        (depthwise, 0, 0),
        (pooled, 0, 0),
        (pooled_after_conv, 0, 0),
        (read_twice, 0, 1),  # of the sum of two gradients
        (pooled_negative, 1, 1),
        (pooled_beside_the_image, 1, 1),
        (averaged, 1, 1),
        (also_added, 1, 1),
    ],
)
def test_padding_is_imagined_to_the_same_bits(build, pads, cuts):
    model = trained(build, False)
    found = names(model)
    assert (found.count("pad"), found.count("pad_dx")) == (pads, cuts)
    for a, b in zip(model.get_weights(), trained(build, True).get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_other_paddings_are_written():
    for options in ({"mode": "reflect"}, {"constant_values": 1.0}):
        model = trained(lambda x, options=options: conv(Padded(options)(conv(x, 1, 1))), False)
        assert names(model).count("pad") == 1


class Padded(layers.Layer):
    """Padding of any kind."""

    def __init__(self, options):
        super().__init__()
        self.options = options

    def call(self, inputs):
        return ops.pad(inputs, ((0, 0), (1, 1), (1, 1), (0, 0)), **self.options)


def test_padding_is_named_beside_what_imagines_it():
    model = trained(strided, False)
    text = model.explain_plan()
    assert "padding" in text and "padding's gradient" in text


def normalised(x):
    """As in ResNets: folded into the convolution."""
    return layers.MaxPooling2D(3, 2)(padded(relu(conv(x, 1, 1))))


def dense_clamp(x):
    x = layers.ReLU(max_value=6.0)(layers.Dense(7)(x))
    return layers.MaxPooling2D((2, 3))(padded(x, ((1, 0), (2, 2))))


@pytest.mark.parametrize(
    ("build", "pads"),
    [
        (normalised, 0),
        (pooled, 0),
        (pooled_after_conv, 0),
        (dense_clamp, 0),
        (pooled_negative, 1),
        (pooled_beside_the_image, 1),
        (averaged, 1),
    ],
)
def test_prediction_pools_what_is_not_padded(build, pads, monkeypatch):
    utils.set_random_seed(3)
    start = layers.Input((SIZE, SIZE, 3))
    model = models.Model(start, build(start))
    x = np.random.default_rng(5).integers(-1, 2, (4, SIZE, SIZE, 3)).astype(np.float32)
    x[1, 0, 0] = x[2, 5, 5] = np.nan
    x[3, 11, 11], x[3, 0, 11] = np.inf, -np.inf
    found = model.predict(x, verbose=0)
    (pool,) = stepping.plans_of(model).inference.values()
    assert [step.operation.name for step in pool[0].program.steps].count("pad") == pads
    with monkeypatch.context() as patch:
        patch.setattr(inference_passes, "imagine_padding", lambda steps, outputs: steps)
        stepping.plans_of(model).inference.clear()
        expected = model.predict(x, verbose=0)
    assert np.isnan(expected).any() and np.ptp(expected[0]) > 0
    np.testing.assert_array_equal(found, expected)
