"""``fastcnn summary``, of files and of networks by name."""

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("PIL")

from cli_runs import run

from fastcnn import applications


def test_summary_of_a_file(pets_model: Path, capsys: Any) -> None:
    assert run("summary", pets_model) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "Classes: cat, hund ß"
    assert run("summary", pets_model, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["parameters"] == sum(layer["parameters"] for layer in found["layers"])
    assert found["notes"]["class_names"] == ["cat", "hund ß"]


def test_summary_of_a_network_by_name(capsys: Any) -> None:
    assert run("summary", "squeezenet", "--json", "--image-size", "64x96") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["parameters"] == 1_235_496
    assert found["input_shape"] == [None, 64, 96, 3]
    assert run("summary") == 0
    assert "DenseNet121" in capsys.readouterr().out
    assert run("summary", "--json") == 0
    assert [n["name"] for n in json.loads(capsys.readouterr().out)["networks"]] == applications.list_models()
