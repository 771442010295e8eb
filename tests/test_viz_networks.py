"""Looking into networks: Grad-CAM where the answer is known, feature maps, filters."""

import numpy as np
import pytest

from fastcnn import kernels, layers, models, ops, transfer, viz

pytest.importorskip("matplotlib")


def evidence(size=8):
    """An image whose first channel is bright in a corner, the second in the opposite one."""
    image = np.zeros((size, size, 2), np.float32)
    image[1:3, 1:4, 0] = np.arange(1, 7).reshape(2, 3)
    image[5:7, 4:7, 1] = 3.0
    return image


def convolutional(size=8):
    base = models.Sequential([layers.Input((size, size, 2)), layers.Conv2D(2, 1, activation="relu", name="conv")])
    base.set_weights([np.eye(2, dtype=np.float32).reshape(1, 1, 2, 2), np.zeros(2, np.float32)])
    return base


def head(x, sharpness=1.0, activation="softmax"):
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    dense = layers.Dense(2, activation=activation, name="classes")
    y = dense(x)
    dense.set_weights([sharpness * np.eye(2, dtype=np.float32), np.zeros(2, np.float32)])
    return y


def classifier(kind="flat", **kwargs):
    base = convolutional()
    if kind == "flat":
        return models.Model(base.inputs, head(base.output, **kwargs))
    inputs = layers.Input((8, 8, 2))
    model = models.Model(inputs, head(base(inputs), **kwargs))
    if kind == "nested":
        return model
    return models.Sequential([layers.Input((8, 8, 2)), layers.Rescaling(1.0), model])  # two models deep


KINDS = ["flat", "nested", "deep"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layer", [None, "conv"])
def test_the_heat_is_where_the_evidence_is(kind, layer):
    image, model = evidence(), classifier(kind)
    for c in (0, 1):
        heat = viz.grad_cam(model, image, c, layer)
        assert heat.dtype == np.float32
        np.testing.assert_allclose(heat, image[..., c] / image[..., c].max(), rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sure_network_has_heat_too(kind):
    """Its softmax is 1 to the last bit, so that the gradient of the probability would be 0."""
    model = classifier(kind, sharpness=1e4)
    assert model.predict(evidence()[None], verbose=0)[0].max() == 1.0
    np.testing.assert_allclose(viz.grad_cam(model, evidence(), 0), evidence()[..., 0] / 6, rtol=1e-5)


def test_the_predicted_class_unless_given():
    model, image = classifier(), evidence()
    best = int(model.predict(image[None], verbose=0)[0].argmax())
    np.testing.assert_array_equal(viz.grad_cam(model, image), viz.grad_cam(model, image, best))
    assert not np.array_equal(viz.grad_cam(model, image), viz.grad_cam(model, image, 1 - best))


def small(final="pool", seed=0):
    """A convolution and a linear head, whose Grad-CAM has a formula."""
    x = inputs = layers.Input((9, 7, 3))
    x = layers.Conv2D(5, 3, padding="same", activation="relu", name="conv")(x)
    x = layers.GlobalAveragePooling2D()(x) if final == "pool" else layers.Flatten()(x)
    model = models.Model(inputs, layers.Dense(4, activation="softmax", name="classes")(x))
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(size=w.shape).astype(np.float32) for w in model.get_weights()])
    return model, rng.normal(size=(9, 7, 3)).astype(np.float32)


@pytest.mark.parametrize("final", ["pool", "flatten"])
@pytest.mark.parametrize("c", range(4))
def test_formula(final, c):
    model, image = small(final)
    maps = models.Model(model.inputs, model.get_layer("conv").output).predict(image[None], verbose=0)[0].astype(float)
    weights = model.get_layer("classes").get_weights()[0].astype(float)[:, c]
    alpha = weights if final == "pool" else weights.reshape(9, 7, 5).mean((0, 1))
    expected = np.maximum(maps @ alpha, 0)
    np.testing.assert_allclose(viz.grad_cam(model, image, c), expected / expected.max(), atol=1e-5)


def test_gradients_through_what_comes_after():
    """An early layer; what follows is linear, so that its response to each unit map is the gradient."""
    rng = np.random.default_rng(3)
    first = layers.Conv2D(4, 3, activation="relu", name="early")
    rest = [layers.Conv2D(3, 3, name="late"), layers.AveragePooling2D(2), layers.Flatten(), layers.Dense(2)]
    model = models.Sequential([layers.Input((8, 8, 1)), first, *rest])
    model.set_weights([rng.normal(size=w.shape).astype(np.float32) for w in model.get_weights()])
    tail = models.Sequential([layers.Input((6, 6, 4)), *rest])
    units = np.eye(6 * 6 * 4, dtype=np.float32).reshape(-1, 6, 6, 4)
    slopes = (tail(units).numpy() - tail(0 * units[:1]).numpy())[:, 1].reshape(6, 6, 4)
    image = rng.normal(size=(8, 8, 1)).astype(np.float32)
    expected = np.maximum(first(image[None]).numpy()[0] @ slopes.mean((0, 1)), 0)
    assert 0 < np.count_nonzero(expected) < 36
    expected = kernels.image_resize(expected, 8, 8)
    np.testing.assert_allclose(viz.grad_cam(model, image, 1, "early"), expected / expected.max(), atol=1e-4)


