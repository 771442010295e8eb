"""Every primitive there is: it has a gradient rule or a reason to have none, and a check runs it."""

import math

import numpy as np
import pytest
import test_ops_arithmetic
import test_ops_indexing
import test_ops_linear
import test_ops_reductions
import test_ops_shaping
import test_ops_sorting
from oprules import numbers

import fastcnn.layers  # noqa: F401 (all primitives must exist)
from fastcnn import ops
from fastcnn.autograd import GradientTape
from fastcnn.ops.losses import binary_crossentropy_mean
from fastcnn.ops.warping import resize_images, warp_images
from fastcnn.seam import Node, Primitive, apply, differentiable_nowhere, gradient_of, state
from fastcnn.tensor import SymbolicTensor, Tensor, Variable

FAMILIES = (
    test_ops_arithmetic,
    test_ops_reductions,
    test_ops_shaping,
    test_ops_indexing,
    test_ops_sorting,
    test_ops_linear,
)
NO_GRADIENT = {
    "argmax": "an index; asking for its gradient is a mistake that the tape tells",
    "argmin": "an index",
    "any": "a truth value",
    "all": "a truth value",
    "count_nonzero": "a count",
}
# Captured programs put these in where the gradients are there already; the tests of programs run them.
PROGRAMS = [
    "batch_norm_apply",
    "batch_norm_fused",
    "batch_norm_backward_fused",
    "batch_norm_backward_pair",
    "batch_norm_inference_fused",
    "batch_norm_statistics",
    "batch_norm_sum",
    "conv2d_fused",
    "conv2d_dw_through",
    "conv2d_dx_fused",
    "conv2d_max_pool",
    "conv2d_max_pool_dw",
    "conv2d_max_pool_dx",
    "conv2d_prepared",
    "conv2d_through",
    "dense_dw_rows",
    "dense_dx_fused",
    "dense_fused",
    "joined",
    "max_pool_through",
    "turned",
]
PROGRAMS += ["max_pool_dx"]
NO_GRADIENT |= dict.fromkeys(PROGRAMS, "made after differentiation")
STEPS = ["sign", "floor", "ceil", "round", "zeros_like", "ones_like", "full_like", "stop_gradient", "argsort", "top_k"]
STEPS += ["in_top_k", "one_hot", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal"]
STEPS += ["logical_and", "logical_or", "logical_not", "isnan", "isfinite"]
STEPS += ["images_warp", "images_resize", "floor_divide", "last_places", "searchsorted"]
STEPS += [f"cast_{t}" for t in ("int32", "int64", "uint8", "bool")]

IMAGE, LINE = numbers(2, 6, 6, 4), numbers(2, 7, 4)
KERNEL, BIAS = numbers(3, 3, 4, 2, seed=1), numbers(2, seed=2)
LABELS = np.array([0, 3])
PROBABILITIES = numbers(2, 4, low=0.1, high=0.9)
OTHERS = [
    (lambda x, w, b: ops.conv(x, w, bias=b, activation="relu"), IMAGE, KERNEL, BIAS),
    (lambda x, b: ops.conv(x, KERNEL, bias=b), IMAGE, BIAS),  # a kernel that has no gradient
    (lambda x, w: ops.conv(x, w, padding="same"), LINE, numbers(3, 4, 2)),
    (lambda x, w: ops.depthwise_conv(x, w, activation="relu"), IMAGE, numbers(3, 3, 4, 1)),
    (lambda x, w: ops.depthwise_conv(x, w), LINE, numbers(3, 4, 1)),
    (lambda x, w: ops.conv_transpose(x, w, 2), IMAGE, numbers(3, 3, 2, 4)),
    (lambda x, w: ops.conv_transpose(x, w, 2), LINE, numbers(3, 2, 4)),
    *[(lambda x, f=f: f(x, 2), x) for x in (IMAGE, LINE) for f in (ops.max_pool, ops.average_pool)],
    *[(f, x) for x in (IMAGE, LINE) for f in (ops.global_average_pool, ops.global_max_pool)],
    (lambda x: ops.adaptive_average_pool(x, (2, 3)), IMAGE),
    *[(lambda x, i=i: ops.resize(x, (4, 9), i), IMAGE) for i in ("nearest", "bilinear")],
    (lambda x: warp_images(x, np.stack([np.eye(2, 3)] * 2)), IMAGE),
    (lambda x: resize_images(x, (3, 3), "cubic"), IMAGE),
    *[(lambda x, i=i: ops.upsample(x, 2, i), IMAGE) for i in ("nearest", "bilinear")],
    *[(f, LINE) for f in (ops.relu, ops.gelu, ops.softmax, ops.log_softmax)],
    (ops.prelu, LINE, numbers(4, seed=1)),
    (lambda x: ops.maxout(x, 2), LINE),
    (lambda x: ops.dropout(x, 0.5, np.array([1, 2])), LINE),
]


def normalizations():
    scale = (numbers(4, seed=1), numbers(4, seed=2))

    def batch(training):
        def f(x, gamma, beta):
            mean, variance = Variable(np.zeros(4), trainable=False), Variable(np.ones(4), trainable=False)
            return ops.batch_norm(x, gamma, beta, mean, variance, training=training)

        return f

    yield batch(True), IMAGE, *scale
    yield batch(False), IMAGE, *scale
    yield lambda x, gamma, beta: ops.layer_norm(x, gamma, beta, -1, 1e-3), LINE, *scale
    yield lambda x, gamma, beta: ops.group_norm(x, gamma, beta, 2, 1e-3), IMAGE, *scale


def losses():
    hot = np.eye(4)[LABELS]
    for logits in (False, True):
        yield lambda p, logits=logits: ops.categorical_crossentropy(hot, p, logits), PROBABILITIES
        yield lambda p, logits=logits: ops.sparse_categorical_crossentropy(LABELS, p, logits), PROBABILITIES
        yield lambda p, logits=logits: ops.binary_crossentropy(hot, p, logits), PROBABILITIES
    for logits in (False, True):
        yield lambda p, logits=logits: binary_crossentropy_mean(hot, p, logits), PROBABILITIES
    yield lambda p: ops.mean_squared_error(hot, p), PROBABILITIES
    yield lambda p: ops.mean_absolute_error(hot, p), PROBABILITIES
    yield lambda p: ops.huber(hot, p, 0.3), PROBABILITIES


PLAIN = [
    *[lambda x, name=name: getattr(ops, name)(x, 0.5) for name in test_ops_arithmetic.COMPARISONS],
    *[lambda x, name=name: getattr(ops, name)(x) for name in test_ops_arithmetic.STEPS],
    *[lambda x, name=name: getattr(ops, name)(x > 0.0) for name in ("logical_not", "any", "all", "count_nonzero")],
    lambda x: ops.logical_and(x, x > 0.0),
    lambda x: ops.logical_or(x, x > 0.0),
    *[lambda x, name=name: getattr(ops, name)(x) for name in ("isnan", "isfinite", "argmax", "argmin", "argsort")],
    *[lambda x, t=t: ops.cast(x, t) for t in ("int32", "int64", "uint8", "bool", "float64")],
    lambda x: ops.cast(ops.cast(x, "float64"), "float32"),
    *[lambda x, name=name: getattr(ops, name)(x) for name in ("zeros_like", "ones_like", "stop_gradient")],
    lambda x: ops.full_like(x, 2.0),
    *[lambda x, name=name: getattr(ops, name)(x, 0.3) for name in ("floor_divide", "mod")],
    lambda x: ops.in_top_k([0, 1], x, 1),
    lambda x: ops.one_hot([0, 1], 3),
    lambda x: ops.scatter_update(x, [[0, 1], [1, 2]], [0.0, 1.0]),
    lambda x: ops.searchsorted([0.2, 0.4], x),
]


def everything():
    for tests in FAMILIES:
        yield from tests.CASES.values()
    yield from OTHERS
    yield from normalizations()
    yield from losses()
    yield from ((f, numbers(2, 4, low=0.1, high=2.0)) for f in PLAIN)


def twice(f, arrays):
    """The function, its gradient, and the gradient of that."""
    tensors = [Tensor(np.array(a, np.float32)) for a in arrays]
    f(*tensors)  # without a tape there may be a shorter way
    with GradientTape() as outer:
        outer.watch(tensors)
        with GradientTape() as tape:
            tape.watch(tensors)
            y = f(*tensors)
        if not y.dtype.startswith("float"):
            return
        found = [g for g in tape.gradient(y, tensors) if g is not None]
        if not found:
            return
        total = sum((ops.sum(g * g) for g in found), 0.0)
    outer.gradient(total, tensors)


def test_each_runs_in_a_check(monkeypatch):
    ran = set()

    def counted(primitive):
        kernel = primitive.kernel

        def run(*arrays, **attrs):
            ran.add(primitive.name)
            return kernel(*arrays, **attrs)

        monkeypatch.setattr(primitive, "kernel", run)

    for primitive in Primitive.registry.values():
        if not primitive.name.startswith("test_"):
            counted(primitive)
    for f, *arrays in everything():
        twice(f, arrays)
    missing = {name for name in Primitive.registry if not name.startswith(("test_", "cast_"))} - ran
    assert missing - set(PROGRAMS) == set()


def test_each_has_a_gradient_or_a_reason():
    none = {p.name for p in Primitive.registry.values() if p.gradient is None}
    assert {name for name in none if not name.startswith("test_")} - set(PROGRAMS) == set(NO_GRADIENT) - set(PROGRAMS)
    flat = {p.name for p in Primitive.registry.values() if p.gradient is differentiable_nowhere}
    assert {name for name in flat if not name.startswith(("cast_", "test_"))} == {s for s in STEPS if "cast_" not in s}
    assert {s for s in STEPS if "cast_" in s} <= flat


def test_names_are_their_own():
    for name, primitive in Primitive.registry.items():
        assert primitive.name == name and repr(primitive) == f"<primitive {name}>"
    with pytest.raises(ValueError, match="there is a primitive 'add' already"):
        Primitive("add", math.fsum, math.fsum, lambda: ())


def test_pickling_gives_the_same_primitive():
    import copy
    import pickle

    add = Primitive.registry["add"]
    assert pickle.loads(pickle.dumps(add)) is add and copy.deepcopy(add) is add


def test_a_primitive_of_ones_own():
    double = Primitive("test_double", lambda x, by: x * by, lambda x, by: x * by, lambda x, by: x)
    try:

        @gradient_of(double)
        def rule(dy, inputs, outputs, attrs, needs):
            return (double(dy, **attrs),)

        x = Variable([1.0, 2.0])
        with GradientTape() as tape:
            y = double(x, by=np.float32(3.0))
        assert y.numpy().tolist() == [3.0, 6.0] and tape.gradient(y, x).numpy().tolist() == [3.0, 3.0]
        symbol = double(SymbolicTensor((None, 2)), by=3.0)
        assert symbol.shape == (None, 2) and isinstance(symbol.node, Node) and symbol.node.operation is double
        assert apply(double, (x,), {"by": 2}).shape == (2,)
    finally:
        del Primitive.registry["test_double"]


def test_state_of_another_thread_is_its_own():
    import threading

    seen = []
    state.precise = True
    try:
        thread = threading.Thread(target=lambda: seen.append((state.precise, state.tapes, state.training)))
        thread.start()
        thread.join()
    finally:
        state.precise = False
    assert seen == [(False, (), None)]
