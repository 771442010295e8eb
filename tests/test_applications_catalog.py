"""Every network has the published count of parameters; Keras's variants have Keras's layers, in Keras's order."""

import importlib

import application_oracles as oracles
import numpy as np
import pytest

import fastcnn
from fastcnn import applications, backend
from fastcnn.models.summary import count_flops
from fastcnn.tensor import Variable

# Of Keras 3.15.1: tests/test_applications_oracles.py makes them anew.
KERAS_LAYERS = {
    "VGG16": ("3bb0f88e5f14c01c", "99b3d2c3441a8433"),
    "VGG19": ("bc4badf32e637458", "58ae95a6bc747745"),
    "ResNet50": ("904e0d25b81e8861", "e9c6d23977016304"),
    "ResNet101": ("4b8689acf6162f08", "c908be12fbf9e0a5"),
    "ResNet152": ("3f4d8780d4495316", "110ca156088d84ec"),
    "ResNet50V2": ("0b953f480b0e0569", "6d0b90e2972e1a94"),
    "ResNet101V2": ("f458b772be5cee6a", "abb39dd66fbc6db9"),
    "ResNet152V2": ("51a80a4986c0f791", "fe85bfddc1cd49f7"),
}
# What torchvision publishes, which does not count moving statistics.
TORCHVISION = {
    "ResNet50": 25_557_032,
    "ResNet101": 44_549_160,
    "ResNet152": 60_192_808,
    "VGG16": 138_357_544,
    "VGG19": 143_667_240,
}


@pytest.fixture
def no_numbers(monkeypatch):
    """Weights of shapes without memory: 140 million numbers are not needed to be counted."""
    made = Variable.__init__

    def light(self, initializer, shape=None, *arguments, **rest):
        made(self, initializer if shape is None else np.float32(0), None, *arguments, **rest)
        self.array = self.array if shape is None else np.broadcast_to(self.array, shape)

    monkeypatch.setattr(Variable, "__init__", light)
    backend.clear_session()


def trainable(model):
    return sum(v.size for v in model.trainable_weights)


@pytest.mark.parametrize("name", applications.list_models())
def test_parameters_and_operations_are_those_of_the_table(name, no_numbers):
    entry = applications.CATALOG[name]
    # Keras's MobileNet V3 takes images of any size, unless one is named.
    named = {"input_shape": (entry.size, entry.size, 3)} if entry.module == "mobilenet_v3" else {}
    model = getattr(applications, name)(weights=None, **named)
    assert (model.count_params() if entry.variants[0] == "keras" else trainable(model)) == entry.parameters
    assert count_flops(model) == entry.flops
    assert model.input_shape == (None, entry.size, entry.size, entry.channels)
    if name in KERAS_LAYERS:
        assert model.name == name.lower()
        assert oracles.digest(oracles.layer_lines(model)) == KERAS_LAYERS[name][0]


@pytest.mark.parametrize("name", KERAS_LAYERS)
def test_layers_without_the_top_are_kerass(name, no_numbers):
    model = getattr(applications, name)(include_top=False, weights=None, pooling="max")
    assert oracles.digest(oracles.layer_lines(model)) == KERAS_LAYERS[name][1]


@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvisions_variant_has_torchvisions_count(name, no_numbers):
    assert trainable(getattr(applications, name)(weights=None, variant="torchvision")) == TORCHVISION[name]


def test_the_counts_of_the_notes():
    counts = [applications.CATALOG[name].parameters for name in ("VGG16", "VGG19", "ResNet50")]
    assert counts == [138_357_544, 143_667_240, 25_636_712]


@pytest.mark.parametrize("name", applications.list_models())
def test_functions_are_where_the_table_says_with_their_mode(name):
    entry = applications.CATALOG[name]
    module = importlib.import_module(f"fastcnn.applications.{entry.module}")
    assert getattr(module, name) is getattr(applications, name)
    assert (
        module.preprocess_input([[[255] * entry.channels]]).tolist()
        == fastcnn.preprocessing.preprocess_input([[[255] * entry.channels]], entry.preprocess).tolist()
    )
    assert getattr(applications, name).__doc__


def test_modules_are_where_keras_has_them():
    for name in ("vgg16", "vgg19", "resnet", "resnet50", "resnet_v2", "imagenet_utils"):
        assert hasattr(getattr(fastcnn.applications, name), "decode_predictions")
    assert applications.resnet50.ResNet50 is applications.ResNet50


def test_table_and_modes():
    table = applications.table()
    assert table.count("\n") == len(applications.list_models())
    row = next(line for line in table.splitlines() if line.startswith("ResNet50 "))
    assert row.split() == ["ResNet50", "25,636,712", "7.72", "caffe", "224x224x3", "keras,", "torchvision"]
    assert repr(table) == str(table)
    assert applications.list_models("resnet_v2") == ["ResNet50V2", "ResNet101V2", "ResNet152V2"]
    assert applications.preprocess_mode("resnet50v2") == "tf"
    assert {"VGG16", "vgg16", "table"} <= set(dir(applications))


def test_unknown_names():
    with pytest.raises(AttributeError, match=r"no attribute 'VGG166'. Did you mean 'VGG16'\?"):
        _ = applications.VGG166
    with pytest.raises(ValueError, match=r"there is no network 'resnet5'. Did you mean 'ResNet50'\? list_models\(\)"):
        applications.preprocess_mode("resnet5")
    with pytest.raises(ValueError, match="variant must be"):
        applications.preprocess_mode("ResNet18", "keras")
