"""Networks of the comparison, rebuilt for PyTorch and for Keras from their blueprints: the same numbers, no extra pass."""

import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT))  # at the end: the source tree's fastcnn may have no binaries

from bench import networks, peer_blueprint  # noqa: E402
from bench.peer_blueprint import borders  # noqa: E402
from fastcnn import layers, models, utils  # noqa: E402


def relu(x):
    return layers.Activation("relu")(layers.BatchNormalization()(x))


def padded(x, cells):
    return layers.ZeroPadding2D(cells)(x)


def same_with_strides(x):
    x = layers.Conv2D(6, 3, 2, "same", activation="silu")(x)
    return layers.DepthwiseConv2D(5, 2, "same", activation="sigmoid")(x)


def numbers_that_differ(x):
    x = layers.Conv2D(6, 3, 2, ((0, 1), (2, 1)), use_bias=False)(x)
    return layers.DepthwiseConv2D(3, 2, ((1, 0), (1, 1)))(x)


def zeros_alike(x):
    x = relu(layers.Conv2D(6, 3, 2)(padded(x, 1)))
    return layers.MaxPooling2D(3, 2)(padded(x, 1))


def zeros_that_differ(x):
    x = relu(layers.Conv2D(6, 3, 2)(padded(x, ((0, 1), (0, 1)))))
    return layers.MaxPooling2D(3, 2)(padded(x, ((1, 0), (2, 1))))


def zeros_read_twice(x):
    x = padded(x, 1)
    return layers.Concatenate()([layers.Conv2D(4, 3)(x), layers.DepthwiseConv2D(3)(x)])


def zeros_beside_negatives(x):
    return layers.MaxPooling2D(2)(padded(layers.Conv2D(5, 3)(x), 1))


def maxima_of_negatives(x):
    return layers.MaxPooling2D(3, 2, "same")(layers.Conv2D(5, 3, bias_initializer="ones")(x))


def means(x):
    return layers.AveragePooling2D(3, 1, "same")(layers.AveragePooling2D(2)(x))


def windows_cut_off(x):
    return layers.MaxPooling2D(3, 2, ceil_mode=True)(layers.MaxPooling2D(2, 2, ceil_mode=True)(relu(x)))


def windows_all_whole(x):
    return layers.MaxPooling2D(3, 3, ceil_mode=True)(x)


def weighted_channels(x):
    x = y = layers.Conv2D(8, 1)(x)
    weight = layers.Conv2D(2, 1, activation="silu")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    x = layers.Multiply()([x, layers.Conv2D(8, 1, activation="sigmoid")(weight)])
    x = layers.Dropout(0.5, noise_shape=(None, 1, 1, 1))(layers.Activation("silu")(x))
    return layers.Dropout(0.3)(layers.Activation("relu6")(layers.Add()([x, y])))


BODIES = [
    same_with_strides, numbers_that_differ, zeros_alike, zeros_that_differ, zeros_read_twice, zeros_beside_negatives,
    maxima_of_negatives, means, windows_cut_off, windows_all_whole, weighted_channels,
]  # fmt: skip


def network(body):
    """A small network with the body in its middle, and weights that show what an epsilon or a gate does."""
    utils.set_random_seed(0)
    start = layers.Input((12, 15, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 1)(body(start)))
    model = models.Model(start, layers.Dense(3)(x))
    rng = np.random.default_rng(0)
    model.set_weights([w + rng.random(w.shape, dtype=np.float32) / 3 for w in model.get_weights()])
    return model


@pytest.fixture(params=BODIES, ids=lambda body: body.__name__)
def compared(request, tmp_path):
    """A body, the folder of its network's blueprint, images and fastcnn's outputs."""
    model = network(request.param)
    peer_blueprint.write(model, tmp_path)
    x = np.random.default_rng(1).standard_normal((5, 12, 15, 3), dtype=np.float32)
    return request.param, tmp_path, x, model.predict(x, verbose=0)