@pytest.mark.parametrize(
    "end",
    [
        lambda x: layers.Activation("softmax")(layers.Dense(2, kernel_initializer="ones", name="d")(x)),
        lambda x: layers.Softmax()(layers.Dense(2, kernel_initializer="ones", name="d")(x)),
        lambda x: ops.softmax(layers.Dense(2, kernel_initializer="ones", name="d")(x)),
        lambda x: layers.Dense(2, kernel_initializer="ones", name="d")(x),
    ],
)
def test_scores_before_softmax_wherever_it_is(end):
    base = convolutional()
    model = models.Model(base.inputs, end(layers.GlobalAveragePooling2D()(base.output)))
    model.get_layer("d").set_weights([1e4 * np.eye(2, dtype=np.float32), np.zeros(2, np.float32)])
    np.testing.assert_allclose(viz.grad_cam(model, evidence(), 1), evidence()[..., 1] / 3, rtol=1e-5)


def test_one_sigmoid_has_two_classes():
    base = convolutional()
    dense = layers.Dense(1, activation="sigmoid")
    model = models.Model(base.inputs, dense(layers.GlobalAveragePooling2D()(base.output)))
    dense.set_weights([np.array([[-50.0], [50.0]], np.float32), np.zeros(1, np.float32)])
    image = evidence()
    np.testing.assert_allclose(viz.grad_cam(model, image, 1), image[..., 1] / 3, rtol=1e-6)
    np.testing.assert_allclose(viz.grad_cam(model, image, 0), image[..., 0] / 6, rtol=1e-6)
    predicted = int(model.predict(image[None], verbose=0)[0, 0] > 0.5)
    np.testing.assert_array_equal(viz.grad_cam(model, image), viz.grad_cam(model, image, predicted))


def test_branches_and_the_size_of_the_image():
    """A residual block after pooling: the map is of 4 x 4 places, the heat of 16 x 16, in the bright quarter."""
    inputs = layers.Input((16, 16, 1))
    x = start = layers.MaxPooling2D(4)(inputs)
    x = layers.Add(name="sum")([layers.Conv2D(1, 1, kernel_initializer="ones", use_bias=False)(x), start])
    y = layers.Dense(2, kernel_initializer="ones")(layers.Flatten()(layers.AveragePooling2D(2)(x)))
    image = np.zeros((16, 16), np.float32)
    image[9:11, 1:3] = 1
    heat = viz.grad_cam(models.Model(inputs, y), image, 0)
    assert heat.shape == (16, 16)
    assert heat[8:, :8].sum() > 0.75 * heat.sum()
    assert heat.max() == heat[8:12, :4].max() == 1.0


@pytest.mark.parametrize("last", [layers.MaxPooling2D(4), layers.AdaptiveAveragePooling2D(2), layers.Dropout(0.5)])
def test_pooling_comes_after_the_layer_that_is_looked_at(last):
    base = convolutional()
    model = models.Sequential([base, last, layers.GlobalAveragePooling2D(), layers.Dense(2, kernel_initializer="ones")])
    named = viz.grad_cam(model, evidence(), 0, "conv")
    assert named.any()
    np.testing.assert_array_equal(viz.grad_cam(model, evidence(), 0), named)
    assert last.name.startswith("dropout") or not np.array_equal(viz.grad_cam(model, evidence(), 0, last), named)


def test_a_class_without_evidence_has_no_heat():
    image = evidence()
    image[..., 1] = 0
    assert not viz.grad_cam(classifier(), image, 1).any()
    figure = viz.show_grad_cam(classifier(), image, 1)
    assert figure.axes[1].get_title().endswith("but nothing here speaks for it")


def test_transfer_models_and_frozen_layers():
    """The base is frozen, and the heat map is that of the same model unfrozen."""
    base = models.Sequential([layers.Input((8, 8, 2)), layers.Conv2D(4, 3, activation="relu", name="last_conv")])
    base.set_weights([np.ones((3, 3, 2, 4), np.float32), np.zeros(4, np.float32)])
    model = transfer.build(base, classes=3)
    model.layers[-1].set_weights([np.ones((4, 3), np.float32), np.zeros(3, np.float32)])
    frozen = viz.grad_cam(model, evidence(), 2)
    assert frozen.any()
    transfer.unfreeze(model)
    np.testing.assert_array_equal(viz.grad_cam(model, evidence(), 2), frozen)
    np.testing.assert_array_equal(viz.grad_cam(model, evidence(), 2, base.get_layer("last_conv")), frozen)


