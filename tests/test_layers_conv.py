"""Convolution layers: exact on integers, against loops written out here."""

import json

import numpy as np
import pytest

from fastcnn import GradientTape, activations, initializers, layers, ops

RNG = np.random.default_rng(7)


def integers(*shape):
    return RNG.integers(-4, 5, shape).astype(np.float32)


def with_integers(layer, shape):
    """The layer, built, with small integers in all its weights."""
    layer.build(shape)
    layer.set_weights([integers(*w.shape) for w in layer.weights])
    return layer


def sides_of(padding, size, reach, stride):
    if padding == "valid":
        return 0, 0
    total = max((-(-size // stride) - 1) * stride + reach - size, 0)
    return total // 2, total - total // 2


def naive(x, w, strides=(1, 1), pads="valid", dilation=(1, 1), groups=1):
    """Convolution of (n, h, w, c) with (kh, kw, c / groups, k), a product a tap."""
    kh, kw, part, k = w.shape
    reach = (kh - 1) * dilation[0] + 1, (kw - 1) * dilation[1] + 1
    if isinstance(pads, str):
        pads = [sides_of(pads, x.shape[1 + a], reach[a], strides[a]) for a in range(2)]
    x = np.pad(x.astype(np.float64), ((0, 0), *pads, (0, 0)))
    oh, ow = ((x.shape[1 + a] - reach[a]) // strides[a] + 1 for a in range(2))
    y = np.zeros((len(x), oh, ow, k))
    each = k // groups
    for g in range(groups):
        for i in range(kh):
            for j in range(kw):
                top, left = i * dilation[0], j * dilation[1]
                rows = x[:, top : top + (oh - 1) * strides[0] + 1 : strides[0]]
                cells = rows[:, :, left : left + (ow - 1) * strides[1] + 1 : strides[1], g * part : (g + 1) * part]
                y[..., g * each : (g + 1) * each] += cells @ w[i, j, :, g * each : (g + 1) * each]
    return y


IMAGES = [
    {},
    {"padding": "same"},
    {"strides": 2, "padding": "same"},
    {"strides": (2, 3)},
    {"dilation_rate": (2, 1)},
    {"dilation_rate": 2, "padding": "same", "strides": 2},
    {"groups": 2},
    {"groups": 4, "padding": "same"},
    {"padding": 1},
    {"padding": (2, 0)},
    {"padding": ((1, 0), (2, 3)), "strides": 2},
    {"use_bias": False},
]


@pytest.mark.parametrize("options", IMAGES, ids=str)
@pytest.mark.parametrize("first", [False, True], ids=["last", "first"])
def test_conv2d_is_exact_on_integers(options, first):
    x = integers(2, 9, 8, 4)
    shown = x.transpose(0, 3, 1, 2) if first else x
    layer = layers.Conv2D(8, (3, 2), data_format="channels_first" if first else "channels_last", **options)
    with_integers(layer, shown.shape)
    pair = lambda v: (v, v) if isinstance(v, int) else v  # noqa: E731
    pads = options.get("padding", "valid")
    pads = pads if isinstance(pads, str) else [pair(p) for p in pair(pads)]
    expected = naive(
        x,
        layer.kernel.numpy(),
        pair(options.get("strides", 1)),
        pads,
        pair(options.get("dilation_rate", 1)),
        options.get("groups", 1),
    )
    if layer.bias is not None:
        expected = expected + layer.bias.numpy()
    y = layer(shown)
    assert y.dtype == "float32"
    assert layer.compute_output_shape((None, *shown.shape[1:])) == (None, *y.shape[1:])
    np.testing.assert_array_equal(np.moveaxis(y.numpy(), 1, -1) if first else y.numpy(), expected)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"padding": "same", "strides": 2},
        {"padding": "causal"},
        {"padding": "causal", "dilation_rate": 2},
        {"padding": (2, 1)},
        {"groups": 2},
    ],
    ids=str,
)
@pytest.mark.parametrize("first", [False, True], ids=["last", "first"])
def test_conv1d_is_exact_on_integers(options, first):
    x = integers(2, 9, 4)
    shown = x.transpose(0, 2, 1) if first else x
    layer = layers.Conv1D(6, 3, data_format="channels_first" if first else None, **options)
    with_integers(layer, shown.shape)
    spread = options.get("dilation_rate", 1)
    pads = options.get("padding", "valid")
    pads = (2 * spread, 0) if pads == "causal" else pads
    pads = pads if isinstance(pads, str) else [(0, 0), pads]
    expected = naive(
        x[:, None],
        layer.kernel.numpy()[None],
        (1, options.get("strides", 1)),
        pads,
        (1, spread),
        options.get("groups", 1),
    )
    y = layer(shown)
    assert layer.compute_output_shape((None, *shown.shape[1:])) == (None, *y.shape[1:])
    expected = expected[:, 0] + layer.bias.numpy()
    np.testing.assert_array_equal(np.moveaxis(y.numpy(), 1, -1) if first else y.numpy(), expected)


def spread_out(x, w, strides, size):
    """The whole transposed convolution: each input times the window, added where it stands."""
    n, h, width, _ = x.shape
    kh, kw, filters, _ = w.shape
    y = np.zeros((n, (h - 1) * strides[0] + kh, (width - 1) * strides[1] + kw, filters))
    for i in range(h):
        for j in range(width):
            window = np.einsum("nc,abfc->nabf", x[:, i, j].astype(np.float64), w)
            y[:, i * strides[0] : i * strides[0] + kh, j * strides[1] : j * strides[1] + kw] += window
    return y


@pytest.mark.parametrize("kernel, strides", [((3, 3), (1, 1)), ((2, 3), (2, 1)), ((3, 3), (2, 2)), ((5, 4), (3, 2))])
@pytest.mark.parametrize("first", [False, True], ids=["last", "first"])
def test_transposed_convolution_is_exact_on_integers(kernel, strides, first):
    x = integers(2, 4, 5, 3)
    shown = x.transpose(0, 3, 1, 2) if first else x
    layer = layers.Conv2DTranspose(6, kernel, strides, data_format="channels_first" if first else None)
    with_integers(layer, shown.shape)
    expected = spread_out(x, layer.kernel.numpy(), strides, None) + layer.bias.numpy()
    y = layer(shown)
    assert layer.compute_output_shape(shown.shape) == y.shape
    np.testing.assert_array_equal(np.moveaxis(y.numpy(), 1, -1) if first else y.numpy(), expected)


@pytest.mark.parametrize(
    "size, kernel, stride, padding, extra, expected",
    [
        (5, 3, 1, "valid", None, 7), (5, 3, 2, "valid", None, 11), (5, 2, 3, "valid", None, 15), (5, 3, 2, "same", None, 10),
        (5, 3, 2, "same", 0, 9), (5, 3, 2, "same", 1, 10), (5, 4, 2, "same", 1, 9), (5, 3, 2, "valid", 1, 12),
    ],
)  # fmt: skip
def test_sizes_of_transposed_convolutions_are_keras_s(size, kernel, stride, padding, extra, expected):
    for layer, shape in (
        (layers.Conv1DTranspose(2, kernel, stride, padding, extra), (1, size, 3)),
        (layers.Conv2DTranspose(2, kernel, stride, padding, extra), (1, size, size, 3)),
    ):
        assert layer.compute_output_shape(shape) == (1, *(expected,) * (len(shape) - 2), 2)
        assert layer(np.ones(shape)).shape == layer.compute_output_shape(shape)


@pytest.mark.parametrize(
    "kernel, stride, padding, extra, expected",
    [
        (3, 2, "same", None, [1, 2, 13, 20, 130, 200]),
        (3, 2, "same", 0, [2, 13, 20, 130, 200]),
        (4, 2, "same", None, [2, 13, 24, 130, 240, 300]),
        (2, 3, "same", None, [1, 2, 0, 10, 20, 0, 100, 200, 0]),
        (5, 2, "same", 1, [2, 13, 24, 135, 240, 350]),
        (3, 3, "same", None, [1, 2, 3, 10, 20, 30, 100, 200, 300]),
        (2, 3, "valid", None, [1, 2, 0, 10, 20, 0, 100, 200, 0]),
        (3, 2, "valid", 1, [1, 2, 13, 20, 130, 200, 300, 0]),
        (3, 1, "same", None, [12, 123, 230]),
    ],
)
def test_what_keras_3_15_gives_for_transposed_convolutions(kernel, stride, padding, extra, expected):
    layer = layers.Conv1DTranspose(1, kernel, stride, padding, extra)
    layer.build((1, 3, 1))
    layer.set_weights([np.arange(1.0, kernel + 1).reshape(kernel, 1, 1), np.zeros(1)])
    assert layer(np.array([[[1.0], [10.0], [100.0]]])).numpy().ravel().tolist() == expected


@pytest.mark.parametrize(
    "options", [{}, {"padding": "same", "strides": 2}, {"dilation_rate": 2}, {"padding": 1}], ids=str
)
@pytest.mark.parametrize("first", [False, True], ids=["last", "first"])
def test_depthwise_and_separable_are_exact_on_integers(options, first):
    x = integers(2, 8, 9, 3)
    shown = x.transpose(0, 3, 1, 2) if first else x
    layout = "channels_first" if first else "channels_last"
    deep = with_integers(layers.DepthwiseConv2D(3, depth_multiplier=2, data_format=layout, **options), shown.shape)
    apart = with_integers(layers.SeparableConv2D(5, 3, depth_multiplier=2, data_format=layout, **options), shown.shape)
    pads = options.get("padding", "valid")
    pads = pads if isinstance(pads, str) else [(pads, pads)] * 2
    rest = ((options.get("strides", 1),) * 2, pads, (options.get("dilation_rate", 1),) * 2, 3)

    def expected(kernel):
        return naive(x, kernel.reshape(3, 3, 1, 6), *rest)

    last = lambda y: np.moveaxis(y.numpy(), 1, -1) if first else y.numpy()  # noqa: E731
    np.testing.assert_array_equal(last(deep(shown)), expected(deep.kernel.numpy()) + deep.bias.numpy())
    mixed = expected(apart.depthwise_kernel.numpy()) @ apart.pointwise_kernel.numpy()[0, 0]
    np.testing.assert_array_equal(last(apart(shown)), mixed + apart.bias.numpy())
    assert deep.compute_output_shape(shown.shape) == deep(shown).shape
    assert apart.compute_output_shape(shown.shape) == apart(shown).shape


def test_one_dimension_is_two_of_height_one():
    x = integers(2, 9, 4)
    for flat, image in (
        (layers.DepthwiseConv1D(3, 2, "same"), layers.DepthwiseConv2D((1, 3), (1, 2), "same")),
        (layers.SeparableConv1D(5, 3, padding="same"), layers.SeparableConv2D(5, (1, 3), padding="same")),
        (layers.Conv1DTranspose(5, 3, 2), layers.Conv2DTranspose(5, (1, 3), (1, 2))),
    ):
        with_integers(flat, x.shape)
        with_integers(image, x[:, None].shape)
        image.set_weights([w if w.ndim == 1 else w[None] for w in flat.get_weights()])
        np.testing.assert_array_equal(flat(x).numpy(), image(x[:, None]).numpy()[:, 0])
        assert flat.compute_output_shape(x.shape) == flat(x).shape


@pytest.mark.parametrize(
    "name, kwargs, shape, weights",
    [
        ("Conv1D", {"filters": 8, "kernel_size": 3}, (None, 9, 4), {"kernel": (3, 4, 8), "bias": (8,)}),
        ("Conv2D", {"filters": 8, "kernel_size": (3, 2), "groups": 2}, (None, 9, 9, 4), {"kernel": (3, 2, 2, 8), "bias": (8,)}),
        ("Conv2D", {"filters": 8, "kernel_size": 3, "use_bias": False}, (None, None, None, 4), {"kernel": (3, 3, 4, 8)}),
        ("Conv2DTranspose", {"filters": 8, "kernel_size": 3}, (None, 9, 9, 4), {"kernel": (3, 3, 8, 4), "bias": (8,)}),
        ("Conv1DTranspose", {"filters": 8, "kernel_size": 3}, (None, 9, 4), {"kernel": (3, 8, 4), "bias": (8,)}),
        ("DepthwiseConv1D", {"kernel_size": 3}, (None, 9, 4), {"kernel": (3, 4, 1), "bias": (4,)}),
        ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 2}, (None, 9, 9, 4), {"kernel": (3, 3, 4, 2), "bias": (8,)}),
        ("SeparableConv1D", {"filters": 8, "kernel_size": 3}, (None, 9, 4), {"depthwise_kernel": (3, 4, 1), "pointwise_kernel": (1, 4, 8), "bias": (8,)}),
        ("SeparableConv2D", {"filters": 8, "kernel_size": 3}, (None, 9, 9, 4), {"depthwise_kernel": (3, 3, 4, 1), "pointwise_kernel": (1, 1, 4, 8), "bias": (8,)}),
    ],
    ids=str,
)  # fmt: skip
def test_names_shapes_and_order_of_weights_are_keras_s(name, kwargs, shape, weights):
    layer = getattr(layers, name)(**kwargs)
    layer.build(shape)
    assert [(w.name, w.shape) for w in layer.weights] == list(weights.items())
    for first in ("kernel", "depthwise_kernel"):
        if first in weights:
            limit = np.sqrt(6 / (np.prod(weights[first][:-2]) * sum(weights[first][-2:])))
            values = getattr(layer, first).numpy()
            assert 0 < abs(values).max() <= limit
            assert len(np.unique(values)) > 5
    if "bias" in weights:
        assert not layer.bias.numpy().any()


