"""Channels weighted by what their means say, in training programs: the means' gradients are added, not written out."""

import numpy as np
import pytest

from fastcnn import layers, losses, models, utils
from fastcnn.plan import stepping


def gate(x, gates):
    return layers.Multiply()([x, layers.Activation("sigmoid")(gates)])


def with_axes(x):
    x = layers.DepthwiseConv2D(3)(x)
    return gate(x, layers.Conv2D(3, 1)(layers.GlobalAveragePooling2D(keepdims=True)(x)))


def without_axes(x):
    x = layers.Activation("silu")(layers.BatchNormalization()(x))
    return gate(x, layers.Reshape((1, 1, 3))(layers.Dense(3)(layers.GlobalAveragePooling2D()(x))))


def of_signals(x):
    x = layers.Reshape((6, 21))(layers.Conv2D(3, 1)(x))
    return gate(x, layers.Dense(21)(layers.GlobalAveragePooling1D(keepdims=True)(x)))


def beside_a_convolution(x):
    """Whose gradient adds what is written."""
    x = layers.Activation("silu")(layers.Conv2D(3, 1)(x))
    mean = layers.Reshape((1, 1, 3))(layers.GlobalAveragePooling2D()(x))
    return layers.Add()([layers.Conv2D(3, 3, padding="same")(x), mean])


def alone(x):
    return layers.GlobalAveragePooling2D()(layers.DepthwiseConv2D(3)(x))


def trained(build, eager):
    utils.set_random_seed(3)
    start = layers.Input((6, 7, 3))
    model = models.Model(start, layers.Dense(5)(layers.Flatten()(build(start))))
    model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True), run_eagerly=eager)
    rng = np.random.default_rng(5)
    x = rng.standard_normal((16, 6, 7, 3), dtype=np.float32)
    model.fit(x, rng.integers(0, 5, 16), batch_size=8, epochs=3, verbose=0)
    return model


@pytest.mark.parametrize(
    ("build", "written"), [(with_axes, 0), (without_axes, 0), (of_signals, 0), (beside_a_convolution, 1), (alone, 1)]
)
def test_gradients_of_means_are_added_to_the_same_bits(build, written):
    model = trained(build, False)
    assert stepping.plans_of(model).reason is None
    (step,) = stepping.plans_of(model).training.values()
    names = [step.operation.name for step in step.program.steps]
    assert names.count("global_average_pool_dx") == written
    for a, b in zip(model.get_weights(), trained(build, True).get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
