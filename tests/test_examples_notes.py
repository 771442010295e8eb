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


def run(name: str) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-W", "error", str(NOTES / f"{name}.py")],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
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


def test_every_program_is_tested() -> None:
    tested = {"slp", "mlp", "callbacks", "cnn", "cnn_performance", "functional"}
    assert {path.stem for path in NOTES.glob("*.py")} == tested
