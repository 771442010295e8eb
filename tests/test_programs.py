"""Programs do what the eager model does: the same bits in training, to 1e-5 in inference, where weights are folded."""

import os
import random

import numpy as np
import pytest
from program_models import BUILDERS, bn_relu, data, fitted, mobile, names, only, plain, residual

from fastcnn import layers, models
from fastcnn.plan import stepping

GRAPHS = int(os.environ.get("FASTCNN_GRAPHS") or random.SystemRandom().randrange(10**6))


def random_layer(rng, x):
    """One more layer, or a branch of several, on x."""
    filters, size = int(rng.integers(2, 9)), int(rng.integers(1, 4))
    strides = 2 if x.shape[1] > 3 and rng.integers(2) else 1
    activation = str(rng.choice(["relu", "tanh", "elu", "sigmoid", "silu", "linear"]))
    shared = {"padding": "same", "use_bias": bool(rng.integers(2))}
    kind = int(rng.integers(0, 12))
    if kind == 0:
        return layers.Conv2D(filters, size, strides=strides, activation=activation, **shared)(x)
    if kind == 1:
        return bn_relu(x, filters, use_bias=bool(rng.integers(2)))
    if kind == 2:
        pool = layers.MaxPooling2D if rng.integers(2) else layers.AveragePooling2D
        return pool(2 if x.shape[1] > 3 else 1, padding="same")(x)
    if kind == 3:
        y = layers.BatchNormalization()(layers.Conv2D(x.shape[-1], 3, padding="same")(x))
        return layers.Activation("relu")(layers.Add()([x, y] if rng.integers(2) else [y, x]))
    if kind == 4:
        return layers.Concatenate()([x, layers.DepthwiseConv2D(size, padding="same", activation=activation)(x)])
    if kind == 5:
        return layers.Dropout(0.25)(x)
    if kind == 6:
        return layers.Conv2D(filters, 3)(layers.ZeroPadding2D(1)(x))
    if kind == 7:
        return layers.SeparableConv2D(filters, size, strides=strides, activation=activation, **shared)(x)
    if kind == 8:
        y = layers.BatchNormalization()(layers.DepthwiseConv2D(3, strides=strides, **shared)(x))
        return layers.ReLU(max_value=6.0)(y)
    if kind == 9:
        gate = layers.Dense(x.shape[-1], activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(x))
        return layers.Multiply()([x, gate])
    if kind == 10:
        return layers.Activation(activation)(layers.BatchNormalization()(x))
    return layers.ReLU()(x * 0.5 + 0.1)


def random_model(seed):
    """A small graph of random layers."""
    rng = np.random.default_rng(seed)
    x = start = layers.Input((12, 12, 3))
    for _ in range(int(rng.integers(3, 8))):
        x = random_layer(rng, x)
    end = (layers.GlobalAveragePooling2D(), layers.GlobalMaxPooling2D(), layers.Flatten())[int(rng.integers(3))]
    x = layers.Dense(int(rng.integers(4, 20)), activation="relu")(end(x))
    return models.Model(start, layers.Dense(5, activation="softmax")(x))


