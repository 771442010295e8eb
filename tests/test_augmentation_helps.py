"""Augmentation on the fly lowers the validation error of a small network with few sign-language digits."""

import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

PROGRAM = Path(__file__).parents[1] / "bench" / "augmentation_helps.py"


@pytest.fixture(scope="module")
def program():
    specification = importlib.util.spec_from_file_location("augmentation_helps", PROGRAM)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def folder():
    pytest.importorskip("PIL")
    there = os.environ.get("FASTCNN_DATA")
    if not there or not (Path(there) / "sign-language-digits").is_dir():
        pytest.skip("FASTCNN_DATA names no folder with sign-language-digits")
    return Path(there) / "sign-language-digits"


def test_the_split_is_stratified_fixed_and_without_overlap(program, folder):
    (train, digits), (validation, others) = program.split(folder)
    assert np.bincount(digits).tolist() == [30] * 10 and np.bincount(others).tolist() == [100] * 10
    assert len({*train, *validation}) == 1300
    assert program.split(folder)[0][0] == train


def test_augmentation_lowers_the_validation_error(program, folder):
    found = program.errors(folder, seeds=2, epochs=25, size=32)
    assert found.shape == (2, 2) and (found < 0.5).all(), f"a network has not learnt: {found}"
    without, having = found.mean(0)
    print(f"mean validation error {without:.3f} without augmentation, {having:.3f} with it")
    assert having < without - 0.02