COMMON = {
    "name",
    "trainable",
    "dtype",
    "activation",
    "use_bias",
    "bias_initializer",
    "bias_regularizer",
    "bias_constraint",
}
COMMON |= {"activity_regularizer", "kernel_size", "strides", "padding", "data_format", "dilation_rate"}
KERNEL = {"kernel_initializer", "kernel_regularizer", "kernel_constraint"}
DEEP = {"depth_multiplier", "depthwise_initializer", "depthwise_regularizer", "depthwise_constraint"}
POINT = {"pointwise_initializer", "pointwise_regularizer", "pointwise_constraint"}


@pytest.mark.parametrize(
    "layer, keys",
    [
        (layers.Conv1D(2, 3), COMMON | KERNEL | {"filters", "groups"}),
        (layers.Conv2D(2, 3), COMMON | KERNEL | {"filters", "groups"}),
        (layers.Conv2D(2, 3, padding_mode="reflect"), COMMON | KERNEL | {"filters", "groups", "padding_mode"}),
        (layers.Conv2D(2, 3, padding_value=1), COMMON | KERNEL | {"filters", "groups", "padding_value"}),
        (layers.Conv1DTranspose(2, 3), COMMON | KERNEL | {"filters", "output_padding"}),
        (layers.Conv2DTranspose(2, 3), COMMON | KERNEL | {"filters", "output_padding"}),
        (layers.DepthwiseConv1D(3), COMMON | DEEP),
        (layers.DepthwiseConv2D(3), COMMON | DEEP),
        (layers.SeparableConv1D(2, 3), COMMON | DEEP | POINT | {"filters"}),
        (layers.SeparableConv2D(2, 3), COMMON | DEEP | POINT | {"filters"}),
    ],
    ids=lambda v: type(v).__name__,
)
def test_configs_have_the_keys_of_keras_and_survive_json(layer, keys):
    config = layer.get_config()
    assert set(config) == keys
    again = type(layer).from_config(json.loads(json.dumps(config)))
    assert again.get_config() == config
    assert config["activation"] == "linear"