@pytest.mark.parametrize("optimizer", ["adam", "momentum"])
@pytest.mark.parametrize("name", BUILDERS)
def test_training_has_the_bits_of_eager_training(name, optimizer):
    programmed, history = fitted(BUILDERS[name], False, optimizer)
    eager, expected = fitted(BUILDERS[name], True, optimizer)
    plans = stepping.plans_of(programmed)
    assert plans.reason is None and len(plans.training) == 1  # 32 samples: two batches of 16
    assert not stepping.plans_of(eager).training
    for a, b in zip(programmed.get_weights(), eager.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert history["loss"] == expected["loss"] and history["accuracy"] == expected["accuracy"]
    np.testing.assert_allclose(history["val_loss"], expected["val_loss"], rtol=1e-5)


@pytest.mark.parametrize("name", BUILDERS)
def test_inference_is_that_of_the_eager_model(name):
    model, _ = fitted(BUILDERS[name], False)
    x, _ = data(19)
    expected = model(x, training=False).numpy()
    np.testing.assert_allclose(model.predict(x, batch_size=8, verbose=0), expected, rtol=1e-5, atol=1e-6)
    assert stepping.plans_of(model).inference and stepping.plans_of(model).reason is None


@pytest.mark.parametrize("number", range(10))
def test_random_graphs(number):
    """Other graphs in each run; FASTCNN_GRAPHS is the seed of the first, which a failure shows."""
    print(f"FASTCNN_GRAPHS={GRAPHS}")
    seed = GRAPHS + number
    programmed, _ = fitted(lambda: random_model(seed), False, epochs=1)
    eager, _ = fitted(lambda: random_model(seed), True, epochs=1)
    assert stepping.plans_of(programmed).reason is None
    for a, b in zip(programmed.get_weights(), eager.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    x, _ = data(7)
    np.testing.assert_allclose(programmed.predict(x, verbose=0), eager(x, training=False).numpy(), rtol=1e-5, atol=1e-6)


def test_batch_norm_shortcut_and_relu_become_one_step():
    model, _ = fitted(residual, False)
    found = names(only(stepping.plans_of(model).training).program)
    # Two results are read by a convolution alone, and are not stored at all.
    assert found.count("batch_norm_fused") + found.count("batch_norm_statistics") >= 4
    assert found.count("batch_norm_backward_fused") >= 4
    # What is left are the batch normalisations of a shortcut, which no activation follows.
    assert found.count("batch_norm") <= 1 and "activate" not in found


def pooled():
    x = start = layers.Input((12, 12, 3))
    x = layers.Conv2D(6, 3, activation="relu", padding="same")(x)
    x = y = layers.Conv2D(8, 3, activation="relu", padding="same")(x)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = layers.Conv2D(8, 3, strides=2, activation="relu")(layers.MaxPooling2D()(x))
    x = layers.Concatenate()([layers.Flatten()(x), layers.GlobalAveragePooling2D()(y)])
    return models.Model(start, layers.Dense(5, activation="softmax")(x))


def forked():
    x = start = layers.Input((12, 12, 3))
    x = layers.Conv2D(8, 3, activation="relu")(x)
    for _ in range(2):
        x = layers.Add()([x, layers.Conv2D(8, 3, padding="same", activation="relu")(x)])
    x = layers.Conv2D(8, 1, activation="relu")(x)
    x = layers.Conv2D(4, 3, activation="relu")(layers.Conv2D(8, 3, padding="same", activation="relu")(x))
    return models.Model(start, layers.Dense(5, activation="softmax")(layers.Flatten()(x)))


@pytest.mark.parametrize("build", [pooled, forked])
def test_gradients_that_pooling_and_forks_change_stay_the_same(build):
    found = [fitted(build, eager)[0].get_weights() for eager in (False, True)]
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_max_pooling_notes_where_its_maxima_were_and_masks_the_smaller_gradient():
    model, _ = fitted(pooled, False)
    program = only(stepping.plans_of(model).training).program
    found = names(program)
    assert found.count("max_pool_indices") == 2 and found.count("max_pool_scatter") == 2
    assert "max_pool" not in found and "max_pool_dx" not in found
    masks = [step.outputs[0].shape for step in program.steps if step.operation.name == "activate_dx"]
    assert (16, 12, 12, 8) in masks  # read twice: by the pooling and by the mean
    assert (16, 1, 1, 8) in masks and (16, 3, 3, 8) not in masks


def test_sums_and_masks_join_the_convolutions_gradient():
    model, _ = fitted(forked, False)
    found = names(only(stepping.plans_of(model).training).program)
    assert found.count("conv2d_dx_fused") >= 4 and found.count("activate_dx") <= 4


def flat():
    x = start = layers.Input((12, 12, 3))
    x = layers.MaxPooling2D()(layers.Conv2D(8, 3, activation="relu")(x))
    x = layers.Dense(20, activation="relu")(layers.Flatten()(x))
    return models.Model(start, layers.Dense(5, activation="softmax")(x))


def test_masks_join_the_gradients_of_dense_layers_through_a_flattening():
    model, _ = fitted(flat, False)
    steps = only(stepping.plans_of(model).training).program.steps
    found = [step.outputs[0].shape for step in steps if step.operation.name == "dense_dx_fused"]
    assert found == [(16, 20), (16, 200)] and not any(step.operation.name == "activate_dx" for step in steps)
    # Where they were: weights that are not read any more can be updated while their gradient is made, some rows at a time.
    order = [step.operation.name for step in steps if step.operation.name in ("dense_dx_fused", "dense_dw")]
    assert order == 2 * ["dense_dx_fused", "dense_dw"]
    for a, b in zip(model.get_weights(), fitted(flat, True)[0].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def bottlenecks():
    x = start = layers.Input((12, 12, 3))
    x = bn_relu(x, 8)
    for _ in range(2):
        y = layers.BatchNormalization()(layers.Conv2D(8, 1)(bn_relu(layers.Conv2D(4, 1)(x), 4)))
        x = layers.ReLU()(layers.Add()([x, y]))
    return models.Model(start, layers.Dense(5, activation="softmax")(layers.GlobalAveragePooling2D()(x)))


def test_the_mask_of_a_residual_block_joins_the_convolution_behind_it():
    model, _ = fitted(bottlenecks, False)
    steps = only(stepping.plans_of(model).training).program.steps
    assert [step.inputs[3] is not None for step in steps if step.operation.name == "conv2d_dx_fused"] == [True, False]
    masked = [step for step in steps if step.operation.name == "batch_norm_backward_fused" and step.attrs["residual"]]
    assert len(masked) == 1 and names(only(stepping.plans_of(model).training).program).count("batch_norm_backward") == 1
    for a, b in zip(model.get_weights(), fitted(bottlenecks, True)[0].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_inference_folds_batch_norm_and_padding():
    model, _ = fitted(residual, False)
    model.predict(data(4)[0], verbose=0)
    for pool in stepping.plans_of(model).inference.values():
        found = names(pool[0].program)
        assert not any(name.startswith("batch_norm") for name in found) and "pad" not in found


def test_depthwise_convolutions_clamp_in_their_epilogue():
    model, _ = fitted(mobile, False)
    model.predict(data(4)[0], verbose=0)
    for pool in stepping.plans_of(model).inference.values():
        (step,) = (s for s in pool[0].program.steps if s.attrs.get("activation") == "relu6")
        assert step.operation.name == "depthwise_conv2d"


def test_the_first_convolution_computes_no_input_gradient():
    model, _ = fitted(plain, False)
    assert "conv2d_dx" not in names(only(stepping.plans_of(model).training).program)