def test_pytorch_computes_the_same(compared):
    torch = pytest.importorskip("torch")
    translate = pytest.importorskip("bench.torch_networks").translate
    body, folder, x, expected = compared
    module = translate(peer_blueprint.read(folder)).eval()
    images = torch.from_numpy(x).permute(0, 3, 1, 2).contiguous()
    with torch.inference_mode():
        found = module(images).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert np.array_equal(images.numpy(), x.transpose(0, 3, 1, 2))  # nothing in place where others read it
    np.testing.assert_allclose(module(images).detach().numpy(), expected, rtol=1e-4, atol=1e-5)
    module.train()(images).sum().backward()
    assert all(np.isfinite(parameter.grad.numpy()).all() for parameter in module.parameters())
    # Zeros that a convolution or a maximum can imagine are no pass of their own.
    pads = [type(part).__name__ for part in module.modules() if "Pad" in type(part).__name__]
    assert pads == {
        same_with_strides: ["ConstantPad2d", "ConstantPad2d"],
        numbers_that_differ: ["ConstantPad2d", "ConstantPad2d"],
        zeros_that_differ: ["ConstantPad2d", "ConstantPad2d"],
        zeros_read_twice: ["ZeroPad2d"],
        zeros_beside_negatives: ["ZeroPad2d"],
        maxima_of_negatives: ["ConstantPad2d"],
    }.get(body, [])


def test_keras_computes_the_same(compared):
    pytest.importorskip("tensorflow")
    pytest.importorskip("keras")
    model_of = pytest.importorskip("bench.peer_tensorflow").model_of
    _, folder, x, expected = compared
    model = model_of(peer_blueprint.read(folder))
    np.testing.assert_allclose(model(x, training=False), expected, rtol=1e-4, atol=1e-5)


def test_samples_are_dropped_as_wholes_in_training_only():
    torch = pytest.importorskip("torch")
    part = pytest.importorskip("bench.torch_networks").DroppedSamples(0.25)
    torch.manual_seed(0)
    x = torch.rand(4000, 3, 2, 1) + 1
    found = (part(x) / x).reshape(4000, -1).numpy()
    assert np.allclose(found, found[:, :1]) and np.allclose(found[found != 0], 4 / 3)
    assert abs((found[:, 0] == 0).mean() - 0.25) < 0.03
    assert part.eval()(x) is x


def test_what_has_no_translation_is_refused(tmp_path):
    translate = pytest.importorskip("bench.torch_networks").translate
    for body, words in (
        (lambda x: layers.Dropout(0.5, noise_shape=(None, 1, None, 1))(x), "no PyTorch for 'dropout.*which drops"),
        (lambda x: layers.AveragePooling2D(2, 2, "same")(x), "no mean as 'average"),
        (lambda x: layers.Conv2D(4, 1, activation="tanh")(x), "no PyTorch for the activation tanh"),
        (lambda x: layers.UpSampling2D()(x), "no PyTorch for UpSampling2D"),
    ):
        peer_blueprint.write(network(body), tmp_path)
        with pytest.raises(NotImplementedError, match=words):
            translate(peer_blueprint.read(tmp_path))


@pytest.mark.parametrize(
    ("padding", "size", "strides", "expected"),
    [
        ("valid", (3, 3), (2, 2), [(0, 0), (0, 0)]),
        ("same", (3, 3), (2, 2), [(0, 1), (1, 1)]),
        ("same", (5, 2), (1, 1), [(2, 2), (0, 1)]),
        ("same", (1, 1), (2, 2), [(0, 0), (0, 0)]),
        ("same", (2, 7), (3, 4), [(0, 0), (2, 2)]),
        ([[1, 0], [2, 3]], (3, 3), (1, 1), [(1, 0), (2, 3)]),
    ],
)
def test_cells_around_an_image(padding, size, strides, expected):
    config = {"padding": padding, "kernel_size": size, "strides": strides}
    assert borders({"config": config, "shape": [8, 15, 3]}) == expected
    pool = {"padding": "valid", "pool_size": size, "strides": strides}
    assert borders({"config": pool, "shape": [8, 15, 3]}, padding) == expected


def test_efficientnet_is_torchvisions():
    """Its trained parameters are as many; its gates are neither all open nor all a half, so that outputs show them."""
    model = networks.build("efficientnetb0")
    assert sum(w.numpy().size for w in model.trainable_weights) == 5_288_548
    rates = [layer.rate for layer in model.layers if isinstance(layer, layers.Dropout)]
    assert rates == pytest.approx([0.2 * i / 16 for i in (2, 4, 6, 7, 9, 10, 12, 13, 14)] + [0.2])
    assert not [layer for layer in model.layers if isinstance(layer, layers.ZeroPadding2D)]
    gates = [layer.output for layer in model.layers if layer.get_config().get("activation") == "sigmoid"]
    x = np.random.default_rng(0).standard_normal((2, 224, 224, 3), dtype=np.float32)
    for gate in models.Model(model.inputs, gates).predict(x, verbose=0):
        assert 0.02 < np.ptp(gate) < 0.9
