"""Programs in which convolutions by Winograd pool what they compute, and read pooled gradients: the same bits."""

from math import prod

import numpy as np
import pytest
from checks import relative_l2
from program_models import fitted, names, only
from test_programs_inference import pictures, steps_of, with_statistics

from fastcnn import layers, losses, models, optimizers, utils
from fastcnn.ops.conv import CONV, CONV_DW, CONV_DX
from fastcnn.ops.pooling import MAX_POOL, MAX_POOL_INDICES, MAX_POOL_SCATTER
from fastcnn.plan import fused, inference_passes, model_steps, pooling_passes, stepping, training_passes
from fastcnn.plan.costs import cost, workspace
from fastcnn.plan.steps import node
from fastcnn.tensor import SymbolicTensor, Tensor

PASSES = {
    training_passes: ("pool_in_convolutions", "read_pooled_gradients"),
    inference_passes: ("pool_in_convolutions",),
}


@pytest.fixture
def stored(monkeypatch):
    """Calls a function that finds all maps stored between convolution and pooling."""

    def run(f):
        with monkeypatch.context() as patch:
            for module, passes in PASSES.items():
                for name in passes:
                    patch.setattr(module, name, lambda steps, outputs: steps)
            return f()

    return run


def head(x):
    return layers.Dense(5, activation="softmax")(layers.Flatten()(x))


def chain():
    """Maps of even and odd sides, poolings of every kind that is 2x2."""
    x = start = layers.Input((28, 26, 3))
    x = layers.Conv2D(32, 3, activation="relu")(x)
    x = layers.MaxPooling2D()(layers.Conv2D(48, 3, activation="relu", padding="same")(x))  # 26, 24
    x = layers.MaxPooling2D(2, padding="same")(
        layers.Conv2D(32, 3, padding="same")(layers.ZeroPadding2D(((1, 0), 0))(x))
    )
    x = layers.MaxPooling2D((2, 2), (2, 2))(layers.Conv2D(32, 3, activation="relu6", padding="same")(x))  # 7, 6
    return models.Model(start, head(x))


def normalised():
    """A convolution that reads through a batch normalisation, and one whose batch normalisation is folded."""
    x = start = layers.Input((16, 16, 3))
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(32, 3, padding="same", use_bias=False)(x)))
    x = layers.MaxPooling2D()(layers.Conv2D(32, 3, activation="relu", padding="same")(x))
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(48, 3, padding="same")(x)))
    return models.Model(start, head(layers.MaxPooling2D()(x)))


def mixed():
    """Poolings that stay what they are: a map read twice, other windows, few channels, a shortcut."""
    x = start = layers.Input((20, 20, 3))
    x = layers.MaxPooling2D()(layers.Conv2D(16, 3, padding="same", activation="relu")(x))
    y = layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    a, b = layers.MaxPooling2D()(y), layers.AveragePooling2D(2)(y)
    c = layers.MaxPooling2D(3, 2, padding="same")(layers.Conv2D(32, 3, padding="same", activation="relu")(y))
    z = layers.Add()([layers.Conv2D(32, 3, padding="same")(y), y])
    d = layers.MaxPooling2D()(layers.ReLU()(z))
    e = layers.MaxPooling2D()(layers.Conv2D(32, 3, padding="same", activation="tanh")(y))
    return models.Model(start, head(layers.Concatenate()([a, b, c, d, e])))


def trained(build):
    utils.set_random_seed(3)
    model = build()
    model.compile("adam", "sparse_categorical_crossentropy")
    rng = np.random.default_rng(5)
    x = rng.standard_normal((21, *model.input_shape[1:]), dtype=np.float32)
    history = model.fit(x, rng.integers(0, 5, 21), batch_size=8, epochs=2, verbose=0)
    return model, history.history["loss"], next(iter(stepping.plans_of(model).training.values())).program


