"""Published weights do what they were trained for: SqueezeNet knows a cat, mnist-8 its test images."""

import os
from pathlib import Path

import numpy as np
import pytest

from fastcnn import applications, layers, models
from fastcnn.saving.onnx_file import read_onnx
from fastcnn.saving.protobuf import fields


@pytest.fixture
def data():
    folder = Path(os.environ.get("FASTCNN_DATA") or "")
    if not os.environ.get("FASTCNN_DATA") or not (folder / "onnx").is_dir():
        pytest.skip("FASTCNN_DATA has no folder onnx")
    return folder


def as_torchvision_sees(path):
    """The shorter side 256, the middle 224x224, RGB in standard deviations from ImageNet's mean."""
    Image = pytest.importorskip("PIL.Image")
    with Image.open(path) as file:
        picture = file.convert("RGB")
    scale = 256 / min(picture.size)
    picture = picture.resize([round(n * scale) for n in picture.size], Image.Resampling.BILINEAR)
    left, top = (picture.width - 224) // 2, (picture.height - 224) // 2
    pixels = np.asarray(picture.crop((left, top, left + 224, top + 224)), np.float32) / 255
    return ((pixels - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).astype(np.float32)


def test_squeezenet_knows_a_cat_and_a_coffee(data):
    names = (data / "onnx" / "synset_words.txt").read_text().splitlines()
    model = applications.SqueezeNet(weights=data / "onnx" / "squeezenet11_torchvision_fp32.onnx")
    folder = data / "photos" / "skimage"
    x = np.stack([as_torchvision_sees(folder / f"{name}.png") for name in ("chelsea", "coffee")])
    y = model(x).numpy()
    assert [names[i] for i in y.argmax(1)] == ["n02124075 Egyptian cat", "n07920052 espresso"]
    assert (y.max(1) > 0.5).all()
    bare = applications.SqueezeNet(weights=data / "onnx" / "squeezenet11_torchvision_fp32.onnx", include_top=False)
    assert len(bare.get_weights()) == len(model.get_weights()) - 2 == 50
    assert all(np.array_equal(a, b) for a, b in zip(bare.get_weights(), model.get_weights()[:50], strict=True))


def tensor(path):
    """The floats of a file with one TensorProto."""
    from fastcnn.saving.gate import Source

    message = memoryview(path.read_bytes())
    found = [value for number, value in fields(message, Source(path, len(message))) if number in (4, 9)]
    return np.frombuffer(found[0], "<f4")


def mnist_8():
    """As CNTK trained it: convolutions whose biases are operations of their own, a product behind a reshape."""
    return models.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(8, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(16, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(3),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )


@pytest.mark.parametrize("number", [0, 1, 2])
def test_mnist_8_gives_the_outputs_published_with_it(data, number):
    model = mnist_8()
    model.load_weights(data / "onnx" / "mnist-8" / "model.onnx")
    folder = data / "onnx" / "mnist-8" / f"test_data_set_{number}"
    y = model(tensor(folder / "input_0.pb").reshape(1, 28, 28, 1)).numpy()[0]
    expected = tensor(folder / "output_0.pb")
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-3 * np.abs(expected).max())
    np.testing.assert_array_equal(y.argmax(), expected.argmax())


def test_the_graphs_are_read_whole(data):
    graph = read_onnx(data / "onnx" / "mnist-8" / "model.onnx")
    assert [node.op for node in graph.nodes].count("Conv") == 2
    assert {a.dtype.name for a in graph.arrays.values()} == {"float32", "int64"}
    assert graph.outputs == ["Plus214_Output_0"]
