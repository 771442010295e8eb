"""Every layer passes the common check, and no layer lacks a case."""

from pathlib import Path
from typing import Any

import layer_cases_a
import layer_cases_b
import pytest
from layer_check import CHECKS, Case, check_file

from fastcnn import layers
from fastcnn.layers.registry import registry

CASES: list[Case] = [*layer_cases_a.CASES, *layer_cases_b.CASES]
NAMES = [f"{case[0]}-{i}" for i, case in enumerate(CASES)]
# They have no input, take whole numbers, have the weights of another layer.
NOT_CHECKED = {"InputLayer", "Embedding", "TimeDistributed"}


@pytest.mark.parametrize("aspect", CHECKS)
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_layer(case: Case, aspect: str) -> None:
    CHECKS[aspect](case)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_saved_and_loaded(case: Case, tmp_path: Path) -> None:
    check_file(case, tmp_path)


def test_every_layer_has_a_case() -> None:
    registered: set[Any] = {
        thing
        for thing in registry.names.values()
        if isinstance(thing, type) and thing.__module__.startswith("fastcnn.layers.")
    }
    missing = {cls.__name__ for cls in registered} - {case[0] for case in CASES} - NOT_CHECKED
    assert not missing, f"add cases for {sorted(missing)} to layer_cases_a.py or layer_cases_b.py"
    assert {cls.__name__ for cls in registered} <= set(layers.__all__)
