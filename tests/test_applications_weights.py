"""weights="imagenet" finds published files; the file decides which variant of a network is built."""

import numpy as np
import pytest

from fastcnn import layers, models
from fastcnn.applications import LeNet5, ResNet18, ResNet50, catalog
from fastcnn.applications.weights import find_weights, load, variant_of, weight_folders
from fastcnn.saving.safetensors import write_safetensors

CHECKSUM = "0123abcd"
LEAVES = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Mine, Keras's, PyTorch's."""
    monkeypatch.setenv("FASTCNN_WEIGHTS", str(tmp_path / "mine"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    for folder in weight_folders():
        folder.mkdir(parents=True)
    return weight_folders()


def state_dict(model):
    """The weights by PyTorch's names, in PyTorch's layout."""
    found = {}
    for layer in model.layers:
        for v in layer.weights:
            array, leaf = v.numpy(), v.path.rpartition("/")[2]
            turned = array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T
            found[f"{layer.name}.{LEAVES[leaf]}"] = np.ascontiguousarray(turned)
    return found


@pytest.mark.parametrize(
    ("place", "name", "top", "variant", "found"),
    [
        (1, "resnet50_weights_tf_dim_ordering_tf_kernels.h5", True, None, True),
        (1, "resnet50_weights_tf_dim_ordering_tf_kernels.h5", False, "keras", True),
        (1, "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5", False, None, True),
        (1, "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5", True, None, False),
        (1, "resnet50_weights_tf_dim_ordering_tf_kernels.h5", True, "torchvision", False),
        (2, f"resnet50-{CHECKSUM}.pth", True, None, True),
        (2, f"resnet50-{CHECKSUM}.pth", False, "torchvision", True),
        (2, f"resnet50-{CHECKSUM}.pth", True, "keras", False),
        (0, "resnet50.safetensors", True, None, True),
        (0, "resnet50.pth", True, None, True),
        (0, "resnet50-something.pth", True, None, False),
    ],
)
def test_names_of_published_files(folders, place, name, top, variant, found):
    files = catalog.CATALOG["ResNet50"].files
    (folders[place] / name).touch()
    if found:
        assert find_weights("ResNet50", files, top, variant) == folders[place] / name
    else:
        with pytest.raises(FileNotFoundError, match="there is no file with weights of ResNet50"):
            find_weights("ResNet50", files, top, variant)


def test_the_folder_named_comes_first(folders):
    for folder in folders:
        (folder / f"resnet50-{CHECKSUM}.pth").touch()
    assert find_weights("ResNet50", catalog.CATALOG["ResNet50"].files, True, None).parent == folders[0]


def test_nothing_found_says_what_to_put_where(folders):
    with pytest.raises(FileNotFoundError) as caught:
        ResNet50()
    message = str(caught.value)
    for words in (
        "weights='imagenet'",
        "resnet50_weights_tf_dim_ordering_tf_kernels.h5",
        "resnet50-????????.pth",
        "FASTCNN_WEIGHTS",
        "weights=None",
        *map(str, folders),
    ):
        assert words in message


def test_imagenet_and_paths_load_torchvisions_weights(folders):
    ours = ResNet18(weights=None, input_shape=(32, 32, 3))
    file = folders[0] / "resnet18.safetensors"
    write_safetensors(file, state_dict(ours))
    x = np.random.default_rng(0).random((1, 32, 32, 3), np.float32)
    assert np.array_equal(ResNet18(weights=file, input_shape=(32, 32, 3))(x), ours(x))
    base = ResNet18(include_top=False, pooling="avg")
    maps = models.Model(ours.inputs, ours.get_layer("avgpool").output)
    assert np.array_equal(base(x), maps(x))
    with pytest.raises(ValueError, match=r"fc.weight"):
        ResNet18(weights=file, input_shape=(32, 32, 3), classes=10)


def test_the_file_decides_the_variant(folders):
    file = folders[0] / "mine.safetensors"
    theirs = ResNet50(weights=None, include_top=False, variant="torchvision")
    write_safetensors(file, state_dict(theirs))
    model = ResNet50(weights=file, include_top=False)
    assert np.array_equal(
        model.get_layer("layer4.2.conv3").get_weights()[0], theirs.get_layer("layer4.2.conv3").get_weights()[0]
    )
    with pytest.raises(
        ValueError, match="variant='keras', but .*mine.safetensors holds weights of the variant 'torchvision'"
    ):
        ResNet50(weights=file, include_top=False, variant="keras")


def test_a_file_of_our_own_keeps_kerass_variant(tmp_path):
    model = LeNet5()
    for name in ("own.safetensors", "own.weights.h5"):
        model.save_weights(tmp_path / name)
        assert variant_of(tmp_path / name) is None
        assert np.array_equal(LeNet5(weights=str(tmp_path / name)).get_weights()[0], model.get_weights()[0])


@pytest.mark.parametrize(
    "content", [b"", b"\xff" * 40, (2).to_bytes(8, "little") + b"[]", (9).to_bytes(8, "little") + b"{"]
)
def test_damaged_safetensors_are_left_to_their_reader(tmp_path, content):
    (tmp_path / "a.safetensors").write_bytes(content)
    assert variant_of(tmp_path / "a.safetensors") is None
    with pytest.raises(ValueError, match="a.safetensors"):
        LeNet5(weights=tmp_path / "a.safetensors")


def test_suffixes_tell_the_variant(tmp_path):
    found = [
        variant_of(tmp_path / f"a{suffix}") for suffix in (".pth", ".pt", ".bin", ".onnx", ".h5", ".keras", ".npz")
    ]
    assert found == ["torchvision"] * 4 + [None] * 3


def test_a_whole_file_of_kerass_fits_without_the_top(tmp_path):
    h5py = pytest.importorskip("h5py")
    path, rng = tmp_path / "whole.h5", np.random.default_rng(0)
    arrays = {"one": rng.random((4, 3), np.float32), "predictions": rng.random((3, 2), np.float32)}
    with h5py.File(path, "w") as f:
        f.attrs["layer_names"] = [name.encode() for name in arrays]
        for name, array in arrays.items():
            group = f.create_group(name)
            group.attrs["weight_names"] = [f"{name}/kernel:0".encode()]
            group[f"{name}/kernel:0"] = array
    x = layers.Input((4,))
    y = layers.Dense(3, use_bias=False, name="one")(x)
    files = catalog.Files(keras=("whole.h5", "notop.h5"))
    for model in (models.Model(x, y), models.Model(x, layers.Dense(2, use_bias=False, name="predictions")(y))):
        load(model, path, files)
        assert all(np.array_equal(layer.get_weights()[0], arrays[layer.name]) for layer in model.layers[1:])
