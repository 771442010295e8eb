"""Sums of two normalised results, and poolings of one, in training steps: the same bits as the eager model's."""

import numpy as np
import pytest
from program_models import bn_relu, fitted, names, only

from fastcnn import layers, models, seam
from fastcnn.plan import fused, stepping
from fastcnn.plan.shortcut_passes import normalise_shortcuts, pair_gradients
from fastcnn.plan.steps import node
from fastcnn.tensor import SymbolicTensor


def conv_norm(x, filters, size, strides=1):
    return layers.BatchNormalization()(layers.Conv2D(filters, size, strides, padding="same", use_bias=False)(x))


def projected():
    """Residual blocks whose shortcuts are convolutions, in both orders of the terms, and one that is none."""
    x = start = layers.Input((12, 12, 3))
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(bn_relu(x, 8)))
    for filters, strides, swapped in ((16, 1, False), (16, 1, None), (24, 2, True), (40, 1, False)):
        shortcut = x if swapped is None else conv_norm(x, filters, 1, strides)
        y = layers.ReLU()(conv_norm(x, filters, 3, strides))
        terms = [conv_norm(y, filters, 3), shortcut]
        x = layers.ReLU(6.0 if filters == 40 else None)(layers.Add()(terms[::-1] if swapped else terms))
        x = layers.ReLU()(conv_norm(x, filters, 1))
    return models.Model(start, layers.Dense(5, activation="softmax")(layers.GlobalAveragePooling2D()(x)))


def pooled():
    """Batch norm, ReLU and a maximum, with 2x2 and overlapping windows; a result that others read, too."""
    x = start = layers.Input((12, 12, 3))
    x = layers.MaxPooling2D()(bn_relu(x, 8))
    x = y = bn_relu(x, 16)
    x = layers.MaxPooling2D(3, 2, padding="same")(x)
    x = layers.Concatenate()([layers.GlobalAveragePooling2D()(x), layers.GlobalAveragePooling2D()(y)])
    return models.Model(start, layers.Dense(5, activation="softmax")(x))


def forked():
    """Shortcuts that are read by more than the sum."""
    x = start = layers.Input((12, 12, 3))
    x = bn_relu(x, 8)
    y = conv_norm(x, 8, 1)
    x = layers.ReLU()(layers.Add()([conv_norm(x, 8, 3), y]))
    x = layers.Concatenate()([layers.GlobalAveragePooling2D()(x), layers.GlobalAveragePooling2D()(y)])
    return models.Model(start, layers.Dense(5, activation="softmax")(x))


@pytest.mark.parametrize("build", [projected, pooled, forked])
def test_training_keeps_its_bits(build):
    programmed, history = fitted(build, False)
    eager, expected = fitted(build, True)
    assert history["loss"] == expected["loss"]
    for a, b in zip(programmed.get_weights(), eager.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_sums_read_both_terms_through_and_their_gradients_are_taken_together():
    model, _ = fitted(projected, False, epochs=1)
    step = only(stepping.plans_of(model).training)
    found = names(step.program)
    assert found.count("batch_norm_sum") == 3
    assert found.count("batch_norm_backward_pair") == 2  # no convolution's gradient takes ReLU6's mask
    assert "batch_norm" not in found and "batch_norm_backward" in found  # the block whose shortcut is none
    assert found.count("max_pool_through") == 1
    text = model.explain_plan()
    for words in ("normalises both terms, relu", "of both terms", "reads batch norm + relu"):
        assert words in text
    rows = model.profile(*batch(), training=True, repeats=1).rows
    pair = next(row for row in rows if row["operation"] == "batch_norm_backward_pair")
    assert pair["stage"] == "backward" and len(pair["layers"]) == 2 and pair["flops"] > 0
    total = next(row for row in rows if row["operation"] == "batch_norm_sum")
    assert total["stage"] == "forward" and total["layer"].startswith("add") and total["flops"] > 0
    pool = next(row for row in rows if row["operation"] == "max_pool_through")
    assert pool["stage"] == "forward" and pool["layer"].startswith("max_pooling2d")


def batch():
    rng = np.random.default_rng(1)
    return rng.standard_normal((4, 12, 12, 3), dtype=np.float32), rng.integers(0, 5, 4)


def test_what_somebody_else_reads_is_stored():
    assert "max_pool_through" in (found := names(only(stepping.plans_of(fitted(pooled, False)[0]).training).program))
    assert found.count("batch_norm_fused") == 1
    found = names(only(stepping.plans_of(fitted(forked, False)[0]).training).program)
    assert "batch_norm_sum" not in found and found.count("batch_norm") == 1


def symbols(*shapes):
    return [SymbolicTensor(shape, "float32") for shape in shapes]


def test_a_shortcut_that_is_also_what_is_normalised_is_stored():
    x, a, y, c, affine = symbols((2, 4, 4, 8), (2, 4, 4, 8), (2, 4, 4, 8), (8,), (3, 8))
    shortcut = node(
        seam.Primitive.registry["batch_norm"], (x, c, c, c, c), {"momentum": 0.9, "epsilon": 1e-3}, (a, c, c)
    )
    attrs = {"activation": "relu", "return_affine": True, "momentum": 0.9, "epsilon": 1e-3}
    for inputs, stored in (((x, c, c, c, c, a), False), ((a, c, c, c, c, a), True), ((x, c, c, c, c, None), True)):
        total = node(fused.BATCH_NORM, inputs, attrs, (y, c, c, affine))
        assert (normalise_shortcuts([shortcut, total], [y])[0] is shortcut) == stored
    assert normalise_shortcuts([shortcut, total], [y, a])[0] is shortcut


def test_gradients_that_are_not_a_pair():
    backward = seam.Primitive.registry["batch_norm_backward"]
    dy, x, small, c, other = symbols((2, 4, 4, 8), (2, 4, 4, 8), (2, 2, 4, 8), (8,), (2, 4, 4, 8))

    def gradient(dy, x, training=True):
        return node(
            backward, (dy, x, c, c, c), {"training": training, "epsilon": 0.1}, tuple(symbols(x.shape, (8,), (8,)))
        )

    first, later = gradient(dy, x), node(seam.Primitive.registry["activate"], (x,), {"activation": "relu"}, (other,))
    for second, between in (
        (gradient(other, x), []),
        (gradient(dy, x, training=False), []),
        (gradient(dy, small), []),
        (gradient(dy, other), [later]),  # made only after the first
    ):
        steps = [first, *between, second]
        assert pair_gradients(steps, []) == steps
    (pair, third) = pair_gradients([first, gradient(dy, x), gradient(dy, x)], [])
    assert pair.operation is fused.BATCH_NORM_BACKWARD_PAIR and third.operation is backward