def test_a_config_remembers_every_argument():
    layer = layers.Conv2D(
        4, (3, 2), (2, 1), ((1, 0), (0, 2)), "channels_first", (1, 2), 2, "relu", False, "he_normal", "ones", "l2", "l1",
        "l2", "max_norm", "non_neg", padding_mode="replicate", name="first", trainable=False,
    )  # fmt: skip
    shape = (2, 4, 9, 9)
    again = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    assert again.get_config() == layer.get_config()
    with_integers(layer, shape)
    with_integers(again, shape).set_weights(layer.get_weights())
    x = integers(*shape)
    np.testing.assert_array_equal(again(x).numpy(), layer(x).numpy())
    assert (again.name, again.trainable, again.bias) == ("first", False, None)


@pytest.mark.parametrize(
    "size, kernel, stride, expected, sides",
    [(28, 3, 1, 28, (1, 1)), (224, 7, 2, 112, (2, 3)), (32, 3, 2, 16, (0, 1)), (5, 4, 1, 5, (1, 2))],
)
def test_same_padding_puts_the_odd_cell_at_the_end(size, kernel, stride, expected, sides):
    x = integers(1, size, size, 1)
    same = with_integers(layers.Conv2D(2, kernel, stride, "same"), x.shape)
    given = with_integers(layers.Conv2D(2, kernel, stride, (sides, sides)), x.shape)
    given.set_weights(same.get_weights())
    y = same(x)
    assert y.shape == (1, expected, expected, 2) == same.compute_output_shape(x.shape)
    np.testing.assert_array_equal(y.numpy(), given(x).numpy())