@pytest.mark.parametrize(("build", "count"), [(chain, 3), (normalised, 1), (mixed, 0)])
def test_training_keeps_its_bits(build, count, stored):
    (model, loss, program), (plain, expected, storing) = trained(build), stored(lambda: trained(build))
    found, before = names(program), names(storing)
    assert found.count("conv2d_max_pool") == found.count("conv2d_max_pool_dx") == count
    assert found.count("conv2d_max_pool_dw") == count
    assert not any(name.startswith("conv2d_max_pool") for name in before)
    assert found.count("max_pool_scatter") == before.count("max_pool_scatter") - count
    assert loss == expected
    for a, b in zip(model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("n", [1, 40])
@pytest.mark.parametrize(("build", "count"), [(chain, 3), (normalised, 2), (mixed, 0)])
def test_inference_keeps_its_bits(build, count, n, stored):
    utils.set_random_seed(4)
    model = with_statistics(build())
    x = pictures(n, model.input_shape[1:])

    def run():
        program = model_steps.Inference(model, Tensor(x))
        return program.program, program.run([Tensor(x)]).numpy().copy()

    (program, found), (plain, expected) = run(), stored(run)
    assert steps_of(program).count("conv2d_max_pool") == count
    assert steps_of(plain).count("max_pool") == steps_of(program).count("max_pool") + count
    pooled = [step for step in program.steps if step.operation is fused.CONV_MAX_POOL]
    few = sum(n * prod(s.outputs[0].shape[1:3]) * 4 <= (1024 if s.inputs[1].size <= 1 << 15 else 256) for s in pooled)
    assert sum(step.inputs[4] is not None for step in pooled) == few > (0 if count and n == 1 else -1)
    np.testing.assert_array_equal(found, expected)
    assert np.ptp(found) > 0 and not np.isnan(found).any()


def test_pooled_slices_of_a_concatenation(stored):
    utils.set_random_seed(4)
    x = start = layers.Input((24, 24, 32))
    branches = [layers.MaxPooling2D()(layers.Conv2D(k, 3, padding="same", activation="relu")(x)) for k in (32, 48)]
    model = models.Model(start, layers.Concatenate()(branches))
    images = pictures(2, (24, 24, 32))

    def run():
        program = model_steps.Inference(model, Tensor(images))
        return program.program, program.run([Tensor(images)]).numpy().copy()

    (program, found), (_, expected) = run(), stored(run)
    assert steps_of(program) == ["conv2d_max_pool", "conv2d_max_pool", "joined"]
    np.testing.assert_array_equal(found, expected)


def random_model(seed):
    rng = np.random.default_rng(seed)
    x = start = layers.Input((int(rng.integers(20, 40)), int(rng.integers(20, 40)), 3))
    x = layers.Conv2D(32, 3, activation="relu")(x)
    while min(x.shape[1:3]) > 5:
        padding = str(rng.choice(["same", "valid"]))
        x = layers.Conv2D(
            int(rng.choice([32, 48, 64, 40])), 3, padding=padding, activation=str(rng.choice(["relu", "linear"]))
        )(x)
        if rng.integers(4) == 0:
            x = layers.ReLU()(layers.BatchNormalization()(x))
        if rng.integers(4):
            x = layers.MaxPooling2D(padding=str(rng.choice(["same", "valid"])))(x)
    return models.Model(start, head(x))


@pytest.mark.parametrize("seed", range(6))
def test_random_chains(seed, stored):
    def run():
        return trained(lambda: random_model(seed))

    (model, loss, _), (plain, expected, _) = run(), stored(run)
    assert loss == expected
    for a, b in zip(model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    x = pictures(3, model.input_shape[1:])
    np.testing.assert_array_equal(
        model_steps.Inference(model, Tensor(x)).run([Tensor(x)]).numpy().copy(),
        stored(lambda: model_steps.Inference(model, Tensor(x)).run([Tensor(x)]).numpy().copy()),
    )


def test_less_memory_is_needed(stored):
    def arena():
        model, _, program = trained(chain)
        inference = model_steps.Inference(model, Tensor(pictures(8, (28, 26, 3))))
        return program.arena_bytes, inference.program.arena_bytes

    (training, inference), (more, much_more) = arena(), stored(arena)
    assert training < 0.95 * more and inference < 0.9 * much_more


def tensors(*shapes):
    return [SymbolicTensor(shape, "float32") for shape in shapes]


CONVOLUTION = {"strides": 1, "padding": "same", "dilation": 1, "groups": 1}
WINDOW = {"pool_size": 2, "strides": None, "padding": "valid"}
X, Y, P, W = (2, 12, 12, 32), (2, 12, 12, 48), (2, 6, 6, 48), (3, 3, 32, 48)


def pair(**changes):
    """A convolution and a pooling."""
    x, w, y, p = tensors(X, W, Y, P)
    conv = node(CONV, (x, w, None), {**CONVOLUTION, "activation": "relu", **changes.pop("conv", {})}, (y,))
    return conv, node(MAX_POOL, (y,), {**WINDOW, **changes}, (p,))


def test_a_convolution_and_its_pooling_become_one():
    conv, pool = pair(strides=(2, 2), padding=0)
    (both,) = pooling_passes.pool_in_convolutions([conv, pool], [pool.outputs[0]])
    assert both.operation is fused.CONV_MAX_POOL and both.outputs == pool.outputs
    assert both.inputs == (*conv.inputs, None, None) and both.attrs == {**conv.attrs, "noted": False}


@pytest.mark.parametrize(
    "changes",
    [
        {"pool_size": 3},
        {"pool_size": (2, 1)},
        {"strides": 1},
        {"padding": 1},
        {"conv": {"activation": "tanh"}},
        {"conv": {"strides": 2}},
        {"conv": {"padding_mode": "reflect"}},
        {"conv": {"dilation": 2}},
    ],
)
def test_other_pairs_are_left_alone(changes):
    steps = list(pair(**changes))
    assert pooling_passes.pool_in_convolutions(steps, [steps[1].outputs[0]]) == steps


def test_a_map_that_is_read_otherwise_is_stored():
    conv, pool = pair()
    for outputs in ([pool.outputs[0], conv.outputs[0]], [*pool.outputs, *conv.outputs]):
        assert pooling_passes.pool_in_convolutions([conv, pool], outputs) == [conv, pool]
    x, w, y, p = tensors(X, (3, 3, 32, 40), (*Y[:3], 40), (*P[:3], 40))
    steps = [node(CONV, (x, w, None), conv.attrs, (y,)), node(MAX_POOL, (y,), WINDOW, (p,))]  # no whole vectors
    assert pooling_passes.pool_in_convolutions(steps, [p]) == steps
    residual = node(fused.CONV, (*conv.inputs, tensors(Y)[0]), conv.attrs, conv.outputs)
    assert pooling_passes.pool_in_convolutions([residual, pool], pool.outputs) == [residual, pool]


def gradients(padding="same", **options):
    """A pooling's gradient, and those of the convolution before it."""
    x, w, y, p, dx, dw = tensors(X, W, Y, P, X, W)
    spread = node(MAX_POOL_SCATTER, (p, SymbolicTensor(P, "uint8")), {**WINDOW, "x_shape": Y, **options}, (y,))
    attrs = {**CONVOLUTION, "padding": padding}
    return (
        spread,
        node(CONV_DX, (y, w), {**attrs, "x_shape": X}, (dx,)),
        node(CONV_DW, (x, y), {**attrs, "w_shape": W}, (dw,)),
    )


def test_gradients_read_what_was_pooled():
    spread, of_x, of_w = gradients()
    outputs = [*of_x.outputs, *of_w.outputs]
    dx, dw = pooling_passes.read_pooled_gradients([spread, of_x, of_w], outputs)
    dy, indices = spread.inputs
    assert dx.operation is fused.CONV_MAX_POOL_DX and dx.inputs == (dy, of_x.inputs[1], None, None, indices)
    assert dw.operation is fused.CONV_MAX_POOL_DW and dw.inputs == (of_w.inputs[0], dy, None, indices)
    for new, old in ((dx, of_x), (dw, of_w)):
        assert cost(new).work == cost(old).work and workspace(new) == workspace(old) > 0
        assert cost(new).bytes < cost(old).bytes and new.outputs == old.outputs


@pytest.mark.parametrize("changes", [{"padding": ((1, 1), (2, 0))}, {"pool_size": (2, 3), "strides": 2}])
def test_other_gradients_are_left_alone(changes):
    steps = list(gradients(**changes))
    assert pooling_passes.read_pooled_gradients(steps, [*steps[1].outputs, *steps[2].outputs]) == steps


def test_a_gradient_that_somebody_else_reads_is_spread():
    steps = list(gradients())
    assert pooling_passes.read_pooled_gradients(steps, [t for s in steps for t in s.outputs]) == steps
    (other,) = tensors(Y)
    add = node(MAX_POOL_INDICES, steps[0].outputs, WINDOW, (other,))
    assert pooling_passes.read_pooled_gradients([*steps, add], [*steps[1].outputs, *steps[2].outputs, other]) == [
        *steps,
        add,
    ]


@pytest.mark.parametrize("through", [False, True])
def test_references_do_the_same(through):
    rng = np.random.default_rng(0)
    x, w, bias, dy = (rng.standard_normal(shape, dtype=np.float32) for shape in (X, W, (48,), P))
    affine = rng.standard_normal((3, 32), dtype=np.float32) if through else None
    read = {"read_activation": "relu"} if through else {}
    attrs = {**CONVOLUTION, **read}

    def both(primitive, *inputs, **rest):
        kernel, reference = primitive.kernel(*inputs, **rest), primitive.reference(*inputs, **rest)
        pairs = zip(kernel, reference, strict=True) if isinstance(kernel, tuple) else [(kernel, reference)]
        for a, b in pairs:
            assert a.shape == b.shape and relative_l2(a, b) < 1e-5
        shapes = primitive.shape(*(None if t is None else t.shape for t in inputs), **rest)
        found = [a.shape for a in kernel] if isinstance(kernel, tuple) else kernel.shape
        assert [tuple(s) for s in shapes] == found if isinstance(found, list) else tuple(shapes) == found
        return kernel

    both(fused.CONV_MAX_POOL, x, w, bias, affine, None, activation="relu", noted=False, **attrs)
    _, indices = both(fused.CONV_MAX_POOL, x, w, bias, affine, None, activation="relu", noted=True, **attrs)
    both(fused.CONV_MAX_POOL_DX, dy, w, x, x, indices, x_shape=X, **CONVOLUTION)
    for return_db in (False, True):
        both(fused.CONV_MAX_POOL_DW, x, dy, affine, indices, w_shape=W, return_db=return_db, **attrs)


def test_a_profile_tells_whose_work_it_is():
    utils.set_random_seed(1)
    start = layers.Input((16, 16, 3))
    x = layers.Conv2D(32, 3, padding="same", activation="relu", name="first")(start)
    x = layers.Conv2D(32, 3, padding="same", activation="relu", name="second")(x)
    model = models.Model(start, head(layers.MaxPooling2D(name="pool")(x)))
    model.compile(optimizers.SGD(0.1), losses.SparseCategoricalCrossentropy())
    found = model.profile(pictures(4, (16, 16, 3)), np.zeros(4, "int64"), training=True, repeats=1).rows
    rows = {r["operation"]: r for r in found if r["operation"].startswith("conv2d_max_pool")}
    assert set(rows) == {"conv2d_max_pool", "conv2d_max_pool_dx", "conv2d_max_pool_dw"}
    assert all(r["layer"] == "second" and r["algorithm"] == "winograd" for r in rows.values())
    assert rows["conv2d_max_pool"]["layers"] == ["second", "pool"]
    assert rows["conv2d_max_pool"]["fused"] == ["bias", "max pooling", "relu"]
    assert "pooling's gradient" in rows["conv2d_max_pool_dw"]["fused"] + rows["conv2d_max_pool_dx"]["fused"]


def test_eager_training_has_the_same_bits():
    found = [fitted(small, eager)[0] for eager in (False, True)]
    assert "conv2d_max_pool_dx" in names(only(stepping.plans_of(found[0]).training).program)
    for a, b in zip(*(model.get_weights() for model in found), strict=True):
        np.testing.assert_array_equal(a, b)


def small():
    x = start = layers.Input((12, 12, 3))
    x = layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    return models.Model(start, head(layers.MaxPooling2D()(layers.Conv2D(32, 3, activation="relu")(x))))
