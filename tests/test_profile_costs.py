"""FLOPs and bytes of steps: against numbers computed by hand, and the known totals of published networks."""

import numpy as np
import pytest

from fastcnn import applications, layers, models, ops
from fastcnn.ops.conv import CONV, CONV_DW, CONV_DX
from fastcnn.ops.depthwise import DEPTHWISE, DEPTHWISE_DW, DEPTHWISE_DX
from fastcnn.ops.linear import DENSE, DENSE_DW, DENSE_DX
from fastcnn.ops.normalization import BATCH_NORM, BATCH_NORM_BACKWARD
from fastcnn.ops.pooling import AVERAGE_POOL, MAX_POOL_INDICES, MAX_POOL_SCATTER
from fastcnn.plan import fused
from fastcnn.plan.costs import Cost, Limits, cost, geometry
from fastcnn.plan.model_steps import Inference
from fastcnn.plan.steps import node
from fastcnn.seam import Primitive, apply
from fastcnn.tensor import SymbolicTensor, Tensor, Variable


def sym(*shape, dtype="float32"):
    return SymbolicTensor(shape, dtype)


def counted(primitive, inputs, **attrs):
    result = apply(primitive, inputs, attrs)
    return cost((result[0] if isinstance(result, tuple) else result).node)


def options(**given):
    return {"strides": (1, 1), "padding": "same", "dilation": (1, 1), "groups": 1} | given


def test_convolution():
    found = counted(CONV, (sym(2, 8, 8, 16), sym(3, 3, 16, 4), sym(4)), **options(activation="relu"))
    assert found == Cost(2 * 128 * 9 * 16 * 4, 2 * 128 * 9 * 16 * 4, 4 * (2048 + 576 + 4 + 512), "direct")


def test_groups_share_the_channels_out():
    found = counted(CONV, (sym(1, 8, 8, 16), sym(3, 3, 4, 8), None), **options(groups=4, activation=None))
    assert found.flops == 2 * 64 * 9 * 4 * 8 and found.algorithm == "direct"


@pytest.mark.parametrize(
    ("taps", "stride", "padding", "outputs", "rows"),
    [
        (1, 2, "valid", 4, 4),  # steps over every other row and column
        (2, 2, "valid", 4, 8),
        (3, 2, "same", 4, 8),
        (2, 3, "valid", 3, 6),
        (1, 3, ((1, 0), (1, 0)), 3, 2),  # the first looks at the padding only
    ],
)
def test_strides_read_what_they_look_at(taps, stride, padding, outputs, rows):
    given = options(strides=(stride, stride), padding=padding, activation=None)
    found = counted(CONV, (sym(2, 8, 8, 16), sym(taps, taps, 16, 4), None), **given)
    assert found.flops == 2 * 2 * outputs**2 * taps**2 * 16 * 4
    assert found.bytes == 4 * (2 * rows**2 * 16 + taps**2 * 64 + 2 * outputs**2 * 4)
    assert found.algorithm == ("gemm" if taps == 1 else "direct")


def test_gradients_of_a_convolution():
    x, w, dy = sym(2, 8, 8, 16), sym(3, 3, 16, 4), sym(2, 4, 4, 4)
    given = options(strides=(2, 2))
    flops = 2 * 32 * 9 * 16 * 4
    dx = counted(CONV_DX, (dy, w), **given, x_shape=x.shape)
    dw = counted(CONV_DW, (x, dy), **given, w_shape=w.shape)
    assert dx == Cost(flops, flops, 4 * (128 + 576 + 2048), "direct")
    assert dw == Cost(flops, flops, 4 * (2048 + 128 + 576), "direct")


def test_what_is_fused_into_an_input_gradient_is_read():
    x, w, dy = sym(2, 8, 8, 16), sym(3, 3, 16, 4), sym(2, 8, 8, 4)
    given = options(x_shape=x.shape)
    found = cost(node(fused.CONV_DX, (dy, w, sym(2, 8, 8, 16), sym(2, 8, 8, 16)), given, (x,)))
    assert found.bytes == 4 * (512 + 576 + 3 * 2048)


