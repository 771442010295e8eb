"""Updates amid the backward pass: the same bits as at its end, never before the last reader, and less memory."""

import numpy as np
import pytest
from program_models import names
from test_programs_unstored import bottlenecks
from test_training_program import OPTIMIZERS, step_of

from fastcnn import kernels, layers, losses, models, ops, optimizers, regularizers, utils
from fastcnn.optimizers.kernel_optimizer import KernelOptimizer
from fastcnn.plan import early_updates, fused
from fastcnn.plan.footprint import gradient_bytes
from fastcnn.plan.steps import CONSTANTS

RNG = np.random.default_rng(5)
X = RNG.normal(size=(24, 12, 12, 3)).astype("float32")
Y = RNG.integers(0, 5, 24)


def shared():
    """Layers that are called several times, in turns."""
    conv, dense = layers.Conv2D(3, 3, padding="same", activation="relu"), layers.Dense(432, activation="relu")
    x = start = layers.Input((12, 12, 3))
    x = conv(layers.MaxPooling2D(2, 1, padding="same")(conv(x)))
    x = dense(layers.Dense(432)(dense(layers.Flatten()(conv(x)))))
    return models.Model(start, layers.Dense(5, activation="softmax")(x))


class Tied(layers.Layer):
    """Reads its weights forward and turned round; and adds to the loss."""

    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], 16), name="w", initializer="glorot_uniform")

    def call(self, x):
        self.add_loss(0.01 * ops.sum(self.w * self.w))
        return ops.matmul(ops.relu(ops.matmul(x, self.w)), ops.transpose(self.w))


def tied():
    x = start = layers.Input((12, 12, 3))
    x = Tied()(layers.Flatten()(layers.Conv2D(4, 3, strides=2, kernel_regularizer=regularizers.L2(0.01))(x)))
    x = layers.Dense(30, kernel_regularizer=regularizers.L1(0.001), activation="relu")(x)
    return models.Model(start, layers.Dense(5, activation="softmax")(layers.Dropout(0.3)(x)))


NETWORKS = [shared, tied, bottlenecks]


@pytest.fixture(params=["usual", "each", "rows"])
def grouping(request, monkeypatch):
    """Small variables in groups, or each by itself, or dense kernels even some rows at a time."""
    if request.param != "usual":
        monkeypatch.setattr(early_updates, "ENOUGH", 0)
    if request.param == "rows":
        monkeypatch.setattr(early_updates, "ROWS", 1 << 12)
        monkeypatch.setattr(early_updates, "FEW", 1)
    return request.param


def trained(build, optimizer, steps=3, **options):
    utils.set_random_seed(11)
    model = build()
    model.compile(OPTIMIZERS[optimizer](), losses.SparseCategoricalCrossentropy(), **options)
    logs = [model.train_on_batch(X[i : i + 8], Y[i : i + 8]) for i in range(0, 8 * steps, 8)]
    return model, logs


def same(a, b):
    for v, w in zip([*a.variables, *a.optimizer.variables], [*b.variables, *b.optimizer.variables], strict=True):
        np.testing.assert_array_equal(v.numpy(), w.numpy(), err_msg=v.path)


@pytest.mark.parametrize("build", NETWORKS)
def test_as_eager(build, grouping):
    model, logs = trained(build, "momentum")
    eager, expected = trained(build, "momentum", run_eagerly=True)
    assert step_of(model).early and logs == expected
    same(model, eager)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "lion", "clipvalue", "clipnorm", "average", "nadam"])
def test_as_all_at_the_end(optimizer, grouping, monkeypatch):
    model, logs = trained(shared, optimizer)
    step = step_of(model)
    assert step.early and step.update.calls > 1
    # One of the three dense layers is called twice: its gradient is a sum.
    assert names(step.program).count("turned") == 2 * (grouping == "rows" and optimizer != "clipnorm")
    monkeypatch.setattr(KernelOptimizer, "updates_apart", lambda self, variables: False)
    late, expected = trained(shared, optimizer)
    assert not step_of(late).early and logs == expected
    same(model, late)


@pytest.mark.parametrize("build", NETWORKS)
def test_nothing_reads_a_variable_that_was_updated(build, grouping):
    model, _ = trained(build, "adam", steps=1)
    step = step_of(model)
    program = step.program
    made = {id(t): i for i, s in enumerate(program.steps) for t in s.outputs}
    updated = set()
    for update in program.updates:
        for part in update.parts:
            assert made[id(part.gradient)] <= update.after
            variable = step.variables[part.variable]
            updated.add(id(variable))
            readers = [i for i, s in enumerate(program.steps) if any(t is variable for t in s.inputs)]
            assert readers and max(readers) <= update.after
    assert updated == {id(v) for v in model.trainable_variables}
    assert [u.after for u in program.updates] == sorted(u.after for u in program.updates)


def plain():
    """A large dense layer over a small one over few pixels."""
    x = layers.Flatten()(start := layers.Input((12, 12, 3)))
    x = layers.Dense(70, activation="relu", name="large")(x)
    return models.Model(start, layers.Dense(5, activation="softmax")(layers.Dense(9)(x)))


