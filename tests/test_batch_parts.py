"""Inference in parts of the batch: the same bits, in less memory; which steps run so."""

from itertools import chain

import numpy as np
import pytest

from fastcnn import layers, models, ops, utils
from fastcnn.plan import batch_parts, model_steps
from fastcnn.plan.batch_parts import Stretch
from fastcnn.plan.footprint import scratch_bytes
from fastcnn.tensor import Tensor

SMALL = 1 << 17  # a cache that images of a few pixels do not fit


def normalised(x, filters, kernel, **options):
    x = layers.Conv2D(filters, kernel, padding="same", use_bias=False, **options)(x)
    return layers.ReLU(max_value=6.0)(layers.BatchNormalization()(x))


def mobile():
    """Inverted residuals, one of them with a stride."""
    x = start = layers.Input((16, 16, 8))
    for stride in (1, 2):
        y = normalised(x, 48, 1)
        y = layers.ReLU()(layers.DepthwiseConv2D(3, strides=stride, padding="same")(y))
        y = layers.Conv2D(8, 1)(y)
        x = layers.Add()([x, y]) if stride == 1 else y
    return models.Model(start, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))


def joined():
    """Concatenations that are computed in their place, padding, pooling, and a map that the caller sees."""
    x = start = layers.Input((16, 16, 3))
    x = seen = normalised(x, 16, 3)
    x = layers.Concatenate()([layers.Conv2D(16, 1)(x), layers.MaxPooling2D(3, 1, "same")(x)])
    x = layers.AveragePooling2D(2)(layers.ZeroPadding2D(1)(x))
    return models.Model(start, [seen, normalised(x, 8, 3)])


def winograd():
    x = start = layers.Input((24, 24, 32))
    y = normalised(x, 32, 3)
    return models.Model(start, layers.Activation("gelu")(layers.Add()([x, normalised(y, 32, 3)])))


def gated():
    """Channels times gates that all pixels share."""
    x = start = layers.Input((16, 16, 12))
    y = layers.DepthwiseConv2D(3, padding="same")(x)
    gates = layers.Dense(12, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(y))
    return models.Model(start, normalised(layers.Multiply()([y, gates]), 16, 1))


def squeezed():
    """The same with gates from two convolutions of one pixel, whose axes a layer of its own brings back."""
    x = start = layers.Input((16, 16, 12))
    y = layers.Activation("silu")(layers.DepthwiseConv2D(3, padding="same")(x))
    gates = layers.Reshape((1, 1, 12))(layers.GlobalAveragePooling2D()(y))
    gates = layers.Conv2D(12, 1, activation="sigmoid")(layers.Conv2D(3, 1, activation="silu")(gates))
    return models.Model(start, normalised(layers.Multiply()([y, gates]), 16, 1))


def in_parts(build, n, monkeypatch, cached=SMALL, dense=batch_parts.DENSE):
    """A pass over a batch, whole and in parts: two programs that have run."""
    utils.set_random_seed(3)
    model = build()
    rng = np.random.default_rng(1)
    for v in model.variables:
        v.assign(np.abs(rng.standard_normal(v.shape)) if "variance" in v.path else rng.standard_normal(v.shape))
    x = Tensor(rng.standard_normal((n, *model.input_shape[1:]), dtype=np.float32))
    found = []
    for size in (1 << 40, cached):
        monkeypatch.setattr(batch_parts, "CACHED_BYTES", size)
        monkeypatch.setattr(batch_parts, "DENSE", dense)
        program = model_steps.Inference(model, x)
        program.run([x])
        found.append(program.program)
    return model, *found


def results(program):
    outputs = program.outputs if isinstance(program.outputs, list) else [program.outputs]
    return [t.numpy().copy() for t in outputs]


def names(program, stretch):
    return [step.operation.name for step in program.steps[stretch.first : stretch.end]]


@pytest.mark.parametrize("build", [mobile, joined, winograd, gated, squeezed])
@pytest.mark.parametrize("n", [6, 7, 16])
def test_parts_change_no_bit(build, n, monkeypatch):
    cached = {winograd: 1 << 19, gated: 1 << 15, squeezed: 1 << 15}.get(build, SMALL)
    model, whole, parts = in_parts(build, n, monkeypatch, cached)
    assert not whole.stretches and parts.stretches
    assert all(s.parts[0][0] == 0 and s.parts[-1][1] == n and len(s.parts) > 1 for s in parts.stretches)
    for a, b in zip(results(whole), results(parts), strict=True):
        np.testing.assert_array_equal(a, b)
        assert np.ptp(a) > 0
    before = results(parts)
    model.set_weights([0.5 * w for w in model.get_weights()])
    for program in (whole, parts):
        program.run()
    np.testing.assert_array_equal(results(whole)[-1], results(parts)[-1])
    assert np.ptp(before[-1] - results(parts)[-1]) > 0


def test_parts_need_less_memory(monkeypatch):
    _, whole, parts = in_parts(mobile, 16, monkeypatch)
    assert parts.arena_bytes < 0.7 * whole.arena_bytes
    assert scratch_bytes(parts) > 0


def test_smaller_maps_make_larger_parts(monkeypatch):
    _, _, program = in_parts(mobile, 16, monkeypatch)
    first, second = program.stretches
    assert names(program, first) == ["conv2d_prepared", "depthwise_conv2d", "conv2d_prepared"]
    assert names(program, second) == ["conv2d_prepared", "depthwise_conv2d"]
    assert first.end == second.first and first.samples == 1 and second.samples == 2