def test_nothing_is_left_behind():
    model, image = small()
    before = [w.copy() for w in model.get_weights()]
    counts = [len(layer._calls) for layer in model.layers]
    viz.show_grad_cam(model, image)
    viz.feature_maps(model, image)
    assert [len(layer._calls) for layer in model.layers] == counts
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


class Own(models.Model):
    def call(self, x):
        return x


def flat_network():
    return models.Sequential([layers.Input((4,)), layers.Dense(2)])


def two_inputs():
    a, b = layers.Input((8, 8, 2)), layers.Input((8, 8, 2))
    return models.Model([a, b], layers.Flatten()(layers.Add()([a, b])))


def one_dimensional():
    layer = layers.Conv1D(2, 3)
    layer.build((None, 8, 1))
    return layer


def channels_first():
    return models.Sequential([layers.Input((2, 8, 8)), layers.Conv2D(2, 1, data_format="channels_first")])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: viz.grad_cam(classifier(), evidence(), 2), ValueError, "class_index must be an int from 0 to 1, got 2"),
        (lambda: viz.grad_cam(classifier(), evidence(), True), ValueError, "class_index must be an int"),
        (lambda: viz.grad_cam(classifier(), evidence(), 0, "conw"), ValueError, "layer: there is no 'conw' .* mean 'conv'"),
        (lambda: viz.grad_cam(classifier(), evidence(), 0, "pool"), ValueError, r"layer must give \(n, h, w, c\), but 'pool' gives"),
        (lambda: viz.grad_cam(classifier(), evidence(), 0, layers.Dense(1)), ValueError, "layer must be a layer of"),
        (lambda: viz.grad_cam(classifier(), np.zeros((2, 8, 8, 2))), ValueError, "image must be one image"),
        (lambda: viz.grad_cam(classifier(), np.zeros((9, 8, 2))), ValueError, r"image must be as the model takes it, \(8, 8, 2\)"),
        (lambda: viz.grad_cam(classifier(), "cat.png"), TypeError, "image must hold numbers"),
        (lambda: viz.grad_cam(convolutional(), evidence()), ValueError, r"one output \(n, classes\)"),
        (lambda: viz.grad_cam(Own(), evidence()), ValueError, "has a call of its own"),
        (lambda: viz.grad_cam(models.Sequential([layers.Flatten()]), evidence()), ValueError, "is not built yet"),
        (lambda: viz.grad_cam("resnet", evidence()), TypeError, "model must be a model of fastcnn, got str"),
        (lambda: viz.grad_cam(flat_network(), evidence()), ValueError, "image must be as the model takes it"),
        (lambda: viz.grad_cam(two_inputs(), evidence()), ValueError, "model must have one input, but .* has 2"),
        (lambda: viz.grad_cam(channels_first(), np.zeros((2, 8, 8))), NotImplementedError, "channels_first' is not supported"),
        (lambda: viz.grad_cam(models.Sequential([layers.Input((8, 8, 2)), layers.Flatten()]), evidence()), ValueError, "has no layer whose output has width"),
        (lambda: viz.show_grad_cam(classifier(), evidence(), alpha=2), ValueError, "alpha must be a number from 0 to 1, got 2"),
        (lambda: viz.show_grad_cam(classifier(), evidence(), 1, class_names=["a"]), ValueError, "class_names must have a name for each of 2"),
        (lambda: viz.feature_maps(classifier(), evidence(), ["pool"]), ValueError, "layers: the output of 'pool' has no width and height"),
        (lambda: viz.feature_maps(classifier(), evidence(), []), ValueError, "layers is empty"),
        (lambda: viz.feature_maps(models.Sequential([layers.Input((8, 8, 2)), layers.Flatten()]), evidence()), ValueError, "has no layer whose output has width and height"),
        (lambda: viz.feature_maps(classifier(), evidence(), channels=0), ValueError, "channels must be an int of at least 1, got 0"),
        (lambda: viz.feature_maps(classifier(), evidence(), scale="layers"), ValueError, "scale must be one of .* Did you mean 'layer'"),
        (lambda: viz.show_filters(layers.Conv2D(2, 3)), ValueError, "source: layer 'conv2d.*' has no weights yet"),
        (lambda: viz.show_filters(layers.Dense(2)), TypeError, "source must be a convolution or a model, got 'dense"),
        (lambda: viz.show_filters(flat_network()), ValueError, "source: model .* has no two-dimensional convolution"),
        (lambda: viz.show_filters(convolutional().layers[0], "conv"), ValueError, "layer goes with a model"),
        (lambda: viz.show_filters(convolutional(), scale="all"), ValueError, "scale must be one of 'filter', 'layer', got 'all'"),
        (lambda: viz.show_filters(convolutional(), n=0), ValueError, "n must be an int of at least 1"),
        (lambda: viz.show_filters(one_dimensional()), ValueError, "source must be a two-dimensional convolution, got Conv1D"),
    ],
)  # fmt: skip
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("kind", KINDS)
def test_feature_maps_show_what_the_layer_gives(kind):
    figure = viz.feature_maps(classifier(kind), evidence(), "conv")
    sheet = figure.axes[1].images[0].get_array()
    np.testing.assert_allclose(sheet[:8, :8], evidence()[..., 0] / 6)
    np.testing.assert_allclose(sheet[:8, 9:17], evidence()[..., 1] / 3)
    assert np.ma.getmaskarray(sheet)[:, 8].all() or np.isnan(np.ma.getdata(sheet)[:, 8]).all()