@pytest.mark.parametrize("value", [1.0, -3.0])
def test_padding_value_is_convolution_of_the_padded_image(value):
    x = integers(2, 6, 6, 3)
    layer = with_integers(layers.Conv2D(4, 3, padding=((1, 2), (0, 1)), padding_value=value), x.shape)
    padded = np.pad(x, ((0, 0), (1, 2), (0, 1), (0, 0)), constant_values=value)
    np.testing.assert_array_equal(layer(x).numpy(), naive(padded, layer.kernel.numpy()) + layer.bias.numpy())


@pytest.mark.parametrize("mode, numpy_s", [("reflect", "reflect"), ("replicate", "edge"), ("circular", "wrap")])
def test_padding_modes_are_numpy_s(mode, numpy_s):
    x = integers(2, 6, 6, 3)
    layer = with_integers(layers.Conv2D(4, 5, padding="same", padding_mode=mode), x.shape)
    padded = np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)), mode=numpy_s)
    np.testing.assert_array_equal(layer(x).numpy(), naive(padded, layer.kernel.numpy()) + layer.bias.numpy())


def test_two_small_kernels_see_as_much_as_a_large_one_with_fewer_weights():
    c = 6
    small = [layers.Conv2D(c, 3, use_bias=False), layers.Conv2D(c, 3, use_bias=False)]
    large = layers.Conv2D(c, 5, use_bias=False)
    x = integers(1, 12, 12, c)
    assert small[1](small[0](x)).shape == large(x).shape
    assert sum(layer.count_params() for layer in small) == 18 * c**2
    assert large.count_params() == 25 * c**2