@pytest.mark.parametrize("optimizer", ["momentum", "adam", "clipnorm"])
def test_rows_of_dense_layers(optimizer, monkeypatch):
    monkeypatch.setattr(early_updates, "ROWS", 28_000)  # 100 rows of 70
    eager, expected = trained(plain, optimizer, run_eagerly=True)
    model, logs = trained(plain, optimizer)
    assert logs == expected
    same(model, eager)
    step = step_of(model)
    divided = optimizer != "clipnorm"  # the norm is that of a whole gradient
    assert names(step.program).count("dense_dw_rows") == 5 * divided
    assert [p.rows for u in step.program.updates for p in u.parts if p.rows] == (
        [(0, 100), (100, 200), (200, 300), (300, 400), (400, 432)] if divided else []
    )
    assert (gradient_bytes(step) < 60_000) == divided
    rows = model.profile(X[:8], Y[:8], training=True, repeats=1).rows
    assert {(r["layer"], r["stage"]) for r in rows if r["operation"] in ("turned", "dense_dw_rows")} == (
        {("large", "backward")} if divided else set()
    )
    assert rows[-1]["operation"] == model.optimizer.kernel and rows[-1]["ms"] > 0


@pytest.mark.parametrize("shape", [(1, 3, 2), (8, 40, 33), (9, 7, 130), (130, 50, 16)])
@pytest.mark.parametrize("rows", [(0, 1), (0, 3), (2, 3)])
def test_rows_are_those_of_the_whole(shape, rows):
    n, c, k = shape
    x, dy = RNG.normal(size=(n, c)).astype("float32"), RNG.normal(size=(n, k)).astype("float32")
    turned = fused.TURNED.kernel(x)
    found = fused.DENSE_DW_ROWS.kernel(turned, dy, rows=rows)
    np.testing.assert_array_equal(found, kernels.dense_dw(x, dy)[slice(*rows)])
    assert fused.DENSE_DW_ROWS.shape(fused.TURNED.shape(x.shape), dy.shape, rows=rows) == found.shape
    exact = fused.DENSE_DW_ROWS.reference(fused.TURNED.reference(x), dy, rows=rows)
    np.testing.assert_allclose(found, exact, rtol=1e-4, atol=1e-4)


def test_less_memory_is_needed(monkeypatch):
    def arena():
        return step_of(trained(plain, "sgd", steps=1)[0]).program.arena_bytes

    monkeypatch.setattr(early_updates, "ENOUGH", 0)
    monkeypatch.setattr(early_updates, "ROWS", 1 << 12)
    early = arena()
    monkeypatch.setattr(KernelOptimizer, "updates_apart", lambda self, variables: False)
    assert early < arena() - 100_000  # the gradient of the large layer has 120,960 bytes


@pytest.mark.parametrize("optimizer", ["global_clipnorm", "accumulation", "ratios", "own", "overridden"])
def test_where_all_gradients_are_wanted_together(optimizer):
    model, logs = trained(plain, optimizer)
    eager, expected = trained(plain, optimizer, run_eagerly=True)
    assert not step_of(model).early and logs == expected
    assert len(step_of(model).gradients) == len(model.trainable_variables)
    same(model, eager)


@pytest.mark.parametrize(
    ("name", "value", "early"),
    [("global_clipnorm", 0.01, False), ("clipnorm", 0.01, True), ("update_ratios", {}, False), ("beta_1", 0.5, True)],
)
def test_an_optimizer_that_changes_its_ways(name, value, early, grouping):
    def run(**options):
        model, _ = trained(plain, "adam", **options)
        first = None if options else step_of(model)
        setattr(model.optimizer, name, value)
        logs = [model.train_on_batch(X[:8], Y[:8]) for _ in range(2)]
        return model, first, logs

    (model, first, logs), (eager, _, expected) = run(), run(run_eagerly=True)
    assert logs == expected
    same(model, eager)
    assert first.early
    at_once = name == "global_clipnorm" and grouping == "usual"  # all gradients are complete before the only update
    stays = (early or at_once) and not (name == "clipnorm" and grouping == "rows")
    assert step_of(model).early == (early or at_once)
    assert (step_of(model) is first) == stays


def test_another_optimizer_takes_over():
    def run(**options):
        model, _ = trained(plain, "adam", **options)
        for made in (optimizers.SGD(0.1, momentum=0.5), optimizers.SGD(0.1, global_clipnorm=0.1), optimizers.SGD(0.1)):
            model.optimizer = made
            made.build(model.trainable_variables)
            for _ in range(2):
                model.train_on_batch(X[:8], Y[:8])
        return model

    same(run(), run(run_eagerly=True))


class Weighed(layers.Layer):
    """Adds a weight to the loss as it is: its gradient is a constant."""

    def build(self, shape):
        self.w = self.add_weight(shape=(3,), name="w", initializer="ones")

    def call(self, x):
        self.add_loss(ops.sum(self.w))
        return x


def test_gradients_that_no_step_computes():
    def build():
        x = layers.Flatten()(Weighed()(start := layers.Input((12, 12, 3))))
        return models.Model(start, layers.Dense(5, activation="softmax")(x))

    model, logs = trained(build, "sgd")
    eager, expected = trained(build, "sgd", run_eagerly=True)
    assert logs == expected
    same(model, eager)


def test_may_be_early():
    from fastcnn.plan.steps import node
    from fastcnn.seam import Primitive
    from fastcnn.tensor import SymbolicTensor, Variable

    def step(name, t):
        return node(Primitive.registry[name], (t,), {}, (SymbolicTensor((3,), "float32"),))

    x, v = SymbolicTensor((3,), "float32"), Variable([1.0, 2.0, 3.0])
    computed, viewed = step("negative", x), step("identity", v)
    constant = step("ones_like", x)
    again = step("identity", computed.outputs[0])
    steps = [computed, viewed, constant, again]
    assert constant.operation.name in CONSTANTS
    assert early_updates.may_be_early(steps, [computed.outputs[0], None, again.outputs[0]])
    for other in (viewed.outputs[0], constant.outputs[0], x, v):
        assert not early_updates.may_be_early(steps, [computed.outputs[0], other])
    assert not early_updates.may_be_early(steps, [None])
