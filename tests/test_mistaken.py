"""Files that are not what was fetched: pointers of Git LFS, web pages and empty files say so, whatever their name."""

import pytest

from fastcnn import layers, models, utils
from fastcnn.data.reading import UnreadableImageError

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"
PAGE = b"\r\n<!DOCTYPE html>\n<html><head><title>404</title></head></html>"
FILES = [(POINTER, "a pointer of Git LFS"), (PAGE, "a web page"), (b"", "the file is empty")]


def a_model():
    return models.Sequential([layers.Input((2,)), layers.Dense(1)])


@pytest.mark.parametrize(("data", "said"), FILES)
def test_models_and_weights(tmp_path, data, said):
    for suffix in (".keras", ".fastcnn", ".h5"):
        path = tmp_path / f"model{suffix}"
        path.write_bytes(data)
        with pytest.raises(ValueError, match=rf"model{suffix}: .*{said}"):
            models.load_model(path)
    for suffix in (".weights.h5", ".safetensors", ".npz", ".pth", ".onnx", ".keras"):
        path = tmp_path / f"weights{suffix}"
        path.write_bytes(data)
        with pytest.raises(ValueError, match=rf"weights{suffix}: .*{said}"):
            a_model().load_weights(path)


@pytest.mark.parametrize(("data", "said"), FILES)
def test_pictures(tmp_path, data, said):
    pytest.importorskip("PIL")
    (tmp_path / "cat.jpg").write_bytes(data)
    with pytest.raises(UnreadableImageError, match=rf"cat\.jpg: .*{said}"):
        utils.load_img(tmp_path / "cat.jpg")


@pytest.mark.parametrize("act", [models.load_model, a_model().save, a_model().save_weights, a_model().load_weights])
def test_what_is_no_name_of_a_file(act):
    with pytest.raises(TypeError, match="filepath must be the path of a file for .*, got None"):
        act(None)
