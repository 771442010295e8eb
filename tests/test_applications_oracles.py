"""With the same random weights the networks give what Keras's and torchvision's give: optional, where those are.

Keras: FASTCNN_KERAS_PYTHON names an interpreter that has it. Torchvision: run pytest where it can be imported.
"""

import application_oracles as oracles
import numpy as np
import pytest
from test_applications_catalog import KERAS_LAYERS, TORCHVISION

from fastcnn import applications, backend

with_keras = pytest.mark.skipif(not oracles.KERAS, reason="FASTCNN_KERAS_PYTHON names no interpreter with Keras 3")
COARSE = 1e-4  # relative to the largest number


def difference(ours, theirs):
    """The largest difference, relative to the largest number; printed, for pytest -s."""
    assert ours.shape == theirs.shape
    assert np.quantile(np.abs(theirs), 0.9) > 0.01 * np.abs(theirs).max()  # a softmax of 1 and zeros proves nothing
    found = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
    print(f"\n    {found:.1e}")
    return found


@with_keras
@pytest.mark.parametrize(
    ("name", "shape", "arguments"),
    [
        ("VGG16", (64, 48, 3), {"include_top": False}),
        ("VGG16", (32, 32, 3), {"classes": 10, "classifier_activation": None}),
        ("VGG19", (33, 40, 3), {"include_top": False, "pooling": "max"}),
        ("ResNet50", (64, 64, 3), {"include_top": False}),
        ("ResNet50", (224, 224, 3), {"classifier_activation": None}),
        ("ResNet50V2", (64, 64, 3), {"include_top": False}),
        ("ResNet50V2", (224, 224, 3), {"classifier_activation": None}),
        ("ResNet101", (37, 64, 3), {"include_top": False, "pooling": "avg"}),
        ("ResNet101V2", (37, 64, 3), {"include_top": False, "pooling": "avg"}),
    ],
)
def test_outputs_are_kerass(name, shape, arguments, tmp_path):
    lines, count, theirs = oracles.keras_says(tmp_path, name, shape, **arguments)
    backend.clear_session()
    model = getattr(applications, name)(weights=None, input_shape=shape, **arguments)
    assert oracles.layer_lines(model) == lines
    assert model.count_params() == count
    oracles.randomise(model)
    assert difference(model.predict(oracles.pictures(shape), verbose=0), theirs) < COARSE


@with_keras
@pytest.mark.parametrize("name", KERAS_LAYERS)
def test_the_frozen_layers_are_kerass(name, tmp_path):
    lines = oracles.keras_says(tmp_path, name, (32, 32, 3), include_top=False, pooling="max")[0]
    assert oracles.digest(lines) == KERAS_LAYERS[name][1]


@with_keras
def test_a_file_of_kerass_is_found_by_its_name(tmp_path, monkeypatch):
    pytest.importorskip("h5py")
    file = tmp_path / "resnet50v2_weights_tf_dim_ordering_tf_kernels.h5"
    theirs = oracles.keras_says(tmp_path, "ResNet50V2", (224, 224, 3), file, classifier_activation=None)[2]
    monkeypatch.setenv("FASTCNN_WEIGHTS", str(tmp_path))
    whole = applications.ResNet50V2(classifier_activation=None)
    base = applications.ResNet50V2(include_top=False, pooling="avg")
    x = oracles.pictures((224, 224, 3))
    assert difference(whole.predict(x, verbose=0), theirs) < COARSE
    assert len(base.weights) == len(whole.weights) - 2
    assert all(np.array_equal(a, b) for a, b in zip(base.get_weights(), whole.get_weights(), strict=False))


def torchvision_model(name):
    """torchvision's network with statistics that are not zero and one, ready to predict."""
    pytest.importorskip("torchvision.models")
    import torch
    from torchvision import models

    torch.manual_seed(0)
    model = getattr(models, name)(weights=None)
    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            for numbers in (part.weight, part.running_var):
                torch.nn.init.uniform_(numbers, 0.5, 1.5)
            for numbers in (part.bias, part.running_mean):
                torch.nn.init.normal_(numbers, std=0.1)
        elif isinstance(part, torch.nn.Linear):
            torch.nn.init.normal_(part.weight, std=part.in_features**-0.5)
    return model.eval()


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("ResNet18", (224, 224, 3)),
        ("ResNet18", (65, 96, 3)),
        ("ResNet34", (64, 64, 3)),
        ("ResNet50", (224, 224, 3)),
        ("ResNet101", (64, 64, 3)),
        ("VGG16", (64, 64, 3)),
        ("VGG11_BN", (224, 224, 3)),
        ("AlexNet", (224, 224, 3)),
        ("AlexNet", (100, 160, 3)),
    ],
)
def test_outputs_are_torchvisions(name, shape):
    theirs = torchvision_model(name.lower())
    import torch

    from fastcnn.saving.torch_names import assign_torch

    model = getattr(applications, name)(
        weights=None, input_shape=shape, classifier_activation=None, variant="torchvision"
    )
    assign_torch(model, {key: value.numpy() for key, value in theirs.state_dict().items()})
    x = oracles.pictures(shape)
    with torch.no_grad():
        wanted = theirs(torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))).numpy()
    assert difference(model.predict(x, verbose=0), wanted) < COARSE


def test_a_file_of_torchs_is_loaded_by_its_path(tmp_path):
    theirs = torchvision_model("resnet18")
    import torch

    torch.save(theirs.state_dict(), tmp_path / "resnet18-01234567.pth")
    x = oracles.pictures((64, 64, 3))
    model = applications.ResNet18(
        weights=tmp_path / "resnet18-01234567.pth", input_shape=(64, 64, 3), classifier_activation=None
    )
    with torch.no_grad():
        wanted = theirs(torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))).numpy()
    assert difference(model(x).numpy(), wanted) < COARSE


@pytest.mark.parametrize("name", TORCHVISION)
def test_the_frozen_counts_are_torchvisions(name):
    theirs = torchvision_model(name.lower())
    assert sum(p.numel() for p in theirs.parameters()) == TORCHVISION[name]