def test_gates_do_not_interrupt_a_stretch(monkeypatch):
    """The map that they weight stays in the caches, between the mean that they come from and the product."""
    _, whole, program = in_parts(squeezed, 16, monkeypatch, 1 << 15)
    (stretch,) = program.stretches
    gates = ["global_average_pool", "conv2d_prepared", "conv2d_prepared", "multiply"]
    assert names(program, stretch) == ["depthwise_conv2d", "activate", *gates, "conv2d_prepared"]
    assert "reshape" not in [step.operation.name for step in whole.steps]


def test_means_that_others_read_too_keep_their_shape(monkeypatch):
    def build():
        start = layers.Input((8, 8, 4))
        mean = layers.GlobalAveragePooling2D()(start)
        gates = layers.Reshape((1, 1, 4))(mean)
        return models.Model(start, [layers.Multiply()([start, gates]), mean, layers.Reshape((2, 2))(mean)])

    _, whole, parts = in_parts(build, 6, monkeypatch, 1 << 11)
    shapes = [found.shape for found in results(parts)]
    assert shapes == [(6, 8, 8, 4), (6, 4), (6, 2, 2)]
    for a, b in zip(results(whole), results(parts), strict=True):
        np.testing.assert_array_equal(a, b)


def test_stretches_hand_over_narrow_maps(monkeypatch):
    """The wide map between a depthwise convolution and the product behind it stays in the caches."""
    _, _, program = in_parts(mobile, 16, monkeypatch)
    (bound,) = (s.end for s in program.stretches[:-1])
    (read,) = (t for t in program.steps[bound].inputs[:1])
    assert read is program.steps[bound - 1].outputs[0] and read.shape == (16, 16, 16, 8)


@pytest.mark.parametrize(("kernel", "bound"), [(1, 3), (4, 2)])
def test_a_filter_too_large_for_a_part_stays_behind_the_bound(kernel, bound, monkeypatch):
    def build():
        x = start = layers.Input((16, 16, 8))
        x = layers.MaxPooling2D(4)(layers.Conv2D(48, 1)(x))
        return models.Model(start, layers.Conv2D(2, 1)(layers.Conv2D(2, 1)(layers.Conv2D(2, kernel)(x))))

    _, whole, program = in_parts(build, 16, monkeypatch, 1 << 16)
    assert program.stretches[0].end == bound and program.stretches[0].samples == 1
    np.testing.assert_array_equal(results(whole)[0], results(program)[0])


def test_a_step_is_called_once_for_each_part(monkeypatch):
    _, whole, parts = in_parts(mobile, 7, monkeypatch)
    inside = {i: len(s.parts) for s in parts.stretches for i in range(s.first, s.end)}
    assert [len(calls) for calls in parts.calls] == [inside.get(i, 1) for i in range(len(parts.steps))]
    assert sorted(chain(*parts.calls)) == list(range(len(parts._core)))
    assert list(chain(*whole.calls)) == list(range(len(whole._core)))


def test_products_run_whole(monkeypatch):
    """They gain nothing; only what comes before them in a stretch may."""
    assert not in_parts(mobile, 16, monkeypatch, dense=0)[2].stretches
    program = in_parts(winograd, 16, monkeypatch, 1 << 19)[2]
    (stretch,) = program.stretches
    assert names(program, stretch) == ["conv2d_fused", "conv2d_fused", "add", "activate"]
    assert not in_parts(winograd, 16, monkeypatch, 1 << 19, dense=8)[2].stretches


def test_large_filters_are_not_read_for_each_image(monkeypatch):
    def build():
        x = start = layers.Input((4, 4, 256))
        return models.Model(start, layers.Conv2D(256, 1)(layers.Conv2D(256, 1)(x)))

    assert not in_parts(build, 16, monkeypatch)[2].stretches


def test_one_image_has_no_parts(monkeypatch):
    assert not in_parts(mobile, 1, monkeypatch)[2].stretches


def test_maps_that_do_not_fit_run_whole(monkeypatch):
    assert not in_parts(joined, 4, monkeypatch, 1 << 10)[2].stretches


class Mixing(layers.Layer):
    """Adds what is not one value an image: a map without a batch, and the images of the other half."""

    def call(self, x):
        return ops.relu(ops.relu(x + ops.mean(x, axis=0)) + ops.flip(x, axis=0))


def test_what_mixes_images_runs_whole(monkeypatch):
    def build():
        start = layers.Input((8, 8, 8))
        return models.Model(start, layers.ReLU()(layers.ReLU()(Mixing()(layers.ReLU()(layers.ReLU()(start))))))

    _, whole, parts = in_parts(build, 8, monkeypatch, 1 << 13)
    inside = [name for s in parts.stretches for name in names(parts, s)]
    assert "activate" in inside and "mean" not in inside and "flip" not in inside
    np.testing.assert_array_equal(results(whole)[0], results(parts)[0])


def test_profile_and_plan_know_the_parts(monkeypatch):
    monkeypatch.setattr(batch_parts, "CACHED_BYTES", SMALL)
    model = mobile()
    x = np.ones((8, 16, 16, 8), np.float32)
    found = model.profile(x, repeats=1)
    assert len(found.rows) == 8 and all(row["ms"] > 0 for row in found.rows)
    plan = model.explain_plan(batch_size=8)
    assert plan.splitlines()[0].startswith("Inference, batch 8: 8 steps")
    assert "1 of 8 at a time" in plan


def test_samples_of_a_stretch():
    assert Stretch(0, 2, ((0, 2), (2, 5), (5, 8))).samples == 3
    assert batch_parts.stretches([]) == [] and batch_parts.samples_of([]) == {}
