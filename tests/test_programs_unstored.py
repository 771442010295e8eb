"""Results that a training step does not store: read through what made them, or made once more. The same bits."""

import numpy as np
import pytest
from program_models import bn_relu, fitted, names, only

from fastcnn import layers, models, seam
from fastcnn.plan import fused, stepping, unstored
from fastcnn.plan.steps import node
from fastcnn.tensor import SymbolicTensor


def bottlenecks():
    """Residual blocks, in a row, of 1x1 and 3x3 convolutions with and without stride."""
    x = start = layers.Input((12, 12, 3))
    x = bn_relu(x, 8)
    for stride in (1, 1, 2, 1, 1):
        y = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(6, 1, use_bias=False)(x)))
        y = layers.ReLU(max_value=6.0)(layers.BatchNormalization()(layers.Conv2D(6, 3, stride, padding="same")(y)))
        y = layers.BatchNormalization()(layers.Conv2D(8, 1)(y))
        shortcut = x if stride == 1 else layers.BatchNormalization()(layers.Conv2D(8, 1, strides=2)(x))
        x = layers.ReLU()(layers.Add()([y, shortcut]))
    return models.Model(start, layers.Dense(5, activation="softmax")(layers.GlobalAveragePooling2D()(x)))


def wide():
    """Enough channels for Winograd, forward and in both gradients."""
    x = start = layers.Input((12, 12, 3))
    x = bn_relu(bn_relu(bn_relu(x, 32), 40), 32)
    return models.Model(start, layers.Dense(5, activation="softmax")(layers.GlobalAveragePooling2D()(x)))


@pytest.mark.parametrize("worthwhile", [0, unstored.WORTHWHILE])
@pytest.mark.parametrize("build", [bottlenecks, wide])
def test_training_keeps_its_bits(monkeypatch, build, worthwhile):
    monkeypatch.setattr(unstored, "WORTHWHILE", worthwhile)
    programmed, history = fitted(build, False)
    eager, expected = fitted(build, True)
    assert history["loss"] == expected["loss"]
    for a, b in zip(programmed.get_weights(), eager.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_convolutions_read_through_batch_normalisations(monkeypatch):
    monkeypatch.setattr(unstored, "WORTHWHILE", 0)
    model, _ = fitted(bottlenecks, False)
    program = only(stepping.plans_of(model).training).program
    found = names(program)
    # The first two of each block: nobody else reads their results. And both terms of the sum after the stride.
    assert found.count("batch_norm_statistics") == 12
    assert found.count("conv2d_through") == found.count("conv2d_dw_through") == 10
    # Of the results that are sums, those of blocks 1 and 2 of the five are made again, and the one after the stride.
    assert found.count("batch_norm_apply") == 3


def test_less_memory_is_needed(monkeypatch):
    def arena(worthwhile):
        monkeypatch.setattr(unstored, "WORTHWHILE", worthwhile)
        return only(stepping.plans_of(fitted(bottlenecks, False, epochs=1)[0]).training).program.arena_bytes

    assert arena(0) < arena(1 << 40)


def step_of(operation, inputs, shape, **attrs):
    return node(operation, inputs, attrs, (SymbolicTensor(shape, "float32"),))


def test_what_somebody_else_reads_is_stored():
    x, y = (SymbolicTensor((2, 4, 4, 8), "float32") for _ in range(2))
    c, affine, w = (SymbolicTensor(shape, "float32") for shape in ((8,), (3, 8), (1, 1, 8, 8)))
    attrs = {"activation": "relu", "return_affine": True, "momentum": 0.9, "epsilon": 1e-3}
    norm = node(fused.BATCH_NORM, (x, c, c, c, c, None), attrs, (y, c, c, affine))
    conv = step_of(seam.Primitive.registry["conv2d"], (y, w, None), y.shape, padding="same")
    other = step_of(seam.Primitive.registry["activate"], (y,), y.shape, activation="tanh")
    both = unstored.read_through([norm, conv, other], [conv.outputs[0], other.outputs[0]])
    assert [s.operation.name for s in both] == ["batch_norm_fused", "conv2d", "activate"]
    assert unstored.read_through([norm, conv], [conv.outputs[0], y])[1] is conv
    (statistics, through) = unstored.read_through([norm, conv], [conv.outputs[0]])
    assert statistics.operation is fused.BATCH_NORM_STATISTICS and statistics.outputs == (c, c, affine)
    assert through.inputs == (x, w, None, affine) and through.attrs["read_activation"] == "relu"
    mirrored = step_of(conv.operation, conv.inputs, y.shape, padding="same", padding_mode="reflect")
    assert unstored.read_through([norm, mirrored], [mirrored.outputs[0]])[0] is norm