def test_feature_maps_by_the_same_factor():
    figure = viz.feature_maps(classifier(), evidence(), ["conv"], scale="layer")
    np.testing.assert_allclose(figure.axes[1].images[0].get_array()[:8, 9:17], evidence()[..., 1] / 6)


def test_feature_maps_choose_layers():
    stack = [layers.Conv2D(2, 1, name=f"c{i}") for i in range(20)]
    model = models.Sequential([layers.Input((8, 8, 2)), *stack, layers.ReLU(name="last")])
    names = [ax.get_title().split()[0] for ax in viz.feature_maps(model, evidence()).axes[1:]]
    assert len(names) == 8 and names[0] == "c0" and names[-1] == "c19"
    assert len(viz.feature_maps(model, evidence(), "all", channels=1).axes) == 22
    titles = [ax.get_title() for ax in viz.feature_maps(model, evidence(), ["c3", 0, stack[5]], channels=1).axes[1:]]
    assert titles == [f"{name}   8 x 8, 2 channels, the first 1" for name in ("c3", "c0", "c5")]


def test_filters_are_colours():
    """A red, a green and a grey filter, white where nothing is."""
    layer = layers.Conv2D(3, 4)
    layer.build((None, 8, 8, 3))
    kernel = np.zeros((4, 4, 3, 3), np.float32)
    kernel[:, :, 0, 0] = 2.0
    kernel[:, :, 1, 1] = -0.5
    layer.set_weights([kernel, np.zeros(3, np.float32)])
    sheet = viz.show_filters(layer, columns=3).axes[0].images[0].get_array()
    assert sheet.shape == (4, 14, 3)
    assert sheet[0, 0].tolist() == [1, 0.5, 0.5] and sheet[0, 5].tolist() == [0.5, 0, 0.5]
    assert sheet[0, 10].tolist() == [0.5] * 3 and sheet[0, 4].tolist() == [1, 1, 1]
    same = viz.show_filters(layer, columns=3, scale="layer").axes[0].images[0].get_array()
    assert same[0, 5].tolist() == [0.5, 0.375, 0.5]


def test_filters_of_a_model_and_of_deeper_layers():
    model = models.Sequential([
        layers.Input((8, 8, 1)), layers.Conv2D(6, 5, name="first"), layers.DepthwiseConv2D(3, name="depth"),
        layers.Conv2D(7, 1, name="deep"),
    ])  # fmt: skip
    outer = models.Sequential([model, layers.Flatten()])
    assert viz.show_filters(outer).axes[0].get_title() == "first: 6 filters of 5 x 5 x 1"
    assert viz.show_filters(outer, "depth").axes[0].get_title() == "depth: 6 filters of 3 x 3, each for a channel"
    deep = viz.show_filters(outer, "deep", n=2, channels=3).axes[0]
    assert deep.get_title() == "deep: 7 filters of 1 x 1 x 6, the first 2, a row each, 3 of its channels"
    kernel = model.get_layer("deep").get_weights()[0][0, 0, :, 0]
    assert deep.images[0].get_array()[0, 5] == pytest.approx(0.5 + 0.5 * kernel[1] / np.abs(kernel).max(), abs=1e-6)


def test_the_overlay():
    figure = viz.show_grad_cam(
        classifier(), evidence(), 0, picture=np.zeros((16, 24, 3), np.uint8), class_names=["a_b", "c"]
    )
    under, over = figure.axes[1].images
    assert under.get_array().shape == (16, 24, 3) and over.get_array().shape == (16, 24)
    assert figure.axes[1].get_title().startswith("a b  ")
    assert np.unravel_index(over.get_array().argmax(), (16, 24))[0] in range(2, 8)


def test_heat_that_is_no_number():
    with pytest.raises(
        ValueError, match="the heat map would hold NaN or infinity: image or the weights of the model do"
    ):
        viz.show_grad_cam(small()[0], np.full((9, 7, 3), np.nan, np.float32))
