"""load_img, img_to_array, array_to_img, save_img, smart_resize: Keras's numbers."""

import os
import subprocess
from io import BytesIO

import numpy as np
import pytest

pytest.importorskip("PIL", reason="Pillow is not installed")
from pictures import encoded, noise, with_orientation
from PIL import Image

from fastcnn import Tensor, utils
from fastcnn.utils import array_to_img, img_to_array, load_img, save_img, smart_resize


def test_there_and_back(tmp_path):
    for channels, mode in ((1, "L"), (3, "RGB"), (4, "RGBA")):
        image = noise(channels=channels)
        path = tmp_path / f"ü {channels}.png"
        save_img(path, image, scale=False)
        loaded = load_img(path, color_mode={1: "grayscale", 3: "rgb", 4: "rgba"}[channels])
        assert (loaded.mode, loaded.size) == (mode, (30, 20))
        back = img_to_array(loaded)
        assert (back.dtype, back.shape) == (np.float32, image.shape)
        np.testing.assert_array_equal(back, image)


def test_modes_and_sizes():
    data = encoded(noise(20, 30), "PNG")
    assert load_img(BytesIO(data)).mode == "RGB"
    assert load_img(BytesIO(data), "grayscale").mode == "L"
    assert load_img(BytesIO(data), "rgba").mode == "RGBA"
    assert load_img(BytesIO(data), target_size=(5, 7)).size == (7, 5)
    for method in ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos"):
        expected = Image.open(BytesIO(data)).resize((9, 4), getattr(Image.Resampling, method.upper()))
        assert load_img(BytesIO(data), target_size=(4, 9), interpolation=method).tobytes() == expected.tobytes()
    cut = load_img(BytesIO(data), target_size=(10, 10), keep_aspect_ratio=True)
    assert cut.tobytes() == Image.open(BytesIO(data)).resize((10, 10), 0, box=(5, 0, 25, 20)).tobytes()
    assert load_img(BytesIO(with_orientation(noise(20, 30), 6))).size == (20, 30)


def test_deep_grey():
    deep = encoded(np.array([[0, 1000, 65535]], np.uint16), "PNG")
    assert img_to_array(load_img(BytesIO(deep), "grayscale")).ravel().tolist() == [0, 1000, 65535]
    assert img_to_array(load_img(BytesIO(deep)))[0, :, 0].tolist() == [0, 4, 255]


def test_img_to_array():
    grey = Image.fromarray(noise(channels=0))
    assert img_to_array(grey).shape == (20, 30, 1)
    assert img_to_array(grey, "channels_first").shape == (1, 20, 30)
    assert img_to_array(noise(), data_format="channels_first", dtype="uint8").shape == (3, 20, 30)
    assert img_to_array(noise(), dtype="uint8").dtype == np.uint8
    with pytest.raises(ValueError, match=r"img must have shape \(h, w\) or \(h, w, c\), got \(3,\)"):
        img_to_array(np.zeros(3))
    with pytest.raises(ValueError, match="data_format must be 'channels_last' or 'channels_first', got 'last'"):
        img_to_array(grey, "last")


def test_array_to_img():
    x = np.array([[[0.0], [1.0], [4.0]]])
    assert list(array_to_img(x).tobytes()) == [0, 63, 255]
    assert list(array_to_img(x - 100).tobytes()) == [0, 63, 255]
    assert list(array_to_img(x, scale=False).tobytes()) == [0, 1, 4]
    assert list(array_to_img(np.zeros((1, 2, 1))).tobytes()) == [0, 0]
    deep = array_to_img(x * 1000, scale=False)
    assert (deep.mode, np.asarray(deep).ravel().tolist()) == ("I", [0, 1000, 4000])
    assert array_to_img(np.zeros((3, 4, 5)), "channels_first").size == (5, 4)
    assert array_to_img(Tensor(np.zeros((2, 2, 3), np.float32)).numpy()).mode == "RGB"
    for wrong, message in (
        (np.zeros((2, 2)), r"x must be one image of shape \(h, w, c\), got shape \(2, 2\)"),
        (np.zeros((2, 2, 2)), r"x must have pixels and 1, 3 or 4 channels, got shape \(2, 2, 2\)"),
        (np.zeros((0, 2, 3)), "x must have pixels"),
        (np.full((2, 2, 3), np.nan), "x must have finite numbers"),
    ):
        with pytest.raises(ValueError, match=message):
            array_to_img(wrong)


def test_save_img(tmp_path):
    image = noise(channels=4)
    for name in ("a.png", "b.BMP", "c.tiff"):
        save_img(str(tmp_path / name), image[..., :3], scale=False)
        np.testing.assert_array_equal(img_to_array(load_img(tmp_path / name)), image[..., :3])
    save_img(tmp_path / "q.jpg", image[..., :3], quality=20)
    save_img(tmp_path / "p.jpg", image[..., :3], quality=95)
    assert (tmp_path / "q.jpg").stat().st_size < (tmp_path / "p.jpg").stat().st_size
    with pytest.warns(UserWarning, match="a JPEG file has no alpha channel"):
        save_img(tmp_path / "x.jpg", image)
    file = BytesIO()
    save_img(file, image, file_format="png")
    assert file.getvalue().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="file_format must be given where the path has no suffix"):
        save_img(BytesIO(), image)


def test_save_img_refuses(tmp_path):
    with pytest.raises(ValueError, match="file_format must be one that Pillow writes, such as png or jpeg, got 'xyz'"):
        save_img(tmp_path / "picture.xyz", np.zeros((2, 2, 3)))
    with pytest.raises(TypeError, match="path must be the name of a file, or one open for writing, got ndarray"):
        save_img(np.zeros((2, 2, 3)), tmp_path / "picture.png")


