"""The arguments of the published networks follow Keras's rules, and mistakes are named."""

import warnings

import numpy as np
import pytest

from fastcnn import activations, applications, layers, models
from fastcnn.applications import VGG16, AlexNet, LeNet5, ResNet18, ResNet50
from fastcnn.applications.building import Building

WITHOUT = {"include_top": False, "weights": None}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weights": "imagent"}, "weights must be None .*'imagenet' .*path of a file that exists, got 'imagent'"),
        ({"weights": 5}, "weights must be None .* got 5"),
        ({"weights": "imagenet", "classes": 10}, "has 1000 classes, got classes=10; use include_top=False"),
        ({"weights": "imagenet", "classifier_activation": "relu"}, "classifier_activation must be None or 'softmax'.*got 'relu'"),
        ({"weights": "imagenet", "input_shape": (200, 200, 3)}, r"takes input_shape \(224, 224, 3\), got \(200, 200, 3\); include_top=False"),
        ({"weights": "imagenet", "input_shape": (244, 244, 3)}, r"got \(244, 244, 3\); did you mean 224\?"),
        ({"weights": "imagenet", "include_top": False, "input_shape": (64, 64, 1)}, r"takes images of 3 channels, got input_shape=\(64, 64, 1\)"),
        ({"weights": None, "input_shape": (None, None, 3)}, r"include_top=True needs an input_shape without None"),
        ({"weights": None, "input_shape": (31, 64, 3)}, r"ResNet50 takes images of at least 32x32, got input_shape=\(31, 64, 3\)$"),
        ({"weights": None, "input_shape": (3, 224, 224)}, r"channels come last: \(224, 224, 3\)"),
        ({"weights": None, "input_shape": (64, 64)}, r"input_shape must be \(height, width, channels\).*got \(64, 64\)"),
        ({"weights": None, "input_shape": 64}, "input_shape must be .* got 64"),
        ({"weights": None, "input_shape": (64, 64, None)}, "input_shape must be"),
        ({"weights": None, "input_shape": (64.0, 64, 3)}, "input_shape must be"),
        ({"weights": None, "pooling": "average"}, r"pooling must be 'avg' or 'max', got 'average'. Did you mean 'avg'\?"),
        ({"weights": None, "classes": 0}, "classes must be an integer of at least 1"),
        ({"weights": None, "variant": "torch"}, "variant must be 'keras' or 'torchvision', got 'torch'"),
        ({"weights": None, "input_tensor": np.zeros((1, 64, 64, 3))}, "input_tensor must be what layers.Input .* got ndarray"),
    ],
)  # fmt: skip
def test_messages(arguments, message):
    with pytest.raises(ValueError, match=message):
        ResNet50(**arguments)


def test_messages_about_input_tensors():
    with pytest.raises(ValueError, match=r"input_tensor must be \(n, h, w, c\), got shape \(None, 5\)"):
        ResNet18(**WITHOUT, input_tensor=layers.Input((5,)))
    with pytest.raises(
        ValueError, match=r"input_shape=\(64, 64, 3\) does not agree with input_tensor of shape \(32, 32, 3\)"
    ):
        ResNet18(**WITHOUT, input_tensor=layers.Input((32, 32, 3)), input_shape=(64, 64, 3))
    with pytest.raises(ValueError, match="AlexNet takes images of at least 63x63"):
        AlexNet(weights=None, input_tensor=layers.Input((62, 63, 3)))


def test_only_the_variants_that_there_are():
    with pytest.raises(ValueError, match="variant must be 'torchvision', got 'keras'"):
        ResNet18(weights=None, variant="keras")
    with pytest.raises(ValueError, match="there is no network 'ResNet19'"):
        Building("ResNet19")


def test_warnings_point_at_the_caller():
    with pytest.warns(UserWarning, match=r"input_shape=\(244, 244, 3\); did you mean 224\?") as caught:
        ResNet18(**WITHOUT, input_shape=(244, 244, 3))
    assert [w.filename for w in caught] == [__file__]
    with pytest.warns(UserWarning, match=r"made for 1 or 3 channels, got input_shape=\(64, 64, 4\)"):
        ResNet18(**WITHOUT, input_shape=(64, 64, 4))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LeNet5(input_shape=(244, 244, 1))


@pytest.mark.parametrize(
    ("pooling", "shape"), [(None, (None, None, None, 512)), ("avg", (None, 512)), ("max", (None, 512))]
)
@pytest.mark.parametrize("variant", ["keras", "torchvision"])
def test_without_the_top(pooling, shape, variant):
    model = VGG16(**WITHOUT, pooling=pooling, variant=variant)
    assert model.output_shape == shape
    assert model.input_shape == (None, None, None, 3)
    x = np.random.default_rng(0).random((1, 64, 33, 3), np.float32)
    maps = model(x).numpy()
    assert maps.shape == ((1, 2, 1, 512) if pooling is None else (1, 512))


def test_one_channel_classes_and_logits():
    model = ResNet18(weights=None, input_shape=(32, 48, 1), classes=7, classifier_activation=None)
    assert (model.input_shape, model.output_shape) == ((None, 32, 48, 1), (None, 7))
    x = np.random.default_rng(0).random((2, 32, 48, 1), np.float32)
    logits = model(x).numpy()
    same = ResNet18(weights=None, input_shape=(32, 48, 1), classes=7, classifier_activation=activations.softmax)
    same.set_weights(model.get_weights())
    y = np.exp(logits - logits.max(1, keepdims=True))
    assert np.allclose(same(x).numpy(), y / y.sum(1, keepdims=True), atol=1e-6)
    assert ResNet18(**WITHOUT, name="base").name == "base"


def test_input_tensor_that_is_an_input():
    x = layers.Input((32, 32, 3), name="pictures")
    model = ResNet18(**WITHOUT, input_tensor=x, input_shape=(32, 32, 3))
    assert model.inputs[0] is x
    assert model.output_shape == (None, 1, 1, 512)


def test_input_tensor_in_the_middle_takes_what_comes_before_along():
    x = layers.Input((32, 32, 1))
    coloured = layers.Concatenate()([x, x, layers.Rescaling(0.5)(x)])
    model = ResNet18(weights=None, input_tensor=coloured, classes=3)
    assert model.inputs[0] is x
    assert isinstance(model.layers[1], layers.Rescaling)
    two = layers.Input((32, 32, 2), name="two")
    both = ResNet18(**WITHOUT, input_tensor=layers.Concatenate()([x, two]))
    assert [t.name for t in both.inputs] == [x.name, "two"]


def test_lenet_is_the_classical_one():
    model = LeNet5()
    rows = [(layer.name, layer.output.shape[1:]) for layer in model.layers[1:]]
    assert rows == [("c1", (28, 28, 6)), ("s2", (14, 14, 6)), ("c3", (10, 10, 16)), ("s4", (5, 5, 16)), ("c5", (1, 1, 120)), ("flatten", (120,)), ("f6", (84,)), ("predictions", (10,))]  # fmt: skip
    assert LeNet5(include_top=False, pooling="max").output_shape == (None, 16)
    with pytest.raises(FileNotFoundError, match="no published weights of LeNet5: pass weights=None"):
        LeNet5(weights="imagenet", include_top=False)


def test_the_model_is_a_model_like_any_other():
    base = applications.ResNet18(**WITHOUT, pooling="avg", input_shape=(32, 32, 3))
    model = models.Sequential([base, layers.Dense(2)])
    assert model.output_shape == (None, 2)