def test_a_kernel_of_one_pixel_is_dense_per_pixel():
    x = RNG.normal(size=(2, 5, 4, 6)).astype(np.float32)
    conv, dense = layers.Conv2D(3, 1), layers.Dense(3)
    y = conv(x)
    dense.build(x.shape)
    dense.set_weights([conv.kernel.numpy()[0, 0], conv.bias.numpy()])
    np.testing.assert_allclose(y.numpy(), dense(x).numpy(), atol=1e-5)


def test_a_residual_block_with_nothing_in_it_returns_its_input():
    x = RNG.normal(size=(2, 5, 5, 4)).astype(np.float32)
    f = layers.Conv2D(4, 3, padding="same", kernel_initializer="zeros")
    np.testing.assert_array_equal(layers.add([ops.convert_to_tensor(x), f(x)]).numpy(), x)


@pytest.mark.parametrize("name", ["relu", "relu6", "tanh", "softmax", None])
@pytest.mark.parametrize("make", [lambda a: layers.Conv2D(4, 3, activation=a), lambda a: layers.DepthwiseConv2D(3, activation=a),
                                  lambda a: layers.SeparableConv2D(4, 3, activation=a), lambda a: layers.Conv2DTranspose(4, 3, activation=a)])  # fmt: skip
def test_activations_are_applied_fused_or_not(make, name):
    x = integers(2, 5, 5, 4)
    plain, active = make(None), make(name)
    with_integers(plain, x.shape)
    with_integers(active, x.shape).set_weights(plain.get_weights())
    np.testing.assert_allclose(active(x).numpy(), activations.get(name)(plain(x)).numpy(), rtol=1e-6, atol=1e-7)
    assert active.get_config()["activation"] == (name or "linear")