def test_load_img_refuses(tmp_path):
    data = BytesIO(encoded(noise(), "PNG"))
    with pytest.raises(ValueError, match="color_mode must be one of 'grayscale', 'rgb', 'rgba', got 'gray'"):
        load_img(data, "gray")
    with pytest.raises(ValueError, match="interpolation must be one of 'nearest', .* got 'linear'"):
        load_img(data, target_size=(2, 2), interpolation="linear")
    (tmp_path / "no.png").write_text("no")
    with pytest.raises(ValueError, match=r"no\.png: this is no image of a known format"):
        load_img(tmp_path / "no.png")


def test_smart_resize():
    x = np.arange(24.0).reshape(4, 6, 1)
    assert smart_resize(x, (4, 4))[:, :, 0].tolist() == x[:, 1:5, 0].tolist()
    assert smart_resize(x, (2, 2), "nearest").shape == (2, 2, 1)
    batch = smart_resize(np.stack([x, x + 1]), (2, 3))
    np.testing.assert_allclose(batch[1] - batch[0], 1)
    first = smart_resize(x.transpose(2, 0, 1), (2, 2), data_format="channels_first")
    np.testing.assert_array_equal(first[0], smart_resize(x, (2, 2))[:, :, 0])
    tensor = smart_resize(Tensor(x.astype(np.float32)), (2, 2))
    assert isinstance(tensor, Tensor)
    np.testing.assert_array_equal(tensor.numpy(), smart_resize(x, (2, 2)))
    for arguments, error, message in (
        ((np.zeros((2, 2)), (2, 2)), ValueError, r"x must have shape \(h, w, c\) or \(n, h, w, c\), got \(2, 2\)"),
        ((x, (2,)), ValueError, r"size must be \(height, width\), two positive ints, got \(2,\)"),
        ((x, (2, 2), "cubic"), ValueError, r"interpolation must be .* Did you mean 'bicubic'\?"),
    ):
        with pytest.raises(error, match=message):
            smart_resize(*arguments)
    with pytest.raises(TypeError, match="smart_resize got an unknown argument 'sice'"):
        smart_resize(x, (2, 2), sice=3)


KERAS = """
import sys, numpy as np, keras
from io import BytesIO
folder = sys.argv[1]
from keras import utils
from keras.src.utils import dataset_utils
found = {}
for mode in ("rgb", "grayscale", "rgba"):
    for keep in (False, True):
        img = utils.load_img(folder + "/p.png", mode, (9, 14), "bicubic", keep)
        found[f"load/{mode}/{keep}"] = utils.img_to_array(img)
x = np.load(folder + "/x.npy")
found["to_img"] = np.asarray(utils.array_to_img(x))
found["to_img_first"] = np.asarray(utils.array_to_img(x.transpose(2, 0, 1), "channels_first"))
for size in ((5, 5), (40, 9), (12, 3)):
    found[f"smart/{size}"] = np.asarray(keras.preprocessing.image.smart_resize(x, size))
for seed in (1, 77):
    paths, labels, names = dataset_utils.index_directory(folder + "/set", "inferred", (".png",), None, True, seed, False, False)
    for subset in ("training", "validation"):
        p, l = dataset_utils.get_training_or_validation_split(paths, labels, 0.3, subset)
        found[f"split/{seed}/{subset}"] = np.array([q.replace("\\\\", "/") for q in p])
        found[f"labels/{seed}/{subset}"] = np.array(l)
np.savez(folder + "/found.npz", **found)
"""


@pytest.mark.skipif(not os.environ.get("FASTCNN_KERAS_PYTHON"), reason="FASTCNN_KERAS_PYTHON is not set")
def test_keras(tmp_path):
    from pictures import folder_of_classes

    x = np.random.default_rng(0).normal(size=(17, 23, 3)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    save_img(tmp_path / "p.png", noise(channels=4), scale=False)
    folder_of_classes(tmp_path / "set", ("a", "b", "c"), 7)
    run = [os.environ["FASTCNN_KERAS_PYTHON"], "-c", KERAS, str(tmp_path)]
    subprocess.run(run, check=True, capture_output=True, timeout=300)
    found = np.load(tmp_path / "found.npz")
    for mode in ("rgb", "grayscale", "rgba"):
        for keep in (False, True):
            ours = img_to_array(load_img(tmp_path / "p.png", mode, (9, 14), "bicubic", keep))
            np.testing.assert_array_equal(ours, found[f"load/{mode}/{keep}"])
    np.testing.assert_array_equal(np.asarray(array_to_img(x)), found["to_img"])
    np.testing.assert_array_equal(
        np.asarray(array_to_img(x.transpose(2, 0, 1), "channels_first")), found["to_img_first"]
    )
    for size in ((5, 5), (40, 9), (12, 3)):
        np.testing.assert_allclose(smart_resize(x, size), found[f"smart/{size}"], atol=1e-5)
    for seed in (1, 77):
        both = utils.image_dataset_from_directory(
            tmp_path / "set", validation_split=0.3, subset="both", seed=seed, verbose=False
        )
        for dataset, subset in zip(both, ("training", "validation"), strict=True):
            assert dataset.file_paths == found[f"split/{seed}/{subset}"].tolist()
            assert dataset.labels.tolist() == found[f"labels/{seed}/{subset}"].tolist()
