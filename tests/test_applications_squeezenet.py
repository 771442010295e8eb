"""SqueezeNet in both versions: parameters, names, windows; against torchvision where it is installed."""

import pytest
from application_checks import check_features, check_torchvision, check_uses, torchvision_models

from fastcnn.applications import SqueezeNet

VERSIONS = [("1.1", 1_235_496), ("1.0", 1_248_424)]


@pytest.mark.parametrize("version, count", VERSIONS)
def test_parameters(version, count):
    model = SqueezeNet(weights=None, version=version)
    assert (model.count_params(), model.output_shape) == (count, (None, 1000))
    assert model.name == "squeezenet" + version.replace(".", "_")


def test_names_are_torchvisions_paths():
    model = SqueezeNet(weights=None)
    names = [layer.name for layer in model.layers if layer.weights]
    assert names[:4] == ["features.0", "features.3.squeeze", "features.3.expand1x1", "features.3.expand3x3"]
    assert names[-2:] == ["features.12.expand3x3", "classifier.1"] and len(names) == 26


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_the_last_window_may_leave_the_image(version):
    model = SqueezeNet(weights=None, version=version)
    pools = (
        ["features.2", "features.5", "features.8"] if version == "1.1" else ["features.2", "features.6", "features.11"]
    )
    sizes = [model.get_layer(name).output.shape[1] for name in pools]
    assert sizes == ([55, 27, 13] if version == "1.1" else [54, 27, 13])


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_uses(version, tmp_path):
    check_uses(SqueezeNet, (48, 61, 3), tmp_path, version=version)


def test_features():
    check_features(SqueezeNet, (53, 44, 3), 512)


def test_unknown_versions():
    with pytest.raises(ValueError, match=r"version must be '1.0' or '1.1', got '1.2'"):
        SqueezeNet(weights=None, version="1.2")
    assert SqueezeNet(weights=None, version=1.0).name == "squeezenet1_0"


@pytest.mark.parametrize("shape", [(97, 80, 3), (224, 224, 3)])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_torchvision_gives_the_same(version, shape):
    theirs = getattr(torchvision_models(), "squeezenet" + version.replace(".", "_"))(weights=None)
    check_torchvision(SqueezeNet, shape, theirs, version=version)