def test_an_activation_can_be_replaced_later():
    x = integers(2, 5, 5, 4)
    layer = with_integers(layers.Conv2D(4, 3, activation="relu"), x.shape)
    assert layer(x).numpy().min() == 0
    layer.activation = activations.linear
    assert layer(x).numpy().min() < 0
    layer.activation = "sigmoid"
    assert 0 <= layer(x).numpy().min() < layer(x).numpy().max() <= 1


def test_gradients_reach_the_input_and_all_weights():
    x = ops.convert_to_tensor(integers(2, 5, 5, 3))
    layer = layers.SeparableConv2D(4, 3, activation="relu", bias_initializer="ones")
    with GradientTape() as tape:
        tape.watch(x)
        loss = ops.sum(ops.square(layer(x)))
    for gradient, of in zip(tape.gradient(loss, [x, *layer.trainable_weights]), [x, *layer.weights], strict=True):
        assert gradient.shape == of.shape
        assert abs(gradient.numpy()).max() > 0


def test_rules_reach_the_weights():
    layer = layers.Conv2D(2, 3, kernel_regularizer="l2", bias_constraint="non_neg", activity_regularizer="l1")
    y = layer(np.ones((4, 5, 5, 1)))
    assert layer.bias.constraint is layer.bias_constraint is not None
    assert layer.kernel.constraint is None
    losses = sorted(float(loss) for loss in layer.losses)
    expected = [0.01 * (layer.kernel.numpy() ** 2).sum(), 0.01 * abs(y.numpy()).sum() / 4]
    np.testing.assert_allclose(losses, sorted(expected), rtol=1e-5)


def test_kernels_begin_as_the_policy_says():
    before = initializers.get_init_policy()
    initializers.set_init_policy("notes")
    try:
        assert isinstance(layers.Conv2D(4, 3, activation="relu").kernel_initializer, initializers.HeNormal)
        assert isinstance(layers.Conv2D(4, 3, activation="softmax").kernel_initializer, initializers.GlorotUniform)
    finally:
        initializers.set_init_policy(before)
    assert isinstance(layers.Conv2D(4, 3, activation="relu").kernel_initializer, initializers.GlorotUniform)


