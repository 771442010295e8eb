"""The notes' programs run as they stand, and learn what they should."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fastcnn import datasets

NOTES = Path(__file__).parents[1] / "examples" / "notes"


@pytest.fixture(scope="module")
def mnist_there() -> None:
    try:
        datasets.mnist.load_data()
    except FileNotFoundError as missing:
        pytest.skip(str(missing))


def run(name: str, folder: Path | None = None, **settings: int) -> str:
    """What a program prints; with settings, a copy of it in ``folder`` whose numbers of these names are others, on one core."""
    path = NOTES / f"{name}.py"
    if folder is not None:
        text = path.read_text(encoding="utf-8")
        for names, values in re.findall(r"^([A-Z_]+(?:, [A-Z_]+)*) = (.*)$", text, re.M):
            own = dict(zip(names.split(", "), values.split(", "), strict=False))
            if settings.keys() <= own.keys():
                changed = ", ".join(str(settings.get(word, value)) for word, value in own.items())
                text = text.replace(f"{names} = {values}", f"{names} = {changed}")
                break
        else:
            raise AssertionError(f"{path.name} has no line with {list(settings)}")
        path = folder / path.name
        path.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-P", "-W", "error", str(path)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **({"FASTCNN_NUM_THREADS": "1"} if settings else {})},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def numbers(pattern: str, text: str) -> list[float]:
    found = re.findall(pattern, text)
    assert found, f"{pattern} is not in\n{text}"
    return [float(value) for value in found]


def test_slp_learns_and_and_or_but_not_xor() -> None:
    text = run("slp")
    wrong = dict(re.findall(r"^(\w+) +perceptron: (\d) of 4 wrong", text, re.M))
    assert wrong["AND"] == wrong["OR"] == "0"
    assert int(wrong["XOR"]) > 0
    assert max(numbers(r"Adaline: (\S+) from least squares", text)) < 1e-5
    at_and, at_or, at_xor = numbers(r"logistic regression: accuracy (\S+)", text)
    assert at_and == at_or == 1.0
    assert at_xor < 1.0
    assert numbers(r"hidden layer: accuracy (\S+)", text) == [1.0]


@pytest.mark.usefixtures("mnist_there")
def test_mlp() -> None:
    text = run("mlp")
    assert "Total params: 109,386" in text
    assert numbers(r"test accuracy: (\S+)", text)[0] > 0.93


@pytest.mark.usefixtures("mnist_there")
def test_callbacks() -> None:
    pytest.importorskip("h5py")
    text = run("callbacks")
    losses = numbers(r"weights\.\d+-([\d.]+)-[\d.]+\.weights\.h5", text)
    assert losses == sorted(losses, reverse=True), "a checkpoint without an improvement"
    best, loaded = numbers(r"best validation loss (\S+),", text)[0], numbers(r"after loading (\S+)", text)[0]
    assert best == losses[-1] == loaded
    rates = re.findall(r"'(\de-\d+)'", text)
    assert rates[0] == "3e-03"
    assert [float(rate) for rate in rates] == sorted(map(float, rates), reverse=True)
    assert len(rates) == text.count("Epoch ")


@pytest.mark.usefixtures("mnist_there")
def test_cnn() -> None:
    text = run("cnn")
    assert "Total params: 421,642" in text
    assert numbers(r"test loss and accuracy: \[[\d.]+, ([\d.]+)\]", text)[0] > 0.93
    assert text.count("looks like a") == 3


def test_cnn_performance() -> None:
    pytest.importorskip("sklearn")
    text = run("cnn_performance")
    plain, better = numbers(r"test (\S+)", text)
    assert plain > 0.96
    assert better > 0.97
    sizes = [int(n.replace(",", "")) for n in re.findall(r"([\d,]+) weights", text)]
    assert sizes[1] < sizes[0]


@pytest.mark.usefixtures("mnist_there")
def test_functional_with_two_inputs_and_two_outputs() -> None:
    text = run("functional")
    assert "conv2d[0], conv2d[0]" in text or "upper[0], lower[0]" in text
    assert numbers(r"'digit_accuracy': (\S+),", text)[0] > 0.88
    assert numbers(r"'even_accuracy': (\S+),", text)[0] > 0.92


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder for a copy of a program, where its data and Pillow are there."""
    pytest.importorskip("PIL")
    there = os.environ.get("FASTCNN_DATA")
    if not there or not (Path(there) / "flowers-small").is_dir():
        pytest.skip("FASTCNN_DATA names no folder with flowers-small")
    return tmp_path


def test_augmentation(data: Path) -> None:
    text = run("augmentation", data, EPOCHS=6)
    assert "210 pictures in 14 batches" in text
    assert "the same seed gives the same batch: True" in text
    assert "the next epoch gives the same batch: False" in text
    assert min(numbers(r"validation (\S+)$", text.strip())) > 0.15
    brightness = re.findall(r"\d+", text.split("its brightness:")[1].splitlines()[0])
    assert len(set(brightness)) > 1


def test_pretrained_model() -> None:
    pytest.importorskip("PIL")
    if not (Path(os.environ.get("FASTCNN_DATA", "")) / "onnx" / "synset_words.txt").is_file():
        pytest.skip("FASTCNN_DATA names no folder with onnx/synset_words.txt")
    text = run("pretrained_model")
    assert "1,235,496 weights" in text
    assert "chelsea.png, pixels as it wants them: Egyptian_cat" in text
    assert "coffee.png, pixels as it wants them: espresso" in text
    assert "Egyptian_cat" not in text.partition("chelsea.png, pixels from 0 to 255:")[2].splitlines()[0]


def test_transfer_learning(data: Path) -> None:
    text = run("transfer_learning", data, SIZE=96, EPOCHS=4)
    assert "the base has not changed: True" in text
    assert numbers(r"validation accuracy (\S+);", text)[0] > 0.35


def test_fine_tuning(data: Path) -> None:
    text = run("fine_tuning", data, SIZE=64, HEAD_EPOCHS=1, EPOCHS=2)
    assert re.findall(r"epoch (\d): (\w+) at (\S+),", text) == [
        ("1", "head", "5e-03"),
        ("2", "tune", "1e-04"),
        ("3", "tune", "1e-05"),
    ]
    assert "of the 50 weights of the base changed; best val_accuracy" in text
    losses = numbers(r"validation loss ([\d.]+),", text)
    assert numbers(r"weights that were kept: (\S+)", text)[0] in losses


def test_bottleneck_features(data: Path) -> None:
    text = run("bottleneck_features", data, SIZE=96)
    assert "features: written to" in text
    assert "features: read from" in text
    assert numbers(r"mean accuracy (\S+)", text)[0] > 0.6
    assert "strategy" in text


def test_image_folder_project(data: Path) -> None:
    for package in ("pandas", "sklearn", "h5py"):
        pytest.importorskip(package)
    text = run("image_folder_project", data, SIZE=24, EPOCHS=6)
    assert "Found 2062 images belonging to 10 classes." in text
    assert numbers(r"test accuracy: (\S+)", text)[0] > 0.6


def test_every_program_is_tested() -> None:
    tested = {"slp", "mlp", "callbacks", "cnn", "cnn_performance", "functional"}
    tested |= {"augmentation", "pretrained_model", "transfer_learning", "fine_tuning"}
    tested |= {"bottleneck_features", "image_folder_project"}
    assert {path.stem for path in NOTES.glob("*.py")} == tested
