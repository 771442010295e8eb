"""Activations that are too long for registers, at the end of a product: the bits of a pass of their own."""

import numpy as np
import pytest

from fastcnn import kernels, layers, models, ops
from fastcnn.plan import model_steps
from fastcnn.tensor import Tensor

LONG = [
    "step",
    "leaky_relu",
    "selu",
    "sigmoid",
    "hard_sigmoid",
    "tanh",
    "softplus",
    "silu",
    "hard_silu",
    "gelu",
    "mish",
]
WIDTHS = (1, 7, 16, 31, 48, 64, 96, 150)  # rows that end within a vector, after one, after four


def separately(y, activation):
    return kernels.activate(y, activation, 0.25)


@pytest.mark.parametrize("activation", LONG)
def test_convolutions(isa, rng, activation):
    for k in WIDTHS:
        for size, c, options in (
            (1, 5, {}),
            (1, 5, {"strides": 2}),
            (3, 4, {"padding": "same"}),
            (3, 32, {"padding": "same", "algorithm": "winograd"}),
            (1, 9, {"out": np.full((2, 9, 10, k + 3), 5, np.float32)[..., 2 : k + 2]}),
        ):
            x = rng.standard_normal((2, 9, 10, c), dtype=np.float32)
            w, bias = rng.standard_normal((size, size, c, k), dtype=np.float32), rng.standard_normal(k)
            expected = separately(kernels.conv2d(x, w, bias, **options), activation)
            got = kernels.conv2d(x, w, bias, activation=activation, alpha=0.25, **options)
            np.testing.assert_array_equal(got, expected)
            if "out" in options:
                assert (options["out"].base[..., [0, 1, -1]] == 5).all()


@pytest.mark.parametrize("activation", LONG)
def test_transposed_convolutions(isa, rng, activation):
    for k in WIDTHS:
        for strides, c in ((2, 3), (1, 32)):
            x = rng.standard_normal((2, 8, 8, c), dtype=np.float32)
            w, bias = rng.standard_normal((3, 3, k, c), dtype=np.float32), rng.standard_normal(k)
            given = x, w, bias, strides, "same"
            expected = separately(kernels.conv2d_transpose(*given), activation)
            got = kernels.conv2d_transpose(*given, activation=activation, alpha=0.25)
            np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("activation", LONG)
def test_dense_layers(isa, rng, activation):
    for rows, depth in ((1, 40), (12, 700), (70, 33), (500, 20)):
        for k in WIDTHS:
            x, w = rng.standard_normal((rows, depth), dtype=np.float32), rng.standard_normal((depth, k)).astype("f4")
            expected = separately(kernels.dense(x, w), activation)
            np.testing.assert_array_equal(kernels.dense(x, w, activation=activation, alpha=0.25), expected)


@pytest.mark.parametrize("activation", ["silu", "tanh", "leaky_relu", "relu"])
def test_programs_end_products_with_them(activation):
    x = start = layers.Input((8, 8, 3))
    x = layers.Conv2D(33, 3, padding="same", activation=activation)(x)
    x = layers.Activation(activation)(layers.Conv2D(40, 1)(x))
    model = models.Model(start, layers.Dense(7, activation=activation)(layers.Flatten()(x)))
    images = np.random.default_rng(1).standard_normal((3, 8, 8, 3), dtype=np.float32)
    names = [step.operation.name for step in model_steps.Inference(model, Tensor(images)).program.steps]
    assert ("activate" in names) == (activation == "leaky_relu")  # its slope is no part of the epilogue
    np.testing.assert_array_equal(model.predict(images, verbose=0), model(ops.convert_to_tensor(images)).numpy())
    eager = models.clone_model(model)
    eager.set_weights(model.get_weights())
    eager.compile(run_eagerly=True)
    np.testing.assert_array_equal(model.predict(images, verbose=0), eager.predict(images, verbose=0))