@pytest.mark.parametrize(
    "layer, shape, flops",
    [
        (layers.Conv2D(8, 3, padding="same"), (None, 28, 28, 1), 2 * 9 * 8 * 784),
        (layers.Conv2D(8, 3, groups=2), (None, 5, 5, 4), 2 * 9 * 2 * 8 * 9),
        (layers.Conv1D(8, 3), (None, 10, 2), 2 * 3 * 2 * 8 * 8),
        (layers.DepthwiseConv2D(3, depth_multiplier=2), (None, 5, 5, 4), 2 * 9 * 8 * 9),
        (layers.SeparableConv2D(8, 3), (None, 5, 5, 4), 2 * (9 * 4 + 4 * 8) * 9),
        (layers.Conv2DTranspose(8, 2, 2), (None, 5, 5, 4), 2 * 4 * 4 * 8 * 25),
    ],
    ids=lambda v: type(v).__name__,
)
def test_flops_count_a_multiply_add_as_two(layer, shape, flops):
    layer.build(shape)
    assert layer.count_flops(shape, layer.compute_output_shape(shape)) == flops
    anywhere = (None, *(None for _ in shape[1:-1]), shape[-1])
    assert layer.count_flops(anywhere, layer.compute_output_shape(anywhere)) is None


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: layers.Conv2D(0, 3), "filters must be an integer of at least 1, got 0"),
        (lambda: layers.Conv2D(4, (3, 3, 3)), "kernel_size must be an integer of at least 1 or a tuple of 2 of them, got (3, 3, 3)"),
        (lambda: layers.Conv2D(4, 3, strides=0), "strides must be an integer of at least 1 or a tuple of 2 of them, got 0"),
        (lambda: layers.Conv2D(4, 3, padding="smae"), "padding must be 'valid' or 'same', got 'smae'. Did you mean 'same'?"),
        (lambda: layers.Conv2D(4, 3, padding=-1), "padding must be an int, (height, width) or ((top, bottom), (left, right)), none negative, got -1"),
        (lambda: layers.Conv2D(4, 3, padding="causal"), "padding must be 'valid' or 'same', got 'causal'"),
        (lambda: layers.Conv1D(4, 3, padding="valit"), "padding must be 'valid', 'same' or 'causal', got 'valit'"),
        (lambda: layers.Conv1D(4, 3, padding=(1, 2, 3)), "padding must be an integer of at least 0 or a tuple of 2 of them"),
        (lambda: layers.Conv2D(4, 3, data_format="NCHW"), "data_format must be 'channels_last' or 'channels_first', got 'NCHW'"),
        (lambda: layers.Conv2D(4, 3, groups=3), "filters must be divisible by groups, got 4 filters and 3 groups"),
        (lambda: layers.Conv2D(4, 3, padding_mode="mirror"), "padding_mode must be 'constant', 'reflect', 'replicate' or 'circular', got 'mirror'"),
        (lambda: layers.Conv2D(4, 3, padding_mode="reflect", padding_value=1), "padding_value needs padding_mode='constant', got 'reflect'"),
        (lambda: layers.Conv2DTranspose(4, 3, 2, output_padding=2), "output_padding must be smaller than strides, got (2, 2) and (2, 2)"),
        (lambda: layers.DepthwiseConv2D(3, depth_multiplier=0), "depth_multiplier must be an integer of at least 1, got 0"),
        (lambda: layers.Conv2D(4, 3, activation="rleu"), "rleu"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_named(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert message in str(caught.value)


def test_what_is_not_supported_says_so():
    with pytest.raises(NotImplementedError, match="Conv2D: lora_rank is not supported"):
        layers.Conv2D(4, 3, lora_rank=2)


@pytest.mark.parametrize(
    "layer, shape, message",
    [
        (layers.Conv2D(4, 3, name="c"), (1, 5, 5), "Conv2D 'c': expected 4 dimensions (batch, height, width, channels), got shape (1, 5, 5)"),
        (layers.Conv2D(4, 3), (40, 28, 28), "a channel axis is missing, as np.expand_dims(x, -1) makes it, for samples of shape (28, 28, 1)"),
        (layers.Conv2D(4, 3), (28, 28, 1), "one sample needs a batch axis too, as np.expand_dims(x, 0) makes it"),
        (layers.Conv1D(4, 3, name="c", data_format="channels_first"), (1, 5), "Conv1D 'c': expected 3 dimensions (batch, channels, steps), got shape (1, 5)"),
        (layers.Conv2D(4, 5, name="c"), (1, 3, 3, 1), "Conv2D 'c': the window 5x5 does not fit into 3x3"),
        (layers.Conv2D(4, 3, dilation_rate=2, name="c"), (1, 4, 9, 1), "Conv2D 'c': the dilated window 5x5 does not fit into 4x9"),
        (layers.Conv2D(4, 3, groups=2, name="c"), (1, 5, 5, 3), "Conv2D 'c': 3 input channels cannot be divided into 2 groups"),
        (layers.SeparableConv2D(4, 5, name="c"), (1, 3, 3, 1), "SeparableConv2D 'c': the window 5x5 does not fit into 3x3"),
        (layers.Conv2DTranspose(4, 5, name="c"), (1, 3, 3), "Conv2DTranspose 'c': expected 4 dimensions"),
    ],
)  # fmt: skip
def test_inputs_that_do_not_fit_are_explained(layer, shape, message):
    with pytest.raises(ValueError) as caught:
        layer(np.ones(shape))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.Conv2D(4, 3, name="c"),
        lambda: layers.DepthwiseConv2D(3, name="c"),
        lambda: layers.SeparableConv2D(4, 3, name="c"),
        lambda: layers.Conv2DTranspose(4, 3, name="c"),
    ],
)
def test_a_built_layer_wants_the_channels_it_was_built_for(make):
    layer = make()
    layer(np.ones((1, 5, 5, 3)))
    layer(np.ones((2, 9, 7, 3)))
    for use in (layer, lambda x: layer.compute_output_shape(x.shape)):
        with pytest.raises(ValueError, match=f"{type(layer).__name__} 'c': expected 3 input channels, got 1"):
            use(np.ones((1, 5, 5, 1)))


def test_channels_must_be_known():
    with pytest.raises(ValueError, match="the number of input channels must be known"):
        layers.Conv2D(4, 3).build((None, 8, 8, None))