# The rule: 36 products for 4x4 outputs; 288 FLOPs to transform a tile of inputs, 160 one of outputs, 117 a filter;
# 140 a tile of gradients, 144 a filter's gradient.
@pytest.mark.parametrize(("size", "tiles"), [(8, 4), (10, 9)])
@pytest.mark.parametrize("of", ["forward", "dx", "dw"])
def test_winograd(of, size, tiles):
    n, c, k = 2, 32, 64
    x, w, y = sym(n, size, size, c), sym(3, 3, c, k), sym(n, size, size, k)
    if of == "forward":
        found, rest = counted(CONV, (x, w, None), **options(activation=None)), tiles * n * (288 * c + 160 * k)
    elif of == "dx":
        found, rest = counted(CONV_DX, (y, w), **options(x_shape=x.shape)), tiles * n * (288 * k + 160 * c)
    else:
        found, rest = counted(CONV_DW, (x, y), **options(w_shape=w.shape)), tiles * n * (288 * c + 140 * k)
    assert found.algorithm == "winograd"
    assert found.flops == 2 * n * size * size * 9 * c * k
    assert found.work == 2 * 36 * tiles * n * c * k + rest + (144 if of == "dw" else 117) * c * k
    assert found.bytes == 4 * (n * size * size * (c + k) + 9 * c * k)  # nothing of its own tensors
    if size == 8:
        assert 2 * 36 * tiles * n * c * k == found.flops / 4


def test_signals_are_images_of_height_one():
    found = counted(CONV, (sym(2, 10, 8), sym(3, 8, 4), None), **options(padding="valid", activation=None))
    assert found == Cost(2 * 16 * 24 * 4, 2 * 16 * 24 * 4, 4 * (160 + 96 + 64), "direct")


def test_depthwise():
    x, w, dy = sym(2, 8, 8, 6), sym(3, 3, 6, 2), sym(2, 4, 4, 12)
    given = {"strides": (2, 2), "padding": "same", "dilation": (1, 1)}
    flops = 2 * 2 * 16 * 12 * 9
    moved = 4 * (768 + 108 + 384)
    expected = Cost(flops, flops, moved, "depthwise")
    assert counted(DEPTHWISE, (x, w, None), **given, activation=None) == expected
    assert counted(DEPTHWISE_DX, (dy, w), **given, x_shape=x.shape) == expected
    assert counted(DEPTHWISE_DW, (x, dy), **given, w_shape=w.shape) == expected


def test_dense():
    flops = 2 * 5 * 12 * 7
    assert counted(DENSE, (sym(5, 12), sym(12, 7), sym(7)), activation=None) == Cost(
        flops, flops, 4 * (60 + 84 + 7 + 35), "gemm"
    )
    expected = Cost(flops, flops, 4 * (60 + 84 + 35), "gemm")
    assert counted(DENSE_DX, (sym(5, 7), sym(12, 7))) == expected
    assert counted(DENSE_DW, (sym(5, 12), sym(5, 7))) == expected


@pytest.mark.parametrize("turned", [False, True])
def test_matmul(turned):
    a = sym(3, 12, 5) if turned else sym(3, 5, 12)
    found = cost(ops.matmul(a, sym(3, 12, 7), turned).node)
    assert found.flops == 2 * 3 * 5 * 12 * 7 and found.bytes == 4 * 3 * (60 + 84 + 35)


def test_pooling_counts_cells_and_indices_are_bytes():
    attrs = {"pool_size": 3, "strides": 2, "padding": "same"}
    x, y, dy = sym(2, 8, 8, 6), sym(2, 4, 4, 6), sym(2, 4, 4, 6)
    indices = sym(2, 4, 4, 6, dtype="uint8")
    assert counted(AVERAGE_POOL, (x,), **attrs) == Cost(192 * 9, 192 * 9, 4 * (768 + 192), "pass")
    found = cost(node(MAX_POOL_INDICES, (x,), attrs, (y, indices)))
    assert found == Cost(192 * 9, 192 * 9, 4 * (768 + 192) + 192, "pass")
    found = cost(node(MAX_POOL_SCATTER, (dy, indices), attrs | {"x_shape": x.shape}, (x,)))
    assert found == Cost(192, 192, 4 * (768 + 192) + 192, "pass")


def test_batch_norm():
    x, c = sym(4, 5, 5, 8), Variable(np.ones(8))
    # Statistics: a sum, a difference, a square that is added; then a product and a sum. Moving ones are written, too.
    found = counted(BATCH_NORM, (x, c, c, Variable(np.ones(8)), Variable(np.ones(8))), momentum=0.9, epsilon=1e-3)
    assert found == Cost(6 * 800, 6 * 800, 4 * (2 * 800 + (1 + 4 + 2) * 8), "pass")
    found = counted(BATCH_NORM_BACKWARD, (x, sym(4, 5, 5, 8), sym(8), sym(8), c), training=True, epsilon=1e-3)
    assert found == Cost(8 * 800, 8 * 800, 4 * (3 * 800 + 5 * 8), "pass")


def test_what_is_read_twice_is_read_once():
    x = sym(4, 8)
    assert cost(ops.multiply(x, x).node) == Cost(32, 32, 4 * 64, "pass")


def test_item_sizes():
    assert cost(ops.cast(sym(10), "uint8").node).bytes == 50
    assert cost(ops.cast(sym(10, dtype="int64"), "float32").node).bytes == 120


def test_only_shapes_and_parts_are_told_apart():
    assert cost(ops.take(sym(1000, 4), Tensor(np.array([1, 2])), axis=0).node).bytes == 32 + 16 + 32
    spread = Primitive.registry["spread_sum"]
    step = node(spread, (sym(4), sym(4, 100)), {"axis": (1,), "keepdims": False}, (sym(4, 100),))
    assert cost(step).bytes == 16 + 1600


def test_of_an_unknown_operation_the_bytes():
    unknown = Primitive("walk_the_dog", None, None, lambda x: x)
    try:
        found = counted(unknown, (sym(3, 4),))
    finally:
        del Primitive.registry["walk_the_dog"]
    assert found == Cost(0, 0, 96, "pass")


def test_every_operation_in_the_tables_exists():
    from fastcnn.plan import costs

    for table in (costs.PER_ELEMENT, costs.SHAPES_ONLY, costs.PARTLY_READ, costs.STATISTICS):
        assert set(table) <= set(Primitive.registry)


def test_limits():
    limits = Limits(gflops=100.0, gbytes=20.0)
    assert limits.floor_ms(1e9, 0) == 10.0 and limits.floor_ms(0, 1e9) == 50.0 and limits.floor_ms(1e9, 1e9) == 50.0


def test_scratch_memory_of_a_convolution():
    """At least Winograd's transformed filter, where threads share it; none of it where nothing is computed."""
    step = apply(CONV, (sym(8, 32, 32, 64), sym(3, 3, 64, 64), None), options(activation=None)).node
    assert geometry(step).workspace() > 36 * 64 * 64 * 4
    assert geometry(ops.relu(sym(2, 2)).node) is None


def products(model, size):
    """10^9 multiply-adds of convolutions and dense layers for one image."""
    steps = Inference(model, Tensor(np.zeros((1, size, size, 3), np.float32))).program.steps
    return sum(found.flops for found in map(cost, steps) if found.algorithm != "pass") / 2e9


def test_published_totals():
    assert products(applications.ResNet50(weights=None, variant="torchvision"), 224) == pytest.approx(4.09, abs=0.005)
    assert products(applications.MobileNetV2(weights=None), 224) == pytest.approx(0.30, abs=0.005)
    features = applications.VGG16(weights=None, include_top=False, input_shape=(224, 224, 3))
    head = (25088 * 4096 + 4096 * 4096 + 4096 * 1000) / 1e9
    assert products(features, 224) + head == pytest.approx(15.47, abs=0.005)


def test_a_training_step_takes_three_times_the_products_but_the_first_input_gradient():
    x = start = layers.Input((16, 16, 3))
    for filters in (8, 40):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    model = models.Model(start, layers.Dense(5)(layers.Flatten()(x)))
    model.compile("sgd", "mse")
    data = np.zeros((4, 16, 16, 3), np.float32), np.zeros((4, 5), np.float32)
    found = model.profile(*data, training=True, repeats=1)
    forward, backward = (
        sum(row["flops"] for row in found.rows if row["stage"] == stage and row["algorithm"] != "pass")
        for stage in ("forward", "backward")
    )
    first = 2 * 4 * 256 * 27 * 8
    assert forward == first + 2 * 4 * 256 * 72 * 40 + 2 * 4 * 10240 * 5
    assert backward == 2 * forward - first
